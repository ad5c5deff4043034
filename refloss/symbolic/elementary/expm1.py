"""The exponential less one: ``exp(x) - 1 = 2^n (exp(r) - 2^-n)``, reduced as `exponential` has it.

``1 - 2^-n`` is `shift`, and what that loses is `late`: 0 up to ``|n| = p``. To `shift` is added
``exp(r) - 1``, which is as small as x is where ``n = 0``, and `shift` is then 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flint import arb, fmpq

from refloss.symbolic.elementary import exponential
from refloss.symbolic.elementary.arithmetic import Arithmetic, Quantity
from refloss.symbolic.elementary.bounds import (
    Bound,
    Bounds,
    around,
    decades,
    evenly,
    exactly,
    span,
    ulps,
)
from refloss.symbolic.elementary.exponential import Exponential
from refloss.symbolic.elementary.fitting import fit
from refloss.symbolic.elementary.formats import Format, power
from refloss.symbolic.elementary.lines import Lines
from refloss.symbolic.elementary.series import EXPONENTIAL

DEGREES = {"float": 5, "double": 11}
#: Pieces in a binade of `r` where ``n = 0``, and pieces elsewhere.
FINE, PIECES = 16, 96
#: Bits beyond the precision at which ``2^-n`` beside 1, or 1 beside it, is left out.
SPARE = 8


def derive(form: Format) -> Exponential:
    """Return the numbers of a format; below `least` the result is nearly -1."""
    e = exponential.derive(form)
    degree = DEGREES[form.name]
    curve = fit(EXPONENTIAL, form, -e.radius, e.radius, degree, 1, [fmpq(1, 2)])
    least = -exponential.above((form.precision + 3) * arb(2).log())
    return replace(e, curve=curve, least=least, below="-1 there")


def tiny(form: Format) -> fmpq:
    """Return what the result is x below, to a small part of a unit in the last place."""
    return power(-form.precision - 4)


def core(
    F: Arithmetic[Quantity],
    e: Exponential,
    n: Quantity,
    shift: Quantity,
    late: Quantity,
    reduced: Quantity,
) -> tuple[Quantity, Quantity]:
    """Return ``exp(r) - 2^-n`` as a sum of two; ``shift + late`` is ``1 - 2^-n``.

    `reduced` is without error, and the exponential of what r has more is a factor: it is the slope
    of the exponential times that.
    """
    s, lost = F.fast_two_sum(("s", "lost"), shift, reduced)
    square = F.let("square", F.mul(reduced, reduced))
    curve = F.horner("curve", reduced, e.curve.coefficients)
    slope = F.let("slope", F.fma(square, curve, F.add(F.constant(1), reduced)))
    more = F.let("more", F.mul(n, F.constant(-e.low)), "r - reduced")
    small = F.let("small", F.add(F.fma(more, slope, lost), late))
    return s, F.let("tail", F.fma(square, curve, small))


def prove(e: Exponential) -> arb:
    """Return a bound on the error in units in the last place."""
    assert exponential.reduced_exactly(e)
    form, distance = e.form, e.curve.distance()
    worst = fmpq(1, 2) + arb(tiny(form)) * power(form.precision)  # expm1(x) = x
    none = exactly(0)
    for low, high in decades(-form.precision - 4, e.radius, FINE):
        for ends in ((low, high), (-high, -low)):
            worst = worst.max(_piece(e, distance, ends, none, none, none))
    for n, shift, late, omitted in _classes(e):
        for ends in evenly(-e.radius, e.radius, PIECES):
            worst = worst.max(_piece(e, distance + omitted, ends, n, shift, late))
    return worst


def _classes(e: Exponential) -> Iterator[tuple[Bound, Bound, Bound, arb]]:
    """Yield `n`, `shift` and `late` for all `n` but 0, and what they leave out."""
    p = e.form.precision
    none, one = exactly(0), exactly(1)
    for low, high in _spans(p):
        fall, rise = span(power(-high), power(-low)), span(power(low), power(high))
        yield exactly(span(fmpq(low), fmpq(high))), exactly(1 - fall), none, arb(0)
        yield exactly(span(fmpq(-high), fmpq(-low))), exactly(1 - rise), none, arb(0)
    fall = span(power(-p - SPARE), power(-p - 1))
    yield exactly(span(fmpq(p + 1), fmpq(p + SPARE))), one, exactly(-fall), arb(0)
    steps = fmpq(e.form.most + 2)
    yield exactly(span(fmpq(p + SPARE), steps)), one, none, arb(power(-p - SPARE))
    for n in range(p + 1, p + 6):  # the least argument is one of these, and exp(x) less below it
        shift, late = exactly(-power(n) + around(fmpq(1))), exactly(around(fmpq(1)))
        yield exactly(-n), shift, late, arb(power(n - p - 3))


def _spans(largest: int) -> Iterator[tuple[int, int]]:
    """Yield ends of runs of the numbers from 1 to `largest`, each twice as long."""
    low = 1
    while low <= largest:
        yield low, min(2 * low - 1, largest)
        low *= 2


def _piece(
    e: Exponential, distance: arb, ends: tuple[fmpq, fmpq], n: Bound, shift: Bound, late: Bound
) -> arb:
    s, tail = core(Bounds(e.form), e, n, shift, late, exactly(span(*ends)))
    steps = arb(n.value.abs_upper())
    missing = distance * (max(map(abs, ends)) if n.value == 0 else 1)
    missing += 2 * steps * abs(arb(2).log() - e.high - e.low) + (steps * e.low) ** 2
    if n.value == 0:
        truth = span(arb(ends[0]).expm1(), arb(ends[1]).expm1())
    else:
        truth = s.value + tail.value
    return ulps(e.form, truth, tail.error + missing)


def text(e: Exponential) -> list[str]:
    """Return the body of ``expm1_(x)``."""
    form, F = e.form, Lines(e.form)
    zero, one, small = F.constant(0), F.constant(1), F.constant(tiny(form))
    exponential.reduce(F, e)
    F.let_word("both", exponential.twice_scale(F), f"n + {2 * form.most}")
    F.let_bool("few", f"n < {F.constant(form.precision + SPARE)}")
    inverse = f"real_of(({F.word(3 * form.most)} - both) << {form.stored})"
    F.let("inverse", f"few ? {inverse} : {zero}", "2^-n")
    F.let_bool("grows", f"n >= {zero}")
    F.let("large", f"grows ? {one} : -inverse")
    F.let("less", f"grows ? -inverse : {one}")
    shift, late = F.fast_two_sum(("shift", "late"), "large", "less")
    F.let("y", F.add(*core(F, e, "n", shift, late, "reduced")))
    F.line(f"return (x > -{small}) & (x < {small}) ? x : {exponential.scaled(F)};")
    return F.lines
