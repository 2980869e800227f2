//! `verify-version`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::audit::{AuditError, Containment, ContainmentRequest, Limits, containment};
use crate::candidate::{Checkout, Held, Home, Look, look, stale, version_line};
use crate::model::{Finding, Outcome};
use crate::verb::programs::{did_not_succeed, with_output};
use crate::verb::{Act, Ctx, Declares, Field, Input, OnMachine, VerbError};
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
    /// Facts published by `fix-behaviour` whose commits the tag must hold, and whose scoped files
    /// must be installed as the tag has them.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Directory of the checkout that is the root of the installed packages, such as `src`.
    #[serde(default)]
    pub source_root: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for VerifyVersion {
    fn on_machine(&self) -> OnMachine {
        OnMachine::Used
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            Input::Checkout(self.checkout.clone()),
            Input::Tag {
                checkout: self.checkout.clone(),
                tag: self.tag.clone(),
            },
            // What comes after runs what is installed.
            Input::Files(
                "the installed candidate",
                super::canary::pinned::installed(),
            ),
        ]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "version: text",
            "line: text",
            "package: text",
            "python: text",
            "python_version: text",
            "prefix: text",
            "entry_point: text",
            "tag: text",
            "tag_commit: text",
            "fixes: table",
            "missing: list",
            "stale: list",
        ]))
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
    /// SHA-256 over the installed files; none in facts of earlier versions of the gate.
    #[serde(default)]
    pub(super) files_sha256: Option<String>,
}

/// What is installed, as far as it was looked at.
struct Seen {
    install: InstallFact,
    /// The line that `--version` printed.
    line: String,
    look: Look,
    /// Commands of the same name elsewhere on PATH.
    stale: Vec<String>,
    /// The tag's commit.
    commit: String,
    /// Each fix, held against what is installed.
    fixes: BTreeMap<String, Containment>,
}

#[async_trait]
impl Act for VerifyVersion {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
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
        let stale = stale(ctx, &Place::new(&install.command)).await?;
        let commit = self.ancestry(ctx).await?;
        let fixes = self.fixes(ctx, &commit, &look).await?;
        let seen = Seen {
            install,
            line,
            look,
            stale,
            commit,
            fixes,
        };
        ctx.publish(&self.publish, self.fact(&seen));
        Ok(self.judge(&seen))
    }
}

impl VerifyVersion {
    fn judge(&self, seen: &Seen) -> Outcome {
        let wrong = self.wrong(seen);
        if !wrong.is_empty() {
            let what = format!("`{}` is not the candidate", seen.install.command);
            let mut finding = Finding::new(what);
            finding.seen = wrong;
            let remedy = "look at what is installed there, then start a new run";
            return Outcome::Blocked(finding.remedy(remedy));
        }
        let stale = seen.stale.iter().map(|path| {
            format!("`{path}` is on PATH too; it is not the candidate and was not used")
        });
        let missing = seen.fixes.values().flat_map(|fix| &fix.missing);
        let missing = missing.map(|path| format!("`{path}` of the tag is not installed"));
        let compared: usize = seen.fixes.values().map(|fix| fix.compared).sum();
        let (line, tag) = (&seen.line, &self.tag);
        Outcome::Passed {
            note: format!("{line}; {tag} holds what it must, {compared} files compared"),
            warnings: stale.chain(missing).collect(),
        }
    }

    fn wrong(&self, seen: &Seen) -> Vec<String> {
        let Seen {
            install,
            line,
            look,
            ..
        } = seen;
        let mut wrong = look.outside();
        if *line != self.expect {
            wrong.insert(0, format!("it prints `{line}`, not `{}`", self.expect));
        }
        if look.version.as_deref() != Some(install.version.as_str()) {
            let there = look.version.as_deref().unwrap_or("nothing");
            wrong.push(format!("installed is {there}, not {}", install.version));
        }
        let before = install.files_sha256.as_deref();
        if before.is_some_and(|before| before != look.files_sha256) {
            wrong.push("its files were changed since it was installed".to_owned());
        }
        wrong.extend(seen.fixes.values().flat_map(not_the_tags));
        wrong
    }

    /// Holds the files of each fix's scope, as installed, against the tag's.
    async fn fixes(
        &self,
        ctx: &Ctx,
        tag: &str,
        look: &Look,
    ) -> Result<BTreeMap<String, Containment>, VerbError> {
        let mut found = BTreeMap::new();
        for fact in &self.contains {
            let request = ContainmentRequest {
                repo: Place::workspace(&self.checkout),
                fix: ctx.fact_as(&format!("{fact}.commit"))?,
                base: ctx.fact_as(&format!("{fact}.base"))?,
                tag: tag.to_owned(),
                scope: ctx.fact_as(&format!("{fact}.scope"))?,
                source_root: self.source_root.clone(),
                installed: look.site_packages.clone(),
                limits: Limits::default(),
            };
            ctx.progress(format!(
                "holding the installed files of `{fact}` against {}",
                self.tag
            ));
            let held = containment(ctx, ctx.by(), &request)
                .await
                .map_err(undetermined)?;
            found.insert(fact.clone(), held);
        }
        Ok(found)
    }

    /// The version line that the installed command prints.
    async fn printed(
        &self,
        ctx: &Ctx,
        home: &Home,
        install: &InstallFact,
    ) -> Result<String, VerbError> {
        let mut program = home.program(vec![install.command.clone(), "--version".to_owned()]);
        program.limit = Duration::from_mins(1);
        let argv = program.argv.clone();
        let finished = ctx.run(program).await?;
        if !finished.success() {
            let finding = did_not_succeed(&argv, &finished);
            return Err(VerbError::blocked(finding.remedy("the candidate does not start: `gate install --explain-drift` compares its dependencies with those of its release day")));
        }
        if let Some(line) = version_line(&finished.stdout.text, &self.expect) {
            return Ok(line.to_owned());
        }
        let what = format!("`{}` prints no line like `{}`", argv.join(" "), self.expect);
        Err(VerbError::blocked(with_output(
            Finding::new(what),
            &finished.stdout,
        )))
    }

    /// Shows that the tag holds what it must; the tag's commit.
    async fn ancestry(&self, ctx: &Ctx) -> Result<String, VerbError> {
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
            return Err(VerbError::blocked(Finding::new(what).remedy(fetch)));
        };
        if let Some(told) = self.commit.as_deref().filter(|told| *told != commit) {
            let what = format!(
                "tag `{}` is {commit} in the checkout, but {told} on GitHub",
                self.tag
            );
            return Err(VerbError::blocked(Finding::new(what).remedy(
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
            return Err(VerbError::blocked(Finding::new(what).remedy(remedy)));
        }
        Ok(commit)
    }

    /// Commits that the tag must hold, each with what it is.
    fn ancestors(&self, ctx: &Ctx) -> Result<Vec<(String, String)>, VerbError> {
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

    fn fact(&self, seen: &Seen) -> Value {
        let missing: BTreeSet<&String> = seen.fixes.values().flat_map(|fix| &fix.missing).collect();
        json!({
            "version": seen.line.rsplit(' ').next(),
            "line": seen.line,
            "package": seen.install.package,
            "python": seen.look.python,
            "python_version": seen.look.python_version,
            "prefix": seen.look.prefix,
            "entry_point": seen.look.entry,
            "tag": self.tag,
            "tag_commit": seen.commit,
            "fixes": seen.fixes,
            "missing": missing,
            "stale": seen.stale,
        })
    }
}

/// What is installed of a fix otherwise than the tag has it. A file that is not installed at all
/// is left to `verify-boundary`, which can say what does not import without it.
fn not_the_tags(fix: &Containment) -> Vec<String> {
    if fix.compared == 0 && !fix.missing.is_empty() && fix.undone.is_empty() {
        return Vec::new();
    }
    let missing = Vec::new();
    Containment {
        missing,
        ..fix.clone()
    }
    .reasons()
}

/// A comparison that could not be made decides nothing.
fn undetermined(error: AuditError) -> VerbError {
    match error {
        AuditError::World(error) => error.into(),
        other => {
            let mut finding = Finding::new(format!(
                "the installed files could not be compared: {other}"
            ));
            finding.remedy = other.remedy();
            VerbError::error(finding)
        }
    }
}
