"""The exponential: ``exp(x) = 2^n exp(r)`` with ``r = x - n ln 2`` and ``|r| <= ln(2)/2``.

Lemma (`reduced_exactly`). With `high` the number nearest to ln 2, ``x - n high`` is a number of the
format: for ``n != 0``, ``|x| > 1/4``, so `x` and `high` are multiples of ``2**-(p + 1)``, and a
multiple of that below 1/2 has `p` bits. So the fused multiply-add that computes it does not round.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from refloss.symbolic.elementary.arithmetic import Arithmetic, Quantity
from refloss.symbolic.elementary.bounds import Bounds, around, evenly, exactly, span, ulps
from refloss.symbolic.elementary.fitting import Approximation, fit
from refloss.symbolic.elementary.formats import Format, nearest, power, rational
from refloss.symbolic.elementary.lines import Lines
from refloss.symbolic.elementary.series import EXPONENTIAL

DEGREES = {"float": 5, "double": 10}
PIECES = 192


@dataclass(frozen=True)
class Exponential:
    """The numbers of the text in one format.

    Parameters
    ----------
    form : Format
        The format.
    log2e, high, low : fmpq
        1/ln 2, and ln 2 as a sum.
    least, most : fmpq
        Beyond these the result is that of the end.
    radius : fmpq
        What ``|r|`` stays below.
    curve : Approximation
        ``(exp(r) - 1 - r)/r^2``.
    below : str
        What the result is below the least argument.
    """

    form: Format
    log2e: fmpq
    high: fmpq
    low: fmpq
    least: fmpq
    most: fmpq
    radius: fmpq
    curve: Approximation
    below: str = "zero there"


def derive(form: Format) -> Exponential:
    """Return the exponential of a format."""
    p, ln2 = form.precision, arb(2).log()
    high = nearest(ln2, p)
    low = nearest(ln2 - high, p)
    log2e = nearest(1 / ln2, p)
    least, most = -above((p - form.least + 1) * ln2), above((form.most + 1) * ln2)
    radius = _radius(log2e, -least)
    degree = DEGREES[form.name]
    curve = fit(EXPONENTIAL, form, -radius, radius, degree, 2, [fmpq(1, 2)])
    return Exponential(form, log2e, high, low, least, most, radius, curve)


def above(value: arb) -> fmpq:
    """Return the next integer above."""
    integer = value.ceil().unique_fmpz()
    assert integer is not None
    return fmpq(integer)


def _radius(log2e: fmpq, largest: fmpq) -> fmpq:
    """Return a bound on ``|x - n ln 2|``: half a step, and what `log2e` misplaces a step by."""
    ln2 = arb(2).log()
    misplaced = abs(log2e - 1 / ln2) * largest
    return rational(((fmpq(1, 2) + misplaced) * ln2 * (1 + power(-16))).mid())


def reduced_exactly(e: Exponential) -> bool:
    """Check the lemma above."""
    grid = power(-e.form.precision - 1)
    least = (fmpq(1, 2) - (e.radius - e.high / 2)) * e.high  # of |x| where n is not 0
    return (e.high / grid).q == 1 and least > fmpq(1, 4) and e.radius < fmpq(1, 2)


def core(
    F: Arithmetic[Quantity], e: Exponential, n: Quantity, reduced: Quantity, r: Quantity
) -> tuple[Quantity, Quantity]:
    """Return ``exp(r)`` as a sum of two; `reduced` is `r` without the low part of ln 2."""
    s, lost = F.fast_two_sum(("s", "lost"), F.constant(1), reduced)
    square = F.let("square", F.mul(r, r))
    curve = F.horner("curve", r, e.curve.coefficients)
    tail = F.let("tail", F.fma(square, curve, lost))
    tail = F.let("rest", F.fma(n, F.constant(-e.low), tail))
    return s, tail


def prove(e: Exponential) -> tuple[arb, arb]:
    """Return bounds on the error in units in the last place, of normal and of subnormal results.

    A subnormal result is rounded again, to a unit that is twice as large at least.
    """
    assert reduced_exactly(e)
    form, ln2 = e.form, arb(2).log()
    steps = arb(form.precision - form.least + 2)
    missing = e.curve.distance() + 2 * steps * abs(ln2 - e.high - e.low)
    F, worst = Bounds(form), arb(0)
    n = exactly(around(steps))
    for low, high in evenly(-e.radius, e.radius, PIECES):
        reduced = exactly(span(low, high))
        r = F.fma(n, F.constant(-e.low), reduced)
        s, tail = core(F, e, n, reduced, r)
        total = s.value + tail.value
        worst = worst.max(ulps(form, total, tail.error + missing))
    return worst, worst.max(fmpq(1, 2) + worst / 2)


def reduce(F: Lines, e: Exponential) -> None:
    """Write lines that name `n` and `reduced`, `r` without the low part of ln 2."""
    magic, most, least = (F.constant(c) for c in (e.form.magic, e.most, e.least))
    F.let("capped", f"x > {most} ? {most} : x", "infinite there")
    F.let("x1", f"capped < {least} ? {least} : capped", e.below)
    F.let("stepped", F.fma("x1", F.constant(e.log2e), magic), "n in its last bits")
    F.let("n", f"stepped - {magic}")
    F.let("reduced", F.fma("n", F.constant(-e.high), "x1"), "exact")


def twice_scale(F: Lines) -> str:
    """Return n and twice the bias of exponents, read off the bits of `stepped`."""
    form = F.form
    offset = (2 * form.most - form.bits(form.magic)) % (2 * form.sign)
    return f"word_of(stepped) + {F.word(offset)}"


def scaled(F: Lines) -> str:
    """Name half of the exponent in `both`, and return ``2^n y``."""
    F.let_word("half", "both >> 1", "2^n as a product of two")
    first, second = (f"real_of({k} << {F.form.stored})" for k in ("half", "(both - half)"))
    return f"y*{first}*{second}"


def text(e: Exponential) -> list[str]:
    """Return the body of ``exp_(x)``."""
    F = Lines(e.form)
    reduce(F, e)
    F.let("r", F.fma("n", F.constant(-e.low), "reduced"))
    F.let("y", F.add(*core(F, e, "n", "reduced", "r")))
    F.let_word("both", twice_scale(F), f"n + {2 * e.form.most}")
    F.line(f"return {scaled(F)};")
    return F.lines
