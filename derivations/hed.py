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
# # Class-balanced sigmoid cross-entropy of images
#
# Few pixels of an image are edges. Holistically-nested edge detection weighs each class by the share
# of the other, counted in the image itself:
#
# $$L = -\beta \sum_{Y_+} \log \sigma(x) - \lambda\,(1 - \beta) \sum_{Y_-} \log(1 - \sigma(x)),
#   \qquad \beta = |Y_-| / |Y|.$$
#
# A row is an image and its columns are pixels. The loss is divided by the images, not by the pixels.
#
# | loss | published as |
# |---|---|
# | class-balanced | Xie and Tu: *Holistically-Nested Edge Detection*, ICCV 2015, arXiv 1504.06375, eq. 2 |
# | with $\lambda$ | Liu et al.: *Richer Convolutional Features for Edge Detection*, CVPR 2017, arXiv 1612.02103, eq. 1 |

# %%
"""Class-balanced sigmoid cross-entropy of images: definition and conventions."""

import numpy as np

from derivations.classification import EMPTY, compiled
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import binary_rows
from refloss.symbolic.vocabulary import rows as row

# %% [markdown]
# ## The program
#
# With $t \in [0, 1]$ a pixel's target, $|Y_+| = \sum t$ and $|Y_-| = \sum (1 - t)$, each with the
# pixel's weight: a pixel of weight 0 is neither counted nor asked. The slope by a logit is
# $\lambda (1 - \beta)(1 - t)\,\sigma(x) - \beta\,t\,\sigma(-x)$, one term for a pixel that is of one
# class. Only by the target does it matter whether the counts are differentiated: both sums of the
# loss then move with them.


# %%
def hed(form: Form) -> Program:
    """Return the class-balanced loss of an image."""
    P = Build("hed", form, "class-balanced sigmoid cross-entropy")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.real("target", row.ITEM, row.CLASS)
    a.real("class_weight", row.CLASS)
    factor, attached = P.const("negative_factor"), P.const("attached")
    binary_rows.balance(P, a, factor, attached)
    binary_rows.pixel_losses(P, a)
    binary_rows.balanced_loss(P, a, factor, attached)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(calculus.grad(hed("stable"), "loss", ["logits"]))))

# %% [markdown]
# ## The definition

# %%
CONSTANTS = {
    "negative_factor": Constant(1.0, "what the weight of negatives is multiplied by"),
    "attached": Constant(0.0, "1: the counts are differentiated too"),
}
PROGRAMS = {"hed": (hed("plain"), hed("stable"))}

HED = Definition(
    name="hed",
    title="Class-balanced sigmoid cross-entropy",
    family="rows",
    source="Xie and Tu, Holistically-Nested Edge Detection, ICCV 2015, arXiv 1504.06375, eq. 2.",
    formula=r"""
loss = beta sum_k w_k t_k softplus(-x_k) + negative_factor (1 - beta) sum_k w_k (1 - t_k) softplus(x_k);
beta = sum_k w_k (1 - t_k) / sum_k w_k,  x, t, w = logits, target, class_weight of a row's pixels""",
    inputs={
        "logits": ("logits",),
        "target": ("target",),
        "class_weight": ("class_weight",),
    },
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "targets": AxisOf(
            "what a target is",
            "probabilities",
            {
                "probabilities": Value(
                    "one number a pixel, 1 on an edge", program="hed", source="hed, RCF"
                )
            },
        ),
        "negative_factor": AxisOf(
            "what the weight of negatives is multiplied by", 1.0, sets="negative_factor"
        ),
        "counts": AxisOf(
            "whether beta depends on the target where it is differentiated",
            "constant",
            {
                "constant": Value("no", {"attached": 0.0}, "every implementation: labels are data"),
                "attached": Value("yes", {"attached": 1.0}, "the formula as it stands"),
            },
        ),
        "denominator": AxisOf(
            "what `reduction='mean'` divides the sum by; a number divides by itself",
            "items",
            {
                "items": Value("the number of images", source="s9xie/hed, RCF"),
                "logits": Value("the number of pixels", source="means over everything"),
            },
            number=True,
        ),
        "empty": EMPTY,
    },
    presets={
        "hed": Preset({"denominator": "items"}, "s9xie/hed sigmoid_cross_entropy_loss_layer"),
        "rcf": Preset({"negative_factor": 1.1}, "yun-liu/RCF, lambda 1.1"),
    },
    singular=(
        Singular("every pixel of one class", "regular", "0: the other class has none", "0"),
        Singular("all weights 0", "undefined", "0", "0"),
    ),
    subgradients="none: the loss is smooth.",
    program_axis="targets",
    domains={"target": (0.0, 1.0)},
    wrt={"hed": ("logits", "target")},
)

DEFINITIONS = (HED,)

# %% [markdown]
# ## What balance does
#
# One pixel of 16 is an edge. Both classes pull alike at $x = 0$.


# %%
def pull(share: int) -> np.ndarray:
    """Return the slope at 0 of an image of 16 pixels of which the first `share` are edges."""
    target = (np.arange(16) < share).astype(float)[None]
    constants = [CONSTANTS[str(c)].default for c in PROGRAMS["hed"][1].consts]
    derived = emit.derive(PROGRAMS["hed"][1], "loss", ("logits",)).grad
    return compiled(derived, "grad")(np.zeros((1, 16)), target, np.ones(16), np.ones(1), *constants)


if __name__ == "__main__":
    for share in (1, 4, 8):
        slopes = pull(share)[1][0]
        edges, others = slopes[:share].sum(), slopes[share:].sum()
        print(f"{share:2} of 16 pixels: edges pull {edges:.4f}, others {others:.4f}")

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in binary_rows.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
