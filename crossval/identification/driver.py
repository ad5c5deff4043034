"""Which convention is this? Ask the target, walk the definitions, say what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crossval.adapters import libraries
from crossval.catalog import losses, spec_of
from crossval.certificate import versions_of
from crossval.families import FAMILIES, Family
from crossval.findings import CODES, Finding
from crossval.identification.answer import Identification, Note
from crossval.identification.candidates import Space
from crossval.identification.conclusion import Conclusion
from crossval.identification.evidence import ROWS, Evidence, Unreadable, Witness
from crossval.identification.search import Search
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.probes import Prober
from crossval.runner import Limits, Runner, TargetDied, TargetRaised
from crossval.session import Session
from crossval.target import Target, UsageError, split_reference

LEVELS = ("smoke", "standard", "full")
_NARROW = "float32"


def identify(
    target: Target | str,
    among: Iterable[str] | None = None,
    *,
    dtype: str = "float64",
    level: str = "standard",
    arguments: Mapping[str, Any] | None = None,
    call: str | None = None,
    init: Mapping[str, Any] | None = None,
    bind: Mapping[str, str] | None = None,
    adapter: str = "torch",
    limits: Limits | None = None,
) -> Identification:
    """Find the definition that an implementation follows.

    Parameters
    ----------
    target : Target or str
        A target, whose declaration is not believed, or ``MODULE:ATTR`` or ``FILE.py:ATTR``.
    among : iterable of str, optional
        Losses to consider; by default all whose inputs the target takes.
    dtype : str
        Format in which the target is asked; the widest tells most.
    level : {"smoke", "standard", "full"}
        Number of probes.
    arguments : mapping, optional
        Keyword arguments of every call.
    call, init, bind, adapter
        See :class:`~crossval.target.Target`.
    limits : Limits, optional
        Time and memory of the target's process.

    Returns
    -------
    Identification
        Also where nothing fits, or the target does not answer: it says so.

    Raises
    ------
    UsageError
        If target, loss, format or argument cannot be understood.

    Examples
    --------
    >>> import crossval
    >>> crossval.identify("my_losses.py:iou").best.definition.title  # doctest: +SKIP
    'giou/mmdet with eps=1e-06'
    """
    if dtype not in FORMATS:
        raise UsageError(f"dtype must be one of {', '.join(FORMATS)}; got {dtype!r}")
    if level not in LEVELS:
        raise UsageError(f"level must be one of {', '.join(LEVELS)}; got {level!r}")
    if isinstance(target, str):
        split_reference(target)
        target = Target(target, "", call=call, init=init or {}, bind=bind or {}, adapter=adapter)
    request = _Request(_known(target), dtype, level, dict(arguments or {}), limits or Limits())
    answers = []
    for family, names in _families(target, among):
        answer = request.within(family, names)
        if answer.found:
            return answer
        answers.append(answer)
    return min(answers, key=_failure)


@dataclass(frozen=True)
class _Request:
    """What is asked of every family in turn."""

    target: Target
    dtype: str
    level: str
    arguments: dict[str, Any]
    limits: Limits

    def within(self, family: Family, names: tuple[str, ...]) -> Identification:
        """Identify a target among the losses of one family."""
        assert family.prober is not None
        target = replace(self.target, loss=names[0], preset=None, axes=self.arguments, wrt=None)
        axes = {axis for name in names for axis in losses()[name]["axes"]}
        target.fit(family.inputs, axes | set(self.arguments))
        empty = Identification(self.target.reference, self.dtype, losses=names)
        with Runner(target, family, self.limits) as runner:
            try:
                runner.load()
            except (TargetRaised, TargetDied) as error:
                return replace(empty, problem=_problem(error, "RL101"))
            session = Session(target, spec_of(names[0], None, {}), family, runner, self.level)
            _accepted(session, self.arguments)
            try:
                found = self._asked(session, family.prober, names)
            except (TargetRaised, TargetDied) as error:
                return replace(empty, problem=_problem(error, "RL208"))
            except Unreadable as error:
                return replace(empty, problem=_finding("RL202", str(error)))
            versions = versions_of(*([target.library] if target.library else []))
            return replace(found, versions=versions | runner.versions)

    def _asked(self, session: Session, prober: Prober, names: tuple[str, ...]) -> Identification:
        probes = prober.rows(self.dtype, self.level, session.accepted)
        witness = Witness(session, self.dtype)
        witness.meet(probes[0])
        evidence = witness.ask(probes)
        roundoff, notes = _precision(evidence)
        search = Search(Space(names, prober, probes), evidence.value, roundoff)
        blank = Identification(
            self.target.reference,
            self.dtype,
            evidence.form,
            len(evidence.value),
            names,
            untested=tuple(name for name in session.runner.keywords if name not in self.arguments),
        )
        numbers = np.isfinite(evidence.value).sum()
        if evidence.constant or (2 * numbers < len(evidence.value) and not _infinite(evidence)):
            return replace(blank, notes=(*notes, _useless(evidence)))
        exact = search.run()
        conclusion = Conclusion(search, evidence, witness, self.target.reference)
        notes += _order(witness, evidence, search, probes)
        if not exact:
            return conclusion.nothing(blank, notes)
        batches = prober.batches(self.dtype, session.accepted)
        return conclusion.found(blank, exact, notes, batches)


def _families(target: Target, among: Iterable[str] | None) -> list[tuple[Family, tuple[str, ...]]]:
    """Families in question with their losses, likeliest first."""
    chosen = tuple(dict.fromkeys(among)) if among is not None else tuple(losses())
    for name in chosen:
        if name not in losses():
            raise UsageError(f"loss must be one of {', '.join(losses())}; got {name!r}")
    if not chosen:
        raise UsageError(f"among must name at least one of {', '.join(losses())}")
    grouped: dict[str, list[str]] = {}
    for name in chosen:
        grouped.setdefault(losses()[name]["family"], []).append(name)
    known = {name: family for name, family in FAMILIES.items() if family.prober is not None}
    found = [(known[name], tuple(of)) for name, of in grouped.items() if name in known]
    if not found:
        raise UsageError(f"{', '.join(chosen)}: this family has no probes yet")
    if target.call and among is None:
        read = [(family, names) for family, names in found if _fits(target, family, names)]
        found = read or found
    own = {losses()[declared.loss]["family"] for declared in libraries.declared(target.reference)}
    return sorted(found, key=lambda each: each[0].name not in own)


def _fits(target: Target, family: Family, names: tuple[str, ...]) -> bool:
    axes = {axis for name in names for axis in losses()[name]["axes"]}
    try:
        replace(target, loss=names[0]).fit(family.inputs, axes)
    except UsageError:
        return False
    return True


def _known(target: Target) -> Target:
    """Complete a target by what an adapter knows of its library."""
    home, _ = split_reference(target.reference)
    for library in libraries.names():
        for declared in libraries.targets(library):
            if split_reference(declared.reference)[0] == home:
                return replace(target, library=declared.library, loader=declared.loader)
    return target


def _accepted(session: Session, arguments: Mapping[str, Any]) -> None:
    unknown = [name for name in arguments if name not in session.accepted]
    if unknown:
        takes = ", ".join(session.accepted) or "nothing besides its inputs"
        raise UsageError(f"the target does not take {', '.join(unknown)}; it takes {takes}")


def _precision(evidence: Evidence) -> tuple[float, tuple[Note, ...]]:
    """Return the unit roundoff to expect, and a note where it is not that of the inputs."""
    number, narrow = evidence.number, format_of(_NARROW)
    came = [format_of(name) for name in evidence.formats if name in FORMATS]
    widest = max([number, *came], key=lambda each: each.roundoff)
    if widest is not number:
        words = f"returns {widest.name} for {number.name} inputs"
        return widest.roundoff, (Note(words, "RL204"),)
    finite = evidence.value[np.isfinite(evidence.value)]
    fine = number.roundoff < narrow.roundoff and bool(np.any(finite != np.rint(finite)))
    if fine and np.array_equal(narrow.round(finite), finite):
        words = "every value lies on the float32 grid: it computes in float32"
        return narrow.roundoff, (Note(words, "RL301"),)
    return number.roundoff, ()


def _infinite(evidence: Evidence) -> bool:
    return bool(np.isfinite(evidence.value).any() and not np.isnan(evidence.value).any())


def _useless(evidence: Evidence) -> Note:
    if evidence.constant:
        first = evidence.value[np.isfinite(evidence.value)][0]
        return Note(f"returns {first:.17g} for every input", "RL602")
    count = int((~np.isfinite(evidence.value)).sum())
    return Note(f"{count} of {len(evidence.value)} results are not finite", "RL302")


def _order(
    witness: Witness, evidence: Evidence, search: Search, probes: list[Any]
) -> tuple[Note, ...]:
    """Ask for the rows in reverse order: results must follow them."""
    if evidence.form != ROWS or evidence.raised:
        return ()
    reverse = witness.ask([probe.take(slice(None, None, -1)) for probe in probes])
    turned, start = [], 0
    for probe in probes:
        turned.append(reverse.value[start : start + len(probe)][::-1])
        start += len(probe)
    again = np.concatenate(turned)
    with np.errstate(all="ignore"):
        apart = np.abs(again - evidence.value) > 2.0**10 * search.roundoff * (
            1 + np.abs(evidence.value)
        )
    if not apart.any():
        return ()
    words = (
        f"{int(apart.sum())} of {len(apart)} values change when the rows come in reverse order: "
        "results are kept from an earlier call, or rows influence each other"
    )
    return (Note(words, "RL603"),)


def _problem(error: TargetRaised | TargetDied, code: str) -> Finding:
    if isinstance(error, TargetDied):
        return _finding(error.code, str(error))
    hint = error.hint
    if not hint and any(name in str(error) for name in ("ndarray", "Tensor")):
        hint = "--adapter says which arrays the target takes, torch or numpy"
    if not hint and error.missing:
        hint = f"install {error.missing}; python -c 'import {error.missing}' must work"
    # the form of a target is judged in words of our own, not by what was raised
    words = error.message if error.code else error.words
    return _finding(error.code or code, words, hint)


def _finding(code: str, words: str, fix: str = "") -> Finding:
    return Finding(code, "identify", "", words, fix=fix or CODES[code].remedy)


def _failure(answer: Identification) -> tuple[bool, float]:
    nearest = answer.best.digits if answer.best is not None else 0.0
    return answer.problem is not None, -nearest
