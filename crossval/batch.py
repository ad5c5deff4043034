"""A user's own arrays as rows that the oracles understand: shapes, classes, formats, options.

Commands and comparisons take what users have: any number of classes, class weights, ignored rows.
Everything is checked here, once, and every error names the argument, what was expected and what
came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from crossval.catalog import losses, spec_of
from crossval.families import Family, family_of
from crossval.oracles.formats import FORMATS, Format, format_of

__all__ = ["Batch", "batch"]

WEIGHT, IGNORE = "class_weight", "ignore_index"


@dataclass(frozen=True)
class Batch:
    """Rows under a definition.

    Attributes
    ----------
    loss, preset, axes
        What was declared, with the axis that the arrays decide.
    spec : Spec
        The definition.
    family : Family
        Of the loss, with as many columns as these rows have.
    number : Format
        Format whose grid they lie on.
    inputs : dict of str to array
        All rows by input: float64, or int64 where an input is a class.
    options : dict
        Arguments beside inputs and axes, as the public function takes them.
    kept : (n,) bool array
        Rows that are not ignored.
    """

    loss: str
    preset: str | None
    axes: dict[str, Any]
    spec: Any
    family: Family
    number: Format
    inputs: dict[str, np.ndarray]
    options: dict[str, Any]
    kept: np.ndarray

    def __len__(self) -> int:
        return len(self.kept)

    @cached_property
    def columns(self) -> np.ndarray:
        """Columns (m, k) of the rows that are kept, as float64."""
        return self.family.stack({name: array[self.kept] for name, array in self.inputs.items()})

    @property
    def declared(self) -> str:
        """``loss/preset``."""
        return f"{self.loss}/{self.preset}" if self.preset else self.loss

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of the gradient by one input."""
        return self.inputs[name].shape


def batch(
    loss: str,
    preset: str | None,
    axes: Mapping[str, Any],
    arrays: Mapping[str, Any],
    dtype: Any = None,
) -> Batch:
    """Check a user's arrays and make rows of them.

    Parameters
    ----------
    loss, preset, axes
        The definition. Where an axis chooses between programs with other inputs (classes or
        probabilities) and is not given, the arrays decide.
    arrays : mapping of str to array or number
        Inputs, rows first, and options of the loss such as class weights.
    dtype : str or dtype, optional
        Format of the rows; that of the arrays by default.

    Raises
    ------
    TypeError, ValueError
        If an array is missing or unknown, or has the wrong shape, kind or format.
    UsageError
        If the definition does not exist.
    """
    options = {name: arrays[name] for name in (WEIGHT, IGNORE) if name in arrays}
    given = {name: np.asarray(arrays[name]) for name in arrays if name not in options}
    axes = _decided(loss, preset, dict(axes), given)
    spec = spec_of(loss, preset, axes)
    family = family_of(loss, spec.program)
    _named(family, given, options)
    _shaped(family, given)
    number = _format(family, given, dtype)
    family, classes = _sized(family, given), given[next(iter(family.inputs))].shape[-1]
    if family.wholes:
        classes = len(given[next(iter(family.wholes))])
    kept = np.ones(len(next(iter(given.values()))), dtype=bool)
    inputs: dict[str, np.ndarray] = {}
    for name in family.inputs:
        if name in family.labels:
            ignored = options.get(IGNORE, family.options.get(IGNORE))
            inputs[name], kept = _labels(name, given[name], classes, ignored)
        else:
            inputs[name] = _on_grid(name, given[name], number)
    for name in family.wholes:  # every row has its own
        inputs[name] = np.tile(inputs[name].ravel(), (len(kept), 1))
    if WEIGHT in options:
        options[WEIGHT] = _on_grid(WEIGHT, np.asarray(options[WEIGHT]), number)
        family = _weighted(family, options[WEIGHT], classes)
    return Batch(loss, preset, axes, spec, family, number, inputs, options, kept)


def _decided(
    loss: str, preset: str | None, axes: dict[str, Any], given: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Add the value of an axis that chooses the program, where the arrays' shapes decide it."""
    program = losses()[loss]["program"] if loss in losses() else ""
    if isinstance(program, str) or program["axis"] in axes:
        return axes
    for value, name in program["values"].items():
        family = family_of(loss, name)
        present = [each for each in family.inputs if each in given]
        if present and all(given[each].ndim == len(family.shape(each)) for each in present):
            return {**axes, program["axis"]: value}
    return axes


def _named(family: Family, given: Iterable[str], options: Iterable[str]) -> None:
    allowed = [*family.inputs, *(name for name in (WEIGHT, IGNORE) if name in family.options)]
    got = [*given, *options]
    missing = [name for name in family.inputs if name not in got]
    unknown = [name for name in got if name not in allowed]
    if missing or unknown:
        words = ", ".join(f"{name} {family.shapes[name]}" for name in family.inputs)
        wrong = f"{', '.join(missing)} missing" if missing else f"got {', '.join(unknown)}"
        raise ValueError(f"inputs: expected {words}; {wrong}")


def _shaped(family: Family, given: Mapping[str, np.ndarray]) -> None:
    """Require the shapes of the family, with one size for each letter; nothing is broadcast."""
    sizes: dict[str, int] = {}
    for name in family.inputs:
        words, shape = family.shapes[name], given[name].shape
        letters = [letter.strip() for letter in words.strip("()").split(",") if letter.strip()]
        if len(shape) != len(letters):
            hint = f": write {name}='[[...]]'" if len(shape) == 1 < len(letters) else ""
            raise ValueError(f"{name}: expected shape {words}, rows first; got {shape}{hint}")
        for letter, size in zip(letters, shape, strict=True):
            wanted = int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
            if wanted != size:
                where = "" if letter.isdigit() else f" with {letter} = {wanted}"
                raise ValueError(f"{name}: expected shape {words}{where}; got {shape}")


def _format(family: Family, given: Mapping[str, np.ndarray], dtype: Any) -> Format:
    if dtype is not None:
        return format_of(dtype)
    arrays = {name: given[name] for name in family.inputs if name not in family.labels}
    names = {array.dtype.name for array in arrays.values()}
    if len(names) != 1 or not names <= set(FORMATS):
        found = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
        raise TypeError(f"inputs: expected one floating-point dtype, or give dtype; got {found}")
    return format_of(names.pop())


def _on_grid(name: str, array: np.ndarray, number: Format) -> np.ndarray:
    wide = array.astype(np.float64)
    with np.errstate(invalid="ignore"):
        off = (number.round(wide) != wide) & ~np.isnan(wide)
    if off.any():
        at = tuple(int(i) for i in np.argwhere(off)[0])
        raise ValueError(
            f"{name}: expected {number.name} numbers, so that both sides get the same; got "
            f"{float(wide[at])!r} in row {at[0]}: round the inputs before computing"
        )
    return wide


def _labels(
    name: str, array: np.ndarray, classes: int, ignored: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return classes as integers, and which rows are not ignored."""
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integers, one class a row; got {array.dtype}")
    labels = array.astype(np.int64)
    kept = labels != ignored
    bad = kept & ((labels < 0) | (labels >= classes))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{name}: expected classes from 0 to {classes - 1}, or {IGNORE} {ignored}; "
            f"got {int(labels[row])} in row {row}"
        )
    return labels, kept


def _sized(family: Family, given: Mapping[str, np.ndarray]) -> Family:
    """Return the family with as many columns as the arrays have."""
    if family.fitted is not None:
        return family.fitted(given)
    inputs, columns, start = {}, [], 0
    for name, part in family.inputs.items():
        stem = re.sub(r"\d+$", "", family.columns[part][0])
        width = 1 if family.is_vector(name) else given[name].shape[1]
        same = len(family.columns[part]) == width
        names = family.columns[part] if same else tuple(f"{stem}{k}" for k in range(width))
        inputs[name] = slice(start, start + width)
        columns += names
        start += width
    return replace(family, inputs=inputs, columns=tuple(columns))


def _weighted(family: Family, weights: np.ndarray, classes: int) -> Family:
    if weights.shape != (classes,):
        raise ValueError(f"{WEIGHT}: expected shape ({classes},); got {weights.shape}")
    oracle: Any = family.oracle
    return replace(family, oracle=replace(oracle, weights=tuple(weights.tolist())))
