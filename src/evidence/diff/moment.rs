//! Nondeterministic values of a run: fresh ids, directories named by the clock, and the digests of
//! texts that contain such values. Each is replaced by its origin, or by what it is the digest of,
//! so that the same use of it is equal in every run.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Captures, Regex};
use serde_json::Value;

use super::recorded::{Run, Texts, leaves, subtasks};
use super::volatile::{Excuse, excuse, is_of_the_moment, without_times};
use crate::journal::{Answer, Exchange, Said, referred};
use crate::store::sha256_hex;
use crate::world::Response;

/// A shorter id could be part of any word.
const SHORTEST_ID: usize = 8;
/// A longer text is compared by its digest, whether it is in the journal or beside it, so that a
/// text with many references is processed once.
const LONGEST: usize = 4096;

/// What a value is part of.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// A record. Whatever has the form of a reference is one.
    Journal,
    /// A text that somebody wrote. Whatever has the form of a reference is data.
    Text,
}

/// The nondeterministic values of one run.
pub(super) struct Moment<'r> {
    texts: &'r Texts,
    search: Option<AhoCorasick>,
    names: Vec<String>,
    /// Digests of texts with nondeterministic parts, and their replacements.
    digests: HashMap<String, String>,
    /// Digests that were looked at.
    learned: HashSet<String>,
    /// The replacement for each blob that the journal refers to.
    blobs: HashMap<String, String>,
}

/// A text in the form in which it is compared within a value.
fn short(text: String) -> String {
    if text.len() <= LONGEST {
        return text;
    }
    format!("‹text {}›", sha256_hex(text.as_bytes()))
}

impl<'r> Moment<'r> {
    /// That of a run.
    pub(super) fn of(run: &Run<'r>) -> Self {
        let ids = ids(run);
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // An id is also used in names, in lower case.
            .ascii_case_insensitive(true)
            .build(ids.keys());
        let mut moment = Self {
            texts: run.texts,
            search: search.ok(),
            names: ids.into_values().collect(),
            digests: HashMap::new(),
            learned: HashSet::new(),
            blobs: HashMap::new(),
        };
        moment.learn_digests(run);
        moment
    }

    /// A value without its nondeterministic parts. `names` are those of the enclosing fields. Long
    /// texts become digests; see [`Moment::whole`].
    pub(super) fn steady<'v>(&self, value: &'v Value, names: &mut Vec<&'v str>) -> Value {
        self.walk(value, names, Of::Journal)
    }

    fn walk<'v>(&self, value: &'v Value, names: &mut Vec<&'v str>, of: Of) -> Value {
        let blob = referred(value).and_then(|sha256| self.blobs.get(sha256));
        if let (Some(stands), Of::Journal) = (blob, of) {
            return stands.as_str().into();
        }
        match value {
            Value::String(text) => match of {
                Of::Journal => short(self.text(text)).into(),
                Of::Text => self.text(text).into(),
            },
            Value::Array(items) => items
                .iter()
                .map(|item| self.walk(item, names, of))
                .collect(),
            Value::Object(table) => {
                let of_the_moment = table
                    .get("response")
                    .and_then(Value::as_str)
                    .is_some_and(is_of_the_moment);
                let sized = self.sized_by_the_moment(value);
                let mut kept = serde_json::Map::new();
                for (name, item) in table {
                    names.push(name);
                    let left_out = (of_the_moment && name == "value") || (sized && name == "bytes");
                    match excuse(names) {
                        _ if left_out => {}
                        // Only its presence has a meaning.
                        Some(Excuse::Itself(_)) if !item.is_null() => {
                            kept.insert(name.clone(), "‹volatile›".into());
                        }
                        Some(Excuse::Within(_)) => {}
                        _ => drop(kept.insert(name.clone(), self.walk(item, names, of))),
                    }
                    names.pop();
                }
                kept.into()
            }
            other => other.clone(),
        }
    }

    /// Whether the size beside a digest is that of a text with nondeterministic parts.
    fn sized_by_the_moment(&self, table: &Value) -> bool {
        let digest = table.get("sha256").and_then(Value::as_str);
        digest.is_some_and(|digest| self.digests.contains_key(digest))
    }

    /// A text, or the referenced text, without nondeterministic parts, however long.
    pub(super) fn whole(&self, value: &Value) -> Option<String> {
        let blob = referred(value).and_then(|sha256| self.texts.blobs.get(sha256));
        let text = blob.map(String::as_str).or(value.as_str())?;
        Some(self.text(text))
    }

    /// A text without nondeterministic parts; JSON field by field.
    fn text(&self, text: &str) -> String {
        if text.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            let steady = self.walk(&value, &mut Vec::new(), Of::Text);
            // If unchanged, the text itself counts: it may contain more than its value.
            return if steady == value {
                text.to_owned()
            } else {
                steady.to_string()
            };
        }
        let text = match &self.search {
            Some(search) => Cow::Owned(search.replace_all(text, &self.names)),
            None => Cow::Borrowed(text),
        };
        self.without_digests(&without_times(&text)).into_owned()
    }

    fn without_digests<'t>(&self, text: &'t str) -> Cow<'t, str> {
        static DIGEST: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"\b[0-9a-f]{64}\b").ok());
        let Some(digest) = &*DIGEST else {
            return text.into();
        };
        digest.replace_all(text, |found: &Captures<'_>| {
            let stands = self.digests.get(&found[0]);
            stands.map_or_else(|| found[0].to_owned(), Clone::clone)
        })
    }

    /// Learns the digests of all texts of the run, each replaced by the text without its
    /// nondeterministic parts. In the plan's order, because a text may contain digests of earlier
    /// ones.
    fn learn_digests(&mut self, run: &Run<'_>) {
        let courses: BTreeMap<_, _> = run.folded.courses().collect();
        let planned = subtasks(run.folded, run.folded);
        let courses = planned.iter().filter_map(|id| courses.get(id));
        let exchanges = courses.flat_map(|courses| courses.iter());
        for exchange in exchanges.flat_map(|course| course.exchanges.values()) {
            let effect = exchange.effect.shown();
            self.learn_from(&effect);
            let Some(Answer::Ok(answer)) = &exchange.answer else {
                continue;
            };
            let answer = answer.shown();
            self.learn_from(&answer);
            if effect.get("effect").and_then(Value::as_str) == Some("pack") {
                self.learn_archives(&answer);
            }
        }
    }

    fn learn_from(&mut self, value: &Value) {
        if let Some(sha256) = referred(value) {
            if let Some(text) = self.texts.blobs.get(sha256)
                && !self.blobs.contains_key(sha256)
            {
                let steady = self.learn(sha256.to_owned(), text);
                let steady = steady.unwrap_or_else(|| self.text(text));
                self.blobs.insert(sha256.to_owned(), short(steady));
            }
            return;
        }
        match value {
            Value::String(text) => drop(self.learn(sha256_hex(text.as_bytes()), text)),
            Value::Array(items) => items.iter().for_each(|item| self.learn_from(item)),
            Value::Object(table) => {
                let digest = table.get("sha256").and_then(Value::as_str);
                let Texts { blobs, files } = self.texts;
                if let Some(digest) = digest
                    && let Some(text) = blobs.get(digest).or_else(|| files.get(digest))
                {
                    drop(self.learn(digest.to_owned(), text));
                }
                table.values().for_each(|item| self.learn_from(item));
            }
            _ => {}
        }
    }

    /// Returns the text without nondeterministic parts, the first time that its digest is seen.
    fn learn(&mut self, digest: String, text: &str) -> Option<String> {
        if !self.learned.insert(digest.clone()) {
            return None;
        }
        let steady = self.text(text);
        // A text without nondeterministic parts has the same digest in every run.
        if steady != text {
            let stands = format!("‹sha256 of {}›", sha256_hex(steady.as_bytes()));
            self.digests.insert(digest, stands);
        }
        Some(steady)
    }

    /// Learns archives: they are nondeterministic because their files are, and these are listed in
    /// the manifest.
    fn learn_archives(&mut self, answer: &Value) {
        for file in answer
            .get("value")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let part = |name: &str| file.get(name)?.as_str();
            if let (Some(path), Some(digest)) = (part("path"), part("sha256")) {
                let stands = format!("‹sha256 of the archive {path}›");
                self.digests.insert(digest.to_owned(), stands);
            }
        }
    }
}

/// The ids of a run: its own, those that its subtasks requested, and those that programs returned.
fn ids(run: &Run<'_>) -> BTreeMap<String, String> {
    let header = &run.folded.header;
    let mut ids = BTreeMap::from([(header.run.clone(), "‹run id›".to_owned())]);
    for (by, courses) in run.folded.courses() {
        let exchanges = courses.iter().flat_map(|course| course.exchanges.values());
        for exchange in exchanges {
            if let Some(id) = fresh_id(exchange) {
                ids.entry(id)
                    .or_insert_with(|| format!("‹id {} of {by}›", exchange.n));
            }
        }
    }
    for (path, value) in leaves(run.folded) {
        let names = path.names();
        let id = match (names.last(), value.as_str()) {
            (Some(&"run_id"), Some(id)) => id,
            (Some(&"kept"), Some(place)) => place.rsplit('/').next().unwrap_or_default(),
            _ => continue,
        };
        ids.entry(id.to_owned())
            .or_insert_with(|| format!("‹{path}›"));
    }
    ids.retain(|id, _| id.len() >= SHORTEST_ID);
    ids
}

/// The id that was given, when one was.
fn fresh_id(exchange: &Exchange) -> Option<String> {
    let Some(Answer::Ok(response)) = &exchange.answer else {
        return None;
    };
    // Few responses are ids; the others need not be parsed.
    let is_head = |text: &str| text.starts_with(r#"{"response":"journal-head""#);
    let short = |response: &&Said| response.text().len() <= 100 || is_head(response.text());
    match Some(response).filter(short)?.read().ok()? {
        Response::Id(id) => Some(id),
        Response::JournalHead(anchor) => Some(anchor.head),
        _ => None,
    }
}
