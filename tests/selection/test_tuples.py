"""All pairs and all triplets of labels, against loops over every labelling of small batches."""

import doctest
from itertools import combinations, permutations

import numpy as np
import pytest
import torch

from refloss.selection import all_pairs, all_triplets, tuples
from tests.selection import batches
from tests.selection.batches import labellings, listed


def test_every_labelling_gives_the_triplets_of_the_definition():
    for labels in labellings(5, 3):
        assert listed(all_triplets(labels)) == batches.all_triplets(labels)


@pytest.mark.parametrize(
    ("order", "choose"), [("unordered", combinations), ("ordered", permutations)]
)
def test_every_labelling_gives_the_pairs_of_the_definition(order, choose):
    for labels in labellings(5, 3):
        expected = [(i, j, bool(labels[i] == labels[j])) for i, j in choose(range(len(labels)), 2)]
        assert listed(all_pairs(labels, order=order)) == expected


def test_indices_are_of_one_kind_also_where_there_is_none():
    for labels in (np.zeros(0, np.uint8), np.zeros(1, np.int32), np.zeros(3, int), np.arange(3)):
        triplets, pairs = all_triplets(labels), all_pairs(labels)
        assert all(part.dtype == np.int64 and part.shape == (0,) for part in triplets)
        assert pairs.first.dtype == pairs.second.dtype == np.int64
        assert pairs.same.dtype == bool


def test_labels_are_any_integers_and_stay():
    labels = np.array([-7, 2**62, -7], np.int64)
    before = labels.copy()
    assert listed(all_triplets(labels)) == [(0, 2, 1), (2, 0, 1)]
    assert (labels == before).all()
    tensors = all_triplets(torch.from_numpy(labels))
    assert all(isinstance(part, torch.Tensor) and part.dtype == torch.int64 for part in tensors)
    assert all_pairs(torch.from_numpy(labels)).same.tolist() == [False, True, False]


@pytest.mark.parametrize("function", [all_pairs, all_triplets])
@pytest.mark.parametrize(
    ("error", "message", "labels"),
    [
        (TypeError, "labels: expected integers, got float64", np.ones(3)),
        (TypeError, "labels: expected integers, got bool", np.ones(3, bool)),
        (TypeError, "labels: expected an array .*got list", [0, 1]),
        (ValueError, r"labels: expected shape \(N,\), got \(3, 1\)", np.ones((3, 1), int)),
    ],
)
def test_errors_name_the_argument(function, error, message, labels):
    with pytest.raises(error, match=message):
        function(labels)


def test_an_unknown_order_is_named():
    with pytest.raises(
        ValueError, match="order: expected one of 'ordered', 'unordered'; got 'both'"
    ):
        all_pairs(np.arange(2), order="both")


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(tuples)
    assert tried
    assert not failed
