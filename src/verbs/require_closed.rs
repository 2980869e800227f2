//! `require-closed`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ctx, Declares, VerbError};
use crate::verbs::github::{Issue, Reason};

/// Stops unless each issue is closed as done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireClosed {
    /// Facts published by `issue-state`.
    pub issues: Vec<String>,
}

impl Declares for RequireClosed {
    fn reads(&self) -> Vec<&str> {
        self.issues.iter().map(String::as_str).collect()
    }
}

#[async_trait]
impl Act for RequireClosed {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let issues: Vec<Issue> = self
            .issues
            .iter()
            .map(|fact| ctx.fact_as(fact))
            .collect::<Result<_, _>>()?;
        let open: Vec<String> = issues.iter().filter_map(in_the_way).collect();
        if open.is_empty() {
            let names: Vec<&str> = issues
                .iter()
                .map(|issue| issue.reference.as_str())
                .collect();
            return Ok(Outcome::passed(format!(
                "closed as done: {}",
                names.join(", ")
            )));
        }
        let mut finding = Finding::new(format!(
            "{} of {} blockers are not closed as done",
            open.len(),
            issues.len()
        ))
        .remedy("close each with the change that fixes it, then resume");
        finding.seen = open;
        Ok(Outcome::Blocked(finding))
    }
}

/// Why an issue stands in the way; none when it does not.
fn in_the_way(issue: &Issue) -> Option<String> {
    let name = format!("{} “{}” {}", issue.reference, issue.title, issue.url);
    if !issue.is_closed() {
        return Some(format!("{} is {}", name, issue.state));
    }
    // Neither a refusal nor a duplicate is a fix; only the default and `completed` are.
    match &issue.state_reason {
        None | Some(Reason::Completed) => None,
        Some(reason) => Some(format!("{name} was closed as {reason}, which is no fix")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::github::Login;

    fn issue(state: &str, reason: Option<&str>, closed: bool) -> Issue {
        let word = |text: &str| serde_json::Value::from(text);
        let reason = reason.map(|text| serde_json::from_value(word(text)).unwrap());
        Issue {
            reference: "o/r#1".into(),
            answered_by: "o/r".into(),
            title: "t".into(),
            url: "u".into(),
            state: serde_json::from_value(word(state)).unwrap(),
            state_reason: reason,
            closed_at: closed.then(|| "2026-05-19T00:00:00Z".parse().unwrap()),
            login: Login::Stored,
        }
    }

    #[test]
    fn only_closed_as_done_is_out_of_the_way() {
        assert_eq!(in_the_way(&issue("CLOSED", Some("COMPLETED"), true)), None);
        assert_eq!(in_the_way(&issue("CLOSED", None, true)), None);
        assert!(in_the_way(&issue("CLOSED", None, false)).is_some());
        assert!(in_the_way(&issue("OPEN", None, false)).is_some());
        assert!(in_the_way(&issue("OPEN", Some("REOPENED"), false)).is_some());
        for reason in ["NOT_PLANNED", "DUPLICATE", "SOMETHING_NEW"] {
            assert!(
                in_the_way(&issue("CLOSED", Some(reason), true)).is_some(),
                "{reason}"
            );
        }
    }
}
