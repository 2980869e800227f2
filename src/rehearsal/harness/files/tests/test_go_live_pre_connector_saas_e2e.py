"""Go-live, before the connector: the SaaS is up, ready, and speaks the CLI's events."""

import pytest

from identity_boundary import saas

pytestmark = pytest.mark.deployed_dev


def test_health(saas_url):
    status, health = saas.get(saas_url, "/health/")
    assert status == 200, health
    assert health["status"] == "ok"
    version = tuple(int(part) for part in health["spec_kitty_events"].split("."))
    assert version >= (5, 1, 0)


def test_ready_without_infra_failures(saas_url):
    status, ready = saas.get(saas_url, "/health/ready/")
    assert status == 200, f"/health/ready/ answers HTTP {status}: {ready}"
    assert ready["dependencies"]["drain_queue"]["terminal_failed_count"] == 0


def test_go_live_body_upload(saas_url, teamspace_cli, teamspace_mission, assert_synced, tmp_path):
    body = tmp_path / "spec.md"
    body.write_text("# Go-live\n")
    assert_synced(
        teamspace_cli("sync", "upload-body", "--mission", teamspace_mission, str(body))
    )
    assert saas.counts(saas_url, teamspace_mission)["bodies"] == 1
