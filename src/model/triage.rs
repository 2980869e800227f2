//! The meaning of a failure: the gate file's `[[triage]]` rules applied to what was seen. Pure.

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One rule: words that identify a known failure, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Triage {
    /// What the failure is, for people.
    pub name: String,
    /// Scenario numbers it speaks of; none means any failure.
    #[serde(default)]
    pub scenarios: Vec<u32>,
    /// Regular expressions that must all be found.
    #[serde(default)]
    pub all_of: Vec<String>,
    /// Regular expressions of which one must be found.
    #[serde(default)]
    pub any_of: Vec<String>,
    /// The issue to re-open, `owner/repo#N`.
    #[serde(default)]
    pub reopen: Option<String>,
    /// What the operator should do, and not do.
    #[serde(default)]
    pub advice: Option<String>,
}

impl Triage {
    /// Whether the rule speaks of this failure. A pattern that does not compile matches nothing;
    /// loading a gate refuses those.
    #[must_use]
    pub fn matches(&self, scenario: Option<u32>, text: &str) -> bool {
        let scenario_fits = self.scenarios.is_empty()
            || scenario.is_some_and(|number| self.scenarios.contains(&number));
        let found = |pattern: &String| Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
        scenario_fits
            && (!self.all_of.is_empty() || !self.any_of.is_empty())
            && self.all_of.iter().all(found)
            && (self.any_of.is_empty() || self.any_of.iter().any(found))
    }
}

/// Whether a pattern is found in every text, also in an empty one.
#[must_use]
pub fn matches_everything(pattern: &str) -> bool {
    pattern.trim().is_empty() || Regex::new(pattern).is_ok_and(|regex| regex.is_match(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Triage {
        Triage {
            name: "back".into(),
            scenarios: vec![4],
            all_of: vec!["from='for_review' to='in_review'".into()],
            any_of: vec![],
            reopen: Some("o/r#1".into()),
            advice: None,
        }
    }

    #[test]
    fn words_in_another_scenario_are_another_failure() {
        let text = "illegal transition from='for_review' to='in_review'";
        assert!(rule().matches(Some(4), text));
        assert!(!rule().matches(Some(3), text));
        assert!(!rule().matches(Some(4), "illegal transition"));
    }

    #[test]
    fn a_rule_without_words_matches_nothing() {
        let rule = Triage {
            all_of: vec![],
            ..rule()
        };
        assert!(!rule.matches(Some(4), "anything"));
    }
}
