"""Reading a row kernel's text: axes, gathers, pins and reductions; other constructs are refused."""

import numpy as np
import pytest

from refloss.run.lowering import KernelTextError
from tests.run.logits import TOP, lowered, run_plan, run_text
from tests.run.text import assert_same_bits

SHAPES = {"x": "bc", "z": "bc", "u": "b", "w": "c", "k": "", "y": "b"}
HEAD = "def value(x, z, u, w, k, y):\n    B = x.shape[0]\n    C = x.shape[1]\n"


def read(body, **choices):
    graph, outputs = lowered(HEAD + body, SHAPES, **choices)
    return graph, outputs


def ops(graph, outputs):
    return [graph[node].op for node in graph.reachable(outputs)]


def written(graph, node):
    """Return a node as nested calls, inputs by name."""
    found = graph[node]
    if found.op in ("input", "const"):
        return str(found.value)
    return f"{found.op}({', '.join(written(graph, a) for a in found.args)})"


AXES = {
    "x": "bc",
    "u": "b",
    "w": "c",
    "k": "",
    "1.0": "",
    "x*u[:, None]": "bc",
    "u[:, None]*w": "bc",
    "u*k": "b",
    "w - k": "c",
    "np.arange(C)": "c",
    "np.arange(C) == y[:, None]": "bc",
    "np.sum(x, axis=1)": "b",
    "np.max(x*w, axis=1)": "b",
    "np.argmax(x, axis=1)": "b",
    "np.sum(w, axis=0)": "",
    "np.max(w, axis=0)": "",
    "w[y]": "b",
    "x[np.arange(B), y]": "b",
    "np.where(u[:, None] > w, 1.0, 0.0)": "bc",
    "np.broadcast_to(w*k, (B, C))": "c",
    "C": "",
    "B": "",
}


@pytest.mark.parametrize("expression", AXES)
def test_a_node_has_the_axes_of_what_it_depends_on(expression):
    graph, (output,) = read(f"    return {expression}\n")
    assert graph.axes(output) == AXES[expression]


GATHERS = {
    "an input": ("x[np.arange(B), y]", "pick(x, y)"),
    "a number a class": ("w[y]", "take(w, y)"),
    "what has no class": ("(u[:, None]*k)[np.arange(B), y]", "multiply(k, u)"),
    "arithmetic": (
        "(np.exp(x) - u[:, None]*w)[np.arange(B), y]",
        "subtract(exp(pick(x, y)), multiply(take(w, y), u))",
    ),
    "its own class": (
        "np.where((np.arange(C) == y[:, None]), 2.0, x)[np.arange(B), y]",
        "where(equal(y, y), 2.0, pick(x, y))",
    ),
    "the class itself": ("(np.arange(C)*x)[np.arange(B), y]", "multiply(pick(x, y), y)"),
    "what is summed": (
        "(x - np.sum(x, axis=1)[:, None])[np.arange(B), y]",
        "subtract(pick(x, y), sum(x))",
    ),
    "another's class": (
        "x[np.arange(B), np.argmax(z, axis=1)]",
        "pick(x, argmax(z))",
    ),
}


@pytest.mark.parametrize("name", GATHERS)
def test_a_gather_is_carried_down_to_the_inputs(name):
    expression, expected = GATHERS[name]
    graph, (output,) = read(f"    return {expression}\n")
    assert sorted(written(graph, output)) == sorted(expected)  # operands of + and * in any order
    assert graph.axes(output) == "b"


def test_what_a_pin_selects_is_computed_for_the_pinned_class_alone():
    graph, (output,) = read(
        "    return np.where((np.arange(C) == y[:, None]), np.exp(z)*u[:, None], x)\n"
    )
    _, there, elsewhere = graph[output].args
    assert graph.pin(output) == graph.pinned(graph[output].args[0]) is not None
    assert graph[graph.pin(output)].value == "y"
    assert graph.axes(there) == "b"
    assert graph[elsewhere].value == "x"


@pytest.mark.parametrize(
    "condition", ["x == u[:, None]", "np.arange(C) == w", "np.arange(C) < y[:, None]", "w == 2.0"]
)
def test_other_conditions_pin_nothing(condition):
    graph, (output,) = read(f"    return np.where(({condition}), np.exp(z), x)\n")
    assert graph.pin(output) is None
    assert graph.axes(graph[output].args[1]) == "bc"


def test_a_selection_of_truth_values_is_no_pin():
    graph, (output,) = read(
        "    return np.where(np.where((np.arange(C) == y[:, None]), x > z, x < z), x, z)\n"
    )
    condition, *_ = graph[output].args
    assert graph.boolean(condition)
    assert graph.pin(condition) is None


@pytest.mark.parametrize(
    "kernel", ["np.where((np.arange(C) == y[:, None]), u[:, None], u[:, None])"]
)
def test_a_pin_of_equal_values_is_the_value(kernel):
    graph, (output,) = read(f"    return {kernel}\n")
    assert graph[output].value == "u"


def test_sums_of_what_is_the_same_in_every_class():
    """So it is with ``class_weight`` folded to 1: a sum of C ones."""
    graph, outputs = read(
        "    return np.sum(w, axis=0), np.sum(w*u[:, None], axis=1), np.max(w, axis=0)\n", w=1.0
    )
    assert [written(graph, o) for o in outputs] == ["C", "multiply(u, C)", "1.0"]


def test_the_largest_of_equals_is_the_first_class():
    graph, (output,) = read("    return np.argmax(w, axis=0)*1.0\n", w=1.0)
    assert graph.is_const(output, 0.0)


def test_sizes_are_those_of_any_input():
    text = "def value(w, x):\n    C = w.shape[0]\n    B = x.shape[0]\n    return x*C + B\n"
    graph, (output,) = lowered(text, {"w": "c", "x": "bc"})
    assert {"B", "C"} <= {graph[n].value for n in graph.reachable([output])}
    named = {"w": np.ones(3), "x": np.ones((2, 3))}
    (found,) = run_plan(text, named, {"w": "c", "x": "bc"})
    assert_same_bits(found, np.full((2, 3), 5.0))


def test_errors_of_operations_are_0_where_they_are_not_wanted():
    body = "    return x*(1.0 + two_diff_error(x, z))\n"
    graph, outputs = read(body)
    assert ops(graph, outputs).count("subtract") == 5
    graph, (output,) = read(body, errors=False)
    assert graph[output].value == "x"  # times 1 + 0: nothing is left of it


def test_constants_decide_branches():
    body = "    return np.where((k == 0.0), 0.0, np.sum(np.exp(x), axis=1))\n"
    graph, (output,) = read(body, k=0.0)
    assert graph.is_const(output, 0.0)
    graph, outputs = read(body, k=2.0)
    assert "exp" in ops(graph, outputs)


@pytest.mark.parametrize("label", [0, 2, 3])
def test_a_gathered_number_has_the_bits_of_the_whole_array(label):
    body = "    f = np.exp(x - z)*w + np.log1p(np.abs(z))\n    return f[np.arange(B), y]\n"
    rng = np.random.default_rng(label)
    named = {"x": rng.normal(size=(37, 4)) * 50, "z": rng.normal(size=(37, 4)), "w": np.ones(4)}
    named |= {"u": np.ones(37), "k": np.array(1.0), "y": np.full(37, label)}
    (found,) = run_plan(HEAD + body, named, SHAPES)
    assert_same_bits(found, run_text(HEAD + body, named)[0])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    for i in x:\n        pass\n    return x\n", " not an assignment"),
        ("    return unknown\n", "'unknown', which is no number"),
        ("    return np.cumsum(x, axis=1)\n", "np.cumsum, which is no ufunc"),
        ("    return np.sum(x, axis=0)\n", "not over classes, 'np.sum.x, axis=0."),
        ("    return np.max(w, axis=1)\n", "not over classes"),
        ("    return np.sum(x)\n", "not over classes"),
        ("    return np.sum(x, axis=(0, 1))\n", "not over classes"),
        ("    return np.sum(x, axis=1, where=x > z)\n", "not over classes"),
        ("    return np.argmax(u, axis=0)\n", "not over classes"),
        ("    return x[:, 0]\n", r"'x\[:, 0\]'"),
        ("    return x[np.arange(B), 0]\n", "a label that is not one a row"),
        ("    return x[np.arange(B), w]\n", "a label that is not one a row"),
        ("    return x[np.arange(C), y]\n", r"'x\[np.arange\(C\), y\]'"),
        ("    return x[y]\n", r"'x\[y\]'"),
        ("    return x*np.arange(B)\n", "np.arange"),
        ("    return x*k.shape[0]\n", "k.shape"),
        ("    return (x + z).T\n", r"\(x \+ z\).T"),
        ("    return x @ w\n", "x @ w"),
        ("    return np.transpose(x, (1, 0))\n", r"\(1, 0\)"),
    ],
)
def test_other_constructs_are_refused_with_their_line(body, message):
    line = len((TOP + HEAD).splitlines()) + 2
    with pytest.raises(KernelTextError, match=rf"line {line}: cannot lower .*{message}"):
        read("    q = x + z\n" + body)
