//! Creates the environments of one audit: builds the project of each side, and links it on top of
//! the environment that both sides share.

use std::time::Duration;

use serde::Deserialize;

use crate::world::{Effect, EnvBase, Finished, Place, Program, WriteFile};

use super::environment::{Maker, Shared};
use super::error::AuditError;
use super::imports::{PROBE_FILE, watching};
use super::project::{Build, Choice, Metadata, Project, choose};
use super::request::{PYTEST, TestCommand};
use super::side::{Side, Sides, TestEnvironment};
use super::uv::{Had, run_program};
use super::worktrees::{Worktrees, checkout};

/// Builds and links the project of one side.
const SCRIPT: &str = include_str!("side.py");
/// Time for building the project once.
const BUILDING: Duration = Duration::from_mins(5);

/// Creates the environments of one audit.
pub(super) struct Bench<'a> {
    pub(super) maker: Maker<'a>,
    pub(super) trees: &'a Worktrees,
    pub(super) project: &'a Project,
    pub(super) probe: &'a Place,
    /// The version for builds that derive theirs from the git history.
    pub(super) version: String,
    /// Whether the tests reach the network.
    pub(super) network: bool,
}

/// One side's project as it was built.
struct Built {
    /// Directory of the wheel.
    out: Place,
    /// Whether its code is the worktree's.
    editable: bool,
    metadata: Metadata,
    /// Whether it was built in a sandbox, where every checkout has the same path.
    confined: bool,
}

/// What could be built.
#[derive(Default)]
struct Wheels {
    before: Option<Built>,
    after: Option<Built>,
    /// That of the fix without its change in scope, if it has a path of its own.
    scope: Option<Built>,
    /// Whether that has its environment already.
    scope_started: bool,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: String,
}

impl Bench<'_> {
    /// The commands of both sides; else why not, and what was looked at.
    pub(super) async fn both(
        &self,
        sources: &[&str],
    ) -> Result<Result<Sides, (String, Vec<String>)>, AuditError> {
        let mut environment = TestEnvironment {
            python: self.maker.python.version.clone(),
            ..TestEnvironment::default()
        };
        if let Some(why) = &self.project.broken {
            environment
                .notes
                .push(format!("`pyproject.toml` cannot be read: {why}"));
        }
        if let Err(why) = self.start().await? {
            return Ok(Err((why, vec!["uv venv".to_owned()])));
        }
        let wheels = self.built(&mut environment.notes).await?;
        let choice = choose(
            self.project,
            wheels.after.as_ref().map(|built| &built.metadata),
        );
        let shared = match self.shared(&choice, &mut environment).await? {
            Ok(shared) => shared,
            Err(why) => return Ok(Err((why, choice.looked_at))),
        };
        environment.chosen = choice.why;
        environment.project.clone_from(&self.project.root);
        let without_scope = match self.link_all(&wheels, &shared).await? {
            Ok(side) => side,
            Err(why) => return Ok(Err((why, choice.looked_at))),
        };
        let prepared = |side: &str| Side {
            tests: watching(&self.command(side, &shared), sources, None),
            readable: vec![
                self.side(side),
                self.maker.place(&shared),
                self.probe.clone(),
            ],
        };
        let mut shown = self.command("after", &shared);
        "python".clone_into(&mut shown.argv[0]);
        environment.packages.clone_from(&shared.packages);
        Ok(Ok(Sides {
            before: prepared("before"),
            after: prepared("after"),
            without_scope: prepared(without_scope),
            shown,
            environment: Some(environment),
        }))
    }

    /// The script, and an empty environment for each side.
    async fn start(&self) -> Had<()> {
        let write = Effect::WriteFile(WriteFile {
            path: self.script(),
            text: SCRIPT.to_owned(),
            replace: true,
        });
        let git = self.maker.git;
        git.world.perform(git.by, write).await?;
        for side in ["before", "after"] {
            if let Err(why) = self.start_side(side).await? {
                return Ok(Err(why));
            }
        }
        Ok(Ok(()))
    }

    /// An empty environment for a side, and where its wheel goes.
    async fn start_side(&self, side: &str) -> Had<()> {
        let git = self.maker.git;
        let path = self.wheel(side);
        git.world.perform(git.by, Effect::MakeDir { path }).await?;
        let place = self.side(side);
        let python = &self.maker.python.minor;
        let venv = ["venv", "--quiet", "--python", python, place.as_str()];
        let made = self.maker.uv(&self.trees.reports, &venv, None).await?;
        Ok(made.map(drop))
    }

    fn side(&self, side: &str) -> Place {
        self.trees.reports.join(&format!("{side}-environment"))
    }

    /// Where a side's wheel is built.
    fn wheel(&self, side: &str) -> Place {
        self.trees.reports.join(&format!("{side}-wheel"))
    }

    fn script(&self) -> Place {
        self.trees.reports.join("gate_side.py")
    }

    fn tree(&self, side: &str) -> &Place {
        match side {
            "before" => &self.trees.before,
            "scope" => &self.trees.scope,
            _ => &self.trees.after,
        }
    }

    /// Where a side has the project, which may be a part of the checkout.
    fn home(&self, side: &str) -> Place {
        match self.project.root.as_str() {
            "" => self.tree(side).clone(),
            root => self.tree(side).join(root),
        }
    }

    /// The environment that both sides share: from the lock, else as of the fix's day.
    async fn shared(&self, choice: &Choice, told: &mut TestEnvironment) -> Had<Shared> {
        if let Some(selection) = &choice.locked {
            let (home, lock) = (self.home("after"), self.project.lock_digest());
            match self.maker.locked(&home, &lock, selection).await? {
                Ok(shared) => return Ok(Ok(shared)),
                Err(why) => told
                    .notes
                    .push(format!("`uv.lock` could not be used: {why}")),
            }
        }
        told.as_of = Some(self.maker.as_of.to_string());
        let held = self
            .maker
            .resolved(&choice.inputs, &choice.constraints)
            .await?;
        match held {
            Err(why) if !choice.constraints.is_empty() => {
                told.notes
                    .push(format!("the lock's versions do not fit: {why}"));
                self.maker.resolved(&choice.inputs, &[]).await
            }
            other => Ok(other),
        }
    }

    /// The sides' projects, as far as they can be built.
    async fn built(&self, notes: &mut Vec<String>) -> Result<Wheels, AuditError> {
        let Some(mut build) = self.project.build() else {
            return Ok(Wheels::default());
        };
        // A backend may report its further requirements only when it is asked.
        for _ in 0..2 {
            let tools = match self.maker.resolved(&build.requires, &[]).await? {
                Ok(tools) => tools,
                Err(why) => {
                    notes.push(format!("the project could not be built: {why}"));
                    return Ok(Wheels::default());
                }
            };
            let after = match self.build("after", &build, &tools).await? {
                Ok(Err(needs)) => {
                    build.requires.extend(needs);
                    continue;
                }
                Ok(Ok(side)) => Ok(side),
                Err(why) => Err(why),
            };
            let before = self.build("before", &build, &tools).await?;
            let before = before.and_then(|made| made.map_err(|needs| needs.join(", ")));
            let mut keep = |side: &str, made: Result<Built, String>| match made {
                Ok(made) => Some(made),
                Err(why) => {
                    notes.push(format!(
                        "{side} the fix the project could not be built: {why}"
                    ));
                    None
                }
            };
            let mut wheels = Wheels {
                before: keep("without", before),
                after: keep("with", after),
                scope: None,
                scope_started: false,
            };
            if wheels.after.as_ref().is_some_and(|built| !built.confined)
                && self.start_side("scope").await?.is_ok()
            {
                wheels.scope_started = true;
                let scope = self.build("scope", &build, &tools).await?;
                wheels.scope = scope.ok().and_then(Result::ok);
            }
            return Ok(wheels);
        }
        notes.push(format!(
            "the project could not be built: it needs {}",
            build.requires.join(", ")
        ));
        Ok(Wheels::default())
    }

    /// Builds one side; what its backend lacks, or why it cannot be built.
    async fn build(
        &self,
        side: &str,
        build: &Build,
        tools: &Shared,
    ) -> Result<Result<Result<Built, Vec<String>>, String>, AuditError> {
        let out = self.wheel(side);
        let modules = self.maker.modules(tools);
        let paths = serde_json::to_string(&build.path).unwrap_or_default();
        let home = self.home(side);
        let words = [
            "build",
            home.as_str(),
            out.as_str(),
            modules.as_str(),
            &build.backend,
            &paths,
        ];
        let finished = match self.python(side, &words, &out, &modules).await? {
            Ok(finished) => finished,
            Err(why) => return Ok(Err(why)),
        };
        let last = finished.stdout.last_lines(1);
        let Ok(answer) = serde_json::from_str::<Answer>(&last) else {
            return Ok(Err("its build gave no answer".to_owned()));
        };
        if !answer.needs.is_empty() {
            return Ok(Ok(Err(answer.needs)));
        }
        Ok(Ok(Ok(Built {
            out,
            editable: answer.kind == "editable",
            metadata: Metadata::parse(&answer.metadata),
            confined: finished.confined.is_some(),
        })))
    }

    /// Links the projects into the environments. Returns the one for the run without the change in
    /// scope: the fix's, if a sandbox shows each checkout at the same path, or else its own.
    async fn link_all(&self, wheels: &Wheels, shared: &Shared) -> Had<&'static str> {
        // What could be built on one side only still has its name and version on both.
        let any = wheels.after.as_ref().or(wheels.before.as_ref());
        let mut confined = true;
        for (side, own) in [("before", &wheels.before), ("after", &wheels.after)] {
            match self
                .link(side, own.as_ref().or(any), own.is_some(), shared)
                .await?
            {
                Ok(linked) => confined &= linked.confined.is_some(),
                Err(why) => return Ok(Err(why)),
            }
        }
        if confined {
            return Ok(Ok("after"));
        }
        let own = &wheels.scope;
        // If nothing was built, there is none yet.
        if !wheels.scope_started
            && let Err(why) = self.start_side("scope").await?
        {
            return Ok(Err(why));
        }
        let linked = self
            .link("scope", own.as_ref().or(any), own.is_some(), shared)
            .await?;
        Ok(linked.map(|_| "scope"))
    }

    /// Puts a side's environment on top of the shared one, and its project into it.
    async fn link(
        &self,
        side: &str,
        built: Option<&Built>,
        own: bool,
        shared: &Shared,
    ) -> Had<Finished> {
        let roots = serde_json::to_string(&self.project.source_roots()).unwrap_or_default();
        let modules = self.maker.modules(shared);
        let probe = self.probe.join(PROBE_FILE);
        // This reads what the other side's build wrote; what this side's build wrote is empty then.
        let own_wheel = self.wheel(side);
        let out = built.map_or(&own_wheel, |built| &built.out);
        let kind = if own && built.is_some_and(|built| built.editable) {
            "editable"
        } else {
            "metadata"
        };
        let home = self.home(side);
        let words = [
            "link",
            modules.as_str(),
            out.as_str(),
            kind,
            probe.as_str(),
            home.as_str(),
            &roots,
        ];
        let linked = self.python(side, &words, out, &modules).await?;
        Ok(linked.map_err(|why| format!("the project could not be linked: {why}")))
    }

    /// Runs the script with the python of a side. It runs code of the project: it changes the
    /// side's own files alone, and reaches no network.
    async fn python(
        &self,
        side: &str,
        words: &[&str],
        out: &Place,
        modules: &Place,
    ) -> Had<Finished> {
        let python = self.side(side).join("bin/python");
        let script = self.script();
        let argv = [python.as_str(), "-I", script.as_str()];
        let mut program = Program::new(argv.into_iter().chain(words.iter().copied()));
        program.cwd = self.tree(side).clone();
        program.limit = BUILDING;
        let git = self.maker.git;
        let mut sandbox = checkout(self.tree(side), git.objects);
        sandbox.writable = vec![self.side(side), out.clone()];
        sandbox.readable = vec![modules.clone()];
        program.sandbox = Some(Box::new(sandbox));
        for name in [
            "SETUPTOOLS_SCM_PRETEND_VERSION",
            "PBR_VERSION",
            "PDM_BUILD_SCM_VERSION",
        ] {
            program.env.insert(name.to_owned(), self.version.clone());
        }
        program
            .env
            .insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        run_program(git, program).await
    }

    /// pytest in a side's environment.
    fn command(&self, side: &str, shared: &Shared) -> TestCommand {
        let python = self.side(side).join("bin/python");
        let mut argv = vec![python.to_string(), "-m".to_owned(), "pytest".to_owned()];
        argv.extend(PYTEST.split_whitespace().map(str::to_owned));
        // A part of the tests never covers what all of them do.
        if shared
            .packages
            .iter()
            .any(|package| package.starts_with("pytest-cov=="))
        {
            argv.insert(3, "--no-cov".to_owned());
        }
        let environment = self.side(side).to_string();
        TestCommand {
            argv,
            env: [("VIRTUAL_ENV".to_owned(), environment)].into(),
            pass: std::collections::BTreeSet::new(),
            base: EnvBase::Bare,
            network: self.network,
        }
    }
}
