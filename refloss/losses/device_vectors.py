"""A loss of given vectors on a device."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from refloss.losses.device import DeviceProblem, Divisor
from refloss.losses.reductions import REDUCTIONS, Counts
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.device_arrays import DeviceArray, Home
from refloss.run.kernels import Library
from refloss.run.native.device import ones_parts

__all__ = ["problem"]


def problem(
    home: Home,
    spec: Spec,
    library: Library,
    real: str,
    given: Mapping[str, Adopted],
    beside: Mapping[str, Any],
) -> DeviceProblem:
    """Return a call.

    Parameters
    ----------
    home : Home
    spec : Spec
    library : Library
    real : {'float32', 'float64'}
    given : mapping of str to Adopted
        Vectors, the leading ones first.
    beside : mapping of str to DeviceArray
        One number an item, or of each number of a row what it is.
    """
    names = tuple(given)
    leading: Any = given[names[0]].array
    inputs: dict[str, Any] = {name: adopted.array for name, adopted in given.items()}
    inputs |= {name: home.numbers(array, leading.format) for name, array in beside.items()}
    relations = next((inputs[name] for name in beside if inputs[name].ndim == 2), None)

    def denominator() -> Divisor:
        return _denominator(home, spec, leading, relations)

    return DeviceProblem(
        home, given[names[0]].give_back, spec, library, real, inputs, names, denominator
    )


def _denominator(
    home: Home, spec: Spec, leading: DeviceArray, relations: DeviceArray | None
) -> Divisor:
    """Return what the mean divides by: a number, or the parts of a sum on the device."""
    asked = spec.axes["denominator"]
    assert isinstance(asked, str | Real)
    if relations is not None and asked in ("pairs", "anchors"):
        return ones_parts(home, relations, once=asked == "anchors")
    return REDUCTIONS["mean"].divisor(Counts.of(*leading.shape), asked)
