"""The accuracy bars of losses of triplets, regime by regime, against certified truth.

Values within 4 ulp, gradients within 8, products within 64 of their terms, which are in
`triplet_terms`: also where the margin is kept but for its last digits, where the negative is the
positive but for them, and where a soft margin is far below 1.
"""

import numpy as np
import pytest

from crossval.points.triplets import REGIMES, point_set

from .row_subject import differences
from .test_pair_bars import refuse
from .triplet_terms import TripletSubject

SUBJECTS = [
    TripletSubject(),
    TripletSubject({"preset": "torch"}),
    TripletSubject({"distance": "euclidean", "margin": 0.0, "swap": "nearest"}),
    TripletSubject({"distance": "squared", "margin": 0.25, "swap": "nearest", "eps": 1e-6}),
    TripletSubject({"preset": "optax"}),
    TripletSubject({"preset": "open_metric_learning"}),
    TripletSubject({"hinge": "soft", "swap": "nearest"}),
    TripletSubject({"distance": "manhattan", "margin": 0.3, "eps": 1e-6}),
    TripletSubject({"distance": "manhattan", "hinge": "soft", "swap": "nearest"}),
]


def cases(level="smoke", parts=4):
    points = point_set("float64", level, parts)
    return points.columns, points.places


def check(subject, columns, places, second=True, least=0.5):
    """See value, gradient and product within the bars at every row."""
    rng = np.random.default_rng(3)
    upstream = rng.normal(size=len(columns))
    direction = rng.normal(size=columns.shape) if second else None
    known = subject.truth(columns, upstream, direction)
    regular = known.kind == "regular"
    assert regular.mean() >= least
    regular &= subject.decided(columns)
    value, grad = subject.value_and_grad(columns, upstream)
    bar = subject.value_bar(columns, known)
    refuse(differences(value, known, "value") > bar, places, value, known.value_hi, bar)
    bar = subject.grad_bar(columns, known, upstream)
    off = (differences(grad, known, "grad") > bar) & regular[:, None]
    refuse(off, places, grad, known.grad_hi, bar)
    assert np.isfinite(grad).all()
    if second:
        found = subject.hvp(columns, direction, upstream)
        bar = subject.hvp_bar(columns, known, direction, upstream)
        off = (differences(found, known, "hvp") > bar) & regular[:, None]
        refuse(off, places, found, known.hvp_hi, bar)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_regime_is_within_the_bars(subject):
    check(subject, *cases())


@pytest.mark.parametrize("parts", [1, 3, 33])
def test_so_are_vectors_of_other_sizes(parts):
    columns, places = cases(parts=parts)
    for subject in SUBJECTS[:7:3]:
        check(subject, columns[::3], places[::3], second=parts < 12)


def test_a_difference_within_an_ulp_of_the_margin_keeps_its_digits():
    """The second floats have it, and no formula of one float does."""
    columns, places = cases("standard")
    close = columns[np.isin(places, ("margin times 1 ± 2^-j", "negative by the positive"))]
    subject = TripletSubject({"distance": "euclidean", "margin": 0.0})
    known = subject.truth(close, np.ones(len(close)))
    anchor, positive, negative = np.split(close, 3, axis=1)
    near, far = (np.sqrt(((anchor - x) ** 2).sum(axis=1)) for x in (positive, negative))
    naive, (value, _) = np.maximum(near - far, 0), subject.value_and_grad(close, None)
    hard = (known.value_hi > 0) & (known.value_hi < 2.0**-48)
    assert hard.sum() >= 3
    relative = differences(naive, known, "value")[hard] / known.value_hi[hard]
    assert relative.max() > 2.0**-8
    assert (differences(value, known, "value")[hard] <= 2.0**-40 * known.value_hi[hard]).all()


@pytest.mark.parametrize("distance", ["squared", "euclidean"])
def test_the_anchor_s_slope_keeps_its_digits_where_the_negative_is_near_the_positive(distance):
    """The difference of the slopes of two distances has none of them."""
    columns, places = cases("standard")
    close = columns[places == "negative by the positive"]
    subject = TripletSubject({"distance": distance, "margin": 1.0})
    known = subject.truth(close, np.ones(len(close)))
    _, grad = subject.value_and_grad(close, None)
    by_anchor = grad[:, :4]
    naive = -(grad[:, 4:8] + grad[:, 8:])
    size = np.abs(known.grad_hi[:, :4]).max(axis=1, keepdims=True)
    gaps = differences(np.hstack([by_anchor, grad[:, 4:]]), known, "grad")[:, :4]
    assert (gaps <= 2.0**-48 * size).all()
    slow = differences(np.hstack([naive, grad[:, 4:]]), known, "grad")[:, :4]
    assert (slow / np.where(size > 0, size, 1.0)).max() > 2.0**-6


def test_the_regimes_are_the_pinned_ones():
    assert set(cases()[1]) >= set(REGIMES)
