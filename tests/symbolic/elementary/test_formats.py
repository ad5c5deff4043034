"""Rounding to the two formats, against NumPy's."""

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq

from refloss.symbolic.elementary.formats import (
    DOUBLE,
    FLOAT,
    FORMATS,
    exponent_of,
    nearest,
    power,
    rational,
    working_precision,
)

TYPES = {"float": np.float32, "double": np.float64}


def q(value):
    return fmpq(*Fraction(value).as_integer_ratio())


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
def test_nearest_rounds_as_numpy_does(form):
    random.seed(0)
    for _ in range(500):
        value = Fraction(random.getrandbits(53) - 2**52, 2 ** random.randint(0, 90))
        expected = TYPES[form.name](float(value))  # 53 bits: the first rounding is none
        assert nearest(q(value), form.precision) == q(float(expected))


def test_nearest_takes_ties_to_even():
    assert nearest(fmpq(9, 2), 3) == 4
    assert nearest(fmpq(11), 3) == 12
    assert nearest(fmpq(-9, 2), 3) == -4


def test_a_ball_that_may_round_either_way_is_refused():
    assert nearest(arb.pi(), 53) == q(np.pi)
    with pytest.raises(AssertionError, match="too wide"):
        nearest(arb.pi() + arb(0, "1e-3"), 53)


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("value", ["1", "1.5", "0.75", "3", "0.1", "1e-30", "1e30"])
def test_ulp_is_numpys_spacing(form, value):
    number = q(float(TYPES[form.name](value)))
    assert form.ulp(arb(number)) == arb(q(float(np.spacing(TYPES[form.name](value)))))


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
def test_ulp_of_subnormal_numbers(form):
    least = power(form.least - form.stored)
    assert form.ulp(arb(least * 5)) == arb(least)
    assert form.half_ulp(arb(least / 8)) == arb(least / 2)


def test_ulp_takes_the_least_and_half_ulp_the_largest_of_a_ball():
    ball = arb(fmpq(3, 2)).union(arb(5))
    assert DOUBLE.ulp(ball) == arb(power(-52))
    assert DOUBLE.half_ulp(ball) == arb(power(-51))


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("value", [1.0, 0.75, -2.5, 0.1, 1e-30, 1.5 * 2.0**52])
def test_literals_read_back(form, value):
    number = float(TYPES[form.name](value))
    text = form.literal(q(number))
    bare = text.removesuffix("f") if form is FLOAT else text
    assert (float.fromhex(bare) if "x" in bare else float(bare)) == number
    assert text.endswith("f") == (form is FLOAT)


def test_a_literal_of_too_many_digits_is_refused():
    with pytest.raises(AssertionError):
        DOUBLE.literal(fmpq(1, 3))


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("value", [1.0, 0.75, 1.5, 2.0**-100])
def test_bits_are_those_of_memory(form, value):
    kind = TYPES[form.name]
    word = {4: np.uint32, 8: np.uint64}[np.dtype(kind).itemsize]
    assert form.bits(q(value)) == int(kind(value).view(word))
    assert form.infinity == int(kind(np.inf).view(word))
    assert form.sign == int(kind(-0.0).view(word))


def test_exponents_and_midpoints():
    assert [exponent_of(arb(v)) for v in (1, 2, 3, -4)] == [1, 2, 2, 3]
    assert rational(arb(fmpq(-3, 8))) == fmpq(-3, 8)


def test_the_precision_is_put_back():
    before = ctx.prec
    with pytest.raises(ZeroDivisionError), working_precision(before + 1):
        raise ZeroDivisionError
    assert ctx.prec == before
