//! The command that goes on with a run, whole: what is typed is what was asked for.

use super::operator::Settings;
use crate::engine::{Asked, Scope};
use crate::gate::Overrides;
use crate::report::quoted;

/// What has to be typed again; gate file and parameters are on record with the run.
#[derive(Debug, Clone, Default)]
pub(super) struct Again {
    scope: Option<String>,
    options: Vec<String>,
}

impl Again {
    /// The directories that were set, the scope, and whether anything may be written.
    pub(super) fn new(
        overrides: &Overrides,
        settings: &Settings,
        asked: &Asked,
        yes: bool,
    ) -> Self {
        let scope = match &asked.scope {
            Scope::All => None,
            Scope::Until(package) => Some(format!("--until {}", quoted(package))),
            Scope::Only(package) => Some(format!("--only {}", quoted(package))),
        };
        let mut options = Vec::new();
        for (name, directory) in [
            ("workspace", &settings.workspace),
            ("state_dir", &settings.state),
        ] {
            if overrides.settings.contains_key(name) {
                options.push(format!("--set {}", quoted(&format!("{name}={directory}"))));
            }
        }
        if asked.dry_run {
            options.push("--dry-run".to_owned());
        } else if yes {
            options.push("--yes".to_owned());
        }
        Self { scope, options }
    }

    /// The command for what was asked for.
    pub(super) fn command(&self, run: &str) -> String {
        let begun = [format!("gate run --resume {run}")];
        let words: Vec<&str> = (begun.iter().chain(&self.scope).chain(&self.options))
            .map(String::as_str)
            .collect();
        words.join(" ")
    }

    /// The command for what was left out.
    pub(super) fn rest(&self, run: &str) -> String {
        let options = self.options.clone();
        let all = Self {
            scope: None,
            options,
        };
        all.command(run)
    }
}
