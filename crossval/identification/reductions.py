"""What a target that returns one number divides by, read off batches of several sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from crossval.identification.candidates import Candidate, Space, is_composed
from crossval.identification.evidence import Witness
from crossval.identification.fit import Fit, named, plain
from crossval.identification.whole import follows
from crossval.points.probes import AS_GIVEN, Probe, Reading
from crossval.runner import TargetRaised

_WITHIN = 2.0**13
_UPSTREAM = -1.5
SUM, LAST = "1 (sum)", "the length of the last axis"


@dataclass(frozen=True)
class Reduced:
    """How rows become one number.

    Attributes
    ----------
    denominator : str
        What the sum is divided by, in words; empty if not recognised.
    factor : float
        What is left of the factor that single rows show.
    sizes : tuple of int
        Rows of the batches that were tried.
    also : tuple of str
        Other denominators that fit as well.
    ratios : tuple of float
        Divisors that came out, relative to that of a single row.
    gradient : str
        What the gradients are divided by, where it is something else.
    unweighted : str
        What the sum of the losses without their class weights is divided by, where no sum with
        them fits.
    axes : mapping
        Axis values of a mean that is a function of sums, in the place of a divided sum.
    per_row : bool
        Whether arrays of two axes give one number for each row: that is what is divided.
    joined : str
        What the loss of the whole batch as one row is divided by, where no sum over rows fits.
    """

    denominator: str
    factor: float
    sizes: tuple[int, ...]
    also: tuple[str, ...] = ()
    ratios: tuple[float, ...] = ()
    gradient: str = ""
    unweighted: str = ""
    axes: Mapping[str, Any] = field(default_factory=dict)
    per_row: bool = False
    joined: str = ""

    @property
    def divides(self) -> bool:
        """Whether the result is no plain sum."""
        return self.denominator != SUM


def reduction(
    witness: Witness,
    space: Space,
    best: Candidate,
    relation: Fit,
    batches: list[Probe],
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Reduced:
    """Find the denominator.

    Parameters
    ----------
    witness : Witness
        A target that returns one number.
    space : Space
        Predictions.
    best : Candidate
        What single rows follow.
    relation : Fit
        Factor and offset of single rows.
    batches : list of Probe
        Of at least three sizes.
    arguments : mapping
        Added to each call, such as ``reduction="mean"``.

    Notes
    -----
    A batch of one row hides every denominator: for N + 1 it shows half the loss. So the divisor is
    known up to that of a single row; each named denominator is tried in this form, and the factor
    that is left tells which one leaves a plain number.
    """
    reading = best.reading
    if reading.divisor is not None:  # what a single row is divided by is a part of the denominator
        best = best.under(AS_GIVEN)
    totals, divisors, slopes, used, gradients = [], [], [], [], []
    for batch in batches:
        try:
            answer = witness.total(batch, _UPSTREAM, arguments)
        except TargetRaised:
            continue
        if np.size(answer.value) != 1 or not np.isfinite(answer.value).all():
            continue  # a mean over nothing tells nothing
        losses = relation.apply(space.losses_of(best, batch))
        total = float(np.asarray(answer.value).reshape(-1)[0])
        totals.append(total)
        divisors.append(float(losses.sum()) / total if total else np.nan)
        slopes.append(_slope(space, best, batch, relation.factor, answer.gradients))
        used.append(batch)
        gradients.append(answer.gradients)
    by_row = None if used or arguments else _of_each_row(witness, space, best, relation, batches)
    if by_row is not None:
        return by_row
    ratios, sizes = np.array(divisors), tuple(len(batch) for batch in used)
    within = _WITHIN * witness.roundoff
    fitting = {} if is_composed(best) else _fitting(space, used, ratios, within, reading)
    if not fitting and used and (relation.factor, relation.offset) == (1.0, 0.0):
        whole = follows(best, used, totals, gradients, _UPSTREAM, within)
        if whole is not None:
            other = "" if whole.gradient else "something else"
            return Reduced(whole.words, 1.0, sizes, gradient=other, axes=whole.axes)
    plainest = sorted(fitting, key=lambda name: _oddness(relation.factor * fitting[name]))
    by_gradient = _fitting(space, used, np.array(slopes), within, reading)
    if not plainest and reading.divisor is None:
        shift = _shift(ratios, np.array(sizes, float), within)
        if shift is not None:
            words = f"N {'+' if shift > 0 else '-'} {abs(shift):g}"
            return Reduced(words, plain(relation.factor * (1 + shift), 1e-9), sizes)
    if not plainest:

        def plainest_of(changed: Callable[[Probe], Probe]) -> str:
            """Name the denominator of other batches, which a target may see in their place."""
            shares = [
                float(relation.apply(space.losses_of(best, changed(batch))).sum()) / total
                for batch, total in zip(used, totals, strict=True)
                if total
            ]
            fits = _fitting(space, used, np.array(shares), within, reading)
            return min(fits, default="", key=lambda name: _oddness(relation.factor * fits[name]))

        bare, joined = plainest_of(_unweighted), space.prober.joined
        return Reduced(
            "",
            relation.factor,
            sizes,
            ratios=tuple(ratios.tolist()),
            unweighted=bare,
            joined=plainest_of(joined) if joined is not None and not bare else "",
        )
    name = plainest[0]
    other = "" if not by_gradient or name in by_gradient else min(by_gradient)
    factor = plain(relation.factor * fitting[name], 1e-9)
    return Reduced(name, factor, sizes, tuple(plainest[1:]), (), other)


def _of_each_row(
    witness: Witness, space: Space, best: Candidate, relation: Fit, batches: list[Probe]
) -> Reduced | None:
    """Return what the sum of a row is divided by, if there is one number a row."""
    within = _WITHIN * witness.roundoff
    fitting = [SUM, LAST]
    for batch in batches:
        try:
            found = witness.each(batch, _UPSTREAM).value
        except TargetRaised:
            return None
        if np.shape(found) != (len(batch),):
            return None
        losses = relation.apply(space.losses_of(best, batch))
        table = {SUM: 1.0, LAST: space.prober.denominators(batch).get(LAST, 1.0)}
        fitting = [
            name
            for name in fitting
            if (np.abs(found * table[name] - losses) <= within * np.abs(losses)).all()
        ]
    if not fitting:
        return None
    sizes = tuple(len(batch) for batch in batches)
    return Reduced(fitting[0], relation.factor, sizes, per_row=True)


def _unweighted(batch: Probe) -> Probe:
    rest = {name: value for name, value in batch.options.items() if name != "class_weight"}
    return replace(batch, options=rest)


def _fitting(
    space: Space, batches: list[Probe], ratios: np.ndarray, within: float, reading: Reading
) -> dict[str, float]:
    """Denominators with the right ratios, each with its number for a single row."""
    if not batches or len(ratios) < len(batches) or not np.isfinite(ratios).all():
        return {}
    found = {}
    tables = [space.prober.denominators(batch) for batch in batches]
    for name in tables[0]:
        table = np.array([table[name] for table in tables])
        for one in _of_one_row(space, batches, name, reading):
            if np.all(np.abs(table / one - ratios) <= within * np.abs(table / one)):
                found.setdefault(name, one)
    return found


def _of_one_row(
    space: Space, batches: list[Probe], name: str, reading: Reading
) -> tuple[float, ...]:
    """Return what a denominator may be for the single rows that were asked.

    It must be the same for all of them, beside what they are seen to be divided by. What depends
    on class weights may be anything where there are none, and is then taken for 1.
    """
    seen = set()
    for probe in space.probes:
        one = probe.take(slice(0, 1))
        divided = 1.0 if reading.divisor is None else reading.divisor(one.inputs)
        seen.add(space.prober.denominators(one)[name] / divided)
    own = tuple(seen) if len(seen) == 1 else ()
    weighted = any("class_weight" in batch.options for batch in batches)
    without = (1.0,) if weighted and "class weights" in name and reading.divisor is None else ()
    return (*own, *without)


def _shift(ratios: np.ndarray, sizes: np.ndarray, within: float) -> float | None:
    """Solve (N + d) / (1 + d) = ratio for a d that all sizes share."""
    usable = (sizes > 1) & np.isfinite(ratios) & (ratios != 1)
    if usable.sum() < 2:
        return None
    shifts = (sizes[usable] - ratios[usable]) / (ratios[usable] - 1)
    spread = within * np.abs(sizes[usable] / (ratios[usable] - 1))
    middle = float(np.median(shifts))
    for places in range(12):
        short = float(f"{middle:.{places}e}")
        if short and np.all(np.abs(shifts - short) <= 4 * spread):
            return short
    return None


def _slope(
    space: Space, best: Candidate, batch: Probe, factor: float, got: dict[str, np.ndarray]
) -> float:
    """Return what the gradients of a batch are divided by, for an upstream of all ones."""
    ones = Probe(batch.inputs, np.ones(len(batch)), batch.options)
    expected = space.gradients_of(best, ones)
    for name, gradient in got.items():
        own = factor * _UPSTREAM * expected[name]
        if gradient.size != own.size:  # of what a call has one of: the sum over the rows
            own = own.sum(axis=0)
        large = np.abs(own) >= 0.5 * np.abs(own).max()
        with np.errstate(all="ignore"):
            return float(np.median((own / gradient.reshape(own.shape))[large]))
    return np.nan


def _oddness(factor: float) -> tuple[float, int]:
    words = named(factor)
    return abs(abs(factor) - 1), len(words)
