"""Faults that are put into the device's loops are noticed: barriers left out, threads, elements.

Barriers are found in the text, so that a new one is tried without a word here.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import refloss.run.native

from ..row_regimes import RowCase, wide_rows
from ..row_subject import RowSubject
from .fibers import SCHEDULES, Fault, Fibers, unit_of
from .row_runs import drawn
from .runs import fibers, launch, same_bits

DEVICE = Path(refloss.run.native.__file__).with_name("device.cuh").read_text(encoding="utf-8")
BARRIERS = [(m.start(), m.end()) for m in re.finditer(r"__sync(threads|warp)\w*\([^;]*\);", DEVICE)]
GROUP = 256
SUBJECT = RowSubject({"label_smoothing": 0.1, "z_loss": 0.5})


def noticed(change, program: str, function: str, sizes, inputs, constants) -> bool:
    """Say whether a changed kernel faults, or differs from the sound one, in some schedule."""
    unit = unit_of(program, function, "float64")
    block, group = (GROUP, GROUP) if len(sizes) > 1 else (128, 32)
    options = {"block": block, "group": group}
    sound = launch(unit, sizes, inputs, constants, kernel=fibers(unit, block, group), **options)
    broken = Fibers(unit, block, group, change)
    for schedule in SCHEDULES:
        try:
            found = launch(
                unit, sizes, inputs, constants, kernel=broken, schedule=schedule, **options
            )
        except (Fault, AssertionError):
            return True
        if not same_bits(found, sound):
            return True
    return False


def rows(n: int = 5, classes: int = 700):
    """Return what a row kernel takes."""
    case: RowCase = wide_rows(n, classes)["random"]
    upstream, direction = drawn(SUBJECT, case, "float64")
    inputs = {
        "logits": case.logits,
        "target": case.labels,
        "class_weight": np.linspace(0.5, 2.0, classes),
        "loss_bar": upstream,
        "logits_dot": direction,
    }
    return [n, classes], inputs, SUBJECT.spec.constants


def in_device(old: str, new: str):
    """Return a change of the device's loops."""
    assert DEVICE.count(old) == 1, old
    changed = DEVICE.replace(old, new)

    def change(text: str) -> str:
        assert text.count(DEVICE) == 1
        return text.replace(DEVICE, changed)

    return change


def test_there_are_barriers_and_a_sound_text_is_not_accused():
    assert BARRIERS
    assert not noticed(lambda text: text + "\n// the same\n", "cross_entropy", "grad", *rows())


@pytest.mark.parametrize("place", range(len(BARRIERS)))
def test_a_barrier_that_is_left_out_is_noticed(place):
    start, end = BARRIERS[place]

    def change(text: str) -> str:
        assert text.count(DEVICE) == 1
        return text.replace(DEVICE, DEVICE[:start] + DEVICE[end:])

    assert noticed(change, "cross_entropy", "grad", *rows())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for (int distance = 16; distance;", "for (int distance = 8; distance;"),
        (
            "for (int warp = 1; warp < GROUP/32; ++warp)",
            "for (int warp = 2; warp < GROUP/32; ++warp)",
        ),
        ("c < int(classes); c += GROUP", "c < int(classes) - GROUP/2; c += GROUP"),
        ("int c = int(threadIdx.x % GROUP);", "int c = int(threadIdx.x % 32);"),
        ("if (threadIdx.x % 32 == 0) warps", "if (threadIdx.x == 0) warps"),
        ("c += GROUP) body(c, 0);", "c += GROUP) if (c != 699) body(c, 0);"),
    ],
)
def test_lanes_and_classes_that_are_left_out_are_noticed(old, new):
    assert noticed(in_device(old, new), "cross_entropy", "grad", *rows())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("i < items; i += step", "i < items - 1; i += step"),
        ("i < items; i += step", "i < items + 1; i += step"),
        ("i += step) body(i);", "i += items) body(i);"),
        (
            "const size step = size(gridDim.x)*blockDim.x;",
            "const size step = 2*size(gridDim.x)*blockDim.x;",
        ),
    ],
)
def test_items_that_are_left_out_or_made_up_are_noticed(old, new):
    rng = np.random.default_rng(2)
    boxes = np.cumsum(rng.uniform(1, 2, (2, 1025, 4)), axis=2)
    inputs = {"pred": boxes[0], "target": boxes[1], "loss_bar": rng.normal(size=1025)}
    constants = {name: 0.0 for name, _ in unit_of("diou", "grad", "float64").constants}
    assert noticed(in_device(old, new), "diou", "grad", [1025], inputs, constants)
