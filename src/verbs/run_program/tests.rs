use serde_json::json;

use super::*;
use crate::model::Verdict;
use crate::verb::scripted::{Scripted, ended};
use crate::world::{Ended, FileSeen, Response, WorldError};

fn verb(fields: &str) -> RunProgram {
    toml::from_str(&format!(
        "argv = [\"check\", \"x\"]\nas = \"ran\"\n{fields}"
    ))
    .unwrap_or_else(|error| panic!("{error}\n{fields}"))
}

async fn outcome(fields: &str, finished: Finished) -> (Outcome, Value) {
    outcome_in(fields, Scripted::new().run("check x", finished)).await
}

async fn outcome_in(fields: &str, world: Scripted) -> (Outcome, Value) {
    let ctx = world.ctx();
    let outcome = verb(fields).act(&ctx).await;
    let outcome = outcome.unwrap_or_else(VerbError::outcome);
    assert!(world.is_done());
    let fact = ctx.take_published().pop().map(|fact| fact.value);
    (outcome, fact.unwrap_or_default())
}

async fn verdict(fields: &str, finished: Finished) -> Verdict {
    outcome(fields, finished).await.0.verdict()
}

fn with(how: Ended) -> Finished {
    Finished {
        ended: how,
        ..ended(0, "out", "")
    }
}

#[tokio::test]
async fn only_an_exit_code_of_its_own_is_a_regression() {
    for (how, expected) in [
        (Ended::Code(0), Verdict::Passed),
        (Ended::Code(1), Verdict::Failed),
        (Ended::Code(75), Verdict::Blocked),
        (Ended::Code(127), Verdict::Error),
        (Ended::Code(126), Verdict::Error),
        (Ended::Code(137), Verdict::Error),
        (Ended::Code(139), Verdict::Failed),
        (Ended::Signal(11), Verdict::Failed),
        (Ended::Signal(9), Verdict::Error),
        (Ended::TimedOut, Verdict::Error),
    ] {
        assert_eq!(
            verdict("expect.blocked = [75]", with(how)).await,
            expected,
            "{how}"
        );
    }
    assert_eq!(
        verdict("expect.exit = [3]", with(Ended::Code(3))).await,
        Verdict::Passed
    );
    assert_eq!(
        verdict("expect.exit = [3]", with(Ended::Code(0))).await,
        Verdict::Failed
    );
    let world = Scripted::new().fail(WorldError::ProgramNotFound {
        program: "check".to_owned(),
    });
    let (missing, _) = outcome_in("", world).await;
    assert_eq!(missing.verdict(), Verdict::Error);
    assert!(missing.finding().unwrap().remedy.is_some());
}

#[tokio::test]
async fn what_it_prints_is_held_against_what_is_expected() {
    let printed = |text: &str| ended(0, text, "warning: old\n");
    for (fields, text, expected) in [
        ("expect.stdout = ['^done$']", "a\ndone\n", Verdict::Passed),
        ("expect.stdout = ['^done$']", "undone\n", Verdict::Failed),
        ("expect.stderr = ['warning']", "", Verdict::Passed),
        ("expect.stderr = ['error']", "", Verdict::Failed),
        (
            "expect.json = ['n.failed == 0']",
            "{\"n\": {\"failed\": 0}}",
            Verdict::Passed,
        ),
        (
            "expect.json = ['n.failed == 0']",
            "{\"n\": {\"failed\": 2}}",
            Verdict::Failed,
        ),
        (
            "expect.json = ['n.failed == 0']",
            "{\"n\": {}}",
            Verdict::Error,
        ),
        (
            "expect.json = ['n == 0']",
            "{\"n\": 1, \"n\": 0}",
            Verdict::Error,
        ),
        ("expect.json = ['n == 0']", "{\"n\": \"0\"}", Verdict::Error),
        ("expect.json = ['n == 0']", "no json", Verdict::Error),
    ] {
        assert_eq!(
            verdict(fields, printed(text)).await,
            expected,
            "{fields} {text}"
        );
    }
    let mut cut = printed("end");
    cut.stdout.truncated = true;
    assert_eq!(
        verdict("expect.stdout = ['start']", cut.clone()).await,
        Verdict::Error
    );
    assert_eq!(
        verdict("expect.json = ['n == 0']", cut).await,
        Verdict::Error
    );
}

#[tokio::test]
async fn facts_are_read_from_the_output_in_their_type() {
    let fields = "publish.version = { regex = 'v(\\S+)' }\n\
        publish.count = { regex = '(\\d+) files', from = \"stderr\", type = \"integer\" }";
    let (passed, fact) = outcome(fields, ended(0, "tool v1.2\n", "7 files\n")).await;
    assert!(passed.lets_on());
    assert_eq!(
        (&fact["version"], &fact["count"]),
        (&json!("1.2"), &json!(7))
    );
    assert_eq!(fact["attempts"], json!(1));
    assert_eq!(
        verdict(fields, ended(0, "tool v1.2\n", "no files\n")).await,
        Verdict::Error
    );
    // What failed is not hidden behind a value that it did not print.
    assert_eq!(verdict(fields, ended(1, "", "")).await, Verdict::Failed);
    let json = "publish.n = { json = 'a[1].n', type = 'integer' }";
    let (_, fact) = outcome(json, ended(0, "{\"a\": [0, {\"n\": 5}]}", "")).await;
    assert_eq!(fact["n"], json!(5));
    assert_eq!(
        verdict(json, ended(0, "{\"a\": [0, {\"n\": \"5\"}]}", "")).await,
        Verdict::Error
    );
}

const PASSING: &str = r#"<testsuite><testcase classname="a" name="t"/><testcase classname="a" name="u"/></testsuite>"#;
const FAILING: &str =
    r#"<testsuite><testcase classname="a" name="t"><failure message="no"/></testcase></testsuite>"#;
const SKIPPING: &str = r#"<testsuite><testcase classname="a" name="t"/><testcase classname="a" name="s"><skipped message="no disk"/></testcase></testsuite>"#;

async fn with_report(fields: &str, code: i32, xml: &str) -> Outcome {
    let world = Scripted::new()
        .answer(Response::Id("01".to_owned()))
        .run(
            "check x --junit=‹run›/reports/T001.01",
            ended(code, "out", ""),
        )
        .answer(Response::Text(xml.to_owned()));
    let ctx = world.ctx();
    let fields = format!(
        "argv = [\"check\", \"x\", \"--junit=$REPORT\"]\nas = \"ran\"\n\
         expect.report = {{ format = \"junit\"{fields} }}"
    );
    let verb: RunProgram = toml::from_str(&fields).unwrap();
    assert_eq!(verb.wrong(), []);
    verb.act(&ctx).await.unwrap_or_else(VerbError::outcome)
}

#[tokio::test]
async fn a_report_counts_only_with_its_exit_code() {
    for (code, xml, expected) in [
        (0, PASSING, Verdict::Passed),
        (1, FAILING, Verdict::Failed),
        (0, FAILING, Verdict::Error),
        (1, PASSING, Verdict::Error),
        (0, SKIPPING, Verdict::Error),
        (0, "", Verdict::Error),
        (0, "passed", Verdict::Error),
        (0, "<testsuite/>", Verdict::Error),
    ] {
        assert_eq!(
            with_report("", code, xml).await.verdict(),
            expected,
            "{code} {xml}"
        );
    }
    let two = with_report(", at_least = 2", 0, PASSING).await;
    assert_eq!(two, Outcome::passed("2 tests passed"));
    assert_eq!(
        with_report(", at_least = 3", 0, PASSING).await.verdict(),
        Verdict::Error
    );
    let allowed = with_report(", allow_skips = [\"no disk\"]", 0, SKIPPING).await;
    assert!(allowed.lets_on());
}

#[tokio::test]
async fn a_report_that_was_there_before_is_not_this_runs() {
    let seen = |second: i64| FileSeen {
        path: Place::workspace("p/out/j.xml"),
        bytes: 1,
        sha256: "1".repeat(64),
        modified: jiff::Timestamp::new(second, 0).unwrap(),
    };
    let files = |second: Option<i64>| Response::Files(second.map(seen).into_iter().collect());
    let fields = "project = \"p\"\nwrites = [\"p/out\"]\n\
        expect.report = { format = \"junit\", file = \"p/out/j.xml\" }";
    assert_eq!(verb(fields).wrong(), []);
    for (before, after, expected) in [
        (None, Some(1), Verdict::Passed),
        (Some(1), Some(2), Verdict::Passed),
        (Some(1), Some(1), Verdict::Error),
        (None, None, Verdict::Error),
    ] {
        let mut world = Scripted::new()
            .answer(files(before))
            .run("check x", ended(0, "", ""))
            .answer(files(after));
        if expected == Verdict::Passed {
            world = world.answer(Response::Text(PASSING.to_owned()));
        }
        let (outcome, _) = outcome_in(fields, world).await;
        assert_eq!(
            outcome.verdict(),
            expected,
            "{before:?} {after:?} {outcome:?}"
        );
    }
}

#[tokio::test]
async fn tap_is_read_from_standard_output() {
    let fields = "expect.report = { format = \"tap\", at_least = 2 }";
    assert_eq!(
        verdict(fields, ended(0, "1..2\nok 1\nok 2\n", "")).await,
        Verdict::Passed
    );
    assert_eq!(
        verdict(fields, ended(0, "1..1\nok 1\n", "")).await,
        Verdict::Error
    );
    assert_eq!(
        verdict(fields, ended(1, "1..2\nok 1\nnot ok 2\n", "")).await,
        Verdict::Failed
    );
    assert_eq!(
        verdict(fields, ended(0, "ok 1\nok 2\n", "")).await,
        Verdict::Error
    );
}

#[tokio::test]
async fn it_is_run_again_only_after_what_is_listed() {
    let fields = "retry = { times = 3, wait = \"2s\", on_exit = [7] }";
    let world = Scripted::new()
        .run("check x", ended(7, "", ""))
        .answer(Response::Done)
        .run("check x", ended(7, "", ""))
        .answer(Response::Done)
        .run("check x", ended(0, "", ""));
    let asked = world.clone();
    let (passed, fact) = outcome_in(fields, world).await;
    assert!(passed.lets_on());
    assert_eq!(fact["attempts"], json!(3));
    let waits: Vec<u64> = asked
        .asked()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Sleep { duration } => Some(duration.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(waits, [2, 4]);
    assert_eq!(verdict(fields, ended(1, "", "")).await, Verdict::Failed);
    assert_eq!(verdict(fields, with(Ended::TimedOut)).await, Verdict::Error);
}

#[test]
fn it_gets_what_it_declares_and_no_more() {
    let program = verb("").program(None);
    let sandbox = program.sandbox.unwrap();
    assert!(!sandbox.network && !sandbox.processes && sandbox.writable.is_empty());
    assert!(program.pass.is_empty());
    let all = verb(
        "project = \"p\"\ncwd = \"a\"\nreads = [\"q\"]\nwrites = [\"p/target\"]\nnetwork = true\n\
         pass = [\"TOKEN\"]\ntools = [\"rustup\", \"cargo-credentials\"]\nenv = { A = \"1\" }",
    );
    let program = all.program(None);
    let sandbox = program.sandbox.unwrap();
    assert_eq!(program.cwd, Place::workspace("p/a"));
    assert_eq!(
        sandbox.readable,
        [Place::workspace("q"), Place::workspace("p")]
    );
    assert_eq!(sandbox.writable, [Place::workspace("p/target")]);
    let may = all.may().join(", ");
    assert_eq!(
        may,
        "writes p/target, gets TOKEN, reaches the network, reads a login of yours"
    );
    assert!(all.touches().is_some() && verb("").touches().is_some());
    assert_eq!(verb("reads = []").touches(), None);
    assert!(verb("reads = []\nnetwork = true").touches().is_some());
    assert_eq!(all.fills(), [("p", "target")]);
}
