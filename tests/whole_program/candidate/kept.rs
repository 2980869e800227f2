//! Wheels that are kept, and installed again: somewhere else, by somebody else, without network.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::candidate_support::machine::{Machine, NOWHERE, Told, cut_off, odd};
use crate::candidate_support::shelf::Index;
use crate::candidate_support::{cli, copy, events};

const VENV: &str = "home/pipx/venvs/spec-kitty-cli";

/// The directory `kept` of the machine, filled from an index.
fn keep(machine: &Machine) -> Utf8PathBuf {
    let told = machine.gate(&["3.2.0rc16", "--into", "first", "--vendor", "kept"]);
    told.says(0, &["keeping the wheels of 2 packages"]);
    machine.path("workspace/kept")
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_network_cut_the_kept_wheels_install() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let kept = keep(&machine);
    let names: Vec<String> = kept
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    assert_eq!(
        names.len(),
        3,
        "a lock, its lines for pip, the wheels: {names:?}"
    );
    drop(index);

    // Another machine: nothing cached, nothing reachable.
    let away = Machine::new(NOWHERE);
    copy(&kept, &away.path("workspace/kept"));
    let install = away.command(&["3.2.0rc16", "--from", "kept", "--into", "there"]);
    let told = Told::of(&cut_off(&install).output().unwrap());
    told.says(
        0,
        &["prints   spec-kitty-cli version 3.2.0rc16", "0 changed"],
    );
    // The proof that it is cut off: from the index it cannot be had.
    let install = away.command(&["3.2.0rc16", "--into", "elsewhere"]);
    let told = Told::of(&cut_off(&install).output().unwrap());
    told.says(4, &["could not be asked"]);
    // Another version than the one that was kept.
    away.gate(&["3.2.0rc15", "--from", "kept", "--into", "other"])
        .says(
            4,
            &["the lock holds 3.2.0rc16 of `spec-kitty-cli`, not 3.2.0rc15"],
        );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_wheel_that_was_touched_or_lost_is_named_and_nothing_installed() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let wheel = keep(&machine).join("wheels/spec_kitty_events-5.1.0-py3-none-any.whl");
    let evil = events("5.1.0")
        .file("spec_kitty_events/evil.py", "")
        .bytes();
    std::fs::write(&wheel, evil).unwrap();
    let install = ["3.2.0rc16", "--from", "kept", "--into", "second"];
    let told = machine.gate(&install);
    told.says(
        4,
        &[
            "the bytes of `spec_kitty_events-5.1.0-py3-none-any.whl` are not those of the lock",
            "do not install it",
        ],
    );
    assert!(
        !machine.path("workspace/second").join(VENV).exists(),
        "{told:?}"
    );
    std::fs::remove_file(&wheel).unwrap();
    let told = machine.gate(&["3.2.0rc16", "--from", "kept", "--into", "third"]);
    told.says(
        4,
        &["`spec_kitty_events-5.1.0-py3-none-any.whl` is not there"],
    );
    assert!(!machine.path("workspace/third").join(VENV).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wheel_that_is_sent_with_other_bytes_is_not_kept() {
    let announced = events("5.1.0").file("spec_kitty_events/extra.py", "good\n");
    let other = announced.clone().content(1, "evil\n").bytes();
    let sent = move |file: &str, bytes: Vec<u8>| {
        if file.starts_with("spec_kitty_events") {
            other.clone()
        } else {
            bytes
        }
    };
    let index = Index::serve_with(&[cli("3.2.0rc16"), announced], sent).await;
    let machine = Machine::new(&index.url);
    let told = machine.gate(&["3.2.0rc16", "--vendor", "--into", "there"]);
    told.says(
        4,
        &["the bytes of `spec-kitty-events==5.1.0` are not those of the lock"],
    );
}

/// The same lock twice: another directory, HOME, umask, locale and time zone, another copy of the
/// wheels. Equal are the digests of all files, bytecode aside, but for the one file that pipx
/// writes for itself and that holds the directory's own path. Scripts are equal, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_lock_gives_the_same_files() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let kept = keep(&machine);
    copy(&kept, &machine.path("workspace/copy"));
    let told = machine.gate(&["3.2.0rc16", "--into", "plain", "--format", "json"]);
    let plain = told.says(0, &[]).json();
    let odd = odd(
        &machine,
        &["3.2.0rc16", "--from", "copy", "--format", "json"],
    );
    let odd = odd.says(0, &[]).json();
    assert_eq!(plain["files_sha256"], odd["files_sha256"]);
    let [plain, odd] = ["plain", "a/much/deeper/place/than/the/first"]
        .map(|into| digests(&machine.path("workspace").join(into).join(VENV)));
    assert!(plain.len() > 20, "{plain:?}");
    assert_eq!(differing(&plain, &odd), ["pipx_metadata.json"]);
}

/// Names of the files whose digests differ, or that only one has.
pub(crate) fn differing(
    one: &BTreeMap<String, Vec<u8>>,
    other: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| one.get(*name) != other.get(*name));
    names.into_iter().cloned().collect()
}

/// Digests of all regular files below a directory, bytecode aside.
pub(crate) fn digests(directory: &Utf8Path) -> BTreeMap<String, Vec<u8>> {
    use sha2::Digest;
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in next.read_dir_utf8().unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && entry.file_name() != "__pycache__" {
                open.push(entry.path().to_owned());
            } else if kind.is_file() {
                let name = entry.path().strip_prefix(directory).unwrap().to_string();
                found.insert(
                    name,
                    sha2::Sha256::digest(std::fs::read(entry.path()).unwrap()).to_vec(),
                );
            }
        }
    }
    found
}
