"""Several amounts at once: damped least squares (Levenberg, Marquardt).

Amounts that bend the values alike hide behind each other: solved for in turn, they creep. What is
looked for explains every row, so that least squares end at 0 or have found nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from crossval.catalog import losses
from crossval.identification.candidates import Candidate, changed
from crossval.identification.numbers import Make, Predict, Scored, Solver

__all__ = ["ANY", "Joint", "together"]

Amounts = np.ndarray
Makes = Callable[[Amounts], "Candidate | None"]

_STEP = 1e-6
_ROUNDS, _TRIES = 40, 6
_SLOW, _STUCK = 0.5, 8
"""Rounds after which a sum that has not become smaller by this factor is no way to 0."""
_EASIER, _HARDER = 0.125, 8.0
_FOUND, _ENOUGH = 1e-18, 1e-31
"""Mean squares of relative differences: what is no chance, and what is but rounding."""
ANY = 0.46875
"""An amount that every number may have, and none has."""


@dataclass(frozen=True)
class Joint:
    """A search for several numbers.

    Attributes
    ----------
    got : array
        Results.
    predict : callable
        Candidate to its predicted values.
    least, most : array
        Of every amount.
    """

    got: np.ndarray
    predict: Predict
    least: Amounts
    most: Amounts

    def solve(self, make: Makes, start: Amounts) -> Amounts | None:
        """Find amounts under which ``make(amounts)`` explains most, from others.

        Parameters
        ----------
        make : callable
            Amounts to candidate, or None where they are not allowed.
        start : array
            Amounts to start from; one that changes nothing there stays as it is.

        Returns
        -------
        array or None
            None if the walk ends at no explanation.
        """
        at, here = np.array(start, float), self._off(make, start)
        if here is None:
            return None
        damping, sums = 1e-3, [_size(here)]
        for _ in range(_ROUNDS):
            slopes = self._slopes(make, at, here)
            if slopes is None:
                return None
            outward = here @ slopes
            held = (at <= self.least) & (outward > 0) | (at >= self.most) & (outward < 0)
            slopes = np.where(held, 0.0, slopes)
            for _ in range(_TRIES):
                there = np.clip(at + _step(slopes, here, damping), self.least, self.most)
                moved = self._off(make, there)
                if moved is not None and _size(moved) < _size(here):
                    at, here, damping = there, moved, damping * _EASIER
                    break
                damping *= _HARDER
            sums.append(_size(here))
            if sums[-1] <= _ENOUGH or sums[-1] == sums[-2]:
                break
            if len(sums) > _STUCK and sums[-1] > _SLOW * sums[-_STUCK]:
                break
        return at if sums[-1] < _FOUND else None

    def _off(self, make: Makes, amounts: Amounts) -> np.ndarray | None:
        """Return by how much each row is off, beside its size; None if one would be no number."""
        made = make(amounts)
        if made is None:
            return None
        number = self.predict(made).number
        known = np.isfinite(self.got)
        size = np.abs(self.got[known])
        with np.errstate(all="ignore"):
            off = (number - self.got)[known] / (size + np.median(size))
        return off if np.isfinite(off).all() else None

    def _slopes(self, make: Makes, at: Amounts, here: np.ndarray) -> np.ndarray | None:
        """Return how each amount moves each row."""
        columns = []
        for k, amount in enumerate(at):
            step = np.zeros(len(at))
            step[k] = _STEP * max(abs(amount), 1.0)
            step = step if at[k] + step[k] <= self.most[k] else -step
            moved = self._off(make, at + step)
            if moved is None:
                return None
            columns.append((moved - here) / step[k])
        return np.stack(columns, axis=1)


def _size(off: np.ndarray) -> float:
    return float(np.mean(off * off))


def _step(slopes: np.ndarray, here: np.ndarray, damping: float) -> Amounts:
    """Return the step to least squares, shorter and steeper the more it is damped."""
    size = np.linalg.norm(slopes, axis=0)
    scale = np.where(size > 0, size, 1.0)
    wide = np.concatenate([slopes / scale, np.sqrt(damping) * np.diag(size > 0)])
    wanted = np.concatenate([-here, np.zeros(len(size))])
    step = np.linalg.lstsq(wide, wanted, rcond=None)[0] / scale
    return np.where(size > 0, step, 0.0)  # not by rounding either


def together(start: Candidate, names: Sequence[str], solver: Solver) -> Scored | None:
    """Solve for all of some numbers that a definition has, from its own amounts.

    Returns
    -------
    Scored or None
        What explains most, each number as 0 or in the fewest decimals, or as the default if it
        does not show; None if nothing does, or the definition has fewer than two of them.
    """
    axes = losses()[start.definition.loss]["axes"]
    has = [name for name in names if _has(start, name)]
    if len(has) < 2:
        return None
    now = np.array([float(start.definition.spec.axes[name]) for name in has])

    def make(amounts: Sequence[float] | Amounts) -> Candidate | None:
        return changed(start, dict(zip(has, map(float, amounts), strict=True)))

    least = np.array([axes[name].get("least", 0.0) for name in has])
    most = np.array([axes[name].get("most", np.inf) for name in has])
    amounts = Joint(solver.got, solver.predict, least, most).solve(make, now)
    made = None if amounts is None else make(amounts)
    if amounts is None or made is None:
        return None
    best = solver.score(made)
    for name, before, amount in zip(has, now, map(float, amounts), strict=True):
        plain = axes[name]["default"] if amount == before else 0.0
        best = solver.plainest(_one(best.candidate, name), amount, best, plain)
    return best


def _one(of: Candidate, name: str) -> Make:
    """Return what makes a candidate of one number."""
    return lambda amount: changed(of, {name: amount})


def _has(start: Candidate, name: str) -> bool:
    """Whether a number is one of a definition's."""
    moved = changed(start, {name: ANY})
    known = isinstance(start.definition.spec.axes[name], int | float)
    return known and moved is not None and moved.key != start.key
