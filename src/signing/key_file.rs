//! Key files: PEM, with lines of any width, and allowed signers.

use pem_rfc7468::Decoder;
use zeroize::Zeroizing;

use super::allowed::allowed_signers;
use super::error::KeyError;
use super::private_key::PrivateKey;
use super::public_key::PublicKey;
use super::trusted::TrustedKey;

impl PrivateKey {
    /// Reads a PEM file: PKCS#8 of Ed25519 or P-256, or OpenSSH of Ed25519.
    ///
    /// # Errors
    /// If it is none of these, or is encrypted.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
            return Err(KeyError::Public);
        }
        let (label, bytes) = decoded(text)?;
        Self::from_labelled(&label, &bytes)
    }
}

impl PublicKey {
    /// Reads the `SubjectPublicKeyInfo` of a PEM file.
    ///
    /// # Errors
    /// If it does not contain a supported key.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, bytes) = decoded(text)?;
        Self::from_labelled(&label, &bytes)
    }
}

/// Reads a file of public keys: PEM, or allowed signers.
///
/// # Errors
/// If it contains no key, or something unknown.
pub fn trusted(text: &str) -> Result<Vec<TrustedKey>, KeyError> {
    if text.trim_start().starts_with("-----BEGIN") {
        let key = PublicKey::from_pem(text)?;
        return Ok(vec![TrustedKey {
            name: key.id(),
            key,
            after: None,
            before: None,
        }]);
    }
    let keys = allowed_signers(text)?;
    if keys.is_empty() {
        return Err(KeyError::None);
    }
    Ok(keys)
}

/// The label of a PEM file, and its content. OpenSSH's lines are longer than others'.
fn decoded(text: &str) -> Result<(String, Zeroizing<Vec<u8>>), KeyError> {
    let mut decoder =
        Decoder::new_detect_wrap(text.trim().as_bytes()).map_err(KeyError::damaged)?;
    let mut bytes = Zeroizing::new(Vec::new());
    decoder
        .decode_to_end(&mut bytes)
        .map_err(KeyError::damaged)?;
    Ok((decoder.type_label().to_owned(), bytes))
}
