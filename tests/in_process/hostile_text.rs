//! What somebody outside says, in every output that people or programs read.

use std::io::Write;
use std::sync::{Arc, Mutex};

use canary_gate::engine::Reporter;
use canary_gate::gate::Gate;
use canary_gate::model::escape::acts;
use canary_gate::model::{Event, EventKind, Finding, Outcome, SubtaskId};
use canary_gate::report::{
    JsonLines, Plain, Report, Style, Where, html_1, json, junit, markdown, text,
};

const HOSTILE: [&str; 10] = [
    "\u{1b}[2J\u{1b}[H\u{1b}]0;t\u{7} \u{9b}31m",
    "over\r[43/43] T043 passed",
    "a\n[13/43] T013 passed\n::error::forged",
    "\u{202e}dessap\u{2066} ze\u{200b}ro \u{e0041}",
    "\u{0}\u{fffe}\u{ffff} \u{85}\u{2028}",
    "<script>alert(1)</script> <img src=x> &lt;",
    "@all fixes #1038, GH-7 and o/r#2 https://evil.example www.evil.example",
    "fixes &#35;1 &commat;x \\@y **b** [l](https://e.example)",
    "a | b \\| c ` d ``` e",
    "]]> --> ``` \n# heading\n",
];

fn ended(id: &str, outcome: Outcome) -> Event {
    Event {
        time: jiff::Timestamp::UNIX_EPOCH,
        elapsed: std::time::Duration::ZERO,
        kind: EventKind::SubtaskEnded {
            subtask: SubtaskId::new(id),
            outcome,
            took: std::time::Duration::ZERO,
            done: 1,
            inputs: std::collections::BTreeMap::new(),
        },
    }
}

fn events(text: &str) -> Vec<Event> {
    let finding = || Finding::new(text).seen(text).seen("x").remedy(text);
    let passed = Outcome::Passed {
        note: text.to_owned(),
        warnings: vec![text.to_owned()],
    };
    vec![
        ended("T001", passed),
        ended("T002", Outcome::Failed(finding())),
        ended("T003", Outcome::Blocked(finding())),
        ended("T004", Outcome::Error(finding())),
        ended("T005", Outcome::Skipped { why: text.into() }),
    ]
}

fn report(text: &str) -> Report {
    let mut report = Report::new(&Gate::built_in().unwrap());
    for event in events(text) {
        report.event(&event);
    }
    report.title = text.into();
    report.mission = text.into();
    report.evidence_problems = vec![text.to_owned()];
    report.work_packages[0].title = text.into();
    report.work_packages[0].subtasks[0].title = text.into();
    report
}

fn acting(shown: &str) -> String {
    let acts = |letter: &char| acts(*letter) && *letter != '\n';
    shown.chars().filter(acts).collect()
}

/// Takes what is written.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn no_output_holds_a_letter_that_acts() {
    for hostile in HOSTILE {
        let report = report(hostile);
        let all = [
            ("text", text(&report, Style::Plain, &Where::default())),
            ("json", json(&report)),
            ("markdown", markdown(&report, None)),
            ("html", html_1(&report).unwrap()),
            ("junit", junit(&report).unwrap()),
        ];
        for (name, shown) in all {
            assert_eq!(acting(&shown), "", "{name} of {hostile:?}");
        }
        let read: Report = serde_json::from_str(&json(&report)).unwrap();
        assert_eq!(read, report, "JSON keeps what was recorded");
    }
}

#[test]
fn a_terminal_shows_one_line_for_each_result() {
    for hostile in HOSTILE {
        let (lines, machine) = (Page::default(), Page::default());
        let gate = Gate::built_in().unwrap();
        let mut plain = Plain::new(&gate, Style::Plain, lines.clone());
        let mut json = JsonLines::new(machine.clone(), |_| {});
        for event in events(hostile) {
            plain.event(&event);
            json.event(&event);
        }
        let shown = lines.text();
        assert_eq!(acting(&shown), "", "{shown:?}");
        assert_eq!(shown.lines().count(), 6, "{shown}");
        assert!(
            !shown.contains("\n[13/43]") && !shown.contains("\n::"),
            "{shown}"
        );
        assert_eq!(acting(&machine.text()), "");
        assert_eq!(machine.text().lines().count(), 5);
        for line in machine.text().lines() {
            serde_json::from_str::<Event>(line).unwrap();
        }
    }
}

#[test]
fn a_text_report_keeps_every_line_of_a_finding_behind_its_margin() {
    let shown = text(&report(HOSTILE[2]), Style::Plain, &Where::default());
    let forged = |line: &&str| line.starts_with("[13/43]") || line.starts_with("::");
    assert_eq!(shown.lines().filter(forged).count(), 0, "{shown}");
}

#[test]
fn markdown_holds_no_markup_of_others() {
    for hostile in HOSTILE {
        let page = markdown(&report(hostile), None);
        // What is in code is not looked at by GitHub.
        let mut prose = String::new();
        let mut fence: Option<String> = None;
        for line in page.lines() {
            let ticks: String = line.chars().take_while(|letter| *letter == '`').collect();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => {
                    if line.starts_with('|') {
                        assert_eq!(line.matches('|').count(), 5, "{line}");
                    }
                    let pieces = line.split('`').step_by(2);
                    prose.extend(pieces.map(|piece| piece.replace("<code>", " ")));
                    prose.push('\n');
                }
            }
        }
        assert!(fence.is_none(), "{page}");
        for live in [
            "@all", " #1038", "GH-7", "://", " www.", "[l](", "<img", "<script",
        ] {
            for at in prose.match_indices(live).map(|(at, _)| at) {
                assert!(prose[..at].ends_with('\\'), "{live} in {prose}");
            }
        }
        assert_eq!(
            canary_gate::model::closing_reference(&prose),
            None,
            "{prose}"
        );
    }
}

#[test]
fn junit_and_html_are_whole_whatever_they_hold() {
    for hostile in HOSTILE {
        let report = report(hostile);
        let read = junit_parser::from_reader(junit(&report).unwrap().as_bytes());
        let read = read.unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
        let cases = read.suites.iter().map(|suite| suite.cases.len());
        assert_eq!(cases.sum::<usize>(), report.subtasks().count());
        let page = html_1(&report).unwrap();
        for live in ["<script>alert", "<img src=x"] {
            assert!(!page.contains(live), "{hostile:?}");
        }
    }
}
