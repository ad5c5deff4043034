"""Gradients of heads that are published beside the true one.

Classes divided in place; and SphereFace's layer for Caffe, written here as its code has it, by the
signs of its polynomials.
"""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

import refloss

from .test_heads import near

rng = np.random.default_rng(31)
B, C, D = 5, 7, 4
X, W = rng.normal(size=(B, D)), rng.normal(size=(C, D))
Y = np.array([0, 6, 3, 3, 5])
UP = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
SCALE = 4.0


def replaced(weight):
    """Return unit vectors that are the parameters themselves, as once they have been replaced."""
    return normalize(weight).detach() + (weight - weight.detach())


def cosface(x, weight):
    cosine = normalize(x) @ replaced(weight).T
    margins = 0.35 * torch.nn.functional.one_hot(torch.tensor(Y), C).double()
    return cross_entropy(SCALE * (cosine - margins), torch.tensor(Y), reduction="none")


def modified(x, weight):
    return cross_entropy(SCALE * x @ replaced(weight).T, torch.tensor(Y), reduction="none")


@pytest.mark.parametrize(
    ("name", "autograd"), [("cosface", cosface), ("modified_softmax", modified)]
)
def test_classes_divided_in_place_have_the_gradient_of_what_replaced_them(name, autograd):
    loss, x, weight = getattr(refloss, name), *(torch.tensor(a, requires_grad=True) for a in (X, W))
    up = torch.tensor(UP)

    def slopes(x, weight):
        return torch.autograd.grad((autograd(x, weight) * up).sum(), (x, weight), create_graph=True)

    direction = {"x": rng.normal(size=X.shape), "weight": rng.normal(size=W.shape)}
    moved = tuple(torch.tensor(d) for d in direction.values())
    grads, products = torch.autograd.functional.jvp(slopes, (x, weight), moved)
    options = {"upstream": UP, "scale": SCALE, "classes": "in_place"}
    value, found = loss.value_and_grad(X, W, Y, **options)
    near(value, autograd(x, weight).detach())
    second = loss.hvp(X, W, Y, direction, **options)
    for of, first, product in zip(direction, grads, products, strict=True):
        near(found[of], first.detach(), steps=256)
        near(second[of], product.detach(), steps=1024)
    along = (found["weight"] * W).sum(axis=1)
    assert (np.abs(along) > 1e-3 * np.abs(found["weight"]).max()).any()


def test_what_replaced_the_classes_has_the_same_gradient_at_every_length():
    first = refloss.normface.grad(X, W, Y, upstream=UP, classes="in_place")
    longer = refloss.normface.grad(X, 4.0 * W, Y, upstream=UP, classes="in_place")
    np.testing.assert_array_equal(longer["weight"], first["weight"])
    true = refloss.normface.grad(X, W, Y, upstream=UP)
    np.testing.assert_array_equal(first["x"], true["x"])
    unit = W / np.linalg.norm(W, axis=1)[:, None]
    across = first["weight"] - unit * (first["weight"] * unit).sum(axis=1)[:, None]
    near(across / np.linalg.norm(W, axis=1)[:, None], true["weight"], steps=256)


def coefficients(times, c):
    """Return logit, coefficient of the class, and that of the embedding times its length."""
    s0 = np.sign(c)
    if times == 1:
        return c, np.ones_like(c), np.zeros_like(c)
    if times == 2:
        return 2 * s0 * c**2 - 1, 4 * s0 * c, -(2 * s0 * c**2 + 1)
    if times == 3:
        s1 = np.sign(np.abs(c) - 0.5)
        s2 = s0 * (1 + s1) - 2
        return s1 * (4 * c**3 - 3 * c) + s2, s1 * (12 * c**2 - 3), -(8 * s1 * c**3 - s2)
    s3 = s0 * np.sign(2 * c**2 - 1)
    s4 = 2 * s0 + s3 - 3
    logit = s3 * (8 * c**4 - 8 * c**2 + 1) + s4
    return logit, s3 * (32 * c**3 - 16 * c), -(s3 * (24 * c**4 - 8 * c**2 - 1) - s4)


def layer(x, weight, times, amount, scale):
    """Return loss and gradients of the layer and a softmax."""
    unit = weight / np.linalg.norm(weight, axis=1)[:, None]
    size, row = np.linalg.norm(x, axis=1), np.arange(len(x))
    products = x @ unit.T
    logit, by_class, by_x = coefficients(times, products[row, Y] / size)
    by_x = by_x / size
    norm = np.sqrt(by_class**2 + by_x**2)
    logits = scale * products
    logits[row, Y] = scale * (amount * products[row, Y] + size * logit) / (1 + amount)
    top = logits.max(axis=1, keepdims=True)
    mass = np.exp(logits - top)
    share = mass / mass.sum(axis=1, keepdims=True)
    loss = top[:, 0] + np.log(mass.sum(axis=1)) - logits[row, Y]
    diff = share.copy()
    diff[row, Y] -= 1
    diff *= scale * UP[:, None]
    others = diff.copy()
    others[row, Y] = 0
    own = (by_class / norm)[:, None] * unit[Y] + (by_x / norm)[:, None] * x
    own = (amount * unit[Y] + own) / (1 + amount)
    return loss, others @ unit + diff[row, Y][:, None] * own, diff.T @ x


@pytest.mark.parametrize("amount", [0.0, 5.0])
@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_the_layer_for_caffe_normalises_its_coefficients(times, amount):
    options = {"margin": str(times), "annealing": amount, "scale": 0.5, "upstream": UP}
    style = {"gradient": "caffe", "classes": "in_place"}
    value, found = refloss.sphereface.value_and_grad(X, W, Y, **options, **style)
    loss, by_x, by_weight = layer(X, W, times, amount, 0.5)
    near(value, loss)
    near(found["x"], by_x, steps=256)
    near(found["weight"], by_weight, steps=256)
    true = refloss.sphereface.grad(X, W, Y, **options)["x"]
    assert (np.abs(true - by_x).max() > 1e-3) == (times > 1)
    aligned = refloss.sphereface.value_and_grad(X, W, Y, **options)[0]
    np.testing.assert_array_equal(value, aligned)


def test_the_preset_is_that_of_the_layer():
    named = refloss.sphereface.grad(X, W, Y, preset="caffe")
    told = refloss.sphereface.grad(
        X, W, Y, annealing=5.0, gradient="caffe", classes="in_place", margin="4"
    )
    for of in named:
        np.testing.assert_array_equal(named[of], told[of])


def test_coefficients_of_a_zero_embedding_are_zero():
    x = np.zeros((1, D))
    value, found = refloss.sphereface.value_and_grad(x, W, Y[:1], preset="caffe")
    assert np.isfinite(value).all()
    assert all(np.isfinite(g).all() for g in found.values())
