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
from crossval.reduced import REDUCED, Form, definition, divisors, met
from crossval.runner import Runner, TargetDied, TargetRaised
from crossval.target import Target

if TYPE_CHECKING:
    from crossval.families import Family
    from crossval.reference import Standard


_WEIGHT = "class_weight"
_AT_ONCE = 512
"""Rows in a message to a target that takes them one by one: the time limit is one of messages."""


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
    silent : str
        Why a target that has no gradients at all gave none; empty where they are due.
    remarks : tuple of str
        What these results say nothing about.
    """

    value: np.ndarray
    gradients: dict[str, np.ndarray]
    formats: dict[str, str]
    words: dict[str, np.ndarray] = field(repr=False)
    changed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    raised: dict[int, TargetRaised | TargetDied] = field(default_factory=dict)
    silent: str = ""
    remarks: tuple[str, ...] = ()

    def times(self, values: np.ndarray, rows: np.ndarray) -> Evaluation:
        """Return values, and the gradients of rows, multiplied; the bits stay what came."""
        with np.errstate(invalid="ignore", over="ignore"):
            slopes = {name: g * rows[:, None] for name, g in self.gradients.items()}
            return replace(self, value=self.value * values, gradients=slopes)


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
    form : Form
        What a batch gives; that of a row each until something else is found.
    """

    target: Target
    spec: Any
    family: Family
    runner: Runner
    level: str
    form: Form = field(default_factory=Form)
    _measured: dict[str, Evaluation | Unmeasured] = field(default_factory=dict)

    def load(self) -> None:
        """Wait until the target is imported; what was found to be in it is bound from now on.

        Raises
        ------
        TargetRaised, TargetDied
            As for :meth:`~crossval.runner.Runner.load`.
        """
        self.runner.load()
        if self.family.wholes:
            self.target = replace(self.target, bind=self.runner.bind, init=self.runner.init)

    @property
    def wrt(self) -> tuple[str, ...]:
        """Inputs whose gradients are judged."""
        return self.target.wrt or self.family.wrt

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of an ordinary call.

        Axis values that the user set, if accepted, and the definition's own where the target
        demands them.
        """
        given, demanded = self.target.axes, self.runner.required
        defined = {name: self.spec.axes[name] for name in demanded if name in self.spec.axes}
        neutral = {n: v for n, v in self.family.options.items() if self._passed(n, v)}
        if "reduction" in neutral and self.target.reduction is not None:
            neutral["reduction"] = self.target.reduction
        return neutral | defined | {name: given[name] for name in given if name in self.accepted}

    def _passed(self, option: str, neutral: Any) -> bool:
        """Whether an option goes with an ordinary call: weights of elements stay away."""
        named = neutral is not None or option == _WEIGHT or self.target.call is not None
        return named and option in self.accepted

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

    @property
    def remarks(self) -> list[str]:
        """What the results in all formats say nothing about."""
        found = (each for each in self._measured.values() if isinstance(each, Evaluation))
        return list(dict.fromkeys(words for each in found for words in each.remarks))

    def flushed(self, dtype: str) -> float:
        """Magnitude below which the target's arithmetic has no numbers; 0 if it has them all.

        XLA computes on the CPU without subnormal numbers, float16 in float32, which holds all of
        float16's.
        """
        if not self.target.takes_jax or dtype == "float16":
            return 0.0
        return format_of(dtype).smallest

    def factors(self, dtype: str) -> dict[str, float]:
        """Factors that another reduction than none would leave, by name."""
        if self.form.reduced:  # judged one row at a time
            return {}
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
                self._measured[dtype] = self._met(dtype)
            except (TargetRaised, TargetDied) as error:
                self._measured[dtype] = Unmeasured(error)
        found = self._measured[dtype]
        if isinstance(found, Unmeasured):
            raise found
        return found

    def _met(self, dtype: str) -> Evaluation:
        """Measure all points; a result of another form is looked at before it is refused."""
        points = self.points(dtype)
        if not self.form.reduced and self.target.reduction in REDUCED:
            self._meet(dtype)
        try:
            return self.evaluate_rows(points)
        except TargetRaised as error:
            if error.kind != "WrongShape" or self.form.reduced or self.target.reduction:
                raise
            if not self._is_one_number(points):
                raise
        self._meet(dtype)
        return self.evaluate_rows(points)

    def _meet(self, dtype: str) -> None:
        """Find out how the target reduces, and judge it by what the definition makes of one row."""
        self.form = met(self, dtype)
        self.spec = definition(self, self.target)

    def _is_one_number(self, points: PointSet) -> bool:
        """Whether a few rows give a single number."""
        few = self.family.one_call(points.take(np.arange(3)).columns)
        found = self.call(points.dtype, few, np.ones(()), gradients=False, whole=True)
        return found.value.size == 1

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
        if self.form.reduced:
            return self._alone(points, arguments, strided, gradients)
        inputs = self.family.split(points.columns)
        return self.call(points.dtype, inputs, points.upstream, arguments, strided, gradients)

    def evaluate_blocks(
        self,
        points: PointSet,
        size: int,
        *,
        arguments: dict[str, Any] | None = None,
        strided: bool = False,
        gradients: bool = True,
    ) -> Evaluation:
        """Call a target that reduces, ``size`` rows at a time: one value a block, gradients by row.

        Parameters
        ----------
        points : PointSet
            Rows, a multiple of ``size``; a block has the upstream gradient of its first row.
        size : int
            Rows of a block.
        arguments, strided, gradients
            As for :meth:`evaluate`.
        """
        inputs = self.family.split(points.columns)
        upstream = points.upstream[::size]
        named, block = (arguments, strided, gradients), (size, self.form.shape)
        return self.call(points.dtype, inputs, upstream, *named, block)

    def _alone(
        self,
        points: PointSet,
        arguments: dict[str, Any] | None,
        strided: bool,
        gradients: bool,
    ) -> Evaluation:
        """Ask for every row alone, and undo the division: that is the loss of the row."""
        how: dict[str, Any] = {"strided": strided, "gradients": gradients}
        parts = []
        for start in range(0, len(points), _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, len(points)))
            part = self.evaluate_blocks(points.take(rows), 1, arguments=arguments, **how)
            parts.append((rows, part))
        found = _assemble(len(points), parts, {})
        times = divisors(self, points, (arguments or {}).get(_WEIGHT), 1)
        return found.times(times, times)

    def call(
        self,
        dtype: str,
        inputs: dict[str, np.ndarray],
        upstream: np.ndarray,
        arguments: dict[str, Any] | None = None,
        strided: bool = False,
        gradients: bool = True,
        block: tuple[int, tuple[int, ...]] | None = None,
        whole: bool = False,
    ) -> Evaluation:
        """Call the target with arrays of any shape; see :meth:`evaluate`.

        Where points have each a call of its own (`Family.wholes`), the target's process makes one
        a row; with ``whole`` it makes one call with these arrays as they are.

        An argument that is an array, such as class weights, goes in the format of the call; where
        class weights must be given or are bound, and none are meant, they are ones. With
        ``block`` the target's process calls it with so many rows at a time, one after the other,
        and expects results of that shape.
        """
        number = format_of(dtype)
        named = {**self.arguments, **(arguments or {})}
        if named.get(_WEIGHT, 0) is None and _WEIGHT in {*self.runner.required, *self.target.bind}:
            named[_WEIGHT] = np.ones(next(iter(inputs.values())).shape[-1])
        beside = {k: to_bits(v, number) for k, v in named.items() if isinstance(v, np.ndarray)}
        request = {
            "format": dtype,
            "arguments": {name: named[name] for name in named if name not in beside},
            "arrays": list(beside),
            "strided": strided,
            "gradients": list(self.wrt) if gradients else [],
            "block": block,
            "apart": {} if whole else {n: list(s) for n, s in self.family.wholes.items()},
        }
        arrays = {name: _words(array, number) for name, array in inputs.items()}
        arrays |= {**beside, "upstream": to_bits(upstream, number)}
        reply, words = self.runner.call(request, arrays)
        results = {name: _widen(array, reply["formats"][name]) for name, array in words.items()}
        return Evaluation(
            results.pop("value"),
            {name.removeprefix("grad."): _columns(array) for name, array in results.items()},
            reply["formats"],
            words,
            tuple(reply["changed"]),
            tuple(name.removeprefix("grad.") for name in reply["absent"]),
            silent=reply.get("silent", ""),
            remarks=tuple(reply.get("remarks", ())),
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
            if everywhere.kind == "WrongShape" and self._is_one_number(points):
                raise  # which has the right shape where a group has one row
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


def _columns(gradient: np.ndarray) -> np.ndarray:
    """Return the gradient by an input of one number a row as a column."""
    return gradient[:, None] if gradient.ndim == 1 else gradient


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
    same = first.formats, words, changed, first.absent, dict(raised)
    return Evaluation(value, gradients, *same, first.silent, first.remarks)
