"""Pending events get enough time to be posted (#1182)."""

from specify_cli.sync import client


def test_a_pending_event_gets_half_a_minute():
    assert client.TIMEOUT_SECONDS >= 30.0
