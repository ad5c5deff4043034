"""Sine and cosine: ``x = n pi/2 + r`` with ``|r| <= pi/4``, of angles up to `REACH`.

pi/2 is a sum of three numbers, and r of two, `head` and `low`: it keeps its digits where x is next
to a multiple of pi/2, and nothing is left of the first difference but one or two bits.

Lemma (`reduced_exactly`). The first part of pi/2 is a multiple of ``2**(1 - p)`` and, where n is
not 0, x is one of ``2**-p``: a multiple of that below 1 has `p` bits, and ``x - n first`` does not
round. The second part has so few bits that `n` times it does not round either, and it is less than
``2**-p``: the last place of the product is below that grid, so what the difference of both loses is
a number of the format and is what Dekker's fast sum gives, whichever of them is larger.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from refloss.symbolic.elementary.arithmetic import Arithmetic, Quantity
from refloss.symbolic.elementary.bounds import (
    Bound,
    Bounds,
    around,
    decades,
    exactly,
    span,
    ulps,
)
from refloss.symbolic.elementary.fitting import Approximation, fit
from refloss.symbolic.elementary.formats import Format, exponent_of, nearest, power
from refloss.symbolic.elementary.lines import Lines
from refloss.symbolic.elementary.series import COSINE, SINE

DEGREES = {"float": 3, "double": 6}
#: The largest angle.
REACH = 64
#: Pieces in a binade of `head`.
FINE = 16


@dataclass(frozen=True)
class Circular:
    """The numbers of the text in one format.

    Parameters
    ----------
    form : Format
        The format.
    inverse : fmpq
        2/pi.
    first, second, third : fmpq
        pi/2 as a sum.
    radius : fmpq
        What ``|r|`` stays below.
    sine, cosine : Approximation
        ``(sin(t) - t)/t^3`` and ``(cos(t) - 1 + t^2/2)/t^4`` in ``t^2``.
    """

    form: Format
    inverse: fmpq
    first: fmpq
    second: fmpq
    third: fmpq
    radius: fmpq
    sine: Approximation
    cosine: Approximation

    @property
    def steps(self) -> int:
        """The largest `n`."""
        return int(REACH * self.inverse * 2 + 1) // 2

    @property
    def tiny(self) -> fmpq:
        """Below this, ``sin(x)`` is `x` to a small part of a unit in the last place."""
        return power(-(self.form.precision // 2) - 2)

    @property
    def lacks(self) -> arb:
        """What the three parts lack of pi/2."""
        return abs(arb.pi() / 2 - self.first - self.second - self.third)


def derive(form: Format) -> Circular:
    """Return sine and cosine of a format."""
    p, quarter = form.precision, arb.pi() / 2
    inverse = nearest(1 / quarter, p)
    first = nearest(quarter, p)
    second = nearest(quarter - first, p - (2 * REACH).bit_length())
    third = nearest(quarter - first - second, p)
    radius = nearest(quarter / 2 * (1 + power(-16)), p)
    end, degree = radius**2, DEGREES[form.name]
    sine, cosine = (fit(each, form, fmpq(0), end, degree, 1) for each in (SINE, COSINE))
    return Circular(form, inverse, first, second, third, radius, sine, cosine)


def reduced_exactly(c: Circular) -> bool:
    """Check the lemma above."""
    grid, quarter = power(-c.form.precision), arb.pi() / 2
    least = quarter / 2 * (1 - power(-8))  # of |x| where n is not 0
    misplaced = abs(c.inverse - 1 / quarter) * REACH * quarter
    return (
        (c.first / (2 * grid)).q == 1
        and bool(least > fmpq(1, 2))
        and bool(quarter / 2 + misplaced < c.radius)
        and c.radius < 1
        and abs(c.second) <= grid
        and nearest(c.second * c.steps, c.form.precision) == c.second * c.steps
    )


def closest(c: Circular) -> int:
    """Return an exponent of two below the distance of any angle from a multiple of pi/2."""
    distances = []
    for n in range(1, c.steps + 1):
        angle = n * arb.pi() / 2
        distances.append(arb(abs(nearest(angle, c.form.precision) - angle).abs_lower()))
    return min(map(exponent_of, distances)) - 1


def core(
    F: Arithmetic[Quantity], c: Circular, head: Quantity, low: Quantity
) -> tuple[tuple[Quantity, Quantity], tuple[Quantity, Quantity]]:
    """Return sine and cosine of ``head + low``, each as a sum of two."""
    square = F.let("square", F.mul(head, head))
    sines = F.horner("sines", square, c.sine.coefficients)
    cube = F.let("cube", F.mul(head, square))
    drop = F.let("drop", F.mul_exactly(F.constant(fmpq(-1, 2)), square))
    slope = F.let("slope", F.fma(drop, low, low), "low cos(head)")
    bend = F.let("bend", F.fma(cube, sines, slope))
    cosines = F.horner("cosines", square, c.cosine.coefficients)
    fourth = F.let("fourth", F.mul(square, square))
    half = F.let("half", F.mul_exactly(F.constant(fmpq(1, 2)), head))
    whole, lost = F.one_less(("whole", "gone"), half, head)
    turn = F.let("turn", F.fma(F.neg(head), low, lost), "low sin(head) less")
    rest = F.let("rest", F.fma(fourth, cosines, turn))
    return (head, bend), (whole, rest)


def prove(c: Circular) -> arb:
    """Return a bound on the error of both in units in the last place.

    Sums and products round alike whatever their signs are, so a positive `head` stands for both.
    """
    assert reduced_exactly(c)
    form, none = c.form, exactly(0)
    off = c.sine.distance(), c.cosine.distance()
    worst = fmpq(1, 2) + arb(c.tiny) ** 2 / 6 * power(form.precision)  # sin(x) = x
    pieces = decades(exponent_of(arb(c.tiny)) - 1, c.radius, FINE)
    for ends in pieces:
        worst = worst.max(_sine(c, off[0], ends, none)).max(_cosine(c, off[1], ends, none))
    worst = worst.max(_cosine(c, off[1], (fmpq(0), pieces[-1][0]), none))
    for ends in decades(closest(c), c.radius, FINE):
        low = _late(c, ends)
        worst = worst.max(_sine(c, off[0], ends, low)).max(_cosine(c, off[1], ends, low))
    return worst


def _late(c: Circular, ends: tuple[fmpq, fmpq]) -> Bound:
    F = Bounds(c.form)
    lost = exactly(around(c.form.half_ulp(span(*ends))))
    return F.fma(exactly(around(fmpq(c.steps))), F.constant(-c.third), lost)


def _sine(c: Circular, distance: arb, ends: tuple[fmpq, fmpq], low: Bound) -> arb:
    head, high = exactly(span(*ends)), arb(ends[1])
    (_, tail), _ = core(Bounds(c.form), c, head, low)
    missing = distance * high + low.top * (high**4 / 24 + low.top) + c.steps * c.lacks
    return ulps(c.form, (head.value + low.value).sin(), tail.error + missing)


def _cosine(c: Circular, distance: arb, ends: tuple[fmpq, fmpq], low: Bound) -> arb:
    head, high = exactly(span(*ends)), arb(ends[1])
    _, (_, tail) = core(Bounds(c.form), c, head, low)
    missing = distance * high**2 + low.top * (high**3 / 6 + low.top) + c.steps * c.lacks
    return ulps(c.form, (head.value + low.value).cos(), tail.error + missing)


def core_text(c: Circular) -> list[str]:
    """Return the body of ``sine_after_(x, quarters)``, the sine of ``x + quarters pi/2``."""
    form, F = c.form, Lines(c.form)
    magic = F.constant(form.magic)
    F.let("stepped", F.fma("x", F.constant(c.inverse), magic), "n in its last bits")
    F.let("n", f"stepped - {magic}")
    F.let("near", F.fma("n", F.constant(-c.first), "x"), "exact")
    F.let("far", F.mul_exactly("n", F.constant(-c.second)), "exact")
    head, lost = F.fast_two_sum(("head", "lost"), "near", "far")
    F.let("low", F.fma("n", F.constant(-c.third), lost))
    sine, cosine = core(F, c, head, "low")
    F.let("sine", F.add(*sine))
    F.let("cosine", F.add(*cosine))
    F.let_word("turns", "word_of(stepped) + quarters", "n in its last bits")
    F.let("value", f"(turns & {F.word(1)}) != 0 ? cosine : sine")
    places = form.sign.bit_length() - 2
    F.line(f"return real_of(word_of(value) ^ ((turns & {F.word(2)}) << {places}));")
    return F.lines


def sin_text(c: Circular) -> list[str]:
    """Return the body of ``sin_(x)``."""
    F = Lines(c.form)
    tiny = F.constant(c.tiny)
    F.let("y", f"sine_after_(x, {F.word(0)})")
    F.let("z", f"(x > -{tiny}) & (x < {tiny}) ? x : y", "-0 too")
    _bounded(F, "z")
    return F.lines


def cos_text(c: Circular) -> list[str]:
    """Return the body of ``cos_(x)``."""
    F = Lines(c.form)
    F.let("y", f"sine_after_(x, {F.word(1)})")
    _bounded(F, "y")
    return F.lines


def _bounded(F: Lines, y: str) -> None:
    """Write lines that give NaN beyond the largest angle."""
    form, reach = F.form, F.constant(REACH)
    F.let("none", f"real_of({F.word(form.infinity | 1 << (form.stored - 1))})", "NaN")
    F.line(f"return (x >= -{reach}) & (x <= {reach}) ? {y} : none;")
