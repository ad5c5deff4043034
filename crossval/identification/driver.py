"""Which convention is this? Ask the target, walk the definitions, say what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from crossval.adapters import libraries
from crossval.catalog import losses, spec_of
from crossval.certificate import versions_of
from crossval.examination import installation
from crossval.families import Family
from crossval.findings import CODES, Finding
from crossval.identification.answer import Identification
from crossval.identification.evidence import Unreadable, Witness
from crossval.identification.examine import examine
from crossval.identification.processes import Renamed, shared
from crossval.identification.questions import Question, eligible, questions
from crossval.runner import UNFIT, Limits, Runner, TargetDied, TargetRaised
from crossval.session import Session
from crossval.target import ADAPTERS, Target, UsageError, split_reference

LEVELS = ("smoke", "standard", "full")
DTYPES = ("float64", "float32")
"""Formats to ask in: in narrower ones rounding hides what is looked for."""


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
    for answer in request.answers(questions(target, among)):
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

    def answers(self, asked: list[Question]) -> Iterator[Identification]:
        """Identify a target among the losses of the families that it can be meant for."""
        with ExitStack() as stack:
            opened = list(self._opened(asked, stack))
            met = [each for each in opened if isinstance(each, _Opened)]
            failed = [each for each in opened if isinstance(each, Identification)]
            refused = [each for each in opened if isinstance(each, _Refused)]
            if refused and not met:
                raise UsageError(refused[0].words)
            names = met[0].process.names if met else []
            owning = [each.question for each in met if each.named]
            owning = owning or [each.question for each in met if each.owns]
            left = owning or (eligible([each.question for each in met], names) if met else [])
            yield from (self._examined(each) for each in met if each.question in left)
            yield from failed

    def _opened(
        self, asked: list[Question], stack: ExitStack
    ) -> Iterator[_Opened | _Refused | Identification]:
        """Load the target for every family, and ask it for a few rows."""
        started: list[Runner] = []
        called: set[str] = set()
        for question in asked:
            own = set(question.family.wholes)
            if called and own and not called & own:
                continue  # what it owns has a name, and is something else
            target = self._as(question)
            empty = Identification(self.target.reference, self.dtype, losses=question.names)
            try:
                process = self._process(target, question.family, started, stack)
            except (TargetRaised, TargetDied) as error:
                problem = _problem(error, "RL101")
                yield replace(empty, problem=problem)
                if problem.code not in UNFIT:
                    return  # it is imported for no family
                continue
            session = self._session(question, target, process)
            if unknown := [name for name in self.arguments if name not in session.accepted]:
                yield _Refused.of(unknown, session)
                continue
            problem = _refusal(Witness(session, self.dtype), question)
            if problem is None:
                opened = _Opened(question, session, process)
                called |= own if opened.named else set()
                yield opened
            else:
                yield replace(empty, problem=problem)

    def _process(
        self, target: Target, family: Family, started: list[Runner], stack: ExitStack
    ) -> Runner:
        """Return a process that can be asked for a family: an earlier one, or else a new one.

        Importing takes long: an earlier process says first whether another one would do.
        """
        for process in started:
            if process.unfit is None and shared(target, process, family):
                process.load()
                return process
        if started:
            started[0].require(target, family)
        process = stack.enter_context(Runner(target, family, self.limits))
        started.append(process)
        process.load()
        return process

    def _session(self, question: Question, target: Target, process: Runner) -> Session:
        runner: Any = process
        if process.family is not question.family:
            runner = Renamed(process, tuple(question.family.inputs))
        spec = spec_of(question.names[0], None, question.prober.fixed)
        return Session(target, spec, question.family, runner, self.level)

    def _as(self, question: Question) -> Target:
        """Return the target as one of a family's losses, so that it can be called."""
        names = question.names
        fixed = question.prober.fixed
        target = replace(
            self.target, loss=names[0], preset=None, axes={**fixed, **self.arguments}, wrt=None
        )
        axes = {axis for name in names for axis in losses()[name]["axes"]}
        known = axes | set(self.arguments) | set(question.options)
        target.fit(question.family.inputs, known, question.family.ownable)
        return target

    def _examined(self, opened: _Opened) -> Identification:
        question, target = opened.question, opened.session.target
        empty = Identification(self.target.reference, self.dtype, losses=question.names)
        try:
            found = examine(
                opened.session, question.prober, question.names, dtype=self.dtype, level=self.level
            )
        except (TargetRaised, TargetDied) as error:
            return replace(empty, problem=_problem(error, "RL208"))
        except Unreadable as error:
            return replace(empty, problem=_finding("RL202", str(error)))
        versions = versions_of(*([target.library] if target.library else []))
        return replace(found, versions=versions | opened.process.versions)


@dataclass(frozen=True)
class _Opened:
    """A family for which the target answers, with the process that it answers from."""

    question: Question
    session: Session
    process: Runner

    @property
    def owns(self) -> bool:
        """Whether the target owns what a call has one of, of the shape that the family gives it."""
        own = self.question.family.wholes
        return bool(own) and all(name in self.process.bind for name in own)

    @property
    def named(self) -> bool:
        """Whether it holds the first of it under the family's own name for it."""
        first = next(iter(self.question.family.wholes), "")
        return self.owns and first in self.process.bind[first].rpartition(".")[2].lower()


@dataclass(frozen=True)
class _Refused:
    """Why a family is not asked: its inputs leave no place for the arguments that were given."""

    words: str

    @classmethod
    def of(cls, unknown: list[str], session: Session) -> _Refused:
        takes = ", ".join(session.accepted) or "nothing besides its inputs"
        return cls(f"the target does not take {', '.join(unknown)}; it takes {takes}")


def _refusal(witness: Witness, question: Question) -> Finding | None:
    """Ask for a few rows; return why there is nothing to be read in what came."""
    session = witness.session
    probe = question.prober.rows(witness.dtype, "smoke", session.accepted)[0]
    try:
        witness.meet(probe)
    except (TargetRaised, TargetDied) as error:
        return _problem(error, "RL208")
    except Unreadable as error:
        return _finding("RL202", str(error))
    return None


def _known(target: Target) -> Target:
    """Complete a target by what an adapter knows of its library."""
    return replace(target, **libraries.knowledge(target.reference, target.adapter))


def _problem(error: TargetRaised | TargetDied, code: str) -> Finding:
    if isinstance(error, TargetDied):
        return _finding(error.code, str(error))
    hint = error.hint
    if not hint and any(name in str(error) for name in ("ndarray", "Tensor")):
        hint = f"--adapter says which arrays the target takes: {', '.join(ADAPTERS)}"
    if not hint and error.missing:
        hint = installation(error.missing)
    # the form of a target is judged in words of our own, not by what was raised
    words = error.message if error.code else error.words
    return _finding(error.code or code, words, hint)


def _finding(code: str, words: str, fix: str = "") -> Finding:
    return Finding(code, "identify", "", words, fix=fix or CODES[code].remedy)


def _failed(answers: list[Identification]) -> Identification:
    """Choose what to say where nothing fits: the nearest, with all losses that were considered."""

    def order(answer: Identification) -> tuple[bool, bool, float]:
        nearest = answer.best.digits if answer.best is not None else 0.0
        return answer.problem is not None, answer.best is None, -nearest

    nearest = min(answers, key=order)
    asked = tuple(name for answer in answers if answer.problem is None for name in answer.losses)
    return replace(nearest, losses=tuple(dict.fromkeys(asked)) or nearest.losses)
