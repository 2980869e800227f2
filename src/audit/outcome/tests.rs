use super::*;

const MOCK: &str =
    "/usr/lib/python3.11/unittest/mock.py:1416: in get_original\n    raise AttributeError(\n";

/// The outcome of one failing test with this traceback.
fn of(text: &str) -> Outcome {
    result("failure", "", text)
}

fn result(element: &str, message: &str, text: &str) -> Outcome {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
    };
    let xml = format!(
        "<testsuite><testcase classname=\"t\" name=\"a\"><{element} message=\"{}\">{}</{element}></testcase></testsuite>",
        escape(message),
        escape(text)
    );
    let code = u8::from(element != "skipped").into();
    let all = reported(&xml, &["/x/gate-audit-1-before"], Ended::Code(code)).unwrap();
    all["t::a"].clone()
}

fn fails(text: &str) {
    let outcome = of(text);
    assert!(
        matches!(outcome, Outcome::Fails { .. }),
        "{text}\n{outcome:?}"
    );
}

fn cannot(text: &str) {
    let outcome = of(text);
    assert!(
        matches!(outcome, Outcome::Cannot { .. }),
        "{text}\n{outcome:?}"
    );
}

#[test]
fn an_error_of_the_test_itself_about_a_name_is_no_failure() {
    for raised in [
        "ImportError: cannot import name 'keep' from 'app.q'",
        "ModuleNotFoundError: No module named 'app.fresh'",
        "NameError: name 'keep' is not defined",
        "AttributeError: module 'app.q' has no attribute 'keep'",
        "AttributeError: type object 'Lane' has no attribute 'NEW'",
        "AttributeError: 'function' object has no attribute 'cache_clear'",
        "AttributeError: <class 'app.q.Lane'> has no attribute 'keep'",
        "AttributeError: 'module' object at app.q has no attribute '_note'",
        "AttributeError: TABLE",
        "TypeError: run() got an unexpected keyword argument 'strict'",
        "TypeError: run() takes 1 positional argument but 2 were given",
        "TypeError: run() missing 1 required positional argument: 'x'",
        "TypeError: Lane() takes no arguments",
    ] {
        let test = format!("tests/test_q.py:3: in test_x\n    call()\nE   {raised}");
        cannot(&test);
        fails(&format!(
            "tests/test_q.py:3: in test_x\n    call()\nsrc/app/q.py:7: in run\n    x()\nE   {raised}"
        ));
        cannot(&format!("src/app/q.py:7: in run\n    hook()\n{test}"));
    }
}

#[test]
fn what_the_code_gave_back_is_a_failure() {
    for raised in [
        "AttributeError: 'NoneType' object has no attribute 'name'",
        "KeyError: 'status'",
        "IndexError: list index out of range",
        "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'",
        "ValueError: too many values to unpack (expected 2)",
        "UnboundLocalError: cannot access local variable 'x'",
        "StopIteration",
        "Failed: DID NOT RAISE ValueError",
        "assert 1 == 2",
        "AssertionError: no module named so",
    ] {
        fails(&format!(
            "tests/test_q.py:3: in test_x\n    call()\nE   {raised}"
        ));
    }
}

#[test]
fn a_patching_library_belongs_to_the_test() {
    let test = "tests/test_q.py:3: in test_x\n    patch()\n";
    cannot(&format!(
        "{test}{MOCK}E   AttributeError: <module 'app.q'> does not have the attribute '_note'"
    ));
    cannot(&format!(
        "{test}../venv/lib/python3.11/site-packages/_pytest/monkeypatch.py:327: in delitem\n    raise KeyError(name)\nE   KeyError: 'k'"
    ));
    cannot(&format!(
        "{test}../venv/lib/python3.11/site-packages/pytest_mock/plugin.py:5: in x\n    y\n{MOCK}E   AttributeError: <class 'app.q.Lane'> does not have the attribute 'n'"
    ));
    fails(&format!(
        "{test}{MOCK}E   AssertionError: Expected 'mock' to have been called once. Called 0 times."
    ));
    fails(&format!(
        "{test}src/app/q.py:2: in run\n    fake()\n{MOCK}E   StopIteration"
    ));
}

#[test]
fn the_first_of_a_chain_counts() {
    let import = "tests/test_q.py:3: in test_x\n    from app.q import keep\nE   ImportError: cannot import name 'keep' from 'app.q'\n";
    let link = "\nDuring handling of the above exception, another exception occurred:\n";
    cannot(&format!(
        "{import}{link}tests/test_q.py:5: in test_x\n    pytest.fail()\nE   Failed: no keep"
    ));
    let product = "tests/test_q.py:3: in test_x\n    run()\nsrc/app/q.py:2: in run\n    x\nE   ValueError: bad lane\n";
    let Outcome::Fails { message, at } = of(&format!(
        "{product}{link}tests/test_q.py:2: in test_x\n    with pytest.warns(UserWarning):\nE   Failed: DID NOT WARN."
    )) else {
        panic!("the code itself failed")
    };
    assert_eq!(message, "ValueError: bad lane");
    assert_eq!(at.last().unwrap(), &("src/app/q.py".to_owned(), 2));
}

#[test]
fn errors_around_a_test_are_failures_only_where_the_product_raised_them() {
    let fixture = "tests/conftest.py:3: in eng\n    yield run()\n";
    let product = format!("{fixture}src/app/q.py:2: in run\n    x\nE   ValueError: bad lane");
    let own = format!("{fixture}E   RuntimeError: not ready");
    for (message, words) in [
        ("failed on setup with \"x\"", "error at setup: "),
        ("failed on teardown with \"x\"", "error at teardown: "),
        ("collection failure", "cannot be collected: "),
    ] {
        let Outcome::Fails { message: told, .. } = result("error", message, &product) else {
            panic!("{message}")
        };
        assert_eq!(told, format!("{words}ValueError: bad lane"));
        let Outcome::Cannot { why } = result("error", message, &own) else {
            panic!("{message}")
        };
        assert_eq!(why, format!("{words}RuntimeError: not ready"));
    }
    let lost = "file tests/test_q.py, line 32\n  def test_fix(nofix): pass\nE       fixture 'nofix' not found\n>       available fixtures: x\n";
    let Outcome::Cannot { why } = result("error", "failed on setup with \"file x", lost) else {
        panic!("no such fixture")
    };
    assert_eq!(why, "error at setup: fixture 'nofix' not found");
}

#[test]
fn skips_and_expected_failures_have_their_words() {
    let skip = |message: &str, text: &str| match result("skipped", message, text) {
        Outcome::Cannot { why } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(skip("later", ""), "skipped: later");
    assert_eq!(
        skip(
            "collection skipped",
            "('/x/t.py', 2, \"Skipped: could not import 'app.n': No module named 'app.n'\")"
        ),
        "skipped: could not import 'app.n': No module named 'app.n'"
    );
}

#[test]
fn an_exit_code_that_the_report_does_not_bear_out_is_refused() {
    let suite = |cases: &str| format!("<testsuite>{cases}</testsuite>");
    let pass = "<testcase name='a'/>";
    let fail = "<testcase name='b'><failure/></testcase>";
    let skip = "<testcase name='c'><skipped/></testcase>";
    let agrees = |cases: &str, code: i32| reported(&suite(cases), &[""], Ended::Code(code)).is_ok();
    for (cases, code) in [(pass, 0), (fail, 1), (skip, 0), (skip, 5), ("", 5)] {
        assert!(agrees(cases, code), "{cases} {code}");
    }
    for (cases, code) in [
        (pass, 1),
        (fail, 0),
        (pass, 5),
        (fail, 2),
        (pass, 2),
        (pass, 3),
        (fail, 5),
    ] {
        assert!(!agrees(cases, code), "{cases} {code}");
    }
    let killed = reported(&suite(pass), &[""], Ended::Signal(9));
    assert!(killed.unwrap_err().contains("signal 9"));
}

#[test]
fn the_checkout_is_in_nothing_that_is_told() {
    let checkout = Checkout::new(&["/x/y/gate-audit-01ABC-before", "/gate/work"]);
    for (text, expected) in [
        (
            "t::a[/x/y/gate-audit-01ABC-before/test_a.py]",
            "t::a[test_a.py]",
        ),
        (
            "t::a[/private/x/y/gate-audit-01ABC-before/test_a.py]",
            "t::a[test_a.py]",
        ),
        ("t::a[gate-audit-01ABC-before]", "t::a[.]"),
        ("t::a[/x/y/gate-audit-01ABC-before]", "t::a[.]"),
        ("../../x/y/gate-audit-01ABC-before/src/q.py", "src/q.py"),
        ("t::a[/gate/work/test_a.py]", "t::a[test_a.py]"),
        ("../../gate/work/src/q.py:3", "src/q.py:3"),
        ("plain", "plain"),
    ] {
        assert_eq!(checkout.without(text), expected, "{text}");
    }
}
