"""Elementwise kernels as a device runs them: sizes, layouts, schedules, and the host's bits."""

from dataclasses import replace

import numpy as np
import pytest

from crossval.families import family_of
from crossval.oracles.elementwise import weights_of
from refloss.run.native.host import HostKernel
from refloss.run.native.unit import ABSENT, SAME

from ..regimes import regimes
from .fibers import INDEX, SCHEDULES, texts, unit_of
from .memory import LAYOUTS
from .runs import ELEMENTS, FUNCTIONS, ITEMS, REALS, defaults, launch, same_bits

SIZES = (0, 1, 31, 32, 33, 255, 256, 257, 1023, 1024, 1025)
KERNELS = [(p, f, r) for p in ITEMS for f in FUNCTIONS for r in REALS]


def drawn(n: int, program: str = "giou") -> dict[str, np.ndarray]:
    """Return inputs of `n` items, of all regimes that float32 can hold, and noise."""
    rng = np.random.default_rng(8)
    if program in ELEMENTS:
        return elements(n, program, rng)
    hard = [p for name, p in regimes(100).items() if name not in ("1e-85", "1e80")]
    pairs = rng.permutation(np.concatenate(hard).astype(np.float32))[:n].astype(np.float64)
    assert len(pairs) == n
    return {
        "pred": pairs[:, :4],
        "target": pairs[:, 4:],
        "loss_bar": rng.normal(size=n),
        "pred_dot": rng.normal(size=(n, 4)),
        "target_dot": rng.normal(size=(n, 4)),
    }


def elements(n: int, program: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return pinned points of a loss of single numbers, in an order of their own."""
    family = family_of(INDEX[program]["loss"], program)
    names = [name for name, _ in INDEX[program]["arrays"]["value"]["inputs"]]
    if not set(family.inputs) <= set(names):  # sums over a batch
        sums = {name: rng.exponential(size=n) for name in names}
        dots = {f"{name}_dot": rng.normal(size=n) for name in names}
        return {**sums, **dots, "loss_bar": rng.normal(size=n)}
    columns = rng.permutation(family.points("float32", "standard").columns)
    columns = columns[np.arange(n) % len(columns)]
    inputs = {name: columns[:, part][:, 0] for name, part in family.inputs.items()}
    inputs |= {name: rng.uniform(0.5, 2, n) for name in weights_of(program)}
    dots = {f"{name}_dot": rng.normal(size=n) for name in family.inputs}
    return {**inputs, **dots, "loss_bar": rng.normal(size=n)}


def first(inputs, n):
    return {name: array[:n] for name, array in inputs.items()}


@pytest.mark.parametrize(("program", "function", "real"), KERNELS)
def test_sizes_schedules_and_layouts_change_no_bit(program, function, real):
    unit, constants = unit_of(program, function, real), defaults(program)
    inputs = drawn(max(SIZES), program)
    whole = launch(unit, [max(SIZES)], inputs, constants)
    for n in SIZES:
        some = launch(unit, [n], first(inputs, n), constants, blocks=2)
        assert same_bits(some, first(whole, n)), f"{n} items"
    for schedule in SCHEDULES[1:]:
        assert same_bits(launch(unit, [1025], inputs, constants, schedule=schedule), whole)
    for layout in LAYOUTS[1:]:
        some = launch(unit, [257], first(inputs, 257), constants, layout=layout, blocks=1)
        assert same_bits(some, first(whole, 257)), layout


@pytest.mark.parametrize(("program", "function", "real"), KERNELS)
def test_the_host_computes_the_same_bits_and_so_do_constants_that_are_numbers(
    program, function, real
):
    constants, inputs = defaults(program, real), drawn(1025, program)
    fixed = unit_of(program, function, real, baked=constants)
    found = launch(fixed, [1025], inputs, {})
    host = {name: np.empty_like(array) for name, array in found.items()}
    narrow = {name: inputs[name].astype(real) for name, _, _ in fixed.inputs}
    HostKernel(fixed, *texts(program)).run([1025], narrow, host, constants)
    assert same_bits(found, host)
    assert same_bits(found, launch(unit_of(program, function, real), [1025], inputs, constants))


@pytest.mark.parametrize("kind", ["xywh", "cxcywh"])
@pytest.mark.parametrize("real", REALS)
def test_boxes_of_other_layouts_are_those_of_the_host_and_of_corners(real, kind):
    """On coordinates that are multiples of 1/8, so that layouts convert without an error."""
    rng = np.random.default_rng(6)
    low, size = rng.integers(0, 400, (2, 257, 2)) / 8, rng.integers(1, 400, (2, 257, 2)) / 4
    start = low if kind == "xywh" else low + size / 2
    other, corners = np.concatenate([start, size], 2), np.concatenate([low, low + size], 2)
    noise, constants = rng.normal(size=257), defaults("giou")
    unit = unit_of("giou", "grad", real, baked=constants)
    turned = replace(
        unit,
        inputs=tuple((n, kind if k == "4" else k, h) for n, k, h in unit.inputs),
        outputs=tuple((n, kind if k == "4" else k, h) for n, k, h in unit.outputs),
    )
    given = {"pred": other[0], "target": other[1], "loss_bar": noise}
    plain = {"pred": corners[0], "target": corners[1], "loss_bar": noise}
    for layout in LAYOUTS:
        found = launch(turned, [257], given, {}, layout=layout)
        host = {name: np.empty_like(array) for name, array in found.items()}
        narrow = {name: array.astype(real) for name, array in given.items()}
        HostKernel(turned, *texts("giou")).run([257], narrow, host, constants)
        assert same_bits(found, host)
        known = launch(unit, [257], plain, {})
        assert same_bits({"loss": found["loss"]}, {"loss": known["loss"]})
        for name in ("pred_bar", "target_bar"):
            first_, last = np.split(known[name], 2, axis=1)
            sized = last if kind == "xywh" else (last - first_) / 2
            np.testing.assert_array_equal(found[name], np.hstack([first_ + last, sized]))


@pytest.mark.parametrize("real", REALS)
def test_one_number_for_all_items_and_outputs_that_nobody_wants(real):
    constants, inputs = defaults("giou"), drawn(257)
    inputs["loss_bar"] = np.full(257, 0.75)
    every = launch(unit_of("giou", "grad", real), [257], inputs, constants)
    for gone in ("loss", "pred_bar", "target_bar"):
        held = {"loss_bar": SAME, gone: ABSENT}
        few = launch(
            unit_of("giou", "grad", real, held=held), [257], {**inputs, "loss_bar": 0.75}, constants
        )
        assert same_bits(few, {name: array for name, array in every.items() if name != gone})
