"""The compiled program gives what NumPy gives, takes what it takes, refuses what it refuses."""

import numpy as np
import pytest
import torch

import refloss
from crossval import bits as formats
from crossval.oracles.formats import format_of
from refloss.losses.backends import backend_of
from refloss.run.native import compiler

FORMATS = ("float64", "float32", "float16", "bfloat16")
#: Losses whose programs use nothing but operations that IEEE 754 rounds correctly.
EXACT = [("iou", {}), ("iou", {"form": "square"}), ("giou", {}), ("diou", {})]
ELEMENTARY = [("iou", {"form": "log"}), ("ciou", {}), ("ciou", {"alpha": "attached"})]
ROWS = [
    {},
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.25, "smoothing": "others", "z_loss": 0.5},
    {"class_weight": True},
    {"class_weight": True, "label_smoothing": 0.1},
]


def dtype_of(name):
    return formats.dtype_of(format_of(name))


def drawn(dtype, n=300, seed=0):
    """Return overlapping, touching, equal and point boxes, and an upstream gradient."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 24, size=(2, n, 4)) / 4
    boxes = np.concatenate(
        [
            np.minimum(corners[..., :2], corners[..., 2:]),
            np.maximum(corners[..., :2], corners[..., 2:]),
        ],
        axis=-1,
    )
    boxes[:, : n // 2] += rng.random((2, n // 2, 1))
    boxes[1, -9:] = boxes[0, -9:]
    boxes[1, 0] = np.nan
    pred, target = (np.ascontiguousarray(b).astype(dtype_of(dtype)) for b in boxes)
    return pred, target, rng.normal(size=n).astype(dtype_of(dtype))


def bits(array):
    return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")


def wide(array):
    return np.asarray(array).astype(np.float64)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize(("name", "axes"), EXACT, ids=str)
@pytest.mark.parametrize("layout", ["xyxy", "xywh", "cxcywh"])
def test_boxes_have_the_bits_of_numpy(name, axes, dtype, layout):
    pred, target, upstream = drawn(dtype)
    loss = getattr(refloss, name)
    options = {**axes, "layout": layout, "upstream": upstream}
    value, grad = loss.value_and_grad(pred, target, **options)
    compiled = {"backend": "c", "compute": "float64"}
    other, slopes = loss.value_and_grad(pred, target, **compiled, **options)
    assert other.dtype == value.dtype
    assert np.array_equal(wide(other), wide(value), equal_nan=True)
    for box in ("pred", "target"):
        assert slopes[box].dtype == value.dtype
        assert np.array_equal(wide(slopes[box]), wide(grad[box]), equal_nan=True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "axes"), EXACT, ids=str)
def test_products_of_boxes_have_the_bits_of_numpy(name, axes, dtype):
    pred, target, upstream = drawn(dtype)
    direction = {"pred": drawn(dtype, seed=1)[0], "target": drawn(dtype, seed=2)[0]}
    loss = getattr(refloss, name)
    both = [
        loss.hvp(
            pred, target, direction, upstream=upstream, backend=backend, compute="float64", **axes
        )
        for backend in ("numpy", "c")
    ]
    for box in ("pred", "target"):
        assert np.array_equal(both[0][box], both[1][box], equal_nan=True)


@pytest.mark.parametrize(("name", "axes"), ELEMENTARY, ids=str)
def test_boxes_with_elementary_functions_are_near_numpy(name, axes):
    pred, target, upstream = drawn("float64")
    loss = getattr(refloss, name)
    value, grad = loss.value_and_grad(pred, target, upstream=upstream, **axes)
    other, slopes = loss.value_and_grad(pred, target, upstream=upstream, backend="c", **axes)
    np.testing.assert_allclose(other, value, rtol=8 * 2.0**-52)
    for box in ("pred", "target"):
        scale = np.abs(grad[box]).max(axis=1, keepdims=True)
        assert np.all((np.abs(slopes[box] - grad[box]) <= 32 * 2.0**-52 * scale) | np.isnan(scale))


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("classes", [2, 5, 63, 64, 200])
@pytest.mark.parametrize("options", ROWS, ids=str)
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_rows_that_are_computed_in_float64_are_those_of_numpy(dtype, classes, options, reduction):
    rng = np.random.default_rng(classes)
    logits = (rng.normal(size=(40, classes)) * 5).astype(dtype_of(dtype))
    target = rng.integers(0, classes, 40)
    target[[3, 17]] = -100
    options = dict(options)
    if options.pop("class_weight", False):
        options["class_weight"] = rng.random(classes).astype(dtype_of(dtype))
    call = refloss.cross_entropy.value_and_grad
    value, grad = call(logits, target, reduction=reduction, **options)
    other, slopes = call(
        logits, target, reduction=reduction, backend="c", compute="float64", **options
    )
    assert other.dtype == value.dtype
    unit = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
    room = 8 if dtype == "float64" else 1  # rounded once from nearly the same number
    np.testing.assert_allclose(wide(other), wide(value), rtol=room * unit[dtype])
    got, expected = wide(slopes["logits"]), wide(grad["logits"])
    tiny = np.abs(expected).max() * unit[dtype]
    assert np.all(np.abs(got - expected) <= room * unit[dtype] * np.abs(expected) + tiny)
    assert not got[[3, 17]].any()


def test_probability_targets_and_their_gradient():
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(30, 7)), rng.dirichlet(np.ones(7), size=30)
    logits[2, 3] = -np.inf
    target[2] = np.eye(7)[0]
    options = {"wrt": ("logits", "target"), "z_loss": 0.1}
    value, grad = refloss.cross_entropy.value_and_grad(logits, target, **options)
    other, slopes = refloss.cross_entropy.value_and_grad(logits, target, backend="c", **options)
    np.testing.assert_allclose(other, value, rtol=1e-15)
    for name in ("logits", "target"):
        np.testing.assert_allclose(slopes[name], grad[name], rtol=1e-14, atol=1e-16)


def test_the_narrowest_format_that_holds_the_inputs_is_the_default():
    assert backend_of("c", None, "float32").real == "float32"
    assert backend_of("c", None, "bfloat16").real == "float32"
    assert backend_of("c", None, "float64").real == "float64"
    assert backend_of("numpy", None, "float16").real == "float64"


@pytest.mark.parametrize("name", ["iou", "giou", "diou", "ciou"])
def test_boxes_in_float32_are_near_those_in_float64(name):
    pred, target, upstream = drawn("float32")
    call = getattr(refloss, name).value_and_grad
    value, grad = call(pred, target, upstream=upstream)
    other, slopes = call(pred, target, upstream=upstream, backend="c")
    np.testing.assert_allclose(other, value, rtol=8 * 2.0**-23)
    for box in ("pred", "target"):
        steepest = np.nanmax(np.abs(grad[box]))  # halves of a tie cancel in single numbers
        np.testing.assert_allclose(slopes[box], grad[box], rtol=0, atol=2.0**-20 * steepest)


def test_rows_in_float32_are_near_those_in_float64():
    rng = np.random.default_rng(5)
    logits, target = (rng.normal(size=(50, 300)) * 4).astype("f4"), rng.integers(0, 300, 50)
    value, grad = refloss.cross_entropy.value_and_grad(logits, target)
    other, slopes = refloss.cross_entropy.value_and_grad(logits, target, backend="c")
    np.testing.assert_array_max_ulp(other, value, 4)
    np.testing.assert_array_max_ulp(slopes["logits"], grad["logits"], 16)


def test_strides_byte_orders_and_misalignment():
    pred, target, _ = drawn("float32")
    expected = refloss.giou(pred, target, backend="c")
    holes = np.full((2 * len(pred), 8), np.nan, "f4")
    holes[::2, ::2] = pred
    shifted = np.frombuffer(b"\0" + target.tobytes(), np.uint8)[1:].view(np.uint8)
    shifted = np.ndarray(target.shape, "f4", buffer=shifted.data, offset=0)
    assert np.array_equal(
        refloss.giou(holes[::2, ::2], shifted, backend="c"), expected, equal_nan=True
    )
    swapped = refloss.giou(pred.astype(">f4"), target.astype(">f4"), backend="c")
    assert np.array_equal(swapped.astype("f4"), expected, equal_nan=True)
    turned = refloss.giou(pred[::-1], target[::-1], backend="c")
    assert np.array_equal(turned[::-1], expected, equal_nan=True)


def test_no_item_one_item_and_torch():
    empty = np.empty((0, 4), "f4")
    assert refloss.ciou(empty, empty, backend="c").shape == (0,)
    assert np.isnan(refloss.ciou(empty, empty, backend="c", reduction="mean"))
    one = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert refloss.iou(one, one, backend="c")[0] == 0.0
    found = refloss.iou.grad(torch.tensor(one), torch.tensor(one) + 0.5, backend="c")
    assert isinstance(found["pred"], torch.Tensor)


def test_threads_change_no_bit(monkeypatch):
    pred, target, _ = drawn("float32", n=60_000)
    results = []
    for count in ("1", "3"):
        monkeypatch.setenv("REFLOSS_THREADS", count)
        results.append(refloss.ciou.grad(pred, target, backend="c", check="none")["pred"])
    assert np.array_equal(bits(results[0]), bits(results[1]))


def test_inputs_are_not_written_to():
    pred, target, upstream = drawn("float64")
    copies = [a.copy() for a in (pred, target, upstream)]
    for array in (pred, target, upstream):
        array.flags.writeable = False
    refloss.ciou.value_and_grad(pred, target, upstream=upstream, backend="c")
    for array, copy in zip((pred, target, upstream), copies, strict=True):
        assert np.array_equal(bits(array), bits(copy))


BAD = {
    "inverted": [[2.0, 0.0, 1.0, 1.0]],
    "infinite": [[0.0, 0.0, np.inf, 1.0]],
    "tiny": [[0.0, 0.0, 1e-120, 1.0]],
    "large": [[0.0, 0.0, 1e120, 1.0]],
    "not a number": [[0.0, 0.0, np.nan, 1.0]],
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("layout", ["xyxy", "xywh"])
def test_both_backends_refuse_the_same_boxes_in_the_same_words(name, layout):
    good = np.array([[0.0, 0.0, 1.0, 1.0]] * 3)
    bad = good.copy()
    bad[1] = BAD[name][0]
    if layout == "xywh":
        bad[1, 2] -= bad[1, 0]
    words = []
    for backend in ("numpy", "c"):
        with pytest.raises(ValueError, match="in row 1") as caught:
            refloss.ciou(good, bad, layout=layout, nan="raise", backend=backend)
        words.append(str(caught.value))
    assert words[0] == words[1]
    refloss.ciou(good, bad, layout=layout, check="none", backend="c")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_float32_cannot_hold_is_refused_where_it_computes(dtype):
    boxes = np.array([[0.0, 0.0, 1e13, 1.0]]).astype(dtype_of(dtype))
    refloss.ciou(boxes, boxes, backend="c", compute="float64")
    with pytest.raises(ValueError, match=r"at most 1e\+12 \(compute.*; got .* in row 0"):
        refloss.ciou(boxes, boxes, backend="c")


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_infinite_boxes_are_refused_whatever_computes(dtype):
    boxes = np.array([[0.0, 0.0, np.inf, 1.0]]).astype(dtype_of(dtype))
    for compute in ("float32", "float64"):
        with pytest.raises(ValueError, match="coordinates that are finite or NaN"):
            refloss.ciou(boxes, boxes, backend="c", compute=compute)


def test_sizes_that_are_tiny_beside_their_corner_keep_their_area():
    box = np.array([[1e4, 1e4, 1e-4, 1e-4]], "f4")
    for layout in ("xywh", "cxcywh"):
        assert refloss.iou(box, box, layout=layout, backend="c")[0] == 0.0


def test_more_classes_than_float32_counts_are_refused():
    logits = np.broadcast_to(np.float32(0), (1, 2**24 + 1))
    with pytest.raises(ValueError, match=r"at most 16,777,216 classes in float32, got 16,777,217"):
        refloss.cross_entropy(logits, np.array([3]), backend="c")


@pytest.mark.filterwarnings("error")
def test_a_sum_that_overflows_warns_as_little_as_numpys():
    logits = np.array([[1.7e308, 0.0]] * 2)
    for backend in ("numpy", "c"):
        loss = refloss.cross_entropy(logits, np.array([1, 1]), reduction="sum", backend=backend)
        assert loss == np.inf


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backend": "gpu"}, "backend: expected one of 'c', 'cuda', 'numpy'; got 'gpu'"),
        ({"compute": "float32"}, "compute: expected 'float64', in which backend 'numpy' computes"),
        ({"backend": "c", "compute": "float16"}, "compute: expected one of 'float32', 'float64'"),
        ({"backend": "c", "compute": "float32"}, "compute: expected 'float64' for inputs of float"),
    ],
)
def test_choices_that_do_not_exist_are_named(options, words):
    boxes, logits = np.array([[0.0, 0.0, 1.0, 1.0]]), np.zeros((1, 2))
    with pytest.raises(ValueError, match=words):
        refloss.ciou(boxes, boxes, **options)
    with pytest.raises(ValueError, match=words):
        refloss.cross_entropy(logits, np.array([0]), **options)


def test_a_machine_without_a_compiler_is_told_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("REFLOSS_CACHE", str(tmp_path))
    for cached in (compiler.compiler, compiler._flags):
        cached.cache_clear()
    boxes = np.array([[0.0, 0.0, 1.0, 1.5]])
    try:
        with pytest.raises(compiler.CompilerError, match=r"install g\+\+ or clang"):
            refloss.giou(boxes, boxes, backend="c", eps=0.00123, check="none")
    finally:
        for cached in (compiler.compiler, compiler._flags):
            cached.cache_clear()
    assert refloss.giou(boxes, boxes) == 0.0
