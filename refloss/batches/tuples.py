"""One call of a loss of tuples of a batch's embeddings, on the CPU, some tuples at a time.

A tuple is a row of indices, one for each vector that the loss takes. Its vectors are gathered from
the embeddings, and the gradients by them scattered back and added up; as many tuples are gathered
at a time as fit a budget. Everything is computed in float64, added up, and rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.backends import Backend
from refloss.losses.reductions import Counts, Total
from refloss.losses.row_call import RowCall
from refloss.losses.spec import Spec
from refloss.losses.vector_problem import VectorProblem
from refloss.run.arrays import Adopted
from refloss.run.blocks import Sink
from refloss.run.kernels import Library
from refloss.run.rounding import narrow, widened

__all__ = ["TupleProblem", "Tuples", "scattered"]

_WIDE = 8
"""Bytes of a number that is computed with."""
_TEMPORARIES = 24
"""Arrays as large as the vectors of the tuples that are gathered, of a program while it runs."""


@dataclass(frozen=True)
class Tuples:
    """Rows of indices, and what is beside them.

    Attributes
    ----------
    places : mapping of str to (P,) int64 array
        For each vector that the loss takes, which embedding it is.
    beside : mapping of str to (P,) array
        One number a tuple.
    """

    places: Mapping[str, np.ndarray]
    beside: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.places.values())))

    def take(self, rows: slice | np.ndarray) -> Tuples:
        """Return some of the tuples."""
        return Tuples(
            {name: array[rows] for name, array in self.places.items()},
            {name: array[rows] for name, array in self.beside.items()},
        )


@dataclass(frozen=True)
class TupleProblem(RowCall):
    """One call with its arguments checked.

    Attributes
    ----------
    spec, library, backend
        As for `RowCall`.
    x : Adopted
        The embeddings.
    tuples : Tuples
        Those whose losses are wanted.
    memory : int
        Bytes that gathered tuples may take.
    """

    spec: Spec
    library: Library
    backend: Backend
    x: Adopted
    tuples: Tuples
    memory: int
    kept: None = None

    @property
    def lead(self) -> Adopted:
        """The embeddings."""
        return self.x

    @property
    def names(self) -> tuple[str, ...]:
        """What can be differentiated by."""
        return ("x",)

    @property
    def counts(self) -> Counts:
        """What the mean may divide by: items are tuples."""
        return Counts.of(len(self.tuples), self.leading.shape[1])

    @cached_property
    def wide(self) -> np.ndarray:
        """The embeddings in float64."""
        return widened(self.leading)

    def inputs(self) -> dict[str, Any]:
        """Return what is beside the tuples."""
        return dict(self.tuples.beside)

    def some(self, rows: np.ndarray) -> tuple[TupleProblem, None]:
        """Return the same of some of the tuples: results are by embedding, and are all wanted."""
        return replace(self, tuples=self.tuples.take(rows)), None

    def run(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Run one function of the program over all tuples.

        Parameters
        ----------
        function : {'value', 'grad', 'hvp'}
        more : mapping of str to array or float
            Beside the vectors: ``loss_bar`` by tuple, and ``x_dot`` by embedding.
        outputs : mapping of str to array or sink
            ``loss`` by tuple; derivatives by embedding, which start at 0 here.
        """
        sums = {name: array for name, array in outputs.items() if name != "loss"}
        for array in sums.values():
            array[...] = 0.0
        for start, stop in self._parts():
            self._part(function, start, stop, more, outputs.get("loss"), sums)

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Yield where parts of the tuples start and stop that fit the budget, one at least."""
        width = max(1, self.leading.shape[1]) * len(self.tuples.places)
        step = max(1, self.memory // (_WIDE * _TEMPORARIES * width))
        for start in range(0, len(self.tuples), step):
            yield start, min(start + step, len(self.tuples))

    def _part(
        self,
        function: str,
        start: int,
        stop: int,
        more: Mapping[str, Any],
        loss: Any,
        sums: Mapping[str, np.ndarray],
    ) -> None:
        tuples = self.tuples.take(slice(start, stop))
        vectors = {name: _plain(self.wide[at]) for name, at in tuples.places.items()}
        given = {}
        for name, array in more.items():
            if name == "x_dot":
                moves = np.zeros(self.wide.shape) if array is None else widened(array)
                given |= {f"{vector}_dot": moves[at] for vector, at in tuples.places.items()}
            else:
                given[name] = array[start:stop] if isinstance(array, np.ndarray) else array
        problem = VectorProblem(self.spec, self.library, vectors, tuples.beside, self.backend)
        if "loss_bar" in given:
            given["loss_bar"] = problem.spread(given["loss_bar"])
        found: dict[str, Any] = {}
        if loss is not None:
            found["loss"] = _From(loss, start) if isinstance(loss, Total) else loss[start:stop]
        rooms = {}
        for name in sums:
            for vector in vectors:
                rooms[name, vector] = np.empty((stop - start, self.wide.shape[1]))
                found[vector + name.removeprefix("x")] = rooms[name, vector]
        problem.run(function, given, found)
        for (name, vector), room in rooms.items():
            scattered(sums[name], tuples.places[vector], room)

    def value_room(self) -> np.ndarray | Total:
        """Return where the losses go, or their sum."""
        return np.empty(len(self.tuples)) if self.reduction.per_item else Total()

    def finish(self, value: np.ndarray | Total) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        return self._narrowed(value) if isinstance(value, np.ndarray) else super().finish(value)

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, np.ndarray | Total]
    ) -> dict[str, Any]:
        """Return the gradient by the embeddings; `value` takes the losses along."""
        checks.wanted_gradients(wrt, self.names)
        found = np.empty(self.leading.shape)
        more = {"loss_bar": self._weight(upstream)}
        self.run("grad", more, {**value, "x_bar": found})
        return {"x": self._narrowed(found)}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by the embeddings."""
        checks.wanted_gradients(wrt, self.names)
        dots = checks.direction(direction, self.leading, self.names)
        found = np.empty(self.leading.shape)
        more = {"loss_bar": self._weight(upstream), "x_dot": dots["x"]}
        self.run("hvp", more, {"x_bar_dot": found})
        return {"x": self._narrowed(found)}

    def spread(self, weight: float | np.ndarray) -> float | np.ndarray:
        """Return the upstream gradient as it is: every part spreads its own."""
        return weight

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every tuple: one number, or one each."""
        like = np.empty((len(self.tuples), 0), self.leading.dtype)
        given = checks.upstream(upstream, like, self.reduction.per_item, "x")
        if isinstance(given, np.ndarray):
            return widened(given)
        return self.reduction.divide(given, self.divisor, str(self.spec.axes["empty"]))

    def _narrowed(self, found: np.ndarray) -> Any:
        out = self._empty(*found.shape)
        with np.errstate(all="ignore"):
            narrow(out, found)
        return self.lead.give_back(out)


class _From(Total):
    """A sink of part of a column: it tells another sink which part."""

    def __init__(self, sink: Sink, first: int):
        super().__init__()
        self.sink, self.first = sink, first

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Pass on a block."""
        self.sink.put(self.first + start, columns)


def _plain(array: np.ndarray) -> Adopted:
    """Return an array of this module's own as if it had been given."""
    return Adopted(array, lambda result: result)


def scattered(sums: np.ndarray, places: np.ndarray, rows: np.ndarray) -> None:
    """Add rows to sums in place, each where it belongs.

    Parameters
    ----------
    sums : (N, D) array
    places : (P,) int array
        For every row, to which sum it is added.
    rows : (P, D) array
    """
    order = np.argsort(places, kind="stable")
    sorted_places = places[order]
    starts = np.flatnonzero(np.diff(sorted_places, prepend=-1))
    if len(starts):
        with np.errstate(all="ignore"):
            sums[sorted_places[starts]] += np.add.reduceat(rows[order], starts, axis=0)
