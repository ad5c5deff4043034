"""Axis-aligned boxes: overlap, hull and centre distance.

Every function writes the same quantities in two forms. *Plain* is the textbook formula. *Stable*
has non-negative terms only wherever the mathematics allows, takes differences of coordinates
exactly, and gives the derivatives of its results in forms that do not cancel. `RULES` proves the
two equal.

Names: ``p`` is the predicted box, ``t`` the target; ``pw, ph`` are sides; ``pw_out`` is the part of
a side that lies outside the other box's extent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from refloss.symbolic.build import Build, Vocabulary
from refloss.symbolic.functions import (
    Quotient,
    Ratio,
    Relu,
    Step,
    Stop,
    Switch,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
)
from refloss.symbolic.program import Axis, Tensor, axis
from refloss.symbolic.vocabulary.box_rules import RULES

ITEM = axis("b", "B")
HALF = sp.S.Half
ZERO = sp.S.Zero
COORDINATES = ("px1", "py1", "px2", "py2", "tx1", "ty1", "tx2", "ty2")

__all__ = [
    "COORDINATES",
    "ITEM",
    "RULES",
    "Boxes",
    "box_pair",
    "center_distance",
    "cut",
    "floored_gap",
    "floored_overlap",
    "hull_sides",
    "hull_term",
    "log_overlap_slopes",
    "overlap",
    "union_error",
]


@dataclass
class Boxes:
    """Reads of everything named so far about a pair of boxes, by name."""

    P: Build
    item: Axis = ITEM
    names: dict[str, Tensor] = field(default_factory=dict)

    def __getattr__(self, name: str) -> sp.Indexed:
        try:
            return self.names[name].here
        except KeyError as error:
            raise AttributeError(f"no box quantity is named {name!r} yet") from error

    def let(self, name: str, expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity of the pair."""
        self.names[name] = self.P.let(name, [self.item], expr, doc)
        return self.names[name].here

    def partials(self, name: str, forms: dict[sp.Indexed, sp.Expr]) -> None:
        """Give a quantity its accurate derivative forms."""
        self.P.partials(self.names[name], forms)


def box_pair(P: Build, item: Axis = ITEM) -> Boxes:
    """Declare a predicted and a target box by their corners, and name their sides."""
    pair = Boxes(P, item)
    for name in COORDINATES:
        pair.names[name] = P.real(name, item)
    if P.form == "stable":
        for edge in ("x1", "y1", "x2", "y2"):
            p, t = pair.names[f"p{edge}"].here, pair.names[f"t{edge}"].here
            pair.let(f"d{edge}", p - t, "pred minus target")
    pair.let("pw", pair.px2 - pair.px1, "width of pred")
    pair.let("ph", pair.py2 - pair.py1, "height of pred")
    pair.let("tw", pair.tx2 - pair.tx1, "width of target")
    pair.let("th", pair.ty2 - pair.ty1, "height of target")
    return pair


def raised(x: sp.Expr, eps: sp.Expr) -> sp.Expr:
    """Return x + eps by cases, so that a constant 0 costs nothing."""
    return sp.Piecewise((x, sp.Eq(eps, 0)), (x + eps, True))


def lowered(x: sp.Expr, eps: sp.Expr) -> sp.Expr:
    """Return x − eps by cases, so that a constant 0 costs nothing."""
    return sp.Piecewise((x, sp.Eq(eps, 0)), (x - eps, True))


def _floored(area: sp.Expr, least: sp.Expr) -> sp.Expr:
    """Return max(area, least) by cases: an area is never negative."""
    return sp.Piecewise((area, least < 0), (sp.Max(area, least), True))


def _follows(area: sp.Expr, least: sp.Expr) -> sp.Expr:
    """Return the derivative of `_floored` by its area."""
    return sp.Piecewise((1, least < 0), (Step(area - least, HALF), True))


def at_least(x: sp.Expr, least: sp.Expr) -> sp.Expr:
    """Return max(x, least) by cases, for an x that is never negative: a floor of 0 is none."""
    return sp.Piecewise((x, sp.Eq(least, 0)), (sp.Max(x, least), True))


NO_FLOOR = -(sp.Integer(2) ** 64)
"""Below every height, area and IoU."""


def _floor(a: Boxes, name: str, least: sp.Expr) -> sp.Expr:
    """Name and return a floor that nothing meets, not even 0, where `least` is 0.

    A plain body has no branches: what it does not take would count as a tie all the same.
    """
    floor = sp.Piecewise((NO_FLOOR, sp.Eq(least, 0)), (least, True))
    return Stop(a.let(name, floor, "0 is none"))


def follows_floor(x: sp.Expr, least: sp.Expr) -> sp.Expr:
    """Return the derivative of `at_least` by x."""
    return sp.Piecewise((1, sp.Eq(least, 0)), (Step(x - least, HALF), True))


def vanishes(quantity: sp.Indexed) -> sp.Expr:
    """Return 1 where `quantity` is 0, and 0 elsewhere: added, it makes a denominator safe.

    For quotients that lead to 0 there by themselves.
    """
    return sp.Piecewise((1, sp.Eq(quantity, 0)), (0, True))


# ------------------------------------------------------------------------------- overlap


def _intersection(a: Boxes) -> None:
    a.let("ox", sp.Min(a.px2, a.tx2) - sp.Max(a.px1, a.tx1), "signed overlap in x")
    a.let("oy", sp.Min(a.py2, a.ty2) - sp.Max(a.py1, a.ty1), "signed overlap in y")
    a.let("iw", Relu(a.ox))
    a.let("ih", Relu(a.oy))
    a.let("inter", a.iw * a.ih, "intersection")


def _heights(a: Boxes, least_height: sp.Expr) -> None:
    """Name the heights that count, what their floor adds, and how they follow their edges."""
    none = sp.Eq(least_height, 0)
    for box in ("p", "t"):
        h, top, bottom = (getattr(a, box + part) for part in ("h", "y1", "y2"))
        error = TwoDiffError(bottom, top)
        under = a.let(f"{box}h_under", least_height - h)
        below = a.let(f"{box}h_below", under - error, "the floor minus the height, exactly signed")
        follows = sp.Piecewise((1, none), (Step(-below, HALF), True))
        follows = a.let(f"{box}h_follows", follows, "0 where the height is floored")
        lift = sp.Piecewise((0, none), (Relu(below), True))
        lift = a.let(f"{box}h_lift", lift, "what the floor adds to the height")
        a.partials(f"{box}h_lift", {h: Switch(least_height) * (follows - 1)})
        a.let(f"{box}h_kept", at_least(h, least_height), "height, floored")
        a.partials(f"{box}h_kept", {h: follows})
        error = sp.Piecewise((error, none), (follows * error, True))
        a.let(f"{box}h_kept_error", error, "what rounding it lost")


@Vocabulary
def overlap(
    P: Build,
    a: Boxes,
    eps_union: sp.Expr,
    eps_height: sp.Expr,
    least_height: sp.Expr,
    least_area: sp.Expr | None = None,
    exact_union: bool = False,
) -> None:
    """Name ``iou`` and ``gap = 1 − iou``.

    Parameters
    ----------
    P : Build
        The program.
    a : Boxes
        The pair.
    eps_union : sympy.Expr
        Added to the union as denominator.
    eps_height : sympy.Expr
        Added to both heights in the areas.
    least_height : sympy.Expr
        Floor of both heights in the areas; the intersection keeps its own.
    least_area : sympy.Expr, optional
        Floor of the union.
    exact_union : bool
        Whether the stable body corrects areas by their rounding errors, for losses that make
        more of IoU than a difference.
    """
    _intersection(a)
    floor = _floor(a, "height_floor", least_height)
    a.let("ph_kept", sp.Max(a.ph, floor), "height of pred, floored")
    a.let("th_kept", sp.Max(a.th, floor), "height of target, floored")
    parea = a.let("parea", a.pw * (a.ph_kept + eps_height), "area of pred")
    tarea = a.let("tarea", a.tw * (a.th_kept + eps_height), "area of target")
    kept = a.let("union_area", parea + tarea - a.inter, "union")
    if least_area is not None:
        kept = a.let("union_kept", sp.Max(kept, least_area), "union, floored")
    a.let("union_den", kept + eps_union)
    a.let("iou", Ratio(a.inter, a.union_den, ZERO))
    a.let("gap", 1 - a.iou, "1 - IoU")


@overlap.when_stable
def _(
    P: Build,
    a: Boxes,
    eps_union: sp.Expr,
    eps_height: sp.Expr,
    least_height: sp.Expr,
    least_area: sp.Expr | None = None,
    exact_union: bool = False,
) -> None:
    _intersection(a)
    _edges(a)
    _heights(a, least_height)
    for edge in ("x1", "y1", "x2", "y2"):
        difference = getattr(a, f"d{edge}")
        above = a.let(f"{edge}_above", Relu(difference), f"max(d{edge}, 0)")
        a.let(f"{edge}_below", above - difference, f"max(-d{edge}, 0)")
    a.let("pw_out", sp.Min(a.pw, a.x1_below + a.x2_above), "pw - iw")
    a.let("ph_out", sp.Min(a.ph, a.y1_below + a.y2_above), "ph - ih")
    a.let("tw_out", sp.Min(a.tw, a.x1_above + a.x2_below), "tw - iw")
    a.let("th_out", sp.Min(a.th, a.y1_above + a.y2_below), "th - ih")
    for name in ("pw", "ph", "tw", "th"):
        a.partials(f"{name}_out", _outside_slopes(a, *name))
    for name in ("p", "t"):
        _name_rest(a, name, eps_height, least_height)
    pt = a.let("ph_area", raised(a.ph_kept, eps_height))
    tt = a.let("th_area", raised(a.th_kept, eps_height))
    po, to = a.p_rest, a.t_rest
    a.let("p_only", a.pw_out * pt + a.iw * po, "area of pred outside the intersection")
    a.let("t_only", a.tw_out * tt + a.iw * to, "area of target outside the intersection")
    a.let("outside", a.p_only + a.t_only, "symmetric difference")
    a.let("parea", a.pw * pt, "area of pred")
    a.let("tarea", a.tw * tt, "area of target")
    kept = a.let("union_area", a.inter + a.outside, "union")
    differ, slack, follows = raised(a.outside, eps_union), eps_union, sp.S.One
    if exact_union or least_area is not None:
        union_error(a, eps_height)
    if least_area is not None:
        kept = a.let("union_kept", _floored(kept, least_area), "union, floored")
        under = a.let("union_under", least_area - a.union_area)
        floor = a.let("union_lift", Relu(under - a.union_error), "what the floor adds to the union")
        follows = a.let("union_follows", _follows(a.union_area, least_area))
        floor = sp.Piecewise((eps_union, least_area < 0), (floor + eps_union, True))
        slack = a.let("union_slack", floor)
        moves = sp.Piecewise((0, least_area < 0), (follows - 1, True))
        a.partials("union_slack", {a.union_area: moves})
        differ = a.outside + slack
    den = a.let("union_den", raised(kept, eps_union))
    if exact_union:
        den = a.let("union_fine", den + follows * a.union_error)
        differ = a.let("outside_fine", differ + Stop(_outside_error(a, pt, tt, po, to)))
    empty = a.let("union_empty", vanishes(den))
    den = a.let("union_safe", den + empty)
    a.let("gap", Quotient(differ + empty, den), "1 - IoU, from terms >= 0")
    a.let("iou", Quotient(a.inter, den))
    met_x = a.let("ih_met", sp.Piecewise((a.ih, a.ox > 0), (0, True)), "ih where ox > 0")
    met_y = a.let("iw_met", sp.Piecewise((a.iw, a.oy > 0), (0, True)), "iw where oy > 0")
    sides = {
        "px": (met_x, a.pw_out * pt + a.tarea, pt),
        "py": (met_y, a.p_stay * a.pw + a.tarea, a.ph_follows * a.pw),
        "tx": (met_x, a.tw_out * tt + a.parea, tt),
        "ty": (met_y, a.t_stay * a.tw + a.parea, a.th_follows * a.tw),
    }
    for name, (across, rest, side) in sides.items():
        rest = raised(rest, slack) if least_area is None else rest + slack
        moved = a.let(f"{name}_rest", rest)
        if least_area is not None:
            floored = follows * moved + (1 - follows) * den
            moved = sp.Piecewise((moved, least_area < 0), (floored, True))
        share = a.let(f"{name}_share", Quotient(moved, den))
        a.let(f"{name}_in", across * Quotient(share, den))
        side = a.let(f"{name}_side", follows * Quotient(side, den))
        a.let(f"{name}_out", a.iou * side)
    a.partials("gap", _edge_slopes(a, "in", "out"))
    a.partials("iou", {a.gap: -sp.S.One})


def _name_rest(a: Boxes, box: str, eps_height: sp.Expr, least_height: sp.Expr) -> None:
    """Name what a height that counts has outside the other box, and what moves its area there.

    ``rest`` is what remains of the floored and raised height without the intersection's; where the
    floor holds the height, an inner edge leaves the area as it is, and ``stay`` is all of it.
    """
    none, follows = sp.Eq(least_height, 0), getattr(a, f"{box}h_follows")
    out, lift = getattr(a, f"{box}h_out"), getattr(a, f"{box}h_lift")
    lifted = sp.Piecewise((out, none), (out + lift, True))
    lifted = a.let(f"{box}h_lifted", lifted, "part of the floored height outside")
    a.partials(f"{box}h_lifted", _outside_slopes(a, box, "h", follows))
    rest = a.let(f"{box}_rest", raised(lifted, eps_height))
    stay = sp.Piecewise((rest, none), (rest + (1 - follows) * a.ih, True))
    a.let(f"{box}_stay", stay)
    slopes = _outside_slopes(a, box, "h")
    a.partials(f"{box}_stay", {edge: follows * slope for edge, slope in slopes.items()})


def _outside_error(a: Boxes, pt: sp.Expr, tt: sp.Expr, po: sp.Expr, to: sp.Expr) -> sp.Expr:
    """Return what sides and sums leave out of the symmetric difference, to first order."""
    sides = a.pw_out * a.ph_slip + a.tw_out * a.th_slip + a.ox_error * (po + to)
    sums = TwoSumError(a.pw_out * pt, a.iw * po) + TwoSumError(a.tw_out * tt, a.iw * to)
    return a.let("outside_error", sides + (sums + TwoSumError(a.p_only, a.t_only)))


def union_error(a: Boxes, eps_height: sp.Expr) -> sp.Expr:
    """Return what is missing from the union to first order in the roundoff; 0 to the calculus."""
    errors = sp.S.Zero
    for box in ("p", "t"):
        w, h, tall = (getattr(a, box + part) for part in ("w", "h_kept", "h_area"))
        w_error = a.let(
            f"{box}w_slip", TwoDiffError(getattr(a, f"{box}x2"), getattr(a, f"{box}x1"))
        )
        error = getattr(a, f"{box}h_kept_error")
        both = error + TwoSumError(h, eps_height)
        pieces = sp.Piecewise((error, sp.Eq(eps_height, 0)), (both, True))
        h_error = a.let(f"{box}h_slip", pieces)
        errors += a.let(f"{box}area_error", TwoProdError(w, tall) + (w * h_error + w_error * tall))
    for axis_name in ("x", "y"):
        right = sp.Min(getattr(a, f"p{axis_name}2"), getattr(a, f"t{axis_name}2"))
        left = sp.Max(getattr(a, f"p{axis_name}1"), getattr(a, f"t{axis_name}1"))
        meets = getattr(a, f"meets_{axis_name}")
        a.let(f"o{axis_name}_error", meets * TwoDiffError(right, left))
    crossed = a.iw * a.oy_error + a.ox_error * a.ih
    a.let("inter_error", TwoProdError(a.iw, a.ih) + crossed)
    both = a.let("area_sum", a.parea + a.tarea)
    high = a.let("union_high", both - a.inter)
    rounding = TwoSumError(a.parea, a.tarea) + TwoDiffError(both, a.inter)
    gap = a.let("union_gap", high - a.union_area)
    low = a.let("union_low", rounding + errors - a.inter_error)
    return a.let("union_error", Stop(gap + low))


def floored_overlap(a: Boxes, least_iou: sp.Expr) -> sp.Indexed:
    """Name and return ``iou_kept``: IoU, floored."""
    kept = sp.Max(a.iou, _floor(a, "iou_floor", least_iou))
    return a.let("iou_kept", kept, "IoU, floored")


def floored_gap(a: Boxes, least_iou: sp.Expr) -> sp.Indexed:
    """Name ``iou_kept`` and return ``gap_kept``, 1 less it, from the gap that keeps its digits."""
    a.let("iou_kept", at_least(a.iou, least_iou), "IoU, floored")
    kept = sp.Piecewise((a.gap, sp.Eq(least_iou, 0)), (sp.Min(a.gap, 1 - least_iou), True))
    a.let("gap_kept", kept, "1 - IoU, IoU floored")
    a.partials("gap_kept", {a.gap: follows_floor(a.iou, least_iou)})
    return a.gap_kept


def log_overlap_slopes(a: Boxes, kept: sp.Expr) -> dict[sp.Indexed, sp.Expr]:
    """Name and return the derivative of −ln IoU by each edge, times `kept`.

    An inner edge moves ln I by 1/iw or 1/ih, an outer one ln U: no quotient by a small IoU.
    """
    sides = {"px": ("x", a.iw), "tx": ("x", a.iw), "py": ("y", a.ih), "ty": ("y", a.ih)}
    for name, (axis_name, along) in sides.items():
        meets = getattr(a, f"meets_{axis_name}")
        share = getattr(a, f"{name}_share")
        a.let(f"{name}_log_in", kept * meets * Ratio(share, along, ZERO))
        a.let(f"{name}_log_out", kept * getattr(a, f"{name}_side"))
    return _edge_slopes(a, "log_in", "log_out")


def _edge_slopes(a: Boxes, inner: str, outer: str) -> dict[sp.Indexed, sp.Expr]:
    """Return the derivative by each edge from what its side does inside and beyond the other."""
    slopes = {}
    for name, inside, outside, sign in _edge_weights(a):
        gain, loss = getattr(a, f"{name[:2]}_{inner}"), getattr(a, f"{name[:2]}_{outer}")
        slopes[getattr(a, name)] = sign * (inside * gain - outside * loss)
    return slopes


def _edges(a: Boxes) -> None:
    """Name which edges of pred lie inside the target, evenly split at ties, and what meets."""
    for name, difference in {"x1": a.dx1, "y1": a.dy1, "x2": -a.dx2, "y2": -a.dy2}.items():
        inside = a.let(f"{name}_inside", Step(difference, HALF), f"p{name} inside target: 1")
        a.let(f"{name}_beyond", 1 - inside)
    a.let("meets_x", Step(a.ox, ZERO))
    a.let("meets_y", Step(a.oy, ZERO))
    for axis_name in ("x", "y"):
        slopes = {}
        for name, inside, _outside, sign in _edge_weights(a):
            if name[1] == axis_name:
                slopes[getattr(a, name)] = -sign * inside
        a.partials(f"o{axis_name}", slopes)


def _outside_slopes(
    a: Boxes, box: str, side: str, follows: sp.Expr = sp.S.One
) -> dict[sp.Indexed, sp.Expr]:
    """Return the derivative of a side minus the intersection's side, by its four edges.

    The side itself `follows` its edges, or a floor holds it.
    """
    axis_name = "x" if side == "w" else "y"
    meets = getattr(a, f"meets_{axis_name}")
    slopes = {}
    for name, inside, _outside, sign in _edge_weights(a):
        if name[1] == axis_name:
            own = -sign * follows if name[0] == box else 0
            slopes[getattr(a, name)] = own + sign * meets * inside
    return slopes


def _edge_weights(a: Boxes) -> list[tuple[str, sp.Indexed, sp.Indexed, int]]:
    """Return (coordinate, weight of the inner arm, weight of the outer arm, sign of the edge)."""
    rows = []
    for edge, sign in (("x1", 1), ("y1", 1), ("x2", -1), ("y2", -1)):
        inside, beyond = getattr(a, f"{edge}_inside"), getattr(a, f"{edge}_beyond")
        rows.append((f"p{edge}", inside, beyond, sign))
        rows.append((f"t{edge}", beyond, inside, sign))
    return sorted(rows)


# ---------------------------------------------------------------------------------- hull


@Vocabulary
def hull_sides(P: Build, a: Boxes) -> None:
    """Name the sides ``cw, ch`` of the smallest box that holds both."""
    a.let("cw", sp.Max(a.px2, a.tx2) - sp.Min(a.px1, a.tx1), "width of the hull")
    a.let("ch", sp.Max(a.py2, a.ty2) - sp.Min(a.py1, a.ty1), "height of the hull")


@hull_sides.when_stable
def _(P: Build, a: Boxes) -> None:
    hull_sides.plain(P, a)
    for side, axis_name in (("cw", "x"), ("ch", "y")):
        slopes = {}
        for name, _inside, outside, sign in _edge_weights(a):
            if name[1] == axis_name:
                slopes[getattr(a, name)] = -sign * outside
        a.partials(side, slopes)
        right = sp.Max(getattr(a, f"p{axis_name}2"), getattr(a, f"t{axis_name}2"))
        left = sp.Min(getattr(a, f"p{axis_name}1"), getattr(a, f"t{axis_name}1"))
        a.let(f"{side}_error", TwoDiffError(right, left), "what rounding loses of it")


@Vocabulary
def hull_term(
    P: Build,
    a: Boxes,
    eps_hull: sp.Expr,
    eps_height: sp.Expr,
    least_height: sp.Expr,
    least_area: sp.Expr,
    least_hull: sp.Expr,
) -> None:
    """Name ``hull_term``: the share of the hull that neither box covers.

    `least_area` floors the hull wherever it occurs, `least_hull` as denominator alone.
    """
    hull = a.let("hull", a.cw * a.ch, "area of the hull")
    kept = a.let("hull_kept", sp.Max(hull, least_area), "hull, floored")
    base = sp.Max(kept, _floor(a, "hull_floor", least_hull))
    den = a.let("hull_den", base + eps_hull)
    a.let("hull_term", Ratio(kept - a.union_kept, den, ZERO), "share of the hull left empty")


@hull_term.when_stable
def _(
    P: Build,
    a: Boxes,
    eps_hull: sp.Expr,
    eps_height: sp.Expr,
    least_height: sp.Expr,
    least_area: sp.Expr,
    least_hull: sp.Expr,
) -> None:
    a.let("x_gap", Relu(-a.ox), "distance between the boxes in x")
    a.let("y_gap", Relu(-a.oy), "distance between the boxes in y")
    crossed = a.pw_out * a.th_out + a.tw_out * a.ph_out
    apart = a.x_gap * a.ch + a.y_gap * (a.iw + a.pw_out + a.tw_out)
    a.let("empty", crossed + apart, "hull minus union, from terms >= 0")
    hull = a.let("hull", a.cw * a.ch, "area of the hull")
    kept = a.let("hull_kept", _floored(hull, least_area), "hull, floored")
    base = a.let("hull_base", at_least(kept, least_hull), "hull, floored as denominator")
    den = a.let("hull_den", raised(base, eps_hull))
    _hull_error(a)
    lower = a.empty - eps_height * (a.pw + a.tw)
    lower = a.let("empty_lowered", sp.Piecewise((a.empty, sp.Eq(eps_height, 0)), (lower, True)))
    fine = _hull_minus_union(a, lower)
    lower = a.let("empty_apart", sp.Piecewise((lower, sp.Eq(least_height, 0)), (fine, True)))
    under = a.let("hull_under", least_area - hull)
    lift = a.let("hull_lift", Relu(under - a.hull_error), "what the floor adds to the hull")
    floors = lift - a.union_lift
    a.let("empty_kept", sp.Piecewise((lower, least_area < 0), (lower + floors, True)))
    a.let("hull_term", Ratio(a.empty_kept, den, ZERO))
    follows = a.let("hull_follows", _follows(hull, least_area))
    moves = a.let("hull_moves", follows * follows_floor(kept, least_hull), "of the denominator")
    for axis_name, side in (("x", a.ch), ("y", a.cw)):
        share = Ratio(side, den, ZERO)
        a.let(f"{axis_name}_spread", moves * a.hull_term * share)
        a.let(f"{axis_name}_lift", (follows - a.union_follows) * share)
    above = a.let("ch_above", a.ch - least_height)
    a.let("ch_above_floor", above + a.ch_error, "height of the hull above the floor")
    for name in ("px", "py", "tx", "ty"):
        uncovered, short = _hull_slopes(a, name, eps_height, least_height)
        a.let(f"{name}_keep", Ratio(a.union_follows * uncovered, den, ZERO))
        a.let(f"{name}_grow", Ratio(a.union_follows * short, den, ZERO))
    slopes = {}
    for name, inside, outside, sign in _edge_weights(a):
        keep, grow = getattr(a, f"{name[:2]}_keep"), getattr(a, f"{name[:2]}_grow")
        spread, lift = getattr(a, f"{name[1]}_spread"), getattr(a, f"{name[1]}_lift")
        slope = inside * keep - outside * grow + outside * spread
        lifted = sp.Piecewise((0, least_area < 0), (outside * lift, True))
        slopes[getattr(a, name)] = sp.expand(sign * slope) - sign * lifted
    a.partials("hull_term", slopes)


def _hull_minus_union(a: Boxes, lower: sp.Expr) -> sp.Indexed:
    """Name and return `lower` minus what floors add to the areas of both boxes.

    Where the two cancel it is the difference of hull and union with their rounding errors.
    """
    lifts = a.let("area_lifts", a.pw * a.ph_lift + a.tw * a.th_lift)
    errors = TwoDiffError(a.hull, a.union_area) + (a.hull_error - a.union_error)
    difference = a.let("hull_over_union", a.hull - a.union_area)
    fine = a.let("hull_over_fine", difference + errors)
    apart = sp.Piecewise((fine, lifts < 4 * a.empty), (lower - lifts, True))
    return a.let("empty_fine", sp.Piecewise((apart, 4 * lifts > a.empty), (lower - lifts, True)))


def _hull_error(a: Boxes) -> sp.Expr:
    """Name and return what is missing from the hull's area, to first order in the roundoff."""
    sides = a.cw * a.ch_error + a.cw_error * a.ch
    return a.let("hull_error", Stop(TwoProdError(a.cw, a.ch) + sides))


def _hull_slopes(
    a: Boxes, name: str, eps_height: sp.Expr, least_height: sp.Expr
) -> tuple[sp.Expr, sp.Expr]:
    """Name and return what an edge uncovers inside the other box, and leaves empty beyond it."""
    none, box, other = sp.Eq(least_height, 0), name[0], "t" if name[0] == "p" else "p"
    if name[1] == "x":
        rest, lift, follows = (getattr(a, box + part) for part in ("_rest", "h_lift", "h_follows"))
        spare = lowered(getattr(a, f"{other}h_out") + a.y_gap, eps_height)
        spare = a.let(f"{name}_spare", spare)
        held = a.ch_above_floor - eps_height
        short = sp.Piecewise((spare, none), (follows * spare + (1 - follows) * held, True))
        short = a.let(f"{name}_short", short)
        a.partials(f"{name}_short", {spare: sp.S.One, lift: -Switch(least_height)})
        return rest + (1 - a.meets_x) * a.ih, short
    w, out, follows = (getattr(a, box + part) for part in ("w", "w_out", "h_follows"))
    bare = out + (1 - a.meets_y) * a.iw
    held = follows * bare - (1 - follows) * (a.meets_y * a.iw)
    bare = a.let(f"{name}_bare", sp.Piecewise((bare, none), (held, True)))
    a.partials(f"{name}_bare", {out: follows, a.iw: follows - a.meets_y})
    spare = a.let(f"{name}_spare", getattr(a, f"{other}w_out") + a.x_gap)
    short = sp.Piecewise((spare, none), (spare + (1 - follows) * w, True))
    short = a.let(f"{name}_short", short)
    a.partials(f"{name}_short", {spare: sp.S.One, w: Switch(least_height) * (1 - follows)})
    return bare, short


# ------------------------------------------------------------------------------ distance


@Vocabulary
def center_distance(
    P: Build, a: Boxes, eps_diagonal: sp.Expr, eps_rho: sp.Expr = sp.S.Zero
) -> None:
    """Name ``distance``: squared distance of the centres over the squared diagonal of the hull.

    `eps_rho` is added to the one, `eps_diagonal` to the other.
    """
    a.let("sx", a.px1 + a.px2 - a.tx1 - a.tx2, "twice the distance of the centres in x")
    a.let("sy", a.py1 + a.py2 - a.ty1 - a.ty2, "twice the distance of the centres in y")
    a.let("rho", (a.sx**2 + a.sy**2) / 4 + eps_rho, "squared distance of the centres")
    a.let("diagonal", a.cw**2 + a.ch**2 + eps_diagonal, "squared diagonal of the hull")
    a.let("distance", Ratio(a.rho, a.diagonal, ZERO))


@center_distance.when_stable
def _(P: Build, a: Boxes, eps_diagonal: sp.Expr, eps_rho: sp.Expr = sp.S.Zero) -> None:
    for axis_name in ("x", "y"):
        first, second = getattr(a, f"d{axis_name}1"), getattr(a, f"d{axis_name}2")
        low = sp.S.Zero
        for edge in ("1", "2"):
            p, t = getattr(a, f"p{axis_name}{edge}"), getattr(a, f"t{axis_name}{edge}")
            low += a.let(f"d{axis_name}{edge}_error", TwoDiffError(p, t))
        high = a.let(f"s{axis_name}_high", first + second)
        low = a.let(f"s{axis_name}_low", low + TwoSumError(first, second))
        a.let(f"s{axis_name}", high + low, f"twice the distance of the centres in {axis_name}")
    squares = a.let("s_squares", a.sx**2 + a.sy**2)
    a.let("rho", raised(squares / 4, eps_rho), "squared distance of the centres")
    wide, tall = a.let("cw_square", a.cw**2), a.let("ch_square", a.ch**2)
    sides = a.let("c_errors", a.cw * a.cw_error + a.ch * a.ch_error)
    squares = TwoProdError(a.cw, a.cw) + TwoProdError(a.ch, a.ch) + TwoSumError(wide, tall)
    low = a.let("diagonal_low", Stop(2 * sides + squares))
    high = a.let("diagonal_high", wide + tall)
    diagonal = a.let("diagonal", high + low, "squared diagonal of the hull")
    den = a.let("diagonal_den", raised(diagonal, eps_diagonal))
    a.let("distance", Ratio(a.rho, den, ZERO))


# ----------------------------------------------------------------------------------- cut

BOUND = 3
"""No box loss reaches it: gap and distance are at most 1, alpha v is at most 1/2."""


@Vocabulary
def cut(P: Build, a: Boxes, total: sp.Expr, ceiling: sp.Expr) -> None:
    """Name ``loss``: `total` cut at `ceiling`."""
    a.let("loss", sp.Min(total, ceiling))


@cut.when_stable
def _(P: Build, a: Boxes, total: sp.Expr, ceiling: sp.Expr) -> None:
    a.let("loss", sp.Piecewise((total, ceiling > BOUND), (sp.Min(total, ceiling), True)))
    below = sp.Piecewise((1, ceiling > BOUND), (Step(ceiling - total, HALF), True))
    a.partials("loss", {total: below})
