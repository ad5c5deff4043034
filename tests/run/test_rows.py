"""Rows of the committed kernels: the bits of their text, in memory of a few blocks."""

import tracemalloc

import ml_dtypes
import numpy as np
import pytest

from refloss.run.blocks import Store
from refloss.run.kernels import library
from refloss.run.rounding import narrow
from refloss.run.rows import TILE, RowProgram
from tests.run.logits import (
    DEFAULT,
    SHAPES,
    differentiable,
    dyadic,
    everything,
    inputs,
    lead,
    planned,
    run_plan,
    run_text,
    settings,
    whole,
    without_errors,
)
from tests.run.text import FEWER_ROW_PROGRAMS as ROW_PROGRAMS
from tests.run.text import assert_same_bits

FUNCTIONS = ("value", "grad", "hvp")
EVERYTHING = everything("cross_entropy")


def labelled(program):
    return SHAPES[program]["target"] == "b"


def assert_same(found, expected, what):
    for k, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert_same_bits(one, other, (*what, k))


@pytest.mark.parametrize("classes", [2, 3, 7, 33, 1000])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_plans_give_the_bits_of_the_text(program, function, classes):
    """Under every setting, with and without class weights, with and without corrections."""
    kernel = library().kernel(program)
    modules = {True: kernel.module, False: without_errors(kernel)}
    for rows in (0, 1, 2, 7, 100):
        weighted = inputs(program, function, rows, classes)
        plain = weighted | {"class_weight": np.ones(classes)}
        for setting in settings(program):
            for errors, module in modules.items():
                what = (setting, rows, errors)
                expected = whole(module, function, weighted, setting)
                found = planned(kernel, program, function, weighted, setting, errors=errors)
                assert_same(found, expected, (*what, "weights"))
                expected = whole(module, function, plain, setting)
                fixed = {"fixed": (("class_weight", 1.0),), "errors": errors}
                found = planned(kernel, program, function, plain, setting, **fixed)
                assert_same(found, expected, (*what, "no weights"))


@pytest.mark.parametrize("tile", [1, 7, 20, 50, 700])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_blocks_of_any_size_give_the_same_bits(program, function, tile):
    """A tile of one class too, of the two whose sum has no order."""
    kernel = library().kernel(program)
    classes = 7 if tile >= 7 else 2
    named = inputs(program, function, 100, classes)
    expected = whole(kernel.module, function, named, everything(program))
    found = planned(kernel, program, function, named, everything(program), tile=tile)
    assert_same(found, expected, (tile,))


def exact_sums(program, function, rows, classes):
    """Return inputs whose sums over classes are exact in any order.

    Exponentials are 0 or 1 and a power of two of them 1; weights, probabilities and directions are
    small multiples of powers of two.
    """
    rng = np.random.default_rng(classes)
    named = inputs(program, function, rows, classes)
    ones = np.argsort(rng.random((rows, classes)), axis=1) < classes // 4
    named["logits"] = np.where(ones, 0.0, -800.0)
    named["class_weight"] = rng.integers(0, 9, classes) / 8
    if SHAPES[program]["target"] == "bc":
        named["target"] = rng.integers(0, 9, (rows, classes)) / 64
    for name in named.keys() & {"loss_bar", "logits_dot", "target_dot"}:
        named[name] = rng.integers(-8, 9, named[name].shape) / 4
    return named


#: Programs that add up logarithms in their gradient too: `summed` bounds them below.
ADDS_LOGARITHMS = {"softmax_focal_soft", "hed", "softmax_js", "softmax_kl"}
#: Programs in which a target's logit, and its slope, are no multiples of a power of two.
TURNS = {program for program in ROW_PROGRAMS if lead(program) == "cosine"}


@pytest.mark.parametrize("tile", [1, 5, 16, 63])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("program", sorted({*ROW_PROGRAMS} - ADDS_LOGARITHMS - TURNS))
def test_tiles_give_the_same_bits_where_sums_are_exact(program, function, tile):
    kernel = library().kernel(program)
    named = exact_sums(program, function, 5, 64)
    for setting in settings(program):
        setting = dyadic(setting)
        expected = whole(kernel.module, function, named, setting)
        found = planned(kernel, program, function, named, setting, tile=tile)
        if "target" in differentiable(program) and function != "hvp":
            value, expected = found.pop(0), expected[1:] if function == "grad" else expected
            if function == "value":
                np.testing.assert_allclose(value, expected[0], rtol=summed(64), atol=0)
                continue
        assert_same(found, expected, (setting, tile))


#: Programs whose value and gradient add up nothing that is rounded.
ADDS_EXACTLY = {"crammer_singer", "categorical_hinge"}


def summed(classes):
    """Return how far two orders of a sum of terms >= 0 may be apart, relative to the sum.

    Each is within (1 + u)^(n - 1) of it; a few more roundings come before and after.
    """
    unit = 2.0**-53
    return 2 * (classes + 8) * unit


@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_tiles_agree_to_the_roundings_of_a_sum(program):
    """Value and gradient are sums, quotients and products of terms of one sign."""
    kernel = library().kernel(program)
    classes = 5000
    named = inputs(program, "grad", 6, classes)
    rng = np.random.default_rng(3)
    size = 4 / settings(program)[0].get("scale", 1.0)
    named[lead(program)] = rng.normal(size=(6, classes)) * size
    named["target"] = named["target"] % classes if labelled(program) else hard(6, classes)
    named["class_weight"] = rng.exponential(size=classes)
    expected = whole(kernel.module, "grad", named, settings(program)[0])
    found = planned(kernel, program, "grad", named, settings(program)[0], tile=999)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=3 * summed(classes), atol=0)
    differ = any((one != other).any() for one, other in zip(found, expected, strict=True))
    assert differ != (program in ADDS_EXACTLY)


def hard(rows, classes):
    """Return probabilities of one class: every gradient component is a single product."""
    table = np.zeros((rows, classes))
    table[np.arange(rows), np.arange(rows) * 7] = 1.0
    return table


@pytest.mark.parametrize("tile", [TILE, 8])
@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_nan_stays_in_its_row(program, tile):
    kernel = library().kernel(program)
    classes = 33
    rows = classes + 2
    for function in FUNCTIONS:
        named = inputs(program, function, rows, classes)
        size = 1.0 if program not in TURNS else 0.2
        named[lead(program)] = size * np.random.default_rng(5).normal(size=(rows, classes))
        named["target"] = (
            np.arange(rows) % classes if labelled(program) else hard_spread(rows, classes)
        )
        named["class_weight"] = named["class_weight"] + 0.5  # a weight of 0 removes a row
        clean = planned(kernel, program, function, named, everything(program), tile=tile)
        struck = named[lead(program)].copy()
        struck[np.arange(classes) + 1, np.arange(classes)] = np.nan
        named = named | {lead(program): struck}
        found = planned(kernel, program, function, named, everything(program), tile=tile)
        for one, other in zip(found, clean, strict=True):
            assert not np.isnan(other).any()
            assert_same_bits(one[[0, -1]], other[[0, -1]])
        outputs = found if function != "value" else [found[0][:, None]]
        assert all(np.isnan(out[1:-1]).any(axis=-1).all() for out in outputs if out.ndim == 2)


def hard_spread(rows, classes):
    return np.full((rows, classes), 1 / classes)


TIES = {
    "apart": [1, 5, 5, 0, 5, 2, 5.0],
    "all": [3, 3, 3, 3, 3, 3, 3],
    "last": [0, 1, 2, 3, 4, 9, 9],
    "zeros": [-1, -0.0, 0.0, -1, 0.0, -0.0, -2],
    "minus infinity": [-np.inf] * 7,
    "infinity": [0, 1, 2, np.inf, 0, np.inf, np.inf],
    "NaN": [0, 9, np.inf, 1, np.nan, 9, np.nan],
}
LARGEST = """
def value(x):
    B = x.shape[0]
    C = x.shape[1]
    first = np.argmax(x, axis=1)
    most = np.max(x, axis=1)
    here = np.where((np.arange(C) == first[:, None]), 1.0, 0.0*x)
    return most, x[np.arange(B), first], here
"""


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64], ids=str)
@pytest.mark.parametrize("tile", [TILE, 1, 2, 3, 5])
def test_the_largest_and_the_first_of_equals_in_tiles_too(tile, dtype):
    """A NaN counts as the largest, as in NumPy."""
    table = np.array(list(TIES.values())).astype(dtype)
    expected = run_text(LARGEST, {"x": table.astype(float)})
    assert_same(run_plan(LARGEST, {"x": table}, {"x": "bc"}, tile=tile), expected, (tile,))


LABELS = (np.int8, np.int16, np.int32, np.int64, np.uint8)


@pytest.mark.parametrize("tile", [TILE, 40])
@pytest.mark.parametrize("dtype", LABELS, ids=lambda d: d.__name__)
def test_labels_may_have_any_integer_format(dtype, tile):
    kernel = library().kernel("cross_entropy")
    for function in FUNCTIONS:
        named = inputs("cross_entropy", function, 50, 120)
        expected = planned(kernel, "cross_entropy", function, named, EVERYTHING, tile=tile)
        named["target"] = named["target"].astype(dtype)
        found = planned(kernel, "cross_entropy", function, named, EVERYTHING, tile=tile)
        assert_same(found, expected, (function,))


FORMATS = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.dtype(">f4"))


def cast(named, dtype):
    """Return inputs in a format, and the same numbers in float64."""
    with np.errstate(all="ignore"):
        given = {n: a if a.dtype.kind in "iu" else a.astype(dtype) for n, a in named.items()}
        return given, {n: a if a.dtype.kind in "iu" else a.astype(float) for n, a in given.items()}


def rounded(array, dtype):
    out = np.empty(array.shape, np.dtype(dtype).newbyteorder("="))
    with np.errstate(all="ignore"):
        narrow(out, np.ascontiguousarray(array))
        return out.astype(float)


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_every_format_is_widened_exactly_and_rounded_once(program, dtype):
    kernel = library().kernel(program)
    for function in FUNCTIONS:
        given, wide = cast(inputs(program, function, 40, 33), dtype)
        expected = whole(kernel.module, function, wide, everything(program))
        native = np.dtype(dtype).newbyteorder("=")
        found = planned(kernel, program, function, given, everything(program), dtype=native)
        found = [f.astype(float) for f in found]
        assert_same(found, [rounded(e, dtype) for e in expected], (function,))


def strided(array):
    """Return the same array in other memory: columns first, then every second row, backwards."""
    turned = np.asfortranarray(array)
    spread = np.empty((2 * array.shape[0], *array.shape[1:]), array.dtype)
    spread[::2] = array
    backwards = np.ascontiguousarray(array[::-1, ..., ::-1] if array.ndim == 2 else array[::-1])
    return [turned, spread[::2], backwards[::-1, ..., ::-1] if array.ndim == 2 else backwards[::-1]]


@pytest.mark.parametrize("tile", [TILE, 200, 16])
@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_any_strides_give_the_same_bits(dtype, tile):
    for program in ROW_PROGRAMS:
        kernel = library().kernel(program)
        given, _ = cast(inputs(program, "hvp", 40, 33), dtype)
        expected = planned(kernel, program, "hvp", given, everything(program), tile=tile)
        for kind in range(3):
            turned = {name: strided(array)[kind] for name, array in given.items()}
            found = planned(kernel, program, "hvp", turned, everything(program), tile=tile)
            assert_same(found, expected, (program, kind))


@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_an_upstream_gradient_of_one_is_folded_without_a_trace(program):
    kernel = library().kernel(program)
    named = inputs(program, "grad", 30, 7) | {"loss_bar": np.ones(30)}
    expected = planned(kernel, program, "grad", named, everything(program))
    del named["loss_bar"]
    fixed = (("loss_bar", 1.0),)
    found = planned(kernel, program, "grad", named, everything(program), fixed=fixed)
    assert_same(found, expected, ())


def test_what_only_unwanted_results_need_is_left_out():
    kernel = library().kernel("cross_entropy_soft")
    shapes = SHAPES["cross_entropy_soft"]
    named = inputs("cross_entropy_soft", "grad", 30, 7)
    everything = planned(kernel, "cross_entropy_soft", "grad", named, DEFAULT)
    chosen = planned(kernel, "cross_entropy_soft", "grad", named, DEFAULT, outputs=(2, 0))
    assert_same(chosen, [everything[2], everything[0]], ())
    steps = [
        sum(len(p.steps) for p in kernel.rows("grad", shapes, DEFAULT, outputs=o).plan.passes)
        for o in (None, (0, 2))
    ]
    assert steps[1] < steps[0]


def test_a_plan_is_made_once_for_equal_constants():
    kernel, shapes = library().kernel("cross_entropy"), SHAPES["cross_entropy"]
    one = kernel.rows("grad", shapes, EVERYTHING)
    assert kernel.rows("grad", shapes, dict(reversed(EVERYTHING.items()))) is one
    assert kernel.rows("grad", shapes, EVERYTHING, errors=False) is not one
    assert kernel.rows("grad", shapes, EVERYTHING | {"z_loss": 0.0}) is not one


@pytest.mark.parametrize("tile", [20, 3])
def test_what_comes_after_a_block_sees_it_done(tile):
    kernel = library().kernel("cross_entropy")
    named = inputs("cross_entropy", "grad", 11, 7)
    program = kernel.rows("grad", SHAPES["cross_entropy"], DEFAULT)
    value, slopes = np.full(11, np.inf), np.full((11, 7), np.inf)
    expected = planned(kernel, "cross_entropy", "grad", named, DEFAULT, tile=tile)
    seen = []

    def after(start, stop):
        seen.append((start, stop))
        assert_same_bits(value[:stop], expected[0][:stop])
        assert_same_bits(slopes[:stop], expected[1][:stop])
        assert np.isinf(value[stop:]).all()

    program.run(11, 7, named, [Store(value), slopes], after=after, tile=tile)
    size = max(tile // 7, 1)
    assert seen == [(start, min(start + size, 11)) for start in range(0, 11, size)]


SIZES = ((4096, 1000), (4, 200_000))


def peak(program: RowProgram, named, sinks):
    rows, classes = next(iter(named.values())).shape
    few = {name: a if name == "class_weight" else a[:2] for name, a in named.items()}
    program.run(2, classes, few, sinks)  # what is compiled and cached is no part of a call
    tracemalloc.start()
    try:
        program.run(rows, classes, named, sinks)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("program", ROW_PROGRAMS)
def test_memory_is_that_of_a_few_blocks(program, function, size, dtype):
    """The registers, two more for a selection on its way, and what there is once a class."""
    rows, classes = size
    rng = np.random.default_rng(1)
    first = lead(program)
    named = {first: rng.normal(size=size).astype(dtype)}
    named["target"] = rng.integers(0, classes, rows) if labelled(program) else named[first] ** 2
    named |= {"class_weight": np.ones(classes, dtype), "loss_bar": np.ones(rows, dtype)}
    named |= {f"{name}_dot": named[first] for name in differentiable(program)}
    results = [np.empty(rows if f == "value" else size, dtype) for f in outputs(program, function)]
    sinks = [Store(r) if r.ndim == 1 else r for r in results]
    run = library().kernel(program).rows(function, SHAPES[program], everything(program))
    block = max(TILE // classes, 1)
    registers = (run.plan.registers + 2) * block * min(classes, TILE)
    once = sum(run.plan.graph.axes(node) == "c" for node in run.plan.whole)
    kept = (run.plan.kept * block + once) * classes
    assert peak(run, named, sinks) < 8 * (registers + kept + TILE)


def outputs(program, function):
    """Return ``"value"`` for each result that is one number a row, else the input's name."""
    slopes = differentiable(program) if function != "value" else []
    return [*(["value"] if function != "hvp" else []), *slopes]
