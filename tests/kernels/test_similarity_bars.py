"""The accuracy bars of losses of rows of similarities, against certified truth.

Values within 4 ulp, and half of log2 M, gradients within 8, products within 64 of their terms,
which are in `similarity_terms`. Results of a narrower format are rounded once.
"""

import numpy as np
import pytest

from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from crossval.points.similarities import COLUMNS, REGIMES, point_set

from .row_subject import differences
from .similarity_terms import SimilaritySubject, spacing
from .test_pair_bars import refuse

SUBJECTS = [
    SimilaritySubject("supcon"),
    SimilaritySubject("supcon", {"preset": "supcontrast", "temperature": 1.0}),
    SimilaritySubject("supcon", {"logarithm": "inside", "temperature": 0.3}),
    SimilaritySubject("supcon", {"logarithm": "inside", "base_temperature": 0.07}),
    SimilaritySubject("ntxent"),
    SimilaritySubject("ntxent", {"temperature": 0.001, "pairs": "averaged"}),
    SimilaritySubject("ntxent", {"least": 2.0**-126}),
    SimilaritySubject("ntxent", {"least": 0.001, "pairs": "averaged"}),
    SimilaritySubject("ntxent", {"preset": "simclr"}),
    SimilaritySubject("multi_similarity"),
    SimilaritySubject("multi_similarity", {"alpha": 30.0, "beta": 300.0, "base": 0.3}),
    SimilaritySubject("circle"),
    SimilaritySubject("circle", {"preset": "keras"}),
    SimilaritySubject("circle", {"gamma": 1.0, "margin": 0.3, "weights": "attached"}),
]


def cases(dtype="float64", width=COLUMNS, every=1):
    points = point_set(dtype, "smoke", width)
    return points.columns[::every], points.places[::every]


def check(subject, columns, places, second=True):
    """See value, gradient and product within the bars at every row."""
    rng, width = np.random.default_rng(3), columns.shape[1] // 2
    upstream = rng.normal(size=len(columns))
    direction = rng.normal(size=(len(columns), width)) if second else None
    known = subject.truth(columns, upstream, direction)
    assert set(known.kind) == {"regular"}
    value, grad = subject.value_and_grad(columns, upstream)
    bar = subject.value_bar(columns, known)
    refuse(differences(value, known, "value") > bar, places, value, known.value_hi, bar)
    bar = subject.grad_bar(columns, known, upstream)
    refuse(gaps(grad, known, "grad") > bar, places, grad, known.grad_hi[:, :width], bar)
    if second:
        found = subject.hvp(columns, direction, upstream)
        bar = subject.hvp_bar(columns, direction, upstream)
        refuse(gaps(found, known, "hvp") > bar, places, found, known.hvp_hi[:, :width], bar)


def gaps(found, known, part):
    """Return how far derivatives by similarities are from the truth."""
    return differences(np.hstack([found, np.zeros_like(found)]), known, part)[:, : found.shape[1]]


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_regime_is_within_the_bars(subject):
    check(subject, *cases())


@pytest.mark.parametrize("width", [1, 2, 33])
def test_so_are_rows_of_other_lengths(width):
    for subject in (SUBJECTS[0], SUBJECTS[2], SUBJECTS[4], SUBJECTS[9], SUBJECTS[11]):
        check(subject, *cases(width=width, every=3), second=width < 12)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_narrow_results_are_rounded_once(dtype):
    columns, places = cases(dtype)
    number, half = format_of(dtype), format_of(dtype).ulp
    upstream = number.round(np.random.default_rng(3).normal(size=len(columns)))
    for subject in (SUBJECTS[0], SUBJECTS[2], SUBJECTS[4], SUBJECTS[9], SUBJECTS[11]):
        known = subject.truth(columns, upstream)
        value, grad = subject.value_and_grad(columns, upstream, dtype_of(number))
        bar = subject.value_bar(columns, known) + half(known.value_hi, known.value_lo) / 2
        off = ~(differences(value, known, "value") <= bar) & np.isfinite(value)
        refuse(off, places, value, known.value_hi, bar)
        room = half(known.grad_hi[:, : grad.shape[1]]) / 2
        bar = subject.grad_bar(columns, known, upstream) + room
        off = ~(gaps(grad, known, "grad") <= bar) & np.isfinite(grad)
        refuse(off, places, grad, known.grad_hi[:, : grad.shape[1]], bar)


def test_a_sure_positive_keeps_the_digits_of_its_slope():
    """Of one positive far ahead the slope is p - 1, of which a difference has no digit."""
    columns, places = cases("float64")
    sure = columns[places == "very right"]
    sure = sure[(sure[:, COLUMNS:] == 1).sum(axis=1) == 1]
    assert len(sure) >= 2
    for subject in (SUBJECTS[0], SUBJECTS[4], SUBJECTS[3]):
        known = subject.truth(sure, np.ones(len(sure)))
        _, grad = subject.value_and_grad(sure, None)
        hi = known.grad_hi[:, :COLUMNS]
        assert (np.abs(hi[sure[:, COLUMNS:] == 1]) < 1e-8).any()
        assert (gaps(grad, known, "grad") <= 8 * spacing(hi, "float64")).all()


def test_the_regimes_are_the_pinned_ones():
    assert set(cases()[1]) >= set(REGIMES)
