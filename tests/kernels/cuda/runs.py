"""Launches of kernels on the host: whole arrays in, whole arrays out, in any layout of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from refloss.run.derived import narrowed
from refloss.run.native.unit import ABSENT, SAME, Unit

from .fibers import FORWARD, INDEX, Fibers
from .memory import QUADS, Held

__all__ = [
    "BOXES",
    "ELEMENTS",
    "FUNCTIONS",
    "ITEMS",
    "REALS",
    "ROWS",
    "constants_in",
    "defaults",
    "fibers",
    "launch",
    "same_bits",
]

REALS = ("float32", "float64")
FUNCTIONS = ("value", "grad", "hvp")
ROWS = tuple(name for name, entry in INDEX.items() if "shapes" in entry)
ITEMS = tuple(name for name in INDEX if name not in ROWS)
BOXES = tuple(
    name for name in ITEMS if "4" in dict(INDEX[name]["arrays"]["value"]["inputs"]).values()
)
ELEMENTS = tuple(name for name in ITEMS if name not in BOXES)
AXES = {
    "1": (0,),
    **dict.fromkeys(QUADS, (0, None)),
    "b": (0,),
    "c": (1,),
    "bc": (0, 1),
    "label": (0,),
}


def defaults(program: str, real: str = "float64") -> dict[str, float]:
    """Return the default constants of a program that computes in `real`."""
    constants = {name: float(value) for name, value in INDEX[program]["constants"].items()}
    return narrowed(INDEX[program], constants) if real == "float32" else constants


def constants_in(unit: Unit, constants: Mapping[str, float]) -> Mapping[str, float]:
    """Return constants as a unit is given them: two floats are two of what it computes in."""
    if unit.real == "float64" or not unit.arguments:
        return constants
    return narrowed(INDEX[unit.program], constants)


@cache
def fibers(unit: Unit, block: int, group: int) -> Fibers:
    """Return a kernel, compiled when it is first run."""
    return Fibers(unit, block, group)


def launch(
    unit: Unit,
    sizes: Sequence[int],
    inputs: Mapping[str, np.ndarray | float],
    constants: Mapping[str, float],
    *,
    block: int = 128,
    group: int = 32,
    blocks: int = 3,
    schedule: int = FORWARD,
    layout: str = "whole",
    ignore: int = -1,
    kernel: Fibers | None = None,
) -> dict[str, np.ndarray]:
    """Return the outputs of one launch.

    All arrays have the layout, in the formats of the unit. Inputs are seen to be left as they were,
    outputs to be written in full, and nothing else.
    """
    run, constants = kernel or fibers(unit, block, group), constants_in(unit, constants)
    given = {
        name: inputs[name] if held == SAME else _held(inputs[name], kind, held, layout, ignore)
        for name, kind, held in unit.inputs
    }
    before = {n: held.bytes() for n, held in given.items() if isinstance(held, Held)}
    taken = {
        name: None if held == ABSENT else Held(kind, _shape(kind, sizes), _dtype(held), layout)
        for name, kind, held in unit.outputs
    }
    run.run(sizes, {**given, **taken}, constants, blocks=blocks, schedule=schedule)
    for name, bytes_before in before.items():
        assert (given[name].bytes() == bytes_before).all(), f"{name} was written"
    return {name: held.result() for name, held in taken.items() if held is not None}


def same_bits(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> bool:
    """Say whether all arrays are the same, bit for bit."""
    return a.keys() == b.keys() and all(a[n].tobytes() == b[n].tobytes() for n in a)


def _held(array, kind: str, held: str, layout: str, ignore: int) -> Held:
    return Held.of(np.asarray(array).astype(_dtype(held)), kind, layout, ignore)


def _dtype(held: str) -> np.dtype:
    return np.dtype(np.int64) if held == "int64" else dtype_of(format_of(held))


def _shape(kind: str, sizes: Sequence[int]) -> tuple[int, ...]:
    return tuple(4 if axis is None else sizes[axis] for axis in AXES[kind])
