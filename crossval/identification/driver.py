"""Which convention is this? Ask the target, walk the definitions, say what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
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
DTYPES = ("float64", "float32")
"""Formats to ask in: in narrower ones rounding hides what is looked for."""
_NARROW = "float32"
_LISTS = ("changed", "absent")  # what a reply lists by name of input


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
    dtype : {"float64", "float32"}
        Format in which the target is asked; the wider tells more.
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
    if dtype not in DTYPES:
        raise UsageError(f"dtype must be {' or '.join(DTYPES)}; got {dtype!r}")
    if level not in LEVELS:
        raise UsageError(f"level must be one of {', '.join(LEVELS)}; got {level!r}")
    if isinstance(target, str):
        split_reference(target)
        target = Target(target, "", call=call, init=init or {}, bind=bind or {}, adapter=adapter)
    request = _Request(_known(target), dtype, level, dict(arguments or {}), limits or Limits())
    answers = []
    for answer in request.answers(_questions(target, among)):
        if answer.found:
            return answer
        answers.append(answer)
    return _failed(answers)


@dataclass(frozen=True)
class _Request:
    """What is asked of every family in turn."""

    target: Target
    dtype: str
    level: str
    arguments: dict[str, Any]
    limits: Limits

    def answers(self, questions: list[_Question]) -> Iterator[Identification]:
        """Identify a target among the losses of one family after another."""
        process: Runner | None = None
        with ExitStack() as stack:
            for question in questions:
                target = self._as(question)
                if process is None or not _shared(target, process.family, question.family):
                    process = stack.enter_context(Runner(target, question.family, self.limits))
                yield self._within(question, target, process)

    def _as(self, question: _Question) -> Target:
        """Return the target as one of a family's losses, so that it can be called."""
        names = question.names
        fixed = question.prober.fixed
        target = replace(
            self.target, loss=names[0], preset=None, axes={**fixed, **self.arguments}, wrt=None
        )
        axes = {axis for name in names for axis in losses()[name]["axes"]}
        target.fit(question.family.inputs, axes | set(self.arguments) | set(question.options))
        return target

    def _within(self, question: _Question, target: Target, process: Runner) -> Identification:
        empty = Identification(self.target.reference, self.dtype, losses=question.names)
        try:
            process.load()
        except (TargetRaised, TargetDied) as error:
            return replace(empty, problem=_problem(error, "RL101"))
        runner: Any = process
        if process.family is not question.family:
            runner = _Renamed(process, tuple(question.family.inputs))
        spec = spec_of(question.names[0], None, question.prober.fixed)
        session = Session(target, spec, question.family, runner, self.level)
        _accepted(session, self.arguments)
        try:
            found = examine(
                session, question.prober, question.names, dtype=self.dtype, level=self.level
            )
        except (TargetRaised, TargetDied) as error:
            return replace(empty, problem=_problem(error, "RL208"))
        except Unreadable as error:
            return replace(empty, problem=_finding("RL202", str(error)))
        versions = versions_of(*([target.library] if target.library else []))
        return replace(found, versions=versions | process.versions)


@dataclass(frozen=True)
class _Question:
    """A family, its losses in question, and how they are told apart."""

    family: Family
    prober: Prober
    names: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """Arguments beside inputs and axes."""
        return tuple(self.family.options)


@dataclass(frozen=True)
class _Renamed:
    """A process that was started for another family, whose inputs go by other names."""

    process: Runner
    inputs: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.process, name)

    def call(
        self, request: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Send a request under the names that the process knows."""
        there = dict(zip(self.inputs, self.process.family.inputs, strict=True))
        back = {f"grad.{known}": f"grad.{name}" for name, known in there.items()}
        back |= {known: name for name, known in there.items()}
        asked = {**request, "gradients": [there[name] for name in request["gradients"]]}
        reply, found = self.process.call(asked, {there.get(n, n): a for n, a in arrays.items()})
        named = {back.get(name, name): format_ for name, format_ in reply["formats"].items()}
        lists = {key: [back.get(name, name) for name in reply[key]] for key in _LISTS}
        return {**reply, **lists, "formats": named}, {back.get(n, n): a for n, a in found.items()}


def _shared(target: Target, one: Family, other: Family) -> bool:
    """Whether a process for one family can be asked for another: by position, or the same names."""
    by_position = target.call is None and not target.bind
    alike = tuple(one.inputs) == tuple(other.inputs)
    return alike or (by_position and len(one.inputs) == len(other.inputs))


def examine(
    session: Session,
    prober: Prober,
    names: tuple[str, ...],
    *,
    dtype: str = "float64",
    level: str = "standard",
) -> Identification:
    """Identify a loaded target among some losses of one family.

    Parameters
    ----------
    session : Session
        The target: how it is called, and what it answers.
    prober : Prober
        Of the family.
    names : tuple of str
        Losses to consider.
    dtype, level
        As for :func:`identify`.

    Raises
    ------
    TargetRaised, TargetDied
        If the target does not answer.
    Unreadable
        If its answers have a form that cannot be read.
    """
    probes = prober.rows(dtype, level, session.accepted)
    witness = Witness(session, dtype)
    witness.meet(probes[0])
    evidence = witness.ask(probes)
    roundoff, notes = _precision(evidence)
    notes += (*_demanded(session), *_changed(evidence))
    search = Search(Space(names, prober, probes), evidence.value, roundoff)
    blank = Identification(
        session.target.reference,
        dtype,
        evidence.form,
        len(evidence.value),
        losses=names,
        untested=_untested(session),
    )
    if evidence.constant or _nowhere(evidence):
        return replace(blank, notes=(_useless(evidence),))
    exact = search.run()
    notes += _order(witness, evidence, search, probes)
    conclusion = Conclusion(search, evidence, witness, session.target.reference)
    if not exact:
        return conclusion.nothing(blank, notes)
    return conclusion.found(blank, exact, notes, prober.batches(dtype, session.accepted))


def _questions(target: Target, among: Iterable[str] | None) -> list[_Question]:
    """Families in question with their losses, likeliest first."""
    chosen = tuple(dict.fromkeys(among)) if among is not None else tuple(losses())
    for name in chosen:
        if name not in losses():
            raise UsageError(f"loss must be one of {', '.join(losses())}; got {name!r}")
    if not chosen:
        raise UsageError(f"among must name at least one of {', '.join(losses())}")
    found = []
    for family in FAMILIES.values():
        prober = family.prober
        if prober is None:
            continue
        names = tuple(name for name in chosen if losses()[name]["family"] == prober.family)
        if names:
            found.append(_Question(family, prober, names))
    if not found:
        raise UsageError(f"{', '.join(chosen)}: there are no probes of this family yet")
    if target.call and among is None:
        found = [question for question in found if _fits(target, question)] or found
    return sorted(found, key=lambda question: not _likely(target, question))


def _fits(target: Target, question: _Question) -> bool:
    axes = {axis for name in question.names for axis in losses()[name]["axes"]}
    try:
        replace(target, loss=question.names[0]).fit(
            question.family.inputs, axes | set(question.options)
        )
    except UsageError:
        return False
    return True


def _likely(target: Target, question: _Question) -> bool:
    """Whether a library declares the target as such a loss, or its name contains one."""
    declared = {each.loss for each in libraries.declared(target.reference)}
    _, attribute = split_reference(target.reference)
    plain = attribute.lower().replace("_", "")
    return any(name in declared or name.replace("_", "") in plain for name in question.names)


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
    fine = number.roundoff < narrow.roundoff and _long(finite)
    if fine and np.array_equal(narrow.round(finite), finite):
        words = "every value lies on the float32 grid: it computes in float32"
        return narrow.roundoff, (Note(words, "RL301"),)
    return number.roundoff, ()


def _long(values: np.ndarray) -> bool:
    """Whether most values need more than 16 bits: short ones lie on every grid."""
    mantissa = np.ldexp(np.frexp(values)[0], 16)
    return bool(np.mean(mantissa != np.rint(mantissa)) > 0.5) if len(values) else False


def _untested(session: Session) -> tuple[str, ...]:
    """Return the arguments that keep their defaults in every call."""
    asked = {*session.arguments, *session.family.options}
    return tuple(name for name in session.runner.keywords if name not in asked)


def _demanded(session: Session) -> tuple[Note, ...]:
    """Say which arguments have no default, and what was passed for them."""
    required = set(session.runner.required) - set(session.family.options)
    given = {
        name: value
        for name, value in session.arguments.items()
        if name in required and name not in session.target.axes
    }
    if not given:
        return ()
    words = ", ".join(f"{name}={value}" for name, value in given.items())
    return (Note(f"has no default for what was passed as {words}; --set passes another"),)


def _changed(evidence: Evidence) -> tuple[Note, ...]:
    if not evidence.changed:
        return ()
    return (Note(f"changes {' and '.join(evidence.changed)} in place", "RL205"),)


def _nowhere(evidence: Evidence) -> bool:
    """Whether most results are NaN, or none is finite."""
    lost, finite = np.isnan(evidence.value).sum(), np.isfinite(evidence.value).any()
    return bool(2 * lost >= len(evidence.value) or not finite)


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


def _failed(answers: list[Identification]) -> Identification:
    """Choose what to say where nothing fits: the nearest, with all losses that were considered."""

    def order(answer: Identification) -> tuple[bool, float]:
        nearest = answer.best.digits if answer.best is not None else 0.0
        return answer.problem is not None, -nearest

    nearest = min(answers, key=order)
    asked = tuple(name for answer in answers if answer.problem is None for name in answer.losses)
    return replace(nearest, losses=tuple(dict.fromkeys(asked)) or nearest.losses)
