//! The general verbs against real programs, a real repository and a server on loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use canary_gate::model::{Facts, Outcome, SubtaskId, Verdict};
use canary_gate::verb::{Ctx, Setting, VerbError};
use canary_gate::verbs::Verb;
use canary_gate::world::live::LiveWorld;
use canary_gate::world::redact::Redactor;
use serde_json::Value;

use super::stage::Stage;

/// What one subtask came to.
struct Done {
    outcome: Outcome,
    fact: Value,
}

async fn act(stage: &Stage, uses: &str, fields: &str) -> Done {
    act_with(stage, uses, fields, Setting::default()).await
}

async fn act_with(stage: &Stage, uses: &str, fields: &str, setting: Setting) -> Done {
    let fields: Value = toml::from_str(fields).unwrap();
    let verb = Verb::from_fields(uses, fields).unwrap().unwrap();
    let wrong = verb.declares().wrong();
    assert!(wrong.is_empty(), "{wrong:?}");
    let (operator, places) = stage.outfit.clone();
    let world = LiveWorld::new(operator, places, Arc::new(Redactor::new()));
    let ctx = Ctx::new(
        SubtaskId::new("T001"),
        Arc::new(world),
        Arc::new(setting),
        Arc::new(Facts::default()),
        Duration::from_mins(1),
        tokio::sync::mpsc::unbounded_channel().0,
    );
    let outcome = verb.acts().act(&ctx).await;
    let outcome = outcome.unwrap_or_else(VerbError::outcome);
    let fact = ctx.take_published().pop().map(|fact| fact.value);
    Done {
        outcome,
        fact: fact.unwrap_or_default(),
    }
}

fn verdict(done: &Done) -> Verdict {
    done.outcome.verdict()
}

fn project(stage: &Stage, script: &str) {
    std::fs::create_dir_all(stage.path("workspace/p")).unwrap();
    std::fs::write(stage.path("workspace/p/check.sh"), script).unwrap();
}

#[tokio::test]
async fn a_program_gets_what_it_declares_and_no_more() {
    let stage = Stage::with_env(&[
        ("OTHER", "not-passed-0123"),
        ("PASSED", "passed-0123456789"),
    ]);
    std::fs::create_dir_all(stage.path("workspace/q")).unwrap();
    std::fs::write(stage.path("workspace/q/file"), "other\n").unwrap();
    std::fs::create_dir_all(stage.path("home/.rustup/bin")).unwrap();
    std::fs::write(stage.path("home/.rustup/bin/tool"), "toolchain\n").unwrap();
    std::fs::write(stage.path("home/.bashrc"), "private\n").unwrap();
    project(
        &stage,
        "cat ../q/file; cat $RUSTUP_HOME/bin/tool; cat ~/.bashrc\n\
         echo more >> $RUSTUP_HOME/bin/tool; echo x > new; echo x > out/new\n\
         echo \"A=$A PASSED=$PASSED OTHER=$OTHER\"; cat; exit 0\n",
    );
    let home = stage.path("home");
    let bare = act(
        &stage,
        "run-program",
        "argv = [\"bash\", \"check.sh\"]\nproject = \"p\"\nas = \"ran\"\n\
         expect.stdout = ['^A= PASSED= OTHER=$']",
    )
    .await;
    assert_eq!(verdict(&bare), Verdict::Passed, "{:?}", bare.outcome);
    assert!(!stage.path("workspace/p/new").exists());
    let full = act(
        &stage,
        "run-program",
        "argv = [\"bash\", \"check.sh\"]\nproject = \"p\"\nas = \"ran\"\nreads = [\"q\"]\n\
         writes = [\"p/out\"]\ntools = [\"rustup\"]\npass = [\"PASSED\"]\nenv = { A = \"1\" }\n\
         stdin = \"typed\\n\"\n\
         expect.stdout = ['^other$', '^toolchain$', '^A=1 PASSED=.+ OTHER=$', '^typed$']\n\
         publish.passed = { regex = 'PASSED=(\\S+)' }",
    )
    .await;
    assert_eq!(verdict(&full), Verdict::Passed, "{:?}", full.outcome);
    assert!(stage.path("workspace/p/out/new").exists());
    assert!(!stage.path("workspace/p/new").exists());
    let told = full.fact["passed"].as_str().unwrap();
    assert!(
        !told.contains("0123456789"),
        "a passed value is hidden: {told}"
    );
    let tool = std::fs::read_to_string(home.join(".rustup/bin/tool")).unwrap();
    assert_eq!(tool, "toolchain\n");
}

#[tokio::test]
async fn it_has_no_network_unless_it_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let stage = Stage::new();
    project(
        &stage,
        &format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached\n"),
    );
    let fields = "argv = [\"bash\", \"check.sh\"]\nproject = \"p\"\nas = \"ran\"\n";
    let without = act(&stage, "run-program", fields).await;
    assert_eq!(verdict(&without), Verdict::Failed);
    let with = act(&stage, "run-program", &format!("{fields}network = true\n")).await;
    assert_eq!(verdict(&with), Verdict::Passed, "{:?}", with.outcome);
}

#[tokio::test]
async fn what_is_missing_or_takes_too_long_is_an_error() {
    let stage = Stage::new();
    project(&stage, "no-such-program-anywhere\n");
    let script = "argv = [\"bash\", \"check.sh\"]\nproject = \"p\"\nas = \"ran\"\n";
    let missing = act(&stage, "run-program", script).await;
    assert_eq!(verdict(&missing), Verdict::Error, "{:?}", missing.outcome);
    let absent = act(
        &stage,
        "run-program",
        "argv = [\"no-such-program\"]\nas = \"ran\"\n",
    )
    .await;
    assert_eq!(verdict(&absent), Verdict::Error);
    project(&stage, "echo started; sleep 60\n");
    let slow = act(&stage, "run-program", &format!("{script}within = \"1s\"\n")).await;
    assert_eq!(verdict(&slow), Verdict::Error);
}

#[tokio::test]
async fn a_report_that_the_program_writes_is_read() {
    let stage = Stage::new();
    project(
        &stage,
        "echo '<testsuite><testcase classname=\"a\" name=\"t\"/></testsuite>' > $1\n",
    );
    let own = act(
        &stage,
        "run-program",
        "argv = [\"bash\", \"check.sh\", \"$REPORT\"]\nproject = \"p\"\nas = \"ran\"\n\
         expect.report = { format = \"junit\" }",
    )
    .await;
    assert_eq!(verdict(&own), Verdict::Passed, "{:?}", own.outcome);
    let file = "argv = [\"bash\", \"check.sh\", \"out/j.xml\"]\nproject = \"p\"\nas = \"ran\"\n\
        writes = [\"p/out\"]\nexpect.report = { format = \"junit\", file = \"p/out/j.xml\" }";
    let written = act(&stage, "run-program", file).await;
    assert_eq!(verdict(&written), Verdict::Passed, "{:?}", written.outcome);
    project(&stage, "exit 0\n");
    let old = act(&stage, "run-program", file).await;
    assert_eq!(verdict(&old), Verdict::Error, "{:?}", old.outcome);
}

/// A server that answers each connection with the next of these, and keeps what it was asked.
fn server(answers: &[&str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let answers: Vec<String> = answers.iter().map(|text| (*text).to_owned()).collect();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            loop {
                let count = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    let length = name.eq_ignore_ascii_case("content-length");
                    length.then(|| value.trim().parse::<usize>().unwrap())
                });
                if body.len() >= length.unwrap_or(0) || count == 0 {
                    break;
                }
            }
            kept.lock()
                .unwrap()
                .push(String::from_utf8(request).unwrap());
            let (status, body) = answer.split_once(' ').unwrap_or((&answer, ""));
            write!(
                stream,
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nx-own: yes\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    (address, asked)
}

#[tokio::test]
async fn an_address_is_asked_and_its_answer_judged() {
    let stage = Stage::new();
    let (base, asked) = server(&["200 {\"status\": \"ok\"}", "404", "200"]);
    let fine = act(
        &stage,
        "http",
        &format!(
            "url = \"{base}/health\"\nas = \"page\"\njson = ['status == ok']\nheaders.X-Own = '^yes$'"
        ),
    )
    .await;
    assert_eq!(verdict(&fine), Verdict::Passed, "{:?}", fine.outcome);
    assert_eq!(fine.fact["page"]["status"], "ok");
    let absent = format!("url = \"{base}/gone\"\nas = \"page\"\nabsent = true");
    assert_eq!(
        verdict(&act(&stage, "http", &absent).await),
        Verdict::Passed
    );
    let head = format!("url = \"{base}/head\"\nas = \"page\"\nmethod = \"head\"");
    assert_eq!(verdict(&act(&stage, "http", &head).await), Verdict::Passed);
    let asked = asked.lock().unwrap();
    let lines: Vec<&str> = asked.iter().filter_map(|one| one.lines().next()).collect();
    assert_eq!(
        lines,
        [
            "GET /health HTTP/1.1",
            "GET /gone HTTP/1.1",
            "HEAD /head HTTP/1.1"
        ]
    );
}

#[tokio::test]
async fn it_is_waited_until_the_answer_is_so() {
    let stage = Stage::new();
    let (base, asked) = server(&["503", "404", "200 ready"]);
    let fields = format!(
        "http = {{ url = \"{base}/\", body = ['ready'] }}\nevery = \"200ms\"\ndeadline = \"20s\"\n\
         as = \"up\""
    );
    let done = act(&stage, "wait-until", &fields).await;
    assert_eq!(verdict(&done), Verdict::Passed, "{:?}", done.outcome);
    assert_eq!(
        (&done.fact["reads"], asked.lock().unwrap().len()),
        (&Value::from(3), 3)
    );
}

#[tokio::test]
async fn a_webhook_gets_the_text_once() {
    let stage = Stage::with_env(&[("HOOK", "T0/secret-0123456789")]);
    let (base, asked) = server(&["200 taken"]);
    let setting = Setting {
        templates: [(
            "note.json".to_owned(),
            "{\"text\": \"It passed.\"}".to_owned(),
        )]
        .into(),
        ..Setting::default()
    };
    let fields = format!(
        "address = \"{base}/hooks/$HOOK\"\npass = [\"HOOK\"]\ntemplate = \"note.json\"\nas = \"told\""
    );
    let sent = act_with(&stage, "notify", &fields, setting.clone()).await;
    assert_eq!(verdict(&sent), Verdict::Passed, "{:?}", sent.outcome);
    let again = act_with(&stage, "notify", &fields, setting).await;
    assert_eq!(again.fact["was_sent"], true);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with("POST /hooks/T0/secret-0123456789 "),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].ends_with("{\"text\": \"It passed.\"}"),
        "{}",
        asked[0]
    );
    let told = format!("{:?} {}", sent.outcome, sent.fact);
    assert!(!told.contains("secret-"), "{told}");
}

fn git(stage: &Stage, words: &[&str]) -> String {
    let settings = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    let output = Command::new("git")
        .args(settings)
        .args(words)
        .current_dir(stage.path("workspace/p"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?} {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_checkout_is_read_with_the_real_git() {
    let stage = Stage::new();
    project(&stage, "exit 0\n");
    git(&stage, &["init", "-q", "-b", "main"]);
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "-q", "-m", "one"]);
    let first = git(&stage, &["rev-parse", "HEAD"]);
    git(&stage, &["tag", "-a", "v1", "-m", "one"]);
    git(&stage, &["commit", "-q", "--allow-empty", "-m", "two"]);
    let second = git(&stage, &["rev-parse", "HEAD"]);
    let at = |more: &str| format!("project = \"p\"\nas = \"tree\"\n{more}");
    for (fields, expected) in [
        (String::new(), Verdict::Passed),
        ("clean = true".to_owned(), Verdict::Passed),
        ("tag = \"v1\"".to_owned(), Verdict::Passed),
        ("tag = \"v2\"".to_owned(), Verdict::Blocked),
        (format!("tag = \"v1\"\nat = \"{first}\""), Verdict::Passed),
        (
            format!("tag = \"v1\"\nat = \"{}\"", &first[..9]),
            Verdict::Passed,
        ),
        (format!("tag = \"v1\"\nat = \"{second}\""), Verdict::Failed),
        (format!("at = \"{second}\""), Verdict::Passed),
        ("ancestor = \"v1\"".to_owned(), Verdict::Passed),
        (
            format!("tag = \"v1\"\nancestor = \"{second}\""),
            Verdict::Failed,
        ),
        ("ancestor = \"0123456789\"".to_owned(), Verdict::Error),
    ] {
        let done = act(&stage, "git-facts", &at(&fields)).await;
        assert_eq!(verdict(&done), expected, "{fields} {:?}", done.outcome);
    }
    std::fs::write(stage.path("workspace/p/new"), "x").unwrap();
    let dirty = act(&stage, "git-facts", &at("clean = true")).await;
    assert_eq!(verdict(&dirty), Verdict::Blocked);
    assert_eq!(dirty.fact["changed"], serde_json::json!(["?? new"]));
}

/// Whoever wrote a checkout's settings is not trusted: what they name reaches nothing.
#[tokio::test]
async fn what_a_checkouts_settings_name_changes_nothing_outside() {
    let stage = Stage::new();
    project(&stage, "exit 0\n");
    git(&stage, &["init", "-q", "-b", "main"]);
    git(&stage, &["add", "."]);
    git(&stage, &["commit", "-q", "-m", "one"]);
    let outside = stage.path("escaped");
    let filter = format!("echo out > '{outside}'; cat");
    git(&stage, &["config", "filter.theirs.clean", &filter]);
    let attributes = stage.path("workspace/p/.git/info/attributes");
    std::fs::write(attributes, "* filter=theirs\n").unwrap();
    // Written again: git has to look whether it is still the same.
    project(&stage, "exit 0\n");
    let fields = "project = \"p\"\nas = \"tree\"\nclean = true";
    let done = act(&stage, "git-facts", fields).await;
    assert_eq!(verdict(&done), Verdict::Passed, "{:?}", done.outcome);
    assert!(!outside.exists(), "a filter of the checkout wrote outside");
    // The attack is one.
    git(&stage, &["status"]);
    assert!(outside.exists());
}

/// A signature is checked with the program that the repository's settings name.
#[tokio::test]
async fn no_program_of_a_checkouts_settings_checks_a_signature() {
    let stage = Stage::new();
    project(&stage, "exit 0\n");
    git(&stage, &["init", "-q", "-b", "main"]);
    git(&stage, &["add", "."]);
    let tree = git(&stage, &["write-tree"]);
    let who = "A <a@example.com> 0 +0000";
    let begin = "-----BEGIN PGP SIGNATURE-----";
    let end = "-----END PGP SIGNATURE-----";
    let commit = format!(
        "tree {tree}\nauthor {who}\ncommitter {who}\ngpgsig {begin}\n \n {end}\n\nsigned\n"
    );
    std::fs::write(stage.path("workspace/p/.git/signed"), commit).unwrap();
    let words = ["hash-object", "-t", "commit", "-w", ".git/signed"];
    let commit = git(&stage, &words);
    let outside = stage.path("escaped");
    let checker = stage.path("workspace/p/.git/checker");
    std::fs::write(&checker, format!("#!/bin/sh\necho out > '{outside}'\n")).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&checker, executable).unwrap();
    git(&stage, &["config", "gpg.program", checker.as_str()]);
    git(&stage, &["config", "log.showSignature", "true"]);
    let mut show = canary_gate::world::Program::new(["git", "show", "-s", &commit]);
    show.cwd = canary_gate::world::Place::workspace("p");
    let shown = stage.run(show).await.unwrap();
    assert!(shown.stdout.text.contains("signed"), "{shown:?}");
    assert!(!outside.exists(), "the checkout's program was run");
    // The attack is one.
    git(&stage, &["show", "-s", &commit]);
    assert!(outside.exists());
}

const EXAMPLE: &str = include_str!("../../../examples/file_sizes.py");

#[tokio::test]
async fn a_verb_in_python_answers_in_the_sandbox() {
    assert!(EXAMPLE.lines().count() < 40);
    let stage = Stage::new();
    std::fs::create_dir_all(stage.path("workspace/p/src")).unwrap();
    std::fs::write(stage.path("workspace/p/file_sizes.py"), EXAMPLE).unwrap();
    std::fs::write(stage.path("workspace/p/src/a"), "12345").unwrap();
    std::fs::write(stage.path("workspace/p/src/b"), "1").unwrap();
    let fields = |limit: u32| {
        format!(
            "argv = [\"python3\", \"file_sizes.py\"]\nproject = \"p\"\nas = \"sizes\"\nreads = []\n\
             fields = {{ directory = \"src\", limit_bytes = {limit} }}\n\
             facts = {{ files = \"integer\", largest = \"text\" }}"
        )
    };
    let fine = act(&stage, "exec", &fields(10)).await;
    assert_eq!(verdict(&fine), Verdict::Passed, "{:?}", fine.outcome);
    assert_eq!(fine.fact["largest"], "src/a");
    let large = act(&stage, "exec", &fields(4)).await;
    assert_eq!(verdict(&large), Verdict::Failed);
    assert_eq!(large.outcome.finding().unwrap().seen, ["src/a: 5 bytes"]);
    std::fs::write(stage.path("workspace/p/file_sizes.py"), "print('passed')").unwrap();
    let broken = act(&stage, "exec", &fields(10)).await;
    assert_eq!(verdict(&broken), Verdict::Error);
}
