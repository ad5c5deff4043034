"""The public box losses: formats, layouts, reductions, upstream gradients, derivatives, traces."""

import inspect
import json
import math
import pydoc

import ml_dtypes
import numpy as np
import pytest
import torch

import refloss
from refloss.losses import LAYOUTS, box_loss_from, resolve
from refloss.run.kernels import MissingKernelError, library
from refloss.run.rounding import format_of, narrow
from tests.losses.boxes import DTYPES, LOSSES, pair, wide, written

NAMES = ("pred", "target")


def rounded(values: np.ndarray, dtype) -> np.ndarray:
    """Return float64 values rounded once, as float64."""
    out = np.empty(values.shape, dtype)
    with np.errstate(all="ignore"):
        narrow(out, values)
    return wide(out)


def committed(name: str, pred: np.ndarray, target: np.ndarray, upstream=1.0) -> np.ndarray:
    """Return value and gradient by running the committed text itself: ``(N, 9)``."""
    spec = resolve(name)
    kernel = library().kernel(spec.program)
    weights = np.broadcast_to(upstream, len(pred)).astype(float)
    ordered = [spec.constants[constant] for constant in kernel.constants]
    with np.errstate(all="ignore"):
        return np.column_stack(kernel.module.grad(*pred.T, *target.T, weights, *ordered))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: format_of(np.dtype(d)))
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_results_are_the_kernels_rounded_once(loss, dtype):
    pred, target = pair(200, dtype=dtype)
    value, gradients = loss.value_and_grad(pred, target)
    expected = committed(loss.name, wide(pred), wide(target))
    found = np.column_stack([wide(value), wide(gradients["pred"]), wide(gradients["target"])])
    np.testing.assert_array_equal(found, rounded(expected, dtype))
    assert value.dtype == gradients["pred"].dtype == gradients["target"].dtype == dtype
    np.testing.assert_array_equal(wide(loss(pred, target)), wide(value))
    apart = loss.grad(pred, target)
    assert list(apart) == list(gradients) == ["pred", "target"]
    for name in NAMES:
        np.testing.assert_array_equal(wide(apart[name]), wide(gradients[name]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_torch_tensors_give_the_same_bits_as_numpy_arrays(dtype):
    pred, target = (torch.from_numpy(boxes).to(dtype).requires_grad_() for boxes in pair(50))
    numpy_pair = pair(50, dtype=ml_dtypes.bfloat16 if dtype == torch.bfloat16 else str(dtype)[6:])
    value, gradients = refloss.ciou.value_and_grad(pred, target, reduction="mean")
    expected, arrays = refloss.ciou.value_and_grad(*numpy_pair, reduction="mean")
    assert value.dtype == gradients["pred"].dtype == dtype
    assert value.shape == ()
    assert value.double().item() == float(expected)
    for name in NAMES:
        np.testing.assert_array_equal(gradients[name].double().numpy(), wide(arrays[name]))
    upstream = torch.tensor(0.5, dtype=dtype)
    halved = refloss.ciou.grad(pred, target, upstream=upstream, reduction="sum")
    whole = refloss.ciou.grad(pred, target, reduction="sum")
    assert torch.equal(2 * halved["target"].double(), whole["target"].double())
    assert refloss.ciou.trace(pred, target)["iou"].dtype == torch.float64


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_layout_describes_the_same_boxes(loss, layout):
    pred, target = pair(100)
    value, corners = loss.value_and_grad(pred, target)
    boxes = written(pred, layout), written(target, layout)
    found, gradients = loss.value_and_grad(*boxes, layout=layout)
    np.testing.assert_array_equal(found, value)
    for name in NAMES:
        expected = np.column_stack(LAYOUTS[layout].adjoint(list(corners[name].T)))
        np.testing.assert_array_equal(gradients[name], expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_products_follow_the_layout_forwards_and_back(layout):
    (pred, target), (u, v) = pair(100), pair(100, seed=1)
    forward = {
        n: np.column_stack(LAYOUTS[layout].corners(list(d.T)))
        for n, d in zip(NAMES, (u, v), strict=True)
    }
    corners = refloss.giou.hvp(pred, target, forward)
    boxes = written(pred, layout), written(target, layout)
    found = refloss.giou.hvp(*boxes, {"pred": u, "target": v}, layout=layout)
    for name in NAMES:
        expected = np.column_stack(LAYOUTS[layout].adjoint(list(corners[name].T)))
        np.testing.assert_array_equal(found[name], expected)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: format_of(np.dtype(d)))
def test_a_reduced_value_is_the_exact_one_rounded(dtype):
    pred, target = pair(1000, dtype=dtype)
    losses = committed("diou", wide(pred), wide(target))[:, 0]
    for reduction, divisor in (("sum", 1), ("mean", 1000)):
        value = refloss.diou(pred, target, reduction=reduction)
        assert value.shape == ()
        assert value.dtype == dtype
        near = [np.array(math.fsum(losses) / divisor * (1 + k * 2**-53)) for k in (-2, 0, 2)]
        assert float(value) in [float(rounded(number, dtype)) for number in near]


def test_upstream_gradients_of_every_shape():
    pred, target = pair(64)
    each = np.linspace(-2, 2, 64)
    expected = committed("giou", pred, target, each)[:, 1:5]
    np.testing.assert_array_equal(refloss.giou.grad(pred, target, upstream=each)["pred"], expected)
    for reduction, weight in (("none", 3.0), ("sum", 3.0), ("mean", 3.0 / 64)):
        expected = committed("giou", pred, target, weight)[:, 1:5]
        for upstream in (3.0, 3, np.array(3.0), np.float64(3.0)):
            found = refloss.giou.grad(pred, target, upstream=upstream, reduction=reduction)
            np.testing.assert_array_equal(found["pred"], expected)


def test_an_upstream_gradient_of_another_stride_or_of_one_repeated():
    pred, target = pair(64)
    each = np.repeat(np.linspace(-2, 2, 64), 2)[::2]
    found = refloss.giou.grad(pred, target, upstream=each)["pred"]
    np.testing.assert_array_equal(found, committed("giou", pred, target, each)[:, 1:5])
    ones = refloss.giou.grad(pred, target, upstream=np.broadcast_to(1.0, 64))["target"]
    np.testing.assert_array_equal(ones, refloss.giou.grad(pred, target)["target"])


@pytest.mark.parametrize("wrt", ["pred", ("target",), ["target", "pred"]])
def test_gradients_by_some_of_the_boxes(wrt):
    pred, target = pair(64)
    both = refloss.ciou.grad(pred, target)
    some = refloss.ciou.grad(pred, target, wrt=wrt)
    named = [wrt] if isinstance(wrt, str) else wrt
    assert list(some) == sorted(named)
    for name in named:
        np.testing.assert_array_equal(some[name], both[name])
    direction = {"pred": target, "target": pred}
    product = refloss.ciou.hvp(pred, target, direction, wrt=wrt)
    whole = refloss.ciou.hvp(pred, target, direction)
    for name in named:
        np.testing.assert_array_equal(product[name], whole[name])


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: format_of(np.dtype(d)))
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_empty_batch(loss, dtype):
    nothing = np.empty((0, 4), dtype)
    value, gradients = loss.value_and_grad(nothing, nothing)
    assert value.shape == (0,)
    assert gradients["pred"].shape == gradients["target"].shape == (0, 4)
    assert math.isnan(loss(nothing, nothing, reduction="mean"))
    assert loss(nothing, nothing, reduction="sum") == 0.0
    assert loss.grad(nothing, nothing, reduction="mean")["pred"].shape == (0, 4)
    assert loss.hvp(nothing, nothing, {"pred": nothing})["target"].shape == (0, 4)
    assert loss.trace(nothing, nothing)["iou"].shape == (0,)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_inputs_are_read_and_never_written(loss):
    arrays = [*pair(40), *pair(40, seed=2), np.linspace(0, 1, 40)]
    for array in arrays:
        array.flags.writeable = False
    pred, target, u, v, upstream = arrays
    kept = [array.copy() for array in arrays]
    for layout in LAYOUTS:
        loss.value_and_grad(pred, target, upstream=upstream, layout=layout, check="none")
        loss.hvp(pred, target, {"pred": u, "target": v}, layout=layout, check="none")
        loss.trace(pred, target, layout=layout, check="none")
    for array, before in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_strides_of_boxes_do_not_matter():
    pred, target = pair(64)
    expected = refloss.ciou.grad(pred, target)["target"]
    views = np.asfortranarray(pred), np.repeat(target, 2, axis=0)[::2]
    np.testing.assert_array_equal(refloss.ciou.grad(*views)["target"], expected)
    reverse = pred[::-1].copy()[::-1], target[::-1].copy()[::-1]
    np.testing.assert_array_equal(refloss.ciou.grad(*reverse)["target"], expected)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_products_are_linear_in_the_direction(loss):
    (pred, target), (u, v) = pair(100), pair(100, seed=3)
    once = loss.hvp(pred, target, {"pred": u, "target": v})
    scaled = loss.hvp(pred, target, {"pred": -4 * u, "target": -4 * v})
    alone = loss.hvp(pred, target, {"pred": u})
    zeros = loss.hvp(pred, target, {"pred": u, "target": np.zeros_like(v)})
    for name in NAMES:
        np.testing.assert_array_equal(scaled[name], -4 * once[name])
        np.testing.assert_array_equal(alone[name], zeros[name])


#: Axes under which the gradient is one of a function, so that its Jacobian is symmetric.
SMOOTH = [
    ("iou", {"form": "log"}),
    ("iou", {"form": "square"}),
    ("giou", {}),
    ("diou", {}),
    ("ciou", {"alpha": "attached"}),
    ("ciou", {"alpha": "detached"}),
]


def products(name: str, axes: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms of ``v . Hu`` and of ``u . Hv`` for random boxes and directions."""
    rng = np.random.default_rng(6)
    low, size = rng.uniform(0, 1, (2, 300, 2)), rng.uniform(1, 2, (2, 300, 2))
    pred, target = np.concatenate([low, low + size], axis=2)
    u, v = rng.uniform(-1, 1, (2, 2, 300, 4))
    loss = LOSSES[name]
    hu = loss.hvp(pred, target, dict(zip(NAMES, u, strict=True)), **axes)
    hv = loss.hvp(pred, target, dict(zip(NAMES, v, strict=True)), **axes)
    return (
        np.concatenate([a * hu[n] for n, a in zip(NAMES, v, strict=True)], axis=1),
        np.concatenate([a * hv[n] for n, a in zip(NAMES, u, strict=True)], axis=1),
    )


@pytest.mark.parametrize(("name", "axes"), SMOOTH)
def test_hessians_are_symmetric(name, axes):
    one, other = products(name, axes)
    difference = np.abs(one.sum(axis=1) - other.sum(axis=1))
    scale = np.abs(one).sum(axis=1) + np.abs(other).sum(axis=1)
    assert scale.min() > 0
    assert (difference / scale).max() <= 64 * 2**-53


def test_a_gradient_of_no_function_has_no_symmetric_jacobian():
    one, other = products("ciou", {"aspect": "unit"})
    assert np.abs(one.sum(axis=1) - other.sum(axis=1)).max() > 1e-3


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_trace_agrees_with_value_and_gradient(loss, layout):
    pred, target = (written(boxes, layout) for boxes in pair(200))
    upstream = np.linspace(1, 2, 200)
    trace = loss.trace(pred, target, upstream=upstream, layout=layout)
    value = loss(pred, target, layout=layout)
    gradients = loss.grad(pred, target, upstream=upstream, layout=layout)
    # The textbook formula cancels to some hundred roundings of its largest terms, which are of the
    # order of the largest results; a wrong line would be off by parts in ten of them.
    assert np.abs(trace["loss"] - value).max() <= 256 * 2**-53 * np.abs(value).max()
    for name in NAMES:
        columns = library().index["losses"][loss.name]["inputs"][name]
        corners = [trace[f"{column}_bar"] for column in columns]
        found = np.column_stack(LAYOUTS[layout].adjoint(corners))
        largest = np.abs(gradients[name]).max()
        assert np.abs(found - gradients[name]).max() <= 256 * 2**-53 * largest
    ends = LAYOUTS[layout].corners(list(pred.T))
    for column, end in zip(("px1", "py1", "px2", "py2"), ends, strict=True):
        np.testing.assert_array_equal(trace[column], end)


def test_a_trace_names_what_the_definition_names():
    pred, target = pair(20, dtype=np.float32)
    trace = refloss.ciou.trace(pred, target, reduction="mean")
    assert {"iou", "gap", "distance", "v", "alpha", "loss", "v_bar", "px1_bar"} <= set(trace)
    assert all(a.shape == (20,) and a.dtype == np.float64 for a in trace.values())
    single = refloss.ciou.trace(pred, target)
    np.testing.assert_allclose(20 * trace["px1_bar"], single["px1_bar"], rtol=1e-13)


def test_axes_presets_and_definition_are_copies_of_the_index():
    entry = library().index["losses"]["ciou"]
    assert refloss.ciou.axes == entry["axes"]
    assert refloss.ciou.presets == entry["presets"]
    refloss.ciou.presets.clear()
    assert refloss.ciou.presets == entry["presets"]
    assert entry["formula"].strip() in refloss.ciou.definition
    assert refloss.ciou.name == "ciou"


def test_help_and_signature_show_the_conventions():
    text = pydoc.plain(pydoc.render_doc(refloss.ciou))
    for expected in ("CIoU", "alpha : {'attached', 'detached'", "torchvision", "arXiv 1911.08287"):
        assert expected in text
    keywords = inspect.signature(refloss.ciou).parameters
    assert keywords["alpha"].default == "detached"
    assert keywords["eps"].default == 0.0
    assert "form" in inspect.signature(refloss.iou).parameters
    assert "form" not in keywords
    assert "A loss of two boxes a row" in type(refloss.ciou).__doc__
    for method in ("grad", "value_and_grad", "hvp", "trace"):
        assert "\n" in inspect.getdoc(getattr(refloss.ciou, method))


def test_a_loss_of_ones_own_is_found_in_its_directory(tmp_path):
    index = library().index
    source = library().kernel("giou").source
    with pytest.raises(MissingKernelError, match=r"index\.json"):
        box_loss_from(tmp_path, "mine")
    entry = {**index["losses"]["giou"], "program": "mine", "title": "My loss"}
    programs = {"mine": index["programs"]["giou"]}
    (tmp_path / "index.json").write_text(
        json.dumps({"losses": {"mine": entry}, "programs": programs})
    )
    with pytest.raises(MissingKernelError, match=r"numpy/mine\.py"):
        box_loss_from(tmp_path, "mine")(*pair(3))
    (tmp_path / "numpy").mkdir()
    doubled = source.replace("return loss\n", "return 2.0*loss\n")
    (tmp_path / "numpy" / "mine.py").write_text(doubled)
    mine = box_loss_from(tmp_path, "mine")
    np.testing.assert_array_equal(mine(*pair(9)), 2.0 * refloss.giou(*pair(9)))
    assert "My loss" in mine.__doc__
    with pytest.raises(ValueError, match="name: expected one of 'mine'; got 'giou'"):
        box_loss_from(tmp_path, "giou")
