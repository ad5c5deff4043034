"""Means that are functions of sums over the batch: formulas of libraries, laws, edges, formats.

The formulas are written in PyTorch, and differentiated there; certified enclosures, of the sums in
ball arithmetic, say how many digits are kept.
"""

import numpy as np
import pytest
import torch
from flint import arb, arb_series, ctx
from torch.nn import functional as F

import refloss
from crossval.checks.whole_batches import standard
from crossval.oracles.elementwise import Elementwise
from crossval.oracles.formats import format_of
from crossval.oracles.row_columns import RowColumns
from crossval.oracles.sums import enclosed, parts
from crossval.points.boxes import PointSet
from refloss.losses import resolve
from refloss.losses.batches import refuse
from refloss.run.kernels import library

SIGMOID, SOFTMAX = refloss.sigmoid_focal, refloss.softmax_focal
BOTH = ("logits", "target")
GAMMAS = (0.0, 0.5, 1.0, 2.0, 3.5)
ULP = 2.0**-52


def elements(n=12, seed=3):
    """Return logits, targets hard and soft, weights and a direction, in two axes."""
    rng = np.random.default_rng(seed)
    logits, weight = 3 * rng.normal(size=(n // 4, 4)), rng.exponential(size=(n // 4, 4))
    target = np.where(np.arange(n) % 3 == 0, rng.random(n), np.arange(n) % 2).reshape(-1, 4)
    return logits, target, weight, rng.normal(size=(2, n // 4, 4))


def rows(n=9, seed=4):
    """Return logits, classes, class weights and a direction."""
    rng = np.random.default_rng(seed)
    logits, weight = 2 * rng.normal(size=(n, 4)), rng.exponential(size=4)
    return logits, rng.integers(0, 4, n), weight, rng.normal(size=(n, 4))


def normalised(x, t, w, *, gamma, mixed, detached, items, least=1e-6):
    """Divide focal losses by the sum of their modulators, with alpha 1/4."""
    cost = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    p = torch.sigmoid(x)
    miss = p * (1 - t) + (1 - p) * t if mixed else -torch.expm1(-cost)
    modulator = w * miss**gamma
    total = (modulator * cost * (0.25 * t + 0.75 * (1 - t))).sum()
    norm = modulator.sum().clamp_min(least)
    return total / (norm.detach() if detached else norm) / (x.numel() if items else 1)


def assert_close(found, expected):
    """See agreement to the rounding of a few sums of numbers of the same size."""
    expected = expected.detach().numpy()
    room = 2.0**10 * ULP * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=room)


@pytest.mark.parametrize("denominator", ["modulators", "modulators_detached", "modulators_items"])
@pytest.mark.parametrize("form", ["mixed", "exp_bce"])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_the_sum_of_modulators_divides_value_gradient_and_product(gamma, form, denominator):
    logits, target, weight, direction = elements()
    x, t = (torch.tensor(a, requires_grad=True) for a in (logits, target))
    value = normalised(
        x,
        t,
        torch.tensor(weight),
        gamma=gamma,
        mixed=form == "mixed",
        detached=denominator == "modulators_detached",
        items=denominator == "modulators_items",
    )
    grads = torch.autograd.grad(1.75 * value, (x, t), create_graph=True)
    along = sum((g * torch.tensor(v)).sum() for g, v in zip(grads, direction, strict=True))
    products = torch.autograd.grad(along, (x, t))
    options = {
        "gamma": gamma,
        "soft_target": form,
        "denominator": denominator,
        "least": 1e-6,
        "weight": weight,
        "reduction": "mean",
        "upstream": 1.75,
        "wrt": BOTH,
    }
    found, slopes = SIGMOID.value_and_grad(logits, target, **options)
    moves = SIGMOID.hvp(logits, target, dict(zip(BOTH, direction, strict=True)), **options)
    assert_close(found, value)
    for name, grad, product in zip(BOTH, grads, products, strict=True):
        assert_close(slopes[name], grad)
        assert_close(moves[name], product)
        np.testing.assert_array_equal(SIGMOID.grad(logits, target, **options)[name], slopes[name])


@pytest.mark.parametrize("modulator", ["attached", "detached"])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_the_focal_loss_of_a_mean(gamma, soft, modulator):
    logits, target, weight, direction = rows()
    goal = target
    if soft:
        goal = np.random.default_rng(1).dirichlet(np.ones(4), len(logits))
    else:
        goal[2] = -100
    z = torch.tensor(logits, requires_grad=True)
    mean = F.cross_entropy(z, torch.tensor(goal), torch.tensor(weight))
    power = (-torch.expm1(-mean)) ** gamma
    value = (power.detach() if modulator == "detached" else power) * mean
    (grad,) = torch.autograd.grad(-0.5 * value, z, create_graph=True)
    (product,) = torch.autograd.grad((grad * torch.tensor(direction)).sum(), z)
    options = {
        "gamma": gamma,
        "of": "mean",
        "modulator": modulator,
        "denominator": "items" if soft else "weights",
        "class_weight": weight,
        "reduction": "mean",
    }
    found, slopes = SOFTMAX.value_and_grad(logits, goal, upstream=-0.5, **options)
    moves = SOFTMAX.hvp(logits, goal, {"logits": direction}, upstream=-0.5, **options)
    assert_close(found, value)
    assert_close(slopes["logits"], grad)
    assert_close(moves["logits"], product)


def test_the_loss_of_a_mean_is_less_than_the_mean_of_the_losses():
    logits = np.array([[2.0, 0, -1], [0.5, 1, 0], [0, 0, 3]])
    target = np.array([0, 2, 2])
    costs = refloss.cross_entropy(logits, target)
    of_mean = SOFTMAX(logits, target, of="mean", reduction="mean", denominator="items")
    mean = SOFTMAX(logits, target, reduction="mean", denominator="items")
    m = costs.mean()
    assert of_mean == pytest.approx((1 - np.exp(-m)) ** 2 * m, rel=2.0**-48)
    assert of_mean < mean  # the power is convex: one number tells them apart


@pytest.mark.parametrize("denominator", ["items", "kept", "weights", "logits", 3.5])
def test_any_denominator_divides_the_sum_before_the_power_is_taken(denominator):
    logits, target, weight, _ = rows()
    target[4] = -100
    options = {"denominator": denominator, "class_weight": weight, "reduction": "mean"}
    m = float(SOFTMAX(logits, target, gamma=0.0, **options))
    found = SOFTMAX(logits, target, gamma=2.0, of="mean", **options)
    assert found == pytest.approx((1 - np.exp(-m)) ** 2 * m, rel=2.0**-46)


def test_sums_of_a_batch_that_is_split_add_up():
    logits, target, weight, _ = elements(40)
    flat = [a.reshape(-1) for a in (logits, target, weight)]
    whole = SIGMOID(*flat[:2], weight=flat[2], reduction="mean", denominator="modulators")
    losses, norms = [], []
    for part in np.array_split(np.arange(40), 3):
        x, t, w = (a[part] for a in flat)
        losses.append(float(SIGMOID(x, t, weight=w, reduction="sum")))
        mean = SIGMOID(x, t, weight=w, reduction="mean", denominator="modulators")
        norms.append(losses[-1] / float(mean))
    assert whole == pytest.approx(sum(losses) / sum(norms), rel=2.0**-45)


@pytest.mark.parametrize("count", [0, 3])
def test_a_weight_is_so_many_elements(count):
    logits, target, _, _ = (a.reshape(-1) for a in elements())
    options = {"reduction": "mean", "denominator": "modulators"}
    weight = np.ones(12)
    weight[5] = count
    found = SIGMOID(logits, target, weight=weight, **options)
    some = np.repeat(np.arange(12), weight.astype(int))
    assert found == pytest.approx(SIGMOID(logits[some], target[some], **options), rel=2.0**-46)


def test_without_gamma_it_is_a_weighted_mean_of_cross_entropies():
    logits, target, weight, _ = elements()
    options = {"gamma": 0.0, "alpha_side": "off", "weight": weight, "reduction": "mean"}
    found = SIGMOID(logits, target, denominator="modulators", **options)
    assert found == pytest.approx(SIGMOID(logits, target, denominator="weights", **options))


@pytest.mark.parametrize("empty", ["nan", "zero"])
@pytest.mark.parametrize("case", ["no elements", "modulators that are 0"])
def test_a_mean_over_no_modulators_is_what_empty_says(case, empty):
    x = np.zeros((0, 2)) if case == "no elements" else np.full((1, 2), 800.0)
    options = {"reduction": "mean", "denominator": "modulators", "empty": empty}
    value, grad = SIGMOID.value_and_grad(x, np.ones_like(x), **options)
    product = SIGMOID.hvp(x, np.ones_like(x), {"logits": np.ones_like(x)}, **options)
    expected = {"nan": np.nan, "zero": 0.0}[empty]
    np.testing.assert_array_equal(value, expected)
    for found in (grad["logits"], product["logits"]):
        np.testing.assert_array_equal(found, np.full(x.shape, expected))


def test_an_amount_that_is_divided_by_at_least_leaves_a_gradient_of_the_sum():
    x, t = np.array([9.0, 30.0]), np.ones(2)
    options = {"reduction": "mean", "denominator": "modulators", "alpha_side": "off"}
    value, grad = SIGMOID.value_and_grad(x, t, least=1e-6, **options)
    total, slopes = SIGMOID.value_and_grad(x, t, alpha_side="off", reduction="sum")
    assert value == pytest.approx(total / 1e-6, rel=4 * ULP)
    np.testing.assert_allclose(grad["logits"], slopes["logits"] / 1e-6, rtol=4 * ULP)


@pytest.mark.parametrize("empty", ["nan", "zero"])
def test_a_mean_over_no_rows_is_what_empty_says(empty):
    options = {"of": "mean", "reduction": "mean", "denominator": "kept", "empty": empty}
    logits, target = np.ones((2, 3)), np.full(2, -100)
    value, grad = SOFTMAX.value_and_grad(logits, target, **options)
    product = SOFTMAX.hvp(logits, target, {"logits": logits}, **options)
    np.testing.assert_array_equal(value, {"nan": np.nan, "zero": 0.0}[empty])
    assert not grad["logits"].any()  # an ignored row has gradient 0 under either
    assert not product["logits"].any()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_results_are_like_the_inputs_and_inputs_stay(dtype, backend):
    logits, target, _, direction = (a.astype(dtype) for a in elements())
    kept = logits.copy()
    options = {"preset": "smp_normalized", "reduction": "mean", "backend": backend}
    value, grad = SIGMOID.value_and_grad(logits, target, **options)
    product = SIGMOID.hvp(logits, target, {"logits": direction[0]}, **options)
    wide = [a.astype(np.float64) for a in (logits, target, direction[0])]
    expected, slopes = SIGMOID.value_and_grad(*wide[:2], preset="smp_normalized", reduction="mean")
    moves = SIGMOID.hvp(*wide[:2], {"logits": wide[2]}, preset="smp_normalized", reduction="mean")
    number = format_of(dtype)
    unit = number if backend == "numpy" or dtype == "float64" else format_of("float32")
    pairs = [(value, expected), (grad["logits"], slopes["logits"])]
    for found, truth in [*pairs, (product["logits"], moves["logits"])]:
        assert found.dtype == dtype
        assert found.shape == truth.shape
        room = number.ulp(truth) / 2 + 64 * unit.roundoff * np.abs(truth).max()
        assert (np.abs(found.astype(np.float64) - truth) <= room).all()
    np.testing.assert_array_equal(logits, kept)


LEADS = (0.0, 2.0**-30, 1.0, 17.0, 40.0, 300.0, -17.0, -700.0)


def points(columns):
    count = len(columns)
    labels = np.array(["here"] * count, dtype=object)
    numbers = np.arange(count)
    return PointSet("own@0", "float64", columns, np.ones(count), labels, numbers < 0, numbers)


@pytest.mark.parametrize("n", [1, 5, 8])
@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("form", ["mixed", "exp_bce"])
def test_quotients_keep_their_digits(form, gamma, n):
    """Values within 4 + 2 gamma ulp, and gradients within 8 + gamma ulp of what is added up."""
    x = np.array([9.0, *LEADS])[:n]
    t = np.array([1.0, 0.0, 1.0, 0.25, 1.0, 1.0, 0.0, 1.0, 1.0])[:n]
    spec = resolve(
        "sigmoid_focal", None, {"soft_target": form, "gamma": gamma, "denominator": "modulators"}
    )
    known = [standard(part, points(np.stack([x, t], 1)), Elementwise()) for part in parts(spec)]
    truth = enclosed(spec.batch, known, format_of("float64"), 1.0)
    options = {"reduction": "mean", "denominator": "modulators", "wrt": BOTH}
    value, grad = SIGMOID.value_and_grad(x, t, gamma=gamma, soft_target=form, **options)
    assert abs(value - truth.value) <= (4 + 2 * gamma) * ULP * truth.value
    norm = float(known[1].value.hi.sum())
    first, second = (each.gradient.hi for each in known)
    terms = (np.abs(first) + truth.value * np.abs(second)) / norm
    for k, name in enumerate(BOTH):
        # x t and x (1 - t) of a target between are what a derivative by it is made of
        room = (8 + gamma) * ULP * (terms[:, k] + np.abs(x) * (t > 0) * (t < 1))
        assert (np.abs(grad[name] - truth.gradient[:, k]) <= room).all()


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_loss_of_a_mean_keeps_its_digits(gamma, lead):
    """Values within 4 + 2 gamma ulp, gradients within 8 + gamma ulp: near 0, at 1, and far off."""
    logits = np.array([[lead, 0.0, -1.0], [0.0, lead, -2.0], [-1.0, 0.0, lead]])
    target = np.arange(3)
    axes = {"of": "mean", "gamma": gamma, "denominator": "items"}
    spec = resolve("softmax_focal", None, axes)
    columns = np.column_stack([logits, target])
    known = [standard(part, points(columns), RowColumns()) for part in parts(spec)]
    truth = enclosed(spec.batch, known, format_of("float64"), 1.0, below=3.0)
    value, grad = SOFTMAX.value_and_grad(logits, target, reduction="mean", **axes)
    assert abs(value - truth.value) <= (4 + 2 * gamma) * ULP * truth.value
    room = (8 + gamma) * ULP * np.abs(truth.gradient)
    assert (np.abs(grad["logits"] - truth.gradient[:, :3]) <= room[:, :3]).all()


@pytest.mark.parametrize("mean", [1e-300, 1e-9, 0.25, 2.0, 40.0, 1e4])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_curvature_of_the_focal_loss_of_a_mean(gamma, mean):
    """The kernel's second derivative beside that of a series in ball arithmetic."""
    text = library().kernel("focal_of_mean").module
    one = np.ones(1)
    with np.errstate(all="ignore"):
        found = text.hvp(mean * one, one, one, gamma=gamma, gamma_lo=0.0, attached=1.0)
    before = ctx.prec, ctx.cap
    try:
        ctx.prec, ctx.cap = 4096, 3
        m = arb_series([arb(mean), arb(1)])
        power = ((1 - (-m).exp()).log() * arb(gamma)).exp()
        expected = float((power * m)[2] * 2)
        slope = abs(float((power * m)[1] / mean))
    finally:
        ctx.prec, ctx.cap = before
    assert abs(np.reshape(found, -1)[0] - expected) <= 64 * ULP * (abs(expected) + slope)


REFUSED = [
    (SOFTMAX, {"of": "mean"}, "of: expected 'item' with reduction='none', got 'mean'"),
    (SOFTMAX, {"of": "mean", "reduction": "sum"}, "of: expected 'item' with reduction='sum'"),
    (
        SOFTMAX,
        {"of": "mean", "reduction": "mean", "epsilon": 1.0},
        "epsilon: expected 0.0 with of='mean', got 1.0",
    ),
    (SIGMOID, {"least": 1e-6}, "least: program 'sigmoid_focal' has none"),
    (
        SIGMOID,
        {"denominator": "modulators", "soft_target": "separate", "reduction": "mean"},
        "denominator: expected another value than 'modulators'",
    ),
]


@pytest.mark.parametrize(("loss", "options", "words"), REFUSED)
def test_what_does_not_go_together_is_refused(loss, options, words):
    logits, target = (rows() if loss is SOFTMAX else elements())[:2]
    with pytest.raises(ValueError, match="^([a-z_]*: )?" + words):
        loss(logits, target, **options)


def test_a_trace_of_items_is_refused():
    logits, target = elements()[:2]
    with pytest.raises(ValueError, match=r"^denominator: .* for a trace, got 'modulators_items'"):
        SIGMOID.trace(logits, target, preset="smp_normalized", reduction="mean")
    assert "factor" in SIGMOID.trace(logits, target, preset="smp_normalized")


def test_a_preset_can_be_given_another_denominator():
    logits, target = elements()[:2]
    found = SIGMOID(logits, target, preset="smp_normalized", denominator="items", reduction="mean")
    assert found == SIGMOID(logits, target, preset="smp", reduction="mean")


def test_an_infinite_slope_by_a_target_that_stays_reaches_no_other_element():
    x, t = np.array([0.5, -1.0, -1e4]), np.zeros(3)
    options = {"gamma": 0.5, "reduction": "mean", "denominator": "modulators"}
    found = SIGMOID.hvp(x, t, {"logits": np.array([1.0, 0.5, 0.0])}, **options)["logits"]
    without = SIGMOID.hvp(x[:2], t[:2], {"logits": np.array([1.0, 0.5])}, **options)["logits"]
    np.testing.assert_allclose(found[:2], without, rtol=2.0**-46)


def test_a_device_refuses_what_it_cannot_add_up_yet():
    axes = {"denominator": "modulators", "least": 1e-6}
    spec = resolve("sigmoid_focal", None, axes, reduction="mean")
    with pytest.raises(ValueError, match=r"^denominator: .* on a device, got 'modulators'"):
        refuse(spec, "on a device")
    refuse(resolve("sigmoid_focal", None, axes, reduction="sum"), "on a device")
    for reduction in ("none", "mean"):  # items of such a loss are none
        spec = resolve("softmax_focal", None, {"of": "mean"}, reduction=reduction)
        with pytest.raises(ValueError, match=r"^of: .* on a device, got 'mean'"):
            refuse(spec, "on a device")
