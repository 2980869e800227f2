//! Compares the operator's home before and after: the gate must leave it unchanged.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{RehearsalError, host};

/// Digests of all files of a home, by path below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<String, Vec<u8>>);

/// Records the current state of a home. The orphans' own homes exist only as long as they do, so
/// they are left out.
pub(super) fn snapshot(home: &Path) -> Result<Snapshot, RehearsalError> {
    let files = host::files_below(home)?;
    let mut digests = BTreeMap::new();
    for path in files
        .into_iter()
        .filter(|path| !path.starts_with("orphans/"))
    {
        let digest = Sha256::digest(host::read(&home.join(&path))?).to_vec();
        digests.insert(path, digest);
    }
    Ok(Snapshot(digests))
}

/// What differs since, one line each; a home that cannot be read differs.
pub(super) fn changes(before: &Snapshot, home: &Path) -> Vec<String> {
    let after = match snapshot(home) {
        Ok(after) => after,
        Err(error) => return vec![error.to_string()],
    };
    let gone = before
        .0
        .keys()
        .filter(|path| !after.0.contains_key(*path))
        .map(|path| format!("gone: {path}"));
    let new = after
        .0
        .keys()
        .filter(|path| !before.0.contains_key(*path))
        .map(|path| format!("new: {path}"));
    let other = after
        .0
        .iter()
        .filter(|(path, digest)| before.0.get(*path).is_some_and(|old| old != *digest));
    gone.chain(new)
        .chain(other.map(|(path, _)| format!("changed: {path}")))
        .collect()
}
