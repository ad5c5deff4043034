"""Blocks: any formats, strides and sizes, from any thread, in little memory."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest

from refloss.run.blocks import BLOCK_ROWS, Source, Store, execute
from refloss.run.graph import Graph
from refloss.run.kernels import library
from refloss.run.tape import assemble
from tests.run.text import assert_same_bits, boxes, constants

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


def affine():
    """Return the tape of ``s = a*g + b, d = a - b`` with g uniform."""
    graph = Graph()
    a, b, g = graph.input("a"), graph.input("b"), graph.input("g")
    total = graph.make("add", graph.make("multiply", a, g), b)
    return assemble(graph, [total, graph.make("subtract", a, b)], uniform={"g"})


def ciou_gradient(table):
    """Return the nine results of CIoU's gradient kernel for eight columns."""
    kernel = library().kernel("ciou")
    tape = kernel.tape("grad", constants(kernel, "ciou", "default"), fixed=(("loss_bar", 1.0),))
    results = [np.empty(table.shape[1]), np.empty((table.shape[1], 8))]
    execute(tape, table.shape[1], [Source(table.T)], [Store(r) for r in results])
    return np.column_stack(results)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 100])
def test_every_format_is_widened_and_rounded_back(dtype, rows):
    pair = (np.arange(2 * rows).reshape(rows, 2) / 4).astype(dtype)
    out = np.full((rows, 2), 7, dtype)
    execute(affine(), rows, [Source(pair)], [Store(out)], uniform=[0.5], block_rows=3)
    a, b = pair.astype(np.float64).T
    expected = np.column_stack([0.5 * a + b, a - b]).astype(dtype)  # exact in every format
    np.testing.assert_array_equal(out.astype(np.float64), expected.astype(np.float64))


LAYOUTS = {
    "contiguous": lambda p: p.copy(),
    "transposed": lambda p: np.asfortranarray(p),
    "reversed": lambda p: p[::-1].copy()[::-1],
    "every third": lambda p: np.repeat(p, 3, axis=0)[::3],
    "wide rows": lambda p: np.concatenate([p, p], axis=1)[:, :2],
    "swapped bytes": lambda p: p.astype(p.dtype.newbyteorder()),
    "read only": lambda p: np.frombuffer(p.tobytes(), p.dtype).reshape(p.shape),
    "unaligned": lambda p: np.frombuffer(b"x" + p.tobytes(), p.dtype, offset=1).reshape(p.shape),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_memory_layout_does_not_matter_and_inputs_are_kept(layout, dtype):
    plain = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(dtype)
    pair = LAYOUTS[layout](plain)
    before = pair.tobytes()
    out, expected = np.empty((50, 4), dtype)[:, ::2], np.empty((50, 2), dtype)
    execute(affine(), 50, [Source(pair)], [Store(out)], uniform=[0.5], block_rows=16)
    execute(affine(), 50, [Source(plain)], [Store(expected)], uniform=[0.5])
    np.testing.assert_array_equal(out, expected)
    assert pair.tobytes() == before


def test_a_column_repeated_by_a_zero_stride_is_an_input_like_another():
    one = np.broadcast_to(np.array([[1.5, 0.25]]), (40, 2))
    out = np.empty((40, 2))
    execute(affine(), 40, [Source(one)], [Store(out)], uniform=[2.0], block_rows=16)
    np.testing.assert_array_equal(out, np.broadcast_to([3.25, 1.25], (40, 2)))


def test_hooks_see_staged_blocks_and_may_change_them():
    seen = []

    def double(start, block):
        seen.append((start, block.shape))
        block *= 2.0

    pair, out = np.ones((10, 2), np.float32), np.empty((10, 2))
    swapped = Store(out, lambda columns: columns[::-1])
    execute(affine(), 10, [Source(pair, double)], [swapped], uniform=[0.5], block_rows=4)
    assert seen == [(0, (2, 4)), (4, (2, 4)), (8, (2, 2))]
    np.testing.assert_array_equal(out, np.broadcast_to([0.0, 3.0], (10, 2)))


@pytest.mark.parametrize(
    ("sources", "sinks", "message"),
    [(1, 2, "sources: .*'a', 'b'"), (3, 2, "sources"), (2, 1, "sinks"), (2, 3, "sinks")],
)
def test_columns_must_match_the_tape(sources, sinks, message):
    with pytest.raises(ValueError, match=message):
        execute(
            affine(),
            5,
            [Source(np.zeros((5, sources)))],
            [Store(np.zeros((5, sinks)))],
            uniform=[1.0],
        )


@pytest.mark.parametrize("block_rows", [1, 3, 64, 1000, 1001, 5000])
def test_the_size_of_a_block_changes_no_bit(block_rows):
    kernel = library().kernel("ciou")
    tape = kernel.tape("grad", constants(kernel, "ciou", "placed"), fixed=(("loss_bar", 1.0),))
    table = boxes(1001, 8)
    small, whole = np.empty((1001, 9)), np.empty((1001, 9))
    execute(tape, 1001, [Source(table.T)], [Store(small)], block_rows=block_rows)
    execute(tape, 1001, [Source(table.T)], [Store(whole)])
    assert_same_bits(small, whole)


def test_threads_do_not_share_registers():
    tables = [boxes(20_000 + 1000 * k, k) for k in range(6)]
    alone = [ciou_gradient(table) for table in tables]
    with ThreadPoolExecutor(4) as pool:
        for together, expected in zip(pool.map(ciou_gradient, tables), alone, strict=True):
            assert_same_bits(together, expected)


def test_memory_beyond_the_outputs_is_a_few_blocks():
    rows = 40 * BLOCK_ROWS
    table = np.zeros((8, rows))
    kernel = library().kernel("ciou")
    tape = kernel.tape("grad", constants(kernel, "ciou", "default"), fixed=(("loss_bar", 1.0),))
    out = np.empty((rows, 9))
    tracemalloc.start()
    try:
        execute(tape, rows, [Source(table.T)], [Store(out)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    registers = (tape.floats + len(tape.fills) + 2) * (BLOCK_ROWS + 100) * 8
    assert peak < 1.1 * registers < 0.2 * out.nbytes + registers
