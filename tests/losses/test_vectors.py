"""Losses of given vectors, called: numbers of papers, conventions, coincident pairs, errors."""

import inspect

import ml_dtypes
import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import ContrastiveLoss
from pytorch_metric_learning.reducers import DoNothingReducer

import refloss
from refloss.run.kernels import library
from refloss.selection import pairwise_distances

LOSSES = [n for n, e in library().index["losses"].items() if e["family"] == "pairs"]
AXES = [
    {},
    {"preset": "sentence_transformers"},
    {"form": "legacy", "factor": "one"},
    {"form": "linear", "positive_margin": 0.25, "labels": "different"},
    {"preset": "pytorch_metric_learning", "margin": 0.5},
    {"preset": "sentence_transformers_cosine", "form": "legacy"},
]


def pairs(n: int = 24, parts: int = 5, seed: int = 0):
    """Return pairs about every margin, with labels."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(n, parts))
    apart = rng.normal(size=(n, parts)) * rng.uniform(0, 1.5, (n, 1)) / np.sqrt(parts)
    return first, first - apart, rng.integers(0, 2, n)


def at(distance: float):
    """Return one pair so far apart."""
    return np.array([[distance, 0.0]]), np.zeros((1, 2))


#: Of a pair of two kinds at distance 0.5, margin 1.
PROBES = [
    ({"factor": "one"}, 0.25),
    ({}, 0.125),
    ({"form": "legacy", "factor": "one"}, 0.75),
    ({"form": "legacy"}, 0.375),
    ({"form": "linear", "factor": "one"}, 0.5),
]


@pytest.mark.parametrize(("axes", "expected"), PROBES)
def test_the_probes_of_a_dissimilar_pair(axes, expected):
    assert refloss.contrastive(*at(0.5), np.array([0]), **axes) == expected
    flipped = refloss.contrastive(*at(0.5), np.array([1]), labels="different", **axes)
    assert flipped == expected


def test_the_slopes_of_the_paper():
    """Of a similar pair y (x1 - x2), of another -(m - d)(x1 - x2)/d: with 1/2."""
    first, second, same = pairs()
    found = refloss.contrastive.grad(first, second, same)
    apart = first - second
    distance = np.linalg.norm(apart, axis=1, keepdims=True)
    push = -np.maximum(1 - distance, 0) * apart / distance
    expected = np.where(same[:, None] == 1, apart, push)
    np.testing.assert_allclose(found["x1"], expected, rtol=1e-13, atol=0)
    np.testing.assert_array_equal(found["x2"], -found["x1"])


def test_the_presets_are_what_the_libraries_compute():
    """sentence-transformers: torch's pairwise distance; its eps is added to the difference."""
    first, second, same = map(torch.tensor, pairs())
    distance = torch.nn.functional.pairwise_distance(first, second)
    push = torch.relu(0.5 - distance).square()
    expected = 0.5 * torch.where(same == 1, distance.square(), push)
    found = refloss.contrastive(first, second, same, preset="sentence_transformers")
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)
    mean = refloss.contrastive(
        first, second, same, preset="sentence_transformers", reduction="mean"
    )
    torch.testing.assert_close(mean, expected.mean(), rtol=1e-13, atol=0)


@pytest.mark.parametrize("normalised", [False, True])
def test_the_presets_of_pytorch_metric_learning_are_its_loss_of_given_pairs(normalised):
    """With every pair's own loss: below 25 rows it takes differences."""
    first, second, same = map(torch.tensor, pairs(12))
    rows = torch.arange(12)
    alike, apart = rows[same == 1], rows[same == 0]
    given = (alike, alike + 12, apart, apart + 12)
    loss = ContrastiveLoss(
        pos_margin=0.25,
        neg_margin=1.0,
        distance=LpDistance(normalize_embeddings=normalised),
        reducer=DoNothingReducer(),
    )
    parts = loss(torch.cat([first, second]), indices_tuple=given)
    preset = "pytorch_metric_learning" if normalised else "pytorch_metric_learning_raw"
    found = refloss.contrastive(first, second, same, preset=preset, positive_margin=0.25)
    for part, chosen in (("pos_loss", alike), ("neg_loss", apart)):
        torch.testing.assert_close(found[chosen], parts[part]["losses"], rtol=1e-13, atol=1e-16)


def test_the_cosine_of_sentence_transformers():
    """Its default distance: one less torch's cosine similarity, whose eps is the least norm."""
    first, second, same = map(torch.tensor, pairs())
    distance = 1 - torch.nn.functional.cosine_similarity(first, second)
    expected = 0.5 * torch.where(same == 1, distance.square(), torch.relu(0.5 - distance).square())
    found = refloss.contrastive(first, second, same, preset="sentence_transformers_cosine")
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-16)


ZEROS = [
    ("normalised", 0.0, [1.0, 0.0], 0.0),
    ("cosine", 0.0, [1.0, 1.0], 0.0),
    ("normalised", 0.5, [1.0, 0.0], 2.0),
    ("cosine", 0.5, [1.0, 1.0], 2.0),
]


@pytest.mark.parametrize(("distance", "least", "values", "slope"), ZEROS)
def test_a_vector_of_zeros_has_the_direction_0(distance, least, values, slope):
    """To a vector that has one it is 1 away; without a least norm it has no slope."""
    first, second = np.zeros((2, 3)), np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 0.0]])
    axes = {"distance": distance, "form": "linear", "factor": "one", "least_norm": least}
    value, grad = refloss.contrastive.value_and_grad(first, second, np.array([1, 1]), **axes)
    assert value.tolist() == values
    np.testing.assert_array_equal(grad["x1"], [[0.0, -slope, 0.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("distance", ["normalised", "cosine"])
@pytest.mark.parametrize("size", [2.0**-1000, 2.0**-60, 1.0, 2.0**900])
def test_directions_do_not_see_lengths(distance, size):
    """Also of vectors an ulp from one direction, and of opposite ones."""
    first, second, same = pairs()
    second[:3] = np.nextafter(3 * first[:3], 0)
    second[3:6] = -first[3:6]
    expected, slopes = refloss.contrastive.value_and_grad(first, second, same, distance=distance)
    moved = size * first, second * 0.25
    value, grad = refloss.contrastive.value_and_grad(*moved, same, distance=distance)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad["x2"], slopes["x2"] * 4)


@pytest.mark.parametrize("distance", ["normalised", "cosine"])
def test_parallel_vectors_are_0_apart_whatever_their_lengths(distance):
    first = np.random.default_rng(5).integers(-50, 50, (40, 7)) / 64
    given = (first, 3 * first, np.ones(40, int))
    value, grad = refloss.contrastive.value_and_grad(*given, distance=distance, form="linear")
    assert not value.any()
    assert not grad["x1"].any()


@pytest.mark.parametrize("form", ["hadsell", "legacy", "linear"])
def test_the_distance_is_that_of_the_miners(form):
    """Both are of the differences of coordinates, and correct to a few of their last digits."""
    first, second, _ = pairs(parts=33)
    distance = np.diagonal(pairwise_distances(first, second))
    whole = np.ones(len(first), int)
    given = {"form": "linear", "factor": "one"}
    np.testing.assert_array_max_ulp(refloss.contrastive(first, second, whole, **given), distance, 4)
    axes = {"form": form, "factor": "one", "margin": 1.0}
    squared = np.diagonal(pairwise_distances(first, second, metric="squared"))
    hinged = squared if form == "legacy" else distance
    push = np.maximum(1.0 - hinged, 0.0) ** (2 if form == "hadsell" else 1)
    found = refloss.contrastive(first, second, 1 - whole, **axes)
    np.testing.assert_allclose(found, push, rtol=0, atol=16 * 2.0**-52)


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_coincident_vectors_have_a_value_and_a_slope(axes):
    """0 by a distance, the least subgradient; 2 delta by a squared one, which is 0 too."""
    first = np.array([[0.3, -2.0, 1e8]] * 2)
    value, grad = refloss.contrastive.value_and_grad(first, first, np.array([0, 1]), **axes)
    if "preset" not in axes:
        assert {*value.tolist()} <= {0.0, 0.5, 1.0}
        assert not np.any(grad["x1"])
    assert np.isfinite(value).all()
    dots = {"x1": np.ones((2, 3))}
    product = refloss.contrastive.hvp(first, first, np.array([0, 1]), dots, **axes)["x1"]
    assert np.isfinite(product).all()
    if axes in ({}, AXES[2]):  # of a squared distance: 2, times the factor
        expected = 1.0 if not axes else 2.0
        np.testing.assert_array_equal(product[1], np.full(3, expected))


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e80, 1e150, 1e290])
def test_no_square_leaves_the_range(size):
    first, second = size * np.array([[3.0, 0.0, 4.0]]), np.zeros((1, 3))
    linear = {"form": "linear", "factor": "one"}
    found, grad = refloss.contrastive.value_and_grad(first, second, np.array([1]), **linear)
    np.testing.assert_array_max_ulp(found, np.array([5 * size]), 2)
    np.testing.assert_array_max_ulp(grad["x1"], np.array([[0.6, 0.0, 0.8]]), 2)
    far = refloss.contrastive(first, second, np.array([0]))
    assert far == (0.0 if size > 1 else 0.5)


def test_points_far_from_the_origin_keep_their_distance():
    """1e-5 apart at norm 1000: the expanded form has no digit of it in float32."""
    first = np.full((1, 4), 500.0)
    second = first.copy()
    second[0, 1] += 2.0**-17
    found = refloss.contrastive(first, second, np.array([1]), form="linear", factor="one")
    assert found == 2.0**-17
    norms = np.float32(first @ first.T + second @ second.T - 2 * first @ second.T)
    assert norms != 2.0**-34


def test_both_ends_of_a_label_and_its_kinds():
    first, second, same = pairs()
    expected = refloss.contrastive(first, second, same)
    for labels in (same.astype(bool), same.astype(np.uint8), same.astype(float)):
        np.testing.assert_array_equal(refloss.contrastive(first, second, labels), expected)
    found = refloss.contrastive(first, second, 1 - same, labels="different")
    np.testing.assert_array_equal(found, expected)
    half = np.full(len(same), 0.5)
    between = refloss.contrastive(first, second, half, check="none")
    both = [refloss.contrastive(first, second, np.full(len(same), k)) for k in (0, 1)]
    np.testing.assert_allclose(between, sum(both) / 2, rtol=1e-15)


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("parts", [1, 5, 300])
def test_the_compiled_program_agrees(axes, parts):
    first, second, same = pairs(parts=parts)
    dots = {name: np.random.default_rng(2).normal(size=first.shape) for name in ("x1", "x2")}
    for how in ({}, {"reduction": "mean"}):
        value, grad = refloss.contrastive.value_and_grad(first, second, same, **axes, **how)
        other, slopes = refloss.contrastive.value_and_grad(
            first, second, same, backend="c", **axes, **how
        )
        np.testing.assert_allclose(other, value, rtol=1e-15)
        for name in ("x1", "x2"):
            np.testing.assert_allclose(slopes[name], grad[name], rtol=1e-14)
    found = refloss.contrastive.hvp(first, second, same, dots, **axes)
    other = refloss.contrastive.hvp(first, second, same, dots, backend="c", **axes)
    size = np.abs(found["x1"]).max(axis=1, keepdims=True)  # sums in another order
    assert (np.abs(other["x1"] - found["x1"]) <= 1e-12 * size).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_formats_are_widened_and_rounded_once(dtype):
    first, second, same = pairs()
    first, second = first.astype(dtype), second.astype(dtype)
    value, grad = refloss.contrastive.value_and_grad(first, second, same)
    wide = (first.astype(float), second.astype(float))
    expected, slopes = refloss.contrastive.value_and_grad(*wide, same)
    assert value.dtype == grad["x2"].dtype == dtype
    np.testing.assert_array_equal(value, expected.astype(dtype))
    np.testing.assert_array_equal(grad["x2"], slopes["x2"].astype(dtype))


def test_a_float32_pair_within_an_ulp_of_the_margin_keeps_its_difference():
    """Error-free transforms are carried for narrow formats too: they are all that is left here."""
    first = np.array([[0.6, 0.8]], np.float32)
    second = np.zeros((1, 2), np.float32)
    exact = 1 - np.sqrt(np.longdouble(first[0, 0]) ** 2 + np.longdouble(first[0, 1]) ** 2)
    linear = {"form": "linear", "factor": "one"}
    found = refloss.contrastive(first, second, np.array([0]), **linear)
    assert found[0] == np.float32(max(exact, 0))


def test_reductions():
    first, second, same = pairs()
    each, slopes = refloss.contrastive.value_and_grad(first, second, same)
    total = refloss.contrastive(first, second, same, reduction="sum")
    mean, grad = refloss.contrastive.value_and_grad(first, second, same, reduction="mean")
    np.testing.assert_allclose(total, each.sum(), rtol=1e-15)
    np.testing.assert_allclose(mean, each.mean(), rtol=1e-15)
    np.testing.assert_allclose(grad["x1"], slopes["x1"] / len(same), rtol=1e-14)
    halved = refloss.contrastive(first, second, same, reduction="mean", denominator=2 * len(same))
    np.testing.assert_allclose(halved, mean / 2, rtol=1e-15)
    assert refloss.contrastive(first, second, same, reduction="none").shape == (len(same),)


def test_no_pairs():
    none = (np.empty((0, 3)), np.empty((0, 3)), np.empty(0, int))
    assert refloss.contrastive(*none).shape == (0,)
    assert np.isnan(refloss.contrastive(*none, reduction="mean"))
    assert refloss.contrastive(*none, reduction="mean", empty="zero") == 0
    assert refloss.contrastive.grad(*none)["x1"].shape == (0, 3)


def test_nan_stays_in_its_pair_or_is_refused():
    first, second, same = pairs()
    clean, slopes = refloss.contrastive.value_and_grad(first, second, same)
    first = first.copy()
    first[3, 1] = np.nan
    value, grad = refloss.contrastive.value_and_grad(first, second, same)
    kept = np.arange(len(same)) != 3
    assert np.isnan(value[3])
    assert np.isnan(grad["x2"][3]).all()
    np.testing.assert_array_equal(value[kept], clean[kept])
    np.testing.assert_array_equal(grad["x2"][kept], slopes["x2"][kept])
    with pytest.raises(ValueError, match="x1: expected no NaN"):
        refloss.contrastive(first, second, same, nan="raise")


def test_a_trace_has_the_textbooks_names():
    first, second, same = pairs(3, 2)
    traced = refloss.contrastive.trace(first, second, same)
    assert {"delta", "square", "distance", "pull", "push", "loss"} <= set(traced)
    assert traced["delta"].shape == (3, 2)
    np.testing.assert_allclose(traced["loss"], refloss.contrastive(first, second, same), rtol=1e-13)
    grad = refloss.contrastive.grad(first, second, same)
    np.testing.assert_allclose(traced["x1_bar"], grad["x1"], rtol=1e-12)


def test_inputs_go_by_position_or_by_name_and_are_not_written_to():
    first, second, same = pairs()
    kept = first.copy(), second.copy(), same.copy()
    names = list(inspect.signature(refloss.contrastive).parameters)[:3]
    assert names == ["x1", "x2", "same"]
    value = refloss.contrastive(x1=first, x2=second, same=same)
    np.testing.assert_array_equal(value, refloss.contrastive(first, second, same=same))
    dots = {"x1": np.ones_like(first)}
    by_name = refloss.contrastive.hvp(first, second, same=same, direction=dots)
    by_place = refloss.contrastive.hvp(first, second, same, dots)
    np.testing.assert_array_equal(by_name["x2"], by_place["x2"])
    for array, before in zip((first, second, same), kept, strict=True):
        np.testing.assert_array_equal(array, before)


GOOD = {"x1": np.zeros((2, 3)), "x2": np.ones((2, 3)), "same": np.array([0, 1])}
BAD = [
    ({"x1": np.zeros(3)}, {}, ValueError, r"x1: expected shape \(N, D\) with D at least 1"),
    ({"x1": np.zeros((2, 0))}, {}, ValueError, "x1: expected shape .* D at least 1"),
    ({"x2": np.ones((2, 4))}, {}, ValueError, r"x2: expected shape \(2, 3\) as x1, got \(2, 4\)"),
    ({"x2": np.ones((2, 3), "f4")}, {}, TypeError, "x2: expected float64 as x1, got float32"),
    ({"x1": np.zeros((2, 3), int)}, {}, TypeError, "x1: expected one of float16"),
    ({"same": np.array([0, 2])}, {}, ValueError, r"same: expected 0 or 1 \(labels='same'\); got 2"),
    ({"same": np.array([0])}, {}, ValueError, r"same: expected shape \(2,\), one number an item"),
    ({"same": np.array([0j, 1])}, {}, TypeError, "same: expected integers, or numbers of float64"),
    ({"same": np.zeros(2, "f4")}, {}, TypeError, "same: expected float64 as x1, got float32"),
    ({}, {"margin": 0.0}, ValueError, "contrastive: margin: expected a number from 0.0001"),
    ({}, {"margn": 1.0}, ValueError, "did you mean 'margin'"),
    ({}, {"form": "hadsel"}, ValueError, "form: expected one of .*did you mean 'hadsell'"),
    ({}, {"reduction": "rows"}, ValueError, "reduction: expected one of"),
    ({}, {"wrt": "same"}, ValueError, "wrt: expected one of 'x1', 'x2'; got 'same'"),
    ({}, {"upstream": np.ones(3)}, ValueError, "upstream: expected shape"),
]


@pytest.mark.parametrize(("inputs", "options", "error", "words"), BAD)
def test_errors_name_the_argument(inputs, options, error, words):
    with pytest.raises(error, match=words):
        refloss.contrastive.grad(**{**GOOD, **inputs}, **options)


def test_a_missing_input_is_named():
    with pytest.raises(TypeError, match="contrastive: expected x1, x2, same; got no same"):
        refloss.contrastive(GOOD["x1"], GOOD["x2"])


@pytest.mark.parametrize("loss", LOSSES)
def test_the_documentation_names_every_argument(loss):
    text = getattr(refloss, loss).__doc__
    for name in inspect.signature(getattr(refloss, loss)).parameters:
        assert f"{name}" in text
    assert "Singular points" in text
