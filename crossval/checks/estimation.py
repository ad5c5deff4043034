"""The number in a hypothesis that has one, estimated from the results under suspicion.

The amounts that are met in practice come first, then Newton steps from the nearest of them: the
median over the numbers on which the amount shows most. What comes out is written with the fewest
digits that explain as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from crossval.checks.evidence import Evidence
from crossval.checks.hypotheses import Estimate, Prediction

__all__ = ["estimated"]

Predict = Callable[[float], np.ndarray]

_STARTS = 2
_FAR = 0.3  # of the distance between unrelated numbers, which is 1
_ROUNDINGS = 8.0
_MOVES = 16.0
_TURNS = 12
_STEP = 1e-4
_DIGITS = 7


def estimated(evidence: Evidence, estimate: Estimate, part: slice) -> Prediction | None:
    """Return the prediction of the amount that the evidence supports, if there is one.

    Parameters
    ----------
    evidence : Evidence
        Results.
    estimate : Estimate
        What depends on the amount.
    part : slice
        Columns of the gradient under suspicion.
    """

    def judged(pair: Callable[[float], tuple[np.ndarray, np.ndarray]], amount: float) -> np.ndarray:
        with np.errstate(all="ignore"):
            value, gradient = pair(amount)
        return value[:, None] if evidence.is_value else gradient[:, part]

    predict = partial(judged, estimate.predict)
    moves = partial(judged, estimate.moves) if estimate.moves else None
    for amount in _likely(evidence, predict, estimate.usual):
        if _supported(evidence, predict, amount, moves):
            short = _shortest(evidence, predict, amount, moves)
            with np.errstate(all="ignore"):
                found = estimate.predict(short)
            return Prediction(estimate.words(short), estimate.fix, *found, estimate.code)
    return None


def _likely(evidence: Evidence, predict: Predict, usual: tuple[float, ...]) -> Iterator[float]:
    """Yield the usual amounts that come nearest, then where Newton's steps lead from them."""
    off = {amount: evidence.off(predict(amount)) for amount in usual}
    nearest = sorted(usual, key=lambda amount: off[amount])[:_STARTS]
    if off[nearest[0]] > _FAR:
        return
    yield from nearest
    for start in nearest:
        yield _refined(evidence, predict, start)


def _supported(evidence: Evidence, predict: Predict, amount: float, moves: Predict | None) -> bool:
    """Whether the evidence supports an amount, as far as roundings of it can be seen."""
    here = predict(amount)
    with np.errstate(all="ignore"):
        turned = predict(amount * (1 + _MOVES * evidence.number.roundoff))
        room = _ROUNDINGS * np.abs(turned - here) / _MOVES
        if moves is not None:
            room = room + _ROUNDINGS * evidence.number.roundoff * moves(amount)
    return evidence.supports(here, room=room)


def _refined(evidence: Evidence, predict: Predict, start: float) -> float:
    amount = start
    for _ in range(_TURNS):
        here = predict(amount)
        move = amount * _STEP
        with np.errstate(all="ignore"):
            slope = (predict(amount + move) - here) / move
            moves = (evidence.got - here) / slope
            weight = np.abs(slope) * abs(amount) / evidence.tolerance
        usable = evidence.failed & np.isfinite(moves) & np.isfinite(weight) & (weight > 0)
        if not usable.any():
            return amount
        telling = usable & (weight >= np.median(weight[usable]))
        bound = 0.5 * abs(amount)  # never across 0, nor far in one step
        after = amount + float(np.clip(np.median(moves[telling]), -bound, bound))
        if after == amount:
            break
        amount = after
    return amount


def _shortest(evidence: Evidence, predict: Predict, amount: float, moves: Predict | None) -> float:
    for places in range(_DIGITS):
        short = float(f"{amount:.{places}e}")
        if _supported(evidence, predict, short, moves):
            return short
    return amount
