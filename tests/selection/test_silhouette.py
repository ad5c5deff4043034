"""Silhouettes against scikit-learn and exact arithmetic: alone, coincident, memory, errors."""

import doctest
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import metrics

from refloss.selection import (
    silhouette,
    silhouette_by_class,
    silhouette_samples,
    silhouette_score,
)
from tests.selection.batches import POINTS, distance, labellings
from tests.selection.drawing import draws

U = 2.0**-53


def by_definition(x, labels):
    """Return the coefficients of points whose distances are floats, in exact arithmetic."""
    found = []
    for i, label in enumerate(labels.tolist()):
        others = {
            c: [j for j in range(len(x)) if labels[j] == c and j != i] for c in set(labels.tolist())
        }
        means = {c: sum(distance(x, i, j) for j in js) / len(js) for c, js in others.items() if js}
        own = means.pop(label, None)
        most = max(own, min(means.values())) if own is not None else Fraction(0)
        found.append((min(means.values()) - own) / most if most else Fraction(0))
    return found


@pytest.mark.parametrize("points", sorted(POINTS))
def test_every_labelling_of_a_small_batch(points):
    for labels in labellings(5, 3):
        if len(set(labels.tolist())) < 2:
            continue
        x = POINTS[points][: len(labels)]
        found, expected = silhouette_samples(x, labels), by_definition(x, labels)
        # Roundings of sums, means, a difference and a quotient of at most 1.
        off = [abs(Fraction(f) - e) for f, e in zip(found.tolist(), expected, strict=True)]
        assert max(off) <= 16 * U
        assert [f == 0.0 for f in found] == [abs(e) <= 4 * U for e in expected]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_scikit_learn(metric, seed):
    random = np.random.default_rng(seed)
    x, labels = random.normal(size=(70, 5)), random.integers(0, 6, 70) * 7 - 3
    labels[:2] = 100, 101  # two alone in their class
    x += 0.7 * labels[:, None] / 20
    x[3], labels[3], x[5] = x[4], labels[4], 0.0  # coincident, and a vector of zeros
    # Their own Euclidean distances come from the expansion, which loses the digits of near points.
    direct = cdist(x, x) if metric == "euclidean" else metrics.pairwise.cosine_distances(x)
    means = np.stack([direct[:, labels == c].mean(axis=1) for c in np.unique(labels)])
    each = 16 * U / means[means > 0.0].min() if metric == "cosine" else 0.0  # of 1 - cos
    allowed = 4 * len(x) * U + 2 * each
    theirs = metrics.silhouette_samples(direct, labels, metric="precomputed")
    ours = silhouette_samples(x, labels, metric=metric)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=allowed)
    assert ours[0] == ours[1] == 0.0
    score = metrics.silhouette_score(direct, labels, metric="precomputed")
    assert abs(silhouette_score(x, labels, metric=metric) - score) <= allowed


def test_singletons_and_coincident_clusters_are_zero():
    same = np.ones((4, 2))
    labels = np.array([0, 0, 1, 1])
    assert silhouette_samples(same, labels).tolist() == [0.0] * 4
    assert metrics.silhouette_samples(same, labels).tolist() == [0.0] * 4
    x = np.array([[0.0], [1.0], [5.0]])
    assert silhouette_samples(x, np.array([0, 0, 1]))[2] == 0.0
    assert metrics.silhouette_samples(x, np.array([0, 0, 1]))[2] == 0.0
    assert silhouette_samples(x, np.arange(3)).tolist() == [0.0] * 3  # scikit-learn refuses this


def test_tight_and_swapped_clusters():
    x = np.array([[0.0], [0.0], [1.0], [1.0]])
    assert silhouette_samples(x, np.array([0, 0, 1, 1])).tolist() == [1.0] * 4
    assert silhouette_samples(x, np.array([0, 1, 0, 1])).tolist() == [-0.5] * 4


def test_means_by_class_and_both_averages():
    x, labels = np.array([[0.0], [1.0], [4.0], [4.0], [9.0]]), np.array([5, 5, -2, -2, 9])
    samples = silhouette_samples(x, labels)
    classes, means = silhouette_by_class(x, labels)
    assert classes.tolist() == [-2, 5, 9]
    assert means.tolist() == [samples[2:4].mean(), samples[:2].mean(), 0.0]
    assert silhouette_score(x, labels) == pytest.approx(samples.mean(), rel=4 * U)
    assert silhouette_score(x, labels, average="classes") == pytest.approx(means.mean(), rel=4 * U)


def test_near_clusters_far_from_zero_where_the_expansion_has_lost_its_digits():
    x = np.array([[1000.0, 0], [1000, 1e-6], [1000, 1e-5], [1000, 1.1e-5]])
    labels = np.array([0, 0, 1, 1])
    expected = [float(e) for e in by_definition(x, labels)]
    np.testing.assert_allclose(silhouette_samples(x, labels), expected, rtol=0, atol=16 * U)
    expanded = silhouette_samples(x, labels, method="expanded")
    assert np.abs(expanded - expected).max() > 0.1


grid = st.lists(st.integers(-40, 40), min_size=16, max_size=16)
LABELS = np.array([0, 1, 0, 2, 1, 0, 2, 2])


@given(grid, st.permutations(range(8)))
@draws(40)
def test_permutation_translation_and_rotation(numbers, order):
    x = np.array(numbers, np.float64).reshape(8, 2)
    expected = silhouette_samples(x, LABELS)
    assert (silhouette_samples(x + 2.0**30, LABELS) == expected).all()
    assert (silhouette_samples(0.5 * x[:, ::-1], LABELS) == expected).all()
    assert (silhouette_samples(x, 7 - LABELS) == expected).all()
    sums = 8 * 8 * U  # of up to eight distances in another order, or of distances rounded anew
    moved = silhouette_samples(x[order], LABELS[order])
    np.testing.assert_allclose(moved, expected[order], rtol=0, atol=sums)
    turned = x @ np.array([[3.0, -4.0], [4.0, 3.0]])
    np.testing.assert_allclose(silhouette_samples(turned, LABELS), expected, rtol=0, atol=sums)


def test_memory_grows_with_the_batch_not_with_its_square():
    x, labels = np.random.default_rng(0).normal(size=(2000, 4)), np.arange(2000) % 7
    budget = 1 << 20  # all distances are 32 MB
    tracemalloc.start()
    found = silhouette_samples(x, labels, memory=budget)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < budget + 20 * 8 * 2000
    assert (found == silhouette_samples(x, labels)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_results_are_rounded_once_in_the_format_and_library_of_the_embeddings(dtype):
    x = torch.randn(9, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    labels = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])
    found = silhouette_samples(x, labels)
    assert found.dtype == dtype
    assert (found == silhouette_samples(x.double(), labels).float().to(dtype)).all()
    assert silhouette_score(x, labels).shape == ()
    classes, means = silhouette_by_class(x, labels)
    assert classes.tolist() == [0, 1, 2]
    assert means.dtype == dtype


def test_inputs_are_not_written_to():
    x, labels = np.random.default_rng(1).normal(size=(6, 2)), np.array([0, 1, 0, 1, 2, 2])
    x.flags.writeable = labels.flags.writeable = False
    silhouette_samples(x, labels, metric="cosine")


X, L = np.arange(6.0).reshape(3, 2), np.array([0, 0, 1])


@pytest.mark.parametrize("function", [silhouette_samples, silhouette_by_class, silhouette_score])
@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "x: expected one of float16.*got int64", (X.astype(int), L), {}),
        (
            ValueError,
            "x: expected finite numbers, got inf in row 2",
            (X * [[1.0], [1.0], [np.inf]], L),
            {},
        ),
        (ValueError, "labels: expected at least 2 classes, got 1", (X, L * 0), {}),
        (ValueError, "labels: expected at least 2 classes, got 0", (X[:0], L[:0]), {}),
        (ValueError, "labels: expected 3 as rows of x, got 2", (X, L[1:]), {}),
        (ValueError, "metric: expected one of .*got 'l2'", (X, L), {"metric": "l2"}),
        (ValueError, "memory: expected a number of bytes > 0, got -1", (X, L), {"memory": -1}),
    ],
)
def test_errors_name_the_argument(function, error, message, arguments, options):
    with pytest.raises(error, match=message):
        function(*arguments, **options)


def test_an_unknown_average_is_named():
    with pytest.raises(
        ValueError, match="average: expected one of 'classes', 'samples'; got 'macro'"
    ):
        silhouette_score(X, L, average="macro")


def test_a_result_of_one_number_is_a_number():
    assert isinstance(silhouette_score(X, L), np.float64)
    assert math.isfinite(silhouette_score(X, L))


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(silhouette)
    assert tried
    assert not failed
