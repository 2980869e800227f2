//! Reports in the Test Anything Protocol (versions 12 to 14). Pure.

use crate::verbs::pytest::{Skip, SuiteReport};

/// Reads a report.
///
/// # Errors
/// What is wrong with it: no plan, another number of tests than planned, a test twice, or that the
/// program bailed out.
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
        let number = test(ok, rest.trim(), seen.len() + 1, &mut report);
        if seen.contains(&number) {
            return Err(format!("test {number} is there twice"));
        }
        seen.push(number);
    }
    match plan {
        None => Err("it has no plan such as `1..12`".to_owned()),
        Some(count) if count != seen.len() => {
            Err(format!("it plans {count} tests, and names {}", seen.len()))
        }
        Some(_) => {
            report.skipped = report.skips.iter().map(Skip::to_string).collect();
            Ok(report)
        }
    }
}

/// One test's line, without `ok`; its number.
fn test(ok: bool, rest: &str, next: usize, report: &mut SuiteReport) -> usize {
    let digits = rest.find(|letter: char| !letter.is_ascii_digit());
    let digits = &rest[..digits.unwrap_or(rest.len())];
    let number = digits.parse().unwrap_or(next);
    let text = rest[digits.len()..].trim_start_matches([' ', '-']);
    let (name, directive) = match text.split_once(" # ") {
        Some((name, directive)) => (name, directive),
        None => (text, text.strip_prefix("# ").unwrap_or_default()),
    };
    let name = if name.is_empty() {
        format!("test {number}")
    } else {
        name.trim().to_owned()
    };
    let (word, reason) = directive.split_once(' ').unwrap_or((directive, ""));
    if word.eq_ignore_ascii_case("skip") || word.to_ascii_lowercase().starts_with("skip") {
        report.skips.push(Skip::plain(&name, reason.trim()));
    } else if word.eq_ignore_ascii_case("todo") && !ok {
        report.skips.push(Skip::expected(&name, reason.trim()));
    } else {
        report.ran += 1;
        if !ok {
            report.failed.push(name);
        }
    }
    number
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
