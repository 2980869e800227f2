//! The output for GitHub Actions: annotations, step outputs, and log lines that cannot start a
//! workflow command. Pure; the rules are the runner's (`ActionCommand`): a command is a line that
//! begins with `::` after white space, or contains `##[` anywhere.

use std::io::Write;
use std::sync::LazyLock;

use regex::Regex;

use super::model::{Report, SubtaskReport, label};
use crate::model::escape::visible;
use crate::model::{Diagnostics, Finding};

/// Between the two characters that would make a line a command.
const APART: char = '\u{200b}';
/// Lines of what was seen that an annotation shows.
const MOST_LINES: usize = 20;
/// A step's summary may have a mebibyte; the rest of the room is for what others write.
const LARGEST_SUMMARY: usize = 1_000_000;

/// A file of a project and a line in it, as tools print them.
static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let endings = "py|toml|sh|bash|json|ya?ml|rs|cfg|ini|lock|js|ts|md|txt";
    Regex::new(&format!(
        r"(?m)(?:^|[\s`'(])((?:[\w.+-]+/)*[\w.+-]+\.(?:{endings})):(\d+)"
    ))
    .ok()
});

/// The workflow commands that show a run's findings as annotations; one line each.
#[must_use]
pub fn annotations(report: &Report) -> Vec<String> {
    let found = report.findings();
    let of = |subtask: &&SubtaskReport| {
        let result = subtask.result.as_ref()?;
        Some(annotation(subtask, label(Some(result)), result.finding()?))
    };
    let evidence = report.evidence_problems.iter().map(|problem| {
        let message = format!("nothing counts as passed: {problem}");
        error("the evidence is not complete", None, &message)
    });
    found.iter().filter_map(of).chain(evidence).collect()
}

/// The same for the errors in a gate file.
#[must_use]
pub fn of_gate_file(problems: &Diagnostics) -> Vec<String> {
    let one = |problem: &crate::model::Diagnostic| {
        let place = (problem.source.name.clone(), problem.line.to_string());
        let help = problem.help.iter().map(|help| format!("\n→ {help}"));
        let message = problem.message.clone() + &help.collect::<String>();
        error("the gate file", Some(place), &message)
    };
    problems.iter().map(one).collect()
}

fn annotation(subtask: &SubtaskReport, word: &str, finding: &Finding) -> String {
    let title = format!("{} {word}: {}", subtask.id, subtask.title);
    let seen = finding.seen.iter().take(MOST_LINES).map(String::as_str);
    let left = finding.seen.len().saturating_sub(MOST_LINES);
    let left = (left > 0).then(|| format!("… and {left} lines more, in the report"));
    let remedy = finding.remedy.as_ref().map(|remedy| format!("→ {remedy}"));
    let lines: Vec<&str> = std::iter::once(finding.what.as_str())
        .chain(seen)
        .chain(left.as_deref())
        .chain(remedy.as_deref())
        .collect();
    error(&title, place(finding), &lines.join("\n"))
}

/// The first file and line that a finding names.
fn place(finding: &Finding) -> Option<(String, String)> {
    let texts = std::iter::once(&finding.what).chain(&finding.seen);
    let pattern = PLACE.as_ref()?;
    texts.into_iter().find_map(|text| {
        let found = pattern.captures(text)?;
        let (file, line) = (found.get(1)?.as_str(), found.get(2)?.as_str());
        let inside = !file.split('/').any(|part| part == "..");
        inside.then(|| (file.to_owned(), line.to_owned()))
    })
}

fn error(title: &str, place: Option<(String, String)>, message: &str) -> String {
    let mut properties = Vec::new();
    if let Some((file, line)) = place {
        properties.push(format!("file={}", escaped_property(&file)));
        properties.push(format!("line={line}"));
    }
    properties.push(format!("title={}", escaped_property(title)));
    format!("::error {}::{}", properties.join(","), escaped(message))
}

/// The command that begins a group of log lines; `::endgroup::` ends it.
#[must_use]
pub fn group(title: &str) -> String {
    format!("::group::{}", escaped(title))
}

/// A command's message, by GitHub's rules.
fn escaped(text: &str) -> String {
    let escaped = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    visible(&escaped).into_owned()
}

/// A command's property, by GitHub's rules.
fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// Lines for the file of a step's outputs. A value is limited to one line: a second one would be an
/// output of its own.
#[must_use]
pub fn outputs(values: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| {
        let value: String = value
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .collect();
        format!("{name}={value}\n")
    };
    values.iter().map(line).collect()
}

/// A report as a step's summary: if it is too long, it is cut at a line end, and a note says so.
#[must_use]
pub fn summary(markdown: &str) -> String {
    if markdown.len() <= LARGEST_SUMMARY {
        return format!("{markdown}\n");
    }
    let mut end = LARGEST_SUMMARY;
    while !markdown.is_char_boundary(end) {
        end -= 1;
    }
    let end = markdown[..end].rfind('\n').unwrap_or(end);
    format!(
        "{}\n\n… cut here; the whole report is in the bundle\n",
        &markdown[..end]
    )
}

/// A text in which no line is a workflow command.
#[must_use]
pub fn harmless(text: &str) -> String {
    let apart = format!("#{APART}#[");
    let line = |line: &str| {
        let line = line.replace("##[", &apart);
        let begin = line.len() - line.trim_start().len();
        if line[begin..].starts_with("::") {
            format!("{}:{APART}:{}", &line[..begin], &line[begin + 2..])
        } else {
            line
        }
    };
    // The runner also ends lines at a carriage return.
    text.split_inclusive(['\n', '\r']).map(line).collect()
}

/// A log in which no line is a workflow command.
pub struct Harmless<W> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> Harmless<W> {
    /// Writes to `to`, line by line.
    pub fn new(to: W) -> Self {
        let line = Vec::new();
        Self { to, line }
    }
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.line.split_off(end + 1);
            let lines = std::mem::replace(&mut self.line, rest);
            let text = harmless(&String::from_utf8_lossy(&lines));
            self.to.write_all(text.as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use crate::model::{Outcome, SubtaskId};

    fn failed(finding: Finding) -> Report {
        let mut report = Report::new(&Gate::built_in().unwrap());
        report.keep(&SubtaskId::new("T022"), &Outcome::Failed(finding), &[]);
        report
    }

    #[test]
    fn a_finding_is_one_escaped_line_with_its_file() {
        let finding = Finding::new("scenario 4, 50%: failed\r\n::warning::not mine")
            .seen("tests/canary_test.py:112: AssertionError")
            .remedy("read it");
        let all = annotations(&failed(finding));
        assert_eq!(
            all,
            [
                "::error file=tests/canary_test.py,line=112,title=T022 failed%3A Assert all 4 \
                 scenario statuses in latest.json::scenario 4, 50%25: failed%0D%0A::warning::not \
                 mine%0Atests/canary_test.py:112: AssertionError%0A→ read it"
            ]
        );
    }

    #[test]
    fn an_address_or_a_way_out_is_no_file() {
        for text in [
            "http://127.0.0.1:8080/health/",
            "example.com:443",
            "../../etc/x.py:3",
            "at 12:30:11",
        ] {
            let all = annotations(&failed(Finding::new(text)));
            assert!(all[0].starts_with("::error title="), "{}", all[0]);
        }
    }

    #[test]
    fn a_title_ends_no_property() {
        let line = error("a, b: c%\n", None, "m");
        assert_eq!(line, "::error title=a%2C b%3A c%25%0A::m");
    }

    #[test]
    fn no_line_of_the_log_is_a_command() {
        let hostile = "::add-mask::x\n \t::error::y\rz\r::set-env name=A::b\nmid ::error:: stays\n\
                       note ##[error]w\n\u{2003}::stop-commands::t\n";
        let quiet = harmless(hostile);
        for line in quiet.split(['\n', '\r']) {
            assert!(!line.trim_start().starts_with("::"), "{line:?}");
            assert!(!line.contains("##["), "{line:?}");
        }
        assert!(quiet.contains("mid ::error:: stays"));
        let mut log = Harmless::new(Vec::new());
        for byte in hostile.as_bytes() {
            log.write_all(&[*byte]).unwrap();
        }
        assert_eq!(String::from_utf8(log.to).unwrap(), quiet);
    }

    #[test]
    fn a_value_is_one_output() {
        let text = outputs(&[
            ("run", "01\nverdict=passed".to_owned()),
            ("exit", "3".into()),
        ]);
        assert_eq!(text, "run=01 verdict=passed\nexit=3\n");
    }

    #[test]
    fn a_long_report_is_cut_at_a_line() {
        let long = "| ä | row |\n".repeat(100_000);
        let cut = summary(&long);
        assert!(cut.len() < 1 << 20);
        assert!(
            cut.contains("| row |\n\n… cut here"),
            "{}",
            &cut[cut.len() - 80..]
        );
        assert_eq!(summary("# short"), "# short\n");
    }
}
