"""One call whose mean is a function of sums over the batch, on the CPU.

A loss that is divided by the sum of its modulators, the focal loss of a mean, or the mean over the
losses above 0, is a function F of sums S over the batch; how many losses are above 0 is one of
them, whose slope is 0. F is a program of its own, and all that is derived of it comes
from the calculus: its value; its slopes, which are the upstream gradients of the items that a sum
is made of; and its Hessian-vector product along the changes of the sums,

    grad F = sum_k F_k grad S_k,    D2F v = sum_k F_k D2S_k v + (F_k)' grad S_k,

where (F_k)' is the change of a slope as the sums change by grad S_k . v.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from refloss.losses import checks
from refloss.losses.batch_spec import BatchSpec
from refloss.losses.element_problem import ElementProblem
from refloss.losses.grouped_sums import GroupedSums
from refloss.losses.reductions import DENOMINATORS, ELEMENT_REDUCTIONS, EMPTY, Total
from refloss.losses.row_call import RowCall
from refloss.losses.spec import Spec
from refloss.run.rounding import narrow, widen

__all__ = ["BatchProblem", "of_batch", "refuse"]

Part = ElementProblem | RowCall
_P = TypeVar("_P", bound=ElementProblem | RowCall)


def refuse(spec: Spec, where: str) -> None:
    """Refuse what goes through the whole batch where it cannot be had.

    Raises
    ------
    ValueError
        Naming the axis.
    """
    batch = spec.batch
    if batch is not None and (batch.averaged or ELEMENT_REDUCTIONS[spec.reduction].averaged):
        raise ValueError(
            f"{batch.axis}: expected another value {where}, got {batch.value!r}, under which every "
            f"item depends on the whole batch"
        )


def of_batch(problem: _P) -> _P | BatchProblem:
    """Return what a call has to run, where its conventions ask for a function of sums.

    Raises
    ------
    ValueError
        If a convention that says whose loss it is goes with a mean alone, and none is asked for.
    """
    spec = problem.spec
    batch = spec.batch
    if batch is None:
        return problem
    if not problem.reduction.averaged:
        if batch.averaged:
            axis = problem.library.index["losses"][spec.loss]["axes"][batch.axis]
            raise ValueError(
                f"{batch.axis}: expected {axis['default']!r} with reduction={spec.reduction!r}, "
                f"got {batch.value!r}, the loss of a mean; pass reduction='mean'"
            )
        return problem
    first: Any = problem  # one of several dataclasses
    losses = replace(spec, constants={**spec.constants, **batch.inside})
    parts: list[Any] = [replace(first, spec=losses)]
    if batch.beside:
        beside = replace(spec, program=batch.beside, constants=batch.beside_constants)
        parts.append(replace(first, spec=beside))
    return BatchProblem(tuple(parts), batch, _groups(problem, batch))


def _groups(problem: Any, batch: BatchSpec) -> tuple[np.ndarray | None, ...]:
    """Return which items are added up apart."""
    if not batch.split:
        return (None,)
    ones = np.asarray(problem.inputs()[batch.split]) == 1
    return ones, ~ones


@dataclass(frozen=True)
class BatchProblem:
    """One call with its arguments checked.

    Attributes
    ----------
    parts : tuple of ElementProblem or RowProblem
        What is added up, a part a sum; the losses first.
    batch : BatchSpec
        The function of the sums.
    groups : tuple of (N,) bool array or None
        Which items of a part are added up apart; None for all.
    """

    parts: tuple[Part, ...]
    batch: BatchSpec
    groups: tuple[np.ndarray | None, ...] = (None,)

    @property
    def first(self) -> Part:
        """The losses."""
        return self.parts[0]

    def value_room(self) -> list[GroupedSums]:
        """Return where the sums go."""
        return [GroupedSums(self.groups, self.batch.counted) for _ in self.parts]

    def run(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Add up what every part has to give of one function, here of ``value``."""
        for part, total in zip(self.parts, outputs["loss"], strict=True):
            part.run(function, more, {"loss": total})

    def finish(self, value: Sequence[GroupedSums]) -> Any:
        """Return the function of the sums, in the caller's library."""
        sums = self._sums(value)
        (result,) = self._function("value", sums)
        return self.first.finished(self._over(result))

    def gradients(self, upstream: Any, wrt: Any, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the gradient by every name in `wrt`; `value` takes the sums along."""
        names = checks.wanted_gradients(wrt, self.first.names)
        sums = self._summed(value.get("loss") or self.value_room())
        weights = self._weights("grad", sums, self._upstream(upstream), {})
        found = [
            self._slopes(part, rows, "grad", {"loss_bar": weights[at]}, names)
            for at, part, rows in self._summed_up()
        ]
        return self._given_back(names, found)

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by every name in `wrt`."""
        every = self.first.names
        names = checks.wanted_gradients(wrt, every)
        dots = checks.direction(direction, self.first.leading, every)
        moves = {f"{name}_dot": self.first.flat(dot) for name, dot in dots.items()}
        sums, factor = self._summed(self.value_room()), self._upstream(upstream)
        terms = list(self._summed_up())
        slopes = [
            self._slopes(part, rows, "grad", {"loss_bar": 1.0}, every) for _, part, rows in terms
        ]
        moving = {name: dots[name] for name in dots if name in direction}
        changes = [0.0] * len(sums)
        for (at, *_), found in zip(terms, slopes, strict=True):
            changes[at] = _along(found, moving)
        changes = self._averaged(changes)
        weights = self._weights("grad", sums, factor, {})
        turns = self._weights("hvp", sums, factor, dict(zip(self._inputs, changes, strict=True)))
        found = []
        for (at, part, rows), slope in zip(terms, slopes, strict=True):
            given = {"loss_bar": weights[at], **moves}
            found.append(self._slopes(part, rows, "hvp", given, names))
            with np.errstate(all="ignore"):
                found.append({name: part.cleared(turns[at] * slope[name]) for name in names})
        return self._given_back(names, found)

    def trace(self, upstream: Any) -> dict[str, Any]:
        """Refuse: the quantities of an item do not add up to the loss of the batch.

        Raises
        ------
        ValueError
            Naming the axis.
        """
        refuse(self.first.spec, "for a trace")
        raise AssertionError("a mean has a trace of its items")

    @property
    def _inputs(self) -> list[str]:
        arrays = self.first.library.index["programs"][self.batch.function]["arrays"]
        return [name for name, _ in arrays["value"]["inputs"]]

    @property
    def _empty(self) -> str:
        return str(self.first.spec.axes["empty"])

    def _summed_up(self) -> Iterator[tuple[int, Part, np.ndarray | None]]:
        """Yield the sums that have slopes: their place, what is added up, and of which items."""
        step = 2 if self.batch.counted else 1
        terms = ((part, rows) for part in self.parts for rows in self.groups)
        for number, (part, rows) in enumerate(terms):
            yield number * step, part, rows

    def _summed(self, rooms: Sequence[GroupedSums]) -> list[float]:
        self.run("value", {}, {"loss": rooms})
        return self._sums(rooms)

    def _sums(self, rooms: Sequence[GroupedSums]) -> list[float]:
        return self._averaged([number for room in rooms for number in room.results()])

    def _averaged(self, numbers: Sequence[float]) -> list[float]:
        """Return sums, or derivatives by them, over the denominator if they are means."""
        if not self.batch.averaged:
            return list(numbers)
        return [self.first.reduction.divide(n, self.first.divisor, self._empty) for n in numbers]

    def _over(self, number: float) -> float:
        """Return the function's result, or what goes upstream into it, over what divides it."""
        if not self.batch.over:
            return number
        count = DENOMINATORS[self.batch.over](self.first.counts)
        return self.first.reduction.divide(number, count, self._empty)

    def _upstream(self, upstream: Any) -> float:
        given = checks.upstream(upstream, self.first.leading, False, self.first.names[0])
        return self._over(given)

    def _weights(
        self, function: str, sums: Sequence[float], factor: float, changes: Mapping[str, float]
    ) -> list[float]:
        """Return the function's slopes by the sums of items, or how those change."""
        dots = {f"{name}_dot": change for name, change in changes.items()}
        found = self._function(function, sums, {"loss_bar": factor, **dots})
        return self._averaged(found[-len(sums) :])

    def _function(
        self, function: str, sums: Sequence[float], more: Mapping[str, float] | None = None
    ) -> list[float]:
        """Return the results of one function of the sums; what `empty` says where one divides by 0.

        It runs on the host in float64, whatever the items are computed with.
        """
        given = dict(zip(self._inputs, sums, strict=True)) | dict(more or {})
        text: Callable[..., Any]
        text = getattr(self.first.library.kernel(self.batch.function).module, function)
        with np.errstate(all="ignore"):
            columns = {name: np.array([number]) for name, number in given.items()}
            found = text(**columns, **self.batch.constants)
        results = found if isinstance(found, tuple) else (found,)
        divisors = self.batch.divisors(sums)
        whole = all(divisor == 0.0 for divisor in divisors) or self._empty == "nan"
        if divisors and whole and 0.0 in divisors:
            return [EMPTY[self._empty]] * len(results)
        return [float(np.reshape(result, -1)[0]) for result in results]

    def _slopes(
        self,
        part: Any,
        rows: np.ndarray | None,
        function: str,
        more: Mapping[str, Any],
        names: Sequence[str],
    ) -> dict[str, np.ndarray]:
        """Return derivatives of a part's sum over some items in float64, 0 by the others."""
        ending = {"grad": "_bar", "hvp": "_bar_dot"}[function]
        found = {name: np.empty(part.leading.shape) for name in names}
        if rows is not None:
            part, rows = part.some(rows)
        given = {**more, "loss_bar": part.spread(more["loss_bar"])}
        part.run(function, given, {f"{name}{ending}": room for name, room in found.items()})
        for room in found.values():
            if rows is not None:
                room[~rows] = 0.0
        return found

    def _given_back(
        self, names: Sequence[str], found: Sequence[Mapping[str, np.ndarray]]
    ) -> dict[str, Any]:
        """Return what adds up to a derivative, rounded once, in the caller's library."""
        results = {}
        for name in names:
            total = found[0][name]
            with np.errstate(all="ignore"):
                for more in found[1:]:
                    total = total + more[name]
                out = np.empty(total.shape, self.first.leading.dtype.newbyteorder("="))
                narrow(out, total)
            results[name] = self.first.back(out)
        return results


def _along(slopes: Mapping[str, np.ndarray], dots: Mapping[str, np.ndarray]) -> float:
    """Return the inner product of a gradient and a direction.

    Parameters
    ----------
    slopes : mapping of str to float64 array
    dots : mapping of str to array
        Directions by the inputs that move: a slope by one that stays may be infinite.
    """
    total = Total()
    for name, given in dots.items():
        slope, dot = slopes[name], np.empty(slopes[name].shape)
        with np.errstate(all="ignore"):
            widen(dot, given)
            if slope.size:
                total.put(0, [(slope * dot).reshape(-1)])
    return total.result()
