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
# # Contrast over similarities: supervised contrastive loss and NT-Xent
#
# An anchor has a row of similarities $s_j$, each to a positive, to a negative, or to something that
# is left out, such as the anchor itself. With the softmax over positives $P$ and negatives $N$,
#
# $$L_{\text{out}} = -\frac{1}{|P|} \sum_{p \in P} \log \frac{e^{s_p/T}}{\sum_{P \cup N} e^{s_a/T}},
#   \qquad
#   L_{\text{in}} = -\log \frac{1}{|P|} \sum_{p \in P} \frac{e^{s_p/T}}{\sum_{P \cup N} e^{s_a/T}},$$
#
# $$L_{\text{NT-Xent}} = -\sum_{p \in P} \log \frac{e^{s_p/T}}{e^{s_p/T} + \sum_N e^{s_n/T}} .$$
#
# Of one positive an anchor, all three are the same. What is published under these names differs in
# where the other positives are, in what is divided by, and in a factor of the temperature.
#
# | loss | published as |
# |---|---|
# | InfoNCE | van den Oord, Li, Vinyals: *Representation Learning with Contrastive Predictive Coding*, arXiv 1807.03748 |
# | NT-Xent | Chen, Kornblith, Norouzi, Hinton: *A Simple Framework for Contrastive Learning*, ICML 2020, arXiv 2002.05709 |
# | supervised | Khosla et al.: *Supervised Contrastive Learning*, NeurIPS 2020, arXiv 2004.11362, equations 2 and 3 |

# %%
"""Supervised contrastive loss and NT-Xent over given similarities: definitions and conventions."""

import numpy as np
import sympy as sp

from derivations.classification import EMPTY, compiled
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Quotient, Weighted
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import rows as row
from refloss.symbolic.vocabulary import similarity_rows as similar
from refloss.symbolic.vocabulary.rows import CLASS, ITEM

# %% [markdown]
# ## The logarithm outside of the mean
#
# What an anchor's positives cost together is $\sum_p (\mathrm{lse} - s_p/T)$. By a positive's logit
# its slope is $n\,p_c - 1$ for $n$ positives, and loses every digit where the only one of them has
# all the mass. It is written as what the others ask, less what the column itself lacks:
#
# $$\frac{\partial}{\partial z_c} = (n - 1)\,p_c - (1 - p_c) .$$
#
# An anchor without a positive costs nothing; published code has divided by their number, 0.


# %%
def supcon(form: Form) -> Program:
    """Return the supervised contrastive loss, the mean of logarithms."""
    P = Build("supcon", form, "supervised contrastive loss, logarithm outside of the mean")
    a = similar.anchors(P)
    factor = _factor(P, a)
    similar.pull(P, a)
    none = sp.Eq(a.count, 0)
    divisor = sp.Piecewise((1 - P.const("undefined"), none), (a.count, True))
    a.let("loss", [ITEM], factor * Quotient(a.charge, divisor))
    return P.finish("loss")


def _factor(P: Build, a: row.Rows) -> sp.Expr:
    """Declare the temperatures and return what the loss is multiplied by."""
    temperature = P.wide("temperature")
    row.scale(a, temperature)
    base = P.const("base_temperature")
    over = a.let("base", [], sp.Piecewise((temperature, sp.Eq(base, 0)), (base, True)))
    return a.let("factor", [], Quotient(temperature, over))


# %% [markdown]
# ## The logarithm of the mean
#
# Here the positives' exponentials are added up first. With a log-sum-exp for each of the two kinds,
#
# $$L_{\text{in}} = \operatorname{softplus}(\mathrm{lse}_N - \mathrm{lse}_P) + \log |P|,$$
#
# and every slope is a product of positive numbers: $\sigma(x)$ times a softmax of one kind.


# %%
def supcon_inside(form: Form) -> Program:
    """Return the supervised contrastive loss, the logarithm of a mean."""
    P = Build("supcon_inside", form, "supervised contrastive loss, logarithm of the mean")
    a = similar.anchors(P)
    factor = _factor(P, a)
    similar.ratio_of_sums(P, a)
    none = sp.Eq(a.count, 0)
    several = sp.log(sp.Piecewise((1, none), (a.count, True)))
    a.let("loss", [ITEM], sp.Piecewise((0, none), (factor * (a.cost + several), True)))
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    for program in (supcon, supcon_inside):
        display(Math(latex_text.aligned(program("plain"))))

# %% [markdown]
# ## NT-Xent
#
# A positive meets the negatives alone: $-\log p = \operatorname{softplus}(\mathrm{lse}_N - s_p/T)$. The
# other positives do not push it, as they do in the sum of the above, which is the other convention.
# A floor that libraries add to $p$ is where a bad pair stops counting.


# %%
def ntxent(form: Form) -> Program:
    """Return NT-Xent whose denominators hold one positive and the negatives."""
    P = Build("ntxent", form, "NT-Xent, other positives not in the denominator")
    a = similar.anchors(P)
    row.scale(a, P.wide("temperature"))
    similar.pushes(P, a)
    similar.floored(P, a, P.const("least"))
    a.let("charge", [ITEM], sp.Sum(Weighted(a.positive, a.paid), CLASS), "of all positives")
    return _averaged(P, a)


def ntxent_all(form: Form) -> Program:
    """Return NT-Xent whose denominators hold all positives and negatives."""
    P = Build("ntxent_all", form, "NT-Xent, other positives in the denominator")
    a = similar.anchors(P)
    row.scale(a, P.wide("temperature"))
    similar.pull(P, a)
    return _averaged(P, a)


def _averaged(P: Build, a: row.Rows) -> Program:
    some = sp.Piecewise((1, sp.Eq(a.count, 0)), (a.count, True))
    mean = Quotient(a.charge, some)
    a.let("loss", [ITEM], sp.Piecewise((a.charge, sp.Eq(P.const("averaged"), 0)), (mean, True)))
    return P.finish("loss")


# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(ntxent("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(ntxent("stable"), "loss", ["similarities"]))))

# %% [markdown]
# ## Conventions

# %%
CONSTANTS = {
    "temperature": Constant(0.07, "what similarities are divided by"),
    "base_temperature": Constant(0.0, "what the temperature is divided by for a factor; 0: none"),
    "undefined": Constant(0.0, "1: an anchor without positives divides by 0"),
    "least": Constant(0.0, "added to p before its logarithm is taken"),
    "averaged": Constant(0.0, "1: an anchor's pairs are averaged, not added up"),
}
TEMPERATURE = AxisOf(
    "what similarities are divided by", 0.07, sets="temperature", least=1e-4, most=1e4
)


LABELS = AxisOf(
    "what a column of a row may be to the anchor",
    "relations",
    {
        "relations": Value(
            "1: a positive, 0: a negative, -1: left out, such as the anchor itself",
            source="masks of pairs, as those of pytorch-metric-learning",
            allows={"same": (-1.0, 0.0, 1.0)},
        )
    },
)
LOGARITHM = AxisOf(
    "whether the logarithm is taken of each positive's softmax or of their mean",
    "outside",
    {
        "outside": Value(
            "the mean of logarithms", program="supcon", source="arXiv 2004.11362, equation 2"
        ),
        "inside": Value(
            "the logarithm of the mean",
            program="supcon_inside",
            source="arXiv 2004.11362, equation 3",
        ),
    },
)
OTHERS = AxisOf(
    "where an anchor's other positives are",
    "out",
    {
        "out": Value(
            "in no denominator but their own",
            program="ntxent",
            source="pytorch-metric-learning NTXentLoss, optax ntxent",
        ),
        "in": Value(
            "in every denominator", program="ntxent_all", source="SupCon's sum; lightly, one pair"
        ),
    },
)
PAIRS = AxisOf(
    "what an anchor's pairs make",
    "added",
    {
        "added": Value("their sum", {"averaged": 0.0}, "pytorch-metric-learning, optax"),
        "averaged": Value("their mean", {"averaged": 1.0}, "arXiv 2004.11362"),
    },
)
WITHOUT = AxisOf(
    "what an anchor without positives costs",
    "zero",
    {
        "zero": Value("0", {"undefined": 0.0}, "SupContrast since its issue 50"),
        "nan": Value("0/0", {"undefined": 1.0}, "SupContrast before"),
    },
)
ITEMS = Value("the number of anchors", source="SupContrast, lightly")
ANCHORS = Value("the number of anchors that have a positive", source="pytorch-metric-learning")
COUNTED = "what `reduction='mean'` divides the sum by; a number divides by itself"

# %% [markdown]
# ## The definitions

# %%
INPUTS = {"similarities": ("similarities",), "same": ("same",)}
WRT = ("similarities",)
SMOOTH = (
    "none: the losses are smooth. The largest similarity, and the first among equals, is a "
    "reference point that cancels from value and derivatives."
)
NOTHING = Singular("an anchor without positives", "regular", "0", "0")
AMONG = ("what the positives ask of each other, of one 0", "likewise")
ALIKE = Singular("an anchor without negatives", "regular", *AMONG)

SUPCON = Definition(
    name="supcon",
    title="Supervised contrastive loss",
    family="similarities",
    source="Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, arXiv 2004.11362.",
    formula=r"""
outside: loss = -factor mean_p log(exp(s_p/T) / sum_a exp(s_a/T))
inside:  loss = -factor log mean_p (exp(s_p/T) / sum_a exp(s_a/T))
p: columns where same is 1;  a: columns where same is 1 or 0;  factor: 1, or T / base_temperature""",
    inputs=INPUTS,
    programs={
        "supcon": (supcon("plain"), supcon("stable")),
        "supcon_inside": (supcon_inside("plain"), supcon_inside("stable")),
    },
    constants=CONSTANTS,
    axes={
        "labels": LABELS,
        "temperature": TEMPERATURE,
        "base_temperature": AxisOf(
            "what the temperature is divided by for a factor of the loss; 0: there is none",
            0.0,
            sets="base_temperature",
        ),
        "logarithm": LOGARITHM,
        "without_positives": WITHOUT,
        "denominator": AxisOf(COUNTED, "items", {"items": ITEMS, "anchors": ANCHORS}, number=True),
        "empty": EMPTY,
    },
    presets={
        "supcontrast": Preset(
            {"base_temperature": 0.07}, "HobbitLong/SupContrast losses.py SupConLoss"
        ),
        "supcontrast_2020": Preset(
            {"base_temperature": 0.07, "without_positives": "nan"},
            "HobbitLong/SupContrast before its issue 50",
        ),
        "pytorch_metric_learning": Preset(
            {"temperature": 0.1, "denominator": "anchors", "empty": "zero"},
            "pytorch-metric-learning 2.9 SupConLoss",
        ),
        "inside": Preset({"logarithm": "inside"}, "arXiv 2004.11362, equation 3"),
    },
    singular=(
        NOTHING,
        Singular("an anchor without positives, without_positives='nan'", "undefined", "NaN", "NaN"),
        ALIKE,
    ),
    subgradients=SMOOTH,
    program_axis="logarithm",
    wrt={"supcon": WRT, "supcon_inside": WRT},
)
NTXENT = Definition(
    name="ntxent",
    title="Normalised temperature-scaled cross-entropy",
    family="similarities",
    source=(
        "Chen, Kornblith, Norouzi, Hinton, A Simple Framework for Contrastive Learning of Visual "
        "Representations, ICML 2020, arXiv 2002.05709; van den Oord, Li, Vinyals, arXiv 1807.03748."
    ),
    formula=r"""
loss = -sum_p log(p_p + least) or their mean;  p_p = exp(s_p/T) / sum_a exp(s_a/T)
p: columns where same is 1;  a: p and columns where same is 0, or all columns where same is 1 or 0""",
    inputs=INPUTS,
    programs={
        "ntxent": (ntxent("plain"), ntxent("stable")),
        "ntxent_all": (ntxent_all("plain"), ntxent_all("stable")),
    },
    constants=CONSTANTS,
    axes={
        "labels": LABELS,
        "temperature": TEMPERATURE,
        "others": OTHERS,
        "pairs": PAIRS,
        "least": AxisOf("added to p before its logarithm is taken", 0.0, sets="least"),
        "denominator": AxisOf(
            COUNTED,
            "pairs",
            {
                "pairs": Value(
                    "the number of positive pairs", source="pytorch-metric-learning, optax"
                ),
                "items": ITEMS,
                "anchors": ANCHORS,
            },
            number=True,
        ),
        "empty": EMPTY,
    },
    presets={
        "pytorch_metric_learning": Preset(
            {"least": 2.0**-126, "empty": "zero"},
            "pytorch-metric-learning 2.9 NTXentLoss, of float32",
        ),
        "optax": Preset({"denominator": "pairs"}, "optax 0.2.8 ntxent"),
        "simclr": Preset(
            {"temperature": 0.5, "others": "in", "denominator": "items"},
            "arXiv 2002.05709, table 8; lightly NTXentLoss",
        ),
    },
    singular=(
        NOTHING,
        Singular("an anchor without negatives, others='out'", "regular", "0", "0"),
        Singular("an anchor without negatives, others='in'", "regular", *AMONG),
    ),
    subgradients=SMOOTH,
    program_axis="others",
    wrt={"ntxent": WRT, "ntxent_all": WRT},
)

DEFINITIONS = (SUPCON, NTXENT)

# %% [markdown]
# ## Side by side
#
# Two positives and a negative at 0; the first positive moves. Where the other positives are in the
# denominator, a positive that is ahead of them is pushed back.


# %%
def moved(s: np.ndarray, definition: Definition, name: str) -> np.ndarray:
    """Return the loss of two positives, one at `s` and one at 1/4, and a negative at 0."""
    program = definition.programs[name][1]
    known = emit.constants_of(definition, program)
    constants = {n: c.default for n, c in known.items()} | {"temperature": 0.25}
    rows = np.stack([s, np.full_like(s, 0.25), np.zeros_like(s)], axis=1)
    same = np.broadcast_to([1.0, 1.0, 0.0], rows.shape)
    return compiled(program)(rows, same, *(constants[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    s = np.linspace(-1, 1, 200)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for definition in DEFINITIONS:
        for name in definition.programs:
            axes.plot(s, moved(s, definition, name), label=name)
    axes.set(xlabel="similarity of a positive", ylabel="loss, T = 1/4")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in similar.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
