"""Launches on a device, called as those of fibers are, with the same guarded memory."""

from __future__ import annotations

from functools import cache

import numpy as np

from refloss.run import cuda
from refloss.run.device_arrays import DeviceArray, home_of
from refloss.run.native.device import program_kernel
from refloss.run.native.launches import Shape
from refloss.run.native.unit import ABSENT, CONSTANTS_LEAST, SAME
from tests.kernels.cuda.fibers import texts
from tests.kernels.cuda.memory import ALIGNED, Held
from tests.kernels.cuda.runs import AXES, constants_in

__all__ = ["launch"]


def launch(
    unit,
    sizes,
    inputs,
    constants,
    *,
    block=128,
    group=32,
    blocks=3,
    schedule=0,
    layout="whole",
    ignore=-1,
    kernel=None,
):
    """Return the outputs of one launch; `schedule` is the device's own."""
    cupy, constants = cuda.cupy(), constants_in(unit, constants)
    home = home_of("probe", cupy.empty(1, "f4"))
    run = _kernel(home.driver, unit, len(sizes), Shape(block, group))
    run._room = blocks
    held = {}
    for name, kind, form in (*unit.inputs, *unit.outputs):
        if form in (SAME, ABSENT):
            continue
        if name in inputs:
            array = np.asarray(inputs[name]).astype(_dtype(form))
            held[name] = Held.of(array, kind, layout, ignore)
        else:
            shape = tuple(4 if axis is None else sizes[axis] for axis in AXES[kind])
            held[name] = Held(kind, shape, _dtype(form), layout)
    memory = {name: _copied(cupy, one._raw) for name, one in held.items()}
    before = {name: held[name].bytes() for name in inputs if name in held}
    arrays = [
        _described(memory[name], held[name], form) if name in held else _number(inputs, name, form)
        for name, _, form in (*unit.inputs, *unit.outputs)
    ]
    numbers = [float(constants[name]) for name in unit.arguments]
    numbers += [0.0] * (CONSTANTS_LEAST - len(numbers))
    if sizes[0]:
        run.launch(home, sizes, arrays, numbers, ignore=ignore)
    for name, one in held.items():
        one._raw[:] = cupy.asnumpy(memory[name])
    for name, bytes_before in before.items():
        assert (held[name].bytes() == bytes_before).all(), f"{name} was written"
    return {name: held[name].result() for name, _, _ in unit.outputs if name in held}


@cache
def _kernel(driver, unit, sizes, shape):
    return program_kernel(driver, unit, *texts(unit.program), sizes, shape)


def _dtype(form):
    from crossval.bits import dtype_of
    from crossval.oracles.formats import format_of

    return np.dtype(np.int64) if form == "int64" else dtype_of(format_of(form))


def _copied(cupy, raw):
    """Return bytes on the device, aligned as they were."""
    memory = cupy.asarray(raw)
    assert memory.data.ptr % ALIGNED == raw.ctypes.data % ALIGNED == 0
    return memory


def _described(memory, held, form):
    at = memory.data.ptr + held.view.ctypes.data - held._raw.ctypes.data
    strides = tuple(stride // held.view.itemsize for stride in held.view.strides)
    return DeviceArray(at, held.view.shape, strides, form, memory)


def _number(inputs, name, form):
    return float(inputs[name]) if form == SAME else None
