//! `install-candidate`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Act, Ctx, Declares, Trouble};
use crate::candidate::{Home, Install, Network, compared, install};
use crate::gate::Outcome;
use crate::world::Place;

/// Installs the candidate with pipx into the run's throwaway home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallCandidate {
    /// Name of the package.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// Resolve dependencies as of this time, RFC 3339; empty means now.
    #[serde(default)]
    pub as_of: Option<String>,
    /// The command it must bring.
    pub command: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for InstallCandidate {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec![
            "home",
            "bin",
            "command",
            "python",
            "python_version",
            "package",
            "version",
            "as_of",
            "lock",
            "lock_sha256",
            "closure_sha256",
            "packages",
            "backend",
            "files",
            "files_sha256",
            "operator_home",
        ])
    }

    fn fills_home(&self) -> bool {
        true
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["pipx", "python3", "uv"]
    }
}

#[async_trait]
impl Act for InstallCandidate {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let request = Install {
            package: self.package.clone(),
            version: self.version.clone(),
            command: self.command.clone(),
            as_of: self.as_of.clone().filter(|time| !time.is_empty()),
            home: Home::of_run(),
            evidence: Place::run("candidate"),
            network: Network::Allowed,
        };
        let (installed, home) = compared(ctx, install(ctx, request)).await?;
        let mut fact = installed.fact();
        fact["operator_home"] = json!({"looked_at": home.looked_at, "changed": home.changed});
        ctx.publish(&self.publish, fact);
        let note = format!(
            "{} {} and {} more packages, locked by hash",
            self.package,
            self.version,
            installed.lock.packages.len() - 1
        );
        let warnings = home.warnings().collect();
        Ok(Outcome::Passed { note, warnings })
    }
}
