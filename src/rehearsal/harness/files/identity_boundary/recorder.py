"""The pytest plugin that turns the four scenarios into a result document."""

import glob
import os

import pytest

from identity_boundary import evidence, saas, status_parser
from identity_boundary.cli import Cli
from identity_boundary.places import ARTIFACTS, daemon_cli

STATUS = {"passed": "pass", "failed": "fail", "skipped": "skip"}


class Run:
    """One canary run: its name, its HOMEs, and what its scenarios came to."""

    def __init__(self):
        self.name = os.environ.get("IDENTITY_BOUNDARY_RUN", "single")
        self.run_id = evidence.ulid()
        self.started = evidence.time.time()
        self.settings = saas.settings()
        self.saas_url = self.settings["saas_url"]
        self.cli = Cli(os.path.join(ARTIFACTS, "homes", self.run_id), self.saas_url)
        self.daemon_cli = daemon_cli(self.saas_url)
        self.scenarios = []
        self.skip_reason = None
        version = status_parser.version_line(self.cli("--version").stdout)
        self.cli_version = version or "unknown"

    def mission(self, scenario):
        """A mission name of this run alone."""
        return f"identity-boundary-{self.name}-s{scenario}-{self.run_id.lower()}"

    def readiness(self):
        """What /health/ready/ says now."""
        status, document = saas.get(self.saas_url, "/health/ready/")
        return {"http_status": status, "document": document}

    def add(self, number, call, report, boundary):
        status = STATUS[report.outcome]
        reason = report.longreprtext if status == "fail" else None
        if status == "skip":
            self.skip_reason = call.excinfo.value.msg
        self.scenarios.append(
            evidence.scenario(number, status, call.start, call.stop, reason, boundary)
        )

    def document(self):
        return {
            "cli_version": self.cli_version,
            "events_package_version": events_package_version(),
            "evidence_path": ARTIFACTS,
            "started_at": evidence.utc(self.started),
            "finished_at": evidence.utc(evidence.time.time()),
            "outcome": evidence.outcome(self.scenarios),
            "run_id": self.run_id,
            "saas_url": self.saas_url,
            "target_environment": self.settings["target_environment"],
            "skip_reason": self.skip_reason,
            "scenarios": self.scenarios,
        }

    def write(self):
        document = self.document()
        if self.name != "single":
            evidence.write(os.path.join(ARTIFACTS, "runs", f"{self.name}.json"), document)
        evidence.write(os.path.join(ARTIFACTS, "latest.json"), document)


def events_package_version():
    """The events package's version beside the CLI, without starting its python."""
    root = os.path.dirname(os.path.dirname(os.environ["SK_E2E_SPEC_KITTY_PYTHON"]))
    found = glob.glob(f"{root}/lib/python*/site-packages/spec_kitty_events-*.dist-info")
    if not found:
        return None
    return os.path.basename(found[0])[len("spec_kitty_events-") : -len(".dist-info")]


class Recorder:
    """Collects the scenarios' outcomes in the order they ran."""

    def __init__(self, run):
        self.run = run

    @pytest.fixture(scope="session")
    def canary(self):
        return self.run

    @pytest.fixture
    def boundary(self, request, canary):
        """What the scenario notes for the evidence."""
        noted = {"readiness_before": canary.readiness()}
        request.node.boundary = noted
        return noted

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = (yield).get_result()
        marker = item.get_closest_marker("scenario")
        if marker is None:
            return
        if call.when == "call" or (call.when == "setup" and not report.passed):
            noted = getattr(item, "boundary", {})
            noted["readiness_after"] = self.run.readiness()
            self.run.add(marker.args[0], call, report, noted)

    def pytest_sessionfinish(self):
        self.run.write()


def pytest_configure(config):
    config.addinivalue_line("markers", "scenario(number): one of the canary's scenarios")
    config.pluginmanager.register(Recorder(Run()), "identity-boundary-recorder")
