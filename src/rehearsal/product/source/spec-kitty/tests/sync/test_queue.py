from specify_cli.sync import queue


def test_events_come_back_in_order(mission):
    mission.move("doing", "for_review")
    kinds = [(event["kind"], event["wp"]) for event in mission.drain()]
    assert kinds == [("MissionCreated", None), ("WPStatusChanged", "WP01"), ("WPStatusChanged", "WP01")]


def test_a_drained_queue_is_empty(mission, home):
    mission.drain()
    assert queue.count(str(home / ".kittify" / "queue.db"), "queue") == 0


def test_a_database_that_is_not_there_counts_nothing(home):
    assert queue.count(str(home / "nowhere.db"), "queue") == 0
