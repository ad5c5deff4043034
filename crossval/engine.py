"""The function door: certify one target, or many, and hand back certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from crossval import ledger
from crossval.adapters import libraries
from crossval.certificate import Certificate
from crossval.examination import Examination, Problem
from crossval.expected import Expected
from crossval.findings import CODES, Finding
from crossval.outcome import Check
from crossval.runner import Limits
from crossval.target import Target, UsageError, split_declaration, split_reference

Progress = Callable[[Check], None]

ALL = ("*",)


def certify(
    target: Target | str,
    declared: str | None = None,
    *,
    axes: dict[str, Any] | None = None,
    dtypes: Iterable[str] | None = None,
    call: str | None = None,
    init: dict[str, Any] | None = None,
    bind: dict[str, str] | None = None,
    adapter: str = "torch",
    reduction: str | None = None,
    level: str = "standard",
    only: Iterable[str] = ALL,
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
    call, init, bind, adapter, reduction
        See :class:`~crossval.target.Target`.
    level : {"smoke", "standard", "full"}
        Number of points.
    only : iterable of str
        Globs of the checks to run, such as ``"grad*"``; the others are named as untested.
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
        how: dict[str, Any] = {"call": call, "init": init, "bind": bind, "adapter": adapter}
        target = find(target, declared, axes=axes, **how)
    elif axes:
        target = replace(target, axes={**target.axes, **axes})
    if dtypes is not None:
        target = replace(target, dtypes=tuple(dtypes))
    if reduction is not None:
        target = replace(target, reduction=reduction)
    examination = Examination(target, level, limits=limits, known=known)
    selected = _selected(examination, tuple(only))
    with examination:
        return _certify(examination, selected, progress)


def find(
    reference: str,
    declared: str | None = None,
    *,
    axes: Mapping[str, Any] | None = None,
    call: str | None = None,
    init: Mapping[str, Any] | None = None,
    bind: Mapping[str, str] | None = None,
    adapter: str = "torch",
) -> Target:
    """Return the target that a reference names, completed by an adapter's knowledge of it.

    An adapter's call is kept unless another call, a binding or another loss is asked for.

    Parameters
    ----------
    reference, declared, axes, call, init, bind, adapter
        As for :func:`certify`; of several declarations the one with these axes is taken.

    Raises
    ------
    UsageError
        If no loss is given and no adapter declares one.
    """
    split_reference(reference)
    how: dict[str, Any] = {"init": dict(init or {}), "bind": dict(bind or {})}
    axes = dict(axes or {})
    known = _nearest(libraries.declared(reference), axes)
    if declared is None and known is None:
        raise UsageError(f"no adapter declares {reference}: say which loss it is with --as")
    if known is not None and declared is None:
        declared = known.declared
    assert declared is not None
    loss, preset = split_declaration(declared)
    like: dict[str, Any] = {"adapter": adapter} | libraries.knowledge(reference, adapter)
    base = known or Target(reference, loss, **like)
    keeps = known is not None and known.loss == loss and not bind
    how |= {"call": call or (base.call if keeps else None)}
    axes = {**base.axes, **axes} if base.loss == loss else axes
    return replace(base, loss=loss, preset=preset, axes=axes, **how)


def _nearest(known: Sequence[Target], axes: Mapping[str, Any]) -> Target | None:
    """Return the declaration that shares most of these axis values, the first among equals."""

    def shared(target: Target) -> int:
        same = [target.axes[name] == axes[name] for name in axes if name in target.axes]
        return sum(1 if each else -1 for each in same)

    return max(known, key=shared, default=None)


def certify_all(
    targets: Iterable[Target],
    *,
    level: str = "standard",
    only: Iterable[str] = ALL,
    limits: Limits | None = None,
    expected: Iterable[Expected] = (),
    progress: Callable[[Target], Progress | None] | None = None,
) -> Iterator[Certificate]:
    """Certify targets in turn; one that cannot be imported is a certificate with a ``problem``.

    While one target is judged, the process of the next one already imports. What is expected to
    fail is expected of every target.
    """
    how: dict[str, Any] = {"limits": limits, "expected": tuple(expected)}
    examinations = [Examination(target, level, **how) for target in targets]
    globs = tuple(only)
    selected = [_selected(examination, globs) for examination in examinations]
    with ExitStack() as stack:
        for index, examination in enumerate(examinations):
            for near in examinations[index : index + 2]:
                near.start()
                stack.callback(near.close)
            report = progress(examination.target) if progress else None
            yield _certify(examination, selected[index], report)
            examination.close()


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


def _selected(examination: Examination, only: tuple[str, ...]) -> list[Check]:
    """Return the checks that a glob names; one that names none is an error."""
    for glob in only:
        if not any(check.matches(glob) for check in examination.checks):
            names = dict.fromkeys(check.name for check in examination.checks)
            raise UsageError(f"check must match one of {', '.join(names)}; got {glob!r}")
    return [check for check in examination.checks if any(check.matches(glob) for glob in only)]


def _certify(
    examination: Examination, selected: Iterable[Check], progress: Progress | None
) -> Certificate:
    outcomes = []
    try:
        examination.load()
        for check in selected:
            if progress is not None:
                progress(check)
            outcomes.append(examination.perform(check))
    except Problem:  # the certificate says which
        outcomes = []
    return examination.certificate(outcomes)
