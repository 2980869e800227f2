//! A signer: a key from a file, or the ssh agent.

use std::sync::Arc;

use super::agent::{Agent, AgentError, Identity};
use super::dsse::{Envelope, PAYLOAD_TYPE, Signature, pae};
use super::private_key::PrivateKey;
use super::public_key::PublicKey;
use crate::world::World;

/// A signer.
pub enum Signer {
    /// A key from a file.
    Key(PrivateKey),
    /// A key that the ssh agent holds.
    Agent {
        /// Which.
        identity: Identity,
        /// How the agent is reached.
        world: Arc<dyn World>,
    },
}

impl Signer {
    /// A key of the ssh agent in this world, by its comment or fingerprint.
    ///
    /// # Errors
    /// If the agent cannot be reached, or does not hold exactly one such key.
    pub async fn of_agent(world: Arc<dyn World>, wanted: &str) -> Result<Self, AgentError> {
        let identity = Agent::new(&*world).find(wanted).await?;
        Ok(Self::Agent { identity, world })
    }

    /// The public half of its key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        match self {
            Self::Key(key) => key.public(),
            Self::Agent { identity, .. } => &identity.public,
        }
    }

    /// Signs a payload and returns its envelope.
    ///
    /// # Errors
    /// Those of the agent.
    pub async fn envelope(&self, payload: Vec<u8>) -> Result<Envelope, AgentError> {
        let bytes = pae(PAYLOAD_TYPE, &payload);
        let sig = match self {
            Self::Key(key) => key.sign(&bytes),
            Self::Agent { identity, world } => Agent::new(&**world).sign(identity, &bytes).await?,
        };
        let keyid = self.public().id();
        let signatures = vec![Signature { keyid, sig }];
        Ok(Envelope {
            payload,
            signatures,
        })
    }
}
