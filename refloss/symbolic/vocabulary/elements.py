"""Losses of single numbers: what every definition of one writes with."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from refloss.symbolic.build import Build
from refloss.symbolic.functions import Weighted
from refloss.symbolic.program import Axis, Tensor, axis

__all__ = ["ITEM", "Elements", "weighted_loss"]

ITEM = axis("b", "B")


@dataclass
class Elements:
    """Reads of everything named so far about an element, by name."""

    P: Build
    item: Axis = ITEM
    names: dict[str, Tensor] = field(default_factory=dict)

    def __getattr__(self, name: str) -> sp.Indexed:
        try:
            return self.names[name].here
        except KeyError as error:
            raise AttributeError(f"no quantity is named {name!r} yet") from error

    def real(self, *names: str) -> None:
        """Declare inputs."""
        for name in names:
            self.names[name] = self.P.real(name, self.item)

    def let(self, name: str, expr: sp.Expr, doc: str = "") -> sp.Indexed:
        """Name a quantity of the element."""
        self.names[name] = self.P.let(name, [self.item], expr, doc)
        return self.names[name].here

    def partials(self, name: str, forms: dict[sp.Indexed, sp.Expr]) -> None:
        """Give a quantity its accurate derivative forms."""
        self.P.partials(self.names[name], forms)


def weighted_loss(a: Elements, loss: sp.Expr) -> None:
    """Name ``loss``, `loss` times ``weight``: weight 0 removes an element, whatever it holds."""
    a.let("loss", Weighted(a.weight, loss))
