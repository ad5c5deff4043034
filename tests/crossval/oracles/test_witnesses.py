"""Autograd, finite differences and condition numbers beside the truth."""

import numpy as np
import pytest

from crossval.oracles.autograd import FORWARDS, witness
from crossval.oracles.conditioning import condition
from crossval.oracles.differences import exact, exact_hvp, finite
from crossval.oracles.enclosure import truth
from crossval.oracles.texts import load

CONVENTIONS = [
    *[(program, {}) for program in sorted(FORWARDS)],
    ("giou", {"eps_union": 0.1, "eps_hull": 0.2, "eps_height": 0.05}),
    ("iou_log", {"least_iou": 0.1, "least_area": 0.5}),
    ("ciou", {"attach": 1.0}),
    ("ciou", {"unit": 1.0}),
    ("ciou", {"sign": -1.0, "unit": 1.0, "attach": 1.0}),
    ("ciou", {"sign": -1.0}),
    ("ciou", {"threshold": 0.5, "at_threshold": 0.0}),
    ("ciou", {"eps_union": 0.1, "eps_diagonal": 0.1, "eps_ratio": 0.1, "eps_alpha": 0.1}),
    ("ciou", {"ceiling": 0.7}),
    ("diou", {"eps_rho": 0.1, "eps_diagonal": 0.2}),
]
IDS = [f"{program}-{'-'.join(changes)}".rstrip("-") for program, changes in CONVENTIONS]


@pytest.fixture
def overlapping(points, rng):
    """Boxes that overlap, so that every form of the loss is smooth."""
    x = np.concatenate([points["near"](rng, 4), points["boxes"](rng, 4) * 0.2])
    x[4:, 2:4] += 1
    x[4:, 6:] += 1
    return x


@pytest.mark.parametrize(("program", "changes"), CONVENTIONS, ids=IDS)
def test_autograd_agrees_with_the_truth(program, changes, loss, overlapping, rng):
    spec, bar = loss(program, **changes), rng.normal(size=8)
    value, grad = witness(spec, overlapping, bar)
    found = truth(spec, overlapping, bar)
    assert set(found.kind) == {"regular"}
    # Far above the rounding of sums of order one, far below any difference of convention.
    size = 1 + np.abs(found.grad_hi).max(1, keepdims=True)
    assert (np.abs(grad - found.grad_hi) <= 2.0**-40 * size).all()
    assert (np.abs(value - found.value_hi) <= 2.0**-44).all()


@pytest.mark.parametrize(("program", "changes"), CONVENTIONS, ids=IDS)
def test_jets_are_the_exact_differences(program, changes, loss, overlapping, rng):
    spec, bar = loss(program, **changes), rng.normal(size=8)
    direction = rng.normal(size=overlapping.shape)
    found = truth(spec, overlapping, bar, hvp=direction, every_order=False)
    assert np.array_equal(found.grad_hi, exact(spec, overlapping, bar))
    assert np.array_equal(found.hvp_hi, exact_hvp(spec, overlapping, direction, bar))


def test_one_sided_differences_are_vertices_at_a_tie(loss):
    row = [[0.0, 0, 1, 1, 0, 0.5, 2, 3]]  # left edges equal
    vertices = truth(loss("giou"), row).vertices[0]
    for side in (1, -1):
        grad = exact(loss("giou"), row, direction=side)[0]
        # Moving one of the two edges decides the tie one way or the other.
        assert grad[0] in vertices[:, 0]
        assert grad[4] in vertices[:, 4]
    assert exact(loss("giou"), row)[0, 0] not in vertices[:, 0]


def test_float_differences_agree_with_the_truth_and_can_be_one_sided(loss, points, rng):
    spec = loss("giou")
    kernel = load("giou", "numpy").value

    def value(*columns):
        return kernel(*map(np.ravel, columns), **spec.constants).reshape(columns[0].shape)

    smooth, bar = points["boxes"](rng, 4), rng.normal(size=4)
    grad, error = finite(value, smooth, bar, initial_step=1e-4)
    found = truth(spec, smooth, bar).grad_hi
    assert (np.abs(grad - found) <= 1e-6 * (1 + np.abs(found))).all()
    assert (error < 1e-6 * (1 + np.abs(found))).all()
    tied = np.array([[0.0, 0, 1, 1, 0, 0.5, 2, 3]])
    right = finite(value, tied, direction=1, initial_step=1e-3)[0]
    sides = exact(spec, tied, direction=1)
    assert np.allclose(right, sides, rtol=1e-6, atol=1e-8)


def test_condition_bounds_what_perturbed_inputs_do(loss, points, rng):
    spec, x = loss("diou"), points["boxes"](rng, 20)
    bar, size = rng.normal(size=20), 2.0**-30
    value, grad = condition(spec, x, bar)
    before = truth(spec, x, bar)
    after = truth(spec, x * (1 + size * rng.choice([-1, 1], x.shape)), bar)
    second_order = 1 + 2.0**-10
    assert (np.abs(after.value_hi - before.value_hi) <= value * size * second_order).all()
    assert (np.abs(after.grad_hi - before.grad_hi) <= grad * size * second_order).all()
    assert (np.abs(after.grad_hi - before.grad_hi) > grad * size / 100).any()


def test_unknown_program_has_no_forward(loss):
    with pytest.raises(ValueError, match=r"program must be one of .*ciou.*got 'gioux'"):
        witness(type(loss("giou"))("gioux", {}), [[0.0] * 8])
