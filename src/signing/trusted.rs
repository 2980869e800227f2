//! Which keys a reader trusts, and which of them made a signature.

use jiff::Timestamp;

use super::dsse::Envelope;
use super::public_key::PublicKey;

/// A trusted key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// Its owner: the principals of an allowed-signers file, or else the key's id.
    pub name: String,
    /// It is valid from this time on.
    pub after: Option<Timestamp>,
    /// It is valid until before this time.
    pub before: Option<Timestamp>,
}

impl TrustedKey {
    /// Whether it was valid at that time.
    #[must_use]
    pub fn counts_at(&self, time: Timestamp) -> bool {
        self.after.is_none_or(|after| after <= time)
            && self.before.is_none_or(|before| time < before)
    }
}

/// A set of trusted keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted {
    /// The keys; one key may occur twice, with different times.
    pub keys: Vec<TrustedKey>,
}

impl Trusted {
    /// The trusted keys that made a signature of an envelope, each once. Key hints in the envelope
    /// are ignored.
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
