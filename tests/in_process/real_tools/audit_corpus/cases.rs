//! The static corpus: one change each, what it really is, and mostly an honest twin beside it.

use canary_gate::audit::Nature::{self, Behaviour, Diagnostic, OutOfScope, Timeout, Undetermined};

/// The scoped file that most cases edit.
pub(crate) const QUEUE: &str = "src/app/sync/queue.py";
/// A second scoped file.
pub(crate) const ADAPTERS: &str = "src/app/sync/adapters.py";
/// A file out of scope.
pub(crate) const ELSEWHERE: &str = "src/app/status/board.py";

/// One edit of a file: text to find (empty: the whole file is new) and what replaces it.
pub(crate) type Edit = (&'static str, &'static str, &'static str);

/// One case.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) expected: Nature,
    pub(crate) edits: &'static [Edit],
}

const fn case(name: &'static str, expected: Nature, edits: &'static [Edit]) -> Case {
    Case {
        name,
        expected,
        edits,
    }
}

const PUSHED: &str = "        logger.debug(\"pushed %s\", event.name)\n";
const IMPORT: &str = "import logging\nimport os\n";
const LOGGER: &str = "logger = logging.getLogger(__name__)\n";
const RESET: &str = "        self.events.clear()\n";
const CLASSIFY: &str = "        if event.lane == \"pending\":\n            return \"unknown\"\n        return \"known\"\n";
const WAIT: &str = "def wait(seconds=5):\n    deadline = time.monotonic() + seconds\n    while time.monotonic() < deadline:\n        time.sleep(0.1)\n\n\n";

/// All cases.
pub(crate) const CASES: &[Case] = &[
    // Real fixes.
    case(
        "a new branch",
        Behaviour,
        &[(
            QUEUE,
            CLASSIFY,
            "        if event.lane == \"pending\":\n            return \"queued\" if event.name else \"unknown\"\n        if event.lane == \"in_review\":\n            return \"reviewed\"\n        return \"known\"\n",
        )],
    ),
    case(
        "a changed condition",
        Behaviour,
        &[(QUEUE, "sent < limit", "sent <= limit")],
    ),
    case(
        "a changed text constant",
        Behaviour,
        &[(QUEUE, "return \"unknown\"", "return \"pending\"")],
    ),
    case(
        "a new call",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        self.state.clear()\n",
        )],
    ),
    case(
        "a removed call",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        logger.info(\"nothing is cleared\")\n",
        )],
    ),
    case(
        "a new parameter",
        Behaviour,
        &[(
            QUEUE,
            "def drain(self, limit=100):",
            "def drain(self, limit=100, strict=False):",
        )],
    ),
    case(
        "a new counter",
        Behaviour,
        &[(
            QUEUE,
            "                continue\n",
            "                self.rejected = self.rejected + 1\n                continue\n",
        )],
    ),
    case(
        "statements in another order",
        Behaviour,
        &[(
            QUEUE,
            "            self.state[event.name] = event.lane\n            sent += 1\n",
            "            sent += 1\n            self.state[event.name] = event.lane\n",
        )],
    ),
    case(
        "a flag turned",
        Behaviour,
        &[(QUEUE, "self.state = {}", "self.state = None")],
    ),
    // Docs and formatting.
    case(
        "docstring extended",
        Diagnostic,
        &[(
            QUEUE,
            "\"\"\"Adds an event.\"\"\"",
            "\"\"\"Adds an event.\n\n        Never rolls in_review back to planned.\n        \"\"\"",
        )],
    ),
    case(
        "text that is data, not a docstring",
        Behaviour,
        &[(
            QUEUE,
            "        \"\"\"Adds an event.\"\"\"\n",
            "        self.note = \"\"\"Adds an event.\"\"\"\n",
        )],
    ),
    case(
        "comments only",
        Diagnostic,
        &[(
            QUEUE,
            "        sent = 0\n",
            "        # in_review must never become planned\n        sent = 0  # counts what was sent\n",
        )],
    ),
    case(
        "quotes, commas, parentheses",
        Diagnostic,
        &[(
            QUEUE,
            CLASSIFY,
            "        if (event.lane == 'pending'):\n            return ('unknown')\n        return (\n            'known'\n        )\n",
        )],
    ),
    case(
        "line breaks in a call",
        Diagnostic,
        &[(
            QUEUE,
            "post(event, timeout=TIMEOUT)",
            "post(\n                event,\n                timeout=TIMEOUT,\n            )",
        )],
    ),
    case(
        "parentheses that group otherwise",
        Behaviour,
        &[(
            QUEUE,
            "time.monotonic() + seconds",
            "(time.monotonic() + seconds) * 2",
        )],
    ),
    case(
        "elif written as else-if",
        Diagnostic,
        &[(
            ADAPTERS,
            "    elif name == \"b\":\n        return 2\n",
            "    else:\n        if name == \"b\":\n            return 2\n",
        )],
    ),
    // Logging in disguise.
    case(
        "log: one more call",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\n            \"queue cleared, %d left\",\n            len(self.events),\n        )\n",
        )],
    ),
    case(
        "log: reworded",
        Diagnostic,
        &[(QUEUE, "\"rejected %s\"", "\"the service rejected %s\"")],
    ),
    case(
        "log: logger under another name",
        Diagnostic,
        &[
            (
                QUEUE,
                LOGGER,
                "logger = logging.getLogger(__name__)\naudit_trail = logging.getLogger(\"audit\")\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        audit_trail.info(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "honest: a trail that is no logger",
        Behaviour,
        &[
            (
                QUEUE,
                LOGGER,
                "logger = logging.getLogger(__name__)\naudit_trail = Trail()\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        audit_trail.info(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "log: import logging as L",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport logging as L\nimport os\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        L.getLogger(__name__).info(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "log: from logging import getLogger as g",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\nfrom logging import getLogger as g\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        g(__name__).warning(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "honest: g is something else",
        Behaviour,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\nfrom app.sync.bus import channel as g\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        g(__name__).warning(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "log: getLogger(__name__).info",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logging.getLogger(__name__).info(\"cleared\")\n",
        )],
    ),
    case(
        "log: self.log",
        Diagnostic,
        &[
            (
                QUEUE,
                "        self.state = {}\n",
                "        self.state = {}\n        self.out = logging.getLogger(\"queue\")\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        self.out.info(\"cleared %s\", self.path)\n",
            ),
        ],
    ),
    case(
        "honest: self.out is a channel",
        Behaviour,
        &[
            (
                QUEUE,
                "        self.state = {}\n",
                "        self.state = {}\n        self.out = Channel(\"queue\")\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        self.out.info(\"cleared %s\", self.path)\n",
            ),
        ],
    ),
    case(
        "log: bound method",
        Diagnostic,
        &[
            (
                QUEUE,
                LOGGER,
                "logger = logging.getLogger(__name__)\nsay = logger.info\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        say(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "honest: say is a function that acts",
        Behaviour,
        &[
            (
                QUEUE,
                LOGGER,
                "logger = logging.getLogger(__name__)\nsay = post\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        say(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "log: f-string with attributes",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(f\"cleared {self.path} {self.state.get('lane')!r} {len(self.events):>3}\")\n",
        )],
    ),
    case(
        "honest: f-string that pops",
        Behaviour,
        &[(
            QUEUE,
            PUSHED,
            "        logger.debug(f\"pushed {self.events.pop()}\")\n",
        )],
    ),
    case(
        "honest: walrus in a log call",
        Behaviour,
        &[(
            QUEUE,
            PUSHED,
            "        logger.debug(\"pushed %s\", (last := self.rollback()))\n        logger.debug(\"pushed %s\", event.name)\n",
        )],
    ),
    case(
        "honest: unknown call in a log call",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"cleared %s\", self.flush())\n",
        )],
    ),
    case(
        "log: pure reader of this file in a log call",
        Diagnostic,
        &[
            (
                QUEUE,
                "    def reset(self):\n",
                "    def _describe(self):\n        return f\"{self.path}: {len(self.events)}\"\n\n    def reset(self):\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"cleared %s\", self._describe())\n",
            ),
        ],
    ),
    case(
        "honest: reader that writes",
        Behaviour,
        &[
            (
                QUEUE,
                "    def reset(self):\n",
                "    def _describe(self):\n        self.seen = True\n        return f\"{self.path}: {len(self.events)}\"\n\n    def reset(self):\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"cleared %s\", self._describe())\n",
            ),
        ],
    ),
    case(
        "log: new helper that only logs",
        Diagnostic,
        &[
            (
                QUEUE,
                "def load(path):",
                "def trace(event, where):\n    \"\"\"Leaves a trace.\"\"\"\n    logger.info(\"%s: %s in %s\", where, event.name, event.lane)\n\n\ndef load(path):",
            ),
            (
                QUEUE,
                "        self.events.append(event)\n",
                "        self.events.append(event)\n        trace(event, \"push\")\n",
            ),
        ],
    ),
    case(
        "honest: new helper that acts",
        Behaviour,
        &[
            (
                QUEUE,
                "def load(path):",
                "def trace(event, where):\n    \"\"\"Leaves a trace.\"\"\"\n    event.lane = where\n    logger.info(\"%s: %s in %s\", where, event.name, event.lane)\n\n\ndef load(path):",
            ),
            (
                QUEUE,
                "        self.events.append(event)\n",
                "        self.events.append(event)\n        trace(event, \"push\")\n",
            ),
        ],
    ),
    case(
        "log: helper of a helper",
        Diagnostic,
        &[
            (
                QUEUE,
                "def load(path):",
                "def say(text):\n    print(text)\n\n\ndef trace(event):\n    if event.name:\n        say(event.name)\n\n\ndef load(path):",
            ),
            (
                QUEUE,
                "        self.events.append(event)\n",
                "        self.events.append(event)\n        trace(event)\n",
            ),
        ],
    ),
    case(
        "log: helper method",
        Diagnostic,
        &[
            (
                QUEUE,
                "    def reset(self):\n",
                "    def _trace(self, what):\n        logger.info(\"%s %s\", what, self.path)\n\n    def reset(self):\n",
            ),
            (
                QUEUE,
                RESET,
                "        self._trace(\"reset\")\n        self.events.clear()\n",
            ),
        ],
    ),
    case(
        "log: helper in a new file",
        Diagnostic,
        &[
            (
                "src/app/sync/trace.py",
                "",
                "import logging\n\nlogger = logging.getLogger(__name__)\n\n\ndef trace(event):\n    logger.info(\"%s\", event.name)\n",
            ),
            (
                QUEUE,
                "from app.sync.client import post\n",
                "from app.sync.client import post\nfrom app.sync.trace import trace\n",
            ),
            (
                QUEUE,
                "        self.events.append(event)\n",
                "        self.events.append(event)\n        trace(event)\n",
            ),
        ],
    ),
    case(
        "log: print",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        print(\"cleared\", self.path)\n",
        )],
    ),
    case(
        "honest: print into a file",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        print(\"cleared\", self.path, file=self.journal)\n",
        )],
    ),
    case(
        "log: warnings.warn",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\nimport warnings\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        warnings.warn(\"cleared\", stacklevel=2)\n",
            ),
        ],
    ),
    case(
        "log: warn under another name",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\nfrom warnings import warn as shout\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        shout(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "log: metrics, configured as logging",
        Diagnostic,
        &[
            (
                QUEUE,
                "from app.sync.client import post\n",
                "from app import metrics\nfrom app.sync.client import post\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        metrics.increment(\"queue.cleared\", tags={\"path\": self.path})\n",
            ),
        ],
    ),
    case(
        "honest: counters, not configured",
        Behaviour,
        &[
            (
                QUEUE,
                "from app.sync.client import post\n",
                "from app import counters\nfrom app.sync.client import post\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        counters.increment(\"queue.cleared\", tags={\"path\": self.path})\n",
            ),
        ],
    ),
    case(
        "log: under a condition",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        if self.events and logger.isEnabledFor(logging.DEBUG):\n            for event in self.events:\n                logger.debug(\"drops %s\", event.name)\n        else:\n            logger.debug(\"nothing to drop\")\n        self.events.clear()\n",
        )],
    ),
    case(
        "honest: under a condition that acts",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        if self.roll_back():\n            logger.debug(\"rolled back\")\n        self.events.clear()\n",
        )],
    ),
    case(
        "log: a value for the log only",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        started = time.monotonic()\n        count = len(self.events)\n        self.events.clear()\n        logger.info(\"cleared %d in %.1f\", count, time.monotonic() - started)\n",
        )],
    ),
    case(
        "honest: the value is used",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        count = len(self.events)\n        self.events.clear()\n        logger.info(\"cleared %d\", count)\n        return count\n",
        )],
    ),
    case(
        "log: log and raise again",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        try:\n            self.events.clear()\n        except Exception as error:\n            logger.exception(\"cannot clear\")\n            raise error\n",
        )],
    ),
    case(
        "honest: log and go on",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        try:\n            self.events.clear()\n        except Exception:\n            logger.exception(\"cannot clear\")\n",
        )],
    ),
    case(
        "log: logger handed on",
        Diagnostic,
        &[
            (
                ADAPTERS,
                "def lane_of(name):",
                "def lane_of(name, log=None):",
            ),
            (
                ADAPTERS,
                "    return 3\n",
                "    if log:\n        log.info(\"no lane for %s\", name)\n    return 3\n",
            ),
        ],
    ),
    case(
        "log: child logger and extra",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        child = logger.getChild(\"reset\")\n        child.info(\"cleared\", extra={\"path\": self.path})\n        self.events.clear()\n",
        )],
    ),
    case(
        "log: constant for the log only",
        Diagnostic,
        &[
            (
                QUEUE,
                "RETRIES = 3\n",
                "RETRIES = 3\nCLEARED = \"queue cleared: %s\"\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(CLEARED, self.path)\n",
            ),
        ],
    ),
    case(
        "log: a container filled for the log only",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        extra = {}\n        parts = []\n        for event in self.events:\n            parts.append(event.name)\n        extra[\"path\"] = self.path\n        extra[\"parts\"] = parts\n        logger.info(\"cleared\", extra=extra)\n        self.events.clear()\n",
        )],
    ),
    case(
        "honest: the container is the queue's own",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        extra = self.state\n        extra[\"path\"] = self.path\n        logger.info(\"cleared\", extra=extra)\n        self.events.clear()\n",
        )],
    ),
    case(
        "log: structlog, bound",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\n\nimport structlog\n",
            ),
            (
                QUEUE,
                LOGGER,
                "logger = logging.getLogger(__name__)\nevents = structlog.get_logger()\n",
            ),
            (
                QUEUE,
                RESET,
                "        events.bind(path=self.path).info(\"cleared\")\n        self.events.clear()\n",
            ),
        ],
    ),
    case(
        "log: logger of the class",
        Diagnostic,
        &[
            (
                QUEUE,
                "    \"\"\"Holds events in order.\"\"\"\n",
                "    \"\"\"Holds events in order.\"\"\"\n\n    trail = logging.getLogger(\"trail\")\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.trail.log(logging.INFO, \"cleared\")\n        self.events.clear()\n",
            ),
        ],
    ),
    case(
        "log: a loop that tells each event",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        for number, event in enumerate(self.events):\n            logger.debug(\"%d %s\", number, event.name)\n        self.events.clear()\n",
        )],
    ),
    case(
        "honest: a loop that drains",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        for _ in self.stream:\n            pass\n        self.events.clear()\n",
        )],
    ),
    case(
        "honest: list called log",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        log = self.state.setdefault(\"log\", [])\n        log.append(\"cleared\")\n        self.events.clear()\n",
        )],
    ),
    case(
        "log: set up",
        Diagnostic,
        &[(
            QUEUE,
            LOGGER,
            "logging.basicConfig(level=logging.INFO)\nlogger = logging.getLogger(__name__)\nlogger.setLevel(logging.DEBUG)\nlogger.addHandler(logging.StreamHandler())\n",
        )],
    ),
    case(
        "log: nothing but a new import",
        Diagnostic,
        &[
            (QUEUE, IMPORT, "import logging\nimport os\nimport sys\n"),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        sys.stderr.write(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "honest: import for its effect",
        Behaviour,
        &[(
            QUEUE,
            "from app.sync.client import post\n",
            "import app.sync.handlers\nfrom app.sync.client import post\n",
        )],
    ),
    case(
        "honest: method that overrides one",
        Behaviour,
        &[(
            ADAPTERS,
            "class Adapter(Base):\n",
            "class Adapter(Base):\n    def rollback(self):\n        logger.info(\"no rollback\")\n\n",
        )],
    ),
    // Effects where a reader would not look for them.
    case(
        "honest: os.replace in a log call",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"moved %s\", os.replace(self.path, \"old\"))\n",
        )],
    ),
    case(
        "honest: a path moved in a log call",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"moved %s\", self.path.replace(self.old))\n",
        )],
    ),
    case(
        "log: a text replaced and joined in a log call",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"at %s %s\", self.path.replace(\"a\", \"b\"), \", \".join(self.state))\n",
        )],
    ),
    case(
        "honest: a thread joined in a log call",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"sender ended %s\", self.sender.join())\n",
        )],
    ),
    case(
        "honest: a copy of a file in a log call",
        Behaviour,
        &[
            (QUEUE, IMPORT, "import logging\nimport os\nimport shutil\n"),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"kept %s\", shutil.copy(self.path, \"old\"))\n",
            ),
        ],
    ),
    case(
        "honest: a request in a log call",
        Behaviour,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\n\nimport requests\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"told %s\", requests.get(self.path))\n",
            ),
        ],
    ),
    case(
        "honest: an operator that writes in a log call",
        Behaviour,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport operator\nimport os\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"%s\", operator.setitem(self.state, \"lane\", 1))\n",
            ),
        ],
    ),
    case(
        "honest: extra= of a log call that flushes",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"cleared\", extra={\"left\": self.flush()})\n",
        )],
    ),
    case(
        "honest: a log message that depends on an effect",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"kept\" if self.commit() else \"lost\")\n",
        )],
    ),
    case(
        "honest: a lambda for a lazy logger",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.debug(\"%s\", lambda: self.flush())\n",
        )],
    ),
    case(
        "log: a lambda that reads",
        Diagnostic,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.debug(\"%s\", lambda: len(self.events))\n",
        )],
    ),
    case(
        "honest: what stands beside a log call in one statement",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        self.events.clear()\n        logger.info(\"cleared\") or self.flush()\n",
        )],
    ),
    case(
        "honest: the default of a parameter called log",
        Behaviour,
        &[(
            ADAPTERS,
            "def lane_of(name):",
            "def lane_of(name, log=install()):",
        )],
    ),
    case(
        "honest: a default argument that acts",
        Behaviour,
        &[(
            ADAPTERS,
            "def lane_of(name):",
            "def lane_of(name, _ready=Base.register(\"lanes\")):",
        )],
    ),
    case(
        "honest: a decorator",
        Behaviour,
        &[(
            ADAPTERS,
            "def lane_of(name):",
            "@cached\ndef lane_of(name):",
        )],
    ),
    case(
        "honest: loguru's catch swallows",
        Behaviour,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\n\nfrom loguru import logger as told\n",
            ),
            (
                QUEUE,
                RESET,
                "        with told.catch():\n            self.events.clear()\n",
            ),
        ],
    ),
    case(
        "log: loguru's context",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\n\nfrom loguru import logger as told\n",
            ),
            (
                QUEUE,
                RESET,
                "        with told.contextualize(path=self.path):\n            self.events.clear()\n",
            ),
        ],
    ),
    case(
        "honest: print is something else",
        Behaviour,
        &[
            (
                QUEUE,
                "from app.sync.client import post\n",
                "from app.sync.bus import publish as print\nfrom app.sync.client import post\n",
            ),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        print(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "honest: logger is a publisher",
        Behaviour,
        &[
            (QUEUE, LOGGER, "logger = Publisher(\"queue\")\n"),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "honest: old code now only when debugging",
        Behaviour,
        &[(
            QUEUE,
            RESET,
            "        if logger.isEnabledFor(logging.DEBUG):\n            self.events.clear()\n",
        )],
    ),
    case(
        "honest: a narrower handler that only logs",
        Behaviour,
        &[(
            ADAPTERS,
            "    return 3\n",
            "    try:\n        return len(name)\n    except TypeError:\n        logger.warning(\"no lane\")\n    return 3\n",
        )],
    ),
    case(
        "honest: an import under a condition",
        Behaviour,
        &[(
            QUEUE,
            "from app.sync.client import post\n",
            "try:\n    from app.sync.fast import post\nexcept ImportError:\n    from app.sync.client import post\n",
        )],
    ),
    case(
        "honest: behaviour beside a type-checking block",
        Behaviour,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\nfrom typing import TYPE_CHECKING\n",
            ),
            (
                QUEUE,
                LOGGER,
                "if TYPE_CHECKING:\n    from app.status.board import Board\nelse:\n    Board = post(\"board\")\n\nlogger = logging.getLogger(__name__)\n",
            ),
        ],
    ),
    case(
        "honest: __all__",
        Behaviour,
        &[(
            QUEUE,
            LOGGER,
            "__all__ = [\"Queue\"]\n\nlogger = logging.getLogger(__name__)\n",
        )],
    ),
    case(
        "honest: a text in capitals alone",
        Behaviour,
        &[(QUEUE, "RETRIES = 3\n", "RETRIES = \"three\"\n")],
    ),
    case(
        "honest: a class attribute",
        Behaviour,
        &[(
            ADAPTERS,
            "class Adapter(Base):\n",
            "class Adapter(Base):\n    strict = True\n\n",
        )],
    ),
    case(
        "honest: two functions exchange their bodies",
        Behaviour,
        &[
            (
                QUEUE,
                "        self.events.append(event)\n",
                "        self.events.clear( )\n",
            ),
            (
                QUEUE,
                "    def reset(self):\n        self.events.clear()\n",
                "    def reset(self, event):\n        self.events.append(event)\n",
            ),
        ],
    ),
    case(
        "a stub of annotations",
        OutOfScope,
        &[(
            "src/app/sync/queue.pyi",
            "",
            "def wait(seconds: int = ...) -> None: ...\n",
        )],
    ),
    // Annotations.
    case(
        "annotations only",
        Diagnostic,
        &[
            (
                QUEUE,
                IMPORT,
                "import logging\nimport os\nfrom typing import TYPE_CHECKING, Any\n",
            ),
            (
                QUEUE,
                LOGGER,
                "if TYPE_CHECKING:\n    from app.status.board import Board\n\nlogger: logging.Logger = logging.getLogger(__name__)\n",
            ),
            (
                QUEUE,
                "def drain(self, limit=100):",
                "def drain(self, limit: int = 100) -> \"Board | Any\":",
            ),
            (QUEUE, "        sent = 0\n", "        sent: int = 0\n"),
        ],
    ),
    case(
        "honest: a field of a dataclass",
        Behaviour,
        &[(
            QUEUE,
            "    lane: str = \"planned\"\n",
            "    lane: str = \"planned\"\n    attempt: int = 0\n",
        )],
    ),
    // Timeouts.
    case(
        "timeout: constant",
        Timeout,
        &[(QUEUE, "TIMEOUT = 30", "TIMEOUT = 60")],
    ),
    case(
        "timeout: argument",
        Timeout,
        &[(QUEUE, "timeout=TIMEOUT", "timeout=120")],
    ),
    case(
        "timeout: default, and a reworded log",
        Timeout,
        &[
            (QUEUE, "def wait(seconds=5):", "def wait(seconds=2 * 30):"),
            (QUEUE, "\"rejected %s\"", "\"still rejected %s\""),
        ],
    ),
    case(
        "timeout: behind a new name",
        Timeout,
        &[
            (
                QUEUE,
                "RETRIES = 3\n",
                "RETRIES = 3\nDRAIN_TIMEOUT = 90.0\n",
            ),
            (QUEUE, "timeout=TIMEOUT", "timeout=DRAIN_TIMEOUT"),
        ],
    ),
    case(
        "timeout: in a text",
        Timeout,
        &[(ADAPTERS, "\"WAIT\", \"5\"", "\"WAIT\", \"25\"")],
    ),
    case(
        "timeout: other unit",
        Timeout,
        &[(ADAPTERS, "timedelta(seconds=30)", "timedelta(minutes=5)")],
    ),
    case(
        "no change: the same number otherwise",
        Diagnostic,
        &[
            (QUEUE, "TIMEOUT = 30\n", "TIMEOUT = 3 * 10\n"),
            (ADAPTERS, "timedelta(seconds=30)", "timedelta(minutes=0.5)"),
        ],
    ),
    case(
        "honest: timeout and a branch",
        Behaviour,
        &[
            (QUEUE, "TIMEOUT = 30", "TIMEOUT = 60"),
            (
                QUEUE,
                "                continue\n",
                "                break\n",
            ),
        ],
    ),
    case(
        "honest: a retry is not a number",
        Behaviour,
        &[(
            QUEUE,
            "timeout=TIMEOUT)",
            "timeout=TIMEOUT, retries=RETRIES)",
        )],
    ),
    // Moved, renamed, reordered.
    case(
        "definitions in another order",
        Diagnostic,
        &[
            (QUEUE, WAIT, ""),
            (
                QUEUE,
                "def home():",
                "def wait(seconds=5):\n    deadline = time.monotonic() + seconds\n    while time.monotonic() < deadline:\n        time.sleep(0.1)\n\n\ndef home():",
            ),
        ],
    ),
    case(
        "honest: the later of two definitions wins",
        Behaviour,
        &[(
            ADAPTERS,
            "def twice():\n    return \"old\"\n\n\ndef twice():\n    return \"new\"\n",
            "def twice():\n    return \"new\"\n\n\ndef twice():\n    return \"old\"\n",
        )],
    ),
    case(
        "code moved to another file",
        Diagnostic,
        &[
            (QUEUE, WAIT, ""),
            (
                QUEUE,
                "from app.sync.client import post\n",
                "from app.sync.client import post\nfrom app.sync.waiting import wait\n",
            ),
            (QUEUE, "import time\n", ""),
            (
                "src/app/sync/waiting.py",
                "",
                "import time\n\n\ndef wait(seconds=5):\n    deadline = time.monotonic() + seconds\n    while time.monotonic() < deadline:\n        time.sleep(0.1)\n",
            ),
        ],
    ),
    case(
        "honest: moved and changed",
        Behaviour,
        &[
            (QUEUE, WAIT, ""),
            (
                QUEUE,
                "from app.sync.client import post\n",
                "from app.sync.client import post\nfrom app.sync.waiting import wait\n",
            ),
            (
                "src/app/sync/waiting.py",
                "",
                "import time\n\n\ndef wait(seconds=5):\n    deadline = time.monotonic() + seconds\n    while time.monotonic() <= deadline:\n        time.sleep(0.1)\n",
            ),
        ],
    ),
    case(
        "function renamed with its callers",
        Diagnostic,
        &[
            (ADAPTERS, "def lane_of(name):", "def find_lane(name):"),
            (
                ADAPTERS,
                "        return lane_of(event)\n",
                "        return find_lane(event)\n",
            ),
        ],
    ),
    case(
        "honest: caller uses another function",
        Behaviour,
        &[(
            ADAPTERS,
            "        return lane_of(event)\n",
            "        return lane_now(event)\n",
        )],
    ),
    case(
        "local names changed",
        Diagnostic,
        &[(
            QUEUE,
            "    deadline = time.monotonic() + seconds\n    while time.monotonic() < deadline:\n",
            "    end = time.monotonic() + seconds\n    while time.monotonic() < end:\n",
        )],
    ),
    case(
        "honest: another name is read",
        Behaviour,
        &[(
            QUEUE,
            "self.state[event.name] = event.lane",
            "self.state[event.name] = answer",
        )],
    ),
    case(
        "imports in another order",
        Diagnostic,
        &[(QUEUE, IMPORT, "import os\nimport logging\n")],
    ),
    case(
        "honest: import that hides a builtin",
        Behaviour,
        &[(
            QUEUE,
            "from app.sync.client import post\n",
            "from app.safe import open\nfrom app.sync.client import post\n",
        )],
    ),
    case(
        "honest: import from elsewhere",
        Behaviour,
        &[(
            QUEUE,
            "from app.sync.client import post\n",
            "from app.sync.retry import post\n",
        )],
    ),
    // Scope.
    case(
        "tests only",
        OutOfScope,
        &[(
            "tests/test_queue.py",
            "",
            "def test_nothing():\n    assert True\n",
        )],
    ),
    case(
        "another file only",
        OutOfScope,
        &[(ELSEWHERE, "return 1", "return 2")],
    ),
    case(
        "logs in scope, behaviour elsewhere",
        Diagnostic,
        &[
            (ELSEWHERE, "return 1", "return 2"),
            (
                QUEUE,
                RESET,
                "        self.events.clear()\n        logger.info(\"cleared\")\n",
            ),
        ],
    ),
    case(
        "docs only",
        OutOfScope,
        &[("README.md", "", "# in_review\n")],
    ),
    // What cannot be judged.
    case(
        "syntax error",
        Undetermined,
        &[(QUEUE, "def home():", "def home(:")],
    ),
    case(
        "syntax error out of scope",
        Behaviour,
        &[
            (ELSEWHERE, "return 1", "return ("),
            (QUEUE, "sent < limit", "sent <= limit"),
        ],
    ),
];
