"""Units of error, and verdicts at ties."""

import math

import numpy as np
import pytest

from crossval.oracles.enclosure import truth
from crossval.oracles.metric import membership, ulp_error

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("result", "hi", "lo", "dtype", "expected"),
    [
        (1 + 2.0**-52, 1.0, 0.0, "float64", 1.0),
        (1.0, 1.0, 2.0**-54, "float64", 0.25),
        (1.0, 1.0, -(2.0**-54), "float64", 0.5),  # the truth lies below 1, where ulps are half
        (1 + 2.0**-23, 1.0, 0.0, "float32", 1.0),
        (1.0, 1 + 2.0**-9, 0.0, "float16", 0.0625 * 32),
        (0.0, 5e-324, 0.0, "float64", 1.0),
        (2.0**-149, 0.0, 0.0, "float32", 1.0),
        (INF, 3.5e38, 0.0, "float32", 0.0),
        (INF, 3.4e38, 0.0, "float32", INF),
        (-INF, 3.5e38, 0.0, "float32", INF),
        (65504.0, 65519.0, 0.0, "float16", 15 / 32),
        (INF, 65520.0, 0.0, "float16", 0.0),
        (INF, 65520.0, -1e-9, "float16", INF),
        (INF, INF, 0.0, "float64", 0.0),
        (1e308, INF, 0.0, "float64", INF),
        (NAN, 1.0, 0.0, "float64", INF),
        (NAN, INF, 0.0, "float64", INF),
        (NAN, NAN, 0.0, "float64", 0.0),
        (1.0, NAN, 0.0, "float64", INF),
    ],
)
def test_error_in_units_of_the_last_place(result, hi, lo, dtype, expected):
    assert ulp_error(result, hi, lo, dtype=dtype) == expected


def test_error_is_measured_from_the_real_truth_not_from_its_rounding():
    hi, lo = np.array([1.0, 3.0]), np.array([0.25, -0.25]) * 2.0**-52
    assert ulp_error(hi, hi, lo, dtype="float64").tolist() == [0.25, 0.125]


CORNERS = np.eye(2)


@pytest.mark.parametrize(
    ("candidate", "inside", "convention"),
    [
        ([1.0, 0.0], True, "vertex 0"),
        ([0.0, 1.0 + 2.0**-52], True, "vertex 1"),
        ([0.5, 0.5], True, "even split"),
        ([0.3, 0.7], True, "mixture"),
        ([1.0, 1.0], False, "outside"),
        ([1.5, -0.5], False, "outside"),
        ([0.0, 0.0], False, "outside"),
        ([0.5, 0.5 + 1e-14], False, "outside"),
        ([NAN, 0.5], False, "outside"),
        ([INF, 0.5], False, "outside"),
    ],
)
def test_verdicts_at_a_tie_of_max(candidate, inside, convention):
    verdict = membership(candidate, CORNERS, 4 * 2.0**-53)
    assert (verdict.inside, verdict.convention) == (inside, convention)


def test_zero_is_named_where_it_is_a_member():
    verdict = membership([0.0], [[-1.0], [3.0]], 0.0)
    assert (verdict.inside, verdict.convention) == (True, "zero")
    assert verdict.weights.tolist() == [0.75, 0.25]


def test_membership_does_not_depend_on_scale(rng):
    for scale in (1e-300, 1e-30, 1e30, 1e300):
        vertices = rng.normal(size=(5, 3)) * scale
        inner = rng.dirichlet(np.ones(5)) @ vertices
        outer = vertices.mean(0) + 10 * (vertices[0] - vertices.mean(0))
        slack = 16 * 2.0**-53 * np.abs(vertices).max(0)
        assert membership(inner, vertices, slack).inside
        assert not membership(outer, vertices, slack).inside
        near = vertices[0] + 0.5 * slack
        assert membership(near, vertices, slack).convention == "vertex 0"


def test_mixtures_of_components_of_any_size_are_inside(rng):
    for _ in range(50):
        vertices = rng.normal(size=(4, 8)) * 10.0 ** rng.integers(-6, 6, size=8)
        slack = 8 * np.spacing(np.abs(vertices).max(axis=0))
        assert membership(rng.dirichlet(np.ones(4)) @ vertices, vertices, slack).inside
        away = vertices[2] + 100 * slack * np.eye(8)[rng.integers(8)]
        assert not membership(2 * away - vertices[1], vertices, slack).inside


def test_a_component_of_infinite_tolerance_is_not_judged():
    tolerance = np.array([np.inf, 1e-12])
    assert membership([7.0, 0.5], CORNERS, tolerance).inside
    assert not membership([7.0, 1.5], CORNERS, tolerance).inside


def test_distance_counts_tolerances():
    verdict = membership([1.0, 0.25], [[0.0, 0.0], [1.0, 0.0]], [0.1, 0.1])
    assert verdict.distance == pytest.approx(2.5)


def test_every_mixture_of_the_vertices_of_identical_boxes_is_inside(loss, rng):
    vertices = truth(loss("ciou"), [[0.1, 0.2, 0.3, 0.7] * 2]).vertices[0]
    slack = 8 * 2.0**-53 * np.abs(vertices).max(0)
    for _ in range(20):
        assert membership(rng.dirichlet(np.full(16, 0.2)) @ vertices, vertices, slack).inside
    # The componentwise bounds of the vertices, (1, 1) at max, are no combination of them.
    assert not membership(vertices.max(0), vertices, slack).inside
