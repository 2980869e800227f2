//! `canary`; below it, what its runs and results are, and what counts as an intervention.

pub(super) mod contradiction;
mod foreign;
pub(super) mod found;
pub(super) mod harness;
pub(super) mod interventions;
pub(super) mod pinned;
pub(super) mod result;
pub(super) mod run;
mod service;
pub(super) mod shape;
mod states;

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Finding, Origin, Outcome};
use crate::verb::durations::duration;
use crate::verb::programs::with_output;
use crate::verb::{Act, Ask, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::canary::run::{CanaryRun, CanaryVariables, ResultFile, Written};
use crate::verbs::health;
use crate::world::{Ended, FileSeen, Finished, HttpGet, ListFiles, Place, Program, Watch};

/// Runs the canary script to its end and keeps what it wrote; another subtask decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Directory of the project in the workspace.
    pub project: String,
    /// The script, in the project.
    pub script: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Result files, one a run, in order, in the project.
    pub results: Vec<String>,
    /// Fact published by `canary-environment`.
    pub environment: String,
    /// Name of the process rule to observe.
    pub process: String,
    /// Health pages to read just before the runs, where each must answer that it is well, and at
    /// each boundary between them.
    #[serde(default)]
    pub observe: Vec<String>,
    /// How often to read them between two boundaries too, such as `15s`; without it a change of
    /// the service while a run is at work cannot be told from one between two runs.
    #[serde(default)]
    pub observe_every: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for Canary {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.project.clone()), Input::Rules]
    }

    fn fills(&self) -> Vec<(&str, &str)> {
        let tops = self.results.iter().filter_map(|path| path.split_once('/'));
        tops.map(|(top, _)| (self.project.as_str(), top)).collect()
    }

    fn spends_a_run(&self) -> bool {
        true
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "ended: any",
            "started_at: text",
            "finished_at: text",
            "results: list",
            "kept: text",
            "logs: list",
            "observations: list",
            "before: list",
            "pinned: table",
        ]))
    }

    fn reads(&self) -> Vec<&str> {
        vec![&self.environment]
    }

    fn asks(&self) -> Vec<Ask> {
        let read = |url: &String| Ask::read("observe", url);
        self.observe.iter().map(read).collect()
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["git"]
    }
}

/// Exit code of the script when its own preflight refused to start.
const PREFLIGHT_REFUSED: i32 = 2;
/// How long an address may take to answer, and how long it is waited for once more.
const WITHIN: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(15);
/// What people intervene with.
const INTERVENING: [&str; 5] = ["pkill", "killall", "kill", "flyctl", "fly"];

#[async_trait]
impl Act for Canary {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let project = Place::workspace(&self.project);
        let written = ListFiles {
            root: project.clone(),
            include: self.results.clone(),
        };
        let before = ctx.list(written.clone()).await?;
        let service = self.service_before(ctx).await?;
        let started_at = ctx.now().await?;
        ctx.progress(format!("{} {}", self.script, self.arguments.join(" ")));
        let mut program = self.program(ctx, &project)?;
        let (pinned, fixed) = pinned::of(ctx, &project, &program, &self.results).await?;
        if let Some(watch) = program.watch.as_mut() {
            watch.fixed = fixed;
        }
        let finished = ctx.run(program).await?;
        let ran = ctx.latest();
        let finished_at = ctx.now().await?;
        let after = ctx.list(written.clone()).await?;
        let origins = self.origins(&project, (ran, ctx.latest()), &after);
        // A resumed run may come here again; nothing earlier is overwritten.
        let attempt = started_at.as_millisecond().to_string();
        let kept = Place::run("canary").join(&self.publish).join(&attempt);
        ctx.keep(written, kept.clone()).await?;
        let run = CanaryRun {
            ended: finished.ended,
            started_at,
            finished_at,
            results: self
                .results
                .iter()
                .map(|path| result_file(&project, path, &before, &after))
                .collect(),
            kept,
            logs: [&finished.stdout, &finished.stderr]
                .into_iter()
                .filter_map(|out| out.log.clone())
                .collect(),
            observations: finished.observations.clone(),
            before: service,
            pinned: Some(pinned),
        };
        ctx.publish_from(&self.publish, serde_json::json!(run), origins);
        Ok(self.judge(&finished))
    }
}

impl Canary {
    /// The shortest time between two readings of the service: it is somebody's, and asking it
    /// all the time would be a load of its own.
    pub(crate) const OFTEN: Duration = Duration::from_millis(100);

    /// Where the parts of its fact are from: the request that ran it, the time asked for next, and
    /// the files listed after that.
    fn origins(&self, project: &Place, at: (u32, u32), after: &[FileSeen]) -> Vec<Origin> {
        let (ran, listed) = at;
        let mut origins = vec![
            Origin::answer("ended", ran, "/value/ended", ""),
            Origin::answer("observations", ran, "/value/observations", ""),
            Origin::answer("finished_at", ran + 1, "/value", ""),
        ];
        for (path, number) in self.results.iter().zip(0..) {
            let place = project.join(path);
            if let Some(file) = after.iter().position(|file| file.path == place) {
                for part in ["sha256", "modified"] {
                    let at = format!("/value/{file}/{part}");
                    let part = format!("results[{number}].{part}");
                    origins.push(Origin::answer(part, listed, &at, ""));
                }
            }
        }
        origins
    }

    /// The service as it is just before: one that is not well is seen before a run is spent.
    async fn service_before(&self, ctx: &Ctx) -> Result<Vec<Value>, VerbError> {
        let mut pages = Vec::new();
        for url in &self.observe {
            pages.push(health::read_health(ctx, url, WITHIN, RETRY).await?);
        }
        Ok(pages)
    }

    fn program(&self, ctx: &Ctx, project: &Place) -> Result<Program, VerbError> {
        let environment: CanaryVariables = ctx.fact_as(&self.environment)?;
        let arguments = ["bash", &self.script].into_iter().map(str::to_owned);
        let mut program = Program::new(arguments.chain(self.arguments.iter().cloned()));
        program.cwd = project.clone();
        program.limit = ctx.limit();
        program.env = environment.variables;
        program.pass = environment.pass;
        program.watch = Some(Box::new(self.watch(ctx, project)?));
        program.sandbox = Some(Box::new(harness::sandbox(&program, project, None)));
        Ok(program)
    }

    /// The boundaries between runs are the moments when the result files appear.
    fn watch(&self, ctx: &Ctx, project: &Place) -> Result<Watch, VerbError> {
        let processes = ctx
            .setting()
            .processes
            .get(&self.process)
            .cloned()
            .ok_or_else(|| {
                VerbError::error(Finding::new(format!("no process rule `{}`", self.process)))
            })?;
        let queues = [
            "**/*.db",
            "**/*.db-wal",
            "**/.kittify/**/*.json",
            "**/owner.json",
        ]
        .map(str::to_owned)
        .to_vec();
        let files = [Place::run("home"), project.join("artifacts")]
            .map(|root| ListFiles {
                root,
                include: queues.clone(),
            })
            .to_vec();
        let limit = WITHIN;
        let ask_every = self.observe_every.as_deref().map(ask_every).transpose()?;
        Ok(Watch {
            boundaries: self.results.iter().map(|path| project.join(path)).collect(),
            processes,
            files,
            addresses: self
                .observe
                .iter()
                .map(|url| HttpGet::new(url.clone(), limit))
                .collect(),
            ask_every,
            fixed: Vec::new(),
            programs: INTERVENING.map(str::to_owned).to_vec(),
        })
    }

    /// That it ran to its end; whether it passed is for the result documents to say.
    fn judge(&self, finished: &Finished) -> Outcome {
        let what = |how: &str| {
            Finding::new(format!(
                "`{}` {how} after {:.0} s",
                self.script,
                finished.elapsed.as_secs_f64()
            ))
        };
        let shown = if finished.stdout.text.trim().is_empty() {
            &finished.stderr
        } else {
            &finished.stdout
        };
        match finished.ended {
            Ended::Code(PREFLIGHT_REFUSED) => Outcome::Blocked(
                with_output(
                    what("refused to start: its own preflight failed"),
                    &finished.stderr,
                )
                .remedy("read what it says; no canary run was spent"),
            ),
            Ended::Code(code) => Outcome::passed(format!("ran to its end, exit code {code}")),
            Ended::Signal(signal) => Outcome::Failed(with_output(
                what(&format!("was ended by signal {signal}")),
                shown,
            )),
            Ended::TimedOut => Outcome::Failed(with_output(
                what("did not end in time; its process group was ended"),
                shown,
            )),
        }
    }
}

/// Milliseconds between two readings of the service. One that is not made of facts was checked
/// when the gate was loaded.
fn ask_every(text: &str) -> Result<u64, VerbError> {
    let every = duration(text)?;
    if every < Canary::OFTEN {
        let least = Canary::OFTEN.as_millis();
        return Err(VerbError::error(
            Finding::new(format!("`observe_every = \"{text}\"` is too often"))
                .remedy(format!("let at least {least} ms pass, better `15s`")),
        ));
    }
    Ok(u64::try_from(every.as_millis()).unwrap_or(u64::MAX))
}

/// Holds a result file before the run beside the one after it.
fn result_file(project: &Place, path: &str, before: &[FileSeen], after: &[FileSeen]) -> ResultFile {
    let place = project.join(path);
    let seen = |files: &[FileSeen]| files.iter().find(|file| file.path == place).cloned();
    let now = seen(after);
    let state = match (seen(before), &now) {
        (_, None) => Written::Missing,
        (Some(old), Some(new)) if old.sha256 == new.sha256 && old.modified == new.modified => {
            Written::Stale
        }
        (_, Some(_)) => Written::Fresh,
    };
    ResultFile {
        path: path.to_owned(),
        state,
        modified: now.as_ref().map(|file| file.modified),
        sha256: now.map(|file| file.sha256),
    }
}
