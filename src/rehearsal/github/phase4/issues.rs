//! The four issues that the built-in gate reads, as people wrote them.

use super::super::issue::{
    CloseReason, Closer, Comment, EventKind, Issue, IssueEvent, IssueState, Person,
};
use super::{MAINTAINER, RELEASER, at};
use crate::rehearsal::{Fault, Faults};

pub(super) const ROLLBACK: u32 = 1141;
pub(super) const CLASSIFICATION: u32 = 1182;
pub(super) const TRACKER: u32 = 1038;
const CANARY: u32 = 41;

pub(super) const FIRST_ROLLBACK_FIX: u32 = 1150;
pub(super) const ROLLBACK_FIX: u32 = 1187;
pub(super) const CLASSIFICATION_FIX: u32 = 1188;

const ROLLBACK_BODY: &str = "\
## What happens
After `spec-kitty sync now` a work package that was `in_review` is `planned` again, and the next
`move-task --to approved` is refused:

    illegal transition from='for_review' to='in_review'

## What should happen
The drain posts the event and leaves the local status alone.
";

const CLASSIFICATION_BODY: &str = "\
## What happens
`spec-kitty sync now` outside of an event loop counts every pending event as `unknown` and gives up:

    unknown: 3
    error: sync.event_loop_unavailable

## What should happen
Pending events are classified and drained.
";

const TRACKER_BODY: &str = "\
Tracks the 3.2.0 release. Stays open until the final release is out.

- [x] Auth identity boundary merged
- [x] Blockers #1141 and #1182 closed
- [ ] Identity-boundary canary 4/4 (Priivacy-ai/spec-kitty-end-to-end-testing#41)
- [ ] Teamspace canary 4/4
- [ ] Final 3.2.0 cut by a maintainer
";

const CANARY_BODY: &str = "\
Run the identity-boundary canary four times in a row against the newest release candidate.
Close this issue only when all four runs passed without an intervention between them.
";

/// #1141: closed by a change that only logged, opened again, closed by the real one.
pub(super) fn rollback(still_open: bool) -> Issue {
    let mut issue = Issue::open(
        ROLLBACK,
        "Status queue rolls in_review back to planned on drain",
        ROLLBACK_BODY,
        Person::member("kitty-engineer"),
        at("2026-05-04T10:12:31Z"),
    );
    issue.labels = vec!["bug".to_owned(), "blocker".to_owned()];
    close_by_pull(&mut issue, 1, FIRST_ROLLBACK_FIX, "2026-05-08T15:20:46Z");
    say(
        &mut issue,
        1,
        Person::member(MAINTAINER),
        "2026-05-11T08:30:00Z",
        "Opened again: the first fix was only diagnostic logging, the rollback is still there.",
    );
    issue.state = IssueState::Open { again: true };
    issue.events.push(IssueEvent {
        id: event_id(&issue, 2),
        actor: MAINTAINER.to_owned(),
        at: at("2026-05-11T08:30:02Z"),
        kind: EventKind::Reopened,
    });
    if !still_open {
        close_by_pull(&mut issue, 3, ROLLBACK_FIX, "2026-05-18T13:41:09Z");
    }
    issue
}

/// #1182: closed by its fix, or by somebody as not planned.
pub(super) fn classification(not_planned: bool) -> Issue {
    let mut issue = Issue::open(
        CLASSIFICATION,
        "Pending sync events are reported as unknown when no event loop runs",
        CLASSIFICATION_BODY,
        Person::member("kitty-engineer"),
        at("2026-05-12T14:55:09Z"),
    );
    issue.labels = vec!["bug".to_owned(), "blocker".to_owned()];
    if not_planned {
        let reason = CloseReason::NotPlanned;
        close(
            &mut issue,
            1,
            MAINTAINER,
            "2026-05-18T17:05:54Z",
            reason,
            None,
        );
    } else {
        close_by_pull(&mut issue, 1, CLASSIFICATION_FIX, "2026-05-18T17:05:54Z");
    }
    issue
}

/// #1038: open, with two maintainers who want the Teamspace canary.
pub(super) fn tracker(faults: &Faults) -> Issue {
    let mut issue = Issue::open(
        TRACKER,
        "Release tracker: 3.2.0",
        TRACKER_BODY,
        Person::member(RELEASER),
        at("2026-03-30T09:00:00Z"),
    );
    issue.labels = vec!["release".to_owned()];
    say(
        &mut issue,
        1,
        Person::member(MAINTAINER),
        "2026-05-15T11:20:00Z",
        "Before the final release we need both: the identity-boundary canary 4/4 and the Teamspace canary 4/4.",
    );
    say(
        &mut issue,
        2,
        Person::member(RELEASER),
        "2026-05-19T07:45:00Z",
        "The Teamspace canary is still required for this release. Please post the evidence here.",
    );
    let no_longer = "Teamspace canary is no longer required for this release.";
    let author = if faults.contains(&Fault::NotRequired) {
        Some(Person::member(MAINTAINER))
    } else {
        let stranger = faults.contains(&Fault::NotRequiredByStranger);
        stranger.then(|| Person::stranger("passer-by"))
    };
    if let Some(author) = author {
        say(&mut issue, 3, author, "2026-05-20T18:02:00Z", no_longer);
    }
    issue
}

/// e2e#41: open.
pub(super) fn canary() -> Issue {
    let mut issue = Issue::open(
        CANARY,
        "Identity-boundary canary: four passing runs on a release candidate",
        CANARY_BODY,
        Person::member(MAINTAINER),
        at("2026-05-10T09:30:00Z"),
    );
    issue.labels = vec!["canary".to_owned()];
    issue
}

/// Ids of what is written here stay below those that the running GitHub gives.
fn event_id(issue: &Issue, count: u64) -> u64 {
    3_900_000_000 + u64::from(issue.number) * 100 + count
}

fn say(issue: &mut Issue, count: u64, author: Person, when: &str, body: &str) {
    issue.comments.push(Comment {
        id: 3_800_000_000 + u64::from(issue.number) * 100 + count,
        author,
        at: at(when),
        body: body.to_owned(),
    });
}

fn close_by_pull(issue: &mut Issue, count: u64, pull: u32, when: &str) {
    let closer = Some(Closer::PullRequest(pull));
    let reason = CloseReason::Completed;
    close(issue, count, MAINTAINER, when, reason, closer);
}

fn close(
    issue: &mut Issue,
    count: u64,
    actor: &str,
    when: &str,
    reason: CloseReason,
    closer: Option<Closer>,
) {
    let at = at(when);
    issue.state = IssueState::Closed { at, reason };
    issue.events.push(IssueEvent {
        id: event_id(issue, count),
        actor: actor.to_owned(),
        at,
        kind: EventKind::Closed { reason, closer },
    });
}
