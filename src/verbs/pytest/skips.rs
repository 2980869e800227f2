//! Tests that did not run to their end, why, and which of them a gate file allows. A skip is not
//! a pass.

use std::fmt;

use regex::Regex;

use crate::model::{Finding, matches_everything};
use crate::verb::VerbError;

/// A test that was skipped, or failed as it was expected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct Skip {
    pub(in crate::verbs) test: String,
    pub(in crate::verbs) reason: String,
    /// Whether it ran and was expected to fail.
    pub(in crate::verbs) expected: bool,
}

impl Skip {
    /// One that another format than JUnit names.
    pub(in crate::verbs) fn plain(test: &str, reason: &str) -> Self {
        Self {
            test: test.to_owned(),
            reason: reason.to_owned(),
            expected: false,
        }
    }

    /// The same of one that was expected to fail.
    pub(in crate::verbs) fn expected(test: &str, reason: &str) -> Self {
        Self {
            expected: true,
            ..Self::plain(test, reason)
        }
    }

    /// From the attributes and the text of a JUnit report's `<skipped>`.
    pub(super) fn of(test: &str, kind: &str, message: &str, body: &str) -> Self {
        // A module that skips itself stands in the report by its place.
        let of_module = || {
            let (_, reason) = body.split_once("Skipped: ")?;
            Some(reason.trim_end_matches([')', '\'', '"', '\n']).to_owned())
        };
        let reason = match message {
            "collection skipped" => of_module().unwrap_or_else(|| message.to_owned()),
            "" => body.trim().to_owned(),
            message => message.to_owned(),
        };
        Self {
            test: test.to_owned(),
            reason: reason.lines().next().unwrap_or_default().to_owned(),
            expected: kind == "pytest.xfail",
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.expected { "xfail: " } else { "" };
        let reason = match self.reason.as_str() {
            "" => "no reason given",
            reason => reason,
        };
        write!(f, "{}: {kind}{reason}", self.test)
    }
}

/// The reasons for which a gate file allows a skip: each a text, or a regular expression.
pub(in crate::verbs) struct Allowed<'a>(Vec<(&'a str, Option<Regex>)>);

impl<'a> Allowed<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// One that would allow every skip. The same is said when the gate file is read.
    pub(in crate::verbs) fn of(patterns: &'a [String]) -> Result<Self, VerbError> {
        let read = |pattern: &'a String| {
            let regex = Regex::new(pattern).ok();
            if matches_everything(pattern) {
                return Err(VerbError::error(
                    Finding::new(format!("`allow_skips`: `{pattern}` would allow every skip"))
                        .remedy("write the reason that is allowed"),
                ));
            }
            Ok((pattern.as_str(), regex))
        };
        patterns
            .iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a reason is allowed: the whole of an entry stands in it, or its expression is found.
    pub(in crate::verbs) fn allows(&self, skip: &Skip) -> bool {
        self.0.iter().any(|(text, regex)| {
            let found = regex
                .as_ref()
                .is_some_and(|regex| regex.is_match(&skip.reason));
            found || skip.reason.contains(text)
        })
    }

    /// Those of the skips that are not allowed, one line each.
    pub(in crate::verbs) fn refused(&self, skips: &[Skip]) -> Vec<String> {
        let refused = skips.iter().filter(|skip| !self.allows(skip));
        refused.map(|skip| format!("skipped: {skip}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(reason: &str) -> Skip {
        Skip::of("a::t", "pytest.skip", reason, "")
    }

    #[test]
    fn a_reason_is_allowed_by_text_or_by_expression() {
        let patterns = ["needs macOS (darwin)", r"^redis \d+ is missing$"].map(str::to_owned);
        let allowed = Allowed::of(&patterns).unwrap();
        for reason in [
            "needs macOS (darwin)",
            "skip: needs macOS (darwin) today",
            "redis 7 is missing",
        ] {
            assert!(allowed.allows(&skip(reason)), "{reason}");
        }
        for reason in [
            "",
            "needs macOS",
            "redis is missing",
            "no redis 7 is missing",
            "SPEC is not set",
        ] {
            assert!(!allowed.allows(&skip(reason)), "{reason}");
        }
        assert!(!Allowed::of(&[]).unwrap().allows(&skip("")));
    }

    #[test]
    fn what_allows_everything_is_refused() {
        for pattern in ["", " ", ".*", "x?", "a|", "^"] {
            assert!(Allowed::of(&[pattern.to_owned()]).is_err(), "{pattern}");
        }
        assert!(Allowed::of(&[".+ on Windows".to_owned()]).is_ok());
    }

    #[test]
    fn a_module_that_skips_itself_says_why() {
        let text =
            "('/h/tests/test_a.py', 3, \"Skipped: could not import 'x': No module named 'x'\")";
        let skip = Skip::of("tests.test_a", "pytest.skip", "collection skipped", text);
        assert_eq!(skip.reason, "could not import 'x': No module named 'x");
        assert_eq!(Skip::of("t", "", "", "").to_string(), "t: no reason given");
    }
}
