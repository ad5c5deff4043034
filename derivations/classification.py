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
# # Classification: softmax cross-entropy
#
# A row of $K$ logits $z$ and a target: a class $y$, or probabilities $q$. With class weights $w$,
#
# $$L = -w_y \log p_y, \qquad p = \mathrm{softmax}(z), \qquad
#   L = -\sum_k w_k\, q_k \log p_k .$$
#
# Libraries agree on this line and on little else: whether smoothing spreads over $K$ or $K - 1$
# classes, what a mean divides by, whether the log-sum-exp is penalised. All of it is data below.
#
# | convention | published as |
# |---|---|
# | label smoothing | Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: *Rethinking the Inception Architecture*, CVPR 2016, arXiv 1512.00567 |
# | z-loss | Chowdhery et al.: *PaLM*, arXiv 2204.02311; de Brébisson, Vincent, arXiv 1604.08859 |
# | temperature | Hinton, Vinyals, Dean: *Distilling the Knowledge in a Neural Network*, arXiv 1503.02531 |

# %%
"""Softmax cross-entropy with class and probability targets: definitions and conventions."""

from collections.abc import Callable

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Weighted
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program, size_of
from refloss.symbolic.vocabulary import rows as row

# %% [markdown]
# ## Class targets
#
# The plain form is the textbook's, shifted by the largest logit. Its derivative by the target's
# logit is $p_y - 1$, and that loses every digit where the prediction is confident. The stable form
# keeps the largest logit's own exponential, 1, out of the sum:
#
# $$S = \sum_{j \ne a} e^{z_j - z_a}, \qquad -\log p_y = (z_a - z_y) + \operatorname{log1p} S,
#   \qquad \frac{\partial(-\log p_y)}{\partial z_y} = -\frac{S + (1 - e^{z_y - z_a})}{1 + S} .$$
#
# Nothing in it cancels. Each difference $z_j - z_a$ carries its rounding error $\delta_j$ into
# $e^{z_j - z_a}(1 + \delta_j)$: at a difference of −700 that is 350 ulp. A temperature divides that
# difference, not the logits, and what its quotient leaves is in $\delta_j$ too: logits at a large
# offset lose nothing.


# %%
def cross_entropy(form: Form) -> Program:
    """Return the cross-entropy of a row of logits with a class."""
    P = Build("cross_entropy", form, "softmax cross-entropy with a class")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.label("target", row.ITEM)
    weight = a.real("class_weight", row.CLASS)
    amount, penalty, factor = _options(P, a)
    row.log_sum_exp(P, a)
    row.target_loss(P, a)
    row.spread_loss(P, a, amount)
    row.score_penalty(P, a, penalty)
    total = Weighted(a.hit * weight[a.target], a.nll) + a.spread + a.penalty
    return _finished(P, a, total, factor)


def _options(P: Build, a: row.Rows) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Declare the constants that both programs share, and name what they make of the inputs."""
    amount = P.const("label_smoothing")
    row.smoothing(P, a, amount, P.const("over_others"), P.const("classy"), size_of(row.CLASS))
    penalty = P.const("z_loss")
    row.scale(a, P.wide("temperature"))
    return amount, penalty, P.const("times_square")


def _finished(P: Build, a: row.Rows, total: sp.Expr, squared: sp.Expr) -> Program:
    """Return the program of a total, times the temperature's square if that is chosen."""
    a.let("sum_of_terms", [row.ITEM], total)
    a.let("loss", [row.ITEM], row.softened(a, a.sum_of_terms, squared))
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(cross_entropy("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(cross_entropy("stable"), "loss", ["logits"]))))

# %% [markdown]
# ## Probability targets
#
# With $g_k = w_k q_k$ the loss is $\sum_k g_k\,(\mathrm{lse} - z_k)$. Where $q_k = 0$ the term is 0,
# also at $z_k = -\infty$, where a product would be NaN. The gradient, $(\sum g)\,p_k - g_k$, is
# written as what the other classes ask, less what class $k$ does itself,
#
# $$\frac{\partial L}{\partial z_k} = \Bigl(\sum_{j \ne k} g_j\Bigr) p_k - g_k\,(1 - p_k),$$
#
# which keeps its digits for a confident prediction of a hard target. The probabilities have a
# gradient too: $w_k(\mathrm{lse} - z_k)$. A class of weight 0 is removed from the sum, whatever its
# logit: its term and this derivative are 0 also at $z_k = -\infty$, where a product would be NaN.


# %%
def cross_entropy_soft(form: Form) -> Program:
    """Return the cross-entropy of a row of logits with probabilities."""
    P = Build("cross_entropy_soft", form, "softmax cross-entropy with probabilities")
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.real("target", row.ITEM, row.CLASS)
    a.real("class_weight", row.CLASS)
    _, penalty, factor = _options(P, a)
    row.soft_target(a)
    row.log_sum_exp(P, a)
    row.soft_loss(P, a)
    row.score_penalty(P, a, penalty)
    return _finished(P, a, a.nll + a.penalty, factor)


# %% [markdown]
# ## Conventions
#
# Constants with their defaults; every default is the formula as published, with nothing added.

# %%
CONSTANTS = {
    "label_smoothing": Constant(0.0, "eps of label smoothing"),
    "over_others": Constant(0.0, "1: eps is spread over the K - 1 other classes; 0: over all K"),
    "classy": Constant(0.0, "1: (q + eps/K)/(1 + eps) as ClassyVision; 0: (1 - eps) q + eps/K"),
    "z_loss": Constant(0.0, "factor of the squared log-sum-exp"),
    "temperature": Constant(1.0, "what logits are divided by"),
    "times_square": Constant(0.0, "1: times the temperature's square"),
}

TEMPERATURE = AxisOf("what logits are divided by", 1.0, sets="temperature", least=1e-4, most=1e4)
FACTOR = AxisOf(
    "what the loss is multiplied by",
    "one",
    {
        "one": Value("nothing", {"times_square": 0.0}, "torch, optax, keras"),
        "temperature_squared": Value(
            "the temperature's square, so that slopes do not fade",
            {"times_square": 1.0},
            "Hinton et al., arXiv 1503.02531, section 2; mdistiller KD",
        ),
    },
)

SMOOTHING = AxisOf(
    "over which classes label smoothing spreads eps",
    "uniform",
    {
        "uniform": Value(
            "all K: the target keeps 1 - eps + eps/K",
            {"over_others": 0.0, "classy": 0.0},
            "Szegedy et al. 2016; torch, keras, timm, optax",
        ),
        "others": Value(
            "the K - 1 others: the target keeps 1 - eps",
            {"over_others": 1.0, "classy": 0.0},
            "fairseq label_smoothed_cross_entropy, fast-reid",
        ),
        "classy": Value(
            "(q + eps/K)/(1 + eps)",
            {"over_others": 0.0, "classy": 1.0},
            "ClassyVision; mmpretrain mode='classy_vision'",
        ),
    },
)
TARGETS = AxisOf(
    "what a target is; follows the dtype of `target` unless given",
    "index",
    {
        "index": Value("one class a row, an integer", program="cross_entropy", source="torch"),
        "probabilities": Value(
            "one probability a class", program="cross_entropy_soft", source="torch, optax"
        ),
    },
)
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "weights",
    {
        "weights": Value(
            "the sum of w_y over rows that are not ignored; rows that have probabilities count 1",
            source="torch, Paddle",
        ),
        "kept": Value("the number of rows that are not ignored", source="Caffe VALID, keras"),
        "items": Value(
            "the number of rows", source="optax by mean, mmdetection avg_non_ignore=False"
        ),
    },
    number=True,
)
EMPTY = AxisOf(
    "the mean over nothing: of no row, or of weights that add up to 0",
    "nan",
    {
        "nan": Value("0/0", source="torch since 1.11"),
        "zero": Value("0, with gradient 0", source="Paddle, Caffe, keras"),
    },
)

# %% [markdown]
# ## The definition

# %%
PROGRAMS = {
    "cross_entropy": (cross_entropy("plain"), cross_entropy("stable")),
    "cross_entropy_soft": (cross_entropy_soft("plain"), cross_entropy_soft("stable")),
}

CROSS_ENTROPY = Definition(
    name="cross_entropy",
    title="Softmax cross-entropy",
    family="rows",
    source=(
        "Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990; "
        "label smoothing: Szegedy et al., CVPR 2016, arXiv 1512.00567; z-loss: Chowdhery et al., "
        "arXiv 2204.02311; temperature: Hinton et al., arXiv 1503.02531."
    ),
    formula=r"""
loss = factor (-sum_k w_k q_k log p_k + z_loss lse^2),  p = softmax(z / temperature)
lse = log sum_k exp(z_k / temperature);  factor: 1, or temperature^2
q: the target's class, or the target itself, smoothed to hit q + off""",
    inputs={
        "logits": ("logits",),
        "target": ("target",),
        "class_weight": ("class_weight",),
    },
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={
        "targets": TARGETS,
        "label_smoothing": AxisOf("eps of label smoothing", 0.0, sets="label_smoothing", most=1.0),
        "smoothing": SMOOTHING,
        "z_loss": AxisOf("factor of the squared log-sum-exp", 0.0, sets="z_loss"),
        "temperature": TEMPERATURE,
        "factor": FACTOR,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "torch": Preset({"denominator": "weights"}, "torch.nn.functional.cross_entropy"),
        "keras": Preset(
            {"denominator": "kept", "empty": "zero"},
            "keras 3.15 SparseCategoricalCrossentropy, from_logits, ignore_class",
        ),
        "optax": Preset({"denominator": "items"}, "optax softmax_cross_entropy, averaged"),
        "paddle": Preset(
            {"denominator": "weights", "empty": "zero"}, "paddle.nn.functional.cross_entropy"
        ),
        "caffe": Preset({"denominator": "kept", "empty": "zero"}, "SoftmaxWithLoss, VALID"),
        "fairseq": Preset(
            {"smoothing": "others", "denominator": "kept"}, "label_smoothed_cross_entropy"
        ),
        "classy": Preset(
            {"smoothing": "classy", "denominator": "items"}, "mmpretrain LabelSmoothLoss"
        ),
        "mmdet": Preset(
            {"denominator": "items"}, "mmdetection 3.3 cross_entropy, avg_non_ignore=False"
        ),
        "mmdet_kept": Preset(
            {"denominator": "kept"}, "mmdetection 3.3 cross_entropy, avg_non_ignore=True"
        ),
        "palm": Preset({"z_loss": 1e-4, "denominator": "kept"}, "arXiv 2204.02311, section 5"),
    },
    singular=(
        Singular("every logit of a row -inf, or one +inf or NaN", "undefined", "NaN", "NaN"),
        Singular("the target's logit -inf", "undefined", "+inf", "-w_y by that logit"),
        Singular("a logit -inf where label_smoothing > 0", "undefined", "+inf", "0 - off"),
        Singular("a logit -inf where its probability is 0", "regular", "the term is 0", "0"),
        Singular(
            "a logit -inf where the class's weight is 0",
            "regular",
            "the term is 0: weight 0 removes the class from the sum",
            "0, by that logit and by its probability",
        ),
    ),
    subgradients=(
        "none: the loss is smooth. The largest logit, and the first among equals, is a reference "
        "point that cancels from value and derivatives."
    ),
    program_axis="targets",
    wrt={"cross_entropy": ("logits",), "cross_entropy_soft": ("logits", "target")},
)

DEFINITIONS = (CROSS_ENTROPY,)

# %% [markdown]
# ## What smoothing does to the slope
#
# Two classes, the target's logit ahead of the other by $d$. Without smoothing the slope only fades;
# with it the loss turns where $p_y$ reaches its smoothed target, and the three conventions turn at
# different places.


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


def ahead(lead: np.ndarray, smoothing: str, eps: float) -> np.ndarray:
    """Return the loss of three classes, the target's logit ahead of the others by `lead`."""
    program = PROGRAMS["cross_entropy"][0]
    known = emit.constants_of(CROSS_ENTROPY, program)
    constants = {n: c.default for n, c in known.items()} | dict(
        SMOOTHING.values[smoothing].sets, label_smoothing=eps
    )
    logits = np.stack([lead, np.zeros_like(lead), np.zeros_like(lead)], axis=1)
    target, weight = np.zeros(len(lead), dtype=int), np.ones(3)
    return compiled(program)(logits, target, weight, *(constants[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    lead = np.linspace(-2, 12, 400)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    axes.plot(lead, ahead(lead, "uniform", 0.0), "k--", label="no smoothing")
    for name in SMOOTHING.values:
        axes.plot(lead, ahead(lead, name, 0.2), label=f"{name}, eps = 0.2")
    axes.set(xlabel="lead of the target's logit", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in row.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
