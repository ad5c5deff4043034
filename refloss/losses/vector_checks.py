"""Checks of given vectors and of labels beside them; errors as in `refloss.losses.checks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from refloss.losses.checks import FORMATS, Adopt, floating, same_format
from refloss.run.arrays import Adopted, adopt, held_format

__all__ = ["beside", "vectors"]

_INTEGERS = ("int", "uint", "bool")
_WHAT = {"b": "one number an item", "bc": "one number a column"}


def vectors(given: Mapping[str, object], adopt: Adopt = adopt) -> dict[str, Adopted]:
    """Adopt matrices of one shape ``(N, D)`` and one format, by name.

    Raises
    ------
    TypeError
        If one is no array, or not of one of the floating-point formats, or formats differ.
    ValueError
        If a shape is not ``(N, D)`` with D at least 1, or shapes differ.
    """
    found = {name: adopt(name, value) for name, value in given.items()}
    first = next(iter(found))
    leading = found[first].array
    for name, adopted in found.items():
        floating(name, adopted.array)
        shape = adopted.array.shape
        if len(shape) != 2 or shape[1] < 1:
            raise ValueError(f"{name}: expected shape (N, D) with D at least 1, got {shape}")
        same_format(name, adopted.array, leading, first)
        if shape != leading.shape:
            raise ValueError(f"{name}: expected shape {leading.shape} as {first}, got {shape}")
    return found


def beside(
    given: Mapping[str, tuple[object, str]], leading: Any, first: str, adopt: Adopt = adopt
) -> dict[str, Any]:
    """Return arrays beside the vectors: integers, bools, or numbers of the vectors' format.

    Parameters
    ----------
    given : mapping of str to (array, {"b", "bc"})
        Arrays, and their axes: one number an item, or one for each number of a vector.
    leading : array
        The vectors.
    first : str
        What they are called.
    adopt : callable
        What reads an array.

    Raises
    ------
    TypeError
        If one is no array of such a format.
    ValueError
        If a shape is another.
    """
    found = {}
    for name, (value, axes) in given.items():
        array: Any = adopt(name, value).array
        held = held_format(array)
        if held not in FORMATS and not held.startswith(_INTEGERS):
            raise TypeError(
                f"{name}: expected integers, or numbers of {held_format(leading)}; got {held}"
            )
        if held in FORMATS:
            same_format(name, array, leading, first)
        if array.shape != leading.shape[: len(axes)]:
            raise ValueError(
                f"{name}: expected shape {tuple(leading.shape[: len(axes)])}, {_WHAT[axes]}; "
                f"got {array.shape}"
            )
        found[name] = (
            array.view("u1") if held == "bool" and isinstance(array, np.ndarray) else array
        )
    return found
