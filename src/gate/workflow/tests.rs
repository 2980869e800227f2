use super::*;

fn recipe() -> Recipe {
    Recipe {
        program: Started::Nix("github:OWNER/gate?rev=COMMIT#gate".to_owned()),
        gate_file: None,
        split: Vec::new(),
        candidates: Vec::new(),
        platforms: Vec::new(),
        environment: "release".to_owned(),
        key: None,
        vouch: false,
    }
}

fn built_in() -> Gate {
    Gate::built_in().unwrap()
}

fn packages(gate: &Gate, split: &[&str]) -> Vec<String> {
    let split: Vec<String> = split.iter().map(|&name| name.to_owned()).collect();
    let jobs = line(gate, &split).unwrap();
    jobs.iter()
        .map(|job| job.ids().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_line_is_cut_where_something_is_written_and_where_it_is_said() {
    let gate = built_in();
    let all = ["WP01 WP02 WP03", "WP04 WP05", "WP06", "WP07", "WP08"];
    assert_eq!(packages(&gate, &[]), all);
    let split = ["WP01 WP02 WP03", "WP04", "WP05", "WP06", "WP07", "WP08"];
    assert_eq!(packages(&gate, &["WP05"]), split);
    let unknown = workflow(
        &gate,
        &Recipe {
            split: vec!["WP9".to_owned()],
            ..recipe()
        },
    );
    assert!(matches!(unknown, Err(WorkflowError::Split(_))));
}

#[test]
fn another_machine_is_another_job() {
    let text = include_str!("../../gates/phase4/gate.toml")
        .replace("id = \"WP03\"\n", "id = \"WP03\"\nruns_on = \"macos-15\"\n");
    let gate = Gate::load("gate.toml", &text, &|name| {
        built_in().templates.get(name).cloned()
    });
    let gate = gate.unwrap();
    let cut = ["WP01 WP02", "WP03", "WP04 WP05", "WP06", "WP07", "WP08"];
    assert_eq!(packages(&gate, &[]), cut);
    let made = workflow(&gate, &recipe()).unwrap();
    assert_eq!(made.matches("runs-on: macos-15\n").count(), 1);
    let odd = text.replace("macos-15", "macos ${{ x }}");
    let refused = Gate::load("gate.toml", &odd, &|name| {
        built_in().templates.get(name).cloned()
    });
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("the label of a runner"), "{told}");
}

#[test]
fn only_jobs_that_write_may_and_wait_for_reviewers() {
    let made = workflow(&built_in(), &recipe()).unwrap();
    let jobs: Vec<&str> = made.split("\n  gate-").skip(1).collect();
    assert_eq!(jobs.len(), 5);
    let writing: Vec<bool> = jobs
        .iter()
        .map(|job| job.contains("issues: write"))
        .collect();
    assert_eq!(writing, [false, true, true, false, true]);
    for (job, writes) in jobs.iter().zip(writing) {
        assert_eq!(job.contains("environment: \"release\""), writes, "{job}");
    }
    // What is judged on a machine gets its secret there, and nowhere else.
    let canary: Vec<bool> = jobs
        .iter()
        .map(|job| job.contains("secrets.SPEC_KITTY_CANARY_TOKEN"))
        .collect();
    assert_eq!(canary, [false, true, false, true, false]);
}

#[test]
fn each_cell_is_a_run_of_its_own() {
    let made = workflow(
        &built_in(),
        &Recipe {
            candidates: vec!["3.2.0rc16".to_owned(), "3.2.0rc17".to_owned()],
            platforms: vec!["ubuntu-24.04".to_owned(), "macos-15".to_owned()],
            program: Started::Installed,
            ..recipe()
        },
    )
    .unwrap();
    assert_eq!(made.matches("\n  gate-").count(), 4 * 5);
    assert!(made.contains("needs: [gate-wp01-to-wp03-3-2-0rc17-macos-15]"));
    assert!(made.contains("name: gate-run-3.2.0rc17-macos-15\n"));
    assert!(!made.contains("inputs.candidate"));
    // Each platform is a run for the same candidate, and comments for itself.
    assert_eq!(
        made.matches("(--again new)").count(),
        made.matches("(run --yes").count()
    );
    assert!(made.contains("\n  verdicts:\n"));
    assert!(made.contains("gate matrix"));
    assert!(!made.contains("nix"));
}

#[test]
fn no_value_is_more_than_itself() {
    for odd in ["", "3.2'; id #", "$(id)", "${{ github.token }}", "a\nb"] {
        let odd = || odd.to_owned();
        let with = |change: &dyn Fn(&mut Recipe)| {
            let mut recipe = recipe();
            change(&mut recipe);
            workflow(&built_in(), &recipe)
        };
        for made in [
            with(&|recipe| recipe.candidates = vec![odd()]),
            with(&|recipe| recipe.platforms = vec![odd()]),
            with(&|recipe| recipe.environment = odd()),
            with(&|recipe| recipe.gate_file = Some(odd())),
            with(&|recipe| recipe.program = Started::Nix(odd())),
        ] {
            assert!(matches!(made, Err(WorkflowError::Odd { .. })), "{made:?}");
        }
    }
    let mut gate = built_in();
    gate.title = "A \"title\": ${{ secrets.X }}\n- run: id\u{2028}".to_owned();
    let made = workflow(&gate, &recipe()).unwrap();
    assert!(
        made.contains("name: \"A \\\"title\\\": $ {{ secrets.X }} - run: id \"\n"),
        "{made}"
    );
    let scripts = made.split("run: |").skip(1);
    for script in scripts {
        let script = script.split("\n      - ").next().unwrap();
        assert!(!script.contains("${{"), "{script}");
    }
}

#[test]
fn a_workflow_with_a_key_signs_what_it_hands_on_and_takes_over_nothing_else() {
    let plain = workflow(&built_in(), &recipe()).unwrap();
    assert!(!plain.contains("SIGNING_KEY") && !plain.contains(".intoto.jsonl"));
    let key = |name: &str| Recipe {
        key: Some(name.to_owned()),
        ..recipe()
    };
    let made = workflow(&built_in(), &key("keys/release.pub.pem")).unwrap();
    let jobs = made.matches("arguments=(run").count();
    assert_eq!(jobs, 5);
    for line in [
        "GATE_SIGNING_KEY: ${{ secrets.GATE_SIGNING_KEY }}\n",
        "arguments+=(--sign \"$RUNNER_TEMP/signing-key\")\n",
        " --key \"$GITHUB_WORKSPACE/gate-file/\"'keys/release.pub.pem')",
        "/handed-on/bundle.tar.gz.intoto.jsonl\n",
    ] {
        assert_eq!(made.matches(line).count(), jobs, "{line}");
    }
    let odd = workflow(&built_in(), &key("a b"));
    assert!(matches!(odd, Err(WorkflowError::Odd { what: "--key", .. })));
}
