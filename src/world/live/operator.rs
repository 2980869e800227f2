//! The environment that the gate was started in: the operator's variables and directories.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

/// The operator's shell environment when the gate started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operator {
    /// Environment.
    pub env: BTreeMap<String, String>,
    /// Home directory.
    pub home: Utf8PathBuf,
    /// Working directory.
    pub cwd: Utf8PathBuf,
}

impl Operator {
    /// A variable that is set and not empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The directories of `PATH`, in order; relative ones are resolved against the working
    /// directory.
    #[must_use]
    pub fn path(&self) -> Vec<Utf8PathBuf> {
        let entries = self.var("PATH").unwrap_or_default().split(':');
        let absolute = |entry: &str| self.cwd.join(entry);
        entries
            .filter(|entry| !entry.is_empty())
            .map(absolute)
            .collect()
    }
}
