"""The checks: plain functions of a session and a format, yielded by one generator a capability."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from crossval.catalog import numeric_axes
from crossval.checks import accuracy, hygiene, options, parameters, special, ties
from crossval.findings import CODES, Finding
from crossval.oracles.formats import format_of
from crossval.outcome import Check, Outcome
from crossval.reproduction.lines import command_for
from crossval.runner import TargetDied, TargetRaised
from crossval.session import Session, Unmeasured
from crossval.target import Target

if TYPE_CHECKING:
    from crossval.families import Family

__all__ = ["UNJUDGED", "checks", "perform"]

_RETURNED = {"WrongShape": "RL202", "WrongGradients": "RL202", "WrongArray": "RL208"}
"""What adapters say of a result that is none, and its code."""
UNJUDGED = "no result to judge: see call"


def checks(target: Target, family: Family) -> Iterator[Check]:
    """Yield every check of a target, format by format; all doors iterate this.

    Nothing is started for it: a check for which the target turns out to lack something, such as
    an argument, says so when it is performed.

    Parameters
    ----------
    target : Target
        What is judged.
    family : Family
        Of its loss.
    """
    for dtype in target.dtypes:
        format_of(dtype)
        yield from _accuracy(target.wrt or family.wrt, dtype)
        yield from _singular(family, dtype)
        yield from _hygiene(dtype)
        yield from options.checks(family, dtype)
    yield from _parameters(target)


def perform(session: Session, check: Check) -> Outcome:
    """Run one check; whatever the target does becomes an outcome, each finding with its command."""
    outcome = _performed(session, check)
    target = session.target
    if session.form.reduced:  # found or declared: the command says it
        target = replace(target, reduction=session.form.reduction)
    findings = tuple(
        replace(finding, repro=command_for(target, session.level, finding))
        for finding in outcome.findings
    )
    return outcome.with_findings(findings)


def _performed(session: Session, check: Check) -> Outcome:
    try:
        session.measured(check.dtype)  # a target that never answers passes no check
        return check.run(session, check.dtype)
    except Unmeasured as gap:
        if check.name == "call":
            return _reported(check, gap.reason)
        return Outcome(check.name, check.dtype, text=UNJUDGED, ran=False)
    except TargetDied as end:
        if end.code == "RL701":
            return Outcome(check.name, check.dtype, text=str(end), ran=False)
        return _reported(check, end)
    except TargetRaised as error:
        # it answered for the same rows before: the kind of call made the difference
        return _found(check, "RL105", error.words)


def _accuracy(wrt: tuple[str, ...], dtype: str) -> Iterator[Check]:
    yield Check("call", dtype, hygiene.call)
    yield Check("value", dtype, accuracy.value)
    for name in wrt:
        yield Check(f"grad[{name}]", dtype, partial(accuracy.gradient, name=name))


def _singular(family: Family, dtype: str) -> Iterator[Check]:
    if family.kinks:
        yield Check("ties", dtype, ties.ties)
    yield Check("special points", dtype, special.special_points)


def _hygiene(dtype: str) -> Iterator[Check]:
    yield Check("mutation", dtype, hygiene.mutation)
    yield Check("determinism", dtype, hygiene.determinism)
    yield Check("row independence", dtype, hygiene.row_independence)
    yield Check("strides", dtype, hygiene.strides)
    yield Check("dtype", dtype, hygiene.same_dtype)
    yield Check("shape misuse", dtype, hygiene.shape_misuse)
    yield Check("empty batch", dtype, hygiene.empty_batch)


def _parameters(target: Target) -> Iterator[Check]:
    # the widest format shows the smallest effect
    dtype = max(target.dtypes, key=lambda name: format_of(name).precision)
    for axis in numeric_axes(target.loss):
        run = partial(parameters.parameter_effect, axis=axis)
        yield Check(f"parameter {axis}", dtype, run)


def _reported(check: Check, error: TargetRaised | TargetDied) -> Outcome:
    """One finding that says why there is no result."""
    if isinstance(error, TargetDied):
        return _found(check, error.code, str(error))
    if error.kind in _RETURNED:  # told in words of our own
        return _found(check, _RETURNED[error.kind], error.message, error.hint)
    # a TypeError that no line of the target raised is one of calling it
    code = "RL203" if error.kind == "TypeError" and not error.line else "RL208"
    return _found(check, code, error.words, error.hint)


def _found(check: Check, code: str, words: str, fix: str = "") -> Outcome:
    finding = Finding(code, check.name, check.dtype, words, fix=fix or CODES[code].remedy)
    return Outcome(check.name, check.dtype, grade="F", findings=(finding,))
