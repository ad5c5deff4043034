# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Box regression: IoU, GIoU, DIoU, CIoU
#
# A predicted box $p = (x_1, y_1, x_2, y_2)$ and a target $t$, aligned with the axes. Every loss
# below is written once, as a short program of named quantities; its gradient and its
# Hessian-vector product are derived from those lines. Running this notebook writes the kernels.
#
# | loss | published as |
# |---|---|
# | IoU | Yu, Jiang, Wang, Cao, Huang: *UnitBox*, ACM MM 2016 ($-\ln \mathrm{IoU}$) |
# | GIoU | Rezatofighi, Tsoi, Gwak, Sadeghian, Reid, Savarese: *Generalized Intersection over Union*, CVPR 2019, arXiv 1902.09630 |
# | DIoU, CIoU | Zheng, Wang, Liu, Li, Ye, Ren: *Distance-IoU Loss*, AAAI 2020, arXiv 1911.08287; CIoU with a threshold on α: arXiv 2005.03572 |

# %%
"""IoU, GIoU, DIoU and CIoU: definitions, gradients and conventions."""

import math
from collections.abc import Callable

import numpy as np
import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import aspect
from refloss.symbolic.vocabulary import boxes as box

# %% [markdown]
# ## The overlap, twice
#
# `box.overlap` names the intersection, the union, $\mathrm{IoU}$ and $\mathrm{gap} = 1 -
# \mathrm{IoU}$. Its *plain* body is the textbook formula. Near full overlap the plain $1 -
# \mathrm{IoU}$ keeps few digits, or none. Its *stable* body adds up the parts of each box that lie
# outside the other: only terms $\ge 0$, so nothing cancels,
#
# $$1 - \frac{I}{U} = \frac{(A - I) + (B - I)}{U}, \qquad A - I = (w - i_w)\,h + i_w\,(h - i_h).$$
#
# Both bodies are proved equal by the rules at the end.


# %%
def iou(form: Form, shape: str) -> Program:
    """Return the IoU loss: ``-ln IoU``, ``1 - IoU`` or ``1 - IoU^2`` by `shape`."""
    P = Build(f"iou_{shape}", form, "intersection over union")
    a = box.box_pair(P)
    eps_union, eps_height = P.const("eps_union"), P.const("eps_height")
    least_height, least_area = P.const("least_height"), P.const("least_area")
    least_iou = P.const("least_iou")
    exact = shape != "linear"
    box.overlap(P, a, eps_union, eps_height, least_height, least_area, exact_union=exact)
    IOU_LOSS[shape, form](a, least_iou)
    return P.finish("loss")


def _linear(a: box.Boxes, least_iou: sp.Expr) -> None:
    a.let("loss", 1 - box.floored_overlap(a, least_iou))


def _linear_stable(a: box.Boxes, least_iou: sp.Expr) -> None:
    a.let("loss", box.floored_gap(a, least_iou))


def _square(a: box.Boxes, least_iou: sp.Expr) -> None:
    a.let("loss", 1 - box.floored_overlap(a, least_iou) ** 2)


def _square_stable(a: box.Boxes, least_iou: sp.Expr) -> None:
    gap = box.floored_gap(a, least_iou)
    a.let("loss", gap * (1 + a.iou_kept))
    a.partials("loss", {gap: 2 * a.iou_kept})


def _log(a: box.Boxes, least_iou: sp.Expr) -> None:
    a.let("iou_kept", sp.Max(a.iou, least_iou), "IoU, floored")
    a.let("loss", -sp.log(a.iou_kept))
    a.partials("loss", {a.iou_kept: -box.Ratio(sp.S.One, a.iou_kept, box.ZERO)})


def _log_stable(a: box.Boxes, least_iou: sp.Expr) -> None:
    a.let("iou_kept", sp.Max(a.iou, least_iou), "IoU, floored")
    far = a.let("loss_far", -sp.log(a.iou_kept))
    near = a.let("loss_near", sp.Piecewise((-log1p(-a.gap), a.gap < box.HALF), (far, True)))
    a.let("loss", sp.Piecewise((near, a.iou > least_iou), (far, True)))
    kept = a.let("iou_counts", box.Step(a.iou - least_iou, box.ZERO))
    a.partials("loss", box.log_overlap_slopes(a, kept))


IOU_LOSS = {
    ("linear", "plain"): _linear,
    ("linear", "stable"): _linear_stable,
    ("square", "plain"): _square,
    ("square", "stable"): _square_stable,
    ("log", "plain"): _log,
    ("log", "stable"): _log_stable,
}

# %% [markdown]
# The gradient of the plain $1 - \mathrm{IoU}$ by the left edge of the prediction, as the calculus
# derives it, statement by statement:

# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(calculus.grad(iou("plain", "linear"), "loss", ["px1"]))))

# %% [markdown]
# An edge of the prediction either lies inside the target, and then moves the intersection, or
# beyond it, and then moves the union alone. Written by cases nothing cancels:
#
# $$\frac{\partial\,\mathrm{gap}}{\partial x_1} =
#   \begin{cases}
#     \dfrac{i_h\,[(w - i_w)\,h + B]}{U^2} & x_1 > x_1^t \\[2ex]
#     -\dfrac{I\,h}{U^2} & x_1 < x_1^t
#   \end{cases}$$
#
# At $x_1 = x_1^t$ both are one-sided derivatives; any mixture is a subgradient, and the kernels
# take the even split, as `torch.maximum` does.

# %% [markdown]
# ## GIoU
#
# The smallest box that holds both has area $C$. GIoU subtracts the share of it that is empty:
# $\mathrm{GIoU} = \mathrm{IoU} - (C - U)/C$. The stable form never subtracts the union from the
# hull. With the parts $a, b$ of the two widths and $c, d$ of the two heights that lie outside the
# intersection, and the gaps $g_x, g_y$ between disjoint boxes,
#
# $$C - U = a\,d + b\,c + g_x\,c_h + g_y\,(i_w + a + b).$$


# %%
def giou(form: Form) -> Program:
    """Return ``1 - IoU + (C - U)/C``."""
    P = Build("giou", form, "generalized intersection over union")
    a = box.box_pair(P)
    eps_union, eps_height = P.const("eps_union"), P.const("eps_height")
    eps_hull, least_height = P.const("eps_hull"), P.const("least_height")
    least_area, least_hull = P.const("least_area"), P.const("least_hull")
    ceiling = P.const("ceiling")
    box.overlap(P, a, eps_union, eps_height, least_height, least_area)
    box.hull_sides(P, a)
    box.hull_term(P, a, eps_hull, eps_height, least_height, least_area, least_hull)
    a.let("total", a.gap + a.hull_term)
    box.cut(P, a, a.total, ceiling)
    return P.finish("loss")


# %% [markdown]
# ## DIoU
#
# The squared distance of the centres over the squared diagonal of the hull. The stable form takes
# the four differences of coordinates with their rounding errors, so that small boxes far from the
# origin keep their digits.


# %%
def diou(form: Form) -> Program:
    """Return ``1 - IoU + rho^2/c^2``."""
    P = Build("diou", form, "distance intersection over union")
    a = box.box_pair(P)
    eps_union, eps_height = P.const("eps_union"), P.const("eps_height")
    eps_diagonal, eps_rho = P.const("eps_diagonal"), P.const("eps_rho")
    least_height = P.const("least_height")
    box.overlap(P, a, eps_union, eps_height, least_height)
    box.hull_sides(P, a)
    box.center_distance(P, a, eps_diagonal, eps_rho)
    a.let("loss", a.gap + a.distance)
    return P.finish("loss")


# %% [markdown]
# ## CIoU
#
# $$v = \frac{4}{\pi^2}\Bigl(\arctan\frac{w^t}{h^t} - \arctan\frac{w}{h}\Bigr)^2, \qquad
#   \alpha = \frac{v}{(1 - \mathrm{IoU}) + v}, \qquad
#   L = 1 - \mathrm{IoU} + \frac{\rho^2}{c^2} + \alpha v.$$
#
# The conventions of this loss are constants of one program: `attach` lets the gradient pass
# through $\alpha$ (`Gate`), `threshold` switches $\alpha$ off below an IoU, `unit` and `sign` are
# what published backward passes do to the aspect derivative, and the `eps_…` name every place where
# a library adds one.


# %%
def ciou(form: Form) -> Program:
    """Return ``1 - IoU + rho^2/c^2 + alpha v``."""
    P = Build("ciou", form, "complete intersection over union")
    a = box.box_pair(P)
    eps_union, eps_height = P.const("eps_union"), P.const("eps_height")
    eps_diagonal, eps_rho = P.const("eps_diagonal"), P.const("eps_rho")
    eps_ratio, eps_alpha = P.const("eps_ratio"), P.const("eps_alpha")
    threshold, at_threshold = P.const("threshold"), P.const("at_threshold")
    attach, unit, sign = P.const("attach"), P.const("unit"), P.const("sign")
    least_height, ceiling = P.const("least_height"), P.const("ceiling")
    box.overlap(P, a, eps_union, eps_height, least_height)
    box.hull_sides(P, a)
    box.center_distance(P, a, eps_diagonal, eps_rho)
    scale = P.number("aspect_scale", 4 / sp.pi**2)
    aspect.aspect_term(P, a, eps_ratio, unit, sign, scale, attach)
    weight = aspect.aspect_weight(
        P, a, eps_alpha, threshold, at_threshold, attach, eps_union, eps_height
    )
    a.let("total", a.gap + a.distance + weight * a.v)
    box.cut(P, a, a.total, ceiling)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(ciou("plain"))))

# %% [markdown]
# ### The gradient that the paper prints
#
# Equation 12 of arXiv 1911.08287 gives
#
# $$\frac{\partial v}{\partial w} = \frac{8}{\pi^2}\Bigl(\arctan\frac{w^t}{h^t} -
#   \arctan\frac{w}{h}\Bigr)\frac{h}{w^2 + h^2}, \qquad
#   \frac{\partial v}{\partial h} = -\frac{8}{\pi^2}\Bigl(\arctan\frac{w^t}{h^t} -
#   \arctan\frac{w}{h}\Bigr)\frac{w}{w^2 + h^2}.$$
#
# SymPy's derivative of the $v$ that the same paper defines has the opposite signs: what is printed
# is the direction of descent, not the derivative.

# %%
if __name__ == "__main__":
    w, h, wt, ht = sp.symbols("w h w_t h_t", positive=True)
    turn = sp.atan(wt / ht) - sp.atan(w / h)
    v = 4 / sp.pi**2 * turn**2
    printed = {
        w: 8 / sp.pi**2 * turn * h / (w**2 + h**2),
        h: -8 / sp.pi**2 * turn * w / (w**2 + h**2),
    }
    for side, value in printed.items():
        ratio = sp.simplify(sp.diff(v, side) / value)
        assert ratio == -1
        display(Math(rf"\frac{{\partial v / \partial {side}}}{{\text{{printed}}}} = {ratio}"))

# %% [markdown]
# The paper adds that $w^2 + h^2$ is small for $w, h \in [0, 1]$ and replaces $1/(w^2 + h^2)$ by 1
# in the backward pass. The loss does not change, its gradient does: the axis `aspect` has both, and
# the printed sign of each.

# %% [markdown]
# ## Conventions
#
# Constants with their defaults; every default is the formula as published, with nothing added.

# %%
CONSTANTS = {
    "eps_union": Constant(0.0, "added to the union as denominator of IoU"),
    "eps_height": Constant(0.0, "added to both heights in the areas"),
    "eps_hull": Constant(0.0, "added to the hull as denominator"),
    "eps_diagonal": Constant(0.0, "added to the squared diagonal"),
    "eps_rho": Constant(0.0, "added to the squared distance of the centres"),
    "eps_ratio": Constant(0.0, "added to both heights in the aspect angles"),
    "eps_alpha": Constant(0.0, "added to the denominator of alpha"),
    "least_height": Constant(0.0, "floor of both heights in areas and aspect angles"),
    "least_area": Constant(-math.inf, "floor of union and hull"),
    "least_hull": Constant(0.0, "floor of the hull as denominator"),
    "least_iou": Constant(0.0, "floor of IoU in the loss"),
    "threshold": Constant(-1.0, "alpha is 0 where IoU is less"),
    "at_threshold": Constant(1.0, "factor of alpha where IoU equals the threshold"),
    "attach": Constant(0.0, "1: the gradient passes through alpha; 0: it does not"),
    "unit": Constant(0.0, "1: w^2 + h^2 is replaced by 1 in the aspect derivative; 0: it is not"),
    "sign": Constant(1.0, "factor of the aspect derivative: 1, or -1 as the paper prints it"),
    "ceiling": Constant(math.inf, "the loss is cut above this value"),
}

EPS = AxisOf("how much `placement` adds or floors", 0.0)

ADDED = "added to each denominator"
HEIGHT = "added to the heights and to each denominator, as the corner layout of yolo code does"
CLAMP = "floor of the heights in areas and angles, and added to each denominator"
FLOOR = "floor of each area in a denominator"

IOU_PLACEMENTS = AxisOf(
    "where eps goes",
    "added",
    {
        "added": Value(ADDED, {"eps_union": "eps"}, "generalized-iou/Detectron.pytorch, YOLOX"),
        "height": Value(
            HEIGHT,
            {"eps_union": "eps", "eps_height": "eps"},
            "ultralytics, yolov7, yolov5 before 7.0.14",
        ),
        "clamp": Value(CLAMP, {"eps_union": "eps", "least_height": "eps"}, "yolov5 7.0.14"),
        "floor": Value(FLOOR, {"least_area": "eps"}, "mmdetection bbox_overlaps"),
    },
)
GIOU_PLACEMENTS = AxisOf(
    "where eps goes",
    "added",
    {
        "added": Value(
            ADDED,
            {"eps_union": "eps", "eps_hull": "eps"},
            "fvcore, torchvision, generalized-iou/Detectron.pytorch",
        ),
        "height": Value(
            HEIGHT,
            {"eps_union": "eps", "eps_height": "eps", "eps_hull": "eps"},
            "ultralytics, yolov7, yolov5 before 7.0.14",
        ),
        "clamp": Value(
            CLAMP, {"eps_union": "eps", "least_height": "eps", "eps_hull": "eps"}, "yolov5 7.0.14"
        ),
        "floor": Value(FLOOR, {"least_area": "eps"}, "mmdetection"),
        "hull": Value(
            "added to the union, floor of the hull, both as denominator alone",
            {"eps_union": "eps", "least_hull": "eps"},
            "YOLOX",
        ),
    },
)
DIOU_PLACEMENTS = AxisOf(
    "where eps goes",
    "added",
    {
        "added": Value(
            ADDED,
            {"eps_union": "eps", "eps_diagonal": "eps"},
            "torchvision, detectron2, mmdetection",
        ),
        "height": Value(
            HEIGHT,
            {"eps_union": "eps", "eps_height": "eps", "eps_diagonal": "eps"},
            "ultralytics, yolov7, yolov5 before 7.0.14",
        ),
        "clamp": Value(
            CLAMP,
            {"eps_union": "eps", "least_height": "eps", "eps_diagonal": "eps"},
            "yolov5 7.0.14",
        ),
        "quotient": Value(
            "added to the union, and to both parts of the distance term",
            {"eps_union": "eps", "eps_rho": "eps", "eps_diagonal": "eps"},
            "PaddleDetection DIouLoss",
        ),
    },
)

CIOU_PLACEMENTS = AxisOf(
    "where eps goes",
    "added",
    {
        "added": Value(
            ADDED,
            {"eps_union": "eps", "eps_diagonal": "eps", "eps_alpha": "eps"},
            "detectron2 ciou_loss",
        ),
        "alpha": Value(
            "added to the denominator of alpha; union and diagonal have 1e-7 whatever eps is",
            {"eps_union": 1e-7, "eps_diagonal": 1e-7, "eps_alpha": "eps"},
            "torchvision complete_box_iou_loss, which does not pass eps on to its DIoU part",
        ),
        "ratio": Value(
            "added to union, diagonal and to the heights in the aspect angles; alpha has none",
            {"eps_union": "eps", "eps_diagonal": "eps", "eps_ratio": "eps"},
            "mmdetection",
        ),
        "height": Value(
            HEIGHT,
            {
                "eps_union": "eps",
                "eps_height": "eps",
                "eps_ratio": "eps",
                "eps_diagonal": "eps",
                "eps_alpha": "eps",
            },
            "ultralytics, yolov7, yolov5 before 7.0.14",
        ),
        "clamp": Value(
            CLAMP,
            {"eps_union": "eps", "least_height": "eps", "eps_diagonal": "eps", "eps_alpha": "eps"},
            "yolov5 7.0.14",
        ),
        "quotient": Value(
            "added to the union, and to both parts of the distance term, and to the denominator of alpha",
            {"eps_union": "eps", "eps_rho": "eps", "eps_diagonal": "eps", "eps_alpha": "eps"},
            "PaddleDetection DIouLoss",
        ),
    },
)

ALPHA = AxisOf(
    "whether alpha carries a gradient, and where it is 0",
    "detached",
    {
        "detached": Value(
            "a constant in the backward pass",
            {"attach": 0.0, "threshold": -1.0, "at_threshold": 1.0},
            "detectron2, torchvision, yolov5, yolov7, YOLOv6, ultralytics, PaddleDetection",
        ),
        "attached": Value(
            "differentiated like everything else",
            {"attach": 1.0, "threshold": -1.0, "at_threshold": 1.0},
            "mmdetection before PR 5835, KerasCV 0.9",
        ),
        "gated": Value(
            "detached, and 0 where IoU < 1/2",
            {"attach": 0.0, "threshold": 0.5, "at_threshold": 1.0},
            "arXiv 2005.03572",
        ),
        "gated_strict": Value(
            "detached, and 0 where IoU <= 1/2",
            {"attach": 0.0, "threshold": 0.5, "at_threshold": 0.0},
            "mmdetection since PR 5835, Zzh-tju/CIoU",
        ),
    },
)
ASPECT = AxisOf(
    "derivative of the aspect angle",
    "true",
    {
        "true": Value("the derivative", {"unit": 0.0, "sign": 1.0}, "every autograd port"),
        "unit": Value(
            "w^2 + h^2 replaced by 1",
            {"unit": 1.0, "sign": 1.0},
            "DIoU-darknet, AlexeyAB/darknet; arXiv 1911.08287, text below equation 12",
        ),
        "printed": Value(
            "the sign that the paper prints",
            {"unit": 0.0, "sign": -1.0},
            "arXiv 1911.08287, eq. 12",
        ),
        "printed_unit": Value(
            "the printed sign, and w^2 + h^2 replaced by 1",
            {"unit": 1.0, "sign": -1.0},
            "DIoU-SSD-pytorch, November 2019 to April 2020",
        ),
    },
)


def clip(metric: str, cutting: str) -> AxisOf:
    """Return the axis that cuts a metric, with the libraries that do."""
    none = Value("not cut", {"ceiling": math.inf}, "detectron2, torchvision, ultralytics")
    unit = Value("cut: the loss is at most 2, with no gradient beyond", {"ceiling": 2.0}, cutting)
    return AxisOf(f"whether {metric} is cut", "none", {"none": none, "unit": unit})


CLIP = clip("the metric", "to [-1, 1] in mmdetection, DIoU-SSD-pytorch, Zzh-tju/CIoU")
GIOU_CLIP = clip("the metric, which is never below -1,", "to [-1, 1] in YOLOX, DIoU-SSD-pytorch")
FORM = AxisOf(
    "what is made of IoU",
    "linear",
    {
        "linear": Value(
            "1 - IoU",
            source="mmdetection, ultralytics, generalized-iou/Detectron.pytorch",
            program="iou_linear",
        ),
        "log": Value("-ln IoU", source="UnitBox, mmdetection", program="iou_log"),
        "square": Value(
            "1 - IoU^2", source="YOLOX, PaddleDetection, mmdetection", program="iou_square"
        ),
    },
)

TIES = (
    "max and min at equal coordinates: an even split between the two, as torch.maximum takes it. "
    "Overlap of exactly 0 (touching boxes): derivative 0, as relu at 0. A quantity equal to its "
    "floor or ceiling: half of the derivative; IoU under the logarithm: 0. A quotient whose "
    "denominator is 0: derivative 0."
)
EMPTY_UNION = Singular("union = 0 (both boxes without area)", "undefined", "IoU = 0", "0")

# %% [markdown]
# ## The definitions

# %%
INPUTS = {"pred": box.COORDINATES[:4], "target": box.COORDINATES[4:]}


def _pair(build, *args) -> tuple[Program, Program]:
    return build("plain", *args), build("stable", *args)


IOU = Definition(
    name="iou",
    title="IoU loss",
    family="boxes",
    source="Yu et al., UnitBox, ACM MM 2016; 1 - IoU and 1 - IoU^2 by the libraries that use them.",
    formula=r"""
IoU = I/U,  I = max(0, min(x2, x2t) - max(x1, x1t)) max(0, min(y2, y2t) - max(y1, y1t)),
U = (x2 - x1)(y2 - y1) + (x2t - x1t)(y2t - y1t) - I;  loss = 1 - IoU, -ln IoU or 1 - IoU^2""",
    inputs=INPUTS,
    programs={
        "iou_linear": _pair(iou, "linear"),
        "iou_log": _pair(iou, "log"),
        "iou_square": _pair(iou, "square"),
    },
    constants=CONSTANTS,
    axes={
        "form": FORM,
        "eps": EPS,
        "placement": IOU_PLACEMENTS,
        "least_iou": AxisOf("floor of IoU in the loss", 0.0, sets="least_iou"),
    },
    presets={
        "unitbox": Preset({"form": "log"}, "Yu et al. 2016"),
        "linear": Preset({"form": "linear"}, "torchvision box_iou as 1 - IoU; no eps"),
        "mmdet": Preset(
            {"form": "log", "eps": 1e-6, "placement": "floor", "least_iou": 1e-6},
            "mmdetection 3.3 iou_loss, mode='log'",
        ),
        "mmdet_linear": Preset(
            {"form": "linear", "eps": 1e-6, "placement": "floor", "least_iou": 1e-6},
            "mmdetection 3.3 iou_loss, mode='linear'",
        ),
        "mmdet_square": Preset(
            {"form": "square", "eps": 1e-6, "placement": "floor", "least_iou": 1e-6},
            "mmdetection 3.3 iou_loss, mode='square'",
        ),
        "yolox": Preset({"form": "square", "eps": 1e-16}, "YOLOX IOUloss, loss_type='iou'"),
        "ultralytics": Preset(
            {"form": "linear", "eps": 1e-7, "placement": "height"}, "ultralytics bbox_iou, corners"
        ),
        "yolov5": Preset(
            {"form": "linear", "eps": 1e-7, "placement": "clamp"},
            "yolov5 7.0.14 utils/metrics.py, bbox_iou, corners",
        ),
        "authors": Preset(
            {"form": "linear", "eps": 1e-7, "placement": "added"},
            "authors of GIoU: generalized-iou/Detectron.pytorch lib/utils/net.py, compute_iou",
        ),
        "darknet": Preset(
            {"form": "linear", "eps": 0.0},
            "authors of GIoU: generalized-iou/g-darknet src/box.c, dx_box_iou, for boxes that "
            "overlap; it does not clamp the sides of the intersection of others",
        ),
    },
    singular=(
        EMPTY_UNION,
        Singular("IoU = 0, form log, least_iou = 0", "undefined", "+inf", "0"),
    ),
    subgradients=TIES,
    program_axis="form",
)

GIOU = Definition(
    name="giou",
    title="GIoU loss",
    family="boxes",
    source="Rezatofighi et al., Generalized Intersection over Union, CVPR 2019, arXiv 1902.09630.",
    formula=r"""
GIoU = IoU - (C - U)/C with C the area of the smallest box that holds both;  loss = 1 - GIoU""",
    inputs=INPUTS,
    programs={"giou": _pair(giou)},
    constants=CONSTANTS,
    axes={"clip": GIOU_CLIP, "eps": EPS, "placement": GIOU_PLACEMENTS},
    presets={
        "paper": Preset({"eps": 0.0}, "arXiv 1902.09630; torchvision generalized_box_iou"),
        "torchvision": Preset({"eps": 1e-7, "placement": "added"}, "generalized_box_iou_loss 0.28"),
        "fvcore": Preset({"eps": 1e-7, "placement": "added"}, "fvcore.nn.giou_loss 0.1.5"),
        "detectron2": Preset({"eps": 1e-7, "placement": "added"}, "uses fvcore's giou_loss"),
        "mmdet": Preset({"eps": 1e-7, "placement": "floor"}, "mmdetection 3.3 giou_loss"),
        "ultralytics": Preset(
            {"eps": 1e-7, "placement": "height"},
            "ultralytics and yolov5 (before 7.0.14) bbox_iou, corners",
        ),
        "yolov5": Preset(
            {"eps": 1e-7, "placement": "clamp"},
            "yolov5 7.0.14 utils/metrics.py, bbox_iou, corners",
        ),
        "yolox": Preset(
            {"eps": 1e-16, "placement": "hull", "clip": "unit"},
            "YOLOX IOUloss, loss_type='giou'",
        ),
        "authors": Preset(
            {"eps": 1e-7, "placement": "added"},
            "generalized-iou/Detectron.pytorch lib/utils/net.py, compute_iou",
        ),
        "darknet": Preset(
            {"eps": 0.0},
            "generalized-iou/g-darknet src/box.c, dx_box_iou, for boxes that overlap; it does not "
            "clamp the sides of the intersection of others",
        ),
    },
    singular=(
        EMPTY_UNION,
        Singular("hull = 0 (both boxes on one line or point)", "undefined", "hull term = 0", "0"),
    ),
    subgradients=TIES,
)

DIOU = Definition(
    name="diou",
    title="DIoU loss",
    family="boxes",
    source="Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287.",
    formula=r"""
DIoU = IoU - rho^2/c^2 with rho the distance of the centres, c the diagonal of the hull;
loss = 1 - DIoU""",
    inputs=INPUTS,
    programs={"diou": _pair(diou)},
    constants=CONSTANTS,
    axes={"eps": EPS, "placement": DIOU_PLACEMENTS},
    presets={
        "paper": Preset({"eps": 0.0}, "arXiv 1911.08287"),
        "torchvision": Preset({"eps": 1e-7, "placement": "added"}, "distance_box_iou_loss 0.28"),
        "detectron2": Preset({"eps": 1e-7, "placement": "added"}, "detectron2 diou_loss"),
        "mmdet": Preset({"eps": 1e-7, "placement": "added"}, "mmdetection 3.3 diou_loss"),
        "paddle": Preset({"eps": 1e-10, "placement": "quotient"}, "PaddleDetection DIouLoss"),
        "ultralytics": Preset(
            {"eps": 1e-7, "placement": "height"},
            "ultralytics and yolov5 (before 7.0.14) bbox_iou, corners",
        ),
        "yolov5": Preset(
            {"eps": 1e-7, "placement": "clamp"},
            "yolov5 7.0.14 utils/metrics.py, bbox_iou, corners",
        ),
        "authors": Preset(
            {"eps": 0.0},
            "Zzh-tju/DIoU-SSD-pytorch utils/box/box_utils.py, bbox_overlaps_diou; DIoU lies in "
            "the [-1, 1] that it is cut to",
        ),
    },
    singular=(
        EMPTY_UNION,
        Singular("diagonal = 0 (both boxes the same point)", "undefined", "distance = 0", "0"),
    ),
    subgradients=TIES,
)

CIOU = Definition(
    name="ciou",
    title="CIoU loss",
    family="boxes",
    source=(
        "Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287; threshold on alpha: "
        "Zheng et al., arXiv 2005.03572."
    ),
    formula=r"""
CIoU = IoU - rho^2/c^2 - alpha v,  v = 4/pi^2 (arctan(wt/ht) - arctan(w/h))^2,
alpha = v/((1 - IoU) + v);  loss = 1 - CIoU""",
    inputs=INPUTS,
    programs={"ciou": _pair(ciou)},
    constants=CONSTANTS,
    axes={
        "alpha": ALPHA,
        "aspect": ASPECT,
        "clip": CLIP,
        "eps": EPS,
        "placement": CIOU_PLACEMENTS,
    },
    presets={
        "paper": Preset(
            {"alpha": "detached", "eps": 0.0}, "arXiv 1911.08287, with true derivative"
        ),
        "paper_v2": Preset({"alpha": "gated", "eps": 0.0}, "arXiv 2005.03572"),
        "torchvision": Preset(
            {"alpha": "detached", "eps": 1e-7, "placement": "alpha"}, "complete_box_iou_loss 0.28"
        ),
        "detectron2": Preset(
            {"alpha": "detached", "eps": 1e-7, "placement": "added"}, "detectron2 ciou_loss"
        ),
        "mmdet": Preset(
            {"alpha": "gated_strict", "eps": 1e-7, "placement": "ratio", "clip": "unit"},
            "mmdetection 3.3 ciou_loss",
        ),
        "ultralytics": Preset(
            {"alpha": "detached", "eps": 1e-7, "placement": "height"},
            "ultralytics and yolov5 (before 7.0.14) bbox_iou, corners",
        ),
        "yolov5": Preset(
            {"alpha": "detached", "eps": 1e-7, "placement": "clamp"},
            "yolov5 7.0.14 utils/metrics.py, bbox_iou, corners",
        ),
        "paddle": Preset(
            {"alpha": "detached", "eps": 1e-10, "placement": "quotient"},
            "PaddleDetection DIouLoss, use_complete_iou_loss=True",
        ),
        "authors": Preset(
            {"alpha": "gated_strict", "eps": 0.0, "clip": "unit"}, "Zzh-tju/CIoU, on corners"
        ),
        "darknet": Preset(
            {"alpha": "detached", "aspect": "unit", "eps": 0.0}, "DIoU-darknet backward pass"
        ),
        "printed": Preset(
            {"alpha": "detached", "aspect": "printed", "eps": 0.0}, "arXiv 1911.08287, eq. 12"
        ),
    },
    singular=(
        EMPTY_UNION,
        Singular("diagonal = 0 (both boxes the same point)", "undefined", "distance = 0", "0"),
        Singular("v = 0 and IoU = 1 (identical boxes)", "tie", "alpha = 0", "of alpha: 0"),
        Singular("w = h = 0", "undefined", "aspect angle = 0", "of the angle: 0"),
    ),
    subgradients=TIES + " alpha is a constant unless `attach` is 1, in second derivatives too.",
)

DEFINITIONS = (IOU, GIOU, DIOU, CIOU)

# %% [markdown]
# ## How the losses see two boxes
#
# A unit box slides past another of the same size. Once they are disjoint, $1 - \mathrm{IoU}$ is
# flat: no gradient. GIoU, DIoU and CIoU keep a slope.


# %%
def compiled(program: Program) -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function("value", program)]), scope)
    return scope["value"]


def slide(definition: Definition, shift: np.ndarray) -> np.ndarray:
    """Return the loss of a unit box shifted in x by `shift` against one at the origin."""
    program = next(iter(definition.programs.values()))[0]
    zero, one = np.zeros_like(shift), np.ones_like(shift)
    constants = [definition.constants[str(c)].default for c in program.consts]
    columns = (shift, zero, shift + 1, one, zero, zero, one, one)
    return compiled(program)(*columns, *constants)


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    shift = np.linspace(-3, 3, 601)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for definition in DEFINITIONS:
        axes.plot(shift, slide(definition, shift), label=definition.title)
    axes.set(xlabel="shift of a unit box", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved
#
# The rewrites behind the stable bodies and the accurate derivative forms above, each an equality.
# The tests prove them, sample them in ball arithmetic, and hold plain against stable programs at
# every arrangement of two boxes.

# %%
if __name__ == "__main__":
    for rule in box.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels
#
# Value, gradient and Hessian-vector product, written as text that needs neither SymPy nor this
# notebook to run.

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))

# %% [markdown]
# ## A loss of your own, in three steps
#
# 1. **Copy** this module, say to `my_boxes.py`. Change a formula, in `diou` for instance to
#    `a.let("loss", a.gap + a.distance**2)`, and give the program and its definition a name of their
#    own: `Build("my_diou", form, ...)`, `name="my_diou"`, `programs={"my_diou": _pair(diou)}`. Keep
#    it alone in `DEFINITIONS`. Everything else follows from the formula: gradient, Hessian-vector
#    product, conventions, truth.
# 2. **Derive**: `REFLOSS_KERNELS=my_kernels python my_boxes.py`, or run the copy as a notebook. The
#    kernels go to `my_kernels` and the package's own stay as they are.
# 3. **Use** them, and ask for the certified truth of any input (one row of eight coordinates an
#    item):
#
# ```python
# import numpy as np
# import refloss
# from crossval.oracles.enclosure import truth
#
# my_diou = refloss.box_loss_from("my_kernels", "my_diou")
# value, gradient = my_diou.value_and_grad(pred, target, eps=1e-7)
#
# spec = refloss.resolve("my_diou", eps=1e-7, kernels="my_kernels")
# exact = truth(spec, np.hstack([pred, target]), kernels="my_kernels")
# error = np.abs(value - exact.value_hi)
# ```
#
# A formula that the vocabulary cannot say needs words of its own: a plain body is enough for kernels
# and truth. A stable body, with its rules, is what keeps the digits.
