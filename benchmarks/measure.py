"""One workload at a time: its timings, its roofline, its memory, and what they depend on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from benchmarks import clock, memory
from benchmarks.variants import OURS, spec, variant

DTYPES = {"float32": 4, "float64": 8}
NUMBERS_IN, NUMBERS_OUT = 8, 9  # four coordinates of two boxes; the loss and eight gradients


@dataclass(frozen=True)
class Row:
    """The timings of one loss, dtype and size.

    Attributes
    ----------
    operations : int
        Array operations of the shipped kernel for value and gradient.
    seconds : dict of str to float
        Median time of one call by variant; ``"copy"`` is the roofline.
    spread : float
        Interquartile distance over the median, of each of ours.
    """

    loss: str
    dtype: str
    size: int
    operations: int
    seconds: dict[str, float]
    spread: dict[str, float]

    def ratio(self, peer: str, ours: str = "refloss") -> float | None:
        """Return how many times longer `peer` takes than one of ours, None if one is absent."""
        if peer not in self.seconds or ours not in self.seconds:
            return None
        return self.seconds[peer] / self.seconds[ours]

    def nanoseconds(self, ours: str = "refloss") -> float:
        """Return the time of one of ours for one pair."""
        return 1e9 * self.seconds[ours] / self.size


@dataclass(frozen=True)
class Peak:
    """Peak memory over the size of the outputs, by variant."""

    loss: str
    dtype: str
    size: int
    over_outputs: dict[str, float]


def operations(loss: str) -> int:
    """Return how many array operations the kernel of `loss` takes for value and gradient."""
    index = json.loads((files("refloss.kernels") / "index.json").read_text())
    return index["programs"][spec(loss).program]["operations"]["grad"]


def measure(loss: str, dtype: str, size: int, peers: list[str], rounds: int, threads: int) -> Row:
    """Time refloss and its peers on one workload."""
    calls = {name: variant(name, loss, dtype, size) for name in [*OURS, *peers]}
    calls["copy"] = clock.copier((NUMBERS_IN + NUMBERS_OUT) * DTYPES[dtype] * size)
    present = {name: call for name, call in calls.items() if call is not None}
    timings = clock.compare(present, rounds=rounds, least=0.05, threads=threads)
    medians = {name: timing.median for name, timing in timings.items()}
    spread = {name: timings[name].spread for name in OURS if name in timings}
    return Row(loss, dtype, size, operations(loss), medians, spread)


def measure_memory(loss: str, dtype: str, size: int) -> Peak:
    """Measure the peak memory of refloss and of eager PyTorch."""
    outputs = NUMBERS_OUT * DTYPES[dtype] * size
    names = ("refloss", "c", "eager")
    peaks = {name: memory.peak(name, loss, dtype, size) / outputs for name in names}
    return Peak(loss, dtype, size, peaks)


def environment(threads: int, pinned: str) -> dict[str, str]:
    """Return what the figures depend on."""
    names = ("refloss", "numpy", "torch", "torchvision")
    versions = {name: importlib.metadata.version(name) for name in names}
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    system = {"python": platform.python_version(), "processor": processor(), "load before": load}
    return versions | system | {"threads": str(threads), "affinity": pinned}


def processor() -> str:
    """Return the name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
