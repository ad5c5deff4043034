"""How a definition is called: a preset if there is one, else the nearest and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

from crossval.catalog import losses, spec_of
from crossval.identification.candidates import (
    Candidate,
    candidate,
    changed,
    is_composed,
    of_batches,
    presets_of_rows,
)

CANONICAL = ("paper", "torch")

Settled = Mapping[str, tuple[str, ...]]
"""Axes that single rows do not show, each with the values that fit."""


@dataclass(frozen=True)
class Named:
    """A definition as the reader knows it.

    Attributes
    ----------
    loss : str
        Its loss.
    preset : str
        The preset, or the nearest one; empty for the loss's defaults.
    also : tuple of str
        Other presets that mean the same.
    changes : dict
        Axis values on top of the preset.
    axes : dict
        The value of every axis.
    reading, words : str
        How the inputs are taken, short and in a sentence; empty if as they are.
    treated : str
        The same for the title, with what is read or done in front.
    slip : bool
        Whether that is a mistake.
    """

    loss: str
    preset: str
    also: tuple[str, ...]
    changes: Mapping[str, Any]
    axes: Mapping[str, Any]
    reading: str = ""
    words: str = ""
    treated: str = ""
    slip: bool = False

    @property
    def length(self) -> int:
        """Length of the amounts that are changed: of two names, the shorter is likelier."""
        amounts = [value for value in self.changes.values() if not isinstance(value, str)]
        return sum(len(_short(value)) for value in amounts)

    @property
    def title(self) -> str:
        """One line: ``ciou/mmdet with eps=1e-05, reading xywh``."""
        more = [f"{name}={_short(value)}" for name, value in self.changes.items()]
        more += [self.treated] if self.treated else []
        start = f"{self.loss}/{self.preset}" if self.preset else self.loss
        return f"{start} with {', '.join(more)}" if more else start


def name(of: Candidate, mention: str = "", settled: Settled = MappingProxyType({})) -> Named:
    """Name a candidate.

    Parameters
    ----------
    of : Candidate
        The definition.
    mention : str
        Text, such as the target's reference: a preset that it names comes first.
    settled : mapping
        Values of axes that single rows do not show; of several, and of an axis that it does not
        hold, a preset keeps its own.
    """
    loss, key = of.definition.loss, of.key
    settled = _own(of, settled)
    choices = []
    whole = is_composed(of) or of_batches(loss, _first(settled))
    presets = losses()[loss]["presets"] if whole else presets_of_rows(loss)
    for place, preset in enumerate([*presets, ""]):
        changes = _changes(of, preset or None, settled)
        unknown = not (preset and preset in mention)
        later = _later(loss, preset or None, settled)
        order = (_size(changes), preset == "", unknown, preset not in CANONICAL, later, place)
        choices.append((order, preset, changes))
    _, preset, changes = min(choices, key=lambda choice: choice[0])
    also = [
        other
        for (size, *_), other, more in choices
        if other and other != preset and size == 0 and not more
    ]
    again = candidate(loss, preset or None, changes, of.reading)
    assert again is not None
    assert again.key == key
    return Named(
        loss,
        preset,
        tuple(f"{loss}/{other}" for other in also),
        changes,
        again.definition.spec.axes,
        of.reading.name,
        of.reading.words,
        of.reading.title,
        of.reading.slip,
    )


def _first(settled: Settled) -> dict[str, str]:
    return {axis: values[0] for axis, values in settled.items()}


def _later(loss: str, preset: str | None, settled: Settled) -> int:
    """Count the values that fit, and come before those that a preset has itself."""
    start = spec_of(loss, preset, {}).axes
    return sum(v.index(start[axis]) for axis, v in settled.items() if start[axis] in v)


def _own(of: Candidate, settled: Settled) -> Settled:
    """Return what is settled, if it leaves the definition as it is."""
    other = changed(of, _first(settled)) if settled else of
    if other is None or other.key != of.key:
        return {}
    return settled


def plainness(of: Candidate, mention: str = "") -> tuple[int, bool, bool, int, bool, int]:
    """Return what candidates that fit alike are ordered by: the plainest name first."""
    called = name(of, mention)
    return (
        len(called.changes) + 2 * bool(called.reading),
        not (called.preset and called.preset in mention),
        called.loss not in mention,
        called.length,
        called.preset not in CANONICAL,
        of.cost,
    )


def _changes(of: Candidate, preset: str | None, settled: Settled) -> dict[str, Any]:
    """Fewest axis values on top of a preset that give the same definition."""
    spec = _placed(of).definition.spec
    start = spec_of(spec.loss, preset, {}).axes
    fitting = {a: start[a] if start[a] in values else values[0] for a, values in settled.items()}
    wanted = {**spec.axes, **fitting}
    changes = {axis: value for axis, value in wanted.items() if start[axis] != value}
    for axis in [axis for axis in changes if axis not in settled]:
        fewer = {other: value for other, value in changes.items() if other != axis}
        made = candidate(spec.loss, preset, fewer, of.reading)
        if made is not None and made.key == of.key:
            changes = fewer
    return changes


def _placed(of: Candidate) -> Candidate:
    """Write amounts that were placed one by one as one amount and a placement, if there is one."""
    amounts = of.definition.spec.axes.get("eps")
    if not isinstance(amounts, Mapping):
        return of
    placements = losses()[of.definition.loss]["axes"].get("placement", {}).get("values", {})
    for placement, amount in product(placements, sorted(set(amounts.values()))):
        made = changed(of, {"placement": placement, "eps": amount})
        if made is not None and made.key == of.key:
            return made
    return of


def _size(changes: Mapping[str, Any]) -> int:
    return sum(len(value) + 1 if isinstance(value, Mapping) else 1 for value in changes.values())


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_short(amount)}" for name, amount in value.items()) + "}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
