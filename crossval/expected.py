"""Failures that a project expects of its own code: data with a reason, matched strictly.

A check that passes although its failure is expected fails (RL901); so does an expectation that
names no check (RL902), beside the checks that there are. One that names a code covers findings of
that code only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from crossval.findings import CODES, Finding
from crossval.outcome import PASS, Check, Outcome
from crossval.target import UsageError


@dataclass(frozen=True)
class Expected:
    """One expected failure.

    Attributes
    ----------
    check : str
        Glob over the names of checks: ``grad-pred-float32``, ``grad-*``.
    reason : str
        Why it fails.
    issue : str
        Where that is tracked.
    code : str
        The only code that is expected; any without it.
    """

    check: str
    reason: str
    issue: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise UsageError(f"an expected failure needs a reason; {self.check} has none")

    @property
    def words(self) -> str:
        """Reason and issue."""
        return f"{self.reason} ({self.issue})" if self.issue else self.reason


def of_check(expected: Iterable[Expected], check: Check) -> tuple[Expected, ...]:
    """Return the expectations that name a check."""
    return tuple(entry for entry in expected if check.matches(entry.check))


def unmatched(expected: Iterable[Expected], checks: Sequence[Check]) -> tuple[Expected, ...]:
    """Return the expectations that name no check, and so could never be contradicted."""
    return tuple(
        entry for entry in expected if not any(check.matches(entry.check) for check in checks)
    )


def unmatched_finding(entry: Expected, ids: Iterable[str]) -> Finding:
    """Return the finding that an expectation names none of the checks with these ids."""
    known = list(dict.fromkeys(ids))
    near = get_close_matches(entry.check, known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    words = f"xfail check: got {entry.check!r}{hint}; expected one of {', '.join(known)}"
    return Finding("RL902", entry.check, "", words, fix=CODES["RL902"].remedy)


def declare(outcome: Outcome, expected: Sequence[Expected]) -> Outcome:
    """Mark the findings that are expected as known; a failure that did not come is a finding.

    Parameters
    ----------
    outcome : Outcome
        Of a check.
    expected : sequence of Expected
        Those that name this check.
    """
    if outcome.status == PASS and expected:
        return outcome.with_findings((_unexpected_pass(outcome, expected[0]),))
    findings = []
    for finding in outcome.findings:
        entry = next((e for e in expected if e.code in ("", finding.code)), None)
        if entry is not None and not finding.known:
            finding = replace(finding, known=entry.reason, link=entry.issue)
        findings.append(finding)
    return outcome.with_findings(tuple(findings))


def _unexpected_pass(outcome: Outcome, entry: Expected) -> Finding:
    words = f"XPASS(strict): this check passes, though it is expected to fail: {entry.words}"
    return Finding("RL901", outcome.check, outcome.dtype, words, fix=CODES["RL901"].remedy)
