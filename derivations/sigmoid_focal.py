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
# # Sigmoid focal losses
#
# The binary cross-entropy of a logit $x$ with a target $t$, times a power of what the prediction
# still lacks, so that elements that are easy count little:
#
# $$L = \alpha_t\,(1 - p_t)^\gamma\,\mathrm{BCE}(x, t), \qquad p = \sigma(x), \qquad
#   p_t = p\,t + (1 - p)(1 - t).$$
#
# Libraries differ in $\alpha$, in whom it multiplies, in whether the modulator $(1 - p_t)^\gamma$
# has a derivative, in what $p_t$ is of a target between 0 and 1, and in what a mean divides by.

# %%
"""Sigmoid focal, quality focal and focal star losses: definitions and conventions."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import (
    AxisOf,
    Batch,
    Constant,
    Definition,
    Preset,
    Singular,
    Value,
)
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import binary, focal, focal_batches, focal_rules
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

# %% [markdown]
# ## The program
#
# Written as it reads, $1 - p_t$ is 0 from $|x| = 37$ on, its power has an infinite slope there for
# $\gamma < 1$, and the product with a slope of 0 is NaN. With $r = |x|$, $e = e^{-r}$, and the
# target's shares $c$ of the side on which the logit is not, and $d = 1 - c$ of its own,
#
# $$\mathrm{BCE} = c\,r + \operatorname{log1p} e, \qquad
#   1 - p_t = \frac{c + d\,e}{1 + e}, \qquad
#   (1 - p_t)^\gamma = \exp\bigl(-\gamma\,(\operatorname{log1p} e - \log(c + d\,e))\bigr),$$
#
# where $-\log(c + d\,e)$ is $r$ for $c = 0$ and 0 for $c = 1$: nothing overflows and nothing
# cancels. The exponent is carried with its rounding errors. With the sign $\pm$ of $x$
#
# $$\frac{\partial L}{\partial x} = \pm\,\alpha_t\,(1 - p_t)^\gamma\,\frac{1}{1 + e}
#   \Bigl(\gamma\,(c - d)\,\frac{e}{c + d\,e}\,\mathrm{BCE} + (c - d\,e)\Bigr),$$
#
# whose two terms have one sign for a hard target. By a hard target that is met, the second derivative
# for $\gamma < 1$ grows as $e^{(1-\gamma)\,r}$ and is infinite from $r = 710/(1-\gamma)$ on; along
# the logit alone every product is finite.
#
# Poly-1 adds $\epsilon\,(1 - p_t)^{\gamma + 1}$ to the loss, the change of the first term of the
# polynomial:
#
# $$\frac{\partial}{\partial x} (1 - p_t)^{\gamma + 1}
#   = \pm (\gamma + 1)\,(c - d)\,(1 - p_t)^\gamma\,p\,(1 - p).$$


# %%
def start(name: str, form: Form, doc: str) -> tuple[Build, Elements]:
    """Return a program with a logit, a target and a weight."""
    P = Build(name, form, doc)
    a = Elements(P)
    a.real("logits", "target", "weight")
    return P, a


def balanced(P: Build, a: Elements, share: sp.Expr) -> None:
    """Name the factors of positives and negatives, and that of a target between."""
    sides = (P.const("on_positives"), P.const("on_negatives"))
    focal.balance(a, P.const("alpha"), *sides, share)


def finish(P: Build, a: Elements) -> Program:
    """Return the program whose loss is ``focal``, balanced and weighted."""
    balanced(P, a, a.target)
    weighted_loss(a, a.balance * a.focal)
    return P.finish("loss")


def sigmoid_focal(form: Form) -> Program:
    """Return the sigmoid focal loss."""
    P, a = start("sigmoid_focal", form, "sigmoid focal loss")
    power, attached = P.wide("gamma", nonnegative=True), P.const("attached")
    amount, whole = P.const("epsilon"), P.const("poly_balanced")
    focal.binary(P, a, P.const("smoothing"))
    focal.modulated(P, a, power, attached)
    focal.polynomial(P, a, power, attached, amount)
    balanced(P, a, a.target)
    side = sp.Piecewise((1, sp.Eq(whole, 0)), (a.balance, True))
    more = sp.Piecewise((0, sp.Eq(amount, 0)), (amount * (side * a.poly), True))
    weighted_loss(a, a.balance * a.focal + more)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(sigmoid_focal("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(sigmoid_focal("stable"), "loss", ["logits"]))))

# %% [markdown]
# ## Another $p_t$ of a target between 0 and 1
#
# $p_t = e^{-\mathrm{BCE}}$ is $p$ or $1 - p$ of a hard target, and something else between: the loss
# is a function of the cross-entropy alone.


# %%
def sigmoid_focal_chance(form: Form) -> Program:
    """Return the sigmoid focal loss whose modulator is a function of the cross-entropy."""
    P, a = start("sigmoid_focal_chance", form, "sigmoid focal loss, p_t = exp(-BCE)")
    focal.binary(P, a, P.const("smoothing"))
    focal.chance_modulated(P, a, P.wide("gamma", nonnegative=True), P.const("attached"))
    return finish(P, a)


# %% [markdown]
# Or there are two losses, of the two classes, which the target mixes:
# $t\,\alpha\,(1-p)^\gamma(-\log p) + (1-t)(1-\alpha)\,p^\gamma(-\log(1-p))$.


# %%
def sigmoid_focal_two(form: Form) -> Program:
    """Return the sigmoid focal loss that is a mixture of those of both classes."""
    P, a = start("sigmoid_focal_two", form, "sigmoid focal loss, one a class")
    focal.binary(P, a, P.const("smoothing"))
    balanced(P, a, a.target)
    focal.two_modulated(P, a, P.wide("gamma", nonnegative=True), P.const("attached"))
    weighted_loss(a, a.focal)
    return P.finish("loss")


# %% [markdown]
# ## The modulators of a batch
#
# Where the focal losses of a batch are divided by the sum of their modulators, the mean is one of
# $\alpha_t$ times the cross-entropy, in which hard elements weigh more:
#
# $$F = \frac{\sum_i w_i \alpha_i (1 - p_i)^\gamma\,\mathrm{BCE}_i}
#   {\max\bigl(\sum_i w_i (1 - p_i)^\gamma,\ \mathrm{least}\bigr)}.$$
#
# The divisor has a gradient, unless it is detached. The modulator is a program of an element and
# the quotient one of both sums; what the calculus derives of them is put together over the batch.


# %%
def sigmoid_focal_modulator(form: Form) -> Program:
    """Return the modulator of the sigmoid focal loss."""
    P, a = start("sigmoid_focal_modulator", form, "modulator of the sigmoid focal loss")
    focal.binary(P, a, sp.S.Zero)
    focal_batches.modulator(P, a, P.wide("gamma", nonnegative=True))
    weighted_loss(a, a.factor)
    return P.finish("loss")


def sigmoid_focal_chance_modulator(form: Form) -> Program:
    """Return the modulator that is a function of the cross-entropy."""
    name = "sigmoid_focal_chance_modulator"
    P, a = start(name, form, "modulator of the sigmoid focal loss, p_t = exp(-BCE)")
    focal.binary(P, a, P.const("smoothing"))
    focal_batches.chance_modulator(P, a, P.wide("gamma", nonnegative=True))
    weighted_loss(a, a.factor)
    return P.finish("loss")


def quotient(form: Form) -> Program:
    """Return the sum of the losses over that of the modulators."""
    P = Build("quotient", form, "sum of losses over sum of modulators")
    a = Elements(P)
    a.real("total", "modulators")
    focal_batches.quotient(a, P.const("least"), P.const("flows"))
    return P.finish("loss")


# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.hvp(quotient("stable"), "loss", ["total"]))))

# %% [markdown]
# ## Of probabilities
#
# Where $p$ is given, its cross-entropy is what libraries make of it, clipped or not. $1 - p_t$ is
# $p\,(1 - t) + (1 - p)\,t$.


# %%
def focal_probs(form: Form) -> Program:
    """Return the focal loss of a probability."""
    P = Build("focal_probs", form, "focal loss of a probability")
    a = Elements(P)
    a.real("probs", "target", "weight")
    a.let("pos_weight", sp.S.One, "alpha has its part")
    smoothing, none = P.const("smoothing"), sp.S.Zero
    binary.shares(a, smoothing / 2, smoothing / 2)
    binary.of_probabilities(P, a, P.const("clip"), none, sp.oo, smoothing)
    power, attached = P.wide("gamma", nonnegative=True), P.const("attached")
    focal.of_probabilities(P, a, power, attached, 1 - smoothing)
    balanced(P, a, a.goal)
    weighted_loss(a, a.balance * a.focal)
    return P.finish("loss")


# %% [markdown]
# ## Quality focal loss
#
# Of a target that is a quality between 0 and 1, what a prediction lacks is its distance from it:
#
# $$L = |t - p|^\beta\,\mathrm{BCE}(x, t).$$


# %%
def quality_focal(form: Form) -> Program:
    """Return the quality focal loss."""
    P, a = start("quality_focal", form, "quality focal loss")
    focal.binary(P, a, P.const("smoothing"))
    focal.apart_modulated(P, a, P.wide("beta", nonnegative=True), P.const("attached"))
    return finish(P, a)


# %% [markdown]
# ## Focal star
#
# The appendix of the paper has another loss of that kind, a cross-entropy of a steeper and shifted
# logit: $L = -\log\sigma(\gamma x_t + \beta)/\gamma$, $x_t = (2t - 1)\,x$.


# %%
def focal_star(form: Form) -> Program:
    """Return the loss that the appendix calls FL*."""
    P, a = start("focal_star", form, "FL*")
    focal.star(P, a, P.wide("gamma", positive=True), P.wide("beta"))
    return finish(P, a)


# %% [markdown]
# ## Conventions

# %%
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {
        "items": Value("the number of elements", source="torchvision, fvcore, kornia, optax"),
        "rows": Value(
            "the length of the first axis: what else there is, is summed up",
            source="TFA, per sample; effdet per image",
        ),
        "positives": Value(
            "the number of elements whose target is above 0", source="RetinaNet, Lin et al. 2017"
        ),
        "positives_or_one": Value("that, but at least 1", source="torchvision RetinaNet"),
        "positives_plus_one": Value("that, and 1", source="effdet, EfficientDet"),
        "weights": Value("the sum of the weights", source="weighted means"),
    },
    number=True,
)
EMPTY = AxisOf(
    "the mean over nothing: of no element, no positive, or of weights that add up to 0",
    "nan",
    {
        "nan": Value("0/0 or x/0 as NaN", source="torch"),
        "zero": Value("0, with gradient 0", source="a sum that is guarded"),
    },
)
MEANS = {"denominator": DENOMINATOR, "empty": EMPTY}
MODULATORS = Batch(
    "quotient",
    {
        "sigmoid_focal": "sigmoid_focal_modulator",
        "sigmoid_focal_chance": "sigmoid_focal_chance_modulator",
    },
)
NORMALISED = AxisOf(
    DENOMINATOR.doc,
    DENOMINATOR.default,
    {
        **DENOMINATOR.values,
        "modulators": Value(
            "the sum of the modulators (1 - p_t)^gamma, each with its weight; it has a gradient",
            {"flows": 1.0},
            "segmentation-models-pytorch and pytorch-toolbelt, normalized=True, reduction='sum'",
            batch=MODULATORS,
        ),
        "modulators_detached": Value(
            "that sum, as a constant of the gradient",
            {"flows": 0.0},
            "AdaptIS and RITM, NormalizedFocalLossSigmoid, detach_delimeter, which adds 1e-12",
            batch=MODULATORS,
        ),
        "modulators_items": Value(
            "that sum, which has a gradient, and the number of elements as well",
            {"flows": 1.0},
            "segmentation-models-pytorch and pytorch-toolbelt, normalized=True, reduction='mean'",
            batch=replace(MODULATORS, over="items"),
        ),
    },
    number=True,
)
LEAST = AxisOf("the sum of the modulators counts at least so much", 0.0, sets="least")
BOTH = {"on_positives": 1.0, "on_negatives": 1.0}
SIDE = AxisOf(
    "whom alpha multiplies",
    "positives",
    {
        "positives": Value(
            "alpha positives, and 1 - alpha negatives",
            {"on_positives": 1.0, "on_negatives": 0.0},
            "Lin et al. 2017; torchvision, fvcore, mmdet, kornia, optax, keras",
        ),
        "negatives": Value(
            "alpha negatives, class 0, and 1 - alpha positives",
            {"on_positives": 0.0, "on_negatives": 1.0},
            "clcarwin/focal_loss_pytorch, whose list is [alpha, 1 - alpha]",
        ),
        "all": Value("alpha every element", BOTH, "a constant factor: no balance"),
        "off": Value(
            "no element", {"alpha": 1.0, **BOTH}, "fvcore's alpha -1; optax and kornia without one"
        ),
    },
)
MODULATOR = AxisOf(
    "whether the modulator is differentiated",
    "attached",
    {
        "attached": Value("it is", {"attached": 1.0}, "Lin et al. 2017; torchvision and most"),
        "detached": Value(
            "it is a constant of the gradient",
            {"attached": 0.0},
            "clcarwin/focal_loss_pytorch (logpt.data.exp())",
        ),
    },
)
BALANCED = {
    "alpha": Constant(0.25, "factor of the elements that alpha_side names"),
    "on_positives": Constant(1.0, "1: alpha multiplies positives; 0: 1 - alpha does"),
    "on_negatives": Constant(0.0, "1: alpha multiplies negatives; 0: 1 - alpha does"),
}
UNBALANCED = {
    **BALANCED,
    "alpha": Constant(1.0, BALANCED["alpha"].doc),
    "on_negatives": Constant(1.0, BALANCED["on_negatives"].doc),
}
ATTACHED = {"attached": Constant(1.0, "1: the modulator is differentiated; 0: it is detached")}
POLY_EPSILON = AxisOf(
    "factor of (1 - p)^(gamma + 1), which is added, at least -1; 0: no such term",
    0.0,
    sets="epsilon",
    least=-1.0,
)
POLY_ALPHA = AxisOf(
    "whether alpha multiplies the term of epsilon too",
    "both",
    {
        "both": Value(
            "it does", {"poly_balanced": 1.0}, "arXiv 2204.12511, whose alpha is balanced"
        ),
        "focal": Value(
            "focal loss alone", {"poly_balanced": 0.0}, "abhuse/polyloss-pytorch Poly1FocalLoss"
        ),
    },
)
SMOOTHING = {"smoothing": Constant(0.0, "target of the cross-entropy: (1 - it) t + it/2")}
ALPHA = AxisOf("factor of the elements that alpha_side names", 0.25, sets="alpha", most=1.0)
SMOOTHED = AxisOf(
    "moves the target of the cross-entropy, and of it alone, toward 1/2",
    0.0,
    sets="smoothing",
    most=1.0,
)
INPUTS = {"logits": ("logits",), "target": ("target",), "weight": ("weight",)}
DOMAINS = {"target": (0.0, 1.0), "weight": (0.0, math.inf)}
SMOOTH = "none: the loss is smooth."
LIN = (
    "Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017, "
    "arXiv 1708.02002"
)


def programs(*functions: Callable[[Form], Program]) -> dict[str, tuple[Program, Program]]:
    """Return both forms of every program by its name."""
    return {f.__name__: (f("plain"), f("stable")) for f in functions}


SIGMOID_FOCAL = Definition(
    name="sigmoid_focal",
    title="Sigmoid focal loss",
    family="binary",
    source=f"{LIN}, eq. 5.",
    formula="""
loss = weight (alpha_t (1 - p_t)^gamma BCE(logits, target) + poly),  p = sigmoid(logits);
poly = epsilon (alpha_t or 1) (1 - p_t)^(gamma + 1), of mixed targets alone;
p_t = p target + (1 - p) (1 - target), or exp(-BCE); alpha_t: alpha or 1 - alpha, by the target""",
    inputs=INPUTS,
    programs=programs(
        sigmoid_focal,
        sigmoid_focal_chance,
        sigmoid_focal_two,
        sigmoid_focal_modulator,
        sigmoid_focal_chance_modulator,
        quotient,
    ),
    constants={
        "gamma": Constant(2.0, "power of 1 - p_t"),
        **SMOOTHING,
        **ATTACHED,
        **BALANCED,
        "epsilon": Constant(0.0, "factor of (1 - p_t)^(gamma + 1), which is added"),
        "poly_balanced": Constant(1.0, "1: alpha multiplies that term too; 0: it does not"),
        "least": Constant(0.0, "the sum of the modulators counts at least so much"),
        "flows": Constant(1.0, "1: that sum is differentiated; 0: it is detached"),
    },
    axes={
        "soft_target": AxisOf(
            "what p_t is of a target between 0 and 1; of a hard one they agree",
            "mixed",
            {
                "mixed": Value(
                    "p t + (1 - p) (1 - t)",
                    program="sigmoid_focal",
                    source="torchvision, fvcore, mmdet, optax, keras, yolov5",
                ),
                "exp_bce": Value(
                    "exp(-BCE)",
                    program="sigmoid_focal_chance",
                    source="segmentation-models-pytorch, pytorch-toolbelt",
                ),
                "separate": Value(
                    "p of the share t of the loss, 1 - p of the rest: each has its modulator",
                    program="sigmoid_focal_two",
                    source="kornia binary_focal_loss_with_logits",
                ),
            },
        ),
        "gamma": AxisOf("power of 1 - p_t", 2.0, sets="gamma"),
        "alpha": ALPHA,
        "alpha_side": SIDE,
        "modulator": MODULATOR,
        "epsilon": POLY_EPSILON,
        "poly_alpha": POLY_ALPHA,
        "label_smoothing": SMOOTHED,
        "denominator": NORMALISED,
        "least": LEAST,
        "empty": EMPTY,
    },
    presets={
        "retinanet": Preset(
            {"denominator": "positives_or_one"}, "Detectron, detectron2 and torchvision RetinaNet"
        ),
        "torchvision": Preset({"denominator": "items"}, "torchvision.ops.sigmoid_focal_loss"),
        "fvcore": Preset({"alpha_side": "off"}, "fvcore.nn.sigmoid_focal_loss, alpha -1"),
        "mmdet": Preset(
            {"denominator": "positives_or_one"},
            "mmdet FocalLoss, whose avg_factor counts positives",
        ),
        "kornia": Preset(
            {"soft_target": "separate"}, "kornia 0.9 binary_focal_loss_with_logits, alpha 0.25"
        ),
        "optax": Preset({"alpha_side": "off"}, "optax.sigmoid_focal_loss, alpha None"),
        "yolov5": Preset({"gamma": 1.5}, "yolov5 utils/loss.py FocalLoss"),
        "effdet": Preset(
            {"gamma": 1.5, "denominator": "positives_plus_one"},
            "effdet DetectionLoss, new focal: its modulator sees hard targets",
        ),
        "smp": Preset(
            {"soft_target": "exp_bce", "alpha_side": "off"},
            "segmentation-models-pytorch FocalLoss, mode binary, alpha None",
        ),
        "smp_normalized": Preset(
            {
                "soft_target": "exp_bce",
                "alpha_side": "off",
                "denominator": "modulators_items",
                "least": 1e-6,
            },
            "segmentation-models-pytorch FocalLoss, mode binary, alpha None, normalized=True",
        ),
        "toolbelt_normalized": Preset(
            {"denominator": "modulators_items", "least": 1e-6},
            "pytorch-toolbelt focal_loss_with_logits, normalized=True",
        ),
        "clcarwin": Preset(
            {"gamma": 0.0, "alpha_side": "negatives", "modulator": "detached"},
            "clcarwin/focal_loss_pytorch FocalLoss of two classes, as a loss of their difference",
        ),
        "poly1": Preset(
            {"epsilon": -1.0, "denominator": "positives_or_one"},
            "arXiv 2204.12511, detection with focal loss",
        ),
        "polyloss": Preset(
            {"epsilon": 1.0, "poly_alpha": "focal"}, "abhuse/polyloss-pytorch Poly1FocalLoss"
        ),
    },
    singular=(
        Singular(
            "p_t = 1 in floating point, any gamma", "regular", "(1 - p_t)^(gamma + 1)", "tiny"
        ),
        Singular(
            "a logit infinite on the target's side; on the other side",
            "undefined",
            "0; +inf",
            "0; +-alpha_t",
        ),
    ),
    subgradients=SMOOTH,
    program_axis="soft_target",
    wrt={
        **dict.fromkeys(
            (
                "sigmoid_focal",
                "sigmoid_focal_chance",
                "sigmoid_focal_two",
                "sigmoid_focal_modulator",
                "sigmoid_focal_chance_modulator",
            ),
            ("logits", "target"),
        ),
        "quotient": ("total", "modulators"),
    },
    domains=DOMAINS,
    weights=("weight",),
)
FOCAL_PROBS = Definition(
    name="focal_probs",
    title="Focal loss",
    family="probabilities",
    source=f"{LIN}, eq. 5; keras.losses.binary_focal_crossentropy.",
    formula="""
loss = weight alpha_q (1 - p_t)^gamma ((1 - q) (-log(1 - k)) + q (-log k));
k = probs, kept from clip to 1 - clip;  p_t = probs q + (1 - probs) (1 - q);
q = (1 - eps) target + eps/2,  eps = label_smoothing; alpha_q: alpha or 1 - alpha, by q""",
    inputs={
        "probs": ("probs",),
        "target": ("target",),
        "weight": ("weight",),
    },
    programs=programs(focal_probs),
    constants={
        "gamma": Constant(2.0, "power of 1 - p_t"),
        "smoothing": Constant(0.0, "the target is (1 - it) t + it/2"),
        "clip": Constant(0.0, "probabilities are kept from it to 1 less it"),
        **ATTACHED,
        **BALANCED,
    },
    axes={
        "gamma": AxisOf("power of 1 - p_t", 2.0, sets="gamma"),
        "alpha": ALPHA,
        "alpha_side": SIDE,
        "modulator": MODULATOR,
        "clip": AxisOf(
            "probabilities are kept from it to 1 less it, in the cross-entropy alone",
            0.0,
            sets="clip",
            most=0.5,
        ),
        "label_smoothing": AxisOf("moves the target toward 1/2", 0.0, sets="smoothing", most=1.0),
        **MEANS,
    },
    presets={
        "keras": Preset(
            {"clip": 1e-7, "alpha_side": "off"}, "keras.losses.binary_focal_crossentropy, averaged"
        ),
        "tfa": Preset(
            {"clip": 1e-7, "denominator": "rows"},
            "tensorflow_addons sigmoid_focal_crossentropy, from_logits=False",
        ),
    },
    singular=(
        Singular(
            "p = 0 or 1, on the wrong side, nothing clipped",
            "undefined",
            "+inf",
            "infinite as the limit is, through the modulator; 0 where gamma is 0",
        ),
        Singular("p = target = 0 or 1, gamma below 1", "undefined", "0", "0"),
        Singular(
            "p = target = 0 or 1, gamma 0 or 1",
            "undefined",
            "0",
            "the second derivatives by the target are infinite, and products by it NaN",
        ),
        Singular("p = clip or 1 - clip", "tie", "as on both sides", "half of the inner slope"),
    ),
    subgradients="where p is at a clip, half of the slope inside; none elsewhere.",
    wrt={"focal_probs": ("probs", "target")},
    domains={"probs": (0.0, 1.0), **DOMAINS},
    weights=("weight",),
)
QUALITY_FOCAL = Definition(
    name="quality_focal",
    title="Quality focal loss",
    family="binary",
    source=(
        "Li et al.: Generalized Focal Loss, NeurIPS 2020, arXiv 2006.04388, eq. 3; "
        "mmdet gfocal_loss.py."
    ),
    formula="""
loss = weight alpha_t |target - p|^beta BCE(logits, target),  p = sigmoid(logits)""",
    inputs=INPUTS,
    programs=programs(quality_focal),
    constants={
        "beta": Constant(2.0, "power of the distance"),
        **SMOOTHING,
        **ATTACHED,
        **UNBALANCED,
    },
    axes={
        "beta": AxisOf("power of the distance", 2.0, sets="beta"),
        "alpha": ALPHA,
        "alpha_side": AxisOf(SIDE.doc, "off", SIDE.values),
        "modulator": MODULATOR,
        **MEANS,
    },
    presets={
        "mmdet": Preset(
            {"denominator": "positives_or_one"},
            "mmdet QualityFocalLoss, of the class that is labelled",
        ),
        "yolov5": Preset(
            {"beta": 1.5, "alpha": 0.25, "alpha_side": "positives"}, "yolov5 QFocalLoss"
        ),
    },
    singular=(
        Singular("p = target, beta > 1", "regular", "0", "0"),
        Singular("p = target, beta 1", "tie", "0", "BCE p (1 - p), as for p above the target"),
        Singular("p = target, 0 < beta < 1", "undefined", "0", "0"),
    ),
    subgradients="where p = target and beta is 1, as for p above the target; else none.",
    wrt={"quality_focal": ("logits", "target")},
    domains=DOMAINS,
    weights=("weight",),
)
FOCAL_STAR = Definition(
    name="focal_star",
    title="Focal star, FL*",
    family="binary",
    source=f"{LIN}, appendix A.",
    formula="""
loss = -weight alpha_t log sigmoid(gamma x_t + beta)/gamma,  x_t = (2 target - 1) logits""",
    inputs=INPUTS,
    programs=programs(focal_star),
    constants={
        "gamma": Constant(1.0, "factor of the logit"),
        "beta": Constant(0.0, "added to it"),
        **UNBALANCED,
    },
    axes={
        "gamma": AxisOf("factor of the logit, above 0", 1.0, sets="gamma", least=1e-6),
        "beta": AxisOf("added to it", 0.0, sets="beta"),
        "alpha": ALPHA,
        "alpha_side": AxisOf(SIDE.doc, "off", SIDE.values),
        **MEANS,
    },
    presets={
        "paper": Preset({"gamma": 2.0, "beta": 1.0}, f"{LIN}, fig. 5"),
        "fvcore": Preset({"gamma": 1.0}, "fvcore.nn.focal_loss.sigmoid_focal_loss_star, alpha -1"),
    },
    singular=(),
    subgradients=SMOOTH,
    wrt={"focal_star": ("logits", "target")},
    domains=DOMAINS,
    weights=("weight",),
)

DEFINITIONS = (SIGMOID_FOCAL, FOCAL_PROBS, QUALITY_FOCAL, FOCAL_STAR)

# %% [markdown]
# ## What the power does


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


def of_positive(logits: np.ndarray, gamma: float) -> np.ndarray:
    """Return the loss of positives, not balanced."""
    _, program = SIGMOID_FOCAL.programs["sigmoid_focal"]
    known = {n: c.default for n, c in emit.constants_of(SIGMOID_FOCAL, program).items()}
    known |= {"gamma": gamma, "alpha": 1.0}
    ones = np.ones_like(logits)
    return compiled(program)(logits, ones, ones, *(known[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    x = np.linspace(-4, 4, 401)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for gamma in (0.0, 0.5, 1.0, 2.0, 5.0):
        axes.plot(x, of_positive(x, gamma), label=f"gamma = {gamma:g}")
    axes.set(xlabel="logit of a positive", ylabel="loss", ylim=(0, 3))
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in (*focal_rules.RULES, *focal_batches.RULES):
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
