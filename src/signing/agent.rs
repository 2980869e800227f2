//! The ssh agent: lists its keys and requests a signature. The key itself stays in the agent.
//!
//! Ed25519 keys only: the agent's ECDSA signatures differ each time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_encoding::{Decode as _, Encode as _};

use super::public_key::PublicKey;
use super::ssh_key::{ED25519, fingerprint, from_blob};
use crate::model::SubtaskId;
use crate::world::{AskAgent, World, WorldError, ask};

/// Numbers of the protocol (draft-ietf-sshm-ssh-agent, section 3).
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// Why the agent gave no signature.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It could not be reached.
    #[error(transparent)]
    World(#[from] WorldError),
    /// Its response is not valid.
    #[error("the ssh agent's answer is damaged: {0}")]
    Damaged(String),
    /// It refused.
    #[error("the ssh agent did not sign with `{0}`\n  → was its question answered with no?")]
    Refused(String),
    /// It holds no such key.
    #[error(
        "the ssh agent holds no Ed25519 key `{wanted}`; it holds {}",
        listed(holds)
    )]
    NoSuchKey {
        /// The requested key.
        wanted: String,
        /// Comments and fingerprints of its Ed25519 keys.
        holds: Vec<String>,
    },
    /// Several keys have the comment.
    #[error(
        "the ssh agent holds {count} keys `{wanted}`\n  → name one by its fingerprint: {}",
        listed(holds)
    )]
    Several {
        /// The requested key.
        wanted: String,
        /// How many.
        count: usize,
        /// Their fingerprints.
        holds: Vec<String>,
    },
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() {
        return "none".to_owned();
    }
    keys.join(", ")
}

/// A key that the agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its comment.
    pub comment: String,
    /// The fingerprint that `ssh-add -l` prints.
    pub fingerprint: String,
    /// The key.
    pub public: PublicKey,
    blob: Vec<u8>,
}

/// The ssh agent, as a world reaches it.
pub struct Agent<'w> {
    world: &'w dyn World,
    by: SubtaskId,
}

impl<'w> Agent<'w> {
    /// The agent of this world.
    #[must_use]
    pub fn new(world: &'w dyn World) -> Self {
        let by = SubtaskId::whole_run();
        Self { world, by }
    }

    /// The one key with this comment or fingerprint.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub async fn find(&self, wanted: &str) -> Result<Identity, AgentError> {
        let all = self.identities().await?;
        let name = |one: &Identity| format!("`{}` {}", one.comment, one.fingerprint);
        let is_wanted = |one: &&Identity| one.comment == wanted || one.fingerprint == wanted;
        let mut found: Vec<&Identity> = all.iter().filter(is_wanted).collect();
        let holds = |keys: &[&Identity]| keys.iter().map(|one| name(one)).collect();
        let wanted = wanted.to_owned();
        match found.len() {
            1 => Ok(found.remove(0).clone()),
            0 => {
                let holds = holds(&all.iter().collect::<Vec<_>>());
                Err(AgentError::NoSuchKey { wanted, holds })
            }
            count => {
                let holds = holds(&found);
                Err(AgentError::Several {
                    wanted,
                    count,
                    holds,
                })
            }
        }
    }

    /// Its Ed25519 keys.
    async fn identities(&self) -> Result<Vec<Identity>, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES]).await?;
        let mut rest = body(&answer, IDENTITIES_ANSWER).ok_or_else(|| other(&answer))?;
        let count = u32::decode(&mut rest).map_err(damaged)?;
        let mut found = Vec::new();
        for _ in 0..count {
            let blob = Vec::<u8>::decode(&mut rest).map_err(damaged)?;
            let comment = Vec::<u8>::decode(&mut rest).map_err(damaged)?;
            if let Ok((kind, public)) = from_blob(&blob)
                && kind == ED25519
            {
                found.push(Identity {
                    comment: String::from_utf8_lossy(&comment).into_owned(),
                    fingerprint: fingerprint(&blob),
                    public,
                    blob,
                });
            }
        }
        Ok(found)
    }

    /// A signature by one of its keys, verified before it is used.
    ///
    /// # Errors
    /// If the agent refuses, or its signature is not valid for the key.
    pub async fn sign(&self, key: &Identity, bytes: &[u8]) -> Result<Vec<u8>, AgentError> {
        let mut request = vec![SIGN_REQUEST];
        for field in [&key.blob, bytes] {
            field.encode(&mut request).map_err(damaged)?;
        }
        0u32.encode(&mut request).map_err(damaged)?;
        let answer = self.ask(&request).await?;
        let refused = || AgentError::Refused(key.comment.clone());
        let mut rest = body(&answer, SIGN_RESPONSE).ok_or_else(refused)?;
        let signature = Vec::<u8>::decode(&mut rest).map_err(damaged)?;
        let mut rest = signature.as_slice();
        let kind = String::decode(&mut rest).map_err(damaged)?;
        let signature = Vec::<u8>::decode(&mut rest).map_err(damaged)?;
        if kind != ED25519 || !key.public.made(bytes, &signature) {
            return Err(damaged("its signature is not one of the key's"));
        }
        Ok(signature)
    }

    async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, AgentError> {
        let request = AskAgent(STANDARD.encode(request));
        let answer = ask(self.world, &self.by, request).await?;
        STANDARD.decode(answer).map_err(damaged)
    }
}

fn body(answer: &[u8], kind: u8) -> Option<&[u8]> {
    let (first, rest) = answer.split_first()?;
    (*first == kind).then_some(rest)
}

fn other(answer: &[u8]) -> AgentError {
    damaged(format!("it is of kind {:?}", answer.first()))
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn damaged(why: impl ToString) -> AgentError {
    AgentError::Damaged(why.to_string())
}
