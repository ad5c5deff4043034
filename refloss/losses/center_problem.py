"""One call of a loss of vectors and the centres of their classes, on the CPU.

A vector is a row beside the centre of its class, so that neither distances to other centres nor a
mask of them are ever made. Centres are gathered for some rows at a time, and what is by a centre is
added up over the rows of its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from refloss.losses import checks, head_checks
from refloss.losses.backends import Backend
from refloss.losses.center_checks import Given
from refloss.losses.reductions import Counts, Total
from refloss.losses.row_call import RowCall
from refloss.losses.spec import Spec
from refloss.losses.vector_problem import VectorProblem
from refloss.run.arrays import Adopted
from refloss.run.class_sums import ROWS, ClassSums
from refloss.run.kernels import Library
from refloss.run.rounding import narrow

__all__ = ["CenterProblem"]

_BYTES = 64
"""Bytes that a number of a row may cost: a gathered centre, and what adding up takes."""
_ROLES = {"x": "x", "centers": "own"}
"""What an input is called in a program of rows."""

Rows = slice | np.ndarray


@dataclass(frozen=True)
class _ByClass:
    """What every row reads at its class."""

    array: np.ndarray


@dataclass(frozen=True)
class CenterProblem(RowCall):
    """One call with its arguments checked: what there is to run and where results go.

    `labels` are classes ``(N,)``, 0 where the given one is ignored; `kept` says which are not, None
    for all.
    """

    spec: Spec
    library: Library
    x: Adopted
    centers: Adopted
    labels: np.ndarray
    kept: np.ndarray | None
    backend: Backend
    memory: int

    @classmethod
    def of(
        cls, spec: Spec, library: Library, given: Given, backend: Backend, memory: int
    ) -> CenterProblem:
        """Return a call; how many classes there are is a constant of the program."""
        others = float(len(given.centers.array) - 1)
        spec = replace(spec, constants={**spec.constants, "others": others})
        arrays = given.x, given.centers, given.labels, given.kept
        return cls(spec, library, *arrays, backend, memory)

    @property
    def lead(self) -> Adopted:
        """The vectors."""
        return self.x

    @property
    def names(self) -> tuple[str, ...]:
        """What can be differentiated by."""
        return tuple(_ROLES)

    @property
    def counts(self) -> Counts:
        """What the mean may divide by."""
        items, parts = self.size
        kept = items if self.kept is None else int(self.kept.sum())
        return Counts(items, kept, float(kept), items, classes=parts)

    @cached_property
    def _classes(self) -> tuple[np.ndarray, np.ndarray]:
        """The classes that there are vectors of, and the place of every vector's among them."""
        present = np.unique(self.labels if self.kept is None else self.labels[self.kept])
        return present, np.searchsorted(present, self.labels)

    def run(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Run one function of the program over the rows that are kept.

        Parameters
        ----------
        function : {'value', 'grad', 'hvp'}
        more : mapping of str to float, array or _ByClass
            What it takes beside the inputs, by name.
        outputs : mapping of str to array, Total or ClassSums
            Those that are wanted, by name; rows that are ignored stay as they are.
        """
        for rows in self._parts():
            part = self._part(rows)
            given = {name: self._of_rows(each, rows, part) for name, each in more.items()}
            room = {name: self._room(output, rows) for name, output in outputs.items()}
            part.run(function, given, room)
            for name, output in outputs.items():
                if isinstance(output, ClassSums):
                    output.add(self._classes[1][rows], room[name])
                elif isinstance(output, np.ndarray) and not isinstance(rows, slice):
                    output[rows] = room[name]

    def value_room(self) -> np.ndarray | Total:
        """Return where the loss goes, 0 for rows that are ignored."""
        return self._zeros(self.size[:1]) if self.reduction.per_item else Total()

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, np.ndarray | Total]
    ) -> dict[str, Any]:
        """Return the gradient by every name in `wrt`; `value` takes the loss along."""
        return self._slopes("grad", "_bar", wrt, {"loss_bar": self._weight(upstream)}, value)

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        like = {"x": self.x.array, "centers": self.centers.array}
        dots = head_checks.direction(direction, dict(like))
        more = {"x_dot": dots["x"], "own_dot": _ByClass(dots["centers"])}
        return self._slopes(
            "hvp", "_bar_dot", wrt, {"loss_bar": self._weight(upstream), **more}, {}
        )

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Return every named quantity of the plain program and its adjoint."""
        named = self.traced({"x": self.x.array, "own": self._own(slice(None))}, upstream)
        sums = ClassSums.of(len(self.centers.array), self.size[1])
        for rows in self._parts():
            sums.add(self.labels[rows], named["own_bar"][rows])
        named["centers_bar"] = sums.result()
        return {name: self.lead.give_back(np.asarray(array)) for name, array in named.items()}

    def _slopes(
        self,
        function: str,
        ending: str,
        wrt: Any,
        more: Mapping[str, Any],
        value: Mapping[str, Any],
    ) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt, self.names)
        found: dict[str, Any] = {}
        if "x" in names:
            found["x"] = self._zeros(self.size)
        if "centers" in names:
            found["centers"] = ClassSums.of(len(self._classes[0]), self.size[1])
        outputs = {f"{_ROLES[name]}{ending}": output for name, output in found.items()}
        self.run(function, more, {**value, **outputs})
        if "centers" in names:
            found["centers"] = self._by_class(found["centers"])
        return {name: self.back(found[name]) for name in names}

    def _by_class(self, sums: ClassSums) -> np.ndarray:
        """Return what is by the centres, rounded once; 0 for classes that no vector is of."""
        out, some = self._zeros(self.centers.array.shape), self._empty(*sums.high.shape)
        with np.errstate(all="ignore"):
            narrow(some, sums.result())
        out[self._classes[0]] = some
        return out

    def _parts(self) -> Iterator[Rows]:
        """Yield rows that fit the memory, of those that are kept."""
        items, parts = self.size
        step = min(max(self.memory // (_BYTES * parts), 1), ROWS)
        if self.kept is None:
            yield from (slice(k, min(k + step, items)) for k in range(0, items, step))
            return
        kept = np.flatnonzero(self.kept)
        yield from (kept[k : k + step] for k in range(0, len(kept), step))

    def _part(self, rows: Rows) -> VectorProblem:
        """Return the call of some rows, each beside the centre of its class."""
        x, own = replace(self.x, array=self.x.array[rows]), replace(self.x, array=self._own(rows))
        return VectorProblem(self.spec, self.library, {"x": x, "own": own}, {}, self.backend)

    def _own(self, rows: Rows) -> np.ndarray:
        """Return the centre of the class of each of some rows."""
        return self.centers.array[self.labels[rows]]

    def _of_rows(self, given: Any, rows: Rows, part: VectorProblem) -> Any:
        """Return of what is given beside the inputs that which belongs to some rows."""
        if isinstance(given, _ByClass):
            return given.array[self.labels[rows]]
        return part.spread(given[rows] if isinstance(given, np.ndarray) else given)

    def _room(self, output: Any, rows: Rows) -> Any:
        """Return where results of some rows go; sums by class take them in float64."""
        if isinstance(output, Total):
            return output
        if isinstance(output, ClassSums):
            return np.empty((len(self.labels[rows]), self.size[1]))
        return output[rows]  # a copy of rows that are no slice

    def _zeros(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.zeros(shape, self.leading.dtype.newbyteorder("="))
