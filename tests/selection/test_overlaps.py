"""How much boxes overlap: the probe's numbers, losses, torchvision, degenerate boxes, budget."""

import doctest

import numpy as np
import pytest
import torch
from hypothesis import given

import refloss
from refloss.selection import SIMILARITIES, box_similarity, overlaps
from tests.selection.boxes import grid_boxes, random_boxes, tensors, torchvision
from tests.selection.drawing import draws

U = 2.0**-53
P, G = np.array([[0.0, 0, 10, 2]]), np.array([[2.0, 0, 6, 8]])


def test_the_boxes_of_the_probe():
    found = {metric: float(box_similarity(P, G, metric=metric)[0, 0]) for metric in SIMILARITIES}
    assert found["iou"] == 8 / 44
    assert round(1 - found["giou"], 6) == 1.268182
    assert round(1 - found["diou"], 6) == 0.879157
    assert round(1 - found["ciou"], 6) == 0.976691
    assert round(float(overlaps.distance_terms(P, G)[0]), 7) == 0.0609756


@pytest.mark.parametrize("metric", SIMILARITIES)
def test_it_is_one_minus_the_loss_of_every_pair(metric):
    boxes, truth = random_boxes(0, 7), random_boxes(1, 5)
    found = box_similarity(boxes, truth, metric=metric)
    options = {"form": "linear"} if metric == "iou" else {}
    for j in range(5):
        loss = getattr(refloss, metric)(boxes, np.tile(truth[j], (7, 1)), **options)
        assert np.abs(found[:, j] - (1.0 - loss)).max() <= 12 * U


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [
        ("iou", "box_iou"),
        ("giou", "generalized_box_iou"),
        ("diou", "distance_box_iou"),
        ("ciou", "complete_box_iou"),
    ],
)
def test_it_is_the_matrix_of_torchvision(metric, theirs):
    boxes, truth = random_boxes(2, 30), random_boxes(3, 20)
    expected = getattr(torchvision().ops, theirs)(*tensors(boxes, truth)).numpy()
    low, high = (
        np.minimum(boxes[:, None, :2], truth[:, :2]),
        np.maximum(boxes[:, None, 2:], truth[:, 2:]),
    )
    eps = 0.0 if metric in ("iou", "giou") else 1e-7  # theirs, beside the squared diagonal and 1
    allowed = 64 * U + eps * (1.0 + 1.0 / ((high - low) ** 2).sum(axis=2))
    assert (np.abs(box_similarity(boxes, truth, metric=metric) - expected) <= allowed).all()


def test_an_iou_of_whole_numbers_is_the_float_of_its_quotient():
    boxes = np.array([[0.0, 0, width, 1] for width in range(1, 11)])
    assert box_similarity(boxes, boxes[-1:])[:, 0].tolist() == [k / 10 for k in range(1, 11)]


@given(grid_boxes(1), grid_boxes(1))
@draws(60)
def test_bounds_order_and_equal_boxes(boxes, truth):
    found = {metric: box_similarity(boxes, truth, metric=metric) for metric in SIMILARITIES}
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["iou"] >= 0.0).all()
    assert (found["iou"] <= 1.0).all()
    assert (found["diou"] <= found["iou"] + 8 * U).all()
    assert (found["ciou"] <= found["diou"] + 8 * U).all()
    assert (found["giou"] <= found["iou"] + 8 * U).all()
    assert (found["giou"] >= -1.0).all()
    assert (found["diou"] >= -1.0).all()
    assert (found["ciou"] > -1.5).all()
    solid = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    for metric in SIMILARITIES:
        own = np.diag(box_similarity(boxes, boxes, metric=metric))
        assert (own[solid] == 1.0).all()
        assert metric != "iou" or not own[~solid].any()


def test_the_distance_of_small_boxes_far_from_zero_keeps_its_digits():
    step, shift = 2.0**-19, 2.0**33  # corners are exact, their sums are not
    boxes, truth = (step * np.round(1024 * random_boxes(seed, 9)) + shift for seed in (4, 5))
    far = overlaps.distance_terms(boxes, truth)
    near = overlaps.distance_terms(boxes - shift, truth - shift)
    np.testing.assert_allclose(far, near, rtol=16 * U, atol=0)


@pytest.mark.parametrize("metric", SIMILARITIES)
def test_a_budget_changes_no_bit(metric):
    boxes, truth = random_boxes(6, 23), random_boxes(7, 11)
    whole = box_similarity(boxes, truth, metric=metric)
    assert (box_similarity(boxes, truth, metric=metric, memory=1) == whole).all()


def test_layouts_formats_and_libraries():
    boxes, truth = (np.round(random_boxes(seed, 4) * 64) for seed in (8, 9))
    before = boxes.copy()
    expected = box_similarity(boxes, truth, metric="ciou")
    sized = [np.concatenate([b[:, :2], b[:, 2:] - b[:, :2]], axis=1) for b in (boxes, truth)]
    assert (box_similarity(*sized, metric="ciou", layout="xywh") == expected).all()
    for order in "CF":
        arrays = (np.array(boxes, order=order), np.array(truth, order=order))
        assert (box_similarity(*arrays, metric="ciou") == expected).all()
        assert (arrays[0] == before).all()
    narrow = box_similarity(boxes.astype(np.float16), truth.astype(np.float16), metric="ciou")
    assert narrow.dtype == np.float16
    assert (narrow == expected.astype(np.float16)).all()
    found = box_similarity(*tensors(boxes, truth), metric="ciou")
    assert isinstance(found, torch.Tensor)
    assert (found.numpy() == expected).all()


def test_nan_spoils_its_own_row():
    boxes = np.array([[0.0, 0, 4, 4], [0, np.nan, 4, 4], [8, 8, np.nan, 9]])
    for metric in SIMILARITIES:
        found = box_similarity(boxes, boxes[:1], metric=metric)[:, 0]
        assert np.isnan(found).tolist() == [False, True, True]


def test_empty_sets():
    none = np.zeros((0, 4))
    assert box_similarity(none, G).shape == (0, 1)
    assert box_similarity(P, none).shape == (1, 0)
    assert box_similarity(none, none, metric="ciou").shape == (0, 0)


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (TypeError, "boxes: expected one of float16.*int64", (P.astype(int), G), {}),
        (ValueError, r"boxes: expected shape \(N, 4\), got \(4,\)", (P[0], G), {}),
        (TypeError, "truth: expected float64 as boxes, got float32", (P, G.astype(np.float32)), {}),
        (
            ValueError,
            "truth: expected boxes with x1 <= x2 and y1 <= y2; got x1=9",
            (P, G + np.array([7.0, 0, 0, 0])),
            {},
        ),
        (
            ValueError,
            "boxes: expected coordinates that are finite or NaN; got",
            (P + np.array([0, 0, np.inf, 0]), G),
            {},
        ),
        (
            ValueError,
            "metric: expected one of 'ciou', 'diou', 'giou', 'iou'; got 'siou'",
            (P, G),
            {"metric": "siou"},
        ),
        (ValueError, "layout: expected one of .*got 'yxyx'", (P, G), {"layout": "yxyx"}),
        (TypeError, "memory: expected a number of bytes, got 1.5", (P, G), {"memory": 1.5}),
    ],
)
def test_errors_name_the_argument(error, message, arguments, options):
    with pytest.raises(error, match=message):
        box_similarity(*arguments, **options)


def test_the_examples_of_the_docstrings():
    failed, tried = doctest.testmod(overlaps)
    assert tried
    assert not failed
