"""Laws of the center loss, proved by SymPy from the definition."""

import pytest
import sympy as sp

from derivations import centers
from refloss.symbolic import functions as fn
from tests.symbolic import unrolled

PLAIN = centers.PROGRAMS["center"][0]
DEFAULTS = {name: constant.default for name, constant in centers.CONSTANTS.items()}


def loss(parts, **constants):
    """Return the loss of one vector of so many numbers, and the symbols of it and its centre."""
    symbols = [[unrolled.entry(t, (0, k)) for k in range(parts)] for t in PLAIN.inputs]
    found = unrolled.unroll(PLAIN, {"B": 1, "D": parts}, {})[0,]
    known = {name: sp.nsimplify(value) for name, value in {**DEFAULTS, **constants}.items()}
    found = found.xreplace({c: known[str(c)] for c in PLAIN.consts})
    return fn.to_exact(found), *symbols


@pytest.mark.parametrize("parts", [1, 3])
def test_the_loss_is_that_of_the_paper(parts):
    found, x, own = loss(parts)
    assert sp.expand(found - sum((a - b) ** 2 for a, b in zip(x, own, strict=True)) / 2) == 0


def test_a_translation_of_both_changes_nothing():
    move = sp.Symbol("t", real=True)
    found, x, own = loss(3)
    moved = found.xreplace({each: each + move for each in (*x, *own)})
    assert sp.expand(found - moved) == 0


def test_the_slopes_by_vector_and_centre_cancel():
    found, x, own = loss(3, factor=1)
    for a, b in zip(x, own, strict=True):
        assert sp.expand(sp.diff(found, a) + sp.diff(found, b)) == 0
        assert sp.expand(sp.diff(found, a) - 2 * (a - b)) == 0


def test_a_mask_before_the_clip_adds_the_least_for_every_other_class():
    own = loss(2, clip=1, factor=1)[0]
    masked = loss(2, clip=1, masked=1, others=9, factor=1)[0]
    assert sp.simplify(masked - own - 9 * sp.nsimplify(centers.LEAST)) == 0
