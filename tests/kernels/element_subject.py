"""Losses of single numbers under every convention that definitions name, as functions of rows.

What is listed here is read off the index: a new definition of such a family is tested by all tests
of elements. Everything is float64: columns ``(n, k)`` in the order of the inputs that can be
differentiated by, values and upstream gradients ``(n,)``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

import refloss
from crossval.bits import dtype_of
from crossval.catalog import losses
from crossval.families import FAMILIES, Family, family_of
from crossval.oracles.elementwise import weights_of
from crossval.oracles.formats import format_of
from refloss.losses import Spec, resolve

from .product_terms import parts_of

__all__ = ["ELEMENTS", "ELEMENT_PROGRAMS", "GRADIENT", "PRODUCT", "VALUE", "ElementSubject"]

VALUE, GRADIENT, PRODUCT = 4, 8, 64
NUMBERS = {
    "beta": (0.0, 0.125, 2.0),
    "smooth_l1 beta": (0.0, 2.0**-126, 0.125, 2.0),
    "delta": (0.0, 0.125, 2.0),
    "sigma": (3.0,),
    "gamma": (0.0, 0.5, 1.0, 5.0),
    "label_smoothing": (0.1,),
    "focal_star gamma": (0.5, 5.0),
    "arcface_logit margin": (0.0, 2.0),
    "annealing": (5.0,),
    "cosface_logit limit": (0.9,),
    "cosine_margin": (0.0,),
}
"""Values of axes that are numbers, beside those of presets; of one loss where it is named."""

DIFFERENCES = ("squared_hinge", "combined_multiple_logit")
"""Programs of whose Hessian an entry is a difference."""

LABELS = {"hinge_embedding": ("target",)}
"""Inputs, by program, of which a loss jumps: they are labels, and a difference says nothing."""

FLAT = tuple(n for n, f in FAMILIES.items() if all(map(f.is_vector, f.inputs)))
ELEMENT_LOSSES = tuple(name for name, entry in losses().items() if entry["family"] in FLAT)


def _programs(loss: str) -> list[str]:
    """Return the programs that a loss's axes choose from; what a batch is divided by is no loss."""
    chosen = losses()[loss]["program"]
    return [chosen] if isinstance(chosen, str) else list(chosen["values"].values())


ELEMENT_PROGRAMS = tuple(name for loss in ELEMENT_LOSSES for name in _programs(loss))


@dataclass(frozen=True)
class ElementSubject:
    """A loss with its axes; a preset may be among them."""

    loss: str
    axes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.loss, *(f"{k}={v}" for k, v in self.axes.items())])

    @property
    def spec(self) -> Spec:
        axes = dict(self.axes)
        return resolve(self.loss, axes.pop("preset", None), axes)

    @property
    def family(self) -> Family:
        return family_of(self.loss, self.spec.program)

    @property
    def names(self) -> tuple[str, ...]:
        """Inputs that can be differentiated by."""
        return self.family.differentiable

    @property
    def moving(self) -> np.ndarray:
        """Which inputs a loss is a continuous function of."""
        return ~np.isin(self.names, LABELS.get(self.spec.program, ()))

    def columns(self, dtype: str = "float64", level: str = "smoke") -> np.ndarray:
        """Return the pinned points of the family that the definition speaks of."""
        columns = self.family.points(dtype, level).columns
        for numbers, allowed in self._allowed():
            columns = columns[np.isin(columns[:, numbers], allowed)]
        return columns

    def _allowed(self) -> Iterator[tuple[int, list[float]]]:
        """Yield columns of which the axes allow but a few numbers, and those."""
        axes = losses()[self.loss]["axes"]
        for name, value in self.spec.axes.items():
            chosen = axes[name]["values"].get(value, {})
            for argument, numbers in chosen.get("allows", {}).items():
                yield self.names.index(argument), numbers

    def value_and_grad(self, columns, upstream=None, dtype="float64", **options):
        """Return the value, and the gradient by column."""
        weights = None if upstream is None else upstream.astype(_numpy(dtype))
        loss = getattr(refloss, self.loss)
        value, grad = loss.value_and_grad(
            *_arrays(columns, dtype), upstream=weights, wrt=self.names, **self.axes, **options
        )
        return _wide(value), np.stack([_wide(grad[name]) for name in self.names], axis=1)

    def hvp(self, columns, direction, upstream=None, **options):
        """Return the Hessian-vector product by column."""
        dots = dict(zip(self.names, _arrays(direction, "float64"), strict=True))
        loss, arrays = getattr(refloss, self.loss), _arrays(columns, "float64")
        options |= {"wrt": self.names, "upstream": upstream, **self.axes}
        found = loss.hvp(*arrays, dots, **options)
        return np.stack([_wide(found[name]) for name in self.names], axis=1)

    def product_size(self, columns, direction, upstream):
        """Return how large the terms are of which a Hessian-vector product is the sum."""
        if self.spec.program in DIFFERENCES:
            return self._terms(columns, direction, upstream)
        units = np.eye(columns.shape[1])
        return sum(
            np.abs(self.hvp(columns, np.tile(unit, (len(columns), 1)), upstream))
            * np.abs(dot)[:, None]
            for unit, dot in zip(units, direction.T, strict=True)
        )

    def _terms(self, columns, direction, upstream):
        rows = [*columns.T, *self.weights(len(columns)), upstream, *direction.T]
        with np.errstate(divide="ignore", invalid="ignore"):  # at ends, which are not judged
            parts = parts_of(self.spec.program)(*rows, **self.spec.constants)
        parts = parts if isinstance(parts, tuple) else (parts,)
        return np.stack([np.broadcast_to(part, len(columns)) for part in parts], axis=1)

    @property
    def text(self) -> Any:
        """The committed NumPy text."""
        return import_module(f"refloss.kernels.numpy.{self.spec.program}")

    def weights(self, rows: int) -> list[np.ndarray]:
        """Return the program's inputs behind the columns: ones."""
        return [np.ones(rows) for _ in weights_of(self.spec.program)]


def _variants(loss: str) -> Iterator[dict[str, Any]]:
    """Yield the defaults, each other value of one axis, and each preset."""
    entry = losses()[loss]
    yield {}
    for name, axis in entry["axes"].items():
        for value in axis["values"]:
            yield {name: value}
        numbers = NUMBERS.get(f"{loss} {name}", NUMBERS.get(name, ()))
        for number in numbers if not axis["values"] else ():
            yield {name: number}
    for preset in entry["presets"]:
        yield {"preset": preset}


def _distinct() -> Iterator[ElementSubject]:
    """Yield subjects that compute something else than all before."""
    seen = set()
    for loss in ELEMENT_LOSSES:
        for axes in _variants(loss):
            subject = ElementSubject(loss, axes)
            spec = subject.spec
            key = json.dumps([spec.program, spec.constants], sort_keys=True)
            if key not in seen:
                seen.add(key)
                yield subject


def _numpy(dtype: str) -> np.dtype:
    return dtype_of(format_of(dtype))


def _arrays(columns: np.ndarray, dtype: str) -> list[np.ndarray]:
    return list(np.ascontiguousarray(columns.T).astype(_numpy(dtype)))


def _wide(array) -> np.ndarray:
    return np.asarray(array).astype(np.float64)


ELEMENTS = list(_distinct())
