"""Kernels of triplets of vectors as a device runs them, against certified truth.

The bars are those of the NumPy kernels in double, and the same with float's u in float: a margin
and an eps that float does not hold come as two floats.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS
from crossval.points.triplets import INPUTS, point_set

from ..row_subject import differences
from ..test_pair_bars import refuse
from ..triplet_terms import TripletSubject
from .fibers import SCHEDULES, unit_of
from .row_runs import GROUPS
from .runs import FUNCTIONS, REALS, launch, same_bits

SUBJECTS = [
    TripletSubject({"margin": 0.3, "eps": 1e-6}),
    TripletSubject({"preset": "torch", "swap": "nearest"}),
    TripletSubject({"preset": "optax", "hinge": "soft"}),
    TripletSubject({"distance": "manhattan", "margin": 0.3, "swap": "nearest"}),
]


@cache
def unit(program, function, real):
    return unit_of(program, function, real)


def run(subject, real, function, columns, upstream, direction, group=GROUPS[0], **how):
    """Return a kernel's outputs by name."""
    inputs = dict(zip(INPUTS, np.split(columns, 3, axis=1), strict=True)) | {"loss_bar": upstream}
    dots = np.split(direction, 3, axis=1)
    inputs |= {f"{name}_dot": dot for name, dot in zip(INPUTS, dots, strict=True)}
    threads, shape = {"group": group[0], "block": group[1]}, list(inputs["anchor"].shape)
    made = unit(subject.spec.program, function, real)
    return launch(made, shape, inputs, subject.spec.constants, **threads, **how)


def given(real, parts=4, every=1):
    """Return points, upstream gradients and directions that a format holds."""
    points, rng = point_set(real, "smoke", parts), np.random.default_rng(3)
    columns = points.columns[::every]
    made = rng.normal(size=len(columns)), rng.normal(size=columns.shape)
    return columns, points.places[::every], *(FORMATS[real].round(each) for each in made)


def check(subject, real, columns, places, upstream, direction, group=GROUPS[0]):
    """See value, gradient and product within the bars."""
    second = columns.shape[1] <= 12
    known = subject.truth(columns, upstream, direction if second else None)
    regular = ((known.kind == "regular") & subject.decided(columns))[:, None]
    grad = run(subject, real, "grad", columns, upstream, direction, group)
    value = run(subject, real, "value", columns, upstream, direction, group)["loss"]
    assert same_bits({"loss": value}, {"loss": grad["loss"]})
    bar = subject.value_bar(columns, known, real)
    off = differences(value.astype(float), known, "value") > bar
    refuse(off, places, value, known.value_hi, bar)
    bar = subject.grad_bar(columns, known, upstream, real)
    _judge(grad, "_bar", bar, known, "grad", regular, places)
    if second:
        found = run(subject, real, "hvp", columns, upstream, direction, group)
        bar = subject.hvp_bar(columns, known, direction, upstream, real)
        _judge(found, "_bar_dot", bar, known, "hvp", regular, places)


def _judge(found, suffix, bar, known, part, regular, places):
    table = np.hstack([found[name + suffix] for name in INPUTS]).astype(float)
    off = (differences(table, known, part) > bar) & regular
    refuse(off, places, table, getattr(known, f"{part}_hi"), bar)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject, real):
    check(subject, real, *given(real))


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("parts", [1, 33, 257])
def test_any_number_of_coordinates_meets_the_bars(parts, real):
    for subject, group in zip(SUBJECTS, (*GROUPS, GROUPS[0]), strict=True):
        check(subject, real, *given(real, parts, every=8), group)


@pytest.mark.parametrize("real", REALS)
def test_schedules_and_groups_change_next_to_nothing(real):
    """Schedules no bit; groups of another size add up what is below an ulp in another order."""
    columns, _, *more = given(real, 33, every=8)
    subject = SUBJECTS[1]
    for function in FUNCTIONS:
        whole = run(subject, real, function, columns, *more)
        for schedule in SCHEDULES[1:]:
            found = run(subject, real, function, columns, *more, schedule=schedule)
            assert same_bits(found, whole), (function, schedule)
        for group in GROUPS[1:]:
            found = run(subject, real, function, columns, *more, group=group)
            for name, array in found.items():
                size = np.abs(whole[name]).max(axis=-1, keepdims=True)
                room = 4 * np.finfo(real).eps * size
                assert (np.abs(array - whole[name]) <= room).all(), (function, group, name)
