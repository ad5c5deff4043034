"""Probes of triplets of vectors: differences of distances on both sides of every usual margin.

Vectors are 32nds, the same in every format. Losses of triplets depend on two or three distances, so
a few lengths tell their conventions apart; the mean of squares instead of their sum is told by the
number of coordinates, and swapped pairs by negatives that are nearer to the positive.
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
from crossval.points.triplets import INPUTS
from crossval.points.vector_readings import of_unit_vectors, through_units

__all__ = ["TRIPLETS"]

_ROWS = {"smoke": 24, "standard": 48, "full": 128}
_PARTS = (3, 5, 8)
_BATCHES = ((1, 3), (2, 5), (3, 3), (5, 4), (8, 5))
"""Triplets, and numbers of a vector."""


def _drawn(parts: int, count: int, seed: int) -> Arrays:
    """Draw triplets of which most miss their margin, and some keep it.

    One number of each is drawn away from the other vectors', by odd 64ths: no two distances are
    the same.
    """
    random = np.random.Generator(np.random.PCG64(seed + parts))
    anchor = random.integers(-32, 33, (count, parts)) / 32
    reach = np.arange(count) % 4 + 1
    near = random.integers(-8, 9, (count, parts)) * (5 - reach)[:, None] / 32
    far = random.integers(-8, 9, (count, parts)) * reach[:, None] / 32
    near[:, 0] = (random.integers(1, 7, count) * reach + 0.5) / 32
    far[:, 1] = (random.integers(2, 8, count) * reach - 0.5) / 32
    return {"anchor": anchor, "positive": anchor - near, "negative": anchor - far}


def _probe(dtype: str, drawn: Arrays) -> Probe:
    number = format_of(dtype)
    random = np.random.Generator(np.random.PCG64(6))
    count = len(drawn["anchor"])
    sign = 1 - 2.0 * random.integers(0, 2, count)
    upstream = number.round(sign * random.integers(2, 16, count) / 8)
    return Probe({name: number.round(drawn[name]) for name in INPUTS}, upstream)


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
    return value, dict(zip(INPUTS, bars, strict=True))


@lru_cache(maxsize=16)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _denominators(probe: Probe) -> dict[str, float]:
    known = counts(probe)
    rows, parts = len(probe), float(probe.inputs["anchor"].shape[1])
    return {
        "N (items)": known.pop("N (mean)"),
        **known,
        "N * D": rows * parts,
        "D, the numbers of a vector": parts,
        "3 N": 3.0 * rows,
    }


def _scale(inputs: Arrays) -> np.ndarray:
    """Return the size of what differences are taken of, and of a margin."""
    return 1 + np.add.reduce([np.abs(x).sum(axis=1) for x in inputs.values()])


def _exchanged(first: str, second: str) -> Callable[[Arrays], Arrays]:
    """Return a reading of inputs of which two have changed places."""

    def read(of: Arrays) -> Arrays:
        return {**of, first: of[second], second: of[first]}

    return read


def _reading(first: str, second: str) -> Reading:
    read = _exchanged(first, second)
    words = f"its {first} is what is given as {second}"
    return Reading(f"with {first} and {second} exchanged", words, read, read)


_READINGS = (
    Reading(
        "normalised",
        "all vectors are divided by their lengths first",
        of_unit_vectors,
        after=through_units,
    ),
    _reading("positive", "negative"),
    _reading("anchor", "positive"),
)

TRIPLETS = Prober(
    "triplets",
    _rows,
    _batches,
    _predict,
    _denominators,
    _scale,
    _READINGS,
    axis="denominator",
    means={"N (items)": "items"},
)
"""Triplets of vectors."""
