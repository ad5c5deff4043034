"""One target under test: its process, its definition, and everything already measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crossval.bits import from_bits, to_bits
from crossval.catalog import numeric_axes
from crossval.oracles.formats import FORMATS, Format, format_of
from crossval.points.boxes import PointSet
from crossval.runner import Runner, TargetDied, TargetRaised
from crossval.target import Target

if TYPE_CHECKING:
    from crossval.families import Family
    from crossval.reference import Standard


class Unmeasured(Exception):
    """A format in which the target gave no result; ``reason`` says why, once and for all."""

    def __init__(self, reason: TargetRaised | TargetDied) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Evaluation:
    """What a target returned for a set of points, widened to float64.

    Attributes
    ----------
    value : array
        The loss, in whatever shape came.
    gradients : dict of str to array
        Input name to gradient; an input that no gradient reached is absent.
    formats : dict of str to str
        Format in which ``value`` and each ``grad.<input>`` came.
    words : dict of str to array
        Their bits.
    changed, absent : tuple of str
        Inputs whose bits changed; results that autograd did not deliver.
    raised : dict of int to exception
        Rows at which the target raised, or ended, instead; their results are NaN.
    """

    value: np.ndarray
    gradients: dict[str, np.ndarray]
    formats: dict[str, str]
    words: dict[str, np.ndarray] = field(repr=False)
    changed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    raised: dict[int, TargetRaised | TargetDied] = field(default_factory=dict)


@dataclass
class Session:
    """State of one certification.

    Attributes
    ----------
    target : Target
        What is judged.
    spec : Spec
        The resolved definition.
    family : Family
        Inputs and points.
    runner : Runner
        The target's process.
    level : str
        Rows per regime.
    """

    target: Target
    spec: Any
    family: Family
    runner: Runner
    level: str
    _measured: dict[str, Evaluation | Unmeasured] = field(default_factory=dict)

    @property
    def wrt(self) -> tuple[str, ...]:
        """Inputs whose gradients are judged."""
        return self.target.wrt or self.family.differentiable

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of an ordinary call.

        Axis values that the user set, if accepted, and the definition's own where the target
        demands them.
        """
        given, demanded = self.target.axes, self.runner.required
        defined = {name: self.spec.axes[name] for name in demanded if name in self.spec.axes}
        neutral = {n: v for n, v in self.family.options.items() if n in self.accepted}
        return neutral | defined | {name: given[name] for name in given if name in self.accepted}

    @property
    def accepted(self) -> tuple[str, ...]:
        """Axes that the target takes as arguments, or holds in an attribute."""
        if self.target.parameters is not None:
            return self.target.parameters
        bound = (name for name in self.target.bind if name not in self.family.inputs)
        return (*self.runner.keywords, *bound)

    @property
    def unexamined(self) -> list[str]:
        """Arguments that keep their defaults in every call."""
        varied = {*numeric_axes(self.target.loss), *self.arguments, *self.family.options}
        return [name for name in self.runner.keywords if name not in varied]

    @property
    def judged(self) -> tuple[str, ...]:
        """Formats in which the target gave results."""
        return tuple(d for d, found in self._measured.items() if isinstance(found, Evaluation))

    def factors(self, dtype: str) -> dict[str, float]:
        """Factors that another reduction than none would leave, by name."""
        rows = len(self.points(dtype))
        names = {"N, the number of rows": rows, "1/N, a mean over the rows": 1 / max(rows, 1)}
        return names if rows > 1 else {}

    def points(self, dtype: str) -> PointSet:
        """Pinned points of this family in a format."""
        return self.family.points(dtype, self.level)

    def standard(self, dtype: str) -> Standard:
        """Truth at those points."""
        from crossval.reference import standard  # which needs the verdicts, and they a session

        return standard(self.spec, self.points(dtype), self.family.oracle)

    def measured(self, dtype: str) -> Evaluation:
        """Return the target's results at all points; :class:`Unmeasured` if there are none."""
        if dtype not in self._measured:
            try:
                self._measured[dtype] = self.evaluate_rows(self.points(dtype))
            except (TargetRaised, TargetDied) as error:
                self._measured[dtype] = Unmeasured(error)
        found = self._measured[dtype]
        if isinstance(found, Unmeasured):
            raise found
        return found

    def holding(self, dtype: str, evaluation: Evaluation) -> Session:
        """Return this session with an evaluation as the only one that it measured."""
        return replace(self, _measured={dtype: evaluation})

    def evaluate(
        self,
        points: PointSet,
        *,
        arguments: dict[str, Any] | None = None,
        strided: bool = False,
        gradients: bool = True,
    ) -> Evaluation:
        """Call the target once.

        Parameters
        ----------
        points : PointSet
            Rows, on the grid of the format they are given in.
        arguments : dict, optional
            Added to the ordinary keyword arguments.
        strided : bool
            Whether inputs are non-contiguous views.
        gradients : bool
            Whether to differentiate.

        Raises
        ------
        TargetRaised, TargetDied
            If no result came.
        """
        inputs = self.family.split(points.columns)
        return self.call(points.dtype, inputs, points.upstream, arguments, strided, gradients)

    def call(
        self,
        dtype: str,
        inputs: dict[str, np.ndarray],
        upstream: np.ndarray,
        arguments: dict[str, Any] | None = None,
        strided: bool = False,
        gradients: bool = True,
    ) -> Evaluation:
        """Call the target with arrays of any shape; see :meth:`evaluate`.

        An argument that is an array, such as class weights, goes in the format of the call.
        """
        number = format_of(dtype)
        named = {**self.arguments, **(arguments or {})}
        beside = {k: to_bits(v, number) for k, v in named.items() if isinstance(v, np.ndarray)}
        request = {
            "format": dtype,
            "arguments": {name: named[name] for name in named if name not in beside},
            "arrays": list(beside),
            "strided": strided,
            "gradients": list(self.wrt) if gradients else [],
        }
        arrays = {name: _words(array, number) for name, array in inputs.items()}
        arrays |= {**beside, "upstream": to_bits(upstream, number)}
        reply, words = self.runner.call(request, arrays)
        results = {name: _widen(array, reply["formats"][name]) for name, array in words.items()}
        return Evaluation(
            results.pop("value"),
            {name.removeprefix("grad."): array for name, array in results.items()},
            reply["formats"],
            words,
            tuple(reply["changed"]),
            tuple(name.removeprefix("grad.") for name in reply["absent"]),
        )

    def evaluate_rows(self, points: PointSet) -> Evaluation:
        """Call the target; where it raises or dies, keep what the other rows give.

        After an exception the rows are found by calling place by place; after an end of the
        process, which is expensive to repeat, the regimes are tried without the named points.

        Raises
        ------
        TargetRaised, TargetDied
            If no row gives a result.
        """
        try:
            return self.evaluate(points)
        except TargetRaised as everywhere:
            return self._by_groups(points, points.places, everywhere)
        except TargetDied as end:
            return self._without_special(points, end)

    def _without_special(self, points: PointSet, end: TargetDied) -> Evaluation:
        special = np.flatnonzero(points.special)
        regimes = np.flatnonzero(~points.special)
        if not len(special) or not len(regimes):
            raise end
        try:
            part = self.evaluate(points.take(regimes))
        except (TargetRaised, TargetDied):
            raise end from None
        return _assemble(len(points), [(regimes, part)], dict.fromkeys(special.tolist(), end))

    def _by_groups(
        self, points: PointSet, labels: np.ndarray, everywhere: TargetRaised
    ) -> Evaluation:
        parts: list[tuple[np.ndarray, Evaluation]] = []
        raised: dict[int, TargetRaised | TargetDied] = {}
        for label in dict.fromkeys(labels.tolist()):
            rows = np.flatnonzero(labels == label)
            try:
                parts.append((rows, self.evaluate(points.take(rows))))
            except TargetRaised as error:
                raised |= dict.fromkeys(rows.tolist(), error)
        if not parts:
            raise everywhere from None
        return _assemble(len(points), parts, raised)


def _words(array: np.ndarray, number: Format) -> np.ndarray:
    """Return the bits of numbers, and classes as they are."""
    return array if array.dtype.kind == "i" else to_bits(array, number)


def _widen(words: np.ndarray, name: str) -> np.ndarray:
    if name not in FORMATS:  # an integer or boolean result: judged by its format, not its bits
        return np.full(words.shape, np.nan)
    return from_bits(words, format_of(name))


def _assemble(
    rows: int,
    parts: list[tuple[np.ndarray, Evaluation]],
    raised: Mapping[int, TargetRaised | TargetDied],
) -> Evaluation:
    first = parts[0][1]
    value = np.full(rows, np.nan)
    gradients = {name: np.full((rows, g.shape[-1]), np.nan) for name, g in first.gradients.items()}
    words = {
        name: np.zeros((rows, *array.shape[1:]), array.dtype) for name, array in first.words.items()
    }
    for where, part in parts:
        value[where] = part.value
        for name, array in part.gradients.items():
            gradients[name][where] = array
        for name, array in part.words.items():
            words[name][where] = array
    changed = tuple(sorted({name for _, part in parts for name in part.changed}))
    return Evaluation(value, gradients, first.formats, words, changed, first.absent, dict(raised))
