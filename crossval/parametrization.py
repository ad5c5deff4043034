"""``@crossval.parametrize``: certification inside a project's own test file.

The decorator only marks the test; targets are resolved when pytest collects it, by the plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from crossval.target import Target, UsageError

Test = TypeVar("Test", bound=Callable[..., Any])
Reason = str | Sequence[str]


@dataclass(frozen=True)
class Request:
    """What a decorator asked for.

    Attributes
    ----------
    targets : tuple of Target
        What is judged.
    level : str or None
        Number of points.
    failures : dict of str to tuple of str
        Glob over the names of checks to reason and issue.
    """

    targets: tuple[Target, ...]
    level: str | None
    failures: Mapping[str, tuple[str, ...]]


def parametrize(
    *targets: Target,
    level: str | None = None,
    dtypes: Collection[str] | None = None,
    reduction: str | None = None,
    expected_failures: Mapping[str, Reason] | None = None,
) -> Callable[[Test], Test]:
    """Parametrize a test over the checks of targets.

    Parameters
    ----------
    *targets : Target
        What is judged; ``FILE.py:NAME`` is relative to the project's folder.
    level : {"smoke", "standard", "full"}, optional
        Number of points; ``--refloss-level`` overrides it.
    dtypes : collection of str, optional
        Formats under test; each target's own by default.
    reduction : {"none", "mean", "sum"}, optional
        What a batch is reduced to; each target's own, or what is measured, by default.
    expected_failures : mapping, optional
        Name of a check, such as ``"grad-pred-float32"``, or a glob, to the reason or to
        ``(reason, issue)``. A check that passes though its failure is expected fails; a name that
        matches no check is an error.

    Returns
    -------
    decorator
        For a test with an argument ``refloss_check``, to be called without arguments.

    Examples
    --------
    >>> import crossval
    >>> giou = crossval.Target("my_losses:giou", "giou", adapter="numpy")
    >>> @crossval.parametrize(giou, level="smoke", dtypes=["float32"])
    ... def test_giou(refloss_check):
    ...     refloss_check()
    """
    for target in targets:
        if not isinstance(target, Target):
            raise UsageError(f"parametrize takes Targets; got {type(target).__name__}")
    if not targets:
        raise UsageError("parametrize takes at least one Target; got none")
    if isinstance(dtypes, str):
        raise UsageError(f"dtypes: expected a list of names; got {dtypes!r}")
    if dtypes is not None:
        targets = tuple(replace(target, dtypes=tuple(dtypes)) for target in targets)
    if reduction is not None:
        targets = tuple(replace(target, reduction=reduction) for target in targets)
    failures = {name: _reason(name, given) for name, given in (expected_failures or {}).items()}
    return pytest.mark.refloss.with_args(Request(tuple(targets), level, failures))


def names(targets: Sequence[Target]) -> list[str]:
    """Names of targets in the ids of tests: their attribute, numbered where that repeats."""
    own = [target.reference.rpartition(":")[2].replace(".", "_") for target in targets]
    return [
        name if own.count(name) == 1 else f"{name}{own[:place].count(name) + 1}"
        for place, name in enumerate(own)
    ]


def _reason(name: str, given: Reason) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else tuple(given)
    texts = all(isinstance(word, str) for word in words)
    if len(words) not in (1, 2) or not texts or not words[0].strip():
        raise UsageError(
            f"expected_failures[{name!r}]: expected a reason or (reason, issue); got {given!r}"
        )
    return words
