"""Probes of the box losses: plain boxes at many scales, so that every amount of eps shows.

All coordinates are small dyadic numbers times a power of two, hence exact in every format and
well conditioned; a constant added to an area shows at the scale where areas are about as large.
No edges coincide: at ties several gradients are right, which tells nothing about a convention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.formats import Format, format_of
from crossval.oracles.texts import load
from crossval.points.probes import (
    Arrays,
    Definition,
    Prediction,
    Probe,
    Prober,
    Reading,
    Scaling,
    counts,
)

_ROWS = {"smoke": 12, "standard": 20, "full": 80}
_SCALES = (0, -4, -8, -12, -16, -20, -24, -28, 8)
_BATCHES = (1, 2, 3, 5, 8)
_SLIVERS = (1, 2, 4, 6, 8, 10, 13, 16, 20)

Row = tuple[float, ...]

# what random boxes hit rarely: thresholds, ceilings, and the probe of the catalogue
_NAMED: tuple[Row, ...] = (
    (0, 0, 10, 2, 2, -1, 6, 7),
    (0, 0, 6, 6, 0.5, 1, 5, 5),  # IoU exactly 1/2
    (0, 0, 6, 6, 0.5, 1, 5, 4.75),
    (0, 0, 6, 6, 0.5, 1, 5, 5.25),
    (1, 1, 9, 2, 40, 30, 41, 46),  # CIoU beyond 2: far apart, and of other shapes
    (0.5, 3, 1, 15, 32, 40, 50, 41),
    (2, 50, 18, 51, 30, 1, 31, 13),
    (0, 0, 12, 1, 33, 36, 34, 60),
)
_HALF = 1  # index of the row with IoU 1/2, whose quotient is exact only where eps is absorbed
_ABSORBING = 24


def rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Pairs of boxes for ``dtype``: ordinary ones at several scales, then the named ones."""
    number = format_of(dtype)
    base = _ordinary(_ROWS[level])
    scaled = [np.ldexp(base, scale) for scale in _SCALES if _within(scale, number)]
    named = np.array([*_NAMED, *_slivers()], float)
    if number.emax > _ABSORBING * 4:
        named = np.concatenate([named, np.ldexp(named[[_HALF]], _ABSORBING)])
    columns = number.round(np.concatenate([scaled[0], named, *scaled[1:]]))
    columns = columns[_distinct(columns)]
    return [_probe(columns, number)]


def batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Batches of several sizes with different rows."""
    columns, start, made = _ordinary(sum(_BATCHES)), 0, []
    for size in _BATCHES:
        made.append(_probe(columns[start : start + size], format_of(dtype)))
        start += size
    return made


def predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel."""
    columns = np.concatenate([inputs["pred"], inputs["target"]], axis=1).T
    spec = definition.spec
    with np.errstate(all="ignore"):
        value, *bars = _grad(spec.program)(*columns.copy(), upstream, **spec.constants)
    gradient = np.stack([np.broadcast_to(bar, len(upstream)) for bar in bars], axis=1)
    return np.asarray(value), {"pred": gradient[:, :4], "target": gradient[:, 4:]}


def certain(definition: Definition, inputs: Arrays) -> np.ndarray:
    """Return certified losses."""
    from crossval.oracles.enclosure import truth

    columns = np.concatenate([inputs["pred"], inputs["target"]], axis=1)
    return truth(definition.spec, columns, dtype="float64").value_hi


@lru_cache(maxsize=64)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _ordinary(count: int) -> np.ndarray:
    """Draw pairs with coordinates in quarters: a third overlap by more than half, some not."""
    random = np.random.Generator(np.random.PCG64(3))
    pred, other = (_boxes(random, 8 * count) for _ in range(2))
    moved = pred + random.integers(-3, 4, size=pred.shape) / 4
    near = np.arange(8 * count) % 3 == 0
    columns = np.concatenate([pred, np.where(near[:, None], moved, other)], axis=1)
    return columns[_distinct(columns)][:count]


def _boxes(random: np.random.Generator, count: int) -> np.ndarray:
    low = random.integers(0, 65, size=(count, 2))
    size = random.integers(4, 65, size=(count, 2))
    return np.concatenate([low, low + size], axis=1) / 4


def _slivers() -> list[Row]:
    """Overlaps down to 2**-40 of an area: floors of IoU under a logarithm."""
    return [(0, 0, 16, 16, 16 - 2.0**-k, 16 - 2.0 ** (1 - k), 31, 30) for k in _SLIVERS]


def _distinct(columns: np.ndarray) -> np.ndarray:
    """Rows of proper boxes none of whose edges lie on an edge of the other."""
    pred, target = columns[:, :4], columns[:, 4:]
    proper = np.all((pred[:, 2:] > pred[:, :2]) & (target[:, 2:] > target[:, :2]), axis=1)
    shared = (pred == target) | (pred == np.roll(target, 2, axis=1))
    return proper & ~shared.any(axis=1)


def _within(scale: int, number: Format) -> bool:
    """Whether products of four sides stay normal, and squares of sides finite."""
    return number.emin < 4 * scale - 8 and 2 * scale + 12 < number.emax


def _probe(columns: np.ndarray, number: Format) -> Probe:
    random = np.random.Generator(np.random.PCG64(4))
    sign = 1 - 2.0 * random.integers(0, 2, size=len(columns))
    upstream = sign * random.integers(2, 16, size=len(columns)) / 8
    return Probe({"pred": columns[:, :4], "target": columns[:, 4:]}, number.round(upstream))


def _affine(
    name: str, words: str, matrix: np.ndarray, offset: tuple[float, ...] = (0, 0, 0, 0)
) -> Reading:
    """Read both boxes through the same affine map."""

    def read(inputs: Arrays) -> Arrays:
        return {key: boxes @ matrix.T + np.array(offset) for key, boxes in inputs.items()}

    def pull(gradients: Arrays) -> Arrays:
        return {key: gradient @ matrix for key, gradient in gradients.items()}

    return Reading(name, words, read, pull)


def _exchanged(of: Arrays) -> Arrays:
    return {"pred": of["target"], "target": of["pred"]}


def _scaled(factor: float) -> Reading:
    # the name tells readings apart, so it has every digit
    words = f"coordinates are multiplied by {factor:.10g}"
    return _affine(f"scaled by {factor!r}", words, factor * np.eye(4))


_XYWH = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]])
_CXCYWH = np.array([[1, 0, -0.5, 0], [0, 1, 0, -0.5], [1, 0, 0.5, 0], [0, 1, 0, 0.5]])
_YXYX = np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
_PIXELS = "sides are x2 - x1 + 1: corners are pixels, the last one included"

READINGS = (
    _affine("xywh", "its boxes are (x, y, w, h), x and y the least corner", _XYWH),
    _affine("cxcywh", "its boxes are (cx, cy, w, h)", _CXCYWH),
    _affine("yxyx", "its boxes are (y1, x1, y2, x2)", _YXYX),
    _affine("inclusive", _PIXELS, np.eye(4), (0, 0, 1, 1)),
    Reading("swapped", "its first argument is the target", _exchanged, _exchanged),
)

BOXES = Prober(
    "boxes",
    rows,
    batches,
    predict,
    counts,
    readings=READINGS,
    scalings=(Scaling("scale of both boxes", _scaled, (), 1e-5, 1e5),),
    truth=certain,
)
