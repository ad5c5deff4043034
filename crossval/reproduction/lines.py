"""The one command that shows a finding again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from crossval.adapters import libraries
from crossval.case_ids import CaseId
from crossval.catalog import spec_of
from crossval.findings import Finding
from crossval.target import Target

HYGIENE = (
    "mutation",
    "determinism",
    "row independence",
    "strides",
    "dtype",
    "shape misuse",
    "empty batch",
)
"""Checks that a script shows with any rows."""


def command_for(target: Target, level: str, finding: Finding) -> str:
    """Return ``refloss repro`` for a finding that a script shows, else the check alone.

    Parameters
    ----------
    target : Target
        What was judged.
    level : str
        Points that it was judged on.
    finding : Finding
        Its case, if it has one, names the row; of some checks any row will do.
    """
    case = finding.case
    if case is not None and case.id:
        said = CaseId.parse(case.id).axes
        axes = {**target.axes, **case.axes}
        more = {name: value for name, value in axes.items() if (name, value) not in said}
        words = ["refloss", "repro", case.id, "--target", target.reference]
        return shlex.join([*words, *how(target), *_axes(more)])
    if shown(target, finding.check):
        row = sample_row(target, level, finding.dtype, finding.places)
        words = ["refloss", "repro", str(row), "--check", finding.check]
        return shlex.join([*words, "--target", target.reference, *how(target)])
    words = ["refloss", "certify", target.reference, *_declared(target), *how(target)]
    words += _axes(target.axes)
    words += ["--reduction", target.reduction] if target.reduction else []
    words += [] if finding.check == "import" else ["--check", finding.check]
    words += ["--dtype", finding.dtype] if finding.dtype else []
    return shlex.join([*words, *(() if level == "standard" else ("--level", level))])


def shown(target: Target, check: str) -> bool:
    """Whether a script shows a check that is not about numbers."""
    by_row = ("row independence", "strides", "empty batch")
    reduced = target.reduction in ("mean", "sum")
    runs = not target.takes_jax or check not in ("mutation", "strides")
    usual = runs and not target.bind and not _by_calls(target)
    return check in HYGIENE and usual and not (reduced and check in by_row)


def _by_calls(target: Target) -> bool:
    """Whether every row is a call of its own."""
    from crossval.families import family_of  # which needs the causes, and they a finding

    return bool(family_of(target.loss).wholes)


def sample_row(target: Target, level: str, dtype: str, places: Sequence[str]) -> CaseId:
    """Return the first row of the first of `places`, or of all."""
    from crossval.families import family_of  # which needs the causes, and they a finding

    spec = spec_of(target.loss, target.preset, target.axes)
    points = family_of(target.loss, spec.program).points(dtype, level)
    there = np.isin(points.places, list(places[:1]))  # none there: row 0
    return CaseId.of(target, points, level, int(there.argmax()))


def how(target: Target) -> list[str]:
    """Return the options that say how a target is called, without what an adapter declares."""
    declared = any(
        (known.loss, known.call) == (target.loss, target.call) and not target.bind
        for known in _known(target)
    )
    words = ["--call", target.call] if target.call and not declared else []
    words += [word for item in _pairs(target.init) for word in ("--init", item)]
    words += [word for item in _pairs(target.bind) for word in ("--bind", item)]
    words += ["--wrt", ",".join(target.wrt)] if target.wrt else []
    adapted = any(known.adapter == target.adapter for known in _known(target))
    return words if adapted or target.adapter == "torch" else [*words, "--adapter", target.adapter]


def _declared(target: Target) -> list[str]:
    """``--as``, unless an adapter declares the same."""
    same = any(known.declared == target.declared for known in _known(target))
    return [] if same else ["--as", target.declared]


def _known(target: Target) -> list[Target]:
    return libraries.declared(target.reference)


def _axes(axes: Mapping[str, Any]) -> list[str]:
    return [word for item in _pairs(axes) for word in ("--set", item)]


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name}={value}"
