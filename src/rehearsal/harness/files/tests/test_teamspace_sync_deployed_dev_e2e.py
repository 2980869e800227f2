"""A mission that is synced materializes in Teamspace as it is here."""

import pytest

from teamspace.polling import wait_for_mission

pytestmark = pytest.mark.deployed_dev


def test_a_synced_mission_materializes(
    saas_url, teamspace_cli, teamspace_mission, assert_synced
):
    cli, mission = teamspace_cli, teamspace_mission
    cli("mission", "create", mission).ok()
    cli("agent", "tasks", "move-task", "WP01", "--to", "doing", "--mission", mission).ok()
    assert_synced(cli("sync", "now"))
    found = wait_for_mission(saas_url, mission)
    assert found["work_packages"] == cli.status(mission)
