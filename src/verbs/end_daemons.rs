//! `end-daemons`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};
use crate::processes::sweep;
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
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec!["rule", "receipts", "scans"])
    }

    fn ends(&self) -> Option<&str> {
        Some(&self.process)
    }
}

#[async_trait]
impl Act for EndDaemons {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let Some(rule) = ctx.setting().processes.get(&self.process) else {
            let what = format!("there is no process rule `{}`", self.process);
            return Err(Trouble::error(
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
            json!({"rule": self.process, "receipts": swept.receipts, "scans": swept.scans}),
        );
        let left = swept.left();
        if left.is_empty() {
            return Ok(Outcome::passed(swept.note()));
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
    use crate::gate::Verdict;
    use crate::verbs::Setting;
    use crate::world::scripted::Scripted;
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
