"""Kernels of pairs of vectors as a device runs them, against certified truth.

The bars are those of the NumPy kernels in double, and the same with float's u in float: a margin
and an eps that float does not hold come as two floats.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS
from crossval.points import directions
from crossval.points.pairs import point_set

from ..pair_terms import PairSubject
from ..row_subject import differences
from ..test_pair_bars import refuse
from .fibers import SCHEDULES, unit_of
from .row_runs import GROUPS
from .runs import FUNCTIONS, REALS, launch, same_bits

SUBJECTS = [
    PairSubject({"margin": 0.3}),
    PairSubject({"preset": "sentence_transformers"}),
    PairSubject({"form": "legacy", "factor": "one", "labels": "different"}),
    PairSubject({"form": "linear", "positive_margin": 0.25}),
]

DIRECTIONS = [
    PairSubject({"preset": "pytorch_metric_learning", "margin": 0.3}),
    PairSubject({"preset": "sentence_transformers_cosine"}),
    PairSubject({"distance": "cosine", "form": "legacy", "least_norm": 0.125}),
]


@cache
def unit(program, function, real):
    return unit_of(program, function, real)


def run(subject, real, function, columns, upstream, direction, group=GROUPS[0], **how):
    """Return a kernel's outputs by name."""
    first, second = np.split(columns[:, :-1], 2, axis=1)
    dots = np.split(direction, 2, axis=1)
    inputs = {"x1": first, "x2": second, "same": columns[:, -1], "loss_bar": upstream}
    inputs |= {"x1_dot": dots[0], "x2_dot": dots[1]}
    threads = {"group": group[0], "block": group[1]}
    return launch(
        unit(subject.spec.program, function, real),
        list(first.shape),
        inputs,
        subject.spec.constants,
        **threads,
        **how,
    )


def given(real, parts=4, every=1, make=point_set):
    """Return points, upstream gradients and directions that a format holds."""
    points, rng = make(real, "smoke", parts), np.random.default_rng(3)
    columns = points.columns[::every]
    made = rng.normal(size=len(columns)), rng.normal(size=(len(columns), 2 * parts))
    return columns, points.places[::every], *(FORMATS[real].round(each) for each in made)


def check(subject, real, columns, places, upstream, direction, group=GROUPS[0]):
    """See value, gradient and product within the bars."""
    known = subject.truth(columns, upstream, direction if columns.shape[1] < 12 else None)
    regular = ((known.kind == "regular") & subject.decided(columns, real))[:, None]
    grad = run(subject, real, "grad", columns, upstream, direction, group)
    value = run(subject, real, "value", columns, upstream, direction, group)["loss"]
    assert same_bits({"loss": value}, {"loss": grad["loss"]})
    bar = subject.value_bar(columns, known, real)
    off = differences(value.astype(float), known, "value") > bar
    refuse(off, places, value, known.value_hi, bar)
    bar = subject.grad_bar(columns, upstream, real)
    _judge(grad, "_bar", bar, known, "grad", regular & _held(known.grad_hi, real), places)
    if known.hvp_hi is not None:
        found = run(subject, real, "hvp", columns, upstream, direction, group)
        bar = subject.hvp_bar(columns, direction, upstream, real)
        held = regular & _held(known.hvp_hi, real)
        _judge(found, "_bar_dot", bar, known, "hvp", held, places)


def _held(numbers, real):
    """Return which numbers a format has: others are infinite in it."""
    return np.abs(numbers[:, :-1]) <= np.finfo(real).max


def _judge(found, suffix, bar, known, part, regular, places):
    table = np.hstack([found["x1" + suffix], found["x2" + suffix]]).astype(float)
    padded = np.hstack([table, np.zeros((len(table), 1))])
    off = (differences(padded, known, part)[:, :-1] > bar) & regular
    refuse(off, places, table, getattr(known, f"{part}_hi")[:, :-1], bar)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject, real):
    check(subject, real, *given(real))


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", DIRECTIONS, ids=str)
def test_the_bars_of_directions_are_met(subject, real):
    check(subject, real, *given(real, make=directions.point_set))
    check(subject, real, *given(real, 33, every=8, make=directions.point_set), GROUPS[-1])


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("parts", [1, 33, 257])
def test_any_number_of_coordinates_meets_the_bars(parts, real):
    for group in GROUPS:
        check(SUBJECTS[0], real, *given(real, parts, every=8), group)


@pytest.mark.parametrize("real", REALS)
def test_schedules_and_groups_change_next_to_nothing(real):
    """Schedules no bit; groups of another size add up what is below an ulp in another order."""
    columns, _, *more = given(real, 33, every=8)
    for function in FUNCTIONS:
        whole = run(SUBJECTS[0], real, function, columns, *more)
        for schedule in SCHEDULES[1:]:
            found = run(SUBJECTS[0], real, function, columns, *more, schedule=schedule)
            assert same_bits(found, whole), (function, schedule)
        for group in GROUPS[1:]:
            found = run(SUBJECTS[0], real, function, columns, *more, group=group)
            for name, array in found.items():
                size = np.abs(whole[name]).max(axis=-1, keepdims=True)
                room = 4 * np.finfo(real).eps * size
                assert (np.abs(array - whole[name]) <= room).all(), (function, group, name)
