"""The accuracy bars of losses of pairs, regime by regime, against certified truth.

Values within 4 ulp, gradients within 8, products within 64 of their terms, which are in
`pair_terms`: also where a distance is the margin but for its last digits.
"""

import numpy as np
import pytest

from crossval.points import directions
from crossval.points.pairs import REGIMES, point_set

from .pair_terms import PairSubject
from .row_subject import differences

SUBJECTS = [
    PairSubject(),
    PairSubject({"preset": "sentence_transformers"}),
    PairSubject({"form": "legacy", "factor": "one"}),
    PairSubject({"form": "legacy", "margin": 0.25, "labels": "different"}),
    PairSubject({"form": "linear", "positive_margin": 0.25}),
    PairSubject({"preset": "pytorch_metric_learning_raw", "margin": 0.5}),
    PairSubject({"preset": "hadsell", "margin": 0.3}),
]

DIRECTIONS = [
    PairSubject({"distance": "normalised"}),
    PairSubject({"preset": "pytorch_metric_learning", "positive_margin": 0.25}),
    PairSubject({"distance": "normalised", "form": "legacy", "least_norm": 0.125}),
    PairSubject({"preset": "sentence_transformers_cosine"}),
    PairSubject({"distance": "cosine", "form": "legacy", "margin": 0.25}),
    PairSubject({"distance": "cosine", "form": "linear", "least_norm": 0.125, "margin": 0.3}),
]


def cases(level="smoke", parts=4, points=point_set):
    found = points("float64", level, parts)
    return found.columns, found.places


def check(subject, columns, places, second=True):
    """See value, gradient and product within the bars at every row."""
    rng = np.random.default_rng(3)
    upstream = rng.normal(size=len(columns))
    direction = rng.normal(size=(len(columns), columns.shape[1] - 1)) if second else None
    known = subject.truth(columns, upstream, direction)
    assert set(known.kind) <= {"regular", "tie", "undefined"}
    regular = known.kind == "regular"
    assert regular.mean() > 0.75
    regular &= subject.decided(columns)
    value, grad = subject.value_and_grad(columns, upstream)
    bar = subject.value_bar(columns, known)
    refuse(differences(value, known, "value") > bar, places, value, known.value_hi, bar)
    gaps = _gaps(grad, known, "grad")
    bar = subject.grad_bar(columns, upstream)
    refuse((gaps > bar) & regular[:, None], places, grad, known.grad_hi[:, :-1], bar)
    if second:
        found = subject.hvp(columns, direction, upstream)
        bar = subject.hvp_bar(columns, direction, upstream)
        off = (_gaps(found, known, "hvp") > bar) & regular[:, None]
        refuse(off, places, found, known.hvp_hi[:, :-1], bar)


def _gaps(found, known, part):
    """Return how far derivatives by vectors are from the truth."""
    padded = np.hstack([found, np.zeros((len(found), 1))])
    return differences(padded, known, part)[:, :-1]


def refuse(bad, places, *numbers):
    """Fail if any component is off, with the first place and the numbers there."""
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        found = ", ".join(f"{float(n[where]):.17g}" for n in numbers)
        raise AssertionError(f"{int(bad.sum())} of {bad.size}; {places[where[0]]} {where}: {found}")


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_regime_is_within_the_bars(subject):
    check(subject, *cases())


@pytest.mark.parametrize("parts", [1, 3, 33])
def test_so_are_vectors_of_other_sizes(parts):
    columns, places = cases(parts=parts)
    for subject in SUBJECTS[:5:2]:
        check(subject, columns[::3], places[::3], second=parts < 12)


@pytest.mark.parametrize("subject", DIRECTIONS, ids=str)
def test_so_are_directions(subject):
    check(subject, *cases("standard", points=directions.point_set))


@pytest.mark.parametrize("parts", [2, 3, 33])
def test_so_are_directions_of_other_sizes(parts):
    columns, places = cases(parts=parts, points=directions.point_set)
    for subject in DIRECTIONS[::2]:
        check(subject, columns[::3], places[::3], second=parts < 12)


def test_a_distance_within_an_ulp_of_the_margin_keeps_its_difference():
    """Of a d that rounds to m, m - d: the second float has it, and no formula of one float does."""
    columns, places = cases("standard")
    close = columns[places == "at a margin"]
    subject = PairSubject({"form": "linear", "factor": "one"})
    close[:, -1] = 0
    known = subject.truth(close, np.ones(len(close)))
    first, second = np.split(close[:, :-1], 2, axis=1)
    naive = np.maximum(1 - np.sqrt(((first - second) ** 2).sum(axis=1)), 0)
    value, _ = subject.value_and_grad(close, None)
    hard = (known.value_hi > 0) & (known.value_hi < 2.0**-49)
    assert hard.sum() >= 3
    relative = differences(naive, known, "value")[hard] / known.value_hi[hard]
    assert relative.max() > 2.0**-8
    assert (differences(value, known, "value")[hard] <= 2.0**-40 * known.value_hi[hard]).all()


def test_the_regimes_are_the_pinned_ones():
    assert set(cases()[1]) >= set(REGIMES)
