"""A device that is none: arrays in NumPy's memory, kernels run by fibers.

All of the path of a call on a device is the real one, from the public functions to the bytes that
a launch is given; only CuPy's arrays and the launch itself are replaced. New memory is NaN.
"""

from __future__ import annotations

import ctypes
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from refloss.run import cuda
from refloss.run.native import compiler
from tests.kernels.cuda import fibers
from tests.kernels.cuda.fibers import FLAGS, FORWARD, Fault

__all__ = ["PretendArray", "PretendDriver", "PretendMemoryError", "pretend_cupy"]

HEADER = Path(fibers.__file__).with_name("fibers.cuh")


class PretendMemoryError(MemoryError):
    """What the pretended CuPy raises where there is no room."""


class PretendArray(np.ndarray):
    """A NumPy array that says it lies on a device."""

    @property
    def data(self):
        return SimpleNamespace(ptr=self.ctypes.data)

    @property
    def device(self):
        return SimpleNamespace(id=0)

    @property
    def __cuda_array_interface__(self):
        return {"version": 3}

    @classmethod
    def of(cls, array):
        """Return a view of a NumPy array."""
        return np.asarray(array).view(cls)


class PretendDriver:
    """Launches by fibers; keeps what it was asked to compile and to launch."""

    def __init__(self, room=3, schedule=FORWARD):
        self.blocks, self.schedule = room, schedule
        self.texts, self.launched = {}, []

    def kernel(self, text, name):
        """Return a function that takes pointers to arguments."""
        self.texts[name] = text
        whole = f"{HEADER.read_text(encoding='utf-8')}\n{text}\nLAUNCHED({name})\n"
        function = getattr(compiler.load(whole, FLAGS), f"launch_{name}")
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p]
        return name, function

    def room(self, kernel, block):
        """Return how many blocks run at a time."""
        return self.blocks

    def launch(self, kernel, grid, block, arguments, stream):
        """Run a kernel to its end."""
        name, function = kernel
        assert grid > 0
        assert all(one.size == 1 for one in arguments)  # what CuPy passes by value
        self.launched.append((name, grid, block, stream))
        addresses = [one.__array_interface__["data"][0] for one in arguments]
        pointers = (ctypes.c_void_p * len(addresses))(*addresses)
        fault = function(grid, block, self.schedule, pointers)
        if fault:
            raise Fault(f"{name}: {fault.decode()}")


def poisoned(shape, dtype="f8"):
    """Return new memory."""
    size = int(np.prod(shape))
    raw = np.full(size * np.dtype(dtype).itemsize + 64, 0xFF, np.uint8)
    start = -raw.ctypes.data % 64
    whole = raw[start : start + size * np.dtype(dtype).itemsize]
    return whole.view(dtype).reshape(shape).view(PretendArray)


def pretend_cupy(monkeypatch, driver):
    """Let CuPy be there, with one device."""
    fake = SimpleNamespace(
        __version__="0",
        ndarray=PretendArray,
        empty=poisoned,
        asarray=PretendArray.of,
        from_dlpack=PretendArray.of,
        asnumpy=np.asarray,
        cuda=SimpleNamespace(
            Device=lambda index: nullcontext(),
            memory=SimpleNamespace(OutOfMemoryError=PretendMemoryError),
        ),
    )
    monkeypatch.setattr(cuda, "cupy", lambda: fake)
    monkeypatch.setattr("refloss.run.device_arrays.driver", lambda index: driver)
    return fake
