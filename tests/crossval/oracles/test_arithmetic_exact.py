"""Exact balls decide with certainty or not at all."""

import pytest
from flint import arb, ctx, fmpq

from crossval.oracles.arithmetic_duals import Dual, HyperDuals
from crossval.oracles.arithmetic_exact import ExactBalls, precision
from crossval.oracles.arithmetic_jets import TaylorJets, jet
from crossval.oracles.ties import Ties, Undecided

F = ExactBalls()


@pytest.fixture(autouse=True)
def _bits():
    with precision(96):
        yield


def wide():
    """Return a ball around zero whose sign is open."""
    return (arb(2).sqrt() * arb(2).sqrt()) - 2


@pytest.mark.parametrize(
    "compare",
    [
        lambda: F.lt(wide(), 0),
        lambda: F.le(wide(), 0),
        lambda: F.gt(wide(), 0),
        lambda: F.ge(wide(), 0),
        lambda: F.eq(wide(), 0),
        lambda: F.step(wide(), 1),
        lambda: F.ratio(1, wide(), 0),
        lambda: F.raised(wide(), arb(2)),
        lambda: TaylorJets(Ties(), arb(0)).max(jet(wide(), 1), jet(0)),
        lambda: TaylorJets(Ties(), arb(0)).relu(jet(wide(), 1)),
    ],
)
def test_an_open_comparison_raises_instead_of_taking_the_else_branch(compare):
    with pytest.raises(Undecided):
        compare()


def test_exact_numbers_compare_at_equality():
    half = F.rational(1, 2)
    assert F.eq(half, 0.5)
    assert F.le(half, 0.5)
    assert F.ge(half, 0.5)
    assert not F.lt(half, 0.5)
    assert not F.gt(half, 0.5)
    assert F.step(half - 0.5, 7) == 7


def test_rationals_and_floats_are_exact():
    third = F.rational(1, 3)
    assert third.contains(fmpq(1, 3))
    assert third.rad() < arb(2) ** -90
    assert F.constant(0.1).is_exact()
    assert F.constant(0.1) != F.rational(1, 10)


def test_power_of_a_ball_around_zero_is_finite():
    for n in (1, 2, 3, 4):
        assert F.power(wide(), n).is_finite()
        assert F.power(wide(), n).contains(0)
    assert F.power(arb(3), -2) * 9 - 1 < arb(2) ** -80


def _moving(at):
    """X moving by 3 within, by 5 without and by 7 in both: a jet, a hyper-dual number."""
    yield TaylorJets(Ties(), arb("nan")), jet(at, 3)
    yield HyperDuals(Ties(), arb("nan")), Dual(jet(at, 3), jet(5, 7))


@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize("at", [0, 2])
def test_a_power_moves_as_the_product_does(at, number):
    for arithmetic, x in _moving(at):
        expected = arithmetic.constant(1)
        for _ in range(number):
            expected = expected * x
        found = arithmetic.raised(x, arithmetic.constant(number))
        assert _parts(found) == _parts(expected)


@pytest.mark.parametrize("power", [0.5, 1.5, 2.5])
def test_a_real_power_squared_moves_as_the_power_doubled(power):
    for arithmetic, x in _moving(3):
        root = arithmetic.raised(x, arithmetic.constant(power))
        whole = arithmetic.raised(x, arithmetic.constant(2 * power))
        assert all(a.overlaps(b) for a, b in zip(_parts(root * root), _parts(whole), strict=True))


def test_at_zero_a_power_without_bounded_slope_is_no_derivative():
    """Not smooth once for g < 1, twice for g < 2; what does not move there stays 0."""
    jets, duals = (arithmetic for arithmetic, _ in _moving(0))
    assert not jets.raised(jet(0, 1), jet(0.5))[1].is_finite()
    assert jets.raised(jet(0, 1), jet(1.5))[1] == 0
    assert jets.raised(jet(0, 0), jet(0.5))[1] == 0
    assert not duals.raised(Dual(jet(0, 1), jet(0, 0)), 1.5).du[1].is_finite()
    assert duals.raised(Dual(jet(0, 0), jet(0, 0)), 0.5).du[1] == 0
    assert [F.raised(arb(0), arb(g)) for g in (0, 0.5, -0.5)] == [1, 0, 0]


def _parts(x):
    return [x[0], x[1]] if not isinstance(x, Dual) else [x.re[0], x.re[1], x.du[0], x.du[1]]


def test_ratio_and_logarithm_at_zero():
    assert F.ratio(3, arb(0), 5) == 5
    assert F.log(arb(0)) < -(arb(2) ** 2000)


def test_angles_of_proportional_sides_differ_by_exactly_zero():
    with precision(192):
        first = F.aspect(arb(0.3), arb(0.7), 0, 1)
        second = F.aspect(arb(0.3) * 3, arb(0.7) * 3, 0, 1)
        assert first - second == 0
        assert (first.value - second.value).rad() > 0


@pytest.mark.parametrize(
    "sides", [(0.3, 0.7, 5.0, 0.1), (0.0, 1.0, 2.0, 0.0), (0.0, 0.0, 1.0, 2.0)]
)
def test_difference_of_angles_is_that_of_their_values(sides):
    w, h, v, k = map(arb, sides)
    first, second = F.aspect(w, h, 0, 1), F.aspect(v, k, 0, 1)
    assert (first - second).overlaps(first.value - second.value)
    assert (first - second).rad() < arb(2) ** -80


def test_precision_is_restored_even_after_an_error():
    before = ctx.prec

    def fail():
        with precision(200) as change:
            change(400)
            raise KeyError(ctx.prec)

    with pytest.raises(KeyError, match="400"):
        fail()
    assert ctx.prec == before
