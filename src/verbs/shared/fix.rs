//! The fix of an issue: which change closed it, and what the audit says of that change.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::github::{self, IssueRef};
use crate::audit::{self, AuditError, AuditRequest, Behaviour, Nature};
use crate::gate::Finding;
use crate::verbs::{Ctx, Trouble};
use crate::world::Place;

/// What `fix-behaviour` publishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::verbs) struct Fix {
    pub(in crate::verbs) issue: String,
    /// The commit that closed it.
    pub(in crate::verbs) commit: String,
    /// Who closed it: the pull request's address, or the commit's.
    pub(in crate::verbs) closed_by: String,
    pub(in crate::verbs) scope: Vec<String>,
    pub(in crate::verbs) behaviour: Behaviour,
}

/// The change that last closed an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Closer {
    commit: String,
    url: String,
}

/// Finds the change that last closed the issue and looks what it changed in scope. Anything but
/// changed behaviour is a stop.
pub(in crate::verbs) async fn behaviour(
    ctx: &Ctx,
    issue: &str,
    checkout: &str,
    scope: &[String],
) -> Result<Fix, Trouble> {
    let timeline = github::closing_timeline(ctx, &IssueRef::parse(issue)?).await?;
    let closer = last_closer(&timeline).map_err(|found| {
        Trouble::blocked(
            Finding::new(format!("{issue} was closed without a linked change"))
                .seen(found)
                .remedy("close it with the pull request or commit that fixes it, then resume"),
        )
    })?;
    let request = request(ctx, checkout, &closer.commit, scope, &[]);
    let behaviour = audit::behaviour(ctx, ctx.by(), &request)
        .await
        .map_err(undetermined)?;
    stop_unless_substantive(issue, &closer, &behaviour)?;
    Ok(Fix {
        issue: issue.to_owned(),
        commit: closer.commit,
        closed_by: closer.url,
        scope: scope.to_vec(),
        behaviour,
    })
}

/// An audit of one fix in a checkout of the workspace.
pub(in crate::verbs) fn request(
    ctx: &Ctx,
    checkout: &str,
    commit: &str,
    scope: &[String],
    about: &[String],
) -> AuditRequest {
    let scratch = Place::run("audit").join(ctx.by().as_str());
    let mut request = AuditRequest::new(Place::workspace(checkout), commit, scratch);
    request.scope = scope.to_vec();
    request.about = about.to_vec();
    request.limits.run = ctx.limit();
    request
}

/// An audit that could not be done decides nothing.
pub(in crate::verbs) fn undetermined(error: AuditError) -> Trouble {
    match error {
        AuditError::World(error) => error.into(),
        other => {
            let mut finding = Finding::new(format!("the fix could not be audited: {other}"));
            finding.remedy = other.remedy();
            Trouble::error(finding)
        }
    }
}

fn stop_unless_substantive(
    issue: &str,
    closer: &Closer,
    behaviour: &Behaviour,
) -> Result<(), Trouble> {
    let short = closer.commit.get(..12).unwrap_or(&closer.commit);
    let what = match behaviour.nature {
        Nature::Behaviour => return Ok(()),
        Nature::Timeout => "timeout-only: it changes numeric constants and nothing else",
        Nature::Diagnostic => {
            "diagnostic-only: nothing but logging, comments and names changed in scope"
        }
        Nature::OutOfScope => "out-of-scope: it changes no file in scope",
        Nature::Undetermined => {
            let mut finding =
                Finding::new(format!("the fix of {issue} ({short}) could not be read"));
            finding.seen = behaviour
                .unreadable
                .iter()
                .map(|(path, why)| format!("{path}: {why}"))
                .collect();
            return Err(Trouble::error(finding));
        }
    };
    let mut finding = Finding::new(format!("the fix of {issue} ({short}) is {what}"))
        .seen(format!("closed by {}", closer.url))
        .remedy("have the issue closed by a change of behaviour in scope, then resume");
    finding
        .seen
        .extend(behaviour.changes.iter().map(ToString::to_string));
    finding.seen.extend(
        behaviour
            .ignored
            .iter()
            .map(|ignored| format!("not counted: {ignored}")),
    );
    finding.seen.extend(
        behaviour
            .outside
            .iter()
            .map(|change| format!("out of scope: {change}")),
    );
    Err(Trouble::blocked(finding))
}

/// The closer of the last close event; else what was found instead.
fn last_closer(answer: &Value) -> Result<Closer, String> {
    let nodes = answer["data"]["repository"]["issue"]["timelineItems"]["nodes"].as_array();
    let nodes = nodes.map(Vec::as_slice).unwrap_or_default();
    let Some(last) = nodes
        .iter()
        .rev()
        .find(|node| node["__typename"] == "ClosedEvent")
    else {
        return Err("no close event".to_owned());
    };
    let closer = &last["closer"];
    let commit = match closer["__typename"].as_str() {
        Some("PullRequest") => closer["mergeCommit"]["oid"].as_str(),
        Some("Commit") => closer["oid"].as_str(),
        Some(_) | None => None,
    };
    let Some(commit) = commit else {
        let actor = last["actor"]["login"].as_str().unwrap_or("somebody");
        return Err(format!(
            "closed by {actor} at {}, without a pull request or commit",
            last["createdAt"]
        ));
    };
    Ok(Closer {
        commit: commit.to_owned(),
        url: closer["url"].as_str().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn timeline(nodes: Value) -> Value {
        json!({"data": {"repository": {"issue": {"timelineItems": {"nodes": nodes}}}}})
    }

    #[test]
    fn the_last_close_counts_and_must_have_a_change() {
        let pull = json!({"__typename": "ClosedEvent", "closer":
            {"__typename": "PullRequest", "url": "p", "mergeCommit": {"oid": "a1"}}});
        let commit = json!({"__typename": "ClosedEvent", "closer": {"__typename": "Commit", "oid": "b2", "url": "c"}});
        let by_hand = json!({"__typename": "ClosedEvent", "createdAt": "t", "actor": {"login": "x"}, "closer": null});
        let reopened = json!({"__typename": "ReopenedEvent"});
        let found = |nodes: Value| last_closer(&timeline(nodes)).map(|closer| closer.commit);
        assert_eq!(found(json!([pull, reopened, commit])), Ok("b2".to_owned()));
        assert_eq!(found(json!([commit, reopened, pull])), Ok("a1".to_owned()));
        assert!(
            found(json!([pull, reopened, by_hand])).is_err(),
            "an earlier change does not count for it"
        );
        assert!(found(json!([])).is_err());
    }
}
