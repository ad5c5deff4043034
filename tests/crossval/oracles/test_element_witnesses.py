"""Independent witnesses of losses of single numbers: autograd, and exact differences."""

import numpy as np
import pytest

from crossval.oracles.autograd import witness
from crossval.oracles.differences import exact, exact_hvp
from crossval.oracles.element_forwards import ELEMENT_FORWARDS
from crossval.oracles.enclosure import truth
from tests.kernels.element_subject import ELEMENT_PROGRAMS, ELEMENTS


def rows_of(subject, count=8):
    points = subject.family.points("float64", "standard")
    return points.columns[points.places == "random"][:count]


def test_every_program_has_a_forward_of_its_own():
    assert set(ELEMENT_FORWARDS) == set(ELEMENT_PROGRAMS)


@pytest.mark.parametrize("subject", ELEMENTS, ids=str)
def test_autograd_agrees_with_the_truth(subject):
    columns = rows_of(subject, 40)
    numbers, packing = subject.family.oracle.packed(subject.spec, columns)
    bar = np.random.default_rng(5).normal(size=len(columns))
    value, grad = witness(subject.spec, numbers, bar, packing=packing)
    found = truth(subject.spec, numbers, bar, packing=packing)
    regular = found.kind == "regular"
    assert regular.mean() > 0.9
    # Far above the rounding of numbers of order one, far below any difference of convention.
    size = 1 + np.abs(found.grad_hi[regular]).max(1, keepdims=True)
    assert (np.abs(grad - found.grad_hi)[regular] <= 2.0**-38 * size).all()
    assert (
        np.abs(value - found.value_hi)[regular] <= 2.0**-40 * (1 + np.abs(value[regular]))
    ).all()


@pytest.mark.parametrize("subject", ELEMENTS, ids=str)
def test_jets_are_the_exact_differences(subject):
    columns = rows_of(subject)
    numbers, packing = subject.family.oracle.packed(subject.spec, columns)
    rng = np.random.default_rng(6)
    bar, moving = rng.normal(size=len(columns)), subject.moving
    direction = rng.normal(size=columns.shape) * moving
    found = truth(subject.spec, numbers, bar, hvp=direction, every_order=False, packing=packing)
    regular = found.kind == "regular"
    assert regular.mean() > 0.7
    slopes = exact(subject.spec, numbers, bar, packing=packing)
    # A quotient is within 1e-35 of a derivative, and that of terms that cancel is no exact 0.
    slopes = np.where((found.grad_hi == 0) & (np.abs(slopes) < 1e-35), 0.0, slopes)
    assert np.array_equal(found.grad_hi[regular][:, moving], slopes[regular][:, moving])
    products = exact_hvp(subject.spec, numbers, direction, bar, packing=packing)
    assert np.array_equal(found.hvp_hi[regular][:, moving], products[regular][:, moving])
