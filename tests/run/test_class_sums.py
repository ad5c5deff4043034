"""Sums by class: against exact sums, in every order of blocks, and where nothing can be exact."""

import math

import numpy as np
import pytest

from refloss.run.class_sums import ClassSums


def summed(labels, rows, classes, block):
    """Return the sums, rows coming in blocks."""
    sums = ClassSums.of(classes, rows.shape[1])
    for start in range(0, len(rows), block):
        sums.add(labels[start : start + block], rows[start : start + block])
    return sums.result()


def exact(labels, rows, classes):
    return np.array([[math.fsum(c) for c in rows[labels == k].T] for k in range(classes)])


def check(found, labels, rows):
    """See sums within an ulp, and 2^-80 of what they are of."""
    classes = len(found)
    known, size = exact(labels, rows, classes), exact(labels, np.abs(rows), classes)
    gap = np.abs(found - known)
    assert (gap <= np.spacing(np.abs(known)) + 2.0**-80 * size).all()
    return known


def cases(count, classes, parts, seed):
    """Return labels and rows of all sizes; every second row nearly takes the one before back."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, parts)) * 10.0 ** rng.integers(-12, 13, (count, 1))
    labels = rng.integers(0, classes, count)
    rows[1::2] = -rows[:-1:2][: len(rows[1::2])] * (1 + 2.0**-50)
    labels[1::2] = labels[:-1:2][: len(labels[1::2])]
    return labels, rows


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize(("count", "classes"), [(1, 1), (2, 3), (501, 4), (4000, 1)])
def test_sums_are_those_of_fsum_to_an_ulp(count, classes, block):
    """Where a plain sum has no digit left."""
    labels, rows = cases(count, classes, 3, count)
    known = check(summed(labels, rows, classes, block), labels, rows)
    if count > 500:
        plain = np.zeros((classes, 3))
        np.add.at(plain, labels, rows)
        with np.errstate(divide="ignore"):
            assert (np.abs(plain - known) / np.abs(known)).max() > 2.0**-20


def test_classes_without_rows_are_0_and_no_rows_add_nothing():
    found = ClassSums.of(3, 2)
    found.add(np.zeros(0, int), np.zeros((0, 2)))
    found.add(np.array([1, 1]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(found.result(), [[0, 0], [4, 6], [0, 0]])


def test_what_is_not_finite_is_that_of_a_plain_sum():
    labels = np.array([0, 0, 1, 1, 2, 2, 3])
    rows = np.array([[np.inf], [1.0], [np.inf], [-np.inf], [np.nan], [1.0], [1e308]])
    found = summed(labels, rows, 4, 7)
    np.testing.assert_array_equal(found, [[np.inf], [np.nan], [np.nan], [1e308]])
    assert summed(np.zeros(2, int), np.array([[1e308], [1e308]]), 1, 2) == np.inf


def test_rows_are_not_written_to_and_have_next_to_no_order():
    labels, rows = cases(300, 2, 4, 5)
    kept = rows.copy()
    first = summed(labels, rows, 2, 64)
    np.testing.assert_array_equal(rows, kept)
    turn = np.random.default_rng(1).permutation(300)
    check(summed(labels[turn], rows[turn], 2, 64), labels, rows)
    np.testing.assert_array_equal(summed(labels, rows, 2, 64), first)
