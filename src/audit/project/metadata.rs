//! The `METADATA` of a built distribution.

use std::collections::BTreeMap;

use super::read::{name_of, normal};

/// Requirements of a distribution, without extras and by extra.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::audit) struct Metadata {
    /// Its name.
    pub(super) name: String,
    /// Its unconditional requirements.
    pub(super) requires: Vec<String>,
    /// Its requirements for each extra.
    pub(super) extras: BTreeMap<String, Vec<String>>,
}

impl Metadata {
    /// Reads the text of a `METADATA` file.
    pub(in crate::audit) fn parse(text: &str) -> Self {
        let mut read = Self::default();
        let head = text.split("\n\n").next().unwrap_or_default();
        for line in head.lines() {
            if let Some(name) = line.strip_prefix("Name: ") {
                read.name = normal(name);
            } else if let Some(extra) = line.strip_prefix("Provides-Extra: ") {
                read.extras.entry(normal(extra)).or_default();
            } else if let Some(requirement) = line.strip_prefix("Requires-Dist: ") {
                read.add(requirement.trim());
            }
        }
        read
    }

    fn add(&mut self, requirement: &str) {
        match without_extra(requirement) {
            (requirement, None) => self.requires.push(requirement),
            (requirement, Some(extra)) => self.extras.entry(extra).or_default().push(requirement),
        }
    }

    /// Requirements with the project's own extras, `name[extra]`, put in their place.
    pub(super) fn flat(&self, requirements: &[String]) -> Vec<String> {
        let mut all = Vec::new();
        let mut seen = Vec::new();
        self.flatten(requirements, &mut seen, &mut all);
        all
    }

    fn flatten(&self, requirements: &[String], seen: &mut Vec<String>, to: &mut Vec<String>) {
        for requirement in requirements {
            let own = requirement.starts_with('.')
                || (!self.name.is_empty() && name_of(requirement) == self.name);
            if !own {
                to.push(requirement.clone());
                continue;
            }
            for extra in extras_of(requirement) {
                if seen.contains(&extra) {
                    continue;
                }
                seen.push(extra.clone());
                let more = self.extras.get(&extra).cloned().unwrap_or_default();
                self.flatten(&more, seen, to);
            }
        }
    }
}

/// `a, b` of `name[a, b]`.
fn extras_of(requirement: &str) -> Vec<String> {
    let inside = requirement
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    let names = inside.map_or("", |(names, _)| names);
    let names = names.split(',').map(normal);
    names.filter(|name| !name.is_empty()).collect()
}

/// A requirement without the part of its marker that names an extra, and that extra.
fn without_extra(requirement: &str) -> (String, Option<String>) {
    let Some((head, marker)) = requirement.split_once(';') else {
        return (requirement.to_owned(), None);
    };
    let clause = regex::Regex::new(r#"\s*(?:\band\s+)?\bextra\s*==\s*["']([^"']+)["']"#);
    let Some(found) = clause.ok().and_then(|clause| {
        let all = clause.captures(marker)?;
        Some((all.get(0)?.range(), normal(all.get(1)?.as_str())))
    }) else {
        return (requirement.to_owned(), None);
    };
    let (range, extra) = found;
    let rest = format!("{}{}", &marker[..range.start], &marker[range.end..]);
    let rest = rest.trim();
    let rest = rest.strip_prefix("and ").unwrap_or(rest).trim();
    let bare = if rest.is_empty() || rest == "()" {
        head.trim().to_owned()
    } else {
        format!("{} ; {rest}", head.trim())
    };
    (bare, Some(extra))
}
