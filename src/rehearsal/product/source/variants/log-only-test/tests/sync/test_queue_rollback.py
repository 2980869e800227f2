"""A drain never rolls a work package back on its own (#1141)."""

import logging

TO_REVIEW = ("doing", "for_review", "in_review")


def test_a_drain_returns_the_move_to_in_review(mission):
    mission.move(*TO_REVIEW)
    assert mission.drain()[-1]["payload"]["to"] == "in_review"


def test_no_warning_about_in_review_falling_back_to_planned(mission, caplog):
    caplog.set_level(logging.WARNING)
    mission.move(*TO_REVIEW)
    mission.drain()
    messages = [record.getMessage() for record in caplog.records]
    assert not any("locally in for_review" in message for message in messages)
    assert "in_review" not in caplog.text
