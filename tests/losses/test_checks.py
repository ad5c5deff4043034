"""Bad arguments: an error that names the argument, what was expected and what came."""

import math

import ml_dtypes
import numpy as np
import pytest

import refloss
from tests.losses.boxes import pair

PRED, TARGET = pair(6, dtype=np.float32)


def changed(row: int, *values: float, dtype=np.float32) -> np.ndarray:
    """Return boxes of which one row is replaced."""
    boxes = PRED.astype(dtype)
    boxes[row] = values
    return boxes


@pytest.mark.parametrize(
    ("pred", "target", "error", "message"),
    [
        (PRED[:, :3], TARGET, ValueError, r"pred: expected shape \(N, 4\), got \(6, 3\)"),
        (PRED, TARGET[0], ValueError, r"target: expected shape \(N, 4\), got \(4,\)"),
        (PRED[None], TARGET, ValueError, r"pred: expected shape \(N, 4\), got \(1, 6, 4\)"),
        (PRED, TARGET[:5], ValueError, "target: expected 6 boxes as in pred, got 5"),
        (PRED, TARGET[:1], ValueError, "target: expected 6 boxes as in pred, got 1"),
        (PRED.astype(int), TARGET, TypeError, "pred: expected one of float16, .*; got int64"),
        (PRED, TARGET > 0, TypeError, "target: expected one of float16, .*; got bool"),
        (PRED.astype(complex), TARGET, TypeError, "pred: .*got complex128"),
        (PRED.astype(object), TARGET, TypeError, "pred: .*got object"),
        (PRED.astype(np.longdouble), TARGET, TypeError, "pred: .*got (longdouble|float)"),
        (
            PRED,
            TARGET.astype(np.float64),
            TypeError,
            "target: expected float32 as pred, got float64",
        ),
        (
            PRED.astype(np.float16),
            TARGET.astype(ml_dtypes.bfloat16),
            TypeError,
            "target: expected float16 as pred, got bfloat16",
        ),
        (PRED.tolist(), TARGET, TypeError, "pred: expected an array .*got list"),
    ],
)
@pytest.mark.parametrize("method", ["__call__", "grad", "value_and_grad", "trace"])
def test_boxes_of_another_shape_or_type(method, pred, target, error, message):
    with pytest.raises(error, match=message):
        getattr(refloss.ciou, method)(pred, target)


@pytest.mark.parametrize(
    ("layout", "row", "message"),
    [
        (
            "xyxy",
            (2, 0, 1, 1),
            "pred: expected boxes with x1 <= x2 and y1 <= y2; got x1=2, y1=0, x2",
        ),
        ("xyxy", (0, 2, 1, 1), "x1=0, y1=2, x2=1, y2=1 in row 3"),
        ("xywh", (0, 0, -1, 1), "pred: expected boxes with w >= 0 and h >= 0; got x=0, y=0, w=-1"),
        ("cxcywh", (0, 0, 1, -0.5), "cx=0, cy=0, w=1, h=-0.5 in row 3"),
        (
            "xyxy",
            (0, 0, 1, math.inf),
            "pred: expected coordinates that are finite or NaN; got x1=0",
        ),
        ("cxcywh", (-math.inf, 0, 1, 1), "cx=-inf, .* in row 3"),
    ],
)
def test_values_are_checked_unless_told_not_to(layout, row, message):
    boxes, other = np.abs(changed(3, 0, 0, 1, 1)), np.abs(TARGET) + np.float32([0, 0, 9, 9])
    boxes[:, 2:] += 9
    boxes[3] = row
    with pytest.raises(ValueError, match=message):
        refloss.ciou(boxes, other, layout=layout)
    assert refloss.ciou(boxes, other, layout=layout, check="none").shape == (6,)


def test_the_first_offender_is_named_across_blocks():
    pred, target = (np.repeat(boxes, 10_000, axis=0) for boxes in (PRED, TARGET))
    target[[41_234, 50_000]] = [3, 0, 1, 1]
    with pytest.raises(ValueError, match=r"target: .* x1=3, y1=0, x2=1, y2=1 in row 41234"):
        refloss.giou.value_and_grad(pred, target)


def test_boxes_without_area_are_no_error():
    points = np.zeros((2, 4))
    np.testing.assert_array_equal(refloss.giou(points, points), [1.0, 1.0])


def test_large_finite_coordinates_are_not_called_infinite():
    huge = np.array([[-1.7e308, 0.0, 1.7e308, 1.0]])
    with pytest.raises(ValueError, match="coordinates of at most 1e"):
        refloss.iou(huge, huge)
    largest = np.array([[-3.4e38, 0.0, 3.4e38, 1.0]], np.float32)
    assert refloss.iou(largest, largest)[0] == 0.0


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("column", range(4))
def test_nan_reaches_its_own_box_only(dtype, column):
    pred, target = PRED.astype(dtype), TARGET.astype(dtype)
    value, gradients = refloss.ciou.value_and_grad(pred, target)
    spoilt = pred.copy()
    spoilt[2, column] = math.nan
    found, found_gradients = refloss.ciou.value_and_grad(spoilt, target)
    others = np.arange(6) != 2
    assert np.isnan(found[2])
    np.testing.assert_array_equal(found[others], value[others])
    for name in ("pred", "target"):
        np.testing.assert_array_equal(found_gradients[name][others], gradients[name][others])


def test_nan_is_an_error_on_request():
    spoilt = changed(4, 0, math.nan, 1, 1)
    message = r"target: expected no NaN \(nan='raise'\); got x1=0, y1=nan, x2=1, y2=1 in row 4"
    with pytest.raises(ValueError, match=message):
        refloss.ciou(PRED, spoilt, nan="raise")
    with pytest.raises(ValueError, match=message):
        refloss.ciou(PRED, spoilt, nan="raise", check="none")
    assert refloss.ciou(PRED, TARGET, nan="raise").shape == (6,)


@pytest.mark.parametrize(
    ("upstream", "options", "error", "message"),
    [
        (
            np.ones(5, np.float32),
            {},
            ValueError,
            r"upstream: expected shape \(\) or \(6,\); got \(5,\)",
        ),
        (np.ones((6, 1), np.float32), {}, ValueError, r"upstream: .*got \(6, 1\)"),
        (np.ones(6, np.float32), {"reduction": "mean"}, ValueError, "reduced to one number; got"),
        (np.ones(1, np.float32), {"reduction": "sum"}, ValueError, r"expected shape \(\), because"),
        (np.ones(6), {}, TypeError, "upstream: expected float32 as pred, got float64"),
        (np.float64(1.0), {}, TypeError, "upstream: expected float32 as pred, got float64"),
        (np.ones(6, int), {}, TypeError, "upstream: expected one of .* got int64"),
        (True, {}, TypeError, "upstream: expected an array .* got bool"),
        ([1.0] * 6, {}, TypeError, "upstream: expected an array .* got list"),
    ],
)
def test_upstream_gradients_of_another_shape_or_type(upstream, options, error, message):
    with pytest.raises(error, match=message):
        refloss.ciou.grad(PRED, TARGET, upstream=upstream, **options)
    with pytest.raises(error, match=message):
        refloss.ciou.hvp(PRED, TARGET, {"pred": PRED}, upstream=upstream, **options)
    with pytest.raises(error, match=message):
        refloss.ciou.trace(PRED, TARGET, upstream=upstream, **options)


@pytest.mark.parametrize(
    ("direction", "error", "message"),
    [
        ({}, TypeError, "direction: expected a mapping of 'pred' and/or 'target'"),
        (PRED, TypeError, "direction: expected a mapping"),
        ({"prd": PRED}, ValueError, "direction: .*got 'prd'.*did you mean 'pred'"),
        ({"pred": PRED[:2]}, ValueError, r"direction\['pred'\]: expected shape \(6, 4\) as pred"),
        ({"target": PRED.astype(float)}, TypeError, r"direction\['target'\]: expected float32"),
    ],
)
def test_directions_of_another_shape_or_type(direction, error, message):
    with pytest.raises(error, match=message):
        refloss.ciou.hvp(PRED, TARGET, direction)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrt": "predd"}, "wrt: .*got 'predd'.*did you mean 'pred'"),
        ({"wrt": ()}, "wrt: expected 'pred' or 'target' or several, got nothing"),
        ({"check": "value"}, "check: .*did you mean 'values'"),
        ({"nan": "ignore"}, "nan: expected one of 'propagate', 'raise'; got 'ignore'"),
        ({"reduction": "batchmean"}, "reduction: .*got 'batchmean'.*did you mean 'mean'"),
        ({"layout": ["xyxy"]}, "layout: expected one of"),
        ({"eps_union": 1e-7}, "ciou: axis: .*got 'eps_union'"),
    ],
)
def test_options_that_do_not_exist(options, message):
    with pytest.raises(ValueError, match=message):
        refloss.ciou.grad(PRED, TARGET, **options)


@pytest.mark.parametrize(
    ("layout", "values", "message"),
    [
        ("xyxy", (0.0, 0.0, 1e101, 1.0), "coordinates of at most 1e.100; got .*x2=.* in row 2"),
        ("xyxy", (-1e101, 0.0, 0.0, 1.0), "coordinates of at most 1e.100"),
        ("xyxy", (0.0, 0.0, 1.0, 1e-101), r"sides of 0 or at least 1e-100; got .*y2=.* in row 2"),
        ("xywh", (1.0, 0.0, 1e-120, 1.0), "sides of 0 or at least 1e-100"),
        ("cxcywh", (0.0, 0.0, 1.0, 5e-324), "sides of 0 or at least 1e-100"),
    ],
)
def test_a_box_beyond_the_range_of_the_kernels_is_refused(layout, values, message):
    pred = np.tile([1.0, 1.0, 2.0, 2.0], (4, 1))
    target = pred.copy()
    target[2] = values
    with pytest.raises(ValueError, match=f"target: expected {message}"):
        refloss.giou(pred, target, layout=layout)
    refloss.giou(pred, target, layout=layout, check="none")


def test_the_ends_of_the_range_are_taken():
    boxes = np.array([[0.0, 0.0, 1e-100, 1e-100], [-1e100, 0.0, 1e100, 1e100], [3.0] * 4])
    assert np.isfinite(refloss.ciou(boxes, boxes[::-1].copy())).all()
    narrow = np.array([[0.0, 0.0, 1e-45, 1.0]], np.float32)
    assert np.isfinite(refloss.ciou(narrow, narrow)).all()
