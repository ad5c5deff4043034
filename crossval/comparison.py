"""A user's own numbers against certified truth: which rows are off, by how much, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np

from crossval.catalog import spec_of
from crossval.checks import accuracy, ties
from crossval.checks.causes import cause_of
from crossval.checks.quantities import Quantity, quantities
from crossval.checks.statistics import WRONG
from crossval.checks.verdict import GRADES, VALUE_ULPS, Reference, judge
from crossval.families import Family, family_of
from crossval.findings import CODES, Finding
from crossval.oracles.formats import FORMATS, Format, format_of
from crossval.outcome import Outcome
from crossval.points.boxes import PointSet
from crossval.reference import Standard, standard
from crossval.runner import Runner
from crossval.session import Evaluation, Session
from crossval.target import Target, split_declaration
from refloss.run.arrays import adopt

__all__ = ["Comparison", "Row", "compare"]

_REDUCTIONS = ("none", "mean", "sum")
_WHOLE = ("RL403", "RL404", "RL406", "RL407", "RL408", "RL801", "RL802", "RL804")
_LOST = ("RL302", "RL401")


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
    """

    declared: str
    dtype: str
    outcomes: tuple[Outcome, ...]
    _given: Given = field(repr=False)

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
        ranked = sorted(self._rows, key=lambda row: (GRADES.index(row.grade), row.ulp))
        return Rows(ranked[::-1][:n])

    def __str__(self) -> str:
        from crossval.report.comparison import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from crossval.report.comparison import comparison_html

        return comparison_html(self)

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._given.given)

    @cached_property
    def _rows(self) -> list[Row]:
        worst: dict[int, Row] = {}
        for row in self._given.numbers(self.findings):
            before = worst.get(row.row)
            if before is None or (GRADES.index(row.grade), row.ulp) > (
                GRADES.index(before.grade),
                before.ulp,
            ):
                worst[row.row] = row
        return list(worst.values())


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
        What you computed from, by name, rows first: NumPy arrays or torch tensors.
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
        Axis values on top of the preset.

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
    spec, family = spec_of(name, preset, axes), family_of(name)
    if reduction not in _REDUCTIONS:
        raise ValueError(f"reduction: expected one of {', '.join(_REDUCTIONS)}; got {reduction!r}")
    if value is None and not grads:
        raise ValueError("value, grads: nothing to compare; give one of them")
    points = _points(family, inputs, upstream, reduction, dtype)
    wrt = tuple(name for name in family.inputs if name in (grads or {}))
    target = Target("your:numbers", name, preset, axes, wrt=wrt)
    total = None if value is None or reduction == "none" else _array("value", value, ())
    values = None if reduction != "none" or value is None else value
    evaluation = _evaluation(family, points, values, grads or {})
    runner = cast(Runner, None)  # nothing is called: the results are here
    given = Given(target, spec, family, runner, "yours", {points.dtype: evaluation}, given=points)
    outcomes = []
    if values is not None:
        outcomes.append(accuracy.value(given, points.dtype))
    if total is not None:
        outcomes.append(_reduced(given, float(total), reduction))
    outcomes += [accuracy.gradient(given, points.dtype, each) for each in wrt]
    if wrt and (given.truth.kind == "tie").any():
        outcomes.append(ties.ties(given, points.dtype))
    return Comparison(target.declared, points.dtype, tuple(outcomes), given)


@dataclass
class Given(Session):
    """Results that are here already, in the place of a target that would be called."""

    given: PointSet = field(kw_only=True)

    def points(self, dtype: str) -> PointSet:
        """Return the rows that were given."""
        return self.given

    @property
    def truth(self) -> Standard:
        """Truth at those rows."""
        return standard(self.spec, self.given)

    def numbers(self, findings: tuple[Finding, ...]) -> Iterator[Row]:
        """Yield every number that was given, graded."""
        evaluation = self.measured(self.given.dtype)
        rows = np.arange(len(self.given))
        causes = {f.check: _words(f) for f in findings if f.code in _WHOLE}
        causes |= {f.check: f.cause for f in findings if f.code in ("RL301", "RL402")}
        found = quantities(self, evaluation, self.given, self.truth, rows)
        for quantity in found:
            if quantity.columns or not np.isnan(evaluation.value).all():
                yield from self._numbers(quantity, causes.get(quantity.name, ""))

    def _numbers(self, quantity: Quantity, cause: str) -> Iterator[Row]:
        verdicts = quantity.verdicts()
        for at in np.ndindex(quantity.got.shape):
            got, truth = float(quantity.got[at]), float(quantity.truth.hi[at])
            size, grade = float(quantity.truth.condition[at]), GRADES[int(verdicts.grade[at])]
            relative = size / abs(truth) if truth and math.isfinite(truth) else None
            row = at[0]
            yield Row(
                row,
                f"d/d{quantity.columns[at[1]]}" if quantity.columns else "value",
                {
                    name: tuple(array[row].tolist())
                    for name, array in self.family.split(self.given.columns).items()
                },
                got,
                None if math.isnan(truth) else truth,
                float(verdicts.ulp[at]),
                relative,
                grade,
                self._cause(row, got, grade, relative, cause),
            )

    def _cause(self, row: int, got: float, grade: str, condition: float | None, whole: str) -> str:
        if grade == GRADES[WRONG] and not math.isfinite(got):
            number = format_of(self.given.dtype)
            constants = self.spec.constants
            found = cause_of(self.given.columns[row], self.target.loss, constants, number)
            return found.cause if found else "not finite"
        if grade == GRADES[WRONG]:
            return whole
        known = f"condition {condition:.3g}" if condition is not None else "its condition"
        return {"A": "", "B": known, "C": "rounding of the textbook formula"}[grade]


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


def _points(
    family: Family, inputs: Mapping[str, Any], upstream: Any, reduction: str, dtype: Any
) -> PointSet:
    """Make a set of points of the user's rows."""
    unknown = [name for name in inputs if name not in family.inputs]
    missing = [name for name in family.inputs if name not in inputs]
    if unknown or missing:
        raise ValueError(f"inputs: expected {', '.join(family.inputs)}; got {', '.join(inputs)}")
    adopted = {name: adopt(name, inputs[name]).array for name in family.inputs}
    first = next(iter(adopted.values()))
    rows = len(first) if first.ndim else 0
    number = _format(adopted, dtype)
    arrays = {}
    for name, array in adopted.items():
        _shaped(name, array, (rows, *family.shape(name)[1:]))
        arrays[name] = _on_grid(name, array, number)
    weight = _upstream(upstream, rows, reduction, number)
    labels = np.array([f"row {row}" for row in range(rows)], dtype=object)
    nowhere = np.zeros(rows, dtype=bool)
    columns = family.stack(arrays)
    return PointSet("given@0", number.name, columns, weight, labels, nowhere, np.arange(rows))


def _format(arrays: Mapping[str, np.ndarray], dtype: Any) -> Format:
    if dtype is not None:
        return format_of(dtype)
    names = {array.dtype.name for array in arrays.values()} & set(FORMATS)
    if len(names) != 1:
        found = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
        raise TypeError(f"inputs: expected one floating-point dtype, or give dtype=; got {found}")
    return format_of(names.pop())


def _on_grid(name: str, array: np.ndarray, number: Format) -> np.ndarray:
    wide = array.astype(np.float64)
    with np.errstate(invalid="ignore"):
        off = (number.round(wide) != wide) & ~np.isnan(wide)
    if off.any():
        at = tuple(int(i) for i in np.argwhere(off)[0])
        raise ValueError(
            f"{name}: expected {number.name} numbers, so that both sides get the same; "
            f"got {float(wide[at])!r} in row {at[0]}: round the inputs before computing"
        )
    return wide


def _upstream(upstream: Any, rows: int, reduction: str, number: Format) -> np.ndarray:
    given = np.asarray(1.0 if upstream is None else upstream, dtype=np.float64)
    if not isinstance(upstream, (int, float, type(None))):
        given = adopt("upstream", upstream).array.astype(np.float64)
    if given.shape not in ((), (rows,)) or (given.ndim and reduction != "none"):
        wanted = f"one number or shape ({rows},)" if reduction == "none" else "one number"
        raise ValueError(f"upstream: expected {wanted}; got shape {given.shape}")
    each = np.full(rows, float(given)) if given.ndim == 0 else number.round(given)
    return each / max(rows, 1) if reduction == "mean" else each


def _evaluation(
    family: Family, points: PointSet, value: Any, grads: Mapping[str, Any]
) -> Evaluation:
    """Return the user's results as if a target had returned them."""
    unknown = [name for name in grads if name not in family.inputs]
    if unknown:
        raise ValueError(f"grads: expected {', '.join(family.inputs)}; got {', '.join(unknown)}")
    rows = len(points)
    formats = {"value": points.dtype}
    values = np.full(rows, np.nan)
    if value is not None:
        array = _array("value", value, (rows,))
        values, formats["value"] = array.astype(np.float64), _came_in(array, points)
    gradients = {}
    for name, shaped in family.split(points.columns).items():
        if name in grads:
            array = _array(f"grads[{name!r}]", grads[name], shaped.shape)
            gradients[name] = array.astype(np.float64)
            formats[f"grad.{name}"] = _came_in(array, points)
    return Evaluation(values, gradients, formats, {})


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


def _shaped(name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(shape) and all(
        size in (None, got) for size, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("k" if size is None else str(size) for size in shape)
        raise ValueError(f"{name}: expected shape ({wanted}), rows first; got {array.shape}")


def _came_in(array: np.ndarray, points: PointSet) -> str:
    return array.dtype.name if array.dtype.name in FORMATS else points.dtype


def _reduced(given: Given, got: float, reduction: str) -> Outcome:
    """Judge one number made of all losses: their sum, or their mean."""
    known, rows = given.truth.value, len(given.given)
    divisor = max(rows, 1) if reduction == "mean" else 1
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
    factors = {rows: "N: a sum", 1 / max(rows, 1): "1/N: a mean"}
    for factor, name in factors.items():
        if rows > 1 and total and abs(got / total / factor - 1) < 1e-3:
            words = f"got / reference = {factor:.7g} = {name} where a {reduction} was declared"
            return Finding("RL802", "value", given.given.dtype, words, fix=CODES["RL802"].remedy)
    code = "RL301" if math.isfinite(got) else "RL302"
    return Finding(code, "value", given.given.dtype, words, fix=CODES[code].remedy)
