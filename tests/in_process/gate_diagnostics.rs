//! What a user sees when a gate file is wrong.

use canary_gate::gate::Gate;
use canary_gate::model::{Diagnostics, Look};

const MINIMAL: &str = include_str!("../gates/minimal.toml");
const NOTE: &str = include_str!("../gates/note.md");

fn load_with_note(text: &str, note: &str) -> Result<Gate, Diagnostics> {
    Gate::load("gate.toml", text, &|name| {
        (name == "note.md").then(|| note.to_owned())
    })
}

fn shown(text: &str, note: &str) -> String {
    match load_with_note(text, note) {
        Ok(gate) => format!("accepted: {}", gate.name),
        Err(problems) => problems.render(Look::default()),
    }
}

/// What a user sees when one thing in the minimal gate is replaced; it must be there exactly once.
fn replaced(old: &str, new: &str) -> String {
    let times = MINIMAL.matches(old).count();
    assert_eq!(times, 1, "`{old}` is in the minimal gate {times} times");
    shown(&MINIMAL.replace(old, new), NOTE)
}

/// A test for each slip, with the picture that a user gets.
macro_rules! pictures {
    ($($name:ident: $old:expr => $new:expr;)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(replaced($old, $new));
            }
        )*
    };
}

/// The minimal gate with another subtask at the end of its first work package, and all programs
/// that any verb starts.
fn with_subtask(fields: &str) -> String {
    const ALL: &str = r#"["bash", "flyctl", "gh", "git", "pipx", "python3", "uv"]"#;
    with_subtask_and_programs(fields, ALL)
}

fn with_subtask_and_programs(fields: &str, programs: &str) -> String {
    const NEXT: &str = "[[work_package]]\nid = \"P\"";
    const LISTED: &str = r#"programs = ["flyctl", "gh"]"#;
    assert!(MINIMAL.contains(NEXT) && MINIMAL.contains(LISTED));
    let subtask = format!("[[work_package.subtask]]\nid = \"C05\"\ntitle = \"More\"\n{fields}\n");
    let text = MINIMAL
        .replace(NEXT, &format!("{subtask}{NEXT}"))
        .replace(LISTED, &format!("programs = {programs}"));
    shown(&text, NOTE)
}

#[test]
fn a_program_that_a_verb_starts_by_itself_and_the_policy_does_not_list() {
    let refused = with_subtask_and_programs(INSTALL, r#"["gh", "uv"]"#);
    insta::assert_snapshot!(refused);
}

/// Only where the triage names an issue is anything re-opened.
#[test]
fn what_re_opens_an_issue_starts_gh() {
    let listed = include_str!("../gates/reopens.toml");
    assert_eq!(shown(listed, NOTE), "accepted: reopens");
    let text = listed.replace(r#"["gh", "#, "[");
    let refused = shown(&text, NOTE);
    let expected = "`gh` is not in policy.programs, and `A4` starts it\n";
    assert!(refused.contains(expected), "{refused}");
    let nothing = text.replace("reopen = \"o/r#1\"\n", "");
    assert_eq!(shown(&nothing, NOTE), "accepted: reopens");
}

/// The built-in gate lists no program that nothing starts, and lacks none.
#[test]
fn each_program_of_the_built_in_gate_is_missed_when_it_is_not_listed() {
    let text = include_str!("../../src/gates/phase4/gate.toml");
    let (before, rest) = text.split_once("\nprograms = [").unwrap();
    let (listed, after) = rest.split_once(']').unwrap();
    // What `verify-version` starts is the candidate's own command, by its place.
    for program in listed.split(", ").filter(|one| *one != "\"spec-kitty\"") {
        let others: Vec<&str> = listed.split(", ").filter(|one| *one != program).collect();
        let others = others.join(", ");
        let text = format!("{before}\nprograms = [{others}]{after}");
        let refused = Gate::load("gate.toml", &text, &|_| Some(String::new()));
        let told = refused.unwrap_err().render(Look::default());
        let words = format!("`{}` is not in policy.programs", program.trim_matches('"'));
        // What a field says that is started is told at the field.
        let asked = "asks for what the policy refuses";
        let listed = told.contains("policy.programs") && told.contains(asked);
        assert!(told.contains(&words) || listed, "{program}: {told}");
    }
}

const CANARY: &str = "uses = \"canary\"\nproject = \"p\"\nscript = \"s\"\narguments = []\n\
    results = []\nenvironment = \"health\"\nprocess = \"worker\"\nas = \"canary\"\n";
const INSTALL: &str = "uses = \"install-candidate\"\npackage = \"p\"\nversion = \"1\"\n\
    command = \"c\"\nas = \"install\"\n";

#[test]
fn how_often_and_as_of_when() {
    for (fields, every) in [
        (CANARY, "observe_every = \"15s\""),
        (CANARY, "observe_every = \"{{ health.every }}\""),
        (INSTALL, "as_of = \"\""),
        (INSTALL, "as_of = \"2026-05-21T00:00:00Z\""),
        (INSTALL, "as_of = \"{{ health.at }}\""),
    ] {
        let shown = with_subtask(&format!("{fields}{every}\n"));
        assert_eq!(shown, "accepted: minimal", "{every}");
    }
    let pictures = [
        (CANARY, "observe_every = \"99ms\""),
        (CANARY, "observe_every = \"often\""),
        (INSTALL, "as_of = \"yesterday\""),
        (INSTALL, "as_of = \"{{ limits.word }}\""),
    ]
    .map(|(fields, wrong)| with_subtask(&format!("{fields}{wrong}\n")));
    insta::assert_snapshot!(pictures.join("\n"));
}

const RUN: &str = "uses = \"run-program\"\nas = \"ran\"\n";

/// What the door would refuse in the middle of the run is told when the file is read: by the same
/// rule, so far as fields and parameters say it.
#[test]
fn what_the_policy_refuses_is_not_even_started() {
    for fine in [
        "argv = [\"gh\", \"issue\", \"close\", \"2\", \"--repo\", \"{{ service.repository }}\"]",
        // What only a fact will say is left to the door.
        "argv = [\"gh\", \"issue\", \"close\", \"{{ health.issue }}\", \"--repo\", \"team/x\"]",
        "argv = [\"{{ health.program }}\", \"2\"]",
    ] {
        assert_eq!(with_subtask(&format!("{RUN}{fine}")), "accepted: minimal");
    }
    let pictures = [
        "argv = [\"gh\", \"issue\", \"close\", \"1038\", \"--repo\", \"o/r\"]",
        "argv = [\"gh\", \"issue\", \"close\", \"1\", \"--repo\", \"{{ service.repository }}\"]",
        "argv = [\"gh\", \"repo\", \"delete\", \"o/r\"]",
        "argv = [\"rm\", \"-rf\", \"{{ health.directory }}\"]",
    ]
    .map(|argv| with_subtask(&format!("{RUN}{argv}\n")));
    insta::assert_snapshot!(pictures.join("\n"));
}

/// Each field of a program of the gate's own has its place, and its remedy.
#[test]
fn what_a_program_declares_is_checked_before_it_runs() {
    let fine =
        "argv = [\"gh\", \"issue\", \"view\", \"2\", \"--repo\", \"o/r\"]\nproject = \"p\"\n";
    let whole = "cwd = \"a\"\nreads = [\"q\"]\nwrites = [\"p/target\"]\ntools = [\"cargo\"]\n\
        within = \"1m\"\nexpect = { exit = [0, 1], stdout = ['ok$'], json = ['a.b == 1'] }\n\
        publish.n = { json = \"a\", type = \"integer\" }\n\
        retry = { times = 2, on_timeout = true }\n";
    let accepted = with_subtask(&format!("{RUN}{fine}{whole}"));
    assert_eq!(accepted, "accepted: minimal");
    let pictures = [
        "writes = [\"../other\"]",
        "reads = [\"/etc\"]",
        "tools = [\"carg\"]",
        "env = { \"A-B\" = \"1\" }",
        "pass = [\"$TOKEN\"]",
        "within = \"soon\"",
        "expect.stdout = ['(']",
        "expect.json = ['a = 1']",
        "expect = { exitt = [0] }",
        "expect.report = { format = \"junit\" }",
        "expect.report = { format = \"junit\", file = \"p/out/j.xml\" }",
        "expect.report = { format = \"tap\", at_least = 0 }",
        "publish.sha256 = { regex = 'x' }",
        "publish.n = { type = \"integer\" }",
        "retry = { times = 3 }",
    ]
    .map(|field| with_subtask(&format!("{RUN}{fine}{field}\n")));
    for picture in &pictures {
        assert!(picture.contains("help: "), "{picture}");
    }
    insta::assert_snapshot!(pictures.join("\n"));
}

#[test]
fn an_address_or_a_command_that_the_policy_does_not_list() {
    let observed = "observe = [\"{{ service.url }}/health/\", \"https://other.example/\"]";
    let count = "uses = \"remote-count\"\napp = \"a\"\ncommand = \"count\"\nname = \"n\"\n\
        also = \"health.rows\"\nequals = 0\nas = \"rows\"\n";
    let pictures = [
        replaced("/health/\"\nwithin", "/admin/\"\nwithin"),
        with_subtask(&format!("{CANARY}{observed}\n")),
        shown(
            &MINIMAL.replace(
                "[[work_package]]\nid = \"P\"",
                &format!(
                    "[[work_package.subtask]]\nid = \"C05\"\ntitle = \"More\"\n{count}\n\
                         [[work_package]]\nid = \"P\""
                ),
            ),
            NOTE,
        ),
    ];
    insta::assert_snapshot!(pictures.join("\n"));
}

/// What is inside of a fact is known before the run where its verb gives it a fixed shape.
#[test]
fn a_slip_inside_of_a_fact() {
    let candidate = "uses = \"find-candidate\"\npackage = \"p\"\nline = \"1\"\n\
        repository = \"team/service\"\nas = \"rc\"\n\n[[work_package.subtask]]\nid = \"C06\"\n\
        title = \"Uses it\"\n";
    let uses = |fields: &str| with_subtask(&format!("{candidate}{fields}\n"));
    let rows = "uses = \"require-equal\"\nfact = \"health.any.thing\"\n";
    let fine = uses(&format!(
        "{rows}equals = \"{{{{ rc.tag }}}}\"\nonly_if = \"health\""
    ));
    assert_eq!(fine, "accepted: minimal");
    let skipped = MINIMAL.replace("id = \"P02\"", "id = \"P02\"\nonly_if = \"told.skipped\"");
    assert_eq!(shown(&skipped, NOTE), "accepted: minimal");
    let pictures = [
        uses(&format!("{rows}equals = \"{{{{ rc.tagg }}}}\"")),
        uses(&format!("{rows}equals = 1\nonly_if = \"rc.nope\"")),
        uses(&format!("{rows}equals = 1\nonly_if = \"rc\"")),
        uses("uses = \"require-equal\"\nfact = \"rc.versions\"\nequals = 1"),
        shown(MINIMAL, "{{ state.titel }} of {{ state.title }}\n"),
    ];
    insta::assert_snapshot!(pictures.join("\n"));
}

/// Each value of the wrong type, and each word that is none of those known, has its remedy.
#[test]
fn mistyped_values_and_unknown_words() {
    let rows = "uses = \"require-equal\"\nfact = \"health.rows\"\n";
    let count = "uses = \"remote-count\"\napp = \"a\"\ncommand = \"c\"\nname = \"n\"\n\
        also = \"health.rows\"\nas = \"rows\"\nequals = \"zero\"\n";
    let pictures = [
        replaced("timeout = \"90s\"", "timeout = 15"),
        replaced("priority = \"critical\"", "priority = \"urgent\""),
        replaced("priority = \"critical\"", "priority = 1"),
        replaced("hard_gate = true", "hard_gate = \"yes\""),
        replaced("after = [\"C01\"]", "after = \"C01\""),
        replaced("title = \"Rows\"", "title = \"Rows\"\non = \"fail\""),
        with_subtask(count),
        with_subtask(&format!("{rows}equals = 1979-05-27\n")),
    ];
    for picture in &pictures {
        assert!(picture.contains("help: "), "{picture}");
    }
    insta::assert_snapshot!(pictures.join("\n"));
}

const C01_URL: &str = "url = \"{{ service.url }}/health/\"\nwithin";

pictures! {
    unchanged: "format = 1" => "format = 1";
    unknown_verb: "uses = \"health-check\"" => "uses = \"helth-check\"";
    no_verb: "uses = \"health-check\"\n" => "";
    mistyped_field: C01_URL => "url = 5\nwithin";
    missing_field: C01_URL => "within";
    misspelled_fields: C01_URL => "ulr = \"x\"\nwihtin";
    unknown_table: "[policy]" => "[polizy]";
    wrong_format: "format = 1" => "format = 2";
    no_toml: "title = \"Health\"" => "title = Health\nid = = 3";
    no_duration: "timeout = \"90s\"" => "timeout = \"soon\"";
    no_duration_of_a_verb: "within = \"10s\"" => "within = \"10\"";
    duplicate_id: "id = \"C02\"" => "id = \"C01\"";
    odd_id: "id = \"C02\"" => "id = \"C 02\\u001b\"";
    cycle: "after = [\"C01\"]" => "after = [\"C04\"]";
    cycle_of_packages: "priority = \"critical\"" => "priority = \"critical\"\ndepends_on = [\"P\"]";
    unknown_after: "after = [\"C01\"]" => "after = [\"C1\"]";
    unknown_package: "depends_on = [\"C\"]" => "depends_on = [\"c\"]";
    undefined_fact: "{{ health.version }}" => "{{ helth.version }}";
    fact_of_a_later_subtask: "fact = \"health.rows\"" => "fact = \"workers.rows\"";
    own_fact: "{{ health.version }}" => "{{ environment.version }}";
    template_syntax: "{{ health.version }}" => "{{ health.version";
    published_twice: "as = \"workers\"" => "as = \"health\"";
    fact_in_the_place_of_a_parameter: "as = \"workers\"" => "as = \"limits.rows\"";
    fact_inside_a_fact: "as = \"workers\"" => "as = \"health.workers\"";
    write_not_listed: "close = [\"{{ service.repository }}#2\"]" => "close = []";
    never_close: "never_close = [\"{{ service.repository }}#1\"]" => "never_close = [\"Team/Service#2\"]";
    write_to_an_issue_of_a_fact:
        "issue = \"{{ service.repository }}#2\"\ntemplate" => "issue = \"{{ health.issue }}\"\ntemplate";
    no_issue: "issue = \"{{ service.repository }}#1\"" => "issue = \"{{ service.repository }}/1\"";
    reopen_not_listed: "advice = " => "reopen = \"team/service#4\"\nadvice = ";
    rule_not_known: "process = \"worker\"" => "process = \"workers\"";
    rule_not_listed: "end_processes = [\"worker\"]" => "end_processes = []";
    rule_without_arguments: "argv = [\"-m\", 'worker\\.main']" => "argv = []";
    bad_regex: "'lost \\d+ rows'" => "'lost (\\d+ rows'";
    no_template_file: "template = \"note.md\"" => "template = \"notes.md\"";
    failure_first: "title = \"Health\"" => "title = \"Health\"\non = \"failure\"";
    date: "limits.word = \"free\"" => "limits.word = 2026-05-20";
    control_character: "title = \"Rows\"" => "title = \"Rows\\u001b[2J\"";
}

#[test]
fn a_reason_that_allows_every_skip() {
    let equal = "uses = \"require-equal\"\nfact = \"health.rows\"\nequals = \"{{ limits.rows }}\"";
    let suite = "uses = \"harness-preflight\"\nproject = \"e2e\"\ntests = [\"t.py\"]\nscripts = []\n\
        allow_skips = [\"needs a browser\", \".*\", \"a|\", \" \"]";
    assert!(MINIMAL.contains(equal));
    let picture = shown(&MINIMAL.replacen(equal, suite, 1), NOTE);
    for pattern in [".*", "a|", " "] {
        let words = format!("`{pattern}` would allow every skip");
        assert!(picture.contains(&words), "{words}: {picture}");
    }
    assert!(!picture.contains("`needs a browser` would"), "{picture}");
}

#[test]
fn slips_in_a_comment_template() {
    let pictures: Vec<String> = [
        "{{ health.status }\n",
        "ok\nThis closes {{ service.repository }}#1.\n",
        "{{ helth.status }} and {{ environment.version }}\n",
        "{{ health.list | lenght }}\n",
        "{% if health.x is definde %}{% endif %}\n",
        "{% include \"other.md\" %}\n",
        "fine {{ limits | length }} {{ \"a | b is c\" }} {% if health.x is not defined %}{% endif %} {% for k in health.list %}{{ k.name }}{{ loop.index }}{% endfor %}\n",
    ]
    .iter()
    .map(|note| shown(MINIMAL, note))
    .collect();
    insta::assert_snapshot!(pictures.join("\n"));
}

#[test]
fn everything_is_told_at_once_in_the_order_of_the_file() {
    let text = MINIMAL
        .replace("uses = \"health-check\"", "uses = \"health\"")
        .replace("id = \"C03\"", "id = \"C02\"")
        .replace("priority = \"high\"", "priority = \"hihg\"")
        .replace("close = [", "closes = [");
    insta::assert_snapshot!(shown(&text, NOTE));
}

#[test]
fn colours_and_lines_are_the_callers_choice() {
    let problems = load_with_note(&MINIMAL.replace("format = 1", "format = 2"), NOTE).unwrap_err();
    let look = |color, unicode| {
        problems.render(Look {
            color,
            unicode,
            width: 80,
        })
    };
    assert!(look(false, false).is_ascii(), "{}", look(false, false));
    assert!(!look(false, true).contains('\u{1b}'));
    assert!(look(true, true).contains('\u{1b}'));
    insta::assert_snapshot!(look(false, false));
    let cycle = MINIMAL
        .replace("after = [\"C01\"]", "after = [\"C04\"]")
        .replace("within", "");
    let plain = Look {
        color: false,
        unicode: false,
        width: 80,
    };
    assert!(
        load_with_note(&cycle, NOTE)
            .unwrap_err()
            .render(plain)
            .is_ascii()
    );
}

/// Slips that people made, and from whose message they did not find the way.
#[test]
fn what_is_meant_is_said() {
    for (picture, words) in [
        (
            replaced("fact = \"health.rows\"", "fact = \"{{ health.rows }}\""),
            "did you mean `health.rows`?",
        ),
        (
            replaced("only_if = \"health\"", "only_if = \"{{ health.holds }}\""),
            "did you mean `health.holds`?",
        ),
        (
            replaced("only_if = \"health\"", "if = \"health\""),
            "did you mean `only_if`?",
        ),
        (
            with_subtask(&format!("{RUN}argv = [\"bash\", \"-c\", \"make test\"]\n")),
            "it may run a script file",
        ),
        (
            with_subtask(&format!(
                "{RUN}argv = [\"git\", \"push\", \"origin\", \"v1\"]\n"
            )),
            "git may read (log, show",
        ),
    ] {
        let flat = picture.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "`{words}` in {picture}");
    }
}

#[test]
fn a_rehearsal_that_cannot_be_played() {
    let with = |rehearsal: &str| {
        let text = format!("{rehearsal}\n[process.worker]");
        shown(&MINIMAL.replace("[process.worker]", &text), NOTE)
    };
    let page = "[[rehearsal.page]]\nurl = \"{{ service.url }}/health/\"\n";
    let fine = with(&format!("{page}json = {{ status = \"ok\", rows = 22 }}\n"));
    assert_eq!(fine, "accepted: minimal");
    let issue = "[[rehearsal.issue]]\nstate = ";
    for (wrong, words) in [
        (
            format!("{page}json = {{ }}\nbody = \"\"\n"),
            "a page has one body",
        ),
        (
            "[[rehearsal.page]]\nurl = \"{{ health.url }}\"\n".to_owned(),
            "`health.url` is no parameter",
        ),
        (
            format!("{issue}\"open\"\nissue = \"{{{{ service.repository }}}}/1\"\n"),
            "`team/service/1` is not an issue",
        ),
        (format!("{issue}\"done\"\nissue = \"o/r#1\"\n"), "done"),
        (
            "[rehearsal.parameters]\nservice.ulr = \"x\"\n".to_owned(),
            "did you mean `service.url`?",
        ),
        (
            "[[rehearsal.program]]\nargv = []\n".to_owned(),
            "no program is named",
        ),
        (
            "[[rehearsal.checkout]]\ndirectory = \"../x\"\n".to_owned(),
            "`../x` leads out of the rehearsal",
        ),
    ] {
        let picture = with(&wrong);
        assert!(picture.contains(words), "`{words}` in {picture}");
    }
}
