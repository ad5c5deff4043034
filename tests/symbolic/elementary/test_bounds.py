"""The arithmetic of bounds, against the same lines run in rounded and in exact arithmetic."""

import random
from itertools import pairwise

import pytest
from flint import arb, fmpq

from refloss.symbolic.elementary import arctangent, circular, expm1, exponential, logarithm
from refloss.symbolic.elementary.bounds import (
    Bounds,
    around,
    decades,
    evenly,
    exactly,
    span,
    ulps,
)
from refloss.symbolic.elementary.formats import DOUBLE, FLOAT, FORMATS, nearest, power

from .numbers import Exact, Rounding

FORMS = pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)


def lines_of(name, form):
    """Return a function of an arithmetic, a number and `k`, and the interval of the number."""
    if name == "exp":
        e = exponential.derive(form)
        return lambda F, x, k: exponential.core(F, e, k, x, x), (-e.radius, e.radius), [fmpq(0)]
    if name == "expm1":
        e = expm1.derive(form)
        return (
            lambda F, x, k: expm1.core(F, e, k, k, k, x),
            (-e.radius, e.radius),
            [fmpq(0)],
        )
    if name in ("sin", "cos"):
        c, which = circular.derive(form), ("sin", "cos").index(name)
        return lambda F, x, k: circular.core(F, c, x, k)[which], (fmpq(0), c.radius), [fmpq(0)]
    if name == "log":
        g = logarithm.derive(form)
        ks = [fmpq(0), fmpq(-1), fmpq(1), fmpq(37), fmpq(-g.largest)]
        return lambda F, x, k: logarithm.core(F, g, x, k), (logarithm.LOW, logarithm.HIGH), ks
    a = arctangent.derive(form)
    late, turn = fmpq(0), fmpq(-1)
    return (
        lambda F, x, k: arctangent.core(F, a, x, _as(F, late), _as(F, turn), k),
        (-a.radius, a.radius),
        [fmpq(j) for j in range(5)],
    )


def _as(F, value):
    return exactly(value) if isinstance(F, Bounds) else value


@FORMS
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "atan", "sin", "cos"])
def test_what_a_machine_loses_is_within_the_bound(name, form):
    """On pieces of the interval, at random numbers in them; half of what is allowed is used."""
    random.seed(1)
    run, (low, high), ks = lines_of(name, form)
    used = []
    for left, right in evenly(low, high, 12):
        for k in ks:
            _, bound = run(Bounds(form), exactly(span(left, right)), exactly(k))
            for _ in range(6):
                x = nearest(
                    left + (right - left) * fmpq(random.getrandbits(60), 2**60), form.precision
                )
                whole, rest = run(Rounding(form), x, k)
                same, exact = run(Exact(form), x, k)
                assert whole == same
                assert arb(abs(rest - exact)) <= bound.error
                assert bound.value.contains(arb(exact))
                if bound.error > 0:
                    used.append(float(arb(abs(rest - exact)) / bound.error))
    assert max(used) > 0.2


@FORMS
def test_an_operation_loses_half_a_unit_at_most_and_may_lose_all_of_it(form):
    F = Bounds(form)
    one, unit = exactly(1), power(-form.precision)
    assert F.add(one, exactly(unit)).error == arb(unit)
    assert F.mul(exactly(fmpq(3, 4)), exactly(fmpq(3, 4))).error == arb(unit / 2)
    assert F.fma(one, one, exactly(fmpq(1, 8))).error == arb(unit)


def test_errors_of_the_operands_carry_over():
    F = Bounds(FLOAT)
    rough = F.add(exactly(span(fmpq(1), fmpq(3, 2))), exactly(fmpq(1, 3)))
    tripled = F.mul(rough, exactly(3))
    assert tripled.error > 3 * rough.error
    assert tripled.error < 3 * rough.error + arb(power(-20))


def test_zero_adds_no_rounding():
    F, x = Bounds(DOUBLE), exactly(span(fmpq(1), fmpq(2)))
    assert F.add(x, exactly(0)) is x
    assert F.add(exactly(0), x) is x
    assert F.fma(exactly(0), x, x) is x


def test_a_fast_sum_refuses_the_smaller_first():
    F = Bounds(DOUBLE)
    with pytest.raises(AssertionError, match="may be less"):
        F.fast_two_sum(("s", "e"), exactly(1), exactly(2))


def test_ulps_add_half_for_the_last_rounding():
    before = arb(power(-55))
    assert ulps(DOUBLE, arb(fmpq(3, 2)), before) == fmpq(1, 2) + fmpq(1, 8)
    assert ulps(DOUBLE, arb(fmpq(3, 4)), before) == fmpq(1, 2) + fmpq(1, 4)
    assert ulps(DOUBLE, arb(fmpq(3, 4)), 4 * before) == 2  # beyond a power of two


def test_pieces_cover_their_interval():
    pieces = sorted(decades(-20, fmpq(3, 7), 5), key=lambda ends: ends[0])
    assert pieces[0][0] <= power(-20)
    assert pieces[-1][1] == fmpq(3, 7)
    assert all(a[1] == b[0] for a, b in pairwise(pieces))
    assert around(fmpq(1, 3)).contains(arb(fmpq(-1, 3)))
