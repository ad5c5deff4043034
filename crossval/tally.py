"""What pytest's items found, gathered in the process that prints the summary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crossval.certificate import Certificate
from crossval.examination import Examination, Facts
from crossval.outcome import FAIL, INCONCLUSIVE, KNOWN, NOT_RUN, PASS, Outcome
from crossval.revival import revive
from crossval.target import Target

_WORDS = {PASS: "pass", KNOWN: "xfail", FAIL: "fail", INCONCLUSIVE: "inconclusive", NOT_RUN: "skip"}


@dataclass
class Tally:
    """Results by target.

    Attributes
    ----------
    name : str
        Of the target.
    target : Target
        What was judged.
    level : str
        Number of points.
    outcomes : list of Outcome
        Of the items that ran, in the order in which they came.
    facts : Facts
        As the last item reported them.
    """

    name: str
    target: Target
    level: str
    outcomes: list[Outcome] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)

    def certificate(self) -> Certificate:
        """Return the certificate; what was not selected is named as untested."""
        return Examination(self.target, self.level).certificate(self.outcomes, self.facts)

    def line(self) -> str:
        """One line: target, definition, grade, how many checks ended how, codes."""
        if self.facts.problem is not None:
            return f"{self.name}  {self.target.declared}  not run: {self.facts.problem.code}"
        statuses = [outcome.status for outcome in self.outcomes]
        counts = [f"{statuses.count(s)} {word}" for s, word in _WORDS.items() if s in statuses]
        grades = [o.grade for o in self.outcomes if o.grade in tuple("ABCF")]
        codes = dict.fromkeys(finding.code for o in self.outcomes for finding in o.findings)
        grade = max(grades, default="-")
        hygiene = {f.check for o in self.outcomes for f in o.findings if f.hygiene}
        words = [
            self.name,
            self.target.declared,
            f"grade {grade}",
            f"hygiene {len(hygiene)}" if hygiene else "",
            ", ".join(counts),
            " ".join(codes),
        ]
        return "  ".join(filter(None, words))


def gather(records: list[str]) -> list[Tally]:
    """Sort the records of items, as :attr:`crossval.items.Item.record` makes them, by target."""
    found: dict[str, Tally] = {}
    for record in map(json.loads, records):
        name, target = record["name"], revive(Target, record["target"])
        tally = found.setdefault(name, Tally(name, target, record["level"]))
        if record["outcome"] is not None:
            tally.outcomes.append(revive(Outcome, record["outcome"]))
        tally.facts = _joined(tally.facts, revive(Facts, record["facts"]))
    return list(found.values())


def write(tallies: list[Tally], folder: Path) -> Iterator[Path]:
    """Write a certificate for each target, named after it."""
    for tally in tallies:
        yield tally.certificate().write(folder / f"{tally.name}.json")


def _joined(before: Facts, after: Facts) -> Facts:
    return Facts(
        before.versions | after.versions,
        tuple(dict.fromkeys((*before.unexamined, *after.unexamined))),
        before.undecided | after.undecided,
        before.problem or after.problem,
        before.form if before.form.reduced else after.form,
        tuple(dict.fromkeys((*before.remarks, *after.remarks))),
    )
