//! `install-candidate`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::candidate::{
    Home, Install, Installed, Network, compared, install, install_lock, read_lock,
};
use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, Field, OnMachine, VerbError};
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

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "home: text",
            "bin: text",
            "command: text",
            "python: text",
            "python_version: text",
            "package: text",
            "version: text",
            "as_of: text?",
            "lock: text",
            "lock_sha256: text",
            "closure_sha256: text",
            "packages: list",
            "backend: text",
            "files: integer",
            "files_sha256: text",
            "operator_home: table",
            "index_settings: table",
        ]))
    }

    fn fills_home(&self) -> bool {
        true
    }

    fn on_machine(&self) -> OnMachine {
        OnMachine::Made(&[
            "package",
            "version",
            "closure_sha256",
            "python_version",
            "files_sha256",
        ])
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["pipx", "python3", "uv"]
    }
}

#[async_trait]
impl Act for InstallCandidate {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        self.judge(ctx, install(ctx, self.request())).await
    }

    /// From the lock that is on record: what the index offers now is another question.
    async fn remake(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let request = self.request();
        let lock = read_lock(ctx, request.evidence.join("pylock.toml")).await?;
        self.judge(ctx, install_lock(ctx, request, lock)).await
    }
}

impl InstallCandidate {
    fn request(&self) -> Install {
        Install {
            package: self.package.clone(),
            version: self.version.clone(),
            command: self.command.clone(),
            as_of: self.as_of.clone().filter(|time| !time.is_empty()),
            home: Home::of_run(),
            evidence: Place::run("candidate"),
            network: Network::Allowed,
        }
    }

    async fn judge(
        &self,
        ctx: &Ctx,
        work: impl Future<Output = Result<Installed, VerbError>> + Send,
    ) -> Result<Outcome, VerbError> {
        let (installed, home) = compared(ctx, work).await?;
        let mut fact = installed.fact();
        fact["operator_home"] = json!({"looked_at": home.looked_at, "changed": home.changed});
        fact["index_settings"] = json!(home.settings);
        if ctx.setting().format < 2 {
            without_digests(&mut fact["packages"]);
        }
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

/// A replay of a journal of format 1 finds out what that had: of several wheels only their number.
fn without_digests(packages: &mut Value) {
    for package in packages.as_array_mut().into_iter().flatten() {
        if let Some(package) = package.as_object_mut() {
            package.shift_remove("wheel_sha256");
        }
    }
}
