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
# # Triplets
#
# An anchor, a vector of its kind and one of another: the second pair is to be farther apart, by a
# margin. Schroff, Kalenichenko and Philbin take squared distances,
#
# $$L = \max(\lVert a - p \rVert^2 - \lVert a - n \rVert^2 + \alpha, 0),$$
#
# Hermans, Beyer and Leibe distances, hinged or by a soft margin, $\log(1 + e^{d_{ap} - d_{an}})$.

# %%
"""Triplet loss of given triplets: definition and conventions."""

import sympy as sp
from sympy.codegen.cfunctions import log1p

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Relu
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import pairs as pair
from refloss.symbolic.vocabulary.pairs import ITEM, PART

# %% [markdown]
# ## The program
#
# Both distances are known in two floats, and so is what one has more than the other: where a triplet
# just keeps its margin, and where the positive and the negative nearly coincide, the difference has
# all of its digits.


# %%
def triplet(form: Form) -> Program:
    """Return the triplet loss of an anchor, a positive and a negative."""
    P = Build("triplet", form, "triplet loss of an anchor, a positive and a negative")
    a = pair.Pairs(P)
    anchor = a.real("anchor", ITEM, PART)
    positive, negative = a.real("positive", ITEM, PART), a.real("negative", ITEM, PART)
    margin, squared, soft = P.wide("margin"), P.const("squared"), P.const("soft")
    added = P.wide("eps_difference")
    near, far = pair.Named(a, "ap_"), pair.Named(a, "an_")
    for named, other in ((near, positive), (far, negative)):
        pair.apart(P, named, anchor, other, added)
        pair.distances(P, named)
    by_distance = pair.ahead_of(P, a, "lead", near, far, margin, "distance")
    by_square = pair.ahead_of(P, a, "square_lead", near, far, margin, "square")
    excess = sp.Piecewise((by_distance, sp.Eq(squared, 0)), (by_square, True))
    a.let("excess", [ITEM], excess, "above 0: the margin is missed")
    _charged(P, a, soft)
    return P.finish("loss")


def _charged(P: Build, a: pair.Pairs, soft: sp.Expr) -> None:
    """Name ``loss``, the hinge of ``excess``, or its soft margin."""
    left = a.let("left", [ITEM], sp.exp(-sp.Abs(a.excess)))
    a.let("smooth", [ITEM], Relu(a.excess) + log1p(left), "log(1 + exp(excess))")
    near = a.let("most", [ITEM], 1 / (1 + left), "at least 1/2")
    slope = sp.Piecewise((near, a.excess >= 0), (left * near, True))
    a.let("pull", [ITEM], slope, "its slope")
    back = sp.Piecewise((left * near, a.excess >= 0), (near, True))
    a.let("back", [ITEM], back, "1 less that")
    a.partials("pull", {a.excess: a.pull * a.back})
    a.partials("back", {a.excess: -a.pull * a.back})
    a.partials("smooth", {a.excess: a.pull})
    hinge = a.let("hinge", [ITEM], Relu(a.excess), "0 where the margin is kept")
    a.let("loss", [ITEM], sp.Piecewise((hinge, sp.Eq(soft, 0)), (a.smooth, True)))


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(triplet("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    names = ["anchor", "positive", "negative"]
    display(Math(latex_text.aligned(calculus.grad(triplet("stable"), "loss", names))))

# %% [markdown]
# ## Conventions

# %%
CONSTANTS = {
    "margin": Constant(0.2, "by how much the negative is to be farther away"),
    "squared": Constant(1.0, "1: distances are squared"),
    "soft": Constant(0.0, "1: log(1 + exp(x)) in the place of max(x, 0)"),
    "eps_difference": Constant(0.0, "added to every difference"),
}

DISTANCE = AxisOf(
    "what is compared",
    "squared",
    {
        "squared": Value(
            "squared distances",
            {"squared": 1.0},
            "Schroff et al. 2015, equation 3; davidsandberg/facenet",
        ),
        "euclidean": Value(
            "distances", {"squared": 0.0}, "Hermans et al. 2017; torch; open-metric-learning"
        ),
    },
)
HINGE = AxisOf(
    "what becomes of d_ap - d_an + margin",
    "hinge",
    {
        "hinge": Value("max(x, 0)", {"soft": 0.0}, "Schroff et al. 2015; torch"),
        "soft": Value(
            "log(1 + exp(x))",
            {"soft": 1.0},
            "Hermans et al. 2017, section 3; open-metric-learning, margin=None",
        ),
    },
)
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {"items": Value("the number of triplets", source="torch; davidsandberg/facenet")},
    number=True,
)
EMPTY = AxisOf(
    "the mean over no triplet",
    "nan",
    {
        "nan": Value("0/0", source="torch"),
        "zero": Value("0, with gradient 0", source="pytorch-metric-learning"),
    },
)

# %% [markdown]
# ## The definition

# %%
PROGRAMS = {"triplet": (triplet("plain"), triplet("stable"))}

TRIPLET = Definition(
    name="triplet",
    title="Triplet loss",
    family="triplets",
    source=(
        "Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer, "
        "Leibe: In defense of the triplet loss, arXiv 1703.07737."
    ),
    formula=r"""
loss = f(d_ap - d_an + margin),  d_ap = |anchor - positive + eps|^k,  d_an = |anchor - negative + eps|^k
f(x) = max(x, 0), or log(1 + exp(x));  k = 2, or 1""",
    inputs={"anchor": ("anchor",), "positive": ("positive",), "negative": ("negative",)},
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "margin": AxisOf(
            "by how much the negative is to be farther away", 0.2, sets="margin", most=1e4
        ),
        "distance": DISTANCE,
        "hinge": HINGE,
        "eps": AxisOf("what is added to every difference", 0.0, sets="eps_difference", most=1.0),
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "facenet": Preset({}, "davidsandberg/facenet triplet_loss, alpha 0.2"),
        "torch": Preset(
            {"distance": "euclidean", "margin": 1.0, "eps": 1e-6},
            "torch.nn.functional.triplet_margin_loss, swap=False",
        ),
        "open_metric_learning": Preset(
            {"distance": "euclidean", "hinge": "soft", "margin": 0.0},
            "open-metric-learning 4 TripletLoss, margin=None",
        ),
    },
    singular=(
        Singular("a distance of 0, not squared", "undefined", "regular", "0 by that distance"),
        Singular("d_ap + margin = d_an, hinged", "tie", "0", "0"),
        Singular("an infinite difference", "undefined", "NaN", "NaN"),
    ),
    subgradients="0 by a distance where two vectors coincide, and where the margin is just kept.",
    wrt={"triplet": ("anchor", "positive", "negative")},
    exact=True,
)

DEFINITIONS = (TRIPLET,)

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in pair.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
