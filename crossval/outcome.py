"""What a check returns, and the words that its results are reported in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from crossval.findings import Case, Finding

if TYPE_CHECKING:
    from crossval.session import Session

PASS, FAIL, KNOWN, INCONCLUSIVE, NOT_RUN = "pass", "fail", "known", "inconclusive", "not run"
NOT_SELECTED = "not selected"
BY_REDUCTION = "one number for a batch: judged by reduction"
"""Words of a check that says nothing of its own, where another one does."""


@dataclass(frozen=True)
class Outcome:
    """Result of one check in one format.

    Attributes
    ----------
    check, dtype : str
        What was checked.
    grade : str
        ``A``, ``B``, ``C`` or ``F``; ``H`` for hygiene, beside the numbers; ``ok`` for a check
        without degrees; empty if there is none.
    n : int
        Numbers (or rows) judged.
    findings : tuple of Finding
        Deviations.
    worst : Case, optional
        Input of the largest error among those that set the grade.
    ulp : dict of str to float
        ``p50``, ``p99.9`` and ``max`` of the error in ulp.
    condition : float
        Condition number of the worst number, relative to the truth.
    explained : float
        Share of the numbers beyond the ulp budget that their condition explains.
    vacuity : dict of str to float
        Share of the non-zero truths in whose place a wrong number would have passed.
    conclusive : int
        Numbers whose tolerance tells the truth from 0 and from its negative.
    text : str
        Result in words, where the columns above do not fit.
    notes : tuple of str
        Facts that are no deviations, such as a tie's convention.
    """

    check: str
    dtype: str
    grade: str = ""
    n: int = 0
    findings: tuple[Finding, ...] = ()
    worst: Case | None = None
    ulp: dict[str, float] = field(default_factory=dict)
    condition: float | None = None
    explained: float | None = None
    vacuity: dict[str, float] = field(default_factory=dict)
    conclusive: int = 0
    text: str = ""
    notes: tuple[str, ...] = ()
    ran: bool = True

    @property
    def status(self) -> str:
        """Pass, fail, known (declared deviations only), inconclusive, or not run."""
        if any(not finding.known for finding in self.findings):
            return FAIL
        if self.findings:
            return KNOWN
        if not self.ran:
            return NOT_RUN
        return INCONCLUSIVE if self.grade == "" else PASS

    def with_findings(self, findings: tuple[Finding, ...]) -> Outcome:
        """Return the same outcome with other findings."""
        return replace(self, findings=findings)


@dataclass(frozen=True)
class Check:
    """A check that has not run yet.

    Attributes
    ----------
    name, dtype : str
        What it looks at.
    run : callable
        ``run(session, dtype)`` gives the outcome.
    """

    name: str
    dtype: str
    run: Callable[[Session, str], Outcome]

    @property
    def id(self) -> str:
        """Name and format as one word: ``grad-pred-float32``."""
        return f"{re.sub(r'[^A-Za-z0-9_]+', '-', self.name).strip('-')}-{self.dtype}"

    def matches(self, glob: str) -> bool:
        """Whether a glob names this check, by its name or by its :attr:`id`."""
        literal = glob.replace("[", "(").replace("]", ")")
        name = self.name.replace("[", "(").replace("]", ")")
        return fnmatchcase(name, literal) or fnmatchcase(self.id, literal)
