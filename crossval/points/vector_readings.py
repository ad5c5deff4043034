"""Vectors that a target divides by their lengths first, and gradients through that."""

from __future__ import annotations

import numpy as np

from crossval.points.probes import Arrays, Prediction

__all__ = ["of_unit_vectors", "through_units"]


def of_unit_vectors(inputs: Arrays) -> Arrays:
    """Return inputs whose vectors, the arrays of two axes, have length 1."""
    return {name: _unit(x) if x.ndim == 2 else x for name, x in inputs.items()}


def through_units(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
    """Return gradients by vectors from those by the unit vectors."""
    value, gradients = found
    back = {}
    for name, bar in gradients.items():
        length = np.sqrt((inputs[name] ** 2).sum(axis=1, keepdims=True))
        unit = inputs[name] / length
        back[name] = (bar - unit * (unit * bar).sum(axis=1, keepdims=True)) / length
    return value, back


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))
