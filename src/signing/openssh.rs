//! The seed of an Ed25519 key in a file that `ssh-keygen` wrote (OpenSSH, PROTOCOL.key).

use ssh_encoding::{Decode as _, Reader as _};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::ssh_key::{ED25519, is_public_half};

const MAGIC: &[u8] = b"openssh-key-v1\0";

type Field = Zeroizing<Vec<u8>>;

/// The seed; none if the file is encrypted.
pub(super) fn ed25519_seed(file: &[u8]) -> Result<Option<Zeroizing<[u8; 32]>>, KeyError> {
    let mut rest = file
        .strip_prefix(MAGIC)
        .ok_or_else(|| KeyError::damaged("it does not begin as OpenSSH keys do"))?;
    let cipher = field(&mut rest)?;
    let (_kdf, _options) = (field(&mut rest)?, field(&mut rest)?);
    if number(&mut rest)? != 1 {
        return Err(KeyError::damaged("it does not hold exactly one key"));
    }
    let public = field(&mut rest)?;
    if cipher.as_slice() != b"none" {
        return Ok(None);
    }
    let private = field(&mut rest)?;
    if !rest.is_finished() {
        return Err(KeyError::damaged("more follows the key"));
    }
    seed(&private, &public).map(Some)
}

fn seed(mut rest: &[u8], public: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let rest = &mut rest;
    if number(rest)? != number(rest)? {
        return Err(KeyError::damaged("its check numbers differ"));
    }
    let kind = field(rest)?;
    if kind.as_slice() != ED25519.as_bytes() {
        return Err(KeyError::Algorithm {
            kind: String::from_utf8_lossy(&kind).into_owned(),
        });
    }
    let own = field(rest)?;
    let pair = field(rest)?;
    let (seed, half) = { pair.split_first_chunk::<32>() }
        .ok_or_else(|| KeyError::damaged("its private part is too short"))?;
    let derived = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key();
    let halves = [own.as_slice(), half, derived.as_bytes()];
    if halves[0] != halves[1] || halves[1] != halves[2] || !is_public_half(public, halves[0]) {
        return Err(KeyError::damaged("its public and its private part differ"));
    }
    Ok(Zeroizing::new(*seed))
}

fn field(from: &mut &[u8]) -> Result<Field, KeyError> {
    Vec::decode(from)
        .map(Zeroizing::new)
        .map_err(KeyError::damaged)
}

fn number(from: &mut &[u8]) -> Result<u32, KeyError> {
    u32::decode(from).map_err(KeyError::damaged)
}
