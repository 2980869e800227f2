//! What a verb from outside answers. Read strictly: what is not known is no answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::{Finding, Kind, Outcome, read_json_as};

/// Version of what is asked and answered.
pub(super) const FORMAT: u32 = 1;

/// An answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    format: u32,
    verdict: Said,
    note: String,
    #[serde(default)]
    seen: Vec<String>,
    #[serde(default)]
    remedy: Option<String>,
    #[serde(default)]
    pub(super) facts: Map<String, Value>,
    #[serde(default)]
    pub(super) writes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    Passed,
    Skipped,
    Failed,
    Blocked,
    Error,
}

impl Answer {
    /// Reads one, with exactly these facts.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &str, facts: &BTreeMap<String, Kind>) -> Result<Self, String> {
        let answer: Self = read_json_as(text).map_err(|error| error.to_string())?;
        if answer.format != FORMAT {
            return Err(format!(
                "format {} is not known, {FORMAT} is",
                answer.format
            ));
        }
        if answer.note.trim().is_empty() {
            return Err("its `note` is empty".to_owned());
        }
        if let Some(name) = answer.facts.keys().find(|name| !facts.contains_key(*name)) {
            return Err(format!("the gate file declares no fact `{name}`"));
        }
        for (name, kind) in facts {
            match answer.facts.get(name) {
                None => return Err(format!("the fact `{name}` is missing")),
                Some(value) if !kind.fits(value) => {
                    return Err(format!("the fact `{name}` is {value}, no {kind}"));
                }
                Some(_) => {}
            }
        }
        Ok(answer)
    }

    /// What it means.
    pub(super) fn outcome(self) -> Outcome {
        let finding = Finding {
            what: self.note.clone(),
            seen: self.seen.clone(),
            remedy: self.remedy,
        };
        match self.verdict {
            Said::Passed => Outcome::Passed {
                note: self.note,
                warnings: self.seen,
            },
            Said::Skipped => Outcome::Skipped { why: self.note },
            Said::Failed => Outcome::Failed(finding),
            Said::Blocked => Outcome::Blocked(finding),
            Said::Error => Outcome::Error(finding),
        }
    }
}
