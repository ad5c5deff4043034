"""The one command that shows a finding again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from crossval.adapters import libraries
from crossval.findings import Finding
from crossval.target import Target


def command_for(target: Target, level: str, finding: Finding) -> str:
    """Return ``refloss repro`` for a finding with an input row, else the check alone.

    Parameters
    ----------
    target : Target
        What was judged.
    level : str
        Points that it was judged on.
    finding : Finding
        Its case, if it has one, names the row.
    """
    case = finding.case
    if case is not None and case.id:
        axes = {**target.axes, **case.axes}
        words = ["refloss", "repro", case.id, "--target", target.reference]
        return shlex.join([*words, *how(target), *_axes(axes)])
    words = ["refloss", "certify", target.reference, *_declared(target), *how(target)]
    words += _axes(target.axes)
    words += [] if finding.check == "import" else ["--check", finding.check]
    words += ["--dtype", finding.dtype] if finding.dtype else []
    return shlex.join([*words, *(() if level == "standard" else ("--level", level))])


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
