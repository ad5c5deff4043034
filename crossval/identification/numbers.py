"""Amounts that no preset names: solved for, written in the fewest decimals that fit as well."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from crossval.identification.candidates import Candidate
from crossval.identification.fit import Fit, Values, measure

Make = Callable[[float], "Candidate | None"]
Score = Callable[[Candidate], "Scored"]
Predict = Callable[[Candidate], Values]

_DECADES = tuple(10.0**power for power in range(-17, 3))
_USUAL = (0.01, 0.1, 1.0, 10.0)
_GOLDEN = (math.sqrt(5) - 1) / 2
_ROUGH, _FINE, _FIRST = 10, 8, 2
_STEP = 1e-4
_LESS = 0.02
"""Digits that a plainer amount may cost."""


@dataclass(frozen=True)
class Scored:
    """A candidate and how well it explains the values."""

    candidate: Candidate
    fit: Fit


@dataclass(frozen=True)
class Solver:
    """A search for one number.

    Attributes
    ----------
    got : array
        Results.
    score : callable
        Candidate to its fit.
    predict : callable
        Candidate to its predicted values.
    least : float
        Digits that a decade near the amount must reach, or the search is given up.
    """

    got: np.ndarray
    score: Score
    predict: Predict
    least: float = 0.0

    def solve(self, make: Make, known: Sequence[float] = ()) -> Scored | None:
        """Find the amount under which ``make(amount)`` explains most.

        Parameters
        ----------
        make : callable
            Amount to candidate, or None where the amount is not allowed.
        known : sequence of float
            Amounts to try first; one that explains everything ends the search.

        Returns
        -------
        Scored or None
            None if no amount is allowed, or none explains more.
        """
        above = self._solved(make, [amount for amount in known if amount >= 0])
        if make(-_DECADES[0]) is None or (above is not None and above.fit.exact):
            return above
        below = self._solved(lambda amount: make(-amount), [-a for a in known if a < 0])
        found = [scored for scored in (above, below) if scored is not None]
        return max(found, key=lambda scored: scored.fit.digits, default=None)

    def _solved(self, make: Make, known: Sequence[float]) -> Scored | None:
        """Do so for amounts of one sign."""
        tried: dict[float, Scored] = {}
        for amount in known:
            found = self._try(make, amount, tried)
            if found is not None and found.fit.exact:
                return found
        for amount in (0.0, *_DECADES):
            self._try(make, amount, tried)
        start = max(tried, key=lambda amount: tried[amount].fit.digits, default=0.0)
        if start not in tried or tried[start].fit.digits < self.least:
            return None
        if start == 0 and not tried[start].fit.exact and len(tried) > 1:
            nearest = max(tried, key=lambda amount: (amount != 0, tried[amount].fit.digits))
            self._polish(make, nearest, tried, _FIRST)
            start = max(tried, key=lambda amount: tried[amount].fit.digits)
        if start > 0 and not tried[start].fit.exact:
            self._narrow(make, start, tried)
            start = max(tried, key=lambda amount: tried[amount].fit.digits)
            self._polish(make, start, tried)
            start = max(tried, key=lambda amount: tried[amount].fit.digits)
        if self.least == 0 and not tried[start].fit.exact:
            for usual in _USUAL:  # where most rows agree may be a limit, and no way leads from it
                self._polish(make, usual, tried)
            start = max(tried, key=lambda amount: tried[amount].fit.digits)
        return self._shortest(make, start, tried)

    def _try(self, make: Make, amount: float, tried: dict[float, Scored]) -> Scored | None:
        if amount in tried:
            return tried[amount]
        made = make(amount)
        if made is None:
            return None
        tried[amount] = self.score(made)
        return tried[amount]

    def _digits(self, make: Make, amount: float, tried: dict[float, Scored]) -> float:
        found = self._try(make, amount, tried)
        return -1.0 if found is None else found.fit.digits

    def _narrow(self, make: Make, start: float, tried: dict[float, Scored]) -> None:
        """Golden-section search for the most digits, over a decade to either side."""
        low, high = math.log(start) - math.log(10), math.log(start) + math.log(10)
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        for _ in range(_ROUGH):
            if self._digits(make, math.exp(left), tried) > self._digits(
                make, math.exp(right), tried
            ):
                high, right = right, left
                left = high - _GOLDEN * (high - low)
            else:
                low, left = left, right
                right = low + _GOLDEN * (high - low)

    def _polish(
        self, make: Make, start: float, tried: dict[float, Scored], steps: int = _FINE
    ) -> None:
        """Newton steps: the median over the rows on which the amount shows most."""
        amount = start
        for _ in range(steps):
            here, there = make(amount), make(amount * (1 + _STEP))
            if here is None or there is None:
                return
            fit = self.score(here).fit
            values = self.predict(here)
            predicted = values.number
            with np.errstate(all="ignore"):
                slope = fit.factor * (self.predict(there).number - predicted) / (amount * _STEP)
                moves = (self.got - fit.apply(predicted)) / slope
                rounding = np.abs(self.got) + abs(fit.factor) * (
                    np.abs(predicted) + values.condition
                )
                weight = np.abs(slope) / rounding
            usable = np.isfinite(moves) & np.isfinite(weight) & (weight > 0)
            if not usable.any():
                return
            most = usable & (weight >= 0.1 * weight[usable].max())
            after = amount + float(np.median(moves[most]))
            if not after > 0 or after == amount:
                return
            amount = after
            self._try(make, amount, tried)

    def plainest(self, make: Make, amount: float, known: Scored, plain: float = 0.0) -> Scored:
        """Return what is known of an amount, of a plain one in its place, or in fewer decimals.

        Parameters
        ----------
        make : callable
            Amount to candidate, or None where the amount is not allowed.
        amount : float
            The amount.
        known : Scored
            What it explains.
        plain : float
            The plainest amount.
        """
        tried = {amount: known}
        plainer = self._try(make, plain, tried)
        if plainer is not None and plainer.fit.digits > known.fit.digits - _LESS:
            return plainer
        return self._shortest(make, amount, tried)

    def _shortest(self, make: Make, amount: float, tried: dict[float, Scored]) -> Scored:
        """Round to the fewest decimals that explain as much."""
        best = tried[amount]
        if amount == 0:
            return best
        for places in range(9):
            short = float(f"{amount:.{places}e}")
            if abs(short - amount) > 1e-2 * amount:
                continue
            found = self._try(make, short, tried)
            if found is not None and (
                found.fit.exact or found.fit.digits > best.fit.digits - _LESS
            ):
                return found
        return best

    def resolution(self, make: Make, amount: float, roundoff: float) -> float:
        """Return the smallest change of the amount that some row would have shown."""
        here, fit = make(amount), None
        if here is None:
            return math.nan
        values = self.predict(here)
        fit = self.score(here).fit
        least = math.inf
        for step in _steps(amount):
            there = make(amount + step) or make(amount - step)
            if there is None:
                continue
            moved = self.predict(there).number
            seen = measure(fit.apply(moved), values, roundoff, fit.factor, fit.offset)
            lost = np.isnan(moved) & ~np.isnan(values.number)
            if not lost.any() and seen.met[seen.judged].all():
                break
            least = step
        return least


def _steps(amount: float) -> list[float]:
    """Return steps away from an amount, halved from its own size down; decades from 0."""
    if amount == 0:
        return [10.0**power for power in range(-2, -60, -1)]
    return [amount * 2.0**-power for power in range(54)]
