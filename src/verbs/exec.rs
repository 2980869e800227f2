//! `exec`.

mod answer;

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{Finding, Kind, Outcome};
use crate::verb::programs::{did_not_succeed, with_output};
use crate::verb::{Act, Ask, Ctx, Declares, Field, Input, VerbError, Wrong};
use crate::verbs::confined::{self, Confined, is_below};
use crate::world::{Effect, Ended, Finished, ListFiles, Place, Program, Toolchain};

use answer::{Answer, FORMAT};

/// A verb from outside: a program in any language that reads what is asked as JSON from standard
/// input, and answers with JSON on standard output.
///
/// Asked: `{"format": 1, "run": …, "subtask": …, "fields": …}`. Answered: `{"format": 1,
/// "verdict": "passed" | "failed" | "blocked" | "error" | "skipped", "note": …, "seen": […],
/// "remedy": …, "facts": {…}, "writes": […]}` with exit code 0. It runs in a sandbox, and what it
/// answers is recorded and replayed like everything else. What is malformed, unknown or not
/// declared in its answer is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exec {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What it is asked: any values.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
    /// The fields of the fact that it answers with, each with its type.
    #[serde(default)]
    pub facts: BTreeMap<String, Kind>,
    /// Directory in the workspace to run it in.
    #[serde(default)]
    pub project: Option<String>,
    /// Variables that it gets.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names of the operator's variables that it gets; their values are secrets, hidden everywhere.
    #[serde(default)]
    pub pass: Vec<String>,
    /// Toolchains in the operator's home that it may read.
    #[serde(default)]
    pub tools: Vec<Toolchain>,
    /// What it may read besides its project: paths in the workspace. Given (even empty) and with
    /// neither `writes`, `network` nor `pass`, it only reads, and runs in a dry run too.
    #[serde(default)]
    pub reads: Option<Vec<String>>,
    /// What it may write: paths in the workspace, made when they are missing.
    #[serde(default)]
    pub writes: Vec<String>,
    /// Whether it reaches the network.
    #[serde(default, skip_serializing_if = "confined::is_false")]
    pub network: bool,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// The field of the fact that lists what was written.
const WRITES: &str = "writes";

impl Declares for Exec {
    fn inputs(&self) -> Vec<Input> {
        self.confined().inputs()
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        let own = self.facts.iter();
        let own = own.map(|(name, kind)| Field::new(name.as_str(), *kind));
        let written = Field::new(WRITES, Kind::List);
        Some(own.chain([written]).collect())
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

    fn writes_checkouts(&self) -> bool {
        !self.writes.is_empty()
    }

    fn fills(&self) -> Vec<(&str, &str)> {
        self.confined().fills()
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask {
            field: "argv",
            effect: Effect::Run(self.program()),
        }]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = self.confined().wrong();
        for name in self.facts.keys() {
            let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let of_name = |letter: char| plain(letter) || letter.is_ascii_digit();
            let at = format!("facts.{name}");
            if name == WRITES {
                let what = format!("`{WRITES}` is a field that the fact has anyway");
                wrong.push(Wrong::new(at, what, "give this one another name"));
            } else if !name.starts_with(plain) || !name.chars().all(of_name) {
                let what = format!("`{name}` is not a valid name for a field");
                wrong.push(Wrong::new(
                    at,
                    what,
                    "use lower-case letters, digits and `_`",
                ));
            }
        }
        wrong
    }
}

impl Exec {
    fn confined(&self) -> Confined<'_> {
        Confined {
            argv: &self.argv,
            project: self.project.as_deref(),
            cwd: None,
            env: &self.env,
            pass: &self.pass,
            tools: &self.tools,
            reads: self.reads.as_deref().unwrap_or_default(),
            writes: &self.writes,
            network: self.network,
            processes: false,
        }
    }

    fn program(&self) -> Program {
        self.confined().program(self.argv.iter().cloned())
    }
}

#[async_trait]
impl Act for Exec {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let asked = json!({
            "format": FORMAT,
            "run": ctx.setting().run,
            "subtask": ctx.by(),
            "fields": self.fields,
        });
        let mut program = self.program();
        program.stdin = Some(format!("{asked}\n"));
        program.limit = ctx.limit();
        let finished = ctx.run(program).await?;
        let answer = match self.answer(&finished) {
            Ok(answer) => answer,
            Err(finding) => return Ok(Outcome::Error(finding)),
        };
        let mut fact = answer.facts.clone();
        let mut written = Vec::new();
        for path in &answer.writes {
            let seen = self.written(ctx, path).await?;
            let Some(sha256) = seen else {
                let what = format!("it answers that it wrote `{path}`, which is not there");
                return Ok(Outcome::Error(Finding::new(what)));
            };
            written.push(json!({"path": path, "sha256": sha256}));
        }
        fact.insert(WRITES.to_owned(), Value::Array(written));
        ctx.publish(&self.publish, Value::Object(fact));
        Ok(answer.outcome())
    }
}

impl Exec {
    fn answer(&self, finished: &Finished) -> Result<Answer, Finding> {
        if finished.ended != Ended::Code(0) {
            let finding = did_not_succeed(&self.argv, finished);
            return Err(finding.remedy("a verb from outside answers, and exits with 0"));
        }
        let refused = |why: String| {
            let finding = Finding::new(format!("`{}` answers badly: {why}", self.argv.join(" ")));
            with_output(finding, &finished.stdout)
                .remedy("correct the program: `gate verbs exec` says what it must answer")
        };
        if finished.stdout.truncated {
            return Err(refused("it is longer than what is kept".to_owned()));
        }
        let answer = Answer::read(&finished.stdout.text, &self.facts).map_err(refused)?;
        let allowed = |path: &String| {
            is_below(path)
                && self.writes.iter().any(|place| {
                    let rest = path.strip_prefix(place.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
        };
        match answer.writes.iter().find(|path| !allowed(path)) {
            Some(path) => Err(refused(format!(
                "it wrote `{path}`, which it does not declare"
            ))),
            None => Ok(answer),
        }
    }

    /// Digest of a file that it says it wrote.
    async fn written(&self, ctx: &Ctx, path: &str) -> Result<Option<String>, VerbError> {
        let (root, name) = path.rsplit_once('/').unwrap_or(("", path));
        let files = ListFiles {
            root: Place::workspace(root),
            include: vec![globset::escape(name)],
        };
        Ok(ctx.list(files).await?.pop().map(|file| file.sha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::{Scripted, ended};

    async fn answered(finished: Finished) -> (Outcome, Value) {
        let text = "argv = [\"check.py\"]\nfields = { limit = 3 }\nfacts = { count = \"integer\" }\n\
            as = \"own\"";
        let verb: Exec = toml::from_str(text).unwrap();
        assert_eq!(verb.wrong(), []);
        let world = Scripted::new().run("check.py", finished);
        let ctx = world.ctx();
        let outcome = verb.act(&ctx).await.unwrap_or_else(VerbError::outcome);
        let Some(Effect::Run(program)) = world.asked().pop() else {
            panic!("a program is run");
        };
        let asked: Value = serde_json::from_str(&program.stdin.unwrap()).unwrap();
        assert_eq!(asked["fields"], json!({"limit": 3}));
        let fact = ctx.take_published().pop().map(|fact| fact.value);
        (outcome, fact.unwrap_or_default())
    }

    #[tokio::test]
    async fn its_answer_is_the_outcome() {
        for (verdict, expected) in [
            ("passed", Verdict::Passed),
            ("failed", Verdict::Failed),
            ("blocked", Verdict::Blocked),
            ("error", Verdict::Error),
            ("skipped", Verdict::Passed),
        ] {
            let text = format!(
                r#"{{"format": 1, "verdict": "{verdict}", "note": "n", "facts": {{"count": 3}}}}"#
            );
            let (outcome, fact) = answered(ended(0, &text, "")).await;
            assert_eq!(outcome.verdict(), expected, "{verdict}");
            assert_eq!(fact, json!({"count": 3, "writes": []}));
        }
    }

    #[tokio::test]
    async fn what_is_not_an_answer_is_an_error() {
        let good = r#"{"format": 1, "verdict": "passed", "note": "n", "facts": {"count": 3}}"#;
        for (code, text) in [
            (1, good.to_owned()),
            (0, String::new()),
            (0, "passed".to_owned()),
            (0, format!("{good}{good}")),
            (0, format!("log line\n{good}")),
            (0, good.replace("\"format\": 1", "\"format\": 2")),
            (0, good.replace("\"note\": \"n\", ", "")),
            (0, good.replace("passed", "ok")),
            (
                0,
                good.replace("\"note\"", "\"verdict\": \"failed\", \"note\""),
            ),
            (0, good.replace("\"note\"", "\"why\": 1, \"note\"")),
            (0, good.replace('3', "\"3\"")),
            (0, good.replace("\"count\": 3", "")),
            (0, good.replace("\"count\": 3", "\"count\": 3, \"more\": 1")),
            (
                0,
                good.replace("\"facts\"", "\"writes\": [\"a/b\"], \"facts\""),
            ),
        ] {
            let (outcome, fact) = answered(ended(code, &text, "")).await;
            assert_eq!(outcome.verdict(), Verdict::Error, "{text}");
            assert_eq!(fact, Value::Null);
        }
    }
}
