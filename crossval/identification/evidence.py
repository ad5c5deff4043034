"""What a target answers at the probes: losses row by row, however it reduces them.

A target that returns one number for a batch is asked row by row, one that returns a matrix of all
pairs at the pairs of one row with itself. What came of each row is all that the search looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from crossval.identification.candidates import stacked
from crossval.oracles.formats import Format, format_of
from crossval.points.probes import Arrays, Probe
from crossval.runner import TargetRaised
from crossval.session import Evaluation, Session

ROWS, COLUMN, SCALAR, MATRIX = "row", "column", "scalar", "matrix"
_FIRST = 3

_Rows = tuple[np.ndarray, Arrays, list[Evaluation], dict[int, TargetRaised]]


class Unreadable(Exception):
    """Results of a form that is not one loss a row, one for the batch, or one a pair."""


@dataclass(frozen=True)
class Evidence:
    """Results at all probes.

    Attributes
    ----------
    form : str
        ``row``, ``column`` (N, 1), ``scalar`` or ``matrix`` (N, N).
    value : (n,) array
        Loss of every row, NaN where the target raised.
    gradients : dict of str to array
        Input name to flat rows of gradients of ``sum(loss * upstream)``.
    upstream : (n,) array
        Upstream gradient of every row.
    absent : tuple of str
        Inputs that no gradient reached.
    formats : tuple of str
        Formats of the results.
    number : Format
        Format of the inputs.
    changed : tuple of str
        Inputs whose bits changed.
    raised : dict of int to exception
        Rows at which the target raised instead.
    differentiated : str
        Why there are no gradients; empty if there are.
    """

    form: str
    value: np.ndarray
    gradients: Arrays
    upstream: np.ndarray
    absent: tuple[str, ...]
    formats: tuple[str, ...]
    number: Format
    changed: tuple[str, ...] = ()
    raised: dict[int, TargetRaised] = field(default_factory=dict)
    differentiated: str = ""

    def take(self, rows: np.ndarray) -> Evidence:
        """Return what came at the rows of a mask."""
        places = np.cumsum(rows) - 1
        raised = {int(places[row]): error for row, error in self.raised.items() if rows[row]}
        gradients = {name: gradient[rows] for name, gradient in self.gradients.items()}
        return replace(
            self,
            value=self.value[rows],
            gradients=gradients,
            upstream=self.upstream[rows],
            raised=raised,
        )

    @property
    def constant(self) -> bool:
        """Whether every row gave the same number."""
        finite = self.value[np.isfinite(self.value)]
        return len(finite) > 1 and bool(np.all(finite == finite[0]))


@dataclass
class Witness:
    """A target that is asked.

    Attributes
    ----------
    session : Session
        Its process, family and arguments.
    dtype : str
        Format of all inputs.
    form : str
        Of its results; found by the first call.
    gradients : bool
        Whether it can be differentiated.
    coarse : float
        Unit roundoff that its results show, where that is more than the format's.
    remarks : tuple of str
        What its results say nothing about.
    """

    session: Session
    dtype: str
    form: str = ""
    gradients: bool = True
    silence: str = ""
    coarse: float = 0.0
    remarks: tuple[str, ...] = ()
    _single: tuple[int, ...] = ()

    @property
    def roundoff(self) -> float:
        """Unit roundoff to expect of its results."""
        return max(self.coarse, format_of(self.dtype).roundoff)

    @property
    def wholes(self) -> tuple[str, ...]:
        """Inputs that a call has one of: every row then is asked in a call of its own."""
        return tuple(self.session.family.wholes)

    def meet(self, probe: Probe) -> None:
        """Find out what form the results have, and whether gradients come.

        Raises
        ------
        TargetRaised, TargetDied
            If the target does not answer.
        Unreadable
            If the results have another form.
        """
        few = probe.take(slice(0, _FIRST))
        first = self._call(few, None)
        self.form = _form(first.value.shape, len(few), _widths(few))
        self._single = first.value.shape if self.form == SCALAR else ()
        self.remarks = first.remarks
        self.gradients = True
        try:
            self._ask(few)
        except TargetRaised as error:
            self.gradients, self.silence = False, f"it raises when differentiated: {error.words}"

    def ask(self, probes: list[Probe]) -> Evidence:
        """Ask for every row of all probes."""
        parts = [self._rows(probe) for probe in probes]
        values = np.concatenate([value for value, _, _, _ in parts])
        raised, start = {}, 0
        for (_, _, _, bad), probe in zip(parts, probes, strict=True):
            raised |= {start + row: error for row, error in bad.items()}
            start += len(probe)
        if len(raised) == len(values):
            raise raised[0]
        found = [each for _, _, more, _ in parts for each in more]
        return Evidence(
            self.form,
            values,
            stacked([gradients for _, gradients, _, _ in parts]),
            np.concatenate([probe.upstream for probe in probes]),
            tuple(sorted({name for each in found for name in each.absent})),
            tuple(sorted({name for each in found for name in each.formats.values()})),
            format_of(self.dtype),
            tuple(sorted({name for each in found for name in each.changed})),
            raised,
            self.silence,
        )

    def total(
        self, probe: Probe, upstream: float, arguments: Mapping[str, Any] = MappingProxyType({})
    ) -> Evaluation:
        """Call a target that returns one number with a whole batch."""
        weight = np.full(self._single, upstream) if self.gradients else None
        return self._call(probe, weight, arguments)

    def each(self, probe: Probe, upstream: float) -> Evaluation:
        """Call a target that returns one number for one axis with arrays of two."""
        weight = np.full(len(probe), upstream) if self.gradients else None
        return self._call(probe, weight)

    def matrix(self, inputs: Arrays) -> np.ndarray:
        """Call a target of all pairs with any number of rows on either side."""
        probe = Probe(inputs, np.ones(1))
        return self._call(probe, None).value

    def _rows(self, probe: Probe) -> _Rows:
        if self.form in (ROWS, COLUMN) or self.wholes:
            try:
                found = self._ask(probe)
                return _flat(found), found.gradients, [found], {}
            except TargetRaised:
                pass
        answers: list[Evaluation | None] = []
        raised: dict[int, TargetRaised] = {}
        for row, single in enumerate(_singles(probe)):
            try:
                answers.append(self._ask(single))
            except TargetRaised as error:
                answers.append(None)
                raised[row] = error
        given = [answer for answer in answers if answer is not None]
        value = np.array([np.nan if answer is None else _flat(answer)[0] for answer in answers])
        names = {name for answer in given for name in answer.gradients}
        gradients = {
            name: np.concatenate([_gradient(answer, name, probe) for answer in answers])
            for name in sorted(names)
        }
        return value, gradients, given, raised

    def together(self, probe: Probe) -> np.ndarray:
        """Call a target that gives rows with a batch, all rows with what the first has one of."""
        return _flat(self._call(probe, None))

    def apart(self, probe: Probe, *, gradients: bool) -> Evaluation:
        """Call a target with every row alone, each with its own of what a call has one of."""
        shape = {ROWS: (1,), COLUMN: (1, 1)}.get(self.form, self._single)
        return self.session.call(
            self.dtype,
            probe.inputs,
            probe.upstream,
            dict(probe.options),
            gradients=gradients,
            block=(1, shape),
        )

    def _ask(self, probe: Probe) -> Evaluation:
        if self.wholes:
            return self.apart(probe, gradients=self.gradients)
        if not self.gradients:
            return self._call(probe, None)
        if self.form == MATRIX:
            return self._call(probe, np.diag(probe.upstream))
        if self.form == SCALAR:  # of rows asked one by one
            return self._call(probe, np.full(self._single, probe.upstream[0]))
        shape = (len(probe),) if self.form == ROWS else (len(probe), 1)
        return self._call(probe, probe.upstream.reshape(shape))

    def _call(
        self,
        probe: Probe,
        upstream: np.ndarray | None,
        arguments: Mapping[str, Any] = MappingProxyType({}),
    ) -> Evaluation:
        differentiate = upstream is not None
        first = {name: probe.inputs[name][0] for name in self.wholes}
        return self.session.call(
            self.dtype,
            {**probe.inputs, **first},
            upstream if upstream is not None else np.ones(()),
            {**probe.options, **arguments},
            gradients=differentiate,
            whole=True,
        )


def _form(shape: tuple[int, ...], rows: int, widths: set[int]) -> str:
    if shape == (rows,):
        return ROWS
    if shape == (rows, 1):
        return COLUMN
    if shape in ((), (1,)):
        return SCALAR
    if shape == (rows, rows) and rows not in widths:
        return MATRIX
    words = "one number a row, one for the batch, or one for each pair"
    raise Unreadable(f"results for {rows} rows have shape {shape}; identify reads {words}")


def _widths(probe: Probe) -> set[int]:
    return {size for array in probe.inputs.values() for size in np.shape(array)[1:]}


def _singles(probe: Probe) -> Iterator[Probe]:
    return (probe.take(slice(row, row + 1)) for row in range(len(probe)))


def _flat(found: Evaluation) -> np.ndarray:
    if found.value.ndim == 2:
        return np.diagonal(found.value) if found.value.shape[1] > 1 else found.value[:, 0]
    return np.atleast_1d(found.value)


def _gradient(answer: Evaluation | None, name: str, probe: Probe) -> np.ndarray:
    if answer is None or name not in answer.gradients:
        shape = np.shape(probe.inputs[name])[1:]
        return np.full((1, *shape), np.nan)
    return answer.gradients[name]
