//! Checks a bundle's files against its own lists: nothing missing, added or changed, and no script
//! except one that this program wrote. Does not check the journal.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::manifest::{FORMAT, MANIFEST, Manifest, SCRIPT, SUMS, Summed, json_text, sums};
use crate::store::{Opened, sha256_hex};

/// Digests of the scripts in bundles of all versions. A bundle with another one is not intact,
/// because somebody may run it.
const SCRIPTS: [&str; 2] = [
    "d8109e47137ae856930242e73f841b1b58125daf9f237efe615d5fd2f2d4b28a",
    "62da3b989653b90c70bfdbae37709d733ce448ed1d6efaab0b7dd0d20eb21a82",
];

pub(super) fn kept<'a>(opened: &'a Opened, name: &str) -> Result<&'a [u8], String> {
    let bytes = opened.kept.get(name).map(Vec::as_slice);
    bytes.ok_or_else(|| format!("there is no `{name}`"))
}

pub(super) fn data(files: &[Summed]) -> impl Iterator<Item = &Summed> {
    files.iter().filter(|file| file.path.starts_with("data/"))
}

pub(super) fn manifest(opened: &Opened) -> Result<Manifest, String> {
    let bytes = kept(opened, MANIFEST)?;
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if !format.is_some_and(|found| (1..=u64::from(FORMAT)).contains(&found)) {
        let found = format.map_or("unknown".to_owned(), |found| found.to_string());
        return Err(format!(
            "its format is {found}; this version reads 1 to {FORMAT}"
        ));
    }
    let manifest: Manifest = serde_json::from_value(value).map_err(|error| error.to_string())?;
    // An extra or duplicate field: somebody may trust what no check reads.
    let written = json_text(&manifest).map_err(|error| error.to_string())?;
    if written.as_bytes() != bytes {
        return Err("it is not written as this program writes it".to_owned());
    }
    Ok(manifest)
}

pub(super) fn files(opened: &Opened, manifest: &Manifest) -> Result<(), String> {
    let listed: BTreeMap<&str, &Summed> = manifest
        .files
        .iter()
        .map(|file| (file.path.as_str(), file))
        .collect();
    for file in data(&opened.files) {
        match listed.get(file.path.as_str()) {
            None => return Err(format!("`{}` was added", file.path)),
            Some(said) if *said != file => return Err(format!("`{}` was changed", file.path)),
            Some(_) => {}
        }
    }
    let found = data(&opened.files).count();
    if found != manifest.files.len() {
        let there: BTreeSet<&str> = data(&opened.files).map(|file| file.path.as_str()).collect();
        let missing = listed
            .keys()
            .find(|name| !there.contains(*name))
            .unwrap_or(&"a file twice");
        return Err(format!("`{missing}` is listed but missing"));
    }
    if !data(&opened.files).eq(&manifest.files) {
        return Err("they are listed in another order".to_owned());
    }
    let list = kept(opened, SUMS)?;
    if list != sums(&manifest.files).as_bytes() || sha256_hex(list) != manifest.sums {
        return Err(format!("`{SUMS}` lists something else"));
    }
    let allowed = [SUMS, MANIFEST, SCRIPT];
    let stray = opened
        .files
        .iter()
        .find(|file| !file.path.starts_with("data/") && !allowed.contains(&file.path.as_str()));
    stray.map_or(Ok(()), |file| Err(format!("`{}` was added", file.path)))
}

pub(super) fn script(opened: &Opened) -> Result<(), String> {
    let digest = sha256_hex(kept(opened, SCRIPT)?);
    if SCRIPTS.contains(&digest.as_str()) {
        return Ok(());
    }
    Err("it is not one that this program ever wrote; do not run it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::bundle::VERIFY_SH;
    use super::*;

    #[test]
    fn the_script_that_is_written_is_one_that_is_known_and_short() {
        assert_eq!(
            SCRIPTS.last(),
            Some(&sha256_hex(VERIFY_SH.as_bytes()).as_str())
        );
        assert!(VERIFY_SH.lines().count() <= 40);
    }
}
