"""Checks of embeddings, class vectors and their labels; errors as in `refloss.losses.checks`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from refloss.losses import row_checks
from refloss.losses.checks import floating, known_name, same_format
from refloss.run.arrays import Adopted, adopt, held_format
from refloss.run.rounding import widened

__all__ = [
    "Centers",
    "Given",
    "bias",
    "direction",
    "given",
    "labels",
    "memory",
    "refuse_nan",
    "scale",
]

ELSEWHERE = -1
"""The label of a row whose class is on another shard."""


@dataclass(frozen=True)
class Centers:
    """How many centres a class has.

    Attributes
    ----------
    count : object
        As the caller says, None where the shape of ``weight`` is to tell.
    """

    count: object

    def of(self, weight: np.ndarray) -> int:
        """Return the number.

        Raises
        ------
        TypeError
            If it is no integer.
        ValueError
            If the shape of ``weight`` tells another, or none.
        """
        number = self.count
        if number is not None and (isinstance(number, bool) or not isinstance(number, Integral)):
            raise TypeError(f"sub_centers: expected a number of centres, got {number!r:.60}")
        shape, flat = weight.shape, weight.ndim == 2
        if weight.ndim not in (2, 3) or (flat and number is None):
            raise ValueError(
                "weight: expected shape (C, K, D), or (C*K, D) with sub_centers=K; got shape "
                f"{shape}"
            )
        if number is None:
            return shape[1]
        count = int(number)
        if count < 1 or (shape[0] % count if flat else shape[1] != count):
            have = f"{shape[0]} rows" if flat else f"{shape[1]} a class"
            raise ValueError(
                f"sub_centers: expected how many of the centres of weight are those of a class, "
                f"got {count} for {have}, shape {shape}"
            )
        return count


@dataclass(frozen=True)
class Given:
    """The arrays of a call, checked.

    Attributes
    ----------
    x, weight : Adopted
        Embeddings ``(B, D)`` and class vectors ``(C, D)``, of one format; centres of classes are
        ``(C, K, D)`` or ``(C*K, D)``.
    target : numpy.ndarray
        Classes as they were given, ``(B,)``.
    centers : int
        How many centres a class has, 0 where it is one vector.
    """

    x: Adopted
    weight: Adopted
    target: np.ndarray
    centers: int = 0

    @property
    def classes(self) -> np.ndarray:
        """One class an item of the first axis."""
        array = self.weight.array
        return array.reshape(-1, self.centers, array.shape[-1]) if self.centers else array


def given(x: object, weight: object, target: object, centers: Centers | None = None) -> Given:
    """Adopt embeddings, class vectors and classes.

    Raises
    ------
    TypeError
        If an argument is no array, or has a dtype that it cannot have.
    ValueError
        If a shape does not fit.
    """
    rows, classes, labels = adopt("x", x), adopt("weight", weight), adopt("target", target)
    for name, adopted in (("x", rows), ("weight", classes)):
        floating(name, adopted.array)
    if rows.array.ndim != 2:
        raise ValueError(f"x: expected shape (B, D), got {rows.array.shape}")
    if centers is None and classes.array.ndim != 2:
        raise ValueError(f"weight: expected shape (C, D), got {classes.array.shape}")
    several = 0 if centers is None else centers.of(classes.array)
    same_format("weight", classes.array, rows.array, "x")
    parts = rows.array.shape[1]
    if classes.array.shape[-1] != parts:
        raise ValueError(
            f"weight: expected {parts} numbers a class as an embedding of x has, got "
            f"{classes.array.shape[-1]}, shape {classes.array.shape}"
        )
    if not classes.array.size:
        raise ValueError(
            f"weight: expected a class of one number at least, got shape {classes.array.shape}"
        )
    held = held_format(labels.array)
    if not held.startswith(("int", "uint")):
        raise TypeError(f"target: expected integers of shape (B,), got {held}")
    if labels.array.shape != rows.array.shape[:1]:
        raise ValueError(
            f"target: expected shape {rows.array.shape[:1]}, one class for every row of x; "
            f"got {labels.array.shape}"
        )
    return Given(rows, classes, labels.array, several)


def labels(
    target: np.ndarray, classes: int, ignore_index: object, *, sharded: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return classes that can be read at, and which rows are kept (None: all).

    Of a shard of the classes, -1 stays: the class of the row is on another.

    Raises
    ------
    TypeError
        If ``ignore_index`` is no integer.
    ValueError
        If a class does not exist; the error names the first.
    """
    if not sharded:
        return row_checks.labels(target, classes, ignore_index)
    elsewhere = target == ELSEWHERE
    known = np.where(elsewhere, 0, target)
    found, kept = row_checks.labels(known, classes, ignore_index)
    return np.where(elsewhere, ELSEWHERE, found).astype(np.int64), kept


def scale(value: object) -> float:
    """Return the scale as a number.

    Raises
    ------
    TypeError
        If it is neither a number nor an array of one.
    ValueError
        If it is not finite.
    """
    number: Any = value
    if not isinstance(value, Real) or isinstance(value, bool | np.generic):
        array = adopt("scale", value).array
        floating("scale", array)
        if array.size != 1 or array.ndim > 1:
            raise ValueError(f"scale: expected one number, got an array of shape {array.shape}")
        number = array.reshape(()).astype(np.float64)
    if not math.isfinite(number):
        raise ValueError(f"scale: expected a finite number, got {value!r:.60}")
    return float(number)


def bias(value: object, weight: np.ndarray) -> np.ndarray:
    """Return biases of the classes, 0 where none are given.

    Raises
    ------
    TypeError
        If it is no array of the format of ``weight``.
    ValueError
        If its shape is not ``(C,)``.
    """
    if value is None:
        return np.zeros(len(weight), weight.dtype)
    array = adopt("bias", value).array
    floating("bias", array)
    same_format("bias", array, weight, "weight")
    if array.shape != weight.shape[:1]:
        raise ValueError(f"bias: expected shape {weight.shape[:1]}, got {array.shape}")
    return array


def memory(value: object) -> int:
    """Return a budget in bytes.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is not positive.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"memory: expected a number of bytes, got {value!r:.60}")
    if value <= 0:
        raise ValueError(f"memory: expected a number of bytes > 0, got {value}")
    return int(value)


def direction(value: Any, like: dict[str, np.ndarray | float]) -> dict[str, Any]:
    """Return a direction by input, 0 where none is given.

    Raises
    ------
    TypeError, ValueError
        If it is no mapping of inputs to arrays like them.
    """
    if not hasattr(value, "items") or not len(value):
        names = " and/or ".join(map(repr, like))
        raise TypeError(f"direction: expected a mapping of {names} to arrays, got {value!r:.60}")
    found: dict[str, Any] = {}
    for name, array in value.items():
        known_name("direction", name, like)
        found[name] = _like(f"direction[{name!r}]", array, like[name], name)
    return {name: found.get(name, _zeros(of)) for name, of in like.items()}


def _like(argument: str, value: object, like: np.ndarray | float, of: str) -> Any:
    if not isinstance(like, np.ndarray):
        return scale(value)
    array = adopt(argument, value).array
    floating(argument, array)
    same_format(argument, array, like, of)
    if array.shape != like.shape:
        raise ValueError(f"{argument}: expected shape {like.shape} as {of}, got {array.shape}")
    return array


def _zeros(like: np.ndarray | float) -> Any:
    if not isinstance(like, np.ndarray):
        return 0.0
    return np.broadcast_to(np.zeros((), like.dtype), like.shape)


def refuse_nan(arrays: dict[str, np.ndarray], kept: np.ndarray | None) -> None:
    """Require that no array holds NaN, but for rows of ``x`` that are not kept."""
    for name, array in arrays.items():
        bad = np.isnan(widened(array))
        if name == "x" and kept is not None:
            bad &= kept[:, None]
        if bad.any():
            place = np.unravel_index(int(bad.argmax()), bad.shape)
            axes = ("row" if name == "x" else "class", *("centre", "column")[3 - bad.ndim :])
            where = ", ".join(f"{axis} {at}" for axis, at in zip(axes, place, strict=False))
            raise ValueError(f"{name}: expected no NaN (nan='raise'); got nan in {where}")
