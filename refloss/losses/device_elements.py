"""A loss of single numbers on a device: flat views of its arrays, and what its mean divides by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from refloss.losses.device import DeviceProblem
from refloss.losses.reductions import REDUCTIONS, Counts
from refloss.losses.spec import Spec
from refloss.run.arrays import Adopted
from refloss.run.device_arrays import DeviceArray, Home
from refloss.run.kernels import Library

__all__ = ["problem"]

_COUNTED = ("weights", "positives", "positives_or_one", "positives_plus_one")
"""Denominators that depend on what arrays hold."""


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
        Arrays of one shape that can be differentiated by, the leading one first.
    beside : mapping of str to DeviceArray or None
        The program's other inputs; None stands for 1.

    Raises
    ------
    ValueError
        If an array of several axes is not dense, or the mean divides by what would have to be
        counted first.
    """
    names = tuple(given)
    leading: Any = given[names[0]].array
    inputs: dict[str, Any] = {n: _flat(n, adopted.array) for n, adopted in given.items()}
    inputs |= {n: 1.0 if a is None else _flat(n, _like(n, a, leading)) for n, a in beside.items()}
    divisor = _divisor(spec, leading)
    give_back = _shaped(given[names[0]].give_back, leading.shape)

    def viewed(name: str, array: Any) -> Any:
        return _flat(name, _like(name, array, leading)) if array.ndim else array

    return DeviceProblem(
        home, give_back, spec, library, real, inputs, names, lambda: divisor, viewed=viewed
    )


def _divisor(spec: Spec, leading: DeviceArray) -> float:
    if spec.reduction not in REDUCTIONS:
        raise ValueError(
            f"reduction: expected one of {', '.join(map(repr, REDUCTIONS))} on a device, got "
            f"{spec.reduction!r}; pass 'none' and add up the rows"
        )
    if not REDUCTIONS[spec.reduction].averaged:
        return 1.0
    asked: Any = spec.axes.get("denominator", "items")
    if asked in _COUNTED:
        raise ValueError(
            f"denominator: expected 'items', 'rows' or a number on a device, got {asked!r}; "
            f"pass the count itself"
        )
    items, rows = prod(leading.shape), leading.shape[0] if leading.ndim else 1
    return REDUCTIONS["mean"].divisor(Counts(items, items, float(items), rows), asked)


def _flat(name: str, array: Any) -> DeviceArray:
    """Return an array as one axis: its memory in order, or strides of a single axis."""
    if array.ndim == 1:
        return array
    dense, strides = 1, []
    for size in reversed(array.shape):
        strides.insert(0, dense)
        dense *= size
    axes = zip(array.shape, array.strides, strides, strict=True)
    if dense and any(size > 1 and stride != even for size, stride, even in axes):
        raise ValueError(
            f"{name}: expected a dense array of shape {array.shape} on a device, got strides "
            f"{array.strides}; pass a contiguous copy"
        )
    return replace(array, shape=(dense,), strides=(1,))


def _like(name: str, array: Any, leading: DeviceArray) -> Any:
    if array.shape != leading.shape:
        raise ValueError(
            f"{name}: expected shape {leading.shape} on a device, got {array.shape}; expand it"
        )
    return array


def _shaped(give_back: Callable[[Any], Any], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """Return results in the shape of the inputs; a reduced value is one number."""

    def shaped(array: DeviceArray) -> Any:
        if not array.ndim or array.shape == shape:
            return give_back(array)
        return give_back(replace(array, shape=shape, owner=array.owner.reshape(shape)))

    return shaped
