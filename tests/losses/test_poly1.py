"""The public Poly-1: optax, the polynomial it is named after, what it is where epsilon is 0."""

import math

import jax
import numpy as np
import optax
import pytest
import torch

import refloss
from tests.losses.rows import WEIGHTS, rows

POLY, CE = refloss.poly1, refloss.cross_entropy
NEAR = {"rtol": 2.0**-42, "atol": 2.0**-42}


def targets(kind):
    logits, labels, parts = rows()
    return logits, labels if kind == "index" else parts


@pytest.fixture
def _wide():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("epsilon", [None, 0.5, -1.0])
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_optaxs_preset_is_optax(kind, epsilon):
    logits, target = targets(kind)
    given = np.eye(5)[target] if kind == "index" else target
    options = {} if epsilon is None else {"epsilon": epsilon}

    def formula(z):
        return optax.losses.poly_loss_cross_entropy(z, given, **options).mean()

    value, grad = jax.value_and_grad(formula)(logits)
    options |= {"preset": "optax", "reduction": "mean"}
    found, slopes = POLY.value_and_grad(logits, target, **options)
    np.testing.assert_allclose(found, value, **NEAR)
    np.testing.assert_allclose(slopes["logits"], grad, **NEAR)


@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("eps", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_derivatives_are_those_of_autograd(kind, eps, weight):
    logits, target = targets(kind)
    q = np.eye(5)[target] if kind == "index" else target
    asked = torch.tensor((1 - eps) * q + eps / 5)
    asked = asked * (1.0 if weight is None else torch.tensor(weight))
    z = torch.tensor(logits, requires_grad=True)
    log_p = torch.log_softmax(z, 1)
    value = (asked * (1.5 * -torch.expm1(log_p) - log_p)).sum(1)
    (grad,) = torch.autograd.grad(value.sum(), z, create_graph=True)
    direction = np.random.default_rng(2).normal(size=logits.shape)
    (product,) = torch.autograd.grad(grad, z, torch.tensor(direction))
    options = {"epsilon": 1.5, "label_smoothing": eps, "class_weight": weight}
    found, slopes = POLY.value_and_grad(logits, target, **options)
    moved = POLY.hvp(logits, target, {"logits": direction}, **options)
    np.testing.assert_allclose(found, value.detach(), **NEAR)
    np.testing.assert_allclose(slopes["logits"], grad.detach(), **NEAR)
    np.testing.assert_allclose(moved["logits"], product, **NEAR)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"class_weight": WEIGHTS}])
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_without_epsilon_it_is_cross_entropy_bit_by_bit(kind, options):
    logits, target = targets(kind)
    direction = {"logits": np.random.default_rng(3).normal(size=logits.shape)}
    found = POLY.value_and_grad(logits, target, epsilon=0.0, **options)
    expected = CE.value_and_grad(logits, target, **options)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1]["logits"], expected[1]["logits"])
    products = (
        loss.hvp(logits, target, direction, **options, **more)["logits"]
        for loss, more in ((POLY, {"epsilon": 0.0}), (CE, {}))
    )
    np.testing.assert_allclose(*products, **NEAR)  # a sum of the same terms in another order


@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_a_confident_prediction_keeps_all_digits(kind):
    """The target ahead by d of one class: (1 + epsilon) e^-d, to first order."""
    target = np.array([0]) if kind == "index" else np.array([[1.0, 0.0]])
    for lead in (40.0, 300.0, 700.0):
        value, grad = POLY.value_and_grad(np.array([[lead, 0.0]]), target, epsilon=2.0)
        expected = 3 * math.exp(-lead)
        assert value[0] == pytest.approx(expected, rel=4e-15, abs=0)
        np.testing.assert_allclose(grad["logits"], [[-expected, expected]], rtol=4e-15, atol=0)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_everything_is_finite_from_p_0_to_p_1(backend):
    leads = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 40), -np.geomspace(1e-3, 1e4, 40)])
    logits = np.stack([leads, np.zeros(81), -np.ones(81)], 1)
    hard = np.eye(3)[np.zeros(81, int)]
    for target in (np.zeros(81, int), hard, 0.5 * hard + 1 / 6):
        value, grad = POLY.value_and_grad(logits, target, backend=backend)
        product = POLY.hvp(logits, target, {"logits": logits[::-1].copy()}, backend=backend)
        for part in (value, grad["logits"], product["logits"]):
            assert np.isfinite(part).all()


@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_of_minus_1_the_first_term_of_the_polynomial_is_gone(kind):
    """What is left of two terms 1 - p is half its square, to the digits of the terms."""
    target = np.array([0]) if kind == "index" else np.array([[1.0, 0.0]])
    for lead in (5.0, 10.0, 20.0, 40.0):
        miss = 1 / (1 + math.exp(lead))
        value, grad = POLY.value_and_grad(np.array([[lead, 0.0]]), target, preset="detection")
        rest = sum(miss**k / k for k in range(2, 12))
        assert abs(value[0] - rest) <= 8 * np.spacing(2 * miss)
        slope = miss**2
        assert (np.abs(grad["logits"] - [-slope, slope]) <= 16 * np.spacing(2 * miss)).all()


def test_an_impossible_class_is_as_good_as_gone():
    inf = math.inf
    logits = np.array([[1.0, -inf, 0.5]])
    for target, others in (
        (np.array([0]), np.array([0])),
        (np.array([[0.75, 0.0, 0.25]]), np.array([[0.75, 0.25]])),
    ):
        value, grad = POLY.value_and_grad(logits, target)
        expected, slopes = POLY.value_and_grad(logits[:, [0, 2]], others)
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(grad["logits"][:, [0, 2]], slopes["logits"])
        assert grad["logits"][0, 1] == 0.0
    value, grad = POLY.value_and_grad(np.array([[-inf, 0.0]]), np.array([0]))
    np.testing.assert_array_equal(value, [inf])
    np.testing.assert_array_equal(grad["logits"], [[-1.0, 1.0]])
