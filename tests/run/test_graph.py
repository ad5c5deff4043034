"""Folds: each keeps every bit of every result, and what could change one is not folded."""

import math

import numpy as np
import pytest

from refloss.run.graph import Graph
from refloss.run.tape import assemble
from tests.run.text import assert_same_bits

AWKWARD = np.array([0.0, -0.0, 1.0, -1.5, 5e-324, -5e-324, 1.7e308, math.inf, -math.inf, math.nan])


def built(expression):
    """Return the graph of `expression(graph, x, y)` and its output node."""
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    return graph, expression(graph, x, y)


def run(graph, output, x, y):
    """Run the tape of one node on whole arrays."""
    tape = assemble(graph, [output])
    floats = [x.copy(), y.copy(), *(np.empty_like(x) for _ in range(tape.floats - 2))]
    floats += [np.full_like(x, value) for value in tape.fills]
    flags = [np.empty(x.shape, bool) for _ in range(tape.flags)]
    bits, raw = [f.view(np.int64) for f in floats], [f.view(np.int8) for f in flags]
    with np.errstate(all="ignore"):
        tape.run(floats, bits, flags, raw, [])
    return floats[tape.outputs[0]]


def ratio(g, n, d):
    """Return the node of ``n/d``, 0 where ``d`` is 0, guarded as the kernels guard it."""
    zero = g.make("equal", d, g.const(0.0))
    safe = g.make("where", zero, g.const(1.0), d)
    return g.make("where", zero, g.const(0.0), g.make("divide", n, safe))


FOLDED = {
    "x - 0": (lambda g, x, y: g.make("subtract", x, g.const(0.0)), lambda x, y: x - 0.0),
    "x * 1": (lambda g, x, y: g.make("multiply", x, g.const(1.0)), lambda x, y: x * 1.0),
    "x / 1": (lambda g, x, y: g.make("divide", x, g.const(1.0)), lambda x, y: x / 1.0),
    "x + -0": (lambda g, x, y: g.make("add", x, g.const(-0.0)), lambda x, y: x + -0.0),
    "x ** 1": (lambda g, x, y: g.make("power", x, g.const(1.0)), lambda x, y: np.power(x, 1.0)),
    "--x": (lambda g, x, y: g.make("negative", g.make("negative", x)), lambda x, y: x),
    "min(x, inf)": (
        lambda g, x, y: g.make("minimum", x, g.const(math.inf)),
        lambda x, y: np.minimum(x, np.inf),
    ),
    "max(-inf, x)": (
        lambda g, x, y: g.make("maximum", g.const(-math.inf), x),
        lambda x, y: np.maximum(-np.inf, x),
    ),
    "where(true, x, y)": (lambda g, x, y: g.make("where", g.const(True), x, y), lambda x, y: x),
    "where(c, x, x)": (
        lambda g, x, y: g.make("where", g.make("less", x, y), x, x),
        lambda x, y: x,
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_neutral_operation_folds_to_its_operand(name):
    expression, direct = FOLDED[name]
    graph, output = built(expression)
    assert graph[output].op == "input"
    x, y = np.meshgrid(AWKWARD, AWKWARD)
    with np.errstate(all="ignore"):
        assert_same_bits(run(graph, output, x.ravel(), y.ravel()), direct(x, y).ravel())


def test_a_power_of_0_is_1_of_every_number():
    graph = Graph()
    assert graph.is_const(graph.make("power", graph.input("x"), graph.const(0.0)), 1.0)
    assert (np.power(AWKWARD, 0.0) == 1.0).all()


REWRITTEN = {
    "x + -y": (
        lambda g, x, y: g.make("add", x, g.make("negative", y)),
        lambda x, y: x + -y,
        ["subtract"],
    ),
    "x - -y": (
        lambda g, x, y: g.make("subtract", x, g.make("negative", y)),
        lambda x, y: x - -y,
        ["add"],
    ),
    "-x * -y": (
        lambda g, x, y: g.make("multiply", g.make("negative", x), g.make("negative", y)),
        lambda x, y: -x * -y,
        ["multiply"],
    ),
    "-x / y": (
        lambda g, x, y: g.make("divide", g.make("negative", x), y),
        lambda x, y: -x / y,
        ["divide", "negative"],
    ),
    "x / 4": (
        lambda g, x, y: g.make("divide", x, g.const(4.0)),
        lambda x, y: x / 4.0,
        ["multiply"],
    ),
    "max(-x, 0)": (
        lambda g, x, y: g.make("maximum", g.make("negative", x), g.const(0.0)),
        lambda x, y: np.maximum(-x, 0.0),
        ["minimum", "negative"],
    ),
    "max(-x, 0) + y": (
        lambda g, x, y: g.make("add", g.make("maximum", g.make("negative", x), g.const(0.0)), y),
        lambda x, y: np.maximum(-x, 0.0) + y,
        ["minimum", "subtract"],
    ),
    "H(-x) with 1/2": (
        lambda g, x, y: g.make("heaviside", g.make("negative", x), g.const(0.5)),
        lambda x, y: np.heaviside(-x, 0.5),
        ["heaviside", "subtract"],
    ),
    "1 - H(-x) with 1": (
        lambda g, x, y: g.make(
            "subtract", g.const(1.0), g.make("heaviside", g.make("negative", x), g.const(1.0))
        ),
        lambda x, y: 1.0 - np.heaviside(-x, 1.0),
        ["heaviside"],
    ),
    "x > y": (
        lambda g, x, y: g.make("where", g.make("greater", x, y), x, y),
        lambda x, y: np.where(x > y, x, y),
        ["less", "where"],
    ),
    "x != y": (
        lambda g, x, y: g.make("where", g.make("not_equal", x, y), x, y),
        lambda x, y: np.where(x != y, x, y),
        ["equal", "where"],
    ),
    "a guarded quotient": (
        lambda g, x, y: ratio(g, ratio(g, x, y), y),
        lambda x, y: np.where(y == 0, 0.0, np.where(y == 0, 0.0, x / y) / np.where(y == 0, 1.0, y)),
        ["divide", "divide", "equal", "where"],
    ),
    "(x*x) + 0": (
        lambda g, x, y: g.make("add", g.make("multiply", x, x), g.const(0.0)),
        lambda x, y: x * x + 0.0,
        ["multiply"],
    ),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_rewritten_operation_keeps_every_bit(name):
    expression, direct, operations = REWRITTEN[name]
    graph, output = built(expression)
    reached = [graph[k].op for k in graph.reachable([output])]
    assert sorted(op for op in reached if op not in {"input", "const"}) == operations
    x, y = (v.ravel() for v in np.meshgrid(AWKWARD, AWKWARD))
    with np.errstate(all="ignore"):
        assert_same_bits(run(graph, output, x, y), direct(x, y))


KEPT = {
    "x + 0 of an input, which may be -0": lambda g, x, y: g.make("add", x, g.const(0.0)),
    "(x - y) + 0": lambda g, x, y: g.make("add", g.make("subtract", x, y), g.const(0.0)),
    "0 * x, NaN for infinite x": lambda g, x, y: g.make("multiply", x, g.const(0.0)),
    "where(x < y, x, 1) + 0": lambda g, x, y: g.make(
        "add", g.make("where", g.make("less", x, y), x, g.const(1.0)), g.const(0.0)
    ),
    "max(x, y) + 0": lambda g, x, y: g.make("add", g.make("maximum", x, y), g.const(0.0)),
    "x - x": lambda g, x, y: g.make("subtract", x, x),
    "x / x": lambda g, x, y: g.make("divide", x, x),
    "x / 3": lambda g, x, y: g.make("divide", x, g.const(3.0)),
    "max(x, 0)": lambda g, x, y: g.make("maximum", x, g.const(0.0)),
    "0 - x": lambda g, x, y: g.make("subtract", g.const(0.0), x),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_could_change_a_bit_is_kept(name):
    graph, output = built(KEPT[name])
    assert graph[output].op not in {"input", "const"}
    assert len(graph[output].args) == 2


def test_equal_values_share_a_node_and_signed_zeros_do_not():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    assert graph.make("add", x, y) == graph.make("add", y, x)
    assert graph.make("greater", x, y) == graph.make("less", y, x)
    assert graph.make("subtract", x, y) != graph.make("subtract", y, x)
    assert graph.make("maximum", x, y) != graph.make("maximum", y, x)
    assert graph.const(0.0) != graph.const(-0.0)


def test_constants_are_evaluated_as_numpy_would():
    graph = Graph()
    third = graph.make("divide", graph.const(1.0), graph.const(3.0))
    assert graph.constant(third) == 1.0 / 3.0
    assert graph.constant(graph.make("divide", graph.const(1.0), graph.const(0.0))) == math.inf
    assert graph.constant(graph.make("less", graph.const(1.0), graph.const(2.0))) is True
