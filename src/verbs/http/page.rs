//! An address and what its answer must be. Only ever reads.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{Condition, Finding, is_template, parse_duration, read_json};
use crate::store::sha256_hex;
use crate::verb::durations::duration;
use crate::verb::{Ctx, VerbError, Wrong};
use crate::verbs::run_program::{pattern_of, wrong_pattern};
use crate::world::{HttpAnswer, HttpGet, HttpMethod, WorldError};

/// An address and what its answer must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The address.
    pub url: String,
    /// How it is asked.
    #[serde(default)]
    pub method: Method,
    /// Status codes that pass.
    #[serde(default = "ok")]
    pub status: Vec<u16>,
    /// Passes when there is nothing (404 or 410) instead.
    #[serde(default)]
    pub absent: bool,
    /// Headers by name, each with a regular expression that its value must match.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Conditions on the JSON document: `status == ok`.
    #[serde(default)]
    pub json: Vec<String>,
    /// Regular expressions, line by line, each found in the body.
    #[serde(default)]
    pub body: Vec<String>,
    /// Time within which it must answer.
    #[serde(default = "half_a_minute")]
    pub within: String,
}

/// How an address is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// For all of it.
    #[default]
    Get,
    /// For status and headers.
    Head,
}

pub(in crate::verbs) fn ok() -> Vec<u16> {
    vec![200]
}

pub(in crate::verbs) fn half_a_minute() -> String {
    "30s".to_owned()
}

/// What an answer says.
pub(in crate::verbs) enum Seen {
    /// All that was expected, in one line.
    AsExpected(String),
    /// Something else.
    Otherwise(Finding),
    /// Nothing that counts.
    Unknown(Finding),
}

impl Page {
    /// Asks once. Why there is no answer, where there is none.
    pub(in crate::verbs) async fn ask(
        &self,
        ctx: &Ctx,
    ) -> Result<Result<HttpAnswer, Finding>, VerbError> {
        let get = HttpGet {
            url: self.url.clone(),
            limit: duration(&self.within)?,
            method: match self.method {
                Method::Get => HttpMethod::Get,
                Method::Head => HttpMethod::Head,
            },
            keep: self
                .headers
                .keys()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        };
        match ctx.ask(get).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(WorldError::NoAnswer { reason, .. }) => {
                let what = format!("{}: no answer: {reason}", self.url);
                Ok(Err(remedy(Finding::new(what))))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Holds an answer against what is expected. Pure.
    pub(in crate::verbs) fn judge(&self, answer: &HttpAnswer) -> Seen {
        let url = &self.url;
        let status = answer.status;
        let wanted = if self.absent {
            matches!(status, 404 | 410)
        } else {
            self.status.contains(&status)
        };
        if !wanted {
            let expected: Vec<String> = self.status.iter().map(u16::to_string).collect();
            let expected = if self.absent {
                "404 or 410".to_owned()
            } else {
                expected.join(" or ")
            };
            let mut finding = Finding::new(format!("{url} answers {status}, expected {expected}"));
            if let Some(location) = answer.header("location") {
                finding = finding.seen(format!("it leads to {location}, which is not followed"));
            }
            return if matches!(status, 429 | 500..=599) {
                Seen::Unknown(remedy(finding))
            } else {
                Seen::Otherwise(finding)
            };
        }
        let wrong = self.header(answer).or_else(|| self.content(answer));
        wrong.unwrap_or_else(|| Seen::AsExpected(format!("{url} answers {status}")))
    }

    fn header(&self, answer: &HttpAnswer) -> Option<Seen> {
        self.headers.iter().find_map(|(name, pattern)| {
            let value = answer.header(&name.to_ascii_lowercase());
            let regex = pattern_of(pattern).ok()?;
            let what = match value {
                Some(value) if regex.is_match(value) => return None,
                Some(value) => format!("its header `{name}` is `{value}`, expected `{pattern}`"),
                None => format!("it has no header `{name}`"),
            };
            Some(Seen::Otherwise(Finding::new(format!(
                "{}: {what}",
                self.url
            ))))
        })
    }

    fn content(&self, answer: &HttpAnswer) -> Option<Seen> {
        let url = &self.url;
        let cut = answer.body.len() >= HttpAnswer::MOST;
        let unknown = |what: String| {
            let finding = Finding::new(format!("{url}: {what}"));
            Some(Seen::Unknown(remedy(finding)))
        };
        for pattern in &self.body {
            let found = pattern_of(pattern).is_ok_and(|regex| regex.is_match(&answer.body));
            if !found && cut {
                return unknown(format!(
                    "nothing matches `{pattern}` in the part that is read"
                ));
            } else if !found {
                let what = format!("{url}: nothing in its body matches `{pattern}`");
                return Some(Seen::Otherwise(Finding::new(what)));
            }
        }
        if self.json.is_empty() {
            return None;
        }
        if cut {
            return unknown("it is longer than what is read of a page".to_owned());
        }
        let document = match read_json(&answer.body) {
            Ok(document) => document,
            Err(error) => return unknown(format!("its body: {error}")),
        };
        self.json.iter().find_map(|text| {
            let holds = Condition::parse(text).and_then(|condition| condition.holds_in(&document));
            match holds {
                Ok(true) => None,
                Ok(false) => {
                    let what = format!("{url}: `{text}` does not hold");
                    let seen = found_at(&document, text);
                    Some(Seen::Otherwise(Finding::new(what).seen(seen)))
                }
                Err(why) => unknown(format!("`{text}` cannot be told: {why}")),
            }
        })
    }

    /// What is wrong with it, below a field.
    pub(in crate::verbs) fn wrong(&self, before: &str) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        for (index, pattern) in self.body.iter().enumerate() {
            wrong.extend(wrong_pattern(format!("{before}body[{index}]"), pattern));
        }
        for (name, pattern) in &self.headers {
            wrong.extend(wrong_pattern(format!("{before}headers.{name}"), pattern));
        }
        for (index, text) in self
            .json
            .iter()
            .enumerate()
            .filter(|(_, text)| !is_template(text))
        {
            if let Err(why) = Condition::parse(text) {
                let at = format!("{before}json[{index}]");
                wrong.push(Wrong::new(at, why, "write `status == ok`"));
            }
        }
        if !before.is_empty()
            && !is_template(&self.within)
            && let Err(error) = parse_duration(&self.within)
        {
            let at = format!("{before}within");
            wrong.push(Wrong::new(
                at,
                error.to_string(),
                "write a number and a unit: `30s`",
            ));
        }
        let content = !self.json.is_empty() || !self.body.is_empty();
        if self.method == Method::Head && content {
            let what = "HEAD is answered without a body";
            let help = "take `json` and `body` out, or ask with `method = \"get\"`";
            wrong.push(Wrong::new(format!("{before}method"), what, help));
        }
        if self.absent && content {
            let what = "what is not there has no body to look at";
            wrong.push(Wrong::new(
                format!("{before}absent"),
                what,
                "take `json` and `body` out",
            ));
        }
        wrong
    }
}

fn remedy(finding: Finding) -> Finding {
    finding.remedy("look at the service and its log, then resume")
}

fn found_at(document: &Value, text: &str) -> String {
    let condition = Condition::parse(text).ok();
    let found = condition.and_then(|condition| {
        let value = crate::model::value_at(document, &condition.path)?;
        Some(format!("`{}` is {value}", condition.path))
    });
    found.unwrap_or_default()
}

/// An answer as a fact. The document itself where it is JSON and no longer than a fact should be.
pub(in crate::verbs) fn fact(url: &str, answer: &HttpAnswer) -> Value {
    const LONGEST: usize = 64 * 1024;
    let page = (answer.body.len() <= LONGEST).then(|| read_json(&answer.body).ok());
    json!({
        "url": url,
        "status": answer.status,
        "headers": answer.headers,
        "bytes": answer.body.len(),
        "sha256": sha256_hex(answer.body.as_bytes()),
        "page": page.flatten(),
    })
}
