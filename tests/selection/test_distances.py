"""Distances of all pairs: accuracy near and far, range, the expanded variant, memory and errors."""

import doctest
import math
import tracemalloc
from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from refloss.selection import METRICS, distances, pairwise_distances
from tests.selection.drawing import draws

U = 2.0**-53


def square(a, b):
    return sum((Fraction(float(p)) - Fraction(float(q))) ** 2 for p, q in zip(a, b, strict=True))


def off_by(found, exact_square, metric):
    """Return how far a distance is off, in U of it; 0 where it is exactly 0."""
    if not exact_square:
        return 0.0 if found == 0.0 else math.inf
    with mpmath.workprec(400):
        exact = mpmath.mpf(exact_square.numerator) / exact_square.denominator
        exact = exact if metric == "squared" else mpmath.sqrt(exact)
        return float(abs(mpmath.mpf(float(found)) / exact - 1) / U)


coordinates = st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1e-160, -3e-200, 2e160, -1e307, 5e-324])


@st.composite
def point_sets(draw):
    items, parts = draw(st.integers(2, 4)), draw(st.integers(1, 5))
    x = np.array(draw(st.lists(coordinates, min_size=items * parts, max_size=items * parts)))
    x = x.reshape(items, parts)
    if draw(st.booleans()):
        x[-1] = np.nextafter(x[0], draw(st.sampled_from([-np.inf, np.inf])))
    return x


@given(point_sets())
@draws(60)
def test_euclidean_distances_are_accurate_at_any_magnitude(x):
    found, parts = pairwise_distances(x), x.shape[1]
    assert (found == found.T).all()
    assert not found.diagonal().any()
    for i in range(len(x)):
        for j in range(i):
            exact = square(x[i], x[j])
            if exact < Fraction(1.79e308) ** 2 and (not exact or exact > Fraction(1e-300) ** 2):
                assert off_by(found[i, j], exact, "euclidean") <= parts / 2 + 3


@given(point_sets())
@draws(60)
def test_squared_distances_are_accurate_within_the_range(x):
    found, parts = pairwise_distances(x, metric="squared"), x.shape[1]
    for i in range(len(x)):
        for j in range(i):
            exact = square(x[i], x[j])
            if not exact or Fraction(1e-300) < exact < Fraction(1e308):
                assert off_by(found[i, j], exact, "squared") <= parts + 5


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_points_next_to_each_other_and_far_from_zero(dtype):
    random = np.random.default_rng(0)
    x = random.normal(size=(8, 16))
    x *= 1000.0 / np.linalg.norm(x, axis=1, keepdims=True)
    step = random.normal(size=(8, 16))
    y = (x + 1e-5 * step / np.linalg.norm(step, axis=1, keepdims=True)).astype(dtype)
    x = x.astype(dtype)
    found, expanded = (
        np.diag(pairwise_distances(x, y, method=method)) for method in ("difference", "expanded")
    )
    rounding = (16 / 2 + 3) * U + (0.5 * np.finfo(dtype).eps if dtype == "float32" else 0.0)
    for i in range(8):
        assert off_by(found[i], square(x[i], y[i]), "euclidean") * U <= rounding
    true = np.array([math.sqrt(square(a, b)) for a, b in zip(x, y, strict=True)])
    lost = np.abs(expanded - true) / np.maximum(true, 1e-9)
    assert lost.max() > (0.1 if dtype == "float64" else 0.9)  # not a digit left


def test_the_expansion_in_float32_is_that_of_torch():
    random = np.random.default_rng(1)
    x = random.normal(scale=10.0, size=(6, 128)).astype(np.float32)
    x[1] = np.nextafter(x[0], np.float32(np.inf))
    given = torch.from_numpy(x)
    square_norms = (given * given).sum(1)
    theirs = (square_norms[:, None] + square_norms - 2.0 * given @ given.T).clamp(min=0.0).sqrt()
    ours = pairwise_distances(x, method="expanded")
    true = math.sqrt(square(x[0], x[1]))
    assert ours.dtype == np.float32
    off = np.abs(ours.astype(np.float64) ** 2 - theirs.numpy().astype(np.float64) ** 2).max()
    assert off <= 4 * 130 * 2.0**-24 * float(square_norms.max())
    assert abs(ours[0, 1] - true) > 0.5 * true
    assert pairwise_distances(x)[0, 1] == np.float32(true)


@given(point_sets().filter(lambda x: np.abs(x).max() < 1e300))
@draws(60)
def test_cosine_distances_are_as_accurate_as_unit_vectors_allow(x):
    found, parts = pairwise_distances(x, metric="cosine"), x.shape[1]
    assert (found == found.T).all()
    assert (found >= 0.0).all()
    assert (found <= 2.0).all()
    assert not found.diagonal().any()
    for i in range(len(x)):
        for j in range(i):
            if np.abs(x[i]).max() < 1e-290 or np.abs(x[j]).max() < 1e-290:
                continue  # zeros, and rows that are subnormal
            with mpmath.workprec(400):
                a, b = (list(map(mpmath.mpf, row.tolist())) for row in (x[i], x[j]))
                exact = 1 - mpmath.fdot(a, b) / mpmath.sqrt(mpmath.fdot(a, a) * mpmath.fdot(b, b))
                off = abs(mpmath.mpf(float(found[i, j])) - exact)
            size = max(float(exact), 0.0)
            turn = 3 * U * math.sqrt(2 * size)  # rounding of the unit vectors, across
            stretch = ((parts + 8) * U) ** 2 / 2  # and along them
            assert off <= (2 * parts + 12) * U * size + turn + stretch


def test_the_cosine_of_a_vector_of_zeros_is_zero_but_with_itself():
    x = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [1e-320, 0.0]])
    found = pairwise_distances(x, metric="cosine")
    assert found[0].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert found[3, 1] == pytest.approx(0.4, rel=4 * U)
    assert pairwise_distances(x, x.copy(), metric="cosine")[0, 0] == 1.0


def test_parallel_and_opposite_vectors():
    x = np.array([[3.0, 4.0], [6.0, 8.0], [-3.0, -4.0], [3e200, 4e200], [3e-200, 4e-200]])
    expected = [0.0, 0.0, 2.0, 0.0, 0.0]
    assert pairwise_distances(x, metric="cosine")[0] == pytest.approx(expected, abs=2 * U)


def test_rounding_takes_no_cosine_distance_beyond_two():
    x = np.random.default_rng(9).normal(size=(200, 7))
    found = np.diag(pairwise_distances(x, -x, metric="cosine"))
    assert found.max() == 2.0
    assert found.min() < 2.0  # some unit vectors are shorter than 1


def test_what_is_not_finite_spoils_its_own_row():
    x = np.array([[0.0, 1.0], [np.nan, 0.0], [np.inf, 0.0], [2.0, 1.0]])
    for metric in METRICS:
        found = pairwise_distances(x, metric=metric)
        assert np.isnan(found[1]).all()
        assert np.isnan(found[:, 1]).all()
        assert np.isfinite(found[np.ix_([0, 3], [0, 3])]).all()
    assert pairwise_distances(x)[0, 2] == np.inf


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", ["difference", "expanded"])
def test_a_budget_changes_no_bit(metric, method, monkeypatch):
    x = np.random.default_rng(2).normal(size=(40, 7))
    x[5] = x[6] = 1e-200 * x[7]
    whole = pairwise_distances(x, metric=metric, method=method)
    if method == "difference":
        assert (pairwise_distances(x, metric=metric, memory=1) == whole).all()
        monkeypatch.setattr(distances, "_TILE", 50)
        assert (pairwise_distances(x, metric=metric) == whole).all()
    parts = pairwise_distances(x, metric=metric, method=method, memory=1 << 13)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=40 * U * np.abs(x).max() ** 2 * 7)


def test_no_array_of_all_pairs_times_all_coordinates_exists():
    x = np.random.default_rng(3).normal(size=(512, 256))  # 512 x 512 x 256 numbers are 512 MiB
    result, budget = 8 * 512 * 512, 1 << 20
    for metric in METRICS:
        tracemalloc.start()
        pairwise_distances(x, metric=metric, memory=budget)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < result + 3 * x.nbytes + budget


@given(st.integers(0, 2**32 - 1), st.permutations(range(6)))
@draws(30)
def test_permutation_translation_and_rotation_by_exact_maps(seed, order):
    x = np.random.default_rng(seed).integers(-(2**20), 2**20, size=(6, 2)).astype(np.float64)
    turned = x @ np.array([[3.0, -4.0], [4.0, 3.0]])  # five times a rotation, exact on integers
    squares = pairwise_distances(x, metric="squared")
    assert (pairwise_distances(x[order], metric="squared") == squares[np.ix_(order, order)]).all()
    assert (pairwise_distances(x + 2.0**22, metric="squared") == squares).all()
    assert (pairwise_distances(turned, metric="squared") == 25.0 * squares).all()
    for metric in METRICS:
        found = pairwise_distances(x, metric=metric)
        assert (pairwise_distances(x[order], metric=metric) == found[np.ix_(order, order)]).all()


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_results_have_the_format_of_the_embeddings_and_are_rounded_once(dtype):
    x = np.random.default_rng(4).normal(size=(5, 3)).astype(dtype)
    before = x.copy()
    found = pairwise_distances(x, metric="squared")
    assert found.dtype == x.dtype
    wide = pairwise_distances(x.astype(np.float64), metric="squared")
    assert (found == wide.astype(np.float32).astype(dtype)).all()
    assert (x.view(np.uint8) == before.view(np.uint8)).all()


def test_tensors_give_tensors():
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    found = pairwise_distances(x, x[:2])
    assert isinstance(found, torch.Tensor)
    assert (found.numpy() == pairwise_distances(x.detach().numpy(), x[:2].detach().numpy())).all()


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3, 0)])
def test_small_sets(shape):
    for metric in METRICS:
        for method in ("difference", "expanded"):
            found = pairwise_distances(np.ones(shape), metric=metric, method=method)
            assert found.shape == (shape[0], shape[0])


X = np.ones((3, 2))


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "x: expected one of float16.*got int64", (np.ones((3, 2), int),), {}),
        (TypeError, "x: expected an array .*got list", ([[1.0]],), {}),
        (ValueError, r"x: expected shape \(N, D\), got \(3,\)", (np.ones(3),), {}),
        (TypeError, "y: expected float64 as x, got float32", (X, X.astype(np.float32)), {}),
        (ValueError, "y: expected 2 columns as in x, got 3", (X, np.ones((3, 3))), {}),
        (ValueError, "metric: .*did you mean 'euclidean'", (X,), {"metric": "euclidian"}),
        (ValueError, "method: expected one of .*'gemm'", (X,), {"method": "gemm"}),
        (ValueError, "memory: expected a number of bytes > 0, got 0", (X,), {"memory": 0}),
    ],
)
def test_errors_name_the_argument(error, message, arguments, options):
    with pytest.raises(error, match=message):
        pairwise_distances(*arguments, **options)


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(distances)
    assert tried
    assert not failed
