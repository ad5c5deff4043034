"""Probes of vectors and centres of classes: distances that tell factor, denominator and clip apart.

Numbers are 16ths, the same in every format, so that the expanded form is exact too. Every row is a
problem of its own: a vector, the centres of a few classes and a label. Rows whose squared distance
is 0, or beyond what is clipped, decide what the others leave open, and refute nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.center_columns import OTHERS, PARTS
from crossval.oracles.formats import Format, format_of
from crossval.oracles.texts import load
from crossval.points.centers import CLASSES
from crossval.points.probes import (
    Arrays,
    Definition,
    Prediction,
    Probe,
    Prober,
    Reading,
    counts,
)

__all__ = ["CENTERS"]

_ROWS = {"smoke": 24, "standard": 48, "full": 160}
_BATCHES = (1, 2, 3, 5, 8)
_SMALL = 2.0**-8
"""Numbers of vectors at their centres: the rounding of their squares is below what is clipped."""
_FAR = 2.0**21
"""A distance whose square is beyond 1e12."""

Problem = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Vectors (n, D), centres (n, C, D) and labels (n,)."""


def _drawn(seed: int, count: int) -> Problem:
    """Draw problems; no vector is at a centre."""
    draw = np.random.Generator(np.random.PCG64(seed))
    centers = draw.integers(-16, 17, (count, CLASSES, PARTS)) / 16
    x = draw.integers(-16, 17, (count, PARTS)) / 16 + 1 / 32
    return x, centers, draw.integers(0, CLASSES, count)


def _at_the_ends(number: Format) -> Problem:
    """Put small vectors at their centres, and some far away where the format holds the square."""
    x, centers, target = _drawn(8, 6)
    x, centers = _SMALL * np.round(x), _SMALL * centers
    centers[np.arange(6), target] = x
    if number.largest > _FAR**2:
        x[3:, 0] += _FAR
    return x, centers, target


def _probe(problem: Problem, number: Format, extreme: int = 0) -> Probe:
    x, centers, target = problem
    draw, count = np.random.Generator(np.random.PCG64(4)), len(x)
    sign = 1 - 2.0 * draw.integers(0, 2, count)
    upstream = number.round(sign * draw.integers(2, 16, count) / 8)
    inputs = {"x": number.round(x), "centers": number.round(centers), "target": target}
    return Probe(inputs, upstream, extreme=np.arange(count) >= count - extreme)


def _rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Rows with centres of their own; the last of them are extreme."""
    number = format_of(dtype)
    parts = zip(_drawn(5, _ROWS[level]), _at_the_ends(number), strict=True)
    x, centers, target = (np.concatenate(each) for each in parts)
    return [_probe((x, centers, target), number, extreme=6)]


def _batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Batches of several sizes, the rows of each with the centres of its first."""
    made = []
    for size in _BATCHES:
        x, centers, target = _drawn(30 + size, size)
        shared = np.repeat(centers[:1], size, axis=0)
        made.append(_probe((x, shared, target), format_of(dtype)))
    return made


def _predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel."""
    spec, centers = definition.spec, inputs["centers"]
    rows = np.arange(len(centers))
    constants = {**spec.constants, OTHERS: float(centers.shape[1] - 1)}
    own = centers[rows, inputs["target"]]
    with np.errstate(all="ignore"):
        value, by_x, by_own = _grad(spec.program)(inputs["x"], own, upstream, **constants)
    by_centers = np.zeros_like(centers)
    by_centers[rows, inputs["target"]] = by_own
    return value, {"x": by_x, "centers": by_centers}


@lru_cache(maxsize=16)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _denominators(probe: Probe) -> dict[str, float]:
    """Return what a sum over a batch may be divided by."""
    known, rows = counts(probe), float(len(probe))
    return {
        "N (items)": known.pop("N (mean)"),
        "N * D": rows * PARTS,
        **known,
        "N * C": rows * CLASSES,
        "D, the numbers of a vector": float(PARTS),
        "the classes that there are vectors of": float(len(np.unique(probe.inputs["target"]))),
    }


def _scale(inputs: Arrays) -> np.ndarray:
    """Return the size of the squares that the expanded form adds up."""
    sizes = (inputs["x"] ** 2).sum(axis=1), (inputs["centers"] ** 2).sum(axis=2).max(axis=1)
    return sizes[0] + sizes[1]


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x * x).sum(axis=-1, keepdims=True))


def _normalised(name: str, plural: str) -> Reading:
    """Return the reading of vectors, or of centres, that are divided by their lengths first."""

    def read(inputs: Arrays) -> Arrays:
        return {**inputs, name: _unit(inputs[name])}

    def back(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = found
        x, bar = inputs[name], gradients[name]
        length, unit = np.sqrt((x * x).sum(axis=-1, keepdims=True)), _unit(x)
        along = (unit * bar).sum(axis=-1, keepdims=True)
        return value, {**gradients, name: (bar - unit * along) / length}

    words = f"{plural} are divided by their lengths first"
    return Reading(f"normalised {plural}", words, read, after=back)


CENTERS = Prober(
    "centers",
    _rows,
    _batches,
    _predict,
    _denominators,
    _scale,
    (_normalised("x", "vectors"), _normalised("centers", "centres")),
    axis="denominator",
    means={"N (items)": "items", "N * D": "numbers"},
)
"""Vectors with a class each, and the centres of the classes."""
