//! Templates: what they make, and what they refuse.

use std::time::Duration;

use canary_gate::gate::Gate;
use canary_gate::model::{
    Fact, Facts, Source, SubtaskId, TemplateError, context, render, render_fields,
};
use canary_gate::verbs::Verb;
use serde_json::{Map, Value, json};

fn facts(pairs: &[(&str, Value)]) -> Facts {
    let mut facts = Facts::default();
    for (name, value) in pairs {
        let source = Source {
            by: SubtaskId::new("T000"),
            exchange: None,
            facts: Vec::new(),
            origins: Vec::new(),
        };
        facts
            .publish(Fact {
                name: (*name).to_owned(),
                value: value.clone(),
                source,
            })
            .unwrap();
    }
    facts
}

fn parameters(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(table) => table,
        other => panic!("{other} is no table"),
    }
}

#[test]
fn facts_and_parameters_become_one_tree() {
    let tree = context(
        &parameters(json!({"rc": {"line": "3.2.0", "package": "p"}})),
        &facts(&[
            ("rc", json!({"version": "3.2.0rc16", "line": "3.2.0"})),
            ("canary.runs", json!({"runs": [{"outcome": "pass"}]})),
            ("canary.single", json!(1)),
        ]),
    )
    .unwrap();
    assert_eq!(
        render(
            "{{ rc.package }}=={{ rc.version }} {{ canary.runs.runs[0].outcome }}",
            &tree
        ),
        Ok("p==3.2.0rc16 pass".to_owned())
    );
}

#[test]
fn a_fact_never_replaces_a_parameter() {
    let error = context(
        &parameters(json!({"rc": {"line": "3.2.0"}})),
        &facts(&[("rc", json!({"line": "4.0.0"}))]),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "fact `rc` and `rc.line` say different things"
    );
}

#[test]
fn one_expression_keeps_its_type() {
    let tree = json!({"n": 22, "list": ["a", "b"], "table": {"x": null}, "text": "22"});
    let fields = json!({
        "number": "{{ n }}", "list": "{{ list }}", "table": "{{table}}", "text": "{{ text }}",
        "both": "{{ n }}{{ n }}", "inside": ["n={{ n }}", {"deep": "{{ list[1] }}"}],
        "sum": "{{ n + 1 }}", "plain": "n", "flag": true,
    });
    assert_eq!(
        render_fields(&fields, &tree).unwrap(),
        json!({
            "number": 22, "list": ["a", "b"], "table": {"x": null}, "text": "22",
            "both": "2222", "inside": ["n=22", {"deep": "b"}],
            "sum": 23, "plain": "n", "flag": true,
        })
    );
}

#[test]
fn what_is_missing_is_named_with_its_field() {
    let tree = json!({"rc": {"version": "1"}, "list": [{"a": 1}]});
    for (fields, expected) in [
        (json!({"tag": "{{ rc.tag }}"}), "field `tag`: `rc.tag` is"),
        (json!({"tag": "v{{ rc.tag }}"}), "field `tag`: `rc.tag` is"),
        (
            json!({"a": [{"b": "{{ nothing }} {{ rc.version }}"}]}),
            "field `a[0].b`: `nothing` is",
        ),
        (json!({"x": "{{ list[3].a }}"}), "field `x`: `list[3].a` is"),
        (
            json!({"x": "{% for i in list %}{{ i.b }}{% endfor %}"}),
            "field `x`: `i.b` is",
        ),
        (
            json!({"x": "{{ rc.tag | upper }}"}),
            "field `x`: `rc.tag` is",
        ),
    ] {
        let error = render_fields(&fields, &tree).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(
            matches!(error, TemplateError::Undefined { .. }),
            "{error:?}"
        );
    }
}

#[test]
fn what_a_value_holds_is_not_read_as_a_template_again() {
    let tree = json!({"a": "{{ b }} <&>"});
    assert_eq!(render("{{ a }}", &tree), Ok("{{ b }} <&>".to_owned()));
    assert_eq!(
        render_fields(&json!("{{ a }}"), &tree),
        Ok(json!("{{ b }} <&>"))
    );
}

/// What the built-in gate's subtasks publish, as far as templates need it.
fn phase4_facts() -> Facts {
    let scenarios =
        json!([{"status": "pass"}, {"status": "pass"}, {"status": "pass"}, {"status": "pass"}]);
    let environment = json!({
        "cli": "spec-kitty-cli==3.2.0rc16", "cli_tag": "v3.2.0rc16", "cli_commit": "c0ffee",
        "fly_image": "registry/app@sha256:1", "saas_commit": "d00d", "events_version": "5.1.0",
        "events_tag": "v5.1.0", "events_commit": "beef",
    });
    let run = json!({"passed": true, "ran": 3});
    facts(&[
        (
            "rc",
            json!({"version": "3.2.0rc16", "tag": "v3.2.0rc16", "commit": "c0ffee"}),
        ),
        (
            "install",
            json!({"command": "/run/bin/spec-kitty", "python": "/run/venv/bin/python"}),
        ),
        ("environment", environment.clone()),
        ("environment_final", environment),
        (
            "canary.runs",
            json!({"runs": [
                {"run_id": "01A", "outcome": "pass", "scenarios": scenarios},
                {"run_id": "01B", "outcome": "pass", "scenarios": scenarios},
            ]}),
        ),
        (
            "canary.protocol",
            json!({"before": [
                {"status": "ok", "git_sha": "d00d", "spec_kitty_events": "5.1.0"},
                {"status": "ready", "dependencies": {"drain_queue": {
                    "terminal_failed_count": 0, "business_rule_rejected_count": 22}}},
            ]}),
        ),
        (
            "canary.interventions",
            json!({"observed": 6, "boundaries": 6, "found": []}),
        ),
        (
            "saas.after",
            json!({
                "health": {"status": "ok", "git_sha": "d00d", "spec_kitty_events": "5.1.0"},
                "ready": {"status": "ready", "dependencies": {"drain_queue": {
                    "terminal_failed_count": 0, "business_rule_rejected_count": 22}}},
            }),
        ),
        (
            "evidence.identity",
            json!({"name": "i.tar.gz", "sha256": "aa", "attempt": "v3.2.0rc16-attempt1",
                "results": [{"path": "v3.2.0rc16-attempt1/runs/run-1.json", "sha256": "cc"}]}),
        ),
        (
            "evidence.teamspace",
            json!({"name": "t.tar.gz", "sha256": "bb"}),
        ),
        (
            "teamspace.logs",
            json!({"readers": ["/tmp/teamspace-canary-run-1.log"]}),
        ),
        (
            "comments.canary",
            json!({"url": "https://github.com/o/r/issues/41#issuecomment-1"}),
        ),
        (
            "teamspace.required",
            json!({"holds": true, "why": "nobody says otherwise"}),
        ),
        ("teamspace.run_1", run.clone()),
        ("teamspace.run_2", run.clone()),
        ("teamspace.run_3", run.clone()),
        ("teamspace.run_4", run),
    ])
}

#[test]
fn every_subtask_of_the_built_in_gate_resolves() {
    let gate = Gate::built_in().unwrap();
    let tree = context(&gate.parameters, &phase4_facts()).unwrap();
    for (_, subtask) in gate.subtasks() {
        let verb = subtask
            .resolve(&tree)
            .unwrap_or_else(|error| panic!("{error}"));
        let text = serde_json::to_string(&verb).unwrap();
        assert!(!text.contains("{{"), "{}: {text}", subtask.id);
        assert!(subtask.time_limit(&tree).unwrap() >= Duration::from_secs(1));
    }
    let resolved = |id: &str| {
        gate.subtask(&SubtaskId::new(id))
            .unwrap()
            .resolve(&tree)
            .unwrap()
    };
    let Verb::CanaryEnvironment(environment) = resolved("T017") else {
        panic!("T017 is another verb");
    };
    assert_eq!(
        environment.pass.given().unwrap(),
        &["SPEC_KITTY_CANARY_TOKEN"]
    );
    let Verb::RequireEqual(equal) = resolved("T016") else {
        panic!("T016 is another verb");
    };
    assert_eq!(equal.equals, json!(22));
}

#[test]
fn a_missing_fact_names_subtask_and_field() {
    let gate = Gate::built_in().unwrap();
    let tree = context(&gate.parameters, &Facts::default()).unwrap();
    let error = gate
        .subtask(&SubtaskId::new("T010"))
        .unwrap()
        .resolve(&tree)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "subtask `T010`, field `version`: `rc.version` is neither a fact nor a parameter"
    );
}

#[test]
fn the_comments_are_made_of_facts() {
    let gate = Gate::built_in().unwrap();
    let tree = context(&gate.parameters, &phase4_facts()).unwrap();
    for name in ["canary-evidence.md", "tracker-evidence.md"] {
        let text = render(&gate.templates[name], &tree).unwrap_or_else(|error| panic!("{error}"));
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn a_template_that_takes_or_makes_too_much_is_ended_and_says_so() {
    let context = json!({"long": "x".repeat(1 << 20), "n": 1});
    let loops = "{% for a in range(90000) %}".repeat(4) + &"{% endfor %}".repeat(4);
    let doubling = "{% set x = 'x' * 1000 %}".to_owned() + &"{% set x = x ~ x %}".repeat(40);
    for text in [
        loops.as_str(),
        "{% for a in range(90000) %}{{ 'xxxxxxxxxx' * 10000 }}{% endfor %}",
        &doubling,
        "{{ 'x' * 99000000 }}",
    ] {
        let error = render(text, &context).unwrap_err().to_string();
        assert!(error.contains("more than a template may"), "{error}");
    }
    for text in [
        "{{ long }}{{ long }}{{ long }}{{ long }}{{ n }}",
        "{{ [long] * 5000 }}",
    ] {
        let error = render_fields(&json!(text), &context)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("it makes more than 4194304 bytes"),
            "{error}"
        );
    }
    let whole = render_fields(&json!("{{ [long, long] }}"), &context).unwrap();
    assert_eq!(whole[1], context["long"]);
}

#[test]
fn a_time_that_is_ended_because_it_takes_too_much_is_told_of_the_gate_file() {
    let text = include_str!("../gates/minimal.toml");
    let loops = "{% for a in range(90000) %}".repeat(3) + &"{% endfor %}".repeat(3);
    let before = "max_age = \"24h\"";
    assert!(text.contains(before));
    let text = text.replace(before, &format!("max_age = \"{loops}\""));
    let problems = Gate::load("gate.toml", &text, &|_| Some(String::new())).unwrap_err();
    assert!(
        problems.to_string().contains("more than a template may"),
        "{problems}"
    );
}
