//! The result of verifying a bundle's signatures.

use std::fmt;

use serde::Serialize;

use crate::signing::Algorithm;

/// The signatures of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Signature {
    /// There is no attestation.
    Unsigned,
    /// There is an attestation, but no key was given to check it with.
    NotChecked,
    /// The required number of signers.
    Signed {
        /// Who.
        by: Vec<SignedBy>,
        /// The required number.
        threshold: usize,
    },
    /// The attestation is not about this bundle, or too few signed it.
    Refused {
        /// What does not hold.
        why: String,
    },
}

/// A signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedBy {
    /// The key's principals in an allowed-signers file, or else its id.
    pub name: String,
    /// SHA-256 of the key's `SubjectPublicKeyInfo`.
    pub keyid: String,
    /// The signature algorithm.
    pub algorithm: Algorithm,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("unsigned: consistent, but anyone can have made it"),
            Self::NotChecked => f.write_str(
                "not checked who signed it: anyone can have made it; --key FILE names the keys \
                 that you trust",
            ),
            Self::Refused { why } => write!(f, "not signed as asked for: {why}"),
            Self::Signed { by, threshold } => {
                let all: Vec<String> = by.iter().map(ToString::to_string).collect();
                write!(f, "signed by {} ({threshold} asked for)", all.join(", "))
            }
        }
    }
}

impl fmt::Display for SignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name == self.keyid {
            return write!(f, "{} {}", self.algorithm, self.keyid);
        }
        let id = self.keyid.get(..16).unwrap_or(&self.keyid);
        write!(f, "{} ({} {id})", self.name, self.algorithm)
    }
}
