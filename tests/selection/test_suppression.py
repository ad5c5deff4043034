"""Suppression against its definition, torchvision and kornia; ties, classes, NaN, errors."""

import doctest
import math
from fractions import Fraction

import kornia
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from refloss.selection import nms, suppression
from tests.selection.boxes import grid_boxes, random_boxes, tensors, torchvision
from tests.selection.drawing import draws

SCORES = st.sampled_from([0.1, 0.25, 0.5, 0.9])
#: IoUs of small boxes among them, so that overlaps meet the threshold.
THRESHOLDS = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 2 / 3, 0.7, 1.0])


def quotient(n, d):
    return float(Fraction(n) / Fraction(d)) if d else 0.0


def overlap(a, b, beta=None):
    """Return IoU, less the term of DIoU where there is a β, of boxes with whole corners."""
    width, height = (max(min(a[k + 2], b[k + 2]) - max(a[k], b[k]), 0) for k in (0, 1))
    inside = width * height
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    found = quotient(inside, areas - inside)
    if beta is None:
        return found
    apart = sum((a[k] + a[k + 2] - b[k] - b[k + 2]) ** 2 for k in (0, 1)) / 4
    hull = sum((max(a[k + 2], b[k + 2]) - min(a[k], b[k])) ** 2 for k in (0, 1))
    return found - quotient(apart, hull) ** beta


def by_definition(boxes, scores, threshold, classes=None, beta=None, strict=True):
    """Return the boxes that no kept box of a higher rank suppresses."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        rivals = (j for j in kept if classes is None or classes[j] == classes[i])
        overlaps = [overlap(boxes[j], boxes[i], beta) for j in rivals]
        if not any(o > threshold or (o == threshold and not strict) for o in overlaps):
            kept.append(i)
    return kept


@st.composite
def scored_boxes(draw):
    boxes = draw(grid_boxes())
    scores = draw(st.lists(SCORES, min_size=len(boxes), max_size=len(boxes)))
    classes = draw(st.lists(st.integers(0, 1), min_size=len(boxes), max_size=len(boxes)))
    return boxes, np.array(scores, np.float64), np.array(classes, np.int64)


@given(scored_boxes(), THRESHOLDS, st.booleans(), st.booleans())
@draws(100)
def test_plain_suppression_is_its_definition(case, threshold, strict, by_class):
    boxes, scores, classes = case
    kinds = classes if by_class else None
    found = nms(boxes, scores, threshold, classes=kinds, strict=strict)
    expected = by_definition(boxes.tolist(), scores, threshold, kinds, None, strict)
    assert found.dtype == np.int64
    assert found.tolist() == expected


@given(
    scored_boxes(),
    st.sampled_from([-0.4137, 0.0137, 0.2137, 0.4137]),  # between the overlaps of the grid
    st.sampled_from([0.6, 0.9, 1.0, 2.0]),
    st.booleans(),
    st.booleans(),
)
@draws(100)
def test_diou_suppression_is_its_definition(case, threshold, beta, strict, by_class):
    boxes, scores, classes = case
    kinds = classes if by_class else None
    options = {"metric": "diou", "beta": beta, "strict": strict}
    found = nms(boxes, scores, threshold, classes=kinds, **options)
    assert found.tolist() == by_definition(boxes.tolist(), scores, threshold, kinds, beta, strict)


@pytest.mark.parametrize("beta", [None, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_random_boxes_are_suppressed_by_the_definition(seed, beta):
    boxes, scores = random_boxes(seed, 25, side=1.0), np.random.default_rng(seed).random(25)
    options = {} if beta is None else {"metric": "diou", "beta": beta}
    found = nms(boxes, scores, 0.2137, **options).tolist()
    exact = [[Fraction(value) for value in box] for box in boxes.tolist()]
    assert 2 < len(found) < 25
    assert found == by_definition(exact, scores, 0.2137, None, beta)


def test_diou_keeps_a_box_that_overlaps_with_its_centre_elsewhere():
    boxes = np.array([[0.0, 0, 10, 2], [2, 0, 6, 8]])  # IoU 8/44, distance term 0.061
    scores = np.array([0.9, 0.8])
    assert nms(boxes, scores, 0.15).tolist() == [0]
    assert nms(boxes, scores, 0.15, metric="diou").tolist() == [0, 1]
    assert nms(boxes, scores, 0.12, metric="diou").tolist() == [0]
    assert nms(boxes, scores, 0.12, metric="diou", beta=0.6).tolist() == [0, 1]
    assert nms(boxes, scores, 0.15, metric="diou", beta=2.0).tolist() == [0]


def test_the_border_of_the_threshold():
    boxes, scores = np.array([[0.0, 0, 4, 1], [0, 0, 2, 1]]), np.array([2.0, 1.0])
    assert nms(boxes, scores, 0.5).tolist() == [0, 1]
    assert nms(boxes, scores, 0.5, strict=False).tolist() == [0]
    same = np.array([[0.0, 0, 4, 2], [1, 0, 3, 2]])  # one centre: DIoU is IoU, 1/2
    assert nms(same, scores, 0.5, metric="diou").tolist() == [0, 1]
    assert nms(same, scores, 0.5, metric="diou", strict=False).tolist() == [0]


# --- libraries


def as_torchvision(boxes, scores, threshold):
    """Return what torchvision's CPU kernel does, in the format of the boxes.

    Its compiled part does not load beside every torch; where it does, the operator is asked itself.
    """
    torchvision()
    if torch._C._dispatch_has_kernel_for_dispatch_key("torchvision::nms", "CPU"):
        return torch.ops.torchvision.nms(boxes, scores, threshold)
    order = scores.sort(stable=True, descending=True).indices.tolist()
    x1, y1, x2, y2 = boxes.unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    suppressed, kept = torch.zeros(len(boxes), dtype=torch.bool), []
    for place, i in enumerate(order):
        if suppressed[i]:
            continue
        kept.append(i)
        for j in order[place + 1 :]:
            width = (torch.minimum(x2[i], x2[j]) - torch.maximum(x1[i], x1[j])).clamp(min=0)
            height = (torch.minimum(y2[i], y2[j]) - torch.maximum(y1[i], y1[j])).clamp(min=0)
            inter = width * height
            if float(inter / (areas[i] + areas[j] - inter)) > threshold:
                suppressed[j] = True
    return torch.tensor(kept, dtype=torch.int64)


@given(scored_boxes(), THRESHOLDS)
@draws(60)
def test_it_is_what_torchvision_does(case, threshold):
    boxes, scores, _ = case
    expected = as_torchvision(*tensors(boxes, scores), threshold)
    assert nms(boxes, scores, threshold).tolist() == expected.tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("threshold", [0.2137, 0.5137])
def test_it_is_what_torchvision_and_kornia_do_with_many_boxes(dtype, threshold):
    boxes, scores = (
        t.to(dtype) for t in tensors(random_boxes(0, 60, side=1.0), random_boxes(1, 60)[:, 0])
    )
    found = nms(boxes, scores, threshold)
    assert isinstance(found, torch.Tensor)
    assert 5 < len(found) < 55
    assert found.tolist() == as_torchvision(boxes, scores, threshold).tolist()
    assert found.tolist() == kornia.geometry.bbox.nms(boxes, scores, threshold).tolist()


@pytest.mark.parametrize("form", ["_batched_nms_vanilla", "_batched_nms_coordinate_trick"])
def test_classes_are_parted_as_by_batched_nms(form, monkeypatch):
    ops = torchvision().ops.boxes
    monkeypatch.setattr(ops, "nms", as_torchvision)
    boxes, scores = tensors(random_boxes(2, 60, side=1.0), random_boxes(3, 60)[:, 0])
    classes = torch.from_numpy(np.random.default_rng(4).integers(0, 3, 60))
    expected = getattr(ops, form)(boxes, scores, classes, 0.3137)
    assert nms(boxes, scores, 0.3137, classes=classes).tolist() == expected.tolist()


# --- laws


@given(scored_boxes(), THRESHOLDS, st.sampled_from(["iou", "diou"]))
@draws(60)
def test_what_is_kept_is_kept_again_and_suppresses_the_rest(case, threshold, metric):
    boxes, scores, classes = case
    options = {"metric": metric, "strict": True}
    kept = nms(boxes, scores, threshold, classes=classes, **options)
    again = nms(boxes[kept], scores[kept], threshold, classes=classes[kept], **options)
    assert again.tolist() == list(range(len(kept)))
    assert (np.diff(scores[kept]) <= 0.0).all()


@given(st.integers(0, 2**32 - 1), st.permutations(range(12)))
@draws(40)
def test_it_follows_a_permutation_where_scores_differ(seed, order):
    boxes, scores = (
        random_boxes(seed, 12, side=1.0),
        np.random.default_rng(seed).permutation(12.0 + np.arange(12)),
    )
    order = np.array(order)
    for metric in ("iou", "diou"):
        kept = nms(boxes, scores, 0.3137, metric=metric)
        assert (
            order[nms(boxes[order], scores[order], 0.3137, metric=metric)].tolist() == kept.tolist()
        )


@given(grid_boxes(1), st.sampled_from(["iou", "diou"]))
@draws(40)
def test_translation_and_scaling_change_nothing(boxes, metric):
    scores = np.arange(len(boxes), dtype=np.float64)
    expected = nms(boxes, scores, 0.3137, metric=metric).tolist()
    for moved in (boxes + 2.0**20, 2.0**-30 * boxes, 1024.0 * boxes - 2.0**16):
        assert nms(moved, scores, 0.3137, metric=metric).tolist() == expected


def test_equal_scores_go_by_index_and_infinite_ones_count():
    boxes = np.array([[0.0, 0, 2, 2]] * 4)
    assert nms(boxes, np.array([0.5, 0.5, 0.5, 0.5]), 0.5).tolist() == [0]
    assert nms(boxes, np.array([-np.inf, 0.5, np.inf, np.inf]), 0.5).tolist() == [2]
    apart = boxes + 4.0 * np.arange(4)[:, None]
    assert nms(apart, np.array([-np.inf, 0.0, np.inf, -0.0]), 0.5).tolist() == [2, 1, 3, 0]


def test_boxes_without_area():
    boxes = np.array([[1.0, 1, 1, 1], [1, 1, 1, 1], [0, 1, 2, 1], [0, 0, 2, 2]])
    scores = np.array([4.0, 3.0, 2.0, 1.0])
    assert nms(boxes, scores, 0.0).tolist() == [0, 1, 2, 3]
    assert nms(boxes, scores, 0.0, strict=False).tolist() == [0]
    assert nms(boxes, scores, 0.0, metric="diou", strict=False).tolist() == [0]  # one centre


def test_nan_is_an_error_or_its_boxes_are_dropped():
    boxes, scores = (
        np.array([[0.0, 0, 2, 2], [np.nan, 0, 2, 2], [0, 0, 2, 2], [5, 5, 6, 6]]),
        np.arange(4.0),
    )
    with pytest.raises(
        ValueError, match=r"boxes: expected no NaN .nan='raise'.; got x1=nan.*row 1"
    ):
        nms(boxes, scores, 0.5)
    assert nms(boxes, scores, 0.5, nan="drop").tolist() == [3, 2]
    scores[2] = np.nan
    with pytest.raises(ValueError, match=r"scores: expected no NaN .nan='raise'.; got it in row 2"):
        nms(boxes[[0, 0, 0, 0]], scores, 0.5)
    assert nms(boxes, scores, 0.5, nan="drop").tolist() == [3, 0]


def test_formats_layouts_and_libraries():
    boxes, scores = np.round(random_boxes(5, 20) * 64), np.random.default_rng(6).random(20)
    expected = nms(boxes, scores, 0.2137).tolist()
    sized = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    assert nms(sized, scores, 0.2137, layout="xywh").tolist() == expected
    assert nms(boxes.astype(np.float16), scores, 0.2137).tolist() == expected
    boxes.flags.writeable = scores.flags.writeable = False
    assert nms(boxes, scores, 0.2137).tolist() == expected
    assert nms(np.zeros((0, 4)), np.zeros(0), 0.5).tolist() == []


B, S = np.array([[0.0, 0, 1, 1], [0, 0, 2, 2]]), np.array([0.5, 0.25])


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "boxes: expected one of float16.*int64", (B.astype(int), S, 0.5), {}),
        (ValueError, r"boxes: expected shape \(N, 4\), got \(2, 3\)", (B[:, :3], S, 0.5), {}),
        (
            ValueError,
            "boxes: expected boxes with x1 <= x2.*row 0",
            (B[:, [2, 3, 0, 1]], S, 0.5),
            {},
        ),
        (TypeError, "scores: expected one of float16.*int64", (B, np.ones(2, int), 0.5), {}),
        (
            ValueError,
            r"scores: expected shape \(2,\) as boxes has rows, got \(1,\)",
            (B, S[:1], 0.5),
            {},
        ),
        (ValueError, "threshold: expected a finite number, got nan", (B, S, math.nan), {}),
        (TypeError, "threshold: expected a number, got None", (B, S, None), {}),
        (
            ValueError,
            "classes: expected 2 as rows of boxes, got 3",
            (B, S, 0.5),
            {"classes": np.zeros(3, int)},
        ),
        (TypeError, "classes: expected integers, got float64", (B, S, 0.5), {"classes": S}),
        (
            ValueError,
            "metric: expected one of 'diou', 'iou'; got 'giou'",
            (B, S, 0.5),
            {"metric": "giou"},
        ),
        (ValueError, "beta: expected a finite number >= .*got 0", (B, S, 0.5), {"beta": 0}),
        (TypeError, "strict: expected True or False, got 'yes'", (B, S, 0.5), {"strict": "yes"}),
        (
            ValueError,
            "nan: expected one of 'drop', 'raise'; got 'keep'",
            (B, S, 0.5),
            {"nan": "keep"},
        ),
    ],
)
def test_errors_name_the_argument(error, message, arguments, options):
    with pytest.raises(error, match=message):
        nms(*arguments, **options)


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(suppression)
    assert tried
    assert not failed
