"""LaTeX: one aligned line a statement, in the words of the paper."""

import re

import pytest
import sympy as sp

from derivations import boxes
from refloss.symbolic.build import Build
from refloss.symbolic.functions import (
    AspectAngle,
    Gate,
    MaxOver,
    Power,
    Ratio,
    Relu,
    Step,
    Stop,
    TwoDiffError,
    TwoProdError,
    TwoSumError,
)
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Tensor, axis

b, c = axis("b", "B"), axis("c", "C")
u, v = Tensor("u", (b,))[b], Tensor("v", (b,))[b]
k = sp.Symbol("k", real=True)
PROGRAMS = {n: forms for d in boxes.DEFINITIONS for n, forms in d.programs.items()}


@pytest.mark.parametrize(
    ("expr", "latex"),
    [
        (Ratio(u, v, 0), r"\frac{u}{v}"),
        (Relu(u), r"\left(u\right)_+"),
        (Step(u, k), r"\left[u > 0\right]_{k}"),
        (Gate(u, k), r"\operatorname{gate}_{k}\left(u\right)"),
        (Stop(u), r"\operatorname{stop}\left(u\right)"),
        (AspectAngle(u, v, 0, 1), r"\arctan\frac{u}{v}"),
        (TwoSumError(u, v), r"\delta\left(u + v\right)"),
        (TwoDiffError(u, v), r"\delta\left(u - v\right)"),
        (TwoProdError(u, v), r"\delta\left(u \cdot v\right)"),
        (Power(u - v, k), r"\left(u - v\right)^{k}"),
        (u**2 * k, "k u^{2}"),
        (sp.sqrt(u), r"\sqrt{u}"),
    ],
    ids=str,
)
def test_formula(expr, latex):
    assert latex_text.formula(expr) == latex


def test_statements_and_reductions():
    P = Build("rows")
    x = P.real("x", b, c)
    scale = P.number("scale", 4 / sp.pi**2)
    peak = P.let("peak", [b], MaxOver(x[b, c], c))
    total = P.let("total", [b], sp.Sum(x[b, c] ** 2, c))
    P.let("loss", [b], scale * total[b] - Stop(peak[b]))
    block = latex_text.aligned(P.finish("loss"))
    first, *lines, last = block.splitlines()
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    assert lines[0].startswith(r"peak &= \max_{c} ")
    assert lines[1].startswith(r"total &= \sum_{c} ")
    assert r"\frac{4 total}{\pi^{2}}" in lines[2]
    assert "scale" not in block
    assert [line.endswith(r" \\") for line in lines] == [True, True, False]


@pytest.mark.parametrize("form", [0, 1], ids=["plain", "stable"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_boxes(name, form):
    """Every statement is a line, nothing is left of Python, braces and delimiters match."""
    program = PROGRAMS[name][form]
    block = latex_text.aligned(program)
    assert block.count("&=") == len(program.lets)
    assert block.count("{") == block.count("}")
    assert len(re.findall(r"\\left\b", block)) == len(re.findall(r"\\right\b", block))
    assert not re.search(r"Step|Relu|Ratio|Gate|Stop|Aspect|Error|\*|Piecewise", block)
