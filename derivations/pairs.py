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
# # Pairs: contrastive loss
#
# Two vectors and whether they are of one kind. With $d = \lVert x_1 - x_2 \rVert$ and $y = 1$ for
# a pair of one kind, Hadsell, Chopra and LeCun ask
#
# $$L = \tfrac12\Bigl(y\,d^2 + (1 - y)\,\max(m - d, 0)^2\Bigr).$$
#
# What is published under this name differs in the factor, in what is hinged, and in which label
# says that a pair is of one kind: in the paper it is 0.
#
# | form | dissimilar | published as |
# |---|---|---|
# | `hadsell` | $\max(m - d, 0)^2$ | Hadsell, Chopra, LeCun: *Dimensionality Reduction by Learning an Invariant Mapping*, CVPR 2006 |
# | `legacy` | $\max(m - d^2, 0)$ | Caffe, `legacy_version` |
# | `linear` | $\max(m - d, 0)$, similar $\max(d - m_+, 0)$ | pytorch-metric-learning |
#
# So does the distance: of the vectors, of their directions $u_i = x_i/\max(\lVert x_i \rVert,
# \varepsilon)$, or $1 - u_1 \cdot u_2$.

# %%
"""Contrastive loss of given pairs: definition and conventions."""

from collections.abc import Callable

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Batch, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Ratio, Relu, Stop, Weighted
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import directions as direction
from refloss.symbolic.vocabulary import pairs as pair
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.pairs import ITEM, PART

# %% [markdown]
# ## The program
#
# The difference of a distance from the margin is where digits go: $m - d$ has none left when $d$
# is within a rounding error of $m$. The stable form has the distance in two floats,
# $d = \mathrm{length} + \mathrm{length\_lo}$, and takes both from the margin.
#
# For that the sum of squares must be known better than to one rounding, whatever the order in which
# a machine adds. Differences are divided by the largest, $p_j = \delta_j/\max_k|\delta_k|$, so that
# every square is at most 1; each square is split at $\sigma = 2D$ into a multiple of $\sigma$'s last
# place and a remainder. Multiples of one number below $2^{53}$ times it add up without any rounding,
# in every order; the remainders are so small that their own rounding does not matter (Rump, Ogita,
# Oishi: *Accurate floating-point summation*, 2008).
#
# A pair of one kind has $d^2$, whose derivative $2\delta$ needs no root: nothing is undefined where
# the two vectors coincide.
#
# Directions are quotients in two floats. Where their difference is smaller than what those tell, it
# is made of $x_1 \max_k|x_{2k}| - x_2 \max_k|x_{1k}|$ instead, which has all its digits: of parallel
# vectors it is 0. With $\kappa = 1 - u_1 \cdot u_2 = \tfrac12\lVert u_1 - u_2 \rVert^2$,
#
# $$\frac{\partial\kappa}{\partial x_1} = \frac{(u_1 - u_2) - \kappa u_1}{\lVert x_1 \rVert},$$
#
# as small as the angle, and 0 of opposite directions too. A vector of zeros has the direction 0.


# %%
def contrastive(form: Form) -> Program:
    """Return the contrastive loss of a pair of vectors."""
    P = Build("contrastive", form, "contrastive loss of a pair of vectors")
    a = _given(P)
    added = P.wide("eps_difference")
    pair.apart(P, a, a.x1, a.x2, added)
    pair.distances(P, a)
    return _charged(P, a)


def contrastive_normalised(form: Form) -> Program:
    """Return the contrastive loss of the directions of a pair of vectors."""
    P = Build("contrastive_normalised", form, "contrastive loss of the directions of a pair")
    a = _given(P)
    direction.directions(P, a, P.wide("least_norm", nonnegative=True))
    direction.apart(P, a)
    direction.normalised(P, a)
    return _charged(P, a)


def contrastive_cosine(form: Form) -> Program:
    """Return the contrastive loss of the cosine distance of a pair of vectors."""
    P = Build("contrastive_cosine", form, "contrastive loss of one less the cosine of a pair")
    a = _given(P)
    direction.directions(P, a, P.wide("least_norm", nonnegative=True))
    direction.apart(P, a)
    direction.cosine(P, a)
    return _charged(P, a)


def _given(P: Build) -> pair.Pairs:
    """Name the inputs, and ``alike`` and ``unlike``."""
    a = pair.Pairs(P)
    for name in ("x1", "x2"):
        a.real(name, ITEM, PART)
    a.real("same", ITEM)
    _sides(P, a)
    return a


def _charged(P: Build, a: pair.Pairs) -> Program:
    """Name the loss of a distance, and return the program."""
    linear = P.const("linear")
    _pull(P, a, P.wide("positive_margin"), linear)
    _push(P, a, P.wide("margin"), linear, P.const("legacy"))
    charge = Weighted(a.alike, a.pull) + Weighted(a.unlike, a.push)
    a.let("loss", [ITEM], P.const("factor") * charge)
    return P.finish("loss")


def mean_of_nonzero(form: Form) -> Program:
    """Return a sum over the number of its terms above 0."""
    P = Build("mean_of_nonzero", form, "sum of losses over their number above 0")
    a = Elements(P)
    a.real("total", "active")
    a.let("loss", Ratio(a.total, Stop(a.active), sp.S.Zero))
    return P.finish("loss")


def means_of_nonzero(form: Form) -> Program:
    """Return two sums, each over the number of its terms above 0, added."""
    P = Build("means_of_nonzero", form, "two sums of losses over their numbers above 0, added")
    a = Elements(P)
    a.real("total", "active", "other_total", "other_active")
    a.let("mean", Ratio(a.total, Stop(a.active), sp.S.Zero))
    a.let("other_mean", Ratio(a.other_total, Stop(a.other_active), sp.S.Zero))
    a.let("loss", a.mean + a.other_mean)
    return P.finish("loss")


def _sides(P: Build, a: pair.Pairs) -> None:
    """Name ``alike`` and ``unlike``, 1 and 0 or 0 and 1 by the label of a pair."""
    turned = sp.Piecewise((a.same, sp.Eq(P.const("different"), 0)), (1 - a.same, True))
    a.let("alike", [ITEM], turned, "1: of one kind")
    a.let("unlike", [ITEM], 1 - a.alike)


def _pull(P: Build, a: pair.Pairs, positive: sp.Expr, linear: sp.Expr) -> None:
    """Name ``pull``, what a pair of one kind costs."""
    inside = pair.short_of(P, a, "inside", positive, "distance")
    beyond = a.let("beyond", [ITEM], Relu(-inside), "0 within the margin of similar pairs")
    each = sp.Piecewise((a.square, sp.Eq(linear, 0)), (beyond, True))
    a.let("pull", [ITEM], each, "of a pair of one kind")


def _push(P: Build, a: pair.Pairs, margin: sp.Expr, linear: sp.Expr, legacy: sp.Expr) -> None:
    """Name ``push``, what a pair of two kinds costs."""
    near = pair.short_of(P, a, "nearness", margin, "distance")
    lack = a.let("lack", [ITEM], Relu(near), "0 from the margin on")
    close = pair.short_of(P, a, "closeness", margin, "square")
    flat = a.let("flat", [ITEM], Relu(close), "the same of squares")
    chosen = sp.Piecewise((lack * lack, sp.Eq(legacy, 0)), (flat, True))
    each = sp.Piecewise((chosen, sp.Eq(linear, 0)), (lack, True))
    a.let("push", [ITEM], each, "of a pair of two kinds")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    for plain in (contrastive, contrastive_normalised, contrastive_cosine):
        display(Math(latex_text.aligned(plain("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(contrastive("stable"), "loss", ["x1", "x2"]))))

# %% [markdown]
# ## Conventions

# %%
CONSTANTS = {
    "margin": Constant(1.0, "distance from which a pair of two kinds costs nothing"),
    "positive_margin": Constant(0.0, "distance up to which a pair of one kind costs nothing"),
    "linear": Constant(0.0, "1: hinges are not squared, on both sides"),
    "legacy": Constant(0.0, "1: the squared distance is hinged, and that not squared"),
    "factor": Constant(0.5, "factor of the whole"),
    "eps_difference": Constant(0.0, "added to every difference"),
    "least_norm": Constant(0.0, "the least length that a vector is divided by"),
    "different": Constant(0.0, "1: label 1 says that a pair is of two kinds"),
}

DISTANCE = AxisOf(
    "how far two vectors are apart",
    "euclidean",
    {
        "euclidean": Value(
            "|x1 - x2 + eps|",
            source="Hadsell et al. 2006; Caffe; TensorFlow Addons",
            program="contrastive",
        ),
        "normalised": Value(
            "|u1 - u2| of u = x / max(|x|, least_norm)",
            source="pytorch-metric-learning LpDistance, normalize_embeddings=True",
            program="contrastive_normalised",
        ),
        "cosine": Value(
            "1 - u1.u2",
            source="sentence-transformers COSINE_DISTANCE, ContrastiveLoss's default",
            program="contrastive_cosine",
        ),
    },
)
FORM = AxisOf(
    "what is hinged",
    "hadsell",
    {
        "hadsell": Value(
            "d^2 for one kind, max(m - d, 0)^2 for two",
            {"linear": 0.0, "legacy": 0.0},
            "Hadsell et al. 2006; TensorFlow Addons; sentence-transformers",
        ),
        "legacy": Value(
            "d^2 for one kind, max(m - d^2, 0) for two",
            {"linear": 0.0, "legacy": 1.0},
            "Caffe ContrastiveLoss, legacy_version",
        ),
        "linear": Value(
            "max(d - positive_margin, 0) for one kind, max(m - d, 0) for two",
            {"linear": 1.0, "legacy": 0.0},
            "pytorch-metric-learning ContrastiveLoss",
        ),
    },
)
FACTOR = AxisOf(
    "what the whole is multiplied by",
    "half",
    {
        "half": Value("1/2", {"factor": 0.5}, "Hadsell et al. 2006; Caffe; sentence-transformers"),
        "one": Value("nothing", {"factor": 1.0}, "TensorFlow Addons; pytorch-metric-learning"),
    },
)
LABELS = AxisOf(
    "which label says that a pair is of one kind",
    "same",
    {
        "same": Value(
            "1, and 0 that it is of two",
            {"different": 0.0},
            "Caffe, TensorFlow Addons, sentence-transformers",
            allows={"same": (0.0, 1.0)},
        ),
        "different": Value(
            "0, and 1 that it is of two",
            {"different": 1.0},
            "Hadsell et al. 2006, Y",
            allows={"same": (0.0, 1.0)},
        ),
    },
)
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {
        "items": Value("the number of pairs", source="sentence-transformers, TensorFlow Addons"),
        "nonzero": Value(
            "the number of losses above 0",
            source="pytorch-metric-learning AvgNonZeroReducer, over pairs of both kinds",
            batch=Batch("mean_of_nonzero", counted=True),
        ),
        "separate_nonzero": Value(
            "pairs of either label apart by their number of losses above 0; both means are added",
            source="pytorch-metric-learning ContrastiveLoss, AvgNonZeroReducer",
            batch=Batch("means_of_nonzero", split="same", counted=True),
        ),
    },
    number=True,
)
EMPTY = AxisOf(
    "the mean over no pair",
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
    make.__name__: (make("plain"), make("stable"))
    for make in (
        contrastive,
        contrastive_normalised,
        contrastive_cosine,
        mean_of_nonzero,
        means_of_nonzero,
    )
}

CONTRASTIVE = Definition(
    name="contrastive",
    title="Contrastive loss",
    family="pairs",
    source=(
        "Hadsell, Chopra, LeCun: Dimensionality reduction by learning an invariant mapping, CVPR "
        "2006; Chopra, Hadsell, LeCun, CVPR 2005."
    ),
    formula=r"""
loss = factor (y pull + (1 - y) push),  y = 1 for a pair of one kind
euclidean: d = |x1 - x2 + eps|;  u = x / max(|x|, least_norm):
normalised: d = |u1 - u2|;  cosine: d = 1 - u1.u2
hadsell: pull = d^2, push = max(margin - d, 0)^2;  legacy: pull = d^2, push = max(margin - d^2, 0)
linear: pull = max(d - positive_margin, 0), push = max(margin - d, 0)""",
    inputs={"x1": ("x1",), "x2": ("x2",), "same": ("same",)},
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "distance": DISTANCE,
        "margin": AxisOf(
            "distance from which a pair of two kinds costs nothing",
            1.0,
            sets="margin",
            least=1e-4,
            most=1e4,
        ),
        "positive_margin": AxisOf(
            "distance up to which a pair of one kind costs nothing, in the linear form",
            0.0,
            sets="positive_margin",
            most=1e4,
        ),
        "form": FORM,
        "factor": FACTOR,
        "labels": LABELS,
        "eps": AxisOf(
            "what is added to every difference, of the Euclidean distance",
            0.0,
            sets="eps_difference",
            most=1.0,
        ),
        "least_norm": AxisOf(
            "the least length that a vector is divided by, where it is divided",
            0.0,
            sets="least_norm",
            most=1.0,
        ),
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "hadsell": Preset({"labels": "different"}, "Hadsell et al. 2006, equation 4"),
        "caffe": Preset({}, "BVLC Caffe ContrastiveLoss: the value; its slope adds 1e-4 to d"),
        "caffe_legacy": Preset({"form": "legacy"}, "BVLC Caffe ContrastiveLoss, legacy_version"),
        "tfa": Preset({"factor": "one"}, "TensorFlow Addons 0.23 contrastive_loss of distances"),
        "sentence_transformers": Preset(
            {"margin": 0.5, "eps": 1e-6},
            "sentence-transformers 5 ContrastiveLoss, distance_metric EUCLIDEAN",
        ),
        "sentence_transformers_cosine": Preset(
            {"distance": "cosine", "margin": 0.5, "least_norm": 1e-8},
            "sentence-transformers 5 ContrastiveLoss, distance_metric COSINE_DISTANCE, its default",
        ),
        "pytorch_metric_learning": Preset(
            {
                "distance": "normalised",
                "form": "linear",
                "factor": "one",
                "least_norm": 1e-12,
                "denominator": "separate_nonzero",
                "empty": "zero",
            },
            "pytorch-metric-learning 2.9 ContrastiveLoss, LpDistance",
        ),
        "pytorch_metric_learning_raw": Preset(
            {
                "form": "linear",
                "factor": "one",
                "denominator": "separate_nonzero",
                "empty": "zero",
            },
            "pytorch-metric-learning 2.9 ContrastiveLoss, LpDistance(normalize_embeddings=False)",
        ),
    },
    singular=(
        Singular(
            "x1 = x2 for a pair of two kinds, or of one in the linear form without a margin",
            "undefined",
            "regular",
            "0, the least of all slopes: their norm is at most the limit's, in any direction",
        ),
        Singular(
            "vectors of one direction, of the normalised distance",
            "undefined",
            "regular",
            "0, but by the square, whose slope is 0 there",
        ),
        Singular(
            "a vector of zeros, of a distance of directions without a least_norm",
            "undefined",
            "that of the direction 0: to a vector that has one 1, as normalised and as cosine",
            "0",
        ),
        Singular("d = margin", "tie", "0", "0 by the hinge that is not squared"),
        Singular("an infinite difference", "undefined", "NaN", "NaN"),
    ),
    subgradients=(
        "0 where two vectors coincide, but 2 (x1 - x2) of a squared distance, which has no kink; 0 "
        "where the distance is the margin."
    ),
    program_axis="distance",
    wrt={
        **dict.fromkeys(PROGRAMS, ("x1", "x2")),
        "mean_of_nonzero": ("total", "active"),
        "means_of_nonzero": ("total", "active", "other_total", "other_active"),
    },
    exact=True,
)

DEFINITIONS = (CONTRASTIVE,)

# %% [markdown]
# ## Three forms
#
# The force on a pair of two kinds fades toward the margin, stays the same, or fades toward 0: where
# two vectors coincide, the legacy form does not part them.


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


def at_distance(distance: np.ndarray, form: str) -> np.ndarray:
    """Return the loss of pairs of two kinds."""
    program = PROGRAMS["contrastive"][0]
    known = emit.constants_of(CONTRASTIVE, program)
    constants = {n: c.default for n, c in known.items()} | dict(FORM.values[form].sets)
    x1, zeros = distance[:, None], np.zeros(len(distance))
    return compiled(program)(x1, 0 * x1, zeros, *(constants[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    distance = np.linspace(0, 1.5, 301)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for name in FORM.values:
        axes.plot(distance, at_distance(distance, name), label=name)
    axes.set(xlabel="distance of a pair of two kinds", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in (*pair.RULES, *direction.RULES):
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
