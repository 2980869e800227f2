//! The settings themselves, sorted, and how both tools read them.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::world::live::operator::Operator;

/// Suffixes of settings that change what is resolved or built, whatever a tool calls them.
const RESOLVES: &[&str] = &[
    "build-constraint",
    "build-constraints",
    "build-constraint-dependencies",
    "constraint",
    "constraints",
    "constraint-dependencies",
    "dependency-metadata",
    "exclude-newer",
    "exclude-newer-package",
    "extra-build-dependencies",
    "fork-strategy",
    "ignore-requires-python",
    "index-strategy",
    "no-binary",
    "no-binary-package",
    "no-build",
    "no-build-isolation",
    "no-build-package",
    "no-deps",
    "no-sources",
    "only-binary",
    "override",
    "overrides",
    "override-dependencies",
    "pre",
    "prefer-binary",
    "prerelease",
    "python-platform",
    "python-version",
    "reinstall",
    "require-hashes",
    "resolution",
    "torch-backend",
    "universal",
    "upgrade",
    "upgrade-package",
    "upgrade-strategy",
];

/// The operator's settings, sorted by what becomes of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::world::live) struct IndexSettings {
    /// Variables for installers.
    pub(in crate::world::live) env: BTreeMap<String, String>,
    pub(in crate::world::live) named: Named,
}

/// Their names, for the evidence; never their values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(in crate::world::live) struct Named {
    pub(super) taken: BTreeSet<String>,
    pub(super) left_out: BTreeSet<String>,
    /// The subset of them that would change what is resolved.
    pub(super) would_resolve: BTreeSet<String>,
}

impl Named {
    pub(super) fn take(&mut self, name: String) {
        self.taken.insert(name);
    }

    /// Leaves out a setting that a source calls `key`.
    pub(super) fn leave_out(&mut self, name: String, key: &str) {
        let key = key.to_ascii_lowercase().replace('_', "-");
        if RESOLVES.contains(&key.as_str()) {
            self.would_resolve.insert(name.clone());
        }
        self.left_out.insert(name);
    }

    /// Records how many logins of the operator's netrc are for no index.
    pub(in crate::world::live) fn leave_out_logins(&mut self, count: usize) {
        if count > 0 {
            let what = format!("netrc: {count} logins at hosts that are no configured index");
            self.left_out.insert(what);
        }
    }

    /// Records that a file is not read, including its index.
    pub(super) fn unreadable(&mut self, file: &str, why: &str) {
        let name = format!("{file}, which cannot be read: {why}");
        self.would_resolve.insert(name.clone());
        self.left_out.insert(name);
    }
}

impl IndexSettings {
    /// Where the names are written down, in the run directory.
    pub(in crate::world::live) const NOTED: &str = "index-settings.json";
}

/// The operator's configuration directory.
pub(super) fn configuration(operator: &Operator) -> Utf8PathBuf {
    let own = operator.var("XDG_CONFIG_HOME").map(Utf8PathBuf::from);
    own.unwrap_or_else(|| operator.home.join(".config"))
}

/// The machine's configuration directories, the first of them strongest.
pub(super) fn system(operator: &Operator) -> Vec<Utf8PathBuf> {
    let listed = operator.var("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    let listed = listed.split(':').filter(|path| !path.is_empty());
    listed
        .map(Utf8PathBuf::from)
        .chain(["/etc".into()])
        .collect()
}

/// Whether a variable is true, as both tools parse it.
pub(super) fn says_yes(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    !matches!(
        value.as_str(),
        "" | "0" | "false" | "no" | "off" | "n" | "f"
    )
}
