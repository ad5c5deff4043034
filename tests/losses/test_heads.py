"""The public heads: what they return, what they refuse, and what does not change a bit."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

import refloss
from refloss.run.kernels import library

HEADS = {n: e for n, e in library().index["losses"].items() if e["family"] == "heads"}
rng = np.random.default_rng(11)
B, C, D = 6, 9, 5
X, W = rng.normal(size=(B, D)), rng.normal(size=(C, D))
Y = np.array([0, 8, 3, 3, 5, 1])
UP = np.array([1.0, -2.0, 0.5, 0.0, 3.0, 0.25])


def near(got, expected, steps=64):
    """Require equality up to some steps of the largest number: products are judged normwise."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    size = np.abs(expected).max(initial=0.0)
    assert np.abs(got - expected).max(initial=0.0) <= steps * np.finfo(np.float64).eps * size


def head(name):
    return getattr(refloss, name)


@pytest.fixture(params=HEADS)
def loss(request):
    return head(request.param)


def inputs_of(loss):
    return [name.removesuffix("_bar") for name in outputs_of(loss)]


def outputs_of(loss):
    program = (
        next(iter(loss.entry["program"]["values"].values()))
        if isinstance(loss.entry["program"], dict)
        else loss.entry["program"]
    )
    return [n for n, _ in library().index["programs"][program]["arrays"]["grad"]["outputs"][1:]]


# ------------------------------------------------------------------------------- what comes back


def test_shapes_formats_and_libraries(loss):
    for dtype in (np.float16, np.float32, np.float64):
        x, w = X.astype(dtype), W.astype(dtype)
        value, gradients = loss.value_and_grad(x, w, Y, wrt=inputs_of(loss))
        assert value.shape == (B,)
        assert value.dtype == dtype
        shapes = {"x": (B, D), "weight": (C, D), "scale": (), "bias": (C,)}
        assert {n: g.shape for n, g in gradients.items()} == {n: shapes[n] for n in gradients}
        assert all(g.dtype == dtype for g in gradients.values())
    tensors = torch.tensor(X, requires_grad=True), torch.tensor(W), torch.tensor(Y)
    value = loss(*tensors)
    assert isinstance(value, torch.Tensor)
    assert not value.requires_grad
    assert_array_equal(value.numpy(), loss(X, W, Y))


def test_bfloat16_is_computed_in_float32_and_rounded_once():
    x, w = (torch.tensor(a).to(torch.bfloat16) for a in (X, W))
    got = refloss.cosface(x, w, torch.tensor(Y))
    wide = refloss.cosface(x.float(), w.float(), torch.tensor(Y))
    assert got.dtype == torch.bfloat16
    assert_array_equal(got.float().numpy(), wide.to(torch.bfloat16).float().numpy())


def test_reductions_divide_and_weigh_the_gradient(loss):
    each, grads = loss.value_and_grad(X, W, Y)
    total, summed = loss.value_and_grad(X, W, Y, reduction="sum")
    mean, averaged = loss.value_and_grad(X, W, Y, reduction="mean", upstream=2.0)
    near(total, each.sum())
    near(mean, each.mean())
    for name, g in grads.items():
        assert_array_equal(summed[name], g)
        near(averaged[name], g * 2 / B)


def test_upstream_weighs_rows(loss):
    weighed = loss.grad(X, W, Y, upstream=UP)
    rows = [loss.grad(X[[k]], W, Y[[k]], upstream=UP[[k]]) for k in range(B)]
    by_x = np.concatenate([row["x"] for row in rows])
    by_weight = np.sum([row["weight"] for row in rows], axis=0)
    near(weighed["x"], by_x)
    near(weighed["weight"], by_weight)
    assert (weighed["x"][3] == 0).all()


def test_the_product_is_the_difference_of_gradients(loss):
    names, step = ("x", "weight", "scale"), 1e-6
    direction = {"x": rng.normal(size=X.shape), "weight": rng.normal(size=W.shape), "scale": 0.5}
    got = loss.hvp(X, W, Y, direction, upstream=UP, wrt=names, scale=4.0)
    sides = [
        loss.grad(
            X + sign * step * direction["x"],
            W + sign * step * direction["weight"],
            Y,
            upstream=UP,
            wrt=names,
            scale=4.0 + sign * step * direction["scale"],
        )
        for sign in (1, -1)
    ]
    for name in names:
        difference = (sides[0][name] - sides[1][name]) / (2 * step)
        size = np.abs(difference).max()
        assert np.abs(got[name] - difference).max() <= 1e-7 * max(size, 1.0), name


def test_a_trace_names_everything(loss):
    named = loss.trace(X, W, Y, reduction="mean")
    assert {"x", "weight", "target", "scale", "loss", "x_bar", "weight_bar"} <= set(named)
    near(named["loss"], loss(X, W, Y))
    gradient = loss.grad(X, W, Y, reduction="mean")
    near(named["x_bar"], gradient["x"])


# ------------------------------------------------------------------------ what changes no bit


@pytest.mark.parametrize("memory", [1, 4000, 5000, 1 << 30])
def test_the_budget_changes_no_more_than_rounding(loss, memory):
    value, gradients = loss.value_and_grad(X, W, Y, upstream=UP)
    small, others = loss.value_and_grad(X, W, Y, upstream=UP, memory=memory)
    near(small, value)
    for name, g in gradients.items():
        near(others[name], g)


def test_inputs_are_not_written_to_and_strides_are_free(loss):
    x, w = np.asfortranarray(X), np.repeat(W, 2, axis=0)[::2]
    for array in (x, w, Y):
        array.flags.writeable = False
    for memory in (4000, 1 << 30):
        found = loss.value_and_grad(x, w, Y, upstream=UP, memory=memory)
        expected = loss.value_and_grad(X, W, Y, upstream=UP, memory=memory)
        near(found[0], expected[0])
        near(found[1]["weight"], expected[1]["weight"])
    Y.flags.writeable = True


def test_ignored_rows_are_inert_whatever_they_hold(loss):
    x, y = X.copy(), Y.copy()
    x[1], y[1] = np.nan, -100
    value, gradients = loss.value_and_grad(x, W, y, upstream=UP, wrt=inputs_of(loss))
    kept = np.arange(B) != 1
    expected, rest = loss.value_and_grad(
        X[kept], W, Y[kept], upstream=UP[kept], wrt=inputs_of(loss)
    )
    assert value[1] == 0
    assert (gradients["x"][1] == 0).all()
    near(value[kept], expected)
    near(gradients["weight"], rest["weight"])
    near(loss(x, W, y, reduction="mean"), loss(X[kept], W, Y[kept], reduction="mean"))
    product = loss.hvp(x, W, y, {"x": np.full_like(X, 2.0)}, wrt="x")
    assert (product["x"][1] == 0).all()


# ------------------------------------------------------------------------------- few and many


def test_no_row(loss):
    empty = X[:0], W, Y[:0]
    assert loss(*empty).shape == (0,)
    assert np.isnan(loss(*empty, reduction="mean"))
    assert loss(*empty, reduction="mean", empty="zero") == 0
    gradients = loss.grad(*empty)
    assert gradients["x"].shape == (0, D)
    assert (gradients["weight"] == 0).all()


def test_one_class_is_always_right(loss):
    value, gradients = loss.value_and_grad(X, W[:1], np.zeros(B, int), wrt=inputs_of(loss))
    assert (value == 0).all()
    assert all((g == 0).all() for g in gradients.values())


def test_a_confident_row_keeps_its_digits():
    """The others' share is e^-120 of the target's: 1 - p has no digit of it."""
    x, w = np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]])
    value, gradients = refloss.normface.value_and_grad(
        x, w, np.array([0]), scale=60.0, wrt=("x", "scale")
    )
    near(value, [np.exp(-120.0)])
    near(gradients["scale"], -2 * np.exp(-120.0))


def test_zero_vectors_follow_their_convention():
    x, w = np.zeros((1, 2)), np.array([[1.0, 0.0], [0.0, 1.0]])
    y = np.array([0])
    value, gradients = refloss.normface.value_and_grad(x, w, y)
    near(value, [np.log(2)])
    assert all((g == 0).all() for g in gradients.values())
    tensors = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True), torch.tensor(w)
    unit = torch.nn.functional.normalize(tensors[0])
    logits = 64.0 * unit @ torch.nn.functional.normalize(tensors[1]).T
    torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
    got = refloss.normface.grad(x, w, y, preset="torch", reduction="mean")["x"]
    near(got, tensors[0].grad)
    for placement in ("inside", "added"):
        got = refloss.normface.grad(x, w, y, placement=placement, eps=1e-6)["x"]
        size, one = (
            (np.sqrt(1e-6), np.sqrt(1 + 1e-6)) if placement == "inside" else (1e-6, 1 + 1e-6)
        )
        expected = 64.0 * np.array([[-0.5, 0.5]]) / one / size
        near(got, expected)


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_lengths_far_from_1_change_nothing(size):
    value, gradients = refloss.cosface.value_and_grad(X, W, Y)
    small, others = refloss.cosface.value_and_grad(X * size, W / size, Y)
    near(small, value)
    near(others["x"] * size, gradients["x"])
    near(others["weight"] / size, gradients["weight"])


# ---------------------------------------------------------------------------------- invariants


def test_normalised_inputs_have_gradients_at_right_angles_to_them():
    gradients = refloss.cosface.grad(X, W, Y, upstream=UP)
    for name, array in (("x", X), ("weight", W)):
        along = (gradients[name] * array).sum(axis=1)
        size = np.linalg.norm(gradients[name], axis=1) * np.linalg.norm(array, axis=1)
        assert (np.abs(along) <= 1e-13 * size + 1e-300).all()


def test_margin_0_is_normface():
    assert_array_equal(refloss.cosface(X, W, Y, margin=0.0), refloss.normface(X, W, Y))


def test_l2_softmax_is_linear_softmax_of_a_scaled_unit_embedding():
    bias = rng.normal(size=C)
    unit = X / np.linalg.norm(X, axis=1)[:, None]
    expected = refloss.cross_entropy(16.0 * unit @ W.T + bias, Y)
    near(refloss.l2_softmax(X, W, Y, bias=bias), expected)


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": X[0]}, ValueError, r"x: expected shape \(B, D\), got \(5,\)"),
        ({"weight": W[:, :3]}, ValueError, r"weight: expected 5 numbers a class .* got 3"),
        ({"weight": W.astype(np.float32)}, TypeError, "weight: expected float64 as x, got float32"),
        ({"weight": W[:0]}, ValueError, r"weight: expected a class of one number at least"),
        ({"x": X.astype(int)}, TypeError, "x: expected one of float16, .*; got int64"),
        ({"target": Y.astype(float)}, TypeError, r"target: expected integers .*, got float64"),
        ({"target": Y[:2]}, ValueError, r"target: expected shape \(6,\), one class for every row"),
        ({"target": Y + 1}, ValueError, r"target: expected classes from 0 to 8, .* got 9 in row 1"),
        ({"scale": "8"}, TypeError, "scale: expected an array"),
        ({"scale": np.ones(3)}, ValueError, r"scale: expected one number, got .* shape \(3,\)"),
        ({"scale": np.inf}, ValueError, "scale: expected a finite number, got inf"),
        ({"memory": 0}, ValueError, "memory: expected a number of bytes > 0, got 0"),
        ({"memory": 1.5}, TypeError, "memory: expected a number of bytes, got 1.5"),
        ({"margn": 0.2}, ValueError, "got 'margn' .did you mean 'margin'"),
        ({"nan": "no"}, ValueError, "nan: expected one of"),
        ({"preset": "arc"}, ValueError, "cosface: preset: expected one of"),
        ({"reduction": "avg"}, ValueError, "reduction: expected one of"),
    ],
)
def test_errors_name_the_argument(change, error, words):
    given = {"x": X, "weight": W, "target": Y, **change}
    with pytest.raises(error, match=words):
        refloss.cosface(given.pop("x"), given.pop("weight"), given.pop("target"), **given)


def test_errors_of_derivatives():
    with pytest.raises(ValueError, match="wrt: expected one of 'scale', 'weight', 'x'; got 'bias'"):
        refloss.cosface.grad(X, W, Y, wrt="bias")
    with pytest.raises(ValueError, match=r"upstream: expected shape \(\) or \(6,\); got \(2,\)"):
        refloss.cosface.grad(X, W, Y, upstream=UP[:2])
    with pytest.raises(TypeError, match="direction: expected a mapping of 'x' and/or 'weight'"):
        refloss.cosface.hvp(X, W, Y, {})
    with pytest.raises(ValueError, match=r"direction\['x'\]: expected shape \(6, 5\) as x"):
        refloss.cosface.hvp(X, W, Y, {"x": W})
    with pytest.raises(ValueError, match=r"bias: expected shape \(9,\), got \(6,\)"):
        refloss.l2_softmax(X, W, Y, bias=UP)


def test_nan_is_refused_where_asked():
    x = X.copy()
    x[2, 1] = np.nan
    assert np.isnan(refloss.cosface(x, W, Y)).tolist() == [False, False, True, False, False, False]
    with pytest.raises(ValueError, match=r"x: expected no NaN .* in row 2, column 1"):
        refloss.cosface(x, W, Y, nan="raise")
    weight = W.copy()
    weight[3, 0] = np.nan
    with pytest.raises(ValueError, match=r"weight: expected no NaN .* in class 3, column 0"):
        refloss.cosface(X, weight, Y, nan="raise")
    y = np.where(np.arange(B) == 2, -100, Y)
    assert np.isfinite(refloss.cosface(x, W, y, nan="raise")).all()
