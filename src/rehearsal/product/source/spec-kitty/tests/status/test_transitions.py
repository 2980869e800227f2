import pytest

from specify_cli.status import transitions


@pytest.mark.parametrize("step", list(zip(transitions.LANES, transitions.LANES[1:])))
def test_one_step_forward_is_legal(step):
    transitions.check(*step)


def test_a_review_may_be_rolled_back():
    transitions.check("in_review", "planned")


@pytest.mark.parametrize("move", [("planned", "done"), ("done", "planned"), ("doing", "doing")])
def test_other_moves_are_illegal(move):
    with pytest.raises(transitions.IllegalTransition, match="illegal transition from='"):
        transitions.check(*move)
