"""What is said where CUDA is asked for and cannot be had."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import refloss
from refloss.run import cuda
from refloss.run.arrays import on_device
from refloss.run.device_arrays import home_of


@pytest.fixture(autouse=True)
def fresh():
    cuda.cupy.cache_clear()
    yield
    cuda.cupy.cache_clear()


def installed(monkeypatch, empty):
    fake = SimpleNamespace(__version__="14.2.0", empty=empty)
    monkeypatch.setitem(sys.modules, "cupy", fake)
    return fake


def test_without_cupy_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    boxes = np.zeros((1, 4))
    with pytest.raises(
        cuda.DeviceError, match=r"needs CuPy .*: pip install 'refloss\[cuda\]'"
    ) as e:
        refloss.giou(boxes, boxes, backend="cuda")
    assert "\n" not in str(e.value)
    with pytest.raises(cuda.DeviceError, match="needs CuPy"):
        refloss.cross_entropy(boxes, np.array([0]), backend="cuda")
    assert refloss.giou(boxes, boxes) == 1.0


def test_without_a_device_one_line_says_why(monkeypatch):
    def fail(*_):
        raise RuntimeError("cudaErrorInsufficientDriver: too old\nmore about it")

    installed(monkeypatch, fail)
    words = r"CuPy 14.2.0 finds no CUDA device .*\(cudaErrorInsufficientDriver: too old\).* driver$"
    with pytest.raises(cuda.DeviceError, match=words):
        refloss.giou(np.zeros((1, 4)), np.zeros((1, 4)), backend="cuda")


def test_a_device_is_probed_by_one_element_once(monkeypatch):
    asked = []
    fake = installed(monkeypatch, lambda *shape: asked.append(shape))
    assert cuda.cupy() is fake
    assert cuda.cupy() is fake
    assert asked == [(1, "f4")]


def test_importing_and_calling_on_the_cpu_loads_nothing_of_cuda():
    code = (
        "import sys, numpy, refloss\n"
        "b = numpy.zeros((1, 4)); refloss.giou(b, b); refloss.cross_entropy(b, numpy.array([0]))\n"
        "print(*(n for n in sys.modules if 'cupy' in n or 'refloss.run.native' in n\n"
        "        or n == 'refloss.run.cuda' or 'device' in n and 'refloss' in n))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
    assert found.stderr == ""


class Elsewhere:
    """An array of another library, by DLPack."""

    def __init__(self, kind):
        self.kind = kind

    def __dlpack_device__(self):
        return self.kind, 0


def test_arrays_on_devices_are_recognised():
    import torch

    assert not on_device(np.zeros(2))
    assert not on_device(np.float64(1))
    assert not on_device([1.0])
    assert not on_device(torch.zeros(2))
    assert not on_device(Elsewhere(1))
    assert on_device(Elsewhere(2))
    assert on_device(Elsewhere(13))
    assert on_device(SimpleNamespace(__cuda_array_interface__={}))


def test_a_backend_of_the_cpu_refuses_arrays_on_a_device():
    for backend in ("numpy", "c"):
        with pytest.raises(TypeError, match="CPU kernels take CPU arrays, got Elsewhere"):
            refloss.giou(Elsewhere(2), Elsewhere(2), backend=backend)
    with pytest.raises(TypeError, match="CPU kernels take CPU arrays, got Elsewhere"):
        refloss.giou.trace(Elsewhere(2), Elsewhere(2))


def test_arrays_of_other_libraries_pass_by_dlpack_and_come_back(monkeypatch):
    from tests.run.native.pretend import PretendArray, PretendDriver, pretend_cupy

    class Other(Elsewhere):
        def __dlpack__(self):
            return None

        def __array_namespace__(self):
            return SimpleNamespace(from_dlpack=lambda array: ("back", array))

    fake = pretend_cupy(monkeypatch, PretendDriver())
    fake.from_dlpack = lambda value: PretendArray.of(np.array([[0.0, 0.0, 1.0, 1.0]]))
    kind, value = refloss.giou(Other(2), Other(2))
    assert kind == "back"
    assert value == 0.0


def test_elements_must_lie_at_multiples_of_their_size(monkeypatch):
    from tests.run.native.pretend import PretendArray, PretendDriver, pretend_cupy

    pretend_cupy(monkeypatch, PretendDriver())
    odd = np.zeros(8 * 8 + 1, np.uint8)[1:].view("f8").reshape(2, 4)
    home = home_of("pred", PretendArray.of(np.zeros((2, 4))))
    with pytest.raises(ValueError, match="pred: expected elements of 8 bytes at multiples of 8"):
        home.adopt("pred", PretendArray.of(odd))
