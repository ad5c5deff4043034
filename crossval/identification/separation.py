"""How two definitions differ on the probes, and the plainest probe that shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossval.bits import hexadecimal
from crossval.identification.answer import Separation
from crossval.identification.evidence import Evidence
from crossval.identification.fit import Fit, measure
from crossval.identification.gradients import Gradients
from crossval.identification.numbers import Scored
from crossval.identification.search import Search
from crossval.oracles.formats import format_of
from crossval.points.probes import Probe


@dataclass(frozen=True)
class Difference:
    """Rows on which a definition is told from another.

    Attributes
    ----------
    value : (n,) bool array
        By the value.
    gradient : dict of str to (n,) bool array
        By the gradient of an input, where the target has one.
    """

    value: np.ndarray
    gradient: dict[str, np.ndarray]

    @property
    def told_by(self) -> str:
        """``value``, ``gradient``, or nothing."""
        if self.value.any():
            return "value"
        return "gradient" if any(rows.any() for rows in self.gradient.values()) else ""

    @property
    def rows(self) -> int:
        """Number of rows that tell."""
        return int(np.any([self.value, *self.gradient.values()], axis=0).sum())


@dataclass(frozen=True)
class Separator:
    """Compares definitions on the probes of a target.

    Attributes
    ----------
    search : Search
        Predictions.
    evidence : Evidence
        The target's answers, which say what could be told.
    """

    search: Search
    evidence: Evidence

    def difference(self, best: Scored, other: Scored) -> Difference:
        """Compare two definitions where the target answered, each in the same relation to it."""
        seen = ~np.isnan(self.evidence.value)
        expected = self._expected(best)
        fit = best.fit
        moved = measure(
            expected,
            self.search.values(other.candidate),
            self.search.roundoff,
            fit.factor,
            fit.offset,
        )
        gradient = {}
        for name in self.evidence.gradients:
            predicted = self._gradient(best, name)
            pretended = Gradients(self.search, _with(self.evidence, name, predicted))
            usable = np.isfinite(self.evidence.gradients[name]).all(axis=1)
            gradient[name] = pretended.off(Scored(other.candidate, fit), name) & usable
        return Difference(seen & moved.judged & ~moved.met, gradient)

    def shown(self, best: Scored, other: Scored) -> Separation | None:
        """Return the plainest row on which two definitions differ and the target follows one."""
        difference = self.difference(best, other)
        if difference.value.any():
            agreed = self._agreed(best)
            row = self.plainest(difference.value & agreed, difference.value)
            got, one, two = (
                self.evidence.value[row],
                self._expected(best)[row],
                best.fit.apply(self.search.values(other.candidate).number)[row],
            )
            return self._separation(row, "value", got, one, two, difference.rows)
        for name, rows in difference.gradient.items():
            if not rows.any():
                continue
            row = self.plainest(rows, rows)
            one, two = self._gradient(best, name)[row], self._gradient(other, name)[row]
            at = int(np.argmax(np.abs(one - two)))
            got = self.evidence.gradients[name][row, at]
            quantity = f"gradient by {name}[{at}]"
            return self._separation(row, quantity, got, one[at], two[at], difference.rows)
        return None

    def departure(self, nearest: Scored) -> Separation | None:
        """Return the plainest row on which a target leaves the nearest definition."""
        fit = nearest.fit
        rows = fit.judged & ~fit.met
        if not rows.any():
            return None
        row = self.plainest(rows, rows)
        got, expected = self.evidence.value[row], self._expected(nearest)[row]
        return self._separation(row, "value", got, expected, np.nan, int(rows.sum()))

    def unexplained(self, best: Scored, name: str) -> str:
        """Say in words where the gradient by an input leaves a definition."""
        rows = Gradients(self.search, self.evidence).off(best, name)
        if not rows.any():
            return ""
        row = self.plainest(rows, rows)
        got, own = self.evidence.gradients[name][row], self._gradient(best, name)[row]
        at = int(np.argmax(np.abs(got - own)))
        probe = self.search.space.row(row)
        inputs = described(probe)
        upstream = _shortest(float(probe.upstream[0]))
        return (
            f"at {inputs}, upstream {upstream}, component {at} is {decimal(float(got[at]))}, "
            f"not {decimal(float(own[at]))}; {int(rows.sum())} probes differ"
        )

    def _expected(self, best: Scored) -> np.ndarray:
        return best.fit.apply(self.search.values(best.candidate).number)

    def _gradient(self, best: Scored, name: str) -> np.ndarray:
        predicted = self.search.space.predict(best.candidate).gradients[name]
        return best.fit.factor * predicted

    def _agreed(self, best: Scored) -> np.ndarray:
        fit: Fit = best.fit
        return fit.met & fit.judged

    def plainest(self, rows: np.ndarray, otherwise: np.ndarray) -> int:
        """Return the row whose inputs are written the shortest, of some if there are any."""
        chosen = np.flatnonzero(rows if rows.any() else otherwise).tolist()
        return min(chosen, key=lambda row: (_length(self.search.space.row(row)), row))

    def _separation(
        self, row: int, quantity: str, got: float, best: float, other: float, count: int
    ) -> Separation:
        number = self.evidence.number
        probe = self.search.space.row(row)
        inputs = {}
        for name, array in probe.inputs.items():
            numbers = np.asarray(array[0], float).reshape(-1).tolist()
            inputs[name] = {
                "decimal": [_shortest(x) for x in numbers],
                "bits": [hexadecimal(x, format_of(number)) for x in numbers],
            }
        return Separation(
            inputs,
            quantity,
            _shortest(float(probe.upstream[0])) if quantity != "value" else "",
            decimal(float(got)),
            decimal(float(best)),
            "" if np.isnan(other) else decimal(float(other)),
            count,
        )


def _with(evidence: Evidence, name: str, gradient: np.ndarray) -> Evidence:
    from dataclasses import replace

    return replace(evidence, gradients={name: gradient})


def _length(probe: Probe) -> int:
    numbers = (np.asarray(array, float).reshape(-1).tolist() for array in probe.inputs.values())
    return sum(len(_shortest(x)) for row in numbers for x in row)


def described(probe: Probe) -> str:
    """Write the inputs of a probe of one row."""
    return ", ".join(f"{key} = {_listed(array[0])}" for key, array in probe.inputs.items())


def decimal(value: float) -> str:
    """Write a number with as many digits as tell it from others."""
    return f"{value:.17g}"


def _listed(array: np.ndarray) -> str:
    numbers = np.asarray(array, float).reshape(-1).tolist()
    return f"({', '.join(map(_shortest, numbers))})" if np.ndim(array) else _shortest(numbers[0])


def _shortest(value: float) -> str:
    return repr(value).removesuffix(".0")
