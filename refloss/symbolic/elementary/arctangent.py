"""The angle of a point: ``atan2(y, x) = j pi/4 + atan(t)``, up to signs, with ``|t| <= tan(pi/8)``.

With ``a >= b`` the magnitudes of the coordinates, ``t = b/a`` or, past the angle pi/8,
``t = (b - a)/(a + b)``, which lies pi/4 behind. Numerator and denominator lose what their
additions round off, and so does the quotient. All three are known: the remainder of a division is
a number of the format (its fused multiply-add is exact), and so are the losses of the sums. Their
sum over the denominator, `late`, is what `t` lacks, and

    atan(t + late) = atan(t) + late (1 - t^2) + less than late (t^4 + late).

The reciprocal in `late` needs few digits: one subtraction of bit patterns gives three, and a step
of Newton's squares their error.

Where `t` is tiny and nothing is added to it, the quotient, rounded once even where it is subnormal,
is the result; `late` is then left out, since the remainder may underflow.
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
    evenly,
    exactly,
    span,
    ulps,
)
from refloss.symbolic.elementary.fitting import Approximation, fit
from refloss.symbolic.elementary.formats import Format, nearest, power
from refloss.symbolic.elementary.lines import Lines
from refloss.symbolic.elementary.series import ARCTANGENT

DEGREES = {"float": 4, "double": 11}
#: Pieces in a binade of `t`.
FINE = 16

#: Quarters of pi that are added, whether `t` is turned round, and whether it is past pi/8, of the
#: eight octants.
OCTANTS = (
    (0, 1, False),
    (1, 1, True),
    (1, -1, True),
    (2, -1, False),
    (2, 1, False),
    (3, 1, True),
    (3, -1, True),
    (4, -1, False),
)


@dataclass(frozen=True)
class Arctangent:
    """The numbers of the text in one format.

    Parameters
    ----------
    form : Format
        The format.
    tangent : fmpq
        tan(pi/8).
    high, low : fmpq
        pi/4 as a sum; ``j*high`` is exact for every `j` up to 4.
    mirror : int
        Less the bits of a number, the bits of nearly its reciprocal.
    curve : Approximation
        ``(atan(t) - t)/t^3`` in ``t^2``.
    """

    form: Format
    tangent: fmpq
    high: fmpq
    low: fmpq
    mirror: int
    curve: Approximation

    @property
    def radius(self) -> fmpq:
        """What ``|t|`` stays below: the comparison with `tangent` rounds."""
        return self.tangent * (1 + power(6 - self.form.precision))

    @property
    def tiny(self) -> fmpq:
        """Below this, ``atan(t)`` is `t` to a small part of a unit in the last place."""
        return power(-(self.form.precision // 2) - 2)

    @property
    def huge(self) -> fmpq:
        """From here on both coordinates are scaled down; those that underflow count for nothing."""
        return power(self.form.most - 23)

    @property
    def small(self) -> fmpq:
        """Below this both coordinates are scaled up, lest remainders underflow."""
        return power(self.form.least + 2 * self.form.precision)

    @property
    def shrink(self) -> fmpq:
        """The scale of huge coordinates."""
        return power(-24)

    @property
    def grow(self) -> fmpq:
        """The scale of small coordinates: enough for the least number, not too much for `small`."""
        return power(3 * self.form.precision)


def derive(form: Format) -> Arctangent:
    """Return the arctangent of a format."""
    p, quarter = form.precision, arb.pi() / 4
    tangent = nearest((arb.pi() / 8).tan(), p)
    high = nearest(quarter, p - 2)
    low = nearest(quarter - high, p)
    end = (tangent * (1 + power(6 - p))) ** 2
    curve = fit(ARCTANGENT, form, fmpq(0), end, DEGREES[form.name], 1)
    mirror = 2 * form.bits(fmpq(1)) - (form.bits(fmpq(17, 16)) - form.bits(fmpq(1)))
    return Arctangent(form, tangent, high, low, mirror, curve)


def core(
    F: Arithmetic[Quantity],
    a: Arctangent,
    t: Quantity,
    late: Quantity,
    turn: Quantity,
    j: Quantity,
) -> tuple[Quantity, Quantity]:
    """Return ``j pi/4 + turn*(atan(t) + late/(1 + t^2))`` as a sum of two."""
    square = F.let("square", F.mul(t, t))
    curve = F.horner("curve", square, a.curve.coefficients)
    cube = F.let("cube", F.mul(t, square))
    slope = F.let("slope", F.fma(F.neg(square), late, late), "late/(1 + t^2)")
    bend = F.let("bend", F.fma(cube, curve, slope))
    quarters = F.let("quarters", F.mul_exactly(j, F.constant(a.high)), "exact")
    turned = F.let("turned", F.mul_exactly(turn, t))
    s, lost = F.fast_two_sum(("s", "lost"), quarters, turned)
    tail = F.let("tail", F.fma(j, F.constant(a.low), F.mul_exactly(turn, bend)))
    return s, F.let("rest", F.add(tail, lost))


def reciprocal_error(a: Arctangent) -> arb:
    """Return a bound on the relative error of the reciprocal in the text.

    In ``d = 2^e (1 + f)`` the bits are linear in `f`, so are those of the difference: in each half
    of a binade the guess is a line in `f`. The step of Newton's squares its error.
    """
    form, worst = a.form, arb(0)
    shift = fmpq(a.mirror - 2 * form.bits(fmpq(1)), 1 << form.stored)  # of the exponent, in units
    for low, high in evenly(fmpq(0), fmpq(1), 256):
        f = span(low, high)
        level = shift - f  # the guess is 2^floor(level) (1 + level - floor(level)) / 2^e
        lines = ((level + 1 + 1) / 2, (level + 2 + 1) / 4)
        used = [g for g, floor in zip(lines, (-1, -2), strict=True) if _reaches(level, floor)]
        worst = max([worst, *(arb(abs(1 - (1 + f) * g).upper()) for g in used)], key=_upper)
    return worst**2 + 8 * arb(power(-form.precision))


def _reaches(level: arb, floor: int) -> bool:
    return bool(level.upper() >= floor) and bool(level.lower() <= floor + 1)


def _upper(value: arb) -> float:
    return float(value.upper())


def prove(a: Arctangent) -> arb:
    """Return a bound on the error in units in the last place, subnormal results included."""
    distance, inverse = a.curve.distance(), reciprocal_error(a)
    assert (a.high * power(a.form.precision - 2)).q == 1
    worst = fmpq(1, 2) + arb(a.tiny) ** 2 / 3 * power(a.form.precision)  # atan(t) = t
    pieces = decades(-_bits(a.tiny), a.radius, FINE)
    for octant in OCTANTS:
        for ends in pieces if octant[0] == 0 else [(fmpq(0), pieces[-1][0]), *pieces]:
            worst = worst.max(_piece(a, distance, inverse, octant, ends))
    return worst


def _bits(small: fmpq) -> int:
    return int(small.q).bit_length() - 1


def _piece(
    a: Arctangent,
    distance: arb,
    inverse: arb,
    octant: tuple[int, int, bool],
    ends: tuple[fmpq, fmpq],
) -> arb:
    (j, turn, past), (low, high) = octant, ends
    t = exactly(span(-high, -low) if past else span(low, high))
    # Each of quotient, numerator and denominator rounds by half a unit at most.
    reach = arb((3 if past else 1) * high * power(-a.form.precision)) * (1 + fmpq(1, 1000))
    off = inverse + 16 * power(-a.form.precision) if low > 0 else arb(1)  # it may be left out
    late = Bound(around(reach), reach * off)
    _, rest = core(Bounds(a.form), a, t, late, exactly(turn), exactly(j))
    truth = j * arb.pi() / 4 + turn * (t.value + around(reach)).atan()
    missing = distance * high + reach * (arb(high) ** 4 + reach)
    missing += j * abs(arb.pi() / 4 - a.high - a.low)
    return ulps(a.form, truth, rest.error + missing)


def core_text(a: Arctangent) -> list[str]:
    """Return the body of ``angle_of_(a, b, steep, left)``: of the point among eight turned round.

    ``a >= b >= 0`` are the magnitudes of the coordinates; `steep` says that `b` is the horizontal
    one, and `left` that the point lies to the left.
    """
    F = Lines(a.form)
    zero, one = F.constant(0), F.constant(1)
    F.let_bool("past", f"b > {F.constant(a.tangent)}*a", "the angle pi/8")
    F.let("back", f"past ? a : {zero}")
    F.let("more", f"past ? b : {zero}")
    F.let("above", "b - back")
    F.let("below", "a + more")
    F.let("t", "above/below")
    F.let("above_lost", "b - (above + back)", "exact, like the next two")
    F.let("below_lost", "more - (below - a)")
    F.let("left_over", "fma_(-t, below, above)")
    F.let("lacks", "fma_(-t, below_lost, left_over + above_lost)")
    F.let("guess", f"real_of({F.word(a.mirror)} - word_of(below))", "nearly 1/below")
    F.let("inverse", f"fma_(guess, fma_(-guess, below, {one}), guess)")
    F.let_bool("tiny", f"b < {F.constant(a.tiny)}*a")
    F.let("late", f"tiny ? {zero} : lacks*inverse", "the tangent is t + late")
    F.let("upright", f"past ? {one} : {zero}")
    F.let("quadrant", f"steep ? {F.constant(2)} - upright : upright")
    F.let("j", f"left ? {F.constant(4)} - quadrant : quadrant", "quarters of pi")
    F.let("turn", f"steep != left ? -{one} : {one}")
    F.line(f"return {F.add(*core(F, a, 't', 'late', 'turn', 'j'))};")
    return F.lines


def atan2_text(a: Arctangent) -> list[str]:
    """Return the body of ``atan2_(y, x)``."""
    form, F = a.form, Lines(a.form)
    zero, one = F.constant(0), F.constant(1)
    _magnitude(F, "across", "x")
    _magnitude(F, "up", "y")
    F.let_bool("steep", "up > across")
    F.let("longer", "steep ? up : across")
    F.let("shorter", "steep ? across : up")
    huge, small, shrink, grow = (F.constant(c) for c in (a.huge, a.small, a.shrink, a.grow))
    F.let("scale", f"longer > {huge} ? {shrink} : longer < {small} ? {grow} : {one}")
    F.let("infinity", f"real_of({F.word(form.infinity)})")
    F.let_bool("bounded", "longer < infinity")
    F.let("a", f"bounded & (longer > {zero}) ? longer*scale : {one}")
    F.let("b", f"bounded ? shorter*scale : shorter < infinity ? {zero} : {one}")
    F.let_bool("left", "as_bits(x) < 0", "-0 too")
    F.let("angle", "angle_of_(a, b, steep, left)")
    F.let("turned", f"real_of(word_of(angle) | (word_of(y) & {F.word(form.sign)}))")
    F.line("return (x == x) & (y == y) ? turned : x + y;")
    return F.lines


def atan_text(a: Arctangent) -> list[str]:
    """Return the body of ``atan_(x)``, the angle of (1, x); no scale is needed for that.

    Where 1/x is tiny, what the remainder and the reciprocal come to is left out.
    """
    F = Lines(a.form)
    one = F.constant(1)
    _magnitude(F, "up", "x")
    F.let_bool("steep", f"up > {one}")
    F.let("a", f"steep ? up : {one}")
    F.let("b", f"steep ? {one} : up")
    F.let("angle", "angle_of_(a, b, steep, false)")
    F.line(f"return real_of(word_of(angle) | (word_of(x) & {F.word(a.form.sign)}));")
    return F.lines


def _magnitude(F: Lines, name: str, x: str) -> None:
    F.let(name, f"real_of(word_of({x}) & {F.word(F.form.sign - 1)})", f"|{x}|")
