"""Probes of rows of similarities: several positives and negatives, none without either.

Similarities are 64ths, the same in every format. With two positives and more, what a denominator
holds, what is added up and what is averaged all show; a row without positives is left to the end,
where it tells what a mean divides by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.formats import format_of
from crossval.oracles.texts import load
from crossval.points.probes import Arrays, Definition, Prediction, Probe, Prober, Reading, counts

__all__ = ["SIMILARITIES"]

_ROWS = {"smoke": 16, "standard": 32, "full": 96}
_WIDTHS = (4, 6, 9)
_BATCHES = ((2, 4), (3, 5), (5, 6), (8, 9))
"""Anchors, and similarities of each."""
_USUAL = 16.0
"""One over a temperature that such losses have: by how much a logit exceeds its similarity."""
_LEAST, _MOST, _HALVINGS = 1e-3, 1e4, 100
_FEW, _ALIKE, _ROUNDED = 3, 1e-3, 1e-6


def _drawn(width: int, count: int, seed: int, barren: int = 0) -> Arrays:
    """Draw rows with one positive to all but two; the last `barren` rows have none."""
    random = np.random.Generator(np.random.PCG64(seed + width))
    order = random.permuted(np.tile(np.arange(width), (count, 1)), axis=1)
    positives = 1 + np.arange(count) % max(1, width - 3)
    same = np.where(order < positives[:, None], 1, 0)
    same = np.where(order == width - 1, -1, same)
    if barren:
        same[-barren:] = np.where(same[-barren:] == 1, 0, same[-barren:])
    return {"similarities": random.integers(-56, 57, (count, width)) / 64, "same": same}


def _probe(dtype: str, drawn: Arrays) -> Probe:
    number = format_of(dtype)
    random = np.random.Generator(np.random.PCG64(6))
    count = len(drawn["same"])
    sign = 1 - 2.0 * random.integers(0, 2, count)
    upstream = number.round(sign * random.integers(2, 16, count) / 8)
    return Probe({**drawn, "similarities": number.round(drawn["similarities"])}, upstream)


def _rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    return [_probe(dtype, _drawn(width, _ROWS[level], 12)) for width in _WIDTHS]


def _batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    return [_probe(dtype, _drawn(width, count, 40 + count, 1)) for count, width in _BATCHES]


def _predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel."""
    spec = definition.spec
    with np.errstate(all="ignore"):
        value, bar = _grad(spec.program)(*inputs.values(), upstream, **spec.constants)
    return value, {"similarities": bar}


@lru_cache(maxsize=16)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _denominators(probe: Probe) -> dict[str, float]:
    same, known = probe.inputs["same"], counts(probe)
    rows, width = len(probe), float(same.shape[1])
    return {
        "N (items)": known.pop("N (mean)"),
        **known,
        "the positive pairs": float((same == 1).sum()),
        "the anchors that have a positive": float((same == 1).any(axis=1).sum()),
        "N * M": rows * width,
        "M, the similarities of a row": width,
        "the negative pairs": float((same == 0).sum()),
    }


def _scale(inputs: Arrays) -> np.ndarray:
    """Return the size of what a log-sum-exp adds up."""
    return 1 + _USUAL * np.abs(inputs["similarities"]).max(axis=1)


def _hints(probes: list[Probe], values: np.ndarray) -> dict[str, tuple[float, ...]]:
    """Return the temperature, if rows with one positive ahead of all others agree on it.

    There a loss is softplus(lse - s/T) whatever its denominators, and grows with T.
    """
    found, start = [], 0
    for probe in probes:
        rows, same = probe.inputs["similarities"], probe.inputs["same"]
        for row, kinds, value in zip(rows, same, values[start:], strict=False):
            positive, negative = row[kinds == 1], row[kinds == 0]
            if len(positive) == 1 and len(negative) and positive[0] > negative.max():
                found.append(_temperature(positive[0] - negative, float(value)))
        start += len(probe)
    usable = np.array([each for each in found if np.isfinite(each)])
    if len(usable) < _FEW:
        return {}
    middle = float(np.median(usable))
    alike = np.abs(usable / middle - 1) < _ALIKE
    short = float(f"{middle:.3g}")
    middle = short if abs(middle / short - 1) < _ROUNDED else middle
    return {"temperature": (middle,)} if alike.mean() > 0.5 else {}


def _temperature(leads: np.ndarray, loss: float) -> float:
    """Return T of a loss log(1 + Σ e^(-lead/T)), by bisection; NaN if there is none."""
    low, high = np.log(_LEAST), np.log(_MOST)
    with np.errstate(all="ignore"):

        def at(t: float) -> float:
            return float(np.log1p(np.exp(-leads / np.exp(t)).sum()))

        if not at(low) < loss < at(high):
            return np.nan
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if at(middle) < loss else (low, middle)
    return float(np.exp((low + high) / 2))


def _negated(arrays: Arrays) -> Arrays:
    return {**arrays, "similarities": -arrays["similarities"]}


def _turned(inputs: Arrays) -> Arrays:
    same = inputs["same"]
    return {**inputs, "same": np.where(same >= 0, 1 - same, same)}


_READINGS = (
    Reading("negated", "its similarities are distances: they are negated", _negated, _negated),
    Reading("1 for negatives", "a relation of 1 says that a column is a negative", _turned),
)

SIMILARITIES = Prober(
    "similarities",
    _rows,
    _batches,
    _predict,
    _denominators,
    _scale,
    _READINGS,
    axis="denominator",
    means={
        "N (items)": "items",
        "the positive pairs": "pairs",
        "the anchors that have a positive": "anchors",
    },
    hints=_hints,
)
"""Rows of similarities with a relation each."""
