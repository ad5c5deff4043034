"""Losses of all pairs of a batch: beside given pairs and a library, degenerate batches, budgets."""

import tracemalloc

import numpy as np
import pytest
import torch
from pytorch_metric_learning.losses import ContrastiveLoss

import refloss
from refloss.selection import Pairs, all_pairs, multi_similarity_pairs

LOSS, GIVEN = refloss.contrastive_batch, refloss.contrastive
AXES = [
    {},
    {"labels": "different", "form": "linear", "positive_margin": 0.25},
    {"distance": "cosine", "margin": 0.5},
]


def batch(n=14, parts=5, classes=4, seed=0):
    """Return embeddings about every margin, with labels."""
    rng = np.random.default_rng(seed)
    return 0.5 * rng.normal(size=(n, parts)), rng.integers(0, classes, n)


def by_given(x, target, pairs, upstream=1.0, **axes):
    """Return losses of given pairs, and their gradients added up by embedding."""
    first, second, same = pairs
    label = same ^ (axes.get("labels") == "different")
    value, grad = GIVEN.value_and_grad(x[first], x[second], label, **axes)
    sums = np.zeros(x.shape)
    np.add.at(sums, first, upstream * grad["x1"])
    np.add.at(sums, second, upstream * grad["x2"])
    return value, sums


@pytest.mark.parametrize("backend", [None, "c"])
@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("order", ["unordered", "ordered"])
def test_it_is_the_loss_of_given_pairs(axes, order, backend):
    x, target = batch()
    expected, sums = by_given(x, target, all_pairs(target, order=order), **axes)
    given = {"order": order, "backend": backend, **axes}
    value, grad = LOSS.value_and_grad(x, target, **given)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    size = np.abs(sums).max()
    assert (np.abs(grad["x"] - sums) <= 1e-14 * size).all()
    for reduction, below in (("sum", 1), ("mean", len(expected))):
        value, grad = LOSS.value_and_grad(x, target, reduction=reduction, **given)
        np.testing.assert_allclose(value, expected.sum() / below, rtol=1e-14)
        assert (np.abs(grad["x"] - sums / below) <= 1e-14 * size).all()


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_a_budget_changes_no_more_than_the_order_of_sums(axes):
    x, target = batch(12)
    dots = np.random.default_rng(1).normal(size=x.shape)
    options = {"reduction": "mean", "denominator": "separate_nonzero", "empty": "zero", **axes}
    value, grad = LOSS.value_and_grad(x, target, **options)
    product = LOSS.hvp(x, target, dots, **options)["x"]
    for memory in (1, 20000):
        found, other = LOSS.value_and_grad(x, target, memory=memory, **options)
        assert found == value
        np.testing.assert_allclose(other["x"], grad["x"], atol=1e-15 * np.abs(grad["x"]).max())
        found = LOSS.hvp(x, target, dots, memory=memory, **options)["x"]
        np.testing.assert_allclose(found, product, atol=1e-14 * np.abs(product).max())


def test_gathered_pairs_stay_within_the_budget():
    """Beside results, indices and the labels of pairs: never an array of all pairs' vectors."""
    x, target = batch(120, 64, 20)
    LOSS.value_and_grad(x, target, reduction="mean")
    tracemalloc.start()
    LOSS.value_and_grad(x, target, reduction="mean", memory=1 << 20)
    _, taken = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    count = 120 * 119 // 2
    every = count * 64 * 8
    assert taken < (1 << 20) + 80 * count + 4 * x.nbytes < every


@pytest.mark.parametrize("margins", [(0.0, 1.0), (0.25, 0.7)])
def test_the_loss_of_pytorch_metric_learning(margins):
    """Which counts every pair both ways: its means are the same."""
    x, target = batch(20)
    there = torch.tensor(x, requires_grad=True)
    near, far = margins
    expected = ContrastiveLoss(pos_margin=near, neg_margin=far)(there, torch.tensor(target))
    expected.backward()
    options = {"preset": "pytorch_metric_learning", "positive_margin": near, "margin": far}
    for order in ("unordered", "ordered"):
        value, grad = LOSS.value_and_grad(x, target, reduction="mean", order=order, **options)
        np.testing.assert_allclose(value, expected.item(), rtol=1e-13)
        np.testing.assert_allclose(grad["x"], there.grad.numpy(), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("denominator", ["items", "separate_nonzero"])
def test_products_are_differences_of_gradients(axes, denominator):
    x, target = batch()
    dots = np.random.default_rng(2).normal(size=x.shape)
    options = {"reduction": "mean", "denominator": denominator, "empty": "zero", **axes}
    step = 1e-6
    found = LOSS.hvp(x, target, dots, **options)["x"]
    ends = [LOSS.grad(x + sign * step * dots, target, **options)["x"] for sign in (1, -1)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), atol=1e-7)


def test_mined_pairs_are_taken_instead():
    x, target = batch()
    pairs = multi_similarity_pairs(x, target)
    weights = np.random.default_rng(3).normal(size=len(pairs.first))
    expected, sums = by_given(x, target, pairs, weights[:, None])
    value, grad = LOSS.value_and_grad(x, target, pairs=pairs, upstream=weights)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    assert (np.abs(grad["x"] - sums) <= 1e-14 * np.abs(sums).max()).all()


#: A batch without pairs, without pairs of two kinds, and without pairs of one kind.
DEGENERATE = [([0], 0.0), ([5] * 4, 1.0), ([1, 2, 3, 4], 1.0), ([], 0.0)]


@pytest.mark.parametrize(("labels", "some"), DEGENERATE)
@pytest.mark.parametrize("denominator", ["items", "nonzero", "separate_nonzero"])
def test_degenerate_batches_have_a_value_and_a_slope(labels, some, denominator):
    x, _ = batch(len(labels))
    target = np.array(labels, int)
    value, grad = LOSS.value_and_grad(x, target, reduction="sum")
    assert (value > 0) == bool(some)
    assert np.isfinite(grad["x"]).all()
    options = {"reduction": "mean", "denominator": denominator}
    value, grad = LOSS.value_and_grad(x, target, empty="zero", **options)
    assert (value > 0) == bool(some)
    assert np.isfinite(grad["x"]).all()
    value, grad = LOSS.value_and_grad(x, target, **options)
    defined = some and denominator != "separate_nonzero"
    assert np.isfinite(value) == bool(defined)
    if not some:
        assert not grad["x"].any()  # no pair reaches an embedding


def test_duplicates_and_a_collapsed_batch_are_finite():
    """All embeddings coincide: similar pairs cost nothing, others the margin, without a slope."""
    x = np.full((6, 3), 0.7)
    target = np.array([0, 0, 0, 1, 1, 2])
    for axes in AXES:
        value, grad = LOSS.value_and_grad(x, target, reduction="mean", **axes)
        assert np.isfinite(value)
        assert not grad["x"].any()


def test_embeddings_have_no_order():
    x, target = batch()
    turn = np.random.default_rng(4).permutation(len(x))
    for axes in AXES:
        value, grad = LOSS.value_and_grad(x, target, reduction="sum", **axes)
        other, moved = LOSS.value_and_grad(x[turn], target[turn], reduction="sum", **axes)
        np.testing.assert_allclose(other, value, rtol=1e-14)
        np.testing.assert_allclose(moved["x"], grad["x"][turn], atol=1e-14)


def test_a_nan_spoils_its_pairs_alone():
    x, target = batch()
    clean = LOSS(x, target)
    first, second, _ = all_pairs(target)
    kept = (first != 3) & (second != 3)
    x[3, 1] = np.nan
    found = LOSS(x, target)
    assert np.isnan(found[~kept]).all()
    np.testing.assert_array_equal(found[kept], clean[kept])
    with pytest.raises(ValueError, match="x: expected no NaN"):
        LOSS(x, target, nan="raise")


def test_tensors_come_back_and_narrow_formats_are_rounded_once():
    x, target = batch()
    narrow = torch.tensor(x, dtype=torch.float32)
    value, grad = LOSS.value_and_grad(narrow, torch.tensor(target), reduction="mean")
    wide, slopes = LOSS.value_and_grad(narrow.double().numpy(), target, reduction="mean")
    assert value.dtype == grad["x"].dtype == torch.float32
    assert float(value) == np.float32(wide)
    np.testing.assert_array_equal(grad["x"].numpy(), slopes["x"].astype(np.float32))


GOOD = {"x": np.zeros((3, 2)), "target": np.array([0, 1, 0])}
BAD = [
    ({"x": np.zeros(3)}, {}, ValueError, r"x: expected shape \(N, D\)"),
    ({"x": np.zeros((3, 2), int)}, {}, TypeError, "x: expected one of float16"),
    ({"target": np.zeros(3)}, {}, TypeError, "target: expected integers"),
    ({"target": np.zeros(2, int)}, {}, ValueError, "target: expected 3 as rows of x, got 2"),
    ({}, {"order": "both"}, ValueError, "order: expected one of"),
    ({}, {"memory": 0}, ValueError, "memory: expected"),
    ({}, {"margn": 1.0}, ValueError, "did you mean 'margin'"),
    ({}, {"upstream": np.ones(2)}, ValueError, "upstream: expected shape"),
    (
        {},
        {"pairs": Pairs(np.array([0]), np.array([3]), None)},
        ValueError,
        "pairs.second: expected rows of x, 0 to 2, got 3 to 3",
    ),
    (
        {},
        {"pairs": Pairs(np.array([0]), np.array([1, 2]), None)},
        ValueError,
        "pairs.second: expected 1 as pairs.first, got 2",
    ),
]


@pytest.mark.parametrize(("inputs", "options", "error", "words"), BAD)
def test_errors_name_the_argument(inputs, options, error, words):
    with pytest.raises(error, match=words):
        LOSS.grad(**{**GOOD, **inputs}, **options)


def test_inputs_are_not_written_to():
    x, target = batch()
    kept = x.copy(), target.copy()
    LOSS.value_and_grad(x, target, reduction="mean")
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(target, kept[1])
