"""Pending events are classified and posted by the command in front (#1182)."""

import pytest

from specify_cli.cli import app
from specify_cli.cli.commands.sync import Summary, classify
from specify_cli.sync import client

EVENT = {"event_id": "e1", "mission": "harbour", "wp": None, "kind": "MissionCreated", "payload": {}}


@pytest.fixture
def posted(monkeypatch):
    events = []

    def post(event):
        events.append(event)
        return client.Reply(202, {"status": "accepted"})

    monkeypatch.setattr(client, "post_event", post)
    return events


class ClosedLoop:
    def is_closed(self):
        return True


def test_an_event_without_an_event_loop_is_pending():
    assert classify(EVENT, None) == ("pending", None)


def test_a_closed_event_loop_is_still_unavailable():
    assert classify(EVENT, ClosedLoop()) == ("unknown", "sync.event_loop_unavailable")


def test_a_malformed_event_is_rejected():
    assert classify({**EVENT, "kind": None}, None) == ("rejected", "sync.malformed_event")


def test_pending_events_are_posted(mission, posted):
    mission.move("doing")
    assert app.main(["sync", "now"]) == 0
    assert [event["kind"] for event in posted] == ["MissionCreated", "WPStatusChanged"]


def test_posted_events_leave_the_queue(mission, posted, capsys):
    app.main(["sync", "now"])
    assert "synced: 1" in capsys.readouterr().out.splitlines()
    assert mission.drain() == []


def test_the_summary_counts_pending_events():
    summary = Summary()
    summary.count("pending", "sync.service_unavailable: refused")
    assert list(summary.lines()) == ["synced: 0", "pending: 1", "rejected: 0", "errors: 1"]


def test_an_unreachable_service_keeps_events_pending(mission, monkeypatch, capsys):
    def refuse(_event):
        raise client.ServiceError("refused")

    monkeypatch.setattr(client, "post_event", refuse)
    assert app.main(["sync", "now"]) == 1
    assert "pending: 1" in capsys.readouterr().out.splitlines()
    assert len(mission.drain()) == 1


def test_sync_can_be_off(mission, monkeypatch):
    monkeypatch.delenv("SPEC_KITTY_ENABLE_SAAS_SYNC")
    assert app.main(["sync", "now"]) == 1
    assert len(mission.drain()) == 1
