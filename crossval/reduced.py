"""Targets that return one number for a batch: how that is found out, and what it divides by.

Such a target is judged with one row at a time: a mean over one row is the row's loss, but for a
divisor that the definition knows. What becomes of several rows is the check `reduction`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crossval.catalog import losses, spec_of
from crossval.oracles.composed import alone
from crossval.oracles.formats import format_of
from crossval.runner import TargetRaised
from refloss.losses.reductions import REDUCTIONS, Counts

if TYPE_CHECKING:
    from crossval.families import Family
    from crossval.points.boxes import PointSet
    from crossval.session import Session
    from crossval.target import Target
    from refloss.losses import Spec

__all__ = [
    "REDUCED",
    "Form",
    "by_other_denominators",
    "counts",
    "definition",
    "divisor",
    "divisors",
    "met",
]

REDUCED = ("mean", "sum")
_SIZES = (3, 8)


@dataclass(frozen=True)
class Form:
    """What a target returns for a batch.

    Attributes
    ----------
    reduction : {"none", "mean", "sum"}
        One result a row, or what is made of the rows.
    declared : bool
        Whether the target's owner said so; it was measured otherwise.
    shape : tuple of int
        Of the one number.
    """

    reduction: str = "none"
    declared: bool = True
    shape: tuple[int, ...] = ()

    @property
    def reduced(self) -> bool:
        """Whether a batch gives one number."""
        return self.reduction in REDUCED


def counts(
    family: Family,
    inputs: dict[str, np.ndarray],
    kept: np.ndarray,
    weights: np.ndarray | None = None,
) -> Counts:
    """Return what a batch offers to divide by.

    Parameters
    ----------
    family : Family
        Whose inputs these are.
    inputs : dict of str to array
        The rows.
    kept : (n,) bool array
        Which of them are not ignored.
    weights : (C,) array, optional
        Class weights. Rows of probabilities count 1 whatever they are.
    """
    items, left = len(kept), int(kept.sum())
    total, classes = float(left), logits_an_item(family, inputs)
    if weights is not None and family.labels:
        (name,) = family.labels
        total = math.fsum(weights[inputs[name][kept]].tolist())
    return Counts(items, left, total, classes=classes)


def logits_an_item(family: Family, inputs: Mapping[str, np.ndarray]) -> int:
    """Return how many numbers an item of the first input has: logits, coordinates, or one."""
    first = next(iter(inputs.values()))
    return first.shape[1] if first.ndim > 1 else 1


def divisor(session: Session, reduction: str, counted: Counts) -> float:
    """Return what the definition divides the sum of a batch by; 1 where it is no sum of losses."""
    batch = session.spec.batch
    if batch is not None and not batch.averaged:
        return 1.0
    return REDUCTIONS[reduction].divisor(counted, session.spec.axes.get("denominator", "items"))


def denominators(session: Session) -> tuple[str, ...]:
    """Return what the means of a loss may divide by, as far as they have names."""
    axis = losses()[session.target.loss]["axes"].get("denominator")
    if axis is None:
        return ("items",)
    return tuple(name for name, value in axis["values"].items() if "batch" not in value)


def divisors(
    session: Session,
    points: PointSet,
    weights: np.ndarray | None,
    size: int,
    kept: np.ndarray | None = None,
) -> np.ndarray:
    """Return what each block of `size` rows is divided by."""
    inputs = session.family.split(points.columns)
    kept = np.ones(len(points), bool) if kept is None else kept
    found = []
    for start in range(0, len(points), size):
        rows = slice(start, start + size)
        part = {name: array[rows] for name, array in inputs.items()}
        counted = counts(session.family, part, kept[rows], weights)
        found.append(divisor(session, session.form.reduction, counted))
    return np.array(found)


def by_other_denominators(session: Session) -> Iterator[Session]:
    """Yield a session for each denominator that is not declared, where one divides anything."""
    here = session.spec.axes.get("denominator")
    if session.form.reduction != "mean" or here is None:
        return
    for name in denominators(session):
        if name != here:
            target = replace(session.target, axes={**session.target.axes, "denominator": name})
            yield replace(session, target=target, spec=definition(session, target))


def definition(session: Session, target: Target) -> Spec:
    """Return a declaration as it is judged: of a target that reduces, one row at a time."""
    spec = spec_of(target.loss, target.preset, target.axes)
    return alone(spec) if session.form.reduction == "mean" else spec


def met(session: Session, dtype: str) -> Form:
    """Find out how a target reduces, or whether it reduces as its owner says.

    Undeclared, its result for a batch must be the mean, or the sum, of its own results for the
    same rows alone.

    Raises
    ------
    TargetRaised
        If it is neither, or the target does not answer; the message says what came.
    """
    declared = session.target.reduction
    points = session.points(dtype)
    some = points.take(np.flatnonzero(points.places == session.family.regimes[0])[: max(_SIZES)])
    some = session.family.sharing(some)
    inputs = session.family.split(some.columns)
    batches = {n: _answer(session, dtype, some.columns[:n]) for n in _SIZES}
    shape = batches[_SIZES[0]].shape
    if any(value.size != 1 for value in batches.values()):
        raise _unread(f"reduction={declared!r} is declared, but {_shapes(batches)}", _ROWS)
    if declared is not None:
        return Form(declared, True, shape)
    if session.spec.batch is not None:  # which alone says what becomes of several rows
        return Form("mean", False, shape)
    if "reduction" in session.accepted:
        words = f"reduction='none' was passed, but {_shapes(batches)}"
        raise _unread(words, "Honour reduction='none', or declare --reduction mean or sum.")
    alone = session.call(dtype, inputs, np.ones(len(some)), gradients=False, block=(1, shape))
    constant = not isinstance(session.spec.axes.get("denominator", ""), str)
    for name in REDUCED:
        if all(_fits(name, batches[n], alone.value[:n], dtype) for n in _SIZES):
            # rows that are all divided by one number add up to their mean, which is so defined
            return Form("mean" if constant else name, False, shape)
    n = _SIZES[0]
    single = ", ".join(f"{loss:.9g}" for loss in alone.value[:n])
    words = (
        f"one number for a batch, {float(batches[n].reshape(-1)[0]):.9g} for {n} rows, which alone "
        f"give {single}: neither their mean nor their sum"
    )
    raise _unread(words, f"{_DECLARE} {_WHOLE}" if _of_sums(session) else _DECLARE)


_DECLARE = (
    "Return a loss for each row (reduction='none' through --call or --init), or declare "
    "--reduction mean or sum."
)
_WHOLE = "If rows depend on their batch: refloss identify names the convention."
_ROWS = "Leave --reduction out, or return one number for a batch."


def _of_sums(session: Session) -> bool:
    """Whether a loss has conventions that are functions of sums over the batch."""
    axes = losses()[session.target.loss]["axes"].values()
    return any("batch" in value for axis in axes for value in axis["values"].values())


def _answer(session: Session, dtype: str, columns: np.ndarray) -> np.ndarray:
    inputs = session.family.one_call(columns)
    return session.call(dtype, inputs, np.ones(()), gradients=False, whole=True).value


def _shapes(batches: dict[int, np.ndarray]) -> str:
    return "; ".join(f"{n} rows give shape {value.shape}" for n, value in batches.items())


def _fits(name: str, value: np.ndarray, losses: np.ndarray, dtype: str) -> bool:
    """Whether a result is what a reduction makes of losses, as far as rounding lets one see."""
    below = len(losses) if name == "mean" else 1
    room = 2 * (len(losses) + 3) * format_of(dtype).roundoff * float(np.abs(losses).sum())
    return abs(float(value.reshape(-1)[0]) * below - math.fsum(losses.tolist())) <= room


def _unread(words: str, fix: str) -> TargetRaised:
    blank = dict.fromkeys(("line", "missing", "code"), "")
    return TargetRaised({**blank, "type": "WrongShape", "message": words, "hint": fix})
