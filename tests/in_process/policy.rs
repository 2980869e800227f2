//! What the policy lets through, word by word, and that nothing unlisted slips by.

use std::collections::BTreeMap;
use std::time::Duration;

use canary_gate::model::ResolvedPolicy;
use canary_gate::world::policy::Policy;
use canary_gate::world::{
    Effect, EndProcesses, HttpGet, HttpPost, Place, ProcessRule, Program, Watch, WorldError,
    WriteFile,
};
use proptest::prelude::*;

const E2E: &str = "Priivacy-ai/spec-kitty-end-to-end-testing#41";
const TRACKER: &str = "Priivacy-ai/spec-kitty#1038";
const BLOCKER: &str = "Priivacy-ai/spec-kitty#1141";

fn rule() -> ProcessRule {
    ProcessRule {
        name: "sync-daemon".into(),
        program: vec!["python*".into()],
        argv: vec!["-c".into(), "run".into()],
        homes: Vec::new(),
    }
}

fn policy() -> Policy {
    let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    Policy::new(
        ResolvedPolicy {
            comment: list(&[E2E, TRACKER, BLOCKER]),
            // The tracker is listed by mistake: never_close must win.
            close: list(&[E2E, TRACKER]),
            reopen: list(&[BLOCKER]),
            never_close: list(&[TRACKER]),
            read_addresses: list(&["https://saas.example/health", "http://127.0.0.1:81/"]),
            remote_commands: list(&["count --read-only"]),
            leave: Vec::new(),
            programs: list(&[
                "bash",
                "flyctl",
                "gh",
                "git",
                "pipx",
                "python3",
                "spec-kitty",
                "uv",
            ]),
            end_processes: list(&["sync-daemon", "unknown"]),
            notify: list(&["https://hooks.example/services"]),
        },
        BTreeMap::from([("sync-daemon".to_owned(), rule())]),
    )
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(|word| word.replace('~', " ")).collect()
}

fn run(line: &str, stdin: Option<&str>) -> Result<(), String> {
    let mut program = Program::new(words(line));
    program.stdin = stdin.map(str::to_owned);
    check(&Effect::Run(program))
}

fn check(effect: &Effect) -> Result<(), String> {
    match policy().check(effect) {
        Ok(()) => Ok(()),
        Err(WorldError::Refused { what }) => Err(what),
        Err(other) => panic!("{other:?}"),
    }
}

const ALLOWED: &[&str] = &[
    "gh --version",
    "gh auth status",
    "gh auth status --hostname github.com",
    "gh issue view 1141 --repo Priivacy-ai/spec-kitty --json state,closedAt,title",
    "gh issue list -R o/r --state closed --limit 5",
    "gh release list --repo o/r",
    "gh release view v1 --repo o/r --json tagName",
    "gh pr view 42 --repo o/r --json mergeCommit",
    "gh run list --repo o/r --json status",
    "gh run view 7 --repo o/r --log",
    "gh api repos/o/r/issues/5",
    "gh api -X GET repos/o/r/issues/5 --jq .state",
    "gh api --method=GET repos/o/r --header Accept:~application/json --paginate",
    "gh api graphql -f query=query($owner:String!){repository(owner:$owner){id}} -f owner=o -F number=5",
    "gh api graphql --raw-field query={viewer{login}}",
    "gh issue close 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing",
    "gh issue close 41 --repo priivacy-ai/SPEC-kitty-end-to-end-testing --reason completed",
    "gh issue close 41 --repo=Priivacy-ai/spec-kitty-end-to-end-testing --comment done",
    "gh issue reopen 1141 -R Priivacy-ai/spec-kitty",
    "flyctl status -a app --json",
    "flyctl image show --app app --json",
    "flyctl auth whoami",
    "flyctl version",
    "flyctl ssh console -a app -C count~--read-only",
    "git rev-parse --verify --end-of-options abc",
    "git -c core.hooksPath=/dev/null -c core.fsmonitor=false merge-base --is-ancestor a b",
    "git -C ‹workspace›/spec-kitty cat-file --batch",
    "git tag --list --contains abc",
    "git tag -l",
    "git remote -v",
    "git clone --shared ‹workspace›/spec-kitty ‹run›/clone",
    "git -C ‹run›/clone checkout abc",
    "git -C ‹workspace›/spec-kitty worktree add --detach ‹run›/before abc",
    "bash -n ‹workspace›/e2e/scripts/canary.sh",
    "bash scripts/canary.sh --single --yes",
    "uv run --frozen python -m pytest -q",
    "uv pip compile -",
    "uv --version",
    "uv --quiet --color never sync --frozen",
    "uv run --frozen --no-sync pytest -p no:cacheprovider",
    "uv run --project ‹workspace›/x spec-kitty --version",
    "uv pip sync --require-hashes ‹run›/lock.txt",
    "uv venv --python 3.11 ‹run›/venv",
    "git log --all -E --grep=x -n50 --format=%H",
    "git -C ‹workspace›/spec-kitty archive --output=‹run›/x.tar HEAD",
    "git worktree list --porcelain",
    "pipx install --force --python 3.11 --pip-args=--no-index~--find-links=‹run›/wheels x==1",
    "pipx install --lock pylock.toml spec-kitty-cli==3.2.0rc16",
    "python3 -m venv ‹cache›/tools/x",
    "‹run›/home/bin/spec-kitty --version",
    "‹run›/home/pipx/venvs/x/bin/python -c import~specify_cli.sync.owner",
];

const REFUSED: &[(&str, &str)] = &[
    // Not listed at all.
    ("curl https://example.org", "policy.programs"),
    ("/usr/bin/gh issue view 5", "policy.programs"),
    ("‹run›/home/bin/gh issue view 5", "policy.programs"),
    ("‹run›/../x/bin/spec-kitty", "policy.programs"),
    ("‹workspace›/x", "policy.programs"),
    // Writes that are not listed, or not in the one shape.
    (
        "gh issue close 1038 --repo Priivacy-ai/spec-kitty",
        "policy.never_close",
    ),
    (
        "gh issue close 1038 --repo PRIIVACY-AI/SPEC-KITTY",
        "policy.never_close",
    ),
    (
        "gh issue close 1141 --repo Priivacy-ai/spec-kitty",
        "policy.close",
    ),
    (
        "gh issue reopen 1182 --repo Priivacy-ai/spec-kitty",
        "policy.reopen",
    ),
    (
        "gh issue reopen 1038 --repo Priivacy-ai/spec-kitty",
        "policy.reopen",
    ),
    (
        "gh issue close 41 --repo Priivacy-ai/spec-kitty",
        "policy.close",
    ),
    ("gh issue close 41", "`--repo` is missing"),
    (
        "gh issue close 041 --repo Priivacy-ai/spec-kitty-end-to-end-testing",
        "not an issue number",
    ),
    (
        "gh issue close https://github.com/o/r/issues/1 --repo Priivacy-ai/spec-kitty-end-to-end-testing",
        "not an issue number",
    ),
    (
        "gh issue close 41 1038 --repo Priivacy-ai/spec-kitty-end-to-end-testing",
        "exactly one",
    ),
    (
        "gh issue close 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing --repo o/r",
        "twice",
    ),
    (
        "gh issue close 41 -RPriivacy-ai/spec-kitty",
        "not one the policy knows",
    ),
    (
        "gh issue close 41 --repo evil.example/Priivacy-ai/spec-kitty-end-to-end-testing",
        "not `owner/repo`",
    ),
    (
        "gh issue reopen 1141 --repo Priivacy-ai/spec-kitty --comment Fixes~#1038",
        "closing keyword",
    ),
    (
        "gh --repo Priivacy-ai/spec-kitty-end-to-end-testing issue close 41",
        "shapes",
    ),
    (
        "gh issue comment 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing --body hello",
        "not one",
    ),
    (
        "gh issue comment 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing --body-file /etc/passwd",
        "standard input",
    ),
    (
        "gh issue comment 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing --body-file -",
        "without a text",
    ),
    ("gh issue create --title x --repo o/r", "shapes"),
    ("gh issue delete 41 --repo o/r --yes", "shapes"),
    ("gh issue edit 41 --repo o/r", "shapes"),
    ("gh pr merge 42 --repo o/r", "shapes"),
    ("gh pr comment 42 --repo o/r", "shapes"),
    ("gh release create v3.2.0", "shapes"),
    ("gh workflow run x", "shapes"),
    ("gh co 5", "shapes"),
    ("gh auth token", "shapes"),
    ("gh auth status --show-token", "shapes"),
    ("gh auth status --hostname -t", "shapes"),
    ("gh issue view 5 --web", "not one the policy knows"),
    // The API.
    ("gh api -X DELETE repos/o/r", "only GET"),
    ("gh api -XDELETE repos/o/r", "not one the policy knows"),
    ("gh api -X=DELETE repos/o/r", "not one the policy knows"),
    ("gh api --method=PATCH repos/o/r/issues/41", "only GET"),
    (
        "gh api --method GET --method PATCH repos/o/r/issues/41",
        "only GET",
    ),
    ("gh api -iXPATCH repos/o/r", "not one the policy knows"),
    ("gh api repos/o/r/issues/41 -f state=closed", "POST"),
    ("gh api repos/o/r/issues/41 -F state=closed", "POST"),
    ("gh api repos/o/r/issues/41 --field=state=closed", "POST"),
    (
        "gh api repos/o/r/issues/41 --input -",
        "not one the policy knows",
    ),
    (
        "gh api repos/o/r -H X-HTTP-Method-Override:DELETE",
        "header",
    ),
    ("gh api https://example.org/", "logged in"),
    ("gh api repos/o/r repos/o/s", "exactly one"),
    (
        "gh api graphql -f query=mutation{closeIssue}",
        "only queries",
    ),
    (
        "gh api /graphql -f query=mutation{closeIssue}",
        "only queries",
    ),
    (
        "gh api graphql -f query={a} -f query=mutation{closeIssue}",
        "two queries",
    ),
    (
        "gh api graphql -f query={a} -F query=mutation{closeIssue}",
        "two queries",
    ),
    ("gh api graphql -F query=@file", "plain value"),
    ("gh api graphql --input file", "not one the policy knows"),
    ("gh api graphql", "without a query"),
    // Fly.
    ("flyctl deploy", "shapes"),
    ("flyctl apps destroy app", "shapes"),
    ("flyctl status -a app extra", "not an option"),
    ("flyctl ssh console -a app", "`--command` is missing"),
    (
        "flyctl ssh console -a app -C rm~-rf~/",
        "policy.remote_commands",
    ),
    (
        "flyctl ssh console -a app -C count~--read-only;~rm",
        "policy.remote_commands",
    ),
    ("flyctl ssh sftp put x", "shapes"),
    ("flyctl secrets set A=b", "shapes"),
    // git.
    ("git push", "not a command"),
    ("git -C ‹run›/clone push origin main", "not a command"),
    ("git send-email x", "not a command"),
    ("git remote add evil x", "not a command"),
    ("git config user.name x", "not a command"),
    ("git config --get --global x", "another program"),
    ("git tag v3.2.0", "not a command"),
    ("git tag -d v1", "another program"),
    ("git checkout abc", "outside the run directory"),
    (
        "git -C ‹workspace›/spec-kitty reset --hard",
        "outside the run directory",
    ),
    (
        "git -C ‹run›/../x checkout a",
        "none of the run's directories",
    ),
    (
        "git worktree add /elsewhere abc",
        "outside the run directory",
    ),
    ("git -c alias.x=!gh~issue~close x", "setting"),
    ("git -c core.sshCommand=evil fetch", "setting"),
    ("git -c core.fsmonitor=evil status", "setting"),
    ("git --exec-path=/evil log", "option"),
    (
        "git -C ‹run›/x fetch --upload-pack=evil y",
        "another program",
    ),
    ("git -C ‹run›/x clone ext::sh~-c~evil y", "another place"),
    ("git log --output=/etc/x", "another program"),
    ("git unknown-alias", "not a command"),
    // Programs that run programs.
    ("bash -c gh~issue~close~1038", "script file"),
    ("bash -lc gh", "script file"),
    ("bash", "script"),
    ("uv run gh issue close 1038", "by itself"),
    ("uv run /usr/bin/gh issue close 1038", "by itself"),
    ("uv run git push", "by itself"),
    ("uv publish", "publishes"),
    ("uv --quiet publish", "publishes"),
    ("uv --color never publish", "publishes"),
    ("uv --directory /x publish", "option"),
    ("uv tool run evil", "not a command"),
    ("uv run evil", "policy.programs"),
    ("uv run --frozen -- evil", "policy.programs"),
    ("uv run --with evil python", "option"),
    ("uv run ./script.py", "policy.programs"),
    ("uv run --env-file=/x python", "option"),
    ("uv add evil", "not a command"),
    ("uv self update", "not a command"),
    ("uv lock", "not a command"),
    ("uv pip install evil", "not a command"),
    (
        "uv pip compile - --index-url=https://evil.example",
        "no lock names",
    ),
    (
        "uv sync --extra-index-url https://evil.example",
        "no lock names",
    ),
    ("pipx run evil", "not a command"),
    ("pipx inject x evil", "not a command"),
    ("pipx install -i https://evil.example x", "no lock names"),
    (
        "pipx install --pip-args=--index-url=https://evil.example x",
        "of pip",
    ),
    ("pipx install --pip-args --pre y", "of pip"),
    ("git grep -Oevil x", "another program"),
    ("git grep -O x", "another program"),
    ("git grep --open-files-in-pager=evil x", "another program"),
    ("git grep --open-files=evil x", "another program"),
    ("git diff --ext-diff", "another program"),
    ("git diff --outpu=/x", "another program"),
    ("git diff -o/x", "another program"),
    ("git log --textconv", "another program"),
    ("git cat-file --filters HEAD:x", "another program"),
    ("git archive -o /x HEAD", "another program"),
    ("git archive --output=/x HEAD", "outside the run directory"),
    (
        "git archive --output=‹run›/../x HEAD",
        "outside the run directory",
    ),
    (
        "git archive --remote=x --output=‹run›/x HEAD",
        "another program",
    ),
    (
        "git worktree add /elsewhere ‹run›/x",
        "outside the run directory",
    ),
    ("git worktree prune", "outside the run directory"),
    ("git -C /home/x log", "none of the run's directories"),
    (
        "git -C ‹workspace›/../x log",
        "none of the run's directories",
    ),
    ("git remote add ‹run› x", "not a command"),
    ("git remote set-url origin ext::x", "not a command"),
    ("git remote show origin", "not a command"),
    ("git clone https://evil.example ‹run›/x", "another place"),
    (
        "git clone --template=/evil ‹workspace›/x ‹run›/x",
        "another program",
    ),
    ("git clone -u evil ‹workspace›/x ‹run›/x", "another program"),
    ("git -C ‹run›/x fetch origin", "another place"),
    ("git -C ‹run›/x fetch", "from where"),
    ("git branch -D main", "another program"),
    ("git branch new", "not a command"),
    ("git ls-remote ext::x", "not a command"),
    ("pipx run flyctl deploy", "by itself"),
];

#[test]
fn listed_shapes_pass() {
    for line in ALLOWED {
        let mut program = Program::new(words(line));
        if line.starts_with("git clone") {
            program.cwd = Place::run("");
        } else if line.starts_with("git") {
            program.cwd = Place::workspace("spec-kitty");
        }
        assert_eq!(check(&Effect::Run(program)), Ok(()), "{line}");
    }
}

#[test]
fn everything_else_is_refused_and_says_why() {
    for (line, why) in REFUSED {
        let mut program = Program::new(words(line));
        program.cwd = Place::workspace("spec-kitty");
        let refused = check(&Effect::Run(program)).expect_err(line);
        assert!(refused.contains(why), "{line}: {refused}");
    }
}

#[test]
fn a_comment_is_judged_by_its_text() {
    let line = "gh issue comment 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing --body-file -";
    assert_eq!(run(line, Some("4/4 passed, see #1141")), Ok(()));
    for body in [
        "Fixes #1038",
        "closes: Priivacy-ai/spec-kitty#1038",
        "this RESOLVED https://github.com/Priivacy-ai/spec-kitty/issues/1038 at last",
        "fix GH-12",
    ] {
        let refused = run(line, Some(body)).expect_err(body);
        assert!(refused.contains("closing keyword"), "{refused}");
    }
    let unlisted = "gh issue comment 7 --repo Priivacy-ai/spec-kitty --body-file -";
    assert!(
        run(unlisted, Some("x"))
            .expect_err("7")
            .contains("policy.comment")
    );
}

#[test]
fn variables_cannot_turn_a_program_into_another() {
    for (line, name) in [
        ("gh issue view 5 --repo o/r", "GH_REPO"),
        ("gh issue view 5 --repo o/r", "GH_HOST"),
        ("gh issue view 5 --repo o/r", "GITHUB_TOKEN"),
        ("gh issue view 5 --repo o/r", "LD_PRELOAD"),
        ("git log", "GIT_SSH_COMMAND"),
        ("git log", "GIT_EXTERNAL_DIFF"),
        ("git log", "PAGER"),
        ("flyctl version", "FLY_API_HOSTNAME"),
    ] {
        let mut program = Program::new(words(line));
        program.env.insert(name.to_owned(), "x".to_owned());
        assert!(check(&Effect::Run(program)).expect_err(name).contains(name));
        let mut program = Program::new(words(line));
        program.pass.insert(name.to_owned());
        assert!(check(&Effect::Run(program)).expect_err(name).contains(name));
    }
    let mut program = Program::new(words("gh issue view 5 --repo o/r"));
    for name in ["GH_NO_UPDATE_NOTIFIER", "GH_PROMPT_DISABLED", "NO_COLOR"] {
        program.env.insert(name.to_owned(), "1".to_owned());
    }
    assert_eq!(check(&Effect::Run(program)), Ok(()));
}

#[test]
fn only_listed_addresses_are_posted_to() {
    let post = |url: &str| {
        check(&Effect::HttpPost(HttpPost {
            url: url.to_owned(),
            pass: ["KEY".to_owned()].into(),
            content_type: "application/json".to_owned(),
            body: "{}".to_owned(),
            limit: Duration::from_secs(1),
        }))
    };
    for url in [
        "https://hooks.example/services",
        "https://hooks.example/services/$KEY",
    ] {
        assert_eq!(post(url), Ok(()), "{url}");
    }
    for url in [
        "https://hooks.example/",
        "https://hooks.example/services-other/x",
        "https://hooks.example.org/services/x",
        "https://hooks.example/services/../admin",
        "https://$KEY/services",
        "http://hooks.example/services",
        "https://saas.example/health",
        "hooks.example/services",
    ] {
        assert!(post(url).is_err(), "{url}");
    }
}

fn get(url: &str) -> HttpGet {
    HttpGet::new(url.to_owned(), std::time::Duration::from_secs(1))
}

#[test]
fn addresses_are_prefixes_of_whole_parts() {
    for url in [
        "https://saas.example/health",
        "https://saas.example/health/ready/",
        "http://127.0.0.1:81/x",
    ] {
        assert_eq!(check(&Effect::HttpGet(get(url))), Ok(()), "{url}");
    }
    for url in [
        "https://saas.example/healthy",
        "https://saas.example/",
        "https://saas.example/health/../admin",
        "https://saas.example/health/%2e%2E/admin",
        "http://saas.example/health",
        "http://127.0.0.1:811/",
        "https://saas.example.evil/health",
    ] {
        assert!(check(&Effect::HttpGet(get(url))).is_err(), "{url}");
    }
    let mut program = Program::new(["bash", "script.sh"]);
    program.watch = Some(Box::new(Watch {
        boundaries: vec![],
        processes: rule(),
        files: vec![],
        addresses: vec![get("https://elsewhere.example/")],
        ask_every: None,
        fixed: vec![],
        programs: vec![],
    }));
    assert!(check(&Effect::Run(program)).is_err(), "a watch reads too");
}

#[test]
fn only_the_gate_files_own_rules_end_processes() {
    let end = |rule: ProcessRule| {
        check(&Effect::EndProcesses(EndProcesses {
            rule,
            targets: vec![],
            grace: std::time::Duration::from_secs(1),
        }))
    };
    assert_eq!(end(rule()), Ok(()));
    let mut wider = rule();
    wider.argv.pop();
    assert!(end(wider).expect_err("wider").contains("patterns"));
    for name in ["unknown", "other"] {
        let mut other = rule();
        other.name = name.to_owned();
        assert!(end(other).is_err());
    }
}

#[test]
fn files_are_written_in_the_gates_own_places() {
    let write = |path: &str| {
        check(&Effect::WriteFile(WriteFile {
            path: Place::new(path),
            text: String::new(),
            replace: true,
        }))
    };
    let seal = |to: &str| {
        check(&Effect::SealDir {
            path: Place::new("‹state›/attempts/.x.partial"),
            to: Some(Place::new(to)),
        })
    };
    for path in ["‹run›/x", "‹state›/attempts/x"] {
        assert_eq!((write(path), seal(path)), (Ok(()), Ok(())), "{path}");
    }
    for path in [
        "‹home›/x",
        "‹workspace›/x",
        "/etc/x",
        "‹run›/../x",
        "‹run›x",
    ] {
        assert!(write(path).is_err() && seal(path).is_err(), "{path}");
    }
}

/// What `gh` itself would make of an argument list: options bind as its parser binds them, and
/// the last of a kind counts.
fn writes_to(argv: &[String]) -> Option<(String, String)> {
    let (verb, rest) = match argv {
        [_, issue, verb, rest @ ..] if issue == "issue" => (verb.clone(), rest),
        _ => return None,
    };
    let (mut repository, mut number) = (String::new(), String::new());
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        if let Some(text) = word.strip_prefix("--repo=") {
            text.clone_into(&mut repository);
        } else if word == "--repo" || word == "-R" {
            repository = rest.next().cloned().unwrap_or_default();
        } else if let Some(text) = word.strip_prefix("-R") {
            text.trim_start_matches('=').clone_into(&mut repository);
        } else if ["--body-file", "-F", "--comment", "-c", "--reason"].contains(&word.as_str()) {
            rest.next();
        } else if !word.starts_with('-') {
            number.clone_from(word);
        }
    }
    Some((verb, format!("{repository}#{number}")))
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "issue",
        "pr",
        "release",
        "api",
        "repo",
        "workflow",
        "secret",
        "view",
        "list",
        "close",
        "reopen",
        "comment",
        "create",
        "delete",
        "edit",
        "merge",
        "transfer",
        "lock",
        "41",
        "1038",
        "1141",
        "7",
        "--repo",
        "-R",
        "--repo=Priivacy-ai/spec-kitty",
        "Priivacy-ai/spec-kitty",
        "Priivacy-ai/spec-kitty-end-to-end-testing",
        "o/r",
        "-RPriivacy-ai/spec-kitty",
        "--body-file",
        "-",
        "-F",
        "--reason",
        "completed",
        "--comment",
        "-X",
        "--method",
        "POST",
        "DELETE",
        "GET",
        "-XDELETE",
        "graphql",
        "-f",
        "query=mutation{closeIssue}",
        "query={viewer{login}}",
        "state=closed",
        "repos/o/r/issues/41",
        "--input",
        "--yes",
        "https://github.com/Priivacy-ai/spec-kitty/issues/1038",
    ])
    .prop_map(str::to_owned)
}

/// Mostly arguments of an issue's writes, so that many come close to being allowed.
fn near_write() -> impl Strategy<Value = Vec<String>> {
    let verb = prop::sample::select(vec!["close", "reopen", "comment"]);
    (verb, prop::collection::vec(word(), 0..7)).prop_map(|(verb, rest)| {
        let first = ["issue", verb].map(str::to_owned);
        first.into_iter().chain(rest).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_unlisted_write_passes(
        arguments in prop_oneof![near_write(), prop::collection::vec(word(), 0..8)],
    ) {
        let argv: Vec<String> = std::iter::once("gh".to_owned()).chain(arguments).collect();
        let mut program = Program::new(argv.clone());
        program.stdin = Some("a comment".to_owned());
        if check(&Effect::Run(program)).is_ok() {
            let has = |text: &str| argv.iter().any(|word| word == text);
            if let Some((verb, issue)) = writes_to(&argv) {
                    let listed: &[&str] = match verb.as_str() {
                        "view" | "list" => return Ok(()),
                        "close" => &[E2E],
                        "reopen" => &[BLOCKER],
                        "comment" => &[E2E, TRACKER, BLOCKER],
                        other => return Err(TestCaseError::fail(other.to_owned())),
                    };
                    prop_assert!(listed.contains(&issue.as_str()), "{:?}", argv);
            } else {
                    let reads = ["pr", "release", "api"].contains(&argv[1].as_str());
                    prop_assert!(reads, "{:?}", argv);
                    if argv[1] == "api" {
                        for pair in argv.windows(2) {
                            let method = ["-X", "--method"].contains(&pair[0].as_str());
                            let field = ["-f", "-F"].contains(&pair[0].as_str());
                            prop_assert!(!method || pair[1] == "GET" || pair[1] == "POST", "{:?}", argv);
                            prop_assert!(!method || pair[1] == "GET" || has("graphql"), "{:?}", argv);
                            prop_assert!(!field || has("graphql"), "{:?}", argv);
                            prop_assert!(!field || pair[1] != "query=mutation{closeIssue}", "{:?}", argv);
                        }
                        prop_assert!(!has("--input") && !has("-XDELETE"), "{:?}", argv);
                    } else {
                        prop_assert!(["view", "list"].contains(&argv[2].as_str()), "{:?}", argv);
                    }
            }
        }
    }
}

/// Files for readers: a file of the run, under a listed name or that name with a number behind it.
#[test]
fn only_files_of_the_run_are_left_and_only_at_listed_names() {
    use canary_gate::world::LeaveFile;
    let policy = Policy::new(
        ResolvedPolicy {
            leave: vec!["/tmp/run-{1..4}.log".to_owned(), String::new()],
            ..ResolvedPolicy::default()
        },
        BTreeMap::new(),
    );
    let allows = |from: &str, to: &str| {
        let (from, to) = (Place::new(from), Place::new(to));
        policy
            .check(&Effect::LeaveFile(LeaveFile { from, to }))
            .is_ok()
    };
    assert!(allows("‹run›/teamspace/a.log", "/tmp/run-1.log"));
    assert!(allows("‹run›/teamspace/a.log", "/tmp/run-4.log.2"));
    for (from, to) in [
        ("‹run›/a.log", "/tmp/run-5.log"),
        ("‹run›/a.log", "/tmp/run-{1..4}.log"),
        ("‹run›/a.log", "/tmp/run-1.log.2/x"),
        ("‹run›/a.log", "/etc/passwd"),
        ("‹run›/a.log", ""),
        ("‹home›/.netrc", "/tmp/run-1.log"),
        ("‹run›/../x", "/tmp/run-1.log"),
        ("/etc/passwd", "/tmp/run-1.log"),
    ] {
        assert!(!allows(from, to), "{from} {to}");
    }
}

#[test]
fn filters_of_a_repository_may_be_taken_away_and_never_be_given() {
    let policy = Policy::new(
        ResolvedPolicy {
            programs: vec!["git".to_owned()],
            ..ResolvedPolicy::default()
        },
        BTreeMap::new(),
    );
    let allows = |words: &str| {
        let effect = Effect::Run(Program::new(words.split(' ')));
        policy.check(&effect).is_ok()
    };
    for fine in [
        "git -c filter.lfs.clean= -c filter.lfs.required=false status",
        "git config --list --name-only -z",
        "git --work-tree=‹run›/audit/x status",
    ] {
        assert!(allows(fine), "{fine}");
    }
    for refused in [
        "git -c filter.lfs.clean=touch status",
        "git -c filter.lfs.required=true status",
        "git --work-tree=/etc status",
        "git config filter.x.clean touch",
    ] {
        assert!(!allows(refused), "{refused}");
    }
}
