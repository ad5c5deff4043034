"""Kernels of rows of similarities as a device runs them, against certified truth.

The bars are those of the NumPy kernels in double, and the same with float's u in float: a
temperature that float does not hold comes as two floats.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS
from crossval.points.similarities import COLUMNS, point_set

from ..row_subject import differences
from ..similarity_terms import SimilaritySubject
from ..test_pair_bars import refuse
from ..test_similarity_bars import gaps
from .fibers import unit_of
from .row_runs import GROUPS
from .runs import REALS, launch, same_bits

SUBJECTS = [
    SimilaritySubject("supcon"),
    SimilaritySubject("supcon", {"logarithm": "inside", "temperature": 0.3}),
    SimilaritySubject("ntxent"),
    SimilaritySubject("ntxent", {"least": 2.0**-10, "pairs": "averaged"}),
    SimilaritySubject("ntxent", {"others": "in", "temperature": 0.5}),
    SimilaritySubject("multi_similarity", {"base": 0.3}),
    SimilaritySubject("circle", {"gamma": 80.0, "margin": 0.4}),
]


@cache
def unit(program, function, real):
    return unit_of(program, function, real)


def run(subject, real, function, columns, upstream, direction, group=GROUPS[0]):
    """Return a kernel's outputs by name."""
    rows, same = np.split(columns, 2, axis=1)
    inputs = {"similarities": rows, "same": same, "loss_bar": upstream}
    inputs |= {"similarities_dot": direction}
    spec, threads = subject.spec, {"group": group[0], "block": group[1]}
    made = unit(spec.program, function, real)
    return launch(made, list(rows.shape), inputs, spec.constants, **threads)


def check(subject, real, width=COLUMNS, group=GROUPS[0], every=1):
    """See value, gradient and product within the bars at points that a format holds."""
    points, rng = point_set(real, "smoke", width), np.random.default_rng(3)
    columns, places = points.columns[::every], points.places[::every]
    made = rng.normal(size=len(columns)), rng.normal(size=(len(columns), width))
    upstream, direction = (FORMATS[real].round(each) for each in made)
    known = subject.truth(columns, upstream, direction if width < 12 else None)
    grad = run(subject, real, "grad", columns, upstream, direction, group)
    value = run(subject, real, "value", columns, upstream, direction, group)["loss"]
    assert same_bits({"loss": value}, {"loss": grad["loss"]})
    bar = subject.value_bar(columns, known, real)
    refuse(differences(value.astype(float), known, "value") > bar, places, value, known.value_hi)
    found, bar = grad["similarities_bar"], subject.grad_bar(columns, known, upstream, real)
    refuse(gaps(found.astype(float), known, "grad") > bar, places, found, known.grad_hi)
    if known.hvp_hi is not None:
        found = run(subject, real, "hvp", columns, upstream, direction, group)
        found = found["similarities_bar_dot"]
        bar = subject.hvp_bar(columns, direction, upstream, real)
        refuse(gaps(found.astype(float), known, "hvp") > bar, places, found, known.hvp_hi)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject, real):
    check(subject, real)


@pytest.mark.parametrize("real", REALS)
def test_rows_of_any_length_meet_the_bars(real):
    for width, group in zip((1, 33, 257), GROUPS, strict=True):
        check(SUBJECTS[2], real, width, group, every=8)
