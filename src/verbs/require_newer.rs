//! `require-newer`.

use std::str::FromStr;

use async_trait::async_trait;
use pep440_rs::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Act, Ctx, Declares, Trouble};
use crate::gate::{Finding, Outcome};

/// Stops unless both sources agree on a candidate newer than the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequireNewer {
    /// Fact published by `find-candidate`.
    pub candidate: String,
    /// The version that is not new any more.
    pub baseline: String,
}

impl Declares for RequireNewer {
    fn reads(&self) -> Vec<&str> {
        vec![&self.candidate]
    }
}

#[async_trait]
impl Act for RequireNewer {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let candidate = ctx.fact(&self.candidate)?;
        let baseline = Version::from_str(&self.baseline).map_err(|_| {
            let what = format!("the baseline `{}` is not a version", self.baseline);
            Trouble::error(Finding::new(what).remedy("correct `rc.baseline`"))
        })?;
        Ok(judge(candidate, &baseline))
    }
}

/// Judges what `find-candidate` found. Pure.
fn judge(candidate: &Value, baseline: &Version) -> Outcome {
    let text = |key: &str| candidate[key].as_str();
    let version = text("version").and_then(|text| Version::from_str(text).ok());
    let on_github = text("on_github").unwrap_or("none");
    let Some(version) = version else {
        let what =
            format!("the package index offers no candidate; the newest on GitHub is {on_github}");
        return blocked(candidate, what, baseline);
    };
    if candidate["agree"] != Value::Bool(true) {
        let what = format!("the package index and GitHub disagree: {version} and {on_github}");
        return blocked(candidate, what, baseline);
    }
    if version <= *baseline {
        let what = format!("the newest candidate is still {version}, not newer than {baseline}");
        return blocked(candidate, what, baseline);
    }
    if !version.any_prerelease() {
        return blocked(
            candidate,
            format!("{version} is a final release, not a candidate"),
            baseline,
        );
    }
    if text("tag").is_none() || text("commit").is_none() {
        return blocked(
            candidate,
            format!("{version} has no tag with a commit on GitHub"),
            baseline,
        );
    }
    Outcome::passed(format!("{version} is newer than {baseline}"))
}

fn blocked(candidate: &Value, what: String, baseline: &Version) -> Outcome {
    let mut finding = Finding::new(what)
        .seen(format!(
            "on the package index: {}",
            list(&candidate["index"], None)
        ))
        .seen(format!(
            "on GitHub: {}",
            list(&candidate["github"], Some("tag"))
        ));
    let passed_over = candidate["passed_over"].as_array().into_iter().flatten();
    finding.seen.extend(passed_over.map(|one| {
        let text = |key: &str| one[key].as_str().unwrap_or_default();
        format!(
            "passed over: {} on {}: {}",
            text("version"),
            text("where"),
            text("why")
        )
    }));
    let said = candidate["index_said"].as_array().into_iter().flatten();
    finding.seen.extend(
        said.filter_map(Value::as_str)
            .map(|line| format!("uv says: {line}")),
    );
    Outcome::Blocked(finding.remedy(format!(
        "no release is ever cut by the gate: when a candidate newer than {baseline} is on the index and on GitHub, resume"
    )))
}

/// The first ten of a list, newest first.
fn list(values: &Value, key: Option<&str>) -> String {
    let text = |value: &Value| {
        key.map_or(value, |key| &value[key])
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let texts: Vec<String> = values
        .as_array()
        .into_iter()
        .flatten()
        .take(10)
        .map(text)
        .collect();
    if texts.is_empty() {
        "none".to_owned()
    } else {
        texts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(version: &str, on_github: &str) -> Value {
        json!({"version": version, "on_github": on_github, "agree": version == on_github,
            "tag": format!("v{version}"), "commit": "abc", "index": [version],
            "github": [{"tag": format!("v{on_github}")}],
            "passed_over": [{"version": "3.2.0rc28", "where": "package index", "why": "yanked"}]})
    }

    fn judged(candidate: &Value) -> Outcome {
        judge(candidate, &Version::from_str("3.2.0rc15").unwrap())
    }

    #[test]
    fn only_a_newer_candidate_that_both_have_passes() {
        assert!(judged(&found("3.2.0rc16", "3.2.0rc16")).lets_on());
        for stop in [
            found("3.2.0rc15", "3.2.0rc15"),
            found("3.2.0rc9", "3.2.0rc9"),
            found("3.2.0rc15", "3.2.0rc16"),
            found("3.2.0rc16", "3.2.0rc15"),
            found("3.2.0", "3.2.0"),
            json!({"version": null, "agree": false}),
            json!({}),
            Value::Null,
        ] {
            assert_eq!(
                judged(&stop).verdict(),
                crate::gate::Verdict::Blocked,
                "{stop}"
            );
        }
        let mut untagged = found("3.2.0rc16", "3.2.0rc16");
        untagged["tag"] = Value::Null;
        assert_eq!(judged(&untagged).verdict(), crate::gate::Verdict::Blocked);
    }

    #[test]
    fn a_stop_shows_both_lists_and_what_was_passed_over() {
        let outcome = judged(&found("3.2.0rc15", "3.2.0rc16"));
        let finding = outcome.finding().unwrap();
        assert_eq!(finding.seen[0], "on the package index: 3.2.0rc15");
        assert_eq!(finding.seen[1], "on GitHub: v3.2.0rc16");
        assert!(finding.seen[2].contains("yanked"));
        assert!(
            finding
                .remedy
                .as_ref()
                .unwrap()
                .contains("no release is ever cut")
        );
    }
}
