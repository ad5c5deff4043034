"""One target being judged: its checks, its process, and what has been found so far.

Every door goes through here. The command performs all checks in turn, pytest performs those that
it selected, each when its item runs; the checks, the process and the verdicts are the same.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crossval import EXTRA_OF, ledger
from crossval.catalog import losses, spec_of
from crossval.certificate import Certificate, versions_of
from crossval.checks import checks, perform
from crossval.expected import Expected, declare, of_check
from crossval.families import Family, family_of
from crossval.findings import CODES, Finding
from crossval.oracles.formats import FORMATS
from crossval.outcome import BY_REDUCTION, NOT_RUN, NOT_SELECTED, Check, Outcome
from crossval.points.boxes import ROWS
from crossval.reduced import Form
from crossval.reproduction.lines import command_for
from crossval.runner import Limits, Runner, TargetDied, TargetRaised
from crossval.session import Session, Unmeasured
from crossval.target import Target, UsageError, split_reference

NOTHING_TESTED = ("everything: the target was not run",)
ALWAYS_UNTESTED = (
    "devices other than the CPU",
    "second derivatives",
)
_FLUSHED = "results below the smallest normal number, which XLA replaces by 0"
_UNTESTED = {
    "torch": ("threads, compilation (torch.compile, torch.jit) and autocast",),
    "numpy": ("threads",),
    "jax": (_FLUSHED, "threads, vmap, and jit beyond the target's own (--adapter jax-jit)"),
    "jax-jit": (_FLUSHED, "threads and vmap"),
}
"""What no certificate speaks of, by adapter."""


class Problem(Exception):
    """A target that could not be loaded; ``finding`` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(frozen=True)
class Facts:
    """What a certificate needs besides outcomes, as it comes out of the target's process.

    Attributes
    ----------
    versions : dict of str to str
        Of the judge, the library and the framework.
    unexamined : tuple of str
        Arguments that kept their defaults.
    undecided : dict of str to int
        Rows by format whose gradient has no certified truth.
    problem : Finding, optional
        Why nothing was run.
    form : Form
        What the target returns for a batch.
    remarks : tuple of str
        What the results say nothing about, by the way in which they were had.
    """

    versions: dict[str, str] = field(default_factory=versions_of)
    unexamined: tuple[str, ...] = ()
    undecided: dict[str, int] = field(default_factory=dict)
    problem: Finding | None = None
    form: Form = field(default_factory=Form)
    remarks: tuple[str, ...] = ()


class Examination:
    """A target on its way to a certificate.

    Parameters
    ----------
    target : Target
        What is judged.
    level : {"smoke", "standard", "full"}
        Number of points.
    limits : Limits, optional
        Time and memory of its process.
    known : iterable of Entry, optional
        Declared deviations; those of the package by default.
    expected : iterable of Expected, optional
        Failures that the target's owner declares.
    home, path
        See :class:`~crossval.runner.Runner`.

    Attributes
    ----------
    checks : tuple of Check
        All checks, known before anything is started.

    Raises
    ------
    UsageError
        If loss, preset, axis, format or level do not exist, or the call does not fit the loss.
    """

    def __init__(
        self,
        target: Target,
        level: str = "standard",
        *,
        limits: Limits | None = None,
        known: Iterable[ledger.Entry] | None = None,
        expected: Iterable[Expected] = (),
        home: Path | None = None,
        path: tuple[str, ...] = (),
    ) -> None:
        self.target = target
        self.level = level
        self.spec, self.family = definition(target, level)
        self.checks = tuple(checks(target, self.family))
        self._known = None if known is None else tuple(known)
        self._expected = tuple(expected)
        self._process: dict[str, Any] = {"limits": limits or Limits(), "home": home, "path": path}
        self._session: Session | None = None
        self._absent = _absent(target)
        self._problem = self._absent
        self._lock = threading.RLock()

    def start(self) -> None:
        """Start the target's process, which then imports while the caller does something else."""
        with self._lock:
            if self._session is None and self._problem is None:
                runner = Runner(self.target, self.family, **self._process)
                self._session = Session(self.target, self.spec, self.family, runner, self.level)

    def load(self) -> Session:
        """Wait until the target is imported.

        Raises
        ------
        Problem
            If it cannot be; every later call raises the same.
        """
        with self._lock:
            self.start()
            if self._problem is not None or self._session is None:
                assert self._problem is not None
                raise Problem(self._problem)
            try:
                self._session.load()
            except (TargetRaised, TargetDied) as error:
                problem = _import_problem(error)
                command = command_for(self.target, self.level, problem)
                self._problem = replace(problem, repro=command)
                raise Problem(self._problem) from error
            return self._session

    def perform(self, check: Check) -> Outcome:
        """Run one check, starting the target if need be; declared deviations are marked.

        An expected failure that does not come is a finding.

        Raises
        ------
        Problem
            If the target cannot be loaded.
        """
        with self._lock:
            outcome = perform(self.load(), check)
        entries = ledger.read() if self._known is None else self._known
        (declared,), _ = ledger.declare(self.target.reference, [outcome], entries)
        return declare(declared, of_check(self._expected, check))

    def answers(self, dtype: str) -> bool:
        """Whether the target gives results in a format, and its process may still be started."""
        with self._lock:
            session = self.load()
            if session.runner.exhausted:
                return False
            try:
                session.measured(dtype)
            except Unmeasured:
                return False
            return True

    def silence(self, dtype: str) -> str:
        """Why the target gives no results in a format; empty if it does."""
        with self._lock:
            try:
                self.load().measured(dtype)
            except Unmeasured as gap:
                return f"no result to judge: {gap}"
            return ""

    @property
    def facts(self) -> Facts:
        """What is known of the run by now."""
        session = self._session
        if self._problem is not None or session is None:
            return Facts(problem=self._problem)
        runner = session.runner
        judged = session.judged
        counts = {
            dtype: int((session.standard(dtype).kind == "undecided").sum()) for dtype in judged
        }
        return Facts(
            _versions(self.target) | runner.versions,
            tuple(session.unexamined),
            {dtype: count for dtype, count in counts.items() if count},
            form=session.form,
            remarks=tuple(session.remarks),
        )

    def certificate(self, outcomes: Iterable[Outcome], facts: Facts | None = None) -> Certificate:
        """Return the certificate of what was performed; the rest is named as untested.

        Parameters
        ----------
        outcomes : iterable of Outcome
            Of this examination's checks, or of some of them.
        facts : Facts, optional
            Of the process that performed them, if that was another one.
        """
        facts = facts or self.facts
        points = {dtype: self.family.points(dtype, self.level) for dtype in self.target.dtypes}
        described = {
            dtype: {"set": p.name, "rows": len(p), "sha256": p.digest, "seed": "pinned"}
            for dtype, p in points.items()
        }
        found = () if facts.problem else tuple(self._all(outcomes))
        untested = NOTHING_TESTED if facts.problem else self._not_tested(found, facts)
        return Certificate(
            self.target,
            self.spec,
            found,
            described,
            facts.versions,
            untested,
            facts.problem,
            self.level,
            facts.form,
        )

    def close(self) -> None:
        """End the target's process; a later check starts it again."""
        with self._lock:
            if self._session is not None:
                self._session.runner.close()

    def __enter__(self) -> Examination:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, outcomes: Iterable[Outcome]) -> Iterable[Outcome]:
        """Outcomes in the order of the checks; a check that was not selected says so."""
        found = {(outcome.check, outcome.dtype): outcome for outcome in outcomes}
        for check in self.checks:
            absent = Outcome(check.name, check.dtype, text=NOT_SELECTED, ran=False)
            yield found.get((check.name, check.dtype), absent)

    def _not_tested(self, outcomes: Iterable[Outcome], facts: Facts) -> tuple[str, ...]:
        """List what this run says nothing about: checks, formats, inputs, arguments, the rest."""
        reasons: dict[str, list[str]] = {}
        for outcome in outcomes:
            if outcome.status == NOT_RUN and outcome.text != BY_REDUCTION:
                reasons.setdefault(outcome.text, []).append(f"{outcome.check} {outcome.dtype}")
        wrt = self.target.wrt or self.family.wrt
        skipped = [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
        rows = [
            f"gradient of {count} rows in {dtype}, truth undecided"
            for dtype, count in facts.undecided.items()
        ]
        formats = [f"dtype {name}" for name in FORMATS if name not in self.target.dtypes]
        inputs = [f"gradient by {name}" for name in self.family.differentiable if name not in wrt]
        arguments = [f"argument {name} beyond its default" for name in facts.unexamined]
        adapted = _UNTESTED[self.target.adapter]
        always = (*ALWAYS_UNTESTED, *adapted, *self.family.untested)
        return (*skipped, *facts.remarks, *rows, *formats, *inputs, *arguments, *always)


def definition(target: Target, level: str) -> tuple[Any, Family]:
    """Resolve what a target declares, before anything is started.

    Raises
    ------
    UsageError
        Naming what does not exist and what does.
    """
    unknown = [name for name in target.dtypes if name not in FORMATS]
    if unknown:
        raise UsageError(f"dtype must be one of {', '.join(FORMATS)}; got {', '.join(unknown)}")
    if level not in ROWS:
        raise UsageError(f"level must be one of {', '.join(ROWS)}; got {level!r}")
    spec = spec_of(target.loss, target.preset, target.axes)
    if spec.batch is not None and spec.batch.averaged:
        _of_one_row(spec)
    family = family_of(target.loss, spec.program)
    axes = [*losses()[target.loss]["axes"], *family.options]
    target.fit(family.inputs, axes, family.ownable)
    return spec, family


def _of_one_row(spec: Any) -> None:
    """Require that the mean of one row is the row, so that rows can be judged one at a time."""
    known, denominator = ("items", "kept", "weights"), spec.axes["denominator"]
    if denominator not in known:
        raise UsageError(
            f"denominator must be one of {', '.join(known)} where {spec.batch.axis}="
            f"{spec.batch.value} is judged; got {denominator!r}"
        )


def _absent(target: Target) -> Finding | None:
    package = split_reference(target.reference)[0].partition(".")[0]
    if not target.library or importlib.util.find_spec(package) is not None:
        return None
    words = f"{target.library} is not installed"
    fix = CODES["RL106"].remedy if package in EXTRA_OF else installation(package)
    return Finding("RL106", "import", "", words, fix=fix)


def _import_problem(error: TargetRaised | TargetDied) -> Finding:
    if isinstance(error, TargetDied):
        return Finding(error.code, "import", "", str(error), fix=CODES[error.code].remedy)
    if error.code:
        fix = error.hint or CODES[error.code].remedy
        return Finding(error.code, "import", "", error.message, fix=fix)
    fix = CODES["RL101"].remedy
    if error.missing:
        fix = installation(error.missing)
    return Finding("RL101", "import", "", str(error), cause=error.line, fix=fix)


def installation(missing: str) -> str:
    """Return the command that installs an absent module, where an extra of refloss has it."""
    package = missing.partition(".")[0]
    if package in EXTRA_OF:
        return f"pip install 'refloss[{EXTRA_OF[package]}]'"
    return f"install {missing}; python -c 'import {missing}' must work"


def _versions(target: Target) -> dict[str, str]:
    names = ["numpy", "refloss", "python-flint", "scipy", "ml-dtypes"]
    return versions_of(*names, *([target.library] if target.library else []))
