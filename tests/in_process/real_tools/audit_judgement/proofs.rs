//! Fixes of what the product really did wrong: its own error is the bug, whatever its type.

use canary_gate::audit::Verdict::Substantive;

use super::{Case, File};

const fn proof(name: &'static str, before: &'static [File], fix: &'static [File]) -> Case {
    Case {
        name,
        expected: Substantive,
        why: "proved by 1 of 1",
        before,
        fix,
        more: "",
    }
}

/// One source file before and after, and the test.
macro_rules! case {
    ($name:literal, $before:literal, $after:literal, $test:literal $(, ($path:literal, $text:expr))*) => {
        proof(
            $name,
            &[("src/app/q.py", $before)],
            &[("src/app/q.py", $after), ("tests/test_q.py", $test) $(, ($path, $text))*],
        )
    };
}

pub(super) const CASES: &[Case] = &[
    case!(
        "an import that the product gets wrong",
        "def run():\n    from jsonx import dumps\n    return dumps(1)\n",
        "def run():\n    from json import dumps\n    return dumps(1)\n",
        "from app.q import run\n\ndef test_a():\n    assert run() == \"1\"\n"
    ),
    case!(
        "a name that the product does not have",
        "def run():\n    return value\n",
        "value = 1\n\ndef run():\n    return value\n",
        "from app.q import run\n\ndef test_a():\n    assert run() == 1\n"
    ),
    case!(
        "an attribute that the product asks of nothing",
        "def find(x):\n    return None\n\ndef run(x):\n    return find(x).name\n",
        "class Lane:\n    name = \"a\"\n\ndef find(x):\n    return Lane()\n\ndef run(x):\n    return find(x).name\n",
        "from app.q import run\n\ndef test_a():\n    assert run(1) == \"a\"\n"
    ),
    case!(
        "a method that the product itself calls and does not have",
        "class Lane:\n    def run(self):\n        return self.fresh()\n",
        "class Lane:\n    def run(self):\n        return self.fresh()\n\n    def fresh(self):\n        return 1\n",
        "from app.q import Lane\n\ndef test_a():\n    assert Lane().run() == 1\n"
    ),
    case!(
        "a keyword that the product itself gets wrong",
        "def inner(x):\n    return x\n\ndef run():\n    return inner(x=1, strict=True)\n",
        "def inner(x, strict=False):\n    return x\n\ndef run():\n    return inner(x=1, strict=True)\n",
        "from app.q import run\n\ndef test_a():\n    assert run() == 1\n"
    ),
    case!(
        "a wrapper of the product that drops an argument",
        "import functools\n\ndef wrapped(f):\n    @functools.wraps(f)\n    def inner(*args):\n        return f()\n    return inner\n\n@wrapped\ndef run(x):\n    return x\n",
        "import functools\n\ndef wrapped(f):\n    @functools.wraps(f)\n    def inner(*args):\n        return f(*args)\n    return inner\n\n@wrapped\ndef run(x):\n    return x\n",
        "from app.q import run\n\ndef test_a():\n    assert run(1) == 1\n"
    ),
    proof(
        "a circle of imports of the product, met when the test is collected",
        &[
            (
                "src/app/q.py",
                "from app.r import two\n\ndef one():\n    return two()\n",
            ),
            (
                "src/app/r.py",
                "from app.q import one\n\ndef two():\n    return 2\n",
            ),
        ],
        &[
            (
                "src/app/r.py",
                "def two():\n    from app.q import one\n    assert one\n    return 2\n",
            ),
            (
                "tests/test_q.py",
                "from app.q import one\n\ndef test_a():\n    assert one() == 2\n",
            ),
        ],
    ),
    case!(
        "an error of the product in a fixture",
        "def run():\n    raise ValueError(\"lane\")\n",
        "def run():\n    return 1\n",
        "import pytest\nfrom app.q import run\n\n@pytest.fixture\ndef ran():\n    return run()\n\ndef test_a(ran):\n    assert ran == 1\n"
    ),
    case!(
        "an error of the product when a fixture is torn down",
        "def close():\n    raise ValueError(\"lane\")\n",
        "def close():\n    return 1\n",
        "import pytest\nfrom app.q import close\n\n@pytest.fixture\ndef ran():\n    yield 1\n    close()\n\ndef test_a(ran):\n    assert ran == 1\n"
    ),
    case!(
        "an error of the product in what a class sets up",
        "def run():\n    raise ValueError(\"lane\")\n",
        "def run():\n    return 1\n",
        "import unittest\nfrom app.q import run\n\nclass Lanes(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        cls.ran = run()\n\n    def test_a(self):\n        self.assertEqual(self.ran, 1)\n"
    ),
    case!(
        "an error of the product where a warning was expected",
        "import warnings\n\ndef run(x):\n    y = 1 // x\n    warnings.warn(\"zero\", UserWarning)\n    return y\n",
        "import warnings\n\ndef run(x):\n    y = 1 // x if x else 0\n    warnings.warn(\"zero\", UserWarning)\n    return y\n",
        "import pytest\nfrom app.q import run\n\ndef test_a():\n    with pytest.warns(UserWarning):\n        assert run(0) == 0\n"
    ),
    case!(
        "another error than the one that was expected",
        "def run(x):\n    return {}[x]\n",
        "def run(x):\n    raise ValueError(x)\n",
        "import pytest\nfrom app.q import run\n\ndef test_a():\n    with pytest.raises(ValueError):\n        run(1)\n"
    ),
    case!(
        "no error where one was expected",
        "def run(x):\n    return x\n",
        "def run(x):\n    raise ValueError(x)\n",
        "import pytest\nfrom app.q import run\n\ndef test_a():\n    with pytest.raises(ValueError):\n        run(1)\n"
    ),
    case!(
        "an error of the product that it tells as another",
        "def run(x):\n    try:\n        return 1 // x\n    except ZeroDivisionError as error:\n        raise ImportError(\"no lane\") from error\n",
        "def run(x):\n    return 0\n",
        "from app.q import run\n\ndef test_a():\n    assert run(0) == 0\n"
    ),
    case!(
        "an error of the product in a process of its own",
        "def run(x):\n    from jsonx import dumps\n    return dumps(x)\n",
        "def run(x):\n    from json import dumps\n    return dumps(x)\n",
        "import concurrent.futures\nfrom app.q import run\n\ndef test_a():\n    with concurrent.futures.ProcessPoolExecutor(1) as pool:\n        assert pool.submit(run, 1).result() == \"1\"\n"
    ),
    case!(
        "an error of the product in a thread",
        "def run(x):\n    from jsonx import dumps\n    return dumps(x)\n",
        "def run(x):\n    from json import dumps\n    return dumps(x)\n",
        "import concurrent.futures\nfrom app.q import run\n\ndef test_a():\n    with concurrent.futures.ThreadPoolExecutor(1) as pool:\n        assert pool.submit(run, 1).result() == \"1\"\n"
    ),
    case!(
        "an error of the product among several",
        "def run(x):\n    return 1 // x\n",
        "def run(x):\n    return x\n",
        "from app import q\n\ndef test_a():\n    errors = []\n    for one in (lambda: q.run(0), lambda: q.run(1)):\n        try:\n            one()\n        except Exception as error:\n            errors.append(error)\n    if errors:\n        raise ExceptionGroup(\"several\", errors)\n"
    ),
    case!(
        "an error of the product in what the test patches",
        "def inner():\n    return 1\n\ndef run():\n    return inner().name\n",
        "def inner():\n    return 1\n\ndef run():\n    return inner()\n",
        "from app import q\n\ndef test_a(monkeypatch):\n    monkeypatch.setattr(q, \"inner\", lambda: 2)\n    assert q.run() == 2\n"
    ),
    case!(
        "a mock that the product calls otherwise",
        "def run(send):\n    return send(1)\n",
        "def run(send):\n    return send(1, lane=2)\n",
        "from unittest.mock import Mock\nfrom app.q import run\n\ndef test_a():\n    send = Mock()\n    run(send)\n    send.assert_called_once_with(1, lane=2)\n"
    ),
    case!(
        "nothing where the test expected something",
        "class Lane:\n    name = \"a\"\n\ndef find(x):\n    return None\n",
        "class Lane:\n    name = \"a\"\n\ndef find(x):\n    return Lane()\n",
        "from app.q import find\n\ndef test_a():\n    assert find(1).name == \"a\"\n"
    ),
    case!(
        "a key that is not in what the code gave back",
        "def run():\n    return {}\n",
        "def run():\n    return {\"lane\": 1}\n",
        "from app.q import run\n\ndef test_a():\n    assert run()[\"lane\"] == 1\n"
    ),
    case!(
        "something that cannot be added to",
        "def run():\n    return None\n",
        "def run():\n    return 1\n",
        "from app.q import run\n\ndef test_a():\n    assert run() + 1 == 2\n"
    ),
    case!(
        "a value that has nothing of a name that the fix brings elsewhere",
        "def run():\n    return {}\n",
        "class Lane:\n    name = \"a\"\n\ndef run():\n    return Lane()\n",
        "from app.q import run\n\ndef test_a():\n    assert run().name == \"a\"\n"
    ),
    case!(
        "a helper that the product calls back",
        "def run(hook):\n    return hook().name\n",
        "def run(hook):\n    return hook()\n",
        "from app.q import run\n\ndef test_a():\n    assert run(lambda: 1) == 1\n"
    ),
    case!(
        "a test of the change beside one of a new name",
        "def run(x):\n    return 0\n",
        "def keep(x):\n    return x\n\ndef run(x):\n    return keep(x)\n",
        "from app.q import keep, run\n\ndef test_keep():\n    assert keep(1) == 1\n\ndef test_a():\n    assert run(1) == 1\n"
    ),
    case!(
        "a test of the change beside a new module",
        "def run(x):\n    return 0\n",
        "from app.fresh import keep\n\ndef run(x):\n    return keep(x)\n",
        "import app.fresh\nfrom app.q import run\n\ndef test_keep():\n    assert app.fresh.keep(1) == 1\n\ndef test_a():\n    assert run(1) == 1\n",
        ("src/app/fresh.py", "def keep(x):\n    return x\n")
    ),
    case!(
        "a test of the change, with a new name in conftest.py",
        "def run(x):\n    return 0\n",
        "def keep(x):\n    return x\n\ndef run(x):\n    return keep(x)\n",
        "from app.q import run\n\ndef test_keep(kept):\n    assert kept == 1\n\ndef test_a():\n    assert run(1) == 1\n",
        (
            "tests/conftest.py",
            "import pytest\nfrom app.q import keep\n\n@pytest.fixture\ndef kept():\n    return keep(1)\n"
        )
    ),
    case!(
        "a test that asks for a name behind the failing line",
        "def run(x):\n    return 0\n",
        "LIMIT = 1\n\ndef run(x):\n    return x\n",
        "from app import q\n\ndef test_a():\n    assert q.run(1) == 1\n\n    assert hasattr(q, \"LIMIT\")\n"
    ),
    case!(
        "a subtest that fails",
        "def run(x):\n    return 0\n",
        "def run(x):\n    return x\n",
        "from app.q import run\n\ndef test_a(subtests):\n    for x in (0, 1):\n        with subtests.test(\"one\", x=x):\n            assert run(x) == x\n"
    ),
    case!(
        "an error of the product in a test that looks at warnings alone",
        "def run(x):\n    return x[0]\n",
        "def run(x):\n    return x[0] if x else None\n",
        "import warnings\nfrom app.q import run\n\ndef test_a():\n    with warnings.catch_warnings(record=True) as told:\n        warnings.simplefilter(\"always\")\n        run([])\n    assert len(told) == 0\n"
    ),
];
