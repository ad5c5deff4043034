"""The lemmas on reductions: what the texts call exact is exact."""

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from refloss.symbolic.elementary import arctangent, circular, expm1, exponential, logarithm
from refloss.symbolic.elementary.formats import FORMATS

TYPES = {"float": np.float32, "double": np.float64}
FORMS = pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)


def fraction(value):
    return Fraction(int(value.p), int(value.q))


def neighbours(kind, value, reach=3):
    """Return a number and those around it."""
    found, number = [kind(value)], kind(value)
    for direction in (np.inf, -np.inf):
        number = kind(value)
        for _ in range(reach):
            number = np.nextafter(number, kind(direction))
            found.append(number)
    return found


def fits(kind, value):
    return Fraction(float(kind(float(value)))) == value


@FORMS
def test_the_exponential_is_reduced_exactly(form):
    kind, e = TYPES[form.name], exponential.derive(form)
    assert exponential.reduced_exactly(e)
    high, log2e = fraction(e.high), fraction(e.log2e)
    for step in range(int(e.least), int(e.most)):
        for x in neighbours(kind, (step + 0.5) / float(log2e)):
            exact = Fraction(float(x)) * log2e
            for n in {round(exact), int(exact // 1), int(exact // 1) + 1}:
                if abs(n - exact) <= Fraction(1, 2):
                    reduced = Fraction(float(x)) - n * high
                    assert fits(kind, reduced)
                    assert abs(reduced) <= fraction(e.radius)


@FORMS
def test_one_less_a_power_of_two_is_known(form):
    """Both parts of the sum, as the text names them."""
    kind, e = TYPES[form.name], expm1.derive(form)
    for n in range(int(e.least) * 3 // 2, form.precision + expm1.SPARE):
        inverse = kind(2.0**-n)
        more, less = (kind(1), -inverse) if n >= 0 else (-inverse, kind(1))
        shift = more + less
        late = (more - shift) + less
        assert Fraction(float(shift)) + Fraction(float(late)) == 1 - Fraction(2) ** -n
        assert late == 0 or abs(n) > form.precision
    assert float(e.least) < -(form.precision + 3) * np.log(2)


@FORMS
def test_angles_are_reduced_exactly(form):
    """At every multiple of pi/4, as near to it and as far as the text takes it."""
    random.seed(3)
    kind, c = TYPES[form.name], circular.derive(form)
    assert circular.reduced_exactly(c)
    first, second, third = (fraction(part) for part in (c.first, c.second, c.third))
    least = Fraction(2) ** circular.closest(c)
    places = [k * np.pi / 4 for k in range(4 * c.steps // 2)]
    places += [random.uniform(0, circular.REACH) for _ in range(2000)]
    for x in (x for place in places for x in neighbours(kind, place)):
        if not 0 < x <= circular.REACH:
            continue
        n = round(Fraction(float(x)) * fraction(c.inverse))
        near, far = Fraction(float(x)) - n * first, n * second
        assert fits(kind, near), x
        assert fits(kind, far), x
        head = kind(float(near)) - kind(float(far))
        lost = (kind(float(near)) - head) - kind(float(far))
        assert Fraction(float(head)) + Fraction(float(lost)) == near - far, x
        assert abs(Fraction(float(head))) <= fraction(c.radius), x
        assert n == 0 or abs(near - far - n * third) >= least, x


@FORMS
def test_the_argument_of_log1p_is_reduced_exactly(form):
    """Every binade and the places where `k` steps, as the text reads `k`."""
    random.seed(2)
    kind, p = TYPES[form.name], form.precision
    places = [-0.25, 0.5, *(s * 2.0**j for j in range(-p, p + 1) for s in (-0.75, -1, 1, 1.5))]
    places += [s * 2.0**j - 1 for j in range(-p + 2, p + 1) for s in (0.75, 1.0)]
    places += [random.uniform(1, 2) * 2.0 ** random.randint(-3, p) for _ in range(300)]
    for x in (x for place in places for x in neighbours(kind, place) if x > -1):
        near = -0.25 < x < 0.5
        u = kind(1) if near else kind(1) + x
        mantissa, exponent = np.frexp(u)
        k = int(exponent) - (1 if mantissa < 0.75 else 0)
        f = (1 + Fraction(float(x))) / Fraction(2) ** k - 1
        if k > p:
            f -= Fraction(1, 2**k)
        assert fits(kind, f), x
        assert fraction(logarithm.LOW) <= f <= fraction(logarithm.HIGH), x


@FORMS
def test_multiples_of_the_high_parts_fit(form):
    kind, g, a = TYPES[form.name], logarithm.derive(form), arctangent.derive(form)
    assert all(fits(kind, k * fraction(g.high)) for k in range(-g.largest, g.largest + 1))
    assert all(fits(kind, j * fraction(a.high)) for j in range(5))


@FORMS
def test_the_reciprocal_is_as_good_as_is_said(form):
    kind, a = TYPES[form.name], arctangent.derive(form)
    word = {4: np.uint32, 8: np.uint64}[np.dtype(kind).itemsize]
    d = np.concatenate([np.linspace(1, 2, 5000), np.linspace(1, 2, 77) * 2.0**40]).astype(kind)
    guess = (word(a.mirror) - d.view(word)).view(kind).astype(float)
    inverse = guess * (2 - guess * d)
    seen, proved = np.max(np.abs(1 - inverse * d)), float(arctangent.reciprocal_error(a).upper())
    assert 0.8 * proved < seen <= proved


@FORMS
def test_the_ranges_leave_no_gap(form):
    """Scales of atan2 bring every remainder of a division to where it does not underflow."""
    a = arctangent.derive(form)
    least = fmpq(1, 2) ** (form.stored - form.least)
    assert least * a.grow >= a.small / 4  # the least number has few digits
    assert a.small * a.grow < 1
    assert a.small * fmpq(1, 2) ** (2 * form.precision) >= least / 2
