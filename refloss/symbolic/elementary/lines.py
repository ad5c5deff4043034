"""The lines of a compiled text, printed by the same calls that `bounds.Bounds` proves."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from refloss.symbolic.elementary.formats import Format

#: Column of the comments.
MARGIN = 64


class Lines:
    """The operations of the compiled texts, each returning the C expression that computes it."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.lines: list[str] = []

    def constant(self, value: fmpq | int) -> str:
        """Return the literal of a number."""
        return self.form.literal(fmpq(value))

    def word(self, bits: int) -> str:
        """Return the literal of a pattern of bits."""
        return self.form.word_literal(bits)

    def let(self, name: str, quantity: str, why: str = "") -> str:
        """Name a quantity."""
        self.line(f"const {self.form.name} {name} = {quantity};", why)
        return name

    def let_word(self, name: str, quantity: str, why: str = "") -> str:
        """Name a pattern of bits."""
        self.line(f"const {self.form.word} {name} = {quantity};", why)
        return name

    def let_bool(self, name: str, condition: str, why: str = "") -> str:
        """Name a condition."""
        self.line(f"const bool {name} = {condition};", why)
        return name

    def mul(self, a: str, b: str) -> str:
        """Return ``a*b``."""
        return f"{a}*{b}"

    mul_exactly = mul

    def neg(self, a: str) -> str:
        """Return ``-a``."""
        return f"-{a}"

    def add(self, a: str, b: str) -> str:
        """Return ``a + b``."""
        return f"{a} + {b}"

    def fma(self, a: str, b: str, c: str) -> str:
        """Return ``a*b + c`` rounded once."""
        return f"fma_({a}, {b}, {c})"

    def fast_two_sum(self, names: tuple[str, str], a: str, b: str) -> tuple[str, str]:
        """Name ``a + b`` rounded, and exactly what that lost (Dekker)."""
        whole = self.let(names[0], f"{a} + {b}")
        return whole, self.let(names[1], f"({a} - {whole}) + {b}", f"what {whole} lost, exactly")

    def fma_with_rest(self, names: tuple[str, str], a: str, c: str) -> tuple[str, str]:
        """Name ``a*c + c`` rounded, and what that lost."""
        whole = self.let(names[0], self.fma(a, c, c))
        rest = self.fma(a, c, f"{c} - {whole}")
        return whole, self.let(names[1], rest, f"what {whole} lost")

    def one_less(self, names: tuple[str, str], a: str, b: str) -> tuple[str, str]:
        """Name ``1 - a*b`` rounded, and what that lost."""
        one, less = self.constant(1), self.neg(a)
        whole = self.let(names[0], self.fma(less, b, one))
        rest = self.fma(less, b, f"{one} - {whole}")
        return whole, self.let(names[1], rest, f"what {whole} lost")

    def horner(self, name: str, x: str, coefficients: Sequence[fmpq]) -> str:
        """Name a polynomial in `x`, by Horner's scheme."""
        top = len(coefficients) - 1
        self.line(f"{self.form.name} {name} = {self.constant(coefficients[top])};", f"{x}^{top}")
        for j in range(top - 1, -1, -1):
            value = self.fma(name, x, self.constant(coefficients[j]))
            self.line(f"{name} = {value};", f"{x}^{j}" if j > 1 else x if j else "")
        return name

    def line(self, text: str, why: str = "") -> None:
        """Write a line, with a comment beside it."""
        self.lines.append(f"    {text:<{MARGIN}}  // {why}" if why else f"    {text}")
