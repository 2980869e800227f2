"""The polling helper of #40: waits for a mission as long as the SaaS may take, and no longer."""

import time

from identity_boundary import saas

LIMIT_SECONDS = 60


def wait_for_mission(saas_url, mission, interval=0.05):
    """The mission once it has materialized.

    Gives up by either clock: this machine's, or the SaaS's own account of how long the
    mission's events have been waiting for the drain.
    """
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        status, found = saas.get(saas_url, f"/api/v1/missions/{mission}/")
        assert status in (200, 404), f"HTTP {status} for mission {mission}: {found}"
        if status == 200:
            if found["materialized"]:
                return found
            failure = found.get("last_failure_class")
            assert failure is None, f"last_failure_class={failure}: {found}"
        waiting = found.get("pending_age_seconds", 0) if status == 200 else 0
        assert waiting <= LIMIT_SECONDS and time.monotonic() < end, (
            f"mission did not materialize within {LIMIT_SECONDS}s "
            f"(its oldest event waits for {waiting}s): {mission}"
        )
        time.sleep(interval)
