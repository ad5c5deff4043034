"""Laws of target logits with an angular margin, proved by SymPy from the plain definitions."""

from itertools import pairwise

import pytest
import sympy as sp

from derivations import angle_multiples, angular, combined_margins
from refloss.symbolic import functions as fn
from refloss.symbolic.program import indexed, name_of
from refloss.symbolic.vocabulary import multiples

THETA, M = sp.symbols("theta m", positive=True)
FREE = {"limit": 2, "attached": 1, "scale": 1, "degrees": 0, "margin": M, "clip": 0}


def quantities(definition, given, program=None, **constants):
    """Return every quantity of a plain program as an expression, with some of them given.

    Parameters
    ----------
    given : mapping
        Expressions by name: of the input, and of what the law has for a named quantity.
    program : str, optional
        Which of several programs; the first unless given.
    **constants
        Beside those that an angle of the margin m in radians has.
    """
    programs = definition.programs
    plain, _ = programs[program] if program else next(iter(programs.values()))
    told = {name: c.default for name, c in definition.constants.items()} | FREE | constants
    known = {c: sp.nsimplify(told[str(c)]) for c in plain.consts if str(c) in told}
    exact = {near: value.subs(known) for near, _, value in plain.derived}
    found = dict(given)
    for let in plain.lets:
        if let.target.name not in found:
            reads = {read: found[name_of(read)] for read in indexed(let.expr)}
            expr = fn.to_exact(let.expr.xreplace(reads))
            found[let.target.name] = expr.subs(exact).subs(known)
    return found


def arcface(policy, beyond, **constants):
    """Return the ArcFace logit of an angle on one side of the border."""
    sets = angular.ARCFACE_AXES["policy"].values[policy].sets
    sides = {"room": -1 if beyond else 1, "headroom": -1, "over": -1, "under": -1}
    angle = {"cosine": sp.cos(THETA), "sine": sp.sin(THETA)}
    given = sides | angle
    return quantities(angular.ARCFACE_LOGIT, given, **{**sets, **constants})["loss"]


def test_before_the_border_it_is_the_cosine_of_the_sum():
    for policy in angular.ARCFACE_AXES["policy"].values:
        assert sp.simplify(arcface(policy, beyond=False) - sp.cos(THETA + M)) == 0


BEYOND = {
    "raw": sp.cos(THETA + M),
    "cos_fallback": sp.cos(THETA) - M * sp.sin(M),
    "easy": sp.cos(THETA),
    "mirror": -2 - sp.cos(THETA + M),
    "min": sp.cos(THETA),
    "angle_clip": -1,
}


@pytest.mark.parametrize("policy", BEYOND)
def test_beyond_it_a_policy_says_what_it_is(policy):
    assert sp.simplify(arcface(policy, beyond=True) - BEYOND[policy]) == 0


BORDERS = {
    "cos_fallback": sp.pi - M,
    "easy": sp.pi / 2,
    "mirror": sp.pi - M,
    "min": sp.pi - M / 2,
    "angle_clip": sp.pi - M,
}
STEPS = {
    "cos_fallback": -(M * sp.sin(M) + sp.cos(M) - 1),
    "easy": sp.sin(M),
    "mirror": 0,
    "min": 0,
    "angle_clip": 0,
}


@pytest.mark.parametrize("policy", BORDERS)
def test_the_step_at_the_border(policy):
    """Down by m sin m + cos m - 1 with the fallback, up by sin m where it is easy, else none."""
    sets = angular.ARCFACE_AXES["policy"].values[policy].sets
    room = quantities(
        angular.ARCFACE_LOGIT, {"cosine": sp.cos(THETA), "kept": sp.cos(THETA)}, **sets
    )
    assert sp.simplify(room["room"].subs(THETA, BORDERS[policy])) == 0
    step = arcface(policy, beyond=True) - arcface(policy, beyond=False)
    assert sp.simplify(step.subs(THETA, BORDERS[policy]) - STEPS[policy]) == 0


def test_no_margin_leaves_the_cosine():
    for policy in BEYOND:
        for beyond in (False, True):
            found = arcface(policy, beyond, margin=0)
            if policy not in ("mirror", "angle_clip") or not beyond:
                assert sp.simplify(found - sp.cos(THETA)) == 0


def test_half_of_the_margin_decides_which_of_both_is_smaller():
    """The difference has the sign of sin(theta + m/2), which is 0 where theta + m/2 is pi."""
    difference = arcface("min", beyond=True) - arcface("min", beyond=False)
    product = 2 * sp.sin(THETA + M / 2) * sp.sin(M / 2)
    assert sp.simplify(sp.expand_trig(difference - product)) == 0


def test_an_angle_that_is_too_small_has_the_cosine_of_the_least():
    eps = sp.Symbol("eps", positive=True)
    sets = angular.ARCFACE_AXES["policy"].values["angle_clip"].sets
    given = {"cosine": sp.cos(THETA), "sine": sp.sin(THETA), "room": 1, "over": -1, "under": -1}
    found = quantities(angular.ARCFACE_LOGIT, given, **{**sets, "clip": eps})
    head = found["headroom"]
    at = head.subs(THETA, eps - M)
    assert sp.simplify(at.args[0][0]) == 0
    assert at.args[0][1] == (eps - M > 0)
    assert sp.simplify(found["bent"].subs(THETA, eps - M) - sp.cos(eps)) == 0


def test_the_margin_may_be_in_degrees():
    found = quantities(
        angular.ARCFACE_LOGIT,
        {"cosine": sp.cos(THETA), "sine": sp.sin(THETA), "room": 1, "headroom": -1},
        degrees=1,
        margin=30,
    )
    assert sp.simplify(found["raw"] - sp.cos(THETA + sp.pi / 6)) == 0


C = sp.Symbol("c", real=True)


def fallen(times, turn):
    """Return the SphereFace logit as an expression of the cosine, between two of its borders."""
    (program, _) = angle_multiples.SPHEREFACE_LOGIT.programs[f"sphereface_logit_{times}"]
    found, falls = {"kept": C}, {c: 1 for c in program.consts if str(c) == "falls"}
    for let in program.lets:
        name = let.target.name
        if name.startswith("gap"):
            found[name] = sp.Integer(1 if int(name[3:]) > turn else -1)
        elif name in ("multiple", "side", "level", "fallen"):
            reads = {read: found[name_of(read)] for read in indexed(let.expr)}
            found[name] = let.expr.xreplace(reads).subs(falls)
    return found["fallen"]


TIMES = range(1, 6)


@pytest.mark.parametrize("times", TIMES)
def test_it_falls_from_1_to_1_less_twice_the_margin(times):
    assert fallen(times, 0).subs(C, 1) == 1
    assert fallen(times, times - 1).subs(C, -1) == 1 - 2 * times


@pytest.mark.parametrize("times", TIMES)
def test_it_is_the_published_form(times):
    for turn in range(times):
        published = (-1) ** turn * sp.cos(times * THETA) - 2 * turn
        found = fallen(times, turn).subs(C, sp.cos(THETA))
        assert sp.simplify(sp.expand_trig(found - sp.expand_trig(published))) == 0


@pytest.mark.parametrize("times", TIMES)
def test_it_is_the_product_of_distances_to_its_zeros(times):
    for turn in range(times):
        product = sp.Integer(2) ** (times - 1) * sp.Mul(*(C - z for z in multiples.zeros(times)))
        form = (-1) ** turn * product - 2 * turn
        assert sp.simplify(sp.expand(fallen(times, turn) - form)) == 0


@pytest.mark.parametrize("times", TIMES)
def test_it_is_differentiable_once_at_every_turn_and_not_twice(times):
    for turn, border in enumerate(multiples.turns(times)):
        before, after = fallen(times, turn), fallen(times, turn + 1)
        assert sp.simplify((before - after).subs(C, border)) == 0
        for side in (before, after):
            assert sp.simplify(sp.diff(side, C).subs(C, border)) == 0
        assert sp.simplify(sp.diff(before - after, C, 2).subs(C, border)) != 0


@pytest.mark.parametrize("times", TIMES)
def test_it_falls_with_the_angle_everywhere(times):
    """Its slope by the cosine has no zero between two borders, and is positive there."""
    ends = [sp.Integer(1), *multiples.turns(times), sp.Integer(-1)]
    for turn, (high, low) in enumerate(pairwise(ends)):
        slope = sp.diff(fallen(times, turn), C)
        inside = [z for z in sp.roots(slope, C) if low < z < high]
        assert not inside
        assert slope.subs(C, (low + high) / 2).evalf(30) > 0


def signed(times):
    """Return the logit by signs alone, as the Caffe layers of its authors compute it."""
    s0, s1 = sp.sign(C), sp.sign(sp.Abs(C) - sp.Rational(1, 2))
    if times == 2:
        return 2 * s0 * C**2 - 1
    if times == 3:
        return s1 * (4 * C**3 - 3 * C) + s0 * (1 + s1) - 2
    s3 = s0 * sp.sign(2 * C**2 - 1)
    return s3 * (8 * C**4 - 8 * C**2 + 1) + 2 * s0 + s3 - 3


@pytest.mark.parametrize("times", [2, 3, 4])
def test_it_is_the_polynomial_with_signs_of_the_authors(times):
    ends = [sp.Integer(1), *multiples.turns(times), sp.Integer(-1)]
    for turn, (high, low) in enumerate(pairwise(ends)):
        for share in (sp.Rational(1, 3), sp.Rational(1, 2), sp.Rational(5, 7)):
            at = sp.nsimplify(sp.N(low + share * (high - low), 8), rational=True)
            assert fallen(times, turn).subs(C, at) == signed(times).subs(C, at)
    for turn, border in enumerate(multiples.turns(times)):
        assert sp.simplify(fallen(times, turn).subs(C, border) - signed(times).subs(C, border)) == 0


L = sp.Symbol("l", positive=True)


def combined(beyond=False, alone=0, guard="none", **constants):
    """Return the combined logit of an angle on one side of the border."""
    sets = combined_margins.COMBINED_MARGIN_LOGIT.axes["guard"].values[guard].sets
    given = {"cosine": sp.cos(THETA), "sine": sp.sin(THETA), "kept": sp.cos(THETA)}
    given |= {"room": -1 if beyond else 1, "alone": alone}
    known = {"cosine_margin": L, **sets, **constants}
    return quantities(combined_margins.COMBINED_MARGIN_LOGIT, given, **known)["loss"]


def test_the_combined_logit_has_both_margins():
    assert sp.simplify(combined() - (sp.cos(THETA + M) - L)) == 0
    assert sp.simplify(combined(beyond=True) - combined()) == 0
    assert sp.simplify(combined(alone=1) - (sp.cos(THETA) - L)) == 0


def test_without_one_margin_it_is_arcface_or_cosface():
    assert sp.simplify(combined(cosine_margin=0) - sp.cos(THETA + M)) == 0
    assert sp.simplify(combined(margin=0) - (sp.cos(THETA) - L)) == 0


def test_the_mirror_of_both_margins_has_no_step():
    mirrored = combined(beyond=True, guard="mirror")
    assert sp.simplify(mirrored + 2 * (1 + L) + sp.cos(THETA + M) - L) == 0
    assert sp.simplify((mirrored - combined()).subs(THETA, sp.pi - M)) == 0


K = sp.Symbol("k", positive=True)


def multiplied(beyond=False, guard="none", **constants):
    """Return the logit of a multiple of an angle on one side of the border."""
    sets = combined_margins.COMBINED_MARGIN_LOGIT.axes["guard"].values[guard].sets
    given = {"cosine": sp.cos(THETA), "sine": sp.sin(THETA), "kept": sp.cos(THETA)}
    given |= {"theta": THETA, "room": -1 if beyond else 1}
    known = {"cosine_margin": L, "multiple": K, **sets, **constants}
    definition, program = combined_margins.COMBINED_MARGIN_LOGIT, "combined_multiple_logit"
    return quantities(definition, given, program, **known)["loss"]


def test_the_multiplied_logit_has_all_three_margins():
    assert sp.simplify(multiplied() - (sp.cos(K * THETA + M) - L)) == 0
    assert sp.simplify(multiplied(beyond=True) - multiplied()) == 0


@pytest.mark.parametrize("beyond", [False, True])
@pytest.mark.parametrize("guard", ["none", "mirror"])
def test_once_the_angle_it_is_the_combined_logit(guard, beyond):
    difference = multiplied(beyond, guard, multiple=1) - combined(beyond, guard=guard)
    assert sp.simplify(difference) == 0


@pytest.mark.parametrize("times", TIMES)
def test_a_whole_multiple_alone_is_that_of_sphereface_before_its_first_turn(times):
    """The Chebyshev polynomial of the cosine, with no margin beside it."""
    alone = multiplied(multiple=times, margin=0, cosine_margin=0)
    polynomial = fallen(times, 0).subs(C, sp.cos(THETA))
    assert sp.simplify(sp.expand_trig(alone - polynomial)) == 0


def test_a_multiple_that_is_mirrored_falls_on_where_it_turns():
    """As SphereFace-R has it: (-1)^k cos(k theta) - 2 k, with k = 1."""
    mirrored = multiplied(beyond=True, guard="mirror")
    border = (sp.pi - M) / K
    assert sp.simplify((mirrored - multiplied()).subs(THETA, border)) == 0
    assert sp.simplify(sp.diff(mirrored, THETA).subs(THETA, border)) == 0
    published = -sp.cos(K * THETA) - 2
    found = multiplied(beyond=True, guard="mirror", margin=0, cosine_margin=0)
    assert sp.simplify(found - published) == 0


@pytest.mark.parametrize("end", [sp.S.Zero, sp.pi])
def test_the_slope_at_an_end_is_its_limit_but_for_the_term_that_has_none(end):
    """That term is 0 where the slope has a limit."""
    slope = sp.diff(multiplied(), THETA) / sp.diff(sp.cos(THETA), THETA)
    swing = K * (THETA - end)
    free = K * sp.sin(K * end + M) * sp.cos(swing) / sp.sin(THETA)
    wanted = K**2 * sp.cos(K * end + M) * (-1 if end else 1)
    rest = (slope - free).subs(THETA, end + sp.Symbol("d", positive=True))
    assert (
        sp.simplify(sp.limit(sp.expand_trig(rest), sp.Symbol("d", positive=True), 0) - wanted) == 0
    )
