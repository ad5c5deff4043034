"""Probes of pairs of vectors: distances on both sides of every usual margin, and none at one.

Vectors are 32nds, the same in every format. Losses of pairs depend on a distance alone, so a few
lengths of vectors and both labels tell their conventions apart; the mean of squares instead of
their sum is told by the number of coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.formats import format_of
from crossval.oracles.texts import load
from crossval.points.probes import (
    Arrays,
    Definition,
    Prediction,
    Probe,
    Prober,
    Reading,
    counts,
)

__all__ = ["PAIRS"]

_ROWS = {"smoke": 24, "standard": 48, "full": 128}
_PARTS = (3, 5, 8)
_BATCHES = ((1, 3), (2, 5), (3, 3), (5, 4), (8, 5))
"""Pairs, and numbers of a vector."""


def _drawn(parts: int, count: int, seed: int) -> Arrays:
    """Draw vectors up to 2 apart; one number of each is drawn away from the other's."""
    random = np.random.Generator(np.random.PCG64(seed + parts))
    first = random.integers(-32, 33, (count, parts)) / 32
    reach = np.arange(count) % 4 + 1
    apart = random.integers(-8, 9, (count, parts)) * reach[:, None] / 32
    apart[:, 0] = (random.integers(1, 7, count) * reach + 0.5) / 32
    same = np.arange(count) % 2
    return {"x1": first, "x2": first - apart, "same": random.permutation(same)}


def _probe(dtype: str, drawn: Arrays) -> Probe:
    number = format_of(dtype)
    random = np.random.Generator(np.random.PCG64(6))
    count = len(drawn["same"])
    sign = 1 - 2.0 * random.integers(0, 2, count)
    upstream = number.round(sign * random.integers(2, 16, count) / 8)
    vectors = {name: number.round(drawn[name]) for name in ("x1", "x2")}
    return Probe({**vectors, "same": drawn["same"]}, upstream)


def _rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    return [_probe(dtype, _drawn(parts, _ROWS[level], 12)) for parts in _PARTS]


def _batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    return [_probe(dtype, _drawn(parts, count, 40 + count)) for count, parts in _BATCHES]


def _predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel."""
    spec = definition.spec
    with np.errstate(all="ignore"):
        value, *bars = _grad(spec.program)(*inputs.values(), upstream, **spec.constants)
    return value, dict(zip(("x1", "x2"), bars, strict=True))


@lru_cache(maxsize=16)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _denominators(probe: Probe) -> dict[str, float]:
    same, known = probe.inputs["same"], counts(probe)
    rows, parts = len(probe), float(probe.inputs["x1"].shape[1])
    return {
        "N (items)": known.pop("N (mean)"),
        **known,
        "N * D": rows * parts,
        "D, the numbers of a vector": parts,
        "2 N": 2.0 * rows,
        "the pairs of label 1": float(same.sum()),
        "the pairs of label 0": float(rows - same.sum()),
    }


def _scale(inputs: Arrays) -> np.ndarray:
    """Return the size of what differences are taken of, and of a margin."""
    return 1 + np.abs(inputs["x1"]).max(axis=1) + np.abs(inputs["x2"]).max(axis=1)


def _swapped(of: Arrays) -> Arrays:
    return {**of, "x1": of["x2"], "x2": of["x1"]}


_READINGS = (Reading("swapped", "its first vector is the second", _swapped, _swapped),)

PAIRS = Prober(
    "pairs",
    _rows,
    _batches,
    _predict,
    _denominators,
    _scale,
    _READINGS,
    axis="denominator",
    means={"N (items)": "items"},
)
"""Pairs of vectors with a label each."""
