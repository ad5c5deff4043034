"""Laws of heads over given cosines: what the softmax does not see, and what a margin does.

Cosines are 128ths, the ends and the borders of margins among them where a law says so.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as extra

import refloss
from tests.kernels.row_regimes import RowCase
from tests.kernels.row_subject import U, refuse
from tests.kernels.test_cosine_row_bars import SUBJECTS, check, head

FEW = [SUBJECTS[1], SUBJECTS[6], SUBJECTS[7], SUBJECTS[12], SUBJECTS[17]]
each = pytest.mark.parametrize("subject", FEW, ids=str)
COSINE = st.integers(-127, 127).map(lambda k: k / 128)


@st.composite
def cases(draw) -> RowCase:
    """Return rows of cosines inside of both ends."""
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    cosine = draw(extra.arrays(np.float64, (rows, classes), elements=COSINE))
    labels = draw(extra.arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    return RowCase(cosine, labels, np.eye(classes)[labels])


@each
@given(case=cases())
def test_the_truth(subject, case):
    check(subject, case)


@each
@given(case=cases())
def test_derivatives_by_logits_cancel(subject, case):
    """The slopes of the others add up to the target's, over the slope of its logit."""
    cosine, labels = case.logits, case.labels
    grad, bar = subject.grad(case), subject.grad_bar(case)
    own = np.arange(len(case)), labels
    others = grad.sum(1) - grad[own]
    name = subject.loss.replace("_cosine", "_logit")
    axes = {n: v for n, v in subject.axes.items() if n not in ("cuts", "scale")}
    slope = getattr(refloss, name).grad(cosine[own], scale=1.0, **axes)["cosine"]
    inside = np.abs(cosine) <= subject.spec.constants["roof"]
    whole = inside.all(1) & (slope != 0)
    with np.errstate(all="ignore"):
        total = others + grad[own] / slope
        room = bar.sum(1) - bar[own] + bar[own] / np.abs(slope) + 8 * U * np.abs(others)
    off = whole & ~(np.abs(total) <= room)
    refuse(off[:, None], case, str(subject), total[:, None])


@each
@given(case=cases(), order=st.randoms(use_true_random=False))
def test_classes_may_come_in_any_order(subject, case, order):
    turn = list(range(case.classes))
    order.shuffle(turn)
    place = np.argsort(turn)
    moved = RowCase(case.logits[:, turn], place[case.labels], case.probabilities[:, turn])
    weight = subject.weight(case)
    loss, axes = subject.function, subject.axes
    value, grad = loss.value_and_grad(case.logits, case.labels, class_weight=weight, **axes)
    other = None if weight is None else weight[turn]
    again, turned = loss.value_and_grad(moved.logits, moved.labels, class_weight=other, **axes)
    off = ~(np.abs(again - value) <= 2 * subject.value_bar(case))
    refuse(off[:, None], case, str(subject), again[:, None])
    off = ~(
        np.abs(turned["cosine"] - grad["cosine"][:, turn]) <= 2 * subject.grad_bar(case)[:, turn]
    )
    refuse(off, moved, str(subject), turned["cosine"])


@given(case=cases(), margin=st.integers(0, 64).map(lambda k: k / 64))
def test_a_larger_margin_of_the_cosine_is_a_larger_loss(case, margin):
    """And a margin of the angle is, where the angle and both margins stay below pi."""
    small, large = (
        head("cosface", {"margin": m, "scale": 8.0}).value(case) for m in (margin, margin + 0.25)
    )
    assert (small < large).all()
    own = case.logits[np.arange(len(case)), case.labels]
    below = np.arccos(own) + margin + 0.25 < np.pi
    small, large = (
        head("arcface", {"margin": m, "scale": 8.0}).value(case) for m in (margin, margin + 0.25)
    )
    assert (small < large)[below].all()


@given(case=cases())
def test_without_a_margin_all_are_one_loss(case):
    plain = head("cosface", {"margin": 0.0})
    value, grad = plain.value_and_grad(case)
    axes = {"arcface": {"margin": 0.0}, "sphereface": {"margin": "1", "scale": 64.0}}
    axes["combined_margin"] = {"margin": 0.0, "cosine_margin": 0.0}
    for name, given_axes in axes.items():
        other, slopes = head(name, given_axes).value_and_grad(case)
        off = ~(np.abs(other - value) <= 2 * plain.value_bar(case))
        refuse(off[:, None], case, name, other[:, None])
        off = ~(np.abs(slopes - grad) <= 2 * plain.grad_bar(case))
        refuse(off, case, name, slopes)
