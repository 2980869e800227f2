//! `still-required`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Outcome;
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::github::{self, IssueComment, IssueRef};

/// Reads an issue's comments: is something still required? Only a member's word counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StillRequired {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// The word the comment must speak of.
    pub about: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for StillRequired {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Again]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "holds: boolean",
            "why: text",
            "author: text?",
            "url: text?",
        ]))
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh"]
    }
}

/// What `still-required` publishes, in the shape that `only_if` reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Required {
    holds: bool,
    why: String,
    author: Option<String>,
    url: Option<String>,
}

#[async_trait]
impl Act for StillRequired {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let comments = github::comments(ctx, &IssueRef::parse(&self.issue)?).await?;
        let required = judge(&comments, &self.about);
        let note = required.why.clone();
        ctx.publish(&self.publish, serde_json::json!(required));
        Ok(Outcome::passed(note))
    }
}

/// The latest word of a member on the subject counts; without one it is required.
fn judge(comments: &[IssueComment], about: &str) -> Required {
    let about = about.to_lowercase();
    let latest = comments
        .iter()
        .filter(|comment| comment.author_association.has_a_say())
        .filter(|comment| comment.body.to_lowercase().contains(&about))
        .max_by_key(|comment| comment.created_at);
    let Some(comment) = latest.filter(|comment| lifts(&comment.body, &about)) else {
        return Required {
            holds: true,
            why: "still required".to_owned(),
            author: None,
            url: None,
        };
    };
    let author = comment.author();
    Required {
        holds: false,
        why: format!(
            "{author} ({}) wrote that it is no longer required: {}",
            comment.author_association, comment.url
        ),
        author: Some(author.to_owned()),
        url: Some(comment.url.clone()),
    }
}

/// One sentence that names the subject and says that it is not required any more. Quoted lines
/// are somebody else's words.
fn lifts(body: &str, about: &str) -> bool {
    const WORDS: [&str; 4] = [
        "no longer required",
        "not required any more",
        "not required anymore",
        "no longer needed",
    ];
    body.lines()
        .filter(|line| !line.trim_start().starts_with('>'))
        .flat_map(|line| line.split_inclusive(['.', '!', '?']))
        .map(str::to_lowercase)
        .any(|sentence| {
            sentence.contains(about)
                && !sentence.contains('?')
                && WORDS.iter().any(|words| sentence.contains(words))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(role: &str, at: &str, body: &str) -> IssueComment {
        serde_json::from_value(serde_json::json!({
            "body": body, "url": "u", "createdAt": at, "authorAssociation": role, "author": {"login": "a"},
        }))
        .unwrap()
    }

    #[test]
    fn only_a_members_latest_word_lifts_it() {
        let lifted = "Teamspace canary is no longer required for this release.";
        let early = "2026-05-01T00:00:00Z";
        let late = "2026-05-02T00:00:00Z";
        for role in ["OWNER", "MEMBER", "COLLABORATOR"] {
            assert!(
                !judge(&[comment(role, early, lifted)], "Teamspace").holds,
                "{role}"
            );
        }
        for role in ["NONE", "CONTRIBUTOR", "FIRST_TIMER"] {
            assert!(
                judge(&[comment(role, early, lifted)], "Teamspace").holds,
                "{role}"
            );
        }
        let back = comment(
            "OWNER",
            late,
            "On second thought the Teamspace canary is required.",
        );
        assert!(judge(&[comment("MEMBER", early, lifted), back], "Teamspace").holds);
        let other = comment("OWNER", late, "Thanks.");
        assert!(!judge(&[comment("MEMBER", early, lifted), other], "Teamspace").holds);
    }

    #[test]
    fn quotes_questions_and_other_subjects_do_not_lift_it() {
        let at = "2026-05-01T00:00:00Z";
        for body in [
            "> Teamspace is no longer required.\nReally?",
            "Is Teamspace no longer required?",
            "The changelog is no longer required. Teamspace stays.",
            "",
        ] {
            assert!(
                judge(&[comment("OWNER", at, body)], "Teamspace").holds,
                "{body}"
            );
        }
    }
}
