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
# # Multi-class margins
#
# Support-vector machines of many classes ask that the target's score $z_y$ stand a margin $m$ above
# the others. Four losses are called so:
#
# | form | loss of a row | published as |
# |---|---|---|
# | Crammer–Singer | $\max(0,\; m + \max_{j \ne y} z_j - z_y)^p$ | Crammer, Singer, JMLR 2, 2001 |
# | Weston–Watkins | $\sum_{j \ne y} \max(0,\; m + z_j - z_y)^p$ | Weston, Watkins, ESANN 1999 |
# | one against all | $\sum_j \max(0,\; m - t_j z_j)^p,\; t_j = \pm 1$ | Rifkin, Klautau, JMLR 5, 2004 |
# | categorical hinge | $\max(0,\; m + \max_j (1 - [j = y]) z_j - z_y)^p$ | keras |
#
# The last is the first with a 0 in the target's place of the maximum: it differs where all other
# scores are negative.

# %%
"""Multi-class margin losses of rows of scores: definition and conventions."""

from dataclasses import replace

import numpy as np
import sympy as sp

from derivations import classification
from derivations.classification import EMPTY, compiled
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import margin_rows as margins
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, ZERO, Rows, at_class

# %% [markdown]
# ## The programs
#
# Where the margin is just reached, $m + z_j - z_y$ cancels, and the sign of what is left decides the
# gradient: rounded term by term it may be 0, or on the wrong side of it, for a sum that is neither.
# The stable form adds the rounding errors of the difference and of the sum, which are floating-point
# numbers themselves (Knuth's TwoSum); their sum is 0 exactly where the true one is.


# %%
def rows_of_scores(name: str, form: Form, doc: str) -> tuple[Rows, sp.Expr, sp.Expr]:
    """Return the rows of a program, its margin, and whether what is missed is squared."""
    P = Build(name, form, doc)
    a = Rows(P)
    a.real("logits", ITEM, CLASS)
    a.label("target", ITEM)
    a.real("class_weight", CLASS)
    margin, squared = P.const("margin", nonnegative=True), P.const("squared")
    margins.shared(a, P.const("divided"), P.const("over_others"))
    return a, margin, squared


def finished(a: Rows) -> Program:
    """Return the program whose rows have named ``fault``."""
    margins.charged(a)
    return a.P.finish("loss")


def by_the_largest(name: str, form: Form, doc: str, own: sp.Expr) -> Program:
    """Return the hinge of the largest score, `own` standing in the place of the target's."""
    a, margin, squared = rows_of_scores(name, form, doc)
    a.let("score", [ITEM, CLASS], at_class(a.target, own, a.logits), "what the maximum is of")
    margins.largest_alone(a, margin, squared)
    return finished(a)


def crammer_singer(form: Form) -> Program:
    """Return the hinge of the largest other score."""
    doc = "hinge of the largest other score"
    return by_the_largest("crammer_singer", form, doc, -sp.oo)


def categorical_hinge(form: Form) -> Program:
    """Return the hinge of the largest other score or 0."""
    doc = "hinge of the largest other score, or of 0"
    return by_the_largest("categorical_hinge", form, doc, ZERO)


def weston_watkins(form: Form) -> Program:
    """Return the sum of the hinges of all other scores."""
    doc = "hinges of all other scores"
    a, margin, squared = rows_of_scores("weston_watkins", form, doc)
    margins.pairwise(a, margin, squared)
    return finished(a)


def one_vs_all(form: Form) -> Program:
    """Return the sum of the hinges of every score by itself."""
    doc = "hinge of every score by itself"
    a, margin, squared = rows_of_scores("one_vs_all", form, doc)
    margins.against_all(a, margin, squared)
    return finished(a)


# %%
PROGRAMS = {
    build.__name__: (build("plain"), build("stable"))
    for build in (crammer_singer, weston_watkins, one_vs_all, categorical_hinge)
}

if __name__ == "__main__":
    from IPython.display import Math, display

    for plain, _ in PROGRAMS.values():
        display(Math(latex_text.aligned(plain)))

# %% [markdown]
# The gradient of the first, as the calculus composes it from the derivative of a maximum, which its
# largest scores share evenly:

# %%
if __name__ == "__main__":
    crammer = calculus.grad(PROGRAMS["crammer_singer"][1], "loss", ["logits"])
    display(Math(latex_text.aligned(crammer)))

# %% [markdown]
# ## Conventions

# %%
CONSTANTS = {
    "margin": Constant(1.0, "by how much the target's score is to lead"),
    "squared": Constant(0.0, "1: what is missed is squared"),
    "divided": Constant(0.0, "1: the loss of a row is divided by the number of classes"),
    "over_others": Constant(0.0, "1: it is divided by that number less 1"),
}

FORM = AxisOf(
    "what the target's score has to lead",
    "crammer_singer",
    {
        "crammer_singer": Value(
            "the largest other score",
            program="crammer_singer",
            source="Crammer and Singer 2001; optax multiclass_hinge_loss",
        ),
        "weston_watkins": Value(
            "every other score, added up",
            program="weston_watkins",
            source="Weston and Watkins 1999; torch multi_margin_loss",
        ),
        "one_vs_all": Value(
            "0, and every other score has to be as far below it, added up",
            program="one_vs_all",
            source="Rifkin and Klautau 2004; Caffe HingeLossLayer",
        ),
        "categorical_hinge": Value(
            "the largest other score, and 0",
            program="categorical_hinge",
            source="keras categorical_hinge",
        ),
    },
)
POWER = AxisOf(
    "the power p of what is missed",
    "linear",
    {
        "linear": Value("1", {"squared": 0.0}, "torch with p=1, optax, keras, Caffe with L1"),
        "squared": Value("2", {"squared": 1.0}, "torch with p=2, Caffe with L2"),
    },
)
DIVISION = AxisOf(
    "what the loss of a row is divided by",
    "none",
    {
        "none": Value("nothing", {"divided": 0.0, "over_others": 0.0}, "optax, keras, Caffe"),
        "classes": Value("K", {"divided": 1.0, "over_others": 0.0}, "torch, Paddle"),
        "others": Value(
            "K - 1, the number of terms",
            {"divided": 1.0, "over_others": 1.0},
            "the mean over the terms",
        ),
    },
)
DENOMINATOR = replace(
    classification.DENOMINATOR,
    default="items",
    values={
        "items": Value("the number of rows", source="torch, optax, keras, Caffe"),
        "weights": Value("the sum of w_y over rows that are not ignored", source="scikit-learn"),
        "kept": Value("the number of rows that are not ignored", source="as of cross-entropy"),
    },
)
TARGETS = AxisOf(
    "what a target is", "index", {"index": Value("one class a row, an integer", source="torch")}
)

# %% [markdown]
# ## The definition

# %%
MULTI_MARGIN = Definition(
    name="multi_margin",
    title="Multi-class margin (support-vector) loss",
    family="rows",
    source=(
        "Crammer, Singer: On the algorithmic implementation of multiclass kernel-based vector "
        "machines, JMLR 2 (2001); Weston, Watkins: Support vector machines for multi-class pattern "
        "recognition, ESANN 1999; Rifkin, Klautau: In defense of one-vs-all classification, "
        "JMLR 5 (2004)."
    ),
    formula=r"""
crammer_singer: loss = w_y max(0, margin + max_{j != y} z_j - z_y)^p / parts
weston_watkins: loss = w_y sum_{j != y} max(0, margin + z_j - z_y)^p / parts
one_vs_all: loss = w_y sum_j max(0, margin - t_j z_j)^p / parts,  t_j = 1 if j = y else -1
categorical_hinge: as crammer_singer, with 0 among the z_j;  parts: 1, K or K - 1""",
    inputs={
        "logits": ("logits",),
        "target": ("target",),
        "class_weight": ("class_weight",),
    },
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "targets": TARGETS,
        "form": FORM,
        "power": POWER,
        "margin": AxisOf("by how much the target's score is to lead", 1.0, sets="margin"),
        "division": DIVISION,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "torch": Preset(
            {"form": "weston_watkins", "division": "classes"},
            "torch.nn.functional.multi_margin_loss",
        ),
        "torch_squared": Preset(
            {"form": "weston_watkins", "division": "classes", "power": "squared"},
            "torch.nn.functional.multi_margin_loss with p=2",
        ),
        "optax": Preset({"form": "crammer_singer"}, "optax.multiclass_hinge_loss, averaged"),
        "keras": Preset({"form": "categorical_hinge"}, "keras.losses.CategoricalHinge"),
        "caffe": Preset({"form": "one_vs_all"}, "HingeLossLayer, norm: L1"),
        "caffe_l2": Preset({"form": "one_vs_all", "power": "squared"}, "HingeLossLayer, norm: L2"),
        "paddle": Preset(
            {"form": "weston_watkins", "division": "classes"},
            "paddle.nn.functional.multi_margin_loss without weights, which it raises to p too",
        ),
    },
    singular=(
        Singular("the margin just reached, linear", "tie", "0", "0, of the slopes from 0 to 1"),
        Singular(
            "the margin missed, and several largest scores",
            "tie",
            "the hinge of any of them",
            "shared evenly by them; in categorical_hinge the target's 0 is one of them",
        ),
        Singular("a score -inf of another class", "regular", "it lacks nothing", "0"),
        Singular("the target's score -inf", "undefined", "+inf", "that of a margin missed"),
        Singular("a score +inf of another class", "undefined", "+inf", "that of a margin missed"),
        Singular("a score NaN", "undefined", "NaN", "NaN"),
    ),
    subgradients=(
        "0 where the margin is just reached, the least of the slopes there; where several scores "
        "are the largest, an even split."
    ),
    program_axis="form",
    wrt=dict.fromkeys(PROGRAMS, ("logits",)),
    exact=True,
)

DEFINITIONS = (MULTI_MARGIN,)

# %% [markdown]
# ## Side by side
#
# Three classes, the others at 0 and at −1; the target's score moves.


# %%
def moved(score: np.ndarray, form: str) -> np.ndarray:
    """Return the loss of three classes, the target's score given."""
    program = PROGRAMS[form][1]
    logits = np.stack([score, np.zeros_like(score), np.full_like(score, -1.0)], axis=1)
    constants = (CONSTANTS[str(c)].default for c in program.consts)
    return compiled(program)(logits, np.zeros(len(score), int), np.ones(3), *constants)


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    score = np.linspace(-2, 2, 200)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for form in PROGRAMS:
        axes.plot(score, moved(score, form), label=form)
    axes.set(xlabel="score of the target", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in margins.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
