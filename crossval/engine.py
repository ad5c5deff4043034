"""The function door: certify one target, or many, and hand back certificates."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from crossval import ledger
from crossval.adapters import libraries
from crossval.catalog import losses, spec_of
from crossval.certificate import Certificate, versions_of
from crossval.checks import checks, perform
from crossval.families import FAMILIES, Family
from crossval.findings import CODES, Finding
from crossval.oracles.formats import FORMATS
from crossval.outcome import NOT_RUN, Check, Outcome
from crossval.points.boxes import ROWS
from crossval.reproduction.lines import command_for
from crossval.runner import Limits, Runner, TargetDied, TargetRaised
from crossval.session import Session
from crossval.target import Target, UsageError, split_declaration, split_reference

Progress = Callable[[Check], None]

NOTHING_TESTED = ("everything: the target was not run",)
ALWAYS_UNTESTED = (
    "devices other than the CPU",
    "second derivatives",
    "reductions other than none",
    "boxes with x2 < x1, NaN or infinite coordinates",
    "threads, compilation (torch.compile, torch.jit) and autocast",
)


def certify(
    target: Target | str,
    declared: str | None = None,
    *,
    axes: dict[str, Any] | None = None,
    dtypes: Iterable[str] | None = None,
    call: str | None = None,
    init: dict[str, Any] | None = None,
    adapter: str = "torch",
    level: str = "standard",
    limits: Limits | None = None,
    known: Iterable[ledger.Entry] | None = None,
    progress: Progress | None = None,
) -> Certificate:
    """Judge an implementation against its definition.

    Parameters
    ----------
    target : Target or str
        A target, or ``MODULE:ATTR`` or ``FILE.py:ATTR``.
    declared : str, optional
        ``LOSS`` or ``LOSS/PRESET``; without it an adapter's declaration is used.
    axes : dict, optional
        Axis values on top of the preset; passed on to the target where it takes them.
    dtypes : iterable of str, optional
        Formats under test; all four by default.
    call, init, adapter
        See :class:`~crossval.target.Target`.
    level : {"smoke", "standard", "full"}
        Number of points.
    limits : Limits, optional
        Time and memory of the target's process.
    known : iterable of Entry, optional
        Declared deviations; those of the package by default.
    progress : callable, optional
        Called with each check before it runs.

    Returns
    -------
    Certificate
        Also where the target could not be imported: its ``problem`` says why.

    Raises
    ------
    UsageError
        If target, loss, preset, axis or dtype cannot be understood.

    Examples
    --------
    >>> import crossval
    >>> crossval.certify("my_losses.py:ciou", "ciou/paper").grade  # doctest: +SKIP
    'A'
    """
    if isinstance(target, str):
        target = find(target, declared, call=call, init=init, adapter=adapter)
    changes: dict[str, Any] = {"axes": {**target.axes, **(axes or {})}}
    if dtypes is not None:
        changes["dtypes"] = tuple(dtypes)
    target = replace(target, **changes)
    _definition(target, level)
    runner = None if _absent(target) else _start(target, limits or Limits())
    return _certify(target, level, runner, known, progress)


def find(
    reference: str,
    declared: str | None = None,
    *,
    call: str | None = None,
    init: dict[str, Any] | None = None,
    adapter: str = "torch",
) -> Target:
    """Return the target that a reference names, completed by an adapter's knowledge of it.

    Raises
    ------
    UsageError
        If no loss is given and no adapter declares one.
    """
    split_reference(reference)
    known = libraries.declared(reference)
    if declared is None:
        if not known:
            raise UsageError(f"no adapter declares {reference}: say which loss it is with --as")
        return replace(known[0], call=call, init=init or {})
    loss, preset = split_declaration(declared)
    base = known[0] if known else Target(reference, loss, adapter=adapter)
    return replace(base, loss=loss, preset=preset, call=call, init=init or {})


def certify_all(
    targets: Iterable[Target],
    *,
    level: str = "standard",
    limits: Limits | None = None,
    progress: Callable[[Target], Progress | None] | None = None,
) -> Iterator[Certificate]:
    """Certify targets in turn; one that cannot be imported is a certificate with a ``problem``.

    While one target is judged, the process of the next one already imports.
    """
    targets, limits = list(targets), limits or Limits()
    for target in targets:
        _definition(target, level)
    with ExitStack() as stack:
        started: dict[int, Runner] = {}
        for index, target in enumerate(targets):
            for near in range(index, min(index + 2, len(targets))):
                if near not in started and _absent(targets[near]) is None:
                    started[near] = stack.enter_context(_start(targets[near], limits))
            report = progress(target) if progress else None
            yield _certify(target, level, started.get(index), None, report)


def outdated(certificates: Iterable[Certificate]) -> list[Finding]:
    """Report declared deviations that occurred in none of ``certificates``, as findings RL901."""
    entries = ledger.read()
    ran = [c for c in certificates if c.problem is None]
    used = {
        entry
        for certificate in ran
        for finding in certificate.findings
        for entry in entries
        if entry.covers(certificate.target.reference, finding)
    }
    tested = [(c.target.reference, c.target.dtypes) for c in ran]
    return [
        Finding("RL901", entry.check, "", entry.describe(), fix=CODES["RL901"].remedy)
        for entry in ledger.unused(tested, entries, used)
    ]


def _certify(
    target: Target,
    level: str,
    runner: Runner | None,
    known: Iterable[ledger.Entry] | None,
    progress: Progress | None,
) -> Certificate:
    spec, family = _definition(target, level)
    points = {dtype: family.points(dtype, level) for dtype in target.dtypes}
    described = {
        dtype: {"set": p.name, "rows": len(p), "sha256": p.digest, "seed": "pinned"}
        for dtype, p in points.items()
    }
    if runner is None:
        nothing = versions_of(), NOTHING_TESTED
        return Certificate(target, spec, (), described, *nothing, _absent(target), level)
    with runner:
        try:
            runner.load()
        except (TargetRaised, TargetDied) as error:
            problem = _import_problem(error)
            problem = replace(problem, repro=command_for(target, level, problem))
            nothing = versions_of(), NOTHING_TESTED
            return Certificate(target, spec, (), described, *nothing, problem, level)
        session = Session(target, spec, family, runner, level)
        outcomes: list[Outcome] = []
        for check in checks(session):
            if progress is not None:
                progress(check)
            outcomes.append(perform(session, check))
        versions = _versions(target) | runner.versions
    entries = ledger.read() if known is None else known
    outcomes, _ = ledger.declare(target.reference, outcomes, entries)
    untested = _not_tested(session, outcomes)
    return Certificate(target, spec, tuple(outcomes), described, versions, untested, level=level)


def _definition(target: Target, level: str) -> tuple[Any, Family]:
    """Resolve what a target declares, before anything is started."""
    unknown = [name for name in target.dtypes if name not in FORMATS]
    if unknown:
        raise UsageError(f"dtype must be one of {', '.join(FORMATS)}; got {', '.join(unknown)}")
    if level not in ROWS:
        raise UsageError(f"level must be one of {', '.join(ROWS)}; got {level!r}")
    spec = spec_of(target.loss, target.preset, target.axes)
    return spec, FAMILIES[losses()[target.loss]["family"]]


def _start(target: Target, limits: Limits) -> Runner:
    family = FAMILIES[losses()[target.loss]["family"]]
    return Runner(target, tuple(family.inputs), limits)


def _absent(target: Target) -> Finding | None:
    if not target.library or importlib.util.find_spec(target.library) is not None:
        return None
    words = f"{target.library} is not installed"
    return Finding("RL106", "import", "", words, fix=CODES["RL106"].remedy)


def _import_problem(error: TargetRaised | TargetDied) -> Finding:
    if isinstance(error, TargetDied):
        return Finding(error.code, "import", "", str(error), fix=CODES[error.code].remedy)
    fix = CODES["RL101"].remedy
    if error.missing:
        fix = f"install {error.missing}; python -c 'import {error.missing}' must work"
    return Finding("RL101", "import", "", str(error), cause=error.line, fix=fix)


def _versions(target: Target) -> dict[str, str]:
    names = ["numpy", "refloss", "python-flint", "scipy", "ml-dtypes"]
    return versions_of(*names, *([target.library] if target.library else []))


def _not_tested(session: Session, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """List what this run says nothing about: checks, formats, inputs, arguments, and the rest."""
    target = session.target
    reasons: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.status == NOT_RUN:
            reasons.setdefault(outcome.text, []).append(f"{outcome.check} {outcome.dtype}")
    skipped = [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
    formats = [f"dtype {name}" for name in FORMATS if name not in target.dtypes]
    inputs = [f"gradient by {name}" for name in session.family.inputs if name not in session.wrt]
    arguments = [f"argument {name} beyond its default" for name in session.unexamined]
    judged = [o.dtype for o in outcomes if o.check == "value" and o.ran]
    counts = {dtype: int((session.standard(dtype).kind == "undecided").sum()) for dtype in judged}
    rows = [f"gradient of {n} rows in {dtype}, truth undecided" for dtype, n in counts.items() if n]
    return (*skipped, *rows, *formats, *inputs, *arguments, *ALWAYS_UNTESTED)
