"""Updates of centres, against loops over the vectors as the sources write them."""

import doctest

import ml_dtypes
import numpy as np
import pytest
import torch

from refloss.selection import CENTER_UPDATES, centers, update_centers


def batch(n=20, classes=5, parts=3, seed=0):
    """Return vectors, centres and labels; the last class has no vector."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(classes, parts))
    target = rng.integers(0, classes - 1, n)
    return means[target] + rng.normal(size=(n, parts)), means, target


def paper(x, old, target, alpha):
    """Equation 4 of the paper, class by class."""
    new = old.copy()
    for j in range(len(old)):
        mine = x[target == j]
        new[j] -= alpha * (old[j] - mine).sum(axis=0) / (1 + len(mine))
    return new


def tf_snippet(x, old, target, alpha):
    """Scatter every vector's share of the difference from the old centre."""
    new = old.copy()
    for row, j in zip(x, target, strict=True):
        new[j] -= alpha * (old[j] - row) / (1 + np.count_nonzero(target == j))
    return new


def facenet(x, old, target, alpha):
    new = old.copy()
    for row, j in zip(x, target, strict=True):
        new[j] -= (1 - alpha) * (old[j] - row)
    return new


def happynear(x, old, target, alpha):
    """Add the update of a class once for every vector of it."""
    sums, count = np.zeros_like(old), np.zeros(len(old))
    for row, j in zip(x, target, strict=True):
        sums[j] -= row - old[j]
        count[j] += 1
    slopes = np.zeros_like(old)
    for j in target:
        slopes[j] += sums[j] / (count[j] + 1)
    return old - alpha * slopes


def pytorch_center_loss(x, old, target, alpha):
    leaf = torch.tensor(old, requires_grad=True)
    ((torch.tensor(x) - leaf[torch.tensor(target)]) ** 2).sum().div(len(x)).backward()
    return old - alpha * leaf.grad.numpy()


RULES = [paper, tf_snippet, facenet, happynear, pytorch_center_loss]


def test_every_rule_is_tested_and_has_a_source():
    assert {rule.__name__ for rule in RULES} == set(CENTER_UPDATES)
    assert all(rule.source and rule.words for rule in CENTER_UPDATES.values())


@pytest.mark.parametrize("memory", [1, 1 << 20])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_what_its_source_computes(rule, memory):
    for seed, (n, classes) in enumerate([(20, 5), (1, 3), (40, 2), (3, 3)]):
        x, old, target = batch(n, classes, seed=seed)
        for alpha in (0.0, 0.5, 0.95):
            found = update_centers(x, old, target, alpha, rule=rule.__name__, memory=memory)
            size = 1 + np.abs(old).max() + np.abs(x).sum()
            np.testing.assert_allclose(
                found, rule(x, old, target, alpha), rtol=0, atol=2.0**-50 * size
            )


def test_the_probe_of_one_class():
    """Of n vectors in a batch of N: Σ(c-x)/(1+n), (2/N)Σ(c-x), n Σ(c-x)/(1+n)."""
    x, old = np.array([[1.0], [2.0], [4.0], [9.0]]), np.array([[0.5], [0.25]])
    target = np.array([0, 0, 0, 1])
    total = (0.5 * 3 - 7.0,)
    moves = {
        "paper": total[0] / 4,
        "tf_snippet": total[0] / 4,
        "pytorch_center_loss": 2 * total[0] / 4,
        "happynear": 3 * total[0] / 4,
    }
    for rule, move in moves.items():
        assert (old - update_centers(x, old, target, 1.0, rule=rule))[0, 0] == move
    assert (old - update_centers(x, old, target, 0.0, rule="facenet"))[0, 0] == total[0]


def test_the_snippet_is_the_paper_to_the_bit_and_absent_classes_stay():
    x, old, target = batch()
    one, other = (update_centers(x, old, target, 0.5, rule=r) for r in ("paper", "tf_snippet"))
    np.testing.assert_array_equal(one, other)
    for rule in CENTER_UPDATES:
        found = update_centers(x, old, target, 0.5, rule=rule)
        np.testing.assert_array_equal(found[4], old[4])
        assert (found[:4] != old[:4]).all()


def test_inputs_are_not_written_to_and_the_result_is_new():
    x, old, target = batch()
    kept = [each.copy() for each in (x, old, target)]
    found = update_centers(x, old, target, 0.5)
    for array, before in zip((x, old, target), kept, strict=True):
        np.testing.assert_array_equal(array, before)
    assert not np.shares_memory(found, old)
    tensors = torch.tensor(x), torch.tensor(old), torch.tensor(target)
    again = update_centers(*tensors, 0.5)
    assert isinstance(again, torch.Tensor)
    np.testing.assert_array_equal(again.numpy(), found)
    none = update_centers(x[:0], old, target[:0], 0.5)
    np.testing.assert_array_equal(none, old)
    assert not np.shares_memory(none, old)


def test_ignored_vectors_are_not_there():
    x, old, target = batch()
    ignored = np.arange(len(x)) % 4 == 0
    marked = np.where(ignored, -100, target)
    for rule in CENTER_UPDATES:
        found = update_centers(x, old, marked, 0.5, rule=rule)
        expected = update_centers(x[~ignored], old, target[~ignored], 0.5, rule=rule)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_narrow_formats_are_widened_and_rounded_once(dtype):
    x, old, target = batch()
    x, old = x.astype(dtype), old.astype(dtype)
    found = update_centers(x, old, target, 0.5)
    expected = update_centers(x.astype(float), old.astype(float), target, 0.5)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected.astype(dtype))


def test_duplicates_and_vectors_at_their_centre():
    old = np.array([[1.0, -2.0], [3.0, 0.5]])
    at = old[[0, 0, 1]]
    for rule in CENTER_UPDATES:
        np.testing.assert_array_equal(
            update_centers(at, old, np.array([0, 0, 1]), 0.5, rule=rule), old
        )
    twice = update_centers(np.full((2, 2), 4.0), old, np.array([0, 0]), 1.0)
    np.testing.assert_allclose(twice[0], old[0] + 2 / 3 * (4 - old[0]), rtol=1e-15)


GOOD = {"x": np.zeros((2, 3)), "centers": np.ones((4, 3)), "target": np.array([0, 3]), "alpha": 0.5}


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"x": np.zeros(3)}, ValueError, r"x: expected shape \(N, D\)"),
        ({"x": [[0.0] * 3] * 2}, TypeError, "x: expected an array .*got list"),
        ({"x": np.zeros((2, 3), int)}, TypeError, "x: expected one of float16"),
        ({"x": np.full((2, 3), np.nan)}, ValueError, "x: expected finite numbers, got nan in row"),
        ({"centers": np.full((4, 3), np.inf)}, ValueError, "centers: expected finite numbers"),
        ({"centers": np.ones((4, 2))}, ValueError, "centers: expected 3 numbers a class"),
        ({"centers": np.ones((4, 3), "f4")}, TypeError, "centers: expected float64 as x"),
        ({"target": np.array([0, 4])}, ValueError, "target: expected classes from 0 to 3"),
        ({"target": np.array([0, -1])}, ValueError, "target: expected classes from 0 to 3"),
        ({"target": np.array([0.0, 1])}, TypeError, "target: expected integers"),
        ({"target": np.array([0])}, ValueError, "target: expected 2 as rows of x, got 1"),
        ({"alpha": 1.5}, ValueError, "alpha: expected a finite number >= 0 and <= 1, got 1.5"),
        ({"alpha": -0.5}, ValueError, "alpha: expected a finite number >= 0"),
        ({"alpha": "half"}, TypeError, "alpha: expected a number"),
        ({"rule": "papr"}, ValueError, "rule: expected one of .*did you mean 'paper'"),
        ({"memory": 0}, ValueError, "memory: expected a number of bytes > 0"),
    ],
)
def test_errors_name_the_argument(changed, error, words):
    with pytest.raises(error, match=words):
        update_centers(**{**GOOD, **changed})


def test_a_learning_rate_may_be_any():
    found = update_centers(*list(GOOD.values())[:3], 8.0, rule="pytorch_center_loss")
    np.testing.assert_array_equal(found[:, 0], [-7.0, 1.0, 1.0, -7.0])


def test_the_examples_of_the_documentation():
    assert doctest.testmod(centers).failed == 0
