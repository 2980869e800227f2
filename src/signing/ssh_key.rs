//! A public key as OpenSSH writes it (RFC 4253, section 6.6; RFC 5656, section 3.1; RFC 8709).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};
use ssh_encoding::{Decode as _, Reader as _};

use super::error::KeyError;
use super::public_key::PublicKey;

/// Name of the key type, and of its signatures.
pub(super) const ED25519: &str = "ssh-ed25519";
const P256: &str = "ecdsa-sha2-nistp256";

/// Reads a key from its type and its base64.
pub(super) fn public_key(kind: &str, base64: &str) -> Result<PublicKey, KeyError> {
    let blob = STANDARD.decode(base64).map_err(KeyError::damaged)?;
    let (found, key) = from_blob(&blob)?;
    if found != kind {
        let why = format!("it says `{kind}`, and holds a key of `{found}`");
        return Err(KeyError::damaged(why));
    }
    Ok(key)
}

/// Parses a key in its binary form, and returns its type.
pub(super) fn from_blob(blob: &[u8]) -> Result<(String, PublicKey), KeyError> {
    let mut rest = blob;
    let kind = String::decode(&mut rest).map_err(KeyError::damaged)?;
    let mut field = || Vec::<u8>::decode(&mut rest).map_err(KeyError::damaged);
    let key = match kind.as_str() {
        ED25519 => PublicKey::ed25519(&field()?)?,
        P256 if field()? == b"nistp256" => PublicKey::p256(&field()?)?,
        _ => return Err(KeyError::Algorithm { kind }),
    };
    if !rest.is_finished() {
        return Err(KeyError::damaged("more follows the key"));
    }
    Ok((kind, key))
}

/// Whether a binary public key is that of this Ed25519 key.
pub(super) fn is_public_half(mut blob: &[u8], key: &[u8]) -> bool {
    let kind = String::decode(&mut blob);
    let half = Vec::<u8>::decode(&mut blob);
    kind.is_ok_and(|kind| kind == ED25519) && half.is_ok_and(|half| half == key)
}

/// The fingerprint that `ssh-keygen -l` prints.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}
