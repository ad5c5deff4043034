"""Launching kernels on a device: a program's own, and those that add up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from refloss.run.device_arrays import DeviceArray, Home
from refloss.run.native.arguments import PARTS, Arguments
from refloss.run.native.driver import Driver
from refloss.run.native.launches import Shape, grid
from refloss.run.native.unit import CONSTANTS_LEAST, SAME, STORED, Unit, totals_text, unit_text

__all__ = ["DeviceKernel", "kept_parts", "ones_parts", "parts", "program_kernel", "quotient"]

BLOCK = Shape(256, 256)
"""Threads that share a part of a sum."""

PARTS_MOST = 1024
_TOTALS_KEPT = 64


class DeviceKernel:
    """A kernel on a device, with its arguments' places.

    Parameters
    ----------
    driver : Driver
    text, name : str
    shape : Shape
    arguments : Arguments
    """

    def __init__(
        self, driver: Driver, text: str, name: str, shape: Shape, arguments: Arguments
    ) -> None:
        self._driver, self._shape, self._arguments = driver, shape, arguments
        self._kernel = driver.kernel(text, name)
        self._room = driver.room(self._kernel, shape.block)

    def launch(
        self,
        home: Home,
        sizes: Sequence[int],
        arrays: Sequence[DeviceArray | float | None],
        numbers: Sequence[float] = (),
        *,
        ignore: int = -1,
        rows: Sequence[int] = (),
    ) -> None:
        """Launch once, on the current stream of the arrays' library.

        Parameters
        ----------
        home : Home
        sizes, arrays, numbers, ignore
            As `Arguments.pack` takes them.
        rows : sequence of int
            What the blocks are spread over, where that is not `sizes`.
        """
        blocks = grid(rows or sizes, self._shape, self._room)
        packed = self._arguments
        with packed.lock:  # the driver has copied them when the launch returns
            packed.pack(sizes, arrays, numbers, ignore)
            self._driver.launch(
                self._kernel, blocks, self._shape.block, packed.views, home.stream()
            )


def program_kernel(
    driver: Driver, unit: Unit, kernels: str, elementary: str, sizes: int, shape: Shape
) -> DeviceKernel:
    """Return one kernel of a program.

    Parameters
    ----------
    driver : Driver
    unit : Unit
    kernels, elementary : str
        The committed texts.
    sizes : int
        How many sizes it takes.
    shape : Shape
    """
    text = unit_text(unit, kernels, elementary, loops="device", before=shape.before)
    arrays = [(kind, held) for _, kind, held in (*unit.inputs, *unit.outputs)]
    numbers = max(len(unit.arguments), CONSTANTS_LEAST)
    return DeviceKernel(driver, text, unit.name, shape, Arguments(sizes, arrays, numbers))


def parts(home: Home, numbers: DeviceArray) -> DeviceArray | float:
    """Return the sum of numbers as its parts: one number each, and what its roundings lost."""
    items = len(numbers)
    if not items:
        return 0.0
    room = _parts_of(home, items)
    kernel = _total(home.driver, "total_numbers", (("numbers", "b", numbers.format),), 1)
    kernel.launch(home, [items], [numbers, room], rows=[len(room), 0])
    return room


def kept_parts(
    home: Home, classes: int, labels: DeviceArray, weight: DeviceArray | float, ignore: int
) -> DeviceArray | float:
    """Return the sum of the weights of the rows that are not to be ignored, as its parts."""
    items = len(labels)
    if not items:
        return 0.0
    room = _parts_of(home, items)
    kernel = _total(home.driver, "total_kept", (("weight", "c", _held(weight)),), 2)
    kernel.launch(
        home, [items, classes], [labels, weight, room], ignore=ignore, rows=[len(room), 0]
    )
    return room


def ones_parts(home: Home, relations: DeviceArray, *, once: bool) -> DeviceArray | float:
    """Return how many numbers of a matrix are 1, or how many rows have one, as parts of a sum."""
    items, columns = relations.shape
    if not items:
        return 0.0
    room = _parts_of(home, items)
    arrays = (("relations", "bc", relations.format), ("once", "b", SAME))
    kernel = _total(home.driver, "total_ones", arrays, 2)
    kernel.launch(home, [items, columns], [relations, float(once), room], rows=[len(room), 0])
    return room


def quotient(
    home: Home, top: DeviceArray | float, bottom: DeviceArray | float, empty: float, held: str
) -> DeviceArray:
    """Return a sum, or a number, over another; `empty` where that is 0.

    Parameters
    ----------
    home : Home
    top, bottom : DeviceArray or float
        Parts of a sum, an array of one number, or a number.
    empty : float
    held : str
        Format of the result, which has shape ``()``.
    """
    out = home.empty((), held)
    arrays = (("top", _kind(top), _held(top)), ("bottom", _kind(bottom), _held(bottom)))
    kernel = _total(home.driver, "quotient", (*arrays, ("out", "b", held)), 0)
    kernel.launch(home, [], [top, bottom, out, float(empty)], rows=[1, 0])
    return out


def _parts_of(home: Home, items: int) -> DeviceArray:
    count = min(PARTS_MOST, -(-items // BLOCK.block))
    return home.empty((count, 2), "float64")


def _kind(array: DeviceArray | float) -> str:
    return PARTS if isinstance(array, DeviceArray) and array.ndim == 2 else "b"


def _held(array: DeviceArray | float) -> str:
    return array.format if isinstance(array, DeviceArray) else SAME


@lru_cache(_TOTALS_KEPT)
def _total(
    driver: Driver, name: str, arrays: tuple[tuple[str, str, str], ...], sizes: int
) -> DeviceKernel:
    text = totals_text(name, {n: _type(kind, held) for n, kind, held in arrays}, BLOCK.before)
    taken = [(kind, held) for _, kind, held in arrays]
    if name == "quotient":
        packed = [*taken, ("b", SAME)]
    else:
        packed = [("label", "int64")] * (name == "total_kept") + [*taken, (PARTS, "float64")]
    return DeviceKernel(driver, text, name, BLOCK, Arguments(sizes, packed, 0))


def _type(kind: str, held: str) -> str:
    if held == SAME:
        return "Same"
    shape = "Matrix" if kind == "bc" else "Column"
    return "Parts" if kind == PARTS else f"{shape}<{STORED[held]}>"
