//! Reads a JUnit report into the results it records for each test. Judges nothing.
//!
//! A test case may hold several results: one per subtest, or a failure and an error in its
//! teardown. All are kept, in the order of the report.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// What a report records of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// `classname::name`, as the report spells them.
    pub(crate) id: String,
    /// Its results but for passes, in order.
    pub(crate) results: Vec<Recorded>,
    /// How often it is in the report without any result, which means that it passed.
    pub(crate) passed: usize,
}

/// One result that is no pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// What it is.
    pub(crate) what: What,
    /// The attribute `type`.
    pub(crate) kind: String,
    /// The attribute `message`.
    pub(crate) message: String,
    /// The text: a traceback, as a rule.
    pub(crate) text: String,
}

/// What a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// It ran and failed.
    Failure,
    /// An error before or after it, or while it was collected.
    Error,
    /// It did not run.
    Skipped,
    /// It failed and was run again.
    Rerun,
}

impl What {
    fn of(element: &str) -> Option<Self> {
        Some(match element {
            "failure" => Self::Failure,
            "error" => Self::Error,
            "skipped" => Self::Skipped,
            "rerunFailure" | "rerunError" | "flakyFailure" | "flakyError" | "rerun" => Self::Rerun,
            _ => return None,
        })
    }
}

/// Parses a report. Cases with one name are one case.
///
/// # Errors
/// What is wrong with it, including a suite whose counts of failures or skips exceed its content.
pub(crate) fn cases(xml: &str) -> Result<Vec<Case>, String> {
    let mut reader = Reader::from_str(xml);
    let mut reading = Reading::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(element) => reading.opens(&element)?,
            Event::Empty(element) => {
                reading.opens(&element)?;
                reading.closes(element.name().as_ref())?;
            }
            Event::End(element) => reading.closes(element.name().as_ref())?,
            Event::Text(text) => reading.text(text.as_ref()),
            Event::CData(text) => reading.text(text.as_ref()),
            Event::GeneralRef(reference) => {
                let entity = format!("&{};", reference.as_ref());
                reading.text(&unescaped(&entity));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    reading.end()
}

#[derive(Default)]
struct Reading {
    all: Vec<Case>,
    /// Whether there was a suite.
    suite: bool,
    /// The suites around this place, the innermost last.
    open: Vec<Counts>,
    case: Option<Case>,
    result: Option<Recorded>,
}

/// Numbers of a suite's results: as its attributes state them, and as it contains them.
#[derive(Default)]
struct Counts {
    counted: [u64; 2],
    held: [u64; 2],
}

impl Counts {
    const KINDS: [&str; 2] = ["failed or broke", "were skipped"];

    fn of(element: &BytesStart<'_>) -> Result<Self, String> {
        let count = |name| -> Result<u64, String> {
            let text = attribute(element, name)?.unwrap_or_default();
            Ok(text.trim().parse().unwrap_or(0))
        };
        Ok(Self {
            counted: [count("failures")? + count("errors")?, count("skipped")?],
            held: [0; 2],
        })
    }

    fn check(&self) -> Result<(), String> {
        let each = Self::KINDS.iter().zip(self.counted).zip(self.held);
        match each.into_iter().find(|((_, counted), held)| counted > held) {
            Some(((kind, counted), held)) => Err(format!(
                "it counts {counted} tests that {kind}, and names {held}"
            )),
            None => Ok(()),
        }
    }
}

impl Reading {
    fn opens(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        let name = element.name();
        let name: &str = name.as_ref();
        match name {
            "testsuite" => {
                self.suite = true;
                self.open.push(Counts::of(element)?);
            }
            "testsuites" => self.suite = true,
            "testcase" => {
                let class = attribute(element, "classname")?;
                let name = attribute(element, "name")?.unwrap_or_default();
                self.case = Some(Case {
                    id: class.map_or(name.clone(), |class| format!("{class}::{name}")),
                    results: Vec::new(),
                    passed: 0,
                });
            }
            _ => {
                if let (Some(_), None, Some(what)) = (&self.case, &self.result, What::of(name)) {
                    self.result = Some(Recorded {
                        what,
                        kind: attribute(element, "type")?.unwrap_or_default(),
                        message: attribute(element, "message")?.unwrap_or_default(),
                        text: String::new(),
                    });
                }
            }
        }
        Ok(())
    }

    fn closes(&mut self, name: &str) -> Result<(), String> {
        if name == "testsuite" {
            if let Some(counts) = self.open.pop() {
                counts.check()?;
            }
        } else if name == "testcase" {
            if let Some(mut case) = self.case.take() {
                case.passed = usize::from(case.results.is_empty());
                self.keep(case);
            }
        } else if What::of(name).is_some()
            && let (Some(case), Some(result)) = (&mut self.case, self.result.take())
        {
            let at = match result.what {
                What::Failure | What::Error => Some(0),
                What::Skipped => Some(1),
                What::Rerun => None,
            };
            if let Some(at) = at {
                self.open.iter_mut().for_each(|suite| suite.held[at] += 1);
            }
            case.results.push(result);
        }
        Ok(())
    }

    fn keep(&mut self, case: Case) {
        match self.all.iter_mut().find(|known| known.id == case.id) {
            Some(known) => {
                known.results.extend(case.results);
                known.passed += case.passed;
            }
            None => self.all.push(case),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(result) = &mut self.result {
            result.text.push_str(text);
        }
    }

    fn end(self) -> Result<Vec<Case>, String> {
        if self.case.is_some() {
            return Err("it ends inside of a test case".to_owned());
        }
        if !self.suite {
            return Err("it holds no test suite".to_owned());
        }
        Ok(self.all)
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = element
        .try_get_attribute(name)
        .map_err(|error| error.to_string())?;
    Ok(found.map(|attribute| unescaped(&attribute.value).into_owned()))
}

/// Decodes entities; a text with an unknown one is returned unchanged.
fn unescaped(text: &str) -> Cow<'_, str> {
    unescape(text).unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_of_a_case_is_kept_in_order() {
        let xml = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest">
            <testcase classname="t.C" name="a[&lt;x&gt;]"><failure message="one&#10;two">f.py:1: in &lt;lambda&gt;
&#233;</failure><skipped type="pytest.skip" message="later"/><system-out>no</system-out></testcase>
            <testcase classname="t.C" name="a[&lt;x&gt;]"><error message="torn"><![CDATA[<raw>]]></error></testcase>
            <testcase name="b"/></testsuite></testsuites>"#;
        let all = cases(xml).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].id, "t.C::a[<x>]");
        let told: Vec<(What, &str, &str)> = all[0]
            .results
            .iter()
            .map(|result| (result.what, result.message.as_str(), result.text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (What::Failure, "one\ntwo", "f.py:1: in <lambda>\né"),
                (What::Skipped, "later", ""),
                (What::Error, "torn", "<raw>"),
            ]
        );
        assert_eq!((all[0].passed, all[1].passed), (0, 1));
        assert_eq!(all[1].id, "b");
    }

    #[test]
    fn a_suite_that_counts_more_than_it_holds_is_refused() {
        let report = |failures, skipped| {
            format!(
                r#"<testsuites><testsuite failures="{failures}" errors="0" skipped="{skipped}">
                <testsuite><testcase name="a"><failure message="f"/><skipped/></testcase></testsuite>
                </testsuite></testsuites>"#
            )
        };
        assert!(cases(&report(1, 1)).is_ok());
        assert!(cases(&report(0, 0)).is_ok());
        assert!(cases(&report(2, 1)).unwrap_err().contains("names 1"));
        assert!(cases(&report(1, 2)).unwrap_err().contains("skipped"));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for xml in [
            "",
            "<html/>",
            "<testsuite><testcase name='a'>",
            "<testsuite><testcase></testsuite>",
            "{}",
        ] {
            assert!(cases(xml).is_err(), "{xml}");
        }
    }
}
