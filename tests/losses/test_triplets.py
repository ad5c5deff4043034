"""Losses of triplets, called: numbers of papers, conventions, coincident vectors, errors."""

import inspect

import ml_dtypes
import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.reducers import DoNothingReducer

import refloss
from refloss.selection import triplet_condition

AXES = [
    {},
    {"preset": "torch", "swap": "nearest"},
    {"distance": "manhattan", "hinge": "soft"},
    {"preset": "optax"},
]
NAMES = ("anchor", "positive", "negative")


def triplets(n: int = 24, parts: int = 5, seed: int = 0):
    """Return triplets about every margin."""
    rng = np.random.default_rng(seed)
    anchor = rng.normal(size=(n, parts))
    reach = rng.uniform(0, 1.5, (2, n, 1)) / np.sqrt(parts)
    apart = rng.normal(size=(2, n, parts)) * reach
    return anchor, anchor - apart[0], anchor - apart[1]


def at(near: float, far: float):
    """Return one triplet whose positive and negative are so far from the anchor."""
    zero = np.zeros((1, 2))
    return zero, np.array([[near, 0.0]]), np.array([[0.0, far]])


#: Of distances 0.9 and 1, and 0.9 and 0.6; margin 0.2.
PROBES = [
    ((0.9, 1.0), {"distance": "euclidean"}, 0.1),
    ((0.9, 1.0), {}, 0.01),
    ((0.9, 0.6), {"distance": "euclidean"}, 0.5),
    ((0.9, 0.6), {}, 0.65),
    ((0.9, 1.0), {"distance": "manhattan"}, 0.1),
]


@pytest.mark.parametrize(("apart", "axes", "expected"), PROBES)
def test_the_probes_of_a_triplet(apart, axes, expected):
    np.testing.assert_allclose(refloss.triplet(*at(*apart), **axes), [expected], rtol=1e-14)


def test_a_hard_triplet_has_the_largest_loss_and_semi_hard_mining_drops_it():
    """The seeds' third condition is the miner's filter: the hinge itself does not see it."""
    assert triplet_condition(0.9, 0.6, 0.2) == "hard"
    assert triplet_condition(0.9, 1.0, 0.2) == "semi_hard"
    assert triplet_condition(0.9, 1.2, 0.2) == "easy"
    losses = [refloss.triplet(*at(0.9, far), distance="euclidean")[0] for far in (0.6, 1.0, 1.2)]
    assert losses[0] > losses[1] > losses[2] == 0


def test_the_slopes_of_the_paper():
    """2 (n - p), 2 (p - a) and 2 (a - n) where the margin is missed."""
    anchor, positive, negative = triplets()
    found = refloss.triplet.grad(anchor, positive, negative)
    squares = [((anchor - x) ** 2).sum(axis=1) for x in (positive, negative)]
    missed = (squares[0] - squares[1] + 0.2 > 0)[:, None]
    slopes = (negative - positive, positive - anchor, anchor - negative)
    for name, slope in zip(NAMES, slopes, strict=True):
        np.testing.assert_allclose(found[name], missed * 2 * slope, rtol=1e-14, atol=0)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("swap", [False, True])
def test_the_preset_of_torch_is_its_loss(p, swap):
    """Its eps is added to the signed difference: it is no distance of a - p and p - a alike."""
    given = [torch.tensor(x, requires_grad=True) for x in triplets()]
    expected = torch.nn.functional.triplet_margin_loss(*given, p=p, swap=swap, eps=0.01)
    expected.backward()
    axes = {"distance": {1: "manhattan", 2: "euclidean"}[p], "eps": 0.01}
    axes["swap"] = "nearest" if swap else "anchor"
    how = {"preset": "torch", "reduction": "mean", **axes}
    value, grad = refloss.triplet.value_and_grad(*given, **how)
    torch.testing.assert_close(value, expected.detach(), rtol=1e-14, atol=0)
    for name, x in zip(NAMES, given, strict=True):
        torch.testing.assert_close(grad[name], x.grad, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("swap", [False, True])
def test_the_preset_of_pytorch_metric_learning_is_its_loss_of_given_triplets(swap):
    given = [torch.tensor(x) for x in triplets(7)]
    rows = torch.arange(7)
    loss = TripletMarginLoss(
        margin=0.05,
        swap=swap,
        distance=LpDistance(normalize_embeddings=False),
        reducer=DoNothingReducer(),
    )
    every = loss(torch.cat(given), indices_tuple=(rows, rows + 7, rows + 14))
    preset = {"preset": "pytorch_metric_learning", "swap": "nearest" if swap else "anchor"}
    found = refloss.triplet(*given, **preset)
    expected = every["loss"]["losses"]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)


def test_the_soft_margin_neither_overflows_nor_loses_its_digits():
    """log1p(exp(x)) is infinite from 710 on, and an exponential has the errors of its exponent."""
    soft = {"distance": "euclidean", "hinge": "soft", "margin": 0.0}
    near = refloss.triplet(*at(1e5, 1.0), **soft)
    np.testing.assert_array_equal(near, [1e5 - 1.0])
    value, grad = refloss.triplet.value_and_grad(*at(1.0, 701.0), **soft)
    np.testing.assert_array_max_ulp(value, np.exp([-700.0]), 2)
    np.testing.assert_array_max_ulp(grad["positive"][:, 0], np.exp([-700.0]), 2)
    assert refloss.triplet(*at(2.0, 2.0), **soft) == np.log(2.0)


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_coincident_vectors_have_a_value_and_a_slope(axes):
    """0 by a distance of 0, the least subgradient, whichever pair it is."""
    here, there = np.array([[0.3, -2.0, 1e8]]), np.array([[1.3, 2.0, 1e8]])
    for given in ((here, here, there), (here, there, here), (here, there, there), (here,) * 3):
        value, grad = refloss.triplet.value_and_grad(*given, **axes)
        assert np.isfinite(value).all()
        dots = {name: np.ones((1, 3)) for name in NAMES}
        product = refloss.triplet.hvp(*given, dots, **axes)
        for name in NAMES:
            assert np.isfinite(grad[name]).all()
            assert np.isfinite(product[name]).all()
    if "preset" not in axes:
        grad = refloss.triplet.grad(here, here, here, **axes)
        assert not any(np.any(grad[name]) for name in NAMES)


def test_a_distance_of_0_has_the_slope_of_the_other_alone():
    anchor, other = np.zeros((1, 2)), np.array([[3.0, 4.0]])
    grad = refloss.triplet.grad(anchor, anchor, other, distance="euclidean", margin=9.0)
    np.testing.assert_allclose(grad["anchor"], [[0.6, 0.8]], rtol=1e-15)
    np.testing.assert_array_equal(grad["positive"], [[0.0, 0.0]])


def test_ties_have_a_slope_of_0_or_the_mean():
    """Where the margin is just kept 0; half of either where the negative is between."""
    kept = refloss.triplet.grad(*at(3.0, 4.0), distance="euclidean", margin=1.0)
    assert not any(np.any(slope) for slope in kept.values())
    given = [np.array([row]) for row in ([-1.0, 0.0], [1.0, 0.0], [0.0, 1.0])]
    mean = refloss.triplet.grad(*given, swap="nearest")
    one = refloss.triplet.grad(*given)
    other = refloss.triplet.grad(given[1], given[0], given[2])
    for name, mirror in zip(NAMES, ("positive", "anchor", "negative"), strict=True):
        np.testing.assert_array_equal(mean[name], (one[name] + other[mirror]) / 2)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e80, 1e150, 1e290])
def test_no_square_leaves_the_range(size):
    near, far = size * np.array([[3.0, 0.0, 4.0]]), size * np.array([[0.0, 1.0, 0.0]])
    given = np.zeros((1, 3)), near, far
    axes = {"distance": "euclidean", "margin": 0.0}
    found, grad = refloss.triplet.value_and_grad(*given, **axes)
    np.testing.assert_array_max_ulp(found, np.array([4 * size]), 4)
    np.testing.assert_array_max_ulp(grad["positive"], np.array([[0.6, 0.0, 0.8]]), 2)
    np.testing.assert_allclose(grad["anchor"], np.array([[-0.6, 1.0, -0.8]]), rtol=1e-15)


def test_points_far_from_the_origin_keep_their_distances():
    """1e-5 apart at norm 1000: the expanded form has no digit of it in float32."""
    anchor = np.full((1, 4), 500.0)
    positive, negative = anchor.copy(), anchor.copy()
    positive[0, 1] += 2.0**-16
    negative[0, 2] -= 2.0**-17
    given = anchor, positive, negative
    assert refloss.triplet(*given, margin=0.0) == 2.0**-32 - 2.0**-34
    assert refloss.triplet(*given, margin=0.0, distance="euclidean") == 2.0**-17
    assert refloss.triplet(*given, margin=0.0, distance="manhattan") == 2.0**-17


@pytest.mark.parametrize("axes", AXES[1:3], ids=str)
@pytest.mark.parametrize("parts", [1, 300])
def test_the_compiled_program_agrees(axes, parts):
    given = triplets(parts=parts)
    rng = np.random.default_rng(2)
    dots = {name: rng.normal(size=given[0].shape) for name in NAMES}
    for how in ({}, {"reduction": "mean"}):
        value, grad = refloss.triplet.value_and_grad(*given, **axes, **how)
        other, slopes = refloss.triplet.value_and_grad(*given, backend="c", **axes, **how)
        np.testing.assert_allclose(other, value, rtol=1e-15)
        for name in NAMES:
            np.testing.assert_allclose(slopes[name], grad[name], rtol=1e-13, atol=1e-300)
    found = refloss.triplet.hvp(*given, dots, **axes)
    other = refloss.triplet.hvp(*given, dots, backend="c", **axes)
    size = max(np.abs(found[name]).max() for name in NAMES)
    np.testing.assert_allclose(other["anchor"], found["anchor"], rtol=0, atol=1e-13 * size)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_formats_are_widened_and_rounded_once(dtype):
    given = [x.astype(dtype) for x in triplets()]
    value, grad = refloss.triplet.value_and_grad(*given)
    wide = [x.astype(float) for x in given]
    expected, slopes = refloss.triplet.value_and_grad(*wide)
    assert value.dtype == grad["negative"].dtype == dtype
    np.testing.assert_array_equal(value, expected.astype(dtype))
    np.testing.assert_array_equal(grad["anchor"], slopes["anchor"].astype(dtype))


def test_reductions():
    given = triplets()
    each, slopes = refloss.triplet.value_and_grad(*given)
    total = refloss.triplet(*given, reduction="sum")
    mean, grad = refloss.triplet.value_and_grad(*given, reduction="mean")
    np.testing.assert_allclose(total, each.sum(), rtol=1e-15)
    np.testing.assert_allclose(mean, each.mean(), rtol=1e-15)
    np.testing.assert_allclose(grad["anchor"], slopes["anchor"] / len(each), rtol=1e-14)
    halved = refloss.triplet(*given, reduction="mean", denominator=2 * len(each))
    np.testing.assert_allclose(halved, mean / 2, rtol=1e-15)


def test_no_triplets():
    none = [np.empty((0, 3))] * 3
    assert refloss.triplet(*none).shape == (0,)
    assert np.isnan(refloss.triplet(*none, reduction="mean"))
    assert refloss.triplet(*none, reduction="mean", empty="zero") == 0
    assert refloss.triplet.grad(*none)["anchor"].shape == (0, 3)


def test_nan_stays_in_its_triplet_or_is_refused():
    anchor, positive, negative = triplets()
    clean, slopes = refloss.triplet.value_and_grad(anchor, positive, negative)
    positive = positive.copy()
    positive[3, 1] = np.nan
    value, grad = refloss.triplet.value_and_grad(anchor, positive, negative)
    kept = np.arange(len(value)) != 3
    assert np.isnan(value[3])
    assert np.isnan(grad["anchor"][3]).any()
    np.testing.assert_array_equal(value[kept], clean[kept])
    np.testing.assert_array_equal(grad["negative"][kept], slopes["negative"][kept])
    with pytest.raises(ValueError, match="positive: expected no NaN"):
        refloss.triplet(anchor, positive, negative, nan="raise")


def test_a_trace_has_the_textbooks_names():
    given = triplets(3, 2)
    traced = refloss.triplet.trace(*given, swap="nearest")
    assert {"ap_distance", "an_distance", "pn_distance", "excess", "loss"} <= set(traced)
    found = refloss.triplet(*given, swap="nearest")
    np.testing.assert_allclose(traced["loss"], found, rtol=1e-13)
    grad = refloss.triplet.grad(*given, swap="nearest")
    np.testing.assert_allclose(traced["anchor_bar"], grad["anchor"], rtol=1e-12)


def test_inputs_go_by_position_or_by_name_and_are_not_written_to():
    given = triplets()
    kept = [x.copy() for x in given]
    assert tuple(inspect.signature(refloss.triplet).parameters)[:3] == NAMES
    by_name = refloss.triplet(**dict(zip(NAMES, given, strict=True)))
    np.testing.assert_array_equal(by_name, refloss.triplet(*given))
    for array, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, before)


GOOD = {name: np.full((2, 3), k) * 1.0 for k, name in enumerate(NAMES)}
BAD = [
    ({"anchor": np.zeros(3)}, {}, ValueError, r"anchor: expected shape \(N, D\) with D at least 1"),
    ({"negative": np.ones((2, 4))}, {}, ValueError, r"negative: expected shape \(2, 3\) as anchor"),
    ({"positive": np.ones((2, 3), "f4")}, {}, TypeError, "positive: expected float64 as anchor"),
    ({}, {"margin": -1.0}, ValueError, "triplet: margin: expected a number from 0"),
    ({}, {"distance": "manhatan"}, ValueError, "distance: expected one of .*'manhattan'"),
    ({}, {"swap": True}, ValueError, "swap: expected one of 'anchor', 'nearest'"),
    ({}, {"wrt": "anchors"}, ValueError, "wrt: expected one of 'anchor', 'negative', 'positive'"),
]


@pytest.mark.parametrize(("inputs", "options", "error", "words"), BAD)
def test_errors_name_the_argument(inputs, options, error, words):
    with pytest.raises(error, match=words):
        refloss.triplet.grad(**{**GOOD, **inputs}, **options)


@pytest.mark.parametrize("swap", ["anchor", "nearest"])
@pytest.mark.parametrize("distance", ["squared", "manhattan"])
def test_an_eps_inside_every_sum_says_nothing_where_no_root_is_taken(distance, swap):
    """It cancels in the difference of two sums."""
    given, axes = triplets(), {"distance": distance, "swap": swap}
    found = refloss.triplet(*given, **axes, eps=0.25, placement="sum")
    np.testing.assert_allclose(found, refloss.triplet(*given, **axes), rtol=1e-14, atol=0)


def test_the_documentation_names_every_argument():
    for name in inspect.signature(refloss.triplet).parameters:
        assert name in refloss.triplet.__doc__
    assert "Singular points" in refloss.triplet.__doc__
    assert "triplet_condition" in refloss.triplet.__doc__
