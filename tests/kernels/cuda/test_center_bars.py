"""Kernels of vectors and their centres as a device runs them, against certified truth.

The bars are those of the NumPy kernels in double, and the same with float's u in float.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.center_columns import CenterColumns
from crossval.oracles.formats import FORMATS
from crossval.points.centers import point_set

from ..center_terms import CenterSubject
from ..test_center_bars import SUBJECTS, judge
from .fibers import SCHEDULES, unit_of
from .row_runs import GROUPS
from .runs import FUNCTIONS, REALS, launch, same_bits


@cache
def unit(function, real):
    return unit_of("center", function, real)


def run(subject, real, function, columns, upstream, direction, group=GROUPS[0], **how):
    """Return a kernel's outputs by name, rows being vectors beside their centres."""
    (x, own), there = subject.pairs(columns), direction.copy()
    there[:, -1] = columns[:, -1]
    x_dot, own_dot = subject.pairs(there)
    inputs = {"x": x, "own": own, "loss_bar": upstream, "x_dot": x_dot, "own_dot": own_dot}
    threads = {"group": group[0], "block": group[1]}
    constants = subject.constants(columns)
    return launch(unit(function, real), list(x.shape), inputs, constants, **threads, **how)


def given(columns, real):
    rng = np.random.default_rng(3)
    made = rng.normal(size=len(columns)), rng.normal(size=columns.shape)
    return tuple(FORMATS[real].round(each) for each in made)


def check(subject, real, columns, places, group=GROUPS[0]):
    """See value, gradient and product within the bars."""
    upstream, direction = given(columns, real)
    known = subject.truth(columns, upstream, direction)
    grad = run(subject, real, "grad", columns, upstream, direction, group)
    value = run(subject, real, "value", columns, upstream, direction, group)["loss"]
    hvp = run(subject, real, "hvp", columns, upstream, direction, group)
    assert same_bits({"loss": value}, {"loss": grad["loss"]})
    layout = subject.layout(columns)
    place, tables = layout.own(columns[:, layout.label].astype(int)), []
    for found, suffix in ((grad, "_bar"), (hvp, "_bar_dot")):
        table = np.zeros(columns.shape)
        table[:, : layout.parts] = found["x" + suffix]
        np.put_along_axis(table, place, found["own" + suffix].astype(float), axis=1)
        tables.append(table)
    bars = (
        subject.value_bar(known, real),
        subject.grad_bar(columns, upstream, real),
        subject.hvp_bar(columns, direction, upstream, real),
    )
    with np.errstate(over="ignore"):
        finite = np.isfinite(known.value_hi.astype(real)) & np.isfinite(value)
    some = known.value_hi[finite], value.astype(float)[finite]
    assert (np.abs(some[1] - some[0]) <= bars[0][finite]).all()
    held = np.where(finite, value.astype(float), known.value_hi)
    judge(subject, columns, places, known, (held, *tables), bars)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject, real):
    points = point_set(real, "smoke")
    check(subject, real, points.columns, points.places)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("parts", [1, 33, 257])
def test_any_number_of_coordinates_meets_the_bars(parts, real):
    rng = np.random.default_rng(parts)
    table = FORMATS[real].round(rng.normal(size=(6, 3 * parts)))
    columns = np.hstack([table, rng.integers(0, 2, (6, 1))])
    subject = CenterSubject({}, CenterColumns(parts))
    places = np.array(["drawn"] * 6)
    for group in GROUPS:
        check(subject, real, columns, places, group)


@pytest.mark.parametrize("real", REALS)
def test_schedules_change_no_bit(real):
    points = point_set(real, "smoke")
    columns = points.columns[::4]
    more = given(columns, real)
    for function in FUNCTIONS:
        whole = run(SUBJECTS[2], real, function, columns, *more)
        for schedule in SCHEDULES[1:]:
            found = run(SUBJECTS[2], real, function, columns, *more, schedule=schedule)
            assert same_bits(found, whole), (function, schedule)
