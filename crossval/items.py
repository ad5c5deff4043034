"""The checks of targets as parameters of pytest's test functions.

An item performs one check of one target in one format. Items of a target share its examination,
and so its process, within one process of pytest; a few processes stay open at a time.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import pytest

from crossval.checks import checks
from crossval.config import LEVEL, Declared
from crossval.examination import Examination, Problem, definition
from crossval.expected import Expected, unmatched, unmatched_finding
from crossval.findings import Finding
from crossval.oracles.formats import FORMATS
from crossval.outcome import FAIL, INCONCLUSIVE, NOT_RUN, Check, Outcome
from crossval.parametrization import Request, names
from crossval.report.terminal import text_of
from crossval.target import UsageError

OPEN = 3  # processes of targets that are kept when another one is needed


class Desk:
    """The examinations of one process of pytest.

    Parameters
    ----------
    root : Path
        The project's folder, where targets run and are imported.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: list[Examination] = []

    def examination(self, declared: Declared) -> Examination:
        """Return an examination whose target imports as the tests do; nothing is started."""
        path = tuple(folder for folder in sys.path if folder)
        return Examination(
            declared.target,
            declared.level,
            expected=declared.expected,
            home=self.root,
            path=path,
        )

    def use(self, examination: Examination) -> None:
        """Keep an examination's process open, and close the one that rested longest."""
        self._open = [*(other for other in self._open if other is not examination), examination]
        while len(self._open) > OPEN:
            self._open.pop(0).close()

    def close(self) -> None:
        """End all processes."""
        while self._open:
            self._open.pop().close()


@dataclass
class Item:
    """One check of one target, called by a test function.

    Attributes
    ----------
    name : str
        Of the target.
    examination : Examination
        Shared by the items of a target.
    check : Check
        What is checked.
    desk : Desk
        Where the examination's process is kept.
    outcome : Outcome, optional
        Once it has run.
    spoken_for : bool
        Whether the item of the check `call` in this format runs too: what keeps all checks from
        running fails there, and is skipped here.
    """

    name: str
    examination: Examination
    check: Check
    desk: Desk = field(repr=False)
    outcome: Outcome | None = None
    spoken_for: bool = False

    @property
    def id(self) -> str:
        """Name in pytest: ``tv-grad-pred-float32``."""
        return f"{self.name}-{self.check.id}"

    def __call__(self) -> None:
        """Perform the check; whatever is not a pass ends in pytest's own words for it."""
        self.desk.use(self.examination)
        try:
            self.outcome = self.examination.perform(self.check)
        except Problem as problem:
            if problem.finding.code == "RL106":
                pytest.skip(f"RL106 {problem.finding.message}")
            _fail([problem.finding])
        silent = self.outcome.status == NOT_RUN and not self.spoken_for
        if silent and not self.examination.answers(self.check.dtype):
            words = self.examination.silence(self.check.dtype) or self.outcome.text
            pytest.fail(words, pytrace=False)
        _verdict(self.outcome)

    @property
    def properties(self) -> list[tuple[str, str]]:
        """Grade, worst error and codes, for JUnit's XML."""
        if self.outcome is None:
            return []
        found = [("grade", self.outcome.grade or "-")]
        if "max" in self.outcome.ulp:
            found.append(("ulp", f"{self.outcome.ulp['max']:.3g}"))
        codes = dict.fromkeys(finding.code for finding in self.outcome.findings)
        return found + [("codes", " ".join(codes))] * bool(codes)

    @property
    def record(self) -> str:
        """Everything that a certificate needs, as JSON text for the process that writes it."""
        examination = self.examination
        body = {
            "name": self.name,
            "target": asdict(examination.target),
            "level": examination.level,
            "outcome": None if self.outcome is None else asdict(self.outcome),
            "facts": asdict(examination.facts),
        }
        return json.dumps(body)


@dataclass(frozen=True)
class Stale:
    """An expected failure that names no check: an item that fails.

    Attributes
    ----------
    name : str
        Of the target.
    finding : Finding
        What it names, and what there is.
    """

    name: str
    finding: Finding

    @property
    def id(self) -> str:
        """Name in pytest: ``tv-xfail-grad-boxes-float32``."""
        return f"{self.name}-xfail-{self.finding.check}"

    def __call__(self) -> None:
        """Fail with RL902."""
        _fail([self.finding])


def items(
    desk: Desk, declared: Sequence[Declared], dtypes: tuple[str, ...]
) -> Iterator[Item | Stale]:
    """Yield the items of targets, in the formats among ``dtypes``; of all formats without it.

    Expected failures that name no check are items too, whatever the format.
    """
    for entry in declared:
        examination = desk.examination(entry)
        for check in examination.checks:
            if not dtypes or check.dtype in dtypes:
                yield Item(entry.name, examination, check, desk)
        yield from (Stale(entry.name, finding) for finding in entry.stale)


def speak_for(selected: Iterable[Item]) -> None:
    """Tell the items that were selected which of them need not repeat why nothing is judged."""
    chosen = list(selected)
    called = {
        (id(item.examination), item.check.dtype) for item in chosen if item.check.name == "call"
    }
    for item in chosen:
        item.spoken_for = (id(item.examination), item.check.dtype) in called


def declared_by(request: Request) -> list[Declared]:
    """Return what a decorator declares; an expectation that names no check is the first target's.

    Raises
    ------
    UsageError
        If a target or a level does not exist.
    """
    level = request.level or LEVEL
    expected = tuple(Expected(name, *words) for name, words in request.failures.items())
    found, known = [], []
    for name, target in zip(names(request.targets), request.targets, strict=True):
        _, family = definition(target, level)
        own = [(check, f"{name}-{check.id}") for check in checks(target, family)]
        known += own
        found.append(Declared(name, target, level, _narrowed(expected, own)))
    stale = tuple(
        unmatched_finding(entry, (check.id for check, _ in known))
        for entry in unmatched(expected, [check for check, _ in known])
        if entry.check not in (full for _, full in known)
    )
    return [replace(found[0], stale=stale), *found[1:]]


def header(declared: Sequence[Declared], dtypes: tuple[str, ...]) -> str:
    """One line: version of the reference, levels, and a digest of the points."""
    points = [
        definition(entry.target, entry.level)[1].points(dtype, entry.level)
        for entry in declared
        for dtype in entry.target.dtypes
        if not dtypes or dtype in dtypes
    ]
    digests = {some.digest for some in points}
    sets = dict.fromkeys(some.name for some in points)
    levels = dict.fromkeys(entry.level for entry in declared)
    nouns = "target" if len(declared) == 1 else "targets"
    digest = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:12]
    return (
        f"refloss: {version('refloss')}, {len(declared)} {nouns}, level {', '.join(levels)}, "
        f"points {', '.join(sets)} sha256 {digest}"
    )


def formats(text: str | None) -> tuple[str, ...]:
    """Read ``--refloss-dtype``; :class:`UsageError` names the formats that there are."""
    names = tuple(filter(None, (text or "").split(",")))
    for name in names:
        if name not in FORMATS:
            raise UsageError(
                f"--refloss-dtype: expected some of {', '.join(FORMATS)}; got {name!r}"
            )
    return names


def with_level(declared: Iterable[Declared], level: str | None) -> tuple[Declared, ...]:
    """Return the targets at another level, if one is given."""
    return tuple(replace(entry, level=level) if level else entry for entry in declared)


def _narrowed(
    expected: Iterable[Expected], own: Sequence[tuple[Check, str]]
) -> tuple[Expected, ...]:
    """Return the expectations for one target among several, without its name in front."""
    plain = {full: check.id for check, full in own}
    return tuple(
        replace(entry, check=plain[entry.check]) if entry.check in plain else entry
        for entry in expected
    )


def _verdict(outcome: Outcome) -> None:
    if outcome.status == FAIL:
        _fail([finding for finding in outcome.findings if not finding.known])
    if outcome.findings:
        reasons = dict.fromkeys(f"{f.code} {f.known} {f.link}".rstrip() for f in outcome.findings)
        pytest.xfail("; ".join(reasons))
        _fail(outcome.findings)  # under --runxfail, where xfail() does nothing
    if outcome.status in (NOT_RUN, INCONCLUSIVE):
        pytest.skip(outcome.text or "inconclusive: no tolerance tells right from wrong here")


def _fail(findings: Sequence[Finding]) -> NoReturn:
    pytest.fail(text_of(findings), pytrace=False)
