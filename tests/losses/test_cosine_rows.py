"""Heads over given cosines, called: numbers of papers, the other two forms, ends, errors."""

import inspect

import ml_dtypes
import numpy as np
import pytest
import torch

import refloss
from refloss.run.kernels import library

from .rows import IGNORED, some_ignored

LOSSES = [n for n, e in library().index["losses"].items() if e["family"] == "cosine_rows"]
SCALE = 64.0


def cosines(n: int = 24, classes: int = 5, seed: int = 0):
    """Return cosines in 64ths and classes, a target beyond every border among them."""
    rng = np.random.default_rng(seed)
    cosine = rng.integers(-60, 61, (n, classes)) / 64.0
    labels = rng.integers(0, classes, n)
    cosine[0, labels[0]] = -0.96875
    return cosine, labels


def embedded(n: int = 12, classes: int = 6, parts: int = 7):
    rng = np.random.default_rng(4)
    x, weight = rng.normal(size=(n, parts)), rng.normal(size=(classes, parts))
    return x, weight, rng.integers(0, classes, n)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_probes_of_the_target_logit():
    """Of an angle beyond pi - m, of both margins and of four times an angle, times the scale."""
    far, near = np.array([[-0.95, 0.0]]), np.array([[0.5, 0.0]])
    four = np.array([[np.cos(1.0), 0.0]])
    of_policy = {"raw": -0.98340, "cos_fallback": -1.18971, "easy": -0.95, "mirror": -1.01660}
    label = np.array([0])

    def logit(name, cosine, **axes):
        """Return the logit of a target beside one other logit, 0, from the loss of both."""
        loss = getattr(refloss, name)(cosine, label, scale=1.0, **axes)
        return -np.log(np.expm1(loss[0]))

    for policy, expected in of_policy.items():
        found = logit("arcface_cosine", far, margin=0.5, policy=policy)
        assert f"{found:.5f}" == f"{expected:.5f}"
    assert f"{logit('combined_margin_cosine', near, margin=0.3, cosine_margin=0.2):.6f}" == (
        "0.021740"
    )
    dropped = logit("combined_margin_cosine", near, preset="insightface")
    assert f"{dropped:.3f}" == "0.300"
    for axes, expected in (({}, "-1.34636"), ({"form": "bare"}, "-0.65364")):
        assert f"{logit('sphereface_cosine', four, margin='4', **axes):.5f}" == expected
    assert f"{logit('sphereface_cosine', four, annealing=5.0):.5f}" == "0.22586"


@pytest.mark.parametrize("gradient", [("true", 1.02835), ("straight_through", 1.0)])
def test_the_probe_of_the_gradient(gradient):
    """Beside a class far ahead the loss's slope is that of the target's logit."""
    name, expected = gradient
    grad = refloss.arcface_cosine.grad([[0.3, 1.0]] * np.ones((1, 1)), np.array([0]), gradient=name)
    assert f"{-grad['cosine'][0, 0] / SCALE:.5f}" == f"{expected:.5f}"


HEADS = {
    "arcface": [{"policy": policy} for policy in ("raw", "cos_fallback", "easy", "angle_clip")],
    "cosface": [{"margin": 0.4}],
    "combined_margin": [{}, {"guard": "mirror"}, {"form": "separate"}],
    "sphereface": [{"margin": m, "embedding": "unit", "annealing": 2.0} for m in ("1", "3", "4")],
}


@pytest.mark.parametrize(
    ("name", "axes"), [(n, axes) for n, all_ in HEADS.items() for axes in all_]
)
def test_a_head_is_the_loss_of_its_cosines(name, axes):
    """Value, and the gradient by embeddings and classes through the cosines."""
    x, weight, target = embedded()
    cosine = unit(x) @ unit(weight).T
    given = {key: value for key, value in axes.items() if key != "embedding"}
    of_cosines = getattr(refloss, f"{name}_cosine")
    value, by = of_cosines.value_and_grad(cosine, target, scale=16.0, **given)
    head = getattr(refloss, name)
    expected, bars = head.value_and_grad(x, weight, target, scale=16.0, wrt=("x", "weight"), **axes)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    slopes = by["cosine"]
    along = (slopes @ unit(weight) - (slopes * cosine).sum(1, keepdims=True) * unit(x)) / (
        np.linalg.norm(x, axis=1, keepdims=True)
    )
    across = (slopes.T @ unit(x) - (slopes * cosine).sum(0)[:, None] * unit(weight)) / (
        np.linalg.norm(weight, axis=1, keepdims=True)
    )
    for found, known in ((along, bars["x"]), (across, bars["weight"])):
        np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-12 * np.abs(known).max())


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_cross_entropy_of_its_logits(name):
    """Of the logit of one cosine, by value and gradient, under every preset that both have."""
    cosine, target = cosines()
    hot = np.arange(cosine.shape[1]) == target[:, None]
    loss, logit = getattr(refloss, name), getattr(refloss, name.replace("_cosine", "_logit"))
    for preset in set(loss.presets) & set(logit.presets):
        spec = refloss.resolve(name, preset)
        scale, own = spec.constants["scale"], cosine[hot]
        limit = spec.constants["roof"]
        values, slopes = logit.value_and_grad(own, preset=preset, scale=scale)
        others = scale * cosine.clip(-limit, limit)
        logits = np.where(hot, values[:, None], others)
        expected, bars = refloss.cross_entropy.value_and_grad(logits, target)
        chain = np.where(hot, slopes["cosine"][:, None], scale * (np.abs(cosine) <= limit))
        value, grad = loss.value_and_grad(cosine, target, preset=preset)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        np.testing.assert_allclose(grad["cosine"], bars["logits"] * chain, rtol=1e-12, atol=0)


@pytest.mark.parametrize("scale", [1.0, 30.0, 64.0])
def test_without_a_margin_it_is_cross_entropy_at_a_temperature(scale):
    """To the roundings of 1/scale, which a temperature takes once."""
    cosine, target = cosines()
    value, grad = refloss.cosface_cosine.value_and_grad(cosine, target, margin=0.0, scale=scale)
    other = refloss.cross_entropy.value_and_grad(cosine, target, temperature=1 / scale)
    np.testing.assert_allclose(value, other[0], rtol=1e-13)
    np.testing.assert_allclose(grad["cosine"], other[1]["logits"], rtol=1e-13, atol=0)
    for name in ("arcface_cosine", "combined_margin_cosine"):
        none = {"margin": 0.0, "scale": scale} | (
            {"cosine_margin": 0.0} if name != "arcface_cosine" else {}
        )
        np.testing.assert_allclose(
            getattr(refloss, name)(cosine, target, **none), value, rtol=1e-13
        )
    times = refloss.sphereface_cosine(cosine, target, margin="1", scale=scale)
    np.testing.assert_array_equal(times, value)


def test_it_is_the_loss_of_paddle_and_of_pasted_code():
    """Cosines of angles, the target's with its margin, scaled, then torch's cross-entropy."""
    cosine, target = cosines()
    c = torch.tensor(cosine, requires_grad=True)
    hot = torch.nn.functional.one_hot(torch.tensor(target), cosine.shape[1])
    logits = SCALE * torch.cos(torch.acos(c) + 0.5 * hot)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(target), reduction="mean")
    expected.backward()
    value, grad = refloss.arcface_cosine.value_and_grad(
        cosine, target, preset="paddle", reduction="mean"
    )
    np.testing.assert_allclose(value, expected.item(), rtol=1e-12)
    size = np.abs(grad["cosine"]).max()
    np.testing.assert_allclose(grad["cosine"], c.grad.numpy(), rtol=1e-9, atol=1e-14 * size)


@pytest.mark.parametrize("end", [1.0, -1.0, np.nextafter(1, 2), -np.nextafter(1, 2)])
def test_at_both_ends_the_slope_is_the_cosine_of_the_margin(end):
    """And finite for a class that is no target, whose own slope is 1."""
    target = np.array([0])
    for case in ([[end, 0.25, 0.5]], [[0.5, end, 0.25]]):
        value, grad = refloss.arcface_cosine.value_and_grad(np.array(case), target, scale=4.0)
        softmax = -grad["cosine"][0, 1:].sum()
        assert np.isfinite(value).all()
        assert np.isfinite(grad["cosine"]).all()
        if case[0][0] == end:
            np.testing.assert_allclose(grad["cosine"][0, 0], softmax * np.cos(0.5), rtol=1e-14)


def test_cosines_that_are_cut_have_no_slope():
    cosine, target = np.array([[0.25, 0.95, -0.95, 0.5]]), np.array([0])
    kept = refloss.cosface_cosine.grad(cosine, target, limit=0.9, scale=2.0)["cosine"]
    cut = refloss.cosface_cosine.grad(cosine, target, limit=0.9, cuts="all", scale=2.0)["cosine"]
    assert (kept != 0).all()
    assert (cut != 0).tolist() == [[True, False, False, True]]
    own = refloss.cosface_cosine.grad(cosine, np.array([1]), limit=0.9, scale=2.0)["cosine"]
    assert (own != 0).tolist() == [[True, False, True, True]]
    there = refloss.cosface_cosine(cosine, target, limit=0.9, cuts="all", scale=2.0)
    np.testing.assert_array_equal(
        there, refloss.cosface_cosine(cosine.clip(-0.9, 0.9), target, scale=2.0)
    )


@pytest.mark.parametrize("name", LOSSES)
def test_ignored_rows_reductions_and_weights(name):
    loss = getattr(refloss, name)
    cosine, target = cosines()
    weight = np.array([0.5, 1.0, 2.0, 0.0, 0.25])
    some = some_ignored(target, -1)
    each, grad = loss.value_and_grad(cosine, some, ignore_index=-1, class_weight=weight)
    kept = some != -1
    assert (each[~kept] == 0).all()
    assert (grad["cosine"][~kept] == 0).all()
    plain = loss(cosine, target)
    np.testing.assert_allclose(each[kept], (weight[target] * plain)[kept], rtol=1e-15)
    divisors = {"kept": kept.sum(), "items": len(kept), "weights": weight[target[kept]].sum()}
    for denominator, divisor in divisors.items():
        mean = loss(
            cosine,
            some,
            ignore_index=-1,
            class_weight=weight,
            reduction="mean",
            denominator=denominator,
        )
        np.testing.assert_allclose(mean, each.sum() / divisor, rtol=1e-14)
    total, slopes = loss.value_and_grad(cosine, target, reduction="sum")
    np.testing.assert_allclose(total, plain.sum(), rtol=1e-14)
    np.testing.assert_array_equal(slopes["cosine"], loss.grad(cosine, target)["cosine"])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_narrow_cosines_are_those_of_float64_rounded_once(name, dtype):
    loss, (cosine, target) = getattr(refloss, name), cosines()
    value, grad = loss.value_and_grad(cosine.astype(dtype), target)
    assert value.dtype == grad["cosine"].dtype == dtype
    wide, slopes = loss.value_and_grad(cosine, target)
    np.testing.assert_array_equal(value, wide.astype(dtype))
    np.testing.assert_array_equal(grad["cosine"], slopes["cosine"].astype(dtype))


@pytest.mark.parametrize("name", LOSSES)
def test_compiled_programs_agree(name):
    """What is compiled for this machine, in float64."""
    loss, (cosine, target) = getattr(refloss, name), cosines()
    direction = {"cosine": np.random.default_rng(2).normal(size=cosine.shape)}
    one, other = (loss.value_and_grad(cosine, target, backend=b) for b in ("numpy", "c"))
    np.testing.assert_allclose(other[0], one[0], rtol=1e-13)
    np.testing.assert_allclose(other[1]["cosine"], one[1]["cosine"], rtol=1e-13, atol=0)
    one, other = (loss.hvp(cosine, target, direction, backend=b) for b in ("numpy", "c"))
    size = np.abs(one["cosine"]).max()
    np.testing.assert_allclose(other["cosine"], one["cosine"], rtol=1e-11, atol=1e-13 * size)


@pytest.mark.parametrize("name", LOSSES)
def test_products_are_differences_of_gradients(name):
    loss, (cosine, target) = getattr(refloss, name), cosines()
    way, step = np.random.default_rng(2).normal(size=cosine.shape), 2.0**-20
    sides = (loss.grad(cosine + sign * step * way, target)["cosine"] for sign in (1, -1))
    up, down = sides
    found = loss.hvp(cosine, target, direction={"cosine": way})["cosine"]
    expected = (up - down) / (2 * step)
    assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def test_the_trace_is_that_of_the_textbook():
    cosine, target = cosines()
    traced = refloss.arcface_cosine.trace(cosine, target, policy="cos_fallback")
    value, grad = refloss.arcface_cosine.value_and_grad(cosine, target, policy="cos_fallback")
    sizes = 2.0**-50 * SCALE, 2.0**-46 * np.abs(grad["cosine"]).max()  # what the textbook adds up
    np.testing.assert_allclose(traced["loss"], value, rtol=0, atol=sizes[0])
    np.testing.assert_allclose(traced["cosine_bar"], grad["cosine"], rtol=0, atol=sizes[1])
    assert traced["cosine"].tolist() == cosine.tolist()
    assert {"own", "kept", "goal", "logits", "scaled", "lse"} <= set(traced)


def test_no_rows_one_row_and_two_classes():
    none = refloss.cosface_cosine(np.empty((0, 3)), np.empty(0, int), reduction="mean")
    assert np.isnan(none)
    zero = refloss.cosface_cosine(
        np.empty((0, 3)), np.empty(0, int), reduction="mean", empty="zero"
    )
    assert zero == 0
    one = refloss.cosface_cosine(np.array([[0.5, 0.25]]), np.array([1]), margin=0.25, scale=2.0)
    np.testing.assert_allclose(one, np.log1p(np.exp(2 * (0.5 - 0.0))), rtol=1e-15)


def test_inputs_go_by_position_or_by_name_and_are_not_written_to():
    cosine, target = cosines()
    before = cosine.copy()
    assert list(inspect.signature(refloss.arcface_cosine).parameters)[:2] == ["cosine", "target"]
    value = refloss.arcface_cosine(cosine=cosine, target=target)
    np.testing.assert_array_equal(value, refloss.arcface_cosine(cosine, target))
    np.testing.assert_array_equal(value, refloss.arcface_cosine(cosine, target=target))
    np.testing.assert_array_equal(cosine, before)
    assert IGNORED == refloss.losses.rows.IGNORE_INDEX


BAD = [
    (({}, {}), ValueError, r"cosine: expected numbers from -1\.0625 to 1\.0625; got 1\.5 in row 1"),
    (({"margin": -0.5}, {"cosine": 0}), ValueError, "margin: expected a number from 0 to 2"),
    (({"policy": "raw"}, {"cosine": 0}), ValueError, "cosface_cosine: axis: expected one of"),
    (({"wrt": "logits"}, {"cosine": 0}), ValueError, "wrt: expected one of 'cosine'; got 'logits'"),
    (({}, {"target": np.zeros((2, 3))}), TypeError, "target: expected integers of shape"),
    (({}, {"target": np.array([0, 5])}), ValueError, "target: expected classes from 0 to 2"),
    (({"class_weight": np.ones(2)}, {"cosine": 0}), ValueError, "class_weight: expected shape"),
]


@pytest.mark.parametrize(("given", "error", "words"), BAD)
def test_errors_name_the_argument(given, error, words):
    options, inputs = given
    arrays = {"cosine": np.array([[0.5, 0.25, 0.0], [0.0, 1.5, 0.0]]), "target": np.array([0, 1])}
    if inputs:
        arrays["cosine"] = np.zeros((2, 3))
    arrays |= {n: a for n, a in inputs.items() if n != "cosine"}
    with pytest.raises(error, match=words):
        refloss.cosface_cosine.grad(**arrays, **options)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ((np.zeros((2, 3)),), "cosface_cosine: expected cosine, target; got no target"),
        ((np.zeros((2, 3)), np.zeros(2, int), 1), "expected cosine, target by position, got 3"),
    ],
)
def test_missing_and_superfluous_inputs_are_named(arrays, words):
    with pytest.raises(TypeError, match=words):
        refloss.cosface_cosine(*arrays)


def test_what_is_no_cosine_passes_unchecked_and_in_ignored_rows():
    cosine = np.array([[0.5, 0.25, 0.0], [0.0, 1.5, 0.0]])
    refloss.cosface_cosine(cosine, np.array([0, 1]), check="none")
    assert refloss.cosface_cosine(cosine, np.array([0, -100]))[1] == 0
    cosine[1, 1] = np.nan
    assert np.isnan(refloss.cosface_cosine(cosine, np.array([0, 1]))).tolist() == [False, True]
    with pytest.raises(ValueError, match="cosine: expected no NaN"):
        refloss.cosface_cosine(cosine, np.array([0, 1]), nan="raise")
