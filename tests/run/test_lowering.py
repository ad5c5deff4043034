"""Reading a kernel's text: what it computes is what running the text computes."""

import numpy as np
import pytest

from refloss.run.lowering import KernelTextError, lower
from refloss.run.tape import assemble
from tests.run.test_graph import AWKWARD
from tests.run.text import assert_same_bits, columns

#: Ways to write one more statement about earlier names `a`, `b` and a constant `c`.
STATEMENTS = (
    "{a} + {b}", "{a} - {b}", "{a}*{b}", "{a}/{b}", "-{a}", "{a} + {c}", "{c} - {a}", "{a}*{c}",
    "{a}/{c}", "-({a} - {b})", "np.maximum({a}, {b})", "np.minimum({a}, {c})",
    "np.maximum({c}, {a})",
    "np.maximum(-{a}, {c})", "np.minimum(-{a}, {c})", "np.heaviside({a}, 0.5)",
    "np.heaviside(-{a}, 0.0)", "np.heaviside({a} - {b}, 1.0)", "np.heaviside({a}, 0.25)",
    "1.0 - np.heaviside(-{a}, 0.5)", "np.where({a} > {b}, {a}, 0.0)",
    "np.where({a} == {b}, 0.0, {a})",
    "np.where({a} <= {b}, {c}, {a})", "np.where(({a} < {b}) & ({b} != {c}), {a}, {b})",
    "np.where(({a} < {c}) | ~({b} >= {c}), {b}, -{a})", "np.where({a} < {b}, 1.0, 0.0)",
    "np.where({a} == 0.0, 1.0, {a})", "np.where(-0.0 == {a}, 1.0, {a})", "({a} < {b})*{a}",
    "np.where({a} < {b}, 2.5, -0.5)", "np.where(np.isnan({a}), {b}, {a})", "np.sqrt(np.abs({a}))",
    "np.sign({a})", "np.arctan2({a}, {b})", "{a}**2", "helper({a}, {b})", "helper({b}, {c})",
)  # fmt: skip

HELPER = """
def helper(a, b):
    \"\"\"Return two sums.\"\"\"
    d = a - b
    return (a - d) - b
"""


def program(seed: int, length: int = 40) -> str:
    """Return a random kernel text over three columns."""
    rng = np.random.default_rng(seed)
    names, lines = ["x", "y", "z"], []
    for k in range(length):
        a, b = rng.choice(names[-12:], 2)
        c = rng.choice(["0.0", "-0.0", "1.0", "-1.0", "0.5", "np.inf", "g", "SCALE"])
        lines.append(f"    v{k} = {rng.choice(STATEMENTS).format(a=a, b=b, c=c)}")
        names.append(f"v{k}")
    results = ", ".join(rng.choice(names, 6))
    head = f"import numpy as np\n\nSCALE = 4.0\n{HELPER}\n\ndef value(x, y, z, g):\n"
    return head + "\n".join(lines) + f"\n    return {results}\n"


def run_text(text: str, table: np.ndarray, g: float) -> list[np.ndarray]:
    scope: dict = {}
    exec(text, scope)
    with np.errstate(all="ignore"):
        results = scope["value"](*table.copy(), g)
    return [np.broadcast_to(np.asarray(r, np.float64), table.shape[1]) for r in results]


def run_tape(text: str, table: np.ndarray, g: float) -> list[np.ndarray]:
    graph, outputs = lower(text, {"SCALE": 4.0}, "value", {"g": g})
    tape = assemble(graph, outputs)
    n = table.shape[1]
    floats = list(np.concatenate([table, np.empty((tape.floats - 3, n))]))
    floats += [np.full(n, value) for value in tape.fills]
    flags = [np.empty(n, bool) for _ in range(tape.flags)]
    bits, raw = [f.view(np.int64) for f in floats], [f.view(np.int8) for f in flags]
    with np.errstate(all="ignore"):
        tape.run(floats, bits, flags, raw, [])
    return [floats[k] for k in tape.outputs]


@pytest.mark.parametrize("seed", range(60))
def test_random_texts_give_the_same_bits(seed):
    text = program(seed)
    grid = np.stack([v.ravel() for v in np.meshgrid(AWKWARD, AWKWARD, AWKWARD[:5])])
    table = np.concatenate([grid, columns(3, 200, seed)], axis=1)
    g = (0.0, 1.0, -0.0, 0.5)[seed % 4]
    for found, expected in zip(run_tape(text, table, g), run_text(text, table, g), strict=True):
        assert_same_bits(found, expected, text)


def lowered(body: str, **constants: float):
    return lower(f"{HELPER}\ndef value(x, y, g):\n{body}", {"SCALE": 4.0}, "value", constants)


def test_repeated_subexpressions_are_computed_once():
    graph, outputs = lowered(
        "    a = (x - y)*g\n    b = (x - y) + g\n    return a, b, helper(x, y)\n"
    )
    ops = [graph[k].op for k in graph.reachable(outputs)]
    assert ops.count("subtract") == 3  # x - y once, though three statements and a helper need it


def test_a_constant_condition_drops_the_branch_not_taken():
    body = "    a = np.where(g == 0.0, x, x*np.arctan2(y, x))\n    return a\n"
    graph, (output,) = lowered(body, g=0.0)
    assert graph[output].value == "x"
    graph, (output,) = lowered(body, g=1.0)
    assert "arctan2" in [graph[k].op for k in graph.reachable([output])]


def test_error_terms_are_left_out_where_results_cannot_show_them():
    text = (
        "def two_sum_error(a, b):\n    s = a + b\n    return b - (s - a)\n\n\n"
        "def value(x, y):\n    return x*y + two_sum_error(x, y)\n"
    )
    ops = {}
    for errors in (True, False):
        graph, outputs = lower(text, {}, "value", {}, errors=errors)
        ops[errors] = sorted(graph[k].op for k in graph.reachable(outputs))
    assert ops[False] == ["input", "input", "multiply"]
    assert "subtract" in ops[True]


def test_helpers_may_return_several_values():
    text = (
        "def both(a, b):\n    return a + b, a - b\n"
        "def value(x, y, g):\n    s, d = both(x, y)\n    return s*d\n"
    )
    graph, (output,) = lower(text, {}, "value", {})
    assert [graph[k].op for k in graph[output].args] == ["add", "subtract"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    for i in x:\n        pass\n    return x\n", "line 8: .* not an assignment"),
        ("    return unknown\n", "line 8: .*'unknown', which is no number"),
        ("    return np.where(x < y < g, x, y)\n", "x < y < g"),
        ("    return np.linalg.norm(x)\n", "np.linalg.norm"),
        ("    return np.cumsum(x)\n", "np.cumsum, which is no ufunc"),
        ("    x[0] = y\n    return x\n", "not a name"),
        ("    a, b = x\n    return a\n", "1 values for 2 names"),
        ("    return helper(x)\n", "helper takes 2 arguments"),
        ("    a = x\n", "value returns nothing"),
    ],
)
def test_other_constructs_are_refused_with_their_line(body, message):
    with pytest.raises(KernelTextError, match=message):
        lowered(body)


PRODUCT_ERROR = """
def two_prod_error(a, b):
    p = a*b
    s = 134217729.0*a
    a_high = s - (s - a)
    a_low = a - a_high
    t = 134217729.0*b
    b_high = t - (t - b)
    b_low = b - b_high
    return ((a_high*b_high - p) + a_high*b_low + a_low*b_high) + a_low*b_low


def value(x, g):
    return x + two_prod_error(g, x)
"""


@pytest.mark.parametrize(("g", "steps"), [(2.0, 0), (0.5, 0), (-4.0, 0), (3.0, 10)])
def test_products_with_powers_of_two_have_no_error_to_compute(g, steps):
    graph, outputs = lower(PRODUCT_ERROR, {}, "value", {"g": g})
    assert len(assemble(graph, outputs).steps) >= steps
    assert (graph[outputs[0]].op == "input") == (steps == 0)
    x = np.random.default_rng(1).normal(size=100)
    table = np.stack([x, x, x])
    text = PRODUCT_ERROR.replace("value(x, g)", "value(x, y, z, g)").replace(
        "return x + two", "return x, y, x + two"
    )
    for found, expected in zip(run_tape(text, table, g), run_text(text, table, g), strict=True):
        np.testing.assert_array_equal(found, expected)
