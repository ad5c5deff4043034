"""Slips of losses of rows under a temperature: its own, and those of the loss at 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.row_terms import Pair, Rows
from crossval.checks.row_transforms import TEMPERATURES, saying

__all__ = ["at_the_temperature_of", "cooled", "has_none", "temperatures"]

_FIX = "divide the logits by the temperature"


def has_none(rows: Rows) -> bool:
    """Return whether the temperature is 1, or there is none."""
    return _heat(rows) == 1.0


def _heat(rows: Rows) -> float:
    return float(rows.spec.constants.get("temperature", 1.0))


def _factor(rows: Rows) -> float:
    """Return what the definition multiplies by for its temperature."""
    return _heat(rows) ** 2 if rows.spec.constants.get("times_square") else 1.0


def cooled(rows: Rows) -> Rows:
    """Return rows whose loss at temperature 1 is that of the rows, but for the factor."""
    if has_none(rows):
        return rows
    constants = {**rows.spec.constants, "temperature": 1.0, "times_square": 0.0}
    spec: Any = SimpleNamespace(program=rows.spec.program, constants=constants)
    return replace(rows, spec=spec, columns=rows.with_logits(rows.logits / _heat(rows)))


def at_the_temperature_of(rows: Rows, found: Prediction | Estimate) -> Prediction | Estimate:
    """Return what is predicted of `cooled` rows as a prediction of the rows themselves."""
    if has_none(rows):
        return found

    def warmed(value: np.ndarray, gradient: np.ndarray) -> Pair:
        gradient = _factor(rows) * gradient
        gradient[:, : rows.classes] /= _heat(rows)
        return _factor(rows) * value, gradient

    if isinstance(found, Estimate):
        cold = found.predict
        return replace(found, predict=lambda amount: warmed(*cold(amount)))
    value, gradient = warmed(found.value, found.gradient)
    return replace(found, value=value, gradient=gradient, moves=None)


def temperatures(rows: Rows) -> Iterator[Prediction | Estimate]:
    """Leave the temperature out, take another one, or its square otherwise than defined."""
    if has_none(rows):
        return
    heat, factor = _heat(rows), _factor(rows)

    def predict(other: float) -> Pair:
        value, gradient = rows.kernel(temperature=other, times_square=0.0)
        return factor * value, factor * gradient

    for words, other in (
        ("the temperature has no effect on the softmax", 1.0),
        ("logits are multiplied by the temperature", 1 / heat),
    ):
        yield Prediction(words, _FIX, *predict(other))
    words, more = "the loss is multiplied by the temperature's square", heat**2
    if factor != 1.0:
        words, more = "the loss is not multiplied by the temperature's square", heat**-2
    value, gradient = rows.kernel()
    yield Prediction(words, "see the axis `factor`", more * value, more * gradient)
    yield Estimate(
        saying(f"logits are divided by a temperature of {{}}, not {heat:g}"),
        "pass the declared temperature, or declare this one with --set temperature=...",
        predict,
        TEMPERATURES,
    )
