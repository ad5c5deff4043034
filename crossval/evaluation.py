"""A loss at given rows, by its kernel and certified: everything about them, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import refloss
from crossval.bits import dtype_of, hexadecimal
from crossval.catalog import spec_of
from crossval.families import Family, family_of
from crossval.oracles.conditioning import condition
from crossval.oracles.digits import FLOAT_DIGITS, Decimals, exact_decimals, truth_decimals
from crossval.oracles.enclosure import Truth, truth
from crossval.oracles.formats import Format, format_of
from crossval.oracles.metric import ulp_error
from crossval.target import UsageError

SCHEMA = "refloss-eval-1"


@dataclass(frozen=True)
class Question:
    """What is evaluated.

    Attributes
    ----------
    loss, preset, axes
        The definition.
    inputs : dict of str to float64 array
        By input, on the grid of ``dtype``, with rows first.
    dtype : str
        Format that the kernel gets.
    upstream : (n,) float64 array
        Factor of each row's derivatives.
    direction : dict of str to float64 array
        Of the Hessian-vector product; empty if none is wanted.
    digits : int
        Of the enclosures.
    grad, cond : bool
        Whether gradients and condition numbers are wanted.
    """

    loss: str
    preset: str | None
    axes: Mapping[str, Any]
    inputs: dict[str, np.ndarray]
    dtype: str
    upstream: np.ndarray
    direction: dict[str, np.ndarray]
    digits: int
    grad: bool
    cond: bool

    @property
    def family(self) -> Family:
        """Family of the loss."""
        return family_of(self.loss)

    @property
    def number(self) -> Format:
        """Format that the kernel gets."""
        return format_of(self.dtype)

    def narrow(self, array: np.ndarray) -> np.ndarray:
        """Return an array in the format that the kernel gets."""
        return array.astype(dtype_of(self.number))


def evaluate(asked: Question) -> dict[str, Any]:
    """Evaluate and certify; see ``refloss eval --help`` for the data.

    Raises
    ------
    UsageError
        If the loss refuses its arguments; the message is the loss's own.
    """
    spec = spec_of(asked.loss, asked.preset, asked.axes)
    value, gradients, products = _kernel(asked)
    columns = asked.family.stack(asked.inputs)
    direction = asked.family.stack(asked.direction) if asked.direction else None
    known = truth(spec, columns, asked.upstream, grad=asked.grad, hvp=direction)
    conditions = condition(spec, columns, asked.upstream) if asked.cond else (None, None)
    rows = []
    for row in range(len(columns)):
        told = _decimals(asked, spec, columns, direction, known, row)
        answer = _Answers(asked, known, row)
        rows.append(
            {
                "inputs": {name: array[row].tolist() for name, array in asked.inputs.items()},
                "upstream": float(asked.upstream[row]),
                "kind": str(known.kind[row]),
                "value": answer.value(value, told.value, conditions[0]),
                "gradient": answer.components("grad", gradients, told.gradient, conditions[1]),
                "hvp": answer.components("hvp", products, told.product, None),
                "vertices": known.vertices[row].tolist() if row in known.vertices else [],
            }
        )
    return {
        "schema": SCHEMA,
        "loss": asked.loss,
        "preset": asked.preset,
        "program": spec.program,
        "axes": dict(spec.axes),
        "dtype": asked.dtype,
        "digits": asked.digits,
        "columns": list(asked.family.columns),
        "rows": rows,
    }


@dataclass(frozen=True)
class _Answers:
    """One row's numbers: what the kernel gave beside what is certified."""

    asked: Question
    known: Truth
    row: int

    def value(self, got: np.ndarray, enclosure: str, size: np.ndarray | None) -> dict[str, Any]:
        absolute = None if size is None else float(size[self.row])
        hi, lo = float(self.known.value_hi[self.row]), float(self.known.value_lo[self.row])
        return self._one(got[self.row], hi, lo, enclosure, absolute)

    def components(
        self,
        part: str,
        got: np.ndarray | None,
        enclosures: list[str | None],
        sizes: np.ndarray | None,
    ) -> dict[str, Any]:
        if got is None:
            return {}
        hi, lo = (getattr(self.known, f"{part}_{end}")[self.row].tolist() for end in ("hi", "lo"))
        size = [None] * len(hi) if sizes is None else sizes[self.row].tolist()
        told = enclosures or [None] * len(hi)
        return {
            name: self._one(got[self.row, k], hi[k], lo[k], told[k], size[k])
            for k, name in enumerate(self.asked.family.columns)
        }

    def _one(
        self, got: Any, hi: float, lo: float, enclosure: str | None, size: float | None
    ) -> dict[str, Any]:
        number, unique = self.asked.number, not np.isnan(hi)
        relative = size / abs(hi) if size is not None and unique and hi else None
        return {
            "kernel": str(got),
            "bits": hexadecimal(float(got), number),
            "certified": enclosure,
            "hi_lo": [hi.hex(), lo.hex()] if unique else [],
            "ulp": float(ulp_error(float(got), hi, lo, dtype=number)) if unique else None,
            "condition": relative,
        }


def _decimals(
    asked: Question,
    spec: Any,
    columns: np.ndarray,
    direction: np.ndarray | None,
    known: Truth,
    row: int,
) -> Decimals:
    if asked.digits <= FLOAT_DIGITS or known.kind[row] == "nan":
        return truth_decimals(known, row, asked.digits)
    hvp = None if direction is None else direction[row]
    upstream = float(asked.upstream[row])
    return exact_decimals(spec, columns[row], upstream, asked.digits, grad=asked.grad, hvp=hvp)


def _kernel(asked: Question) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Call the public function; its complaints about arguments are the user's."""
    loss = getattr(refloss, asked.loss)
    inputs = {name: asked.narrow(array) for name, array in asked.inputs.items()}
    upstream = asked.narrow(asked.upstream)
    direction = {name: asked.narrow(array) for name, array in asked.direction.items()}
    how = {"preset": asked.preset, **asked.axes}
    gradients = products = None
    try:
        value = np.asarray(loss(**inputs, **how))
        if asked.grad:
            gradients = asked.family.stack(loss.grad(**inputs, upstream=upstream, **how))
        if direction:
            found = loss.hvp(**inputs, direction=direction, upstream=upstream, **how)
            products = asked.family.stack(found)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{asked.loss}: {error}") from error
    return value, gradients, products
