"""Which lane may follow which. Knows nothing of files or of the service."""

LANES = ("planned", "doing", "for_review", "in_review", "approved", "done")

# A reviewer may send a work package back to the start; nothing else moves backwards.
ROLLBACKS = {("in_review", "planned")}


class IllegalTransition(Exception):
    """A move that the lanes do not allow."""

    def __init__(self, from_lane, to_lane, why=None):
        super().__init__(from_lane, to_lane)
        self.from_lane, self.to_lane, self.why = from_lane, to_lane, why

    def __str__(self):
        text = f"illegal transition from='{self.from_lane}' to='{self.to_lane}'"
        return f"{text} ({self.why})" if self.why else text


def rank(lane):
    """The place of a lane on the way from planned to done."""
    return LANES.index(lane)


def is_rollback(from_lane, to_lane):
    """Whether a move is an explicit rollback."""
    return (from_lane, to_lane) in ROLLBACKS


def check(from_lane, to_lane):
    """Raises unless the move is one step forward or an explicit rollback."""
    if to_lane not in LANES:
        raise IllegalTransition(from_lane, to_lane, "no such lane")
    if is_rollback(from_lane, to_lane) or rank(to_lane) == rank(from_lane) + 1:
        return
    if rank(to_lane) > rank(from_lane):
        step = LANES[rank(from_lane) + 1]
        raise IllegalTransition(from_lane, to_lane, f"first from='{from_lane}' to='{step}'")
    raise IllegalTransition(from_lane, to_lane)
