"""How an `in_review` that falls back to `planned` can be followed (#1141)."""

import itertools

import pytest

from specify_cli import missions
from specify_cli.status import transitions

TO_REVIEW = ("doing", "for_review", "in_review")


def moves(events):
    return [(event["payload"]["from"], event["payload"]["to"]) for event in events if event["wp"]]


def test_every_move_towards_in_review_is_queued(mission):
    mission.move(*TO_REVIEW)
    expected = [("planned", "doing"), ("doing", "for_review"), ("for_review", "in_review")]
    assert moves(mission.drain()) == expected


def test_the_rollback_from_in_review_to_planned_is_queued(mission):
    mission.move(*TO_REVIEW, "planned")
    assert moves(mission.drain())[-1] == ("in_review", "planned")


def test_a_second_review_after_a_rollback_is_queued(mission):
    mission.move(*TO_REVIEW, "planned", *TO_REVIEW)
    assert moves(mission.drain()).count(("for_review", "in_review")) == 2


@pytest.mark.parametrize("steps", range(1, len(TO_REVIEW)))
def test_a_drain_on_the_way_keeps_the_lane(mission, steps):
    mission.move(*TO_REVIEW[:steps])
    mission.drain()
    assert mission.lane() == TO_REVIEW[steps - 1]


@pytest.mark.parametrize("pair", list(itertools.permutations(("WP01", "WP02", "WP03"), 2)))
def test_work_packages_do_not_disturb_each_other(mission, pair):
    for work_package in pair:
        mission.move("doing", work_package=work_package)
    mission.drain()
    assert [mission.lane(work_package) for work_package in pair] == ["doing", "doing"]


def test_a_review_cannot_be_claimed_twice(mission):
    mission.move(*TO_REVIEW)
    with pytest.raises(transitions.IllegalTransition):
        mission.move("in_review")


def test_two_missions_do_not_disturb_each_other(mission):
    missions.create("lighthouse")
    mission.move("doing")
    mission.drain()
    assert mission.lane() == "doing"
    assert mission.lane("WP02") == "planned"
