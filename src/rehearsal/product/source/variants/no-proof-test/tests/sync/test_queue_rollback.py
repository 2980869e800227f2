"""A drain never rolls a work package back on its own (#1141)."""

import pytest

from specify_cli.status.adapters import settled_lane

TO_REVIEW = ("doing", "for_review", "in_review")


def test_a_drain_returns_the_move_to_in_review(mission):
    mission.move(*TO_REVIEW)
    assert [event["payload"].get("to") for event in mission.drain()][1:] == list(TO_REVIEW)


def test_an_explicit_rollback_from_in_review_to_planned_is_drained(mission):
    mission.move(*TO_REVIEW, "planned")
    assert mission.drain()[-1]["payload"] == {"from": "in_review", "to": "planned"}
    assert mission.lane() == "planned"


@pytest.mark.parametrize("lane", ["planned", "doing", "for_review", "approved", "done"])
def test_settled_lanes_are_kept(lane):
    assert settled_lane(lane, "in_review", lane) == lane
