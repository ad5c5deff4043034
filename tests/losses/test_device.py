"""Calls on a device, but for the device: arrays in NumPy's memory, kernels run by fibers."""

import math

import numpy as np
import pytest
import torch

import refloss
from crossval import bits as formats
from crossval.oracles.formats import format_of
from refloss.run import cuda, device_arrays
from refloss.run.device_arrays import TorchHome
from tests.kernels.cuda.fibers import REVERSED
from tests.run.native.pretend import PretendArray, PretendDriver, PretendMemoryError, pretend_cupy

FORMATS = ("float64", "float32", "float16", "bfloat16")
COMPUTE = {"float64": "float64"}
LOSSES = [("iou", {"form": "log"}), ("giou", {}), ("diou", {}), ("ciou", {})]
there = PretendArray.of


@pytest.fixture
def driver(monkeypatch):
    made = PretendDriver()
    pretend_cupy(monkeypatch, made)
    return made


def dtype_of(name):
    return formats.dtype_of(format_of(name))


def boxes(dtype="float64", n=300, seed=0):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 24, size=(2, n, 4)) / 4
    low, high = corners[..., :2], corners[..., 2:]
    made = np.concatenate([np.minimum(low, high), np.maximum(low, high) + 0.25], axis=-1)
    made[:, : n // 2] += rng.random((2, n // 2, 1))
    made[1, 0] = np.nan
    return [*(b.astype(dtype_of(dtype)) for b in made), rng.normal(size=n).astype(dtype_of(dtype))]


def rows(dtype="float64", n=40, classes=33, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    labels[3:18:14] = -100
    weights = rng.random(classes).astype(dtype_of(dtype))
    return (rng.normal(size=(n, classes)) * 4).astype(dtype_of(dtype)), labels, weights


def same(found, expected):
    """See the same format and the same bits, but for NaN's."""
    assert isinstance(found, PretendArray)
    assert found.dtype == expected.dtype
    assert found.shape == np.shape(expected)
    wide = [np.asarray(a).astype(np.float64) for a in (found, expected)]
    return np.array_equal(*wide, equal_nan=True)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("layout", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize(("name", "axes"), LOSSES, ids=str)
def test_boxes_have_the_bits_of_the_compiled_program(driver, name, axes, layout, dtype):
    pred, target, upstream = boxes(dtype)
    loss, options = getattr(refloss, name), {**axes, "layout": layout}
    host = {"backend": "c", "compute": COMPUTE.get(dtype, "float32"), "check": "none", **options}
    value, grad = loss.value_and_grad(pred, target, upstream=upstream, **host)
    found, slopes = loss.value_and_grad(
        there(pred), there(target), upstream=there(upstream), **options
    )
    assert same(found, value)
    assert [one[0] for one in driver.launched] == [f"{refloss.resolve(name, **axes).program}_grad"]
    direction = {"pred": boxes(dtype, seed=1)[0]}
    product = loss.hvp(pred, target, direction, **host)
    ours = loss.hvp(there(pred), there(target), {"pred": there(direction["pred"])}, **options)
    for box in ("pred", "target"):
        assert same(slopes[box], grad[box])
        assert same(ours[box], product[box])


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1, "z_loss": 0.01}], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_rows_are_those_of_numpy(driver, reduction, weighted, options, dtype):
    logits, labels, weights = rows(dtype)
    upstream = dtype_of(dtype).type(0.75)
    given = {"class_weight": weights} if weighted else {}
    value, grad = refloss.cross_entropy.value_and_grad(
        logits, labels, upstream=upstream, reduction=reduction, **options, **given
    )
    given = {"class_weight": there(weights)} if weighted else {}
    found, slopes = refloss.cross_entropy.value_and_grad(
        there(logits),
        there(labels),
        upstream=there(upstream),
        reduction=reduction,
        compute="float64",
        **options,
        **given,
    )
    ulp = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
    room = (8 if dtype == "float64" else 1) * ulp[dtype]
    wide = [np.asarray(a, np.float64) for a in (found, value, slopes["logits"], grad["logits"])]
    np.testing.assert_allclose(wide[0], wide[1], rtol=room)
    np.testing.assert_allclose(wide[2], wide[3], rtol=room, atol=room * np.abs(wide[3]).max())
    assert found.dtype == slopes["logits"].dtype == logits.dtype
    assert not wide[2][[3, 17]].any()


def test_probabilities_and_their_gradient(driver):
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(20, 7)), rng.dirichlet(np.ones(7), size=20)
    direction = {"target": rng.normal(size=(20, 7))}
    options = {"wrt": ("logits", "target"), "reduction": "mean", "z_loss": 0.1}
    call = refloss.cross_entropy
    value, grad = call.value_and_grad(logits, target, **options)
    found, slopes = call.value_and_grad(there(logits), there(target), **options)
    product = call.hvp(logits, target, direction, **options)
    ours = call.hvp(there(logits), there(target), {"target": there(direction["target"])}, **options)
    np.testing.assert_allclose(found, value, rtol=1e-15)
    for name in ("logits", "target"):
        np.testing.assert_allclose(slopes[name], grad[name], rtol=1e-14, atol=1e-17)
        np.testing.assert_allclose(ours[name], product[name], rtol=1e-13, atol=1e-17)
    assert "total_kept" not in driver.texts  # rows of probabilities all count 1


@pytest.mark.parametrize("denominator", ["items", "kept", "weights", 7.0])
def test_a_mean_divides_by_what_is_asked_for(driver, denominator):
    logits, labels, weights = rows()
    options = {"reduction": "mean", "denominator": denominator, "upstream": 2.0}
    expected = refloss.cross_entropy.value_and_grad(logits, labels, class_weight=weights, **options)
    found = refloss.cross_entropy.value_and_grad(
        there(logits), there(labels), class_weight=there(weights), **options
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-15)
    np.testing.assert_allclose(found[1]["logits"], expected[1]["logits"], rtol=1e-14)
    assert ("total_kept" in driver.texts) == (denominator in ("kept", "weights"))


@pytest.mark.parametrize("classes", [2, 1024, 1025, 8193])
def test_rows_of_every_shape_of_launch(driver, classes):
    logits, labels, _ = rows("float32", 3 if classes > 2 else 20, classes)
    if classes == 1025:
        labels = labels.astype(np.int32)
    value, grad = refloss.cross_entropy.value_and_grad(logits, labels)
    found, slopes = refloss.cross_entropy.value_and_grad(there(logits), there(labels))
    np.testing.assert_array_max_ulp(np.asarray(found), value, 4)
    np.testing.assert_allclose(slopes["logits"], grad["logits"], rtol=2e-6, atol=1e-12)
    assert driver.launched[0][2] == (256 if classes < 8193 else 1024)


def rows_of(n):
    logits, labels, _ = rows(n=max(n, 18), classes=5)
    return logits[:n], labels[:n]


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_a_batch_of_nothing(driver, reduction):
    logits, labels = rows_of(0)
    for empty in ("nan", "zero"):
        options = {"reduction": reduction, "empty": empty}
        expected = refloss.cross_entropy(logits, labels, **options)
        assert same(refloss.cross_entropy(there(logits), there(labels), **options), expected)
    none = np.empty((0, 4), "f4")
    for loss in (refloss.giou, refloss.iou):
        assert same(
            loss(there(none), there(none), reduction=reduction),
            loss(none, none, reduction=reduction),
        )


def test_all_rows_ignored(driver):
    logits, _ = rows_of(20)
    labels = np.full(20, -100)
    for empty in ("nan", "zero"):
        options = {"reduction": "mean", "empty": empty}
        expected = refloss.cross_entropy.value_and_grad(logits, labels, **options)
        found = refloss.cross_entropy.value_and_grad(there(logits), there(labels), **options)
        assert same(found[0], expected[0])
        assert same(found[1]["logits"], expected[1]["logits"])


def test_a_class_that_does_not_exist_is_nan_in_its_row_and_is_never_read(driver):
    logits, labels, weights = rows()
    labels[[5, 9, 12]] = 33, -1, 2**40
    value, grad = refloss.cross_entropy.value_and_grad(
        there(logits), there(labels), class_weight=there(weights)
    )
    bad = np.isin(np.arange(40), (5, 9, 12))
    assert np.isnan(value[bad]).all()
    assert np.isnan(grad["logits"][bad]).all()
    assert np.isfinite(value[~bad]).all()
    assert np.isfinite(grad["logits"][~bad]).all()
    assert np.isnan(refloss.cross_entropy(there(logits), there(labels), reduction="mean"))


@pytest.mark.parametrize("n", [1, 255, 257, 3000])
def test_sums_are_those_of_exact_arithmetic_whatever_the_number_of_blocks(driver, n):
    pred, target, _ = boxes(n=n, seed=n)
    target[0] = pred[0]
    losses = np.asarray(refloss.ciou(there(pred), there(target)))
    found = set()
    for driver.blocks, driver.schedule in ((1, 0), (3, REVERSED), (40, 3)):
        found.add(float(np.asarray(refloss.ciou(there(pred), there(target), reduction="sum"))))
    assert found == {math.fsum(losses)}


def test_sums_are_taken_before_losses_are_rounded_to_16_bits(driver):
    n, tried = 3000, 0
    for k in range(1, 30):
        pred = np.tile(np.array([0.0, 0.0, 1.0, 1.0], "f2"), (n, 1))
        target = pred + np.array([0.0, 0.0, k / 16, 0.0], "f2")
        wide = [a[:1].astype("f4") for a in (pred, target)]
        one = refloss.iou(*wide, form="linear", backend="c", compute="float32")[0]
        early, late = np.float16(n * float(np.float16(one))), np.float16(n * float(one))
        if early != late:
            tried += 1
            found = refloss.iou(there(pred), there(target), form="linear", reduction="sum")
            assert found == late
    assert tried > 3


def test_infinite_losses_give_an_infinite_sum(driver):
    one = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    apart = one + np.array([[5.0], [0.0]])
    assert refloss.iou(there(one), there(apart), form="log", reduction="sum") == math.inf


def test_strides_misalignment_and_numbers_that_are_one_for_all(driver):
    pred, target, upstream = boxes("float32")
    expected = refloss.giou.grad(there(pred), there(target), upstream=there(upstream))
    holes = np.full((600, 8), np.nan, "f4")
    holes[::2, ::2] = pred
    shifted = np.empty(1201, "f4")[1:].reshape(300, 4)
    shifted[:] = target
    wide = np.repeat(upstream, 3)
    turned = refloss.giou.grad(
        there(holes[::2, ::2][::-1]), there(shifted[::-1]), upstream=there(wide[::-3])
    )
    for name, array in expected.items():
        assert same(turned[name][::-1], array)
    flat = refloss.giou.grad(there(pred), there(target), upstream=2.0)
    many = there(np.full(300, 2.0, "f4"))
    assert same(flat["pred"], refloss.giou.grad(there(pred), there(target), upstream=many)["pred"])
    array = there(np.array(2.0, "f4"))
    assert same(flat["pred"], refloss.giou.grad(there(pred), there(target), upstream=array)["pred"])


def test_nothing_comes_back_to_the_host_unless_values_are_to_be_checked(driver, monkeypatch):
    pred, target, _ = boxes(n=20)
    logits, labels, weights = rows()

    def refuse(self, *_):
        raise AssertionError("waited for the device")

    names = ("__float__", "__int__", "__bool__", "__index__", "item", "tolist", "__array__")
    fake = cuda.cupy()
    with monkeypatch.context() as patched:
        for name in names:
            patched.setattr(PretendArray, name, refuse, raising=False)
        patched.setattr(fake, "asnumpy", refuse)
        for reduction in ("none", "mean", "sum"):
            refloss.ciou.value_and_grad(
                there(pred), there(target), reduction=reduction, upstream=there(np.ones(()))
            )
            refloss.cross_entropy.value_and_grad(
                there(logits), there(labels), class_weight=there(weights), reduction=reduction
            )
        with pytest.raises(AssertionError, match="waited"):
            refloss.ciou(there(pred), there(target), check="values")


def test_values_are_checked_where_that_is_asked_for(driver):
    good = np.array([[0.0, 0.0, 1.0, 1.0]] * 3)
    bad = good.copy()
    bad[1] = 2.0, 0.0, 1.0, 1.0
    refloss.ciou(there(good), there(bad))
    words = r"target: expected boxes with x1 <= x2.* in row 1"
    with pytest.raises(ValueError, match=words):
        refloss.ciou(there(good), there(bad), check="values")
    bad[1] = np.nan
    with pytest.raises(ValueError, match=r"target: expected no NaN .* in row 1"):
        refloss.ciou(there(good), there(bad), nan="raise")
    logits, labels = rows_of(20)
    labels[4] = 5
    with pytest.raises(ValueError, match=r"target: expected classes from 0 to 4.* in row 4"):
        refloss.cross_entropy(there(logits), there(labels), check="values")
    weight = there(np.full(5, -1.0))
    with pytest.raises(ValueError, match="class_weight: expected finite numbers >= 0"):
        refloss.cross_entropy(
            there(logits), there(np.zeros(20, int)), class_weight=weight, check="values"
        )


CALLS = [
    ({}, (3, 4), (3, 4), "f8", "f4", TypeError, "target: expected float64 as pred, got float32"),
    ({}, (3, 4), (2, 4), "f8", "f8", ValueError, "target: expected 3 boxes as in pred, got 2"),
    ({}, (3, 5), (3, 4), "f8", "f8", ValueError, r"pred: expected shape \(N, 4\), got \(3, 5\)"),
    ({}, (3, 4), (3, 4), "i8", "i8", TypeError, "pred: expected one of float16.* got int64"),
    ({"compute": "float32"}, (3, 4), (3, 4), "f8", "f8", ValueError, "compute: expected 'float64'"),
    ({"check": "value"}, (3, 4), (3, 4), "f8", "f8", ValueError, "check: .*did you mean 'values'"),
]


@pytest.mark.parametrize(("options", "one", "two", "first", "second", "error", "words"), CALLS)
def test_arguments_are_refused_in_the_words_of_the_cpu(
    driver, options, one, two, first, second, error, words
):
    with pytest.raises(error, match=words):
        refloss.giou(there(np.zeros(one, first)), there(np.zeros(two, second)), **options)
    assert not driver.launched


def test_arrays_that_are_elsewhere_are_named(driver):
    pred, target, upstream = boxes(n=9)
    words = r"target: expected an array on cuda:0, as the other arrays; got ndarray on cpu"
    with pytest.raises(TypeError, match=words):
        refloss.giou(there(pred), target)
    with pytest.raises(TypeError, match="upstream: expected an array on cuda:0"):
        refloss.giou.grad(there(pred), there(target), upstream=upstream)
    with pytest.raises(TypeError, match=r"pass cupy.asarray\(pred\)"):
        refloss.giou(pred, target, backend="cuda")
    with pytest.raises(TypeError, match=r"pass cupy.asarray\(logits\)"):
        refloss.cross_entropy(pred, np.zeros(9, int), backend="cuda")
    with pytest.raises(TypeError, match="integers that int64 holds, got uint64"):
        refloss.cross_entropy(there(pred), there(np.zeros(9, "u8")))
    assert refloss.giou(pred, target).shape == (9,)


def test_memory_that_runs_out_says_how_much_was_needed(driver, monkeypatch):
    pred, target, _ = boxes(n=9)

    def full(shape, dtype):
        raise PretendMemoryError("Out of memory allocating 288 bytes")

    monkeypatch.setattr(cuda.cupy(), "empty", full)
    with pytest.raises(
        cuda.DeviceMemoryError, match=r"cuda:0 has no room for 72 bytes.*\(9,\) in float64"
    ):
        refloss.giou(there(pred), there(target))
    monkeypatch.setattr(cuda.cupy(), "empty", lambda shape, dtype: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        refloss.giou(there(pred), there(target))


@pytest.mark.parametrize("dtype", FORMATS)
def test_tensors_stay_tensors_and_run_on_torch_s_stream(driver, monkeypatch, dtype):
    class Home(TorchHome):
        def stream(self):
            return 17

    home = Home(torch, torch.device("cpu"), driver)
    monkeypatch.setattr("refloss.losses.backends.on_device", lambda value: True)
    monkeypatch.setattr(device_arrays, "_torch_home", lambda device: home)
    pred, target, upstream = boxes("float64")
    kind = getattr(torch, dtype)
    given = [torch.from_numpy(a).to(kind).requires_grad_() for a in (pred, target, upstream)]
    value, grad = refloss.ciou.value_and_grad(*given[:2], upstream=given[2])
    mean = refloss.ciou(*given[:2], reduction="mean")
    hosts = [a.detach() for a in given]
    options = {"backend": "c", "compute": COMPUTE.get(dtype, "float32"), "check": "none"}
    monkeypatch.undo()
    expected, slopes = refloss.ciou.value_and_grad(*hosts[:2], upstream=hosts[2], **options)
    for found, known in ((value, expected), *((grad[n], slopes[n]) for n in grad)):
        assert isinstance(found, torch.Tensor)
        assert found.dtype == kind
        assert not found.requires_grad
        assert torch.equal(torch.nan_to_num(found, 7.0), torch.nan_to_num(known, 7.0))
    assert mean.shape == ()
    assert {one[3] for one in driver.launched} == {17}
