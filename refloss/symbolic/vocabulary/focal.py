"""Focal losses of a logit: a power of what a prediction lacks, times its cross-entropy.

As in `refloss.symbolic.vocabulary.rows`, every function writes the same quantities in two forms,
and `RULES` proves them equal. All that is transcendental comes from r = |x| and e = exp(-r), where
nothing overflows. The target is split by the side on which the logit is not, with share c, and the
other, with share d = 1 - c:

    BCE     = c r + log1p e
    1 - p_t = p (1 - t) + (1 - p) t = (c + d e)/(1 + e)
    BCE'    = ± (c - d e)/(1 + e)

with + for x >= 0. Of a hard target, c is 0 or 1: every sum then has terms of one sign.
"""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    Gate,
    MaxNumber,
    Power,
    Quotient,
    Ratio,
    Switch,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
    Unbounded,
    Weighted,
)
from refloss.symbolic.vocabulary.elements import Elements

__all__ = [
    "apart_modulated",
    "balance",
    "binary",
    "chance_modulated",
    "lowered_powers",
    "modulated",
    "of_probabilities",
    "polynomial",
    "power_of_chance",
    "power_of_lack",
    "raised",
    "star",
    "two_modulated",
]


def balance(
    a: Elements, amount: sp.Expr, on_positives: sp.Expr, on_negatives: sp.Expr, share: sp.Expr
) -> None:
    """Name ``balance``, α or 1 − α by the target, and between them for a target between.

    Parameters
    ----------
    a : Elements
        Where ``upper`` and ``lower``, the factors of positives and negatives, are named too.
    amount : sympy.Expr
        The α of focal loss.
    on_positives, on_negatives : sympy.Expr
        1: such elements are multiplied by α; 0: by 1 − α.
    share : sympy.Expr
        The target.
    """
    for name, side, whose in (
        ("upper", on_positives, "positives"),
        ("lower", on_negatives, "negatives"),
    ):
        taken = sp.Piecewise((1 - amount, sp.Eq(side, 0)), (amount, True))
        a.let(name, taken, f"factor of {whose}")
    a.let("balance", a.upper * share + a.lower * (1 - share), "alpha or 1 - alpha")


@Vocabulary
def binary(P: Build, a: Elements, smoothing: sp.Expr) -> None:
    """Name ``bce`` of ``logits`` and ``target``, which is moved toward 1/2 by `smoothing`."""
    a.let("wanted", (1 - smoothing) * a.target + smoothing / 2, "smoothed target")
    positive = log1p(sp.exp(-a.logits))
    negative = log1p(sp.exp(a.logits))
    a.let("bce", a.wanted * positive + (1 - a.wanted) * negative, "cross-entropy")


@binary.when_stable
def _(P: Build, a: Elements, smoothing: sp.Expr) -> None:
    right = a.logits >= 0
    a.let("sign", sp.Piecewise((1, right), (-1, True)), "side of the logit; that of 0 is 1")
    a.let("reach", sp.Abs(a.logits))
    a.let("tail", sp.exp(-a.reach), "at most 1")
    a.let("bend", log1p(a.tail))
    a.let("major", Quotient(sp.S.One, 1 + a.tail), "the larger of p and 1 - p")
    a.let("minor", Quotient(a.tail, 1 + a.tail), "the smaller")
    a.let("lacks", sp.Piecewise((1 - a.target, right), (a.target, True)), "share of the other side")
    a.let("has", sp.Piecewise((a.target, right), (1 - a.target, True)), "share of the logit's side")
    a.let("keep", 1 - smoothing)
    for name, share in (("lacks_soft", a.lacks), ("has_soft", a.has)):
        moved = a.keep * share + smoothing / 2
        a.let(name, sp.Piecewise((share, sp.Eq(smoothing, 0)), (moved, True)), "smoothed")
    a.let("bce", Weighted(a.lacks_soft, a.reach) + a.bend, "cross-entropy: terms >= 0")
    a.let("lean", a.lacks_soft - a.has_soft * a.tail)
    a.let("fall", -expm1(-a.reach), "1 - tail")
    a.partials("fall", {a.logits: a.sign * a.tail})
    a.partials("tail", {a.logits: -a.sign * a.tail})
    a.partials("major", {a.logits: a.sign * a.major * a.minor})
    a.partials("minor", {a.logits: -a.sign * a.major * a.minor})
    a.partials("bend", {a.logits: -a.sign * a.minor})
    a.partials("bce", {a.logits: a.sign * a.major * a.lean, a.target: -a.keep * a.logits})


@Vocabulary
def modulated(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``focal``, (1 − p_t)^`power` times ``bce``; `attached` 0 detaches the power.

    Of a target between 0 and 1, p_t = p t + (1 − p)(1 − t).
    """
    a.let("prob", 1 / (1 + sp.exp(-a.logits)), "sigmoid")
    a.let("chance", a.prob * a.target + (1 - a.prob) * (1 - a.target), "p_t")
    a.let("factor", Power(1 - a.chance, power), "modulator")
    a.let("focal", Gate(a.factor, attached) * a.bce)


@modulated.when_stable
def _(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    general = power_of_lack(a, power)
    a.let("missed", a.mass * a.major, "1 - p_t")
    a.let("factor", _squared(a.missed, power, general), "modulator")
    a.let("focal", a.factor * a.bce)
    _by_logit(a, power, attached)
    _by_target(a, power, attached)
    slope = a.sign * a.major * a.pull
    turned = Switch(attached) * (a.sign * a.fall * a.keen)
    a.partials("focal", {a.logits: slope, a.target: -turned - a.keep * a.logits * a.factor})


def power_of_lack(a: Elements, power: sp.Expr) -> sp.Expr:
    """Return (1 − p_t)^`power`, whose exponent and its rounding errors are named."""
    a.let("mass", a.lacks + a.has * a.tail, "1 - p_t, but for a factor 1 + tail")
    hard = sp.Eq(a.lacks, 0)
    a.let("deep", sp.Piecewise((a.reach, hard), (-sp.log(a.mass), True)), "-log mass")
    a.let("depth", a.deep + a.bend, "-log(1 - p_t): two terms >= 0")
    a.let("scaled", Weighted(power, a.depth))
    lost = TwoProdError(power, a.depth) + power * TwoSumError(a.deep, a.bend)
    lost -= Weighted(a.P.rest_of(power), -a.depth)
    a.let("lost", lost, "rounding errors of the exponent")
    return sp.exp(-a.scaled) * (1 + MaxNumber(-a.lost, -1))


def raised(P: Build, base: sp.Expr, power: sp.Expr, less: int = 0) -> sp.Expr:
    """Return a number >= 0 to the `power` - `less`, which keeps its digits; see `Build.rest_of`."""
    nearest, rest = Power(base, power - less), P.rest_of(power)
    lost = rest + TwoDiffError(power, less) if less else rest
    more = Weighted(nearest, 1 + lost * sp.log(base))
    return sp.Piecewise((nearest, sp.Eq(rest, 0)), (more, True))


def power_of_chance(a: Elements, power: sp.Expr) -> sp.Expr:
    """Return (1 − e^−bce)^`power`; where a target is met, 1 − p_t leaves the range before it."""
    met = power_of_minor(a, power)
    return sp.Piecewise((met, sp.Eq(a.lacks_soft, 0)), (raised(a.P, a.miss, power), True))


def power_of_minor(a: Elements, power: sp.Expr) -> sp.Expr:
    """Return the smaller of p and 1 − p to the `power`; names its exponent and what that lacks."""
    a.let("far", a.reach + a.bend, "-log minor; that of major is bend")
    a.let("scaled", Weighted(power, a.far))
    lost = TwoProdError(power, a.far) + power * TwoSumError(a.reach, a.bend)
    a.let("lost", lost - Weighted(a.P.rest_of(power), -a.far))
    return sp.exp(-a.scaled) * (1 + MaxNumber(-a.lost, -1))


def lowered_powers(a: Elements, power: sp.Expr) -> None:
    """Name ``lift`` and ``peak``, (1 − p_t)^`power` over ``mass`` and over its square."""
    for name, less in (("lift", 1), ("peak", 2)):
        lowered = sp.exp(Weighted(less - power, a.deep)) * sp.exp(-power * a.bend)
        a.let(name, Weighted(power, lowered), f"gamma factor/mass^{less}")


def _squared(base: sp.Expr, power: sp.Expr, general: sp.Expr) -> sp.Expr:
    """Return a power of 1 − p_t: the square, which most losses take, without an exponential."""
    return sp.Piecewise((base**2, sp.Eq(power, 2)), (general, True))


def _by_logit(a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``pull``, the derivative of ``focal`` by the logit, but for sign and ``major``."""
    a.let("odds", Ratio(a.tail, a.mass, sp.S.One), "at most 1 of a hard target")
    a.let("tilt", a.lacks - a.has)
    square = 2 * Weighted(a.missed * (a.tail * a.major), a.bce)
    general = power * Weighted(a.odds, a.focal)
    a.let("heft", sp.Piecewise((square, sp.Eq(power, 2)), (general, True)), "gamma focal odds")
    a.let("push", a.factor * a.lean)
    a.let("pull", Switch(attached) * (a.tilt * a.heft) + a.push)


def _by_target(a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    """Name what the derivatives by the target hold, and give the derivatives of all of it.

    Powers of 1 − p_t below `power` are exponentials of their own: a quotient by ``mass`` is 0/0
    before they leave the range.
    """
    a.let("steep", Ratio(a.bend, a.mass, sp.S.One), "at most 1")
    lowered_powers(a, power)
    apart = Weighted(a.lacks_soft, a.lift * a.reach)
    a.let("keen", power * (a.factor * a.steep) + apart, "gamma focal/mass")
    a.let("crest", Weighted(a.lacks_soft, a.peak * a.reach), "gamma focal/mass^2, part of reach")
    a.let(
        "cliff", a.steep + Weighted(a.lacks_soft, a.reach * sp.exp(a.deep)), "its quotient by lift"
    )
    lean = Weighted(a.lacks_soft, a.lift) - power * a.has_soft * a.factor * a.odds
    a.let("edge", lean, "gamma factor lean/mass")
    gate, turn, drift = Switch(attached), a.sign * a.fall, a.keep * a.logits
    rise = a.sign * a.major
    by_logit = gate * (power * a.factor * rise * a.tilt * a.odds)
    a.partials("factor", {a.logits: by_logit, a.target: Unbounded(-gate * (turn * a.lift))})
    by_logit = by_logit * a.lean + a.factor * (a.sign * a.has_soft * a.tail)
    by_target = -a.sign * a.keep * a.factor * (1 + a.tail) - gate * (turn * a.edge)
    a.partials("push", {a.logits: by_logit, a.target: by_target})
    by_logit = power * a.odds * rise * a.pull
    by_logit -= a.sign * Ratio(a.lacks, a.mass, sp.S.Zero) * a.heft
    by_target = turn * a.odds * a.keen - power * a.odds * drift * a.factor
    by_target -= gate * (power * a.odds * turn * a.keen)
    a.partials("heft", {a.logits: by_logit, a.target: by_target})
    by_logit = a.sign * a.has * a.odds * a.keen + rise * a.edge
    by_logit += gate * (power * rise * a.tilt * a.odds * a.keen)
    bent = turn - gate * (power * turn)
    beyond = a.lift * (bent * a.cliff - drift)  # of two signs: lift may be infinite, and once only
    within = bent * (a.lift * a.steep + a.crest) - drift * a.lift
    by_target = sp.Piecewise((beyond, power < 1), (within, True))
    a.partials("keen", {a.logits: by_logit, a.target: Unbounded(by_target)})


@Vocabulary
def polynomial(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr, amount: sp.Expr) -> None:
    """Name ``poly``, (1 − p_t)^(`power` + 1), beside what `modulated` names.

    It is 0, and costs nothing, where its factor `amount` is 0. `attached` 0 detaches the `power`,
    and leaves one 1 − p_t to be differentiated.
    """
    poly = Gate(a.factor, attached) * (1 - a.chance)
    a.let("poly", _asked(amount, poly), "polynomial term")


@polynomial.when_stable
def _(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr, amount: sp.Expr) -> None:
    a.let("poly", _asked(amount, a.factor * a.missed), "polynomial term")
    a.let("width", a.major * a.minor, "p (1 - p)")
    a.partials("width", {a.logits: -a.sign * a.width * (a.major * a.fall)})
    gain, turn = Switch(attached) * power, a.sign * a.fall
    a.let("flat", a.factor * a.width)
    by_logit = a.sign * a.major * (gain * a.tilt * a.odds - a.fall) * a.flat
    by_target = -gain * turn * a.factor * a.odds * a.major**2
    a.partials("flat", {a.logits: by_logit, a.target: by_target})
    a.let("away", a.factor * (a.fall * a.major))
    tilted = gain * a.major * a.tilt * a.odds * a.fall
    by_logit = a.sign * a.major * a.factor * (tilted + 2 * a.minor)
    by_target = -Switch(attached) * turn * a.lift * (a.fall * a.major)
    a.partials("away", {a.logits: by_logit, a.target: Unbounded(_asked(amount, by_target))})
    by_logit = _asked(amount, (1 + gain) * (a.sign * a.tilt * a.flat))
    by_target = _asked(amount, -(1 + gain) * (a.sign * a.away))
    a.partials("poly", {a.logits: by_logit, a.target: by_target})


def _asked(amount: sp.Expr, expr: sp.Expr) -> sp.Expr:
    """Return what an amount multiplies, and 0 by cases where that is 0: it then costs nothing."""
    return sp.Piecewise((0, sp.Eq(amount, 0)), (expr, True))


@Vocabulary
def chance_modulated(
    P: Build, a: Elements, power: sp.Expr, attached: sp.Expr, *, of_logit: bool = True
) -> None:
    """Name ``focal``, (1 − e^−bce)^`power` times ``bce``; `attached` 0 detaches the power.

    ``bce`` is what `binary` named, or, where not `of_logit`, a number >= 0.
    """
    a.let("chance", sp.exp(-a.bce), "p_t of a hard target")
    a.let("factor", Power(1 - a.chance, power), "modulator")
    a.let("focal", Gate(a.factor, attached) * a.bce)


@chance_modulated.when_stable
def _(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr, *, of_logit: bool = True) -> None:
    a.let("chance", sp.exp(-a.bce), "p_t of a hard target")
    a.let("miss", -expm1(-a.bce), "1 - p_t")
    factor = power_of_chance(a, power) if of_logit else raised(P, a.miss, power)
    a.let("factor", factor, "modulator")
    a.let("focal", a.factor * a.bce)
    a.let("steep", Ratio(a.bce, a.miss, sp.S.One), "at least 1")
    a.let("felt", Weighted(a.chance, a.steep), "at most 1")
    gain = Switch(attached) * power
    a.let("pull", a.factor * (1 + gain * a.felt), "derivative by the cross-entropy")
    curve = Weighted(a.chance, 2 - a.bce + (power - 1) * a.felt)
    a.let("sharp", Power(a.miss, power - 1), "the power less 1")
    a.partials("pull", {a.bce: gain * a.sharp * curve})
    a.partials("focal", {a.bce: a.pull})


@Vocabulary
def two_modulated(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``focal``: both parts of ``bce``, each with a modulator and a balance of its own."""
    a.let("prob", 1 / (1 + sp.exp(-a.logits)), "sigmoid")
    for name, miss in (("positive", 1 - a.prob), ("negative", a.prob)):
        a.let(f"{name}_factor", Power(miss, power), "modulator")
    positive = Gate(a.positive_factor, attached) * log1p(sp.exp(-a.logits))
    negative = Gate(a.negative_factor, attached) * log1p(sp.exp(a.logits))
    parts = a.upper * (a.wanted * positive) + a.lower * ((1 - a.wanted) * negative)
    a.let("focal", parts)


@two_modulated.when_stable
def _(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    right = a.logits >= 0
    a.let("own", sp.Piecewise((a.upper, right), (a.lower, True)), "factor of the logit's side")
    a.let("other", sp.Piecewise((a.lower, right), (a.upper, True)), "of the other")
    general = power_of_minor(a, power)
    a.let("faint", _squared(a.minor, power, general), "modulator, logit right")
    general = sp.exp(-power * a.bend)
    a.let("strong", _squared(a.major, power, general), "modulator, logit wrong")
    right_part = a.own * (a.has_soft * (a.faint * a.bend))
    a.let("focal", right_part + a.other * Weighted(a.lacks_soft, a.strong * a.far))
    gain = Switch(attached) * power
    a.partials("far", {a.logits: a.sign * a.major})
    a.partials("faint", {a.logits: -gain * a.sign * a.major * a.faint})
    a.partials("strong", {a.logits: gain * a.sign * a.minor * a.strong})


@Vocabulary
def of_probabilities(
    P: Build, a: Elements, power: sp.Expr, attached: sp.Expr, keep: sp.Expr
) -> None:
    """Name ``focal`` of ``probs``, whose ``bce`` has shares ``goal`` and ``rest`` of the target.

    The target moves ``goal`` by `keep` times as much.
    """
    a.let("chance", a.probs * a.goal + (1 - a.probs) * a.rest, "p_t")
    a.let("factor", Power(1 - a.chance, power), "modulator")
    a.let("focal", Gate(a.factor, attached) * a.bce)


@of_probabilities.when_stable
def _(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr, keep: sp.Expr) -> None:
    a.let("miss", a.probs * a.rest + (1 - a.probs) * a.goal, "1 - p_t: terms >= 0")
    a.let("factor", raised(P, a.miss, power), "modulator")
    a.let("focal", a.factor * a.bce)
    gate, turn = Switch(attached), keep * (1 - 2 * a.probs)
    a.let("tilt", a.rest - a.goal)
    a.let("rise", Weighted(power, raised(P, a.miss, power, 1)))
    a.let("keen", Weighted(a.rise, a.bce))
    at0 = sp.Piecewise((power * a.bce, sp.Eq(power, 2)), (0, True))  # of 0^(power - 2)
    over = Weighted(a.rise, Ratio(a.bce, a.miss, sp.S.Zero))
    a.let("over", sp.Piecewise((at0, sp.Eq(a.miss, 0)), (over, True)), "gamma focal/miss^2")
    bent = (power - 1) * a.over
    pitch = a.let("pitch", Weighted(a.rise, a.lean))
    a.let("gain", Weighted(a.factor, a.lean), "focal by the share of class 1, modulator constant")
    drifts = {a.probs: gate * (a.tilt * pitch), a.target: gate * (turn * pitch)}
    a.partials("gain", {a.lean: a.factor, **drifts})
    by_target = bent * turn + keep * pitch
    a.partials("keen", {a.probs: bent * a.tilt + a.rise * a.slope, a.target: by_target})
    a.partials("factor", {a.probs: gate * (a.rise * a.tilt), a.target: gate * (a.rise * turn)})
    by_probs = gate * (a.tilt * a.keen) + a.factor * a.slope
    by_target = gate * (turn * a.keen) + keep * a.gain
    a.partials("focal", {a.probs: by_probs, a.target: by_target})


@Vocabulary
def apart_modulated(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    """Name ``focal``, |p − t|^`power` times ``bce``; `attached` 0 detaches the power."""
    a.let("prob", 1 / (1 + sp.exp(-a.logits)), "sigmoid")
    a.let("apart", sp.Abs(a.prob - a.target), "distance of prediction and target")
    a.let("factor", Power(a.apart, power), "modulator")
    a.let("focal", Gate(a.factor, attached) * a.bce)


@apart_modulated.when_stable
def _(P: Build, a: Elements, power: sp.Expr, attached: sp.Expr) -> None:
    a.let("apart", sp.Abs(a.lean) * a.major, "distance of prediction and target")
    above = sp.Piecewise((1, a.lean >= 0), (-1, True))
    a.let("side", a.sign * above, "sign of prediction minus target")
    a.let("factor", raised(P, a.apart, power), "modulator")
    a.let("focal", Gate(a.factor, attached) * a.bce)
    a.let("width", a.major * a.minor, "p (1 - p)")
    a.let("rise", Weighted(power, Power(a.apart, power - 1)))
    a.partials("apart", {a.logits: a.side * a.width, a.target: -a.side})
    a.partials("rise", {a.apart: Weighted(power * (power - 1), Power(a.apart, power - 2))})
    a.partials("factor", {a.apart: a.rise})
    a.partials("width", {a.logits: -a.sign * a.width * (a.major * a.fall)})


@Vocabulary
def star(P: Build, a: Elements, slope: sp.Expr, shift: sp.Expr) -> None:
    """Name ``focal``, −log σ(`slope` x_t + `shift`)/`slope`, with x_t = (2 t − 1) x."""
    a.let("toward", (2 * a.target - 1) * a.logits, "logit, positive where it is right")
    a.let("focal", log1p(sp.exp(-(slope * a.toward + shift))) / slope)


@star.when_stable
def _(P: Build, a: Elements, slope: sp.Expr, shift: sp.Expr) -> None:
    a.let("turn", 2 * a.target - 1)
    a.let("toward", a.turn * a.logits, "logit, positive where it is right")
    a.let("scaled", slope * a.toward)
    a.let("level", a.scaled + shift)
    bent = a.logits * TwoDiffError(2 * a.target, 1) + TwoProdError(a.turn, a.logits)
    part = TwoProdError(slope, a.toward) + slope * bent
    rest = Weighted(P.rest_of(slope), -a.toward) - P.rest_of(shift)
    lost = part + TwoSumError(a.scaled, shift) - rest
    a.let("lost", lost, "rounding errors of the level")
    a.let("right", sp.Piecewise((1, a.level >= 0), (-1, True)))
    a.let("tail", sp.exp(-sp.Abs(a.level)) * (1 + MaxNumber(-a.right * a.lost, -1)))
    a.let("most", sp.Piecewise((0, a.level >= 0), (-a.level - a.lost, True)))
    a.let("focal", (a.most + log1p(a.tail)) / slope)
    wrong = sp.Piecewise((a.tail, a.level >= 0), (1, True))
    a.let("miss", Quotient(wrong, 1 + a.tail), "1 - sigma")
    kept = Quotient(a.tail, 1 + a.tail) * Quotient(sp.S.One, 1 + a.tail)
    a.partials("miss", {a.toward: -slope * kept})
    a.partials("toward", {a.logits: a.turn, a.target: 2 * a.logits})
    a.partials("focal", {a.toward: -a.miss})
