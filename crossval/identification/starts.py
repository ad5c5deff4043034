"""Where the walk starts: presets, and what is known of their numbers beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from crossval.identification.candidates import Candidate, Key, Space, changed, numeric

__all__ = ["Starts"]


@dataclass(frozen=True)
class Starts:
    """Definitions to start from.

    Attributes
    ----------
    space : Space
        Losses, probes and predictions.
    hints : mapping of str to tuple of float
        Amounts of numeric axes that are known beforehand.
    """

    space: Space
    hints: Mapping[str, tuple[float, ...]]

    def members(self) -> Iterator[Candidate]:
        """Every preset as it is, once; with what is known beforehand, where anything is."""
        seen: set[Key] = set()
        for each in self.space.presets():
            for hinted in self._hinted(each):
                if hinted.key not in seen:
                    seen.add(hinted.key)
                    yield hinted

    def unknown(self, loss: str) -> dict[str, tuple[float, ...]]:
        """Numbers that shape a loss, and are not known, with the values that presets give them."""
        leading, known = self.space.prober.leading, numeric(loss)
        return {n: a for n, a in known.items() if n not in self.hints and n in (leading or known)}

    def _hinted(self, start: Candidate) -> Iterator[Candidate]:
        """Yield a candidate with every amount that is known of its numbers, or else itself."""
        known = numeric(start.definition.loss)
        told = {name: amounts for name, amounts in self.hints.items() if name in known}
        for amounts in product(*told.values()):
            moved = changed(start, dict(zip(told, amounts, strict=True)))
            if moved is not None:
                yield moved
