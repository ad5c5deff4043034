"""The public softmax focal loss: the formulas of libraries, probes, reductions, edge points."""

import math

import kornia
import numpy as np
import pytest
import torch

import refloss
from tests.losses.rows import WEIGHTS, rows, some_ignored

FL, CE = refloss.softmax_focal, refloss.cross_entropy
GAMMAS = (0.0, 0.5, 1.0, 2.0, 3.5)
#: Far above the rounding of sums of order 100 in float64, far below any difference of convention.
NEAR = {"rtol": 2.0**-42, "atol": 2.0**-42}
ULP = 2.0**-52


def with_torch(formula, logits, target, direction):
    """Return value, gradient by logits and double backward of a formula of PyTorch."""
    z = torch.tensor(logits, requires_grad=True)
    value = formula(z, torch.tensor(target))
    (grad,) = torch.autograd.grad(value.sum(), z, create_graph=True)
    (product,) = torch.autograd.grad(grad, z, torch.tensor(direction))
    return value.detach().numpy(), grad.detach().numpy(), product.numpy()


def assert_is(formula, options, target=None):
    """See value, both derivatives and the options that select a formula agree with it."""
    logits, labels, _ = rows()
    target = labels if target is None else target
    direction = np.random.default_rng(1).normal(size=logits.shape)
    expected = with_torch(formula, logits, target, direction)
    value, grad = FL.value_and_grad(logits, target, **options)
    product = FL.hvp(logits, target, {"logits": direction}, **options)
    for found, theirs in zip((value, grad["logits"], product["logits"]), expected, strict=True):
        np.testing.assert_allclose(found, theirs, **NEAR)


def picked(logits, target):
    """Return log p of the target's class."""
    return torch.log_softmax(logits, 1).gather(1, target[:, None])[:, 0]


@pytest.mark.parametrize("gamma", GAMMAS)
def test_mmcvs_and_fast_reids_alpha_is_one_constant(gamma):
    def formula(logits, target):
        log_p = picked(logits, target)
        return -0.25 * (-torch.expm1(log_p)) ** gamma * log_p

    for preset in ("mmcv", "fastreid"):
        assert_is(formula, {"preset": preset, "gamma": gamma})


@pytest.mark.parametrize("gamma", GAMMAS)
def test_monais_background_gets_what_alpha_leaves(gamma):
    def formula(logits, target):
        log_p = torch.log_softmax(logits, 1)
        hot = torch.nn.functional.one_hot(target, logits.shape[1])
        loss = -((1 - log_p.exp()) ** gamma) * log_p * hot
        return (
            loss * torch.tensor([0.7] + [0.3] * (logits.shape[1] - 1), dtype=torch.float64)
        ).sum(1)

    assert_is(formula, {"preset": "monai", "gamma": gamma, "alpha": 0.3})


@pytest.mark.parametrize("gamma", GAMMAS)
def test_clcarwins_modulator_is_detached(gamma):
    def formula(logits, target):
        log_p = picked(logits, target)
        alpha = torch.tensor([0.3, 0.7], dtype=torch.float64)[(target != 0).long()]
        return -((-torch.expm1(log_p.detach())) ** gamma) * log_p * alpha

    assert_is(formula, {"preset": "clcarwin", "gamma": gamma, "alpha": 0.3})


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("alpha", [None, 0.25])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_kornias_preset_is_kornia(reduction, alpha, weight):
    logits, labels, _ = rows()
    labels = some_ignored(labels)
    given = None if weight is None else torch.tensor(weight)
    z = torch.tensor(logits, requires_grad=True)
    value = kornia.losses.focal_loss(
        z, torch.tensor(labels), alpha, 1.5, reduction=reduction, weight=given
    )
    value = value.sum(1) if reduction == "none" else value
    (expected,) = torch.autograd.grad(value.sum(), z)
    options = {"preset": "kornia", "gamma": 1.5, "reduction": reduction, "class_weight": weight}
    options |= {"alpha_side": "all"} if alpha is None else {"alpha": alpha}
    found, grad = FL.value_and_grad(logits, labels, **options)
    np.testing.assert_allclose(found, value.detach().numpy(), **NEAR)
    np.testing.assert_allclose(grad["logits"], expected.numpy(), **NEAR)


# --- probes of the catalogue

ROW, FIRST = np.array([[1.0, 0.0, -1.0]]), np.array([0])


@pytest.mark.parametrize(("weighting", "printed"), [("outside", 0.0913556), ("inside", 0.2533316)])
def test_a_weight_is_outside_the_power_or_inside(weighting, printed):
    weight = np.array([2.0, 1.0, 1.0])
    value = FL(ROW, FIRST, class_weight=weight, weighting=weighting)[0]
    assert f"{value:.7f}" == f"{printed:.7f}"


@pytest.mark.parametrize("gamma", GAMMAS)
def test_ldams_weight_is_inside_the_power(gamma):
    def formula(logits, target):
        cost = -torch.tensor(WEIGHTS)[target] * picked(logits, target)
        return (-torch.expm1(-cost)) ** gamma * cost

    assert_is(formula, {"preset": "ldam", "gamma": gamma, "class_weight": WEIGHTS})


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("side", ["both", "focal"])
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_the_polynomial_term_has_alpha_or_not(kind, side, gamma):
    _, labels, parts = rows()
    asked = torch.tensor(np.eye(5)[labels] if kind == "index" else parts)
    alpha = torch.tensor([0.7] + [0.3] * 4, dtype=torch.float64)

    def formula(logits, _):
        log_p = torch.log_softmax(logits, 1)
        short = -torch.expm1(log_p)
        poly = -0.75 * short ** (gamma + 1) * (alpha if side == "both" else 1.0)
        return (asked * (poly - alpha * short**gamma * log_p)).sum(1)

    options = {"gamma": gamma, "alpha": 0.3, "alpha_side": "others"}
    options |= {"epsilon": -0.75, "poly_alpha": side}
    assert_is(formula, options, labels if kind == "index" else parts)


def test_a_detached_modulator_leaves_one_factor_of_the_polynomial_term():
    def formula(logits, target):
        log_p = picked(logits, target)
        short = -torch.expm1(log_p)
        return short.detach() ** 1.5 * (2.0 * short - log_p)

    assert_is(formula, {"gamma": 1.5, "epsilon": 2.0, "modulator": "detached"})


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_weight_inside_keeps_all_digits_of_confident_and_of_wrong_rows(gamma):
    """Weight w, the target ahead by d of one class: (w q)^(gamma + 1), to first order in e^-d."""
    weight, options = np.array([0.25, 1.0]), {"gamma": gamma, "weighting": "inside"}
    for lead in (40.0, 200.0, 300.0 / (gamma + 1)):
        q = math.exp(-lead) / 4
        row = np.array([[lead, 0.0]])
        value, grad = FL.value_and_grad(row, FIRST, class_weight=weight, **options)
        room = (4 + 4 * gamma + lead * gamma) * ULP
        assert value[0] == pytest.approx(q ** (gamma + 1), rel=2 * room, abs=0)
        expected = (1 + gamma) * q ** (gamma + 1)
        assert grad["logits"][0, 1] == pytest.approx(expected, rel=2 * room, abs=0)
    wrong = np.array([[-1e4, 0.0], [-math.inf, 0.0]])
    value, grad = FL.value_and_grad(wrong, np.zeros(2, int), class_weight=weight, **options)
    np.testing.assert_array_equal(value, [2500.0, math.inf])
    np.testing.assert_array_equal(grad["logits"], [[-0.25, 0.25]] * 2)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_a_weight_of_0_inside_the_power_leaves_nothing(gamma):
    rows_ = np.array([[1.0, 0.0], [-math.inf, 0.0], [400.0, 0.0]])
    weight, options = np.array([0.0, 1.0]), {"gamma": gamma, "weighting": "inside"}
    found = FL.value_and_grad(rows_, np.zeros(3, int), class_weight=weight, **options)
    assert not found[0].any()
    assert not found[1]["logits"].any()


@pytest.mark.parametrize("epsilon", [-1.5, math.inf, math.nan])
def test_an_epsilon_below_minus_1_is_refused(epsilon):
    for loss in ("softmax_focal", "poly1"):
        words = f"{loss}: epsilon: expected a finite number >= -1, got {epsilon}"
        with pytest.raises(ValueError, match=words):
            getattr(refloss, loss)(ROW, FIRST, epsilon=epsilon)


def test_two_classes_are_the_sigmoid_loss():
    """At x = 1, t = 1, gamma = 2: value with alpha off, on positives, and on class 0; gradients."""
    logits, positive = np.array([[0.0, 1.0]]), np.array([1])
    assert f"{FL(logits, positive)[0]:.7f}" == "0.0226581"
    sides = {"others": "0.00566451", "first": "0.0169935"}
    for side, printed in sides.items():
        value = FL(logits, positive, alpha=0.25, alpha_side=side)[0]
        assert f"{value:.6g}" == f"{float(printed):.6g}"
    for modulator, printed in {"attached": "-0.0525811", "detached": "-0.0194524"}.items():
        grad = FL.grad(logits, positive, modulator=modulator)["logits"]
        assert f"{grad[0, 1]:.7f}" == printed
        assert abs(grad[0, 0] + grad[0, 1]) <= 4 * ULP * grad[0, 0]


def test_a_batch_of_means_is_another_loss():
    """ronghuaiyang: (1 - e^-m)^gamma m of the mean m is not the mean of focal losses."""
    logits, target = np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 0])
    mean = CE(logits, target, reduction="mean", denominator="items")
    assert (1 - math.exp(-mean)) ** 2 * mean != pytest.approx(
        FL(logits, target, reduction="mean"), rel=0.1
    )


# --- edge points


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("gamma", [0.0, 1e-3, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0])
def test_everything_is_finite_from_p_0_to_p_1(gamma, dtype, backend):
    leads = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 60), -np.geomspace(1e-3, 1e4, 60)])
    logits = np.stack([leads, np.zeros(121), -np.ones(121)], 1).astype(dtype)
    target, options = np.zeros(121, int), {"gamma": gamma, "backend": backend}
    direction = {"logits": np.tile(np.array([1.0, -2.0, 0.5], dtype), (121, 1))}
    for modulator in ("attached", "detached"):
        value, grad = FL.value_and_grad(logits, target, modulator=modulator, **options)
        product = FL.hvp(logits, target, direction, modulator=modulator, **options)["logits"]
        for part in (value, grad["logits"], product):
            assert np.isfinite(part).all()
        assert (value >= 0).all()
        assert (grad["logits"][:, 0] <= 0).all()
        assert (grad["logits"][:, 1:] >= 0).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_a_confident_prediction_keeps_all_digits(gamma):
    """The target ahead by d of one class: q^(gamma + 1), to first order in q = e^-d."""
    for lead in (40.0, 200.0, 300.0 / (gamma + 1)):
        q = math.exp(-lead)
        value, grad = FL.value_and_grad(np.array([[lead, 0.0]]), FIRST, gamma=gamma)
        room = (4 + 4 * gamma + lead * gamma) * ULP  # e^-d in Python is off by one roundoff itself
        assert value[0] == pytest.approx(q ** (gamma + 1), rel=2 * room, abs=0)
        assert grad["logits"][0, 1] == pytest.approx((1 + gamma) * q ** (gamma + 1), rel=2 * room)


def test_singular_points_are_as_documented():
    inf = math.inf
    value, grad = FL.value_and_grad(
        np.array([[-inf, 0.0]]), FIRST, gamma=0.5, class_weight=np.array([3.0, 1.0])
    )
    np.testing.assert_array_equal(value, [inf])
    np.testing.assert_array_equal(grad["logits"], [[-3.0, 3.0]])
    for gamma in (0.0, 0.5, 2.0):
        row = np.array([[0.0, -inf, -inf]])
        value, grad = FL.value_and_grad(row, FIRST, gamma=gamma)
        product = FL.hvp(row, FIRST, {"logits": np.ones((1, 3))}, gamma=gamma)["logits"]
        assert value[0] == 0.0
        assert not grad["logits"].any()
        assert not product.any()
    for row in ([-inf] * 3, [inf, 0, 1], [math.nan, 0, 1]):
        value, grad = FL.value_and_grad(np.array([row], float), FIRST)
        assert np.isnan(value).all()
        assert np.isnan(grad["logits"]).all()


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("gamma", GAMMAS)
def test_with_probabilities_all_classes_pay(gamma, eps, weight):
    _, _, parts = rows()
    target = torch.tensor((1 - eps) * parts + eps / 5)
    scale = torch.tensor([0.7] + [0.3] * 4, dtype=torch.float64)
    scale = scale if weight is None else scale * torch.tensor(weight)

    def formula(z, _):
        log_p = torch.log_softmax(z, 1)
        return -(scale * target * (-torch.expm1(log_p)) ** gamma * log_p).sum(1)

    options = {"gamma": gamma, "alpha": 0.3, "alpha_side": "others", "class_weight": weight}
    assert_is(formula, {**options, "label_smoothing": eps}, parts)


def test_a_class_is_one_probability():
    logits, labels, _ = rows()
    hard = np.eye(5)[labels]
    for options in ({}, {"preset": "mmcv"}, {"gamma": 0.5, "alpha": 0.25, "alpha_side": "first"}):
        found, grad = FL.value_and_grad(logits, hard, **options)
        expected, slopes = FL.value_and_grad(logits, labels, **options)
        np.testing.assert_allclose(found, expected, rtol=8 * ULP, atol=0)
        np.testing.assert_allclose(grad["logits"], slopes["logits"], rtol=16 * ULP, atol=0)


def test_keras_clips_and_is_the_same_where_nothing_is_clipped():
    """The formula of keras 3.15: probabilities within 1e-7 of 0 and 1."""
    logits, _, parts = rows()
    mild = logits / 8
    p = np.exp(mild) / np.exp(mild).sum(1, keepdims=True)
    p = np.clip(p / p.sum(1, keepdims=True), 1e-7, 1 - 1e-7)
    asked = 0.9 * parts + 0.1 / 5
    expected = (0.25 * (1 - p) ** 2 * -asked * np.log(p)).sum(1)
    found = FL(mild, parts, preset="keras", label_smoothing=0.1)
    np.testing.assert_allclose(found, expected, **NEAR)


def test_smoothing_is_for_probabilities():
    words = "label_smoothing: expected none with targets='index', got 0.1; leave it out or choose"
    with pytest.raises(ValueError, match=f"{words} targets='probabilities'"):
        FL(ROW, FIRST, label_smoothing=0.1)


@pytest.mark.parametrize("denominator", ["weights", "kept", "items", "logits", 7.5])
def test_a_mean_divides_by_what_it_says(denominator):
    logits, labels, _ = rows()
    ignored = some_ignored(labels)
    kept = ignored >= 0
    sizes = {"items": 24, "kept": kept.sum(), "logits": 24 * 5}
    size = sizes.get(denominator, denominator)
    size = WEIGHTS[labels[kept]].sum() if denominator == "weights" else size
    options = {"class_weight": WEIGHTS, "denominator": denominator}
    each = FL(logits, ignored, class_weight=WEIGHTS)
    found = FL(logits, ignored, reduction="mean", **options)
    assert found == pytest.approx(each.sum() / size, rel=1e-14)
    slopes = FL.grad(logits, ignored, class_weight=WEIGHTS)["logits"]
    grad = FL.grad(logits, ignored, reduction="mean", **options)["logits"]
    np.testing.assert_allclose(grad, slopes / size, rtol=1e-14, atol=0)
