use super::*;

fn places(all: &[(&str, u32)]) -> Vec<(String, u32)> {
    all.iter()
        .map(|(path, line)| ((*path).to_owned(), *line))
        .collect()
}

#[test]
fn a_short_traceback_with_the_cause_first() {
    let text = "src/app/q.py:8: in chain\n    boom(0)\nsrc/app/q.py:5: in boom\n    return 1 // x\n           ^^^^^^\nE   ZeroDivisionError: integer division or modulo by zero\n\nThe above exception was the direct cause of the following exception:\ntests/test_q.py:30: in test_chain\n    def test_chain(): q.chain()\nsrc/app/q.py:10: in chain\n    raise ValueError(\"bad lane\") from e\nE   ValueError: bad lane";
    let all = chain(text);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].kind(), "ZeroDivisionError");
    assert_eq!(all[0].by(), Some(Whose::Product));
    assert_eq!(
        all[1].at,
        places(&[("tests/test_q.py", 30), ("src/app/q.py", 10)])
    );
    assert_eq!(all[1].message(), "bad lane");
}

#[test]
fn a_long_traceback_says_the_same() {
    let text = "def test_patch():\n>       with patch(\"app.q._note\"):\n\ntests/test_l.py:5: \n_ _ _ _ \n/usr/lib/python3.11/unittest/mock.py:1443: in __enter__\n    original, local = self.get_original()\n_ _ _ _ \n\nself = <unittest.mock._patch object at 0x7fdc65c9d010>\nwhere = 'tests/x.py:3: in y'\n\n    def get_original(self):\n>           raise AttributeError(\n                \"%s does not have the attribute %r\" % (target, name)\n            )\nE           AttributeError: <module 'app.q'> does not have the attribute '_note'\n\n/usr/lib/python3.11/unittest/mock.py:1416: AttributeError";
    let all = chain(text);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].by(), Some(Whose::Test));
    assert!(all[0].in_patching_library());
    assert_eq!(
        all[0].at.first().unwrap(),
        &("tests/test_l.py".to_owned(), 5)
    );
    assert_eq!(all[0].kind(), "AttributeError");
}

#[test]
fn what_another_process_raised_is_the_first_cause() {
    let text = "concurrent.futures.process._RemoteTraceback: \n\"\"\"\nTraceback (most recent call last):\n  File \"/usr/lib/python3.11/concurrent/futures/process.py\", line 261, in _process_worker\n    r = call_item.fn(*call_item.args)\n  File \"src/app/q.py\", line 5, in boom\n    return 1 // x\n           ~~^^~~\nModuleNotFoundError: No module named 'jsonx'\n\"\"\"\n\nThe above exception was the direct cause of the following exception:\ntests/test_q.py:118: in test_pp\n    ex.submit(q.boom, 0).result()\n/usr/lib/python3.11/concurrent/futures/_base.py:401: in __get_result\n    raise self._exception\nE   ModuleNotFoundError: No module named 'jsonx'";
    let all = chain(text);
    assert_eq!(all[0].by(), Some(Whose::Product));
    assert_eq!(all[0].kind(), "ModuleNotFoundError");
    assert_eq!(all.last().unwrap().by(), Some(Whose::Test));
}

#[test]
fn a_group_is_read_to_its_leaves() {
    let text = "+ Exception Group Traceback (most recent call last):\n  |   File \"tests/test_q.py\", line 60, in test_group\n  |     raise ExceptionGroup(\"many\", errs)\n  | ExceptionGroup: many (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"tests/test_q.py\", line 58, in test_group\n    |     try: f()\n    |          ^^^\n    |   File \"src/app/q.py\", line 5, in boom\n    |     return 1 // x\n    |            ~~^^~~\n    | ZeroDivisionError: integer division or modulo by zero\n    +---------------- 2 ----------------\n    | Traceback (most recent call last):\n    |   File \"tests/test_q.py\", line 57, in <lambda>\n    |     for f in (lambda: q.keep):\n    | AttributeError: module 'app.q' has no attribute 'keep'\n    +------------------------------------";
    let all = chain(text);
    let told: Vec<(&str, Option<Whose>)> = all.iter().map(|one| (one.kind(), one.by())).collect();
    assert_eq!(
        told,
        [
            ("ExceptionGroup", Some(Whose::Test)),
            ("ZeroDivisionError", Some(Whose::Product)),
            ("AttributeError", Some(Whose::Test)),
        ]
    );
}

#[test]
fn a_path_tells_whose_code_it_is() {
    for (path, expected) in [
        ("src/app/q.py", Whose::Product),
        ("../src/app/q.py", Whose::Product),
        ("tests/conftest.py", Whose::Test),
        ("conftest.py", Whose::Test),
        (
            "../venv/lib/python3.11/site-packages/pytest_mock/plugin.py",
            Whose::Library,
        ),
        ("../../usr/lib/python3.11/unittest/mock.py", Whose::Library),
        ("/opt/python/json.py", Whose::Library),
        ("<string>", Whose::Library),
        ("<frozen importlib._bootstrap>", Whose::Library),
        (".venv/lib/x.py", Whose::Library),
    ] {
        assert_eq!(whose(path), expected, "{path}");
    }
}

#[test]
fn a_rewritten_assertion_has_no_type() {
    let all = chain(
        "tests/test_q.py:3: in test\n    assert f() == 2\nE   assert 1 == 2\nE    +  where 1 = f()",
    );
    assert_eq!((all[0].kind(), all[0].what.as_str()), ("", "assert 1 == 2"));
}
