//! Keys that are the same each time, real tools, and a bundle that a rehearsal once left.

use std::path::{Path, PathBuf};
use std::process::Command;

use canary_gate::evidence::{Claims, open_to_verify};
use canary_gate::signing::{PrivateKey, Signer, Trusted, TrustedKey};
use canary_gate::store::Limits;
use canary_gate::store::disk::OsDisk;
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

/// An Ed25519 key in PKCS#8.
pub(super) fn ed25519(seed: u8) -> String {
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// A P-256 key in PKCS#8.
pub(super) fn p256(seed: u8) -> String {
    let key = p256::SecretKey::from_slice(&[seed; 32]).unwrap();
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

pub(super) fn signer(pem: &str) -> Signer {
    Signer::Key(PrivateKey::from_pem(pem).unwrap())
}

/// These signers' keys, trusted under names of their own.
pub(super) fn trusting(signers: &[(&str, &Signer)]) -> Trusted {
    let one = |(name, signer): &(&str, &Signer)| TrustedKey {
        key: signer.public().clone(),
        name: (*name).to_owned(),
        after: None,
        before: None,
    };
    Trusted {
        keys: signers.iter().map(one).collect(),
    }
}

/// A bundle of every format that was ever written.
pub(super) fn bundle(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/in_process/evidence/format-1")
        .join(name)
}

pub(super) fn claims(name: &str) -> Claims {
    Claims::of(&open_to_verify(&OsDisk, &bundle(name), Limits::default()).unwrap()).unwrap()
}

/// Runs a real tool in a directory; standard output, and whether it said yes.
pub(super) fn tool(directory: &Path, argv: &[&str]) -> (bool, Vec<u8>) {
    let done = Command::new(argv[0])
        .args(&argv[1..])
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("{argv:?}: {error}"));
    (done.status.success(), done.stdout)
}

/// The same of one that must say yes.
pub(super) fn made(directory: &Path, argv: &[&str]) -> String {
    let (well, out) = tool(directory, argv);
    assert!(well, "{argv:?}");
    String::from_utf8(out).unwrap()
}
