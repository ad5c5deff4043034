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
# # Hinge of a given distance
#
# $$L = [y \ne -1]\,x + [y \ne 1]\,\max(0,\; m - x)$$
#
# $x$ is a distance, however it was measured: 1 says that a pair is of one kind, $-1$ that it is of
# two. PyTorch adds both terms for every other label.

# %%
"""Hinge embedding loss: definition and conventions."""

import math
from collections.abc import Callable

import numpy as np
import sympy as sp

from refloss.symbolic import emit
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Relu, Weighted
from refloss.symbolic.printers import numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

# %% [markdown]
# ## The program
#
# A label counts a term or leaves it out, whatever it holds: shares of 0 remove NaN and infinity too.


# %%
def hinge_embedding(form: Form) -> Program:
    """Return the hinge embedding loss."""
    a = Elements(Build("hinge_embedding", form, "hinge of a given distance"))
    a.real("scores", "target", "weight")
    margin = a.P.const("margin")
    for name, other in (("alike", -1), ("unlike", 1)):
        share = sp.Piecewise((sp.S.Zero, sp.Eq(a.target, other)), (sp.S.One, True))
        a.let(name, share, f"0 for label {other}")
    lacked = a.let("lacked", Relu(margin - a.scores), "0 from the margin on")
    weighted_loss(a, Weighted(a.alike, a.scores) + Weighted(a.unlike, lacked))
    return a.P.finish("loss")


# %% [markdown]
# ## Conventions

# %%
AXES = {
    "labels": AxisOf(
        "which label says that a pair is of one kind",
        "signed",
        {
            "signed": Value(
                "1, and -1 that it is of two; 0 takes both terms",
                source="torch",
                allows={"target": (-1.0, 0.0, 1.0)},
            ),
        },
    ),
    "margin": AxisOf("distance from which a pair of two kinds costs nothing", 1.0, sets="margin"),
    "denominator": AxisOf(
        "what `reduction='mean'` divides the sum by; a number divides by itself",
        "items",
        {"items": Value("the number of elements", source="torch")},
        number=True,
    ),
    "empty": AxisOf(
        "the mean over nothing: of no element",
        "nan",
        {
            "nan": Value("0/0", source="torch"),
            "zero": Value("0, with gradient 0", source="libraries that multiply the sum by 0"),
        },
    ),
}

HINGE_EMBEDDING = Definition(
    name="hinge_embedding",
    title="Hinge embedding",
    family="scores",
    source=(
        "torch.nn.HingeEmbeddingLoss, after Chopra, Hadsell, LeCun: Learning a similarity metric "
        "discriminatively, CVPR 2005."
    ),
    formula="loss = weight (x, or max(0, margin - x), or both);  for target 1, -1 and 0;  x = scores",
    inputs={"scores": ("scores",), "target": ("target",), "weight": ("weight",)},
    programs={"hinge_embedding": (hinge_embedding("plain"), hinge_embedding("stable"))},
    constants={"margin": Constant(1.0, "distance from which a pair of two kinds costs nothing")},
    axes=AXES,
    presets={"torch": Preset({}, "torch.nn.functional.hinge_embedding_loss")},
    singular=(Singular("scores = margin, target not 1", "tie", "regular", "0 by the hinge"),),
    subgradients=(
        "0 by the hinge where a distance is the margin, and so 1 where both terms count."
    ),
    wrt={"hinge_embedding": ("scores", "target")},
    domains={"weight": (0.0, math.inf)},
    weights=("weight",),
)

DEFINITIONS = (HINGE_EMBEDDING,)

# %% [markdown]
# ## By label


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    x = np.linspace(0, 2, 201)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    value = compiled(hinge_embedding("plain"))
    for label in (1, -1, 0):
        axes.plot(x, value(x, 0 * x + label, 0 * x + 1, 1.0), label=f"target {label}")
    axes.set(xlabel="distance", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
