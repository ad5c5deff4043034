"""Names of rows of the pinned points: ``ciou/torchvision@1#417:float32``.

A set of points never changes under its version, so a name means the same numbers in every release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossval.target import Target, UsageError

if TYPE_CHECKING:
    from crossval.points.boxes import PointSet

LEVEL, DTYPE = "standard", "float32"
FORM = "LOSS[/PRESET]@VERSION[-LEVEL]#ROW[:DTYPE]"
_ID = re.compile(
    r"(?P<declared>[\w/.]+)@(?P<version>\d+)(?:-(?P<level>\w+))?#(?P<row>\d+)(?::(?P<dtype>\w+))?"
)


@dataclass(frozen=True)
class CaseId:
    """One row of a pinned set, under a definition.

    Attributes
    ----------
    declared : str
        ``LOSS`` or ``LOSS/PRESET``.
    version : str
        Version of the points.
    row : int
        Place in the set.
    level, dtype : str
        Which set: its size, and the format whose grid the rows lie on.
    """

    declared: str
    version: str
    row: int
    level: str = LEVEL
    dtype: str = DTYPE

    @classmethod
    def of(cls, target: Target, points: PointSet, level: str, row: int) -> CaseId:
        """Return the id of row ``row`` of ``points``, which may be part of the pinned set."""
        version = points.name.rpartition("@")[2]
        return cls(target.declared, version, int(points.numbers[row]), level, points.dtype)

    @classmethod
    def parse(cls, text: str) -> CaseId:
        """Read an id; raises :class:`UsageError` that shows the form."""
        match = _ID.fullmatch(text)
        if match is None:
            raise UsageError(f"CASE must be {FORM} or FILE.json#CASE; got {text!r}")
        level, dtype = match["level"] or LEVEL, match["dtype"] or DTYPE
        return cls(match["declared"], match["version"], int(match["row"]), level, dtype)

    def __str__(self) -> str:
        level = "" if self.level == LEVEL else f"-{self.level}"
        return f"{self.declared}@{self.version}{level}#{self.row}:{self.dtype}"
