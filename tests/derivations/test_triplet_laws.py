"""Laws that connect the forms of the triplet loss, proved by SymPy from the definition."""

import pytest
import sympy as sp

from derivations import triplets
from refloss.symbolic import functions as fn
from tests.symbolic import unrolled

NAMES = ("anchor", "positive", "negative")
DEFAULTS = {name: constant.default for name, constant in triplets.CONSTANTS.items()}


def named(program, parts, **constants):
    """Return a function of a plain quantity's name, of one triplet, and the symbols of vectors."""
    plain = triplets.PROGRAMS[program][0]
    sizes = {"B": 1, "D": parts}
    known = {str(c): sp.Integer(0) for c in plain.consts}
    known |= {name: sp.nsimplify(value) for name, value in {**DEFAULTS, **constants}.items()}
    vectors = [sp.symbols(f"{name}:{parts}", real=True) for name in "apn"]
    env = {
        name: {(0, k): vector[k] for k in range(parts)}
        for name, vector in zip(NAMES, vectors, strict=True)
    }
    symbols = {c: known[str(c)] for c in plain.consts}
    for let in plain.lets:
        env[let.target.name] = {
            index: sp.Add(
                *(
                    _in_place(let.expr, (*let.target.axes, *let.over), (*index, *more), env)
                    for more in unrolled.box(let.over, sizes)
                )
            ).xreplace(symbols)
            for index in unrolled.box(let.target.axes, sizes)
        }
    return lambda name="loss": fn.to_exact(env[name][0,]), vectors


def _in_place(expr, axes, index, env):
    at = dict(zip(axes, index, strict=True))
    reads = {r: env[str(r.base)][tuple(at[i] for i in r.indices)] for r in expr.atoms(sp.Indexed)}
    return expr.xreplace(reads)


def dot(x, y):
    return sum(p * q for p, q in zip(x, y, strict=True))


def less(x, y):
    return [p - q for p, q in zip(x, y, strict=True)]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_the_squared_form_is_linear_in_the_anchor(parts):
    """What makes its slope by the anchor 2 (n - p), whatever the anchor is."""
    of, (anchor, positive, negative) = named("triplet", parts)
    excess = sp.expand(of("excess"))
    for a, p, n in zip(anchor, positive, negative, strict=True):
        assert sp.expand(sp.diff(excess, a) - 2 * (n - p)) == 0


def test_the_forms_are_those_of_the_papers():
    of, (anchor, positive, negative) = named("triplet", 2, margin="1/5")
    near, far = less(anchor, positive), less(anchor, negative)
    square = dot(near, near) - dot(far, far) + sp.Rational(1, 5)
    assert sp.expand(of("excess") - square) == 0
    of, _ = named("triplet", 2, squared=0)
    distance = sp.sqrt(dot(near, near)) - sp.sqrt(dot(far, far)) + sp.Rational(1, 5)
    assert sp.simplify(of("excess") - distance) == 0
    of, _ = named("triplet_manhattan", 2)
    sums = sum(map(sp.Abs, near)) - sum(map(sp.Abs, far)) + sp.Rational(1, 5)
    assert sp.simplify(of("excess") - sums) == 0


@pytest.mark.parametrize("program", triplets.PROGRAMS)
def test_a_swapped_loss_is_the_larger_of_two(program):
    """Of the triplet, and of the one whose anchor and positive have changed places."""
    at = [sp.Rational(k * k - 7, 8) for k in range(6)]
    for turn in range(4):
        numbers = at[turn:] + at[:turn]
        swapped, vectors = named(program, 2, swap=1, margin=1)
        kept, _ = named(program, 2, margin=1)
        here = dict(zip(sum(vectors, ()), numbers, strict=True))
        anchor, positive, negative = vectors
        there = dict(zip((*positive, *anchor, *negative), numbers, strict=True))
        both = [sp.nsimplify(kept().subs(place)) for place in (here, there)]
        assert sp.simplify(swapped().subs(here) - sp.Max(*both)) == 0


def test_an_eps_inside_both_sums_leaves_squares_alone():
    """It cancels in their difference; of roots it does not."""
    with_eps, _ = named("triplet", 2, eps_sum="1/16")
    without, _ = named("triplet", 2)
    assert sp.expand(with_eps("excess") - without("excess")) == 0
    rooted, vectors = named("triplet", 2, eps_sum="1/16", squared=0)
    other, _ = named("triplet", 2, squared=0)
    at = dict(zip(sum(vectors, ()), (0, 0, 1, 0, 0, 2), strict=True))
    assert sp.simplify((rooted("excess") - other("excess")).subs(at)) != 0


def test_an_eps_in_the_difference_moves_the_anchor_alone():
    """Of distances from the anchor it is a translation; of a swapped pair it is not."""
    moved, vectors = named("triplet", 2, eps_difference="1/8")
    still, (anchor, *_) = named("triplet", 2)
    by = {a: a + sp.Rational(1, 8) for a in anchor}
    assert sp.expand(moved("excess") - still("excess").subs(by, simultaneous=True)) == 0
    apart, _ = named("triplet", 2, eps_difference="1/8", swap=1)
    at = dict(zip(sum(vectors, ()), (0, 0, 3, 0, 3, 1), strict=True))
    there = still("loss").subs(by, simultaneous=True)
    assert apart("loss").subs(at) != there.subs(at)


def test_the_soft_margin_is_above_the_hinge_by_at_most_log_2():
    soft, vectors = named("triplet", 1, soft=1, margin=0)
    hinge, _ = named("triplet", 1, margin=0)
    for numbers in ((0, 0, 0), (0, 1, 2), (0, 2, 1), (1, 4, -3)):
        at = dict(zip(sum(vectors, ()), numbers, strict=True))
        gap = sp.simplify((soft() - hinge()).subs(at))
        assert 0 < gap <= sp.log(2)
