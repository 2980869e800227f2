//! What is kept of an attempt.

use std::collections::BTreeMap;
use std::process::Command;

use canary_gate::store::sha256_hex;
use serde_json::Value;

use crate::stage::{Canary, Stage};

#[test]
fn an_archive_lists_what_it_holds() {
    let stage = Stage::new(Canary::Passes);
    assert_eq!(stage.run(stage.start()).code(), Some(0), "{}", stage.told());
    let attempt = stage.path("st/attempts/3.2.0rc16-attempt1");
    let archive = std::fs::read_dir(attempt)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "gz"))
        .unwrap();
    let into = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(archive).arg("-C").arg(into.path());
    assert!(tar.status().unwrap().success());
    let top = std::fs::read_dir(into.path()).unwrap().next().unwrap();
    let top = top.unwrap().path();
    let listed = std::fs::read_to_string(top.join("manifest.json")).unwrap();
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap().to_owned();
    let listed: BTreeMap<String, String> = listed
        .iter()
        .map(|file| (text(file, "path"), text(file, "sha256")))
        .collect();
    let mut found = BTreeMap::new();
    let mut left = vec![top.clone()];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let name = path.strip_prefix(&top).unwrap().display().to_string();
        found.insert(name, sha256_hex(&std::fs::read(path).unwrap()));
    }
    found.remove("manifest.json");
    assert!(
        found.keys().any(|name| name.starts_with("logs/")),
        "{found:?}"
    );
    assert_eq!(listed, found);
}
