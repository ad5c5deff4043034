"""What no target language changes: order of terms, parentheses, powers, quotients."""

import pytest
import sympy as sp

from refloss.symbolic.functions import Relu
from refloss.symbolic.printers.expressions import ExpressionText
from refloss.symbolic.program import Tensor, axis


class Text(ExpressionText):
    """The smallest target language: names as they are."""

    def number(self, value):
        return str(value)

    def read(self, read):
        return str(read.base)

    def call(self, function, args):
        return f"{function.__name__}({', '.join(map(self, args))})"

    def join(self, function, left, right):
        return f"{function.__name__}({left}, {right})"

    def select(self, condition, value, other):
        return f"[{self(condition)} ? {self(value)} : {other}]"


b = axis("b", "B")
iou, u, v, w, z = (Tensor(name, (b,))[b] for name in ("iou", "u", "v", "w", "z"))
eps, k = sp.Symbol("eps", real=True), sp.Symbol("k", real=True)
show = Text()


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (1 - iou + eps, "1 - iou + eps"),
        (eps + iou - 1, "iou - 1 + eps"),
        (u - v - w + z, "u + z - v - w"),
        (-u + v, "v - u"),
        (-u - v, "-u - v"),
        (eps - u, "-u + eps"),
        (eps - k, "eps - k"),
        (u * eps - v, "eps*u - v"),
        (2 * u + 3, "3 + 2*u"),
    ],
    ids=str,
)
def test_terms_are_positive_then_negative_then_index_free(expr, text):
    assert show(expr) == text


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (u * (v + w), "(v + w)*u"),
        ((u + v) * (w - z), "(w - z)*(u + v)"),
        (u / (v + w), "u/(v + w)"),
        (u / (v * w), "u/v/w"),
        ((u + v) / 2, "1/2*u + 1/2*v"),
        (u / 3, "u/3"),
        (2 * u / 3, "2*u/3"),
        (u / 4, "1/4*u"),
        (1 / u, "1/u"),
        (1 / (u + v), "1/(u + v)"),
        (-u * v, "-(u*v)"),
        (-u * (v + w), "-((v + w)*u)"),
        (-2 * u, "-(2*u)"),
        (-u / v, "-(u/v)"),
        (u * (-v - w), "(-v - w)*u"),
        ((-u) ** 3, "-(u*u*u)"),
        (u - (v - w), "u + w - v"),
        (u - v * w, "u - v*w"),
        (u - (v + w) * z, "u - (v + w)*z"),
        (sp.Rational(-3) * u + 1, "1 - 3*u"),
        (eps * (1 - u), "eps*(1 - u)"),
    ],
    ids=str,
)
def test_products_quotients_and_signs(expr, text):
    assert equivalent(show(expr), expr)
    assert show(expr) == text


def equivalent(text, expr):
    """Compare a text with its expression at numbers: parentheses are where they must be."""
    numbers = {"u": 3.0, "v": 5.0, "w": 7.0, "z": 11.0, "iou": 0.5, "eps": 0.25, "k": 2.0}
    at = {r: numbers[str(r.base)] for r in expr.atoms(sp.Indexed)}
    at |= {s: numbers[str(s)] for s in (eps, k)}
    return eval(text, {}, numbers) == pytest.approx(float(expr.subs(at)), rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (u**2, "u*u"),
        (u**4, "u*u*u*u"),
        ((u + v) ** 2, "(u + v)*(u + v)"),
        (u**-2, "1/(u*u)"),
        (v / u**2, "v/(u*u)"),
        (v**2 / u, "(v*v)/u"),
        (u**2 * v**2, "(u*u)*(v*v)"),
        (sp.sqrt(u), "sqrt(u)"),
        (1 / sp.sqrt(u), "1/sqrt(u)"),
        (v / sp.sqrt(u), "v/sqrt(u)"),
        (u**5, "Pow(u, 5)"),
        (u**eps, "Pow(u, eps)"),
    ],
    ids=str,
)
def test_powers(expr, text):
    assert show(expr) == text


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.Max(u, v), "Max(u, v)"),
        (sp.Min(w, v, u), "Min(Min(u, v), w)"),
        (sp.exp(u + v) * w, "w*exp(u + v)"),
        (Relu(-u), "Relu(-u)"),
        (sp.Piecewise((u, u < v), (w, True)), "[(u < v) ? u : w]"),
        (
            sp.Piecewise((u, u < 1), (v, u < 2), (w, True)),
            "[(u < 1) ? u : [(u < 2) ? v : w]]",
        ),
        (2 * sp.Piecewise((u, u >= v), (w, True)) + 1, "1 + 2*[(u >= v) ? u : w]"),
        (
            sp.Piecewise((u, sp.And(u < 1, v > 0)), (w, True)),
            "[((v > 0) & (u < 1)) ? u : w]",
        ),
        (sp.Piecewise((u, sp.Eq(u, v)), (w, True)), "[(u == v) ? u : w]"),
        (b + 1, "1 + b"),
    ],
    ids=str,
)
def test_calls_and_selections(expr, text):
    assert show(expr) == text


@pytest.mark.parametrize(
    ("part", "arguments"),
    [("number", 1), ("infinity", 0), ("read", 1), ("call", 2), ("select", 3), ("join", 3)],
)
def test_a_target_language_defines_the_rest(part, arguments):
    with pytest.raises(NotImplementedError):
        getattr(ExpressionText(), part)(*[None] * arguments)
