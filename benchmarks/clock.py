"""Repeatable timing: one process, pinned cores, rounds that visit every variant in turn."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: median and quartiles over the rounds."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Distance of the quartiles over the median."""
        return (self.high - self.low) / self.median


def pin(threads: int) -> str:
    """Keep this process on `threads` cores where the system allows it; return what was done."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned: the system offers no processor affinity"
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    os.sched_setaffinity(0, cores)
    return f"pinned to {len(cores)} core{'s' * (len(cores) > 1)}"


def seconds(call: Call, repeats: int, clock: Callable[[], float]) -> float:
    """Return the time of one of `repeats` calls."""
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def compare(
    calls: Mapping[str, Call], *, rounds: int, least: float, threads: int
) -> dict[str, Timing]:
    """Time every call, one after another, round after round.

    Parameters
    ----------
    calls : mapping of str to callable
        The variants by name.
    rounds : int
        Rounds in which each variant is measured once, after one that only warms up.
    least : float
        Seconds that one measurement lasts at least: fast calls are repeated.
    threads : int
        With one thread the processor time of this process is taken, which other processes do not
        disturb; with more the time on the wall, since processor time hides waiting.

    Returns
    -------
    dict of str to Timing
    """
    clock = time.process_time if threads == 1 else time.perf_counter
    repeats = {name: warm_up(call, least, clock) for name, call in calls.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()  # what another variant gave back to the system is fetched anew outside the time
            taken[name].append(seconds(call, repeats[name], clock))
    return {name: summary(times) for name, times in taken.items()}


def warm_up(call: Call, least: float, clock: Callable[[], float]) -> int:
    """Return how many calls take at least `least` seconds, once caches and allocators are warm."""
    call()
    repeats, taken = 1, seconds(call, 1, clock)
    while repeats * taken < least / 4:
        repeats *= 4
        taken = seconds(call, repeats, clock)
    return max(1, round(least / taken))


def summary(times: list[float]) -> Timing:
    """Return the median and the quartiles of a list of times."""
    low, median, high = np.quantile(times, [0.25, 0.5, 0.75]).tolist()
    return Timing(median=median, low=low, high=high)


def copier(size: int) -> Call:
    """Return a call that moves `size` bytes through the processor, half read and half written."""
    source = np.ones(size // 16)
    target = np.empty_like(source)
    return lambda: np.copyto(target, source)


def geometric_mean(ratios: list[float]) -> float:
    """Return the mean that treats a ratio and its inverse alike."""
    return statistics.geometric_mean(ratios)
