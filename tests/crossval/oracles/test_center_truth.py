"""The truth of the center loss beside jets, autograd over all distances, and all its digits."""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES
from crossval.oracles.autograd import witness
from crossval.oracles.center_columns import OTHERS
from crossval.oracles.digits import exact_decimals
from crossval.oracles.enclosure import overlap
from crossval.points.centers import CLASSES, point_set

FAMILY = FAMILIES["centers"]
ORACLE = FAMILY.oracle
CONVENTIONS = [{}, {"factor": "one", "clip": "own"}, {"factor": "one", "clip": "masked"}]


def resolved(axes):
    """Return a definition that knows how many classes there are."""
    spec = refloss.resolve("center", None, axes)
    spec.constants[OTHERS] = CLASSES - 1.0
    return spec


@pytest.mark.parametrize("axes", CONVENTIONS, ids=str)
def test_truth_kernel_and_autograd_agree(axes):
    """Autograd runs over the distances to all centres and a mask."""
    points = point_set("float64", "smoke")
    spec, columns = resolved(axes), points.columns[points.places != "huge"]
    upstream = np.linspace(-2, 2, len(columns))
    known = ORACLE.truth(refloss.resolve("center", None, axes), columns, upstream)
    value, grad = ORACLE.kernel(spec, columns, upstream)
    numbers, packing = ORACLE.packed(spec, columns)
    other, slopes = witness(spec, numbers, upstream, packing=packing)
    bound, bounds = ORACLE.rounding_bound(spec, columns, upstream, dtype="float64")
    np.testing.assert_allclose(value, known.value_hi, rtol=2.0**-50, atol=0)
    assert (np.abs(other - known.value_hi) <= bound).all()
    regular = known.kind == "regular"
    assert regular.sum() >= len(columns) - 1
    assert (np.abs(slopes - known.grad_hi[:, :-1]) <= bounds[:, :-1])[regular].all()
    assert not grad[:, -1].any()  # a label has no slope


@pytest.mark.parametrize("axes", CONVENTIONS, ids=str)
def test_the_derived_derivatives_overlap_the_jets(axes):
    """By all columns: the vector and every centre."""
    spec, columns = resolved(axes), point_set("float64").columns[::9]
    numbers, packing = ORACLE.packed(spec, columns)
    rng = np.random.default_rng(5)
    bar, direction = rng.normal(size=len(columns)), rng.normal(size=numbers.shape)
    apart, compared = overlap(spec, numbers, bar, hvp=direction, packing=packing)
    assert apart == []
    assert compared > 0.75 * len(columns)


def test_a_square_at_the_end_of_a_clip_is_a_tie_of_two_slopes():
    spec = refloss.resolve("center", None, {"clip": "own", "factor": "one"})
    row = np.zeros((1, 17))
    row[0, 0] = 1e6
    known = FAMILIES["centers"].oracle.truth(spec, row, np.ones(1))
    assert known.kind.tolist() == ["tie"]
    slopes = sorted(known.vertices[0][:, 0].tolist())
    assert slopes == [0.0, 2e6]
    assert {tuple(v[[0, 4]]) for v in known.vertices[0]} == {(0.0, 0.0), (2e6, -2e6)}


def test_all_digits_of_a_row_are_those_of_its_own_centre():
    columns = np.array([[1.0, 2.0, 3.0, 4.0, *[0.0] * 8, 0.5, 0.5, 0.5, 0.5, 2.0]])
    spec = refloss.resolve("center", "pytorch_center_loss")
    numbers, packing = ORACLE.packed(spec, columns)
    found = exact_decimals(spec, numbers[0], 1.0, 40, grad=True, packing=packing)
    assert found.value.startswith("21.00000000000199999999999999")
    assert [float(each) for each in found.gradient[:4]] == [1.0, 3.0, 5.0, 7.0]
    assert [float(each) for each in found.gradient[4:]] == [0.0] * 8 + [-1.0, -3.0, -5.0, -7.0]


def test_results_come_by_the_columns_of_any_number_of_classes():
    rng = np.random.default_rng(1)
    for classes in (1, 2, 9):
        columns = np.hstack([rng.normal(size=(3, 4 * (1 + classes))), np.full((3, 1), classes - 1)])
        known = ORACLE.truth(refloss.resolve("center"), columns, np.ones(3))
        apart = columns[:, :4] - columns[:, -5:-1]
        np.testing.assert_allclose(known.grad_hi[:, :4], apart, rtol=2.0**-50)
        np.testing.assert_array_equal(known.grad_hi[:, -5:-1], -known.grad_hi[:, :4])
        assert not known.grad_hi[:, 4:-5].any()
