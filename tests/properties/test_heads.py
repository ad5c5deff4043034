"""What heads do not see: rotations of the space, the order of classes, lengths that are divided."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import refloss
from refloss.run.kernels import library

HEADS = {n: e for n, e in library().index["losses"].items() if e["family"] == "heads"}
UNIT = [n for n, e in HEADS.items() if e["axes"]["classes"]["default"] == "unit"]
PARTS = st.floats(-4, 4, width=16).map(lambda v: v + 0.0)


@st.composite
def problems(draw):
    """Return embeddings, classes and labels; no vector is so short that it has no direction."""
    rows, classes, parts = draw(st.integers(1, 4)), draw(st.integers(2, 5)), draw(st.integers(2, 4))
    x = draw(extra.arrays(np.float64, (rows, parts), elements=PARTS))
    weight = draw(extra.arrays(np.float64, (classes, parts), elements=PARTS))
    assume(np.linalg.norm(x, axis=1).min() > 0.25)
    assume(np.linalg.norm(weight, axis=1).min() > 0.25)
    labels = draw(extra.arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    return x, weight, labels


def rotation(parts, seed):
    """Return an orthogonal matrix."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(parts, parts)))[0]


def apart(x, weight, labels, border=0.03):
    """Return whether no target's cosine is near a place where a logit steps or turns."""
    unit = x / np.linalg.norm(x, axis=1)[:, None]
    own = weight[labels] / np.linalg.norm(weight[labels], axis=1)[:, None]
    cosine = (unit * own).sum(axis=1)
    turns = [np.cos(k * np.pi / 4) for k in range(5)] + [np.cos(np.pi - 0.5), np.cos(np.pi - 0.3)]
    return all(np.abs(cosine - turn).min() > border for turn in turns)


def near(got, expected, size):
    """Require equality within what rounding of the products does under the scale."""
    assert np.abs(got - expected).max(initial=0.0) <= 2**14 * np.finfo(np.float64).eps * size


@pytest.mark.parametrize("name", HEADS)
@given(problem=problems(), seed=st.integers(0, 99))
def test_a_rotation_of_the_space_turns_gradients_and_changes_no_loss(name, problem, seed):
    x, weight, labels = problem
    assume(apart(*problem))
    loss = getattr(refloss, name)
    turn = rotation(x.shape[1], seed)
    value, gradients = loss.value_and_grad(x, weight, labels, scale=4.0)
    turned, others = loss.value_and_grad(x @ turn, weight @ turn, labels, scale=4.0)
    near(turned, value, 1 + np.abs(value).max())
    for of, gradient in gradients.items():
        near(others[of], gradient @ turn, 1 + np.abs(gradient).max())


@pytest.mark.parametrize("name", HEADS)
@given(problem=problems(), seed=st.integers(0, 99))
def test_the_order_of_classes_does_not_matter(name, problem, seed):
    x, weight, labels = problem
    loss = getattr(refloss, name)
    order = np.random.default_rng(seed).permutation(len(weight))
    value, gradients = loss.value_and_grad(x, weight, labels, scale=4.0)
    places = np.argsort(order)
    moved, others = loss.value_and_grad(x, weight[order], places[labels], scale=4.0)
    near(moved, value, 1 + np.abs(value).max())
    near(others["x"], gradients["x"], 1 + np.abs(gradients["x"]).max())
    near(others["weight"], gradients["weight"][order], 1 + np.abs(gradients["weight"]).max())


@pytest.mark.parametrize("name", UNIT)
@given(problem=problems(), factor=st.sampled_from([0.125, 4.0, 64.0]))
def test_lengths_of_unit_classes_do_not_matter(name, problem, factor):
    """A power of two is exact: loss and gradient are the same, bit for bit."""
    x, weight, labels = problem
    loss = getattr(refloss, name)
    value, gradients = loss.value_and_grad(x, weight, labels, scale=4.0)
    longer, others = loss.value_and_grad(x, weight * factor, labels, scale=4.0)
    np.testing.assert_array_equal(longer, value)
    np.testing.assert_array_equal(others["x"], gradients["x"])
    np.testing.assert_array_equal(others["weight"] * factor, gradients["weight"])


@pytest.mark.parametrize("name", UNIT)
@given(problem=problems())
def test_gradients_of_unit_classes_are_at_right_angles_to_them(name, problem):
    x, weight, labels = problem
    assume(apart(*problem))  # at its own class the slope of an angle has no bound
    gradient = getattr(refloss, name).grad(x, weight, labels, scale=4.0)["weight"]
    along = (gradient * weight).sum(axis=1)
    near(along, 0.0, 4.0 * (1 + np.abs(gradient).max()))
