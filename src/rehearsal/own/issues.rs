//! The issues of a gate in the embedded GitHub.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::gate::{PlayedComment, PlayedIssue, PlayedState};
use crate::rehearsal::RehearsalError;
use crate::rehearsal::github::{
    CloseReason, Comment, Issue, IssueRef, OPERATOR, Person, Repository, RepositoryName, State,
};

/// The time of the first action of the gate.
const BEGIN: &str = "2026-05-21T09:00:00Z";
/// The time of what people wrote and closed before.
const BEFORE: &str = "2026-05-20T09:00:00Z";

/// A GitHub with these issues.
pub(super) fn state_of(played: &[PlayedIssue]) -> Result<State, RehearsalError> {
    let mut state = State::new(Person::member(OPERATOR), at(BEGIN));
    let mut repositories: BTreeMap<String, Repository> = BTreeMap::new();
    for one in played {
        let which = reference(&one.issue)?;
        let next = 830_001 + repositories.len() as u64;
        let key = which.repository.to_string().to_lowercase();
        let repository = repositories
            .entry(key)
            .or_insert_with(|| Repository::new(next, which.repository.clone()));
        repository.add_issue(issue(which.number, one));
    }
    for repository in repositories.into_values() {
        state.add(repository);
    }
    for one in played {
        let reason = match one.state {
            PlayedState::Open => continue,
            PlayedState::Closed => CloseReason::Completed,
            PlayedState::NotPlanned => CloseReason::NotPlanned,
        };
        state.closed_before(&reference(&one.issue)?, reason, at(BEFORE));
    }
    Ok(state)
}

/// Turns an issue over: an open one is closed, a closed one open.
pub(in crate::rehearsal) fn turn(state: &mut State, issue: &str) -> Result<(), RehearsalError> {
    let which = reference(issue)?;
    state.turned_before(&which, at(BEFORE));
    Ok(())
}

fn issue(number: u32, played: &PlayedIssue) -> Issue {
    let title = if played.title.is_empty() {
        "An issue of the rehearsal"
    } else {
        &played.title
    };
    let mut issue = Issue::open(number, title);
    let comment = |(index, comment): (usize, &PlayedComment)| Comment {
        // Ids of earlier items are lower than those that the running GitHub assigns.
        id: 3_800_000_000 + u64::from(number) * 100 + index as u64,
        author: if comment.member {
            Person::member(&comment.by)
        } else {
            Person::stranger(&comment.by)
        },
        at: at(BEFORE),
        body: comment.body.clone(),
    };
    issue.comments = played.comments.iter().enumerate().map(comment).collect();
    issue
}

fn reference(text: &str) -> Result<IssueRef, RehearsalError> {
    let parts = text
        .split_once('#')
        .and_then(|(repository, number)| Some((repository.split_once('/')?, number.parse().ok()?)));
    let Some(((owner, name), number)) = parts else {
        let words = format!("`{text}` is not an issue; write it as `owner/repo#N`");
        return Err(RehearsalError::Other(words));
    };
    Ok(IssueRef {
        repository: RepositoryName::new(owner, name),
        number,
    })
}

/// A time that is written here.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}
