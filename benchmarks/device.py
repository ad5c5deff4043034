"""What a CUDA device allows, and what a call on it takes: time, memory, launches."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from refloss.run import cuda

Call = Callable[[], object]

WARM_UPS, ROUNDS = 5, 30
COPIED = 4 << 30  # bytes moved, half read and half written, to measure the ceiling


def ceiling() -> float:
    """Return the bytes a second that copying within the device moves, reads and writes counted."""
    cupy = cuda.cupy()
    free = cupy.cuda.Device().mem_info[0]
    size = min(COPIED, free // 4) // 2
    source, target = cupy.ones(size, "u1"), cupy.empty(size, "u1")
    seconds = median_seconds([lambda: cupy.copyto(target, source)])
    return 2 * size / seconds


def median_seconds(calls: Sequence[Call]) -> float:
    """Return the median time of a call on the device; `calls` differ in their buffers only."""
    return compare({"": calls})[""]


def compare(variants: Mapping[str, Sequence[Call]]) -> dict[str, float]:
    """Time variants in turn, round after round, by events on the current stream.

    Parameters
    ----------
    variants : mapping of str to sequence of callable
        The same call on several sets of buffers, used in rotation, so that none stays in the cache.

    Returns
    -------
    dict of str to float
        Median seconds from the start of a call to the end of its work: where the device waits for
        the host, that waiting too.
    """
    cupy = cuda.cupy()
    taken: dict[str, list[float]] = {name: [] for name in variants}
    start, stop = cupy.cuda.Event(), cupy.cuda.Event()
    for turn in range(WARM_UPS + ROUNDS):
        for name, calls in variants.items():
            call = calls[turn % len(calls)]
            cupy.cuda.Device().synchronize()
            start.record()
            kept = call()
            stop.record()
            stop.synchronize()
            del kept
            if turn >= WARM_UPS:
                taken[name].append(cupy.cuda.get_elapsed_time(start, stop) / 1e3)
    return {name: statistics.median(times) for name, times in taken.items()}


def peak(call: Call, library: str) -> int:
    """Return the bytes by which a call's memory peaks, in CuPy's pool or in torch's."""
    call()
    cupy = cuda.cupy()
    cupy.cuda.Device().synchronize()
    if library == "torch":
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.total_bytes()
    call()  # what the pool gives back within the call it does not return to the device
    cupy.cuda.Device().synchronize()
    return pool.total_bytes() - before


def launches(call: Call) -> int:
    """Return how many kernels a call launches; copies and fills count as well."""
    import torch

    call()
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        call()
        torch.cuda.synchronize()
    events: Any = profile.events()
    return sum(str(event.device_type) == "DeviceType.CUDA" for event in events)


def free() -> None:
    """Give unused memory of both libraries back to the device."""
    import torch

    cuda.cupy().get_default_memory_pool().free_all_blocks()
    torch.cuda.empty_cache()


@contextmanager
def poisoned() -> Iterator[None]:
    """Fill all memory that CuPy hands out with NaN, so that what is not written shows."""
    cupy = cuda.cupy()
    before = cupy.cuda.get_allocator()

    def allocate(size: int) -> Any:
        memory = before(size)
        memory.memset_async(0xFF, size)
        return memory

    cupy.cuda.set_allocator(allocate)
    try:
        yield
    finally:
        cupy.cuda.set_allocator(before)


def facts() -> dict[str, str]:
    """Return what the figures depend on."""
    cupy = cuda.cupy()
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    name = properties["name"]
    return {
        "device": name.decode() if isinstance(name, bytes) else str(name),
        "multiprocessors": str(properties["multiProcessorCount"]),
        "driver": str(cupy.cuda.runtime.driverGetVersion()),
        "cupy": cupy.__version__,
        "nvrtc": ".".join(map(str, cupy.cuda.nvrtc.getVersion())),
    }
