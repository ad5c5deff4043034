"""Weights that remove: derivatives are masked by items, and nothing else is."""

import sympy as sp

from refloss.symbolic import calculus
from refloss.symbolic.build import Build
from refloss.symbolic.program import axis
from refloss.symbolic.removal import masked
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

ITEM, OTHER = axis("b", "B"), axis("c", "C")


def squares():
    P = Build("squares", "plain", "x^2 times a weight")
    a = Elements(P)
    a.real("x", "weight")
    weighted_loss(a, a.x**2)
    return P.finish("loss")


def test_derivatives_are_0_where_the_weight_is():
    program = squares().with_outputs("loss")
    gradient = masked(calculus.grad(program, "loss", ["x"]), ["x_bar"])
    last = gradient.lets[-1]
    unmasked = gradient.tensor("x_bar_unmasked").here
    weight = gradient.tensor("weight").here
    assert last.target.name == "x_bar"
    assert last.expr == sp.Piecewise((0, sp.Eq(weight, 0)), (unmasked, True))
    product = masked(calculus.hvp(program, "loss", ["x"]), ["x_bar_dot"])
    assert product.tensor("x_bar_unmasked_dot") in list(product.tensors())


def test_what_has_no_weight_of_items_stays_as_it_is():
    P = Build("plain_squares", "plain", "x^2")
    a = Elements(P)
    a.real("x")
    a.let("loss", a.x**2)
    gradient = calculus.grad(P.finish("loss"), "loss", ["x"])
    assert masked(gradient, ["x_bar"]) is gradient
    P = Build("matrix", "plain", "weights of their own axes")
    x = P.real("x", ITEM)
    P.real("weight", OTHER)
    P.let("loss", [ITEM], x[ITEM] ** 2)
    gradient = calculus.grad(P.finish("loss"), "loss", ["x"])
    assert masked(gradient, ["x_bar"]) is gradient


def test_a_derivative_that_is_0_needs_no_mask():
    P = Build("line", "plain", "x times a weight")
    a = Elements(P)
    a.real("x", "weight")
    weighted_loss(a, a.x)
    product = calculus.hvp(P.finish("loss"), "loss", ["x"])
    assert masked(product, ["x_bar_dot"]) == product
