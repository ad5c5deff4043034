"""Names of rows of the pinned points: ``ciou/torchvision@1#417:float32``.

A set of points never changes under its version, so a name means the same numbers in every release.
Axis values on top of the preset are part of it, ``cross_entropy/torch,targets=probabilities@1#3``:
one of them may choose the set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crossval.target import Target, UsageError

if TYPE_CHECKING:
    from crossval.points.boxes import PointSet

LEVEL, DTYPE = "standard", "float32"
FORM = "LOSS[/PRESET][,AXIS=VALUE...]@VERSION[-LEVEL]#ROW[:DTYPE]"
_ID = re.compile(
    r"(?P<declared>[\w/.]+)(?P<axes>(?:,\w+=[^,@#]+)*)@(?P<version>\d+)(?:-(?P<level>\w+))?#(?P<row>\d+)(?::(?P<dtype>\w+))?"
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
    axes : tuple of (str, value)
        Axis values on top of the preset.
    """

    declared: str
    version: str
    row: int
    level: str = LEVEL
    dtype: str = DTYPE
    axes: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, target: Target, points: PointSet, level: str, row: int) -> CaseId:
        """Return the id of row ``row`` of ``points``, which may be part of the pinned set."""
        version = points.name.rpartition("@")[2]
        number, axes = int(points.numbers[row]), tuple(target.axes.items())
        return cls(target.declared, version, number, level, points.dtype, axes)

    @classmethod
    def parse(cls, text: str) -> CaseId:
        """Read an id; raises :class:`UsageError` that shows the form."""
        match = _ID.fullmatch(text)
        if match is None:
            raise UsageError(f"CASE must be {FORM} or FILE.json#CASE; got {text!r}")
        level, dtype = match["level"] or LEVEL, match["dtype"] or DTYPE
        axes = tuple(_axes(match["axes"]))
        return cls(match["declared"], match["version"], int(match["row"]), level, dtype, axes)

    def under(self, axes: Mapping[str, Any]) -> CaseId:
        """Return the id of the same row with other axis values on top."""
        return replace(self, axes=tuple({**dict(self.axes), **axes}.items()))

    def __str__(self) -> str:
        level = "" if self.level == LEVEL else f"-{self.level}"
        axes = "".join(f",{name}={value}" for name, value in self.axes)
        return f"{self.declared}{axes}@{self.version}{level}#{self.row}:{self.dtype}"


def _axes(text: str) -> Iterator[tuple[str, Any]]:
    """Read ``,NAME=VALUE,...``: a Python literal if it is one, else the text itself."""
    for item in filter(None, text.split(",")):
        name, _, value = item.partition("=")
        try:
            yield name, ast.literal_eval(value)
        except (ValueError, SyntaxError):
            yield name, value
