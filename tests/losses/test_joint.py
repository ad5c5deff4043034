"""Joint losses: the sums of the papers against torch's autograd in double, and what is refused.

Both sides round every term a few times, and add up N of them. So values and gradients may differ by
some (N + D) u of the sizes that are added: those of the terms, and of the probabilities that a
softmax's gradient is the difference of.
"""

import doctest

import numpy as np
import pytest
import torch

import refloss
from refloss.losses import joint
from refloss.selection import all_triplets

N, D, C = 24, 6, 5
ROOM = 4 * (N + D + 8) * 2.0**-53


def batch(seed=0):
    rng = np.random.default_rng(seed)
    target = rng.integers(0, C, N)
    x, centers = rng.normal(size=(N, D)), rng.normal(size=(C, D))
    return {"x": x, "logits": rng.normal(size=(N, C)), "centers": centers, "target": target}


def leaves(arrays, *names):
    """Return tensors by name, those named with a gradient to come."""
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    for name in names:
        tensors[name].requires_grad_()
    return tensors


def check(total, parts, arrays, names, known):
    """See a sum's value and gradients beside torch's."""
    value, grad = total.value_and_grad(**arrays)
    known.backward()
    size = sum(abs(term.weight * v) for term, v in zip(total.terms.values(), parts, strict=True))
    assert abs(value - known.item()) <= ROOM * size
    assert set(grad) == {name for name, leaf in names.items() if leaf.requires_grad}
    for name, found in grad.items():
        wanted = names[name].grad.numpy()
        assert found.shape == wanted.shape
        size = sum(abs(t.weight) for t in total.terms.values())
        most = ROOM * size * (1 + np.abs(wanted).max())
        assert np.abs(found - wanted).max() <= most
        assert np.abs(wanted).max() > 2.0**20 * most


def softmax(t):
    return torch.nn.functional.cross_entropy(t["logits"], t["target"])


def centered(t):
    return (t["x"] - t["centers"][t["target"]]).square().sum(1).mean() / 2


SOFTMAX = refloss.Term(refloss.cross_entropy)
CENTER = refloss.Term(refloss.center, 0.25)


def test_softmax_and_lambda_times_center():
    arrays = batch()
    total = refloss.Joint(softmax=SOFTMAX, center=CENTER)
    assert total.arrays == ("logits", "target", "x", "centers")
    t = leaves(arrays, "x", "logits", "centers")
    parts = [float(each) for each in total.values(**arrays).values()]
    check(total, parts, arrays, t, softmax(t) + 0.25 * centered(t))
    np.testing.assert_allclose(parts, [softmax(t).item(), centered(t).item()], rtol=1e-14)


def test_a_head_and_center_share_the_embeddings():
    """The gradient by x is the sum of two: of the softmax over x W, and of the distances."""
    arrays = {k: v for k, v in batch(1).items() if k != "logits"}
    arrays["weight"] = np.random.default_rng(2).normal(size=(C, D))
    head = refloss.Term(refloss.normface, 0.5, options={"scale": 4.0, "reduction": "mean"})
    total = refloss.Joint(head=head, center=CENTER)
    t = leaves(arrays, "x", "weight", "centers")
    unit = torch.nn.functional.normalize
    logits = 4.0 * unit(t["x"]) @ unit(t["weight"]).t()
    known = torch.nn.functional.cross_entropy(logits, t["target"])
    parts = [known.item(), centered(t).item()]
    check(total, parts, arrays, t, 0.5 * known + 0.25 * centered(t))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_softmax_and_triplets_of_the_batch(reduction):
    """Rows of one array three times over: every gradient goes back to where it came from."""
    arrays = {k: v for k, v in batch(2).items() if k != "centers"}
    arrays["target"] = np.arange(N) % 3
    a, p, n = (each[::37] for each in all_triplets(arrays["target"]))
    inputs = {
        "anchor": refloss.Rows("x", a),
        "positive": refloss.Rows("x", p),
        "negative": refloss.Rows("x", n),
    }
    options = {"margin": 0.5, "reduction": reduction}
    triplets = refloss.Term(refloss.triplet, 0.125, inputs, options)
    total = refloss.Joint(softmax=SOFTMAX, triplet=triplets)
    t = leaves(arrays, "x", "logits")
    near = (t["x"][a] - t["x"][p]).square().sum(1)
    far = (t["x"][a] - t["x"][n]).square().sum(1)
    each = (near - far + 0.5).clamp(min=0)
    known = each.mean() if reduction == "mean" else each.sum()
    check(total, [softmax(t).item(), known.item()], arrays, t, softmax(t) + 0.125 * known)


def test_softmax_and_contrastive_of_pairs_in_the_batch():
    arrays = {k: v for k, v in batch(3).items() if k != "centers"}
    first, second = np.triu_indices(N, 1)
    first, second = first[::5], second[::5]
    arrays["same"] = (arrays["target"][first] == arrays["target"][second]).astype(np.int64)
    inputs = {"x1": refloss.Rows("x", first), "x2": refloss.Rows("x", second)}
    pairs = refloss.Term(refloss.contrastive, 0.5, inputs, {"margin": 4.0})
    total = refloss.Joint(softmax=SOFTMAX, pairs=pairs)
    t = leaves(arrays, "x", "logits")
    d = (t["x"][first] - t["x"][second]).square().sum(1)
    push = (4.0 - d.sqrt()).clamp(min=0).square()
    known = 0.5 * torch.where(t["same"] == 1, d, push).mean()
    check(total, [softmax(t).item(), known.item()], arrays, t, softmax(t) + 0.5 * known)


def test_products_are_the_derivatives_of_gradients():
    arrays = batch(4)
    total = refloss.Joint(softmax=SOFTMAX, center=CENTER)
    rng = np.random.default_rng(5)
    direction = {name: rng.normal(size=arrays[name].shape) for name in ("x", "logits", "centers")}
    found = total.hvp(direction=direction, **arrays)
    t = leaves(arrays, *direction)
    slopes = torch.autograd.grad(
        softmax(t) + 0.25 * centered(t), [t[n] for n in direction], create_graph=True
    )
    along = sum(
        (s * torch.tensor(d)).sum() for s, d in zip(slopes, direction.values(), strict=True)
    )
    for name, known in zip(
        direction, torch.autograd.grad(along, [t[n] for n in direction]), strict=True
    ):
        size = 1 + np.abs(direction[name]).max()
        np.testing.assert_allclose(found[name], known.numpy(), rtol=0, atol=8 * ROOM * size)
    only = total.hvp(direction={"x": direction["x"]}, wrt="centers", **arrays)
    assert list(only) == ["centers"]


def test_one_term_is_its_loss_and_weights_add_up():
    arrays = batch(6)
    given = {name: arrays[name] for name in ("x", "centers", "target")}
    one = refloss.Joint(center=refloss.Term(refloss.center))
    value, grad = one.value_and_grad(**given)
    expected, slopes = refloss.center.value_and_grad(**given, reduction="mean")
    assert value == expected == one(**given)
    for name in slopes:
        np.testing.assert_array_equal(grad[name], slopes[name])
    half = refloss.Term(refloss.center, 0.5)
    both = refloss.Joint(one=half, other=half)
    assert both(**given) == value
    np.testing.assert_array_equal(both.grad(wrt="x", **given)["x"], slopes["x"])


def test_formats_and_libraries_are_those_of_the_inputs():
    arrays = batch(7)
    narrow = {n: a.astype(np.float32) if a.dtype == np.float64 else a for n, a in arrays.items()}
    total = refloss.Joint(softmax=SOFTMAX, center=CENTER)
    value, grad = total.value_and_grad(**narrow)
    assert value.dtype == grad["x"].dtype == np.float32
    wide = {n: a.astype(float) if a.dtype == np.float32 else a for n, a in narrow.items()}
    np.testing.assert_allclose(value, total(**wide), rtol=2.0**-22)
    tensors = {name: torch.tensor(array) for name, array in arrays.items()}
    value, grad = total.value_and_grad(**tensors)
    assert isinstance(value, torch.Tensor)
    assert all(isinstance(each, torch.Tensor) for each in grad.values())
    kept = {name: array.copy() for name, array in arrays.items()}
    total.value_and_grad(**arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, kept[name])


def test_no_rows_give_no_gradient():
    arrays = batch(8)
    none = np.zeros(0, int)
    inputs = {k: refloss.Rows("x", none) for k in ("anchor", "positive", "negative")}
    term = refloss.Term(refloss.triplet, 1.0, inputs, {"reduction": "sum"})
    value, grad = refloss.Joint(triplet=term).value_and_grad(x=arrays["x"])
    assert value == 0
    np.testing.assert_array_equal(grad["x"], np.zeros((N, D)))


TRIPLET = {
    name: refloss.Rows("x", np.array([0, 99])) for name in ("anchor", "positive", "negative")
}


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: refloss.Joint(), TypeError, "Joint: expected at least one term by name"),
        (lambda: refloss.Joint(a=refloss.center), TypeError, "a: expected a Term of a loss"),
        (lambda: refloss.Joint(a=refloss.Term(len)), TypeError, "a: expected a Term of a loss"),
        (
            lambda: refloss.Joint(a=refloss.Term(refloss.center, "1")),
            TypeError,
            "a: weight: expected a number, got '1'",
        ),
        (
            lambda: refloss.Joint(a=refloss.Term(refloss.center, float("nan"))),
            ValueError,
            "a: weight: expected a finite number",
        ),
        (
            lambda: refloss.Joint(a=refloss.Term(refloss.center, 1.0, {"labels": "y"})),
            ValueError,
            "a: inputs: expected one of 'centers', 'target', 'x'; got 'labels'",
        ),
        (
            lambda: refloss.Joint(a=refloss.Term(refloss.center, options={"reduction": "none"})),
            ValueError,
            "a: reduction: expected one of 'mean', 'sum'; got 'none'",
        ),
        (
            lambda: refloss.Joint(a=refloss.Term(refloss.center, options={"wrt": "x"})),
            TypeError,
            "a: options: wrt is an argument of the sum",
        ),
        (
            lambda: refloss.Joint(a=CENTER)(x=np.zeros((1, 2)), centers=np.zeros((1, 2))),
            TypeError,
            "Joint: expected x, centers, target; got no target",
        ),
        (
            lambda: refloss.Joint(a=CENTER)(**batch()),
            ValueError,
            "Joint: array: expected one of 'centers', 'target', 'x'; got 'logits'",
        ),
        (
            lambda: refloss.Joint(a=refloss.Term(refloss.triplet, 1.0, TRIPLET))(
                x=np.zeros((9, 2))
            ),
            ValueError,
            "x: expected rows from 0 to 8, got 99 at 1",
        ),
        (
            lambda: refloss.Joint(
                a=refloss.Term(refloss.triplet, 1.0, {"anchor": refloss.Rows("x", np.ones(2))})
            )(x=np.zeros((9, 2)), positive=np.zeros((2, 2)), negative=np.zeros((2, 2))),
            TypeError,
            r"rows of x: expected integers of shape \(n,\), got float64",
        ),
    ],
)
def test_errors_name_the_argument(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_the_example_of_the_documentation():
    assert doctest.testmod(joint).failed == 0
