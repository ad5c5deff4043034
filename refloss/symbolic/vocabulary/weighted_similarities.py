"""Rows of similarities whose every number has a weight of its own: exponents in two floats.

An exponent of some hundreds has lost as many ulp of its exponential as it has itself: a product
with a scale of 256 therefore comes with what its roundings lost, ``lo``, and so does everything it
is a function of. The log-sum-exp of such exponents is that of `refloss.symbolic.vocabulary.rows`.
"""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    Gate,
    MaxNumber,
    Relu,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
)
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary import rows as row
from refloss.symbolic.vocabulary import similarity_rows as similar
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, ZERO, Rows

__all__ = ["RULES", "circle_exponents", "exponents", "gathered", "together"]

EACH = [ITEM, CLASS]
ONE = sp.S.One


@Vocabulary
def exponents(P: Build, a: similar.Part, scale: sp.Expr, base: sp.Expr, sign: int) -> None:
    """Name the part's exponents, `scale` times the similarity less `base`, or its negative.

    Parameters
    ----------
    P, a
        The program and the part.
    scale, base : sympy.Symbol
        Constants that are declared as `Build.wide`.
    sign : int
        1 for the difference, -1 for its negative.
    """
    whole = a.whole
    assert whole is not None
    given = whole.logits
    a.let("exponents", EACH, scale * (given - base if sign > 0 else base - given))
    a.names["logits"] = a["exponents"]


@exponents.when_stable
def _(P: Build, a: similar.Part, scale: sp.Expr, base: sp.Expr, sign: int) -> None:
    whole = a.whole
    assert whole is not None
    pair = (whole.logits, base) if sign > 0 else (base, whole.logits)
    apart = a.let("apart", EACH, pair[0] - pair[1])
    lost = a.let("apart_lo", EACH, TwoDiffError(*pair) - sign * P.rest_of(base))
    a.let("exponents", EACH, scale * apart)
    _rest(P, a, scale, apart, lost)
    a.partials("exponents", {whole.logits: sign * scale})


def _rest(P: Build, a: Rows, scale: sp.Expr, factor: sp.Expr, lost: sp.Expr) -> None:
    """Name ``lo``, what the product of a constant and a number in two floats lacks."""
    error = TwoProdError(scale, factor) + scale * lost + P.rest_of(scale) * factor
    a.let("lo", EACH, error, "what the exponent lacks")
    a.names["logits"] = a["exponents"]


@Vocabulary
def circle_exponents(
    P: Build, a: similar.Part, gamma: sp.Expr, margin: sp.Expr, attached: sp.Expr, sign: int
) -> None:
    """Name the part's exponents of the circle loss.

    Parameters
    ----------
    P, a
        The program and the part.
    gamma, margin : sympy.Symbol
        Constants that are declared as `Build.wide`.
    attached : sympy.Expr
        Whether the weights are differentiated.
    sign : int
        1 for negatives, which are to be far below 0; -1 for positives, which are to be near 1.
    """
    whole = a.whole
    assert whole is not None
    s = whole.logits
    weight = Relu(s + margin) if sign > 0 else Relu(1 + margin - s)
    a.let("weight", EACH, Gate(weight, attached), "0 beyond the margin")
    a.let("exponents", EACH, gamma * a.weight * ((s - margin) if sign > 0 else (1 - margin - s)))
    a.names["logits"] = a["exponents"]


@circle_exponents.when_stable
def _(
    P: Build, a: similar.Part, gamma: sp.Expr, margin: sp.Expr, attached: sp.Expr, sign: int
) -> None:
    whole = a.whole
    assert whole is not None
    s = whole.logits
    far = a.let("far", EACH, s if sign > 0 else 1 - s, "from the optimum")
    lost = ZERO if sign > 0 else TwoDiffError(ONE, s)
    reach = (far + margin) + (lost + P.rest_of(margin))
    weight = a.let("weight", EACH, Relu(reach), "0 beyond the margin")
    square = a.let("square", EACH, far * far)
    more = a.let("square_lo", EACH, TwoProdError(far, far) + 2 * far * lost)
    edge = a.let("edge", [], margin * margin)
    rest = a.let("edge_lo", [], TwoProdError(margin, margin) + 2 * margin * P.rest_of(margin))
    room = a.let("room", EACH, sp.Piecewise((square - edge, weight > 0), (ZERO, True)))
    error = TwoDiffError(square, edge) + (more - rest)
    left = a.let("room_lo", EACH, sp.Piecewise((error, weight > 0), (ZERO, True)))
    a.let("exponents", EACH, gamma * room)
    _rest(P, a, gamma, room, left)
    both = sp.Piecewise((2 * far, weight > 0), (ZERO, True))
    slope = sp.Piecewise((Stop(weight), sp.Eq(attached, 0)), (both, True))
    ours = sp.Eq(whole.same, 0 if sign > 0 else 1)
    slope = sp.Piecewise((slope, ours), (ZERO, True))  # whatever is left out is no number
    a.partials("exponents", {s: sign * gamma * slope})


@Vocabulary
def gathered(P: Build, a: similar.Part, among: sp.Basic) -> None:
    """Name the part's ``cost``: log(1 + the sum of the exponentials of its exponents)."""
    reached = sp.Piecewise((a.logits, among), (-sp.oo, True))
    top = a.let("top", [ITEM], row.MaxOver(reached, CLASS), "largest exponent")
    shift = a.let("shift", [ITEM], Stop(sp.Piecewise((top, top > 0), (ZERO, True))))
    each = sp.Piecewise((sp.exp(a.logits - shift), among), (ZERO, True))
    total = a.let("total", [ITEM], sp.Sum(each, CLASS))
    a.let("cost", [ITEM], shift + sp.log(sp.exp(-shift) + total))


@gathered.when_stable
def _(P: Build, a: similar.Part, among: sp.Basic) -> None:
    row.log_sum_exp(P, a, among)
    some = sp.Eq(a.held, 1)
    lead = a.let("lead", [ITEM], sp.Piecewise((a.top, some), (ZERO, True)), "largest exponent")
    _odds(a, lead, a.top_lo, a.held * a.total, a.total, lead <= 0)
    similar.softplus(a, [ITEM], lead <= 0, lead + (a.grow + a.lead_lo), {a.lse: 1})


def _odds(
    a: Rows, lead: sp.Expr, lost: sp.Expr, amount: sp.Expr, total: sp.Expr, small: sp.Basic
) -> None:
    """Name ``odds``: e^lead times an amount where `small` holds, and its inverse elsewhere."""
    slip = a.let("lead_lo", [ITEM], MaxNumber(lost, -1), "what the largest exponent lacks")
    below, above = sp.exp(lead) * (1 + slip) * amount, sp.exp(-lead) * (1 - slip) / total
    a.let("odds", [ITEM], sp.Piecewise((below, small), (above, True)))


@Vocabulary
def together(P: Build, a: Rows, ally: similar.Part, rival: similar.Part) -> None:
    """Name ``cost``: the softplus of the sum of two log-sum-exps, 0 where one has nothing."""
    for part, kind in ((ally, 1), (rival, 0)):
        row.log_sum_exp(P, part, sp.Eq(a.same, kind))
    lacking = a.let("lacking", [ITEM], ally.spare + rival.spare, "kinds that are not there")
    x = a.let("reach", [ITEM], ally.lse + rival.lse)
    shift = a.let("shift", [ITEM], Stop(sp.Piecewise((x, x > 0), (ZERO, True))))
    cost = shift + sp.log(sp.exp(-shift) + sp.exp(x - shift))
    a.let("cost", [ITEM], sp.Piecewise((cost, sp.Eq(lacking, 0)), (ZERO, True)))


@together.when_stable
def _(P: Build, a: Rows, ally: similar.Part, rival: similar.Part) -> None:
    for part, kind in ((ally, 1), (rival, 0)):
        row.log_sum_exp(P, part, sp.Eq(a.same, kind))
    both = sp.And(sp.Eq(ally.held, 1), sp.Eq(rival.held, 1))
    sum_of_both = sp.Piecewise((ally.top + rival.top, both), (ZERO, True))
    lead = a.let("lead", [ITEM], sum_of_both, "largest exponents")
    lost = TwoSumError(ally.top, rival.top) + (ally.top_lo + rival.top_lo)
    lost = sp.Piecewise((lost, both), (ZERO, True))
    sum_of_all = sp.Piecewise((lead + (ally.grow + rival.grow), both), (ZERO, True))
    x = a.let("reach", [ITEM], sum_of_all, "0 where one has nothing")
    total = a.let("pairs", [ITEM], ally.total * rival.total)
    _odds(a, lead, lost, ally.held * rival.held * total, total, x <= 0)
    similar.softplus(a, [ITEM], x <= 0, x + a.lead_lo, {ally.lse: 1, rival.lse: 1})


_s, _m, _far = sp.symbols("s m far", real=True)
_up, _low, _x = sp.symbols("u l x", real=True)

RULES = (
    Rule(
        "exponent of a positive of the circle loss",
        -(1 + _m - _s) * (_s - (1 - _m)),
        (1 - _s) ** 2 - _m**2,
        "one square, whose errors are known; differences of two have no margin",
    ),
    Rule(
        "exponent of a negative of the circle loss",
        (_s + _m) * (_s - _m),
        _s**2 - _m**2,
        "one square",
    ),
    Rule(
        "exponent of a negative by the similarity",
        sp.diff((_s + _m) * (_s - _m), _s),
        2 * _s,
        "the weight is differentiated too",
    ),
    Rule(
        "exponent of a positive by the similarity",
        sp.diff(-(1 + _m - _s) * (_s - (1 - _m)), _s),
        -2 * (1 - _s),
        "the weight is differentiated too",
    ),
    Rule(
        "softplus of a sum, by either",
        sp.diff(sp.log(1 + sp.exp(_up + _low)), _up),
        sp.exp(_up + _low) / (1 + sp.exp(_up + _low)),
        "from the odds that the value has",
    ),
)
