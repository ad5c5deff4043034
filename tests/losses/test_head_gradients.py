"""Gradients of heads that are published beside the true one: classes divided in place."""

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
