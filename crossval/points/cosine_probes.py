"""Probes of logits of cosines: inside, where conventions part, and at the ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crossval.oracles.formats import format_of
from crossval.oracles.texts import load
from crossval.points.probes import Arrays, Definition, Prediction, Probe, Prober

__all__ = ["COSINES"]

_ROWS = {"smoke": 32, "standard": 64, "full": 192}
_SHAPES = ((1, 3), (2, 5), (3, 2), (5, 4), (4, 1), (3, 1))
_NAMED = (-0.953125, -0.984375, 0.296875, 0.5, 0.0, 0.984375)


def _random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def _drawn(seed: int, count: int) -> np.ndarray:
    """Draw cosines in 128ths, none of them an end."""
    return _random(seed).integers(-127, 128, count) / 128


def _probe(cosine: np.ndarray, dtype: str) -> Probe:
    number, draw = format_of(dtype), _random(4)
    sign = 1 - 2.0 * draw.integers(0, 2, len(cosine))
    upstream = number.round(sign * draw.integers(2, 16, len(cosine)) / 8)
    return Probe({"cosine": number.round(cosine)}, upstream)


def _rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    return [_probe(np.concatenate([_drawn(5, _ROWS[level]), _NAMED]), dtype)]


def _batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    sizes = enumerate(_SHAPES)
    return [_probe(_drawn(8 + n, int(np.prod(s))).reshape(s), dtype) for n, s in sizes]


def _predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel; what lies behind the first axis is added up."""
    cosine = np.asarray(inputs["cosine"], float)
    spec, shape = definition.spec, cosine.shape
    each = np.broadcast_to(upstream.reshape(-1, *[1] * (cosine.ndim - 1)), shape).ravel()
    with np.errstate(all="ignore"):
        value, bar = load(spec.program, "numpy").grad(cosine.ravel(), each, **spec.constants)
    value = np.broadcast_to(value, cosine.size).reshape(len(cosine), -1)
    return value.sum(axis=1), {"cosine": np.broadcast_to(bar, cosine.size).reshape(shape)}


def _denominators(probe: Probe) -> dict[str, float]:
    cosine = probe.inputs["cosine"]
    items, rows = float(cosine.size), float(len(cosine))
    return {
        "1 (sum)": 1.0,
        "N (items)": items,
        "the length of the first axis": rows,
        "the length of the last axis": items / rows,
    }


COSINES = Prober("cosines", _rows, _batches, _predict, _denominators)
