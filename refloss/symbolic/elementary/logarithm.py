"""Logarithms: ``log(2^k (1 + f)) = k ln 2 + log(1 + f)`` with `f` from -1/4 to 1/2.

Lemma for ``log``. The significand ``m`` in [3/4, 3/2) is a multiple of ``2**-p``, of ``2**(1 - p)``
from 1 on, so ``f = m - 1`` is a number of the format.

Lemma for ``log1p``. Where ``-1/4 < x < 1/2``, ``k = 0`` and ``f = x``. Elsewhere `k` is read off
``1 + x`` rounded, and ``f = 2^-k x + (2^-k - 1)``. The rounding of ``1 + x`` moves no `x` past
the ends of that interval, and ``2^-k x`` is a multiple of ``2**-p``, as a look at each binade of
`x` shows; ``2^-k - 1`` is one for ``k <= p``, and a multiple below 1 has `p` bits. For larger `k`
the text takes -1 for ``2^-k - 1``: `prove` counts what that leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, fmpq

from refloss.symbolic.elementary.arithmetic import Arithmetic, Quantity
from refloss.symbolic.elementary.bounds import Bounds, decades, evenly, exactly, span, ulps
from refloss.symbolic.elementary.fitting import Approximation, fit
from refloss.symbolic.elementary.formats import Format, nearest, power
from refloss.symbolic.elementary.lines import Lines
from refloss.symbolic.elementary.series import LOGARITHM

DEGREES = {"float": 8, "double": 19}
#: Where `f` lies; a rounded ``1 + x`` steps `k` a little early or late.
LOW, HIGH = -fmpq(1, 4) * (1 + power(-20)), fmpq(1, 2) * (1 + power(-20))
#: Pieces in a binade of `f`.
FINE = 24


@dataclass(frozen=True)
class Logarithm:
    """The numbers of the texts in one format.

    Parameters
    ----------
    form : Format
        The format.
    high, low : fmpq
        ln 2 as a sum; ``k*high`` is exact for every `k`.
    curve : Approximation
        ``(log(1 + f) - f + f^2/2)/f^3``.
    """

    form: Format
    high: fmpq
    low: fmpq
    curve: Approximation

    @property
    def largest(self) -> int:
        """The largest magnitude of `k`."""
        return self.form.precision - self.form.least

    @property
    def tiny(self) -> fmpq:
        """Below this, ``log1p(x)`` is `x` to a small part of a unit in the last place."""
        return power(-self.form.precision - 4)


def derive(form: Format) -> Logarithm:
    """Return the logarithms of a format."""
    ln2 = arb(2).log()
    digits = form.precision - (form.precision - form.least).bit_length()
    high = nearest(ln2, digits)
    curve = fit(LOGARITHM, form, LOW, HIGH, DEGREES[form.name], 2)
    return Logarithm(form, high, nearest(ln2 - high, form.precision), curve)


def core(
    F: Arithmetic[Quantity], g: Logarithm, f: Quantity, k: Quantity
) -> tuple[Quantity, Quantity]:
    """Return ``k ln 2 + log(1 + f)`` as a sum of two."""
    half = F.let("half", F.mul_exactly(F.constant(fmpq(-1, 2)), f))
    square = F.let("square", F.mul(f, f))
    near, lost = F.fma_with_rest(("near", "lost"), half, f)
    curve = F.horner("curve", f, g.curve.coefficients)
    cube = F.let("cube", F.mul(f, curve), "the rest, over f^2")
    tail = F.let("tail", F.fma(square, cube, lost))
    steps = F.let("steps", F.mul_exactly(k, F.constant(g.high)), "exact")
    s, shed = F.fast_two_sum(("s", "shed"), steps, near)
    rest = F.let("rest", F.fma(k, F.constant(g.low), tail))
    return s, F.let("small", F.add(rest, shed))


def prove(g: Logarithm) -> arb:
    """Return a bound on the error of both logarithms in units in the last place."""
    assert (g.high / power(-g.form.precision + g.largest.bit_length())).q == 1
    distance, worst = g.curve.distance(), arb(0)
    for low, high in decades(-g.form.precision - 4, HIGH, FINE):
        for ends in ((low, high), (-high, -low)):
            if ends[0] >= LOW:
                worst = worst.max(_piece(g, distance, ends, arb(0)))
    for k in _classes(g.largest):
        for ends in evenly(LOW, HIGH, FINE if abs(k) > 1 else 4 * FINE):
            worst = worst.max(_piece(g, distance, ends, k))
    return worst.max(fmpq(1, 2) + arb(g.tiny) * power(g.form.precision))  # log1p(x) = x


def _classes(largest: int) -> list[arb]:
    """Return balls that hold every `k` but 0."""
    classes, low = [], 1
    while low <= largest:
        high = 2 * low - 1
        classes += [span(fmpq(low), fmpq(high)), span(fmpq(-high), fmpq(-low))]
        low = high + 1
    return classes


def _piece(g: Logarithm, distance: arb, ends: tuple[fmpq, fmpq], k: arb) -> arb:
    low, high = ends
    f, ln2 = exactly(span(low, high)), arb(2).log()
    _, small = core(Bounds(g.form), g, f, exactly(k))
    truth = k * ln2 + span(arb(low).log1p(), arb(high).log1p())
    missing = distance * max(abs(low), abs(high)) + abs(k) * abs(ln2 - g.high - g.low)
    if k > g.form.precision // 2:  # 2^-k, where log1p leaves it out
        missing += arb(power(-g.form.precision - 1)) * fmpq(4, 3)
    return ulps(g.form, truth, small.error + arb(missing.abs_upper()))


def core_text(g: Logarithm) -> list[str]:
    """Return the body of ``log_of_parts_(f, k)``, which both logarithms share."""
    F = Lines(g.form)
    F.line(f"return {F.add(*core(F, g, 'f', 'k'))};")
    return F.lines


def log_text(g: Logarithm) -> list[str]:
    """Return the body of ``log_(x)``."""
    form, F = g.form, Lines(g.form)
    least, shift = F.constant(power(form.least)), form.precision + 1
    F.let_bool("subnormal", f"x < {least}")
    F.let("large", f"subnormal ? x*{F.constant(power(shift))} : x")
    F.let("less", f"subnormal ? {F.constant(shift)} : {F.constant(0)}")
    _split(F, "large", " - less")
    first = F.word(form.bits(fmpq(3, 4)))
    F.let("f", f"real_of((bits & {_mantissa(F)}) + {first}) - {F.constant(1)}", "exact")
    F.let("y", "log_of_parts_(f, k)")
    _ends_of_range(F, "y", 0)
    return F.lines


def log1p_text(g: Logarithm) -> list[str]:
    """Return the body of ``log1p_(x)``."""
    form, F = g.form, Lines(g.form)
    one, bits_of_one, tiny = F.constant(1), F.word(form.bits(fmpq(1))), F.constant(g.tiny)
    low, high = F.constant(fmpq(-1, 4)), F.constant(fmpq(1, 2))
    F.let_bool("near", f"(x > {low}) & (x < {high})")
    F.let("u", f"near ? {one} : {one} + x", "k is read off this")
    _split(F, "u", "")
    F.let_word("scale", f"(bits & ~{_mantissa(F)}) - {bits_of_one}", "as an exponent, k")
    F.let("scaled", "real_of(word_of(x) - scale)", "x/2^k")
    F.let_bool("few", f"u < {F.constant(power(form.precision + 1))}")
    F.let("shift", f"few ? real_of({bits_of_one} - scale) - {one} : -{one}", "2^-k - 1")
    F.let("f", "scaled + shift", "exact")
    F.let("y", "log_of_parts_(f, k)")
    F.let("z", f"(x > -{tiny}) & (x < {tiny}) ? x : y")
    _ends_of_range(F, "z", -1)
    return F.lines


def _mantissa(F: Lines) -> str:
    return F.word((1 << F.form.stored) - 1)


def _split(F: Lines, name: str, less: str) -> None:
    """Write lines that read `k` off the bits of a positive normal number."""
    form = F.form
    ahead = F.word(form.bits(fmpq(1)) - form.bits(fmpq(3, 4)))
    F.let_word("bits", f"word_of({name}) + {ahead}", "the exponent steps at 3/4")
    biased = f"real_of((bits >> {form.stored}) + {F.word(form.bits(form.magic))})"
    F.let("k", f"{biased} - {F.constant(form.magic + form.most)}{less}")


def _ends_of_range(F: Lines, y: str, pole: int) -> None:
    """Write lines that give what lies at and beyond the ends of the domain."""
    form, at = F.form, F.constant(pole)
    F.let("infinity", f"real_of({F.word(form.infinity)})")
    F.let("none", f"real_of({F.word(form.infinity | 1 << (form.stored - 1))})", "NaN")
    F.line(f"return x > {at} ? (x < infinity ? {y} : x) : x == {at} ? -infinity : none;")
