//! The links that a page may contain: to the evidence beside it, and to GitHub. No recorded text is
//! used as an address without validation.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::is_repository;
use crate::world::Place;

/// Characters that are not escaped in a path.
const PATH: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Directories of a run that are in no bundle.
const THROWAWAY: [&str; 2] = ["home", "tmp"];

/// Where the evidence is, relative to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The page is one of a bundle's reports.
    Bundle,
    /// The page is in the run's directory.
    RunDirectory,
    /// The page is elsewhere: paths are shown as text.
    Elsewhere,
}

impl Evidence {
    /// The address of a file of the run.
    pub(super) fn file(self, place: &str) -> Option<String> {
        let below = place.strip_prefix(Place::RUN)?.strip_prefix('/')?;
        let mut parts = below.split('/');
        let first = parts.next().unwrap_or_default();
        if THROWAWAY.contains(&first) {
            return None;
        }
        joined(self.files()?, below)
    }

    /// The address of a long text.
    pub(super) fn blob(self, sha256: &str) -> Option<String> {
        let base = match self {
            Self::Bundle => "../blobs/",
            Self::RunDirectory => "blobs/",
            Self::Elsewhere => return None,
        };
        joined(base, sha256)
    }

    fn files(self) -> Option<&'static str> {
        match self {
            Self::Bundle => Some("../files/"),
            Self::RunDirectory => Some("./"),
            Self::Elsewhere => None,
        }
    }
}

/// A path below a directory; none if it would lead out of it.
fn joined(base: &str, path: &str) -> Option<String> {
    let plain = |part: &str| !["", ".", ".."].contains(&part);
    let encoded: Option<Vec<String>> = path
        .split('/')
        .map(|part| plain(part).then(|| utf8_percent_encode(part, &PATH).to_string()))
        .collect();
    Some(format!("{base}{}", encoded?.join("/")))
}

/// The address of an issue, `owner/repo#N`.
pub(super) fn issue(reference: &str) -> Option<String> {
    let (slug, number) = reference.rsplit_once('#')?;
    let number: u64 = number.parse().ok()?;
    is_repository(slug).then(|| format!("https://github.com/{slug}/issues/{number}"))
}

/// A recorded address, if it is one of GitHub's.
pub(super) fn github(url: &str) -> Option<String> {
    let rest = url.trim().strip_prefix("https://github.com/")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./#".contains(letter);
    (!rest.is_empty() && rest.chars().all(plain)).then(|| url.trim().to_owned())
}

/// An address below a repository on GitHub, such as that of a commit.
pub(super) fn below(slug: &str, kind: &str, name: &str) -> Option<String> {
    if !is_repository(slug) || name.is_empty() {
        return None;
    }
    let name = utf8_percent_encode(name, &PATH);
    Some(format!("https://github.com/{slug}/{kind}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_evidence() {
        let file = |place: &str| Evidence::Bundle.file(place);
        assert_eq!(
            file("‹run›/logs/T001-1-gh.out").as_deref(),
            Some("../files/logs/T001-1-gh.out")
        );
        assert_eq!(
            file("‹run›/a b/\"x").as_deref(),
            Some("../files/a%20b/%22x")
        );
        for place in ["‹run›/../x", "‹run›/a//b", "/etc/passwd", "‹run›/home/x"] {
            assert_eq!(file(place), None, "{place}");
        }
        assert_eq!(Evidence::Elsewhere.file("‹run›/logs/x"), None);
    }

    #[test]
    fn an_address_is_githubs_or_none() {
        assert!(issue("o/r#1").is_some());
        for reference in ["o/r#x", "javascript:#1", "o/r\"#1"] {
            assert_eq!(issue(reference), None, "{reference}");
        }
        assert!(github("https://github.com/o/r/issues/41#issuecomment-1\n").is_some());
        for url in [
            "javascript:alert(1)",
            "https://github.com.evil/x",
            "https://github.com/a\" onclick=x",
        ] {
            assert_eq!(github(url), None, "{url}");
        }
    }
}
