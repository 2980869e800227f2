"""Reads and writes a mission's local status. The only module that touches status files."""

from specify_cli import files, paths
from specify_cli.status import transitions

WORK_PACKAGES = ("WP01", "WP02", "WP03")


class UnknownMission(Exception):
    """A mission without local status."""


class StatusAdapter:
    """The local status of one mission."""

    def __init__(self, mission):
        self.mission = mission

    def create(self):
        """Starts a mission: every work package is planned."""
        files.write_json(paths.status_file(self.mission), dict.fromkeys(WORK_PACKAGES, "planned"))

    def lanes(self):
        """The lane of each work package."""
        lanes = files.read_json(paths.status_file(self.mission), None)
        if lanes is None:
            raise UnknownMission(f"no mission `{self.mission}`")
        return lanes

    def move(self, work_package, to_lane):
        """Moves a work package and returns the lane it came from."""
        lanes = self.lanes()
        from_lane = lanes.get(work_package, "planned")
        transitions.check(from_lane, to_lane)
        self._claim_review(work_package, from_lane, to_lane)
        lanes[work_package] = to_lane
        files.write_json(paths.status_file(self.mission), lanes)
        return from_lane

    def settle(self, work_package, from_lane, to_lane):
        """Brings the local status to a queued event and returns the lane it now has."""
        lanes = self.lanes()
        local = lanes.get(work_package)
        settled = settled_lane(local, from_lane, to_lane)
        if settled != local:
            lanes[work_package] = settled
            files.write_json(paths.status_file(self.mission), lanes)
        return settled

    def _claim_review(self, work_package, from_lane, to_lane):
        # A review is claimed once; only an explicit rollback releases the claim.
        claims = files.read_json(paths.review_file(self.mission), [])
        if to_lane == "in_review":
            if work_package in claims:
                raise transitions.IllegalTransition(from_lane, to_lane, "review already claimed")
            files.write_json(paths.review_file(self.mission), [*claims, work_package])
        elif transitions.is_rollback(from_lane, to_lane):
            rest = [claimed for claimed in claims if claimed != work_package]
            files.write_json(paths.review_file(self.mission), rest)


def settled_lane(local, from_lane, to_lane):
    """The lane after a queued event, seen from the lane that is local now.

    An event tells what the user did earlier, the local lane what the user did last: the local
    lane stays, `in_review` as any other. Only a work package that has no local lane takes the
    event's.
    """
    if local is None:
        return to_lane
    return local
