"""Definitions that a target might follow, and what they predict at the probes.

A candidate is a definition under a reading of the inputs. Two candidates with the same program,
constants and reading are one; the plainest way of writing it down is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.catalog import losses, spec_of
from crossval.identification.fit import Values
from crossval.oracles.composed import alone
from crossval.points.probes import AS_GIVEN, Arrays, Definition, Probe, Prober, Reading
from crossval.target import UsageError

Key = tuple[Any, ...]
_PLACES = ("eps_", "least_")


@dataclass(frozen=True)
class Candidate:
    """A definition under a reading.

    Attributes
    ----------
    definition : Definition
        The loss and its conventions.
    reading : Reading
        How the inputs are taken.
    """

    definition: Definition
    reading: Reading = AS_GIVEN

    @property
    def key(self) -> Key:
        """What tells candidates apart by single rows: program, constants, reading."""
        spec = self.definition.spec
        return (spec.program, *sorted(spec.constants.items()), self.reading.name)

    @property
    def cost(self) -> int:
        """How much must be said to write it down."""
        definition = self.definition
        return len(definition.axes) + (definition.preset is None) + 2 * bool(self.reading.name)

    def under(self, reading: Reading) -> Candidate:
        """Return the same definition under another reading."""
        return replace(self, reading=reading)


def candidate(
    loss: str, preset: str | None, axes: Mapping[str, Any], reading: Reading = AS_GIVEN
) -> Candidate | None:
    """Return a candidate, or None where the axis values do not go together.

    Where a mean is a function of sums, it is what that makes of a batch of one row.
    """
    try:
        spec = _resolved(loss, preset, tuple(axes.items()))
    except TypeError:  # amounts that are placed one by one have no hash
        spec = _resolved.__wrapped__(loss, preset, tuple(axes.items()))
    return None if spec is None else Candidate(Definition(loss, preset, dict(axes), spec), reading)


@lru_cache(maxsize=4096)
def _resolved(loss: str, preset: str | None, axes: tuple[tuple[str, Any], ...]) -> Any:
    """Return what a batch of one row is under a definition; None if there is no such definition."""
    try:
        return alone(spec_of(loss, preset, dict(axes)))
    except UsageError:
        return None


def is_composed(of: Candidate) -> bool:
    """Whether a candidate is what a function of sums makes of one row."""
    batch = of.definition.spec.batch
    return batch is not None and not batch.averaged


def of_batches(loss: str, axes: Mapping[str, Any]) -> bool:
    """Whether one of some axis values makes a mean a function of sums."""
    known = losses()[loss]["axes"]
    return any(
        "batch" in known[axis]["values"].get(value, ())
        for axis, value in axes.items()
        if axis in known and isinstance(value, str)
    )


def changed(start: Candidate, axes: Mapping[str, Any]) -> Candidate | None:
    """Return a candidate with other values of some axes."""
    definition = start.definition
    return candidate(definition.loss, definition.preset, {**definition.axes, **axes}, start.reading)


def presets_of_rows(loss: str) -> list[str]:
    """Presets that single rows can tell: not those whose mean is another function of the batch."""
    presets = losses()[loss]["presets"]
    return [preset for preset in presets if spec_of(loss, preset, {}).batch is None]


def means(prober: Prober, loss: str) -> dict[str, str]:
    """Return what a mean may be divided by, in words, with the axis values that a loss has."""
    axis = losses()[loss]["axes"].get(prober.axis, {"values": {}})
    return {words: value for words, value in prober.means.items() if value in axis["values"]}


def numeric(loss: str) -> dict[str, tuple[float, ...]]:
    """Axes that are numbers, each with the values that presets give them."""
    entry = losses()[loss]
    return {
        name: _given(entry, name)
        for name, axis in entry["axes"].items()
        if not axis["values"] and isinstance(axis["default"], int | float)
    }


def _given(entry: Mapping[str, Any], name: str) -> tuple[float, ...]:
    default = entry["axes"][name]["default"]
    values = (preset["axes"].get(name, default) for preset in entry["presets"].values())
    return tuple(sorted({value for value in values if isinstance(value, int | float)}))


def places(of: Candidate) -> dict[str, float]:
    """Constants that an ``eps`` mapping may set by hand, with the amounts that they have now."""
    definition = of.definition
    if "eps" not in losses()[definition.loss]["axes"]:
        return {}
    defaults = spec_of(definition.loss, None, _program_axis(of)).constants
    found = {n: v for n, v in definition.spec.constants.items() if n.startswith(_PLACES)}
    return {
        name: value for name, value in found.items() if np.isfinite([value, defaults[name]]).all()
    }


def by_hand(start: Candidate, amounts: Mapping[str, float]) -> Candidate | None:
    """Return a candidate whose amounts are placed one by one."""
    kept = {name: amount for name, amount in amounts.items() if amount}
    return changed(start, {"eps": kept or 0.0})


def _program_axis(of: Candidate) -> dict[str, Any]:
    program = losses()[of.definition.loss]["program"]
    if isinstance(program, str):
        return {}
    return {program["axis"]: of.definition.spec.axes[program["axis"]]}


@dataclass(frozen=True)
class Predicted:
    """What a candidate predicts at all probes.

    Attributes
    ----------
    value : Values
        Loss of every row, with its condition.
    gradients : dict of str to array
        Input name to gradients of ``sum(loss * upstream)``, flat rows, padded with zeros.
    """

    value: Values
    gradients: Arrays

    def take(self, rows: np.ndarray) -> Predicted:
        """Return the rows of a mask."""
        value = Values(self.value.number[rows], self.value.condition[rows])
        return Predicted(value, {name: each[rows] for name, each in self.gradients.items()})


@dataclass
class Space:
    """Where the search takes place: losses, probes, and everything already predicted.

    Attributes
    ----------
    names : tuple of str
        Losses in question.
    prober : Prober
        Of their family.
    probes : list of Probe
        The rows.
    reduced : bool
        Whether each row is a batch of its own: a mean over it may be no loss of rows.
    whole : Space, optional
        Of which these are the moderate rows.
    """

    names: tuple[str, ...]
    prober: Prober
    probes: list[Probe]
    reduced: bool = False
    whole: Space | None = None
    _known: dict[Key, Predicted] = field(default_factory=dict)

    def presets(self, names: tuple[str, ...] = ()) -> Iterator[Candidate]:
        """Every preset of every loss (or of some), then every loss without one."""
        for with_preset in (True, False):
            for loss in names or self.names:
                known = list(losses()[loss]["presets"]) if self.reduced else presets_of_rows(loss)
                for preset in known if with_preset else (None,):
                    found = candidate(loss, preset, self.prober.fixed)
                    if found is not None:
                        yield found

    def listed(self, loss: str) -> dict[str, tuple[str, ...]]:
        """Axes with listed values that show in the losses of single rows."""
        entry = losses()[loss]
        program = "" if isinstance(entry["program"], str) else entry["program"]["axis"]
        shown = {
            name: {
                value: said
                for value, said in axis["values"].items()
                if self.reduced or "batch" not in said
            }
            for name, axis in entry["axes"].items()
            if name not in self.prober.fixed
        }
        return {
            name: tuple(values)
            for name, values in shown.items()
            if name == program or any(said["set"] for said in values.values())
        }

    @property
    def upstream(self) -> np.ndarray:
        """Upstream gradients of all rows."""
        return np.concatenate([probe.upstream for probe in self.probes])

    @property
    def extreme(self) -> np.ndarray:
        """Rows that refute no definition."""
        parts = [
            np.zeros(len(probe), bool) if probe.extreme is None else probe.extreme
            for probe in self.probes
        ]
        return np.concatenate(parts)

    def moderate(self) -> Space:
        """Return the space of the other rows, predicted in the batches that were asked for."""
        rows = [
            probe if probe.extreme is None else probe.take(~probe.extreme) for probe in self.probes
        ]
        return replace(self, probes=rows, whole=self, _known={})

    def predict(self, of: Candidate) -> Predicted:
        """Evaluate a candidate at all probes, once."""
        if of.key not in self._known and self.whole is not None:
            self._known[of.key] = self.whole.predict(of).take(~self.whole.extreme)
        if of.key not in self._known:
            parts = [self._one(of, probe) for probe in self.probes]
            self._known[of.key] = Predicted(
                Values(
                    np.concatenate([value for value, _, _ in parts]),
                    np.concatenate([condition for _, condition, _ in parts]),
                ),
                stacked([gradients for _, _, gradients in parts]),
            )
        return self._known[of.key]

    def losses_of(self, of: Candidate, probe: Probe) -> np.ndarray:
        """Losses of the rows of any probe."""
        return self._one(of, probe)[0]

    def gradients_of(self, of: Candidate, probe: Probe) -> Arrays:
        """Gradients by the inputs of any probe, flat rows."""
        return stacked([self._one(of, probe)[2]])

    def _one(self, of: Candidate, probe: Probe) -> tuple[np.ndarray, np.ndarray, Arrays]:
        inputs = of.reading.read(probe.inputs)
        value, gradients = self.prober.predict(of.definition, inputs, probe.upstream, probe.options)
        with np.errstate(all="ignore"):
            terms = [np.abs(inputs[n] * g).reshape(len(probe), -1) for n, g in gradients.items()]
            condition = sum(term.sum(axis=1) for term in terms) / np.abs(probe.upstream)
        # a row without a finite derivative keeps its finite value; its condition is not known
        condition = np.where(np.isfinite(condition), condition, 0.0)
        if self.prober.scale is not None:
            condition = condition + self.prober.scale(inputs)
        if self.prober.rounding is not None:
            condition = condition + self.prober.rounding(of.definition, inputs)
        pulled = np.asarray(value, float), of.reading.pull(gradients)
        value, gradients = of.reading.after(probe.inputs, probe.upstream, pulled)
        return value, condition, gradients

    def __len__(self) -> int:
        return sum(map(len, self.probes))

    def row(self, index: int) -> Probe:
        """Return one row as a probe."""
        for probe in self.probes:
            if index < len(probe):
                return probe.take(slice(index, index + 1))
            index -= len(probe)
        raise IndexError(index)


def stacked(parts: list[Arrays]) -> Arrays:
    """Join gradients of several probes, flattened by row and padded to the widest with zeros."""
    joined: Arrays = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        flat = [np.asarray(part[name], float) for part in parts]
        flat = [array.reshape(len(array), -1) for array in flat]
        wide = max(array.shape[1] for array in flat)
        wider = np.zeros((sum(map(len, flat)), wide))
        start = 0
        for array in flat:
            wider[start : start + len(array), : array.shape[1]] = array
            start += len(array)
        joined[name] = wider
    return joined
