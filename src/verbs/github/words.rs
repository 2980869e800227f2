//! An issue's state, its reason and its authors' roles, in GitHub's words.
//!
//! A word that GitHub adds is kept as it is where it can be told from those that matter; a state
//! that is neither open nor closed is refused.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::verbs) enum State {
    Open,
    Closed,
}

/// Why an issue is in its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::verbs) enum Reason {
    Completed,
    NotPlanned,
    Duplicate,
    Reopened,
    /// One that is not known here.
    #[serde(untagged)]
    Other(String),
}

/// What the author of a comment is to the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::verbs) enum Role {
    Owner,
    Member,
    Collaborator,
    /// Any other; none of them has a say.
    #[serde(untagged)]
    Other(String),
}

impl Role {
    /// Whether their word counts.
    pub(in crate::verbs) fn has_a_say(&self) -> bool {
        match self {
            Self::Owner | Self::Member | Self::Collaborator => true,
            Self::Other(_) => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "OPEN",
            Self::Closed => "CLOSED",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completed => "COMPLETED",
            Self::NotPlanned => "NOT_PLANNED",
            Self::Duplicate => "DUPLICATE",
            Self::Reopened => "REOPENED",
            Self::Other(word) => word,
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "OWNER",
            Self::Member => "MEMBER",
            Self::Collaborator => "COLLABORATOR",
            Self::Other(word) => word,
        })
    }
}

/// What `gh issue view` is asked for and looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Viewed {
    pub(super) state: State,
}

/// An issue in an answer of GraphQL.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) title: String,
    pub(super) url: String,
    pub(super) state: State,
    pub(super) state_reason: Option<Reason>,
    pub(super) closed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn words_are_read_and_written_as_github_has_them() {
        let reason = |word: &str| serde_json::from_value::<Reason>(json!(word)).unwrap();
        assert_eq!(reason("NOT_PLANNED"), Reason::NotPlanned);
        assert_eq!(reason("LOST"), Reason::Other("LOST".to_owned()));
        let role = |word: &str| serde_json::from_value::<Role>(json!(word)).unwrap();
        assert!(role("COLLABORATOR").has_a_say());
        assert!(!role("FIRST_TIMER").has_a_say() && !role("Owner").has_a_say());
        for word in ["COMPLETED", "NOT_PLANNED", "DUPLICATE", "REOPENED", "LOST"] {
            assert_eq!(json!(reason(word)), word);
            assert_eq!(reason(word).to_string(), word);
        }
        for word in ["OWNER", "MEMBER", "COLLABORATOR", "NONE"] {
            assert_eq!(json!(role(word)), word);
            assert_eq!(role(word).to_string(), word);
        }
        for state in [State::Open, State::Closed] {
            assert_eq!(json!(state), state.to_string());
        }
    }

    #[test]
    fn a_state_or_a_time_that_cannot_be_read_is_refused() {
        let issue = |state: Value, closed_at: Value| {
            let node = json!({"title": "t", "url": "u", "state": state, "stateReason": null, "closedAt": closed_at});
            serde_json::from_value::<Node>(node)
        };
        assert!(issue(json!("CLOSED"), json!("2026-05-18T13:41:09Z")).is_ok());
        assert!(issue(json!("OPEN"), Value::Null).is_ok());
        for (state, closed_at) in [
            (json!("closed"), Value::Null),
            (json!("MERGED"), Value::Null),
            (Value::Null, Value::Null),
            (json!("CLOSED"), json!("yesterday")),
        ] {
            assert!(issue(state.clone(), closed_at).is_err(), "{state}");
        }
    }
}
