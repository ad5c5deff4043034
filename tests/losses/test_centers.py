"""The center loss, called: conventions, gradients by the centres, ignored rows, memory, errors."""

import inspect
import tracemalloc

import ml_dtypes
import numpy as np
import pytest
import torch

import refloss

CLIPS = ("none", "own", "masked")


def batch(n=24, classes=5, parts=6, seed=0):
    """Return vectors, centres and labels; the last class has no vector."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(classes, parts))
    target = rng.integers(0, classes - 1, n)
    return centers[target] + rng.normal(size=(n, parts)), centers, target


def brute(x, centers, target, factor=0.5):
    return factor * ((x - centers[target]) ** 2).sum(axis=1)


def test_the_probe_of_one_class():
    """Values of the conventions beside 1/2 of the sum over N: 1, 2, 2/D."""
    x, centers, target = batch(8, 1 + 1)
    mean = {"reduction": "mean"}
    half = refloss.center(x, centers, target, **mean)
    np.testing.assert_allclose(half, brute(x, centers, target).mean(), rtol=1e-14)
    for preset, ratio in (
        ("caffe_face", 1.0),
        ("reid_strong_baseline", 2.0),
        ("facenet", 2.0 / x.shape[1]),
    ):
        found = refloss.center(x, centers, target, preset=preset, **mean)
        np.testing.assert_allclose(found, ratio * half, rtol=1e-14)
    summed = refloss.center(x, centers, target, preset="paper", reduction="sum")
    np.testing.assert_allclose(summed, 8 * half, rtol=1e-14)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("clip", CLIPS)
def test_results_are_those_of_torch(clip, backend):
    """Over the matrix of all distances, masked, as repositories write it."""
    x, centers, target = map(torch.tensor, batch())
    x[3], x[4] = centers[target[3]], centers[target[4]] + 2e6
    leaves = [each.clone().requires_grad_() for each in (x, centers)]
    distances = (leaves[0][:, None] - leaves[1]).square().sum(dim=2)
    mask = torch.nn.functional.one_hot(target, len(centers)).double()
    ends = {"min": 1e-12, "max": 1e12}
    each = {
        "none": lambda: (distances * mask).sum(dim=1),
        "own": lambda: (distances * mask).sum(dim=1).clamp(**ends),
        "masked": lambda: (distances * mask).clamp(**ends).sum(dim=1),
    }[clip]()
    (each.sum() / len(x)).backward()
    how = {"factor": "one", "clip": clip, "reduction": "mean", "backend": backend}
    value, grad = refloss.center.value_and_grad(x, centers, target, **how)
    torch.testing.assert_close(value, each.mean().detach(), rtol=1e-14, atol=0)
    for leaf, name in zip(leaves, ("x", "centers"), strict=True):
        torch.testing.assert_close(grad[name], leaf.grad, rtol=1e-13, atol=1e-16)


def test_a_mask_before_a_clip_adds_1e_12_for_every_other_class():
    x, centers, target = batch(4, 1001)
    at = centers[target]
    own = refloss.center(at, centers, target, factor="one", clip="own")
    np.testing.assert_array_equal(own, np.full(4, 1e-12))
    biased = refloss.center(at, centers, target, preset="pytorch_center_loss")
    np.testing.assert_allclose(biased, np.full(4, 1001e-12), rtol=1e-15)
    assert not refloss.center(at, centers, target).any()
    clean = refloss.center(x, centers, target, factor="one")
    bias = refloss.center(x, centers, target, preset="pytorch_center_loss") - clean
    np.testing.assert_allclose(bias, 1000e-12, rtol=1e-3)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_at_a_centre_all_is_0(backend):
    """Exactly, far from the origin too, where the expanded form has no digit."""
    for size in (1.0, 1e3, 1e150):
        _, centers, target = batch()
        at = size * centers[target]
        value, grad = refloss.center.value_and_grad(at, size * centers, target, backend=backend)
        assert not value.any()
        assert not grad["x"].any()
        assert not grad["centers"].any()


def test_points_far_from_the_origin_keep_their_distance():
    """1e-5 apart at norm 1000: the expanded form has no digit of it in float32."""
    x = np.full((1, 4), 500.0, np.float32)
    centers = x.copy()
    centers[0, 1] += 2.0**-15
    found, grad = refloss.center.value_and_grad(x, centers, np.array([0]))
    assert found == 2.0**-31
    np.testing.assert_array_equal(grad["x"], [[0, -(2.0**-15), 0, 0]])
    expanded = (x * x).sum() + (centers * centers).sum() - 2 * (x * centers).sum()
    assert expanded != 2.0**-30


def test_half_of_a_square_need_not_be_a_square_that_is_finite():
    x, centers = np.array([[1.5e154]]), np.zeros((1, 1))
    found = refloss.center(x, centers, np.array([0]))
    np.testing.assert_array_max_ulp(found, np.array([1.125e308]), 2)
    assert refloss.center(x, centers, np.array([0]), factor="one") == np.inf
    narrow = refloss.center(np.array([[300.0]], "f2"), np.zeros((1, 1), "f2"), np.array([0]))
    assert narrow == np.float16(45000)


def test_the_gradient_by_a_centre_is_the_sum_over_its_class():
    """Correct to an ulp of what the terms add up to, for 20,000 vectors of one class too."""
    x, centers, target = batch(20_000, 3)
    upstream = np.random.default_rng(3).normal(size=len(x))
    grad = refloss.center.grad(x, centers, target, upstream=upstream)
    terms = -upstream[:, None] * (x - centers[target])
    wide = np.zeros((3, x.shape[1]), np.longdouble)
    np.add.at(wide, target, terms.astype(np.longdouble))
    size = np.zeros_like(centers)
    np.add.at(size, target, np.abs(terms))
    assert (np.abs(grad["centers"] - wide) <= 2.0**-52 * size).all()
    assert not grad["centers"][2].any()  # of this class there is no vector
    for one in range(2):
        alone = refloss.center.grad(x[target == one], centers, target[target == one])
        np.testing.assert_array_equal(alone["centers"][1 - one], 0)


@pytest.mark.parametrize("memory", [1, 5_000, 1 << 20])
def test_a_budget_of_memory_changes_next_to_nothing(memory):
    x, centers, target = batch(300, 7)
    dots = {"x": np.ones_like(x), "centers": np.arange(42.0).reshape(7, 6)}
    whole = refloss.center.value_and_grad(x, centers, target, reduction="mean")
    part = refloss.center.value_and_grad(x, centers, target, reduction="mean", memory=memory)
    np.testing.assert_array_max_ulp(part[0], whole[0], 1)
    np.testing.assert_array_equal(part[1]["x"], whole[1]["x"])
    room = 2.0**-52 * np.abs(x).sum() / len(x)
    np.testing.assert_allclose(part[1]["centers"], whole[1]["centers"], rtol=1e-14, atol=room)
    known = refloss.center.hvp(x, centers, target, dots)
    found = refloss.center.hvp(x, centers, target, dots, memory=memory)
    np.testing.assert_array_equal(found["x"], known["x"])


def test_neither_distances_to_all_centres_nor_all_of_their_rows_are_held():
    """N C numbers are 128 MB, and all that adding up takes 20: the call keeps to its budget."""
    x, centers, target = batch(8_000, 2_000, 64)
    budget, results = 1 << 20, x.nbytes + centers.nbytes
    refloss.center.value_and_grad(x, centers, target, memory=budget)
    tracemalloc.start()
    refloss.center.value_and_grad(x, centers, target, memory=budget)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < results + 6 * centers.nbytes + budget + 8 * target.nbytes


def test_products_are_the_derivatives_of_gradients():
    """By a centre 2 factor times what its vectors' directions are less its own."""
    x, centers, target = batch()
    rng = np.random.default_rng(2)
    dots = {"x": rng.normal(size=x.shape), "centers": rng.normal(size=centers.shape)}
    found = refloss.center.hvp(x, centers, target, dots)
    apart = dots["x"] - dots["centers"][target]
    np.testing.assert_allclose(found["x"], apart, rtol=1e-14)
    expected = np.zeros_like(centers)
    np.subtract.at(expected, target, apart)
    np.testing.assert_allclose(found["centers"], expected, rtol=1e-13, atol=1e-15)
    only = refloss.center.hvp(x, centers, target, {"centers": dots["centers"]}, wrt="centers")
    count = np.bincount(target, minlength=5)[:, None]
    np.testing.assert_allclose(only["centers"], count * dots["centers"], rtol=1e-14)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_ignored_rows_are_inert(backend):
    x, centers, target = batch()
    ignored = np.arange(len(x)) % 3 == 1
    marked, spoilt = np.where(ignored, -100, target), x.copy()
    spoilt[ignored] = np.nan
    how = {"backend": backend}
    value, grad = refloss.center.value_and_grad(spoilt, centers, marked, **how)
    known, slopes = refloss.center.value_and_grad(x[~ignored], centers, target[~ignored], **how)
    np.testing.assert_array_equal(value[~ignored], known)
    assert not value[ignored].any()
    assert not grad["x"][ignored].any()
    np.testing.assert_array_equal(grad["x"][~ignored], slopes["x"])
    np.testing.assert_array_equal(grad["centers"], slopes["centers"])
    dots = {"x": np.ones_like(x)}
    product = refloss.center.hvp(spoilt, centers, marked, dots, **how)
    assert np.isfinite(product["x"]).all()
    assert not product["x"][ignored].any()
    mean = {"reduction": "mean", **how}
    kept = refloss.center(spoilt, centers, marked, denominator="kept", **mean)
    np.testing.assert_allclose(kept, known.mean(), rtol=1e-15)
    every = refloss.center(spoilt, centers, marked, **mean)
    np.testing.assert_allclose(every, known.sum() / len(x), rtol=1e-15)
    assert refloss.center(spoilt, centers, np.where(ignored, 4, target), ignore_index=4)[0] > 0


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_formats_are_widened_and_rounded_once(dtype):
    x, centers, target = batch()
    x, centers = x.astype(dtype), centers.astype(dtype)
    wide = x.astype(float), centers.astype(float)
    for preset in ("paper", "pytorch_center_loss"):
        value, grad = refloss.center.value_and_grad(x, centers, target, preset=preset)
        expected, slopes = refloss.center.value_and_grad(*wide, target, preset=preset)
        assert value.dtype == grad["centers"].dtype == dtype
        np.testing.assert_array_equal(value, expected.astype(dtype))
        np.testing.assert_array_equal(grad["centers"], slopes["centers"].astype(dtype))


def test_a_clip_of_1e_12_is_one_in_float16_too():
    """There 1e-12 rounds to 0 and 1e12 to infinity: conventions are numbers of the definition."""
    x, centers = np.array([[8000.0] * 4], "f2"), np.zeros((2, 4), "f2")
    inside = refloss.center.grad(x, centers, np.array([0]), clip="own")
    assert inside["x"].all()
    outside = refloss.center.grad(np.array([[2e6]]), np.zeros((2, 1)), np.array([0]), clip="own")
    assert not outside["x"].any()


def test_no_vectors_and_one():
    centers = np.ones((3, 2))
    none = np.empty((0, 2)), centers, np.empty(0, int)
    assert refloss.center(*none).shape == (0,)
    assert np.isnan(refloss.center(*none, reduction="mean"))
    assert refloss.center(*none, reduction="mean", empty="zero") == 0
    grad = refloss.center.grad(*none)
    assert grad["x"].shape == (0, 2)
    np.testing.assert_array_equal(grad["centers"], np.zeros((3, 2)))
    one = refloss.center(np.zeros((1, 2)), centers, np.array([2]))
    assert one.tolist() == [1.0]


def test_nan_stays_with_its_class_or_is_refused():
    x, centers, target = batch()
    clean, slopes = refloss.center.value_and_grad(x, centers, target)
    x = x.copy()
    x[3, 1] = np.nan
    value, grad = refloss.center.value_and_grad(x, centers, target)
    others = np.arange(len(x)) != 3
    np.testing.assert_array_equal(value[others], clean[others])
    elsewhere = np.arange(len(centers)) != target[3]
    np.testing.assert_array_equal(grad["centers"][elsewhere], slopes["centers"][elsewhere])
    assert np.isnan(grad["centers"][target[3], 1])
    with pytest.raises(ValueError, match=r"x: expected no NaN .* row 3, class 1"):
        refloss.center(x, centers, target, nan="raise")
    centers = centers.copy()
    centers[4, 0] = np.nan  # of no vector
    with pytest.raises(ValueError, match=r"centers: expected no NaN .* class 4, column 0"):
        refloss.center(np.zeros_like(x), centers, target, nan="raise")
    assert np.isfinite(refloss.center(np.zeros_like(x), centers, target)).all()


def test_a_trace_has_the_textbooks_names():
    x, centers, target = batch(5, 3, 2)
    traced = refloss.center.trace(x, centers, target, reduction="mean")
    assert {"x", "own", "delta", "cost", "held", "loss"} <= set(traced)
    np.testing.assert_array_equal(traced["own"], centers[target])
    grad = refloss.center.grad(x, centers, target, reduction="mean")
    np.testing.assert_allclose(traced["x_bar"], grad["x"], rtol=1e-14)
    np.testing.assert_allclose(traced["centers_bar"], grad["centers"], rtol=1e-13, atol=1e-16)


def test_inputs_are_not_written_to_and_any_library_comes_back():
    given = batch()
    kept = [each.copy() for each in given]
    refloss.center.value_and_grad(*given, clip="own")
    for array, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, before)
    tensors = [torch.tensor(each) for each in given]
    value, grad = refloss.center.value_and_grad(*tensors)
    assert isinstance(value, torch.Tensor)
    assert isinstance(grad["centers"], torch.Tensor)
    turned = given[0].T.copy().T, np.asfortranarray(given[1]), given[2]
    np.testing.assert_array_equal(refloss.center(*turned), value.numpy())


GOOD = {"x": np.zeros((2, 3)), "centers": np.ones((4, 3)), "target": np.array([0, 3])}
BAD = [
    ({"x": np.zeros(3)}, {}, ValueError, r"x: expected shape \(N, D\) with D at least 1"),
    ({"x": np.zeros((2, 0))}, {}, ValueError, "x: expected shape .* D at least 1"),
    ({"centers": np.ones(3)}, {}, ValueError, r"centers: expected shape \(C, D\)"),
    ({"centers": np.ones((4, 2))}, {}, ValueError, "centers: expected 3 numbers a class"),
    ({"centers": np.ones((0, 3))}, {}, ValueError, "centers: expected a class at least"),
    ({"centers": np.ones((4, 3), "f4")}, {}, TypeError, "centers: expected float64 as x"),
    ({"x": np.zeros((2, 3), int)}, {}, TypeError, "x: expected one of float16"),
    ({"target": np.array([0, 4])}, {}, ValueError, "target: expected classes from 0 to 3.* 4 in r"),
    ({"target": np.array([0, -1])}, {}, ValueError, "target: expected classes from 0 to 3"),
    ({"target": np.array([0.0, 1.0])}, {}, TypeError, "target: expected integers of shape"),
    ({"target": np.array([0])}, {}, ValueError, r"target: expected shape \(2,\), one class"),
    ({}, {"factor": "third"}, ValueError, "factor: expected one of 'half', 'one'"),
    ({}, {"clp": "own"}, ValueError, "did you mean 'clip'"),
    ({}, {"reduction": "rows"}, ValueError, "reduction: expected one of"),
    ({}, {"wrt": "target"}, ValueError, "wrt: expected one of 'centers', 'x'; got 'target'"),
    ({}, {"memory": 0}, ValueError, "memory: expected a number of bytes > 0"),
    ({}, {"ignore_index": 1.5}, TypeError, "ignore_index: expected an integer"),
    ({}, {"upstream": np.ones(3)}, ValueError, "upstream: expected shape"),
]


@pytest.mark.parametrize(("inputs", "options", "error", "words"), BAD)
def test_errors_name_the_argument(inputs, options, error, words):
    with pytest.raises(error, match=words):
        refloss.center.grad(**{**GOOD, **inputs}, **options)


def test_a_direction_has_the_shape_of_its_input():
    wrong = {"centers": np.zeros((2, 3))}
    with pytest.raises(ValueError, match=r"direction\['centers'\]: expected shape \(4, 3\)"):
        refloss.center.hvp(*GOOD.values(), wrong)


def test_the_documentation_names_every_argument():
    text = refloss.center.__doc__
    for name in inspect.signature(refloss.center).parameters:
        assert name in text
    assert "Singular points" in text
