//! Other people's programs on what the gate signs: in-toto's and DSSE's own Python libraries, from
//! the machine's configured package index.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use canary_gate::evidence::{Claims, attest, check_attestation, open_to_verify};
use canary_gate::signing::{PrivateKey, Signer, Trusted, trusted};
use canary_gate::store::Limits;
use canary_gate::store::disk::OsDisk;
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

use crate::candidate_support::machine::may_use_network;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What is installed, as it was when this was written.
const PEERS: [&str; 2] = [
    "in-toto-attestation==0.9.3",
    "securesystemslib[crypto]==1.6.0",
];

/// A virtual environment with the peers, made once in a test process.
fn peers() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = MADE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(directory.path()));
        let pip = directory.path().join("bin/pip");
        let options = ["install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(pip).args(options).args(PEERS));
        directory
    });
    directory.path()
}

fn run(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let told = [done.stdout, done.stderr].concat();
    let told = String::from_utf8(told).unwrap();
    assert!(done.status.success(), "{command:?}: {told}");
    told
}

/// A bundle, keys of every kind, and the attestation that they made.
struct Stage {
    directory: tempfile::TempDir,
    claims: Claims,
    bundle: PathBuf,
    keys: Vec<String>,
}

impl Stage {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let kept = Path::new(ROOT).join("tests/in_process/evidence/format-1/rehearsal.tar.gz");
        let bundle = directory.path().join("bundle.tar.gz");
        std::fs::copy(kept, &bundle).unwrap();
        let opened = open_to_verify(&OsDisk, &bundle, Limits::default()).unwrap();
        let claims = Claims::of(&opened).unwrap();
        let mut stage = Self {
            directory,
            claims,
            bundle,
            keys: Vec::new(),
        };
        for key in stage.private_keys() {
            stage.sign(&key).await;
        }
        stage
    }

    /// Ed25519 and P-256 as openssl writes them, Ed25519 as ssh-keygen does.
    fn private_keys(&self) -> Vec<String> {
        let ed25519 = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let p256 = p256::SecretKey::from_slice(&[2; 32]).unwrap();
        let file = self.directory.path().join("ssh");
        let quietly = ["-q", "-t", "ed25519", "-N", "", "-f"];
        run(Command::new("ssh-keygen").args(quietly).arg(&file));
        vec![
            ed25519.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(),
            p256.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(),
            std::fs::read_to_string(file).unwrap(),
        ]
    }

    async fn sign(&mut self, key: &str) {
        let signer = Signer::Key(PrivateKey::from_pem(key).unwrap());
        attest(&OsDisk, &self.attestation(), &self.claims, &signer)
            .await
            .unwrap();
        let name = format!("{}.pem", self.keys.len());
        let pem = signer.public().pem().unwrap();
        std::fs::write(self.directory.path().join(&name), pem).unwrap();
        self.keys.push(name);
    }

    fn attestation(&self) -> PathBuf {
        self.directory.path().join("bundle.tar.gz.intoto.jsonl")
    }

    /// Whether the peers agree, and whether the gate does: with these keys, all of them asked for.
    fn agree(&self, keys: &[String]) -> (bool, bool) {
        let done = Command::new(peers().join("bin/python"))
            .arg(Path::new(ROOT).join("tests/network/peers.py"))
            .arg(self.attestation())
            .arg(&self.bundle)
            .args(keys)
            .current_dir(self.directory.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stdout);
        let theirs = done.status.success() && told == format!("agreed {}\n", keys.len());
        let mut people = Trusted::default();
        for key in keys {
            let pem = std::fs::read_to_string(self.directory.path().join(key)).unwrap();
            people.keys.extend(trusted(&pem).unwrap());
        }
        let opened = open_to_verify(&OsDisk, &self.bundle, Limits::default());
        let ours = opened.is_ok_and(|opened| {
            let claims = Claims::of(&opened).unwrap();
            let file = std::fs::read(self.attestation()).unwrap();
            check_attestation(&claims, &file, &people, keys.len()).is_ok()
        });
        if !theirs {
            std::io::stderr().write_all(&done.stderr).unwrap();
        }
        (theirs, ours)
    }
}

#[tokio::test]
async fn in_toto_and_securesystemslib_read_what_is_signed_and_refuse_what_the_gate_refuses() {
    if !may_use_network("in-toto's own libraries on an attestation") {
        return;
    }
    let stage = Stage::new().await;
    assert_eq!(stage.agree(&stage.keys), (true, true));
    let good = std::fs::read_to_string(stage.attestation()).unwrap();
    // A changed byte: in a signature, and in a payload.
    for field in [r#""sig":""#, r#""payload":""#] {
        let at = good.find(field).unwrap() + field.len() + 10;
        let other = if good[at..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        let mut changed = good.clone();
        changed.replace_range(at..=at, other);
        std::fs::write(stage.attestation(), &changed).unwrap();
        assert_eq!(stage.agree(&stage.keys), (false, false), "{field}");
    }
    // A key that did not sign: in place of one that did, and alone.
    std::fs::write(stage.attestation(), &good).unwrap();
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let stranger = stranger.to_pkcs8_pem(LineEnding::LF).unwrap();
    let stranger = PrivateKey::from_pem(&stranger).unwrap();
    let pem = stranger.public().pem().unwrap();
    std::fs::write(stage.directory.path().join("stranger.pem"), pem).unwrap();
    let with_stranger = [&stage.keys[..2], &["stranger.pem".to_owned()]].concat();
    assert_eq!(stage.agree(&with_stranger), (false, false));
    assert_eq!(stage.agree(&["stranger.pem".to_owned()]), (false, false));
    // Another bundle in its place.
    let other =
        Path::new(ROOT).join("tests/in_process/evidence/format-1/rehearsal-long-texts.tar.gz");
    std::fs::copy(other, &stage.bundle).unwrap();
    assert_eq!(stage.agree(&stage.keys), (false, false));
}
