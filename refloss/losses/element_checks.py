"""Checks of arrays of single numbers; errors as in `refloss.losses.checks`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from refloss.losses.checks import Adopt, floating, same_format
from refloss.run.arrays import Adopted, Array, adopt
from refloss.run.rounding import widened

__all__ = ["beside", "elements", "in_domain", "no_nan", "one_of"]

_BLOCK = 65536  # elements widened at a time


def elements(
    names: Sequence[str], given: Sequence[object], adopt: Adopt = adopt
) -> dict[str, Adopted]:
    """Adopt arrays of one shape and one floating-point format.

    Raises
    ------
    TypeError
        If an argument is no array, or of no such format, or the formats differ.
    ValueError
        If the shapes differ.
    """
    found = {name: adopt(name, value) for name, value in zip(names, given, strict=True)}
    leader = names[0]
    like = found[leader].array
    for name, adopted in found.items():
        floating(name, adopted.array)
        same_format(name, adopted.array, like, leader)
        if adopted.array.shape != like.shape:
            raise ValueError(
                f"{name}: expected shape {like.shape} as {leader}, got {adopted.array.shape}"
            )
    return found


def beside(
    given: Mapping[str, object], like: Array, leader: str, adopt: Adopt = adopt
) -> dict[str, Array]:
    """Return weights by name, each of a shape that broadcasts to the leading array's.

    Raises
    ------
    TypeError
        If one is no array of the leading array's format.
    ValueError
        If its shape does not broadcast.
    """
    found = {}
    for name, value in given.items():
        array = adopt(name, value).array
        floating(name, array)
        same_format(name, array, like, leader)
        if not _broadcasts(array.shape, like.shape):
            raise ValueError(
                f"{name}: expected a shape that broadcasts to {like.shape} as {leader}, "
                f"got {array.shape}"
            )
        found[name] = array
    return found


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    if len(shape) > len(to):
        return False
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return all(size in (1, whole) for size, whole in pairs)


def in_domain(name: str, array: np.ndarray, least: float, most: float) -> None:
    """Require numbers from `least` to `most`; NaN is another check's business.

    Raises
    ------
    ValueError
        Naming the first that is outside, and where it is.
    """
    words = f"numbers from {least:g} to {most:g}"
    if math.isinf(most):
        words = f"finite numbers >= {least:g}"
    flat = array.reshape(-1)
    if _within(flat, least, most):
        return
    for start in range(0, len(flat), _BLOCK):
        block = widened(flat[start : start + _BLOCK])
        with np.errstate(invalid="ignore"):
            bad = (block < least) | (block > most) | np.isinf(block)
        _refuse(name, array, start, block, bad, words)


def _within(array: np.ndarray, least: float, most: float) -> bool:
    """Whether the extremes show at once that all numbers are in a domain; NaN shows nothing."""
    if not array.size or array.dtype.kind != "f":
        return not array.size
    with np.errstate(invalid="ignore"):
        low, high = float(array.min()), float(array.max())
    return least <= low and high <= most and math.isfinite(low) and math.isfinite(high)


def one_of(name: str, array: np.ndarray, allowed: Sequence[float], under: str) -> None:
    """Require numbers out of a few; NaN is another check's business.

    Parameters
    ----------
    name : str
    array : array
    allowed : sequence of float
    under : str
        The convention that allows them, as a caller writes it.

    Raises
    ------
    ValueError
        Naming the first that is another, and where it is.
    """
    words = f"{' or '.join(f'{number:g}' for number in allowed)} ({under})"
    flat = array.reshape(-1)
    for start in range(0, len(flat), _BLOCK):
        block = widened(flat[start : start + _BLOCK])
        _refuse(name, array, start, block, ~(np.isin(block, allowed) | np.isnan(block)), words)


def no_nan(name: str, array: np.ndarray) -> None:
    """Require that nothing is NaN.

    Raises
    ------
    ValueError
        Naming the first place.
    """
    flat = array.reshape(-1)
    for start in range(0, len(flat), _BLOCK):
        block = widened(flat[start : start + _BLOCK])
        _refuse(name, array, start, block, np.isnan(block), "no NaN (nan='raise')")


def _refuse(
    name: str, array: np.ndarray, start: int, block: np.ndarray, bad: Any, expected: str
) -> None:
    if not bad.any():
        return
    first = int(bad.argmax())
    place = tuple(int(k) for k in np.unravel_index(start + first, array.shape))
    where = f" at {place if len(place) != 1 else place[0]}" if array.ndim else ""
    raise ValueError(f"{name}: expected {expected}; got {block[first]:.17g}{where}")
