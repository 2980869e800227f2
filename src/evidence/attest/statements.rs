//! The three statements about a bundle, field by field. Renaming anything here requires a new
//! predicate type, because earlier attestations are compared with what this module produces.

use serde_json::{Value, json};

use super::claims::{Claims, Conclusion};
use crate::model::subject::JudgedCandidate;

/// Type of every statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// What was run, by name: <https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md>.
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Whether the candidate may go out: <https://slsa.dev/spec/v1.0/verification_summary>.
const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// What exactly the verdict is on; `docs/signing.md` describes it.
pub(super) const VERDICT: &str = "urn:canary-gate:verdict:v1";
/// The verifier of the verdict, for statements that name one.
const VERIFIER: &str = "urn:canary-gate";

impl Claims {
    /// The statements, in the order in which they are written.
    pub(super) fn statements(&self) -> [Value; 3] {
        [
            self.statement(VERDICT, &self.verdict()),
            self.statement(TEST_RESULT, &self.test_result()),
            self.statement(SUMMARY, &self.summary()),
        ]
    }

    fn statement(&self, kind: &str, predicate: &Value) -> Value {
        json!({
            "_type": STATEMENT,
            "subject": self.subjects(),
            "predicateType": kind,
            "predicate": predicate,
        })
    }

    /// The bundle, the candidate's wheels, and their commit.
    fn subjects(&self) -> Vec<Value> {
        let mut subjects = vec![json!({"name": self.name, "digest": {"sha256": self.sha256}})];
        let Some(candidate) = &self.subject.candidate else {
            return subjects;
        };
        let name = in_words(candidate);
        for wheel in &candidate.wheels {
            let digest = wheel.strip_prefix("sha256:").unwrap_or(wheel);
            let mut subject = json!({"name": name, "digest": {"sha256": digest}});
            if let Some(uri) = purl(candidate) {
                subject["uri"] = uri.into();
            }
            subjects.push(subject);
        }
        if let Some(commit) = &candidate.commit {
            let tag = candidate.tag.as_deref().unwrap_or(&name);
            subjects.push(json!({"name": tag, "digest": {"gitCommit": commit}}));
        }
        subjects
    }

    fn test_result(&self) -> Value {
        json!({
            "result": match self.conclusion() {
                Conclusion::Passed => "PASSED",
                Conclusion::PassedInPart => "WARNED",
                Conclusion::Failed => "FAILED",
            },
            "configuration": self.configuration(),
            "passedTests": self.passed,
            "warnedTests": self.warned,
            "failedTests": self.failed,
        })
    }

    fn configuration(&self) -> Vec<Value> {
        let gate = &self.subject.gate;
        let file = ("gate.toml".to_owned(), &gate.sha256);
        let templates = gate.templates.iter();
        let templates = templates.map(|(name, sha256)| (format!("templates/{name}"), sha256));
        std::iter::once(file)
            .chain(templates)
            .map(|(name, sha256)| json!({"name": name, "digest": {"sha256": sha256}}))
            .collect()
    }

    fn summary(&self) -> Value {
        let passed = self.conclusion() == Conclusion::Passed;
        let candidate = self.subject.candidate.as_ref().and_then(purl);
        let bundle = || format!("pkg:generic/{}?checksum=sha256:{}", self.name, self.sha256);
        json!({
            "verifier": {"id": VERIFIER},
            "timeVerified": self.time.to_string(),
            "resourceUri": candidate.unwrap_or_else(bundle),
            "policy": {
                "uri": format!("{VERIFIER}:gate:{}", self.subject.gate.name),
                "digest": {"sha256": self.subject.gate.sha256},
            },
            "verificationResult": if passed { "PASSED" } else { "FAILED" },
            // Levels that begin with SLSA_ are not ours to assign.
            "verifiedLevels": [if passed { "CANARY_GATE_PASSED" } else { "FAILED" }],
        })
    }

    fn verdict(&self) -> Value {
        let subject = &self.subject;
        let verdict = subject.verdict.map(|verdict| verdict.to_string());
        json!({
            "verdict": verdict,
            "inWords": verdict.map(|verdict| subject.in_words(&verdict)),
            "run": subject.run,
            "time": self.time.to_string(),
            "world": subject.world,
            "gate": {
                "name": subject.gate.name,
                "sha256": subject.gate.sha256,
                "templates": subject.gate.templates,
                "file": subject.gate.file,
            },
            "scope": subject.scope,
            "dryRun": subject.dry_run,
            "complete": subject.complete,
            "packages": {"askedFor": subject.packages.asked_for, "of": subject.packages.of},
            "parameters": subject.parameters,
            "candidate": subject.candidate,
            "program": subject.program,
            "earlierPrograms": subject.earlier_programs,
            "sandbox": subject.sandbox,
            "outcomes": subject.outcomes,
            "journal": {
                "format": subject.format,
                "records": self.records,
                "head": self.head,
            },
        })
    }
}

fn in_words(candidate: &JudgedCandidate) -> String {
    let known = [&candidate.package, &candidate.version];
    let known: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
    if known.is_empty() {
        return "candidate".to_owned();
    }
    known.join(" ")
}

/// The candidate's package URL.
fn purl(candidate: &JudgedCandidate) -> Option<String> {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    let part = |text: &str| utf8_percent_encode(text, KEPT).to_string();
    let package = part(&candidate.package.as_ref()?.to_lowercase().replace('_', "-"));
    let version = part(candidate.version.as_ref()?);
    Some(format!("pkg:pypi/{package}@{version}"))
}

/// The first difference between two values: the path, and the value in each.
pub(super) fn difference(expected: &Value, found: &Value) -> Option<(String, String, String)> {
    let shown = |value: Option<&Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(plain) => format!("`{plain}`").replace('"', ""),
    };
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let names = expected.keys().chain(found.keys());
            { names }.find_map(|name| {
                let (one, other) = (expected.get(name), found.get(name));
                below(name, one, other, shown)
            })
        }
        (Value::Array(expected), Value::Array(found)) => (0..expected.len().max(found.len()))
            .find_map(|at| {
                let (one, other) = (expected.get(at), found.get(at));
                below(&format!("[{at}]"), one, other, shown)
            }),
        (expected, found) if expected == found => None,
        (expected, found) => {
            let both = (shown(Some(expected)), shown(Some(found)));
            Some((String::new(), both.0, both.1))
        }
    }
}

fn below(
    step: &str,
    expected: Option<&Value>,
    found: Option<&Value>,
    shown: impl Fn(Option<&Value>) -> String,
) -> Option<(String, String, String)> {
    if let (Some(expected), Some(found)) = (expected, found) {
        let (path, expected, found) = difference(expected, found)?;
        let dot = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        return Some((format!("{step}{dot}{path}"), expected, found));
    }
    Some((step.to_owned(), shown(expected), shown(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let expected = json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "d": null});
        let cases = [
            (json!({"d": null, "a": {"b": [{"c": 1}, {"c": 2}]}}), None),
            (
                json!({"a": {"b": [{"c": 1}, {"c": 3}]}, "d": null}),
                Some("a.b[1].c 2 3"),
            ),
            (
                json!({"a": {"b": [{"c": 1}]}, "d": null}),
                Some("a.b[1] an object nothing"),
            ),
            (
                json!({"a": {"b": {}}, "d": null}),
                Some("a.b a list an object"),
            ),
            (
                json!({"a": {"b": [{"c": 1}, {"c": 2}]}}),
                Some("d null nothing"),
            ),
            (
                json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "d": null, "e": "x"}),
                Some("e nothing x"),
            ),
        ];
        for (found, told) in cases {
            let difference = difference(&expected, &found);
            let difference = difference
                .map(|(path, one, other)| format!("{path} {one} {other}").replace('`', ""));
            assert_eq!(difference.as_deref(), told, "{found}");
        }
    }

    #[test]
    fn a_package_url_is_one_whatever_the_names_are() {
        let candidate = |package: &str, version: &str| JudgedCandidate {
            package: Some(package.to_owned()),
            version: Some(version.to_owned()),
            ..JudgedCandidate::default()
        };
        let url = |package, version| purl(&candidate(package, version)).unwrap();
        assert_eq!(
            url("Spec_Kitty", "3.2.0rc16"),
            "pkg:pypi/spec-kitty@3.2.0rc16"
        );
        assert_eq!(url("a/b@c", "1+x"), "pkg:pypi/a%2Fb%40c@1%2Bx");
        assert_eq!(purl(&JudgedCandidate::default()), None);
    }
}
