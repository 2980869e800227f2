//! The candidate from an index to a throwaway home, with the real uv and the real pipx.

mod attacked;
mod verify;

use canary_gate::candidate::{
    From, Home, Install, Installed, Line, Network, OnGitHub, Order, Search, Subject, carry_out,
    install, install_lock, lock, probe_and_choose, read_lock, vendor,
};
use canary_gate::model::{Finding, Outcome, Verdict};
use canary_gate::verb::{Act, VerbError};
use canary_gate::verbs::{InstallCandidate, VerifyBoundary};
use canary_gate::world::Place;
use serde_json::json;

use crate::candidate_support::shelf::{Entry, Index};
use crate::candidate_support::stage::Stage;
use crate::candidate_support::{cli, copy, events};

fn request(version: &str) -> Install {
    Install {
        package: "spec-kitty-cli".into(),
        version: version.into(),
        command: "spec-kitty".into(),
        as_of: None,
        home: Home::of_run(),
        evidence: Place::run("candidate"),
        network: Network::Allowed,
    }
}

fn order(version: &str) -> Order {
    Order {
        subject: Subject {
            package: "spec-kitty-cli".into(),
            command: "spec-kitty".into(),
            modules: MODULES.map(str::to_owned).into(),
            as_of: None,
        },
        version: version.parse().unwrap(),
        from: From::Index {
            as_of: None,
            vendor: None,
            explain_drift: true,
        },
        into: Place::run(""),
    }
}

const MODULES: [&str; 2] = ["specify_cli.sync.owner", "specify_cli.sync.preflight"];

fn finding(trouble: VerbError) -> Finding {
    let outcome = trouble.outcome();
    assert_eq!(outcome.verdict(), Verdict::Error, "{outcome:?}");
    outcome.finding().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_candidate_is_found_among_decoys() {
    let index = Index::serve(&[
        cli("3.2.0rc9"),
        cli("3.2.0rc15"),
        cli("3.2.0rc16"),
        cli("3.2.0rc28").yanked(),
        cli("3.2.0a4"),
        cli("3.2.0"),
        cli("4.0.0rc7"),
    ])
    .await;
    let stage = Stage::new(&index.url);
    let line: Line = "3.2.0".parse().unwrap();
    let search = Search {
        package: "spec-kitty-cli",
        line: &line,
        as_of: None,
        version: None,
    };
    let choice = probe_and_choose(&stage.ctx(), &search, &OnGitHub::default())
        .await
        .unwrap();
    let fact = choice.fact();
    assert_eq!(fact["version"], "3.2.0rc16");
    assert_eq!(fact["index"], json!(["3.2.0rc16", "3.2.0rc15", "3.2.0rc9"]));
    assert_eq!(fact["agree"], false);
    let others: Vec<String> = choice
        .index
        .others
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(others, ["3.2.0", "4.0.0rc7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn yanked_and_absent_are_told_apart_and_a_dead_index_is_an_error() {
    use canary_gate::candidate::{Index as Asked, OnIndex};
    let index = Index::serve(&[cli("3.2.0rc16"), cli("3.2.0rc28").yanked()]).await;
    let stage = Stage::new(&index.url);
    let ctx = stage.ctx();
    let asked = Asked::of(&ctx, "spec-kitty-cli").await.unwrap();
    for (version, standing) in [
        ("3.2.0rc16", OnIndex::Offered),
        ("3.2.0rc28", OnIndex::Yanked),
        ("3.2.0rc17", OnIndex::Absent),
    ] {
        assert_eq!(
            asked.standing(&version.parse().unwrap()).await.unwrap(),
            standing,
            "{version}"
        );
    }
    let dead = Stage::with("http://127.0.0.1:1/simple/", &[("UV_HTTP_RETRIES", "0")]);
    let ctx = dead.ctx();
    let asked = Asked::of(&ctx, "spec-kitty-cli").await.unwrap();
    assert!(
        finding(asked.newest("spec-kitty-cli", true).await.unwrap_err())
            .what
            .contains("could not be asked")
    );
}

fn install_verb(version: &str) -> InstallCandidate {
    serde_json::from_value(
        json!({"package": "spec-kitty-cli", "version": version, "as_of": "",
        "command": "spec-kitty", "as": "install"}),
    )
    .unwrap()
}

fn boundary_verb(modules: &[&str]) -> VerifyBoundary {
    serde_json::from_value(
        json!({"install": "install", "modules": modules, "as": "boundary",
        "status_command": ["sync", "status"], "status_keys": ["ok", "foreground.package_version"]}),
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closure_is_installed_by_hash_and_its_boundary_is_clean() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0"), events("5.2.0rc1")]).await;
    let stage = Stage::new(&index.url);
    let ctx = stage.ctx();
    let outcome = install_verb("3.2.0rc16").act(&ctx).await.unwrap();
    assert_eq!(
        outcome,
        Outcome::passed("spec-kitty-cli 3.2.0rc16 and 1 more packages, locked by hash")
    );
    stage.keep(&ctx);
    assert_eq!(stage.fact("install.command"), "‹run›/home/bin/spec-kitty");
    assert_eq!(stage.fact("install.backend"), "pipx install --lock");
    // Never a prerelease of a dependency.
    assert_eq!(stage.fact("install.packages[1].version"), "5.1.0");
    assert_eq!(stage.fact("install.operator_home.changed"), json!([]));
    assert!(stage.run("candidate/pylock.toml").is_file());

    let ctx = stage.ctx();
    let outcome = boundary_verb(&MODULES).act(&ctx).await.unwrap();
    let Outcome::Passed { warnings, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(warnings, ["nobody is logged in (`auth_present` is false)"]);

    let outcome = boundary_verb(&["specify_cli.sync.owner", "specify_cli.sync.gone"])
        .act(&stage.ctx())
        .await
        .unwrap();
    assert_eq!(outcome.verdict(), Verdict::Blocked);
    let seen = &outcome.finding().unwrap().seen;
    assert!(
        seen.len() == 1 && seen[0].contains("`specify_cli.sync.gone` is missing"),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wheel_with_other_bytes_is_refused_and_named() {
    let announced = events("5.1.0").file("spec_kitty_events/extra.py", "good\n");
    let same_size = announced.clone().content(1, "evil\n").bytes();
    let longer = announced.clone().content(1, "evil and longer\n").bytes();
    for other in [same_size, longer] {
        let sent = |file: &str, bytes: Vec<u8>| {
            let changed = file.starts_with("spec_kitty_events");
            if changed { other.clone() } else { bytes }
        };
        let index = Index::serve_with(&[cli("3.2.0rc16"), announced.clone()], sent).await;
        let stage = Stage::new(&index.url);
        let trouble = install(&stage.ctx(), request("3.2.0rc16"))
            .await
            .unwrap_err();
        let finding = finding(trouble);
        let named = "the bytes of `spec-kitty-events==5.1.0` are not those of the lock";
        assert_eq!(finding.what, named, "{finding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_is_not_there_is_an_error_that_says_so() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let stage = Stage::new(&index.url);
    let finding = finding(
        install(&stage.ctx(), request("3.2.0rc17"))
            .await
            .unwrap_err(),
    );
    assert!(
        finding
            .what
            .starts_with("`spec-kitty-cli==3.2.0rc17` cannot be locked now"),
        "{finding:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendored_candidate_installs_without_network() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let stage = Stage::new(&index.url);
    let ctx = stage.ctx();
    let to = Place::run("candidate/vendor");
    let locked = lock(
        &ctx,
        &Home::of_run(),
        Place::run("candidate/pylock.toml"),
        "spec-kitty-cli==3.2.0rc16",
        None,
    )
    .await
    .unwrap();
    let kept = vendor(
        &ctx,
        &Home::of_run(),
        &locked,
        &Place::run("candidate"),
        &to,
    )
    .await
    .unwrap();
    assert_eq!(kept.closure_sha256(), locked.closure_sha256());
    drop(index);

    // Another machine: nothing cached, nothing reachable, only the vendored directory.
    let away = Stage::with("http://127.0.0.1:1/simple/", &[("UV_HTTP_RETRIES", "0")]);
    copy(
        &stage.run("candidate/vendor"),
        &away.run("candidate/vendor"),
    );
    let ctx = away.ctx();
    let kept = read_lock(&ctx, to.join("pylock.toml")).await.unwrap();
    let offline = Install {
        network: Network::Cut,
        ..request("3.2.0rc16")
    };
    let installed = install_lock(&ctx, offline.clone(), kept.clone())
        .await
        .unwrap();
    assert_eq!(installed.look.version.as_deref(), Some("3.2.0rc16"));

    // And a vendored wheel that was touched is refused.
    let wheel = away.run("candidate/vendor/wheels/spec_kitty_events-5.1.0-py3-none-any.whl");
    std::fs::write(
        &wheel,
        events("5.1.0")
            .file("spec_kitty_events/evil.py", "")
            .bytes(),
    )
    .unwrap();
    let fresh = Install {
        home: Home::at(Place::run("other")),
        ..offline
    };
    assert!(install_lock(&ctx, fresh, kept).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_explained_by_what_moved_and_what_is_missing() {
    let now = "2026-08-01T00:00:00Z";
    let index = Index::serve(&[
        cli("3.2.0rc16")
            .requires("typer")
            .file("specify_cli/sync/preflight2.py", "import click\n"),
        events("5.1.0"),
        Entry::new("typer", "0.12")
            .requires("click")
            .file("typer.py", "")
            .uploaded("2025-01-01T00:00:00Z"),
        Entry::new("typer", "0.20")
            .file("typer.py", "")
            .uploaded(now),
        Entry::new("click", "8.4")
            .file("click.py", "")
            .uploaded("2025-01-01T00:00:00Z"),
    ])
    .await;
    let stage = Stage::new(&index.url);
    let mut order = order("3.2.0rc16");
    let extra = "specify_cli.sync.preflight2".to_owned();
    order.subject.modules.push(extra);
    let delivered = carry_out(&stage.ctx(), &order).await.unwrap();
    assert!(
        delivered.tried.wrong[0].contains("`click` is missing"),
        "{:?}",
        delivered.tried
    );
    let explained = delivered.explained.unwrap();
    assert_eq!(explained.works_then, Some(true));
    assert_eq!(explained.as_of, "2026-05-21T00:00:00Z");
    let moved: Vec<String> = explained
        .drift
        .moved
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(moved, ["click: 8.4 → not there", "typer: 0.12 → 0.20"]);
    assert_eq!(explained.drift.gone, ["click"]);

    order.from = From::Index {
        as_of: Some("2026-05-21T00:00:00Z".into()),
        vendor: None,
        explain_drift: true,
    };
    order.into = Place::run("as-of");
    let delivered = carry_out(&stage.ctx(), &order).await.unwrap();
    assert!(delivered.tried.works(), "{:?}", delivered.tried);
    assert_eq!(delivered.explained, None);
    assert_eq!(
        delivered.tried.line.as_deref(),
        Some("spec-kitty-cli version 3.2.0rc16")
    );
    assert_eq!(delivered.environment["PATH"], "‹run›/as-of/home/bin");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipx_without_lock_installs_the_same_closure() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0"), events("5.1.1")]).await;
    let stage = Stage::new(&index.url);
    stage.put_program(
        "pipx",
        "#!/bin/sh\ncase \" $* \" in *' --help '*) echo '  --python PYTHON'; exit 0;; *' --lock '*) exit 2;; esac\n\
         PATH=${PATH#*:} exec pipx \"$@\"\n",
    );
    let ctx = stage.ctx();
    let installed: Installed = install(&ctx, request("3.2.0rc16")).await.unwrap();
    assert_eq!(
        installed.fact()["backend"],
        "pipx install from hash-checked wheels"
    );
    assert_eq!(installed.look.distributions["spec-kitty-events"], "5.1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_installed_beside_the_lock_is_seen() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let stage = Stage::new(&index.url);
    let ctx = stage.ctx();
    let installed = install(&ctx, request("3.2.0rc16")).await.unwrap();
    let mut smaller = installed.lock.clone();
    smaller
        .packages
        .retain(|package| package.name == "spec-kitty-cli");
    assert_eq!(
        installed.look.differences(&smaller),
        ["`spec-kitty-events` 5.1.0 is not in the lock"]
    );
}
