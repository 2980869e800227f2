//! Reports in the Test Anything Protocol (versions 12 to 14). Pure.

use crate::verbs::pytest::{Skip, SuiteReport};

/// Reads a report.
///
/// # Errors
/// What is wrong with it: no plan, another number of tests than planned, a test twice or beyond the
/// plan, or that the program bailed out.
pub(super) fn parse(text: &str) -> Result<SuiteReport, String> {
    let mut report = SuiteReport::default();
    let mut plan: Option<usize> = None;
    let mut seen: Vec<usize> = Vec::new();
    for line in text.lines() {
        if let Some(why) = line.strip_prefix("Bail out!") {
            return Err(format!("it bailed out:{why}"));
        }
        if let Some(count) = line.strip_prefix("1..") {
            let (count, reason) = count.split_once('#').unwrap_or((count, ""));
            let count = count.trim().parse();
            let count = count.map_err(|_| format!("`{line}` is no plan"))?;
            if plan.replace(count).is_some() {
                return Err("it has two plans".to_owned());
            }
            if count == 0 {
                report.skips.push(Skip::plain("all tests", reason.trim()));
            }
            continue;
        }
        // What is indented belongs to a subtest, whose own line sums it up.
        let (ok, rest) = match (line.strip_prefix("ok"), line.strip_prefix("not ok")) {
            (Some(rest), None) => (true, rest),
            (None, Some(rest)) => (false, rest),
            _ => continue,
        };
        if rest.starts_with(|letter: char| !letter.is_whitespace()) {
            continue;
        }
        let number = test(ok, rest.trim(), seen.len() + 1, &mut report)?;
        if seen.contains(&number) {
            return Err(format!("duplicate test {number}"));
        }
        seen.push(number);
    }
    match plan {
        None => Err("it has no plan such as `1..12`".to_owned()),
        Some(count) if count != seen.len() => {
            Err(format!("it plans {count} tests, and names {}", seen.len()))
        }
        Some(count) => {
            if let Some(number) = seen.iter().find(|number| !(1..=count).contains(*number)) {
                return Err(format!(
                    "it names test {number}, and plans tests 1 to {count}"
                ));
            }
            report.skipped = report.skips.iter().map(Skip::to_string).collect();
            Ok(report)
        }
    }
}

/// One test's line, without `ok`; its number.
fn test(ok: bool, rest: &str, next: usize, report: &mut SuiteReport) -> Result<usize, String> {
    let digits = rest.find(|letter: char| !letter.is_ascii_digit());
    let digits = &rest[..digits.unwrap_or(rest.len())];
    let number = match digits {
        "" => next,
        // A number that is too large is no test of any plan.
        _ => digits
            .parse()
            .map_err(|_| format!("`{digits}` is no number of a test"))?,
    };
    let text = rest[digits.len()..].trim_start_matches([' ', '\t', '-']);
    let (name, directive) = match directive(text) {
        Some((name, directive)) => (name, Some(directive)),
        None => (text, None),
    };
    let name = if name.is_empty() {
        format!("test {number}")
    } else {
        name.to_owned()
    };
    match directive {
        // A test that fails has not been skipped, whatever stands behind it.
        Some(Directive::Skip(reason)) if ok => report.skips.push(Skip::plain(&name, reason)),
        Some(Directive::Todo(reason)) if !ok => report.skips.push(Skip::expected(&name, reason)),
        _ => {
            report.ran += 1;
            if !ok {
                report.failed.push(name);
            }
        }
    }
    Ok(number)
}

/// What stands behind a test's name, with its reason.
enum Directive<'a> {
    Skip(&'a str),
    Todo(&'a str),
}

/// The name, and the first directive behind a `#` that no backslash escapes; as harnesses read it:
/// in any case, with or without space around the `#`. Any other `#` belongs to the name.
fn directive(text: &str) -> Option<(&str, Directive<'_>)> {
    text.match_indices('#').find_map(|(at, _)| {
        let (name, rest) = (&text[..at], text[at + 1..].trim_start());
        let backslashes = name.len() - name.trim_end_matches('\\').len();
        if backslashes % 2 == 1 {
            return None;
        }
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let (word, reason) = rest.split_at(end.unwrap_or(rest.len()));
        let word = word.to_ascii_lowercase();
        let reason = reason.trim_start_matches(':').trim();
        let directive = if word.starts_with("skip") {
            Directive::Skip(reason)
        } else if word == "todo" {
            Directive::Todo(reason)
        } else {
            return None;
        };
        Some((name.trim(), directive))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_skips_and_failures_are_told_apart() {
        let text = "TAP version 13\n1..5\nok 1 - adds\n    ok 1 - inner\nnot ok 2 - divides\n  ---\n\
            ok 3 - later # SKIP no disk\nnot ok 4 - never # TODO not yet\nok\n";
        let report = parse(text).unwrap();
        assert_eq!(
            (report.ran, report.failed.as_slice()),
            (3, &["divides".to_owned()][..])
        );
        assert_eq!(report.skipped, ["later: no disk", "never: xfail: not yet"]);
    }

    #[test]
    fn a_directive_is_found_however_it_is_spelled() {
        let skips = |line: &str| parse(&format!("1..1\n{line}\n")).unwrap().skipped;
        for line in [
            "ok 1 - b #SKIP no disk",
            "ok 1 - b\t# SKIP no disk",
            "ok 1 - b # skip no disk",
            "ok 1 - b# Skipped: no disk",
            "ok\t1\t-\tb\t#\tSKIP\tno disk",
        ] {
            assert_eq!(skips(line), ["b: no disk"], "{line}");
        }
        assert_eq!(skips("ok 1 - fixes #42 # SKIP x"), ["fixes #42: x"]);
        for line in ["not ok 1 - b #todo x", "not ok 1 - b\t# ToDo x"] {
            assert_eq!(skips(line), ["b: xfail: x"], "{line}");
        }
        for passes in [
            r"ok 1 - b \# SKIP x",
            "ok 1 - fixes #42",
            "ok 1 - b # time=3ms",
            "ok 1 - skip",
            "ok 1 - b # TODO x",
        ] {
            let report = parse(&format!("1..1\n{passes}\n")).unwrap();
            assert_eq!((report.ran, report.skipped.len()), (1, 0), "{passes}");
        }
        let failed = parse("1..1\nnot ok 1 - reads #skipped rows\n").unwrap();
        assert_eq!((failed.ran, failed.failed.len()), (1, 1));
    }

    #[test]
    fn a_number_that_is_not_planned_is_refused() {
        let why = |text: &str| parse(text).unwrap_err();
        let beyond = why("1..2\nok 1\nok 9\n");
        assert_eq!(beyond, "it names test 9, and plans tests 1 to 2");
        let before = why("ok 0\nok 1\n1..2\n");
        assert_eq!(before, "it names test 0, and plans tests 1 to 2");
        assert_eq!(why("1..2\nok 2\nok 2\n"), "duplicate test 2");
        let huge = why("1..1\nok 99999999999999999999999 a\n");
        assert!(huge.contains("is no number of a test"), "{huge}");
        assert_eq!(parse("ok 2\nok 1\n1..2\n").unwrap().ran, 2);
        assert_eq!(parse("1..2\nok a\nok b\n").unwrap().ran, 2);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for text in [
            "",
            "ok 1\n",
            "1..2\nok 1\n",
            "1..1\nok 1\nok 2\n",
            "1..2\nok 1\nok 1\n",
            "1..1\n1..1\nok 1\n",
            "1..2\nok 1\nBail out! disk full\n",
            "1..x\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("1..0 # SKIP no network\n").unwrap().ran, 0);
    }
}
