"""Checks of logits, targets and class weights; errors as in `refloss.losses.checks`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from refloss.losses.checks import FORMATS, Adopt, choice, floating, same_format
from refloss.run.arrays import Adopted, Array, adopt, held_format
from refloss.run.rounding import widened

__all__ = [
    "class_weight",
    "first_of",
    "ignored_label",
    "in_domain",
    "labels",
    "no_ignore_index",
    "no_nan",
    "probabilities",
    "rows",
]

_BLOCK = 65536  # probabilities widened at a time

_KINDS = {"index": "integers of shape (N,)", "probabilities": "probabilities of shape (N, C)"}


def first_of(entry: Mapping[str, Any]) -> str:
    """Return what a loss of rows calls its logits, from what the index says of it."""
    return next(name for name in entry["inputs"] if name not in ("target", "class_weight"))


def rows(
    logits: object,
    target: object,
    kind: object,
    adopt: Adopt = adopt,
    name: str = "logits",
) -> tuple[Adopted, Adopted, str]:
    """Adopt logits and a target, and say which kind of target it is.

    Parameters
    ----------
    logits : array of shape (N, C)
    target : array of shape (N,) of integers, or (N, C) of the logits' format
    kind : {None, 'index', 'probabilities'}
        What the caller says the target is.
    adopt : callable
        What reads an array.
    name : str
        What the logits are called.

    Raises
    ------
    TypeError
        If an argument is no array, or has a dtype that it cannot have.
    ValueError
        If a shape does not fit.
    """
    scores, goal = adopt(name, logits), adopt("target", target)
    floating(name, scores.array)
    if scores.array.ndim != 2:
        raise ValueError(f"{name}: expected shape (N, C), got {scores.array.shape}")
    if scores.array.shape[1] < 2:
        raise ValueError(f"{name}: expected at least 2 classes, got shape {scores.array.shape}")
    held = held_format(goal.array)
    found = "index" if held.startswith(("int", "uint")) else "probabilities"
    if kind is not None:
        choice("targets", kind, _KINDS)
    if kind not in (None, found):
        raise TypeError(
            f"target: expected {_KINDS[str(kind)]} (targets={kind!r}), got {held} of "
            f"shape {goal.array.shape}"
        )
    if found == "index":
        _shape("target", goal.array, scores.array.shape[:1], f"one class for every row of {name}")
    else:
        _probabilities_like(goal.array, scores.array)
    return scores, goal, found


def _probabilities_like(target: Array, logits: Array) -> None:
    found = held_format(target)
    if found not in FORMATS:
        raise TypeError(
            f"target: expected integers, or probabilities of {held_format(logits)}; got {found}"
        )
    same_format("target", target, logits, "logits")
    _shape("target", target, logits.shape, "one probability for every logit")


def labels(
    target: np.ndarray, classes: int, ignore_index: object
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return classes that can be read at, and which rows are kept (None: all).

    Raises
    ------
    TypeError
        If ``ignore_index`` is no integer.
    ValueError
        If a class does not exist; the error names the first.
    """
    skipped = ignored_label(ignore_index)
    ignored = target == skipped if _holds(target.dtype, skipped) else np.zeros(len(target), bool)
    wrong = ~ignored & ((target < 0) | (target >= classes))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"target: expected classes from 0 to {classes - 1}, or ignore_index={skipped}; "
            f"got {target[row]} in row {row}"
        )
    if not ignored.any():
        return target, None
    return np.where(ignored, 0, target), ~ignored


def ignored_label(ignore_index: object) -> int:
    """Return the label to ignore.

    Raises
    ------
    TypeError
        If it is no integer.
    """
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, Integral):
        raise TypeError(f"ignore_index: expected an integer, got {ignore_index!r:.60}")
    return int(ignore_index)


def _holds(dtype: np.dtype, number: int) -> bool:
    info = np.iinfo(dtype)
    return info.min <= number <= info.max


def no_ignore_index(given: object, default: int) -> None:
    """Require that nothing is to be ignored: probabilities have no class to ignore."""
    if given != default:
        raise ValueError(
            f"ignore_index: expected {default} (nothing) beside probabilities, got {given!r:.60}"
        )


PLACES = {"float32": 2**24, "float64": 2**31 - 1}
"""How many classes can be counted in what is computed with."""


def places(classes: int, real: str, name: str = "logits") -> None:
    """Require that the place of every class is a number of the format `real`."""
    if classes > PLACES[real]:
        more = "; pass compute='float64'" if real == "float32" else ""
        raise ValueError(
            f"{name}: expected at most {PLACES[real]:,} classes in {real}, got {classes:,}{more}"
        )


def class_weight(
    value: object, logits: Array, values: bool, adopt: Adopt = adopt, name: str = "logits"
) -> Any:
    """Return class weights as an array of shape (C,), None where none are given.

    `values` are looked at on the CPU only.

    Raises
    ------
    TypeError
        If it is no array of the logits' format.
    ValueError
        If its shape is not ``(C,)``, or, with `values`, a weight is negative or not finite.
    """
    if value is None:
        return None
    array = adopt("class_weight", value).array
    floating("class_weight", array)
    same_format("class_weight", array, logits, name)
    _shape("class_weight", array, logits.shape[1:], "one weight for every class")
    if values:
        assert isinstance(array, np.ndarray)
        wide = widened(array)
        _refuse("class_weight", wide, ~(np.isfinite(wide) & (wide >= 0.0)), "finite numbers >= 0")
    return array


def probabilities(target: np.ndarray, most: float = math.inf) -> None:
    """Require probabilities from 0 to `most`; NaN is another check's business."""
    rows = max(1, _BLOCK // target.shape[1])
    words = "probabilities >= 0" if math.isinf(most) else f"numbers from 0 to {most:g}"
    for start in range(0, len(target), rows):
        block = widened(target[start : start + rows])
        with np.errstate(invalid="ignore"):
            low, high = np.fmin.reduce(block, axis=None), np.fmax.reduce(block, axis=None)
            if low < 0.0 or high > most:
                wide = widened(target)
                _refuse("target", target, (wide < 0.0) | (wide > most), words)


def no_nan(name: str, array: np.ndarray, kept: np.ndarray | None) -> None:
    """Require that no row that is kept holds NaN."""
    wide = widened(array)
    if kept is not None:
        wide = np.where(kept[:, None], wide, 0.0)
    _refuse(name, array, np.isnan(wide), "no NaN (nan='raise')")


def in_domain(
    name: str, array: np.ndarray, kept: np.ndarray | None, least: float, most: float
) -> None:
    """Require numbers from `least` to `most` in rows that are kept; NaN is another check's."""
    rows = max(1, _BLOCK // array.shape[1])
    for start in range(0, len(array), rows):
        wide = widened(array[start : start + rows])
        with np.errstate(invalid="ignore"):
            bad = (wide < least) | (wide > most)
        if kept is not None:
            bad &= kept[start : start + rows, None]
        if bad.any():
            whole = np.zeros(array.shape, bool)
            whole[start : start + rows] = bad
            _refuse(name, array, whole, f"numbers from {least:g} to {most:g}")


def _refuse(name: str, array: np.ndarray, bad: np.ndarray, expected: str) -> None:
    if bad.any():
        place = np.unravel_index(int(bad.argmax()), bad.shape)
        where = f"row {place[0]}, class {place[1]}" if len(place) == 2 else f"class {place[0]}"
        raise ValueError(f"{name}: expected {expected}; got {float(array[place]):.17g} in {where}")


def _shape(name: str, array: Array, expected: tuple[int, ...], what: str) -> None:
    if array.shape != expected:
        raise ValueError(f"{name}: expected shape {expected}, {what}; got {array.shape}")
