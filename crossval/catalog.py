"""The losses that can be certified, their axes and presets: the kernels' index as data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import Any

from crossval.elsewhere import whose
from crossval.target import UsageError


def losses() -> dict[str, dict[str, Any]]:
    """Return loss name to its entry in ``refloss/kernels/index.json``."""
    return _index()["losses"]


def programs() -> dict[str, dict[str, Any]]:
    """Return program name to its entry: constants with their meaning, LaTeX, sizes."""
    return _index()["programs"]


@lru_cache(maxsize=1)
def _index() -> dict[str, Any]:
    text = files("refloss").joinpath("kernels", "index.json").read_text(encoding="utf-8")
    return json.loads(text)


def spec_of(loss: str, preset: str | None, axes: Mapping[str, Any]) -> Any:
    """Resolve a declaration into a definition with all its constants.

    A number that is an input of the loss and an axis too, as the scale of a head, is a constant.

    Raises
    ------
    UsageError
        If the loss, the preset, an axis or a value does not exist; the message lists what does.
    """
    from refloss.losses import resolve

    if loss not in losses():
        raise UsageError(f"loss must be one of {', '.join(losses())}; got {loss!r}")
    for name in (name for name in axes if name not in losses()[loss]["axes"]):
        does = whose(name, axes[name], losses()[loss], _constants(loss))
        if does:
            listed = ", ".join(losses()[loss]["axes"])
            raise UsageError(f"{loss}: {name} is not among the axes {listed}: {does}")
    try:
        return _fixed(resolve(loss, preset, dict(axes)))
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(str(error)) from error


def _fixed(spec: Any) -> Any:
    """Return a definition with inputs that are single numbers among its constants."""
    both = [name for name in losses()[spec.loss]["inputs"] if name in spec.axes]
    fixed = {name: float(spec.axes[name]) for name in both}
    return replace(spec, constants={**spec.constants, **fixed}) if fixed else spec


def _constants(loss: str) -> dict[str, Any]:
    """Return the constants of all programs of a loss."""
    program = losses()[loss]["program"]
    named = [program] if isinstance(program, str) else program["values"].values()
    return {n: each for name in named for n, each in programs()[name]["constants"].items()}


def numeric_axes(loss: str) -> list[str]:
    """Axes whose value is a number, such as ``eps``."""
    return [name for name, axis in losses()[loss]["axes"].items() if not axis["values"]]


def neighbours(
    loss: str, preset: str | None, axes: Mapping[str, Any]
) -> Iterator[tuple[str, str, str | None, dict[str, Any]]]:
    """Definitions near a declaration, nearest first.

    Yields
    ------
    tuple
        Label, loss, preset and axes: every other value of one axis, then the values of two axes
        that say nothing alone, the loss's other presets, and the other losses of the family.
    """
    here = losses()[loss]
    for name, axis in here["axes"].items():
        for value in axis["values"] or _numbers(here, name):
            yield f"{name}={value}", loss, preset, {**axes, name: value}
    for (name, other), amounts in _TOGETHER.items():
        if name not in here["axes"] or other not in here["axes"]:
            continue
        for amount, value in product(amounts, here["axes"][other]["values"]):
            label = f"{name}={amount}, {other}={value}"
            yield label, loss, preset, {**axes, name: amount, other: value}
    for other in here["presets"]:
        yield f"{loss}/{other}", loss, other, {}
    for name, entry in losses().items():
        if name != loss and entry["family"] == here["family"]:
            yield from ((f"{name}/{other}", name, other, {}) for other in entry["presets"])


_USUAL = {
    "label_smoothing": (0.1, 0.2, 0.05, 0.01),
    "z_loss": (1e-4, 1e-3),
    "gamma": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
    "alpha": (0.25, 0.5, 0.75),
}
"""Amounts that training recipes use, where no preset names one."""


def usual(axis: str) -> tuple[float, ...]:
    """Return amounts of a numeric axis that training recipes use."""
    return _USUAL.get(axis, ())


_TOGETHER = {
    ("label_smoothing", "smoothing"): _USUAL["label_smoothing"],
    ("alpha", "alpha_side"): _USUAL["alpha"],
}


def _numbers(entry: dict[str, Any], axis: str) -> list[float]:
    """Values that the presets give to a numeric axis, and usual ones."""
    default = entry["axes"][axis]["default"]
    values = {preset["axes"].get(axis, default) for preset in entry["presets"].values()}
    return sorted({*values, *_USUAL.get(axis, ())})
