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
# # Hinge and squared hinge of a score
#
# $$L = \max(0,\; m - y\,s)^p, \qquad y \in \{-1, 1\}, \quad p \in \{1, 2\}$$
#
# Some libraries write the two classes as $-1$ and $1$, some as $0$ and $1$, and keras takes either:
# where all of its labels are 0 or 1 it converts them. A 0 among sides would be a constant loss, and
# a $-1$ among 0 and 1 a side of $-3$: each way to write the classes takes its own two numbers.
#
# | loss | published as |
# |---|---|
# | hinge | Cortes and Vapnik: *Support-vector networks*, Machine Learning 20, 1995 |
# | squared hinge | Tang: *Deep learning using linear support vector machines*, arXiv 1306.0239 |

# %%
"""Binary hinge and squared hinge: definitions and conventions."""

import math
from collections.abc import Callable

import numpy as np
import sympy as sp

from refloss.symbolic import emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Relu
from refloss.symbolic.printers import numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

# %% [markdown]
# ## By how much a score falls short
#
# A product with $-1$ or $1$ is exact, and so the difference to the margin is rounded once: its
# relative error is half an ulp however little is missing.


# %%
def short_of_margin(name: str, form: Form, doc: str) -> Elements:
    """Return quantities of a program that has named ``lacked``."""
    P = Build(name, form, doc)
    a = Elements(P)
    a.real("scores", "target", "weight")
    doubled, margin = P.const("doubled"), P.const("margin")
    a.let("side", sp.Piecewise((a.target, sp.Eq(doubled, 0)), (2 * a.target - 1, True)), "-1 or 1")
    a.let("lacked", Relu(margin - a.side * a.scores), "0 where the margin is reached")
    return a


def hinge(form: Form) -> Program:
    """Return the hinge loss."""
    a = short_of_margin("hinge", form, "hinge")
    weighted_loss(a, a.lacked)
    return a.P.finish("loss")


def squared_hinge(form: Form) -> Program:
    """Return the square of the hinge loss."""
    a = short_of_margin("squared_hinge", form, "squared hinge")
    weighted_loss(a, a.lacked * a.lacked)
    return a.P.finish("loss")


# %% [markdown]
# ## Conventions

# %%
AXES = {
    "labels": AxisOf(
        "how the two classes are written",
        "signed",
        {
            "signed": Value(
                "-1 and 1",
                {"doubled": 0.0},
                "optax, scikit-learn",
                allows={"target": (-1.0, 1.0)},
            ),
            "binary": Value(
                "0 and 1, which become -1 and 1",
                {"doubled": 1.0},
                "keras, which converts them",
                allows={"target": (0.0, 1.0)},
            ),
        },
    ),
    "margin": AxisOf("what the score on its side must reach", 1.0, sets="margin"),
    "denominator": AxisOf(
        "what `reduction='mean'` divides the sum by; a number divides by itself",
        "items",
        {
            "items": Value("the number of elements", source="keras, optax"),
            "rows": Value(
                "the length of the first axis: classes are summed", source="Caffe HingeLossLayer"
            ),
            "weights": Value("the sum of the weights", source="scikit-learn hinge_loss"),
        },
        number=True,
    ),
    "empty": AxisOf(
        "the mean over nothing: of no element, or of weights that add up to 0",
        "nan",
        {
            "nan": Value("0/0", source="torch, keras"),
            "zero": Value("0, with gradient 0", source="libraries that multiply the sum by 0"),
        },
    ),
}
DOMAINS = {"weight": (0.0, math.inf)}
CONSTANTS = {
    "doubled": Constant(0.0, "1: targets are 0 or 1"),
    "margin": Constant(1.0, "what the score on its side must reach"),
}
INPUTS = {"scores": ("scores",), "target": ("target",), "weight": ("weight",)}


def presets(name: str) -> dict[str, Preset]:
    """Return who computes a loss, by preset."""
    return {
        "keras": Preset({"labels": "binary"}, f"keras.losses.{name}, averaged, labels 0 and 1"),
        "optax": Preset({"labels": "signed"}, "optax.hinge_loss"),
        "caffe": Preset({"denominator": "rows"}, "HingeLossLayer, one against all"),
    }


HINGE = Definition(
    name="hinge",
    title="Hinge",
    family="scores",
    source="Cortes and Vapnik, Support-vector networks, Machine Learning 20 (1995).",
    formula="loss = weight max(0, margin - side scores);  side = target, or 2 target - 1",
    inputs=INPUTS,
    programs={"hinge": (hinge("plain"), hinge("stable"))},
    constants=CONSTANTS,
    axes=AXES,
    presets=presets("hinge"),
    singular=(Singular("side scores = margin", "tie", "0", "0, of the slopes from -side to 0"),),
    subgradients="0 where the margin is just reached, the least of the slopes from -side to 0.",
    wrt={"hinge": ("scores", "target")},
    domains=DOMAINS,
    weights=("weight",),
)
SQUARED_HINGE = Definition(
    name="squared_hinge",
    title="Squared hinge",
    family="scores",
    source="Tang, Deep learning using linear support vector machines, arXiv 1306.0239.",
    formula="loss = weight max(0, margin - side scores)^2;  side = target, or 2 target - 1",
    inputs=INPUTS,
    programs={"squared_hinge": (squared_hinge("plain"), squared_hinge("stable"))},
    constants=CONSTANTS,
    axes=AXES,
    presets={n: p for n, p in presets("squared_hinge").items() if n != "optax"},
    singular=(),
    subgradients="none: the slope is 0 on both sides where the margin is just reached.",
    wrt={"squared_hinge": ("scores", "target")},
    domains=DOMAINS,
    weights=("weight",),
)

DEFINITIONS = (HINGE, SQUARED_HINGE)

# %% [markdown]
# ## Side by side


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    s = np.linspace(-2, 2, 401)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for definition in DEFINITIONS:
        (plain, _), *_ = definition.programs.values()
        axes.plot(s, compiled(plain)(s, 0 * s + 1, 0 * s + 1, 0.0, 1.0), label=definition.name)
    axes.set(xlabel="score", ylabel="loss for side 1")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved
#
# With labels 0 and 1 each class has its own hinge, and the one that is asked for is that of the side:

# %%
t, s, m = sp.symbols("t s m", real=True)
RULES = (
    Rule(
        "hinge of labels 0 and 1",
        t * sp.Max(0, m - s) + (1 - t) * sp.Max(0, m + s),
        sp.Max(0, m - (2 * t - 1) * s),
        "one product, with -1 or 1, which is exact",
        ({t: 0}, {t: 1}),
    ),
)

if __name__ == "__main__":
    for rule in RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
