"""Which convention the gradients follow, apart from the one that the values follow.

An axis such as a detached factor leaves every value as it is, so that only gradients tell. And a
gradient may be right for a definition up to something that happens to it on the way: a factor, a
sign, an upstream gradient that is left out, or another input's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

from crossval.identification.candidates import Candidate, Key, changed
from crossval.identification.evidence import SCALAR, Evidence
from crossval.identification.fit import ROUNDINGS, Fit, Values, measure, named, plain
from crossval.identification.numbers import Scored
from crossval.identification.search import Search
from crossval.points.probes import Arrays

_ROUNDINGS = 1024.0
_PER_ROW = _ROUNDINGS / ROUNDINGS
_MOST_NEUTRAL = 256
_EXACT = "as it is"


@dataclass(frozen=True)
class Relation:
    """What became of one input's gradient.

    Attributes
    ----------
    input : str
        Whose gradient was expected.
    kind : str
        ``"as it is"`` if nothing happened.
    code : str
        Of the finding; empty if nothing happened.
    words : str
        What happened, as the end of a sentence about the gradient.
    """

    input: str
    kind: str = _EXACT
    code: str = ""
    words: str = ""

    @property
    def exact(self) -> bool:
        """Whether the gradient is the definition's own."""
        return self.kind == _EXACT


@dataclass(frozen=True)
class Explained:
    """A candidate and what it says of each input's gradient, None where it says nothing.

    Attributes
    ----------
    scored : Scored
        The candidate, with its fit of the values.
    relations : dict of str to Relation or None
        By input.
    """

    scored: Scored
    relations: dict[str, Relation | None]

    @property
    def exact(self) -> bool:
        """Whether all gradients are the definition's own."""
        return all(relation is not None and relation.exact for relation in self.relations.values())

    @property
    def whole(self) -> bool:
        """Whether every input's gradient is explained somehow."""
        return all(relation is not None for relation in self.relations.values())

    @property
    def rank(self) -> tuple[int, int, int]:
        """Order of preference: explained, as it is, plain."""
        known = [relation for relation in self.relations.values() if relation is not None]
        right = sum(relation.exact for relation in known)
        return -len(known), -right, self.scored.candidate.cost


@dataclass(frozen=True)
class Gradients:
    """The gradients of a target beside those of any candidate.

    Attributes
    ----------
    search : Search
        The walk that explained the values.
    evidence : Evidence
        The target's answers.
    """

    search: Search
    evidence: Evidence

    def agreeing(self, exact: list[Scored]) -> list[Explained]:
        """Candidates with the right values and gradients, or else the one that explains most.

        Parameters
        ----------
        exact : list of Scored
            Candidates that explain the values, plainest first.
        """
        tried = [self.explain(scored) for scored in self.neutral(exact)]
        right = [each for each in tried if each.exact]
        return right or [min(tried, key=lambda each: each.rank)]

    def explained(self, exact: list[Scored]) -> bool:
        """Whether a candidate with the right values says what the gradients are."""
        return any(self.explain(scored).whole for scored in self.neutral(exact))

    def elsewhere(self, best: Explained) -> Explained | None:
        """Return a candidate with other values whose gradients these are, if there is one."""
        search = _GradientSearch(
            self.search.space,
            np.concatenate([_flat(gradient) for gradient in self.evidence.gradients.values()]),
            self.search.roundoff,
            inputs=tuple(self.evidence.gradients),
            factor=best.scored.fit.factor,
            hints=self.search.hints,
        )
        for found in search.run():
            explained = self.explain(Scored(found.candidate, best.scored.fit))
            if explained.exact:
                return explained
        return None

    def neutral(self, exact: list[Scored]) -> Iterator[Scored]:
        """Yield the candidates, and all whose axes differ without a trace in the values."""
        seen: set[Key] = set()
        for scored in exact:
            for each in (scored.candidate, *self._neutral(scored.candidate)):
                if each.key not in seen:
                    seen.add(each.key)
                    yield Scored(each, scored.fit)

    def explain(self, scored: Scored) -> Explained:
        """Compare the gradients with a candidate's, input by input."""
        predicted = self.search.space.predict(scored.candidate)
        factor, upstream = scored.fit.factor, self.evidence.upstream[:, None]
        slack = _ROUNDINGS * self.search.roundoff * (1 + self._amplified(scored))
        relations = {}
        for name, got in self.evidence.gradients.items():
            own = factor * predicted.gradients[name]
            others = {
                other: factor * gradient
                for other, gradient in predicted.gradients.items()
                if other != name and gradient.shape == own.shape
            }
            relations[name] = self._relation(name, got, own, others, upstream, slack)
        return Explained(scored, relations)

    def digits(self, scored: Scored) -> float:
        """Decimal digits to which a typical row's gradients agree with a candidate's."""
        predicted, found = self.search.space.predict(scored.candidate), []
        for name, got in self.evidence.gradients.items():
            own = scored.fit.factor * predicted.gradients[name]
            with np.errstate(all="ignore"):
                error = np.abs(got - own).max(axis=1) / np.abs(own).max(axis=1)
            error = error[np.isfinite(error)]
            found.append(-np.log10(np.clip(error, self.search.roundoff, 1.0)))
        joined = np.concatenate(found) if found else np.zeros(0)
        return float(joined.mean()) if joined.size else 0.0

    def off(self, scored: Scored, name: str) -> np.ndarray:
        """Rows in which one input's gradient is not the candidate's own."""
        own = scored.fit.factor * self.search.space.predict(scored.candidate).gradients[name]
        slack = _ROUNDINGS * self.search.roundoff * (1 + self._amplified(scored))
        met, judged = _rows(self.evidence.gradients[name], own, slack)
        return judged & ~met

    def _amplified(self, scored: Scored) -> np.ndarray:
        """Condition of each row's value, relative to the value; and what its gradient loses."""
        values = self.search.values(scored.candidate)
        with np.errstate(all="ignore"):
            amplified = values.condition / np.abs(values.number)
        amplified = np.where(np.isfinite(amplified), amplified, 1.0)
        cancels = scored.candidate.reading.cancels
        if cancels is not None:
            amplified += self._everywhere(cancels)
        steepness = self.search.space.prober.steepness
        if steepness is not None:
            amplified += self._everywhere(steepness)
        return amplified[:, None]

    def _everywhere(self, of: Callable[[Arrays], np.ndarray]) -> np.ndarray:
        """Return a function of the inputs at all rows."""
        return np.concatenate([of(probe.inputs) for probe in self.search.space.probes])

    def _neutral(self, start: Candidate) -> Iterator[Candidate]:
        here = self.search.values(start).number
        choices: list[list[tuple[str, str]]] = []
        for name, values in self.search.space.listed(start.definition.loss).items():
            silent = [(name, start.definition.spec.axes[name])]
            for value in values:
                other = changed(start, {name: value})
                if other is None or other.key == start.key:
                    continue
                if np.array_equal(here, self.search.values(other).number, equal_nan=True):
                    silent.append((name, value))
            if len(silent) > 1:
                choices.append(silent)
        for chosen in islice(product(*choices), _MOST_NEUTRAL):
            now = start.definition.spec.axes
            axes = {name: value for name, value in chosen if now[name] != value}
            other = changed(start, axes)
            if other is not None:
                yield other

    def _relation(
        self,
        name: str,
        got: np.ndarray,
        own: np.ndarray,
        others: dict[str, np.ndarray],
        upstream: np.ndarray,
        slack: np.ndarray,
    ) -> Relation | None:
        if _explains(got, own, slack):
            return Relation(name)
        if not np.any(got[np.isfinite(got)]):
            return Relation(name, "zero", "RL403", "is 0 everywhere")
        for other, gradient in others.items():
            if _explains(got, gradient, slack):
                return Relation(name, "swapped", "RL407", f"is the one by {other}")
        factor = _factor(got, own)
        if factor is not None and _explains(got, factor * own, slack):
            if factor == -1:
                return Relation(name, "sign", "RL404", "has the other sign")
            return Relation(name, "factor", "RL802", f"is {named(factor)} times the value's")
        factor = _factor(got, own / upstream)
        if factor is not None and _explains(got, factor * own / upstream, slack):
            words = self._upstream(factor, upstream[:, 0])
            return Relation(name, "upstream", "RL406", words)
        return None

    def _upstream(self, factor: float, upstream: np.ndarray) -> str:
        meanings = {
            "ignores upstream, as if it were 1": 1.0,
            "ignores upstream, and has the other sign": -1.0,
        }
        if self.evidence.form != SCALAR:
            meanings |= {
                "uses the upstream of row 0 for all rows": float(upstream[0]),
                "uses the mean of upstream for all rows": float(upstream.mean()),
                "uses the sum of upstream for all rows": float(upstream.sum()),
            }
        for words, value in meanings.items():
            if abs(factor - value) <= 1e-6 * abs(value):
                return words
        return f"uses {named(factor)} in the place of upstream"


@dataclass
class _GradientSearch(Search):
    """The same walk over gradients, every component a number to be explained.

    Attributes
    ----------
    inputs : tuple of str
        Whose gradients.
    factor : float
        That of the values, which the gradients share.
    """

    inputs: tuple[str, ...] = ()
    factor: float = 1.0

    def values(self, of: Candidate) -> Values:
        """Gradients of a candidate, with the size of their row in the place of a condition."""
        predicted = self.space.predict(of)
        with np.errstate(all="ignore"):
            relative = predicted.value.condition / np.abs(predicted.value.number)
        relative = np.where(np.isfinite(relative), relative, 1.0)[:, None]
        parts, sizes = [], []
        for name in self.inputs:
            gradient = predicted.gradients[name]
            size = np.abs(gradient).max(axis=1, keepdims=True) * (1 + relative) * _PER_ROW
            parts.append(_flat(self.factor * gradient))
            sizes.append(_flat(np.broadcast_to(size, gradient.shape)))
        condition = np.concatenate(sizes)
        return Values(np.concatenate(parts), np.where(np.isfinite(condition), condition, 0.0))

    def _fitted(self, of: Candidate, near: Fit | None) -> Scored:
        return Scored(of, measure(self.got, self.values(of), self.roundoff, 1.0, 0.0))


def _flat(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(-1)


def _rows(got: np.ndarray, own: np.ndarray, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that agree, and rows that can be judged."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(got).max(axis=1), np.abs(own).max(axis=1))[:, None]
        near = np.abs(got - own) <= slack * size
    judged = np.isfinite(got).all(axis=1) & np.isfinite(own).all(axis=1)
    return np.asarray(near.all(axis=1)), np.asarray(judged)


def _explains(got: np.ndarray, own: np.ndarray, slack: np.ndarray) -> bool:
    met, judged = _rows(got, own, slack)
    return bool(2 * judged.sum() > len(judged) and met[judged].all())


def _factor(got: np.ndarray, own: np.ndarray) -> float | None:
    """Return the factor between two gradients, from components that are large in their row."""
    with np.errstate(all="ignore"):
        large = np.abs(own) >= 0.5 * np.abs(own).max(axis=1, keepdims=True)
        ratios = (got / own)[large & (own != 0)]
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return None
    factor = plain(float(np.median(ratios)), 1e-9)
    return factor if factor != 0 else None
