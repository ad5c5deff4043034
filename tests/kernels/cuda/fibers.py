"""Kernels in the form in which a device runs them, run on the host, one fiber a thread.

The text is a device's but for what stands before it, `fibers.cuh`, and behind it: a function that
takes pointers to the kernel's arguments, as a driver does.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from refloss.run.native import compiler
from refloss.run.native.unit import CONSTANTS_LEAST, SAME, Unit, unit_text

from .memory import Held, Nowhere, Same

__all__ = ["FORWARD", "INDEX", "REVERSED", "SCHEDULES", "Fault", "Fibers", "texts", "unit_of"]

HERE = Path(__file__).parent
KERNELS = HERE.parents[2] / "refloss" / "kernels"
INDEX = {
    name: entry
    for name, entry in json.loads((KERNELS / "index.json").read_text("utf-8"))["programs"].items()
    if (KERNELS / "cuda" / f"{name}.cu").exists()
}
"""Programs that have a CUDA text: all but heads, whose products are those of an array library."""

FORWARD, REVERSED = 0, 1
SCHEDULES = (FORWARD, REVERSED, 2, 3, 5)
FLAGS = ("-O1", "-U_FORTIFY_SOURCE")  # fibers jump between stacks, which fortified jumps refuse


class Fault(RuntimeError):
    """Threads of a warp or of a block that wait for each other in vain."""


class Fibers:
    """One kernel, run on the host in the device's form.

    Parameters
    ----------
    unit : Unit
    block, group : int
        Threads of a block, and of a row; a group is a warp or a block.
    change : callable, optional
        Takes the text of the unit and returns another, to see a fault noticed.
    """

    def __init__(
        self, unit: Unit, block: int, group: int, change: Callable[[str], str] = lambda text: text
    ) -> None:
        before = f"#define BLOCK {block}\n#define GROUP {group}"
        text = change(unit_text(unit, *texts(unit.program), loops="device", before=before))
        header = (HERE / "fibers.cuh").read_text(encoding="utf-8")
        self.unit, self.block, self.group = unit, block, group
        self.text = f"{header}\n{text}\nLAUNCHED({unit.name})\n"

    def run(
        self,
        sizes: Sequence[int],
        arrays: Mapping[str, Held | float | None],
        constants: Mapping[str, float],
        *,
        blocks: int,
        schedule: int = FORWARD,
    ) -> None:
        """Launch the kernel once.

        Parameters
        ----------
        sizes : sequence of int
            Items, and classes where there are any.
        arrays : mapping of str to Held, float or None
            Inputs and outputs by name; a number for what is the same everywhere, None for what
            nobody wants.
        constants : mapping of str to float
            Those that are arguments, and any others.
        blocks : int
        schedule : int
            0 forward, 1 in reverse, others shuffled.

        Raises
        ------
        Fault
        """
        order = [(name, held) for name, _, held in (*self.unit.inputs, *self.unit.outputs)]
        values = [
            *map(ctypes.c_longlong, sizes),
            *(_argument(arrays[name], held) for name, held in order),
            self._constants(constants),
        ]
        pointers = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))
        fault = self._launch(blocks, self.block, schedule, pointers)
        if fault:
            raise Fault(f"{self.unit.name}: {fault.decode()}")

    @cached_property
    def _launch(self) -> Any:
        launch = getattr(compiler.load(self.text, FLAGS), f"launch_{self.unit.name}")
        launch.restype = ctypes.c_char_p
        launch.argtypes = [ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p]
        return launch

    def _constants(self, constants: Mapping[str, float]) -> ctypes.Array:
        values = [float(constants[name]) for name in self.unit.arguments]
        return (ctypes.c_double * max(len(values), CONSTANTS_LEAST))(*values)


def texts(program: str) -> tuple[str, str]:
    """Return the committed text of a program, and that of the elementary functions."""
    folder = KERNELS / "cuda"
    names = (f"{program}.cu", "elementary.cuh")
    kernels, elementary = ((folder / name).read_text(encoding="utf-8") for name in names)
    return kernels, elementary


def unit_of(
    program: str,
    function: str,
    real: str,
    *,
    stored: str | None = None,
    held: Mapping[str, str] | None = None,
    baked: Mapping[str, float] | None = None,
) -> Unit:
    """Return a unit whose arrays are all of one format, but for `held`, and labels.

    Constants are arguments unless they are `baked`.
    """
    entry, special = INDEX[program], held or {}
    arrays = entry["arrays"][function]

    def listed(which: str) -> tuple[tuple[str, str, str], ...]:
        kinds = dict(arrays[which])
        usual = {n: "int64" if kind == "label" else stored or real for n, kind in kinds.items()}
        formats = {name: special.get(name, held) for name, held in usual.items()}
        return tuple((name, kinds[name], formats[name]) for name in kinds)

    constants = tuple(
        (name, None if baked is None else float(baked[name])) for name in entry["constants"]
    )
    return Unit(program, function, real, listed("inputs"), listed("outputs"), constants)


def _argument(array: Held | float | None, held: str) -> ctypes.Structure:
    if array is None:
        return Nowhere(None)
    if isinstance(array, Held):
        return array.argument
    assert held == SAME
    return Same(array)
