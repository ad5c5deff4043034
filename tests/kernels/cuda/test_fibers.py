"""The fibers themselves: shuffles, barriers, and what a device would not forgive."""

import ctypes

import numpy as np
import pytest

from refloss.run.native import compiler

from .fibers import FLAGS, HERE, SCHEDULES
from .memory import LAYOUTS, Held

THREADS = 128


def launch(body: str, schedule: int = 0, blocks: int = 2):
    """Return what a kernel left in one number a thread, and the fault."""
    text = (
        f"{(HERE / 'fibers.cuh').read_text(encoding='utf-8')}\n"
        f'extern "C" __global__ void tried(int* out) {{ const int t = int(threadIdx.x);\n'
        f"int* mine = out + blockIdx.x*blockDim.x + t;\n{body}\n}}\nLAUNCHED(tried)\n"
    )
    function = compiler.load(text, FLAGS).launch_tried
    function.restype = ctypes.c_char_p
    found = np.full(blocks * THREADS, -7, np.int32)
    pointer = ctypes.c_void_p(found.ctypes.data)
    arguments = (ctypes.c_void_p * 1)(ctypes.addressof(pointer))
    fault = function(blocks, THREADS, schedule, arguments)
    return found.reshape(blocks, THREADS), fault and fault.decode()


def test_a_shuffle_moves_numbers_of_any_size_across_a_warp():
    found, fault = launch(
        "struct Three { float a, b; int c; };\n"
        "const Three far = __shfl_xor_sync(0xffffffffu, Three{0.5f*t, 2.0f*t, t}, 5);\n"
        "const double wide = __shfl_xor_sync(0xffffffffu, 3.0*far.c, 16);\n"
        "*mine = far.a == 0.5f*far.c && far.b == 2.0f*far.c ? int(wide) : -1;"
    )
    assert fault is None
    assert (found == 3 * (np.arange(THREADS) ^ 5 ^ 16)).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_barrier_makes_shared_memory_visible(schedule):
    found, fault = launch(
        "__shared__ int all[128]; all[t] = t; __syncthreads(); *mine = all[127 - t];", schedule
    )
    assert fault is None
    assert (found == 127 - np.arange(THREADS)).all()


def test_schedules_show_a_barrier_that_is_missing():
    body = "__shared__ int all[128]; all[t] = t; *mine = all[127 - t];"
    forward, reverse, shuffled = (launch(body, schedule)[0] for schedule in (0, 1, 2))
    assert not np.array_equal(forward, reverse)
    assert not np.array_equal(forward, shuffled)


def test_shared_memory_does_not_outlive_a_block():
    found, _ = launch("__shared__ int all[128]; *mine = all[t]; all[t] = t;", blocks=3)
    assert (found == -1).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("if (t != 5) __syncthreads();", "a barrier is reached by some threads only"),
        ("if (t < 32) __syncthreads();", "a barrier is reached by some threads only"),
        (
            "if (t < 5) *mine = __shfl_xor_sync(0xffffffffu, t, 1);",
            "a barrier is reached by some threads only",
        ),
        (
            "if (t < 5) *mine = __shfl_xor_sync(0xffffffffu, t, 1); else __syncthreads();",
            "threads wait at different barriers",
        ),
        (
            "*mine = __shfl_xor_sync(0xffffffffu, t, t < 5 ? 1 : 2);",
            "threads wait at different barriers",
        ),
        ("*mine = __shfl_xor_sync(0xffffu, t, 1);", "a shuffle of a part of a warp"),
    ],
)
def test_threads_that_do_not_meet_are_a_fault_and_the_next_launch_is_sound(body, fault, schedule):
    body = f"if (out[0] == -7) {{ {body} }} else {{ __syncthreads(); *mine = t; }}"
    assert launch(body, schedule)[1] == fault
    found, none = launch(body.replace("== -7", "== 3"), schedule)
    assert none is None
    assert (found == np.arange(THREADS)).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(5,), (5, 4), (3, 7)])
def test_memory_shows_what_was_not_written_and_what_was_beside_an_array(layout, shape):
    held = Held("1" if len(shape) == 1 else "bc", shape, np.dtype(np.float32), layout)
    with pytest.raises(AssertionError, match=f"{np.prod(shape)} elements were not written"):
        held.result()
    numbers = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    held.view[...] = numbers
    np.testing.assert_array_equal(held.result(), numbers)
    steps = zip(shape, held.view.strides, strict=True)
    beyond = held.view.ctypes.data + sum(max((n - 1) * step, 0) for n, step in steps)
    ctypes.c_float.from_address(beyond + 4).value = 1.0
    with pytest.raises(AssertionError, match="bytes around the array were written"):
        held.result()
