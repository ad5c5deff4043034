"""A loss at given rows, by its kernel and certified: everything about them, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import refloss
from crossval.batch import Batch
from crossval.bits import dtype_of, hexadecimal
from crossval.families import Family
from crossval.oracles.digits import FLOAT_DIGITS, Decimals, exact_decimals, truth_decimals
from crossval.oracles.enclosure import Truth
from crossval.oracles.metric import ulp_error
from crossval.target import UsageError

SCHEMA = "refloss-eval-1"


@dataclass(frozen=True)
class Question:
    """What is evaluated.

    Attributes
    ----------
    rows : Batch
        The definition and the rows, in the format that the kernel gets.
    upstream : (n,) float64 array
        Factor of each row's derivatives.
    direction : dict of str to float64 array
        Of the Hessian-vector product, by input; empty if none is wanted.
    digits : int
        Of the enclosures.
    grad, cond : bool
        Whether gradients and condition numbers are wanted.
    """

    rows: Batch
    upstream: np.ndarray
    direction: dict[str, np.ndarray]
    digits: int
    grad: bool
    cond: bool

    @property
    def wrt(self) -> tuple[str, ...]:
        """Inputs that have a derivative."""
        return self.rows.family.differentiable

    @property
    def moving(self) -> list[str]:
        """Columns that have a derivative."""
        family = self.rows.family
        return [name for each in self.wrt for name in family.columns[family.inputs[each]]]


@dataclass(frozen=True)
class _Found:
    """Results by moving column: of the kernel for all rows, certified for those that are kept."""

    value: np.ndarray
    gradient: np.ndarray | None
    product: np.ndarray | None
    known: Truth
    conditions: tuple[np.ndarray, np.ndarray] | None


def evaluate(asked: Question) -> dict[str, Any]:
    """Evaluate and certify; see ``refloss eval --help`` for the data.

    Raises
    ------
    UsageError
        If the loss refuses its arguments; the message is the loss's own.
    """
    rows = asked.rows
    found = _found(asked)
    places = np.cumsum(rows.kept) - 1
    return {
        "schema": SCHEMA,
        "loss": rows.loss,
        "preset": rows.preset,
        "program": rows.spec.program,
        "axes": dict(rows.spec.axes),
        "dtype": rows.number.name,
        "digits": asked.digits,
        "columns": asked.moving,
        "rows": [
            _row(asked, found, row, int(places[row]) if rows.kept[row] else None)
            for row in range(len(rows))
        ],
    }


def _found(asked: Question) -> _Found:
    rows, oracle = asked.rows, asked.rows.family.oracle
    value, gradient, product = _kernel(asked)
    upstream = asked.upstream[rows.kept]
    direction = None
    if asked.direction:
        zeros = {name: np.zeros(rows.shape(name)) for name in rows.family.inputs}
        whole = {name: asked.direction.get(name, zeros[name]) for name in zeros}
        direction = rows.family.stack({name: part[rows.kept] for name, part in whole.items()})
    known = oracle.truth(rows.spec, rows.columns, upstream, hvp=direction)
    conditions = oracle.condition(rows.spec, rows.columns, upstream) if asked.cond else None
    places = [rows.family.columns.index(name) for name in asked.moving]
    _narrow(known, places)
    if conditions is not None:
        conditions = conditions[0], conditions[1][:, places]
    return _Found(value, gradient, product, known, conditions)


def _narrow(known: Truth, places: list[int]) -> None:
    """Keep the derivatives by some columns."""
    for part in ("grad_hi", "grad_lo", "grad_rad", "hvp_hi", "hvp_lo", "hvp_rad"):
        array = getattr(known, part)
        if array is not None:
            setattr(known, part, array[:, places])
    for vertices in (known.vertices, known.hvp_vertices):
        vertices.update({row: table[:, places] for row, table in vertices.items()})


def _row(asked: Question, found: _Found, row: int, place: int | None) -> dict[str, Any]:
    """Return what is known of one row; ``place`` is its place among the rows that are kept."""
    rows = asked.rows
    about = {
        "inputs": {name: array[row].tolist() for name, array in rows.inputs.items()},
        "upstream": float(asked.upstream[row]),
    }
    answers = _Answers(asked, found, row, place)
    if place is None:
        return about | answers.ignored()
    told = _decimals(asked, found.known, row, place)
    vertices = found.known.vertices.get(place) if asked.grad or asked.direction else None
    return about | {
        "kind": str(found.known.kind[place]),
        "value": answers.value(told.value),
        "gradient": answers.components("grad", found.gradient, told.gradient),
        "hvp": answers.components("hvp", found.product, told.product),
        "vertices": [] if vertices is None else vertices.tolist(),
    }


@dataclass(frozen=True)
class _Answers:
    """One row's numbers: what the kernel gave beside what is certified."""

    asked: Question
    found: _Found
    row: int
    place: int | None

    def ignored(self) -> dict[str, Any]:
        """Results of a row that is ignored, which are 0 by definition."""
        names = {"gradient": self.found.gradient, "hvp": self.found.product}
        parts = {
            part: {} if got is None else self._ignored(got[self.row]) for part, got in names.items()
        }
        value = self._one(self.found.value[self.row], 0.0, 0.0, "0", None)
        return {"kind": "ignored", "value": value, **parts, "vertices": []}

    def _ignored(self, got: np.ndarray) -> dict[str, Any]:
        zero = (0.0, 0.0, "0", None)
        return {name: self._one(x, *zero) for name, x in zip(self.asked.moving, got, strict=True)}

    def value(self, enclosure: str) -> dict[str, Any]:
        """Return the loss."""
        known, at, conditions = self.found.known, self.place, self.found.conditions
        size = None if conditions is None else float(conditions[0][at])
        hi, lo = float(known.value_hi[at]), float(known.value_lo[at])  # type: ignore[index]
        return self._one(self.found.value[self.row], hi, lo, enclosure, size)

    def components(
        self, part: str, got: np.ndarray | None, enclosures: list[str | None]
    ) -> dict[str, Any]:
        """Return a derivative by column."""
        if got is None:
            return {}
        hi, lo = (getattr(self.found.known, f"{part}_{end}")[self.place] for end in ("hi", "lo"))
        conditions = self.found.conditions if part == "grad" else None
        return {
            name: self._one(
                got[self.row, k],
                float(hi[k]),
                float(lo[k]),
                enclosures[k],
                None if conditions is None else float(conditions[1][self.place, k]),
            )
            for k, name in enumerate(self.asked.moving)
        }

    def _one(
        self, got: Any, hi: float, lo: float, enclosure: str | None, size: float | None
    ) -> dict[str, Any]:
        number, unique = self.asked.rows.number, not np.isnan(hi)
        relative = size / abs(hi) if size is not None and unique and hi else None
        return {
            "kernel": str(got),
            "bits": hexadecimal(float(got), number),
            "certified": enclosure,
            "hi_lo": [hi.hex(), lo.hex()] if unique else [],
            "ulp": float(ulp_error(float(got), hi, lo, dtype=number)) if unique else None,
            "condition": relative,
        }


def _decimals(asked: Question, known: Truth, row: int, place: int) -> Decimals:
    if asked.digits <= FLOAT_DIGITS or known.kind[place] == "nan":
        return truth_decimals(known, place, asked.digits)
    rows, direction = asked.rows, None
    columns, packing = rows.family.oracle.packed(rows.spec, rows.columns)
    if asked.direction:
        zeros = {name: np.zeros(rows.shape(name)) for name in asked.wrt}
        direction = np.concatenate([{**zeros, **asked.direction}[n][row] for n in asked.wrt])
    return exact_decimals(
        rows.spec,
        columns[place],
        float(asked.upstream[row]),
        asked.digits,
        grad=asked.grad,
        hvp=direction,
        row=place,
        packing=packing,
    )


_Results = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
"""Of a kernel: value, gradient and product, by row."""


def _kernel(asked: Question) -> _Results:
    """Call the public function; its complaints about arguments are the user's."""
    return _in_one_call(asked) if not asked.rows.family.wholes else _row_by_row(asked)


def _row_by_row(asked: Question) -> _Results:
    """Call it for every row alone, with what that row has of its own."""
    rows = asked.rows
    loss, family, dtype = getattr(refloss, rows.loss), rows.family, dtype_of(rows.number)
    options = {"preset": rows.preset, "wrt": asked.wrt, **rows.axes, **rows.options}
    values, slopes, products = [], [], []
    for row, columns in enumerate(family.stack(rows.inputs)):
        inputs = _narrowed(family, family.one_call(columns[None]), dtype)
        options["upstream"] = asked.upstream[row : row + 1].astype(dtype)
        try:
            value, found = loss.value_and_grad(**inputs, **options)
            if asked.direction:
                direction = _narrowed(family, _direction(asked, row), dtype)
                products.append(_flat(loss.hvp(**inputs, direction=direction, **options), asked))
        except (ValueError, TypeError) as error:
            raise UsageError(f"{rows.loss}: {error}") from error
        values.append(value[0])
        slopes.append(_flat(found, asked))
    gradient = np.array(slopes) if asked.grad else None
    return np.array(values), gradient, np.array(products) if asked.direction else None


def _direction(asked: Question, row: int) -> dict[str, np.ndarray]:
    """Return one row's direction as the arguments of a call."""
    wholes = asked.rows.family.wholes
    return {
        name: array[row].reshape(wholes[name]) if name in wholes else array[row : row + 1]
        for name, array in asked.direction.items()
    }


def _flat(found: Mapping[str, Any], asked: Question) -> np.ndarray:
    return np.concatenate([np.ravel(found[name]) for name in asked.wrt])


def _narrowed(family: Family, arrays: Mapping[str, np.ndarray], dtype: Any) -> dict[str, Any]:
    """Return arrays in the format under test; classes stay integers."""
    return {n: a if n in family.labels else a.astype(dtype) for n, a in arrays.items()}


def _in_one_call(asked: Question) -> _Results:
    rows, wrt = asked.rows, asked.wrt
    loss, family, dtype = getattr(refloss, rows.loss), rows.family, dtype_of(rows.number)
    inputs = _narrowed(family, rows.inputs, dtype)
    options = {"preset": rows.preset, **rows.axes, **rows.options}
    if "class_weight" in options:
        options["class_weight"] = options["class_weight"].astype(dtype)
    derivative = {"upstream": asked.upstream.astype(dtype), "wrt": wrt, **options}
    gradient = product = None
    try:
        value = np.asarray(loss(**inputs, **options))
        if asked.grad:
            gradient = _joined(loss.grad(**inputs, **derivative), wrt)
        if asked.direction:
            direction = _narrowed(family, asked.direction, dtype)
            product = _joined(loss.hvp(**inputs, direction=direction, **derivative), wrt)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{rows.loss}: {error}") from error
    return value, gradient, product


def _joined(found: dict[str, Any], wrt: tuple[str, ...]) -> np.ndarray:
    return np.concatenate([np.asarray(found[name]) for name in wrt], axis=1)
