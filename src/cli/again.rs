//! The command that goes on with a run, whole: what is typed is what was asked for.

use super::operator::Settings;
use crate::gate::Overrides;
use crate::model::subject::WorldKind;
use crate::model::{Asked, Scope, quoted};

/// What has to be typed again; gate file and parameters are on record with the run.
#[derive(Debug, Clone, Default)]
pub(super) struct Again {
    /// The subcommand, and what else makes its world.
    begun: String,
    scope: Option<String>,
    options: Vec<String>,
}

impl Again {
    /// The directories that were set, the scope, and whether anything may be written.
    pub(super) fn new(
        overrides: &Overrides,
        settings: &Settings,
        asked: &Asked,
        world: Option<&WorldKind>,
        yes: bool,
    ) -> Self {
        let scope = match &asked.scope {
            Scope::All => None,
            Scope::Until(package) => Some(format!("--until {}", quoted(package))),
            Scope::Only(package) => Some(format!("--only {}", quoted(package))),
            Scope::Packages(all) => Some(format!("--only {}", quoted(&all.join(",")))),
        };
        let mut options = Vec::new();
        // A rehearsal's world is built anew, with checkouts of its own.
        let (begun, rehearsed) = match world {
            Some(WorldKind::Rehearsal { faults }) => {
                let faults = faults
                    .iter()
                    .map(|fault| format!("--fault {} ", quoted(fault)));
                (
                    format!("gate rehearse {}", faults.collect::<String>()),
                    true,
                )
            }
            _ => ("gate run ".to_owned(), false),
        };
        for (name, directory) in [
            ("workspace", &settings.workspace),
            ("state_dir", &settings.state),
        ] {
            let its_own = rehearsed && name == "workspace";
            if overrides.settings.contains_key(name) && !its_own {
                options.push(format!("--set {}", quoted(&format!("{name}={directory}"))));
            }
        }
        if asked.unconfined {
            options.push("--no-sandbox".to_owned());
        }
        if asked.wait {
            options.push("--wait".to_owned());
        }
        if let Some(again) = asked.again {
            options.push(format!("--again {}", again.name()));
        }
        if asked.dry_run {
            options.push("--dry-run".to_owned());
        } else if yes {
            options.push("--yes".to_owned());
        }
        Self {
            begun,
            scope,
            options,
        }
    }

    /// The same, signed by a key.
    pub(super) fn signed_with(mut self, key: Option<&str>) -> Self {
        let option = key.map(|key| format!("--sign {}", quoted(key)));
        self.options.extend(option);
        self
    }

    /// The command for what was asked for.
    pub(super) fn command(&self, run: &str) -> String {
        let begun = [format!("{}--resume {}", self.begun, quoted(run))];
        let words: Vec<&str> = (begun.iter().chain(&self.scope).chain(&self.options))
            .map(String::as_str)
            .collect();
        words.join(" ")
    }

    /// The command for what was left out.
    pub(super) fn rest(&self, run: &str) -> String {
        let all = Self {
            scope: None,
            ..self.clone()
        };
        all.command(run)
    }
}
