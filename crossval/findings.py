"""Findings are data: a code, the place, what came, what was expected, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossval.codes import CODES, HYGIENE

__all__ = ["CODES", "Case", "Finding"]


@dataclass(frozen=True)
class Case:
    """One input row with what came and what was expected, in decimal and in bits.

    Attributes
    ----------
    where : str
        Regime or name of the point.
    inputs : dict of str to dict
        Input name to ``{"decimal": [...], "bits": [...]}``.
    got, reference : str
        Decimal results (reference to 17 digits).
    got_bits : str
        Bits of the result in the format it came in.
    reference_hi_lo : tuple of str
        Truth as an unevaluated sum of two float64 in hexadecimal.
    ulp : float
        Error in units in the last place; infinite for a non-finite result.
    component, upstream : str
        For a gradient: the column differentiated by, and the row's upstream gradient.
    id : str
        From which ``refloss repro`` makes the row again, see :mod:`crossval.case_ids`.
    axes : dict
        Axis values that were changed for this case, on top of the target's declaration.
    """

    where: str
    inputs: dict[str, dict[str, list[str]]]
    got: str
    reference: str
    got_bits: str = ""
    reference_hi_lo: tuple[str, ...] = ()
    ulp: float = 0.0
    component: str = ""
    upstream: str = ""
    id: str = ""
    axes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """A deviation, complete enough to be understood without the run that found it.

    Attributes
    ----------
    code : str
        Key of :data:`CODES`.
    check, dtype : str
        Where it was found.
    message : str
        One sentence; the title of the code is not repeated.
    case : Case, optional
        Worst input.
    cause, fix : str
        Likely cause, where one is recognised, and what to do.
    pattern : str
        Name of the recognised cause, see :mod:`crossval.checks.causes`.
    seen, of : int
        Rows affected and rows looked at.
    places : tuple of str
        Regimes and named points where it occurs.
    repro : str
        The command that shows it again: a script for its row, or its check alone.
    known, link : str
        Reason and source of the declared deviation that covers it; empty if undeclared.
    """

    code: str
    check: str
    dtype: str
    message: str
    case: Case | None = None
    cause: str = ""
    fix: str = ""
    pattern: str = ""
    seen: int = 0
    of: int = 0
    places: tuple[str, ...] = ()
    repro: str = ""
    known: str = ""
    link: str = ""

    @property
    def hygiene(self) -> bool:
        """Whether it is about what a target accepts or passes on, and not about its numbers."""
        return self.code in HYGIENE
