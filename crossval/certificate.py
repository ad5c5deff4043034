"""The certificate: everything that was measured, as data; written whole or not at all.

Two runs of the same code on the same versions write the same bytes: keys are sorted, there is no
time and no host name.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crossval.findings import Finding
from crossval.outcome import FAIL, INCONCLUSIVE, KNOWN, NOT_RUN, PASS, Outcome
from crossval.reduced import Form
from crossval.target import Target

SCHEMA = "refloss-certificate-1"
PASSED, FAILED, INTERRUPTED, INTERNAL, USAGE, NOTHING = range(6)
_GRADES = "ABCF"


@dataclass(frozen=True)
class Certificate:
    """Verdict on one target.

    Attributes
    ----------
    target : Target
        What was judged.
    spec : Spec or None
        The definition; None if the target was never run.
    outcomes : tuple of Outcome
        In the order of the checks.
    points : dict
        Version, level, and count and SHA-256 for each format.
    versions : dict of str to str
        Of everything that took part.
    not_tested : tuple of str
        What this certificate says nothing about.
    problem : Finding, optional
        Why nothing was run.
    level : str
        Number of points.
    form : Form
        What the target returns for a batch.
    """

    target: Target
    spec: Any
    outcomes: tuple[Outcome, ...]
    points: dict[str, Any]
    versions: dict[str, str]
    not_tested: tuple[str, ...]
    problem: Finding | None = None
    level: str = "standard"
    form: Form = field(default_factory=Form)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, those that kept the target from running included."""
        found = tuple(finding for outcome in self.outcomes for finding in outcome.findings)
        return found if self.problem is None else (self.problem, *found)

    @property
    def grade(self) -> str:
        """Worst grade of all checks, hygiene left out; ``-`` if nothing was graded."""
        grades = [o.grade for o in self.outcomes if o.grade in _GRADES and o.grade]
        return max(grades, key=_GRADES.index, default="-")

    @property
    def hygiene(self) -> dict[str, Any]:
        """Findings beside the numbers: codes, checks that have one, and those undeclared."""
        found = [finding for finding in self.findings if finding.hygiene]
        return {
            "findings": len({finding.check for finding in found}),
            "undeclared": len({finding.check for finding in found if not finding.known}),
            "codes": sorted({finding.code for finding in found}),
        }

    @property
    def exit_code(self) -> int:
        """0 pass (or declared deviations only), 1 failures, 4 not imported, 5 nothing judged."""
        if self.problem is not None:
            return USAGE
        statuses = {outcome.status for outcome in self.outcomes}
        if FAIL in statuses:
            return FAILED
        if statuses <= {NOT_RUN, INCONCLUSIVE}:
            return NOTHING
        return PASSED

    @property
    def counts(self) -> dict[str, int]:
        """Number of checks by status."""
        statuses = [outcome.status for outcome in self.outcomes]
        return {s: statuses.count(s) for s in (PASS, KNOWN, FAIL, INCONCLUSIVE, NOT_RUN)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: no NaN, no infinity, nothing that JSON lacks."""
        target = asdict(self.target)
        body = {
            "schema": SCHEMA,
            "target": target | {"declared": self.target.declared},
            "spec": None if self.spec is None else _spec(self.spec),
            "points": self.points,
            "level": self.level,
            "reduction": {"name": self.form.reduction, "declared": self.form.declared},
            "versions": self.versions,
            "platform": {
                "system": platform.system(),
                "machine": platform.machine(),
                "byteorder": sys.byteorder,
            },
            "grade": self.grade,
            "hygiene": self.hygiene,
            "counts": self.counts,
            "exit_code": self.exit_code,
            "checks": [asdict(outcome) | {"status": outcome.status} for outcome in self.outcomes],
            "problem": None if self.problem is None else asdict(self.problem),
            "not_tested": list(self.not_tested),
        }
        return plain(body)

    def to_json(self) -> str:
        """Return the certificate as JSON text, keys sorted."""
        return json.dumps(self.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n"

    def write(self, path: str | Path) -> Path:
        """Write the certificate atomically.

        Parameters
        ----------
        path : path
            A ``.json`` file; anything else is taken as a directory, made if absent, in which the
            file is named after target and definition.

        Returns
        -------
        Path
            The file.
        """
        path = Path(path)
        if path.suffix != ".json":
            path = path / f"{self.target.slug}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(self.to_json())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return path


def versions_of(*names: str) -> dict[str, str]:
    """Versions of distributions; those that are absent are left out."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _spec(spec: Any) -> dict[str, Any]:
    return {
        "loss": spec.loss,
        "program": spec.program,
        "axes": dict(spec.axes),
        "constants": {
            name: {"decimal": repr(float(value)), "hex": float(value).hex()}
            for name, value in spec.constants.items()
        },
    }


def plain(value: Any) -> Any:
    """Return data that strict JSON can hold: infinities and NaN become strings."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
