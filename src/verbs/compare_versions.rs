//! `compare-versions`.

use std::cmp::Ordering;
use std::str::FromStr;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{Finding, Outcome, is_template};
use crate::verb::{Act, Ctx, Declares, Field, VerbError, Wrong};

/// Compares two versions, as Python (PEP 440) or as everybody else (`SemVer`) orders them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareVersions {
    /// A version; a `v` before it is left out.
    pub left: String,
    /// What must hold between them.
    pub must_be: Relation,
    /// The other version.
    pub right: String,
    /// Whose order counts.
    pub scheme: Scheme,
    /// What it means when it does not hold.
    #[serde(default)]
    pub otherwise: Meaning,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// What must hold between two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The left one is newer.
    Newer,
    /// The left one is newer, or the same.
    AtLeast,
    /// They are the same.
    Same,
    /// The left one is older, or the same.
    AtMost,
    /// The left one is older.
    Older,
}

/// Whose order of versions counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Python's.
    Pep440,
    /// `SemVer` 2: cargo, npm, Go.
    Semver,
}

/// What it means when something does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// A regression was found.
    #[default]
    Failed,
    /// Waiting on an external condition.
    Blocked,
}

impl Meaning {
    /// The outcome of a finding.
    pub(in crate::verbs) fn outcome(self, finding: Finding) -> Outcome {
        match self {
            Self::Failed => Outcome::Failed(finding),
            Self::Blocked => Outcome::Blocked(finding.remedy("when it is so, resume")),
        }
    }
}

impl Declares for CompareVersions {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "left: text",
            "right: text",
            "order: text",
            "holds: boolean",
            "why: text",
        ]))
    }

    fn wrong(&self) -> Vec<Wrong> {
        let both = [("left", &self.left), ("right", &self.right)];
        let given = both.into_iter().filter(|(_, text)| !is_template(text));
        given
            .filter_map(|(at, text)| {
                let why = order(self.scheme, text, text).err()?;
                Some(Wrong::new(
                    at,
                    why,
                    "write such as `1.2.0`, or take the other `scheme`",
                ))
            })
            .collect()
    }
}

#[async_trait]
impl Act for CompareVersions {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let found = order(self.scheme, &self.left, &self.right);
        let found = found.map_err(|why| VerbError::error(Finding::new(why)))?;
        let holds = self.must_be.holds(found);
        let told = match found {
            Ordering::Less => "older than",
            Ordering::Equal => "the same as",
            Ordering::Greater => "newer than",
        };
        let why = format!("{} is {told} {}", self.left, self.right);
        let fact = json!({
            "left": self.left,
            "right": self.right,
            "order": told.split(' ').next(),
            "holds": holds,
            "why": why,
        });
        ctx.publish(&self.publish, fact);
        Ok(if holds {
            Outcome::passed(why)
        } else {
            let expected = self.must_be.in_words();
            self.otherwise
                .outcome(Finding::new(format!("{why}, expected {expected}")))
        })
    }
}

impl Relation {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Newer => found == Ordering::Greater,
            Self::AtLeast => found != Ordering::Less,
            Self::Same => found == Ordering::Equal,
            Self::AtMost => found != Ordering::Greater,
            Self::Older => found == Ordering::Less,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Newer => "a newer one",
            Self::AtLeast => "the same or a newer one",
            Self::Same => "the same",
            Self::AtMost => "the same or an older one",
            Self::Older => "an older one",
        }
    }
}

fn order(scheme: Scheme, left: &str, right: &str) -> Result<Ordering, String> {
    let plain = |text: &str| text.trim().trim_start_matches('v').to_owned();
    match scheme {
        Scheme::Pep440 => {
            let read = |text: &str| {
                pep440_rs::Version::from_str(&plain(text))
                    .map_err(|_| format!("`{text}` is no version by PEP 440"))
            };
            Ok(read(left)?.cmp(&read(right)?))
        }
        Scheme::Semver => {
            let read = |text: &str| {
                semver::Version::parse(&plain(text))
                    .map_err(|error| format!("`{text}` is no version by SemVer: {error}"))
            };
            // What is built alike is the same release.
            Ok(read(left)?.cmp_precedence(&read(right)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::Scripted;

    async fn verdict(left: &str, must_be: &str, right: &str, scheme: &str) -> Verdict {
        let verb: CompareVersions = toml::from_str(&format!(
            "left = \"{left}\"\nmust_be = \"{must_be}\"\nright = \"{right}\"\n\
             scheme = \"{scheme}\"\nas = \"v\""
        ))
        .unwrap();
        let outcome = verb.act(&Scripted::new().ctx()).await;
        outcome.unwrap_or_else(VerbError::outcome).verdict()
    }

    #[tokio::test]
    async fn each_scheme_has_its_own_order() {
        for (left, must_be, right, scheme, expected) in [
            ("1.10.0", "newer", "1.9.0", "semver", Verdict::Passed),
            ("1.0.0-rc.1", "newer", "1.0.0", "semver", Verdict::Failed),
            ("1.0.0+b1", "same", "1.0.0+b2", "semver", Verdict::Passed),
            ("v2.0.0", "at-least", "2.0.0", "semver", Verdict::Passed),
            ("1.0", "same", "1.0.0", "semver", Verdict::Error),
            ("1.0", "same", "1.0.0", "pep440", Verdict::Passed),
            ("3.2.0rc16", "newer", "3.2.0rc9", "pep440", Verdict::Passed),
            ("3.2.0rc16", "older", "3.2.0", "pep440", Verdict::Passed),
            ("1.0.post1", "at-most", "1.0", "pep440", Verdict::Failed),
            ("one", "same", "one", "pep440", Verdict::Error),
        ] {
            let found = verdict(left, must_be, right, scheme).await;
            assert_eq!(found, expected, "{left} {must_be} {right} {scheme}");
        }
    }
}
