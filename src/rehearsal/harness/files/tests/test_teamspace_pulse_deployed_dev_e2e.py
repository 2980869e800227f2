"""Teamspace's pulse moves when a mission is synced."""

import pytest

from identity_boundary import saas

pytestmark = pytest.mark.deployed_dev


def pulse(saas_url):
    status, found = saas.get(saas_url, "/api/v1/teamspace/pulse/")
    assert status == 200, found
    return found


def test_pulse_counts_a_synced_mission(
    saas_url, teamspace_cli, teamspace_mission, assert_synced
):
    before = pulse(saas_url)
    teamspace_cli("mission", "create", teamspace_mission).ok()
    assert_synced(teamspace_cli("sync", "now"))
    after = pulse(saas_url)
    assert after["missions"] == before["missions"] + 1
    assert after["events"] == before["events"] + 1
