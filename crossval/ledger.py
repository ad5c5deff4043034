"""Known deviations of real libraries: data with a reason and a link, matched strictly.

A finding is covered if target, check, format, code and recognised cause match an entry: the same
symptom by another cause is undeclared. An entry that covers nothing in a run that could have met
it is reported as RL901.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from crossval.findings import Finding
from crossval.outcome import Outcome

KNOWN = Path(__file__).parent / "adapters" / "libraries" / "known.toml"


@dataclass(frozen=True)
class Entry:
    """One declared deviation.

    Attributes
    ----------
    target, check, code : str
        Globs. Square brackets in a check's name are literal.
    dtypes : tuple of str
        Globs of formats.
    pattern : str
        Recognised cause that the finding must have; empty for findings without one.
    reason, link : str
        Why it is so, and where that can be read.
    """

    target: str
    check: str
    code: str
    reason: str
    link: str
    dtypes: tuple[str, ...] = ("*",)
    pattern: str = ""

    def covers(self, target: str, finding: Finding) -> bool:
        """Whether this entry declares ``finding``."""
        check = finding.check.replace("[", "(").replace("]", ")")
        return (
            fnmatchcase(finding.code, self.code)
            and fnmatchcase(target, self.target)
            and fnmatchcase(check, self.check.replace("[", "(").replace("]", ")"))
            and any(fnmatchcase(finding.dtype, pattern) for pattern in self.dtypes)
            and finding.pattern == self.pattern
        )

    def describe(self) -> str:
        """One line that identifies the entry."""
        where = f"{self.target} {self.check} ({', '.join(self.dtypes)})"
        return f"{self.code} {where} {self.pattern}".rstrip()


def read(path: Path = KNOWN) -> tuple[Entry, ...]:
    """Read a ledger; a ``KeyError`` or ``TypeError`` names what an entry lacks or has too much."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["known"]
    return tuple(Entry(**{key: _frozen(value) for key, value in e.items()}) for e in entries)


def declare(
    target: str, outcomes: Iterable[Outcome], entries: Iterable[Entry]
) -> tuple[list[Outcome], set[Entry]]:
    """Mark the findings that entries cover.

    Returns
    -------
    tuple
        Outcomes with marked findings, and the entries that covered something.
    """
    entries, used = list(entries), set()
    marked = []
    for outcome in outcomes:
        findings = []
        for finding in outcome.findings:
            entry = next((e for e in entries if e.covers(target, finding)), None)
            if entry is not None:
                used.add(entry)
                finding = replace(finding, known=entry.reason, link=entry.link)
            findings.append(finding)
        marked.append(outcome.with_findings(tuple(findings)))
    return marked, used


def unused(
    targets: Iterable[tuple[str, tuple[str, ...]]], entries: Iterable[Entry], used: set[Entry]
) -> list[Entry]:
    """Entries that could have matched one of ``targets`` (name, formats) and covered nothing."""
    tested = list(targets)

    def could(entry: Entry) -> bool:
        return any(
            fnmatchcase(name, entry.target)
            and any(fnmatchcase(dtype, pattern) for dtype in dtypes for pattern in entry.dtypes)
            for name, dtypes in tested
        )

    return [entry for entry in entries if entry not in used and could(entry)]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
