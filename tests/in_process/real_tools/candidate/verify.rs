//! `verify-version` with a real checkout: what is printed, what is installed, what the tag holds.

use std::process::Command;

use camino::Utf8Path;
use canary_gate::model::{Outcome, Verdict};
use canary_gate::verb::{Act, VerbError};
use canary_gate::verbs::{VerifyBoundary, VerifyVersion};
use serde_json::{Value, json};

use super::install_verb;
use crate::candidate_support::shelf::{Entry, Index};
use crate::candidate_support::stage::Stage;
use crate::candidate_support::{MAIN, cli, events};

/// The candidate installed, and a checkout whose tag `v3.2.0rc16` is what it was made of.
struct Scene {
    stage: Stage,
    _index: Index,
    ancestor: String,
    fix: String,
    tag: String,
}

impl Scene {
    async fn new(candidate: Entry) -> Self {
        let index = Index::serve(&[candidate, events("5.1.0")]).await;
        let stage = Stage::new(&index.url);
        let ctx = stage.ctx();
        install_verb("3.2.0rc16").act(&ctx).await.unwrap();
        stage.keep(&ctx);
        let repo = stage.root.join("workspace/spec-kitty");
        std::fs::create_dir_all(&repo).unwrap();
        git(&repo, &["init", "--quiet", "--initial-branch=main"]);
        let ancestor = commit(&repo, &[("README.md", "spec-kitty\n")]);
        let source = cli("3.2.0rc16").files;
        let files: Vec<(String, String)> = source
            .iter()
            .map(|(path, text)| (format!("src/{path}"), text.clone()))
            .collect();
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        let fix = commit(&repo, &files);
        let tag = commit(&repo, &[("README.md", "spec-kitty rc16\n")]);
        git(
            &repo,
            &["tag", "--annotate", "--message", "rc16", "v3.2.0rc16"],
        );
        Self {
            stage,
            _index: index,
            ancestor,
            fix,
            tag,
        }
    }

    fn verb(&self) -> Value {
        json!({"install": "install", "expect": "spec-kitty-cli version 3.2.0rc16", "checkout": "spec-kitty",
            "tag": "v3.2.0rc16", "commit": self.tag, "descends_from": self.ancestor, "source_root": "src",
            "contains": ["fixes.rollback"], "as": "cli"})
    }

    /// What the verb says with some fields otherwise.
    async fn outcome(&self, fields: Value) -> Outcome {
        let mut verb = self.verb();
        for (name, value) in fields.as_object().unwrap() {
            verb[name] = value.clone();
        }
        let verb: VerifyVersion = serde_json::from_value(verb).unwrap();
        let fix = json!({"commit": self.fix, "base": self.ancestor, "scope": ["src/specify_cli/"]});
        let ctx = self.stage.ctx_with("fixes.rollback", fix);
        let outcome = verb.act(&ctx).await.unwrap_or_else(VerbError::outcome);
        if outcome.lets_on() {
            self.stage.replace(&ctx);
        }
        outcome
    }

    async fn blocked(&self, fields: Value) -> String {
        let outcome = self.outcome(fields).await;
        assert_eq!(outcome.verdict(), Verdict::Blocked, "{outcome:?}");
        let finding = outcome.finding().unwrap();
        format!("{}\n{}", finding.what, finding.seen.join("\n"))
    }
}

fn git(repo: &Utf8Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-C",
            repo.as_str(),
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(["-c", "tag.gpgsign=false"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(repo: &Utf8Path, files: &[(&str, &str)]) -> String {
    for (path, text) in files {
        let path = repo.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    git(repo, &["add", "."]);
    git(repo, &["commit", "--quiet", "--message", "change"]);
    git(repo, &["rev-parse", "HEAD"])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_candidate_is_shown_to_be_the_tag() {
    let scene = Scene::new(cli("3.2.0rc16")).await;
    let outcome = scene.outcome(json!({})).await;
    let Outcome::Passed { note, warnings } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        note,
        "spec-kitty-cli version 3.2.0rc16; v3.2.0rc16 holds what it must, 5 files compared"
    );
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(scene.stage.fact("cli.version"), "3.2.0rc16");
    assert_eq!(scene.stage.fact("cli.tag_commit"), scene.tag);

    let nowhere = "0123456789012345678901234567890123456789";
    let cases = [
        (
            json!({"expect": "spec-kitty-cli version 3.2.0rc15"}),
            "prints `spec-kitty-cli version 3.2.0rc16`",
        ),
        (
            json!({"expect": "other-cli version 3.2.0rc16"}),
            "prints no line like",
        ),
        (json!({"tag": "v3.2.0rc17"}), "has no tag `v3.2.0rc17`"),
        (json!({"commit": scene.fix}), "on GitHub"),
        (
            json!({"descends_from": nowhere}),
            "does not know the required ancestor",
        ),
    ];
    for (fields, says) in cases {
        let said = scene.blocked(fields).await;
        assert!(said.contains(says), "{said} / {says}");
    }
    let repo = scene.stage.root.join("workspace/spec-kitty");
    git(
        &repo,
        &["checkout", "--quiet", "-b", "aside", &scene.ancestor],
    );
    let aside = commit(&repo, &[("ASIDE.md", "aside\n")]);
    let said = scene.blocked(json!({"descends_from": aside})).await;
    assert!(
        said.contains("does not hold the required ancestor"),
        "{said}"
    );
    let outcome = scene.outcome(json!({"checkout": "nowhere"})).await;
    assert_eq!(outcome.verdict(), Verdict::Error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_command_on_path_is_reported_and_not_used() {
    let scene = Scene::new(cli("3.2.0rc16")).await;
    scene.stage.put_program(
        "spec-kitty",
        "#!/bin/sh\necho spec-kitty-cli version 3.2.0rc13\n",
    );
    let outcome = scene.outcome(json!({})).await;
    let Outcome::Passed { warnings, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        warnings.len() == 1 && warnings[0].contains("/bin/spec-kitty` is on PATH too"),
        "{warnings:?}"
    );
    assert_eq!(scene.stage.fact("cli.stale").as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_point_that_leads_elsewhere_is_a_stop() {
    let scene = Scene::new(cli("3.2.0rc16")).await;
    let elsewhere = scene.stage.root.join("home/spec-kitty");
    std::fs::write(
        &elsewhere,
        "#!/bin/sh\necho spec-kitty-cli version 3.2.0rc16\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&elsewhere, mode).unwrap();
    let entry = scene.stage.run("home/bin/spec-kitty");
    std::fs::remove_file(&entry).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &entry).unwrap();
    let said = scene.blocked(json!({})).await;
    assert!(
        said.contains("the entry point leads to `‹home›/spec-kitty`"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_changed_after_the_install_are_a_stop() {
    let scene = Scene::new(cli("3.2.0rc16")).await;
    let venv = scene.stage.run("home/pipx/venvs/spec-kitty-cli");
    let python = venv
        .join("lib")
        .read_dir_utf8()
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let module = python
        .path()
        .join("site-packages/spec_kitty_events/__init__.py");
    std::fs::write(module, "# patched\n").unwrap();
    let said = scene.blocked(json!({})).await;
    assert!(
        said.contains("its files were changed since it was installed"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wheel_that_differs_from_the_tag_is_a_stop() {
    let other = MAIN
        .replace("VERSION", "3.2.0rc16")
        .replace("sys.exit(2)", "sys.exit(3)");
    let scene = Scene::new(cli("3.2.0rc16").content(1, &other)).await;
    let said = scene.blocked(json!({})).await;
    assert!(
        said.contains("installed `src/specify_cli/main.py`: `main` is not the tag's"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_was_not_packed_is_left_to_the_boundary() {
    let mut candidate = cli("3.2.0rc16");
    candidate
        .files
        .retain(|(path, _)| !path.ends_with("preflight.py"));
    let scene = Scene::new(candidate).await;
    let outcome = scene.outcome(json!({})).await;
    let Outcome::Passed { warnings, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        warnings,
        ["`src/specify_cli/sync/preflight.py` of the tag is not installed"]
    );
    // Even when the boundary's modules themselves all import.
    let verb: VerifyBoundary = serde_json::from_value(json!({"install": "install", "cli": "cli",
        "modules": ["specify_cli.sync.owner"], "status_command": ["sync"], "status_keys": ["ok"],
        "as": "boundary"}))
    .unwrap();
    let outcome = verb.act(&scene.stage.ctx()).await.unwrap();
    assert_eq!(outcome.verdict(), Verdict::Blocked);
    assert!(
        outcome.finding().unwrap().seen[0].contains("preflight.py"),
        "{outcome:?}"
    );
}
