//! SHA-256 and hex: how all stored data is named and compared.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::disk::Disk;
use super::error::StoreError;

/// The SHA-256 of some bytes in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The size and SHA-256 of a file, read in pieces.
pub(crate) fn sum_file(disk: &dyn Disk, path: &Path) -> Result<(u64, String), StoreError> {
    const PIECE: usize = 64 * 1024;
    let read = |error| StoreError::disk("read", path)(error);
    let mut from = disk.reader(path).map_err(read)?;
    let (mut digest, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let length = from.read(&mut piece).map_err(read)?;
        if length == 0 {
            return Ok((bytes, hex(&digest.finalize())));
        }
        digest.update(&piece[..length]);
        bytes += length as u64;
    }
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}
