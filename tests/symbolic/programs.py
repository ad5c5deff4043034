"""Small programs that between them use every feature of the language."""

from __future__ import annotations

import sympy as sp

from refloss.symbolic.build import Build
from refloss.symbolic.functions import (
    ArgMaxOver,
    LogSumExpOver,
    MaxOver,
    NormOver,
    Ratio,
    Relu,
    Stop,
)
from refloss.symbolic.program import Program, axis

b, i, j = axis("b", "B"), axis("i", "B"), axis("j", "B")
c, d = axis("c", "C"), axis("d", "D")


def cross_entropy() -> Program:
    """Return a reduction of rows with a detached shift and a gather."""
    P = Build("cross_entropy")
    z, y = P.real("z", b, c), P.label("y", b)
    shift = P.let("shift", [b], MaxOver(z[b, c], c))
    total = P.let("total", [b], sp.Sum(sp.exp(z[b, c] - Stop(shift[b])), c))
    P.let("loss", [b], Stop(shift[b]) + sp.log(total[b]) - z[b, y[b]])
    return P.finish("loss")


def center() -> Program:
    """Return a gather of rows, whose adjoint is a scatter."""
    P = Build("center")
    x, w, y = P.real("x", b, d), P.real("w", c, d), P.label("y", b)
    P.let("loss", [b], sp.Sum((x[b, d] - w[y[b], d]) ** 2, d) / 2)
    return P.finish("loss")


def cosine_margin() -> Program:
    """Return a contraction of two matrices and a piecewise selection by label."""
    P = Build("cosine_margin")
    x, w, y = P.real("x", b, d), P.real("w", c, d), P.label("y", b)
    s, m = P.const("s"), P.const("m")
    q = P.let("q", [b, c], sp.Sum(x[b, d] * w[c, d], d))
    z = P.let("z", [b, c], sp.Piecewise((s * (q[b, c] - m), sp.Eq(c, y[b])), (s * q[b, c], True)))
    P.let("loss", [b], sp.log(sp.Sum(sp.exp(z[b, c]), c)) - z[b, y[b]])
    return P.finish("loss")


def hard_pairs() -> Program:
    """Return a hinge on pairs of rows of one tensor, with an argmax."""
    P = Build("hard_pairs")
    x, y = P.real("x", b, d), P.label("y", b)
    m = P.const("m")
    dist = P.let("dist", [i, j], sp.Sum((x[i, d] - x[j, d]) ** 2, d))
    pos = P.let(
        "pos", [i], ArgMaxOver(sp.Piecewise((dist[i, j], sp.Eq(y[i], y[j])), (-sp.oo, True)), j)
    )
    P.let("loss", [i], Relu(m - dist[i, pos[i]]))
    return P.finish("loss")


def lengths() -> Program:
    """Return norms and a log-sum-exp, reductions whose derivatives are given as forms."""
    P = Build("lengths")
    x, w = P.real("x", b, d), P.real("w", c, d)
    width = P.let("width", [c], NormOver(w[c, d], d))
    P.partials(width, {w[c, d]: Ratio(w[c, d], width[c], 0)})
    dot = P.let("dot", [b, c], sp.Sum(x[b, d] * w[c, d], d))
    z = P.let("z", [b, c], Ratio(dot[b, c], width[c], 0))
    lse = P.let("lse", [b], LogSumExpOver(z[b, c], c))
    share = P.let("share", [b, c], sp.exp(z[b, c] - lse[b]))
    P.partials(lse, {z[b, c]: share[b, c]})
    P.let("loss", [b], lse[b] ** 2)
    return P.finish("loss")


def pooled() -> Program:
    """Return a scalar: a sum over two axes, and a root whose derivative reads it again."""
    P = Build("pooled")
    x = P.real("x", b, c)
    total = P.let("total", [], sp.Sum(x[b, c] ** 2, b, c))
    P.let("loss", [], sp.sqrt(1 + total.here))
    return P.finish("loss")


CASES = {
    "cross_entropy": (cross_entropy, ("z",), {"B": 2, "C": 3}, {"y": {(0,): 2, (1,): 0}}, {}),
    "center": (
        center,
        ("x", "w"),
        {"B": 3, "C": 2, "D": 2},
        {"y": {(0,): 1, (1,): 1, (2,): 0}},
        {},
    ),
    "cosine_margin": (
        cosine_margin,
        ("x", "w"),
        {"B": 2, "C": 3, "D": 2},
        {"y": {(0,): 2, (1,): 0}},
        {"s": 4, "m": sp.Rational(1, 3)},
    ),
    "hard_pairs": (
        hard_pairs,
        ("x",),
        {"B": 3, "D": 2},
        {"y": {(0,): 0, (1,): 0, (2,): 1}},
        {"m": 9},
    ),
    "lengths": (lengths, ("x", "w"), {"B": 2, "C": 3, "D": 2}, {}, {}),
    "pooled": (pooled, ("x",), {"B": 2, "C": 3}, {}, {}),
}
