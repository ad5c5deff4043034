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
# # Softmax focal loss
#
# Cross-entropy of a row of $K$ logits with a class $y$, times a power of what the prediction still
# lacks, so that rows that are easy count little:
#
# $$L = -\alpha_y\, (1 - p_y)^\gamma \log p_y, \qquad p = \mathrm{softmax}(z).$$
#
# Libraries differ in whom $\alpha$ multiplies, in whether the modulator $(1 - p_y)^\gamma$ has a
# derivative, and in what a mean divides by.

# %%
"""Softmax focal loss with class and probability targets: definitions and conventions."""

from dataclasses import replace

import numpy as np
import sympy as sp

from derivations import classification
from derivations.classification import EMPTY, compiled
from derivations.sigmoid_focal import POLY_ALPHA, POLY_EPSILON
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
from refloss.symbolic.functions import Weighted
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program, size_of
from refloss.symbolic.vocabulary import focal_rows as focal
from refloss.symbolic.vocabulary import rows as row
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.focal import chance_modulated

# %% [markdown]
# ## The program
#
# Written as it reads, the derivative holds $(1 - p_y)^{\gamma - 1}$ and $p_y - 1$: for $\gamma < 1$
# the first is infinite where the second is 0, and their product NaN; for every $\gamma$ the second
# has lost its digits before. With $\ell = -\log p_y$ and $q = 1 - p_y$, both of which cross-entropy
# has to full accuracy,
#
# $$\frac{\partial L}{\partial \ell} = C = q^\gamma \Bigl(1 + \gamma\, p_y \frac{\ell}{q}\Bigr),
#   \qquad \frac{\partial L}{\partial z_j} = C\,p_j, \qquad
#   \frac{\partial L}{\partial z_y} = -C\,q ,$$
#
# where $\ell/q$ nears 1 as $q$ nears 0. All terms are at least 0, for every $\gamma \ge 0$.
#
# A class weight multiplies the loss, or $\ell$ itself: then $w_y\,\ell$ stands for $\ell$, and
# $p_y^{w_y}$ for $p_y$. Poly-1 adds $\epsilon\,q^{\gamma + 1}$ to the loss, the change of the first
# term of the polynomial, whose derivative by $\ell$ is $\epsilon\,(\gamma + 1)\,q^\gamma p_y$.


# %%
def softmax_focal(form: Form) -> Program:
    """Return the focal loss of a row of logits with a class."""
    P = Build("softmax_focal", form, "softmax focal loss with a class")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.label("target", row.ITEM)
    weight = a.real("class_weight", row.CLASS)
    focus, alpha = _options(P)
    row.log_sum_exp(P, a)
    row.target_loss(P, a)
    focal.focal_loss(P, a, focus)
    focal.balance(a, *alpha)
    outer = focus.weighing(weight[a.target], sp.S.One)
    more = focus.amount * Weighted(outer * focus.share(a.balance), a.poly)
    loss = Weighted(a.balance * outer, a.focal) + row.unless(focus.amount, more)
    a.let("loss", [row.ITEM], loss)
    return P.finish("loss")


def _options(P: Build) -> tuple[focal.Focus, tuple[sp.Expr, sp.Expr, sp.Expr]]:
    """Declare the constants that both programs share; return them, alpha's apart."""
    power = P.wide("gamma", nonnegative=True)
    alpha = P.const("alpha"), P.const("alpha_on_first"), P.const("alpha_on_others")
    attached, inside = P.const("attached"), P.const("weight_inside")
    amount, balanced = P.const("epsilon"), P.const("poly_balanced")
    return focal.Focus(power, attached, inside, amount, balanced), alpha


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(softmax_focal("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(softmax_focal("stable"), "loss", ["logits"]))))

# %% [markdown]
# ## Probability targets
#
# With probabilities every class pays: $L = \sum_k \alpha_k q_k (1 - p_k)^\gamma (-\log p_k)$, with
# $C_k$ as above for every class. With $h_k = w_k \alpha_k q_k C_k$ the gradient is that of
# cross-entropy with $h$ in the place of the target,
#
# $$\frac{\partial L}{\partial z_j} = \Bigl(\sum_{k \ne j} h_k\Bigr) p_j - h_j\,(1 - p_j).$$


# %%
def softmax_focal_soft(form: Form) -> Program:
    """Return the focal loss of a row of logits with probabilities."""
    P = Build("softmax_focal_soft", form, "softmax focal loss with probabilities")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.real("target", row.ITEM, row.CLASS)
    a.real("class_weight", row.CLASS)
    focus, alpha = _options(P)
    smooth = P.const("label_smoothing")
    row.smoothing(P, a, smooth, sp.S.Zero, sp.S.Zero, size_of(row.CLASS))
    a.let("wish", [row.ITEM, row.CLASS], a.hit * a.target + a.off, "smoothed target")
    row.log_sum_exp(P, a)
    focal.class_balance(a, *alpha)
    focal.soft_focal_loss(P, a, focus)
    a.let("loss", [row.ITEM], a.focal)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(softmax_focal_soft("plain"))))

# %% [markdown]
# ## Of the batch's mean
#
# Where the cross-entropy is averaged first, and the power taken of its mean $m$, the loss of a
# batch is $(1 - e^{-m})^\gamma\,m$, a function of one number.


# %%
def focal_of_mean(form: Form) -> Program:
    """Return the focal loss of a mean cross-entropy."""
    P = Build("focal_of_mean", form, "focal loss of a mean cross-entropy")
    a = Elements(P)
    a.real("mean")
    a.let("bce", a.mean, "cross-entropy")
    power, attached = P.wide("gamma", nonnegative=True), P.const("attached")
    chance_modulated(P, a, power, attached, of_logit=False)
    a.let("loss", a.focal)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(focal_of_mean("stable"), "loss", ["mean"]))))

# %% [markdown]
# ## Conventions

# %%
CONSTANTS = {
    "gamma": Constant(2.0, "power of 1 - p"),
    "alpha": Constant(1.0, "factor of the classes that alpha_side names"),
    "alpha_on_first": Constant(1.0, "1: alpha multiplies rows of class 0; 0: 1 - alpha does"),
    "alpha_on_others": Constant(
        1.0, "1: alpha multiplies rows of every class but 0; 0: 1 - alpha does"
    ),
    "attached": Constant(1.0, "1: the modulator is differentiated; 0: it is detached"),
    "weight_inside": Constant(0.0, "1: class_weight multiplies -log p; 0: it multiplies the loss"),
    "epsilon": Constant(0.0, "factor of (1 - p)^(gamma + 1), which is added"),
    "poly_balanced": Constant(1.0, "1: alpha multiplies that term too; 0: it does not"),
    "label_smoothing": Constant(0.0, "eps of label smoothing, spread over all classes"),
}

SIDE = AxisOf(
    "whom alpha multiplies; a list of factors is class_weight",
    "all",
    {
        "all": Value(
            "alpha every class",
            {"alpha_on_first": 1.0, "alpha_on_others": 1.0},
            "mmcv softmax_focal_loss, fast-reid, kornia before 0.6.9",
        ),
        "others": Value(
            "alpha every class but 0, and 1 - alpha class 0, the background",
            {"alpha_on_first": 0.0, "alpha_on_others": 1.0},
            "kornia, monai with use_softmax",
        ),
        "first": Value(
            "alpha class 0, and 1 - alpha every other",
            {"alpha_on_first": 1.0, "alpha_on_others": 0.0},
            "clcarwin/focal_loss_pytorch, whose list for two classes is [alpha, 1 - alpha]",
        ),
    },
)
MODULATOR = AxisOf(
    "whether the modulator (1 - p)^gamma is differentiated",
    "attached",
    {
        "attached": Value("it is", {"attached": 1.0}, "Lin et al. 2017; kornia, mmcv, monai"),
        "detached": Value(
            "it is a constant of the gradient",
            {"attached": 0.0},
            "clcarwin/focal_loss_pytorch, clcarwin/sphereface_pytorch AngleLoss",
        ),
    },
)
WEIGHTING = AxisOf(
    "where class_weight multiplies",
    "outside",
    {
        "outside": Value(
            "the loss: the modulator is (1 - p)^gamma",
            {"weight_inside": 0.0},
            "kornia, monai; a weight is so many rows",
        ),
        "inside": Value(
            "-log p before the power is taken: the modulator is (1 - p^w)^gamma",
            {"weight_inside": 1.0},
            "kaidic/LDAM-DRW losses.py, which takes p = exp(-weighted cross-entropy)",
        ),
    },
)
DENOMINATOR = replace(
    classification.DENOMINATOR,
    values={
        **classification.DENOMINATOR.values,
        "logits": Value("the number of logits, rows times classes", source="kornia, monai"),
    },
)
TARGETS = AxisOf(
    "what a target is",
    "index",
    {
        "index": Value(
            "one class a row, an integer", program="softmax_focal", source="kornia, mmcv"
        ),
        "probabilities": Value(
            "one probability a class, all of which pay",
            program="softmax_focal_soft",
            source="keras, monai",
        ),
    },
)

OF = AxisOf(
    "whose focal loss it is",
    "item",
    {
        "item": Value("that of every row, which a mean averages", source="Lin et al. 2017"),
        "mean": Value(
            "that of the mean cross-entropy m, (1 - e^-m)^gamma m: of reduction='mean' alone",
            source="ronghuaiyang/arcface-pytorch models/focal_loss.py",
            batch=Batch(
                "focal_of_mean", inside={"gamma": 0.0}, averaged=True, without=("epsilon",)
            ),
        ),
    },
)

# %% [markdown]
# ## The definition

# %%
PROGRAMS = {
    "softmax_focal": (softmax_focal("plain"), softmax_focal("stable")),
    "softmax_focal_soft": (softmax_focal_soft("plain"), softmax_focal_soft("stable")),
    "focal_of_mean": (focal_of_mean("plain"), focal_of_mean("stable")),
}

SOFTMAX_FOCAL = Definition(
    name="softmax_focal",
    title="Softmax focal loss",
    family="rows",
    source=(
        "Lin, Goyal, Girshick, He, Dollár: Focal Loss for Dense Object Detection, ICCV 2017, "
        "arXiv 1708.02002; of a softmax as in mmcv, kornia and monai."
    ),
    formula=r"""
loss = sum_k q_k w_k (-alpha_k (1 - p_k)^gamma log p_k + poly_k),  p = softmax(z);
poly_k = epsilon (alpha_k or 1) (1 - p_k)^(gamma + 1); alpha_k: alpha, or 1 - alpha, by the class;
with weighting inside, p_k^w_k in the place of p_k, and no other w_k;
q: the target's class, or the target itself, smoothed to hit q + off""",
    inputs={
        "logits": ("logits",),
        "target": ("target",),
        "class_weight": ("class_weight",),
    },
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "targets": TARGETS,
        "gamma": AxisOf("power of 1 - p", 2.0, sets="gamma"),
        "alpha": AxisOf("factor of the classes that alpha_side names; 1: none", 1.0, sets="alpha"),
        "alpha_side": SIDE,
        "modulator": MODULATOR,
        "weighting": WEIGHTING,
        "epsilon": POLY_EPSILON,
        "poly_alpha": POLY_ALPHA,
        "label_smoothing": AxisOf(
            "eps of label smoothing, of probabilities", 0.0, sets="label_smoothing", most=1.0
        ),
        "of": OF,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "kornia": Preset(
            {"alpha_side": "others", "denominator": "logits"},
            "kornia 0.9 focal_loss, whose mean divides by the classes too",
        ),
        "monai": Preset(
            {"alpha_side": "others", "denominator": "logits"},
            "monai FocalLoss with use_softmax and one-hot targets",
        ),
        "keras": Preset(
            {"targets": "probabilities", "alpha": 0.25, "denominator": "items"},
            "keras categorical_focal_crossentropy, which besides keeps p within 1e-7 of 0 and 1",
        ),
        "mmcv": Preset({"alpha": 0.25, "denominator": "items"}, "mmcv softmax_focal_loss"),
        "fastreid": Preset({"alpha": 0.25, "denominator": "items"}, "fast-reid focal_loss"),
        "clcarwin": Preset(
            {"gamma": 0.0, "alpha_side": "first", "modulator": "detached", "denominator": "items"},
            "clcarwin/focal_loss_pytorch FocalLoss; its alpha is a list unless it has two classes",
        ),
        "ronghuaiyang": Preset(
            {"of": "mean", "denominator": "items"},
            "ronghuaiyang/arcface-pytorch FocalLoss, gamma 2 as train.py has it",
        ),
        "ldam": Preset(
            {"gamma": 0.0, "weighting": "inside", "denominator": "items"},
            "kaidic/LDAM-DRW losses.py FocalLoss, whose gamma is 0 unless given",
        ),
    },
    singular=(
        Singular("every logit of a row -inf, or one +inf or NaN", "undefined", "NaN", "NaN"),
        Singular("the target's logit -inf", "undefined", "+inf", "-w_y alpha_y by that logit"),
        Singular("every logit but the target's -inf", "regular", "0", "0"),
        Singular("a logit -inf where its probability is 0", "regular", "the term is 0", "0"),
        Singular(
            "p_y = 1 in floating point, any gamma", "regular", "(1 - p_y)^(gamma + 1)", "tiny"
        ),
    ),
    subgradients=(
        "none: the loss is smooth. The largest logit, and the first among equals, is a reference "
        "point that cancels from value and derivatives."
    ),
    program_axis="targets",
    wrt={
        "softmax_focal": ("logits",),
        "softmax_focal_soft": ("logits", "target"),
        "focal_of_mean": ("mean",),
    },
)

DEFINITIONS = (SOFTMAX_FOCAL,)

# %% [markdown]
# ## What the power does
#
# Two classes, the target's logit ahead by $d$. The larger $\gamma$, the sooner a row that is right
# falls silent; $\gamma = 0$ is cross-entropy.


# %%
def ahead(lead: np.ndarray, gamma: float) -> np.ndarray:
    """Return the loss of two classes, the target's logit ahead of the other by `lead`."""
    program = PROGRAMS["softmax_focal"][1]
    known = emit.constants_of(SOFTMAX_FOCAL, program)
    constants = {name: c.default for name, c in known.items()} | {"gamma": gamma}
    logits = np.stack([lead, np.zeros_like(lead)], axis=1)
    target, weight = np.zeros(len(lead), dtype=int), np.ones(2)
    return compiled(program)(logits, target, weight, *(constants[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    lead = np.linspace(-4, 4, 200)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for gamma in (0.0, 0.5, 1.0, 2.0, 5.0):
        axes.plot(lead, ahead(lead, gamma), label=f"gamma = {gamma:g}")
    axes.set(xlabel="lead of the target's logit", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in focal.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
