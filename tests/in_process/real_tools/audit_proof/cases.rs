//! Proofs: a fix with its tests, and what they are worth.

use canary_gate::audit::Verdict::{
    self, DiagnosticOnly, LogProofOnly, OutOfScope, Substantive, Undetermined, Unproven,
};

/// A file's path and text.
pub(crate) type File = (&'static str, &'static str);

/// One case: the fix's files over [`BEFORE`], all in one commit.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) expected: Verdict,
    pub(crate) files: &'static [File],
    pub(crate) repeat: u32,
}

const fn case(name: &'static str, expected: Verdict, files: &'static [File]) -> Case {
    Case {
        name,
        expected,
        files,
        repeat: 1,
    }
}

pub(crate) const ENGINE: &str = "src/app/sync/engine.py";

pub(crate) const BEFORE: &[File] = &[
    ("src/app/__init__.py", ""),
    ("src/app/sync/__init__.py", ""),
    (ENGINE, OLD),
    ("src/app/board.py", "def width():\n    return 1\n"),
    (
        "tests/conftest.py",
        "import pytest\n\n\n@pytest.fixture\ndef reviewed():\n    return {\"WP01\": \"in_review\"}\n",
    ),
    ("tests/test_elsewhere.py", ELSEWHERE),
    (
        "tests/test_old.py",
        "from app.sync.engine import drain\n\n\ndef test_empty():\n    assert drain({}) == {}\n",
    ),
];

const OLD: &str = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef drain(state):\n    after = {}\n    for name, lane in state.items():\n        if lane == \"in_review\":\n            logger.warning(\"rolled back %s\", name)\n            lane = \"planned\"\n        after[name] = lane\n    return after\n";

const FIXED: &str = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef drain(state):\n    after = {}\n    for name, lane in state.items():\n        if lane == \"in_review\":\n            logger.info(\"kept %s\", name)\n        after[name] = lane\n    return after\n";

const OF_NOTHING: &str = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef drain(state):\n    after = {}\n    for name, lane in (state or {}).items():\n        if lane == \"in_review\":\n            logger.warning(\"rolled back %s\", name)\n            lane = \"planned\"\n        after[name] = lane\n    return after\n";

const WITH_NEW_NAME: &str = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef keep(lane):\n    return lane\n\n\ndef drain(state):\n    return {name: keep(lane) for name, lane in state.items()}\n";

const LOGGED: &str = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef drain(state):\n    \"\"\"Drains.\n\n    An in_review lane is told of before it goes back to planned.\n    \"\"\"\n    after = {}\n    for name, lane in state.items():\n        if lane == \"in_review\":\n            logger.info(\n                \"lane before: %s\",\n                lane,\n            )\n            logger.warning(\"rolled back %s from in_review\", name)\n            lane = \"planned\"\n        after[name] = lane\n    return after\n";

const HONEST: &str = "from app.sync.engine import drain\n\n\ndef test_review_survives():\n    after = drain({\"WP01\": \"in_review\"})\n    assert after[\"WP01\"] == \"in_review\"\n    assert \"planned\" not in after.values()\n";

const REGRESSION: &str = "from app.sync.engine import drain\n\n\ndef test_planned_stays():\n    assert drain({\"WP01\": \"planned\"}) == {\"WP01\": \"planned\"}\n\n\ndef test_in_review_is_known():\n    assert set(drain({\"WP01\": \"in_review\"})) == {\"WP01\"}\n";

const SKIPPED_HERE: &str = "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.mark.skipif(True, reason=\"needs another system\")\ndef test_review_survives():\n    assert drain({\"WP01\": \"in_review\"}) != {\"WP01\": \"planned\"}\n\n\ndef test_planned_stays():\n    assert drain({\"WP01\": \"planned\"}) == {\"WP01\": \"planned\"}\n";

/// Does not speak of the rule.
const ELSEWHERE: &str = "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.mark.skip(reason=\"needs another system\")\ndef test_on_another_system():\n    assert drain({\"WP01\": \"in_review\"})\n";

const ELSEWHERE_AFTER: &str = "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.mark.skip(reason=\"needs another system\")\ndef test_on_another_system():\n    assert drain({\"WP01\": \"in_review\"})\n\n\ndef test_planned_stays():\n    assert drain({\"WP01\": \"planned\"}) == {\"WP01\": \"planned\"}\n";

/// Proves a change out of scope; where it ran before it fails.
const MARKS: &str = "import os\n\nfrom app.board import width\nfrom app.sync.engine import drain\n\nMARK = os.path.join(os.path.dirname(__file__), \"mark\")\n\n\ndef test_in_review_and_planned():\n    assert not os.path.exists(MARK)\n    open(MARK, \"w\").close()\n    assert drain({}) == {}\n    assert width() == 2\n";

/// All cases; the rule's words are `in_review` and `planned`.
pub(crate) const CASES: &[Case] = &[
    case(
        "an honest fix with an honest test",
        Substantive,
        &[(ENGINE, FIXED), ("tests/test_drain.py", HONEST)],
    ),
    case(
        "the fix's own test skips itself on both sides, beside tests that pass on both",
        Undetermined,
        &[(ENGINE, FIXED), ("tests/test_drain.py", SKIPPED_HERE)],
    ),
    case(
        "a test that skips itself and is not of the fix opens nothing",
        Unproven,
        &[
            (ENGINE, FIXED),
            ("tests/test_elsewhere.py", ELSEWHERE_AFTER),
        ],
    ),
    case(
        "the fix's own test skips itself, and another one proves it",
        Substantive,
        &[
            (ENGINE, FIXED),
            ("tests/test_drain.py", HONEST),
            ("tests/test_skipped.py", SKIPPED_HERE),
        ],
    ),
    case(
        "a test that leaves a mark in its checkout, and fails where one is, proves nothing by that",
        Unproven,
        &[
            (ENGINE, FIXED),
            ("src/app/board.py", "def width():\n    return 2\n"),
            ("tests/test_drain.py", MARKS),
        ],
    ),
    case("a fix without a test", Unproven, &[(ENGINE, FIXED)]),
    case(
        "a test that passes without the fix too",
        Unproven,
        &[(ENGINE, FIXED), ("tests/test_drain.py", REGRESSION)],
    ),
    case(
        "a tautology",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "def test_in_review_never_planned():\n    assert \"in_review\" != \"planned\"\n",
            ),
        ],
    ),
    case(
        "#1141's first fix: logs in scope, behaviour elsewhere, a test on logs",
        DiagnosticOnly,
        &[
            (ENGINE, LOGGED),
            ("src/app/board.py", "def width():\n    return 2\n"),
            ("tests/test_drain.py", REGRESSION),
            (
                "tests/test_told.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef test_rollback_is_told(caplog):\n    with caplog.at_level(logging.INFO):\n        drain({\"WP01\": \"in_review\"})\n    told = [record.getMessage() for record in caplog.records]\n    assert any(\"in_review\" in text and \"planned\" not in text for text in told)\n",
            ),
        ],
    ),
    case(
        "a real change, proved by captured logs only",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef test_kept(caplog):\n    with caplog.at_level(logging.INFO):\n        drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert \"kept WP01\" in caplog.text\n",
            ),
        ],
    ),
    case(
        "logs of a handler of its own only",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\nclass Memory(logging.Handler):\n    def __init__(self):\n        super().__init__()\n        self.texts = []\n\n    def emit(self, record):\n        self.texts.append(record.getMessage())\n\n\ndef test_kept():\n    memory = Memory()\n    logging.getLogger(\"app.sync.engine\").addHandler(memory)\n    logging.getLogger(\"app.sync.engine\").setLevel(logging.INFO)\n    drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert \"kept WP01\" in memory.texts\n",
            ),
        ],
    ),
    case(
        "assertLogs only",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import unittest\n\nfrom app.sync.engine import drain\n\n\nclass Told(unittest.TestCase):\n    def test_kept(self):\n        with self.assertLogs(\"app.sync.engine\", level=\"INFO\") as seen:\n            drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n        self.assertIn(\"kept\", seen.output[0])\n",
            ),
        ],
    ),
    case(
        "a mock in the logger's place only",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from unittest import mock\n\nfrom app.sync.engine import drain\n\n\ndef test_kept():\n    with mock.patch(\"app.sync.engine.logger\") as fake:\n        drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    fake.info.assert_called_once()\n",
            ),
        ],
    ),
    case(
        "logs, and a behaviour that is so without the fix",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef test_kept(caplog):\n    with caplog.at_level(logging.INFO):\n        after = drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert after[\"WP02\"] == \"planned\"\n    assert \"kept WP01\" in caplog.text\n",
            ),
        ],
    ),
    case(
        "logs first, and then the behaviour",
        Substantive,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef test_kept(caplog):\n    with caplog.at_level(logging.INFO):\n        after = drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert \"kept WP01\" in caplog.text\n    assert after[\"WP01\"] == \"in_review\"\n",
            ),
        ],
    ),
    case(
        "not about the rule",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from app.sync.engine import drain\n\n\ndef test_in_review_is_not_planned(reviewed):\n    \"\"\"in_review never becomes planned.\"\"\"\n    # in_review, planned\n    assert drain(reviewed) == reviewed, \"in_review became planned\"\n",
            ),
        ],
    ),
    case(
        "the rule's words in helper, fixture and constant",
        Substantive,
        &[
            (ENGINE, FIXED),
            (
                "tests/helpers.py",
                "LANES = (\"planned\",)\n\n\ndef check(after):\n    assert after[\"WP01\"] not in LANES\n",
            ),
            ("tests/__init__.py", ""),
            (
                "tests/test_drain.py",
                "from app.sync.engine import drain\nfrom tests.helpers import check\n\nGONE = \"planned\"\n\n\ndef test_review(reviewed):\n    after = drain(reviewed)\n    check(after)\n    assert GONE not in after.values()\n",
            ),
        ],
    ),
    case(
        "a helper that looks at logs",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef check(texts, word):\n    assert any(word in text for text in texts)\n\n\ndef test_kept(caplog):\n    with caplog.at_level(logging.INFO):\n        drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    check(caplog.messages, \"kept\")\n",
            ),
        ],
    ),
    case(
        "proof by an import error",
        Unproven,
        &[
            (ENGINE, WITH_NEW_NAME),
            (
                "tests/test_drain.py",
                "from app.sync.engine import drain, keep\n\n\ndef test_review():\n    assert keep(\"in_review\") != \"planned\"\n    assert drain({\"WP01\": \"in_review\"}) == {\"WP01\": \"in_review\"}\n",
            ),
        ],
    ),
    case(
        "an import error inside the test",
        Unproven,
        &[
            (ENGINE, WITH_NEW_NAME),
            (
                "tests/test_drain.py",
                "def test_review():\n    from app.sync.engine import keep\n\n    assert keep(\"in_review\") != \"planned\"\n",
            ),
        ],
    ),
    case(
        "the same names, tested by behaviour",
        Substantive,
        &[(ENGINE, WITH_NEW_NAME), ("tests/test_drain.py", HONEST)],
    ),
    case(
        "expected to fail, skipped",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync import engine\n\n\n@pytest.mark.xfail(strict=False)\ndef test_review():\n    assert engine.drain({\"WP01\": \"in_review\"})[\"WP01\"] != \"planned\"\n\n\n@pytest.mark.skipif(\"kept\" not in open(engine.__file__).read(), reason=\"later\")\ndef test_skipped():\n    assert engine.drain({\"WP01\": \"in_review\"})[\"WP01\"] != \"planned\"\n",
            ),
        ],
    ),
    case(
        "an error in a fixture is no failure",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.fixture\ndef after():\n    after = drain({\"WP01\": \"in_review\"})\n    if after[\"WP01\"] == \"planned\":\n        raise RuntimeError\n    return after\n\n\ndef test_review(after):\n    assert after\n",
            ),
        ],
    ),
    case(
        "it breaks another test",
        Unproven,
        &[
            (ENGINE, FIXED),
            ("tests/test_drain.py", HONEST),
            (
                "tests/test_more.py",
                "from app.sync.engine import drain\n\n\ndef test_rollback():\n    assert drain({\"WP01\": \"in_review\"})[\"WP01\"] == \"planned\"\n",
            ),
        ],
    ),
    Case {
        name: "flaky",
        expected: Unproven,
        repeat: 2,
        files: &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import os\n\nfrom app.sync.engine import drain\n\n\ndef test_review():\n    after = drain({\"WP01\": \"in_review\"})\n    assert after and not (os.getcwd().endswith(\"before\") and os.environ[\"PYTHONHASHSEED\"] == \"0\"), \"planned\"\n",
            ),
        ],
    },
    Case {
        name: "not flaky, twice",
        expected: Substantive,
        repeat: 2,
        files: &[(ENGINE, FIXED), ("tests/test_drain.py", HONEST)],
    },
    case(
        "caplog inside the helper",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef check(captured, word):\n    assert word in captured.text\n\n\ndef test_kept(caplog):\n    with caplog.at_level(logging.INFO):\n        drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    check(caplog, \"kept\")\n",
            ),
        ],
    ),
    case(
        "a fixture that hands out a look at the logs",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nimport pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.fixture\ndef told(caplog):\n    caplog.set_level(logging.INFO)\n    return lambda word: word in caplog.text\n\n\ndef test_kept(told):\n    drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert told(\"kept WP01\")\n",
            ),
        ],
    ),
    case(
        "a fixture that hands out a function that asserts on logs",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nimport pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.fixture\ndef check(caplog):\n    caplog.set_level(logging.INFO)\n\n    def inner(word):\n        assert word in caplog.text\n\n    return inner\n\n\ndef test_kept(check):\n    drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    check(\"kept WP01\")\n",
            ),
        ],
    ),
    case(
        "caplog kept in self by a fixture",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nimport pytest\n\nfrom app.sync.engine import drain\n\n\nclass TestKept:\n    @pytest.fixture(autouse=True)\n    def keep(self, caplog):\n        self._caplog = caplog\n        caplog.set_level(logging.INFO)\n\n    def test_kept(self):\n        drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n        assert \"kept WP01\" in self._caplog.text\n",
            ),
        ],
    ),
    case(
        "the same class, with what it really does",
        Substantive,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync.engine import drain\n\n\nclass TestKept:\n    @pytest.fixture(autouse=True)\n    def keep(self):\n        self.after = drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n\n    def test_kept(self):\n        assert self.after[\"WP01\"] == \"in_review\"\n",
            ),
        ],
    ),
    case(
        "a logger's mock from a fixture",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from unittest import mock\n\nimport pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.fixture\ndef fake():\n    with mock.patch(\"app.sync.engine.logger\") as fake:\n        yield fake\n\n\ndef test_kept(fake):\n    drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    fake.info.assert_called_once()\n",
            ),
        ],
    ),
    case(
        "a list in the place of a logger's method",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from app.sync import engine\n\n\ndef test_kept(monkeypatch):\n    seen = []\n    monkeypatch.setattr(engine.logger, \"info\", lambda *words: seen.append(words))\n    engine.drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert seen == [(\"kept %s\", \"WP01\")]\n",
            ),
        ],
    ),
    case(
        "a mock assigned to the logger",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from unittest import mock\n\nfrom app.sync import engine\n\n\ndef test_kept(monkeypatch):\n    fake = mock.Mock()\n    monkeypatch.setattr(engine, \"logger\", fake)\n    engine.drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    fake.info.assert_called_once()\n",
            ),
        ],
    ),
    case(
        "a logger out of the way, and the behaviour",
        Substantive,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from unittest import mock\n\nfrom app.sync import engine\n\n\ndef test_kept(monkeypatch):\n    monkeypatch.setattr(engine, \"logger\", mock.Mock())\n    after = engine.drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert after[\"WP01\"] == \"in_review\"\n",
            ),
        ],
    ),
    case(
        "a logger's filter that collects",
        LogProofOnly,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import logging\n\nfrom app.sync.engine import drain\n\n\ndef test_kept():\n    seen = []\n    logger = logging.getLogger(\"app.sync.engine\")\n    logger.setLevel(logging.INFO)\n    logger.addFilter(lambda record: seen.append(record.getMessage()) or True)\n    drain({\"WP01\": \"in_review\", \"WP02\": \"planned\"})\n    assert \"kept WP01\" in seen\n",
            ),
        ],
    ),
    case(
        "a fixture that asserts afterwards",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.fixture\ndef after():\n    after = {}\n    yield after\n    assert after[\"WP01\"] != \"planned\"\n\n\ndef test_review(after):\n    after.update(drain({\"WP01\": \"in_review\"}))\n",
            ),
        ],
    ),
    case(
        "expected to fail, strictly",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.mark.xfail(strict=True)\ndef test_review():\n    assert drain({\"WP01\": \"in_review\"})[\"WP01\"] != \"planned\"\n\n\n@pytest.mark.xfail(strict=True)\ndef test_old():\n    assert drain({\"WP01\": \"in_review\"})[\"WP01\"] == \"planned\"\n",
            ),
        ],
    ),
    case(
        "the rule's words in names of cases and reasons only",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.mark.parametrize(\"name\", [pytest.param(\"WP01\", id=\"in_review-planned\")])\n@pytest.mark.filterwarnings(\"ignore\")\ndef test_review(name, reviewed):\n    assert drain(reviewed)[name] == reviewed[name]\n",
            ),
        ],
    ),
    case(
        "cases of one name, of which one fails without",
        Substantive,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import pytest\n\nfrom app.sync.engine import drain\n\n\n@pytest.mark.parametrize(\"lane\", [\"planned\", \"in_review\", \"in_review\"], ids=[\"a\", \"a\", \"a\"])\ndef test_review(lane):\n    assert drain({\"WP01\": lane})[\"WP01\"] == lane\n",
            ),
        ],
    ),
    case(
        "a test defined twice, of which the later is empty",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from app.sync.engine import drain\n\n\ndef test_review():\n    assert drain({\"WP01\": \"in_review\"})[\"WP01\"] != \"planned\"\n\n\ndef test_review():  # noqa: F811\n    assert \"in_review\" != \"planned\"\n",
            ),
        ],
    ),
    case(
        "a test that reads the source",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "import inspect\n\nfrom app.sync import engine\n\n\ndef test_in_review_is_not_planned():\n    text = inspect.getsource(engine.drain)\n    assert 'lane = \"planned\"' not in text\n    assert \"in_review\" in text\n",
            ),
        ],
    ),
    case(
        "the source first, and a behaviour that is so without the fix",
        Unproven,
        &[
            (ENGINE, FIXED),
            (
                "tests/test_drain.py",
                "from pathlib import Path\n\nfrom app.sync import engine\n\n\ndef test_in_review_is_not_planned():\n    assert \"planned\" not in Path(engine.__file__).read_text(), \"in_review\"\n    assert engine.drain({\"WP01\": \"in_review\"})\n",
            ),
        ],
    ),
    case(
        "an error of the product, with one of the rule's words in the test's name",
        Substantive,
        &[
            (ENGINE, OF_NOTHING),
            (
                "tests/test_drain.py",
                "from app.sync.engine import drain\n\n\ndef test_in_review_of_nothing():\n    assert \"planned\" not in drain(None)\n",
            ),
        ],
    ),
    case(
        "an error of the product, with all of the rule's words in the test's name",
        Unproven,
        &[
            (ENGINE, OF_NOTHING),
            (
                "tests/test_drain.py",
                "from app.sync.engine import drain\n\n\ndef test_in_review_and_planned_of_nothing():\n    assert drain(None) == {}\n",
            ),
        ],
    ),
    case("tests only", OutOfScope, &[("tests/test_drain.py", HONEST)]),
];
