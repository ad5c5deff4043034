"""A loss of given vectors on a device."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from refloss.losses.device import DeviceProblem
from refloss.losses.reductions import REDUCTIONS, Counts
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.device_arrays import Home
from refloss.run.kernels import Library

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
        One number an item.
    """
    names = tuple(given)
    leading: Any = given[names[0]].array
    inputs: dict[str, Any] = {name: adopted.array for name, adopted in given.items()}
    inputs |= {name: home.numbers(array, leading.format) for name, array in beside.items()}
    asked = spec.axes["denominator"]
    assert isinstance(asked, str | Real)
    divisor = REDUCTIONS["mean"].divisor(Counts.of(*leading.shape), asked)
    return DeviceProblem(
        home, given[names[0]].give_back, spec, library, real, inputs, names, lambda: divisor
    )
