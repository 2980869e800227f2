//! What a run was given of its moment: fresh ids, directories named by the clock, and the digests
//! of texts that hold such. For each stands where it came from, or what it is the digest of, so
//! that the same use of it is the same in every run.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Captures, Regex};
use serde_json::Value;

use super::volatile::{is_of_the_moment, why_volatile, without_times};
use super::{Run, leaves, names_of, subtasks};
use crate::journal::{Answer, Exchange, Said, referred, sha256_hex};
use crate::world::Response;

/// A shorter id could be part of any word.
const SHORTEST_ID: usize = 8;

/// One run's moment.
pub(super) struct Moment<'r> {
    texts: &'r BTreeMap<String, String>,
    search: Option<AhoCorasick>,
    names: Vec<String>,
    digests: HashMap<String, String>,
}

impl<'r> Moment<'r> {
    /// That of a run.
    pub(super) fn of(run: &Run<'r>) -> Self {
        let ids = ids(run);
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // An id goes on into names in small letters.
            .ascii_case_insensitive(true)
            .build(ids.keys());
        let mut moment = Self {
            texts: run.texts,
            search: search.ok(),
            names: ids.into_values().collect(),
            digests: HashMap::new(),
        };
        moment.learn_digests(run);
        moment
    }

    /// A value without what is of the moment. `names` are those of the fields it lies in.
    pub(super) fn steady<'v>(&self, value: &'v Value, names: &mut Vec<&'v str>) -> Value {
        if let Some(text) = referred(value).and_then(|sha256| self.texts.get(sha256)) {
            return self.text(text).into();
        }
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.steady(item, names)).collect(),
            Value::Object(table) => {
                let of_the_moment = table
                    .get("response")
                    .and_then(Value::as_str)
                    .is_some_and(is_of_the_moment);
                let sized = self.sized_by_the_moment(value);
                let mut kept = serde_json::Map::new();
                for (name, item) in table {
                    names.push(name);
                    let left_out = why_volatile(names).is_some()
                        || (of_the_moment && name == "value")
                        || (sized && name == "bytes");
                    if !left_out {
                        kept.insert(name.clone(), self.steady(item, names));
                    }
                    names.pop();
                }
                kept.into()
            }
            other => other.clone(),
        }
    }

    /// Whether the size beside a digest is that of something that holds what is of the moment.
    pub(super) fn sized_by_the_moment(&self, table: &Value) -> bool {
        let digest = table.get("sha256").and_then(Value::as_str);
        digest.is_some_and(|digest| self.digests.contains_key(digest))
    }

    /// A text without what is of the moment; JSON field by field.
    fn text(&self, text: &str) -> String {
        if text.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            return self.steady(&value, &mut Vec::new()).to_string();
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

    /// Takes the digests of all texts of the run, each standing for what the text says apart from
    /// the moment. In the plan's order: a text may hold digests of those before it.
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
        match value {
            Value::String(text) => self.learn(sha256_hex(text.as_bytes()), text),
            Value::Array(items) => items.iter().for_each(|item| self.learn_from(item)),
            Value::Object(table) => {
                let digest = referred(value).or_else(|| table.get("sha256")?.as_str());
                if let Some(digest) = digest
                    && let Some(text) = self.texts.get(digest)
                {
                    self.learn(digest.to_owned(), text);
                }
                table.values().for_each(|item| self.learn_from(item));
            }
            _ => {}
        }
    }

    fn learn(&mut self, digest: String, text: &str) {
        if !self.digests.contains_key(&digest) {
            let steady = self.text(text);
            // A text that holds nothing of the moment has the same digest in every run.
            if steady != text {
                let stands = format!("‹sha256 of {}›", &sha256_hex(steady.as_bytes())[..16]);
                self.digests.insert(digest, stands);
            }
        }
    }

    /// An archive is of the moment because its files are, and those are listed in its manifest.
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

/// The ids of a run: its own, those that its subtasks asked for, and those that programs gave.
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
        let names = names_of(&path);
        let id = match (names.last(), value.as_str()) {
            (Some(&"run_id"), Some(id)) => id,
            (Some(&"kept"), Some(place)) => place.rsplit('/').next().unwrap_or_default(),
            _ => continue,
        };
        if id.len() >= SHORTEST_ID {
            ids.entry(id.to_owned())
                .or_insert_with(|| format!("‹{path}›"));
        }
    }
    ids.retain(|id, _| !id.is_empty());
    ids
}

/// The id that was given, when one was.
fn fresh_id(exchange: &Exchange) -> Option<String> {
    let Some(Answer::Ok(response)) = &exchange.answer else {
        return None;
    };
    // Few answers are ids; the others need not be read.
    let short = |response: &&Said| response.text().len() <= 100;
    match Some(response).filter(short)?.read().ok()? {
        Response::Id(id) => Some(id),
        _ => None,
    }
}
