//! One run for one candidate: as soon as a subtask has found the candidate, it is locked for this
//! run, or the run stops. Whatever is known earlier is locked before the run begins.

use crate::candidate::canonical;
use crate::model::{Asked, Fact, Finding, Outcome};
use crate::verb::{Ctx, VerbError};
use crate::world::{Reservation, Reserve};

/// Whether a candidate is reserved that is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reserves {
    /// It is not locked: a dry run, or the replay of a run that did not lock it.
    No,
    /// It is; if another run holds it, the subtask is blocked.
    Yes,
    /// It is; if another run holds it, the subtask waits for that run.
    Waits,
}

impl Reserves {
    /// The locking behaviour of a run with this scope and journal format.
    pub(super) fn of(asked: &Asked, format: u32) -> Self {
        match asked {
            _ if format < 3 || asked.dry_run => Self::No,
            Asked { wait: true, .. } => Self::Waits,
            _ => Self::Yes,
        }
    }

    /// How a subtask ends that ended like this and published which candidate it found.
    pub(super) async fn reserve(
        self,
        ctx: &Ctx,
        found: Option<&Fact>,
        outcome: Outcome,
    ) -> Outcome {
        let candidate = found.and_then(|fact| fact.value["version"].as_str());
        let Some(candidate) = candidate.filter(|_| self != Self::No) else {
            return outcome;
        };
        // A candidate known at its start was requested, or found earlier, and is already locked for
        // this run.
        let known = ctx.setting().candidate.as_deref().map(canonical);
        if known.is_some_and(|known| known == canonical(candidate)) {
            return outcome;
        }
        match self.ask(ctx, candidate).await {
            Ok(None) => outcome,
            Ok(Some(blocked)) => Outcome::Blocked(blocked),
            Err(error) => error.outcome(),
        }
    }

    /// Locks it; returns the obstacle, if there is one.
    async fn ask(self, ctx: &Ctx, candidate: &str) -> Result<Option<Finding>, VerbError> {
        let gate = &ctx.setting().gate;
        let reserve = |wait| Reserve {
            gate: gate.clone(),
            candidate: Some(canonical(candidate)),
            wait,
        };
        let mut answer = ctx.ask(reserve(false)).await?;
        if let (Reservation::HeldBy(by), Self::Waits) = (&answer, self) {
            let by = by
                .as_ref()
                .map_or("another run".to_owned(), ToString::to_string);
            ctx.progress(format!("waiting for {candidate} of `{gate}`: {by} has it"));
            answer = ctx.ask(reserve(true)).await?;
        }
        let by = match answer {
            Reservation::Ours { left_by } => {
                if let Some(gone) = left_by {
                    ctx.progress(format!(
                        "{gone}, had {candidate} and was killed; taken over"
                    ));
                }
                return Ok(None);
            }
            Reservation::HeldBy(by) => by,
        };
        let by = by.map_or("another run".to_owned(), |by| by.to_string());
        let what = format!("another run of `{gate}` is at work on {candidate}: {by}");
        let remedy = "resume with `--wait`, which waits for it, or when it has ended";
        Ok(Some(Finding::new(what).remedy(remedy)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Holder, Source, SubtaskId, Verdict};
    use crate::verb::Setting;
    use crate::verb::scripted::Scripted;
    use crate::world::{Effect, Response};

    fn held() -> Response {
        let by = Holder {
            run: "01A".into(),
            pid: 7,
            since: jiff::Timestamp::UNIX_EPOCH,
        };
        Response::Reserved(Reservation::HeldBy(Some(by)))
    }

    fn ours() -> Response {
        Response::Reserved(Reservation::Ours { left_by: None })
    }

    async fn found(
        reserves: Reserves,
        known: Option<&str>,
        world: Scripted,
    ) -> (Outcome, Vec<bool>) {
        let world = world.setting(Setting {
            gate: "phase4".into(),
            candidate: known.map(str::to_owned),
            ..Setting::default()
        });
        let fact = Fact {
            name: "rc".into(),
            value: json!({"version": "3.2.0rc16"}),
            source: Source {
                by: SubtaskId::new("T007"),
                exchange: None,
                facts: Vec::new(),
                origins: Vec::new(),
            },
        };
        let passed = Outcome::passed("found");
        let outcome = reserves.reserve(&world.ctx(), Some(&fact), passed).await;
        assert!(world.is_done());
        let waits = world.asked().into_iter().map(|effect| match effect {
            Effect::Reserve(reserve) => {
                let name = (reserve.gate.as_str(), reserve.candidate.as_deref());
                assert_eq!(name, ("phase4", Some("3.2rc16")));
                reserve.wait
            }
            other => panic!("{other:?}"),
        });
        (outcome, waits.collect())
    }

    #[tokio::test]
    async fn what_is_found_is_this_runs_or_the_run_stops_or_waits() {
        let (outcome, waits) = found(Reserves::Yes, None, Scripted::new().answer(ours())).await;
        assert_eq!((outcome.verdict(), waits), (Verdict::Passed, vec![false]));
        let (outcome, waits) = found(Reserves::Yes, None, Scripted::new().answer(held())).await;
        assert_eq!((outcome.verdict(), waits), (Verdict::Blocked, vec![false]));
        let what = &outcome.finding().unwrap().what;
        assert!(
            what.contains("3.2.0rc16: run 01A, process 7, since"),
            "{what}"
        );
        let world = Scripted::new().answer(held()).answer(ours());
        let (outcome, waits) = found(Reserves::Waits, None, world).await;
        assert_eq!(
            (outcome.verdict(), waits),
            (Verdict::Passed, vec![false, true])
        );
    }

    #[tokio::test]
    async fn nothing_is_asked_for_what_is_held_or_by_a_dry_run_or_an_earlier_format() {
        let dry = Asked {
            dry_run: true,
            ..Asked::default()
        };
        let none = [
            (Reserves::of(&Asked::default(), 3), Some("v3.2.0rc16")),
            (Reserves::of(&dry, 3), None),
            (Reserves::of(&Asked::default(), 2), None),
        ];
        for (reserves, known) in none {
            let (outcome, waits) = found(reserves, known, Scripted::new()).await;
            assert_eq!((outcome.verdict(), waits), (Verdict::Passed, Vec::new()));
        }
    }
}
