"""Findings that say the same of several checks and formats, folded into one with a list of places.

The certificate's data keeps every finding; a reader wants each fault once, and where it was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from crossval.codes import check_name
from crossval.findings import Finding

__all__ = ["Block", "Place", "folded", "short"]

_OFF = re.compile(r"^(?:.*: )?\S+ ulp; the budget is")
_FACTOR = re.compile(r"^(?:.*: )?got / reference = (\S+) at all points(.*)")
_DIVIDED = re.compile(r"; (this is .*|it divides by .*)$")

_ORDINARY = ("value", "grad", "special points", "class count", "coordinates")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Place:
    """A check in which a fault was seen, with the formats in which it looks alike.

    Attributes
    ----------
    check : str
        Its name.
    dtypes : tuple of str
        Formats.
    rows : str
        Rows affected, of those that were looked at, in the first of them; empty if unknown.
    places : tuple of str
        Regimes and named points, of all of them.
    """

    check: str
    dtypes: tuple[str, ...]
    rows: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One fault.

    Attributes
    ----------
    finding : Finding
        The one that speaks for all: with the plainest input.
    checks, dtypes : tuple of str
        Where it was found.
    seen : tuple of Place
        Check by check.
    """

    finding: Finding
    checks: tuple[str, ...]
    dtypes: tuple[str, ...]
    seen: tuple[Place, ...] = ()


def folded(findings: Iterable[Finding]) -> list[Block]:
    """Join findings with the same code, cause and declaration across checks and formats."""
    found: dict[Key, list[Finding]] = {}
    for finding in findings:
        found.setdefault(_key(finding), []).append(finding)
    return [_joined(group) for group in found.values()]


def _key(finding: Finding) -> Key:
    return finding.code, finding.cause or _essence(finding), finding.known


def _essence(finding: Finding) -> str:
    """Return what a message says beside the figures of its own rows."""
    message = finding.message
    if _OFF.match(message):
        # what is off as called is off for other classes too; under an option it is another fault
        return "off" if check_name(finding.check) in _ORDINARY else f"off: {finding.check}"
    if found := _FACTOR.match(message):
        factor, name = found.groups()
        return name or f"{float(factor):.2g} times"
    found = _DIVIDED.search(message)
    return found[1] if found else message


def _joined(group: list[Finding]) -> Block:
    told = [finding for finding in group if finding.case is not None]
    first = min(told, key=_length) if told else group[0]
    return Block(
        first,
        tuple(dict.fromkeys(finding.check for finding in group)),
        tuple(dict.fromkeys(finding.dtype for finding in group if finding.dtype)),
        tuple(_places(group)),
    )


def _places(group: list[Finding]) -> list[Place]:
    """Return a line for each check; findings of one check in several formats share it."""
    found: dict[str, Place] = {}
    for finding in group:
        rows = f"{finding.seen} of {finding.of}" if finding.seen else ""
        known = found.get(finding.check, Place(finding.check, (), rows, ()))
        found[finding.check] = replace(
            known,
            dtypes=tuple(dict.fromkeys((*known.dtypes, finding.dtype))),
            places=tuple(dict.fromkeys((*known.places, *finding.places))),
        )
    return [place for place in found.values() if place.rows]


def _length(finding: Finding) -> int:
    """Length of a case's decimals: of findings that say the same, the plainest input is shown."""
    case = finding.case
    assert case is not None
    return sum(len(short(x)) for numbers in case.inputs.values() for x in numbers["decimal"])


def short(number: str) -> str:
    """Shortest decimal of a number printed to 17 digits."""
    value = float(number)
    return repr(int(value)) if value.is_integer() and abs(value) < 1e6 else repr(value)
