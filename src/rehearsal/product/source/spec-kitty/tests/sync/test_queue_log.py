import logging


def test_what_a_drain_says(mission, caplog):
    caplog.set_level(logging.INFO)
    mission.move("doing")
    mission.drain()
    messages = [record.getMessage() for record in caplog.records]
    assert "settling WP01 of harbour: from=planned to=doing" in messages
