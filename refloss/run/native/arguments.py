"""The arguments of a kernel on a device, packed as its C++ structures lie in memory.

Every member of every structure is 8 bytes long: an address, a count, a stride or a double. So a
call's arguments are one list of such words, and a structure is a run of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from struct import Struct
from threading import Lock

import numpy as np

from refloss.run.device_arrays import DeviceArray
from refloss.run.native.unit import ABSENT, SAME

__all__ = ["PARTS", "Arguments", "words"]

PARTS = "parts"
"""Kind of an array of partial sums."""

_QUADS = ("4", "xywh", "cxcywh")
_ALIGNED = 16  # bytes that a device moves in one piece
_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
_WORDS = {**dict.fromkeys(_QUADS, "Qqqq"), "bc": "Qqq", "label": "Qqq"}


def words(kind: str, held: str) -> str:
    """Return the words of an array's structure, in `struct`'s letters."""
    if held in (SAME, ABSENT):
        return "d" if held == SAME else "Q"
    return _WORDS.get(kind, "Qq")


class Arguments:
    """One kernel's arguments: written in one stroke, read by the launch one by one.

    Parameters
    ----------
    sizes : int
        How many sizes come first.
    arrays : sequence of (str, str)
        Kind and format of every array.
    numbers : int
        How many doubles come last, in one structure.
    """

    def __init__(self, sizes: int, arrays: Sequence[tuple[str, str]], numbers: int) -> None:
        forms = [*"q" * sizes, *(words(*array) for array in arrays)]
        forms += ["d" * numbers] if numbers else []
        self._kinds = [kind for kind, _ in arrays]
        self._struct = Struct("=" + "".join(forms))
        self._memory = np.zeros(self._struct.size, np.uint8)
        edges = accumulate((8 * len(form) for form in forms), initial=0)
        self.views = tuple(self._memory[a:b].view(f"V{b - a}") for a, b in pairwise(edges))
        self.lock = Lock()

    def pack(
        self,
        sizes: Sequence[int],
        arrays: Sequence[DeviceArray | float | None],
        numbers: Sequence[float],
        ignore: int = -1,
    ) -> None:
        """Write the arguments of a call, with the lock held until it has been launched.

        Parameters
        ----------
        sizes : sequence of int
        arrays : sequence of DeviceArray, float or None
            A number for what is the same everywhere, None for what nobody wants.
        numbers : sequence of float
        ignore : int
            The label to ignore.
        """
        given = zip(self._kinds, arrays, strict=True)
        members = (word for kind, array in given for word in _members(kind, array, ignore))
        self._struct.pack_into(self._memory.data, 0, *sizes, *members, *numbers)


def _members(kind: str, array: DeviceArray | float | None, ignore: int) -> Iterator[int | float]:
    if not isinstance(array, DeviceArray):
        yield 0 if array is None else array
        return
    yield array.at
    if kind == PARTS:
        yield array.shape[0]
        return
    yield from array.strides or (0,)
    if kind == "label":
        yield ignore
    if kind in _QUADS:
        yield _whole(array)


def _whole(array: DeviceArray) -> bool:
    """Return whether rows of four lie together and aligned."""
    dense = array.strides == (4, 1) or (array.shape[0] <= 1 and array.strides[1] == 1)
    return dense and array.at % min(_ALIGNED, 4 * _BYTES[array.format]) == 0
