"""Targets declared in a project's ``pyproject.toml``, below ``[tool.refloss.targets]``.

Every mistake is one sentence with the table, the key, what was expected and what came.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossval.checks import checks
from crossval.codes import CODES
from crossval.engine import find
from crossval.examination import definition
from crossval.expected import Expected, unmatched, unmatched_finding
from crossval.findings import Finding
from crossval.oracles.formats import FORMATS
from crossval.points.boxes import ROWS
from crossval.target import ADAPTERS, REDUCTIONS, Target, UsageError

LEVEL = "standard"

_ROOT = "tool.refloss"
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Declared:
    """One table of targets.

    Attributes
    ----------
    name : str
        Of the table.
    target : Target
        What is judged.
    level : str
        Number of points.
    expected : tuple of Expected
        Failures that are expected.
    stale : tuple of Finding
        One for each expectation that names no check.
    """

    name: str
    target: Target
    level: str = LEVEL
    expected: tuple[Expected, ...] = ()
    stale: tuple[Finding, ...] = ()


def read(path: Path) -> tuple[Declared, ...]:
    """Read the targets of a ``pyproject.toml``.

    Raises
    ------
    UsageError
        If the file or the tables are missing, or anything in them cannot be understood.
    """
    if not path.exists():
        raise UsageError(f"{path.name}: expected in {path.parent}; there is no such file")
    table = _table_of(path)
    try:
        return tuple(_targets(table))
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from None


def named(name: str, path: Path) -> Declared:
    """Return the target that a ``pyproject.toml`` declares under a name.

    Raises
    ------
    UsageError
        Listing the names that there are; or if a table cannot be understood.
    """
    there = path.exists() and "targets" in _table_of(path)
    declared = {entry.name: entry for entry in read(path)} if there else {}
    if name in declared:
        return declared[name]
    names = f"one of {', '.join(declared)}" if declared else "none is there"
    raise UsageError(
        "TARGET must be MODULE:ATTR or FILE.py:ATTR, or a name of [tool.refloss.targets.NAME] in "
        f"{path} ({names}); got {name!r}"
    )


def _table_of(path: Path) -> Any:
    """Return the table of this package in a file that exists; empty without one."""
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name}: expected TOML; got {error}") from None
    return body.get("tool", {}).get("refloss", {})


def _targets(table: Any) -> list[Declared]:
    known = {"level": _level, "dtypes": _dtypes, "targets": _table}
    given = _read(table, _ROOT, known, required=())
    if not given.get("targets"):
        raise UsageError(f"[{_ROOT}.targets.NAME]: expected at least one such table; got none")
    defaults = {key: given[key] for key in ("level", "dtypes") if key in given}
    return [_declared(name, found, defaults) for name, found in given["targets"].items()]


def _declared(name: str, table: Any, defaults: Mapping[str, Any]) -> Declared:
    place = f"{_ROOT}.targets.{name}"
    if not _NAME.fullmatch(name):
        raise UsageError(f"[{place}]: expected a name of letters, digits, - . _; got {name!r}")
    given = {**defaults, **_read(table, place, _TARGET, required=("object",))}
    expected = tuple(
        Expected(**_read(entry, f"[[{place}.xfail]]", _XFAIL, required=("check", "reason")))
        for entry in given.get("xfail", [])
    )
    try:
        target = _target(given)
        level = given.get("level", LEVEL)
        _, family = definition(target, level)
        known = list(checks(target, family))
    except UsageError as error:
        raise UsageError(f"[{place}]: {error}") from None
    ids = [check.id for check in known]
    stale = tuple(unmatched_finding(entry, ids) for entry in unmatched(expected, known))
    return Declared(name, target, level, expected, stale)


def _target(given: Mapping[str, Any]) -> Target:
    how = {key: given[key] for key in ("call", "init", "bind", "adapter") if key in given}
    how |= {"axes": given["set"]} if "set" in given else {}
    try:
        found = find(given["object"], given.get("loss"), **how)
    except UsageError as error:
        if "loss" in given:
            raise
        raise UsageError(f"loss: expected LOSS or LOSS/PRESET; got nothing ({error})") from None
    return replace(
        found, **{key: given[key] for key in ("dtypes", "wrt", "reduction") if key in given}
    )


def _read(
    table: Any, place: str, known: Mapping[str, Callable[[Any], Any]], required: tuple[str, ...]
) -> dict[str, Any]:
    """Read a table whose keys are ``known``, each with the function that reads its value."""
    place = place if place.startswith("[") else f"[{place}]"
    if not isinstance(table, dict):
        raise UsageError(f"{place}: expected a table; got {table!r}")
    for key in table:
        if key not in known:
            raise UsageError(f"{place} {key}: expected one of {', '.join(known)}; got {key!r}")
    for key in required:
        if key not in table:
            raise UsageError(f"{place} {key}: expected a value; got nothing")
    found = {}
    for key, value in table.items():
        try:
            found[key] = known[key](value)
        except _Unexpected as error:
            raise UsageError(f"{place} {key}: expected {error}; got {value!r}") from None
    return found


class _Unexpected(Exception):
    """A value that is not what its message names."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Unexpected("a text")
    return value


def _one_of(*names: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise _Unexpected(f"one of {', '.join(names)}")
        return value

    return read


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unexpected("a table")
    return value


def _values(value: Any) -> dict[str, Any]:
    """Read a table of what JSON can hold: it travels to the target's process."""
    if not isinstance(value, dict) or not _is_plain(value):
        raise _Unexpected("a table of numbers, texts, booleans, lists and tables")
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(item) for item in value.values())
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return isinstance(value, (str, int, float, bool))


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _Unexpected("a table of texts")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise _Unexpected("a list of names")
    return tuple(value)


def _dtypes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(name in FORMATS for name in value):
        raise _Unexpected(f"a list of {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(value))


def _entries(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Unexpected("an array of tables with check and reason")
    return value


_level = _one_of(*ROWS)

_TARGET: dict[str, Callable[[Any], Any]] = {
    "object": _text,
    "loss": _text,
    "init": _values,
    "call": _text,
    "bind": _texts,
    "set": _values,
    "dtypes": _dtypes,
    "wrt": _names,
    "adapter": _one_of(*ADAPTERS),
    "reduction": _one_of(*REDUCTIONS),
    "level": _level,
    "xfail": _entries,
}
_XFAIL: dict[str, Callable[[Any], Any]] = {
    "check": _text,
    "reason": _text,
    "issue": _text,
    "code": _one_of(*CODES),
}
