"""Which convention the gradients follow, apart from the one that the values follow.

An axis such as a detached factor leaves every value as it is, so that only gradients tell. And a
gradient may be right for a definition up to something that happens to it on the way: a factor, a
sign, an upstream gradient that is left out, or another input's place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product

import numpy as np

from crossval.identification.candidates import Candidate, Key, changed, listed, presets
from crossval.identification.evidence import SCALAR, Evidence
from crossval.identification.fit import named, plain
from crossval.identification.numbers import Scored
from crossval.identification.search import Search

_ROUNDINGS = 1024.0
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
        For the report.
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

    def elsewhere(self, best: Explained) -> Explained | None:
        """Return a candidate with other values whose gradients these are, if there is one."""
        for scored in self._wider(best.scored):
            found = self.explain(scored)
            if found.exact:
                return found
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
        """Condition of each row's value, relative to the value."""
        values = self.search.values(scored.candidate)
        with np.errstate(all="ignore"):
            amplified = values.condition / np.abs(values.number)
        return np.where(np.isfinite(amplified), amplified, 1.0)[:, None]

    def _neutral(self, start: Candidate) -> Iterator[Candidate]:
        here = self.search.values(start).number
        choices: list[list[tuple[str, str]]] = []
        for name, values in listed(start.definition.loss).items():
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

    def _wider(self, start: Scored) -> Iterator[Scored]:
        here = start.candidate
        single = [
            {name: value}
            for name, values in listed(here.definition.loss).items()
            for value in values
            if value != here.definition.spec.axes[name]
        ]
        double = [{**one, **other} for one, other in combinations(single, 2)]
        found = (changed(here, axes) for axes in (*single, *double))
        others = (each.under(here.reading) for each in presets(self.search.space.names))
        for each in (*found, *others):
            if each is not None:
                yield Scored(each, start.fit)

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
            return Relation(name, "zero", "RL403", f"the gradient by {name} is 0 everywhere")
        for other, gradient in others.items():
            if _explains(got, gradient, slack):
                words = f"the gradient by {name} is the one by {other}"
                return Relation(name, "swapped", "RL407", words)
        factor = _factor(got, own)
        if factor is not None and _explains(got, factor * own, slack):
            if factor == -1:
                return Relation(name, "sign", "RL404", f"the gradient by {name} has the other sign")
            words = f"the gradient by {name} is {named(factor)} times the value's"
            return Relation(name, "factor", "RL802", words)
        factor = _factor(got, own / upstream)
        if factor is not None and _explains(got, factor * own / upstream, slack):
            words = f"the gradient by {name}: {self._upstream(factor, upstream[:, 0])}"
            return Relation(name, "upstream", "RL406", words)
        return None

    def _upstream(self, factor: float, upstream: np.ndarray) -> str:
        meanings = {
            "upstream is ignored, as if it were 1": 1.0,
            "upstream is ignored, and the sign is the other": -1.0,
        }
        if self.evidence.form != SCALAR:
            meanings |= {
                "upstream of row 0 is used for all rows": float(upstream[0]),
                "the mean of upstream is used for all rows": float(upstream.mean()),
                "the sum of upstream is used for all rows": float(upstream.sum()),
            }
        for words, value in meanings.items():
            if abs(factor - value) <= 1e-6 * abs(value):
                return words
        return f"{named(factor)} is used in the place of upstream"


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
