"""Every test has a home of its own and no service."""

import pytest

from specify_cli import missions
from specify_cli.status.adapters import StatusAdapter
from specify_cli.sync.queue import Queue


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SPEC_KITTY_ENABLE_SAAS_SYNC", "1")
    monkeypatch.setenv("SPEC_KITTY_SAAS_URL", "http://service.invalid")
    monkeypatch.delenv("SPEC_KITTY_CANARY_TOKEN", raising=False)
    return tmp_path


class Mission:
    """A mission whose work packages can be moved along."""

    name = "harbour"

    def move(self, *lanes, work_package="WP01"):
        for lane in lanes:
            missions.move_task(self.name, work_package, lane)

    def lane(self, work_package="WP01"):
        return StatusAdapter(self.name).lanes()[work_package]

    def drain(self):
        with Queue() as queue:
            events = queue.drain()
            for event in events:
                queue.done(event["event_id"])
        return events


@pytest.fixture
def mission():
    missions.create(Mission.name)
    return Mission()
