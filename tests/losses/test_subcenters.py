"""Heads whose classes have several centres, beside PyTorch and the head of single centres."""

import itertools
import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.nn.functional import cross_entropy, normalize, one_hot

import refloss

from .test_heads import near
from .test_shards import Meeting, Member

rng = np.random.default_rng(23)
B, C, K, D = 6, 9, 3, 5
X, W = rng.normal(size=(B, D)), rng.normal(size=(C, K, D))
Y = np.array([0, 8, 3, 3, 5, 1])
UP = np.array([1.0, -2.0, 0.5, 0.0, 3.0, 0.25])
WRT = ("x", "weight", "scale")
head = refloss.subcenter_arcface


def autograd(x, weight, margin=0.5, scale=8.0):
    """Return the loss as the authors' code for PyTorch writes it: the largest, then the margin."""
    every = normalize(x) @ normalize(weight, dim=-1).reshape(-1, D).T
    cosine = every.view(-1, C, K).amax(dim=2)
    hot = one_hot(torch.tensor(Y), C).bool()
    logits = torch.where(hot, torch.cos(torch.acos(cosine) + margin), cosine)
    return cross_entropy(scale * logits, torch.tensor(Y), reduction="none")


@pytest.mark.parametrize("memory", [1, 4000, 1 << 30])
def test_value_gradient_and_product_are_those_of_autograd(memory):
    x, weight = (torch.tensor(a, requires_grad=True) for a in (X, W))
    up = torch.tensor(UP)
    direction = {"x": rng.normal(size=X.shape), "weight": rng.normal(size=W.shape)}

    def slopes(x, weight):
        return torch.autograd.grad((autograd(x, weight) * up).sum(), (x, weight), create_graph=True)

    moved = tuple(torch.tensor(d) for d in direction.values())
    grads, products = torch.autograd.functional.jvp(slopes, (x, weight), moved)
    options = {"upstream": UP, "scale": 8.0, "memory": memory}
    value, found = head.value_and_grad(X, W, Y, **options)
    near(value, autograd(x, weight).detach())
    second = head.hvp(X, W, Y, direction, **options)
    for name, first, product in zip(direction, grads, products, strict=True):
        near(found[name], first.detach(), steps=256)
        near(second[name], product.detach(), steps=1024)


def test_rows_of_centres_beside_each_other_are_the_same_classes():
    value, gradients = head.value_and_grad(X, W, Y, upstream=UP)
    flat, others = head.value_and_grad(X, W.reshape(-1, D), Y, upstream=UP, sub_centers=K)
    assert_array_equal(flat, value)
    assert_array_equal(others["x"], gradients["x"])
    assert_array_equal(others["weight"], gradients["weight"].reshape(-1, D))
    direction = {"weight": W + 1}
    product = head.hvp(X, W, Y, direction)["weight"]
    flattened = {"weight": direction["weight"].reshape(-1, D)}
    got = head.hvp(X, W.reshape(-1, D), Y, flattened, sub_centers=K)["weight"]
    assert_array_equal(got, product.reshape(-1, D))
    assert_array_equal(head(X, W, Y, sub_centers=K), head(X, W, Y))


@pytest.mark.parametrize("policy", ["raw", "cos_fallback"])
def test_one_centre_is_the_head_of_single_vectors(policy):
    options = {"upstream": UP, "wrt": WRT, "policy": policy}
    value, gradients = head.value_and_grad(X, W[:, :1], Y, **options)
    expected, others = refloss.arcface.value_and_grad(X, W[:, 0], Y, **options)
    near(value, expected)
    for name, gradient in others.items():
        near(gradients[name].reshape(gradient.shape), gradient)


def test_the_order_of_centres_does_not_matter_and_those_that_are_not_nearest_have_no_gradient():
    value, gradients = head.value_and_grad(X, W, Y, upstream=UP)
    turned, others = head.value_and_grad(X, W[:, ::-1], Y, upstream=UP)
    near(turned, value)
    near(others["weight"][:, ::-1], gradients["weight"])
    unit = W / np.linalg.norm(W, axis=2)[..., None]
    nearest = np.einsum("bd,ckd->bck", X, unit).argmax(axis=2)
    taken = np.zeros((C, K), bool)
    taken[np.arange(C), nearest[UP != 0]] = True
    assert_array_equal((gradients["weight"] != 0).any(axis=2), taken)


def test_centres_that_are_equally_near_share_the_gradient():
    twice = np.repeat(W[:, :1], 2, axis=1)
    value, gradients = head.value_and_grad(X, twice, Y, upstream=UP)
    one, whole = head.value_and_grad(X, W[:, :1], Y, upstream=UP)
    near(value, one)
    near(gradients["weight"], np.repeat(whole["weight"] / 2, 2, axis=1))
    near(gradients["x"], whole["x"])


def test_a_zero_centre_has_cosine_0_and_no_gradient():
    weight = W.copy()
    weight[:, 1] = 0.0
    value, gradients = head.value_and_grad(X, weight, Y)
    assert np.isfinite(value).all()
    assert (gradients["weight"][:, 1] == 0).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_formats_and_traces(dtype):
    x, weight = X.astype(dtype), W.astype(dtype)
    value, gradients = head.value_and_grad(x, weight, Y)
    assert value.dtype == gradients["weight"].dtype == dtype
    assert gradients["weight"].shape == W.shape
    wide = head(x.astype(float), weight.astype(float), Y)
    assert (np.abs(value - wide) <= 64 * np.finfo(dtype).eps * np.abs(wide)).all()
    named = head.trace(x.astype(float), weight.astype(float), Y)
    assert named["angle"].shape == (B, C, K)
    near(named["loss"], wide, steps=256)


@pytest.mark.parametrize("cuts", [(0, 4, 9), (0, 5, 8, 9)])
def test_shards_together_give_what_one_gives(cuts):
    alone, expected = head.value_and_grad(X, W, Y, upstream=UP, wrt=WRT)
    spans = list(itertools.pairwise(cuts))
    meeting, found = Meeting(len(spans)), {}

    def work(rank, start, stop):
        local = np.where((start <= Y) & (stop > Y), Y - start, -1)
        member = Member(meeting, rank)
        found[rank] = head.value_and_grad(
            X, W[start:stop], local, shards=member, upstream=UP, wrt=WRT
        )

    threads = [threading.Thread(target=work, args=(k, *span)) for k, span in enumerate(spans)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    parts = [found[k][1] for k in range(len(spans))]
    near(found[0][0], alone)
    near(np.concatenate([g["weight"] for g in parts]), expected["weight"])
    for of in ("x", "scale"):
        near(np.sum([g[of] for g in parts], axis=0), expected[of])


def test_the_budget_of_memory_counts_every_centre():
    import tracemalloc

    x = rng.normal(size=(64, 16)).astype(np.float32)
    weight = rng.normal(size=(3000, K, 16)).astype(np.float32)
    y, budget = rng.integers(0, 3000, 64), 1 << 20
    tracemalloc.start()
    head.value_and_grad(x, weight, y, memory=budget)
    taken = tracemalloc.get_traced_memory()[1] - weight.nbytes
    tracemalloc.stop()
    assert taken < 2 * budget < 4 * len(x) * K * len(weight)  # all products in float32


@pytest.mark.parametrize(
    ("weight", "more", "error", "words"),
    [
        (W[:, 0], {}, ValueError, r"weight: expected shape \(C, K, D\), or \(C\*K, D\) with sub_c"),
        (W[0, 0], {"sub_centers": 3}, ValueError, r"weight: expected shape \(C, K, D\), or"),
        (W, {"sub_centers": 2}, ValueError, "sub_centers: expected how many .* 2 for 3 a class"),
        (W[:, 0], {"sub_centers": 2}, ValueError, "sub_centers: .* got 2 for 9 rows"),
        (W, {"sub_centers": 3.0}, TypeError, "sub_centers: expected a number of centres, got 3.0"),
        (W, {"sub_centers": 0}, ValueError, "sub_centers: .* got 0 for 3 a class"),
        (W[..., :2], {}, ValueError, "weight: expected 5 numbers a class .* got 2"),
        (W[:, :0], {}, ValueError, "weight: expected a class of one number at least"),
    ],
)
def test_errors_name_the_argument(weight, more, error, words):
    with pytest.raises(error, match=words):
        head(X, weight, Y, **more)


def test_heads_of_single_vectors_have_no_centres():
    with pytest.raises(ValueError, match="sub_centers"):
        refloss.arcface(X, W[:, 0], Y, sub_centers=1)
    with pytest.raises(ValueError, match=r"weight: expected shape \(C, D\), got \(9, 3, 5\)"):
        refloss.arcface(X, W, Y)
