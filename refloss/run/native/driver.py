"""A CUDA device as kernels see it: what loads them there, and launches them.

This is all that touches the device; everything else is the same where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from refloss.run import cuda
from refloss.run.native.cubins import compiled

__all__ = ["Driver", "driver"]


class Driver:
    """One device, through CuPy.

    Parameters
    ----------
    index : int

    Raises
    ------
    DeviceError
        If the device cannot be used.
    """

    def __init__(self, index: int) -> None:
        self._cupy = cuda.cupy()
        self._device = self._cupy.cuda.Device(index)
        self._arch = self._device.compute_capability
        self._processors = self._device.attributes["MultiProcessorCount"]

    def kernel(self, text: str, name: str) -> Any:
        """Return a kernel of a text, compiled if it has not been before."""
        path = compiled(self._cupy.cuda.nvrtc, text, self._arch)
        with self._device:
            return self._cupy.RawModule(path=str(path)).get_function(name)

    def room(self, kernel: Any, block: int) -> int:
        """Return how many blocks of a kernel the device runs at a time."""
        with self._device:
            each = self._cupy.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor(
                kernel.kernel.ptr, block, 0
            )
        return self._processors * max(1, each)

    def launch(
        self, kernel: Any, grid: int, block: int, arguments: Sequence[Any], stream: int | None
    ) -> None:
        """Launch a kernel; nothing waits for it.

        Parameters
        ----------
        kernel
            What `kernel` returned.
        grid, block : int
            Blocks, and threads of a block.
        arguments : sequence of ndarray
            NumPy arrays of one element each, whose bytes are passed by value.
        stream : int or None
            A stream's handle; None for CuPy's current stream.
        """
        with self._device:
            where = None if stream is None else _Stream(stream)
            kernel((grid,), (block,), arguments, stream=where)


@dataclass(frozen=True)
class _Stream:
    """What CuPy reads of a stream."""

    ptr: int


@cache
def driver(index: int) -> Driver:
    """Return a device."""
    return Driver(index)
