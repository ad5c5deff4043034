"""Numbers worked out by hand that tell conventions apart, through the public functions.

The pair of boxes P = (0, 0, 10, 2), G = (2, 0, 6, 8): I = 8, U = 44, hull 80, diagonal² 164,
centres (5, 1) and (4, 4). Published digits are compared to their last place; everything that has a
closed form, to 4 ulp of it.
"""

import math

import numpy as np
import pytest

import refloss
from refloss.losses import resolve

P, G = np.array([[0.0, 0.0, 10.0, 2.0]]), np.array([[2.0, 0.0, 6.0, 8.0]])
IOU, DISTANCE = 8 / 44, 10 / 164
TURN = math.atan2(4, 8) - math.atan2(10, 2)
V = 4 / math.pi**2 * TURN**2
ALPHA = V / (1 - IOU + V)
ULP = 2.0**-52


def one(loss, **axes) -> float:
    return float(getattr(refloss, loss)(P, G, **axes)[0])


def digits(found: float, printed: str) -> bool:
    """Whether a number rounds to the digits that are printed."""
    return f"{found:.{len(printed.split('.')[1])}f}" == printed


@pytest.mark.parametrize(
    ("loss", "axes", "printed"),
    [
        ("iou", {"form": "log"}, "1.70475"),
        ("iou", {"form": "linear"}, "0.81818"),
        ("iou", {"form": "square"}, "0.966942"),
        ("giou", {}, "1.268182"),
        ("diou", {}, "0.879157"),
        ("ciou", {}, "0.976691"),
        ("ciou", {"alpha": "attached"}, "0.976691"),
        ("ciou", {"aspect": "unit"}, "0.976691"),
        ("ciou", {"alpha": "gated"}, "0.879157"),
        ("ciou", {"alpha": "gated_strict"}, "0.879157"),
        ("ciou", {"preset": "paper"}, "0.976691"),
        ("ciou", {"preset": "paper_v2"}, "0.879157"),
        ("ciou", {"preset": "torchvision"}, "0.976691"),
        ("ciou", {"preset": "detectron2"}, "0.976691"),
        ("ciou", {"preset": "ultralytics"}, "0.976691"),
        ("ciou", {"preset": "mmdet"}, "0.879157"),
        ("diou", {"preset": "torchvision"}, "0.879157"),
        ("giou", {"preset": "fvcore"}, "1.268182"),
        ("iou", {"preset": "unitbox"}, "1.70475"),
        ("iou", {"preset": "yolox"}, "0.966942"),
        ("iou", {"preset": "linear"}, "0.81818"),
        ("iou", {"preset": "authors"}, "0.81818"),
        ("iou", {"preset": "yolov5"}, "0.81818"),
        ("iou", {"preset": "mmdet_linear"}, "0.81818"),
        ("iou", {"preset": "mmdet_square"}, "0.966942"),
        ("giou", {"preset": "yolov5"}, "1.268182"),
        ("giou", {"preset": "yolox"}, "1.268182"),
        ("giou", {"preset": "authors"}, "1.268182"),
        ("diou", {"preset": "yolov5"}, "0.879157"),
        ("diou", {"preset": "authors"}, "0.879157"),
        ("ciou", {"preset": "yolov5"}, "0.976691"),
    ],
)
def test_published_digits(loss, axes, printed):
    assert digits(one(loss, **axes), printed)


@pytest.mark.parametrize(
    ("loss", "axes", "expected"),
    [
        ("iou", {"form": "log"}, math.log(44 / 8)),
        ("iou", {}, 36 / 44),
        ("iou", {"form": "square"}, 1 - IOU**2),
        ("giou", {}, 36 / 44 + 36 / 80),
        ("diou", {}, 36 / 44 + DISTANCE),
        ("ciou", {}, 36 / 44 + DISTANCE + ALPHA * V),
        ("diou", {"eps": {"eps_union": 4.0}}, 40 / 48 + DISTANCE),
        ("diou", {"eps": {"eps_diagonal": 36.0}}, 36 / 44 + 10 / 200),
        ("giou", {"eps": {"eps_hull": 10.0}}, 36 / 44 + 36 / 90),
        ("giou", {"eps": {"least_area": 100.0}}, 1 - 8 / 100),
        ("giou", {"eps": {"eps_height": 1.0}}, 1 - 8 / 58 + (80 - 58) / 80),
        ("giou", {"eps": {"least_hull": 100.0}}, 36 / 44 + 36 / 100),
        ("iou", {"eps": {"least_height": 4.0}}, 1 - 8 / 64),
        ("giou", {"eps": {"least_height": 4.0}}, 1 - 8 / 64 + (80 - 64) / 80),
        ("giou", {"eps": {"least_height": 9.0}}, 1 - 8 / 118 - (118 - 80) / 80),
        ("giou", {"eps": {"least_height": 4.0, "eps_height": 1.0}}, 1 - 8 / 78 + 2 / 80),
        ("diou", {"eps": {"least_height": 4.0}}, 1 - 8 / 64 + DISTANCE),
        ("iou", {"least_iou": 0.25}, 0.75),
        ("iou", {"least_iou": 0.25, "form": "square"}, 1 - 0.25**2),
        ("iou", {"least_iou": 0.125}, 36 / 44),
    ],
)
def test_closed_forms(loss, axes, expected):
    assert abs(one(loss, **axes) - expected) <= 4 * ULP * expected


def test_a_floored_height_turns_the_aspect_angle():
    v = 4 / math.pi**2 * (math.atan2(4, 8) - math.atan2(10, 4)) ** 2
    expected = 1 - 8 / 64 + DISTANCE + v**2 / (1 - 8 / 64 + v)
    found = one("ciou", eps={"least_height": 4.0})
    assert abs(found - expected) <= 8 * ULP * expected


def test_intermediate_quantities_of_the_trace():
    trace = {name: float(column[0]) for name, column in refloss.ciou.trace(P, G).items()}
    expected = {"iou": IOU, "gap": 1 - IOU, "distance": DISTANCE, "v": V, "alpha": ALPHA}
    for name, number in expected.items():
        assert abs(trace[name] - number) <= 4 * ULP * number, name
    assert digits(trace["v"], "0.335434")
    assert digits(trace["alpha"], "0.290768")


def aspect_part(**axes) -> np.ndarray:
    """Return what the aspect term adds to the gradient by the prediction's px1, py1, px2, py2."""
    return refloss.ciou.grad(P, G, **axes)["pred"][0] - refloss.diou.grad(P, G)["pred"][0]


SLOPE = -(8 / math.pi**2) * TURN  # dv/dw = slope h/(w^2 + h^2), dv/dh = -slope w/(w^2 + h^2)


@pytest.mark.parametrize(
    ("aspect", "printed", "factor"),
    [
        ("true", "0.00412341", 1 / 104),
        ("unit", "0.428835", 1.0),
        ("printed", "-0.00412341", -1 / 104),
        ("printed_unit", "-0.428835", -1.0),
    ],
)
def test_aspect_derivatives(aspect, printed, factor):
    part = aspect_part(aspect=aspect)
    assert digits(part[2], printed)
    wide, tall = ALPHA * SLOPE * factor * 2, -ALPHA * SLOPE * factor * 10
    # The two gradients that were subtracted are each below 1 + |part|.
    bound = 8 * ULP * (1 + np.abs(part))
    assert (np.abs(part - [-wide, -tall, wide, tall]) <= bound).all()


def test_an_attached_alpha_moves_with_v_and_iou():
    iou = refloss.iou.grad(P, G)["pred"][0]  # of 1 - IoU
    v = np.array([-2, 10, 2, -10]) * SLOPE / 104
    # d(alpha v) = alpha (2 - alpha) dv + alpha^2 dIoU
    expected = ALPHA * (2 - ALPHA) * v - ALPHA**2 * iou
    part = aspect_part(alpha="attached")
    assert (np.abs(part - expected) <= 8 * ULP * (1 + np.abs(part))).all()
    # alpha^2 dIoU is along y1 and y2 too where v does not move: the whole gradient changes.
    assert np.abs(part - aspect_part()).min() > 1e-4


def test_the_gate_opens_at_one_half():
    """IoU exactly 1/2: kept if the rule is "0 where IoU < 1/2", lost if it is "<= 1/2"."""
    half = np.array([[0.0, 0.0, 4.0, 2.0]]), np.array([[0.0, 0.0, 4.0, 1.0]])
    kept, strict = (refloss.ciou(*half, alpha=alpha)[0] for alpha in ("gated", "gated_strict"))
    assert kept == refloss.ciou(*half)[0] > strict == refloss.diou(*half)[0]


def test_eps_of_torchvision_stays_in_alpha():
    """Its ciou does not hand eps on: 1e-2 changes diou by eps in both quotients, ciou in alpha."""
    moved = one("diou", preset="torchvision", eps=1e-2)
    expected = 1 - 8 / (44 + 1e-2) + 10 / (164 + 1e-2)
    assert abs(moved - expected) <= 4 * ULP * expected
    alpha = V / (1 - 8 / (44 + 1e-7) + V + 1e-2)
    expected = 1 - 8 / (44 + 1e-7) + 10 / (164 + 1e-7) + alpha * V
    assert abs(one("ciou", preset="torchvision", eps=1e-2) - expected) <= 8 * ULP * expected


SQUARE = np.array([[0.0, 0.0, 10.0, 10.0]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("preset", refloss.ciou.presets)
def test_identical_boxes_cost_nothing_but_eps(preset, dtype):
    """Where mmdetection 3.3.0 and others return NaN, because 100/(100 + 1e-7) is 1 in float32."""
    box, eps = SQUARE.astype(dtype), resolve("ciou", preset).constants
    value, grad = refloss.ciou.value_and_grad(box, box, preset=preset)
    slack = 20 * eps["eps_height"] + eps["eps_union"]
    expected = slack / (100 + slack) + eps.get("eps_rho", 0.0) / (200 + eps["eps_diagonal"])
    rounding = float(np.spacing(dtype(expected))) / 2
    assert value.dtype == dtype
    assert abs(float(value[0]) - expected) <= 4 * ULP * expected + rounding
    assert all(np.isfinite(g).all() for g in grad.values())


@pytest.mark.parametrize(
    ("loss", "preset"),
    [
        *((loss, None) for loss in ("iou", "giou", "diou", "ciou")),
        *(("giou", preset) for preset in refloss.giou.presets),
        *(("diou", preset) for preset in refloss.diou.presets),
        *(("ciou", preset) for preset in refloss.ciou.presets),
    ],
)
def test_one_point_as_both_boxes(loss, preset):
    """IoU 0, hull term 0, distance 0 whatever the eps, unless it is added to both 0s of a ratio."""
    point, eps = np.array([[3.0, 5.0, 3.0, 5.0]]), resolve(loss, preset).constants
    value, grad = getattr(refloss, loss).value_and_grad(point, point, preset=preset)
    distance = eps["eps_rho"] / eps["eps_diagonal"] if eps.get("eps_rho") else 0.0
    assert value[0] == 1.0 + distance
    assert all(np.isfinite(g).all() for g in grad.values())
    if not eps["eps_union"]:
        assert all((g == 0).all() for g in grad.values())


@pytest.mark.parametrize(
    ("preset", "printed"),
    [("mmdet", "13.8155"), ("mmdet_linear", "0.999999"), ("mmdet_square", "1.000000")],
)
@pytest.mark.parametrize("point", [False, True])
def test_the_floor_of_mmdetection(point, preset, printed):
    """Of IoU, 1e-6: no gradient there, for points and for disjoint boxes alike."""
    box = np.array([[3.0, 5.0, 3.0, 5.0] if point else [20.0, 20.0, 30.0, 30.0]])
    value, grad = refloss.iou.value_and_grad(box, box if point else SQUARE, preset=preset)
    assert digits(float(value[0]), printed)
    assert all((g == 0).all() for g in grad.values())
