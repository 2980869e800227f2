//! `run-program`.

mod expect;
mod publish;
mod retry;
mod tap;

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{Outcome, is_template};
use crate::verb::durations::duration;
use crate::verb::{Act, Ask, Ctx, Declares, Field, Input, VerbError, Wrong};
use crate::verbs::confined::{self, Confined};
use crate::world::{Effect, Finished, FreshId, Place, Program, Toolchain};

use expect::Expect;
use publish::Published;
pub(in crate::verbs) use publish::{pattern_of, wrong_pattern};
use retry::Retry;

/// Runs a program in a sandbox, and judges how it ends and what it prints; without more it passes
/// when it exits with 0.
///
/// It sees a read-only system, its project, what `reads`, `writes` and `tools` name, and its own
/// empty home. A missing program, a time-out and an end by a signal from outside are errors, never
/// a regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunProgram {
    /// Program and arguments. `$REPORT` in an argument or a variable is the file that
    /// `expect.report` reads.
    pub argv: Vec<String>,
    /// Directory in the workspace to run it in; without it, an empty one.
    #[serde(default)]
    pub project: Option<String>,
    /// Directory below the project to run it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Variables that it gets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Names of the operator's variables that it gets; their values are secrets, hidden everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<String>,
    /// Text for its standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Toolchains in the operator's home that it may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Toolchain>,
    /// What it may read besides its project: paths in the workspace. Given (even empty) and with
    /// neither `writes`, `network` nor `pass`, it only reads, and runs in a dry run too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Vec<String>>,
    /// What it may write: paths in the workspace, made when they are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<String>,
    /// Whether it reaches the network.
    #[serde(default, skip_serializing_if = "confined::is_false")]
    pub network: bool,
    /// Whether it sees this machine's processes, and may leave daemons behind.
    #[serde(default, skip_serializing_if = "confined::is_false")]
    pub processes: bool,
    /// Time limit of one attempt; without it, the subtask's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// What it must end with and print.
    #[serde(default, skip_serializing_if = "Expect::is_default")]
    pub expect: Expect,
    /// Fields of the fact that are read from what it prints, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub publish: BTreeMap<String, Published>,
    /// When it is run once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub fact: String,
}

/// Fields of the fact that are always there.
const FIELDS: [&str; 5] = [
    "ended: any",
    "last_line: text",
    "sha256: text",
    "attempts: integer",
    "tests: table?",
];

impl Declares for RunProgram {
    fn inputs(&self) -> Vec<Input> {
        self.confined().inputs()
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.fact)
    }

    fn runs(&self) -> Option<String> {
        Some(self.argv.join(" "))
    }

    fn may(&self) -> Vec<String> {
        self.confined().may()
    }

    fn touches(&self) -> Option<String> {
        let only_reads = self.reads.is_some() && self.confined().only_reads();
        (!only_reads).then(|| format!("run `{}`", self.argv.join(" ")))
    }

    fn fields(&self) -> Option<Vec<Field>> {
        let mut fields = Field::all(FIELDS);
        let own = self.publish.iter();
        fields.extend(own.map(|(name, published)| Field::new(name, published.kind())));
        Some(fields)
    }

    fn writes_checkouts(&self) -> bool {
        !self.writes.is_empty()
    }

    fn fills(&self) -> Vec<(&str, &str)> {
        self.confined().fills()
    }

    fn asks(&self) -> Vec<Ask> {
        let report = self.expect.own_report().then(|| Place::run("reports/x"));
        vec![Ask {
            field: "argv",
            effect: Effect::Run(self.program(report.as_ref())),
        }]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = self.confined().wrong();
        wrong.extend(self.expect.wrong(&self.writes, self.project.as_deref()));
        wrong.extend(publish::wrong(&self.publish, &Field::all(FIELDS)));
        wrong.extend(self.retry.iter().flat_map(Retry::wrong));
        let uses = self.argv.iter().chain(self.env.values());
        let named = uses.clone().any(|word| word.contains(REPORT));
        let templates = uses.into_iter().any(|word| is_template(word));
        match (named, self.expect.own_report()) {
            (true, false) => wrong.push(Wrong::new(
                "argv",
                format!("`{REPORT}` stands for a report that nobody reads"),
                "add `expect.report = { format = \"junit\" }`, or take it out",
            )),
            (false, true) if !templates => wrong.push(Wrong::new(
                "expect.report",
                "no argument says where the report goes",
                format!("write `{REPORT}` where the program takes the file's name, or give `file`"),
            )),
            _ => {}
        }
        wrong
    }
}

/// Stands for the file of the report in arguments and variables.
const REPORT: &str = "$REPORT";

impl RunProgram {
    fn confined(&self) -> Confined<'_> {
        Confined {
            argv: &self.argv,
            project: self.project.as_deref(),
            cwd: self.cwd.as_deref(),
            env: &self.env,
            pass: &self.pass,
            tools: &self.tools,
            reads: self.reads.as_deref().unwrap_or_default(),
            writes: &self.writes,
            network: self.network,
            processes: self.processes,
        }
    }

    fn program(&self, report: Option<&Place>) -> Program {
        let path = report.map_or(REPORT, Place::as_str);
        let told = |word: &String| word.replace(REPORT, path);
        let mut program = self.confined().program(self.argv.iter().map(told));
        for value in program.env.values_mut() {
            *value = value.replace(REPORT, path);
        }
        program.stdin.clone_from(&self.stdin);
        if let Some(sandbox) = &mut program.sandbox {
            sandbox.report = report.cloned();
        }
        program
    }
}

#[async_trait]
impl Act for RunProgram {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let within = self.within.as_deref().map(duration).transpose()?;
        let mut budget = retry::Budget::of(ctx.limit(), within);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (finished, outcome, fields) = self.attempt(ctx, &budget).await?;
            budget.spend(finished.elapsed);
            let again = self.retry.as_ref().and_then(|retry| {
                let wait = retry.wait(attempts, &finished)?;
                budget.has(wait).then_some(wait)
            });
            if let Some(wait) = again {
                let ended = finished.ended;
                ctx.progress(format!("{ended}, again in {} s", wait.as_secs_f32()));
                ctx.sleep(wait).await?;
                budget.spend(wait);
                continue;
            }
            let mut fact = fields;
            fact.insert("attempts".to_owned(), Value::from(attempts));
            ctx.publish(&self.fact, Value::Object(fact));
            return Ok(outcome);
        }
    }
}

impl RunProgram {
    /// Runs it once: how it ended, what that means, and what is published of it.
    async fn attempt(
        &self,
        ctx: &Ctx,
        budget: &retry::Budget,
    ) -> Result<(Finished, Outcome, Map<String, Value>), VerbError> {
        let report = match &self.expect.report {
            // A name of its own: a report that an earlier try left must not be read.
            Some(report) if report.is_own() => {
                let id = ctx.ask(FreshId).await?;
                Some(Place::run("reports").join(&format!("{}.{id}", ctx.by())))
            }
            _ => None,
        };
        let before = self.expect.before(ctx).await?;
        let mut program = self.program(report.as_ref());
        program.limit = budget.limit();
        let finished = ctx.run(program).await?;
        let read = match &self.expect.report {
            Some(wanted) => Some(wanted.read(ctx, report.as_ref(), before, &finished).await?),
            None => None,
        };
        let mut fields = Map::new();
        fields.insert("ended".to_owned(), serde_json::json!(finished.ended));
        let last = finished.stdout.last_lines(1);
        fields.insert("last_line".to_owned(), Value::from(last));
        let sha256 = finished.stdout.sha256.clone();
        fields.insert("sha256".to_owned(), Value::from(sha256));
        if let Some(Ok(report)) = &read {
            fields.insert("tests".to_owned(), serde_json::json!(report));
        }
        let outcome = self.expect.judge(&self.argv, &finished, read.as_ref());
        let outcome = match publish::read(&self.publish, &finished) {
            Ok(values) => {
                fields.extend(values);
                outcome
            }
            // What it did is said first; that a value is missing matters only where it passed.
            Err(finding) if outcome.lets_on() => Outcome::Error(finding),
            Err(_) => outcome,
        };
        Ok((finished, outcome, fields))
    }
}

#[cfg(test)]
mod tests;
