"""A function of sums over a batch: certified enclosures of its value and of its gradient by rows.

The sums are those of certified losses, exact but for what they are certified to; the function and
its slopes are evaluated in ball arithmetic. Beside each enclosure stands how far rounding may carry
an ordinary implementation, which computes the losses, adds them up, and takes the function of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from crossval.oracles.arithmetic_exact import ExactBalls, precision
from crossval.oracles.formats import Format
from crossval.oracles.rounding import rounding_bound
from crossval.oracles.rungs import lifted, run
from crossval.oracles.texts import load
from crossval.oracles.ties import Undecided
from refloss.losses.batch_spec import BatchSpec

if TYPE_CHECKING:
    from crossval.checks.verdict import Reference
    from crossval.reference import Standard

__all__ = ["Enclosed", "enclosed", "parts", "terms"]

_BITS = (256, 1024, 4096)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Enclosed:
    """What a function of sums gives for a batch, and how far rounding may move that.

    Attributes
    ----------
    value, room : float
        The truth to nearest, and how far a result may be from it.
    gradient, rooms : (n, k) array
        The same of the gradient by the columns of every row.
    """

    value: float
    room: float
    gradient: Array
    rooms: Array


@dataclass(frozen=True)
class _Function:
    """The program of a function of sums, as the oracles ask for it."""

    program: str
    constants: dict[str, float]


def parts(spec: Any) -> list[Any]:
    """Return the definitions whose results are added up, a sum each."""
    batch = spec.batch
    found = [replace(spec, constants={**spec.constants, **batch.inside}, batch=None)]
    if batch.beside:
        beside = replace(
            spec, program=batch.beside, constants=dict(batch.beside_constants), batch=None
        )
        found.append(beside)
    return found


def terms(
    batch: BatchSpec, truths: Sequence[Standard], ones: NDArray[np.bool_] | None
) -> list[Standard]:
    """Return what is known of the rows of every sum, where losses are added up apart or counted.

    Parameters
    ----------
    batch : BatchSpec
    truths : sequence of Standard
        What is known of all rows, by program.
    ones : (n,) bool array or None
        The rows of the first group where there are two.
    """
    groups = [np.ones(len(truths[0].value.hi), bool)] if ones is None else [ones, ~ones]
    found = []
    for truth in truths:
        for rows in groups:
            found.append(_weighted(truth, rows.astype(float)))
            if batch.counted:
                found.append(_counted(truth, rows))
    return found


def _weighted(truth: Standard, weights: Array) -> Standard:
    """Return rows of which some are left out: 0, with derivatives 0."""
    value = _some(truth.value, weights > 0)
    return replace(truth, value=value, gradient=_some(truth.gradient, weights[:, None] > 0))


def _counted(truth: Standard, rows: NDArray[np.bool_]) -> Standard:
    """Return 1 for rows above 0; where rounding may decide that, it is off by as much."""
    value, none = truth.value, np.zeros(len(rows))
    loose = rows & (np.abs(value.hi) <= value.bound) & (value.bound > 0)
    counts = replace(
        value,
        hi=(rows & (value.hi > 0)).astype(float),
        lo=none,
        radius=none,
        condition=none,
        bound=loose.astype(float),
    )
    return replace(
        truth, value=counts, gradient=_some(truth.gradient, np.zeros((len(rows), 1)) > 0)
    )


def _some(known: Reference, rows: NDArray[np.bool_]) -> Reference:
    """Return numbers of some rows, 0 in the others."""
    return replace(known, **{name: np.where(rows, a, 0.0) for name, a in vars(known).items()})


def enclosed(
    batch: BatchSpec,
    truths: Sequence[Standard],
    number: Format,
    upstream: float,
    *,
    below: float = 1.0,
    over: float = 1.0,
) -> Enclosed:
    """Return value and gradient of a function of sums.

    Parameters
    ----------
    batch : BatchSpec
        The function.
    truths : sequence of Standard
        What is known of the rows of every sum, upstream gradient 1.
    number : Format
        In which an implementation computes.
    upstream : float
        Gradient by the result.
    below : float
        What the sums are divided by.
    over : float
        What the function's result is divided by.

    Raises
    ------
    Undecided
        If no precision tells what a comparison in the function comes to.
    """
    loose = [_loose(truth, number) / below for truth in truths]
    with precision(_BITS[0]) as change:
        for bits in _BITS:
            change(bits)
            try:
                found = _evaluated(batch, truths, upstream, below, over)
                break
            except Undecided:
                continue
        else:
            raise Undecided
    function = _Function(batch.function, batch.constants)
    factor = np.array([upstream / over])
    own, bent = rounding_bound(function, np.array([found.sums]), factor, dtype=number.name)
    moved = sum(map(_times, found.steps, loose)) / abs(upstream)
    middle, gradient = found.value, found.gradient
    room = 2 * (moved + float(own[0]) / over) + found.radius + 4 * float(number.ulp(middle))
    rooms = found.radii + 8 * number.ulp(gradient) + 4 * number.roundoff * np.abs(gradient)
    for k, truth in enumerate(truths):
        turned = sum(_times(found.turns[j][k], loose[j]) for j in range(len(loose)))
        slope = np.abs(truth.gradient.hi)
        rooms += 2 * _times(found.steps[k], truth.gradient.bound) / below
        rooms += 2 * _times(turned + float(bent[0, k]), slope) / below
        rooms += 8 * number.roundoff * found.steps[k] * slope / below
    return Enclosed(middle, room, gradient, rooms)


@dataclass(frozen=True)
class _Evaluated:
    """A function of sums in balls: value and gradient, and its slopes and curvature in size."""

    value: float
    radius: float
    gradient: Array
    radii: Array
    sums: list[float]
    steps: list[float]
    turns: list[list[float]]


def _evaluated(
    batch: BatchSpec, truths: Sequence[Standard], upstream: float, below: float, over: float
) -> _Evaluated:
    """Evaluate a function of sums, its slopes and their slopes at the precision in force."""
    sums = [_total(truth) / arb(below) for truth in truths]
    balls, factor = ExactBalls(), arb(upstream) / arb(over)
    constants = lifted(balls, batch.constants)
    text = load(batch.function, "arb")
    value, *slopes = run(text.grad, balls, [*sums, factor], constants)
    turns = []
    for j in range(len(sums)):
        unit = [arb(float(i == j)) for i in range(len(sums))]
        turn = run(text.hvp, balls, [*sums, factor, *unit], constants)
        turns.append([_size(t) for t in (turn if isinstance(turn, tuple) else (turn,))])
    value = arb(value) / arb(over)
    gradient, radii = _gradient([arb(slope) / arb(below) for slope in slopes], truths)
    middles = [float(total.mid()) for total in sums]
    steps = [_size(slope) for slope in slopes]
    return _Evaluated(
        float(value.mid()), float(value.rad()), gradient, radii, middles, steps, turns
    )


def _size(ball: Any) -> float:
    return float(abs(arb(ball)).mid())


def _times(size: float, room: Any) -> Any:
    """Return a product, and 0 where either is: a bound may be infinite."""
    with np.errstate(invalid="ignore"):
        return np.where((np.asarray(room) == 0) | (size == 0), 0.0, size * np.asarray(room))


def _total(truth: Standard) -> arb:
    known = truth.value
    rows = zip(known.hi.tolist(), known.lo.tolist(), known.radius.tolist(), strict=True)
    return sum((arb(hi) + arb(lo) + arb(0, rad) for hi, lo, rad in rows), arb(0))


def _loose(truth: Standard, number: Format) -> float:
    """Return how far rounding may carry a sum: that of its terms, and of adding them up."""
    known = truth.value
    added = (len(known.hi) + 3) * number.roundoff * float(np.abs(known.hi).sum())
    return float(known.bound.sum()) + added


def _gradient(weights: Sequence[arb], truths: Sequence[Standard]) -> tuple[Array, Array]:
    """Return what the slopes of the function make of the gradients of the rows, with radii."""
    shape = truths[0].gradient.hi.shape
    middle, radius = np.empty(shape), np.empty(shape)
    for at in np.ndindex(*shape):
        total = arb(0)
        for weight, truth in zip(weights, truths, strict=True):
            known = truth.gradient
            ball = arb(float(known.hi[at])) + arb(float(known.lo[at]))
            total += weight * (ball + arb(0, float(known.radius[at])))
        middle[at], radius[at] = float(total.mid()), float(total.rad())
    return middle, radius
