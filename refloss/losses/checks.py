"""Checks of arguments. Every error names the argument, what was expected and what came."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from refloss.losses.layouts import Layout
from refloss.run.arrays import Adopted, Array, adopt, held_format

__all__ = [
    "FORMATS",
    "Adopt",
    "BoxValues",
    "boxes",
    "by_name",
    "choice",
    "direction",
    "floating",
    "known_name",
    "same_format",
    "upstream",
    "wanted_gradients",
]

Adopt: TypeAlias = Callable[[str, Any], Adopted]
"""How an argument by name becomes an array: on the CPU, or on the device of the others."""

FORMATS = ("float16", "bfloat16", "float32", "float64")


_RENAMED: Mapping[str, str] = {"weight": "class_weight", "class_weight": "weight"}
"""What weights are called in other losses and libraries, to what they are called here."""


def known_name(what: str, name: object, known: Iterable[str], also: Iterable[str] = ()) -> None:
    """Require that ``name`` is one of ``known``; the error suggests the nearest, or of ``also``."""
    known = list(known)
    if name in known:
        return
    known.sort()
    others = [*known, *also]
    near = [other for other in others if other == _RENAMED.get(str(name))]
    near = near or difflib.get_close_matches(str(name), others, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    choices = ", ".join(map(repr, known)) or "none"
    raise ValueError(f"{what}: expected one of {choices}; got {name!r}{hint}")


def choice(argument: str, value: object, table: Mapping[str, Any]) -> Any:
    """Return ``table[value]``, or raise a ValueError that lists the table's keys."""
    known_name(argument, value, table)
    return table[str(value)]


def by_name(
    loss: str, names: Sequence[str], inputs: Sequence[Any], named: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of a call, by position or by name, in order; and what else was named.

    Raises
    ------
    TypeError
        If there are too many, or one is missing or given twice; the error names it.
    """
    if len(inputs) > len(names):
        raise TypeError(
            f"{loss}: expected {', '.join(names)} by position, got {len(inputs)} arrays"
        )
    found = dict(zip(names, inputs, strict=False))
    others = {}
    for name, value in named.items():
        if name in found:
            raise TypeError(f"{loss}: {name} is given twice")
        into = found if name in names else others
        into[name] = value
    if missing := [name for name in names if name not in found]:
        raise TypeError(f"{loss}: expected {', '.join(names)}; got no {missing[0]}")
    return {name: found[name] for name in names}, others


def boxes(pred: object, target: object, adopt: Adopt = adopt) -> tuple[Adopted, Adopted]:
    """Adopt two ``(N, 4)`` box arrays of one floating-point format.

    Raises
    ------
    TypeError
        If an argument is no array, or not of one of `FORMATS`, or the formats differ.
    ValueError
        If a shape is not ``(N, 4)``, or the numbers of boxes differ.
    """
    first, second = adopt("pred", pred), adopt("target", target)
    for name, adopted in (("pred", first), ("target", second)):
        floating(name, adopted.array)
        shape = adopted.array.shape
        if len(shape) != 2 or shape[1] != 4:
            raise ValueError(f"{name}: expected shape (N, 4), got {shape}")
    same_format("target", second.array, first.array)
    if len(first.array) != len(second.array):
        raise ValueError(
            f"target: expected {len(first.array)} boxes as in pred, got {len(second.array)}"
        )
    return first, second


def upstream(
    value: object,
    like: Array,
    per_item: bool,
    of: str = "pred",
    adopt: Adopt = adopt,
    *,
    shape: tuple[int, ...] | None = None,
) -> Any:
    """Return an upstream gradient as one number or as an array of one per item.

    Parameters
    ----------
    value : float, array or None
        None stands for 1.
    like : array of N items
        The input whose format an array must share.
    per_item : bool
        Whether the loss has one value per item, so that ``(N,)`` is a shape to accept.
    of : str
        That input's name.
    adopt : callable
        What reads an array.
    shape : tuple of int, optional
        Of the unreduced loss; ``(N,)`` by default.

    Returns
    -------
    float or array
        One number if there is one on the host; an array on a device stays there.
    """
    if value is None:
        return 1.0
    if isinstance(value, int | float) and not isinstance(value, bool | np.generic):
        return float(value)
    array = adopt("upstream", value).array
    floating("upstream", array)
    same_format("upstream", array, like, of)
    each = (len(like),) if shape is None else shape
    shapes = [(), each] if per_item else [()]
    if array.shape not in shapes:
        reason = "" if per_item else ", because the loss is reduced to one number"
        wanted = " or ".join(map(str, shapes))
        raise ValueError(f"upstream: expected shape {wanted}{reason}; got {array.shape}")
    return float(array) if isinstance(array, np.ndarray) and not array.ndim else array


def direction(
    value: object,
    like: Array,
    inputs: tuple[str, ...] = ("pred", "target"),
    adopt: Adopt = adopt,
) -> dict[str, Any]:
    """Return a direction by input as arrays; where none is given, zeros, or 0 on a device."""
    if not isinstance(value, Mapping) or not value:
        raise TypeError(
            f"direction: expected a mapping of {' and/or '.join(map(repr, inputs))} to arrays of "
            f"shape {like.shape}, got {value!r:.60}"
        )
    for key in value:
        known_name("direction", key, inputs)
    host = isinstance(like, np.ndarray)
    zeros = np.broadcast_to(np.zeros((), like.dtype), like.shape) if host else 0.0
    given = {
        key: _like(f"direction[{key!r}]", array, like, inputs[0], adopt)
        for key, array in value.items()
    }
    return {key: given.get(key, zeros) for key in inputs}


def wanted_gradients(wrt: object, inputs: tuple[str, ...] = ("pred", "target")) -> tuple[str, ...]:
    """Return the names in ``wrt``, in the order of the arguments."""
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)  # type: ignore[arg-type]
    for name in names:
        known_name("wrt", name, inputs)
    if not names:
        raise ValueError(f"wrt: expected {' or '.join(map(repr, inputs))} or several, got nothing")
    return tuple(name for name in inputs if name in names)


RANGES = {"float64": (1e-100, 1e100), "float32": (1e-12, 1e12)}
"""Between these, and at 0, no product of sides leaves what is computed with."""


@dataclass(frozen=True)
class BoxValues:
    """Checks the numbers of staged boxes, block by block.

    Attributes
    ----------
    name : str
        The argument.
    layout : Layout
    values : bool
        Whether infinite coordinates, inverted boxes and boxes beyond `ranged` are errors
        (``check="values"``).
    nan : bool
        Whether NaN is one (``nan="raise"``).
    ranged : (float, float) or None
        The smallest side and the largest coordinate; None if the format holds nothing beyond.
    """

    name: str
    layout: Layout
    values: bool
    nan: bool
    ranged: tuple[float, float] | None = RANGES["float64"]

    def __call__(self, start: int, block: np.ndarray) -> None:
        """Raise a ValueError for the first offending box of a ``(4, n)`` block."""
        sides = self.layout.sides(list(block)) if self.values else ()
        if self.values:
            inverted = _any(side < 0.0 for side in sides)
            self._refuse(start, block, inverted, f"boxes with {self.layout.order}")
        if (self.values or self.nan) and not math.isfinite(np.add.reduce(block, axis=None)):
            if self.nan:
                self._refuse(start, block, np.isnan(block).any(axis=0), "no NaN (nan='raise')")
            if self.values:
                infinite = np.isinf(block).any(axis=0)
                self._refuse(start, block, infinite, "coordinates that are finite or NaN")
        if self.values and self.ranged:
            smallest, largest = self.ranged
            more = "" if self.ranged == RANGES["float64"] else " (compute='float64' takes more)"
            small = _any((side > 0.0) & (side < smallest) for side in sides)
            self._refuse(start, block, small, f"sides of 0 or at least {smallest:g}{more}")
            if _reach(block) > largest:
                large = (np.abs(block) > largest).any(axis=0)
                self._refuse(start, block, large, f"coordinates of at most {largest:g}{more}")

    def _refuse(self, start: int, block: np.ndarray, bad: Any, expected: str) -> None:
        if not bad.any():
            return
        row = int(bad.argmax())
        named = zip(self.layout.columns, block[:, row], strict=True)
        found = ", ".join(f"{column}={value:.17g}" for column, value in named)
        raise ValueError(f"{self.name}: expected {expected}; got {found} in row {start + row}")


def _reach(block: np.ndarray) -> float:
    """Return the largest magnitude but NaN."""
    return max(
        np.fmax.reduce(block, axis=None, initial=0.0),
        -np.fmin.reduce(block, axis=None, initial=0.0),
    )


def _any(flags: Iterable[np.ndarray]) -> np.ndarray:
    first, second = flags
    return first | second


def _like(name: str, value: object, like: Array, of: str, adopt: Adopt) -> Array:
    array = adopt(name, value).array
    floating(name, array)
    same_format(name, array, like, of)
    if array.shape != like.shape:
        raise ValueError(f"{name}: expected shape {like.shape} as {of}, got {array.shape}")
    return array


def floating(name: str, array: Array) -> None:
    """Require one of `FORMATS`."""
    found = held_format(array)
    if found not in FORMATS:
        raise TypeError(f"{name}: expected one of {', '.join(FORMATS)}; got {found}")


def same_format(name: str, array: Array, like: Array, of: str = "pred") -> None:
    """Require the format of the input named `of`."""
    found, expected = held_format(array), held_format(like)
    if found != expected:
        raise TypeError(f"{name}: expected {expected} as {of}, got {found}")
