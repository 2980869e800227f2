//! Signatures: keys, DSSE envelopes, and the ssh agent.
//!
//! Owns the format of a signature and what a trusted key is. Never decides what is signed:
//! statements are built in [`crate::evidence`]. The cryptography is that of `ed25519-dalek` and
//! `p256`.

mod agent;
mod allowed;
mod dsse;
mod error;
mod key_file;
mod openssh;
mod private_key;
mod public_key;
mod signer;
mod ssh_key;
mod trusted;

pub use agent::{Agent, AgentError, Identity};
pub use allowed::allowed_signers;
pub use dsse::{Envelope, MOST_BYTES, PAYLOAD_TYPE, Signature, envelopes, pae};
pub use error::{EnvelopeError, KeyError};
pub use key_file::trusted;
pub use private_key::PrivateKey;
pub use public_key::{Algorithm, PublicKey};
pub use signer::Signer;
pub use trusted::{Trusted, TrustedKey};
