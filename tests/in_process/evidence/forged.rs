//! Bundles that somebody changed and then made whole again: chain, list and manifest are as the
//! program would write them, and yet each is seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use canary_gate::evidence::{Spec, Verified, bundle};
use canary_gate::journal::{Journal, Record, RecordLayer, fold, read};
use canary_gate::model::{SubtaskId, Verdict};
use canary_gate::store::disk::OsDisk;
use canary_gate::store::{Content, Limits, NoScan, Part, Summed, open, pack, sha256_hex, unpack};
use canary_gate::world::{Captured, Effect, Ended, Finished, Place, Response, World, WorldError};
use serde_json::Value;

use super::bundles::{GATE, bundled, check, spec};
use super::sample::{ended, event, header, id, run, started};

/// A bundle in parts, as a forger has it on the table.
struct Forgery {
    top: String,
    files: BTreeMap<String, Vec<u8>>,
    /// What the records say, in order.
    records: Vec<String>,
    /// The manifest before it is written.
    manifest: Value,
}

impl Forgery {
    fn of(path: &Path) -> Self {
        let opened = open(&OsDisk, path, |_| true, Limits::default()).unwrap();
        let text = |name: &str| String::from_utf8(opened.kept[name].clone()).unwrap();
        let record = |line: &str| {
            let (_, rest) = line.split_once(r#","record":"#).unwrap();
            rest.rsplit_once(r#","sum":""#).unwrap().0.to_owned()
        };
        Self {
            records: text("data/journal.jsonl").lines().map(record).collect(),
            manifest: serde_json::from_str(&text("manifest.json")).unwrap(),
            top: opened.top,
            files: opened.kept,
        }
    }

    /// Replaces a text in the first record that holds it; the record's number.
    fn replace(&mut self, from: &str, to: &str) -> usize {
        let holds = |record: &String| record.contains(from);
        let at = self.records.iter().position(holds).unwrap();
        self.records[at] = self.records[at].replacen(from, to, 1);
        at
    }

    /// Chains, seals, lists and packs it.
    fn packed(mut self, to: &Path) -> Verified {
        let (journal, head) = self.chained();
        self.files.insert("data/journal.jsonl".into(), journal);
        let data = self
            .files
            .iter()
            .filter(|(name, _)| name.starts_with("data/"));
        let listed: Vec<Summed> = data.map(|(name, bytes)| summed(name, bytes)).collect();
        let line = |file: &Summed| format!("{}  {}\n", file.sha256, file.path);
        let list: String = listed.iter().map(line).collect();
        self.manifest["sums"] = sha256_hex(list.as_bytes()).into();
        self.manifest["head"] = head.into();
        self.manifest["files"] = serde_json::to_value(listed).unwrap();
        let manifest = serde_json::to_string_pretty(&self.manifest).unwrap() + "\n";
        self.files.insert("manifest-sha256.txt".into(), list.into());
        self.files.insert("manifest.json".into(), manifest.into());
        self.packed_as_it_is(to)
    }

    fn packed_as_it_is(self, to: &Path) -> Verified {
        let part = |(name, bytes)| Part {
            name: format!("{}/{name}", self.top),
            content: Content::Bytes(bytes),
        };
        let parts = self.files.into_iter().map(part).collect();
        let _ = std::fs::remove_file(to);
        pack(&OsDisk, parts, to, &mut NoScan).unwrap();
        check(to).unwrap()
    }

    fn chained(&mut self) -> (Vec<u8>, String) {
        let (mut text, mut prev) = (String::new(), "0".repeat(64));
        for (seq, record) in self.records.iter().enumerate() {
            let record = match record.split_once(r#","digest":""#) {
                Some((sealed, _)) if record.starts_with(r#"{"sealed""#) => {
                    format!(r#"{sealed},"digest":"{prev}"}}}}"#)
                }
                _ => record.clone(),
            };
            let body = format!(r#"{{"seq":{seq},"prev":"{prev}","record":{record}"#);
            prev = sha256_hex(body.as_bytes());
            text.extend([body.as_str(), ",\"sum\":\"", &prev, "\"}\n"]);
        }
        (text.into_bytes(), prev)
    }
}

fn summed(name: &str, bytes: &[u8]) -> Summed {
    Summed {
        path: name.to_owned(),
        bytes: bytes.len() as u64,
        sha256: sha256_hex(bytes),
    }
}

/// What the check of this name found.
fn fault<'v>(verified: &'v Verified, name: &str) -> &'v str {
    let found = verified.checks.iter().find(|check| check.name == name);
    let fault = found.and_then(|check| check.fault.as_deref());
    fault.unwrap_or_else(|| panic!("`{name}` holds: {verified}"))
}

#[tokio::test]
async fn the_forgers_own_hand_is_steady() {
    let (dir, path) = bundled(2).await;
    let to = dir.path().join("forged.tar.gz");
    let verified = Forgery::of(&path).packed(&to);
    assert!(verified.intact(), "{verified}");
    assert!(std::fs::read(path).unwrap() == std::fs::read(to).unwrap());
}

#[tokio::test]
async fn what_a_record_says_is_written_in_one_way_only() {
    let (dir, path) = bundled(2).await;
    let to = dir.path().join("forged.tar.gz");
    let deep = format!(
        r#""x":{}{},"ended""#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for (what, from, into) in [
        (
            "request",
            r#""argv":["git""#,
            r#""argv":["rm"],"argv":["git""#,
        ),
        ("request", r#"{"effect":"now"}"#, r#"{ "effect":"now"}"#),
        ("request", r#"{"effect":"now"}"#, r#"{"effect":"n\u006fw"}"#),
        ("answer", r#""ended":{"#, r#""ended":{"code":1},"ended":{"#),
        (
            "answer",
            r#""ended":{"#,
            r#""\u0065nded":{"code":1},"ended":{"#,
        ),
        ("answer", r#""ended":{"#, r#""x":1e999,"ended":{"#),
        ("answer", r#""ended":{"#, r#""x":"\ud800","ended":{"#),
        ("answer", r#""ended""#, &deep),
    ] {
        let mut forgery = Forgery::of(&path);
        let record = forgery.replace(from, into);
        let verified = forgery.packed(&to);
        let fault = fault(&verified, "requests and answers");
        let said = format!("record {record}: its {what} ");
        assert!(fault.starts_with(&said), "{said}: {fault}");
    }
}

#[tokio::test]
async fn no_blob_is_taken_away_behind_an_answer_that_cannot_be_read() {
    let (dir, path) = bundled(1).await;
    let mut forgery = Forgery::of(&path);
    forgery.replace(r#""ended":{"#, r#""x":1e999,"ended":{"#);
    forgery
        .files
        .retain(|name, _| !name.starts_with("data/blobs/"));
    let verified = forgery.packed(&dir.path().join("forged.tar.gz"));
    assert!(fault(&verified, "blobs").contains("record "), "{verified}");
}

/// Answers a program's end with logs, as the live world does.
struct Logging;

const OUT: &[u8] = b"a secret was printed\n";

#[async_trait]
impl World for Logging {
    async fn perform(&self, _by: &SubtaskId, _: Effect) -> Result<Response, WorldError> {
        let captured = |name: &str| Captured {
            text: String::from_utf8(OUT.to_vec()).unwrap(),
            truncated: false,
            bytes: OUT.len() as u64,
            sha256: sha256_hex(OUT),
            log: Some(Place::run(name)),
        };
        Ok(Response::Program(Box::new(Finished {
            ended: Ended::Code(0),
            stdout: captured("logs/T001-1-git.out"),
            // Not kept as it was captured, so not held against its digest.
            stderr: captured("home/T001-1-git.err"),
            elapsed: Duration::from_millis(12),
            leftovers: Vec::new(),
            observations: Vec::new(),
            confined: None,
        })))
    }
}

async fn with_a_log(dir: &Path) -> PathBuf {
    let (run_dir, to) = (dir.join("run"), dir.join("bundle.tar.gz"));
    let mut header = header(1);
    header.gate.sha256 = sha256_hex(GATE);
    let journal = Journal::create(&run_dir, header).unwrap();
    let world = RecordLayer::new(Arc::new(Logging), journal.clone());
    journal.event(&event(1, started(1))).unwrap();
    world.perform(&id(1), run("git log")).await.unwrap();
    journal.event(&event(2, ended(1, 1))).unwrap();
    journal.seal(Verdict::Passed).unwrap();
    let log = (
        "logs/T001-1-git.out".to_owned(),
        Content::Bytes(OUT.to_vec()),
    );
    let spec = Spec {
        files: BTreeMap::from([log]),
        ..spec(&run_dir)
    };
    bundle(&OsDisk, spec, &to, &mut NoScan).unwrap();
    to
}

#[tokio::test]
async fn a_log_is_the_one_that_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let path = with_a_log(dir.path()).await;
    let verified = check(&path).unwrap();
    assert!(verified.intact(), "{verified}");
    let (to, name) = (dir.path().join("forged"), "data/files/logs/T001-1-git.out");
    let mut changed = Forgery::of(&path);
    changed
        .files
        .insert(name.to_owned(), b"nothing was printed\n".to_vec());
    let told = format!("record 3: `{name}` is not what the program wrote");
    assert_eq!(fault(&changed.packed(&to), "logs"), told);
    let mut removed = Forgery::of(&path);
    removed.files.remove(name);
    let told = format!("record 3: `{name}` is missing");
    assert_eq!(fault(&removed.packed(&to), "logs"), told);
}

#[tokio::test]
async fn a_manifest_says_what_the_journal_says_and_nothing_more() {
    let (dir, path) = bundled(1).await;
    let to = dir.path().join("forged.tar.gz");
    let mut another = Forgery::of(&path);
    another.manifest["gate"] = "phase5".into();
    let said = "the manifest names another gate";
    assert_eq!(fault(&another.packed(&to), "gate and run"), said);
    let mut another = Forgery::of(&path);
    another.manifest["run"] = "01KS1W46000000000000000001".into();
    let said = "the manifest names another run";
    assert_eq!(fault(&another.packed(&to), "gate and run"), said);
    let mut elsewhere = Forgery::of(&path);
    let top = std::mem::replace(&mut elsewhere.top, "phase4-passed".to_owned());
    let said = format!("it lies in `phase4-passed`, not in `{top}`");
    assert_eq!(fault(&elsewhere.packed(&to), "gate and run"), said);
    let mut more = Forgery::of(&path);
    more.manifest["signed_by"] = "the release team".into();
    let said = "it is not written as this program writes it";
    assert_eq!(fault(&more.packed(&to), "manifest"), said);
    let mut twice = Forgery::of(&path);
    let manifest = String::from_utf8(twice.files["manifest.json"].clone()).unwrap();
    let verdict = "  \"verdict\": \"passed\",\n";
    let doubled = manifest.replace(verdict, &format!("  \"verdict\": \"failed\",\n{verdict}"));
    twice.files.insert("manifest.json".into(), doubled.into());
    assert_eq!(fault(&twice.packed_as_it_is(&to), "manifest"), said);
}

#[tokio::test]
async fn the_script_tells_the_verdict_of_the_seal() {
    let (dir, path) = bundled(1).await;
    let said = |number: usize, change: &dyn Fn(&Path)| {
        let top = dir.path().join(number.to_string());
        unpack(&OsDisk, &path, &top, |_| true, Limits::default()).unwrap();
        change(&top);
        let ran = Command::new("sh")
            .arg(top.join("verify.sh"))
            .output()
            .unwrap();
        assert!(!ran.status.success());
        String::from_utf8(ran.stdout).unwrap()
    };
    let manifest = |top: &Path, from: &str, to: &str| {
        let path = top.join("manifest.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    let verdict = "  \"verdict\": \"passed\",\n";
    for (number, to) in [
        "  \"verdict\": \"failed\",\n",
        "",
        "  \"verdict\": \"failed\",\n  \"verdict\": \"passed\",\n",
    ]
    .iter()
    .enumerate()
    {
        let told = said(number, &|top| manifest(top, verdict, to));
        assert!(told.contains("another verdict"), "{told}");
    }
    for (number, name) in ["README", ".hidden", "data/../verdict.txt"]
        .iter()
        .enumerate()
    {
        let told = said(10 + number, &|top| {
            std::fs::write(top.join(name), "passed").unwrap();
        });
        assert!(told.contains("beside data"), "{told}");
    }
    let torn = |top: &Path| {
        use std::io::Write as _;
        let journal = top.join("data/journal.jsonl");
        let mut journal = std::fs::File::options().append(true).open(journal).unwrap();
        journal.write_all(b"{\"seq\"").unwrap();
    };
    let told = said(20, &torn);
    assert!(told.contains("a file is missing or was changed"), "{told}");
}

/// How long it takes to fold a journal in which each of so many facts is told twice, as a resumed
/// process does; the shortest of three times.
fn time_to_fold(facts: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    journal.event(&event(1, started(1))).unwrap();
    let start = read(dir.path()).unwrap().lines;
    let told = (0..2 * facts).map(|n| {
        let mut line = start[1].clone();
        let fact = super::sample::fact(1, &format!("f{}", n / 2), 0);
        line.record = Record::Event(event(2, fact));
        line
    });
    let lines: Vec<_> = start.iter().cloned().chain(told).collect();
    let times = (0..3).map(|_| {
        let lines = lines.clone();
        let begin = Instant::now();
        let folded = fold(lines).unwrap();
        let took = begin.elapsed();
        assert_eq!(folded.course(&id(1)).unwrap().facts.len(), facts);
        took
    });
    times.min().unwrap()
}

#[test]
fn facts_are_folded_in_linear_time() {
    let (few, many) = (time_to_fold(1_000), time_to_fold(16_000));
    // Sixteen times as many; comparing each with all before takes 256 times as long.
    assert!(many < few * 64, "{few:?}, {many:?}");
}

/// A run of a gate with a template, as it is packed.
fn with_a_template(dir: &Path) -> PathBuf {
    let run = dir.join("run");
    let mut begun = header(0);
    begun.gate.sha256 = sha256_hex(GATE);
    let text = "all is well\n";
    let digest = sha256_hex(text.as_bytes());
    begun.gate.templates.insert("note.md".into(), digest);
    let journal = Journal::create(&run, begun).unwrap();
    journal.seal(Verdict::Error).unwrap();
    let mut spec = spec(&run);
    let content = Content::Bytes(text.into());
    spec.files.insert("templates/note.md".into(), content);
    let to = dir.join("bundle.tar.gz");
    bundle(&OsDisk, spec, &to, &mut NoScan).unwrap();
    to
}

#[test]
fn another_template_than_the_one_that_was_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = with_a_template(dir.path());
    assert!(check(&path).unwrap().intact());
    let name = "data/files/templates/note.md";
    let to = dir.path().join("forged.tar.gz");

    let mut forged = Forgery::of(&path);
    forged.files.insert(name.into(), "all is lost\n".into());
    let told = fault(&forged.packed(&to), "gate file").to_owned();
    assert_eq!(told, "its template `note.md` is not the one that was run");

    let mut forged = Forgery::of(&path);
    forged.files.remove(name);
    let told = fault(&forged.packed(&to), "gate file").to_owned();
    assert_eq!(told, "its template `note.md` is not the one that was run");

    let mut forged = Forgery::of(&path);
    let more = "data/files/templates/more.md";
    forged.files.insert(more.into(), "more\n".into());
    let told = fault(&forged.packed(&to), "gate file").to_owned();
    assert_eq!(told, "it has no template `more.md`, and one is there");
}
