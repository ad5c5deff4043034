"""Laws of target logits with an angular margin, proved by SymPy from the plain definitions."""

import pytest
import sympy as sp

from derivations import angular
from refloss.symbolic import functions as fn
from refloss.symbolic.program import indexed, name_of

THETA, M = sp.symbols("theta m", positive=True)
FREE = {"limit": 2, "attached": 1, "scale": 1, "degrees": 0, "margin": M, "clip": 0}


def quantities(definition, given, **constants):
    """Return every quantity of a plain program as an expression, with some of them given.

    Parameters
    ----------
    given : mapping
        Expressions by name: of the input, and of what the law has for a named quantity.
    **constants
        Beside those that an angle of the margin m in radians has.
    """
    (program, _), *_ = definition.programs.values()
    told = {name: c.default for name, c in definition.constants.items()} | FREE | constants
    known = {c: sp.nsimplify(told[str(c)]) for c in program.consts if str(c) in told}
    exact = {near: value.subs(known) for near, _, value in program.derived}
    found = dict(given)
    for let in program.lets:
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
