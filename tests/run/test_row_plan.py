"""Row plans: passes and levels, what is kept, and registers; random texts give their own bits."""

import numpy as np
import pytest

from refloss.run.kernels import library
from tests.run.logits import DEFAULT, SHAPES, logits, plan_of, run_plan, run_text
from tests.run.text import assert_same_bits

AXES = {"x": "bc", "z": "bc", "u": "b", "w": "c", "y": "b"}
HEAD = "def value(x, z, u, w, y):\n    B = x.shape[0]\n    C = x.shape[1]\n"


def steps(plan):
    """Return what every pass does: operations, reductions, positions stored."""
    graph = plan.graph
    return [
        (
            [s.op for s in p.steps],
            [graph[r].op for r in p.reductions],
            [position for position, _ in p.stores],
        )
        for p in plan.passes
    ]


def test_a_softmax_takes_three_passes():
    body = """
    top = np.max(x, axis=1)
    mass = np.exp(x - top[:, None])
    total = np.sum(mass, axis=1)
    return np.log(total) + top, mass/total[:, None]
"""
    plan = plan_of(HEAD + body, AXES)
    assert steps(plan) == [
        ([], ["max"], []),  # of the input as it lies in memory
        (["stage", "subtract", "exp"], ["sum"], []),
        (["divide"], [], [1]),
    ]
    assert (plan.registers, plan.kept) == (1, 1)
    (divide,) = plan.passes[2].steps
    assert divide.kept, "it overwrites the masses"
    assert plan.tail == ()
    assert [plan.graph[n].op for n in plan.passes[2].rows] == ["log", "add"]


def test_values_alone_keep_nothing():
    body = "    return np.sum(np.exp(x - np.max(x, axis=1)[:, None]), axis=1)\n"
    plan = plan_of(HEAD + body, AXES)
    assert (len(plan.passes), plan.kept) == (2, 0)


def test_levels_count_the_reductions_that_must_be_complete():
    body = """
    first = np.sum(x*z, axis=1)
    second = np.sum(x*first[:, None], axis=1)
    third = np.sum(z*second[:, None], axis=1)
    other = np.sum(x - z, axis=1)
    return third + u, x*other[:, None], x + z
"""
    plan = plan_of(HEAD + body, AXES)
    found = steps(plan)
    assert [reductions for _, reductions, _ in found] == [["sum", "sum"], ["sum"], ["sum"]]
    assert [stores for *_, stores in found] == [[2], [1], []]
    assert [plan.graph[n].op for n in plan.tail] == ["add"]


def test_inputs_are_staged_in_every_pass_and_never_kept():
    body = "    return x*np.sum(x*z, axis=1)[:, None]\n"
    plan = plan_of(HEAD + body, AXES)
    assert steps(plan) == [
        (["stage", "stage", "multiply"], ["sum"], []),
        (["stage", "multiply"], [], [0]),
    ]
    assert (plan.registers, plan.kept) == (2, 0)


def test_a_sum_of_an_input_is_one_of_float64():
    plan = plan_of(HEAD + "    return np.sum(x, axis=1), np.max(z, axis=1)\n", AXES)
    assert steps(plan) == [(["stage"], ["sum", "max"], [])]
    named = {"x": np.full((2, 4097), 0.1, np.float16), "z": np.ones((2, 4097), np.float16)}
    named |= {"u": np.ones(2), "w": np.ones(4097), "y": np.zeros(2, int)}
    (total, _) = run_plan(HEAD + "    return np.sum(x, axis=1), np.max(z, axis=1)\n", named, AXES)
    assert_same_bits(total, named["x"].astype(float).sum(axis=1))


def test_what_has_no_row_is_computed_once_a_call():
    body = "    v = np.exp(w)\n    return x*v + np.sum(v, axis=0)\n"
    plan = plan_of(HEAD + body, AXES)
    assert [plan.graph[n].op for n in plan.whole] == ["input", "exp", "sum"]
    assert steps(plan) == [(["stage", "multiply", "add"], [], [0])]


def test_a_pin_asks_for_no_condition():
    body = "    return np.where((np.arange(C) == y[:, None]), u[:, None], x*2.0)\n"
    plan = plan_of(HEAD + body, AXES)
    assert steps(plan) == [(["stage", "multiply", "pin in place"], [], [0])]
    assert not {plan.graph[n].op for n in plan.whole} & {"classes", "equal"}
    assert plan.registers == 1


@pytest.mark.parametrize("elsewhere", ["x", "w", "u[:, None]", "0.0"])
def test_a_pin_copies_what_is_in_no_register_of_its_own(elsewhere):
    """An input of float64 is read where it lies, so its register may hold anything."""
    text = HEAD + f"    return np.where((np.arange(C) == y[:, None]), 7.0, {elsewhere}) - z\n"
    assert "pin" in steps(plan_of(text, AXES))[0][0]
    named = drawn(9, 5, 0)
    assert_same_bits(run_plan(text, named, AXES)[0], run_text(text, named)[0])


def test_truth_values_are_found_again_in_the_pass_that_asks_again():
    body = """
    big = x*2.0 > z
    m = np.sum(np.where(big, x, 0.0), axis=1)
    return np.where(big, m[:, None], z)
"""
    plan = plan_of(HEAD + body, AXES)
    assert [[s.op for s in p.steps].count("test") for p in plan.passes] == [1, 1]
    named = drawn(9, 5, 0)
    assert_same_bits(run_plan(HEAD + body, named, AXES)[0], run_text(HEAD + body, named)[0])


def test_registers_are_free_after_their_last_reader():
    chain = "".join(f"    a{k + 1} = np.sqrt(np.abs(a{k})) + z\n" for k in range(20))
    plan = plan_of(HEAD + "    a0 = x*z\n" + chain + "    return a20\n", AXES)
    assert len(plan.passes[0].steps) == 63
    assert plan.registers == 2


def test_a_test_frees_what_it_reads_last():
    lines = "".join(f"    c{k} = np.where(x*{k + 2.0} > z, c{k - 1}, x)\n" for k in range(1, 9))
    plan = plan_of(HEAD + "    c0 = x + z\n" + lines + "    return c8\n", AXES)
    assert plan.registers == 4  # x, z, the selection so far, and one product at a time


def default(function, **choices):
    fixed = (("class_weight", 1.0), *((("loss_bar", 1.0),) if function != "value" else ()))
    kernel = library().kernel("cross_entropy")
    return kernel.rows(function, SHAPES["cross_entropy"], DEFAULT, fixed=fixed, **choices).plan


CORRECTED = ["subtract", *["subtract"] * 3, "add", "subtract", "fmax", "add", "exp", "multiply"]


def test_the_default_gradient_takes_the_steps_of_a_softmax():
    """Twelve to the masses, seven of them for the rounding error; then what is told apart."""
    found = steps(default("grad"))
    assert found == [
        ([], ["argmax"], []),
        (["stage", *CORRECTED, "pin"], ["sum"], []),
        (["pin in place", "multiply", "pin in place"], [], [1]),
    ]


def test_the_default_gradient_of_narrow_logits_takes_no_corrections():
    plan = default("grad", errors=False)
    assert steps(plan) == [
        ([], ["argmax"], []),
        (["stage", "subtract", "exp", "pin"], ["sum"], []),
        (["pin in place", "multiply", "pin in place"], [], [1]),
    ]
    assert (plan.registers, plan.kept) == (1, 1)


def test_the_default_value_keeps_nothing():
    plan = default("value", errors=False)
    assert steps(plan) == [
        ([], ["argmax"], []),
        (["stage", "subtract", "exp", "pin in place"], ["sum"], []),
    ]
    assert (plan.registers, plan.kept) == (1, 0)


# ------------------------------------------------------------------------------ random texts

FULLS = (
    "{f} + {g}", "{f} - {r}[:, None]", "{f}*{k}", "{g}*{f}", "np.exp(-np.abs({f}))",
    "np.fmax({f}, -1.0)", "weighted({k}, {f})", "weighted({f}, {g})", "np.arange(C)*{f}",
    "np.where({f} > {g}, {f}, {r}[:, None])", "np.where({k} > 0.0, {f}, {g})",
    "np.where(({f} > 0.0) & ({g} < {r}[:, None]), {f}, {k})",
    "np.where((np.arange(C) == {y}[:, None]), {r}[:, None], {f})",
    "np.where((np.arange(C) == {y}[:, None]), {f}*2.0, {g})",
    "np.where((np.arange(C) == {y}[:, None]), 0.0, 1.0)*{f}",
    "np.where((np.arange(C) == {y}[:, None]), {k}, -{f})",
    "np.where({t}, {f}, {g})", "np.where({t}, {r}[:, None], {f})", "np.where({t}, {f}*{g}, 0.0)",
    "{r}[:, None]*{k}", "{f} - two_diff_error({f}, {r}[:, None])", "-{f}",
)  # fmt: skip
ROWS = (
    "{r} + {q}", "np.log1p(np.abs({r}))", "{k}[{y}]", "np.where({r} > {q}, {r}, 0.0)",
    "np.max({f}, axis=1)", "{f}[np.arange(B), {y}]", "{r}*{s}", "{f}[np.arange(B), {y}] - {r}",
)  # fmt: skip
SUMS = ("np.sum({f}, axis=1)", "np.sum({f}*{g}, axis=1)")
CLASSES = ("{k} - 0.5*{j}", "np.exp(-np.abs({k}))", "{k}*{s}")
SCALARS = ("np.max({k}, axis=0)", "{s}*0.5", "np.sum({k}, axis=0)")
LABELS = ("np.argmax({f}, axis=1)",)
TRUTHS = ("({f} > {g})", "({f} <= {r}[:, None])", "~({t} & ({f} < 1.0))")


def random_text(seed, sums, length=40):
    """Return a random text over inputs of every shape; without sums no order can show."""
    rng = np.random.default_rng(seed)
    kinds = {"f": ["x", "z"], "r": ["u"], "k": ["w"], "y": ["y"], "s": ["2.0"], "t": ["(x > z)"]}
    ways = {"f": FULLS, "r": ROWS + SUMS * sums, "k": CLASSES, "s": SCALARS}
    ways |= {"y": LABELS, "t": TRUTHS}
    lines = []
    for number in range(length):
        kind = str(rng.choice(list("ffffffrrrksytt")))
        names = {key: str(rng.choice(kinds[key][-6:])) for key in "frkyst"}
        names |= {"g": str(rng.choice(kinds["f"])), "q": str(rng.choice(kinds["r"]))}
        names |= {"j": str(rng.choice(kinds["k"]))}
        lines.append(f"    {kind}{number} = {rng.choice(ways[kind]).format(**names)}")
        kinds[kind].append(f"{kind}{number}")
    results = [kinds["f"][-1], str(rng.choice(kinds["f"][2:])), kinds["r"][-1]]
    return HEAD + "\n".join(lines) + f"\n    return {', '.join(results)}\n"


def drawn(rows, classes, seed):
    rng = np.random.default_rng(seed)
    named = {"x": logits(rows, classes, seed), "z": rng.normal(size=(rows, classes))}
    named |= {"u": rng.normal(size=rows), "w": rng.normal(size=classes)}
    return named | {"y": rng.integers(0, classes, rows)}


@pytest.mark.parametrize("seed", range(60))
def test_random_texts_give_the_same_bits(seed):
    text = random_text(seed, sums=True)
    for rows, classes in ((11, 7), (1, 40), (30, 2)):
        named = drawn(rows, classes, seed)
        expected = run_text(text, named)
        for tile in (4 * classes, 10**6):
            for one, other in zip(run_plan(text, named, AXES, tile=tile), expected, strict=True):
                assert_same_bits(one, np.broadcast_to(other, one.shape), text)


@pytest.mark.parametrize("seed", range(60))
def test_random_texts_without_sums_give_the_same_bits_in_tiles(seed):
    text = random_text(seed, sums=False)
    named = drawn(5, 23, seed)
    expected = run_text(text, named)
    for tile in (1, 6, 22):
        for one, other in zip(run_plan(text, named, AXES, tile=tile), expected, strict=True):
            assert_same_bits(one, np.broadcast_to(other, one.shape), text)
