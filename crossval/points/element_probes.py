"""Probes of losses of single numbers: ordinary inputs, and those at which conventions part.

Single rows are single elements, so that a mean over anything is the loss itself. What a mean
divides by is told by batches of several sizes with two axes: elements and rows differ in number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.elementwise import weights_of
from crossval.oracles.formats import Format, format_of
from crossval.oracles.texts import load
from crossval.points.element_readings import FLOORS, NEGATED, SHARPENED, SWAPPED, TURNED, TWICE
from crossval.points.probes import Arrays, Definition, Prediction, Probe, Prober

__all__ = ["BINARY", "BOTH_LOGARITHMS", "LOGARITHMS", "PROBABILITIES", "RESIDUALS", "SCORES"]

Draw = np.random.Generator
Columns = tuple[np.ndarray, np.ndarray]

_ROWS = {"smoke": 16, "standard": 48, "full": 160}
_SHAPES = ((1, 3), (2, 5), (3, 2), (5, 4), (4, 1), (3, 1))
_SIDES = ("the positives", "max(1, the positives)", "the positives + 1")
_LEAST = 2.0**-30
"""A probability below which digits of another are no longer counted."""
_MEANS = {"N (items)": "items", "the length of the first axis": "rows"}
_BY_POSITIVES = ("positives", "positives_or_one", "positives_plus_one")


@dataclass(frozen=True)
class _Inputs:
    """Inputs of a family: their names, how they are drawn, and rows that no draw gives.

    The last of these, the extreme ones, decide nothing that other rows decide.
    """

    names: tuple[str, str]
    draw: Callable[[Draw, int], Columns]
    named: tuple[tuple[float, float], ...]
    extreme: tuple[tuple[float, float], ...] = ()
    positives: bool = False

    def rows(self, dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
        """Draw rows; the named ones, as far as a format holds them, come last."""
        number = format_of(dtype)
        drawn = np.stack(self.draw(_random(5), _ROWS[level]), axis=1)
        parts = [number.round(drawn), *(_held(rows, number) for rows in self._given)]
        columns = np.concatenate(parts)
        probe = self._probe(columns.T[0], columns.T[1], number)
        return [replace(probe, extreme=np.arange(len(probe)) >= len(probe) - len(parts[-1]))]

    @property
    def _given(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        return self.named, self.extreme

    def batches(self, dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
        """Draw arrays of two axes: the first element of each is a positive, of the last none."""
        number, made = format_of(dtype), []
        for seed, shape in enumerate(_SHAPES):
            first, second = self.draw(_random(8 + seed), int(np.prod(shape)))
            if self.positives:
                second[0] = 1.0
                second *= shape != _SHAPES[-1]
            made.append(self._probe(first.reshape(shape), second.reshape(shape), number))
        return made

    def _probe(self, first: np.ndarray, second: np.ndarray, number: Format) -> Probe:
        draw = _random(4)
        sign = 1 - 2.0 * draw.integers(0, 2, len(first))
        upstream = number.round(sign * draw.integers(2, 16, len(first)) / 8)
        arrays = (number.round(first), number.round(second))
        return Probe(dict(zip(self.names, arrays, strict=True)), upstream)

    def predict(
        self,
        definition: Definition,
        inputs: Arrays,
        upstream: np.ndarray,
        options: Mapping[str, Any],
    ) -> Prediction:
        """Evaluate the float64 kernel; what lies behind the first axis is added up."""
        first, second = (np.asarray(inputs[name], float) for name in self.names)
        spec, shape = definition.spec, first.shape
        each = np.broadcast_to(upstream.reshape(-1, *[1] * (first.ndim - 1)), shape).ravel()
        weights = [np.ones(first.size) for _ in weights_of(spec.program)]
        text = _grad(spec.program)
        with np.errstate(all="ignore"):
            value, *bars = text(first.ravel(), second.ravel(), *weights, each, **spec.constants)
        value = np.broadcast_to(value, first.size).reshape(shape).reshape(len(first), -1)
        gradients = {
            name: np.broadcast_to(bar, first.size).reshape(shape)
            for name, bar in zip(self.names, bars, strict=True)
        }
        return value.sum(axis=1), gradients

    def denominators(self, probe: Probe) -> dict[str, float]:
        """Return what a sum over an array may be divided by."""
        target = probe.inputs[self.names[1]]
        items, rows = float(target.size), float(len(target))
        known = {"1 (sum)": 1.0, "N (items)": items, "the length of the first axis": rows}
        known |= {"N + 1": items + 1, "max(1, N - 1)": max(1.0, items - 1)}
        known["the length of the last axis"] = items / rows
        if self.positives:
            count = float(np.count_nonzero(target > 0))
            known |= dict(zip(_SIDES, (count, max(1.0, count), count + 1), strict=True))
        return known


@lru_cache(maxsize=64)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _random(seed: int) -> Draw:
    return np.random.Generator(np.random.PCG64(seed))


def _held(named: tuple[tuple[float, float], ...], number: Format) -> np.ndarray:
    columns = np.array(named, float).reshape(-1, 2)
    with np.errstate(under="ignore"):
        return columns[(number.round(columns) == columns).all(axis=1)]


def _eighths(draw: Draw, count: int, most: int) -> np.ndarray:
    """Draw eighths up to `most`, never 0."""
    sign = 1 - 2.0 * draw.integers(0, 2, count)
    return sign * draw.integers(1, 8 * most + 1, count) / 8


def _targets(draw: Draw, count: int) -> np.ndarray:
    """Draw 0 and 1, and probabilities in sixteenths."""
    soft = draw.integers(1, 16, count) / 16
    turn = np.arange(count) % 3
    return np.select([turn == 0, turn == 1], [1.0, 0.0], soft)


def _chances(draw: Draw, count: int) -> np.ndarray:
    return draw.integers(1, 128, count) / 128


def _differences(draw: Draw, count: int) -> Columns:
    """Differences from 2^-10 to 16, of both signs: every width and delta shows."""
    target = _eighths(draw, count, 4)
    size = np.ldexp(draw.integers(5, 8, count) / 8, draw.integers(-10, 5, count))
    return target + (1 - 2.0 * draw.integers(0, 2, count)) * size, target


def _logarithms(draw: Draw, count: int) -> np.ndarray:
    return -draw.integers(1, 65, count) / 8


_FAR = (20.0, 45.0, 90.0, 120.0, 1e4)
_SMALL = tuple(2.0**-k for k in (8, 12, 16))
_LEAST_CHANCES = tuple(2.0**-k for k in (20, 22, 24, 28, 34, 44))


def _ends(distances: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Return probabilities so far from 0 and 1, with both classes."""
    return tuple((p, goal) for far in distances for p in (far, 1 - far) for goal in (0.0, 1.0))


_LOGITS = _Inputs(
    ("logits", "target"),
    lambda draw, count: (_eighths(draw, count, 8), _targets(draw, count)),
    (),
    tuple((sign * far, goal) for far in _FAR for sign in (1, -1) for goal in (0.0, 1.0)),
    positives=True,
)
_PROBS = _Inputs(
    ("probs", "target"),
    lambda draw, count: (_chances(draw, count), _targets(draw, count)),
    _ends(_SMALL),
    _ends(_LEAST_CHANCES),
    positives=True,
)
_RESIDUALS = _Inputs(("pred", "target"), _differences, ((40.0, 0.5), (0.5, 100.0), (300.0, -1.0)))
_SCORES = _Inputs(
    ("scores", "target"),
    lambda draw, count: (_eighths(draw, count, 4), 1 - 2.0 * draw.integers(0, 2, count)),
    tuple((score, label) for score in (-2.5, -0.75, 0.25, 0.5, 3.5) for label in (0.0, 1.0)),
)
_LOG_PROBS = _Inputs(
    ("log_probs", "target"),
    lambda draw, count: (_logarithms(draw, count), _targets(draw, count)),
    ((-30.0, 1.0), (-100.0, 0.5)),
)
_BOTH = _Inputs(
    ("log_probs", "target"),
    lambda draw, count: (_logarithms(draw, count), _logarithms(draw, count)),
    ((-30.0, -1.0), (-100.0, -0.5)),
)


def _prober(family: str, inputs: _Inputs, **more: Any) -> Prober:
    means = dict(_MEANS)
    if inputs.positives:
        means |= dict(zip(_SIDES, _BY_POSITIVES, strict=True))
    return Prober(
        family,
        inputs.rows,
        inputs.batches,
        inputs.predict,
        inputs.denominators,
        axis="denominator",
        means=means,
        **more,
    )


def _sizes(*names: str) -> Callable[[Arrays], np.ndarray]:
    """Return the scale of what a formula adds up: the sizes of these inputs, and 1."""

    def scale(inputs: Arrays) -> np.ndarray:
        sizes = [np.abs(inputs[name]) for name in names]
        return 1 + np.sum([size.reshape(len(size), -1).max(axis=1) for size in sizes], axis=0)

    return scale


def _of_classes(chance: Callable[[Arrays], np.ndarray]) -> Callable[[Arrays], np.ndarray]:
    """Return the scale of losses with a log(1 - p), whose digits are lost where p was rounded."""

    def scale(inputs: Arrays) -> np.ndarray:
        lost = (1 - inputs["target"]) / np.maximum(chance(inputs), _LEAST)
        return 1 + lost.reshape(len(lost), -1).max(axis=1)

    return scale


def _missed(inputs: Arrays) -> np.ndarray:
    """Return 1 less the sigmoid."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(inputs["logits"]))


RESIDUALS = _prober("residuals", _RESIDUALS, scale=_sizes("pred", "target"))
BINARY = _prober(
    "binary",
    _LOGITS,
    scale=_of_classes(_missed),
    readings=(SWAPPED, TURNED, NEGATED, TWICE),
    scalings=(*FLOORS, SHARPENED),
)
PROBABILITIES = _prober(
    "probabilities",
    _PROBS,
    scale=_of_classes(lambda inputs: 1 - inputs["probs"]),
    readings=(SWAPPED, TURNED),
)
SCORES = _prober("scores", _SCORES, scale=_sizes("scores"), readings=(SWAPPED, NEGATED))
LOGARITHMS = _prober(
    "log_probabilities",
    _LOG_PROBS,
    scale=_sizes("log_probs"),
    fixed={"targets": "probabilities"},
)
BOTH_LOGARITHMS = _prober(
    "log_probabilities", _BOTH, scale=_sizes("log_probs"), fixed={"targets": "logarithms"}
)
