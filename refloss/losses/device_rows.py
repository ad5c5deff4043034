"""A loss of rows on a device: its labels, its weights and what its mean divides by."""

from __future__ import annotations

from numbers import Real
from typing import Any

from refloss.losses.device import DeviceProblem, Divisor
from refloss.losses.reductions import REDUCTIONS, Counts
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.device_arrays import DeviceArray, Home
from refloss.run.kernels import Library
from refloss.run.native.device import kept_parts

__all__ = ["problem"]


def problem(
    home: Home,
    spec: Spec,
    library: Library,
    real: str,
    name: str,
    logits: Adopted,
    target: Any,
    weight: Any,
    ignore: int,
) -> DeviceProblem:
    """Return a call.

    Parameters
    ----------
    home : Home
    spec : Spec
    library : Library
    real : {'float32', 'float64'}
    name : str
        What the logits are called.
    logits : Adopted
    target, weight : DeviceArray
        The weight may be None.
    ignore : int
        The label of rows to ignore.

    Raises
    ------
    TypeError
        If the labels are uint64, which int64 does not hold.
    """
    scores: Any = logits.array
    labelled = spec.axes["targets"] == "index"
    goal = _int64(home, target) if labelled else target
    weights = 1.0 if weight is None else weight
    inputs = {name: scores, "target": goal, "class_weight": weights}

    def denominator() -> Divisor:
        return _denominator(home, spec, scores, goal, weights, ignore)

    names = (name,) if labelled else (name, "target")
    return DeviceProblem(
        home, logits.give_back, spec, library, real, inputs, names, denominator, {}, ignore
    )


def _int64(home: Home, labels: DeviceArray) -> DeviceArray:
    if labels.format == "uint64":
        raise TypeError("target: expected integers that int64 holds, got uint64")
    return labels if labels.format == "int64" else home.int64(labels)


def _denominator(
    home: Home,
    spec: Spec,
    logits: DeviceArray,
    target: DeviceArray,
    weight: DeviceArray | float,
    ignore: int,
) -> Divisor:
    """Return what the mean divides by: a number, or the parts of a sum on the device."""
    asked = spec.axes["denominator"]
    assert isinstance(asked, str | Real)
    if spec.axes["targets"] != "index" or asked not in ("kept", "weights"):
        counts = Counts.of(*logits.shape)
        return REDUCTIONS["mean"].divisor(counts, asked)
    counted = weight if asked == "weights" else 1.0
    return kept_parts(home, logits.shape[1], target, counted, ignore)
