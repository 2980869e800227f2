//! Which keys a reader trusts, and which of them made a signature.

use jiff::Timestamp;

use super::dsse::Envelope;
use super::public_key::PublicKey;

/// A key that somebody trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// Whose it is: the principals of an allowed-signers file, else the key's id.
    pub name: String,
    /// It counts from this moment on.
    pub after: Option<Timestamp>,
    /// It counts until before this moment.
    pub before: Option<Timestamp>,
}

impl TrustedKey {
    /// Whether it counted then.
    #[must_use]
    pub fn counts_at(&self, time: Timestamp) -> bool {
        self.after.is_none_or(|after| after <= time)
            && self.before.is_none_or(|before| time < before)
    }
}

/// The keys that somebody trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    /// Each of them; one key may be there twice, with other times.
    pub keys: Vec<TrustedKey>,
}

impl Trusted {
    /// The trusted keys that made a signature of an envelope, each once. What an envelope says of
    /// its keys has no say in it.
    #[must_use]
    pub fn signers(&self, envelope: &Envelope) -> Vec<&TrustedKey> {
        let bytes = envelope.signed_bytes();
        let signed = |key: &PublicKey| {
            let mut all = envelope.signatures.iter();
            all.any(|signature| key.made(&bytes, &signature.sig))
        };
        self.keys.iter().filter(|one| signed(&one.key)).collect()
    }
}
