"""A drain never rolls a work package back on its own (#1141)."""

import pytest

from specify_cli.status.adapters import settled_lane
from specify_cli.sync import queue

TO_REVIEW = ("doing", "for_review", "in_review")


def test_in_review_survives_a_drain(mission):
    mission.move(*TO_REVIEW)
    mission.drain()
    assert mission.lane() == "in_review"


def test_in_review_does_not_fall_back_to_planned_when_its_event_has_no_earlier_lane():
    assert settled_lane("in_review", "in_review", "in_review") != "planned"


def test_a_review_goes_on_after_a_drain(mission):
    mission.move(*TO_REVIEW)
    mission.drain()
    mission.move("approved", "done")
    assert mission.lane() == "done"


def test_an_explicit_rollback_from_in_review_to_planned_stays(mission):
    mission.move(*TO_REVIEW, "planned", "doing")
    mission.drain()
    assert mission.lane() == "doing"


def test_only_the_newest_move_is_settled(mission):
    mission.move("doing", "for_review")
    mission.move("doing", work_package="WP02")
    moves = [(event["wp"], event["payload"]["to"]) for event in queue.newest_moves(mission.drain())]
    assert moves == [("WP01", "for_review"), ("WP02", "doing")]


@pytest.mark.parametrize("lane", ["planned", "doing", "for_review", "approved", "done"])
def test_other_lanes_survive_too(lane):
    assert settled_lane(lane, "planned", lane) == lane
