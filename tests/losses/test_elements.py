"""The public losses of single numbers: shapes, formats, weights, reductions, errors, traces."""

import inspect
import pydoc

import ml_dtypes
import numpy as np
import pytest
import torch

import refloss
from crossval.bits import dtype_of
from crossval.oracles.formats import FORMATS, format_of
from refloss.losses import element_loss_from
from refloss.run.kernels import MissingKernelError, library
from refloss.run.rounding import narrow
from tests.kernels.element_subject import ELEMENT_LOSSES, ELEMENTS

SMOOTH = refloss.smooth_l1
PRED = np.array([[1.0, 2.0, 3.0], [0.125, -5.0, 0.0]])
TARGET = np.array([[1.5, 2.0, 0.0], [0.0, 0.0, 0.0]])


def wide(array):
    return np.asarray(array).astype(np.float64)


def rounded(values, dtype):
    out = np.empty(values.shape, dtype)
    with np.errstate(all="ignore"):
        narrow(out, values)
    return wide(out)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("subject", ELEMENTS, ids=str)
def test_results_are_the_committed_text_rounded_once(subject, dtype):
    columns = subject.columns(dtype)
    upstream = format_of(dtype).round(np.linspace(-2, 2, len(columns)))
    value, grad = subject.value_and_grad(columns, upstream, dtype)
    constants = [subject.spec.constants[name] for name in subject.text.CONSTANTS]
    more = [*subject.weights(len(columns)), upstream, *constants]
    with np.errstate(all="ignore"):
        given = subject.text.grad(*columns.T, *more)
    found = np.column_stack(np.broadcast_arrays(*given))
    expected = rounded(found, dtype_of(format_of(dtype)))
    if dtype == "float64":
        np.testing.assert_array_equal(np.column_stack([value, grad]), expected)
    # Narrow formats leave error terms out, which they cannot show but where two roundings meet.
    with np.errstate(invalid="ignore"):
        off = np.abs(np.column_stack([value, grad]) - expected) > format_of(dtype).ulp(expected)
    assert not (off & np.isfinite(expected)).any()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (2, 3), (0, 4), (2, 3, 4)], ids=str)
def test_results_have_the_shape_of_the_inputs(shape):
    rng = np.random.default_rng(1)
    pred, target, upstream = (rng.normal(size=shape) for _ in range(3))
    value, grad = SMOOTH.value_and_grad(pred, target, upstream=upstream, wrt=("pred", "target"))
    assert np.shape(value) == shape
    assert {name: np.shape(g) for name, g in grad.items()} == {"pred": shape, "target": shape}
    product = SMOOTH.hvp(pred, target, {"pred": upstream})
    assert np.shape(product["pred"]) == shape
    flat = SMOOTH(np.ravel(pred), np.ravel(target))
    np.testing.assert_array_equal(np.ravel(value), flat)
    named = SMOOTH.trace(pred, target, upstream=upstream)
    assert {np.shape(array) for array in named.values()} == {shape}
    np.testing.assert_allclose(named["loss"], value, rtol=2**-50)


def test_any_strides_and_an_input_that_stays_as_it_was():
    rng = np.random.default_rng(2)
    pred, target = rng.normal(size=(6, 8)), rng.normal(size=(6, 8))
    before = pred.tobytes(), target.tobytes()
    expected = SMOOTH(
        np.ascontiguousarray(pred[::2, ::-1]), np.ascontiguousarray(target[::2, ::2].repeat(2, 1))
    )
    found = SMOOTH(pred[::2, ::-1], np.asfortranarray(target[::2, ::2].repeat(2, 1)))
    np.testing.assert_array_equal(found, expected)
    assert (pred.tobytes(), target.tobytes()) == before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tensors_give_the_bits_of_arrays(dtype):
    held = ml_dtypes.bfloat16 if dtype == torch.bfloat16 else str(dtype)[6:]
    pred, target = (torch.from_numpy(a).to(dtype).requires_grad_() for a in (PRED, TARGET))
    value, grad = SMOOTH.value_and_grad(pred, target, beta=0.25, reduction="mean")
    arrays = PRED.astype(held), TARGET.astype(held)
    expected, slopes = SMOOTH.value_and_grad(*arrays, beta=0.25, reduction="mean")
    assert value.dtype == grad["pred"].dtype == dtype
    assert value.shape == ()
    assert value.double().item() == float(expected)
    np.testing.assert_array_equal(grad["pred"].double().numpy(), wide(slopes["pred"]))


@pytest.mark.parametrize("subject", ELEMENTS, ids=str)
def test_the_compiled_program_in_float64_is_numpys_but_for_the_last_bit(subject):
    columns = subject.columns("float32")
    found = subject.value_and_grad(columns, None, "float32", backend="c", compute="float64")
    expected = subject.value_and_grad(columns, None, "float32")
    for part, known in zip(found, expected, strict=True):
        with np.errstate(invalid="ignore"):
            apart = np.abs(part - known) > format_of("float32").ulp(known)
        assert not (apart & (part != known)).any()


def test_weights_broadcast_multiply_and_remove():
    weight = np.array([2.0, 0.0, 0.5])
    value, grad = SMOOTH.value_and_grad(PRED, TARGET, weight=weight)
    plain, slopes = SMOOTH.value_and_grad(PRED, TARGET)
    np.testing.assert_array_equal(value, weight * plain)
    np.testing.assert_array_equal(grad["pred"], weight * slopes["pred"])
    held = refloss.l2(np.array([1e300, 1.0]), np.zeros(2), weight=np.array([0.0, 1.0]))
    np.testing.assert_array_equal(held, [0.0, 1.0])  # the square overflows, and is left out
    compiled = SMOOTH(PRED, TARGET, weight=weight, backend="c")
    np.testing.assert_array_equal(compiled, value)


def test_reductions_divide_by_what_they_say():
    losses, weight = SMOOTH(PRED, TARGET), np.array([[1.0], [3.0]])
    weighted = losses * weight
    expected = {"items": 6, "rows": 2, "weights": 12, 5.0: 5}
    for denominator, divisor in expected.items():
        options = {"weight": weight, "reduction": "mean", "denominator": denominator}
        value, grad = SMOOTH.value_and_grad(PRED, TARGET, **options)
        assert abs(value - weighted.sum() / divisor) <= 2 * np.spacing(value)
        slopes = SMOOTH.grad(PRED, TARGET, weight=weight)["pred"] / divisor
        np.testing.assert_allclose(grad["pred"], slopes, rtol=2**-50)
    assert SMOOTH(PRED, TARGET, reduction="sum") == losses.sum()
    nothing = np.zeros((0, 3))
    assert np.isnan(SMOOTH(nothing, nothing, reduction="mean"))
    assert SMOOTH(nothing, nothing, reduction="mean", empty="zero") == 0
    assert SMOOTH(nothing, nothing, reduction="sum") == 0


def test_upstream_gradients_of_every_shape():
    plain = SMOOTH.grad(PRED, TARGET)["pred"]
    each = np.linspace(-1, 1, 6).reshape(2, 3)
    np.testing.assert_array_equal(SMOOTH.grad(PRED, TARGET, upstream=each)["pred"], each * plain)
    for reduction, factor in (("none", 3.0), ("sum", 3.0), ("mean", 0.5)):
        found = SMOOTH.grad(PRED, TARGET, upstream=3.0, reduction=reduction)["pred"]
        np.testing.assert_allclose(found, factor * plain, rtol=2**-50)
    with pytest.raises(ValueError, match=r"upstream: expected shape \(\) or \(2, 3\); got \(6,\)"):
        SMOOTH.grad(PRED, TARGET, upstream=np.ones(6))
    with pytest.raises(ValueError, match=r"expected shape \(\), because the loss is reduced"):
        SMOOTH.grad(PRED, TARGET, upstream=each, reduction="sum")


ERRORS = {
    "a shape that differs": (
        lambda: SMOOTH(PRED, TARGET[:1]),
        ValueError,
        r"target: expected shape \(2, 3\) as pred, got \(1, 3\)",
    ),
    "integers": (lambda: SMOOTH(PRED.astype(int), TARGET), TypeError, "pred: expected one of"),
    "mixed formats": (
        lambda: SMOOTH(PRED, TARGET.astype("f4")),
        TypeError,
        "target: expected float64 as pred, got float32",
    ),
    "no array": (lambda: SMOOTH(PRED, [[1.0]]), TypeError, "target: expected an array"),
    "an input too few": (lambda: SMOOTH(PRED), TypeError, "expected pred, target; got no target"),
    "an input too many": (
        lambda: SMOOTH(PRED, TARGET, PRED),
        TypeError,
        "expected pred, target by position, got 3 arrays",
    ),
    "an input twice": (
        lambda: SMOOTH(PRED, TARGET, target=TARGET),
        TypeError,
        "target is given twice",
    ),
    "a negative weight": (
        lambda: SMOOTH(PRED, TARGET, weight=-TARGET),
        ValueError,
        r"weight: expected finite numbers >= 0; got -1.5 at \(0, 0\)",
    ),
    "a weight that does not fit": (
        lambda: SMOOTH(PRED, TARGET, weight=np.ones(2)),
        ValueError,
        r"weight: expected a shape that broadcasts to \(2, 3\) as pred, got \(2,\)",
    ),
    "an unknown axis": (
        lambda: SMOOTH(PRED, TARGET, bta=1.0),
        ValueError,
        r"expected one of .* got 'bta' \(did you mean 'beta'\?\)",
    ),
    "a negative number": (
        lambda: SMOOTH(PRED, TARGET, beta=-1.0),
        ValueError,
        "beta: expected a finite number >= 0, got -1.0",
    ),
    "a factor of the logit that is 0": (
        lambda: refloss.focal_star(PRED, TARGET * 0, gamma=0.0),
        ValueError,
        "focal_star: gamma: expected a finite number >= 1e-06, got 0",
    ),
    "an unknown denominator": (
        lambda: SMOOTH(PRED, TARGET, denominator="N"),
        ValueError,
        "denominator: expected one of 'items', 'rows', 'weights'; got 'N'",
    ),
    "NaN that is refused": (
        lambda: SMOOTH(np.array([1.0, np.nan]), np.zeros(2), nan="raise"),
        ValueError,
        r"pred: expected no NaN \(nan='raise'\); got nan at 1",
    ),
    "an unknown gradient": (
        lambda: SMOOTH.grad(PRED, TARGET, wrt="weight"),
        ValueError,
        "wrt: expected one of 'pred', 'target'; got 'weight'",
    ),
    "no direction": (
        lambda: SMOOTH.hvp(PRED, TARGET),
        TypeError,
        "direction: expected a mapping of 'pred' and/or 'target'",
    ),
    "a format that is too narrow": (
        lambda: SMOOTH(PRED, TARGET, backend="c", compute="float32"),
        ValueError,
        "compute: expected 'float64' for inputs of float64",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_is_wrong_is_said(case):
    call, kind, words = ERRORS[case]
    with pytest.raises(kind, match=words):
        call()


def test_nan_reaches_its_own_element_only():
    pred = PRED.copy()
    pred[0, 1] = np.nan
    value, grad = SMOOTH.value_and_grad(pred, TARGET)
    assert np.isnan(value).sum() == np.isnan(grad["pred"]).sum() == 1
    assert np.isnan(value[0, 1])


@pytest.mark.parametrize("name", ELEMENT_LOSSES)
def test_documents_say_what_a_loss_takes(name):
    loss = getattr(refloss, name)
    text = pydoc.render_doc(loss)
    parameters = inspect.signature(loss).parameters
    names = next(s for s in ELEMENTS if s.loss == name).names
    assert list(parameters)[: len(names)] == [*names]
    assert parameters["preset"] is list(parameters.values())[len(names)]
    for axis in loss.axes:
        assert f"{axis} : " in text
        assert axis in parameters
    for preset in loss.presets:
        assert f"- {preset}: " in text
    left = ("names", "shape", "meaning", "over", "bad", "and_", "weights", "{")
    assert not [name for name in left if f"{{{name}" in text]


@pytest.mark.parametrize("beta", [2.0**-126, 1e-38, 1e-320, 5e-324, 0.0])
@pytest.mark.parametrize("options", [{}, {"backend": "c"}])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_parabola_too_narrow_to_be_met_leaves_the_sign(beta, options, dtype):
    d = np.array([1e-3, -10.0, 0.0, np.inf, -np.inf], dtype)
    value, grad = SMOOTH.value_and_grad(d, np.zeros_like(d), beta=beta, **options)
    np.testing.assert_array_equal(value, np.abs(d))
    np.testing.assert_array_equal(grad["pred"], np.sign(d))
    twice = SMOOTH.hvp(d[:3], np.zeros(3, dtype), {"pred": np.ones(3, dtype)}, beta=beta, **options)
    np.testing.assert_array_equal(twice["pred"][:2], [0, 0])


def test_probabilities_on_the_wrong_side_cost_without_bound():
    p, t = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    for gamma in (0.0, 0.5, 1.0, 2.0):
        value, grad = refloss.focal_probs.value_and_grad(p, t, gamma=gamma)
        np.testing.assert_array_equal(value, [np.inf, np.inf])
        limit = np.inf if gamma else 0.0  # 0 is what bce_probs has there
        np.testing.assert_array_equal(grad["probs"], [-limit, limit])


def test_a_loss_of_ones_own_comes_from_its_directory(tmp_path):
    with pytest.raises(MissingKernelError):
        element_loss_from(tmp_path, "l1")
    own = element_loss_from(library().directory, "huber")
    np.testing.assert_array_equal(own(PRED, TARGET), refloss.huber(PRED, TARGET))
    with pytest.raises(ValueError, match="name: expected one of"):
        element_loss_from(library().directory, "hubert")


def test_the_catalogues_probe_of_smooth_l1():
    """With d = 2, beta = 1/2: 1.75 as Fast R-CNN, .875 as Paddle, which means Huber."""
    d = np.array([2.0])
    assert SMOOTH(d, 0 * d, beta=0.5) == [1.75]
    assert refloss.huber(d, 0 * d, delta=0.5) == [0.875]


def fast_rcnn(pred, target, inside, outside, sigma):
    """Return the loss of boxes as py-faster-rcnn's SmoothL1LossLayer has it: summed over rows."""
    d = inside * (pred - target)
    near = np.abs(d) < 1 / sigma**2
    loss = np.where(near, 0.5 * (sigma * d) ** 2, np.abs(d) - 0.5 / sigma**2)
    return (outside * loss).sum(axis=1)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("rows", [0, 1, 5, 5000])
def test_a_box_is_a_row_whose_coordinates_are_added_up(rows, backend):
    rng = np.random.default_rng(3)
    pred, target = rng.normal(size=(2, rows, 4))
    inside, outside = rng.integers(0, 2, (2, rows, 4)) * rng.uniform(0.5, 2, (2, rows, 4))
    weights = {"inside": inside, "weight": outside, "sigma": 3.0, "backend": backend}
    upstream = rng.normal(size=rows)
    value, grad = SMOOTH.value_and_grad(
        pred, target, reduction="rows", upstream=upstream, **weights
    )
    expected = fast_rcnn(pred, target, inside, outside, 3.0)
    assert value.shape == (rows,)
    np.testing.assert_allclose(value, expected, rtol=2**-50)
    slope = np.clip(9 * inside * (pred - target), -1, 1) * inside * outside
    np.testing.assert_allclose(grad["pred"], upstream[:, None] * slope, rtol=2**-49)
    if rows:
        mean = SMOOTH(
            pred, target, preset="faster_rcnn", reduction="mean", **weights | {"sigma": 3.0}
        )
        np.testing.assert_allclose(mean, expected.mean(), rtol=2**-48)


@pytest.mark.parametrize("shape", [(3, 7, 5000), (40000, 1), (2, 20000), (9,), (3, 0)], ids=str)
def test_rows_of_any_length_are_added_up_across_blocks(shape):
    rng = np.random.default_rng(4)
    pred, target = rng.normal(size=shape), rng.normal(size=shape)
    found = refloss.l2(pred, target, reduction="rows")
    exact = refloss.l2(pred, target).reshape(shape[0], -1).sum(axis=1)
    np.testing.assert_allclose(found, exact, rtol=2**-44)
    with pytest.raises(ValueError, match="reduction: expected one of"):
        refloss.iou(np.zeros((1, 4)), np.zeros((1, 4)), reduction="rows")
