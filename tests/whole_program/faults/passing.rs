//! A gate that passes: what it wrote, once each, and nothing else.

use canary_gate::gate::Gate;
use serde_json::json;

use super::laws::{CANARY, TRACKER};
use super::rehearsal::{Ended, rehearse};

/// e2e#41 commented once and closed, #1038 commented once and open, nothing else touched.
#[track_caller]
pub(crate) fn as_it_should_be(ended: &Ended) {
    ended
        .passes()
        .issue(CANARY, "CLOSED", (1, 1, 0))
        .issue(TRACKER, "OPEN", (1, 0, 0))
        .untouched_except(&[CANARY, TRACKER]);
    let canary = *ended.comments(CANARY).last().unwrap();
    let tracker = *ended.comments(TRACKER).last().unwrap();
    for text in [canary, tracker] {
        assert!(text.contains("spec-kitty-cli==3.2.0rc16"), "{text}");
        assert!(text.contains("sha256"), "{text}");
        for word in ["unknown", "{{", "fixes #", "closes #"] {
            assert!(!text.to_lowercase().contains(word), "`{word}` in {text}");
        }
    }
    assert!(
        !tracker.to_lowercase().contains("clos"),
        "it says nothing of closing: {tracker}"
    );
}

/// Each fact has the fields that its verb says of it before the run: neither more, which nothing
/// could quote, nor less, which would be quoted in vain.
#[track_caller]
fn facts_have_the_fields_that_were_announced(ended: &Ended) {
    let gate = Gate::built_in().unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (_, subtask) in gate.subtasks() {
        let declares = subtask.verb.declares();
        let (Some(name), Some(fields)) = (declares.publishes(), declares.fields()) else {
            continue;
        };
        let fact = ended.fact(name).as_object();
        let mut published: Vec<&str> = fact
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        let mut announced: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        announced.sort_unstable();
        published.sort_unstable();
        assert_eq!(published, announced, "{name}, published by {}", subtask.id);
        for field in &fields {
            let value = &ended.fact(name)[field.name.as_str()];
            let fits = field.kind.fits(value) || (field.optional && value.is_null());
            if !fits {
                wrong.push(format!(
                    "{name}.{} is no {}: {value}",
                    field.name, field.kind
                ));
            }
        }
        compared += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 20, "{compared} facts were compared");
}

#[test]
fn no_fault() {
    let ended = rehearse(&[]).run();
    as_it_should_be(&ended);
    facts_have_the_fields_that_were_announced(&ended);
    let canary = *ended.comments(CANARY).last().unwrap();
    assert!(
        canary.contains("| just before the runs | after the runs |"),
        "{canary}"
    );
    for run in 1..=4 {
        let path = format!("artifacts/sync_identity_boundary/runs/run-{run}.json`, sha256 `");
        assert!(canary.contains(&path), "{canary}");
    }
    for result in ended.fact("evidence.identity")["results"]
        .as_array()
        .unwrap()
    {
        let path = ended
            .state()
            .join("attempts")
            .join(result["path"].as_str().unwrap());
        assert!(path.is_file(), "{}", path.display());
    }
    let log = |number: u32| format!("/tmp/teamspace-canary-run-{number}.log");
    assert_eq!(
        ended.world["for_readers"],
        json!([log(1), log(2), log(3), log(4)])
    );
    let skipped: Vec<&str> = ended
        .outcomes()
        .into_iter()
        .filter_map(|(id, outcome)| (outcome == "skipped").then_some(id))
        .collect();
    assert_eq!(skipped, ["T023", "T027"]);
    assert_eq!(
        ended.world["attempts"].as_array().unwrap().len(),
        2,
        "one for each bundle"
    );
}

/// Faults that a gate gets over, all at once.
#[test]
fn faults_may_be_combined() {
    let ended = rehearse(&["stubborn-daemon", "bystanders"])
        .with(&["--fault", "stale-path-cli,saas-503-once"])
        .run();
    as_it_should_be(&ended);
    assert_eq!(
        ended.world["bystanders_alive"],
        json!({"grep": true, "vim": true})
    );
}
