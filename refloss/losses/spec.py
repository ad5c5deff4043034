"""Which loss exactly: a name, a preset and axis values, resolved to a program and its constants.

A loss's conventions are named axes. An axis with listed values sets constants of the program or
chooses another program; an axis that is a number sets one constant, or, for ``eps``, the amount
that the axis ``placement`` distributes. A preset is a sourced bundle of axis values, and an axis
that is given beside it wins. All of it is data of the kernels' ``index.json``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import Any

from refloss.losses.batch_spec import BatchSpec, batch_of, function_constants
from refloss.losses.checks import choice, known_name
from refloss.losses.layouts import LAYOUTS
from refloss.losses.reductions import ELEMENT_REDUCTIONS
from refloss.run.derived import completed
from refloss.run.kernels import Library, library

__all__ = ["Spec", "resolve"]

_PLACES = ("eps_", "least_")

AxisValue = str | float | Mapping[str, float]


@dataclass(frozen=True)
class Spec:
    """A loss with every convention decided: plain data.

    Attributes
    ----------
    loss : str
        The loss's name.
    program : str
        The program that computes it.
    constants : dict of str to float
        Every run-time constant of the program.
    axes : dict
        The value of every axis, given or default.
    preset : str or None
        The preset that the axes started from.
    layout, reduction : str
        How boxes are written, and what is made of the losses.
    batch : BatchSpec or None
        What a mean is instead, where it is no sum over a number.
    """

    loss: str
    program: str
    constants: dict[str, float]
    axes: dict[str, AxisValue] = field(default_factory=dict)
    preset: str | None = None
    layout: str = "xyxy"
    reduction: str = "none"
    batch: BatchSpec | None = None


def resolve(
    loss: str,
    preset: str | None = None,
    axes: Mapping[str, AxisValue] | None = None,
    *,
    layout: str = "xyxy",
    reduction: str = "none",
    kernels: str | Path | None = None,
    **named: AxisValue,
) -> Spec:
    """Decide every convention of a loss.

    Parameters
    ----------
    loss : str
        For instance ``"ciou"``.
    preset : str, optional
        For instance ``"torchvision"``.
    axes : mapping, optional
        Axis values; they override the preset's. ``eps`` may be a mapping of constants to amounts,
        which places every amount by hand and leaves no other.
    layout, reduction : str
        Carried into the result.
    kernels : path, optional
        A directory of kernels of one's own.
    **named
        Axis values by keyword, equal to `axes`.

    Returns
    -------
    Spec

    Raises
    ------
    ValueError
        If a name or a value does not exist, with those that do; or an amount is below what its
        axis allows, 0 unless it says otherwise, or not finite.
    TypeError
        If an amount is not a number.

    Examples
    --------
    >>> resolve("ciou", "torchvision", alpha="attached").constants["attach"]
    1.0
    """
    given = {**(axes or {}), **named}
    words = repr((loss, preset, layout, reduction, given))
    spec = _answer(library(kernels), _Question(loss, preset, given, layout, reduction, words))
    return replace(spec, constants=dict(spec.constants), axes=dict(spec.axes))


@dataclass(frozen=True)
class _Question:
    """What `resolve` is asked, equal to a question in the same words: those tell 1 from True."""

    loss: str = field(compare=False)
    preset: str | None = field(compare=False)
    axes: Mapping[str, AxisValue] = field(compare=False)
    layout: str = field(compare=False)
    reduction: str = field(compare=False)
    words: str


@lru_cache(256)
def _answer(known: Library, asked: _Question) -> Spec:
    loss, preset = asked.loss, asked.preset
    entry = choice("loss", loss, known.index["losses"])
    choice("layout", asked.layout, LAYOUTS)
    choice("reduction", asked.reduction, ELEMENT_REDUCTIONS)
    start = {} if preset is None else choice(f"{loss}: preset", preset, entry["presets"])["axes"]
    given = {**start, **asked.axes}
    for name in given:
        known_name(f"{loss}: axis", name, entry["axes"])
    given = {name: _named(entry["axes"][name], value) for name, value in given.items()}
    values: dict[str, Any] = {name: axis["default"] for name, axis in entry["axes"].items()}
    values |= given
    program = _program(loss, entry, values)
    constants = {n: float(v) for n, v in known.index["programs"][program]["constants"].items()}
    settings = _settings(loss, entry["axes"], values)
    elsewhere = function_constants(entry, known.index["programs"])
    batch = batch_of(loss, entry, known.index["programs"], values, program, settings)
    for name, value in given.items():
        axis = entry["axes"][name]
        constant = axis.get("constant")
        needless = value == axis["default"] or (name not in asked.axes and constant in elsewhere)
        needless |= batch is not None and constant in batch.constants
        if constant and constant not in constants and not needless:
            raise ValueError(f"{loss}: {name}: {_needless(known, entry, values, program, name)}")
    if isinstance(values.get("eps"), Mapping):
        settings |= _by_hand(loss, program, values["eps"], constants)
    constants |= {name: value for name, value in settings.items() if name in constants}
    constants = completed(known.index["programs"][program], constants)
    return Spec(loss, program, constants, values, preset, asked.layout, asked.reduction, batch)


def _named(axis: Mapping[str, Any], value: AxisValue) -> AxisValue:
    """Return the value of an axis by its name, where a whole number was given that is one."""
    if isinstance(value, bool | str | Mapping) or not isinstance(value, Real):
        return value
    name = f"{float(value):g}"
    return name if name in axis["values"] else value


def _program(loss: str, entry: Mapping[str, Any], values: Mapping[str, AxisValue]) -> str:
    program = entry["program"]
    if isinstance(program, str):
        return program
    axis = program["axis"]
    return choice(f"{loss}: {axis}", values[axis], program["values"])


def _needless(
    known: Library,
    entry: Mapping[str, Any],
    values: Mapping[str, AxisValue],
    program: str,
    name: str,
) -> str:
    """Say that a program does not have the number that is given, and how to choose one that has."""
    chosen, constant = entry["program"], entry["axes"][name]["constant"]
    axis, programs = ("", {}) if isinstance(chosen, str) else (chosen["axis"], chosen["values"])
    having = [v for v, p in programs.items() if constant in known.index["programs"][p]["constants"]]
    if not having:
        return f"program {program!r} has none; leave it out"
    instead = " or ".join(f"{axis}={value!r}" for value in having)
    expected = f"expected none with {axis}={values[axis]!r}, got {values[name]!r}"
    return f"{expected}; leave it out or choose {instead}"


def _settings(
    loss: str, axes: Mapping[str, Any], values: Mapping[str, AxisValue]
) -> dict[str, float]:
    """Return the constants that axis values set."""
    eps = values.get("eps", 0.0)
    placed = 0.0 if isinstance(eps, Mapping) else _amount(f"{loss}: eps", eps)
    settings: dict[str, float] = {}
    for name, axis in axes.items():
        argument, value = f"{loss}: {name}", values[name]
        if axis.get("number") and not isinstance(value, str):
            _divisor(argument, value)
        elif axis["values"]:
            chosen = choice(argument, value, axis["values"])["set"]
            settings |= {k: placed if v == "eps" else float(v) for k, v in chosen.items()}
        elif "constant" in axis:
            bounds = axis.get("least", 0.0), axis.get("most", math.inf)
            settings[axis["constant"]] = _amount(argument, value, *bounds)
    return settings


def _by_hand(
    loss: str, program: str, eps: Mapping[str, float], defaults: Mapping[str, float]
) -> dict[str, float]:
    """Return amounts where an ``eps`` mapping puts them, defaults in every other place for one."""
    places = {name: value for name, value in defaults.items() if name.startswith(_PLACES)}
    for name in eps:
        known_name(f"{loss}: eps, constants of {program}", name, places)
    return places | {n: _amount(f"{loss}: eps[{n!r}]", value) for n, value in eps.items()}


def _divisor(argument: str, value: object) -> None:
    if not _amount(argument, value) > 0.0:
        raise ValueError(f"{argument}: expected a number > 0 or a name, got {value!r}")


def _amount(argument: str, value: object, least: float = 0.0, most: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument}: expected a number, got {value!r:.60}")
    amount = float(value)
    if not (least <= amount <= most and math.isfinite(amount)):
        bounds = f"number from {least:g} to {most:g}"
        bounds = f"finite number >= {least:g}" if math.isinf(most) else bounds
        raise ValueError(f"{argument}: expected a {bounds}, got {value!r}")
    return amount
