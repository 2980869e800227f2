//! Archives that somebody made to do harm: refused, in bounded memory, with nothing written
//! elsewhere.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use canary_gate::evidence::bundle;
use canary_gate::journal::read;
use canary_gate::model::Verdict;
use canary_gate::store::disk::OsDisk;
use canary_gate::store::{
    Content, Limits, NoScan, Part, StoreError, open, pack, sha256_hex, unpack,
};

use super::bundles::{Change, bundled, check, edit, spec};
use super::sample::id;

/// An archive with any headers, in blocks as bundles have them.
fn forged(dir: &Path, tar: &[u8]) -> PathBuf {
    let blocks: Vec<u8> = tar.chunks(1 << 20).flat_map(forged_block).collect();
    let path = dir.join(format!("{}.tar.gz", sha256_hex(tar)));
    std::fs::write(&path, blocks).unwrap();
    path
}

fn tar_with(change: impl FnOnce(&mut tar::Header), name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = honest_header();
    header.as_mut_bytes()[..100].fill(0);
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(content.len() as u64);
    change(&mut header);
    header.as_mut_bytes()[148..156].fill(b' ');
    let sum: u32 = header.as_bytes().iter().copied().map(u32::from).sum();
    header.as_mut_bytes()[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A header as this program writes it.
fn honest_header() -> tar::Header {
    let dir = tempfile::tempdir().unwrap();
    let part = Part {
        name: "a/b".into(),
        content: Content::Bytes(Vec::new()),
    };
    let to = dir.path().join("one.tar.gz");
    pack(&OsDisk, vec![part], &to, &mut NoScan).unwrap();
    let packed = std::fs::read(&to).unwrap();
    let mut header = tar::Header::new_old();
    flate2::read::MultiGzDecoder::new(packed.as_slice())
        .read_exact(header.as_mut_bytes())
        .unwrap();
    header
}

fn ended(mut tar: Vec<u8>) -> Vec<u8> {
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// Archives with one trick each.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let same = |_: &mut tar::Header| {};
    let link = |kind| {
        move |header: &mut tar::Header| {
            header.set_entry_type(kind);
            header.set_link_name("/etc/passwd").unwrap();
        }
    };
    let one = tar_with(same, "a/b", b"x");
    vec![
        ("path traversal", ended(tar_with(same, "a/../../x", b"x"))),
        ("absolute", ended(tar_with(same, "/etc/x", b"x"))),
        ("dot", ended(tar_with(same, "./x", b"x"))),
        ("control", ended(tar_with(same, "a/b\nc", b"x"))),
        ("no directory", ended(tar_with(same, "x", b"x"))),
        (
            "symlink",
            ended(tar_with(link(tar::EntryType::Symlink), "a/l", b"")),
        ),
        (
            "hard link",
            ended(tar_with(link(tar::EntryType::Link), "a/l", b"")),
        ),
        (
            "directory",
            ended(tar_with(
                |h| h.set_entry_type(tar::EntryType::Directory),
                "a/d",
                b"",
            )),
        ),
        (
            "device",
            ended(tar_with(
                |h| h.set_entry_type(tar::EntryType::Char),
                "a/d",
                b"",
            )),
        ),
        (
            "sparse",
            ended(tar_with(
                |h| h.set_entry_type(tar::EntryType::GNUSparse),
                "a/d",
                b"",
            )),
        ),
        (
            "setuid",
            ended(tar_with(|h| h.set_mode(0o4755), "a/d", b"")),
        ),
        (
            "another owner",
            ended(tar_with(|h| h.set_uid(7), "a/d", b"")),
        ),
        ("twice", ended([one.clone(), one.clone()].concat())),
        (
            "not sorted",
            ended([one.clone(), tar_with(same, "a/a", b"x")].concat()),
        ),
        (
            "two tops",
            ended([one.clone(), tar_with(same, "b/a", b"x")].concat()),
        ),
        (
            "says it is larger",
            ended(tar_with(|h| h.set_size(1 << 33), "a/d", b"x")),
        ),
        (
            "says it is huge",
            ended(tar_with(|h| h.set_size(u64::MAX), "a/d", b"x")),
        ),
        ("no end", one.clone()),
        (
            "more behind the end",
            [ended(one.clone()), one.clone()].concat(),
        ),
        (
            "long long name",
            ended(tar_with(
                |h| {
                    h.set_entry_type(tar::EntryType::XHeader);
                    h.set_size(1 << 30);
                },
                "a/d",
                b"",
            )),
        ),
        ("empty", ended(Vec::new())),
        ("nothing", Vec::new()),
    ]
}

#[test]
fn hostile_archives_are_refused_and_write_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let hostile = hostile();
    let same = |_: &mut tar::Header| {};
    for (what, tar) in hostile {
        let path = forged(dir.path(), &tar);
        let into = dir.path().join("into");
        let outcome = unpack(&OsDisk, &path, &into, |_| true, Limits::default());
        assert!(outcome.is_err(), "{what} was unpacked");
        let verified = check(&path);
        assert!(verified.is_err(), "{what}: {}", verified.unwrap());
        for entry in std::fs::read_dir(&into).unwrap() {
            let entry = entry.unwrap();
            assert!(
                ["b", "d"].contains(&entry.file_name().to_str().unwrap()),
                "{what}"
            );
            assert!(entry.file_type().unwrap().is_file(), "{what}");
        }
        std::fs::remove_dir_all(&into).unwrap();
    }
    assert!(!dir.path().join("x").exists());
    // The forger's own hand is steady: the same without a trick is read.
    let path = forged(dir.path(), &ended(tar_with(same, "a/b", b"x")));
    assert_eq!(
        open(&OsDisk, &path, |_| true, Limits::default())
            .unwrap()
            .files
            .len(),
        1
    );
}

#[test]
fn bombs_are_ended_by_the_limits() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        total: 1 << 20,
        files: 3,
        kept: 1000,
    };
    let big = forged(
        dir.path(),
        &ended(tar_with(|_| {}, "a/big", &vec![0; 2 << 20])),
    );
    let error = open(&OsDisk, &big, |_| false, limits).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    let many: Vec<u8> = (0..4)
        .flat_map(|n| tar_with(|_| {}, &format!("a/{n}"), b""))
        .collect();
    let many = forged(dir.path(), &ended(many));
    assert!(matches!(
        open(&OsDisk, &many, |_| false, limits),
        Err(StoreError::TooLarge { .. })
    ));
    let kept = forged(dir.path(), &ended(tar_with(|_| {}, "a/big", &[0; 2000])));
    assert!(matches!(
        open(&OsDisk, &kept, |_| true, limits),
        Err(StoreError::TooLarge { .. })
    ));
    assert!(open(&OsDisk, &kept, |_| false, limits).is_ok());
    // A block that inflates to more than a block, and a plain gzip file.
    for bytes in [forged_block(&vec![0; 64 << 20]), gzip(b"x")] {
        let path = dir.path().join("bomb.tar.gz");
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(
            open(&OsDisk, &path, |_| false, limits),
            Err(StoreError::Format { .. })
        ));
    }
}

/// A block as bundles have them, whatever its content.
fn forged_block(content: &[u8]) -> Vec<u8> {
    forged_block_at(5, content)
}

/// The same from a packer that takes more or less trouble.
pub(crate) fn forged_block_at(level: u32, content: &[u8]) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        (crc.sum().to_le_bytes(), crc.amount().to_le_bytes())
    };
    let mut gz = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
    gz.write_all(content).unwrap();
    let deflated = gz.finish().unwrap();
    let mut block = vec![
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 12, 0, b'G', b'B', 8, 0,
    ];
    block.extend(u32::try_from(deflated.len() + 32).unwrap().to_le_bytes());
    block.extend(sum(&deflated).0);
    block.extend(deflated);
    block.extend(sum(content).0);
    block.extend(sum(content).1);
    block
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(content, flate2::Compression::new(6))
        .read_to_end(&mut out)
        .unwrap();
    out
}

/// Repacks a bundle after a change to its unpacked files, list and manifest made consistent.
fn repacked(path: &Path, change: impl FnOnce(&Path)) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().join("t");
    unpack(&OsDisk, path, &top, |_| true, Limits::default()).unwrap();
    change(&top);
    let opened = open(&OsDisk, path, |_| false, Limits::default()).unwrap();
    let parts = opened.files.iter().map(|file| Part {
        name: format!("{}/{}", opened.top, file.path),
        content: Content::File(top.join(&file.path)),
    });
    let to = dir.path().join("forged.tar.gz");
    let there = parts.filter(|part| matches!(&part.content, Content::File(path) if path.exists()));
    pack(&OsDisk, there.collect(), &to, &mut NoScan).unwrap();
    (dir, to)
}

#[tokio::test]
async fn a_forger_who_repacks_is_caught_by_the_check_that_is_for_it() {
    let (_dir, path) = bundled(2).await;
    let forgeries: [(&str, Change); 7] = [
        ("files and digests", |top| {
            std::fs::write(top.join("data/files/pylock.toml"), "x").unwrap();
        }),
        ("files and digests", |top| {
            std::fs::remove_file(top.join("data/files/pylock.toml")).unwrap();
        }),
        ("verify.sh", |top| {
            std::fs::write(top.join("verify.sh"), "echo intact").unwrap();
        }),
        ("chain of records", |top| {
            edit(top, |lines| lines[5] = lines[5].replace("T001", "T002"));
        }),
        ("seal", |top| edit(top, |lines| drop(lines.pop()))),
        ("gate file", |top| {
            std::fs::write(top.join("data/gate.toml"), "x").unwrap();
        }),
        ("reports", |top| {
            std::fs::write(top.join("data/reports/report.md"), "passed!").unwrap();
        }),
    ];
    for (name, forge) in forgeries {
        let (_dir, forged) = repacked(&path, forge);
        let verified = check(&forged).unwrap();
        let broken: Vec<_> = verified
            .checks
            .iter()
            .filter(|check| check.fault.is_some())
            .collect();
        assert!(
            broken.iter().any(|check| check.name == name),
            "{name}: {verified}"
        );
    }
    let (_dir, unchanged) = repacked(&path, |_| {});
    assert!(check(&unchanged).unwrap().intact());
}

#[tokio::test]
async fn a_verdict_made_better_with_the_whole_chain_made_anew_is_seen() {
    let (dir, _) = bundled(2).await;
    let run = dir.path().join("run");
    let folded = read(&run).unwrap();
    let mut lines = folded.lines.clone();
    for line in &mut lines {
        if let canary_gate::journal::Record::Sealed(sealed) = &mut line.record {
            sealed.verdict = Verdict::Blocked;
        }
    }
    let chain = canary_gate::journal::canonical(&lines).unwrap();
    std::fs::write(run.join("journal.jsonl"), &chain.text).unwrap();
    let to = dir.path().join("forged.tar.gz");
    bundle(&OsDisk, spec(&run), &to, &mut NoScan).unwrap();
    let verified = check(&to).unwrap();
    let fault = verified
        .checks
        .iter()
        .find(|check| check.name == "verdict")
        .unwrap();
    assert!(
        fault.fault.as_ref().unwrap().contains("blocked"),
        "{verified}"
    );
    assert_eq!(
        read(&run).unwrap().course(&id(1)).unwrap().exchanges.len(),
        4
    );
}
