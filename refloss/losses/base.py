"""What every loss says of itself: its conventions, presets, definition and signature."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

from refloss.losses import checks
from refloss.losses.documents import describe, signature
from refloss.run.kernels import library

__all__ = ["Described", "Loss", "Problem"]


class Problem(Protocol):
    """One call with its arguments checked, on the CPU or on a device."""

    def value_room(self) -> Any:
        """Return where the loss goes."""

    def run(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Run one function of the program."""

    def finish(self, value: Any) -> Any:
        """Return what has been collected of a value, in the caller's library."""

    def gradients(self, upstream: Any, wrt: Any, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the gradient by input; the losses are stored beside it if there is room."""
        ...

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by input."""
        ...


class Described:
    """A class's docstring; that of an instance comes from the kernels' index."""

    def __init__(self, text: str | None):
        self.text = text

    def __get__(self, instance: Any, owner: type) -> str | None:
        return self.text if instance is None else describe(instance.entry)


class Loss:
    """A loss by name, and what the index of its kernels says of it.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    kind = "loss"

    def __init__(self, name: str, kernels: str | Path | None = None):
        self.name = self.__name__ = name
        self._kernels = kernels

    @property
    def axes(self) -> dict[str, Any]:
        """The conventions: axis to its default, its meaning and its sourced values."""
        return deepcopy(self.entry["axes"])

    @property
    def presets(self) -> dict[str, Any]:
        """Named bundles of axis values with their sources."""
        return deepcopy(self.entry["presets"])

    @property
    def definition(self) -> str:
        """The formula, what holds at kinks and singular points, and the source."""
        entry = self.entry
        singular = "\n".join(f"{s['where']}: {s['value']}" for s in entry["singular"])
        parts = (entry["formula"].strip(), entry["subgradients"], singular, entry["source"])
        return "\n\n".join(parts)

    @property
    def entry(self) -> dict[str, Any]:
        """What the index says of the loss; not to be written to."""
        return checks.choice("loss", self.name, library(self._kernels).index["losses"])

    def _require_axes(self, names: Iterable[str]) -> None:
        """Require that what is left of a call's keywords are axes; an argument may be meant."""
        entry = self.entry
        for name in names:
            if name not in entry["axes"]:
                arguments = signature(entry).parameters
                checks.known_name(f"{self.name}: axis", name, entry["axes"], also=arguments)

    @property
    def __signature__(self) -> inspect.Signature:
        return signature(self.entry)

    def __repr__(self) -> str:
        return f"<refloss {self.kind} {self.name}>"
