//! Which Python the tests run with, and as of which date their packages are resolved.

use jiff::Timestamp;
use serde_json::Value;

use super::git::Git;
use super::project::Project;
use super::uv::{Had, run_program, uv};
use crate::world::Place;

/// A Python of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Python {
    /// Its version, such as `3.11.7`.
    pub(super) version: String,
    /// `3.11`.
    pub(super) minor: String,
}

/// When each minor version was released. A later one is treated as newer than any fix.
const RELEASED: [(&str, &str); 7] = [
    ("3.8", "2019-10-14T00:00:00Z"),
    ("3.9", "2020-10-05T00:00:00Z"),
    ("3.10", "2021-10-04T00:00:00Z"),
    ("3.11", "2022-10-24T00:00:00Z"),
    ("3.12", "2023-10-02T00:00:00Z"),
    ("3.13", "2024-10-07T00:00:00Z"),
    ("3.14", "2025-10-07T00:00:00Z"),
];

impl Python {
    /// Its release date.
    fn released(&self) -> Option<Timestamp> {
        let known = RELEASED.iter().find(|(minor, _)| *minor == self.minor);
        known.and_then(|(_, day)| day.parse().ok())
    }

    /// The date as of which its packages are resolved: the fix's date, but not before the release
    /// of this Python, because earlier packages do not support it.
    pub(super) fn packages_as_of(&self, fix: Timestamp) -> Timestamp {
        self.released().map_or(fix, |released| released.max(fix))
    }

    fn order(&self) -> (u64, u64) {
        let mut numbers = self.minor.split('.').map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }
}

/// The Python for a project at a time: the newest allowed one on this machine that had been
/// released by then; or else the oldest.
pub(super) async fn find(
    git: Git<'_>,
    cwd: &Place,
    project: &Project,
    fix: Timestamp,
) -> Had<Python> {
    let arguments = [
        "python",
        "list",
        "--only-installed",
        "--output-format",
        "json",
    ];
    let listed = match run_program(git, uv(cwd, &arguments)).await? {
        Ok(finished) => finished.stdout.text,
        Err(why) => return Ok(Err(why)),
    };
    let all = installed(&listed);
    Ok(choose(&all, project.requires_python(), fix).ok_or_else(|| {
        let found: Vec<&str> = all.iter().map(|python| python.version.as_str()).collect();
        format!(
            "no Python on this machine fits `{}` (found: {})",
            project.requires_python().unwrap_or("any"),
            if found.is_empty() {
                "none".to_owned()
            } else {
                found.join(", ")
            }
        )
    }))
}

fn installed(listed: &str) -> Vec<Python> {
    let listed: Value = serde_json::from_str(listed).unwrap_or_default();
    let mut all: Vec<Python> = Vec::new();
    for entry in listed.as_array().into_iter().flatten() {
        let part = |name: &str| entry["version_parts"][name].as_u64();
        let plain = entry["implementation"] == "cpython" && entry["variant"] != "freethreaded";
        let (Some(version), Some(major), Some(minor)) =
            (entry["version"].as_str(), part("major"), part("minor"))
        else {
            continue;
        };
        let minor = format!("{major}.{minor}");
        // uv uses the first one of a minor version, too.
        if plain && !all.iter().any(|python| python.minor == minor) {
            all.push(Python {
                version: version.to_owned(),
                minor,
            });
        }
    }
    all.sort_by_key(Python::order);
    all
}

fn choose(all: &[Python], allowed: Option<&str>, fix: Timestamp) -> Option<Python> {
    let allowed = allowed.and_then(|text| text.parse::<pep440_rs::VersionSpecifiers>().ok());
    let fits = |python: &&Python| {
        let version = python.version.parse::<pep440_rs::Version>();
        match (&allowed, version) {
            (Some(allowed), Ok(version)) => allowed.contains(&version),
            _ => true,
        }
    };
    let fitting: Vec<&Python> = all.iter().filter(fits).collect();
    let was_out = |python: &&&Python| python.released().is_none_or(|day| day <= fix);
    let newest = fitting.iter().rfind(was_out);
    newest.or_else(|| fitting.first()).copied().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pythons(minors: &[&str]) -> Vec<Python> {
        let python = |minor: &&str| Python {
            version: format!("{minor}.1"),
            minor: (*minor).to_owned(),
        };
        minors.iter().map(python).collect()
    }

    #[test]
    fn the_newest_that_had_come_out_and_is_allowed() {
        let all = pythons(&["3.9", "3.11", "3.13"]);
        let chosen = |allowed, day: &str| {
            let fix: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
            choose(&all, allowed, fix).map(|python| python.minor)
        };
        assert_eq!(chosen(None, "2024-01-01").as_deref(), Some("3.11"));
        assert_eq!(chosen(None, "2026-01-01").as_deref(), Some("3.13"));
        assert_eq!(
            chosen(Some(">=3.8,<3.10"), "2026-01-01").as_deref(),
            Some("3.9")
        );
        assert_eq!(
            chosen(None, "2018-01-01").as_deref(),
            Some("3.9"),
            "the oldest"
        );
        assert_eq!(chosen(Some(">=3.15"), "2026-01-01"), None);
    }

    #[test]
    fn packages_are_no_older_than_the_python() {
        let python = &pythons(&["3.11"])[0];
        let day = |text: &str| text.parse::<Timestamp>().unwrap();
        let released = day("2022-10-24T00:00:00Z");
        assert_eq!(python.packages_as_of(day("2019-05-01T00:00:00Z")), released);
        let later = day("2024-05-01T00:00:00Z");
        assert_eq!(python.packages_as_of(later), later);
    }

    #[test]
    fn only_the_first_of_a_minor_version_counts() {
        let listed = r#"[{"version":"3.11.7","version_parts":{"major":3,"minor":11},"implementation":"cpython","variant":"default"},
            {"version":"3.11.2","version_parts":{"major":3,"minor":11},"implementation":"cpython","variant":"default"},
            {"version":"7.3","version_parts":{"major":3,"minor":10},"implementation":"pypy","variant":"default"}]"#;
        let all = installed(listed);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].version, "3.11.7");
    }
}
