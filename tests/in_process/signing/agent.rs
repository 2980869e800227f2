//! The real ssh-agent, and one that lies.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use camino::Utf8PathBuf;
use canary_gate::session::plain_world;
use canary_gate::signing::Signer;
use canary_gate::world::live::Operator;

use super::stage::{made, trusting};

/// An agent of this test's own, ended with it.
struct RealAgent {
    child: Child,
    directory: tempfile::TempDir,
}

impl RealAgent {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("agent");
        let mut child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It prints where its socket is once it listens there.
        let mut first = [0; 1];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut first)
            .unwrap();
        Self { child, directory }
    }

    fn add(&self, name: &str, comment: &str) {
        let dir = self.directory.path();
        let keygen = [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            comment,
            "-f",
            name,
        ];
        made(dir, &keygen);
        let done = Command::new("ssh-add")
            .args(["-q", name])
            .env("SSH_AUTH_SOCK", dir.join("agent"))
            .current_dir(dir)
            .status();
        assert!(done.unwrap().success());
    }

    async fn signer(&self, wanted: &str) -> Result<Signer, String> {
        signer_at(&self.directory.path().join("agent"), wanted).await
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn signer_at(socket: &Path, wanted: &str) -> Result<Signer, String> {
    let socket = socket.to_str().unwrap().to_owned();
    signer_with(
        BTreeMap::from([("SSH_AUTH_SOCK".to_owned(), socket)]),
        wanted,
    )
    .await
}

async fn signer_with(env: BTreeMap<String, String>, wanted: &str) -> Result<Signer, String> {
    let operator = Operator {
        env,
        home: Utf8PathBuf::from("/nowhere"),
        cwd: Utf8PathBuf::from("/nowhere"),
    };
    let world = Arc::new(plain_world(&operator));
    let signer = Signer::of_agent(world, wanted).await;
    signer.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_agents_key_signs_by_comment_and_by_fingerprint() {
    let agent = RealAgent::start();
    agent.add("one", "me@work");
    agent.add("two", "twin");
    agent.add("three", "twin");
    let dir = agent.directory.path();
    let listed = made(dir, &["ssh-keygen", "-l", "-f", "one.pub"]);
    let fingerprint = listed.split(' ').nth(1).unwrap();
    for wanted in ["me@work", fingerprint] {
        let signer = agent.signer(wanted).await.unwrap();
        let envelope = signer.envelope(b"{}".to_vec()).await.unwrap();
        assert_eq!(trusting(&[("me", &signer)]).signers(&envelope).len(), 1);
        // The file's own key gives the same bytes: it is one key.
        let file = std::fs::read_to_string(dir.join("one")).unwrap();
        let same = super::stage::signer(&file);
        assert_eq!(same.envelope(b"{}".to_vec()).await.unwrap(), envelope);
    }
    let none = agent.signer("nobody").await.err().unwrap();
    assert!(
        none.contains("holds no Ed25519 key `nobody`; it holds `me@work` SHA256:"),
        "{none}"
    );
    let several = agent.signer("twin").await.err().unwrap();
    assert!(several.contains("holds 2 keys `twin`"), "{several}");
}

#[tokio::test]
async fn no_agent_is_told_as_that() {
    let none = signer_with(BTreeMap::new(), "me").await.err().unwrap();
    assert!(none.contains("SSH_AUTH_SOCK is not set"), "{none}");
    let gone = signer_at(Path::new("/nowhere/agent"), "me")
        .await
        .err()
        .unwrap();
    assert!(gone.contains("no answer from `the ssh agent`"), "{gone}");
}

/// Answers with these messages, in order.
fn lying(answers: Vec<Vec<u8>>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join("agent")).unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(&field(&answer)).unwrap();
        }
    });
    directory
}

fn field(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], bytes].concat()
}

#[tokio::test]
async fn an_agents_word_is_not_taken_for_a_signature() {
    let public = ed25519_dalek::SigningKey::from_bytes(&[5; 32]).verifying_key();
    let blob = [field(b"ssh-ed25519"), field(public.as_bytes())].concat();
    let identities = [&[12, 0, 0, 0, 1][..], &field(&blob), &field(b"me")].concat();
    let signature = [field(b"ssh-ed25519"), field(&[7; 64])].concat();
    let answer = [&[14][..], &field(&signature)].concat();
    let directory = lying(vec![identities.clone(), answer, identities, vec![5]]);
    let socket = directory.path().join("agent");
    let signer = signer_at(&socket, "me").await.unwrap();
    let told = signer
        .envelope(b"{}".to_vec())
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("not one of the key's"), "{told}");
    let signer = signer_at(&socket, "me").await.unwrap();
    let told = signer
        .envelope(b"{}".to_vec())
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("did not sign with `me`"), "{told}");
    for damaged in [vec![], vec![12], vec![12, 0, 0, 0, 9], vec![99]] {
        let directory = lying(vec![damaged]);
        let told = signer_at(&directory.path().join("agent"), "me")
            .await
            .err()
            .unwrap();
        assert!(
            told.contains("is damaged") || told.contains("length"),
            "{told}"
        );
    }
}
