"""Checks of what is selected from. Errors name the argument, what was expected and what came."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.layouts import LAYOUTS
from refloss.run.arrays import adopt
from refloss.run.rounding import narrow, widened

__all__ = ["Given", "boxes", "finite", "flag", "generator", "labels", "number", "points", "whole"]


@dataclass(frozen=True)
class Given:
    """A floating-point argument in float64, with the way back to its format and library.

    Attributes
    ----------
    name : str
        The argument.
    array : float64 array
        The caller's memory where it is float64; never written to.
    held : dtype
        The format that it came in.
    library : callable
        Turns a new NumPy array into one of the caller's library.
    """

    name: str
    array: np.ndarray
    held: np.dtype
    library: Callable[[np.ndarray], Any]

    def room(self, *shape: int) -> np.ndarray:
        """Return room for a result in the format that the argument came in."""
        return np.empty(shape, self.held.newbyteorder("="))

    def rounded(self, result: np.ndarray) -> Any:
        """Return a float64 result, rounded once, in the argument's format and library."""
        out = self.room(*result.shape)
        with np.errstate(all="ignore"):
            narrow(out, result)
        return self.library(out)


def points(name: str, value: object) -> Given:
    """Return embeddings ``(N, D)`` of one of the floating-point formats."""
    adopted = adopt(name, value)
    checks.floating(name, adopted.array)
    if adopted.array.ndim != 2:
        raise ValueError(f"{name}: expected shape (N, D), got {adopted.array.shape}")
    return Given(name, widened(adopted.array), adopted.array.dtype, adopted.give_back)


def finite(given: Given) -> None:
    """Require that there is neither NaN nor infinity, which no order has a place for."""
    rows = np.isfinite(given.array).all(axis=1)
    if not rows.all():
        row = int(rows.argmin())
        found = given.array[row]
        bad = found[~np.isfinite(found)].flat[0]
        raise ValueError(f"{given.name}: expected finite numbers, got {bad} in row {row}")


def labels(name: str, value: object, items: int | None = None, of: str = "x") -> np.ndarray:
    """Return a class for every item, as integers of any format."""
    array = adopt(name, value).array
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integers, got {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"{name}: expected shape (N,), got {array.shape}")
    if items is not None and len(array) != items:
        raise ValueError(f"{name}: expected {items} as rows of {of}, got {len(array)}")
    return array


def boxes(name: str, value: object, layout: str, *, nan: bool) -> Given:
    """Return boxes ``(N, 4)`` as corners; `nan` says whether NaN is refused."""
    known = checks.choice("layout", layout, LAYOUTS)
    adopted = adopt(name, value)
    array = adopted.array
    checks.floating(name, array)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name}: expected shape (N, 4), got {array.shape}")
    columns = np.array(widened(array).T, order="C")  # a copy, which may be changed
    if columns.size:
        checks.BoxValues(name, known, True, nan)(0, columns)
        known.to_corners(columns)
    return Given(name, columns.T, array.dtype, adopted.give_back)


def number(
    name: str,
    value: object,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    infinite: bool = False,
) -> float:
    """Return a number within bounds, by default a finite one."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number, got {value!r:.60}")
    found = float(value)
    if math.isnan(found) or (math.isinf(found) and not infinite) or not least <= found <= most:
        bounds = [f">= {least:g}"] * (least > -math.inf) + [f"<= {most:g}"] * (most < math.inf)
        wanted = ["a number" if infinite else "a finite number", " and ".join(bounds)]
        raise ValueError(f"{name}: expected {' '.join(filter(None, wanted))}, got {value!r}")
    return found


def whole(name: str, value: object, least: int) -> int:
    """Return an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected an int, got {value!r:.60}")
    if value < least:
        raise ValueError(f"{name}: expected an int >= {least}, got {value}")
    return int(value)


def flag(name: str, value: object) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: expected True or False, got {value!r:.60}")
    return bool(value)


def generator(name: str, value: object) -> np.random.Generator:
    """Return a generator of random numbers: the given one, or one with the given seed."""
    if isinstance(value, np.random.Generator):
        return value
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}: expected a numpy.random.Generator or a seed, got {value!r:.60}")
    return np.random.default_rng(whole(name, value, 0))
