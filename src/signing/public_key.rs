//! A public key: parsing, names, and verification of signatures.

use std::fmt;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::VerifyingKey as P256Key;
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use serde::Serialize;

use super::error::KeyError;
use crate::store::sha256_hex;

/// The algorithm of a key. A key has exactly one; the envelope cannot choose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// `EdDSA` over Curve25519 (RFC 8032).
    Ed25519,
    /// ECDSA over NIST P-256 with SHA-256; signatures in DER.
    EcdsaP256,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::EcdsaP256 => "ECDSA P-256",
        })
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: Key,
    /// Its `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Ed25519(Ed25519Key),
    P256(P256Key),
}

impl PublicKey {
    /// An Ed25519 key from its 32 bytes.
    ///
    /// # Errors
    /// If they are not a point of the curve, or one of small order.
    pub fn ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(KeyError::damaged)?;
        Self::of_ed25519(Ed25519Key::from_bytes(bytes).map_err(KeyError::damaged)?)
    }

    pub(super) fn of_ed25519(key: Ed25519Key) -> Result<Self, KeyError> {
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        let spki = key.to_public_key_der().map_err(KeyError::damaged)?;
        let (key, spki) = (Key::Ed25519(key), spki.into_vec());
        Ok(Self { key, spki })
    }

    /// A P-256 key from its point in SEC 1 format.
    ///
    /// # Errors
    /// If it is not a point of the curve.
    pub fn p256(point: &[u8]) -> Result<Self, KeyError> {
        Self::of_p256(P256Key::from_sec1_bytes(point).map_err(KeyError::damaged)?)
    }

    pub(super) fn of_p256(key: P256Key) -> Result<Self, KeyError> {
        let spki = key.to_public_key_der().map_err(KeyError::damaged)?;
        let (key, spki) = (Key::P256(key), spki.into_vec());
        Ok(Self { key, spki })
    }

    pub(super) fn from_labelled(label: &str, der: &[u8]) -> Result<Self, KeyError> {
        match label {
            "PUBLIC KEY" => {}
            label if label.contains("PRIVATE KEY") => return Err(KeyError::Private),
            label => {
                return Err(KeyError::Form {
                    label: label.to_owned(),
                    remedy: "`openssl pkey -pubout` and `openssl x509 -pubkey` print PUBLIC KEY",
                });
            }
        }
        if let Ok(key) = Ed25519Key::from_public_key_der(der) {
            return Self::of_ed25519(key);
        }
        P256Key::from_public_key_der(der)
            .map_err(|error| KeyError::Algorithm {
                kind: format!("neither Ed25519 nor P-256 ({error})"),
            })
            .and_then(Self::of_p256)
    }

    /// Its id: SHA-256 of the `SubjectPublicKeyInfo` in DER, in lower-case hex; for a PEM file
    /// `openssl pkey -pubin -in FILE -outform DER | sha256sum`.
    #[must_use]
    pub fn id(&self) -> String {
        sha256_hex(&self.spki)
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match &self.key {
            Key::Ed25519(_) => Algorithm::Ed25519,
            Key::P256(_) => Algorithm::EcdsaP256,
        }
    }

    /// Whether this key made this signature over these bytes. Ed25519 is checked strictly: a
    /// signature has only one valid form, and points of small order are rejected.
    #[must_use]
    pub fn made(&self, bytes: &[u8], signature: &[u8]) -> bool {
        match &self.key {
            Key::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify_strict(bytes, &signature))
                .is_ok(),
            Key::P256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .and_then(|signature| {
                    p256::ecdsa::signature::Verifier::verify(key, bytes, &signature)
                })
                .is_ok(),
        }
    }

    /// The key as a PEM file.
    ///
    /// # Errors
    /// None that can happen: the bytes are in memory.
    pub fn pem(&self) -> Result<String, KeyError> {
        pem_rfc7468::encode_string("PUBLIC KEY", pem_rfc7468::LineEnding::LF, &self.spki)
            .map_err(KeyError::damaged)
    }
}
