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
# # Regression: L1, L2, smooth L1, Huber, log cosh
#
# All of them are functions of one difference $d = \text{pred} - \text{target}$, even and with their
# least value, 0, at $d = 0$. Libraries disagree on factors, on what $\beta$ scales, and on what a
# mean divides by. All of it is data below.
#
# | loss | published as |
# |---|---|
# | Huber | Huber: *Robust estimation of a location parameter*, Ann. Math. Statist. 35, 1964 |
# | smooth L1 | Girshick: *Fast R-CNN*, ICCV 2015, arXiv 1504.08083, eq. 3; with $\sigma$: Ren et al., *Faster R-CNN*, arXiv 1506.01497, and its code |

# %%
"""L1, L2, smooth L1, Huber and log cosh of a difference: definitions and conventions."""

import math
from collections.abc import Callable

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import Ratio
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import residuals
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

# %% [markdown]
# ## The difference
#
# One subtraction, rounded once: its relative error is half an ulp however close the two numbers are,
# and it is 0 only where they are equal. No rewrite can do better. Losses of boxes take two weights
# (Fast R-CNN): one *inside*, by which the difference itself is multiplied, and one outside, by which
# the loss is.


# %%
def difference(name: str, form: Form, doc: str) -> tuple[Build, Elements]:
    """Return a program that has named ``d``, prediction minus target, times ``inside``."""
    P = Build(name, form, doc)
    a = Elements(P)
    a.real("pred", "target", "inside", "weight")
    a.let("d", a.inside * (a.pred - a.target), "pred minus target")
    return P, a


# %% [markdown]
# ## L1 and L2


# %%
def l1(form: Form) -> Program:
    """Return the absolute difference."""
    P, a = difference("l1", form, "absolute difference")
    weighted_loss(a, sp.Abs(a.d))
    return P.finish("loss")


def l2(form: Form) -> Program:
    """Return the squared difference times a factor."""
    P, a = difference("l2", form, "squared difference")
    factor = P.const("factor")
    weighted_loss(a, factor * a.d * a.d)
    return P.finish("loss")


# %% [markdown]
# ## Smooth L1
#
# $$L = \begin{cases} \tfrac12 d^2/\beta & |d| < \beta \\ |d| - \tfrac12\beta & \text{else}\end{cases}$$
#
# Value and slope agree at $|d| = \beta$, and the slope is $d/\beta$ clipped to $[-1, 1]$. At
# $\beta = 0$ nothing is below it, and L1 is left. In the $\sigma$ form $\beta = 1/\sigma^2$. A
# library may take a small $\beta$ for 0. The quadratic arm is written $\tfrac12 d\,(d/\beta)$:
# a square of $d$ may leave the range where the loss does not.


# %%
def smooth_l1(form: Form) -> Program:
    """Return the smooth L1 loss."""
    P, a = difference("smooth_l1", form, "smooth L1")
    beta, sigma, least = P.const("beta"), P.const("sigma"), P.const("least_beta")
    a.let("given", sp.Piecewise((beta, sp.Eq(sigma, 0)), (Ratio(1, sigma**2, 0), True)))
    a.let("width", sp.Piecewise((0, a.given < least), (a.given, True)), "where the arms meet")
    residuals.parabola(P, a)
    outer = sp.Abs(a.d) - a.width / 2
    weighted_loss(a, sp.Piecewise((a.inner, sp.Abs(a.d) < a.width), (outer, True)))
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(calculus.grad(smooth_l1("stable"), "loss", ["pred"]))))

# %% [markdown]
# ## Huber
#
# $$L = \begin{cases} \tfrac12 d^2 & |d| \le \delta \\ \delta\,(|d| - \tfrac12\delta) & \text{else}\end{cases}$$
#
# $\delta$ times smooth L1 with $\beta = \delta$. Its slope is $d$ clipped to $[-\delta, \delta]$.


# %%
def huber(form: Form) -> Program:
    """Return the Huber loss."""
    P, a = difference("huber", form, "Huber")
    delta = P.const("delta")
    outer = delta * (sp.Abs(a.d) - delta / 2)
    weighted_loss(a, sp.Piecewise((a.d * a.d / 2, sp.Abs(a.d) <= delta), (outer, True)))
    return P.finish("loss")


# %% [markdown]
# The proof that one is a multiple of the other, arm by arm:

# %%
if __name__ == "__main__":
    d, delta = sp.Symbol("d", real=True), sp.Symbol("delta", positive=True)
    arms = [(d**2 / delta / 2, d**2 / 2), (sp.Abs(d) - delta / 2, delta * (sp.Abs(d) - delta / 2))]
    for smooth, plain in arms:
        assert sp.simplify(delta * smooth - plain) == 0

# %% [markdown]
# ## log cosh
#
# $\log\cosh d$ is $\tfrac12 d^2$ for small $d$ and $|d| - \log 2$ for large. The textbook form
# overflows at 710 and has no digits below $10^{-8}$. With $u = \operatorname{expm1}(-|d|)$
#
# $$\cosh d - 1 = \tfrac12 e^{|d|} u^2, \qquad
#   \log\cosh d = \operatorname{log1p}\bigl(\tfrac12 u^2 / (1 + u)\bigr) \quad (|d| \le 1), \qquad
#   = |d| + (\operatorname{log1p} e^{-2|d|} - \log 2) \quad (|d| > 1),$$
#
# and the slope is $\tanh d = \mp u\,(2 + u)/(1 + (1 + u)^2)$.


# %%
def log_cosh(form: Form) -> Program:
    """Return the logarithm of the hyperbolic cosine."""
    P, a = difference("log_cosh", form, "log cosh")
    residuals.log_cosh(P, a)
    weighted_loss(a, a.bend)
    return P.finish("loss")


# %% [markdown]
# ## Conventions

# %%
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {
        "items": Value("the number of elements", source="torch, keras, optax"),
        "rows": Value(
            "the length of the first axis: what else there is, is summed up",
            source="Caffe; Fast R-CNN, the four coordinates of a box",
        ),
        "weights": Value("the sum of the weights", source="weighted means"),
    },
    number=True,
)
EMPTY = AxisOf(
    "the mean over nothing: of no element, or of weights that add up to 0",
    "nan",
    {
        "nan": Value("0/0", source="torch"),
        "zero": Value("0, with gradient 0", source="fvcore (0 times the sum)"),
    },
)
MEANS = {"denominator": DENOMINATOR, "empty": EMPTY}
INPUTS = {name: (name,) for name in ("pred", "target", "inside", "weight")}
BY_BOTH = ("pred", "target")
DOMAINS = {"inside": (0.0, math.inf), "weight": (0.0, math.inf)}
EQUAL = "pred and target equal"
EVEN = "0 at d = 0, the minimum-norm subgradient of a slope from -1 to 1"


def programs(*functions: Callable[[Form], Program]) -> dict[str, tuple[Program, Program]]:
    """Return both forms of every program by its name."""
    return {f.__name__: (f("plain"), f("stable")) for f in functions}


L1 = Definition(
    name="l1",
    title="L1, the absolute difference",
    family="residuals",
    source="Laplace 1774; torch.nn.functional.l1_loss, keras MeanAbsoluteError.",
    formula="loss = weight |d|,  d = inside (pred - target)",
    inputs=INPUTS,
    programs=programs(l1),
    constants={},
    axes=MEANS,
    presets={
        "torch": Preset({"denominator": "items"}, "torch.nn.functional.l1_loss"),
        "keras": Preset({"denominator": "items"}, "keras.losses.mean_absolute_error, averaged"),
    },
    singular=(Singular(EQUAL, "tie", "0", "0, of the slopes from -1 to 1"),),
    subgradients=EVEN + ".",
    wrt={"l1": BY_BOTH},
    domains=DOMAINS,
    weights=("inside", "weight"),
)
L2 = Definition(
    name="l2",
    title="L2, the squared difference",
    family="residuals",
    source="Legendre 1805; torch.nn.functional.mse_loss; Caffe EuclideanLossLayer.",
    formula="loss = weight factor d^2,  d = inside (pred - target)",
    inputs=INPUTS,
    programs=programs(l2),
    constants={"factor": Constant(1.0, "in front of the square")},
    axes={
        "factor": AxisOf(
            "what stands in front of the square",
            "one",
            {
                "one": Value("d^2", {"factor": 1.0}, "torch, keras, optax squared_error"),
                "half": Value("d^2/2", {"factor": 0.5}, "Caffe, optax l2_loss"),
            },
        ),
        **MEANS,
    },
    presets={
        "torch": Preset({"factor": "one"}, "torch.nn.functional.mse_loss"),
        "keras": Preset({"factor": "one"}, "keras.losses.mean_squared_error, averaged"),
        "caffe": Preset({"factor": "half", "denominator": "rows"}, "EuclideanLossLayer"),
        "optax": Preset({"factor": "half"}, "optax.l2_loss"),
        "optax_squared_error": Preset({"factor": "one"}, "optax.squared_error"),
    },
    singular=(),
    subgradients="none: the loss is smooth.",
    wrt={"l2": BY_BOTH},
    domains=DOMAINS,
    weights=("inside", "weight"),
)
SMOOTH_L1 = Definition(
    name="smooth_l1",
    title="Smooth L1",
    family="residuals",
    source="Girshick, Fast R-CNN, ICCV 2015, arXiv 1504.08083, eq. 3.",
    formula="""
loss = weight d^2/(2 beta) where |d| < beta, else weight (|d| - beta/2),  d = inside (pred - target);
beta = 1/sigma^2 where sigma is given""",
    inputs=INPUTS,
    programs=programs(smooth_l1),
    constants={
        "beta": Constant(1.0, "where the arms meet"),
        "sigma": Constant(0.0, "if not 0, beta is 1/sigma^2"),
        "least_beta": Constant(0.0, "a beta below it counts as 0"),
    },
    axes={
        "beta": AxisOf("where the arms meet", 1.0, sets="beta"),
        "sigma": AxisOf("if not 0, beta is 1/sigma^2 instead", 0.0, sets="sigma"),
        "small_beta": AxisOf(
            "which beta counts as 0, where L1 is left",
            "zero",
            {
                "zero": Value("0 alone", {"least_beta": 0.0}, "torch"),
                "below_1e-5": Value("below 1e-5", {"least_beta": 1e-5}, "fvcore, detectron2"),
            },
        ),
        **MEANS,
    },
    presets={
        "torch": Preset({"beta": 1.0}, "torch.nn.functional.smooth_l1_loss"),
        "fvcore": Preset({"small_beta": "below_1e-5", "empty": "zero"}, "fvcore.nn.smooth_l1_loss"),
        "faster_rcnn": Preset(
            {"sigma": 3.0, "denominator": "rows"}, "py-faster-rcnn, with weights inside and outside"
        ),
        "keras_retinanet": Preset({"sigma": 3.0}, "keras-retinanet smooth_l1(sigma=3)"),
    },
    singular=(
        Singular("pred and target equal, beta 0", "tie", "0", "0, of the slopes from -1 to 1"),
        Singular("|d| = beta", "regular", "beta/2", "the sign of d, as of either arm"),
    ),
    subgradients=f"where beta is 0, {EVEN}; else none: both arms have one slope at |d| = beta.",
    wrt={"smooth_l1": BY_BOTH},
    domains=DOMAINS,
    weights=("inside", "weight"),
)
HUBER = Definition(
    name="huber",
    title="Huber",
    family="residuals",
    source="Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964), p. 73.",
    formula="""
loss = weight d^2/2 where |d| <= delta, else weight delta (|d| - delta/2);
d = inside (pred - target)""",
    inputs=INPUTS,
    programs=programs(huber),
    constants={"delta": Constant(1.0, "where the arms meet")},
    axes={"delta": AxisOf("where the arms meet", 1.0, sets="delta"), **MEANS},
    presets={
        "torch": Preset({"delta": 1.0}, "torch.nn.functional.huber_loss"),
        "keras": Preset({"delta": 1.0}, "keras.losses.huber, averaged"),
        "optax": Preset({"delta": 1.0}, "optax.huber_loss"),
        "paddle": Preset({"delta": 1.0}, "paddle.nn.functional.smooth_l1_loss, is_huber=True"),
        "efficientdet": Preset({"delta": 0.1, "denominator": "rows"}, "effdet huber_loss, 0.1"),
    },
    singular=(Singular("|d| = delta", "regular", "delta^2/2", "delta sign(d), as of either arm"),),
    subgradients="none: both arms have one slope at |d| = delta.",
    wrt={"huber": BY_BOTH},
    domains=DOMAINS,
    weights=("inside", "weight"),
)
LOG_COSH = Definition(
    name="log_cosh",
    title="log cosh",
    family="residuals",
    source="keras.losses.log_cosh; optax.log_cosh.",
    formula="loss = weight log cosh d,  d = inside (pred - target)",
    inputs=INPUTS,
    programs=programs(log_cosh),
    constants={},
    axes=MEANS,
    presets={
        "keras": Preset({"denominator": "items"}, "keras.losses.log_cosh, averaged"),
        "optax": Preset({"denominator": "items"}, "optax.log_cosh"),
    },
    singular=(),
    subgradients="none: the loss is smooth.",
    wrt={"log_cosh": BY_BOTH},
    domains=DOMAINS,
    weights=("inside", "weight"),
)

DEFINITIONS = (L1, L2, SMOOTH_L1, HUBER, LOG_COSH)

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

    d = np.linspace(-3, 3, 601)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for definition in DEFINITIONS:
        (plain, _), *_ = definition.programs.values()
        constants = [definition.constants[str(c)].default for c in plain.consts]
        axes.plot(
            d, compiled(plain)(d, 0 * d, 0 * d + 1, 0 * d + 1, *constants), label=definition.name
        )
    axes.set(xlabel="pred - target", ylabel="loss", ylim=(0, 3))
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in residuals.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
