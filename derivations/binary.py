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
# # Two classes: binary cross-entropy of logits and of probabilities
#
# $$L = (1 - q)\,(-\log(1 - p)) + P\,q\,(-\log p), \qquad p = \sigma(x)$$
#
# with $q$ the target, smoothed, and $P$ the weight of the positive class. Libraries disagree on how
# a target is smoothed, on what a mean divides by, and, where $p$ is given instead of $x$, on what
# keeps its logarithm finite. All of it is data below.
#
# | loss | published as |
# |---|---|
# | binary cross-entropy | Cox: *The regression analysis of binary sequences*, J. R. Stat. Soc. B 20, 1958 |
# | smoothing | Szegedy et al.: *Rethinking the Inception Architecture*, arXiv 1512.00567; one-sided: Salimans et al., arXiv 1606.03498 |

# %%
"""Binary cross-entropy of logits and of probabilities: definitions and conventions."""

import math
from collections.abc import Callable

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import binary
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

# %% [markdown]
# ## The target
#
# Smoothing replaces a target of 1 by $1 - \varepsilon l$ and one of 0 by $\varepsilon g$:
#
# $$q = t\,(1 - \varepsilon l) + (1 - t)\,\varepsilon g, \qquad
#   1 - q = t\,\varepsilon l + (1 - t)\,(1 - \varepsilon g).$$
#
# Toward one half $l = g = \tfrac12$. Where a class is flipped with probability $\varepsilon$, or where
# many labels are smoothed one by one, $l = g = 1$. One-sided smoothing leaves 0 alone.


# %%
def two_classes(name: str, form: Form, doc: str, first: str) -> tuple[Build, Elements, sp.Expr]:
    """Return a program that has named both shares of the target, and how much they move in all."""
    P = Build(name, form, doc)
    a = Elements(P)
    a.real(first, "target", "pos_weight", "weight")
    eps, lost, raised = P.const("label_smoothing"), P.const("lost"), P.const("raised")
    binary.shares(a, eps * lost, eps * raised)
    return P, a, eps * lost + eps * raised


# %% [markdown]
# ## Of logits
#
# $-\log(1 - p) = \operatorname{softplus}(x)$ and $-\log p = \operatorname{softplus}(-x)$, and with
# $e = \exp(-|x|)$
#
# $$\operatorname{softplus}(x) = \max(x, 0) + \operatorname{log1p} e, \qquad
#   \frac{\partial L}{\partial x} = (1 - q)\,\sigma(x) - P\,q\,\sigma(-x),$$
#
# where $\sigma(\pm x)$ is $1/(1 + e)$ or $e/(1 + e)$. The difference $p - t$ never appears: for a target
# of 0 or 1 one of the two terms is left. By the target, with $P = 1$, the slope is $-x$ itself.


# %%
def bce(form: Form) -> Program:
    """Return binary cross-entropy of logits."""
    P, a, moved = two_classes("bce", form, "binary cross-entropy of logits", "logits")
    binary.logarithms(P, a)
    binary.two_sided(P, a, moved)
    weighted_loss(a, a.bce)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(calculus.grad(bce("plain"), "loss", ["logits"]))))

# %% [markdown]
# ## Of probabilities
#
# $p$ is given, and a logarithm of 0 is infinite. Libraries keep $p$ from $\epsilon$ to $1 - \epsilon$,
# add $\epsilon$ to both probabilities, or bound the logarithms themselves. What is clipped has the
# derivative 0. $1 - p$ is exact for $p \ge \tfrac12$, and $\operatorname{log1p}(-p)$ has its digits
# below.


# %%
def bce_probs(form: Form) -> Program:
    """Return binary cross-entropy of probabilities."""
    P, a, moved = two_classes("bce_probs", form, "binary cross-entropy of probabilities", "probs")
    clip, added, most = P.const("clip"), P.const("added"), P.const("most")
    binary.of_probabilities(P, a, clip, added, most, moved)
    weighted_loss(a, a.bce)
    return P.finish("loss")


# %% [markdown]
# ## Conventions

# %%
SMOOTHING = {
    "label_smoothing": AxisOf(
        "how much is taken from targets", 0.0, sets="label_smoothing", most=1
    ),
    "smoothing": AxisOf(
        "which targets move, and how far",
        "half",
        {
            "half": Value(
                "toward 1/2: 1 - eps/2 for 1, eps/2 for 0",
                {"lost": 0.5, "raised": 0.5},
                "keras, yolov5 smooth_BCE, effdet",
            ),
            "flip": Value(
                "1 - eps for 1, eps for 0: a class is flipped with probability eps",
                {"lost": 1.0, "raised": 1.0},
                "mmpretrain LabelSmoothLoss, mode multi_label",
            ),
            "one_sided": Value(
                "1 - eps for 1, 0 stays 0",
                {"lost": 1.0, "raised": 0.0},
                "Salimans et al., arXiv 1606.03498",
            ),
        },
    ),
}
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {
        "items": Value("the number of elements", source="torch, keras, optax"),
        "rows": Value(
            "the length of the first axis: classes are summed", source="timm, sum_classes=True"
        ),
        "weights": Value("the sum of the weights", source="weighted means"),
        "positives": Value("the number of targets above 0", source="detectors, avg_factor"),
        "positives_or_one": Value("that number, at least 1", source="RetinaNet heads"),
        "positives_plus_one": Value("that number and 1", source="effdet"),
    },
    number=True,
)
EMPTY = AxisOf(
    "the mean over nothing: of no element, or of weights that add up to 0",
    "nan",
    {
        "nan": Value("0/0", source="torch"),
        "zero": Value("0, with gradient 0", source="libraries that multiply the sum by 0"),
    },
)
MEANS = {"denominator": DENOMINATOR, "empty": EMPTY}
CONSTANTS = {
    "label_smoothing": Constant(0.0, "how much is taken from targets"),
    "lost": Constant(0.5, "share of it that a target of 1 loses"),
    "raised": Constant(0.5, "share of it that a target of 0 gains"),
}
WEIGHTS = {"pos_weight": ("pos_weight",), "weight": ("weight",)}
POSITIVE = (0.0, math.inf)
DOMAINS = {"target": (0.0, 1.0), "pos_weight": POSITIVE, "weight": POSITIVE}

BCE = Definition(
    name="bce",
    title="Binary cross-entropy",
    family="binary",
    source="Cox 1958; torch.nn.functional.binary_cross_entropy_with_logits.",
    formula="""
loss = weight ((1 - q) softplus(x) + pos_weight q softplus(-x)),  x = logits;
q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing""",
    inputs={"logits": ("logits",), "target": ("target",), **WEIGHTS},
    programs={"bce": (bce("plain"), bce("stable"))},
    constants=CONSTANTS,
    axes={**SMOOTHING, **MEANS},
    presets={
        "torch": Preset(
            {"denominator": "items"}, "torch.nn.functional.binary_cross_entropy_with_logits"
        ),
        "keras": Preset(
            {"smoothing": "half"}, "keras.losses.binary_crossentropy(from_logits=True), averaged"
        ),
        "optax": Preset({"denominator": "items"}, "optax.sigmoid_binary_cross_entropy"),
        "yolov5": Preset({"smoothing": "half"}, "yolov5 BCEWithLogitsLoss over smooth_BCE"),
        "mmpretrain": Preset(
            {"smoothing": "flip", "denominator": "rows"},
            "mmpretrain LabelSmoothLoss(mode='multi_label')",
        ),
    },
    singular=(),
    subgradients="none: the loss is smooth.",
    wrt={"bce": ("logits", "target")},
    domains=DOMAINS,
    weights=tuple(WEIGHTS),
)
BCE_PROBS = Definition(
    name="bce_probs",
    title="Binary cross-entropy",
    family="probabilities",
    source="Cox 1958; torch.nn.functional.binary_cross_entropy.",
    formula="""
loss = weight ((1 - q) min(-log(1 - p + added), most) + pos_weight q min(-log(p + added), most));
p = probs, kept from clip to 1 - clip;
q = target (1 - eps lost) + (1 - target) eps raised,  eps = label_smoothing""",
    inputs={"probs": ("probs",), "target": ("target",), **WEIGHTS},
    programs={"bce_probs": (bce_probs("plain"), bce_probs("stable"))},
    constants={
        **CONSTANTS,
        "clip": Constant(0.0, "probabilities are kept from it to 1 less it"),
        "added": Constant(0.0, "added to both probabilities before their logarithms"),
        "most": Constant(math.inf, "bound of minus the logarithms"),
    },
    axes={
        "clip": AxisOf("probabilities are kept from it to 1 less it", 0.0, sets="clip", most=0.5),
        "added": AxisOf("added to both probabilities before their logarithms", 0.0, sets="added"),
        "logarithm": AxisOf(
            "how far logarithms go",
            "unbounded",
            {
                "unbounded": Value("to minus infinity", {"most": math.inf}, "the definition"),
                "at_least_-100": Value(
                    "to -100, with derivative 0 beyond", {"most": 100.0}, "torch"
                ),
            },
        ),
        **SMOOTHING,
        **MEANS,
    },
    presets={
        "torch": Preset({"logarithm": "at_least_-100"}, "torch.nn.functional.binary_cross_entropy"),
        "keras": Preset({"clip": 1e-7}, "keras.losses.binary_crossentropy, averaged"),
        "tensorflow": Preset({"added": 1e-7}, "tf.compat.v1.losses.log_loss"),
    },
    singular=(
        Singular("p = 0 or 1, nothing clipped, added or bounded", "undefined", "+inf", "0"),
        Singular("p = clip or 1 - clip", "tie", "as on both sides", "half of the inner slope"),
    ),
    subgradients="where p is at a clip, half of the slope inside; none elsewhere.",
    wrt={"bce_probs": ("probs", "target")},
    domains={"probs": (0.0, 1.0), **DOMAINS},
    weights=tuple(WEIGHTS),
)

DEFINITIONS = (BCE, BCE_PROBS)

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

    x = np.linspace(-6, 6, 601)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for eps in (0.0, 0.1, 0.5):
        losses = compiled(bce("stable"))(x, 0 * x + 1, 0 * x + 1, 0 * x + 1, eps, 0.5, 0.5)
        axes.plot(x, losses, label=f"label smoothing {eps:g}")
    axes.set(xlabel="logit", ylabel="loss for target 1")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in binary.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
