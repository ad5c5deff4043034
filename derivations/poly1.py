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
# # Poly-1
#
# Cross-entropy is $-\log p = \sum_{j \ge 1} (1 - p)^j / j$. Poly-1 changes the weight of the first
# term of that polynomial:
#
# $$L = -\sum_k w_k q_k \log p_k + \epsilon \sum_k w_k q_k\,(1 - p_k), \qquad
#   p = \mathrm{softmax}(z).$$
#
# For a class as the target the second sum is $1 - p_y$.
#
# $\epsilon \ge -1$, or the first term of the polynomial were negative: from $-1$ on the loss is at
# least 0, and falls as $p_y$ rises. Of a negative $\epsilon$ the two sums have opposite signs: what
# is left keeps the digits of the larger, not its own. At $\epsilon = -1$ that is
# $\tfrac12 (1 - p)^2$ of two terms $1 - p$, as $p$ nears 1.

# %%
"""Poly-1 with class and probability targets: definitions and conventions."""

from dataclasses import replace

import numpy as np

from derivations import classification
from derivations.classification import DENOMINATOR, EMPTY, SMOOTHING, compiled
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular
from refloss.symbolic.functions import Weighted
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program, size_of
from refloss.symbolic.vocabulary import poly_rows as poly
from refloss.symbolic.vocabulary import rows as row

# %% [markdown]
# ## The programs
#
# With $g_k = w_k q_k$ the slope of the second sum is
#
# $$\frac{\partial}{\partial z_j} \sum_k g_k (1 - p_k)
#   = p_j \Bigl(\sum_{k \ne j} g_k p_k - g_j\,(1 - p_j)\Bigr),$$
#
# what the other classes have, less what class $j$ lacks; $1 - p_j$ is a sum without $p_j$.


# %%
def poly1(form: Form) -> Program:
    """Return Poly-1 of a row of logits with a class."""
    P = Build("poly1", form, "Poly-1 with a class")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.label("target", row.ITEM)
    weight = a.real("class_weight", row.CLASS)
    amount, factor = _options(P, a)
    row.log_sum_exp(P, a)
    row.target_loss(P, a)
    row.spread_loss(P, a, amount)
    poly.target_shortfall(P, a, amount)
    entropy = Weighted(a.hit * weight[a.target], a.nll) + a.spread
    a.let("loss", [row.ITEM], entropy + row.unless(factor, factor * a.shortfall))
    return P.finish("loss")


def poly1_soft(form: Form) -> Program:
    """Return Poly-1 of a row of logits with probabilities."""
    P = Build("poly1_soft", form, "Poly-1 with probabilities")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.real("target", row.ITEM, row.CLASS)
    a.real("class_weight", row.CLASS)
    _, factor = _options(P, a)
    row.soft_target(a)
    row.log_sum_exp(P, a)
    row.soft_loss(P, a)
    poly.soft_shortfall(P, a)
    a.let("loss", [row.ITEM], a.nll + row.unless(factor, factor * a.shortfall))
    return P.finish("loss")


def _options(P: Build, a: row.Rows) -> tuple:
    """Declare the constants that both programs share, and name what smoothing makes of them."""
    amount = P.const("label_smoothing")
    row.smoothing(P, a, amount, P.const("over_others"), P.const("classy"), size_of(row.CLASS))
    return amount, P.const("epsilon")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(poly1("plain"))))
    display(Math(latex_text.aligned(poly1_soft("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(poly1("stable"), "loss", ["logits"]))))

# %% [markdown]
# ## The definition

# %%
CONSTANTS = {
    **{
        name: classification.CONSTANTS[name]
        for name in ("label_smoothing", "over_others", "classy")
    },
    "epsilon": Constant(1.0, "factor of 1 - p"),
}
TARGETS = replace(
    classification.TARGETS,
    values={
        "index": replace(classification.TARGETS.values["index"], program="poly1"),
        "probabilities": replace(
            classification.TARGETS.values["probabilities"], program="poly1_soft"
        ),
    },
)
PROGRAMS = {
    "poly1": (poly1("plain"), poly1("stable")),
    "poly1_soft": (poly1_soft("plain"), poly1_soft("stable")),
}

POLY1 = Definition(
    name="poly1",
    title="Poly-1",
    family="rows",
    source=(
        "Leng, Tan, Liu, Cubuk, Shi, Cheng, Anguelov: PolyLoss: A Polynomial Expansion Perspective "
        "of Classification Loss Functions, ICLR 2022, arXiv 2204.12511, equation 6."
    ),
    formula=r"""
loss = -sum_k w_k q_k log p_k + epsilon sum_k w_k q_k (1 - p_k),  p = softmax(z);
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
        "epsilon": AxisOf("factor of 1 - p, at least -1", 1.0, sets="epsilon", least=-1.0),
        "label_smoothing": AxisOf("eps of label smoothing", 0.0, sets="label_smoothing", most=1.0),
        "smoothing": SMOOTHING,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "paper": Preset({"denominator": "items"}, "arXiv 2204.12511, ImageNet with EfficientNetV2"),
        "detection": Preset(
            {"epsilon": -1.0, "denominator": "items"}, "arXiv 2204.12511, COCO with Mask R-CNN"
        ),
        "optax": Preset(
            {"epsilon": 2.0, "denominator": "items"}, "optax poly_loss_cross_entropy, averaged"
        ),
    },
    singular=(
        Singular("every logit of a row -inf, or one +inf or NaN", "undefined", "NaN", "NaN"),
        Singular("the target's logit -inf", "undefined", "+inf", "-w_y by that logit"),
        Singular("a logit -inf where its probability is 0", "regular", "the term is 0", "0"),
        Singular(
            "p_y near 1, epsilon -1",
            "regular",
            "(1 - p_y)^2/2, with the digits of 1 - p_y",
            "(1 - p_y) p_j, with the digits of p_j",
        ),
    ),
    subgradients=(
        "none: the loss is smooth. The largest logit, and the first among equals, is a reference "
        "point that cancels from value and derivatives."
    ),
    program_axis="targets",
    wrt={"poly1": ("logits",), "poly1_soft": ("logits", "target")},
)

DEFINITIONS = (POLY1,)

# %% [markdown]
# ## What the term does
#
# Two classes, the target's logit ahead by $d$: the slope is that of cross-entropy times
# $1 + \epsilon p$.


# %%
def ahead(lead: np.ndarray, epsilon: float) -> np.ndarray:
    """Return the loss of two classes, the target's logit ahead of the other by `lead`."""
    constants = {name: c.default for name, c in CONSTANTS.items()} | {"epsilon": epsilon}
    program = PROGRAMS["poly1"][1]
    logits = np.stack([lead, np.zeros_like(lead)], axis=1)
    target, weight = np.zeros(len(lead), dtype=int), np.ones(2)
    return compiled(program)(logits, target, weight, *(constants[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    lead = np.linspace(-4, 4, 200)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for epsilon in (0.0, 1.0, 2.0, 4.0):
        axes.plot(lead, ahead(lead, epsilon), label=f"epsilon = {epsilon:g}")
    axes.set(xlabel="lead of the target's logit", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in poly.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
