"""Tapes of the committed kernels: the same bits as their text, in few registers."""

import numpy as np
import pytest

from refloss.run.blocks import Source, Store, execute
from refloss.run.graph import Graph
from refloss.run.kernels import library
from refloss.run.tape import assemble
from tests.run.text import (
    PROGRAMS,
    SETTINGS,
    arguments,
    assert_same_bits,
    boxes,
    columns,
    constants,
)

ROWS = 1003


def whole(kernel, function, table, values):
    """Run a function of the text as it stands on whole columns."""
    with np.errstate(all="ignore"):
        results = getattr(kernel.module, function)(*table.copy(), *values.values())
    listed = results if isinstance(results, tuple) else (results,)
    return [np.broadcast_to(column, table.shape[1:]) for column in listed]


def blocked(kernel, function, table, values, block_rows, **choices):
    """Run a function's tape over blocks."""
    tape = kernel.tape(function, values, **choices)
    n = table.shape[1]
    results = [np.empty(n) for _ in tape.outputs]
    sources = [Source(column) for column in table]
    execute(tape, n, sources, [Store(r) for r in results], block_rows=block_rows)
    return results


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("function", ["value", "grad", "hvp"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_blocks_give_the_bits_of_the_text(program, function, setting):
    kernel = library().kernel(program)
    values = constants(kernel, program, setting)
    table = arguments(kernel, function, ROWS, 1)
    expected = whole(kernel, function, table, values)
    for block_rows in (97, 4096):
        found = blocked(kernel, function, table, values, block_rows)
        for k, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same_bits(one, other, (program, function, setting, block_rows, k))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 17])
def test_few_rows_give_the_bits_of_the_text(n):
    kernel = library().kernel("ciou")
    values = constants(kernel, "ciou", "placed")
    table = np.concatenate([boxes(64, 3), columns(1, 64, 4)])[:, :n]
    expected = whole(kernel, "grad", table, values)
    for one, other in zip(blocked(kernel, "grad", table, values, 5), expected, strict=True):
        assert_same_bits(one, other)


QUOTIENTS = ("quotient", "mean_of_nonzero", "means_of_nonzero")


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_upstream_gradient_of_one_is_folded_without_a_trace(program):
    kernel = library().kernel(program)
    values = constants(kernel, program, "default")
    table = arguments(kernel, "value", ROWS, 5)
    ones = np.ones((1, ROWS))
    expected = blocked(kernel, "grad", np.concatenate([table, ones]), values, 512)
    fixed = {"fixed": (("loss_bar", 1.0),)}
    for one, other in zip(
        blocked(kernel, "grad", table, values, 512, **fixed), expected, strict=True
    ):
        assert_same_bits(one, other)
    folded, full = kernel.tape("grad", values, **fixed), kernel.tape("grad", values)
    assert "loss_bar" in full.inputs
    assert "loss_bar" not in folded.inputs
    fewer = len(folded.steps) < len(full.steps)
    assert fewer or program in QUOTIENTS  # 1/d is a step, as g/d is


def test_what_only_unwanted_results_need_is_left_out():
    kernel = library().kernel("ciou")
    values = constants(kernel, "ciou", "default")
    table = np.concatenate([boxes(ROWS, 6), columns(1, ROWS, 7)])
    everything = blocked(kernel, "grad", table, values, 4096)
    chosen = blocked(kernel, "grad", table, values, 4096, outputs=(3, 1))
    assert_same_bits(chosen[0], everything[3])
    assert_same_bits(chosen[1], everything[1])
    all_steps = len(kernel.tape("grad", values).steps)
    assert len(kernel.tape("grad", values, outputs=(1, 2, 3, 4)).steps) < 0.9 * all_steps


def test_registers_are_reused():
    kernel = library().kernel("ciou")
    tape = kernel.tape("grad", constants(kernel, "ciou", "default"))
    assert tape.floats < len(tape.steps) / 5
    assert tape.flags <= 8
    assert len(set(tape.outputs)) == len(tape.outputs) == 9


def test_results_may_be_inputs_constants_and_each_other():
    graph = Graph()
    x, y, g = graph.input("x"), graph.input("y"), graph.input("g")
    total = graph.make("add", x, y)
    tape = assemble(
        graph, [x, total, graph.const(-0.0), g, total, graph.make("negative", x)], {"g"}
    )
    results = np.empty((3, 6))
    execute(tape, 3, [Source(np.ones((3, 2)))], [Store(results)], uniform=[7.0])
    assert_same_bits(results, np.broadcast_to([1.0, 2.0, -0.0, 7.0, 2.0, -1.0], (3, 6)))


def test_a_tape_is_made_once_for_equal_constants():
    kernel = library().kernel("giou")
    values = constants(kernel, "giou", "default")
    assert kernel.tape("grad", values) is kernel.tape("grad", dict(reversed(values.items())))
    assert kernel.tape("grad", values) is not kernel.tape("grad", values | {"eps_union": 1e-7})
