//! Fields of a fact that are read from what a program prints.

use std::collections::BTreeMap;

use regex::RegexBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{Finding, Kind, is_template, read_json, value_at};
use crate::verb::programs::with_output;
use crate::verb::{Field, Wrong};
use crate::world::{Captured, Finished};

/// Where a field of a fact is read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Regular expression, line by line; its first group is the value, or all that it finds. The
    /// first match counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Path in the JSON document that it prints, such as `summary.total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// The stream.
    #[serde(default)]
    pub from: Stream,
    /// The kind of value; anything else is an error. Text where a regular expression finds it.
    #[serde(default, rename = "type")]
    pub kind: Kind,
}

/// An output of a program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    fn of(self, finished: &Finished) -> &Captured {
        match self {
            Self::Stdout => &finished.stdout,
            Self::Stderr => &finished.stderr,
        }
    }
}

impl Published {
    /// The kind of the value, as it is known before the run.
    pub(super) fn kind(&self) -> Kind {
        match (self.kind, &self.regex) {
            (Kind::Any, Some(_)) => Kind::Text,
            (kind, _) => kind,
        }
    }

    fn read(&self, finished: &Finished) -> Result<Value, String> {
        let output = self.from.of(finished);
        if let Some(pattern) = &self.regex {
            let regex = pattern_of(pattern).map_err(|error| error.to_string())?;
            let found = regex.captures(&output.text);
            let found = found.and_then(|found| found.get(1).or_else(|| found.get(0)));
            let found = found.ok_or_else(|| format!("nothing it printed matches `{pattern}`"))?;
            let text = found.as_str();
            let value = self.kind().read(text);
            return value.ok_or_else(|| format!("`{text}` is not of the kind {}", self.kind()));
        }
        if output.truncated {
            return Err("it printed more than is kept, which is no JSON document".to_owned());
        }
        let document = read_json(&output.text).map_err(|error| format!("its output: {error}"))?;
        let path = self.json.as_deref().unwrap_or_default();
        let value = value_at(&document, path).ok_or_else(|| format!("it has no `{path}`"))?;
        if self.kind.fits(value) {
            return Ok(value.clone());
        }
        Err(format!(
            "`{path}` is {value}, not of the kind {}",
            self.kind
        ))
    }
}

/// A regular expression whose `^` and `$` are those of lines.
pub(in crate::verbs) fn pattern_of(pattern: &str) -> Result<regex::Regex, regex::Error> {
    RegexBuilder::new(pattern).multi_line(true).build()
}

/// What is wrong with a regular expression.
pub(in crate::verbs) fn wrong_pattern(at: String, pattern: &str) -> Option<Wrong> {
    if is_template(pattern) {
        return None;
    }
    let error = pattern_of(pattern).err()?.to_string();
    // The last line says what is wrong; those before draw a caret of their own.
    let last = error.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    let help = "put it in single quotes, so that backslashes stay as they are";
    Some(Wrong::new(
        at,
        format!("`{pattern}` is no pattern: {reason}"),
        help,
    ))
}

/// All values.
///
/// # Errors
/// The first that cannot be read, with the end of the output.
pub(super) fn read(
    wanted: &BTreeMap<String, Published>,
    finished: &Finished,
) -> Result<Map<String, Value>, Finding> {
    let value = |(name, field): (&String, &Published)| match field.read(finished) {
        Ok(value) => Ok((name.clone(), value)),
        Err(why) => {
            let finding = Finding::new(format!("`publish.{name}` cannot be read: {why}"));
            Err(with_output(finding, field.from.of(finished)))
        }
    };
    wanted.iter().map(value).collect()
}

pub(super) fn wrong(wanted: &BTreeMap<String, Published>, taken: &[Field]) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (name, field) in wanted {
        let at = format!("publish.{name}");
        let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        let of_name = |letter: char| plain(letter) || letter.is_ascii_digit();
        if !name.starts_with(plain) || !name.chars().all(of_name) {
            let what = format!("`{name}` is not a valid name for a field");
            wrong.push(Wrong::new(
                at.as_str(),
                what,
                "use lower-case letters, digits and `_`",
            ));
        }
        if taken.iter().any(|field| field.name == *name) {
            let what = format!("`{name}` is a field that the fact has anyway");
            wrong.push(Wrong::new(at.as_str(), what, "give this one another name"));
        }
        if field.regex.is_some() == field.json.is_some() {
            let what = format!("`{name}` needs one of `regex` and `json`");
            let help = "write `{ regex = '…' }` or `{ json = \"summary.total\" }`";
            wrong.push(Wrong::new(at.as_str(), what, help));
        }
        let pattern = field.regex.as_deref();
        wrong.extend(pattern.and_then(|text| wrong_pattern(format!("{at}.regex"), text)));
    }
    wrong
}
