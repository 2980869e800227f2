//! Ends every process that matches a rule, and repeats until no new one appears.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::Finding;
use crate::verb::{Ctx, VerbError};
use crate::world::{CompiledRule, Spared};
use crate::world::{EndProcesses, Fate, ProcessIdentity, ProcessRule, ProcessSeen, Receipt};

/// How long a process has between TERM and KILL; a sync daemon needs less than a second.
pub const GRACE: Duration = Duration::from_secs(5);
/// One scan may miss a process that is just being born; a second one in a row does not.
const EMPTY_SCANS: u32 = 2;
/// Who is born in so many rounds of TERM is born because of it; from then on it is KILL at once.
const ROUNDS_OF_TERM: u32 = 3;
/// More rounds than this, and something starts them faster than they can be ended.
const MOST_ROUNDS: u32 = 50;

/// The processes of one scan, sorted by a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Those that may be ended.
    pub targets: Vec<ProcessSeen>,
    /// Those that match but belong to another user.
    pub foreign: Vec<ProcessSeen>,
    /// Those that run the rule's program but are skipped, with the reason.
    pub look_alikes: Vec<(ProcessSeen, Spared)>,
}

/// The result of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// One per process, in order.
    pub receipts: Vec<Receipt>,
    /// Those of another user, left alone.
    pub foreign: Vec<ProcessSeen>,
    /// Those that run the rule's program but are skipped, as seen by the last scan.
    pub look_alikes: Vec<(ProcessSeen, Spared)>,
    /// Number of scans.
    pub scans: u32,
    /// Whether new ones kept appearing until the sweep gave up.
    pub endless: bool,
}

/// Sorts the processes of one scan by a rule.
///
/// # Errors
/// If the rule is not valid.
pub fn sight(rule: &ProcessRule, seen: Vec<ProcessSeen>) -> Result<Sight, VerbError> {
    Ok(sort(&compiled(rule)?, seen))
}

fn compiled(rule: &ProcessRule) -> Result<CompiledRule, VerbError> {
    rule.compile().map_err(|error| {
        VerbError::error(Finding::new(error.to_string()).remedy("correct the gate file"))
    })
}

fn sort(compiled: &CompiledRule, seen: Vec<ProcessSeen>) -> Sight {
    let mut sight = Sight::default();
    for process in seen {
        match compiled.explain(&process) {
            Ok(()) => sight.targets.push(process),
            // The home of another user's process is not visible to us.
            Err(Spared::AnotherUser | Spared::Home { .. }) if !process.ours => {
                sight.foreign.push(process);
            }
            Err(Spared::Program { .. }) if !compiled.is_named_by(&process) => {}
            Err(why) => sight.look_alikes.push((process, why)),
        }
    }
    sight
}

/// Ends the processes that match the rule: list, TERM, wait, KILL, verify, until two consecutive
/// scans find none.
///
/// # Errors
/// If the processes cannot be listed or signalled at all.
pub async fn sweep(ctx: &Ctx, rule: &ProcessRule) -> Result<Swept, VerbError> {
    let compiled = compiled(rule)?;
    let mut swept = Swept::default();
    let mut given_up: BTreeSet<ProcessIdentity> = BTreeSet::new();
    let mut empty = 0;
    let mut rounds = 0;
    while empty < EMPTY_SCANS {
        if swept.scans == MOST_ROUNDS {
            swept.endless = true;
            break;
        }
        swept.scans += 1;
        let sight = sort(&compiled, ctx.processes().await?);
        swept.foreign = sight.foreign;
        swept.look_alikes = sight.look_alikes;
        let identities = sight.targets.iter().map(|process| process.identity);
        let targets: Vec<_> = identities.filter(|one| !given_up.contains(one)).collect();
        if targets.is_empty() {
            empty += 1;
            continue;
        }
        empty = 0;
        rounds += 1;
        ctx.progress(format!("ending {} of `{}`", targets.len(), rule.name));
        let request = EndProcesses {
            rule: rule.clone(),
            targets,
            grace: if rounds > ROUNDS_OF_TERM {
                Duration::ZERO
            } else {
                GRACE
            },
        };
        let receipts = ctx.end(request).await?;
        let stays = |receipt: &&Receipt| {
            matches!(
                receipt.fate,
                Fate::Survived | Fate::NotPermitted | Fate::NotTheSame
            )
        };
        given_up.extend(
            receipts
                .iter()
                .filter(stays)
                .map(|receipt| receipt.identity),
        );
        swept.receipts.extend(receipts);
    }
    Ok(swept)
}

impl Swept {
    /// How many had this fate.
    #[must_use]
    pub fn count(&self, fate: Fate) -> usize {
        self.receipts
            .iter()
            .filter(|receipt| receipt.fate == fate)
            .count()
    }

    /// Processes that should have ended but are still there, one line each.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let of_receipt = |receipt: &Receipt| {
            let pid = receipt.identity.pid;
            match receipt.fate {
                Fate::Survived => Some(format!("pid {pid} is alive after SIGKILL")),
                Fate::NotPermitted => Some(format!("pid {pid} may not be signalled by this user")),
                Fate::Terminated | Fate::Killed | Fate::AlreadyGone | Fate::NotTheSame => None,
            }
        };
        let mut left: Vec<String> = self.receipts.iter().filter_map(of_receipt).collect();
        left.extend(
            self.foreign
                .iter()
                .map(|process| format!("pid {} belongs to another user", process.identity.pid)),
        );
        if self.endless {
            left.push(format!(
                "new ones kept appearing through {} scans",
                self.scans
            ));
        }
        left
    }

    /// Processes that match the rule but belong to another user, one line each: they were skipped
    /// and still run.
    #[must_use]
    pub fn skipped(&self) -> Vec<String> {
        let exact = self
            .look_alikes
            .iter()
            .filter(|(_, why)| why.is_only_whose());
        exact
            .map(|(process, why)| format!("skipped, and alive: pid {} {why}", process.identity.pid))
            .collect()
    }

    /// A summary in one line, such as `2 ended (1 by KILL)`.
    #[must_use]
    pub fn note(&self) -> String {
        let killed = self.count(Fate::Killed);
        let ended = killed + self.count(Fate::Terminated);
        let skipped = self.skipped().len() + self.foreign.len();
        let done = match (ended, killed) {
            (0, _) if skipped > 0 => "none ended".to_owned(),
            (0, _) => "none alive".to_owned(),
            (_, 0) => format!("{ended} ended"),
            _ => format!("{ended} ended ({killed} by KILL)"),
        };
        match skipped {
            0 => done,
            _ => format!("{done}, {skipped} skipped and alive"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::scripted::Scripted;
    use crate::world::Response;

    fn rule() -> ProcessRule {
        ProcessRule {
            name: "sync-daemon".into(),
            program: vec!["python*".into()],
            argv: vec!["-c".into(), r"\s*run_sync_daemon\(\d+\)\s*".into()],
            homes: vec!["‹home›".into()],
        }
    }

    fn process(pid: u32, program: &str, ours: bool) -> ProcessSeen {
        ProcessSeen {
            identity: ProcessIdentity { pid, started: 1 },
            parent: 1,
            ours,
            ancestor: false,
            program: program.into(),
            argv: [program, "-c", "run_sync_daemon(9400)"]
                .map(str::to_owned)
                .into(),
            home: ours.then(|| "‹home›".to_owned()),
        }
    }

    fn receipt(pid: u32, fate: Fate) -> Receipt {
        Receipt {
            identity: ProcessIdentity { pid, started: 1 },
            rule: "sync-daemon".into(),
            program: "python3".into(),
            fate,
            after: Duration::from_millis(3),
        }
    }

    fn scan(processes: Vec<ProcessSeen>) -> Response {
        Response::Processes(processes)
    }

    #[tokio::test]
    async fn it_goes_on_until_two_scans_in_a_row_are_empty() {
        let daemon = |pid| process(pid, "python3", true);
        let world = Scripted::new()
            .answer(scan(vec![daemon(7)]))
            .answer(Response::Ended(vec![receipt(7, Fate::Terminated)]))
            .answer(scan(vec![]))
            .answer(scan(vec![daemon(8), process(9, "vim", true)]))
            .answer(Response::Ended(vec![receipt(8, Fate::Killed)]))
            .answer(scan(vec![process(9, "vim", true)]))
            .answer(scan(vec![process(9, "vim", true)]));
        let swept = sweep(&world.ctx(), &rule()).await.unwrap();
        assert!(world.is_done());
        assert_eq!(swept.note(), "2 ended (1 by KILL)");
        assert_eq!(swept.left(), Vec::<String>::new());
        let ended: Vec<_> = world
            .asked()
            .into_iter()
            .filter_map(|effect| match effect {
                crate::world::Effect::EndProcesses(end) => Some(end.targets[0].pid),
                _ => None,
            })
            .collect();
        assert_eq!(ended, [7, 8]);
    }

    #[tokio::test]
    async fn survivors_and_other_users_are_named_and_asked_once() {
        let world = Scripted::new()
            .answer(scan(vec![
                process(7, "python3", true),
                process(8, "python3", false),
            ]))
            .answer(Response::Ended(vec![receipt(7, Fate::Survived)]))
            .answer(scan(vec![
                process(7, "python3", true),
                process(8, "python3", false),
            ]))
            .answer(scan(vec![
                process(7, "python3", true),
                process(8, "python3", false),
            ]));
        let swept = sweep(&world.ctx(), &rule()).await.unwrap();
        assert_eq!(
            swept.left(),
            [
                "pid 7 is alive after SIGKILL",
                "pid 8 belongs to another user"
            ]
        );
    }

    #[tokio::test]
    async fn it_gives_up_when_they_keep_being_born() {
        let mut world = Scripted::new();
        for pid in 0..MOST_ROUNDS {
            world = world
                .answer(scan(vec![process(pid, "python3", true)]))
                .answer(Response::Ended(vec![receipt(pid, Fate::Terminated)]));
        }
        let swept = sweep(&world.ctx(), &rule()).await.unwrap();
        assert!(swept.endless);
        assert_eq!(swept.left().len(), 1);
        let graces: Vec<Duration> = world
            .asked()
            .into_iter()
            .filter_map(|effect| match effect {
                crate::world::Effect::EndProcesses(end) => Some(end.grace),
                _ => None,
            })
            .collect();
        let (term, kill) = graces.split_at(3);
        assert_eq!(term, [GRACE; 3], "who is told to end is given time");
        assert!(kill.iter().all(Duration::is_zero), "then no more: {kill:?}");
    }

    #[test]
    fn a_daemon_of_another_run_is_spared_and_another_users_is_reported() {
        let mut elsewhere = process(1, "python3", true);
        elsewhere.home = Some("/other/run/home".to_owned());
        let sight = sight(&rule(), vec![elsewhere, process(2, "python3", false)]).unwrap();
        assert_eq!(sight.targets, []);
        assert_eq!(sight.foreign[0].identity.pid, 2);
        assert!(matches!(sight.look_alikes[0].1, Spared::Home { .. }));
    }

    #[tokio::test]
    async fn one_that_matches_and_is_spared_is_named_and_never_none_alive() {
        let spared = |home: &str| {
            let mut one = process(7, "python3", true);
            one.home = (!home.is_empty()).then(|| home.to_owned());
            one
        };
        let run = "‹state›/runs/01KB0000000000000000000000/home";
        for (one, words) in [
            (
                spared("/somewhere/else"),
                "pid 7 has its HOME in `/somewhere/else`",
            ),
            (spared(""), "pid 7 has a HOME that the system does not tell"),
            (
                spared(run),
                "pid 7 belongs to run 01KB0000000000000000000000",
            ),
        ] {
            let world = Scripted::new()
                .answer(scan(vec![one.clone(), process(9, "vim", true)]))
                .answer(scan(vec![one, process(9, "vim", true)]));
            let swept = sweep(&world.ctx(), &rule()).await.unwrap();
            assert_eq!(swept.note(), "none ended, 1 skipped and alive");
            assert_eq!(swept.left(), Vec::<String>::new());
            let [line] = swept.skipped().try_into().unwrap();
            assert!(line.contains(words), "{line}");
        }
        let world = Scripted::new()
            .answer(scan(vec![process(9, "vim", true)]))
            .answer(scan(vec![]));
        assert_eq!(
            sweep(&world.ctx(), &rule()).await.unwrap().note(),
            "none alive"
        );
    }

    #[test]
    fn look_alikes_are_told_from_the_rest() {
        let mut shell = process(3, "bash", true);
        shell.argv = ["bash"].map(str::to_owned).into();
        let seen = vec![process(1, "python3", true), process(2, "vim", true), shell];
        let sight = sight(&rule(), seen).unwrap();
        let pids =
            |list: &[ProcessSeen]| list.iter().map(|one| one.identity.pid).collect::<Vec<_>>();
        assert_eq!(pids(&sight.targets), [1]);
        assert_eq!(
            sight
                .look_alikes
                .iter()
                .map(|(one, _)| one.identity.pid)
                .collect::<Vec<_>>(),
            [2]
        );
    }
}
