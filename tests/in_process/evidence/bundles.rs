//! Bundles: the same bytes for the same run, checked by this program and by a shell alone; and
//! hostile ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use canary_gate::evidence::{EvidenceError, RedactorScan, Spec, Verified, bundle, verify};
use canary_gate::journal::{Folded, GateRef, Header, Journal, read};
use canary_gate::model::Verdict;
use canary_gate::store::disk::OsDisk;
use canary_gate::store::{
    Content, Limits, NoScan, Part, StoreError, open, pack, sha256_hex, unpack,
};

use canary_gate::world::redact::{Redactor, Scope};

use super::sample::{FailingDisk, Failure, a_run_of, header};

pub(crate) const GATE: &[u8] = b"name = \"phase4\"\n";

#[expect(clippy::unnecessary_wraps, reason = "it stands in for what may fail")]
pub(crate) fn reports(folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let text = format!(
        "# {}\n\n{} subtasks\n",
        folded.verdict(),
        folded.outcomes().len()
    );
    Ok(BTreeMap::from([(
        "report.md".to_owned(),
        text.into_bytes(),
    )]))
}

pub(crate) fn spec(run_dir: &Path) -> Spec {
    let folded = read(run_dir).unwrap();
    Spec {
        run_dir: run_dir.to_owned(),
        gate_file: GATE.to_vec(),
        reports: reports(&folded).unwrap(),
        files: BTreeMap::from([
            (
                "logs/T001.log".to_owned(),
                Content::Bytes(b"a log\n".repeat(200_000)),
            ),
            (
                "pylock.toml".to_owned(),
                Content::Bytes(b"lock-version = \"1.0\"\n".to_vec()),
            ),
        ]),
        ..Spec::default()
    }
}

/// A run and its bundle.
pub(crate) async fn bundled(subtasks: usize) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    a_run_of(Arc::new(OsDisk), &run, subtasks, GATE)
        .await
        .unwrap();
    let to = dir.path().join("bundle.tar.gz");
    bundle(&OsDisk, spec(&run), &to, &mut NoScan).unwrap();
    (dir, to)
}

pub(crate) fn check(path: &Path) -> Result<Verified, EvidenceError> {
    verify(&OsDisk, path, Some(&reports), Limits::default())
}

#[tokio::test]
async fn a_bundle_is_intact_and_tells_what_the_run_gave() {
    let (_dir, path) = bundled(3).await;
    let verified = check(&path).unwrap();
    assert!(verified.intact(), "{verified}");
    assert_eq!(verified.verdict, Some(Verdict::Passed));
    assert_eq!(verified.records, 1 + 3 * 11 + 1);
    assert_eq!(
        verified.archive.sha256,
        sha256_hex(&std::fs::read(&path).unwrap())
    );
    assert_eq!(verified.checks.len(), 16);
    let text = verified.to_string();
    assert!(
        text.ends_with(
            "intact: verdict passed, 35 records, 6 files\n\
             unsigned: consistent, but anyone can have made it"
        ),
        "{text}"
    );
}

pub(crate) type Change = fn(&Path);

/// Runs what would be run on a machine without this program.
fn tar_and_sh(path: &Path) -> (bool, String) {
    let dir = tempfile::tempdir().unwrap();
    let tar = Command::new("tar")
        .arg("xzf")
        .arg(path)
        .arg("-C")
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        tar.status.success(),
        "{}",
        String::from_utf8_lossy(&tar.stderr)
    );
    sh(dir.path())
}

fn sh(dir: &Path) -> (bool, String) {
    let top = std::fs::read_dir(dir)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let out = Command::new("sh")
        .arg(top.join("verify.sh"))
        .output()
        .unwrap();
    let text = [out.stdout, out.stderr].concat();
    (out.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn tar_and_the_script_check_it_without_this_program() {
    let (_dir, path) = bundled(2).await;
    let told = "intact: 24 records, verdict passed\nreproduce it with: gate reproduce BUNDLE\n";
    assert_eq!(tar_and_sh(&path), (true, told.to_owned()));
}

#[test]
fn the_script_names_the_flake_that_reproduces_it() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    let revision = "5880666fd9eb563038431edb35c2d0aa595884e6";
    let made_by = |flake: &str| Header {
        flake: Some(flake.to_owned()),
        gate: GateRef {
            sha256: sha256_hex(GATE),
            ..header(0).gate
        },
        ..header(0)
    };
    let fetched = format!("nix run '<flake>?rev={revision}#gate' --");
    for (flake, with) in [(revision, fetched.as_str()), ("dirty", "gate")] {
        let run = run.join(flake);
        let journal = Journal::create(&run, made_by(flake)).unwrap();
        journal.seal(Verdict::Error).unwrap();
        let to = run.join("bundle.tar.gz");
        bundle(&OsDisk, spec(&run), &to, &mut NoScan).unwrap();
        let (intact, told) = tar_and_sh(&to);
        let line = format!("\nreproduce it with: {with} reproduce BUNDLE\n");
        assert!(intact && told.ends_with(&line), "{told}");
    }
}

#[tokio::test]
async fn the_script_sees_each_kind_of_change() {
    let (dir, path) = bundled(2).await;
    let changes: [(&str, Change); 6] = [
        ("a file is missing", |top| {
            std::fs::remove_file(top.join("data/gate.toml")).unwrap();
        }),
        ("a file is missing", |top| {
            std::fs::write(top.join("data/reports/report.md"), "x").unwrap();
        }),
        ("a file was added", |top| {
            std::fs::write(top.join("data/more"), "x").unwrap();
        }),
        ("no plain file", |top| {
            std::os::unix::fs::symlink("/etc", top.join("link")).unwrap();
        }),
        ("record 5 was changed", |top| {
            edit(top, |lines| lines[5] = lines[5].replace("T001", "T002"));
        }),
        ("record 7 does not follow", |top| {
            edit(top, |lines| drop(lines.remove(7)));
        }),
    ];
    for (at, (said, change)) in changes.into_iter().enumerate() {
        let into = dir.path().join(format!("unpacked{at}"));
        unpack(&OsDisk, &path, &into.join(""), |_| true, Limits::default()).unwrap();
        let top = into.join("");
        change(&top);
        let out = Command::new("sh")
            .arg(top.join("verify.sh"))
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(
            !out.status.success() && text.contains(said),
            "{said}: {text}"
        );
    }
}

/// Changes the journal, and lists it as if it had always been so.
pub(crate) fn edit(top: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let path = top.join("data/journal.jsonl");
    let before = std::fs::read(&path).unwrap();
    let mut lines: Vec<String> = String::from_utf8(before.clone())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    change(&mut lines);
    let after = lines.join("\n") + "\n";
    std::fs::write(&path, &after).unwrap();
    let replace = |name: &str, from: &str, to: &str| {
        let path = top.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(&path, text.replace(from, to)).unwrap();
    };
    let old_list = std::fs::read(top.join("manifest-sha256.txt")).unwrap();
    replace(
        "manifest-sha256.txt",
        &sha256_hex(&before),
        &sha256_hex(after.as_bytes()),
    );
    let new_list = std::fs::read(top.join("manifest-sha256.txt")).unwrap();
    replace(
        "manifest.json",
        &sha256_hex(&old_list),
        &sha256_hex(&new_list),
    );
    replace(
        "manifest.json",
        &sha256_hex(&before),
        &sha256_hex(after.as_bytes()),
    );
}

#[tokio::test]
async fn another_directory_and_order_of_parts_give_the_same_bytes() {
    let (_one_dir, one) = bundled(3).await;
    let (_other_dir, other) = bundled(3).await;
    assert!(std::fs::read(one).unwrap() == std::fs::read(other).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let part = |n: usize| Part {
        name: format!("x/{}", "long-name/".repeat(n) + "file"),
        content: Content::Bytes(vec![b'a'; n * 700]),
    };
    let mut digests = std::collections::BTreeSet::new();
    for order in [[0, 5, 14, 99], [99, 14, 5, 0], [14, 0, 99, 5]] {
        let to = dir.path().join(format!("{order:?}"));
        let parts = order.iter().map(|n| part(*n)).collect();
        digests.insert(pack(&OsDisk, parts, &to, &mut NoScan).unwrap().sha256);
        let opened = open(&OsDisk, &to, |_| false, Limits::default()).unwrap();
        assert_eq!(opened.files.len(), 4);
        let listed = Command::new("tar").arg("tzf").arg(&to).output().unwrap();
        assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 4);
    }
    assert_eq!(digests.len(), 1);
}

#[tokio::test]
async fn a_secret_in_any_file_means_no_bundle() {
    let (dir, _) = bundled(1).await;
    let mut spec = spec(&dir.path().join("run"));
    let log = [b"x".repeat(300_000).as_slice(), b"token hunter2-hunter2"].concat();
    spec.files.insert("logs/z.log".into(), Content::Bytes(log));
    let to = dir.path().join("leaking.tar.gz");
    let redactor = Arc::new(Redactor::new());
    redactor.add_secret("GH_TOKEN", "hunter2-hunter2");
    let mut scan = RedactorScan::new(redactor, Scope::Secrets);
    let error = bundle(&OsDisk, spec, &to, &mut scan)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("logs/z.log") && error.contains("GH_TOKEN"),
        "{error}"
    );
    assert!(!error.contains("hunter2"));
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test]
async fn what_is_not_sealed_or_not_this_runs_is_not_bundled() {
    let (dir, path) = bundled(1).await;
    let run = dir.path().join("run");
    let to = dir.path().join("other.tar.gz");
    let mut foreign = spec(&run);
    foreign.gate_file.push(b' ');
    let error = bundle(&OsDisk, foreign, &to, &mut NoScan).unwrap_err();
    assert!(matches!(error, EvidenceError::Foreign { .. }), "{error}");
    let error = bundle(&OsDisk, spec(&run), &path, &mut NoScan).unwrap_err();
    assert!(
        matches!(error, EvidenceError::Store(StoreError::Disk { .. })),
        "replaced a bundle: {error}"
    );
    let spec = spec(&run);
    let journal = run.join("journal.jsonl");
    let bytes = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &bytes[..bytes.len() - 5]).unwrap();
    let error = bundle(&OsDisk, spec, &to, &mut NoScan).unwrap_err();
    assert!(matches!(error, EvidenceError::NotSealed { .. }), "{error}");
}

#[tokio::test]
async fn every_operation_failing_in_turn_leaves_a_whole_bundle_or_none() {
    let (dir, _) = bundled(1).await;
    let run = dir.path().join("run");
    for how in [Failure::NoSpace, Failure::Io, Failure::ShortWrite] {
        for n in 1.. {
            let disk = FailingDisk::at(n, how, true);
            let to = dir.path().join(format!("{how:?}{n}.tar.gz"));
            match bundle(&disk, spec(&run), &to, &mut NoScan) {
                Ok(_) => {
                    assert!(n > 6, "{n}");
                    break;
                }
                Err(error) => assert!(
                    matches!(
                        error,
                        EvidenceError::Store(StoreError::Disk { .. }) | EvidenceError::Journal(_)
                    ),
                    "{error}"
                ),
            }
            if to.exists() {
                assert!(check(&to).unwrap().intact(), "{how:?} at {n}");
            }
        }
    }
}

#[tokio::test]
async fn a_flipped_byte_or_a_cut_is_always_seen() {
    let (dir, path) = bundled(1).await;
    let bytes = std::fs::read(&path).unwrap();
    let broken = dir.path().join("broken.tar.gz");
    let seen = |what: String| match check(&broken) {
        Err(EvidenceError::Store(StoreError::Format { .. })) => {}
        Err(error) => panic!("{what}: {error}"),
        Ok(verified) => assert!(!verified.intact(), "{what}"),
    };
    for at in (0..bytes.len()).step_by(13) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&broken, flipped).unwrap();
        seen(format!("byte {at}"));
        std::fs::write(&broken, &bytes[..at]).unwrap();
        seen(format!("cut at {at}"));
    }
    std::fs::write(&broken, [bytes.as_slice(), &bytes].concat()).unwrap();
    seen("twice".to_owned());
}
