"""Laws that connect the forms of the contrastive loss, proved by SymPy from the definition."""

import pytest
import sympy as sp

from derivations import pairs
from refloss.symbolic import functions as fn
from tests.symbolic import unrolled

PLAIN = pairs.PROGRAMS["contrastive"][0]
DEFAULTS = {name: constant.default for name, constant in pairs.CONSTANTS.items()}


def loss(parts, same, **constants):
    """Return the loss of one pair of so many numbers, and the symbols of its two vectors."""
    sizes = {"B": 1, "D": parts}
    known = {str(c): sp.Integer(0) for c in PLAIN.consts}
    known |= {name: sp.nsimplify(value) for name, value in {**DEFAULTS, **constants}.items()}
    x, y = (sp.symbols(f"{name}:{parts}", real=True) for name in ("x", "y"))
    env = {
        "x1": {(0, k): x[k] for k in range(parts)},
        "x2": {(0, k): y[k] for k in range(parts)},
        "same": {(0,): sp.Integer(same)},
    }
    symbols = {c: known[str(c)] for c in PLAIN.consts}
    for let in PLAIN.lets:
        env[let.target.name] = {
            index: sp.Add(
                *(
                    _in_place(let.expr, (*let.target.axes, *let.over), (*index, *more), env)
                    for more in unrolled.box(let.over, sizes)
                )
            ).xreplace(symbols)
            for index in unrolled.box(let.target.axes, sizes)
        }
    found = fn.to_exact(env["loss"][0,])
    return sp.piecewise_fold(found) if found.has(sp.Piecewise) else found, x, y


def _in_place(expr, axes, index, env):
    at = dict(zip(axes, index, strict=True))
    reads = {r: env[str(r.base)][tuple(at[i] for i in r.indices)] for r in expr.atoms(sp.Indexed)}
    return expr.xreplace(reads)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_the_forms_are_those_of_the_papers(parts):
    alike, x, y = loss(parts, 1)
    squared = sum((p - q) ** 2 for p, q in zip(x, y, strict=True))
    assert sp.expand(alike - squared / 2) == 0
    distance = sp.sqrt(squared)
    apart, *_ = loss(parts, 0, margin=2)
    assert sp.simplify(apart - sp.Max(0, 2 - distance) ** 2 / 2) == 0
    legacy, *_ = loss(parts, 0, legacy=1, margin=2, factor=1)
    assert sp.simplify(legacy - sp.Max(0, 2 - squared)) == 0


@pytest.mark.parametrize("linear", [0, 1])
def test_the_label_that_says_different_is_the_other_one(linear):
    for same in (0, 1):
        one, *_ = loss(2, same, linear=linear)
        other, *_ = loss(2, 1 - same, linear=linear, different=1)
        assert sp.simplify(one - other) == 0


def test_the_linear_hinge_squared_is_that_of_hadsell():
    linear, *_ = loss(2, 0, linear=1, factor=1)
    hadsell, *_ = loss(2, 0, factor=1)
    assert sp.simplify(linear**2 - hadsell) == 0


def test_legacy_and_hadsell_ask_the_same_of_similar_pairs():
    assert sp.expand(loss(3, 1)[0] - loss(3, 1, legacy=1)[0]) == 0
