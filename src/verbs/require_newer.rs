//! `require-newer`.

use std::str::FromStr;

use async_trait::async_trait;
use pep440_rs::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Finding, Outcome};
use crate::verb::{Act, Ctx, Declares, VerbError};

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
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let candidate = ctx.fact(&self.candidate)?;
        let baseline = Version::from_str(&self.baseline).map_err(|_| {
            let what = format!("the baseline `{}` is not a version", self.baseline);
            VerbError::error(Finding::new(what).remedy("correct `rc.baseline`"))
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
    let asked_for = candidate["asked_for"] == Value::Bool(true);
    if candidate["agree"] != Value::Bool(true) {
        let what = if asked_for {
            format!(
                "{version}, which was asked for, is on the package index, but not released on GitHub"
            )
        } else {
            format!("the package index and GitHub disagree: {version} and {on_github}")
        };
        return blocked(candidate, what, baseline);
    }
    if version <= *baseline {
        let what = if asked_for {
            format!("{version}, which was asked for, is not newer than {baseline}")
        } else {
            format!("the newest candidate is still {version}, not newer than {baseline}")
        };
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
    let newer = text("newer").filter(|newer| !newer.is_empty());
    Outcome::passed(match newer {
        Some(newer) => format!(
            "{version}, which was asked for, is newer than {baseline}; newer still: {newer}"
        ),
        None => format!("{version} is newer than {baseline}"),
    })
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
            "passed over on {}: {}: {}",
            text("where"),
            text("shown"),
            text("why")
        )
    }));
    let said = candidate["index_said"].as_array().into_iter().flatten();
    finding.seen.extend(
        said.filter_map(Value::as_str)
            .map(|line| format!("uv says: {line}")),
    );
    let mut remedy = format!(
        "no release is ever cut by the gate: when a candidate newer than {baseline} is on the index and on GitHub, resume"
    );
    if let Some(time) = candidate["not_after"].as_str() {
        remedy = format!("{remedy}; as of {time} there was none: give a later time, or none");
    }
    if candidate["asked_for"] == Value::Bool(true) {
        remedy = format!("ask for another candidate with `--candidate`, or for none; {remedy}");
    }
    Outcome::Blocked(finding.remedy(remedy))
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
            "passed_over": [{"shown": "3.2.0rc28", "where": "package index", "why": "yanked"}]})
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
                crate::model::Verdict::Blocked,
                "{stop}"
            );
        }
        let mut untagged = found("3.2.0rc16", "3.2.0rc16");
        untagged["tag"] = Value::Null;
        assert_eq!(judged(&untagged).verdict(), crate::model::Verdict::Blocked);
    }

    #[test]
    fn one_that_was_asked_for_is_held_against_the_baseline_like_any_other() {
        let mut asked = found("3.2.0rc16", "3.2.0rc16");
        asked["asked_for"] = json!(true);
        asked["newer"] = json!("3.2.0rc17–rc20");
        let Outcome::Passed { note, .. } = judged(&asked) else {
            panic!("it passes");
        };
        assert!(note.contains("asked for") && note.ends_with("newer still: 3.2.0rc17–rc20"));
        let mut old = found("3.2.0rc14", "3.2.0rc14");
        old["asked_for"] = json!(true);
        let outcome = judged(&old);
        let finding = outcome.finding().unwrap();
        assert!(
            finding
                .what
                .contains("asked for, is not newer than 3.2.0rc15")
        );
        let mut alone = found("3.2.0rc16", "none");
        alone["asked_for"] = json!(true);
        let what = judged(&alone).finding().unwrap().what.clone();
        assert!(what.contains("not released on GitHub"), "{what}");
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
