//! What we build from: licences, banned crates and sources as deny.toml lists them, and no crate
//! that needs a newer compiler than the flake's.

use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

static PACKAGES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let metadata = Command::new(env!("CARGO"))
        // not --offline: the crates of other platforms were not downloaded for a build here
        .args(["metadata", "--format-version=1", "--locked"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&metadata.stderr);
    assert!(metadata.status.success(), "cargo metadata: {words}");
    let mut metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else {
        panic!("no packages");
    };
    packages
});

static POLICY: LazyLock<toml::Table> = LazyLock::new(|| read("deny.toml"));

fn read(file: &str) -> toml::Table {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn texts<'a>(table: &'a toml::Value, key: &str) -> Vec<&'a str> {
    let all = table[key].as_array().unwrap();
    all.iter().map(|text| text.as_str().unwrap()).collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// Whether an SPDX expression can be satisfied with the allowed licences.
fn allowed(expression: &str, licences: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let verdict = any(&mut words, licences);
    verdict && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words, licences: &[&str]) -> bool {
    let mut verdict = all(words, licences);
    while words.next_if_eq(&"OR").is_some() {
        verdict |= all(words, licences);
    }
    verdict
}

fn all(words: &mut Words, licences: &[&str]) -> bool {
    let mut verdict = one(words, licences);
    while words.next_if_eq(&"AND").is_some() {
        verdict &= one(words, licences);
    }
    verdict
}

fn one(words: &mut Words, licences: &[&str]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let verdict = any(words, licences);
        return words.next_if_eq(&")").is_some() && verdict;
    }
    let Some(licence) = words.next() else {
        return false;
    };
    let full = match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
        Some(exception) => format!("{licence} WITH {exception}"),
        None => licence.to_owned(),
    };
    licences.contains(&full.as_str())
}

/// `1.95` and `1.95.0` as numbers that compare.
fn version(text: &str) -> Vec<u32> {
    let numbers = text.split('.').map(|number| number.parse().unwrap());
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn every_licence_is_permissive() {
    let licences = texts(&POLICY["licenses"], "allow");
    let refused: Vec<_> = PACKAGES
        .iter()
        .filter(|package| {
            let licence = package["license"].as_str();
            !licence.is_some_and(|licence| allowed(licence, &licences))
        })
        .map(|package| (name(package), &package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let licences = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
    for (expression, verdict) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR GPL-3.0-only) AND ISC", true),
        ("MIT AND ISC OR GPL-3.0-only", true),
        ("GPL-3.0-only OR MIT AND GPL-2.0-only", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("(MIT", false),
        ("", false),
    ] {
        assert_eq!(allowed(expression, &licences), verdict, "{expression}");
    }
}

#[test]
fn nothing_banned_is_built_in() {
    let banned: Vec<&str> = POLICY["bans"]["deny"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ban| ban["crate"].as_str().unwrap())
        .collect();
    let found: Vec<_> = PACKAGES
        .iter()
        .map(name)
        .filter(|name| banned.contains(name))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn everything_comes_from_the_one_registry() {
    let ours = |package: &&Value| package["source"].is_null() && name(package) == "canary-gate";
    assert_eq!(PACKAGES.iter().filter(ours).count(), 1);
    let sources: std::collections::BTreeSet<_> = PACKAGES
        .iter()
        .filter(|package| !ours(package))
        .map(|package| package["source"].as_str().unwrap_or("a directory"))
        .collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")));
}

#[test]
fn every_crate_builds_with_the_pinned_compiler() {
    let ours = read("Cargo.toml")["package"]["rust-version"].clone();
    let ours = version(ours.as_str().unwrap());
    let newer: Vec<_> = PACKAGES
        .iter()
        .filter_map(|package| Some((name(package), package["rust_version"].as_str()?)))
        .filter(|(_, needs)| version(needs) > ours)
        .collect();
    assert!(newer.is_empty(), "{newer:?}");
}
