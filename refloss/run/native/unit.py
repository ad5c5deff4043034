"""Compile units: a committed kernel text with everything that stands before it.

A unit fixes what the text leaves open: what is computed with, what each array holds, which
constants are numbers and which are arguments. Units with the same content are the same program, so
compiled ones are kept by content.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = [
    "ABSENT",
    "CONSTANTS_LEAST",
    "SAME",
    "STORED",
    "Unit",
    "cut",
    "guard_text",
    "totals_text",
    "unit_text",
]

HERE = Path(__file__).parent

STORED = {"float64": "double", "float32": "float", "float16": "half16", "bfloat16": "brain16"}
"""Formats by name, and the C++ types that hold them in memory."""

SAME, ABSENT = "same", "absent"
"""Formats of an input that is one number for all, and of an output that nobody wants."""

CONSTANTS_LEAST = 4
"""Length of the constants' array at least: from 32 bytes on all compilers pass it in memory."""

_MANY = 300
"""Quantities from which on a device's compiler keeps less in registers than there is room for."""
_CRAMPED = {("supcon_hvp", "float64"), ("ntxent_grad", "float64"), ("ntxent_all_hvp", "float64")}
"""Kernels in which it does so although they have few, as its record of registers tells."""

_KINDS = {
    "1": "Column<{}>",
    "4": "Quad<{}>",
    "xywh": "Sized<Quad<{}>>",
    "cxcywh": "Centred<Quad<{}>>",
    "b": "Column<{}>",
    "c": "Column<{}>",
    "bc": "Matrix<{}>",
}
_BITS = {"float64": 64, "float32": 32, "float16": 16, "bfloat16": 16}


@dataclass(frozen=True)
class Unit:
    """What a compile unit fixes.

    Attributes
    ----------
    program, function : str
        ``ciou``, ``grad``.
    real : {'float64', 'float32'}
        What is computed with.
    inputs, outputs : tuple of (str, str, str)
        In the order of the kernel's parameters: name, what it holds (as in the index, ``"4"``,
        ``"bc"``, ``"label"``, ..., or a layout of boxes, ``"xywh"``, ``"cxcywh"``), and its
        format: one of `STORED`, `SAME` or `ABSENT`.
    constants : tuple of (str, float or None)
        In the program's order; None for one that is an argument.
    """

    program: str
    function: str
    real: str
    inputs: tuple[tuple[str, str, str], ...]
    outputs: tuple[tuple[str, str, str], ...]
    constants: tuple[tuple[str, float | None], ...]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The constants that are arguments, in their order."""
        return tuple(name for name, value in self.constants if value is None)

    @property
    def name(self) -> str:
        """The kernel's name."""
        return f"{self.program}_{self.function}"

    @property
    def narrow(self) -> bool:
        """Whether all inputs are narrower than what is computed with."""
        formats = [held for _, _, held in self.inputs if held in STORED]
        return all(_BITS[held] < _BITS[self.real] for held in formats)


def unit_text(unit: Unit, kernels: str, elementary: str, loops: str, before: str = "") -> str:
    """Return the text of a compile unit.

    Parameters
    ----------
    unit : Unit
    kernels : str
        The committed text of the program.
    elementary : str
        The committed elementary functions.
    loops : {'host', 'device'}
        Which loops the text runs in.
    before : str
        What stands first: definitions of the loops' parameters.
    """
    kernel = cut(kernels, unit.name)
    parts = [
        before,
        f"typedef {STORED[unit.real]} real;",
        "#define NARROW" if unit.narrow else "",
        "#define LENGTHY" if _is_lengthy(unit, kernel) else "",
        *(_part(name) for name in ("scalars", "prelude", loops)),
        elementary,
        _constants(unit),
        _arrays(unit),
        kernel if loops == "device" else _inlined(kernel),
    ]
    return "\n".join(part for part in parts if part)


def _is_lengthy(unit: Unit, kernel: str) -> bool:
    """Whether a device's compiler needs telling that a kernel may take all registers."""
    return kernel.count("const real ") > _MANY or (unit.name, unit.real) in _CRAMPED


def _inlined(kernel: str) -> str:
    """Return a kernel of rows whose loops hold their bodies, however long: no call is a vector."""
    loop = r"(over_(?:rows|classes)\([^\[]*\[&\]\([^()]*\)) \{"
    return re.sub(loop, r"\1 __attribute__((always_inline)) {", kernel)


def guard_text(stored: str) -> str:
    """Return the text that counts unusual boxes, held as the C++ type `stored`."""
    real = stored if stored in ("double", "float") else "float"
    parts = map(_part, ("scalars", "prelude", "host"))
    return "\n".join([f"typedef {real} real;", *parts, f"#define HELD {stored}", _part("guard")])


def totals_text(kernel: str, arrays: Mapping[str, str], before: str) -> str:
    """Return the text of one of the kernels that add up on a device.

    Parameters
    ----------
    kernel : str
        One of those in ``totals.cuh``.
    arrays : mapping of str to str
        C++ type of every array of it.
    before : str
        What stands first: definitions of the loops' parameters.
    """
    types = [f"typedef {kind} array_{name};" for name, kind in arrays.items()]
    head = [before, "typedef double real;", *map(_part, ("scalars", "prelude", "device"))]
    return "\n".join([*head, "#define ARRAY(name) array_##name", _cut_totals(kernel, types)])


def _cut_totals(kernel: str, types: list[str]) -> str:
    """Return what the sums have in common, the types, and one kernel."""
    head, *rest = re.split(r"^(?=KERNEL )", _part("totals"), flags=re.MULTILINE)
    (text,) = (one for one in rest if one.startswith(f"KERNEL {kernel}("))
    return "\n".join([head, *types, text])


def cut(kernels: str, name: str) -> str:
    """Return one kernel of a committed text, with the numbers that stand above all of them.

    Raises
    ------
    KeyError
        If there is no such kernel.
    """
    head, *rest = re.split(r"^(?=KERNEL )", kernels, flags=re.MULTILINE)
    for kernel in rest:
        if kernel.startswith(f"KERNEL {name}("):
            numbers = "".join(re.findall(r"^NUMBER.*\n", head, flags=re.MULTILINE))
            return numbers + kernel
    raise KeyError(f"no kernel {name!r} in the text")


@cache
def _part(name: str) -> str:
    return (HERE / f"{name}.cuh").read_text(encoding="utf-8")


def _constants(unit: Unit) -> str:
    """Return the constants as macros: numbers, or members of the last argument."""
    free = unit.arguments
    lines = [
        f"struct Constants {{ double at[{max(len(free), CONSTANTS_LEAST)}]; }};",
        "#define CONSTANTS Constants constants",
    ]
    for name, value in unit.constants:
        text = f"constants.at[{free.index(name)}]" if value is None else _number(value)
        lines.append(f"#define {name} (real({text}))")
    return "\n".join(lines)


def _number(value: float) -> str:
    if math.isinf(value):
        return "INFINITE" if value > 0 else "-INFINITE"
    return value.hex()


def _arrays(unit: Unit) -> str:
    arrays = (*unit.inputs, *unit.outputs)
    types = [f"typedef {_type(kind, held)} array_{name};" for name, kind, held in arrays]
    return "\n".join([*types, "#define ARRAY(name) array_##name"])


def _type(kind: str, held: str) -> str:
    if held == SAME:
        return "Same"
    if held == ABSENT:
        return "Nowhere"
    return "Labels" if kind == "label" else _KINDS[kind].format(STORED[held])
