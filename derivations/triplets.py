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
# Where pairs may be *swapped* (Balntas, Riba, Ponsa, Mikolajczyk), $d_{an}$ is the smaller one of
# $d_{an}$ and $d_{pn}$.

# %%
"""Triplet loss of given triplets: definition and conventions."""

import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Relu
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import pairs as pair
from refloss.symbolic.vocabulary import triplets as trio
from refloss.symbolic.vocabulary.pairs import ITEM, PART

# %% [markdown]
# ## The programs
#
# Distances are known in two floats, and so is what one has more than the other: where a triplet
# just keeps its margin, and where the positive and the negative nearly coincide, the difference has
# all of its digits. The slope by the anchor is that of two terms that are then nearly the same,
# $2(a - p) - 2(a - n)$, or two unit vectors: it is $2(n - p)$, and of unit vectors
#
# $$\frac{a - p}{d_{ap}} - \frac{a - n}{d_{an}} =
#   \frac{(n - p) - \frac{a - n}{d_{an}}\,(d_{ap} - d_{an})}{d_{ap}}$$
#
# where $d_{ap}$ is the larger distance, and by the other unit vector where $d_{an}$ is.
#
# Another norm is another program: $\lVert x \rVert_1 = \sum_j |x_j|$.


# %%
def triplet(form: Form) -> Program:
    """Return the triplet loss of an anchor, a positive and a negative."""
    P = Build("triplet", form, "triplet loss of an anchor, a positive and a negative")
    t, margin, added = _started(P)
    squared, a = P.const("squared"), t.all
    extra = pair.Extra.of(P, "eps_sum")
    for named in (t.near, t.far, t.other):
        pair.distances(P, named, extra)
    trio.nearest(P, t, rooted=True)
    by_distance = trio.compared(P, t, "lead", margin, "distance")
    by_square = trio.compared(P, t, "square_lead", margin, "square")
    trio.steered(P, t, added)
    excess, lost = (
        sp.Piecewise((rooted, sp.Eq(squared, 0)), (square, True))
        for rooted, square in zip(by_distance, by_square, strict=True)
    )
    a.let("excess", [ITEM], excess, "above 0: the margin is missed")
    _charged(P, a, lost)
    return P.finish("loss")


def triplet_manhattan(form: Form) -> Program:
    """Return the triplet loss by distances that are sums of sizes."""
    P = Build("triplet_manhattan", form, "triplet loss by the 1-norm of differences")
    t, margin, _ = _started(P)
    for named in (t.near, t.far, t.other):
        trio.blocks(P, named)
    trio.nearest(P, t, rooted=False)
    _, lost = trio.compared(P, t, "excess", margin, "distance")
    _charged(P, t.all, lost)
    return P.finish("loss")


def _started(P: Build) -> tuple[trio.Trio, sp.Expr, sp.Expr]:
    """Name the differences of a triplet; return its pairs, the margin and what is added."""
    a = pair.Pairs(P)
    anchor = a.real("anchor", ITEM, PART)
    positive, negative = a.real("positive", ITEM, PART), a.real("negative", ITEM, PART)
    margin, added = P.wide("margin"), P.wide("eps_difference")
    t = trio.Trio.of(P, a)
    pair.apart(P, t.near, anchor, positive, added)
    pair.apart(P, t.far, anchor, negative, added)
    pair.apart(P, t.other, positive, negative, added)
    return t, margin, added


def _charged(P: Build, a: pair.Pairs, lost: sp.Expr) -> None:
    """Name ``loss``, the hinge of ``excess``, or its soft margin."""
    trio.softened(P, a, lost)
    hinge = a.let("hinge", [ITEM], Relu(a.excess), "0 where the margin is kept")
    soft = P.const("soft")
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
    "swap": Constant(0.0, "1: the negative's distance from the positive is taken where smaller"),
    "eps_difference": Constant(0.0, "added to every difference"),
    "eps_sum": Constant(0.0, "added to every sum of squares"),
}

DISTANCE = AxisOf(
    "what is compared",
    "squared",
    {
        "squared": Value(
            "squared distances",
            {"squared": 1.0},
            "Schroff et al. 2015, equation 3; davidsandberg/facenet",
            program="triplet",
        ),
        "euclidean": Value(
            "distances",
            {"squared": 0.0},
            "Hermans et al. 2017; torch; open-metric-learning",
            program="triplet",
        ),
        "manhattan": Value(
            "sums of the sizes of differences",
            {},
            "torch.nn.functional.triplet_margin_loss, p=1",
            program="triplet_manhattan",
        ),
    },
)
SWAP = AxisOf(
    "which distance is the negative's",
    "anchor",
    {
        "anchor": Value("that from the anchor", {"swap": 0.0}, "Schroff et al. 2015"),
        "nearest": Value(
            "that from the anchor or from the positive, whichever is smaller",
            {"swap": 1.0},
            "Balntas et al. 2016, anchor swap; torch, pytorch-metric-learning, swap=True",
        ),
    },
)
PLACEMENT = AxisOf(
    "where eps goes",
    "difference",
    {
        "difference": Value(
            "is added to every difference, with its sign",
            {"eps_difference": "eps"},
            "torch.nn.functional.pairwise_distance",
        ),
        "sum": Value(
            "is added to every sum of squares, and of sizes, where it cancels",
            {"eps_sum": "eps"},
            "optax triplet_margin_loss",
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
PROGRAMS = {
    "triplet": (triplet("plain"), triplet("stable")),
    "triplet_manhattan": (triplet_manhattan("plain"), triplet_manhattan("stable")),
}

TRIPLET = Definition(
    name="triplet",
    title="Triplet loss",
    family="triplets",
    source=(
        "Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015, arXiv 1503.03832; Hermans, Beyer, "
        "Leibe: In defense of the triplet loss, arXiv 1703.07737; Balntas, Riba, Ponsa, "
        "Mikolajczyk: Learning local feature descriptors with triplets, BMVC 2016."
    ),
    formula=r"""
loss = f(d_ap - d_an + margin),  f(x) = max(x, 0), or log(1 + exp(x))
d_ap = |anchor - positive + eps|^2, or |anchor - positive + eps|, by the 2-norm or the 1-norm
d_an likewise of anchor - negative, or the smaller one of that and d_pn, of positive - negative""",
    inputs={"anchor": ("anchor",), "positive": ("positive",), "negative": ("negative",)},
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "margin": AxisOf(
            "by how much the negative is to be farther away", 0.2, sets="margin", most=1e4
        ),
        "distance": DISTANCE,
        "hinge": HINGE,
        "swap": SWAP,
        "eps": AxisOf("how much `placement` adds", 0.0),
        "placement": PLACEMENT,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "facenet": Preset({}, "davidsandberg/facenet triplet_loss, alpha 0.2"),
        "torch": Preset(
            {"distance": "euclidean", "margin": 1.0, "eps": 1e-6},
            "torch.nn.functional.triplet_margin_loss",
        ),
        "optax": Preset(
            {"distance": "euclidean", "margin": 1.0, "eps": 1e-6, "placement": "sum"},
            "optax 0.2.8 losses.triplet_margin_loss; its slope at the hinge's kink is 1/2",
        ),
        "tfa": Preset(
            {"distance": "euclidean", "margin": 1.0},
            "TensorFlow Addons 0.23 triplet losses, distance_metric L2: of mined triplets",
        ),
        "open_metric_learning": Preset(
            {"distance": "euclidean", "hinge": "soft", "margin": 0.0},
            "open-metric-learning 4 TripletLoss, margin=None: log1p(exp(x)), which overflows",
        ),
        "pytorch_metric_learning": Preset(
            {"distance": "euclidean", "margin": 0.05, "empty": "zero"},
            "pytorch-metric-learning 2.9 TripletMarginLoss, LpDistance(normalize_embeddings=False)",
        ),
    },
    singular=(
        Singular("a distance of 0, not squared", "undefined", "regular", "0 by that distance"),
        Singular("d_ap + margin = d_an, hinged", "tie", "0", "0"),
        Singular("d_an = d_pn, swapped", "tie", "regular", "the mean of both"),
        Singular("a component of a difference of 0, by the 1-norm", "tie", "regular", "0"),
        Singular("an infinite difference", "undefined", "NaN", "NaN"),
    ),
    subgradients=(
        "0 by a distance where two vectors coincide, and where the margin is just kept; half of "
        "either where the negative is as far from the positive as from the anchor, if they may be "
        "swapped."
    ),
    program_axis="distance",
    wrt=dict.fromkeys(PROGRAMS, ("anchor", "positive", "negative")),
    exact=True,
)

DEFINITIONS = (TRIPLET,)

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in (*pair.RULES, *trio.RULES):
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
