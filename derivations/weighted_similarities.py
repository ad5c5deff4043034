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
# # Contrast with a weight for every pair: multi-similarity and circle loss
#
# An anchor has a row of similarities $s_j$ to positives $P$ and negatives $N$, as in the losses of
# contrast. Here each pulls or pushes the more, the farther it is from where it should be:
#
# $$L_{\text{ms}} = \frac1\alpha \log\Bigl(1 + \sum_P e^{-\alpha(s_p - \lambda)}\Bigr)
#   + \frac1\beta \log\Bigl(1 + \sum_N e^{\beta(s_n - \lambda)}\Bigr),$$
#
# $$L_{\text{circle}} = \operatorname{softplus}\Bigl(
#   \operatorname{lse}_P\bigl(-\gamma\,[1 + m - s_p]_+ (s_p - (1 - m))\bigr)
#   + \operatorname{lse}_N\bigl(\gamma\,[s_n + m]_+ (s_n - m)\bigr)\Bigr).$$
#
# | loss | published as |
# |---|---|
# | multi-similarity | Wang et al.: *Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning*, CVPR 2019, arXiv 1904.06627, equation 15 |
# | circle | Sun et al.: *Circle Loss: A Unified Perspective of Pair Similarity Optimization*, CVPR 2020, arXiv 2002.10857, equation 6 |

# %%
"""Multi-similarity and circle loss over given similarities: definitions and conventions."""

import numpy as np
import sympy as sp

from derivations.classification import EMPTY, compiled
from derivations.similarities import ANCHORS, COUNTED, INPUTS, ITEMS, LABELS, WRT
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import similarity_rows as similar
from refloss.symbolic.vocabulary import weighted_similarities as weighted
from refloss.symbolic.vocabulary.rows import ITEM

# %% [markdown]
# ## Multi-similarity
#
# An exponent of 75 that is off by an ulp makes 75 ulp of its exponential. The stable form has every
# exponent in two floats, and corrects its exponential by the second.


# %%
def multi_similarity(form: Form) -> Program:
    """Return the multi-similarity loss."""
    P = Build("multi_similarity", form, "multi-similarity loss")
    a = similar.anchors(P)
    alpha, beta, base = P.wide("alpha"), P.wide("beta"), P.wide("base")
    ally, rival = similar.part(a, "ally"), similar.part(a, "rival")
    for part, scale, sign, kind in ((ally, alpha, -1, 1), (rival, beta, 1, 0)):
        weighted.exponents(P, part, scale, base, sign)
        weighted.gathered(P, part, sp.Eq(a.same, kind))
    a.let("loss", [ITEM], ally.cost / alpha + rival.cost / beta)
    return P.finish("loss")


# %% [markdown]
# ## Circle loss
#
# A similarity's distance from its optimum is also its weight. Both factors of an exponent make one
# square, less that of the margin: $(1 - s)^2 - m^2$ for a positive, $s^2 - m^2$ for a negative.
# By the similarity its slope is $-\gamma\,[1 + m - s]_+$ where the weight is held constant, as most
# code has it, and $-2\gamma\,(1 - s)$ where it is differentiated too. Beyond the margin both factors
# end: the exponent is 0.


# %%
def circle(form: Form) -> Program:
    """Return the circle loss of an anchor."""
    P = Build("circle", form, "circle loss")
    a = similar.anchors(P)
    gamma, margin, attached = P.wide("gamma"), P.wide("margin"), P.const("attached")
    ally, rival = similar.part(a, "ally"), similar.part(a, "rival")
    for part, sign in ((ally, -1), (rival, 1)):
        weighted.circle_exponents(P, part, gamma, margin, attached, sign)
    weighted.together(P, a, ally, rival)
    a.let("loss", [ITEM], a.cost)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    for program in (multi_similarity, circle):
        display(Math(latex_text.aligned(program("plain"))))

# %% [markdown]
# The gradient of the stable form of the circle loss, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(circle("stable"), "loss", ["similarities"]))))

# %% [markdown]
# ## Conventions

# %%
DENOMINATOR = AxisOf(COUNTED, "items", {"items": ITEMS, "anchors": ANCHORS}, number=True)
WEIGHTS = AxisOf(
    "whether a similarity's weight is differentiated",
    "detached",
    {
        "detached": Value(
            "no: it is held constant",
            {"attached": 0.0},
            "pytorch-metric-learning, TinyZeaMays/CircleLoss, fast-reid",
        ),
        "attached": Value("yes", {"attached": 1.0}, "keras CircleLoss"),
    },
)


def amount(doc: str, default: float, name: str) -> AxisOf:
    """Return an axis that is a positive number."""
    return AxisOf(doc, default, sets=name, least=1e-4, most=1e4)


ALPHA, BETA = "scale of positives", "scale of negatives"
BASE = "similarity about which pairs are weighed"
GAMMA = "scale of the exponents"
MARGIN = "how far from its optimum a similarity may be"

# %% [markdown]
# ## The definitions

# %%
MULTI_SIMILARITY = Definition(
    name="multi_similarity",
    title="Multi-similarity loss",
    family="similarities",
    source=(
        "Wang, Han, Huang, Dong, Scott, Multi-Similarity Loss with General Pair Weighting for Deep "
        "Metric Learning, CVPR 2019, arXiv 1904.06627, equation 15."
    ),
    formula=r"""
loss = log(1 + sum_p exp(-alpha (s_p - base)))/alpha + log(1 + sum_n exp(beta (s_n - base)))/beta
p: columns where same is 1;  n: columns where same is 0""",
    inputs=INPUTS,
    programs={"multi_similarity": (multi_similarity("plain"), multi_similarity("stable"))},
    constants={
        "alpha": Constant(2.0, ALPHA),
        "beta": Constant(50.0, BETA),
        "base": Constant(1.0, BASE),
    },
    axes={
        "labels": LABELS,
        "alpha": amount(ALPHA, 2.0, "alpha"),
        "beta": amount(BETA, 50.0, "beta"),
        "base": AxisOf(BASE, 1.0, sets="base", least=-1e4, most=1e4),
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "paper": Preset({"base": 1.0}, "arXiv 1904.06627, section 4.1"),
        "pytorch_metric_learning": Preset(
            {"base": 0.5, "empty": "zero"}, "pytorch-metric-learning 2.9 MultiSimilarityLoss"
        ),
        "malong": Preset(
            {"beta": 40.0, "base": 0.5},
            "msight-tech/research-ms-loss, losses/multi_similarity_loss",
        ),
    },
    singular=(Singular("an anchor that lacks a kind", "regular", "its logarithm is 0", "0 by it"),),
    subgradients="none: the loss is smooth.",
    wrt={"multi_similarity": WRT},
)
CIRCLE = Definition(
    name="circle",
    title="Circle loss",
    family="similarities",
    source=(
        "Sun, Cheng, Zhang, Zhang, Zheng, Wang, Wei, Circle Loss: A Unified Perspective of Pair "
        "Similarity Optimization, CVPR 2020, arXiv 2002.10857, equation 6."
    ),
    formula=r"""
loss = softplus(log sum_p exp(u_p) + log sum_n exp(v_n))
u = -gamma max(1 + margin - s, 0) (s - (1 - margin));  v = gamma max(s + margin, 0) (s - margin)
p: columns where same is 1;  n: columns where same is 0;  0 if there are none of either""",
    inputs=INPUTS,
    programs={"circle": (circle("plain"), circle("stable"))},
    constants={
        "gamma": Constant(256.0, GAMMA),
        "margin": Constant(0.25, MARGIN),
        "attached": Constant(0.0, "1: weights are differentiated too"),
    },
    axes={
        "labels": LABELS,
        "gamma": amount(GAMMA, 256.0, "gamma"),
        "margin": amount(MARGIN, 0.25, "margin"),
        "weights": WEIGHTS,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "pytorch_metric_learning": Preset(
            {"gamma": 80.0, "margin": 0.4, "empty": "zero"},
            "pytorch-metric-learning 2.9 CircleLoss",
        ),
        "fast_reid": Preset(
            {"gamma": 128.0, "margin": 0.25}, "JDAI-CV/fast-reid pairwise_circleloss"
        ),
        "keras": Preset(
            {"gamma": 80.0, "margin": 0.4, "weights": "attached"}, "keras 3 losses.Circle"
        ),
    },
    singular=(
        Singular("an anchor without positives, or without negatives", "regular", "0", "0"),
        Singular(
            "s = -margin of a negative, 1 + margin of a positive, weights='attached'",
            "tie",
            "that of both sides",
            "that of an exponent of 0",
        ),
    ),
    subgradients="0 by a similarity whose weight just ends, where that is differentiated.",
    wrt={"circle": WRT},
)

DEFINITIONS = (MULTI_SIMILARITY, CIRCLE)

# %% [markdown]
# ## What the weights do
#
# One positive at $s$ and one negative at 0: the pull on the positive, by $s$.


# %%
def pull(s: np.ndarray, definition: Definition, **constants: float) -> np.ndarray:
    """Return minus the slope by a positive at `s`, beside a negative at 0."""
    program = definition.programs[definition.name][1]
    known = {n: c.default for n, c in emit.constants_of(definition, program).items()} | constants
    derived = emit.derive(program, "loss", WRT).grad
    rows = np.stack([s, np.zeros_like(s)], axis=1)
    same = np.broadcast_to([1.0, 0.0], rows.shape)
    given = (rows, same, np.ones(len(s)), *(known[str(c)] for c in program.consts))
    return -compiled(derived, "grad")(*given)[1][:, 0]


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    s = np.linspace(-1, 1, 200)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    axes.plot(s, pull(s, MULTI_SIMILARITY), label="multi-similarity")
    for attached, name in ((0.0, "detached"), (1.0, "attached")):
        slope = pull(s, CIRCLE, gamma=4.0, attached=attached)
        axes.plot(s, slope / 4, label=f"circle/4, gamma 4, {name}")
    axes.set(xlabel="similarity of the positive", ylabel="pull")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in weighted.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
