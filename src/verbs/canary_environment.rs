//! `canary-environment`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::verify_version::InstallFact;
use crate::candidate::{Home, version_line};
use crate::model::{Finding, Outcome, read_json_as};
use crate::verb::programs::{must_succeed, with_output};
use crate::verb::{Act, Ctx, Declares, Field, OnMachine, Param, VerbError};
use crate::world::Program;

/// Prints the names, never the values, of the variables it has.
const NAMES: &str = "import json, os; print(json.dumps(sorted(os.environ)))";

/// Builds the canary's environment and shows that the installed command answers in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CanaryEnvironment {
    /// Fact published by `install-candidate`.
    pub install: String,
    /// Variables to set.
    pub variables: BTreeMap<String, String>,
    /// Names of the operator's variables that pass through. Their values are hidden wherever they
    /// stand, but for ordinary words and numbers of up to seven letters or digits (`true`, `PASS`,
    /// `8080`): hidden, those would change what results say.
    pub pass: Param<Vec<String>>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for CanaryEnvironment {
    fn on_machine(&self) -> OnMachine {
        OnMachine::Made(&["variables", "pass", "path", "unset"])
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "variables: table",
            "pass: list",
            "path: text",
            "unset: list",
        ]))
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.install]
    }
}

#[async_trait]
impl Act for CanaryEnvironment {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let install: InstallFact = ctx.fact_as(&self.install)?;
        let pass: BTreeSet<String> = self.passed_names()?;
        self.check(&pass)?;
        self.answers(ctx, &install, &pass).await?;
        let unset = self.unset(ctx, &install, &pass).await?;
        let home = Home::at(install.home.clone());
        ctx.publish(
            &self.publish,
            json!({"variables": self.variables, "pass": pass, "path": home.bin(), "unset": unset}),
        );
        let warnings = unset
            .iter()
            .map(|name| format!("`{name}` is not set; the canary runs without it"))
            .collect();
        let note = format!(
            "{} variables, {} passed through",
            self.variables.len(),
            pass.len() - unset.len()
        );
        Ok(Outcome::Passed { note, warnings })
    }
}

impl CanaryEnvironment {
    fn passed_names(&self) -> Result<BTreeSet<String>, VerbError> {
        let names = self.pass.given().ok_or_else(|| {
            VerbError::error(
                Finding::new("`pass` is not a list of names").remedy("correct `env.pass`"),
            )
        })?;
        Ok(names.iter().cloned().collect())
    }

    /// Refuses what cannot be an environment, or would say two things of one variable.
    fn check(&self, pass: &BTreeSet<String>) -> Result<(), VerbError> {
        let mut wrong = Vec::new();
        for name in self.variables.keys().chain(pass) {
            if !is_name(name) {
                wrong.push(format!("`{name}` is not the name of a variable"));
            }
        }
        for (name, value) in &self.variables {
            if value.is_empty() {
                wrong.push(format!("`{name}` is empty"));
            }
            if pass.contains(name) {
                wrong.push(format!("`{name}` is both set and passed through"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let mut finding = Finding::new("this is no environment for the canary");
        finding.seen = wrong;
        Err(VerbError::error(
            finding.remedy("correct `env.pass` and the subtask's `variables`"),
        ))
    }

    /// The candidate answers in that environment.
    async fn answers(
        &self,
        ctx: &Ctx,
        install: &InstallFact,
        pass: &BTreeSet<String>,
    ) -> Result<(), VerbError> {
        let program = self.program(
            install,
            pass,
            vec![install.command.clone(), "--version".to_owned()],
        );
        let finished = must_succeed(ctx, program).await?;
        let expect = format!("{} version {}", install.package, install.version);
        if version_line(&finished.stdout.text, &expect) == Some(&expect) {
            return Ok(());
        }
        let finding = Finding::new(format!(
            "`{}` does not say `{expect}` in the canary's environment",
            install.command
        ));
        Err(VerbError::error(with_output(finding, &finished.stdout)))
    }

    /// Names that should pass through but are not set.
    async fn unset(
        &self,
        ctx: &Ctx,
        install: &InstallFact,
        pass: &BTreeSet<String>,
    ) -> Result<Vec<String>, VerbError> {
        let argv = [install.python.as_str(), "-I", "-B", "-c", NAMES].map(str::to_owned);
        let finished = must_succeed(ctx, self.program(install, pass, argv.into())).await?;
        let names: BTreeSet<String> =
            read_json_as(&finished.stdout.last_lines(1)).map_err(|error| {
                VerbError::error(Finding::new(format!(
                    "the canary's environment cannot be read: {error}"
                )))
            })?;
        let lost: Vec<&String> = self
            .variables
            .keys()
            .filter(|name| !names.contains(*name))
            .collect();
        if let Some(name) = lost.first() {
            return Err(VerbError::error(Finding::new(format!(
                "`{name}` does not reach the canary"
            ))));
        }
        Ok(pass.difference(&names).cloned().collect())
    }

    fn program(
        &self,
        install: &InstallFact,
        pass: &BTreeSet<String>,
        argv: Vec<String>,
    ) -> Program {
        let mut program = Home::at(install.home.clone()).program(argv);
        program.env.extend(self.variables.clone());
        program.pass.clone_from(pass);
        program.limit = Duration::from_mins(1);
        program
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::{Scripted, ended};
    use crate::world::Effect;

    fn verb(variables: &[(&str, &str)], pass: &[&str]) -> CanaryEnvironment {
        CanaryEnvironment {
            install: "install".into(),
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            pass: Param::Given(pass.iter().map(|&name| name.into()).collect()),
            publish: "canary.environment".into(),
        }
    }

    fn world() -> Scripted {
        Scripted::new().fact(
            "install",
            json!({"home": "‹run›/home", "command": "‹run›/home/bin/spec-kitty",
            "python": "‹run›/home/p", "package": "spec-kitty-cli", "version": "3.2.0rc16"}),
        )
    }

    #[tokio::test]
    async fn names_that_are_not_set_are_a_warning_and_values_never_asked_for() {
        let world = world()
            .run(
                "‹run›/home/bin/spec-kitty --version",
                ended(0, "banner\nspec-kitty-cli version 3.2.0rc16\n", ""),
            )
            .run(
                "‹run›/home/p -I",
                ended(0, "[\"HOME\", \"SYNC\", \"TOKEN_A\"]\n", ""),
            );
        let ctx = world.ctx();
        let outcome = verb(&[("SYNC", "1")], &["TOKEN_A", "TOKEN_B"])
            .act(&ctx)
            .await
            .unwrap();
        let Outcome::Passed { warnings, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            warnings,
            ["`TOKEN_B` is not set; the canary runs without it"]
        );
        let fact = ctx.take_published().remove(0).value;
        assert_eq!(fact["pass"], json!(["TOKEN_A", "TOKEN_B"]));
        for effect in world.asked() {
            let Effect::Run(program) = effect else {
                panic!()
            };
            assert_eq!(program.env["SYNC"], "1");
            assert!(program.pass.contains("TOKEN_B"));
        }
    }

    #[tokio::test]
    async fn another_version_or_a_lost_variable_is_an_error() {
        let old = world().run(
            "‹run›/home/bin/spec-kitty",
            ended(0, "spec-kitty-cli version 3.2.0rc15\n", ""),
        );
        let lost = world()
            .run(
                "‹run›/home/bin/spec-kitty",
                ended(0, "spec-kitty-cli version 3.2.0rc16\n", ""),
            )
            .run("‹run›/home/p", ended(0, "[\"HOME\"]", ""));
        for world in [old, lost] {
            let trouble = verb(&[("SYNC", "1")], &[])
                .act(&world.ctx())
                .await
                .unwrap_err();
            assert_eq!(trouble.outcome().verdict(), Verdict::Error);
        }
    }

    #[tokio::test]
    async fn what_is_no_environment_is_refused_before_anything_runs() {
        for (variables, pass) in [
            (&[("A B", "1")][..], &[][..]),
            (&[("SYNC", "")], &[]),
            (&[("SYNC", "1")], &["SYNC"]),
            (&[], &["X=1"]),
        ] {
            let trouble = verb(variables, pass).act(&world().ctx()).await.unwrap_err();
            assert_eq!(trouble.outcome().verdict(), Verdict::Error);
        }
    }
}
