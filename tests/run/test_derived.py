"""Constants that are functions of others: what encloses them, and the two floats nearest."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from crossval.oracles.arithmetic_exact import precision
from refloss.run import enclosures
from refloss.run.derived import completed, narrowed, two_floats
from refloss.run.enclosures import Enclosure, OpenError, cosine, exactly, sine

ANGLES = (
    0.5,
    0.4,
    28.6,
    1e-300,
    5e-324,
    math.pi / 2,
    math.pi,
    -3.0,
    1e5,
    1e22,
    2.0**1000,
    0.1,
    3.0,
)
PRECISIONS = (64, 192, 700, 2304)


def holds(found: Enclosure, exact: arb) -> bool:
    low, high = (arb(fmpq(end.numerator, end.denominator)) for end in found.ends)
    return bool(low <= exact) and bool(exact <= high)


@pytest.mark.parametrize("bits", PRECISIONS)
def test_the_circle_constant_is_enclosed_within_three_units(bits):
    with precision(bits + 200):
        assert holds(enclosures.pi(bits), arb.pi())
    assert enclosures.pi(bits).high - enclosures.pi(bits).low == 3


@pytest.mark.parametrize("bits", PRECISIONS)
@pytest.mark.parametrize("angle", ANGLES)
def test_sines_and_cosines_are_enclosed_within_a_few_units(angle, bits):
    given = exactly(angle, bits)
    with precision(bits + 1400):
        assert holds(cosine(given), arb(angle).cos())
        assert holds(sine(given), arb(angle).sin())
    for found in (cosine(given), sine(given)):
        assert found.high - found.low <= 6


def test_arithmetic_rounds_outwards():
    third, minus = exactly(Fraction(1, 3), 64), exactly(Fraction(-2, 7), 64)
    for found, exact in (
        (third + minus, Fraction(1, 21)),
        (third - minus, Fraction(13, 21)),
        (third * minus, Fraction(-2, 21)),
        (third / minus, Fraction(-7, 6)),
        (minus / third, Fraction(-6, 7)),
    ):
        low, high = found.ends
        assert low <= exact <= high
        assert high - low <= Fraction(16, 2**64)


def test_nothing_is_divided_by_what_may_be_0():
    with pytest.raises(OpenError):
        exactly(1, 64) / (exactly(Fraction(1, 3), 64) - exactly(Fraction(1, 3), 64))


EXPRESSIONS = {
    "cos(margin)": lambda m: m.cos(),
    "sin(margin)": lambda m: m.sin(),
    "-cos(margin/2)": lambda m: -(m / 2).cos(),
    "margin*sin(margin)": lambda m: m * m.sin(),
    "cos(pi*margin/180)": lambda m: (m * arb.pi() / 180).cos(),
    "sqrt(margin)": lambda m: m.sqrt(),
    "atan2(margin, 3)": lambda m: arb.atan2(m, arb(3)),
    "atan2(2, margin)": lambda m: arb.atan2(arb(2), m),
    "cos(3*atan2(margin, margin*margin)/2)": lambda m: (3 * arb.atan2(m, m * m) / 2).cos(),
    "Max(margin/7, Min(pi, margin*margin))": lambda m: (m / 7).max(arb.pi().min(m * m)),
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("margin", [a for a in ANGLES if a > 0])
def test_two_floats_are_the_nearest_of_the_value_and_of_what_it_lacks(expression, margin):
    nearest, rest = two_floats(expression, (("margin", margin),))
    with precision(6000):
        exact = EXPRESSIONS[expression](arb(margin))
        assert nearest == float(exact)
        assert rest == float(exact - nearest)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(0, 1), (60, 0.5), (90, 0), (120, -0.5), (180, -1)]
)
def test_special_angles_are_exact(degrees, expected):
    given = (("margin", float(degrees)),)
    assert two_floats("cos(pi*margin/180)", given) == (expected, 0.0)


def test_what_an_angle_comes_to_is_exact_where_it_is_whole():
    """The cosine of the angle of a cosine, and the angle of nothing."""
    cosine = "cos(2*atan2(sqrt(1 - less), sqrt(1 + less))) - less"
    for less in (0.0, 0.2, -0.75, 1.0):
        assert two_floats(cosine, (("less", less),)) == (0.0, 0.0)
    assert two_floats("atan2(0, 2)") == (0.0, 0.0)
    assert two_floats("Max(0, Min(pi, -3))") == (0.0, 0.0)
    assert two_floats("sin(Min(pi, 4))") == (0.0, 0.0)


def test_a_program_is_completed_by_what_its_index_says():
    program = {"derived": {"turn": "cos(margin*share)"}}
    known = completed(program, {"margin": 0.5, "share": 1.0, "turn": 9.0, "turn_lo": 9.0})
    assert (known["turn"], known["turn_lo"]) == two_floats("cos(margin)", (("margin", 0.5),))
    assert completed({}, {"margin": 0.5}) == {"margin": 0.5}


def test_float32_has_two_floats_of_its_own():
    program = {"derived": {"turn": "cos(margin)"}}
    known = completed(program, {"margin": 0.5})
    found = narrowed(program, known)
    with precision(200):
        exact = arb(0.5).cos()
        assert found["turn"] == float(np.float32(float(exact)))
        assert found["turn_lo"] == float(np.float32(float(exact - found["turn"])))


@pytest.mark.parametrize(
    ("expression", "constants", "words"),
    [
        ("1/(margin - margin)", {"margin": 0.5}, "has no value for margin=0.5"),
        ("cos(margin)", {"margin": math.inf}, "margin: expected a finite number"),
        ("sqrt(-margin)", {"margin": 0.5}, "has no value for margin=0.5"),
        ("tan(margin)", {"margin": 0.5}, "no enclosure of 'tan"),
        ("margin**2", {"margin": 0.5}, "no enclosure of Pow"),
        ("atan2(0, 0*margin)", {"margin": 0.5}, "has no value for margin=0.5"),
        ("atan2(-margin, 1)", {"margin": 0.5}, "has no value for margin=0.5"),
    ],
)
def test_what_has_no_value_says_so(expression, constants, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace("*", r"\*")):
        two_floats(expression, tuple(constants.items()))
