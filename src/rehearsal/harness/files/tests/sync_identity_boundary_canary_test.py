"""The four scenarios of the sync identity-boundary canary. The script runs them, nobody else."""

import json
import os

import pytest

from identity_boundary import saas, status_parser

pytestmark = pytest.mark.identity_boundary_canary


def note_queue(boundary, cli, result):
    """Notes the queue's place and the counters of a drain."""
    boundary["queue_db_path"] = cli.queue_db
    boundary["queue_counts"] = status_parser.sync_counters(result.stdout + result.stderr)
    boundary["sync_now_exit_code"] = result.code
    return boundary["queue_counts"]


def assert_drained(result, counters):
    """Every pending event, those of an earlier broken run included, was classified and taken."""
    shown = result.transcript()
    assert counters.get("unknown", 0) == 0, f"pending events were not classified:\n{shown}"
    assert result.code == 0, f"the drain failed:\n{shown}"
    assert counters["synced"] >= 1, f"an event was pending:\n{shown}"
    assert counters["pending"] == 0, f"events are left:\n{shown}"


@pytest.mark.scenario(1)
def test_pending_events_are_classified_and_drained(canary, boundary):
    cli, mission = canary.cli, canary.mission(1)
    cli("mission", "create", mission).ok()
    result = cli("sync", "now")
    counters = note_queue(boundary, cli, result)
    assert_drained(result, counters)
    boundary["saas_counts"] = saas.counts(canary.saas_url, mission)
    assert boundary["saas_counts"]["events"] == 1


@pytest.mark.scenario(2)
def test_daemon_owner_and_foreground_agree(canary, boundary):
    cli, mission = canary.daemon_cli, canary.mission(2)
    owner_record = os.path.join(cli.home, ".kittify", "sync", "daemon", "owner.json")
    if not os.path.exists(owner_record):
        cli("sync", "daemon", "start").ok()
    cli("mission", "create", mission).ok()
    check = cli("sync", "status", "--check", "--json")
    boundary["sync_status_check_exit_code"] = check.code
    boundary["sync_status_check_stdout"] = check.stdout
    boundary["sync_status_check_stderr"] = check.stderr
    status = status_parser.boundary_status(check.stdout)
    boundary["daemon_owner"] = dict(
        status["daemon_owner_record"],
        version=status["daemon_owner_record"]["package_version"],
    )
    with open(owner_record, encoding="utf-8") as file:
        owner = json.load(file)
    assert status["daemon_owner_record"]["pid"] == owner["pid"], status["daemon_owner_record"]
    foreground = status["foreground"]["package_version"]
    assert canary.cli_version.endswith(f" {foreground}"), canary.cli_version
    assert owner["package_version"] == foreground, f"the daemon is {owner['package_version']}"
    result = cli("sync", "now")
    counters = note_queue(boundary, cli, result)
    assert_drained(result, counters)
    boundary["saas_counts"] = saas.counts(canary.saas_url, mission)
    assert boundary["saas_counts"]["events"] == 1


@pytest.mark.scenario(3)
def test_body_upload(canary, boundary, tmp_path):
    cli, mission = canary.cli, canary.mission(3)
    body = tmp_path / "spec.md"
    body.write_text("# Body of the canary\n")
    cli("sync", "upload-body", "--mission", mission, str(body)).ok()
    boundary["saas_counts"] = saas.counts(canary.saas_url, mission)
    assert boundary["saas_counts"]["bodies"] == 1


@pytest.mark.scenario(4)
def test_in_review_survives_a_drain(canary, boundary):
    cli, mission = canary.cli, canary.mission(4)
    cli("mission", "create", mission).ok()
    lanes = ["doing", "for_review", "in_review"]
    for lane in lanes:
        move(cli, mission, lane).ok()
    # The drain itself is the matter of scenarios 1 and 2: here its effect on the lane counts.
    result = cli("sync", "now")
    note_queue(boundary, cli, result)
    before, reached = lanes[-2:]
    lane = cli.status(mission)["WP01"]
    assert lane == reached, (
        f"WP01 is {lane!r} after the drain of from={before!r} to={reached!r}:\n"
        + result.transcript()
        + move(cli, mission, reached).transcript()
    )
    move(cli, mission, "approved").ok()
    boundary["saas_counts"] = saas.counts(canary.saas_url, mission)


def move(cli, mission, lane):
    return cli("agent", "tasks", "move-task", "WP01", "--to", lane, "--mission", mission)
