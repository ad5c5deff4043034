"""Several amounts at once, which no one of them alone explains."""

import numpy as np
import pytest

from crossval.families import FAMILIES
from crossval.identification.candidates import Space, candidate
from crossval.identification.joint import Joint, together
from crossval.identification.numbers import Solver
from crossval.identification.search import Search

LOSS = "combined_margin_logit"
PROBER = FAMILIES["cosines"].prober
NAMES = ("multiple", "margin", "cosine_margin", "scale")
ROUNDOFF = 2.0**-53


@pytest.fixture(scope="module")
def space():
    return Space((LOSS,), PROBER, PROBER.rows("float64", "smoke", ()))


def multiplied(*amounts, guard="mirror"):
    axes = dict(zip(NAMES, amounts, strict=True))
    return candidate(LOSS, None, {"form": "multiplied", "guard": guard, **axes})


def search(space, of):
    return Search(space, space.predict(of).value.number, ROUNDOFF)


@pytest.mark.parametrize("amounts", [(1.2, 0.3, 0.1, 64.0), (1.6, 0.0, 0.0, 20.0)])
def test_three_margins_and_a_scale_that_no_preset_has_are_found(space, amounts):
    walk = search(space, multiplied(*amounts))
    walk._together()
    best = walk.exact[0]
    assert (best.fit.factor, best.fit.offset) == (1, 0)
    axes = best.candidate.definition.spec.axes
    assert (axes["form"], axes["guard"]) == ("multiplied", "mirror")
    assert tuple(axes[name] for name in NAMES) == amounts
    assert axes["limit"] == 2.0  # no probe is cut, and nothing is said of it


def test_amounts_of_many_digits_come_within_rounding(space):
    amounts = (4 / 3, 1 / 7, 0.1, 64 / 3)
    walk = search(space, multiplied(*amounts))
    walk._together()
    axes = walk.exact[0].candidate.definition.spec.axes
    assert [axes[name] for name in NAMES] == pytest.approx(amounts, rel=1e-13)


def test_where_no_amounts_explain_all_rows_there_is_no_answer(space):
    got = space.predict(multiplied(1.2, 0.3, 0.1, 64.0)).value.number
    got[3] += 0.25
    solver = Solver(got, Search(space, got, ROUNDOFF)._bare, lambda of: space.predict(of).value)
    start = candidate(LOSS, "sphereface_r", {})
    assert together(start, NAMES, solver) is None
    assert together(start, NAMES[:1], solver) is None


def test_a_walk_stays_where_amounts_are_allowed():
    """The least sum of squares lies beyond a bound, and the walk ends at it."""
    x = np.arange(1.0, 5.0)
    asked = []

    class Line:
        def __call__(self, amounts):
            asked.append(amounts)
            return amounts

        def predict(self, amounts):
            return type("Values", (), {"number": amounts[0] * x + amounts[1]})

    line = Line()
    joint = Joint(2 * x, line.predict, np.array([0.0, 0.0]), np.array([9.0, 9.0]))
    assert joint.solve(line, np.array([1.0, 3.0])) == pytest.approx([2.0, 0.0], abs=1e-12)
    assert joint.solve(line, np.array([0.0, 9.0])) == pytest.approx([2.0, 0.0], abs=1e-12)
    joint = Joint(2 * x - 1, line.predict, np.array([0.0, 0.0]), np.array([9.0, 9.0]))
    assert joint.solve(line, np.array([1.0, 3.0])) is None
    assert all((amounts >= 0).all() and (amounts <= 9.0).all() for amounts in asked)
