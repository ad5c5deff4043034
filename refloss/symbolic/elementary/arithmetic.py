"""What the lines of a function may be: one set of operations, for printing and for proving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from flint import fmpq

Quantity = TypeVar("Quantity")


class Arithmetic(Protocol[Quantity]):
    """The operations; `lines.Lines` prints them, `bounds.Bounds` bounds what they round off."""

    def constant(self, value: fmpq | int) -> Quantity:
        """Return a number of the format."""
        ...

    def let(self, name: str, quantity: Quantity, why: str = "") -> Quantity:
        """Name a quantity, with a comment for the reader."""
        ...

    def neg(self, a: Quantity) -> Quantity:
        """Return ``-a``."""
        ...

    def mul(self, a: Quantity, b: Quantity) -> Quantity:
        """Return ``a*b``, rounded."""
        ...

    def mul_exactly(self, a: Quantity, b: Quantity) -> Quantity:
        """Return ``a*b`` where the significands are known to fit; the caller says why."""
        ...

    def add(self, a: Quantity, b: Quantity) -> Quantity:
        """Return ``a + b``, rounded."""
        ...

    def fma(self, a: Quantity, b: Quantity, c: Quantity) -> Quantity:
        """Return ``a*b + c``, rounded once."""
        ...

    def fast_two_sum(
        self, names: tuple[str, str], a: Quantity, b: Quantity
    ) -> tuple[Quantity, Quantity]:
        """Return ``a + b`` rounded, and exactly what that lost (Dekker).

        Both are exact numbers, and `a` is zero or the larger.
        """
        ...

    def fma_with_rest(
        self, names: tuple[str, str], a: Quantity, c: Quantity
    ) -> tuple[Quantity, Quantity]:
        """Return ``a*c + c`` rounded, and what that lost, computed as ``fma(a, c, c - rounded)``.

        Both are exact numbers. With ``|a| < 1/2`` the difference is exact (Sterbenz).
        """
        ...

    def one_less(
        self, names: tuple[str, str], a: Quantity, b: Quantity
    ) -> tuple[Quantity, Quantity]:
        """Return ``1 - a*b`` rounded, and what that lost, computed as ``fma(-a, b, 1 - rounded)``.

        Both are exact numbers. With ``0 <= a*b < 1/2`` the difference is exact (Sterbenz).
        """
        ...

    def horner(self, name: str, x: Quantity, coefficients: Sequence[fmpq]) -> Quantity:
        """Return a polynomial in `x` by Horner's scheme."""
        ...
