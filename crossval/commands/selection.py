"""What ``refloss certify`` judges: one target by reference or by name, or those of libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossval.adapters import libraries
from crossval.config import LEVEL, named
from crossval.engine import find
from crossval.expected import Expected
from crossval.findings import Finding
from crossval.target import Target, UsageError

__all__ = ["Selection", "of_libraries", "one"]

PROJECT = Path("pyproject.toml")
_JUDGED = ("wrt", "reduction")
"""Options that say what is judged, not how a target is found and called."""


@dataclass(frozen=True)
class Selection:
    """Targets to judge.

    Attributes
    ----------
    targets : tuple of Target
        In order.
    level : str
        Of the points, unless another one is asked for.
    expected : tuple of Expected
        Failures that are declared with the targets.
    stale : tuple of Finding
        Such declarations that name no check.
    """

    targets: tuple[Target, ...]
    level: str = LEVEL
    expected: tuple[Expected, ...] = ()
    stale: tuple[Finding, ...] = ()

    def changed(self, dtypes: str | None, level: str | None) -> Selection:
        """Return the selection in other formats, or at another level."""
        targets = self.targets
        if dtypes:
            targets = tuple(replace(each, dtypes=tuple(dtypes.split(","))) for each in targets)
        return replace(self, targets=targets, level=level or self.level)


def one(target: str, given: Mapping[str, Any]) -> Selection:
    """Return the target that a reference, or a name in this folder's project, stands for.

    Parameters
    ----------
    target : str
        ``MODULE:ATTR``, ``FILE.py:ATTR`` or a name.
    given : mapping
        What the options say of a reference; absent where they say nothing.

    Raises
    ------
    UsageError
        If there is no such target, or options contradict what a project declares.
    """
    if ":" in target:
        apart = ("declared", *_JUDGED)
        how = {name: value for name, value in given.items() if name not in apart}
        found = find(target, given.get("declared"), **how)
        judged = {name: given[name] for name in _JUDGED if name in given}
        return Selection((replace(found, **judged),))
    entry = named(target, PROJECT)
    refuse(given, f"TARGET by reference; {PROJECT} declares how {target} is judged")
    return Selection((entry.target,), entry.level, entry.expected, entry.stale)


def of_libraries(chosen: tuple[str, ...], given: Mapping[str, Any]) -> Selection:
    """Return all targets of libraries."""
    refuse(given, "TARGET; libraries declare their own")
    return Selection(tuple(target for name in chosen for target in libraries.targets(name)))


def refuse(given: Mapping[str, Any], needs: str) -> None:
    """Require that no option says how a target is judged; raises :class:`UsageError`."""
    options = {"declared": "--as", "axes": "--set"}
    if given:
        words = ", ".join(options.get(name, f"--{name}") for name in given)
        raise UsageError(f"{words} needs a {needs}")
