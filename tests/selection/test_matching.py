"""Matching against loops over boxes, torchvision's Matcher and mmdetection's rule; empty sets."""

import doctest
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from refloss.selection import (
    BACKGROUND,
    IGNORED,
    SIMILARITIES,
    box_similarity,
    match_boxes,
    matching,
)
from tests.selection.boxes import grid_boxes, random_boxes, tensors, torchvision
from tests.selection.drawing import draws

METRICS = st.sampled_from(SIMILARITIES)
#: Values that overlaps of small boxes take, and some that they do not.
THRESHOLDS = st.sampled_from(
    [(0.5, 0.5), (0.5, 0.25), (1 / 3, 0.0), (0.7, 0.3), (0.1, -0.4), (1.0, 0.0)]
)


def by_definition(overlaps, upper, lower, low=False, to="own", ties="all", least=-math.inf):
    """Return the index of every box, from a list of its overlaps with every ground truth."""
    found, own = [], []
    for row in overlaps:
        best = max(row, default=-math.inf)
        own.append(row.index(best) if row else BACKGROUND)
        found.append(own[-1] if best >= upper else IGNORED if best >= lower else BACKGROUND)
        if not row:
            found[-1] = BACKGROUND
    if low and overlaps:
        for truth in range(len(overlaps[0])):
            column = [row[truth] for row in overlaps]
            boxes = [i for i, value in enumerate(column) if value == max(column)]
            if max(column) >= least:
                for i in boxes if ties == "all" else boxes[:1]:
                    found[i] = own[i] if to == "own" else truth
    return found


@given(
    grid_boxes(),
    grid_boxes(most=4),
    METRICS,
    THRESHOLDS,
    st.booleans(),
    st.sampled_from(["own", "claimed"]),
    st.sampled_from(["all", "first"]),
    st.sampled_from([-math.inf, 0.0, 0.1, 0.5]),
)
@draws(120)
def test_matches_are_those_of_the_definition(
    boxes, truth, metric, thresholds, low, to, ties, least
):
    upper, lower = thresholds
    index, similarity = match_boxes(
        boxes,
        truth,
        foreground=upper,
        background=lower,
        metric=metric,
        allow_low_quality_matches=low,
        low_quality_to=to,
        low_quality_ties=ties,
        low_quality_least=least,
    )
    overlaps = box_similarity(boxes, truth, metric=metric).tolist()
    assert index.dtype == np.int64
    assert index.tolist() == by_definition(overlaps, upper, lower, low, to, ties, least)
    if len(truth):
        assert similarity.tolist() == [max(row) for row in overlaps]
    else:
        assert np.isnan(similarity).all()


@given(grid_boxes(1), grid_boxes(1, 4), THRESHOLDS, st.booleans())
@draws(60)
def test_matches_are_those_of_torchvision(boxes, truth, thresholds, low):
    matcher = torchvision().models.detection._utils.Matcher(*thresholds, low)
    upper, lower = thresholds
    options = {"foreground": upper, "background": lower, "allow_low_quality_matches": low}
    quality = torchvision().ops.box_iou(*tensors(truth, boxes)).nan_to_num(0.0)  # 0/0 of points
    assert match_boxes(boxes, truth, **options).index.tolist() == matcher(quality).tolist()


@pytest.mark.parametrize(
    ("metric", "theirs", "upper", "lower"),
    [
        ("iou", "box_iou", 0.4137, 0.2137),
        ("giou", "generalized_box_iou", 0.3137, -0.2137),
        ("diou", "distance_box_iou", 0.3137, 0.0137),
        ("ciou", "complete_box_iou", 0.3137, 0.0137),
    ],
)
@pytest.mark.parametrize("low", [False, True])
def test_many_boxes_by_the_measures_and_the_matcher_of_torchvision(
    metric, theirs, upper, lower, low
):
    boxes, truth = random_boxes(0, 80, side=1.0), random_boxes(1, 6, side=1.0)
    matcher = torchvision().models.detection._utils.Matcher(upper, lower, low)
    expected = matcher(getattr(torchvision().ops, theirs)(*tensors(truth, boxes)))
    options = {"foreground": upper, "background": lower, "metric": metric}
    found = match_boxes(*tensors(boxes, truth), allow_low_quality_matches=low, **options).index
    assert found.tolist() == expected.tolist()
    assert {BACKGROUND, IGNORED} < set(found.tolist())


def as_mmdetection(overlaps, positive, negative, least, every):
    """Return the assignment of MaxIoUAssigner for one image, its 1 + index and 0, -1 as ours."""
    assigned = np.full(len(overlaps), -1)
    best = overlaps.max(axis=1)
    assigned[(best >= 0.0) & (best < negative)] = 0
    assigned[best >= positive] = overlaps.argmax(axis=1)[best >= positive] + 1
    for truth in range(overlaps.shape[1]):
        column = overlaps[:, truth]
        if column.max() >= least:
            assigned[column == column.max() if every else column.argmax()] = truth + 1
    return [{0: BACKGROUND, -1: IGNORED}.get(k, k - 1) for k in assigned.tolist()]


@given(grid_boxes(1), grid_boxes(1, 4), st.sampled_from([0.0, 0.3]), st.booleans())
@draws(60)
def test_matches_that_are_claimed_are_those_of_mmdetection(boxes, truth, least, every):
    index = match_boxes(
        boxes,
        truth,
        foreground=0.7,
        background=0.3,
        allow_low_quality_matches=True,
        low_quality_to="claimed",
        low_quality_ties="all" if every else "first",
        low_quality_least=least,
    ).index
    overlaps = box_similarity(boxes, truth)
    assert index.tolist() == as_mmdetection(overlaps, 0.7, 0.3, least, every)


def test_an_own_match_may_leave_a_ground_truth_without_a_box():
    boxes, truth = np.array([[0.0, 0, 4, 4]]), np.array([[0.0, 0, 4, 2], [0, 0, 4, 3]])
    options = {"foreground": 0.9, "allow_low_quality_matches": True}
    assert match_boxes(boxes, truth, **options).index.tolist() == [1]
    truth = truth[::-1].copy()
    assert match_boxes(boxes, truth, **options).index.tolist() == [0]
    assert match_boxes(boxes, truth, low_quality_to="claimed", **options).index.tolist() == [1]


def test_the_first_of_equal_ground_truths_and_the_borders_of_the_thresholds():
    boxes = np.array([[0.0, 0, 4, 4], [0, 0, 4, 2], [0, 0, 4, 1], [8, 8, 9, 9]])
    truth = np.array([[0.0, 0, 4, 4], [0, 0, 4, 4]])  # IoU 1, 1/2, 1/4, 0
    options = {"foreground": 0.5, "background": 0.25}
    assert match_boxes(boxes, truth, **options).index.tolist() == [0, 0, IGNORED, BACKGROUND]
    assert match_boxes(boxes, truth, foreground=0.25).index.tolist() == [0, 0, 0, BACKGROUND]


def test_empty_sets():
    none, some = np.zeros((0, 4)), random_boxes(2, 3)
    for low in (False, True):
        found = match_boxes(some, none, allow_low_quality_matches=low, foreground=-2.0)
        assert found.index.tolist() == [BACKGROUND] * 3
        assert np.isnan(found.similarity).all()
        assert match_boxes(none, some, allow_low_quality_matches=low).index.shape == (0,)


@pytest.mark.parametrize("metric", SIMILARITIES)
def test_a_budget_changes_nothing(metric):
    boxes, truth = random_boxes(3, 40), random_boxes(4, 5)
    boxes[20:] = boxes[:20]  # ties between blocks
    for ties in ("all", "first"):
        options = {"metric": metric, "allow_low_quality_matches": True, "low_quality_ties": ties}
        whole = match_boxes(boxes, truth, **options)
        parts = match_boxes(boxes, truth, memory=1, **options)
        assert parts.index.tolist() == whole.index.tolist()
        assert parts.similarity.tolist() == whole.similarity.tolist()


@given(st.integers(0, 2**32 - 1), st.permutations(range(9)), st.permutations(range(3)))
@draws(40)
def test_matches_follow_permutations_and_stay_under_translation(seed, order, renamed):
    boxes, truth = random_boxes(seed, 9, side=1.0), random_boxes(seed + 1, 3, side=1.0)
    order, renamed = np.array(order), np.array(renamed)
    options = {
        "foreground": 0.4137,
        "background": 0.2137,
        "allow_low_quality_matches": True,
        "metric": "diou",
    }
    index = match_boxes(boxes, truth, **options).index
    moved = match_boxes(boxes[order], truth[renamed], **options).index
    back = np.where(moved >= 0, renamed[moved], moved)
    assert back.tolist() == index[order].tolist()
    boxes, truth = np.round(1024 * boxes), np.round(1024 * truth)
    index = match_boxes(boxes, truth, **options).index
    assert match_boxes(boxes + 2.0**30, truth + 2.0**30, **options).index.tolist() == index.tolist()


def test_formats_libraries_and_inputs():
    boxes, truth = (np.round(random_boxes(seed, 6) * 64) for seed in (5, 6))
    boxes.flags.writeable = truth.flags.writeable = False
    expected = match_boxes(boxes, truth, foreground=0.2137)
    narrow = match_boxes(boxes.astype(np.float16), truth.astype(np.float16), foreground=0.2137)
    assert narrow.index.tolist() == expected.index.tolist()
    assert narrow.similarity.dtype == np.float16
    found = match_boxes(*tensors(boxes.copy(), truth.copy()), foreground=0.2137)
    assert isinstance(found.index, torch.Tensor)
    assert found.index.tolist() == expected.index.tolist()


B = np.array([[0.0, 0, 1, 1]])


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "boxes: expected one of float16.*int64", (B.astype(int), B), {}),
        (TypeError, "truth: expected float64 as boxes, got float32", (B, B.astype(np.float32)), {}),
        (ValueError, "truth: expected no NaN", (B, B * np.nan), {}),
        (
            ValueError,
            "foreground: expected a finite number, got nan",
            (B, B),
            {"foreground": math.nan},
        ),
        (
            ValueError,
            "background: expected at most foreground = 0.5, got 0.7",
            (B, B),
            {"background": 0.7},
        ),
        (ValueError, "metric: expected one of .*got 'iof'", (B, B), {"metric": "iof"}),
        (ValueError, "low_quality_to: .*got 'best'", (B, B), {"low_quality_to": "best"}),
        (ValueError, "low_quality_ties: .*got 'last'", (B, B), {"low_quality_ties": "last"}),
        (
            ValueError,
            "low_quality_least: expected a number, got nan",
            (B, B),
            {"low_quality_least": math.nan},
        ),
        (
            TypeError,
            "allow_low_quality_matches: expected True or False, got 1",
            (B, B),
            {"allow_low_quality_matches": 1},
        ),
    ],
)
def test_errors_name_the_argument(error, message, arguments, options):
    with pytest.raises(error, match=message):
        match_boxes(*arguments, **options)


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(matching)
    assert tried
    assert not failed
