//! Which versions are candidates of a release line, by PEP 440. Pure.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{PrereleaseKind, Version};

/// A release line such as `3.2.0`, whose candidates are `3.2.0rcN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    written: String,
    release: Version,
}

/// How a version relates to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A release candidate of the line, and nothing more: `3.2.0rc16`.
    Candidate,
    /// The line's final release or something after it.
    Final,
    /// An alpha, beta or development release of the line.
    BeforeCandidate,
    /// A version of another line.
    OtherLine,
    /// A candidate with a post, development or local part.
    Variant,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "a candidate",
            Self::Final => "a final release, not a candidate",
            Self::BeforeCandidate => "an alpha, beta or development release, not a candidate",
            Self::OtherLine => "of another release line",
            Self::Variant => "a variant of a candidate, not a plain one",
        })
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let release =
            Version::from_str(text).map_err(|_| format!("`{text}` is not a release line"))?;
        let plain = !release.any_prerelease() && !release.is_post() && !release.is_local();
        if plain {
            let written = text.to_owned();
            return Ok(Self { written, release });
        }
        Err(format!("`{text}` is not a release line such as `3.2.0`"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Line {
    /// How a version relates to this line.
    #[must_use]
    pub fn standing(&self, version: &Version) -> Standing {
        if version.epoch() != self.release.epoch() || !self.same_release(version) {
            return Standing::OtherLine;
        }
        match version.pre() {
            None if version.is_dev() => Standing::BeforeCandidate,
            None => Standing::Final,
            Some(pre) if pre.kind != PrereleaseKind::Rc => Standing::BeforeCandidate,
            Some(_) if version.is_dev() || version.is_post() || version.is_local() => {
                Standing::Variant
            }
            Some(_) => Standing::Candidate,
        }
    }

    /// The requirement that only candidates of this line below `below` meet; without `below`, all
    /// of them.
    ///
    /// `<3.2.0` would exclude its own prereleases, so the upper bound is itself a candidate.
    #[must_use]
    pub fn requirement(&self, package: &str, below: Option<&Version>) -> String {
        let upper = below.map_or_else(|| format!("{self}rc999999"), ToString::to_string);
        format!("{package}>={self}rc0,<{upper}")
    }

    fn same_release(&self, version: &Version) -> bool {
        let trimmed = |release: &[u64]| {
            let end = release
                .iter()
                .rposition(|part| *part != 0)
                .map_or(0, |at| at + 1);
            release[..end].to_vec()
        };
        trimmed(version.release()) == trimmed(self.release.release())
    }
}

/// The version that a tag names: `v3.2.0rc16`, `3.2.0-rc.16`.
#[must_use]
pub(super) fn of_tag(tag: &str) -> Option<Version> {
    Version::from_str(tag.strip_prefix('v').unwrap_or(tag)).ok()
}

/// Versions for display, oldest first: consecutive numbers become a range, `3.2.0rc22–rc45`, and of
/// many ranges only the newest are shown.
#[must_use]
pub fn shown(sorted: &[Version]) -> String {
    const MOST: usize = 8;
    let mut parts: Vec<Range> = Vec::new();
    for version in sorted {
        if !parts.last_mut().is_some_and(|last| last.takes(version)) {
            parts.push(Range::of(version));
        }
    }
    let texts: Vec<String> = parts.iter().flat_map(Range::shown).collect();
    match texts.len().saturating_sub(MOST) {
        0 => texts.join(", "),
        more => format!("{} and {more} before", texts[more..].join(", ")),
    }
}

/// Plain prereleases of one line with consecutive numbers, or any single version.
struct Range {
    first: Version,
    last: Version,
}

impl Range {
    fn of(version: &Version) -> Self {
        Self {
            first: version.clone(),
            last: version.clone(),
        }
    }

    /// Adds the version to the range if it is the next one.
    fn takes(&mut self, version: &Version) -> bool {
        let number = |version: &Version| {
            let plain = !version.is_dev() && !version.is_post() && !version.is_local();
            let pre = version.pre().filter(|_| plain)?;
            Some((
                version.epoch(),
                version.release().to_vec(),
                pre.kind,
                pre.number,
            ))
        };
        let next = number(&self.last)
            .zip(number(version))
            .is_some_and(|(last, this)| {
                (&last.0, &last.1, last.2) == (&this.0, &this.1, this.2) && last.3 + 1 == this.3
            });
        if next {
            self.last = version.clone();
        }
        next
    }

    /// A range from three on; two are shown as two.
    fn shown(&self) -> Vec<String> {
        let (first, last) = (self.first.to_string(), self.last.to_string());
        let numbers = self.first.pre().zip(self.last.pre());
        match numbers {
            _ if first == last => vec![first],
            Some((from, to)) if to.number - from.number > 1 => {
                vec![format!("{first}–{}{}", to.kind, to.number)]
            }
            _ => vec![first, last],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::from_str(text).unwrap()
    }

    #[test]
    fn only_plain_candidates_of_the_line_are_candidates() {
        let line: Line = "3.2.0".parse().unwrap();
        let cases = [
            ("3.2.0rc16", Standing::Candidate),
            ("3.2rc16", Standing::Candidate),
            ("3.2.0", Standing::Final),
            ("3.2.0.post1", Standing::Final),
            ("3.2.0a4", Standing::BeforeCandidate),
            ("3.2.0b1", Standing::BeforeCandidate),
            ("3.2.0.dev3", Standing::BeforeCandidate),
            ("3.2.0rc16.post1", Standing::Variant),
            ("3.2.0rc16.dev1", Standing::Variant),
            ("3.2.0rc16+local", Standing::Variant),
            ("3.2.1rc1", Standing::OtherLine),
            ("4.0.0rc7", Standing::OtherLine),
            ("1!3.2.0rc16", Standing::OtherLine),
        ];
        for (text, standing) in cases {
            assert_eq!(line.standing(&version(text)), standing, "{text}");
        }
    }

    #[test]
    fn a_line_is_a_plain_release() {
        for wrong in ["3.2.0rc1", "", "latest", "3.2.0.dev1", "3.2.0.post1"] {
            assert!(wrong.parse::<Line>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_are_read_in_both_spellings() {
        for tag in ["v3.2.0rc16", "3.2.0rc16", "v3.2.0-rc.16"] {
            assert_eq!(of_tag(tag), Some(version("3.2.0rc16")), "{tag}");
        }
        assert_eq!(of_tag("nightly"), None);
    }

    #[test]
    fn neighbours_are_one_range_and_a_gap_ends_it() {
        let told = |texts: &[&str]| {
            let mut versions: Vec<Version> = texts.iter().map(|text| version(text)).collect();
            versions.sort();
            shown(&versions)
        };
        let all: Vec<String> = (22..=45).map(|n| format!("3.2.0rc{n}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(told(&all), "3.2.0rc22–rc45");
        let gap: Vec<&str> = all
            .iter()
            .copied()
            .filter(|one| !one.ends_with("28"))
            .collect();
        assert_eq!(told(&gap), "3.2.0rc22–rc27, 3.2.0rc29–rc45");
        assert_eq!(told(&["3.2.0rc9", "3.2.0rc10"]), "3.2.0rc9, 3.2.0rc10");
        assert_eq!(
            told(&["3.2.0rc9", "3.2.0rc10", "3.2.0rc11", "3.2.1rc12", "4.0.0"]),
            "3.2.0rc9–rc11, 3.2.1rc12, 4.0.0"
        );
        assert_eq!(
            told(&["3.2.0a1", "3.2.0a2", "3.2.0a3", "3.2.0b4", "3.2.0rc5.post1"]),
            "3.2.0a1–a3, 3.2.0b4, 3.2.0rc5.post1"
        );
        assert_eq!(told(&[]), "");
        let many: Vec<String> = (1..=20).map(|n| format!("4.{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(
            told(&many),
            "4.13, 4.14, 4.15, 4.16, 4.17, 4.18, 4.19, 4.20 and 12 before"
        );
    }

    #[test]
    fn ten_comes_after_nine() {
        assert!(version("3.2.0rc10") > version("3.2.0rc9"));
    }
}
