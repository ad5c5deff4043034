"""Bad arguments of cross-entropy: errors name the argument, what was expected and what came."""

import math

import ml_dtypes
import numpy as np
import pytest
import torch

import refloss
from tests.losses.rows import rows

CE = refloss.cross_entropy
LOGITS, LABELS, PARTS = rows(6, 5, dtype=np.float32)
METHODS = ["__call__", "grad", "value_and_grad", "trace"]


def changed(array: np.ndarray, place, value) -> np.ndarray:
    """Return a copy of which one element is replaced."""
    copy = array.copy()
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("logits", "target", "error", "message"),
    [
        (LOGITS[0], LABELS, ValueError, r"logits: expected shape \(N, C\), got \(5,\)"),
        (LOGITS[None], LABELS, ValueError, r"logits: expected shape \(N, C\), got \(1, 6, 5\)"),
        (
            LOGITS[:, :1],
            LABELS,
            ValueError,
            r"logits: expected at least 2 classes, got shape \(6, 1\)",
        ),
        (LOGITS.astype(int), LABELS, TypeError, "logits: expected one of float16, .*; got int64"),
        (LOGITS > 0, LABELS, TypeError, "logits: expected one of .*; got bool"),
        (LOGITS.astype(complex), LABELS, TypeError, "logits: .*got complex128"),
        (LOGITS.astype(np.longdouble), LABELS, TypeError, "logits: .*got (longdouble|float)"),
        (LOGITS.tolist(), LABELS, TypeError, "logits: expected an array .*got list"),
        (LOGITS, LABELS.tolist(), TypeError, "target: expected an array .*got list"),
        (LOGITS, 2, TypeError, "target: expected an array .*got int"),
        (
            LOGITS,
            LABELS[:5],
            ValueError,
            r"target: expected shape \(6,\), one class for every row of logits; got \(5,\)",
        ),
        (LOGITS, LABELS[:, None], ValueError, r"target: expected shape \(6,\), .*got \(6, 1\)"),
        (LOGITS, np.eye(5, dtype=int)[LABELS], ValueError, r"target: .*got \(6, 5\)"),
        (LOGITS, np.int64(1), ValueError, r"target: expected shape \(6,\), .*; got \(\)"),
        (
            LOGITS,
            LABELS > 2,
            TypeError,
            "target: expected integers, or probabilities of float32; got bool",
        ),
        (
            LOGITS,
            PARTS.astype(complex),
            TypeError,
            "target: expected integers, .*got complex64|128",
        ),
        (LOGITS, PARTS.astype(float), TypeError, "target: expected float32 as logits, got float64"),
        (
            LOGITS.astype(np.float16),
            PARTS.astype(ml_dtypes.bfloat16),
            TypeError,
            "target: expected float16 as logits, got bfloat16",
        ),
        (
            LOGITS,
            PARTS[:, :4],
            ValueError,
            r"target: expected shape \(6, 5\), one probability for every logit; got \(6, 4\)",
        ),
        (LOGITS, PARTS[:, 0], ValueError, r"target: expected shape \(6, 5\), .*got \(6,\)"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_inputs_of_another_shape_or_type(method, logits, target, error, message):
    with pytest.raises(error, match=message):
        getattr(CE, method)(logits, target)


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        (
            PARTS,
            "index",
            r"target: expected integers of shape \(N,\) \(targets='index'\), got float32 of",
        ),
        (
            LABELS,
            "probabilities",
            r"target: expected probabilities of .*N, C\) .targets='probabilities'., got int64 of",
        ),
    ],
)
def test_targets_of_another_kind_than_said(target, kind, message):
    with pytest.raises(TypeError, match=message):
        CE(LOGITS, target, targets=kind)
    other = {"index": "probabilities", "probabilities": "index"}[kind]
    np.testing.assert_array_equal(CE(LOGITS, target, targets=other), CE(LOGITS, target))


@pytest.mark.parametrize("label", [-1, 5, -101, 2**40])
@pytest.mark.parametrize("check", ["values", "none"])
def test_a_class_that_does_not_exist_is_always_an_error(label, check):
    message = rf"target: expected classes from 0 to 4, or ignore_index=-100; got {label} in row 3"
    with pytest.raises(ValueError, match=message):
        CE(LOGITS, changed(LABELS, [3, 5], label), check=check)


def test_the_class_after_the_last_of_unsigned_labels():
    labels = changed(LABELS.astype(np.uint8), 2, 255)
    with pytest.raises(ValueError, match=r"from 0 to 4, .*got 255 in row 2"):
        CE(LOGITS, labels)
    assert CE(LOGITS, labels, ignore_index=255)[2] == 0.0


@pytest.mark.parametrize("index", [None, 1.0, True, "none", np.array([1])])
def test_an_ignore_index_is_an_integer(index):
    with pytest.raises(TypeError, match="ignore_index: expected an integer, got"):
        CE(LOGITS, LABELS, ignore_index=index)


def test_an_ignore_index_of_numpy_is_an_integer():
    np.testing.assert_array_equal(
        CE(LOGITS, LABELS, ignore_index=np.int32(2)), CE(LOGITS, LABELS, ignore_index=2)
    )


def test_probabilities_have_nothing_to_ignore():
    message = r"ignore_index: expected -100 \(nothing\) beside probabilities, got 255"
    with pytest.raises(ValueError, match=message):
        CE(LOGITS, PARTS, ignore_index=255)


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (np.ones(4, np.float32), ValueError, r"class_weight: expected shape \(5,\), .*got \(4,\)"),
        (np.ones((6, 5), np.float32), ValueError, r"one weight for every class; got \(6, 5\)"),
        (np.ones(5), TypeError, "class_weight: expected float32 as logits, got float64"),
        (np.ones(5, int), TypeError, "class_weight: expected one of .*got int64"),
        ([1.0] * 5, TypeError, "class_weight: expected an array .*got list"),
        (2.0, TypeError, "class_weight: expected an array .*got float"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_weights_of_another_shape_or_type(method, weight, error, message):
    with pytest.raises(error, match=message):
        getattr(CE, method)(LOGITS, LABELS, class_weight=weight)


@pytest.mark.parametrize("bad", [-0.5, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
def test_weights_are_checked_unless_told_not_to(bad, dtype):
    weight = np.array([1.0, 1.0, bad, bad, 1.0]).astype(dtype)
    message = rf"class_weight: expected finite numbers >= 0; got {bad:g} in class 2"
    logits = LOGITS.astype(dtype)
    with pytest.raises(ValueError, match=message):
        CE(logits, LABELS, class_weight=weight)
    assert CE(logits, LABELS, class_weight=weight, check="none").shape == (6,)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, ml_dtypes.bfloat16])
def test_probabilities_are_checked_unless_told_not_to(dtype):
    parts = changed(PARTS.astype(dtype), ([4, 2], [1, 3]), -0.25)
    message = r"target: expected probabilities >= 0; got -0.25 in row 2, class 3"
    logits = LOGITS.astype(dtype)
    with pytest.raises(ValueError, match=message):
        CE(logits, parts)
    assert CE(logits, parts, check="none").shape == (6,)
    assert CE(logits, changed(parts, ([4, 2], [1, 3]), -0.0)).shape == (6,)


def test_the_first_offender_is_named_across_blocks():
    parts = np.full((70_000, 5), 0.2)
    parts[[41_234, 60_000], 3] = -1e-300
    with pytest.raises(ValueError, match="got -1e-300 in row 41234, class 3"):
        CE(np.zeros((70_000, 5)), parts)


def test_probabilities_need_not_add_up_to_one():
    doubled = CE(LOGITS, 2 * PARTS)
    np.testing.assert_array_equal(doubled, 2 * CE(LOGITS, PARTS))


def test_nan_is_an_error_on_request():
    spoilt = changed(LOGITS, (4, 1), math.nan)
    message = r"logits: expected no NaN \(nan='raise'\); got nan in row 4, class 1"
    for check in ("values", "none"):
        with pytest.raises(ValueError, match=message):
            CE(spoilt, LABELS, nan="raise", check=check)
    with pytest.raises(ValueError, match=message):
        CE(spoilt, PARTS, nan="raise")
    assert np.isnan(CE(spoilt, LABELS)).tolist() == [False] * 4 + [True, False]
    ignored = changed(LABELS, 4, -100)
    assert CE(spoilt, ignored, nan="raise")[4] == 0.0
    with pytest.raises(ValueError, match=r"target: expected no NaN .*in row 1, class 0"):
        CE(LOGITS, changed(PARTS, (1, 0), math.nan), nan="raise")
    assert np.isnan(CE(LOGITS, changed(PARTS, (1, 0), math.nan)))[1]


@pytest.mark.parametrize(
    ("upstream", "options", "error", "message"),
    [
        (
            np.ones(5, np.float32),
            {},
            ValueError,
            r"upstream: expected shape \(\) or \(6,\); got \(5,\)",
        ),
        (np.ones((6, 5), np.float32), {}, ValueError, r"upstream: .*got \(6, 5\)"),
        (np.ones(6, np.float32), {"reduction": "mean"}, ValueError, "reduced to one number; got"),
        (np.ones(6), {}, TypeError, "upstream: expected float32 as logits, got float64"),
        (np.ones(6, int), {}, TypeError, "upstream: expected one of .* got int64"),
        (True, {}, TypeError, "upstream: expected an array .* got bool"),
        ([1.0] * 6, {}, TypeError, "upstream: expected an array .* got list"),
    ],
)
def test_upstream_gradients_of_another_shape_or_type(upstream, options, error, message):
    with pytest.raises(error, match=message):
        CE.grad(LOGITS, LABELS, upstream=upstream, **options)
    with pytest.raises(error, match=message):
        CE.hvp(LOGITS, LABELS, {"logits": LOGITS}, upstream=upstream, **options)
    with pytest.raises(error, match=message):
        CE.trace(LOGITS, LABELS, upstream=upstream, **options)


@pytest.mark.parametrize(
    ("target", "direction", "error", "message"),
    [
        (
            LABELS,
            {},
            TypeError,
            r"direction: expected a mapping of 'logits' to arrays of shape \(6, 5\)",
        ),
        (
            PARTS,
            {},
            TypeError,
            "direction: expected a mapping of 'logits' and/or 'target' to arrays",
        ),
        (LABELS, LOGITS, TypeError, "direction: expected a mapping"),
        (
            LABELS,
            {"target": LOGITS},
            ValueError,
            "direction: expected one of 'logits'; got 'target'",
        ),
        (PARTS, {"logit": LOGITS}, ValueError, "direction: .*got 'logit'.*did you mean 'logits'"),
        (
            LABELS,
            {"logits": LOGITS[:2]},
            ValueError,
            r"direction\['logits'\]: expected shape \(6, 5\) as logits, got \(2, 5\)",
        ),
        (
            PARTS,
            {"target": PARTS.astype(float)},
            TypeError,
            r"direction\['target'\]: expected float32 as logits, got float64",
        ),
    ],
)
def test_directions_of_another_shape_or_type(target, direction, error, message):
    with pytest.raises(error, match=message):
        CE.hvp(LOGITS, target, direction)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrt": "logit"}, "wrt: .*got 'logit'.*did you mean 'logits'"),
        ({"wrt": "target"}, "wrt: expected one of 'logits'; got 'target'"),
        ({"wrt": ()}, "wrt: expected 'logits' or several, got nothing"),
        ({"check": "value"}, "check: .*did you mean 'values'"),
        ({"nan": "ignore"}, "nan: expected one of 'propagate', 'raise'; got 'ignore'"),
        ({"reduction": "batchmean"}, "reduction: .*got 'batchmean'.*did you mean 'mean'"),
        ({"layout": "xyxy"}, "cross_entropy: axis: .*got 'layout'"),
        ({"eps": 1e-7}, "cross_entropy: axis: expected one of .*got 'eps'"),
        ({"preset": "torhc"}, "cross_entropy: preset: .*got 'torhc'.*did you mean 'torch'"),
        (
            {"smoothing": "k-1"},
            "cross_entropy: smoothing: expected one of 'classy', 'others', 'uniform'",
        ),
        (
            {"denominator": "n"},
            "cross_entropy: denominator: expected one of 'items', 'kept', 'weights'",
        ),
        ({"denominator": 0}, "cross_entropy: denominator: expected a number > 0 or a name, got 0"),
        ({"denominator": -1.0}, "denominator: expected a finite number >= 0, got -1.0"),
        ({"denominator": math.inf}, "denominator: expected a finite number >= 0, got inf"),
        ({"empty": "one"}, "cross_entropy: empty: expected one of 'nan', 'zero'; got 'one'"),
        ({"targets": "labels"}, "targets: expected one of 'index', 'probabilities'; got 'labels'"),
        ({"label_smoothing": 1.5}, "label_smoothing: expected a number from 0 to 1, got 1.5"),
        ({"label_smoothing": -0.1}, "label_smoothing: expected a number from 0 to 1, got -0.1"),
        ({"label_smoothing": math.nan}, "label_smoothing: expected a number from 0 to 1, got nan"),
        ({"z_loss": math.inf}, "z_loss: expected a finite number >= 0, got inf"),
        ({"over_others": 1.0}, "cross_entropy: axis: .*got 'over_others'"),
    ],
)
def test_options_that_do_not_exist(options, message):
    with pytest.raises(ValueError, match=message):
        CE.grad(LOGITS, LABELS, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_smoothing": "0.1"}, "label_smoothing: expected a number, got '0.1'"),
        ({"label_smoothing": True}, "label_smoothing: expected a number, got True"),
        ({"z_loss": None}, "z_loss: expected a number, got None"),
        ({"denominator": True}, "denominator: expected a number, got True"),
        ({"denominator": None}, "denominator: expected a number, got None"),
    ],
)
def test_amounts_that_are_no_numbers(options, message):
    with pytest.raises(TypeError, match=f"cross_entropy: {message}"):
        CE(LOGITS, LABELS, **options)


def test_amounts_of_numpy_are_numbers():
    found = CE(LOGITS, LABELS, reduction="mean", denominator=np.int64(3), z_loss=np.float32(0.5))
    assert found == CE(LOGITS, LABELS, reduction="mean", denominator=3, z_loss=0.5)


def test_tensors_are_checked_like_arrays():
    logits = torch.from_numpy(LOGITS)
    with pytest.raises(TypeError, match="class_weight: expected float32 as logits, got float64"):
        CE(logits, torch.from_numpy(LABELS), class_weight=torch.ones(5).double())
    with pytest.raises(ValueError, match="got 9 in row 0"):
        CE(logits, torch.full((6,), 9))
    with pytest.raises(TypeError, match=r"target: .*got bool"):
        CE(logits, torch.from_numpy(LABELS) > 0)


def test_targets_of_pixels_are_numbers_from_0_to_1_and_no_classes():
    void = np.array([[1.0, 0.0, 2.0]])
    with pytest.raises(ValueError, match="target: expected numbers from 0 to 1; got 2 in row 0"):
        refloss.hed(np.zeros((1, 3)), void)
    with pytest.raises(TypeError, match=r"target: expected probabilities of shape \(N, C\)"):
        refloss.hed(np.zeros((1, 3)), void.astype(int))
