"""Cases of a certificate: ``FILE.json#CASE``, by row, by code, or by the name of a check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from crossval.case_ids import CaseId
from crossval.reproduction.lines import sample_row, shown
from crossval.target import Target, UsageError


@dataclass(frozen=True)
class Recorded:
    """A case as a certificate holds it.

    Attributes
    ----------
    id : CaseId
        The row.
    target : Target
        What was judged.
    axes : dict
        Axis values, those that the case changed included.
    code, check, component : str
        Of the finding; without a code it is the worst number of a check.
    """

    id: CaseId
    target: Target
    axes: dict[str, Any]
    code: str
    check: str
    component: str

    @property
    def names(self) -> tuple[str, ...]:
        """What the case can be asked for by."""
        row = str(self.id).rpartition("#")[2]
        named = (row, row.partition(":")[0], str(self.id), self.check)
        return (*named, self.code) if self.code else named


def recorded(reference: str) -> Recorded:
    """Read ``FILE.json#CASE``; findings come before the worst numbers of checks that passed.

    Raises
    ------
    UsageError
        If there is no such file or case; the message lists the cases.
    """
    file, _, wanted = reference.partition("#")
    try:
        body = json.loads(Path(file).read_text(encoding="utf-8"))
        cases = list(_cases(body))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is no certificate: {type(error).__name__}: {error}") from error
    for case in cases:
        if wanted in case.names:
            return case
    names = dict.fromkeys(name for case in cases for name in (case.code, case.names[0]) if name)
    raise UsageError(f"CASE of {file} must be one of {', '.join(names) or 'none'}; got {wanted!r}")


def _cases(body: dict[str, Any]) -> Iterator[Recorded]:
    target = _target(body["target"])
    for check in body["checks"]:
        for finding in check["findings"]:
            if finding["case"] and finding["case"]["id"]:
                yield _recorded(target, finding["case"], finding["code"], finding["check"])
            elif shown(target, finding["check"]):
                row = sample_row(target, body["level"], finding["dtype"], finding["places"])
                case = {"id": str(row), "axes": {}, "component": ""}
                yield _recorded(target, case, finding["code"], finding["check"])
    for check in body["checks"]:
        if check["worst"] and check["worst"]["id"]:
            yield _recorded(target, check["worst"], "", check["check"])


def _recorded(target: Target, case: dict[str, Any], code: str, check: str) -> Recorded:
    axes = {**target.axes, **case["axes"]}
    return Recorded(CaseId.parse(case["id"]), target, axes, code, check, case["component"])


def _target(body: dict[str, Any]) -> Target:
    known = {field.name for field in fields(Target)}
    frozen: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in body.items() if k in known
    }
    return Target(**frozen)
