//! A sealed directory beside its manifest.

use std::collections::BTreeMap;
use std::path::Path;

use canary_gate::store::sha256_hex;
use serde_json::Value;

/// What is not as its manifest says: files that were added, changed or taken away.
pub(crate) fn differences(directory: &Path) -> Vec<String> {
    let manifest = std::fs::read(directory.join("manifest.json")).unwrap();
    let listed: Value = serde_json::from_slice(&manifest).unwrap();
    let mut listed: BTreeMap<String, (u64, String)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let text = |name: &str| file[name].as_str().unwrap().to_owned();
            (
                text("path"),
                (file["bytes"].as_u64().unwrap(), text("sha256")),
            )
        })
        .collect();
    let mut differ = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(directory).unwrap().to_str().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let found = (bytes.len() as u64, sha256_hex(&bytes));
            match listed.remove(name) {
                None if name != "manifest.json" => differ.push(format!("`{name}` was added")),
                Some(told) if told != found => differ.push(format!("`{name}` was changed")),
                _ => {}
            }
        }
    }
    differ.extend(listed.keys().map(|name| format!("`{name}` is gone")));
    differ
}
