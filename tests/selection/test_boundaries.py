"""Decision boundaries as numbers: against roots of the equations, at edges, in limits; errors."""

import doctest
import math
from itertools import pairwise

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest
import torch

from refloss.selection import (
    angular_margin,
    boundaries,
    boundary_losses,
    boundary_range,
    decision_boundary,
)
from tests.selection.boundary_cases import CASES, U, allowed, root

IDS = [f"{name}-{'-'.join(f'{k}={v:g}' for k, v in o.items())}" for name, o in CASES]
ANGLES = (1e-30, 1e-12, 0.003, 0.4, 0.785, 1.0471, 1.6, 2.2, 2.7, 3.1, math.pi)
MARGINS = ["sphereface", "f_norm_sphereface", "cosface", "arcface", "combined_margin"]


def ulps(found, true):
    return np.max(np.abs(found - true) / np.spacing(true))


# ------------------------------------------------------------------ against roots of the equations


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_a_boundary_is_the_root_of_its_equation(name, options):
    found = 0
    for theta in ANGLES:
        other, ours = root(name, theta, options), decision_boundary(theta, name, **options)
        if other is None:
            assert math.isnan(ours)
        elif mp.mpf(10) ** -7 < mp.pi - other and other != 0:
            assert abs(ours - other) <= allowed(name, theta, other, options), theta
            found += 1
        else:  # the last digits of an angle decide there
            assert math.isnan(ours) or abs(ours - other) < 1e-7
    assert found


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_a_range_has_a_boundary_that_rises_and_ends(name, options):
    low, high = boundary_range(name, **options)
    other = decision_boundary(np.linspace(low, high, 201), name, **options)
    assert np.isfinite(other).all()
    assert (np.diff(other) >= 0.0).all()
    assert low == 0.0 or math.isnan(decision_boundary(np.nextafter(low, 0.0), name, **options))
    beyond = np.nextafter(high, 9.0)
    if high < math.pi and "arcface" not in name and options.get("m3") != 0.0:
        assert math.isnan(decision_boundary(beyond, name, **options))


# ------------------------------------------------------------------------------- edges and limits


@pytest.mark.parametrize("margin", [1.0, 2.0, 3.0, 4.0, 5.0, 1.7])
def test_sphereface_ends_at_pi_over_m(margin):
    edge = math.pi / margin
    assert decision_boundary(edge, "sphereface", margin=margin) == math.pi
    assert boundary_range("sphereface", margin=margin) == (0.0, edge)
    assert decision_boundary(0.0, "sphereface", margin=margin) == 0.0
    theta = np.linspace(0.0, edge, 100)[1:]
    assert ulps(decision_boundary(theta, "sphereface", margin=margin), margin * theta) <= 4
    if margin > 1.0:
        beyond = np.array([np.nextafter(edge, 9.0) + U * edge, 1.001 * edge, math.pi])
        assert np.isnan(decision_boundary(beyond, "sphereface", margin=margin)).all()


@pytest.mark.parametrize("margin", [2.0, 4.0])
def test_one_number_beyond_pi_over_m_there_is_none(margin):
    beyond = np.nextafter(math.pi / margin, 9.0)
    assert math.isnan(decision_boundary(beyond, "sphereface", margin=margin))
    assert math.isnan(angular_margin(beyond, "sphereface", margin=margin))


@pytest.mark.parametrize("margin", [0.1, 0.5, 1.0])
def test_arcface_turns_at_pi_less_m(margin):
    edge = math.pi - margin
    assert decision_boundary(0.0, "arcface", margin=margin) == pytest.approx(margin, rel=4 * U)
    assert decision_boundary(edge, "arcface", margin=margin) == pytest.approx(math.pi, rel=2 * U)
    assert boundary_range("arcface", margin=margin) == (0.0, edge)
    before = np.linspace(0.0, edge, 100)
    assert ulps(decision_boundary(before, "arcface", margin=margin), before + margin) <= 4
    after = np.linspace(edge, math.pi, 100)
    mirrored = 2.0 * math.pi - after - margin
    found = decision_boundary(after, "arcface", margin=margin)
    np.testing.assert_allclose(found, mirrored, rtol=0, atol=4 * U * 2.0 * math.pi)


def test_cosface_ends_where_the_cosine_is_m_less_1():
    low, high = boundary_range("cosface", margin=0.35)
    assert low == 0.0
    assert high == pytest.approx(math.acos(0.35 - 1.0), rel=4 * U)
    assert decision_boundary(0.0, "cosface", margin=0.35) == pytest.approx(
        math.acos(0.65), rel=4 * U
    )
    assert math.isnan(decision_boundary(math.pi, "cosface"))
    assert decision_boundary(math.pi / 2.0, "cosface", margin=1.0) == pytest.approx(math.pi)


def test_the_combined_margin_ends_where_its_parts_say():
    low, high = boundary_range("combined_margin", m1=0.9, m2=0.4, m3=0.15)
    assert (low, high) == (0.0, pytest.approx((math.acos(0.15 - 1.0) - 0.4) / 0.9, rel=8 * U))
    assert boundary_range("combined_margin", m1=2.0, m2=0.25, m3=0.0)[1] == (math.pi - 0.25) / 2.0


def test_a_margin_that_no_angle_meets_has_no_range():
    assert all(map(math.isnan, boundary_range("cosface", margin=2.5)))
    assert all(map(math.isnan, boundary_range("softmax", own_bias=9.0)))
    assert all(map(math.isnan, boundary_range("softmax", other_bias=9.0)))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("modified_softmax", {}),
        ("softmax", {"own_norm": 3.0, "other_norm": 3.0, "own_bias": 2.0, "other_bias": 2.0}),
        ("sphereface", {"margin": 1.0}),
        ("sphereface", {"margin": 1.0, "annealing": 7.0}),
        ("cosface", {"margin": 0.0}),
        ("arcface", {"margin": 0.0}),
        ("combined_margin", {"m1": 1.0, "m2": 0.0, "m3": 0.0}),
    ],
)
def test_without_a_margin_the_angles_are_equal(name, options):
    theta = np.array([1e-150, 1e-20, 1e-8, 0.1, 1.0, 2.0, 3.0, math.pi])
    assert ulps(decision_boundary(theta, name, **options), theta) <= 4
    assert np.abs(angular_margin(theta, name, **options)).max() <= 4 * U * math.pi
    assert decision_boundary(0.0, name, **options) == 0.0
    assert boundary_range(name, **options) == (0.0, math.pi)


def test_annealing_leads_from_equal_angles_to_the_margin():
    theta = np.linspace(0.05, math.pi / 4.0 - 0.05, 20)
    weights = (1e9, 1000.0, 50.0, 5.0, 1.0, 0.0)
    others = [decision_boundary(theta, "sphereface", annealing=w) for w in weights]
    np.testing.assert_allclose(others[0], theta, rtol=1e-7)
    np.testing.assert_allclose(others[-1], 4.0 * theta, rtol=8 * U)
    assert all((wide > narrow).all() for narrow, wide in pairwise(others))
    ends = [boundary_range("sphereface", annealing=w)[1] for w in weights]
    assert ends == sorted(ends, reverse=True)


@pytest.mark.parametrize("knot", [1, 2, 3])
def test_an_annealed_boundary_has_no_jump_where_psi_changes_branch(knot):
    at = knot * math.pi / 4.0
    near = np.array([np.nextafter(at, 0.0), at, np.nextafter(at, 4.0)])
    found = decision_boundary(near, "sphereface", annealing=20.0)
    assert np.isfinite(found).all()
    assert np.ptp(found) <= 32 * U  # 8 between the angles, slopes below 1.5, 10 of each result


def test_the_equation_as_printed_is_sphereface_up_to_pi_over_m():
    theta = np.linspace(0.0, math.pi / 4.0, 50)
    bare = decision_boundary(theta, "combined_margin", m1=4.0, m2=0.0, m3=0.0)
    np.testing.assert_allclose(bare, decision_boundary(theta, "sphereface"), rtol=4 * U, atol=0)
    assert decision_boundary(1.5, "combined_margin", m1=4.0, m2=0.0, m3=0.0) < 1.0  # folded back
    assert math.isnan(decision_boundary(1.5, "sphereface"))


# ------------------------------------------------------------------------- two classes, the margin


def test_the_boundary_of_a_softmax_is_one_for_both_classes():
    own = {"own_norm": 1.5, "other_norm": 2.0, "own_bias": 0.25, "feature_norm": 2.0}
    exchanged = {"own_norm": 2.0, "other_norm": 1.5, "other_bias": 0.25, "feature_norm": 2.0}
    low, high = boundary_range("softmax", **own)
    theta = np.linspace(low + 0.3, high - 0.3, 50)
    back = decision_boundary(decision_boundary(theta, "softmax", **own), "softmax", **exchanged)
    np.testing.assert_allclose(back, theta, rtol=1e-13, atol=0)  # slopes are below 10
    assert not angular_margin(theta, "softmax", **own).any()
    assert np.isnan(
        angular_margin(np.array([low / 2.0]), "softmax", own_norm=2.0, own_bias=0.5)
    ).all()


def raised(name, theta):
    """Return the score that class 1 has by the papers, for unit vectors."""
    return {
        "cosface": math.cos(theta) - 0.35,
        "arcface": math.cos(theta + 0.5),
        "sphereface": math.cos(4.0 * theta),
        "combined_margin": math.cos(theta + 0.3) - 0.2,
    }[name]


@pytest.mark.parametrize("name", ["sphereface", "cosface", "arcface", "combined_margin"])
@pytest.mark.parametrize("between", [1.2, math.pi / 2.0, 2.0])
def test_the_margin_is_the_angle_between_the_boundaries_in_the_plane(name, between):
    """On the way from weight 1 to weight 2, class 1 loses its lead before class 2 gains one."""
    leads, behind = 0.0, between / 2.0
    for _ in range(60):
        middle = 0.5 * (leads + behind)
        ahead = raised(name, middle) > math.cos(between - middle)
        leads, behind = (middle, behind) if ahead else (leads, middle)
    first, second = leads, between - leads  # the boundaries of class 1 and 2, from weight 1
    assert decision_boundary(first, name) == pytest.approx(second, rel=1e-13)
    assert angular_margin(first, name) == pytest.approx(second - first, rel=1e-13)


@pytest.mark.parametrize("between", [0.5, 1.0, 1.5, 3.0])
def test_margins_by_the_angle_of_the_weights(between):
    own = between / 5.0
    assert angular_margin(own, "sphereface") == pytest.approx(3.0 / 5.0 * between, rel=8 * U)
    gap = 2.0 * math.asin(0.1 / (2.0 * math.sin(between / 2.0)))
    own = (between - gap) / 2.0
    assert angular_margin(own, "cosface", margin=0.1) == pytest.approx(gap, rel=1e-14)
    assert angular_margin(own, "arcface", margin=0.25) == pytest.approx(0.25, rel=1e-14)


# ------------------------------------------------------------------- formats, libraries and errors


@pytest.mark.parametrize("name", sorted(boundary_losses()))
@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_angles_are_computed_in_float64_and_rounded_once(name, dtype):
    theta = np.linspace(0.0, 3.1, 34).astype(dtype).reshape(2, 17)
    before = theta.copy()
    for function in (decision_boundary, angular_margin):
        found = function(theta, name)
        wide = function(theta.astype(np.float64), name)
        assert found.dtype == theta.dtype
        assert np.array_equal(found, wide.astype(dtype), equal_nan=True)
    assert theta.tobytes() == before.tobytes()


def test_the_largest_angle_of_every_format_is_pi():
    for dtype in (np.float64, np.float32, np.float16, ml_dtypes.bfloat16):
        half_turn = np.array([math.pi]).astype(dtype)
        assert decision_boundary(half_turn, "modified_softmax") == half_turn


def test_results_are_of_the_kind_of_the_angles():
    assert type(decision_boundary(1, "arcface")) is float
    assert isinstance(decision_boundary(np.float32(1.0), "arcface"), np.float32)
    tensor = torch.tensor([[0.25, 3.0]], dtype=torch.bfloat16)
    found = angular_margin(tensor, "sphereface", annealing=5.0)
    assert found.dtype == torch.bfloat16
    assert found.shape == (1, 2)
    assert torch.isnan(found).tolist() == [[False, True]]
    assert decision_boundary(np.zeros((0, 3)), "cosface").shape == (0, 3)
    strided = np.linspace(0.0, 2.5, 12).reshape(3, 4).T[::2]
    assert ulps(decision_boundary(strided, "arcface"), strided + 0.5) <= 4


@pytest.mark.parametrize("name", sorted(boundary_losses()))
def test_nan_stays_with_its_angle(name):
    found = decision_boundary(np.array([math.nan, 0.25]), name)
    assert math.isnan(found[0])
    assert found[1] == decision_boundary(0.25, name)


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (ValueError, "loss: expected one of .*did you mean 'arcface'", (1.0, "arcfac"), {}),
        (ValueError, "arcface: option: .*'margin'; got 'm'", (1.0, "arcface"), {"m": 0.5}),
        (
            ValueError,
            "modified_softmax: option: expected one of none",
            (1.0, "modified_softmax"),
            {"margin": 1.0},
        ),
        (ValueError, "theta: expected angles from 0 to pi, got 3.2", (3.25, "arcface"), {}),
        (ValueError, "theta: expected angles .*got -0.5", (np.array([0.0, -0.5]), "arcface"), {}),
        (ValueError, "theta: expected angles .*got inf", (math.inf, "arcface"), {}),
        (TypeError, "theta: expected one of float16, .*got int64", (np.array([1]), "arcface"), {}),
        (TypeError, "theta: expected an array .*got bool", (True, "arcface"), {}),
        (TypeError, "theta: expected an array .*got list", ([1.0], "arcface"), {}),
        (
            TypeError,
            "arcface: margin: expected a number, got '1'",
            (1.0, "arcface"),
            {"margin": "1"},
        ),
        (
            TypeError,
            "arcface: margin: expected a number, got True",
            (1.0, "arcface"),
            {"margin": True},
        ),
        (
            ValueError,
            "arcface: margin: .*>= 0 and <= 3.14.*got 28.6",
            (1.0, "arcface"),
            {"margin": 28.6},
        ),
        (ValueError, "sphereface: margin: .*>= 1, got 0.5", (1.0, "sphereface"), {"margin": 0.5}),
        (
            ValueError,
            "sphereface: annealing: .*>= 0, got -1.0",
            (1.0, "sphereface"),
            {"annealing": -1.0},
        ),
        (
            ValueError,
            "cosface: margin: expected a finite number",
            (1.0, "cosface"),
            {"margin": math.nan},
        ),
        (ValueError, "combined_margin: m1: .*> 0, got 0.0", (1.0, "combined_margin"), {"m1": 0.0}),
        (ValueError, "softmax: own_norm: .*> 0, got 0.0", (1.0, "softmax"), {"own_norm": 0.0}),
        (
            ValueError,
            "softmax: own_bias: expected a finite number, got inf",
            (1.0, "softmax"),
            {"own_bias": math.inf},
        ),
    ],
)
def test_errors_name_the_argument(error, message, arguments, options):
    for function in (decision_boundary, angular_margin):
        with pytest.raises(error, match=message):
            function(*arguments, **options)


def test_losses_are_data_that_nothing_writes_to():
    losses = boundary_losses()
    with pytest.raises(TypeError):
        losses["arcface"]["options"]["margin"]["default"] = 1.0
    for name, about in losses.items():
        assert {"title", "equation", "cosine", "source"} <= set(about)
        assert f"``{name}``" in decision_boundary.__doc__
        for option in about["options"]:
            assert f"``{option}``" in decision_boundary.__doc__


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(boundaries)
    assert tried
    assert not failed
