//! The four issues that the built-in gate reads, as people wrote them.

use super::super::issue::{CloseReason, Comment, EventKind, Issue, IssueEvent, IssueState, Person};
use crate::rehearsal::pulls::{self, Pull};
use crate::rehearsal::{Fault, Faults};

/// Who cuts releases.
pub(super) const RELEASER: &str = "kitty-releases";

/// A maintainer.
pub(super) const MAINTAINER: &str = "kitty-maintainer";

pub(super) const ROLLBACK: u32 = 1141;
pub(super) const CLASSIFICATION: u32 = 1182;
pub(super) const TRACKER: u32 = 1038;
const CANARY: u32 = 41;

/// #1141: closed by a change that only logged, opened again, closed by the real one.
pub(super) fn rollback(still_open: bool) -> Issue {
    let mut issue = Issue::open(
        ROLLBACK,
        "Status queue rolls in_review back to planned on drain",
    );
    close_by_pull(&mut issue, 1, pulls::DIAGNOSTICS);
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
        close_by_pull(&mut issue, 3, pulls::ROLLBACK);
    }
    issue
}

/// #1182: closed by its fix, or by a person as not planned.
pub(super) fn classification(not_planned: bool) -> Issue {
    let mut issue = Issue::open(
        CLASSIFICATION,
        "Pending sync events are reported as unknown when no event loop runs",
    );
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
        close_by_pull(&mut issue, 1, pulls::CLASSIFICATION);
    }
    issue
}

/// #1038: open, with two maintainers who want the Teamspace canary.
pub(super) fn tracker(faults: &Faults) -> Issue {
    let mut issue = Issue::open(TRACKER, "Release tracker: 3.2.0");
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
    Issue::open(
        CANARY,
        "Identity-boundary canary: four passing runs on a release candidate",
    )
}

/// Ids of what is written here are lower than those that the running GitHub assigns.
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

fn close_by_pull(issue: &mut Issue, count: u64, pull: Pull) {
    let closer = Some(pull.number);
    let when = pull.closed_at;
    let reason = CloseReason::Completed;
    close(issue, count, MAINTAINER, when, reason, closer);
}

fn close(
    issue: &mut Issue,
    count: u64,
    actor: &str,
    when: &str,
    reason: CloseReason,
    closer: Option<u32>,
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

/// A time that is written here.
pub(super) fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_default()
}
