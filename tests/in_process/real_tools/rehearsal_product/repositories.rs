//! The checkouts: the same on every machine, and their tests tell a fix from none.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::product::pytest_wheels;
use canary_gate::rehearsal::product::repositories::Repositories;
use canary_gate::rehearsal::product::tree::Tree;

use super::tools::{World, both, finish, succeed, tools};

fn made(faults: &[Fault]) -> (World, Repositories) {
    let world = World::new(faults);
    let repositories = world
        .product
        .make_repositories(&world.path("workspace"))
        .unwrap();
    (world, repositories)
}

fn git(world: &World, arguments: &[&str]) -> String {
    let directory = world.path("workspace/spec-kitty");
    let mut command = Command::new("git");
    command.current_dir(directory).args(arguments);
    succeed(&mut command).trim().to_owned()
}

#[test]
fn two_builds_have_the_same_ids() {
    let (_first, one) = made(&[]);
    let (_second, other) = made(&[]);
    assert_eq!(one, other);
    // The id is the same on every machine; it changes only with the embedded source.
    assert_eq!(one.tags["v3.2.0rc16"].len(), 40);
}

/// Every file below a directory, by its path there.
fn walk(directory: &Path, below: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type().unwrap().is_dir() {
            walk(directory, &path, found);
        } else {
            found.insert(path);
        }
    }
}

#[test]
fn no_source_file_is_left_out() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rehearsal/product/source");
    let trees = [
        ("spec-kitty", Tree::spec_kitty()),
        ("spec-kitty-events", Tree::spec_kitty_events()),
    ];
    for (name, tree) in trees {
        let mut on_disk = BTreeSet::new();
        walk(&source.join(name), "", &mut on_disk);
        let embedded: BTreeSet<_> = tree.files().map(|(path, _)| path.to_owned()).collect();
        assert_eq!(embedded, on_disk);
    }
}

#[test]
fn a_wheel_that_is_not_the_pinned_one_is_refused() {
    let world = World::new(&[]);
    let copy = world.path("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&tools().wheels).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    assert!(pytest_wheels::read(&copy).is_ok());
    let pluggy = copy.join("pluggy-1.6.0-py3-none-any.whl");
    std::fs::write(&pluggy, "not a wheel").unwrap();
    let error = pytest_wheels::read(&copy).unwrap_err().to_string();
    assert!(error.contains("pluggy-1.6.0"), "{error}");
    std::fs::remove_file(&pluggy).unwrap();
    assert!(pytest_wheels::read(&copy).is_err());
}

/// As on a Debian with `python3-venv` and without `python3-pip`.
#[test]
fn a_python_without_pip_still_gets_the_wheels_and_leaves_nothing_else_there() {
    let world = World::new(&[]);
    let python = world.path("python3");
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1 $2\" = '-m pip' ]; then echo 'No module named pip' >&2; exit 1; fi\n\
         exec '{}' \"$@\"\n",
        tools().python().display()
    );
    std::fs::write(&python, script).unwrap();
    std::fs::set_permissions(&python, PermissionsExt::from_mode(0o755)).unwrap();
    let wheels = pytest_wheels::ensure(&world.path("wheels"), &python).unwrap();
    let there = std::fs::read_dir(&wheels).unwrap().count();
    assert_eq!(there, pytest_wheels::read(&wheels).unwrap().files().count());
}

#[test]
fn the_history_is_what_the_gate_expects() {
    let (world, repositories) = made(&[]);
    assert_eq!(git(&world, &["status", "--porcelain"]), "");
    let commits: usize = git(&world, &["rev-list", "--count", "main"])
        .parse()
        .unwrap();
    assert!(commits >= 12, "{commits}");
    let parents = git(
        &world,
        &["log", "-1", "--format=%P", &repositories.rollback_fix],
    );
    assert_eq!(parents.split(' ').count(), 2, "a real merge");
    let parents = git(
        &world,
        &["log", "-1", "--format=%P", &repositories.classification_fix],
    );
    assert_eq!(parents.split(' ').count(), 1, "one squashed commit");
    for tag in [
        "v3.1.4",
        "v3.2.0rc13",
        "v3.2.0rc14",
        "v3.2.0rc15",
        "v3.2.0rc16",
        "v4.0.0rc7",
    ] {
        let commit = git(&world, &["rev-parse", &format!("{tag}^{{commit}}")]);
        assert_eq!(commit, repositories.tags[tag]);
    }
    for ancestor in [
        &repositories.boundary_base,
        &repositories.rollback_fix,
        &repositories.classification_fix,
        repositories.diagnostics.as_ref().unwrap(),
    ] {
        git(
            &world,
            &["merge-base", "--is-ancestor", ancestor, "v3.2.0rc16"],
        );
    }
    let before = finish(
        Command::new("git")
            .current_dir(world.path("workspace/spec-kitty"))
            .args([
                "merge-base",
                "--is-ancestor",
                &repositories.rollback_fix,
                "v3.2.0rc15",
            ]),
    );
    assert_eq!(before.status.code(), Some(1), "rc15 has no fix");
}

#[test]
fn without_a_new_candidate_there_is_no_tag() {
    let (_world, repositories) = made(&[Fault::NoNewRc]);
    assert!(!repositories.tags.contains_key("v3.2.0rc16"));
}

/// The outcome of each test in `files` with the code of `commit` and the tests of `tests`.
fn outcomes(world: &World, commit: &str, tests: &str) -> (Vec<String>, Vec<String>) {
    let worktree = world.path(&format!("at-{commit}-{tests}"));
    let path = worktree.to_str().unwrap();
    git(world, &["worktree", "add", "-q", "--detach", path, commit]);
    let checkout = |arguments: &[&str]| {
        succeed(Command::new("git").current_dir(&worktree).args(arguments));
    };
    checkout(&["checkout", "-q", tests, "--", "tests"]);
    let junit = worktree.join("junit.xml");
    let mut pytest = Command::new(tools().bin.join("uv"));
    pytest
        .current_dir(&worktree)
        .args([
            "run",
            "--quiet",
            "--frozen",
            "--offline",
            "--extra",
            "test",
            "pytest",
            "-q",
        ])
        .arg(format!("--junitxml={}", junit.display()))
        .env("UV_CACHE_DIR", &tools().uv_cache);
    let output = finish(&mut pytest);
    assert!(junit.exists(), "{}", both(&output));
    read_junit(&junit)
}

fn read_junit(path: &Path) -> (Vec<String>, Vec<String>) {
    let text = std::fs::read_to_string(path).unwrap();
    let suites = junit_parser::from_reader(text.as_bytes()).unwrap();
    let cases: Vec<_> = suites
        .suites
        .iter()
        .flat_map(|suite| &suite.cases)
        .collect();
    let names = |wanted: bool| {
        let chosen = cases
            .iter()
            .filter(|case| case.status.is_success() == wanted);
        chosen
            .map(|case| case.name.rsplit("::").next().unwrap().to_owned())
            .collect()
    };
    (names(true), names(false))
}

/// Tests that fail on the fix's first parent and pass with it.
fn fail_to_pass(faults: &[Fault], which: fn(&Repositories) -> &str) -> Vec<String> {
    let (world, repositories) = made(faults);
    let fix = which(&repositories);
    let parent = git(&world, &["rev-parse", &format!("{fix}^1")]);
    let (_, failed_before) = outcomes(&world, &parent, fix);
    let (passed, failed) = outcomes(&world, fix, fix);
    assert!(failed.is_empty(), "with the fix: {failed:?}");
    failed_before
        .into_iter()
        .filter(|name| passed.contains(name))
        .collect()
}

fn rollback(repositories: &Repositories) -> &str {
    &repositories.rollback_fix
}

fn classification(repositories: &Repositories) -> &str {
    &repositories.classification_fix
}

#[test]
fn the_rollback_fix_is_proved_by_its_tests() {
    let proof = fail_to_pass(&[], rollback);
    assert_eq!(proof.len(), 4, "{proof:?}");
    assert!(proof.contains(&"test_in_review_survives_a_drain".to_owned()));
}

#[test]
fn the_classification_fix_is_proved_by_its_tests() {
    let proof = fail_to_pass(&[], classification);
    assert_eq!(proof.len(), 6, "{proof:?}");
}

#[test]
fn diagnostics_are_proved_by_a_log_test_alone() {
    let proof = fail_to_pass(&[Fault::DiagnosticOnlyFix], rollback);
    assert_eq!(proof, ["test_what_a_drain_says"]);
}

#[test]
fn tests_without_proof_pass_without_the_fix() {
    assert!(fail_to_pass(&[Fault::NoProofTest], rollback).is_empty());
}

#[test]
fn a_log_test_is_the_only_proof() {
    let proof = fail_to_pass(&[Fault::LogOnlyTest], rollback);
    assert_eq!(
        proof,
        ["test_no_warning_about_in_review_falling_back_to_planned"]
    );
}

#[test]
fn a_raised_timeout_is_proved_by_a_test_of_the_timeout() {
    let proof = fail_to_pass(&[Fault::TimeoutOnlyFix], classification);
    assert_eq!(proof, ["test_a_pending_event_gets_half_a_minute"]);
    let (world, repositories) = made(&[Fault::TimeoutOnlyFix]);
    let diff = git(
        &world,
        &[
            "show",
            "--format=",
            "--unified=0",
            classification(&repositories),
            "--",
            "src",
        ],
    );
    let changed =
        |line: &&str| matches!(line.as_bytes(), [b'+' | b'-', next, ..] if !b"+-".contains(next));
    let changed: Vec<_> = diff.lines().filter(changed).collect();
    assert_eq!(
        changed,
        ["-TIMEOUT_SECONDS = 10.0", "+TIMEOUT_SECONDS = 30.0"]
    );
}

#[test]
fn every_fault_makes_a_product() {
    for fault in Fault::ALL {
        World::new(&[*fault]).wheels();
    }
}
