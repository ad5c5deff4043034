"""A user's own numbers against certified truth: which rows are off, by how much, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np

from crossval.batch import IGNORE, WEIGHT, Batch, batch
from crossval.catalog import losses
from crossval.checks import accuracy, ties
from crossval.checks.cases import situations
from crossval.checks.causes import cause_of
from crossval.checks.quantities import Quantity, quantities
from crossval.checks.statistics import WRONG
from crossval.checks.verdict import GRADES, VALUE_ULPS, Reference, Verdicts, judge
from crossval.findings import CODES, Finding
from crossval.oracles.formats import FORMATS, format_of
from crossval.outcome import Outcome
from crossval.points.boxes import PointSet
from crossval.reduced import logits_an_item
from crossval.reference import Standard, standard
from crossval.runner import Runner
from crossval.session import Evaluation, Session
from crossval.target import Target, split_declaration
from refloss.losses.reductions import REDUCTIONS, Counts
from refloss.run.arrays import adopt

__all__ = ["Comparison", "Row", "compare"]

_WHOLE = ("RL403", "RL404", "RL406", "RL407", "RL408", "RL801", "RL802", "RL804", "RL807")
_LOST = ("RL302", "RL401")
_NEAR = 1e-3


@dataclass(frozen=True)
class Row:
    """The worst number of one row.

    Attributes
    ----------
    row : int
        Its place in the batch.
    quantity : str
        ``value``, or ``d/d`` and the column differentiated by.
    inputs : dict of str to tuple of float
        The row itself.
    got, truth : float
        What came, and what is right; None where several results are right.
    ulp : float
        The error in units in the last place of the truth.
    condition : float or None
        How much the loss itself amplifies errors of this input.
    grade : str
        A, B, C or F.
    cause : str
        The likely reason, where one is known.
    """

    row: int
    quantity: str
    inputs: dict[str, tuple[float, ...]]
    got: float
    truth: float | None
    ulp: float
    condition: float | None
    grade: str
    cause: str


class Rows(list[Row]):
    """Rows, printed as a table."""

    def __str__(self) -> str:
        from crossval.report.comparison import rows_text

        return rows_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from crossval.report.comparison import rows_html

        return rows_html(self)


@dataclass(frozen=True)
class Comparison:
    """Numbers beside certified truth.

    Attributes
    ----------
    declared : str
        The definition.
    dtype : str
        Format whose ulp is the unit.
    outcomes : tuple of Outcome
        Of the value, of each gradient, and of the gradients at ties.
    count : int
        Number of rows, ignored ones included.
    """

    declared: str
    dtype: str
    outcomes: tuple[Outcome, ...]
    _given: Given = field(repr=False)
    count: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, with its likely cause."""
        return tuple(finding for outcome in self.outcomes for finding in outcome.findings)

    @property
    def ok(self) -> bool:
        """Whether every number is within its tolerance."""
        return not self.findings

    @property
    def grade(self) -> str:
        """Worst grade; ``-`` if nothing could be graded."""
        grades = [outcome.grade for outcome in self.outcomes if outcome.grade in GRADES]
        return max(grades, key=GRADES.index, default="-")

    @property
    def explanations(self) -> tuple[str, ...]:
        """What holds for whole arrays: a factor, a sign, exchanged inputs, another convention."""
        whole = (
            f for f in self.findings if f.code in _WHOLE or (f.code in _LOST and f.seen == f.of)
        )
        return tuple(dict.fromkeys(f"{f.code} {f.check}: {_words(f)}" for f in whole))

    def worst(self, n: int = 10) -> Rows:
        """Return the ``n`` worst rows, each with its worst number: by grade, then by ulp."""
        return Rows(self._given.worst(n, self.findings))

    def __str__(self) -> str:
        from crossval.report.comparison import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from crossval.report.comparison import comparison_html

        return comparison_html(self)


def compare(
    loss: Any,
    inputs: Mapping[str, Any],
    value: Any = None,
    grads: Mapping[str, Any] | None = None,
    *,
    preset: str | None = None,
    upstream: Any = None,
    reduction: str = "none",
    dtype: Any = None,
    **axes: Any,
) -> Comparison:
    """Compare results that you computed with certified truth.

    Parameters
    ----------
    loss : str or loss
        ``"ciou"``, ``"ciou/torchvision"`` or ``refloss.ciou``.
    inputs : mapping of str to array
        What you computed from, by name, rows first: NumPy arrays or torch tensors. Also class
        weights, where the loss takes them.
    value : array, optional
        Your losses, one a row; one number if they are reduced.
    grads : mapping of str to array, optional
        Your gradients, by input.
    preset : str, optional
        Convention that you mean to follow.
    upstream : float or array of shape (N,), optional
        What you multiplied each row by before differentiating; 1 by default.
    reduction : {"none", "mean", "sum"}
        What you made of the losses.
    dtype : str or dtype, optional
        Format that you computed in, whose ulp is the unit; the inputs' own by default.
    **axes
        Axis values on top of the preset; also ``ignore_index`` and ``class_weight``.

    Returns
    -------
    Comparison
        ``.ok``, ``.grade``, ``.findings`` and ``.worst(n)``; prints as tables.

    Raises
    ------
    UsageError
        If the loss, the preset, an axis or a value of one does not exist.
    TypeError, ValueError
        If an array is none, or has the wrong shape, or does not lie on the format's grid.

    Examples
    --------
    >>> import crossval, numpy as np, refloss
    >>> boxes = {"pred": np.array([[0.0, 0, 2, 2]]), "target": np.array([[1.0, 1, 3, 4]])}
    >>> mine = 2 * refloss.giou(**boxes)
    >>> crossval.compare("giou", boxes, mine).explanations
    ('RL802 value: got / reference = 2 at all points',)
    """
    name, preset = _named(loss, preset)
    _among("reduction", reduction, REDUCTIONS)
    if value is None and not grads:
        raise ValueError("value, grads: nothing to compare; give one of them")
    arrays = {n: x if n == IGNORE else adopt(n, x).array for n, x in inputs.items()}
    options = {n: axes.pop(n) for n in (WEIGHT, IGNORE) if n in axes}
    rows = batch(name, preset, axes, {**arrays, **options}, dtype)
    points = _points(rows, upstream, reduction)
    evaluation, lost = _evaluation(rows, value if reduction == "none" else None, grads or {})
    wrt = tuple(each for each in rows.family.differentiable if each in (grads or {}))
    target = Target("your:numbers", name, preset, rows.axes, wrt=wrt)
    runner = cast(Runner, None)  # nothing is called: the results are here
    measured: dict[str, Any] = {points.dtype: evaluation}
    given = Given(
        target,
        rows.spec,
        rows.family,
        runner,
        "yours",
        _measured=measured,
        given=points,
        reduced=value is None or reduction != "none",
        others=_others(rows, reduction),
    )
    outcomes = []
    if value is not None and reduction == "none":
        outcomes.append(_besides(accuracy.value(given, points.dtype), lost))
    if value is not None and reduction != "none":
        total = float(_array("value", value, ()))
        outcomes.append(_reduced(given, total, reduction, _divisor(rows, reduction)))
    for each in wrt:
        outcomes.append(_besides(accuracy.gradient(given, points.dtype, each), lost))
    if wrt and (given.truth.kind == "tie").any():
        outcomes.append(ties.ties(given, points.dtype))
    return Comparison(rows.declared, points.dtype, tuple(outcomes), given, len(rows))


@dataclass
class Given(Session):
    """Results that are here already, in the place of a target that would be called."""

    given: PointSet = field(kw_only=True)
    reduced: bool = field(kw_only=True)
    others: dict[str, float] = field(kw_only=True)

    def points(self, dtype: str) -> PointSet:
        """Return the rows that were given."""
        return self.given

    @property
    def truth(self) -> Standard:
        """Truth at those rows."""
        return standard(self.spec, self.given, self.family.oracle)

    def factors(self, dtype: str) -> dict[str, float]:
        """Add the factors by which another reduction than the declared one would differ."""
        return self.others | super().factors(dtype)

    def worst(self, count: int, findings: tuple[Finding, ...]) -> Iterator[Row]:
        """Yield the worst number of the ``count`` worst rows."""
        judged = [(quantity, quantity.verdicts()) for quantity in self._quantities()]
        if not judged or not len(self.given):
            return
        tall = (len(self.given), -1)
        grades = np.hstack([verdicts.grade.reshape(tall) for _, verdicts in judged])
        ulps = np.hstack([verdicts.ulp.reshape(tall) for _, verdicts in judged])
        worst = grades.max(axis=1, initial=0)
        size = np.where(grades == worst[:, None], ulps, -1.0)
        order = np.lexsort((-size.max(axis=1, initial=-1.0), -worst))
        starts = np.cumsum([0, *(quantity.got.reshape(tall).shape[1] for quantity, _ in judged)])
        for row in order[: max(count, 0)].tolist():
            place = int(size[row].argmax())
            which = int(np.searchsorted(starts, place, side="right")) - 1
            quantity, verdicts = judged[which]
            at = (row, place - int(starts[which])) if quantity.columns else (row,)
            yield self._number(quantity, verdicts, at, _causes(findings).get(quantity.name, ""))

    def _quantities(self) -> list[Quantity]:
        evaluation, rows = self.measured(self.given.dtype), np.arange(len(self.given))
        found = quantities(self, evaluation, self.given, self.truth, rows)
        lacking = np.isnan(evaluation.value).all()
        return [each for each in found if each.columns or not (lacking and self.reduced)]

    def _number(
        self, quantity: Quantity, verdicts: Verdicts, at: tuple[int, ...], cause: str
    ) -> Row:
        got, truth = float(quantity.got[at]), float(quantity.truth.hi[at])
        size, grade = float(quantity.truth.condition[at]), GRADES[int(verdicts.grade[at])]
        relative = size / abs(truth) if truth and math.isfinite(truth) else None
        inputs = self.family.split(self.given.columns[at[0]][None])
        return Row(
            int(self.given.numbers[at[0]]),
            f"d/d{quantity.columns[at[1]]}" if quantity.columns else "value",
            {name: tuple(array.ravel().tolist()) for name, array in inputs.items()},
            got,
            None if math.isnan(truth) else truth,
            float(verdicts.ulp[at]),
            relative,
            grade,
            self._cause(quantity, at[0], got, grade, relative, cause),
        )

    def _cause(
        self,
        quantity: Quantity,
        row: int,
        got: float,
        grade: str,
        condition: float | None,
        whole: str,
    ) -> str:
        if grade == GRADES[WRONG] and not math.isfinite(got):
            (here,) = situations(self, quantity, np.array([row]))
            found = cause_of(self.family.patterns, here)
            return found.cause if found else "not finite"
        if grade == GRADES[WRONG]:
            return whole
        known = f"condition {condition:.3g}" if condition is not None else "its condition"
        return {"A": "", "B": known, "C": "rounding of the textbook formula"}[grade]


def _causes(findings: tuple[Finding, ...]) -> dict[str, str]:
    """Return the likely cause of what is wrong, by check."""
    causes = {f.check: _words(f) for f in findings if f.code in _WHOLE}
    return causes | {f.check: f.cause for f in findings if f.code in ("RL301", "RL402")}


def _words(finding: Finding) -> str:
    """Return the words that say why, else those that say what."""
    if finding.code in _LOST:
        return finding.message
    return finding.cause or finding.message


def _named(loss: Any, preset: str | None) -> tuple[str, str | None]:
    text = loss if isinstance(loss, str) else getattr(loss, "name", None)
    if not isinstance(text, str):
        raise TypeError(f"loss: expected a name or a loss of refloss, got {type(loss).__name__}")
    name, given = split_declaration(text)
    if given and preset and given != preset:
        raise ValueError(f"preset: {text!r} names one already; got {preset!r}")
    return name, preset or given


def _among(what: str, name: str, names: Iterable[str]) -> None:
    if name not in (listed := list(names)):
        raise ValueError(f"{what}: expected {', '.join(listed)}; got {name!r}")


def _points(rows: Batch, upstream: Any, reduction: str) -> PointSet:
    """Make a set of points of the rows that count."""
    weight = _upstream(upstream, rows, reduction)[rows.kept]
    numbers = np.flatnonzero(rows.kept)
    labels = np.array([f"row {row}" for row in numbers], dtype=object)
    nowhere = np.zeros(len(numbers), dtype=bool)
    return PointSet("given@0", rows.number.name, rows.columns, weight, labels, nowhere, numbers)


def _upstream(upstream: Any, rows: Batch, reduction: str) -> np.ndarray:
    given = np.asarray(1.0 if upstream is None else upstream, dtype=np.float64)
    if not isinstance(upstream, (int, float, type(None))):
        given = adopt("upstream", upstream).array.astype(np.float64)
    if given.shape not in ((), (len(rows),)) or (given.ndim and reduction != "none"):
        wanted = f"one number or shape ({len(rows)},)" if reduction == "none" else "one number"
        raise ValueError(f"upstream: expected {wanted}; got shape {given.shape}")
    each = np.full(len(rows), float(given)) if given.ndim == 0 else rows.number.round(given)
    divisor = _divisor(rows, reduction)
    return each / divisor if divisor else each


def _divisor(rows: Batch, reduction: str, denominator: str | None = None) -> float:
    """Return what a reduction divides the sum by, as the definition's axes say."""
    batch = rows.spec.batch
    if batch is not None and REDUCTIONS[reduction].averaged:
        raise ValueError(
            f"{batch.axis}: expected another value, or reduction='none', got {batch.value!r}: the "
            "mean is a function of the whole batch, which refloss certify judges"
        )
    kept = int(rows.kept.sum())
    weights = float(kept)
    if WEIGHT in rows.options and rows.family.labels:
        (name,) = rows.family.labels
        weights = math.fsum(rows.options[WEIGHT][rows.inputs[name][rows.kept]].tolist())
    counts = Counts(len(rows), kept, weights, classes=logits_an_item(rows.family, rows.inputs))
    divided_by = denominator or rows.spec.axes.get("denominator", "items")
    return REDUCTIONS[reduction].divisor(counts, divided_by)


def _others(rows: Batch, reduction: str) -> dict[str, float]:
    """Return by which factors results of another reduction, or denominator, would be off."""
    if reduction == "none":
        return {}  # a session knows these
    here = _divisor(rows, reduction)
    others = {"a sum over the rows": 1.0, "a mean over the rows": float(len(rows))}
    axis = losses()[rows.loss]["axes"].get("denominator")
    plain = [n for n, said in axis["values"].items() if "batch" not in said] if axis else []
    for name in plain:
        others[f"a mean with denominator={name}"] = _divisor(rows, "mean", name)
    return {words: here / there for words, there in others.items() if there and there != here}


def _evaluation(
    rows: Batch, value: Any, grads: Mapping[str, Any]
) -> tuple[Evaluation, dict[str, int]]:
    """Return the user's results as if a target had returned them for the rows that count.

    The second result counts, by name of the check, the ignored rows that are not 0.
    """
    for name in grads:
        _among("grads", name, rows.family.differentiable)
    kept, dtype = rows.kept, rows.number.name
    formats, lost = {"value": dtype}, {}
    values = np.full(int(kept.sum()), np.nan)
    if value is not None:
        array = _array("value", value, (len(rows),))
        values, formats["value"] = array[kept].astype(np.float64), array.dtype.name
        lost["value"] = int((array[~kept] != 0).sum())
    gradients = {}
    for name in (each for each in rows.family.differentiable if each in grads):
        array = _array(f"grads[{name!r}]", grads[name], rows.shape(name))
        gradients[name], formats[f"grad.{name}"] = array[kept].astype(np.float64), array.dtype.name
        lost[f"grad[{name}]"] = int((array[~kept] != 0).any(axis=1).sum())
    return Evaluation(values, gradients, formats, {}), lost


def _besides(outcome: Outcome, lost: Mapping[str, int]) -> Outcome:
    """Add a finding for ignored rows that are not 0."""
    count = lost.get(outcome.check, 0)
    if not count:
        return outcome
    code = "RL301" if outcome.check == "value" else "RL402"
    words = f"{count} ignored rows are not 0"
    finding = Finding(code, outcome.check, outcome.dtype, words, fix="Zero the ignored rows.")
    return replace(outcome, grade="F", findings=(*outcome.findings, finding))


def _array(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    if isinstance(value, (int, float)):
        value = np.float64(value)
    array = adopt(name, value).array
    if array.dtype.name not in FORMATS:
        raise TypeError(f"{name}: expected one of {', '.join(FORMATS)}; got {array.dtype}")
    if array.shape != shape:
        hint = " (reduction='mean' or 'sum' takes one number)" if not array.ndim else ""
        raise ValueError(f"{name}: expected shape {shape}; got {array.shape}{hint}")
    return array


def _reduced(given: Given, got: float, reduction: str, divisor: float) -> Outcome:
    """Judge one number made of all losses: their sum, or their mean."""
    known, rows = given.truth.value, len(given.given)
    number = format_of(given.given.dtype)
    total = math.fsum([*known.hi.tolist(), *known.lo.tolist()]) / divisor
    # adding up in any order costs at most (n - 1) u times the sum of magnitudes
    plain = np.where(np.isfinite(known.bound), known.bound, np.abs(known.hi))
    adding = (rows - 1) * number.roundoff * float(np.abs(known.hi).sum())
    truth = Reference(
        np.array([total]),
        np.zeros(1),
        np.array([2.0**-52 * abs(total) + float(known.radius.sum())]),
        np.array([float(known.condition.sum()) / divisor]),
        np.array([(float(plain.sum()) + adding) / divisor]),
    )
    verdicts = judge(np.array([got]), truth, number, VALUE_ULPS)
    grade, ulp = GRADES[int(verdicts.grade[0])], float(verdicts.ulp[0])
    right = grade != GRADES[WRONG]
    findings = () if right else (_of_total(got, total, ulp, reduction, given),)
    dtype = given.given.dtype
    return Outcome("value", dtype, grade=grade, n=1, findings=findings, ulp={"max": ulp})


def _of_total(got: float, total: float, ulp: float, reduction: str, given: Given) -> Finding:
    rows = len(given.given)
    words = f"the {reduction} of {rows} losses is {total:.9g}; got {got:.9g}, {ulp:.3g} ulp off"
    for name, factor in given.others.items():
        if total and abs(got / total / factor - 1) < _NEAR:
            words = f"got / reference = {factor:.7g}: {name}, where a {reduction} was declared"
            return Finding("RL807", "value", given.given.dtype, words, fix=CODES["RL807"].remedy)
    code = "RL301" if math.isfinite(got) else "RL302"
    return Finding(code, "value", given.given.dtype, words, fix=CODES[code].remedy)
