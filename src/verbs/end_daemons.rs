//! `end-daemons`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{Finding, Outcome};
use crate::processes::sweep;
use crate::verb::{Act, Ctx, Declares, Field, Input, OnMachine, VerbError};
use crate::world::ProcessRule;

/// Ends orphan daemons that match a process rule of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndDaemons {
    /// Name of the process rule.
    pub process: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for EndDaemons {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Rules]
    }

    fn on_machine(&self) -> OnMachine {
        OnMachine::Made(&[])
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "rule: text",
            "receipts: list",
            "scans: integer",
            "skipped: list",
        ]))
    }

    fn ends(&self) -> Option<&str> {
        Some(&self.process)
    }
}

#[async_trait]
impl Act for EndDaemons {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let Some(rule) = ctx.setting().processes.get(&self.process) else {
            let what = format!("there is no process rule `{}`", self.process);
            return Err(VerbError::error(
                Finding::new(what).remedy("add it to the gate file"),
            ));
        };
        let rule = ProcessRule {
            name: self.process.clone(),
            ..rule.clone()
        };
        let swept = sweep(ctx, &rule).await?;
        ctx.publish(
            &self.publish,
            json!({"rule": self.process, "receipts": swept.receipts, "scans": swept.scans,
                "skipped": swept.skipped()}),
        );
        let left = swept.left();
        if left.is_empty() {
            return Ok(Outcome::Passed {
                note: swept.note(),
                warnings: swept.skipped(),
            });
        }
        let mut finding = Finding::new(format!("processes of `{}` cannot be ended", self.process));
        finding.seen = left;
        Ok(Outcome::Blocked(
            finding.remedy("have their owner end them, then resume"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Verdict;
    use crate::verb::Setting;
    use crate::verb::scripted::Scripted;
    use crate::world::{Fate, ProcessIdentity, ProcessSeen, Receipt, Response};

    const IDENTITY: ProcessIdentity = ProcessIdentity { pid: 7, started: 1 };

    fn verb() -> EndDaemons {
        EndDaemons {
            process: "sync-daemon".into(),
            publish: "daemons".into(),
        }
    }

    fn world() -> Scripted {
        let rule = ProcessRule {
            name: String::new(),
            program: vec!["python*".into()],
            argv: vec!["-c".into(), "daemon.*".into()],
            homes: Vec::new(),
        };
        let processes = [("sync-daemon".to_owned(), rule)].into();
        Scripted::new().setting(Setting {
            processes,
            ..Setting::default()
        })
    }

    fn scan() -> Response {
        Response::Processes(vec![ProcessSeen {
            identity: IDENTITY,
            parent: 1,
            ours: true,
            ancestor: false,
            program: "python3".into(),
            argv: ["python3", "-c", "daemon('SECRET')"]
                .map(str::to_owned)
                .into(),
            home: None,
        }])
    }

    fn ended(fate: Fate) -> Response {
        let after = Duration::from_millis(3);
        Response::Ended(vec![Receipt {
            identity: IDENTITY,
            rule: "sync-daemon".into(),
            program: "python3".into(),
            fate,
            after,
        }])
    }

    #[tokio::test]
    async fn receipts_are_published_and_no_command_line() {
        let world = world()
            .answer(scan())
            .answer(ended(Fate::Killed))
            .answer(Response::Processes(vec![]))
            .answer(Response::Processes(vec![]));
        let ctx = world.ctx();
        assert_eq!(
            verb().act(&ctx).await.unwrap(),
            Outcome::passed("1 ended (1 by KILL)")
        );
        let fact = ctx.take_published().remove(0).value;
        assert_eq!(fact["receipts"][0]["fate"], "killed");
        assert!(!fact.to_string().contains("SECRET"), "{fact}");
    }

    #[tokio::test]
    async fn one_of_another_home_is_a_warning() {
        let mut world = world();
        let elsewhere = || {
            let Response::Processes(mut seen) = scan() else {
                panic!("a scan is a list of processes");
            };
            seen[0].home = Some("‹state›/runs/01KB0000000000000000000000/home".to_owned());
            Response::Processes(seen)
        };
        world = world.answer(elsewhere()).answer(elsewhere());
        let Outcome::Passed { note, warnings } = verb().act(&world.ctx()).await.unwrap() else {
            panic!("it is not ours to end");
        };
        assert_eq!(note, "none ended, 1 skipped and alive");
        assert!(warnings[0].contains("pid 7 belongs to run"), "{warnings:?}");
        assert!(!warnings[0].contains("SECRET"));
    }

    #[tokio::test]
    async fn a_survivor_is_a_stop_that_names_it() {
        let world = world()
            .answer(scan())
            .answer(ended(Fate::Survived))
            .answer(scan())
            .answer(scan());
        let outcome = verb().act(&world.ctx()).await.unwrap();
        assert_eq!(outcome.verdict(), Verdict::Blocked);
        assert_eq!(
            outcome.finding().unwrap().seen,
            ["pid 7 is alive after SIGKILL"]
        );
    }

    #[tokio::test]
    async fn a_rule_that_is_not_there_is_an_error() {
        let trouble = verb().act(&Scripted::new().ctx()).await.unwrap_err();
        assert_eq!(trouble.outcome().verdict(), Verdict::Error);
    }
}
