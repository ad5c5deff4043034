"""Laws of the box losses, over drawn specifications: relation, grid, scale, offset, steps, ties.

Every tolerance is derived: two results that stand for one number may each be off by the bar of a
kernel, 4 ulp for a value and 8 u Σ|terms| for a component of a gradient. Laws that hold operation
by operation (exact translations, powers of two, order of rows) are asked for bit by bit.
"""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossval.oracles import differences
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import truth
from crossval.oracles.rounding import rounding_bound
from crossval.points.strategies import BoxCase, box_cases
from tests.kernels.subject import SUBJECTS, Subject, U, refuse, simple

IOU, GIOU, DIOU, CIOU = (Subject(loss) for loss in ("iou", "giou", "diou", "ciou"))
ATTACHED = Subject("ciou", {"alpha": "attached"})
LOG = Subject("iou", {"form": "log"})
FIELDS = [
    *SUBJECTS,
    Subject("ciou", {"aspect": "printed"}),
    Subject("ciou", {"aspect": "printed_unit"}),
]
#: Fields that scale as gradients do; with w^2 + h^2 replaced by 1 they do not.
HOMOGENEOUS = [s for s in FIELDS if "unit" not in str(s)]
#: Fields that are gradients of a function, alpha held constant or not.
GRADIENTS = [subject for subject in SUBJECTS if "aspect" not in subject.axes]
X, Y = [0, 2, 4, 6], [1, 3, 5, 7]
SWAP = [4, 5, 6, 7, 0, 1, 2, 3]
TRANSPOSE = [1, 0, 3, 2, 5, 4, 7, 6]
MIRROR = [2, 1, 0, 3, 6, 5, 4, 7]
MIRRORED = np.array([-1.0, 1, -1, 1, -1, 1, -1, 1])

#: Never few rows: they are cheap, `refuse` names the one that fails, and each may reach an arm.
cases = box_cases(min_rows=8, max_rows=12)
#: Few bits: translations and small multiples of these are exact in float64.
coarse = box_cases(dtype="float16", min_rows=8, max_rows=12)


def rows_of(case: BoxCase, subject: Subject) -> np.ndarray:
    """Return the pairs at which a subject is finite: -ln 0 is infinite, by definition."""
    columns = case.columns
    return columns[overlapping(columns)] if subject == LOG else columns


def overlapping(columns):
    low, high = (
        np.maximum(columns[:, :2], columns[:, 4:6]),
        np.minimum(columns[:, 2:4], columns[:, 6:]),
    )
    return (low < high).all(1)


def upstream_of(columns, seed=0):
    return np.random.default_rng(seed).choice([-1.5, -0.75, 0.25, 1.25], len(columns))


def solid(columns):
    """Return which pairs are two boxes with an inside."""
    return (columns[:, [0, 1, 4, 5]] < columns[:, [2, 3, 6, 7]]).all(1)


def magnitude(parts):
    return np.abs(parts).sum(1)


def exact_sum(parts):
    """Return row sums, rounded once."""
    return np.array([math.fsum(row) for row in parts])


# --- witnesses


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_the_truth(subject, case):
    columns = rows_of(case, subject)
    upstream = upstream_of(columns)
    known = truth(subject.spec, columns, upstream)
    value, grad = subject.value_and_grad(columns, upstream)
    off = ~(
        np.abs((value - known.value_hi) - known.value_lo)
        <= subject.value_bar(known.value_hi, columns)
    )
    refuse(off, columns, case.describe(), value, known.value_hi)
    off = ~(np.abs((grad - known.grad_hi) - known.grad_lo) <= subject.grad_bar(columns, upstream))
    refuse(off & (known.kind == "regular")[:, None], columns, case.describe(), grad, known.grad_hi)


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_autograd(subject, case):
    """Torch's own rounding is bounded by that of the textbook formula, line by line and back."""
    columns = rows_of(case, subject)
    columns = columns[solid(columns) & simple(columns)]
    upstream = upstream_of(columns)
    expected, slopes = witness(subject.spec, columns, upstream)
    value, grad = subject.value_and_grad(columns, upstream)
    value_bound, grad_bound = rounding_bound(subject.spec, columns, upstream, dtype="float64")
    off = ~(np.abs(value - expected) <= value_bound + subject.value_bar(value, columns))
    refuse(off, columns, case.describe(), value, expected)
    off = ~(np.abs(grad - slopes) <= grad_bound + subject.grad_bar(columns, upstream))
    refuse(off, columns, case.describe(), grad, slopes)


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=box_cases(min_rows=4, max_rows=6))
def test_exact_differences(subject, case):
    """Of the definition, at 154 digits: only the kernel's own error is left."""
    columns = rows_of(case, subject)
    columns = columns[solid(columns) & simple(columns)]
    upstream = upstream_of(columns)
    quotients = differences.exact(subject.spec, columns, upstream)
    grad = subject.grad(columns, upstream)
    bar = subject.grad_bar(columns, upstream) + np.spacing(np.abs(quotients))
    refuse(~(np.abs(grad - quotients) <= bar), columns, case.describe(), grad, quotients)


STEP = 2.0**-12
DIFFERENCED = ("random", "contained", "elongated")


@pytest.mark.parametrize("subject", [IOU, GIOU, DIOU, ATTACHED], ids=str)
@given(case=box_cases(dtype="float16", min_rows=8, max_rows=8, relations=DIFFERENCED))
def test_differences_of_the_values_themselves(subject, case):
    """Central differences of public values: what is rounding and what is curvature is computed.

    With Hessian-vector products at both ends, the difference quotient minus the slope is at most
    half a step times their difference, where the curvature is monotone between them.
    """
    columns = case.columns
    size = (columns[:, [2, 3, 6, 7]] - columns[:, [0, 1, 4, 5]]).min(1)
    columns = columns[(size > 0) & clear(columns, STEP * size)]
    size = (columns[:, [2, 3, 6, 7]] - columns[:, [0, 1, 4, 5]]).min(1)
    step = STEP * 2.0 ** np.floor(np.log2(np.where(size > 0, size, 1.0)))
    grad = subject.grad(columns)
    for k in range(8):
        unit = np.zeros_like(columns)
        unit[:, k] = step
        ends = [columns - unit, columns + unit]
        low, high = (subject.value(end) for end in ends)
        quotient = (high - low) / (2 * step)
        before, middle, after = (subject.hvp(c, unit)[:, k] for c in (ends[0], columns, ends[1]))
        curved = np.abs(before - middle) + np.abs(after - middle)
        rounding = (subject.value_bar(low, columns) + subject.value_bar(high, columns)) / (2 * step)
        rounding += sum(subject.hvp_bar(c, unit)[:, k] for c in (*ends, columns))
        bar = curved + 2 * rounding + subject.grad_bar(columns)[:, k]
        off = ~(np.abs(quotient - grad[:, k]) <= bar)
        refuse(off, columns, f"{case.describe()}, column {k}", quotient, grad[:, k])


def clear(columns, margin):
    """Return which pairs have every two edges of an axis further apart than two margins."""
    pairs = [pair for axis in (X, Y) for pair in combinations(axis, 2)]
    gaps = [np.abs(columns[:, i] - columns[:, j]) for i, j in pairs]
    return np.min(gaps, axis=0) > 2 * margin


# --- invariances


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=coarse, shift=st.tuples(st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20)))
def test_translations_change_no_bit(subject, case, shift):
    columns, offset = case.columns, np.tile(shift, 4) * 2.0 ** (case.recipe.scale - 8)
    moved = columns + offset
    exact = (two_sum_error(columns, offset) == 0).all(1)
    columns, moved = columns[exact], moved[exact]
    for before, after in zip(results(subject, columns), results(subject, moved), strict=True):
        refuse(before != after, columns, case.describe(), before, after)


def two_sum_error(a, b):
    """Return the rounding error of a + b (Knuth)."""
    s = a + b
    t = s - a
    return (a - (s - t)) + (b - t)


@pytest.mark.parametrize("subject", HOMOGENEOUS, ids=str)
@given(case=cases, power=st.integers(-60, 60))
def test_powers_of_two_change_exponents_alone(subject, case, power):
    columns = case.columns
    direction = np.roll(columns, 3, axis=1)
    value, grad = results(subject, columns)
    scaled_value, scaled_grad = results(subject, np.ldexp(columns, power))
    refuse(scaled_value != value, columns, case.describe(), value, scaled_value)
    refuse(scaled_grad != np.ldexp(grad, -power), columns, case.describe(), grad, scaled_grad)
    product = subject.hvp(columns, direction)
    scaled = subject.hvp(np.ldexp(columns, power), direction)
    refuse(scaled != np.ldexp(product, -2 * power), columns, case.describe(), product, scaled)


@pytest.mark.parametrize("subject", HOMOGENEOUS, ids=str)
@given(case=coarse, factor=st.sampled_from([3, 5, 7, 11, 1000]))
def test_other_scales_change_roundings_alone(subject, case, factor):
    columns = rows_of(case, subject)
    same_within_bars(subject, columns, columns * factor, lambda g: g * factor, case)


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_prediction_and_target_are_interchangeable(subject, case):
    columns = rows_of(case, subject)
    same_within_bars(subject, columns, columns[:, SWAP], lambda g: g[:, SWAP], case)


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_the_axes_are_interchangeable(subject, case):
    columns = rows_of(case, subject)
    same_within_bars(subject, columns, columns[:, TRANSPOSE], lambda g: g[:, TRANSPOSE], case)


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_mirror_images_are_as_far_apart(subject, case):
    columns = rows_of(case, subject)
    image = columns[:, MIRROR] * MIRRORED
    same_within_bars(subject, columns, image, lambda g: g[:, MIRROR] * MIRRORED, case)


def results(subject, columns):
    return subject.value_and_grad(columns, upstream_of(columns))


def same_within_bars(subject, columns, image, back, case):
    """Require that the boxes and their image have one value, and gradients that `back` relates."""
    upstream = upstream_of(columns)
    value, grad = subject.value_and_grad(columns, upstream)
    image_value, image_grad = subject.value_and_grad(image, upstream)
    bar = 2 * subject.value_bar(np.maximum(value, image_value), columns)
    off = ~(np.abs(value - image_value) <= bar)
    refuse(off, columns, case.describe(), value, image_value)
    image_bar = np.abs(back(subject.grad_bar(image, upstream)))
    bar = subject.grad_bar(columns, upstream) + image_bar
    bar += U * np.abs(grad)  # `back` may round
    refuse(
        ~(np.abs(grad - back(image_grad)) <= bar), columns, case.describe(), grad, back(image_grad)
    )


@pytest.mark.parametrize("axis", [X, Y], ids=["x", "y"])
@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_derivatives_along_an_axis_cancel(subject, axis, case):
    """Because the value does not change under translation; at ties and singular points too."""
    columns = rows_of(case, subject)
    parts = results(subject, columns)[1][:, axis]
    bar = subject.grad_bar(columns, upstream_of(columns))[:, axis].sum(1) + U * magnitude(parts)
    off = ~(np.abs(exact_sum(parts)) <= bar)
    refuse(off, columns, case.describe(), exact_sum(parts), bar)


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_euler(subject, case):
    """Σ x ∂ = 0, because the value does not change under a joint scale."""
    columns = rows_of(case, subject)
    grad, bar = results(subject, columns)[1], subject.grad_bar(columns, upstream_of(columns))
    parts = columns * grad
    bar = magnitude(columns * bar) + U * magnitude(parts)
    off = ~(np.abs(exact_sum(parts)) <= bar)
    refuse(off, columns, case.describe(), exact_sum(parts), bar)


# --- order and bounds


@pytest.mark.parametrize(("less", "more"), [(IOU, GIOU), (IOU, DIOU), (DIOU, CIOU)], ids=str)
@given(case=cases)
def test_each_refinement_costs_more(less, more, case):
    """GIoU <= IoU, DIoU <= IoU, CIoU <= DIoU."""
    columns = case.columns
    low, high = less.value(columns), more.value(columns)
    bar = less.value_bar(low, columns) + more.value_bar(high, columns)
    refuse(low > high + bar, columns, case.describe(), low, high)


@pytest.mark.parametrize(
    ("subject", "most"), [(IOU, 1.0), (GIOU, 2.0), (DIOU, 2.0), (CIOU, 2.5)], ids=str
)
@given(case=cases)
def test_bounds(subject, most, case):
    """0 <= 1 - IoU <= 1, -1 < GIoU <= 1, -1 < DIoU <= 1, -1.5 < CIoU <= 1."""
    columns = case.columns
    value = subject.value(columns)
    bar = subject.value_bar(np.full(len(columns), most), columns)
    refuse((value < 0) | (value > most + bar), columns, case.describe(), value)


@given(case=box_cases(min_rows=8, max_rows=12, relations=("contained",)))
def test_giou_is_iou_where_the_hull_is_the_union(case):
    columns = case.columns
    iou, giou = IOU.value(columns), GIOU.value(columns)
    bar = IOU.value_bar(iou, columns) + GIOU.value_bar(giou, columns)
    refuse(np.abs(iou - giou) > bar, columns, case.describe(), iou, giou)


@given(case=box_cases(min_rows=8, max_rows=12, relations=("identical",)))
def test_a_box_is_at_no_distance_from_itself(case):
    columns = case.columns
    columns[:, 4:] = columns[:, :4]
    columns = columns[solid(columns)]
    for subject in SUBJECTS:
        value, grad = subject.value_and_grad(columns)
        refuse(value != 0, columns, f"{subject}, {case.describe()}", value)
        refuse(~(np.abs(grad) <= subject.grad_bar(columns)), columns, case.describe(), grad)


@given(case=coarse, power=st.integers(4, 40), axis=st.sampled_from(["x", "y", "both"]))
def test_giou_and_diou_approach_minus_one_far_away(case, power, axis):
    """1 - GIoU = 2 - U/C when boxes are apart: between 2 - (A + B)/C and 2, and so in the limit."""
    columns = case.columns[solid(case.columns)]
    p, t = columns[:, :4], columns[:, 4:]
    size = np.ldexp(1.0, power) * np.maximum(np.abs(p), np.abs(t)).max(1)
    far = columns.copy()
    far[:, {"x": [4, 6], "y": [5, 7], "both": [4, 5, 6, 7]}[axis]] += size[:, None]
    sides = np.maximum(far[:, :4], far[:, 4:])[:, 2:] - np.minimum(far[:, :4], far[:, 4:])[:, :2]
    areas = sum((far[:, k + 2 : k + 4] - far[:, k : k + 2]).prod(1) for k in (0, 4))
    far_enough = ~overlapping(far)
    giou = GIOU.value(far)
    bar = GIOU.value_bar(np.full(len(far), 2.0), far)
    off = (giou > 2 + bar) | (giou < 2 - areas / sides.prod(1) * (1 + 8 * U) - bar)
    refuse(off & far_enough, far, case.describe(), giou)
    # rho/c: the centres move by `size`, the hull by as much and at most both boxes more
    diou, reach = DIOU.value(far), np.ldexp(1.0, 3 - power)
    refuse(((diou > 2 + bar) | (diou < 2 - 4 * reach)) & far_enough, far, case.describe(), diou)


# --- second derivatives, upstream gradients, rows


@pytest.mark.parametrize("subject", GRADIENTS, ids=str)
@given(case=cases, seed=st.integers(0, 99))
def test_hessians_are_symmetric(subject, case, seed):
    columns = rows_of(case, subject)
    columns = columns[solid(columns) & simple(columns)]
    u, v = np.random.default_rng(seed).choice([-1.0, -0.5, 0.25, 2.0], (2, *columns.shape))
    one, other = u * subject.hvp(columns, v), v * subject.hvp(columns, u)
    bar = magnitude(u * subject.hvp_bar(columns, v)) + magnitude(v * subject.hvp_bar(columns, u))
    bar += U * (magnitude(one) + magnitude(other))
    off = ~(np.abs(exact_sum(one) - exact_sum(other)) <= bar)
    refuse(off, columns, case.describe(), exact_sum(one), exact_sum(other))


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=cases)
def test_derivatives_are_linear_in_the_upstream_gradient(subject, case):
    columns = case.columns
    upstream = upstream_of(columns)
    direction = np.roll(columns, 3, axis=1)
    for derivative in (subject.grad, lambda c, w: subject.hvp(c, direction, w)):
        once = derivative(columns, upstream)
        for factor in (2.0, -1.0, 0.125):
            assert np.array_equal(derivative(columns, factor * upstream), factor * once)
        assert (derivative(columns, np.zeros(len(columns))) == 0).all()


@pytest.mark.parametrize("subject", FIELDS, ids=str)
@given(case=box_cases(min_rows=8, max_rows=16), seed=st.integers(0, 99))
def test_rows_are_independent(subject, case, seed):
    """Permuted, alone, or beside a NaN: every row keeps its bits."""
    columns, rng = case.columns, np.random.default_rng(seed)
    upstream = upstream_of(columns)
    both = np.column_stack(subject.value_and_grad(columns, upstream))
    order = rng.permutation(len(columns))
    permuted = np.column_stack(subject.value_and_grad(columns[order], upstream[order]))
    assert np.array_equal(permuted, both[order]), case.describe()
    lost = int(rng.integers(len(columns)))
    alone = slice(lost, lost + 1)
    single = np.column_stack(subject.value_and_grad(columns[alone], upstream[alone]))
    assert np.array_equal(single, both[alone]), case.describe()
    holed = columns.copy()
    holed[lost, rng.integers(8)] = np.nan
    found = np.column_stack(subject.value_and_grad(holed, upstream))
    others = np.arange(len(columns)) != lost
    assert np.array_equal(found[others], both[others]), case.describe()
    assert np.isnan(found[lost, 0]), case.describe()
