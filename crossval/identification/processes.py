"""One process of a target for several families, where the target is called in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crossval.families import Family
from crossval.runner import Runner
from crossval.target import Target

__all__ = ["Renamed", "shared"]

_LISTS = ("changed", "absent")  # what a reply lists by name of input


@dataclass(frozen=True)
class Renamed:
    """A process that was started for another family, whose inputs go by other names."""

    process: Runner
    inputs: tuple[str, ...]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.process, name)

    def call(
        self, request: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Send a request under the names that the process knows."""
        there = dict(zip(self.inputs, self.process.family.inputs, strict=True))
        back = {f"grad.{known}": f"grad.{name}" for name, known in there.items()}
        back |= {known: name for name, known in there.items()}
        asked = {
            **request,
            "gradients": [there[name] for name in request["gradients"]],
            "apart": {there[name]: shape for name, shape in request["apart"].items()},
        }
        reply, found = self.process.call(asked, {there.get(n, n): a for n, a in arrays.items()})
        named = {back.get(name, name): format_ for name, format_ in reply["formats"].items()}
        lists = {key: [back.get(name, name) for name in reply[key]] for key in _LISTS}
        return {**reply, **lists, "formats": named}, {back.get(n, n): a for n, a in found.items()}


def shared(target: Target, process: Runner, other: Family) -> bool:
    """Whether a process for one family can be asked for another: by position, or the same names.

    What a target holds was looked for by the shape that it has in the first family.
    """
    one = process.family
    if process.holds and [*one.wholes.values()] != [*other.wholes.values()]:
        return False
    by_position = target.call is None and not target.bind
    alike = tuple(one.inputs) == tuple(other.inputs)
    return alike or (by_position and len(one.inputs) == len(other.inputs))
