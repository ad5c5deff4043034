"""What a mean is instead, where it is no sum over a number: a function of sums over the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BatchSpec", "batch_of", "function_constants"]


@dataclass(frozen=True)
class BatchSpec:
    """A function of sums, with every convention decided: plain data.

    Attributes
    ----------
    axis, value : str
        The convention that asks for it.
    function : str
        Program of a single number whose inputs are the sums.
    constants : dict of str to float
        Its constants.
    inside : dict of str to float
        Constants of the losses that are added up, where they are others.
    beside : str
        Program whose results make the second sum; empty where there is one sum.
    beside_constants : dict of str to float
        Its constants.
    averaged : bool
        Whether sums are divided by the denominator before the function sees them.
    over : str
        Denominator that divides the function's result; empty for none.
    split : str
        Input of ones and zeros by which the losses are added up apart; empty for one sum.
    counted : bool
        Whether behind every sum goes the number of its terms above 0.
    """

    axis: str
    value: str
    function: str
    constants: dict[str, float] = field(default_factory=dict)
    inside: dict[str, float] = field(default_factory=dict)
    beside: str = ""
    beside_constants: dict[str, float] = field(default_factory=dict)
    averaged: bool = False
    over: str = ""
    split: str = ""
    counted: bool = False

    def divisors(self, sums: Sequence[float]) -> list[float]:
        """Return what the function divides by, of its sums."""
        if self.counted:
            return list(sums[1::2])
        return [max(sums[1], self.constants["least"])] if len(sums) > 1 else []


def batch_of(
    loss: str,
    entry: Mapping[str, Any],
    programs: Mapping[str, Any],
    values: Mapping[str, Any],
    program: str,
    settings: Mapping[str, float],
) -> BatchSpec | None:
    """Return what the values of a loss's axes make of a batch; None for a mean.

    Parameters
    ----------
    loss : str
        Its name, for errors.
    entry, programs : mapping
        What the index says of the loss, and of all programs.
    values : mapping
        The value of every axis.
    program : str
        What computes the losses.
    settings : mapping of str to float
        Constants that the values set.

    Raises
    ------
    ValueError
        If the value does not go with the program, or with that of another axis.
    """
    for axis, value in values.items():
        said = entry["axes"][axis]["values"].get(value, {}) if isinstance(value, str) else {}
        if "batch" in said:
            about = said["batch"]
            _fits(loss, entry["axes"], values, axis, program)
            beside = about["beside"].get(program, "")
            return BatchSpec(
                axis,
                value,
                about["function"],
                _constants(programs[about["function"]], settings),
                dict(about["inside"]),
                beside,
                _constants(programs[beside], settings) if beside else {},
                about["averaged"],
                about["over"],
                about["split"],
                about["counted"],
            )
    return None


def function_constants(entry: Mapping[str, Any], programs: Mapping[str, Any]) -> set[str]:
    """Return the constants of all functions of sums that a loss has."""
    values = (value for axis in entry["axes"].values() for value in axis["values"].values())
    named = {value["batch"]["function"] for value in values if "batch" in value}
    return {constant for name in named for constant in programs[name]["constants"]}


def _constants(about: Mapping[str, Any], settings: Mapping[str, float]) -> dict[str, float]:
    return {name: settings.get(name, float(at)) for name, at in about["constants"].items()}


def _fits(
    loss: str, axes: Mapping[str, Any], values: Mapping[str, Any], axis: str, program: str
) -> None:
    value = values[axis]
    about = axes[axis]["values"][value]["batch"]
    if about["beside"] and program not in about["beside"]:
        raise ValueError(
            f"{loss}: {axis}: expected another value than {value!r}, for program {program!r} has "
            f"no modulators of its own; {', '.join(map(repr, about['beside']))} have"
        )
    for other in about["without"]:
        if values[other] != axes[other]["default"]:
            raise ValueError(
                f"{loss}: {other}: expected {axes[other]['default']!r} with {axis}={value!r}, got "
                f"{values[other]!r}"
            )
