//! Which of the operator's secrets cannot be redacted, reported before a run writes anything.

use super::environment;
use super::operator::Operator;
use crate::world::redact::Redactor;

/// Secrets that cannot be redacted: variables that always contain one if they are set, and
/// passed-through variables named like one; each with the reason. A number or a word under another
/// name is a setting.
#[must_use]
pub fn unhidden<'n>(
    operator: &'n Operator,
    passed: impl IntoIterator<Item = &'n str>,
) -> Vec<(String, String)> {
    let known = operator
        .env
        .keys()
        .filter(|name| environment::is_secret(name));
    let passed = passed.into_iter().filter(|name| sounds_secret(name));
    let mut names: Vec<&str> = known.map(String::as_str).chain(passed).collect();
    names.sort_unstable();
    names.dedup();
    let reasons = names.into_iter().filter_map(|name| {
        // A known secret is redacted even if it is an ordinary word.
        let value = operator.var(name)?;
        let why = Redactor::cannot_hide(value)?;
        let hidden = environment::is_secret(name) && value.trim().len() >= Redactor::SHORTEST;
        (!hidden).then(|| (name.to_owned(), why))
    });
    reasons.collect()
}

/// Whether a variable's name suggests that its value is a secret.
fn sounds_secret(name: &str) -> bool {
    const WORDS: [&str; 6] = ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "KEY", "CREDENTIAL"];
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_cannot_be_hidden_is_told_with_the_reason() {
        let mut operator = Operator::default();
        for (name, value) in [
            ("GH_TOKEN", "abc"),
            ("FLY_API_TOKEN", "dragon"),
            ("CANARY_TOKEN", "a1"),
            ("CANARY_PASSWORD", "dragon"),
            ("CANARY_SECRET", "dr4gon"),
            ("CANARY_DEBUG", "1"),
            ("OTHER_TOKEN", "x"),
            ("EMPTY_TOKEN", ""),
        ] {
            operator.env.insert(name.to_owned(), value.to_owned());
        }
        let passed = [
            "CANARY_TOKEN",
            "CANARY_PASSWORD",
            "CANARY_SECRET",
            "CANARY_DEBUG",
            "EMPTY_TOKEN",
            "NOT_SET_TOKEN",
        ];
        let told = unhidden(&operator, passed);
        let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["CANARY_PASSWORD", "CANARY_TOKEN", "GH_TOKEN"]);
        assert!(told[0].1.contains("ordinary word"), "{told:?}");
        assert!(told[1].1.contains("fewer than 4"), "{told:?}");
        let redactor = Redactor::new();
        assert!(!redactor.add_passed("CANARY_TOKEN", "a1"));
        assert!(redactor.add_passed("CANARY_SECRET", "dr4gon"));
        assert!(redactor.add_secret("FLY_API_TOKEN", "dragon"));
    }
}
