//! `verify-version`.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shared::programs::{did_not_succeed, with_output};
use super::{Act, Ctx, Declares, Trouble};
use crate::candidate::{Checkout, Held, Home, Look, look, version_line};
use crate::gate::{Finding, Outcome};
use crate::world::Place;

/// Shows that the installed command prints the candidate's version, and that the candidate's tag descends from what it must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyVersion {
    /// Fact published by `install-candidate`.
    pub install: String,
    /// The line that `--version` must print.
    pub expect: String,
    /// Directory of the checkout in the workspace.
    pub checkout: String,
    /// The candidate's tag.
    pub tag: String,
    /// The tag's commit as GitHub tells it; a checkout whose tag is another is refused.
    #[serde(default)]
    pub commit: Option<String>,
    /// Commit that the tag must descend from.
    pub descends_from: String,
    /// Facts published by `fix-behaviour` whose commits the tag must hold.
    #[serde(default)]
    pub contains: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for VerifyVersion {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn reads(&self) -> Vec<&str> {
        std::iter::once(&self.install)
            .chain(&self.contains)
            .map(String::as_str)
            .collect()
    }
}

/// What `install-candidate` published, as far as the verifying verbs need it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct InstallFact {
    pub(super) home: Place,
    pub(super) command: String,
    pub(super) python: String,
    pub(super) package: String,
    pub(super) version: String,
}

#[async_trait]
impl Act for VerifyVersion {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let install: InstallFact = ctx.fact_as(&self.install)?;
        let home = Home::at(install.home.clone());
        let line = self.printed(ctx, &home, &install).await?;
        let look = look(
            ctx,
            &home,
            &install.python,
            &install.command,
            &install.package,
        )
        .await?;
        let stale = stale(ctx, &install).await?;
        let commit = self.ancestry(ctx).await?;
        ctx.publish(
            &self.publish,
            self.fact(&install, &line, &look, &stale, &commit),
        );
        let mut wrong = look.outside();
        if line != self.expect {
            wrong.insert(0, format!("it prints `{line}`, not `{}`", self.expect));
        }
        if look.version.as_deref() != Some(install.version.as_str()) {
            let seen = look.version.as_deref().unwrap_or("nothing");
            wrong.push(format!("installed is {seen}, not {}", install.version));
        }
        if !wrong.is_empty() {
            let mut finding = Finding::new(format!("`{}` is not the candidate", install.command));
            finding.seen = wrong;
            return Ok(Outcome::Blocked(
                finding.remedy("look at what is installed there, then start a new run"),
            ));
        }
        let warnings = stale
            .iter()
            .map(|path| {
                format!("`{path}` is on PATH too; it is not the candidate and was not used")
            })
            .collect();
        Ok(Outcome::Passed {
            note: format!("{line}; {} descends from what it must", self.tag),
            warnings,
        })
    }
}

impl VerifyVersion {
    /// The version line that the installed command prints.
    async fn printed(
        &self,
        ctx: &Ctx,
        home: &Home,
        install: &InstallFact,
    ) -> Result<String, Trouble> {
        let mut program = home.program(vec![install.command.clone(), "--version".to_owned()]);
        program.limit = Duration::from_mins(1);
        let argv = program.argv.clone();
        let finished = ctx.run(program).await?;
        if !finished.success() {
            let finding = did_not_succeed(&argv, &finished);
            return Err(Trouble::blocked(finding.remedy("the candidate does not start: `gate install --explain-drift` compares its dependencies with those of its release day")));
        }
        if let Some(line) = version_line(&finished.stdout.text, &self.expect) {
            return Ok(line.to_owned());
        }
        let what = format!("`{}` prints no line like `{}`", argv.join(" "), self.expect);
        Err(Trouble::blocked(with_output(
            Finding::new(what),
            &finished.stdout,
        )))
    }

    /// Shows that the tag holds what it must; the tag's commit.
    async fn ancestry(&self, ctx: &Ctx) -> Result<String, Trouble> {
        let checkout = Checkout::new(ctx, &self.checkout);
        let fetch = format!(
            "run `git -C {} fetch --tags`, then resume",
            checkout.place()
        );
        let Some(commit) = checkout.tag_commit(&self.tag).await? else {
            let what = format!(
                "the checkout `{}` has no tag `{}`",
                checkout.place(),
                self.tag
            );
            return Err(Trouble::blocked(Finding::new(what).remedy(fetch)));
        };
        if let Some(told) = self.commit.as_deref().filter(|told| *told != commit) {
            let what = format!(
                "tag `{}` is {commit} in the checkout, but {told} on GitHub",
                self.tag
            );
            return Err(Trouble::blocked(Finding::new(what).remedy(
                "find out who moved the tag; then fetch it again and resume",
            )));
        }
        for (ancestor, name) in self.ancestors(ctx)? {
            let what = match checkout.holds(&commit, &ancestor).await? {
                Held::Yes => continue,
                Held::No => format!(
                    "tag `{}` ({commit}) does not hold {name} ({ancestor})",
                    self.tag
                ),
                Held::Unknown => format!(
                    "the checkout `{}` does not know {name} ({ancestor})",
                    checkout.place()
                ),
            };
            let remedy = if checkout.is_shallow().await? {
                format!(
                    "the checkout's history is cut off: run `git -C {} fetch --unshallow --tags`, then resume",
                    checkout.place()
                )
            } else {
                fetch
            };
            return Err(Trouble::blocked(Finding::new(what).remedy(remedy)));
        }
        Ok(commit)
    }

    /// Commits that the tag must hold, each with what it is.
    fn ancestors(&self, ctx: &Ctx) -> Result<Vec<(String, String)>, Trouble> {
        let mut found = vec![(
            self.descends_from.clone(),
            "the required ancestor".to_owned(),
        )];
        for fact in &self.contains {
            let commit: String = ctx.fact_as(&format!("{fact}.commit"))?;
            found.push((commit, format!("the fix `{fact}`")));
        }
        Ok(found)
    }

    fn fact(
        &self,
        install: &InstallFact,
        line: &str,
        look: &Look,
        stale: &[String],
        commit: &str,
    ) -> Value {
        json!({
            "version": line.rsplit(' ').next(),
            "line": line,
            "package": install.package,
            "python": look.python,
            "python_version": look.python_version,
            "prefix": look.prefix,
            "entry_point": look.entry,
            "tag": self.tag,
            "tag_commit": commit,
            "contains": self.contains,
            "stale": stale,
        })
    }
}

/// Commands of the same name elsewhere on PATH.
async fn stale(ctx: &Ctx, install: &InstallFact) -> Result<Vec<String>, Trouble> {
    let name = Place::new(&install.command);
    let mut found = ctx.find_program(name.file_name()).await?;
    found.retain(|path| *path != install.command);
    Ok(found)
}
