//! `verify-boundary`.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::verify_version::InstallFact;
use crate::candidate::{Home, Imports, missing_keys, status_json};
use crate::model::{Finding, Outcome};
use crate::verb::programs::did_not_succeed;
use crate::verb::{Act, Ctx, Declares, Field, OnMachine, VerbError};
use crate::world::Ended;

/// What a broken candidate asks for.
const REMEDY: &str =
    "report it to the candidate's maintainers; resume when there is another candidate";

/// Shows that modules import from inside the throwaway home, and that the status command prints the keys it must.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBoundary {
    /// Fact published by `install-candidate`.
    pub install: String,
    /// Modules to import.
    pub modules: Vec<String>,
    /// Arguments of the status command.
    pub status_command: Vec<String>,
    /// Dotted keys that its JSON must have.
    pub status_keys: Vec<String>,
    /// Fact published by `verify-version`: what it found missing of the fixes stops here.
    #[serde(default)]
    pub cli: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for VerifyBoundary {
    fn on_machine(&self) -> OnMachine {
        OnMachine::Used
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "modules: list",
            "exit: text",
            "ok: boolean",
            "auth_present: boolean",
        ]))
    }

    fn reads(&self) -> Vec<&str> {
        let cli = self.cli.as_deref();
        std::iter::once(self.install.as_str()).chain(cli).collect()
    }
}

#[async_trait]
impl Act for VerifyBoundary {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let install: InstallFact = ctx.fact_as(&self.install)?;
        let home = Home::at(install.home.clone());
        let imports = Imports::of(ctx, &home, &install.python, &self.modules).await?;
        let mut wrong = imports.wrong();
        wrong.extend(self.not_installed(ctx)?);
        if !wrong.is_empty() {
            let mut finding = Finding::new(format!(
                "the candidate {} lacks modules of the boundary",
                install.version
            ));
            finding.seen = wrong;
            return Ok(Outcome::Blocked(finding.remedy(REMEDY)));
        }
        let (status, exit) = self.status(ctx, &home, &install).await?;
        let present = status["auth_present"].clone();
        ctx.publish(
            &self.publish,
            json!({"modules": imports, "exit": exit, "ok": status["ok"], "auth_present": present}),
        );
        let mut wrong = self.wrong(&status, &install);
        wrong.extend(another_end(&status, &exit));
        if !wrong.is_empty() {
            let mut finding = Finding::new(format!(
                "`{}` does not print what it must",
                self.status_command.join(" ")
            ));
            finding.seen = wrong;
            return Ok(Outcome::Blocked(finding.remedy(REMEDY)));
        }
        let mut warnings = Vec::new();
        if present == Value::Bool(false) {
            warnings.push("nobody is logged in (`auth_present` is false)".to_owned());
        }
        let note = format!(
            "{} modules from the throwaway home, {} keys",
            self.modules.len(),
            self.status_keys.len()
        );
        Ok(Outcome::Passed { note, warnings })
    }
}

/// How the status says that it ends, where that is not how it ended.
fn another_end(status: &Value, exit: &str) -> Option<String> {
    let said = status["exit_code"].as_i64()?;
    let ended = Ended::Code(i32::try_from(said).ok()?);
    (ended.to_string() != exit)
        .then(|| format!("it contradicts itself: its `exit_code` is {said}, it ended with {exit}"))
}

impl VerifyBoundary {
    /// What the status command printed, and how it ended; 2 is how it says "not ready".
    async fn status(
        &self,
        ctx: &Ctx,
        home: &Home,
        install: &InstallFact,
    ) -> Result<(Value, String), VerbError> {
        let mut argv = vec![install.command.clone()];
        argv.extend(self.status_command.iter().cloned());
        let mut program = home.program(argv.clone());
        if let Some(sandbox) = program.sandbox.as_mut() {
            // It looks for its daemons and asks them.
            (sandbox.network, sandbox.processes) = (true, true);
        }
        program.limit = Duration::from_mins(1);
        let finished = ctx.run(program).await?;
        let mut finding = did_not_succeed(&argv, &finished);
        let why = match status_json(&finished.stdout.text) {
            Ok(Some(status)) => return Ok((status, finished.ended.to_string())),
            Ok(None) => "no JSON object was printed".to_owned(),
            Err(twice) => format!("what was printed is refused: {twice}"),
        };
        finding.what = format!("{why}: {}", finding.what);
        Err(VerbError::blocked(finding.remedy(REMEDY)))
    }

    /// Files of the fixes that are not installed.
    fn not_installed(&self, ctx: &Ctx) -> Result<Vec<String>, VerbError> {
        let Some(cli) = &self.cli else {
            return Ok(Vec::new());
        };
        let missing: Vec<String> = ctx.fact_as(&format!("{cli}.missing"))?;
        let line = |path: String| format!("`{path}` of the tag is not installed");
        Ok(missing.into_iter().map(line).collect())
    }

    fn wrong(&self, status: &Value, install: &InstallFact) -> Vec<String> {
        let lacks = |key: &str| format!("key `{key}` is missing");
        let mut wrong: Vec<String> = missing_keys(status, &self.status_keys)
            .into_iter()
            .map(lacks)
            .collect();
        let says = status["foreground"]["package_version"].as_str();
        if says.is_some_and(|says| says != install.version) {
            wrong.push(format!(
                "it says it is {}, installed is {}",
                says.unwrap_or_default(),
                install.version
            ));
        }
        wrong
    }
}
