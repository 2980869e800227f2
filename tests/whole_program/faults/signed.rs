//! A run that is signed, by somebody who types what `docs/signing.md` says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use canary_gate::evidence::Recording;
use canary_gate::store::disk::OsDisk;
use serde_json::Value;

use super::rehearsal::rehearse;

/// Runs a command line in a directory, `gate` being the one that is tested.
fn typed(directory: &Path, line: &str) -> Output {
    let gate = assert_cmd::cargo::cargo_bin!("gate");
    Command::new("sh")
        .args([
            "-ec",
            &format!("gate() {{ '{}' \"$@\"; }}\n{line}", gate.display()),
        ])
        .env("NO_COLOR", "1")
        .env_remove("SSH_AUTH_SOCK")
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn says(directory: &Path, line: &str, code: i32, expected: &[&str]) -> String {
    let output = typed(directory, line);
    let told = [output.stdout.as_slice(), &output.stderr].concat();
    let told = String::from_utf8(told).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {told}");
    for words in expected {
        assert!(told.contains(words), "{line}: {words}: {told}");
    }
    told
}

/// The lines of the document that are typed, with what stands for the user's own in them.
fn of_the_document(holding: &str) -> String {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/signing.md");
    let document = std::fs::read_to_string(document).unwrap();
    let typed = document
        .lines()
        .filter_map(|line| line.strip_prefix("    "));
    let found: Vec<&str> = typed.filter(|line| line.contains(holding)).collect();
    assert!(!found.is_empty(), "the document has no `{holding}`");
    found.join("\n")
}

#[test]
fn a_run_that_failed_is_signed_as_failed_and_nothing_of_the_key_is_anywhere() {
    let keys = tempfile::tempdir().unwrap();
    let keys = keys.path();
    says(
        keys,
        "openssl genpkey -algorithm ed25519 -out ann.pem; chmod 644 ann.pem",
        0,
        &[],
    );
    says(
        keys,
        "openssl pkey -in ann.pem -pubout -out pub.pem",
        0,
        &[],
    );
    let private = std::fs::read_to_string(keys.join("ann.pem")).unwrap();
    let key = keys.join("ann.pem");
    let sign = ["--only", "WP01", "--sign", key.to_str().unwrap()];
    let ended = rehearse(&["blocker-open"]).with(&sign).run();
    assert_eq!(ended.code, Some(3));
    let told = ended.told();
    assert!(
        told.contains("warning: others on this machine can read"),
        "{told}"
    );
    assert!(told.contains("3 statements signed, Ed25519 key"), "{told}");
    let dir = ended.directory.path();

    // Once beside the copy, once in the run's own directory: the same bytes.
    let attestation = std::fs::read(dir.join("bundle.tar.gz.intoto.jsonl")).unwrap();
    let name = "bundle.tar.gz.intoto.jsonl";
    let mut found = files(ended.state());
    found.retain(|path| path.file_name().is_some_and(|file| file == name));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(std::fs::read(&found[0]).unwrap(), attestation);
    let mode = std::fs::metadata(&found[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o022, 0);

    let body = private.lines().nth(1).unwrap().as_bytes();
    let recording = Recording::open(std::sync::Arc::new(OsDisk), &ended.bundle()).unwrap();
    let journal = serde_json::to_string(&recording.folded.header).unwrap();
    assert!(!journal.contains("ann.pem"), "{journal}");
    for path in files(dir) {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let holds = bytes.windows(body.len()).any(|window| window == body);
        assert!(!holds, "{} holds the private key", path.display());
    }
    verified(dir, keys);
    without_the_gate(dir);
    refused(dir);
}

/// What the document's commands say of it.
fn verified(dir: &Path, keys: &Path) {
    for key in ["ann.pem", "pub.pem"] {
        std::fs::copy(keys.join(key), dir.join(key)).unwrap();
    }
    let verify = "gate verify bundle.tar.gz";
    says(
        dir,
        verify,
        0,
        &["intact: verdict", "not checked who signed it"],
    );
    says(
        dir,
        &format!("{verify} --key pub.pem"),
        0,
        &["ok      signature", "signed by Ed25519 "],
    );
    let json = typed(dir, &format!("{verify} --key pub.pem --format json"));
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["signature"]["status"], "signed");
    assert_eq!(json["signature"]["threshold"], 1);
    assert_eq!(json["signature"]["by"][0]["algorithm"], "ed25519");

    // The second pair of eyes, with the key that ssh-keygen makes and the file that it reads.
    says(dir, "ssh-keygen -q -t ed25519 -N '' -C ben -f ben", 0, &[]);
    let team = "{ printf 'ben '; cat ben.pub; } > team";
    says(dir, team, 0, &[]);
    let two = format!("{verify} --key pub.pem --key team --signers 2");
    says(
        dir,
        &two,
        1,
        &[
            "BROKEN  signature",
            "intact, but not signed as asked for: signed by Ed25519 ",
        ],
    );
    says(
        dir,
        "gate attest bundle.tar.gz --sign ben",
        0,
        &["3 statements signed"],
    );
    says(
        dir,
        "gate attest bundle.tar.gz --sign ben",
        0,
        &["signed by this key before"],
    );
    says(
        dir,
        &two,
        0,
        &["signed by Ed25519 ", ", ben (Ed25519 ", "(2 asked for)"],
    );
}

/// The document's commands for openssl; `jq` may not be there.
fn without_the_gate(dir: &Path) {
    let by_hand = of_the_document(">").replace("BUNDLE", "bundle.tar.gz");
    let check = of_the_document("pkeyutl");
    let without_jq = by_hand
        .replace(
            "jq -r .payload one",
            "sed 's/.*\"payload\":\"\\([^\"]*\\)\".*/\\1/' one",
        )
        .replace(
            "jq -r .signatures[0].sig one",
            "sed 's/.*\"sig\":\"\\([^\"]*\\)\".*/\\1/' one",
        );
    says(
        dir,
        &format!("{without_jq}\n{check}"),
        0,
        &["Signature Verified Successfully"],
    );
}

/// What is wrong is said before anything is signed.
fn refused(dir: &Path) {
    let verify = "gate verify bundle.tar.gz";
    let refusals = [
        (
            "gate attest bundle.tar.gz --sign nowhere",
            "key `nowhere`: ",
        ),
        (
            "gate attest bundle.tar.gz --sign pub.pem",
            "it holds a public key",
        ),
        (
            "gate attest bundle.tar.gz --sign agent:me",
            "SSH_AUTH_SOCK is not set",
        ),
        (
            "gate verify bundle.tar.gz --key ann.pem",
            "it holds a private key",
        ),
        ("gate verify bundle.tar.gz --signers 2", "--key"),
        (
            "gate verify bundle.tar.gz --key pub.pem --signers 0",
            "--signers",
        ),
        (
            "gate rehearse --yes --sign ann.pem",
            "--bundle FILE keeps it",
        ),
        (
            "gate rehearse --yes --bundle n.tar.gz --sign nowhere",
            "key `nowhere`: ",
        ),
    ];
    for (line, expected) in refusals {
        says(dir, line, 2, &[expected]);
    }
    says(dir, "mv bundle.tar.gz.intoto.jsonl away", 0, &[]);
    says(
        dir,
        verify,
        0,
        &["unsigned: consistent, but anyone can have made it"],
    );
    says(
        dir,
        &format!("{verify} --key pub.pem"),
        1,
        &["there is no attestation"],
    );
    says(
        dir,
        &format!("{verify} --key pub.pem --attestation away"),
        0,
        &["signed by"],
    );
    let damaged = "head -c 5000 bundle.tar.gz > cut.tar.gz; gate attest cut.tar.gz --sign ann.pem";
    says(dir, damaged, 1, &["cut.tar.gz"]);
    assert!(!dir.join("cut.tar.gz.intoto.jsonl").exists());
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
