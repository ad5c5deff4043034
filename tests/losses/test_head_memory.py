"""What a head holds beside its inputs and results: no more than it is told to."""

import tracemalloc

import numpy as np
import pytest

import refloss

B, C, D = 128, 6000, 160
CALLS = ("value", "grad", "hvp")


def outputs(name, call, rows, memory, dtype):
    """Return the arrays of one call."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(rows, D)).astype(dtype), rng.normal(size=(C, D)).astype(dtype)
    loss, y = getattr(refloss, name), rng.integers(0, C, rows)
    tracemalloc.start()
    if call == "value":
        found = [loss(x, w, y, memory=memory)]
    elif call == "grad":
        value, gradients = loss.value_and_grad(x, w, y, memory=memory)
        found = [value, *gradients.values()]
    else:
        found = list(loss.hvp(x, w, y, {"x": x, "weight": w}, memory=memory).values())
    return found


def beside_results(name, call, rows, memory, dtype):
    """Return the bytes that a call holds at most beside its results."""
    try:
        found = outputs(name, call, rows, memory, dtype)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - sum(np.asarray(array).nbytes for array in found)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", ["arcface", "l2_softmax"])
def test_a_budget_is_kept(name, call, dtype):
    beside_results(name, call, 2, 1 << 22, dtype)  # what is loaded once
    for memory in (6 << 20, 12 << 20):
        taken = beside_results(name, call, B, memory, dtype)
        assert memory / 8 < taken <= memory
