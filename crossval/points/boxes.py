"""The pinned points of the box losses, version ``boxes@1``: regimes, named edges, upstreams.

A set is immutable under its name: other rows are another version. Everything is rounded to the
grid of the format under test before anybody sees it, so that candidate, kernel and truth get the
same real numbers.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from crossval.bits import to_bits
from crossval.oracles.formats import Format, format_of
from crossval.points.edges import EDGE_CASES
from crossval.points.relations import Recipe

VERSION = "boxes@1"
ROWS = {"smoke": 8, "standard": 160, "full": 4000}
COLUMNS = ("px1", "py1", "px2", "py2", "tx1", "ty1", "tx2", "ty2")


@dataclass(frozen=True)
class PointSet:
    """Rows to be judged.

    Attributes
    ----------
    name : str
        Version of the set.
    dtype : str
        Format whose grid the rows lie on.
    columns : (n, 8) float64 array
        Prediction's corners, then target's.
    upstream : (n,) float64 array
        Non-uniform, of both signs, on the grid.
    places : (n,) array of str
        Regime or named edge of each row.
    special : (n,) bool array
        Rows that are named edges.
    numbers : (n,) int array
        Place of each row in the pinned set, which a case's id names.
    """

    name: str
    dtype: str
    columns: np.ndarray
    upstream: np.ndarray
    places: np.ndarray
    special: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """Arrays (n, 4) by input name."""
        return {"pred": self.columns[:, :4], "target": self.columns[:, 4:]}

    @property
    def digest(self) -> str:
        """SHA-256 of the bits of all rows and of their names."""
        number = format_of(self.dtype)
        state = hashlib.sha256(f"{self.name} {self.dtype}\n".encode())
        for array in (self.columns, self.upstream):
            words = to_bits(array, number)
            state.update(words.astype(words.dtype.newbyteorder("<")).tobytes())
        state.update("\n".join(self.places).encode())
        return state.hexdigest()

    def take(self, rows: np.ndarray) -> PointSet:
        """Return the rows at ``rows`` (indices or mask)."""
        return replace(
            self,
            columns=self.columns[rows],
            upstream=self.upstream[rows],
            places=self.places[rows],
            special=self.special[rows],
            numbers=self.numbers[rows],
        )


def recipes(number: Format, rows: int) -> dict[str, Recipe]:
    """Regimes of a format: name to recipe."""
    narrow = number.emax < 32
    huge, tiny = (9, -14) if narrow else (20, -33)  # coordinates of 1e8 and 1e-8 where they exist
    seeded = {
        "random": Recipe("random", number.name, rows),
        "near-identical": Recipe("identical", number.name, rows, steps=4),
        "apart by 1 ± 2^-j": Recipe("relative", number.name, rows),
        "touching": Recipe("touching", number.name, rows),
        "contained": Recipe("contained", number.name, rows),
        "disjoint": Recipe("disjoint", number.name, rows),
        "few steps at 1024": Recipe("few steps", number.name, rows),
        "equal aspect": Recipe("equal aspect", number.name, rows),
        "nearly equal aspect": Recipe("equal aspect", number.name, rows, steps=1),
        "elongated": Recipe("elongated", number.name, rows),
        "offset 1000": Recipe("random", number.name, rows, offset=1000.0),
        "huge": Recipe("random", number.name, rows, scale=huge),
        "huge, near-identical": Recipe("identical", number.name, rows, scale=huge, steps=4),
        "tiny": Recipe("random", number.name, rows, scale=tiny),
        "tiny, near-identical": Recipe("identical", number.name, rows, scale=tiny, steps=4),
    }
    return {
        name: replace(recipe, seed=zlib.crc32(f"{VERSION} {name}".encode()))
        for name, recipe in seeded.items()
    }


@lru_cache(maxsize=16)
def point_set(dtype: str, level: str = "standard") -> PointSet:
    """Return the pinned points.

    Parameters
    ----------
    dtype : {"float64", "float32", "float16", "bfloat16"}
        Format under test.
    level : {"smoke", "standard", "full"}
        Rows per regime; the named edges are always all there.

    Returns
    -------
    PointSet
        Regimes first, then the named edges.
    """
    number = format_of(dtype)
    made = {name: recipe.make() for name, recipe in recipes(number, ROWS[level]).items()}
    blocks = [np.concatenate(pair, axis=1) for pair in made.values()]
    edges = np.array([pred + target for pred, target in EDGE_CASES.values()])
    columns = np.concatenate([*blocks, edges])
    places = [name for name in made for _ in range(ROWS[level])] + list(EDGE_CASES)
    numbers = np.arange(len(columns))
    special = numbers >= len(columns) - len(edges)
    upstream = upstreams(len(columns), number)
    return PointSet(VERSION, dtype, columns, upstream, np.array(places), special, numbers)


def upstreams(count: int, number: Format, seed: int = 20) -> np.ndarray:
    """Upstream gradients of both signs with magnitudes in [1/4, 2), on the grid."""
    random = np.random.Generator(np.random.PCG64(seed))
    sign = 1 - 2.0 * random.integers(0, 2, size=count)
    return number.round(sign * (0.25 + 1.75 * random.random(count)))
