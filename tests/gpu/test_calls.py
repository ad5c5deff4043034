"""Public functions on a device: results, streams, memory, and that nothing waits."""

import math

import numpy as np
import pytest

import refloss
from refloss.run import device_arrays
from refloss.run.native.driver import Driver
from tests.losses.test_device import COMPUTE, FORMATS, LOSSES, boxes, rows

pytestmark = pytest.mark.gpu

SPIN = """extern "C" __global__ void spin(long long cycles) {
    const long long start = clock64();
    while (clock64() - start < cycles) {}
}"""
LONG = 400_000_000  # cycles: some tenths of a second


def same(cupy, found, expected):
    assert isinstance(found, cupy.ndarray)
    assert found.dtype == expected.dtype
    wide = [np.asarray(a).astype(np.float64) for a in (cupy.asnumpy(found), expected)]
    return np.array_equal(*wide, equal_nan=True)


@pytest.fixture
def busy(cupy):
    """Return a function that keeps the current stream busy for a while."""
    kernel = cupy.RawKernel(SPIN, "spin")
    return lambda: kernel((1,), (1,), (np.int64(LONG),))


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("layout", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize(("name", "axes"), LOSSES, ids=str)
def test_boxes_have_the_bits_of_the_cpu(cupy, name, axes, layout, dtype):
    pred, target, upstream = boxes(dtype, n=100_000)
    loss, options = getattr(refloss, name), {**axes, "layout": layout}
    host = {"backend": "c", "compute": COMPUTE.get(dtype, "float32"), "check": "none", **options}
    expected = loss.value_and_grad(pred, target, upstream=upstream, **host)
    there = [cupy.asarray(a) for a in (pred, target, upstream)]
    found = loss.value_and_grad(*there[:2], upstream=there[2], **options)
    assert same(cupy, found[0], expected[0])
    for box in ("pred", "target"):
        assert same(cupy, found[1][box], expected[1][box])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("classes", [2, 33, 1025, 10_000, 300_000])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_rows_are_near_those_of_numpy(cupy, dtype, classes, reduction):
    logits, labels, weights = rows(dtype, 40, classes)
    options = {"reduction": reduction, "label_smoothing": 0.1}
    call = refloss.cross_entropy.value_and_grad
    value, grad = call(logits, labels, class_weight=weights, **options)
    there = [cupy.asarray(a) for a in (logits, labels, weights)]
    found, slopes = call(*there[:2], class_weight=there[2], **options)
    room = (32 if dtype == "float32" else 8) * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(cupy.asnumpy(found), value, rtol=room)
    got, expected = cupy.asnumpy(slopes["logits"]), grad["logits"]
    np.testing.assert_allclose(got, expected, rtol=room, atol=room * np.abs(expected).max())


def test_sums_do_not_depend_on_the_number_of_blocks_and_repeat(cupy, monkeypatch):
    class Small(Driver):
        def room(self, kernel, block):
            return 5

    pred, target, _ = boxes("float32", n=1_000_000)
    pred[0] = target[0]
    there = [cupy.asarray(a) for a in (pred, target)]
    losses = cupy.asnumpy(refloss.ciou(*there, compute="float32")).astype(np.float64)
    found = [refloss.ciou(*there, reduction="sum") for _ in range(3)]
    small = Small(0)
    monkeypatch.setattr(device_arrays, "driver", lambda index: small)
    found.append(refloss.ciou(*there, reduction="sum"))
    assert {float(one) for one in found} == {float(np.float32(math.fsum(losses)))}


def test_nothing_waits(cupy, busy):
    pred, target, _ = (cupy.asarray(a) for a in boxes("float32", n=1000))
    logits, labels, weights = (cupy.asarray(a) for a in rows("float32"))

    def calls(reduction):
        one = refloss.ciou.value_and_grad(pred, target, reduction=reduction)
        options = {"class_weight": weights, "reduction": reduction}
        return one, refloss.cross_entropy.value_and_grad(logits, labels, **options)

    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        for reduction in ("none", "mean", "sum"):
            calls(reduction)  # compiles, and fills the pool of memory
            stream.synchronize()
            busy()
            calls(reduction)
            assert not stream.done, reduction
            stream.synchronize()


def test_streams_of_cupy_each_see_their_own_inputs(cupy, busy):
    pred, target, _ = boxes("float32", n=10_000)
    refloss.giou(cupy.asarray(pred), cupy.asarray(target))
    cupy.cuda.Device().synchronize()
    results = []
    for shift in range(4):
        with cupy.cuda.Stream(non_blocking=True) as stream:
            moved = cupy.zeros_like(cupy.asarray(pred))
            busy()
            moved += cupy.asarray(pred) + np.float32(shift)
            results.append((shift, stream, refloss.giou(moved, cupy.asarray(target))))
    for shift, stream, found in results:
        stream.synchronize()
        options = {"backend": "c", "compute": "float32", "check": "none"}
        assert same(cupy, found, refloss.giou(pred + np.float32(shift), target, **options))


@pytest.mark.parametrize("dtype", FORMATS)
def test_tensors_run_on_torch_s_stream_and_stay_tensors(cupy, dtype):
    torch = _torch()
    pred, target, upstream = boxes("float64", n=1000)
    here = [torch.from_numpy(a).to(getattr(torch, dtype)) for a in (pred, target, upstream)]
    options = {"backend": "c", "compute": COMPUTE.get(dtype, "float32"), "check": "none"}
    expected, slopes = refloss.ciou.value_and_grad(*here[:2], upstream=here[2], **options)
    there = [a.cuda().requires_grad_() for a in here]
    refloss.ciou.value_and_grad(*there[:2], upstream=there[2])
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        late = [torch.zeros_like(a) for a in there]
        torch.cuda._sleep(LONG)
        for one, a in zip(late, there, strict=True):
            one.copy_(a.detach())
        value, grad = refloss.ciou.value_and_grad(*late[:2], upstream=late[2])
        mean = refloss.ciou(*late[:2], reduction="mean")
        assert not stream.query()
    stream.synchronize()
    assert mean.shape == ()
    assert mean.is_cuda
    for found, known in ((value, expected), *((grad[n], slopes[n]) for n in grad)):
        assert found.is_cuda
        assert found.dtype == known.dtype
        assert torch.equal(torch.nan_to_num(found.cpu(), 7.0), torch.nan_to_num(known, 7.0))


def test_classes_that_do_not_exist_are_nan(cupy):
    logits, labels, _ = rows("float32")
    labels[[5, 9]] = 33, 2**40
    value, grad = refloss.cross_entropy.value_and_grad(cupy.asarray(logits), cupy.asarray(labels))
    bad = np.isin(np.arange(len(labels)), (5, 9))
    assert (np.isnan(cupy.asnumpy(value)) == bad).all()
    assert (np.isnan(cupy.asnumpy(grad["logits"])).all(axis=1) == bad).all()


def test_values_are_checked_where_that_is_asked_for(cupy):
    bad = cupy.asarray(np.array([[2.0, 0.0, 1.0, 1.0]]))
    assert refloss.giou(bad, bad).shape == (1,)
    with pytest.raises(ValueError, match="pred: expected boxes with x1 <= x2"):
        refloss.giou(bad, bad, check="values")


def test_memory_that_runs_out_is_a_clear_error(cupy):
    from refloss.run.cuda import DeviceMemoryError

    one = cupy.zeros((1, 4), "f4")
    huge = cupy.broadcast_to(one, (2**42, 4))
    with pytest.raises(DeviceMemoryError, match="has no room for 17,592,186,044,416 bytes"):
        refloss.giou(huge, huge)


def _torch():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    return torch
