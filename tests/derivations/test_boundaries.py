"""Decision boundaries as symbols: equations, what follows from them, and proofs that can fail."""

from dataclasses import replace

import pytest
import sympy as sp

from derivations import boundaries
from refloss.symbolic.rules import prove

LOSSES = sorted(boundaries.BOUNDARIES)


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_program_follows_from_its_equation(name, form):
    assert boundaries.follows(name, form)


def test_a_program_that_does_not_follow_is_found(monkeypatch):
    about = boundaries.BOUNDARIES["cosface"]
    moved = replace(about, fixed={**about.fixed, "m2": 0.5})
    monkeypatch.setitem(boundaries.BOUNDARIES, "cosface", moved)
    assert not boundaries.follows("cosface", 1)
    other = boundaries.EQUATIONS["sphereface"].subs(boundaries.k, boundaries.k + 1)
    monkeypatch.setitem(boundaries.EQUATIONS, "sphereface", other)
    assert not boundaries.follows("sphereface", 1)


@pytest.mark.parametrize("rule", boundaries.RULES, ids=lambda rule: rule.name)
def test_rules_hold(rule):
    prove(rule)


@pytest.mark.parametrize("name", sorted(boundaries.ANGLES))
def test_angles_solve_their_equations(name):
    assert boundaries.angle_holds(name)


def test_an_angle_that_does_not_is_found(monkeypatch):
    wrong = ({}, boundaries.theta_1 - boundaries.m, sp.pi + boundaries.m)
    monkeypatch.setitem(boundaries.ANGLES, "arcface", wrong)
    assert not boundaries.angle_holds("arcface")


@pytest.mark.parametrize("name", sorted(boundaries.MARGINS))
def test_margins_lie_on_the_boundaries(name):
    assert boundaries.margin_holds(name)


def test_a_margin_that_does_not_is_found(monkeypatch):
    monkeypatch.setitem(boundaries.MARGINS, "cosface", boundaries.m)
    assert not boundaries.margin_holds("cosface")


@pytest.mark.parametrize("name", LOSSES)
def test_only_softmax_has_one_boundary_for_both_classes(name):
    assert boundaries.shared(name) == (name in ("softmax", "modified_softmax"))


@pytest.mark.parametrize("name", LOSSES)
def test_swapping_twice_is_the_same_equation(name, monkeypatch):
    equation = boundaries.EQUATIONS[name]
    monkeypatch.setitem(boundaries.EQUATIONS, name, boundaries.swapped(name))
    assert boundaries.swapped(name) == equation


def test_scale_and_norm_move_no_boundary():
    for name in LOSSES:
        free = boundaries.solved(name).free_symbols
        assert boundaries.s not in free
        assert (boundaries.x in free) == (name == "softmax")  # beside the biases


def test_the_combined_margin_contains_the_others():
    given = {
        "modified_softmax": (1, 0, 0),
        "cosface": (1, 0, boundaries.m),
        "arcface": (1, boundaries.m, 0),
    }
    combined = boundaries.solved("combined_margin")
    for name, values in given.items():
        parts = dict(zip((boundaries.m_1, boundaries.m_2, boundaries.m_3), values, strict=True))
        assert sp.simplify(combined.subs(parts) - boundaries.solved(name)) == 0
    bare = boundaries.solved("sphereface").subs({boundaries.k: 0, boundaries.lamda: 0})
    parts = {boundaries.m_1: boundaries.m, boundaries.m_2: 0, boundaries.m_3: 0}
    assert sp.simplify(combined.subs(parts) - bare) == 0


@pytest.mark.parametrize("name", ["cosface", "arcface"])
def test_a_margin_of_0_leaves_equal_angles(name):
    limit = sp.limit(boundaries.solved(name), boundaries.m, 0, "+")
    assert sp.simplify(limit - sp.cos(boundaries.theta_1)) == 0


def test_psi_is_continuous_where_k_changes():
    k, m = boundaries.k, boundaries.m
    for turns in range(4):
        knot = {boundaries.theta_1: (turns + 1) * sp.pi / m}
        before, after = (boundaries.psi.subs(k, turns + step).subs(knot) for step in (0, 1))
        assert sp.simplify(before - after) == 0
