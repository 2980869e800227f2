import json

from identity_boundary import evidence


def scenario(number, status):
    return evidence.scenario(number, status, 10.0, 11.5, None, {})


def test_a_ulid_sorts_by_time():
    early = evidence.ulid(1_000, b"\xff" * 10)
    late = evidence.ulid(1_001, b"\x00" * 10)
    assert len(early) == 26
    assert early < late


def test_a_time_is_utc_with_milliseconds():
    assert evidence.utc(1747718182.25) == "2025-05-20T05:16:22.250Z"


def test_a_run_passes_only_when_every_scenario_does():
    assert evidence.outcome([scenario(1, "pass"), scenario(2, "pass")]) == "pass"
    assert evidence.outcome([scenario(1, "pass"), scenario(2, "fail")]) == "fail"
    assert evidence.outcome([scenario(1, "skip"), scenario(2, "pass")]) == "skip"
    assert evidence.outcome([]) == "fail"


def test_a_scenario_tells_how_long_it_took():
    assert scenario(3, "pass")["duration_seconds"] == 1.5
    assert scenario(3, "pass")["name"] == "scenario-3"


def test_a_result_is_written_whole(tmp_path):
    path = tmp_path / "deep" / "latest.json"
    evidence.write(str(path), {"outcome": "pass"})
    assert json.loads(path.read_text()) == {"outcome": "pass"}
    assert [entry.name for entry in path.parent.iterdir()] == ["latest.json"]
