"""The accuracy bars of the center loss, regime by regime, against certified truth.

Values within 4 ulp, gradients within 8, products within 64 of their terms, see `center_terms`.
"""

import numpy as np
import pytest

from crossval.points.centers import REGIMES, point_set

from .center_terms import CenterSubject
from .row_subject import differences
from .test_pair_bars import refuse

SUBJECTS = [
    CenterSubject(),
    CenterSubject({"preset": "reid_strong_baseline"}),
    CenterSubject({"preset": "pytorch_center_loss"}),
]


def own(subject, columns, table):
    """Return of results by columns those by a vector and the centre of its class."""
    labelled = table.copy()
    labelled[:, -1] = columns[:, -1]
    return np.hstack(subject.pairs(labelled))


def judge(subject, columns, places, known, found, bars):
    """See value, gradient and product within the bars; what is by other centres is 0."""
    regular = (known.kind == "regular")[:, None]
    value, *tables = found
    with np.errstate(invalid="ignore"):
        off = differences(value, known, "value") > bars[0]
    refuse(off & np.isfinite(known.value_hi), places, value, known.value_hi, bars[0])
    assert np.array_equal(np.isinf(value), np.isinf(known.value_hi))
    for part, table, bar in zip(("grad", "hvp"), tables, bars[1:], strict=False):
        gaps = own(subject, columns, differences(table, known, part))
        wide = np.hstack([bar, bar])
        refuse((gaps > wide) & regular, places, gaps, wide)
        elsewhere = np.ones(table.shape, bool)
        layout = subject.layout(columns)
        elsewhere[:, : layout.parts] = elsewhere[:, -1:] = False
        label = columns[:, layout.label].astype(int)
        np.put_along_axis(elsewhere, layout.own(label), False, axis=1)
        assert not table[elsewhere].any()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_every_regime_is_within_the_bars(subject, backend):
    points = point_set("float64", "smoke")
    columns, rng = points.columns, np.random.default_rng(3)
    upstream, direction = rng.normal(size=len(columns)), rng.normal(size=columns.shape)
    known = subject.truth(columns, upstream, direction)
    assert (known.kind == "regular").sum() >= len(columns) - 1
    found = subject.rows(columns, upstream, direction, backend=backend)
    bars = (
        subject.value_bar(known),
        subject.grad_bar(columns, upstream),
        subject.hvp_bar(columns, direction, upstream),
    )
    judge(subject, columns, points.places, known, found, bars)


def test_one_call_of_a_batch_has_the_bits_of_calls_of_one_row():
    """Of values and of gradients by the vectors; those by the centres are sums."""
    import refloss

    rng = np.random.default_rng(4)
    x, centers = rng.normal(size=(50, 4)), rng.normal(size=(5, 4))
    target = rng.integers(0, 5, 50)
    value, grad = refloss.center.value_and_grad(x, centers, target)
    for row in range(50):
        given = x[row : row + 1], centers, target[row : row + 1]
        one, slopes = refloss.center.value_and_grad(*given)
        assert one[0] == value[row]
        np.testing.assert_array_equal(slopes["x"][0], grad["x"][row])


def test_the_regimes_are_the_pinned_ones():
    assert set(point_set("float64", "smoke").places) >= set(REGIMES)
