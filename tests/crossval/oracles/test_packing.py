"""How columns become arguments: one a column, or lists of logits, a target and class weights."""

import numpy as np
import pytest
from flint import arb

from crossval.oracles.arithmetic_exact import ExactBalls
from crossval.oracles.packing import MOST_JETS, Columns, RowPacking, flat

BALLS = ExactBalls()


def test_a_column_is_an_argument_of_its_own():
    packing, elements = Columns(), [arb(1), arb(2), arb(3)]
    assert packing.elementwise
    assert packing.width(3) == 3
    assert packing.differentiable(10_000)
    assert packing.arguments(5, BALLS, elements) == elements
    assert packing.tangents(elements) == elements


def test_a_row_with_a_class_is_logits_the_class_and_weights():
    packing = RowPacking.of(3, [2, 0], [0.5, 1.0, 4.0])
    elements = [arb(1), arb(2), arb(3)]
    assert not packing.elementwise
    assert packing.width(3) == packing.width(10_000) == 3
    for row, label in ((0, 2), (1, 0)):
        logits, target, weights = packing.arguments(row, BALLS, elements)
        assert logits == elements
        assert target == label
        assert weights == [arb(0.5), arb(1), arb(4)]
    assert packing.tangents(elements) == [elements]


def test_a_row_with_probabilities_has_them_behind_the_logits():
    packing = RowPacking.of(2, None, None)
    elements = [arb(1), arb(2), arb(0.25), arb(0.75)]
    logits, target, weights = packing.arguments(0, BALLS, elements)
    assert (logits, target) == (elements[:2], elements[2:])
    assert weights == [arb(1), arb(1)]
    assert packing.tangents(elements) == [elements[:2], elements[2:]]


def test_weights_are_the_floats_that_they_are():
    weights = RowPacking.of(2, [0], [0.1, 1.0]).arguments(0, BALLS, [arb(0)] * 2)[2]
    assert weights[0] == arb(0.1)
    assert weights[0].is_exact()


def test_jets_are_for_narrow_rows():
    packing = RowPacking.of(MOST_JETS, [0], None)
    assert packing.differentiable(MOST_JETS)
    assert not packing.differentiable(MOST_JETS + 1)


@pytest.mark.parametrize(
    ("results", "expected"),
    [([1, [2, 3], 4], [1, 2, 3, 4]), ([], []), (([1, 2], [3]), [1, 2, 3])],
)
def test_lists_among_results_are_opened(results, expected):
    assert flat(results) == expected


def test_rows_that_the_definition_speaks_of():
    """Logits of -inf, but not all of a row's, and not that of its class."""
    inf, nan = np.inf, np.nan
    columns = np.array(
        [[0.0, 1, 2], [0, -inf, 2], [-inf, 1, 2], [-inf] * 3, [0, inf, 2], [0, nan, 2]]
    )
    packing = RowPacking.of(3, [0] * 6, None)
    assert packing.known(columns).tolist() == [True, True, False, False, False, False]
    soft = RowPacking.of(3, None, None)
    both = np.hstack([columns, np.full((6, 3), 1 / 3)])
    assert soft.known(both).tolist() == [True, True, True, False, False, False]
    both[0, 4] = inf
    assert not soft.known(both)[0]
    assert Columns().known(columns).tolist() == [True, False, False, False, False, False]
