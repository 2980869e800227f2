//! How a fault changes the harness: small edits of its files, made before they are committed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::plan::{ARTIFACTS, HarnessPlan, SCRIPT};
use crate::rehearsal::{Fault, Faults, RehearsalError, host};

const SCENARIOS: &str = "tests/sync_identity_boundary_canary_test.py";
const RECORDER: &str = "identity_boundary/recorder.py";
const SOMEBODY: &str = "scripts/somebody.sh";
const LAST_LINE_OF_SINGLE: &str = "    exit \"$code\"\nfi\n\nfor number";
const WRITES_RUN: &str = r#"            evidence.write(os.path.join(ARTIFACTS, "runs", f"{self.name}.json"), document)
"#;
const WRITES_LATEST: &str = r#"        evidence.write(os.path.join(ARTIFACTS, "latest.json"), document)
"#;
const SCENARIO_3: &str = "def test_body_upload(canary, boundary, tmp_path):\n";
const AFTER_A_RUN: &str = "done\nprintf '== four runs passed\\n'\n";

/// One change of one file: the first text, found exactly once, becomes the second.
type Edit = (&'static str, &'static str, &'static str);

/// The edits of a fault; none for faults of other parts of the world.
fn edits(fault: Fault) -> &'static [Edit] {
    match fault {
        Fault::HarnessRed => &[(
            "tests/identity_boundary_evidence_unit_test.py",
            "[\"duration_seconds\"] == 1.5",
            "[\"duration_seconds\"] == 2.5",
        )],
        Fault::HarnessSkips => &[(
            "tests/identity_boundary_preflight_unit_test.py",
            "def test_a_switch_must_be_on():\n",
            "def test_a_switch_must_be_on():\n    pytest.skip(\"SK_E2E is not set\")\n",
        )],
        Fault::TeamspaceSkips => &[(
            "tests/test_teamspace_pulse_deployed_dev_e2e.py",
            "    before = pulse(saas_url)\n",
            "    pytest.skip(\"the pulse is slow today\")\n    before = pulse(saas_url)\n",
        )],
        Fault::KeyTwiceJson => &[(RECORDER, WRITES_LATEST, WRITES_TWICE)],
        Fault::ContradictoryJson => &[(RECORDER, WRITES_LATEST, WRITES_A_REASON)],
        Fault::ExitZeroJsonFail => &[
            (SCENARIOS, SCENARIO_3, BODY_LOST),
            (SCRIPT, LAST_LINE_OF_SINGLE, "    exit 0\nfi\n\nfor number"),
        ],
        Fault::ExitOneJsonPass => &[(
            SCRIPT,
            LAST_LINE_OF_SINGLE,
            "    printf 'upload of the artifacts failed\\n' >&2\n    exit 1\nfi\n\nfor number",
        )],
        Fault::StaleLatest => &[(
            SCRIPT,
            "if [[ $single == yes ]]; then\n    code=0\n",
            SHORTCUT,
        )],
        Fault::SkipIsNotPass => &[(SCENARIOS, SCENARIO_3, BODY_SKIPPED)],
        Fault::MissingScenario => &[(SCENARIOS, "@pytest.mark.scenario(3)\n", "")],
        Fault::GarbageJson => &[(RECORDER, WRITES_LATEST, WRITES_GARBAGE)],
        Fault::CanaryHangs => &[(SCRIPT, "if [[ $single == yes ]]; then\n", HANGS)],
        Fault::Run3Fails => &[(SCENARIOS, SCENARIO_3, THIRD_BODY_LOST)],
        Fault::Run2Copied => &[(RECORDER, WRITES_RUN, WRITES_COPY)],
        Fault::DaemonKilledBetweenRuns
        | Fault::QueueDeletedBetweenRuns
        | Fault::RedeployBetweenRuns => &[(SCRIPT, AFTER_A_RUN, SOMEBODY_COMES)],
        Fault::TeamspaceNoneRan => &[
            (
                "tests/test_go_live_pre_connector_saas_e2e.py",
                MARK,
                UNMARKED,
            ),
            (
                "tests/test_teamspace_pulse_deployed_dev_e2e.py",
                MARK,
                UNMARKED,
            ),
            (
                "tests/test_teamspace_sync_deployed_dev_e2e.py",
                MARK,
                UNMARKED,
            ),
        ],
        _ => &[],
    }
}

const MARK: &str = "pytestmark = pytest.mark.deployed_dev\n";
const UNMARKED: &str = "pytestmark = pytest.mark.usefixtures()\n";
const BODY_LOST: &str = "def test_body_upload(canary, boundary, tmp_path):
    assert False, \"the body of an earlier mission is lost\"
";
const BODY_SKIPPED: &str = "def test_body_upload(canary, boundary, tmp_path):
    pytest.skip(\"body upload is switched off on this runner\")
";
const THIRD_BODY_LOST: &str = "def test_body_upload(canary, boundary, tmp_path):
    assert canary.name != \"run-3\", \"the body of an earlier mission is lost\"
";
const SHORTCUT: &str = "if [[ -s $artifacts/latest.json ]]; then
    printf '== nothing has changed since the last run\\n'
    exit 0
fi
if [[ $single == yes ]]; then
    code=0
";
const WRITES_GARBAGE: &str = r#"        with open(os.path.join(ARTIFACTS, "latest.json"), "w", encoding="utf-8") as file:
            file.write(evidence.json.dumps(document)[:-40])
"#;
const WRITES_TWICE: &str = r#"        with open(os.path.join(ARTIFACTS, "latest.json"), "w", encoding="utf-8") as file:
            text = evidence.json.dumps(document)
            file.write(text.replace('"outcome": ', '"outcome": "fail", "outcome": ', 1))
"#;
const WRITES_A_REASON: &str = r#"        document["scenarios"][3]["failure_reason"] = "E   AssertionError: an illegal transition"
        evidence.write(os.path.join(ARTIFACTS, "latest.json"), document)
"#;
const HANGS: &str = "printf '== waiting for the lock of deployed-dev\\n'
( while :; do sleep 3600; done ) &
wait
if [[ $single == yes ]]; then
";
const WRITES_COPY: &str = r#"            if self.name == "run-2":
                with open(os.path.join(ARTIFACTS, "runs", "run-1.json"), encoding="utf-8") as file:
                    document = evidence.json.load(file)
            evidence.write(os.path.join(ARTIFACTS, "runs", f"{self.name}.json"), document)
"#;
const SOMEBODY_COMES: &str = "    # Not the harness: somebody comes by between two runs.
    [[ $number != 2 ]] || source scripts/somebody.sh
done
printf '== four runs passed\\n'
";

/// Changes the files according to the faults.
pub(super) fn break_files(
    files: &mut BTreeMap<String, String>,
    faults: &Faults,
) -> Result<(), RehearsalError> {
    for fault in faults {
        for (path, from, to) in edits(*fault) {
            let text = files.get_mut(*path).ok_or_else(|| no_place(*fault, path))?;
            if text.matches(from).count() == 1 {
                *text = text.replacen(from, to, 1);
            } else if !text.contains(to) {
                // Two faults may require the same change; any other conflict is an error in the
                // rehearsal.
                return Err(no_place(*fault, path));
            }
        }
    }
    let somebody = somebody(faults);
    if !somebody.is_empty() {
        files.insert(SOMEBODY.to_owned(), somebody);
    }
    Ok(())
}

fn no_place(fault: Fault, path: &str) -> RehearsalError {
    RehearsalError::Other(format!("fault `{fault}` finds no place in `{path}`"))
}

/// What somebody does between the second and the third run.
fn somebody(faults: &Faults) -> String {
    let mut deeds = String::new();
    if faults.contains(&Fault::DaemonKilledBetweenRuns) {
        deeds.push_str(include_str!("overlay/somebody-kills.sh"));
    }
    if faults.contains(&Fault::QueueDeletedBetweenRuns) {
        deeds.push_str(include_str!("overlay/somebody-deletes.sh"));
    }
    if faults.contains(&Fault::RedeployBetweenRuns) {
        deeds.push_str(include_str!("overlay/somebody-deploys.sh"));
    }
    deeds
}

/// Puts an old passing result where the next one is expected.
pub(super) fn leave_old_results(plan: &HarnessPlan<'_>) -> Result<(), RehearsalError> {
    if !plan.faults.contains(&Fault::StaleLatest) {
        return Ok(());
    }
    let path = plan.checkout.join(ARTIFACTS).join("latest.json");
    host::write(&path, format!("{:#}\n", old_result(plan)))
}

fn old_result(plan: &HarnessPlan<'_>) -> Value {
    let scenarios: Vec<Value> = (1..=4)
        .map(|number| {
            json!({
                "scenario_id": number,
                "name": format!("scenario-{number}"),
                "status": "pass",
                "started_at": "2026-05-18T14:02:11.000Z",
                "finished_at": "2026-05-18T14:02:43.000Z",
                "duration_seconds": 32.0,
                "failure_reason": null,
                "boundary_evidence": {},
            })
        })
        .collect();
    json!({
        "cli_version": format!("spec-kitty-cli version {}", plan.candidate),
        "events_package_version": "5.1.0",
        "evidence_path": plan.checkout.join(ARTIFACTS),
        "started_at": "2026-05-18T14:02:10.000Z",
        "finished_at": "2026-05-18T14:06:01.000Z",
        "outcome": "pass",
        "run_id": "01KRXVQ0N8H4YJ3T9C2M5E7B6A",
        "saas_url": plan.saas_url,
        "target_environment": "deployed-dev",
        "skip_reason": null,
        "scenarios": scenarios,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> BTreeMap<String, String> {
        super::super::plan::FILES
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn every_edit_finds_its_place() {
        for fault in Fault::ALL {
            let mut changed = files();
            break_files(&mut changed, &Faults::from([*fault])).unwrap();
            assert_eq!(edits(*fault).is_empty(), changed == files(), "{fault}");
        }
    }

    #[test]
    fn somebody_does_every_deed_that_is_asked_for() {
        let all = Faults::from([
            Fault::DaemonKilledBetweenRuns,
            Fault::QueueDeletedBetweenRuns,
            Fault::RedeployBetweenRuns,
        ]);
        let mut changed = files();
        break_files(&mut changed, &all).unwrap();
        let deeds = &changed[SOMEBODY];
        for deed in [
            "kill \"$pid\"",
            "-name queue.db -delete",
            "\"/platform/deploy/\"",
        ] {
            assert!(deeds.contains(deed), "{deed} in {deeds}");
        }
    }

    #[test]
    fn the_text_of_no_scenario_looks_like_a_known_regression() {
        let counted = regex::Regex::new(r"unknown: \d").unwrap();
        // A traceback shows the source: the text for the triage must come only from the CLI.
        for (path, text) in super::super::plan::FILES {
            for pattern in ["from='for_review'", "event_loop_unavailable"] {
                assert!(!text.contains(pattern), "{path} holds {pattern}");
            }
            assert!(!counted.is_match(text), "{path}");
        }
    }
}
