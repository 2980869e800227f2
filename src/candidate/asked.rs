//! The candidate that was requested by version, and whether that version alone shows that it can be
//! gated. Pure.

use std::str::FromStr;

use pep440_rs::Version;

use super::versions::{Line, Standing};

/// The requested version; none means the newest.
///
/// # Errors
/// If it is not a version, or not a plain candidate of the line.
pub fn asked_for(text: &str, line: &Line) -> Result<Option<Version>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let version = Version::from_str(text)
        .map_err(|_| format!("the candidate `{text}` is not a version such as `{line}rc1`"))?;
    match line.standing(&version) {
        Standing::Candidate => Ok(Some(version)),
        Standing::OtherLine => Err(format!(
            "the candidate {version} is of another release line than {line}"
        )),
        other => Err(format!("the candidate {version} is {other}")),
    }
}

/// The canonical form of a version: `v3.2.0-rc.14` and `3.2rc14` are one candidate. Text that is
/// not a version of a Python package is returned unchanged.
#[must_use]
pub fn canonical(text: &str) -> String {
    let text = text.trim();
    let Ok(version) = Version::from_str(text) else {
        return text.to_owned();
    };
    let release = version.release();
    let zeros = release.iter().rev().take_while(|part| **part == 0).count();
    let kept = (release.len() - zeros).max(1);
    let release: Vec<u64> = release[..kept].to_vec();
    version.with_release(release).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_version_is_the_same_candidate() {
        for text in ["3.2.0rc14", "v3.2.0rc14", "3.2rc14", " 3.2.0-rc.14 "] {
            assert_eq!(canonical(text), "3.2rc14", "{text}");
        }
        assert_eq!(canonical("0.0"), canonical("0"));
        assert_ne!(canonical("3.2.0rc14"), canonical("3.2.0rc15"));
        assert_ne!(canonical("20"), canonical("2"));
        assert_eq!(canonical("build-7 of main"), "build-7 of main");
    }

    #[test]
    fn only_a_plain_candidate_of_the_line_can_be_asked_for() {
        let line: Line = "3.2.0".parse().unwrap();
        let asked = |text: &str| asked_for(text, &line);
        assert_eq!(asked(" "), Ok(None));
        for text in ["3.2.0rc14", "v3.2.0rc14", "3.2rc14", " 3.2.0-rc.14 "] {
            let version = asked(text).unwrap().unwrap();
            assert_eq!(version, Version::from_str("3.2.0rc14").unwrap(), "{text}");
        }
        for (text, says) in [
            ("newest", "is not a version"),
            ("latest", "is not a version such as `3.2.0rc1`"),
            ("3.2.0rc14;", "is not a version"),
            ("3.2.0", "final release"),
            ("3.2.0.post1", "final release"),
            ("4.0.0rc7", "another release line than 3.2.0"),
            ("3.2.1rc1", "another release line"),
            ("3.2.0a4", "alpha"),
            ("3.2.0b1", "alpha, beta"),
            ("3.2.0rc14.dev1", "variant"),
            ("3.2.0rc14+local", "variant"),
        ] {
            let error = asked(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
