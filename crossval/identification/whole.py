"""Means that are functions of sums over the batch: which convention a target's batches follow.

A batch of one row shows such a convention as a definition of its own, or not at all. Several rows
are predicted by the public loss itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

import refloss
from crossval.catalog import losses, usual
from crossval.identification.candidates import Candidate, candidate, changed
from crossval.identification.evidence import SCALAR, Evidence
from crossval.identification.numbers import Scored
from crossval.identification.search import Search
from crossval.points.probes import Probe

__all__ = ["Followed", "Wholes", "conventions", "follows"]

Axes = dict[str, Any]
_SLACK = 16.0
"""Gradients of a batch are sums of two parts, and not all of them are as large as the largest."""
_KEPT = ("alpha", "alpha_side", "least")


@dataclass(frozen=True)
class Followed:
    """A convention of whole batches.

    Attributes
    ----------
    axes : dict
        Axis values that say it.
    words : str
        It in words, with its source.
    gradient : bool
        Whether the gradients of the batches are that of the value.
    """

    axes: Axes
    words: str
    gradient: bool


def conventions(of: Candidate) -> Iterator[tuple[Axes, str]]:
    """Yield what may become of several rows under conventions that one row does not part.

    Yields
    ------
    axes, words
        Values of axes on top of the candidate's, and what they mean.
    """
    axes = losses()[of.definition.loss]["axes"]
    divisors = axes.get("denominator", {"values": {}})["values"]
    plain = [name for name, said in divisors.items() if "batch" not in said]
    for axis, about in axes.items():
        for value, said in about["values"].items():
            if "batch" not in said:
                continue
            words = f"{axis}={value}: {said['doc']} ({said['source']})"
            for below in plain if said["batch"]["averaged"] else [""]:
                more = {axis: value} | ({"denominator": below} if below else {})
                other = changed(of, more)
                if other is not None and other.key == of.key:
                    yield more, words


def follows(
    of: Candidate,
    batches: list[Probe],
    totals: list[float],
    slopes: list[Any],
    upstream: float,
    within: float,
) -> Followed | None:
    """Return the convention that all batches follow; None if there is none.

    Parameters
    ----------
    of : Candidate
        What single rows follow.
    batches : list of Probe
        What the target got.
    totals : list of float
        What it returned.
    slopes : list of dict of str to array
        Its gradients, for `upstream`.
    within : float
        Relative difference that rounding explains.
    """
    fitting = []
    for axes, words in conventions(of):
        found = [_mean(of, axes, batch, upstream) for batch in batches]
        pairs = zip(found, totals, strict=True)
        if not all(abs(mean - total) <= within * abs(mean) for (mean, _), total in pairs):
            continue
        pairs = zip(found, slopes, strict=True)
        right = all(_close(slope, got, _SLACK * within) for (_, slope), got in pairs)
        fitting.append(Followed(axes, words, right))
    return max(fitting, key=lambda each: each.gradient, default=None)


def _mean(of: Candidate, axes: Axes, batch: Probe, upstream: float) -> tuple[float, Any]:
    definition = of.definition
    loss: Any = getattr(refloss, definition.loss)
    inputs = of.reading.read(batch.inputs)
    options = {**definition.axes, **axes, **batch.options, "reduction": "mean", "check": "none"}
    given = {name: np.asarray(array) for name, array in inputs.items()}
    value, gradient = loss.value_and_grad(
        *given.values(), preset=definition.preset, upstream=upstream, **options
    )
    return float(value), of.reading.pull(gradient)


def _close(
    expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray], within: float
) -> bool:
    """Whether gradients agree, to the size of the largest."""
    for name in got.keys() & expected.keys():
        own = np.asarray(expected[name], float)
        room = within * np.abs(own).max(initial=0.0)
        if not (np.abs(own - np.asarray(got[name], float).reshape(own.shape)) <= room).all():
            return False
    return True


@dataclass(frozen=True)
class Wholes:
    """Looks for a definition whose numbers only whole batches show.

    Attributes
    ----------
    search : Search
        Predictions.
    evidence : Evidence
        What came of single rows.
    """

    search: Search
    evidence: Evidence

    def others(self, best: Scored) -> Iterator[Scored]:
        """Yield definitions that explain single rows as well, and are functions of sums."""
        if self.evidence.form != SCALAR:
            return
        for loss in self.search.space.names:
            for axes in self._axes(loss, best.candidate):
                other = candidate(loss, None, axes, best.candidate.reading)
                if other is None:
                    continue
                scored = self.search.score(other, best.fit)
                if scored.fit.exact:
                    yield scored

    def _axes(self, loss: str, best: Candidate) -> Iterator[Axes]:
        """Yield axis values under which a loss is divided by the sum of its modulators.

        One row has lost the power of the modulator then, and its form.
        """
        entry = losses()[loss]
        divided = [
            {axis: value}
            for axis, about in entry["axes"].items()
            for value, said in about["values"].items()
            if "batch" in said and not said["batch"]["averaged"]
        ]
        forms: list[Axes] = [{}]
        if not isinstance(entry["program"], str):
            axis = entry["program"]["axis"]
            forms = [{axis: value} for value in entry["program"]["values"]]
        known: list[Axes] = [{}, {"alpha_side": "off"}]
        if best.definition.loss == loss:
            axes = best.definition.spec.axes
            known = [{name: axes[name] for name in _KEPT if name in axes}]
        powers = [{"gamma": amount} for amount in usual("gamma")]
        for parts in product(divided, forms, known, powers):
            axes = dict(self.search.space.prober.fixed)
            for part in parts:
                axes |= part
            yield axes
