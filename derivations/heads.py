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
# # Heads: embeddings against classes by the cosine of their angle
#
# A head has a vector $W_j$ for every class. An embedding $x$ with class $y$ is classified by
#
# $$z_j = s\,\cos\theta_j, \qquad \cos\theta_j = \frac{W_j \cdot x}{\|W_j\|\,\|x\|}, \qquad
#   L = -\log \mathrm{softmax}(z)_y ,$$
#
# and a margin makes the target's own logit smaller than its cosine says, $z_y = s\,\psi(\cos\theta_y)$.
#
# | head | logits | published as |
# |---|---|---|
# | modified softmax | $\|x\| \cos\theta_j$ | Liu et al.: *SphereFace*, CVPR 2017, arXiv 1704.08063, section 2 |
# | NormFace | $s \cos\theta_j$ | Wang et al.: *NormFace*, ACM MM 2017, arXiv 1704.06369 |
# | L2-constrained softmax | $\alpha\, W_j \cdot x / \|x\| + b_j$ | Ranjan et al., arXiv 1703.09507 |
# | CosFace, AM-Softmax | $s(\cos\theta_y - m)$ for the target | Wang et al., CVPR 2018, arXiv 1801.09414; arXiv 1801.05599 |
#
# Heads with a margin of the angle are in `margin_heads`.

# %%
"""Heads over embeddings and class vectors: definitions and conventions."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Axis, Program
from refloss.symbolic.vocabulary import heads as head
from refloss.symbolic.vocabulary.heads import CLASS, ITEM, PART, Divisor, Heads

# %% [markdown]
# ## The program
#
# The classes may be too many for a matrix of all logits, so that they come in parts. The plain form
# is the textbook's. The stable form keeps the target out of the sum: with $R = \log \sum_{j \ne y}
# e^{z_j}$ the loss is a function of one gap,
#
# $$L = \operatorname{softplus}(R - z_y), \qquad
#   \frac{\partial L}{\partial z_y} = -\sigma(R - z_y), \qquad
#   \frac{\partial L}{\partial z_j} = \sigma(R - z_y)\, e^{z_j - R},$$
#
# in which nothing cancels however confident the head is, and $R$ can be collected part by part. The
# matrix of classes is never normalised: $x \cdot W_j / \|x\|$ is divided by $\|W_j\|$.

# %%
Psi = Callable[[Build, Heads, sp.Expr], sp.Expr]


def divisors(P: Build, *, kept: bool = True) -> tuple[Divisor, Divisor]:
    """Declare what divides an embedding and a class, either of which may be kept as it is."""
    found = []
    for of in ("x", "weight"):
        names = (f"least_{of}", f"eps_{of}_inside", f"eps_{of}_added")
        keeps = P.const(f"keeps_{of}", nonnegative=True) if kept else sp.S.Zero
        found.append(Divisor(keeps, *(P.const(name, nonnegative=True) for name in names)))
    if not kept:
        return found[0], found[1]
    return found[0], replace(found[1], projected=P.const("projected", nonnegative=True))


def inputs_of(P: Build, *classes: Axis) -> Heads:
    """Declare the inputs that every head has; the axes of classes are those of vectors if none."""
    a = Heads(P)
    a.real("x", ITEM, PART)
    a.real("weight", *(classes or (CLASS, PART)))
    a.label("target", ITEM)
    a.real("scale")
    return a


def cosine_head(name: str, form: Form, doc: str, psi: Psi) -> Program:
    """Return a head whose target logit is a function of its cosine."""
    P = Build(name, form, doc)
    a = inputs_of(P)
    head.products(P, a, *divisors(P))
    goal = a.scale * a.reach * psi(P, a, a.cosine)
    head.logits(P, a, goal, a.scale * a.product)
    head.loss(P, a)
    return P.finish("loss")


def normface(form: Form) -> Program:
    """Return the head without a margin."""
    return cosine_head("normface", form, "softmax of scaled cosines", lambda P, a, c: c)


def modified_softmax(form: Form) -> Program:
    """Return the head that keeps the embedding's length."""
    doc = "softmax of products with unit class vectors"
    return cosine_head("modified_softmax", form, doc, lambda P, a, c: c)


def cosface(form: Form) -> Program:
    """Return the head with a margin of the cosine."""
    doc = "softmax of scaled cosines, the target's less a margin"
    return cosine_head("cosface", form, doc, lambda P, a, c: c - P.const("margin"))


def l2_softmax(form: Form) -> Program:
    """Return the head with unit embeddings, and classes with their lengths and biases."""
    P = Build("l2_softmax", form, "softmax of products with unit embeddings, and biases")
    a = inputs_of(P)
    a.real("bias", CLASS)
    head.products(P, a, *divisors(P))
    own = a.scale * a.own + a["bias"][a.target]
    head.logits(P, a, own, a.scale * a.product + a.bias)
    head.loss(P, a)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(cosface("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    wrt = ["x", "weight", "scale"]
    display(Math(latex_text.aligned(calculus.grad(cosface("stable"), "loss", wrt))))

# %% [markdown]
# ## Conventions

# %%
CONSTANTS = {
    "keeps_x": Constant(0.0, "1: embeddings keep their length"),
    "least_x": Constant(0.0, "the least length that an embedding is divided by"),
    "eps_x_inside": Constant(0.0, "added to an embedding's squares"),
    "eps_x_added": Constant(0.0, "added to an embedding's length"),
    "keeps_weight": Constant(0.0, "1: classes keep their length"),
    "projected": Constant(1.0, "0: the derivative by a class is that by the divided one"),
    "least_weight": Constant(0.0, "the least length that a class is divided by"),
    "eps_weight_inside": Constant(0.0, "added to a class's squares"),
    "eps_weight_added": Constant(0.0, "added to a class's length"),
    "margin": Constant(0.35, "what is taken from the target's cosine"),
}


def kept(what: str, constant: str, default: str, values: Mapping[str, Value]) -> AxisOf:
    """Return the axis of whether vectors are divided by their length, with more values."""
    whole = {name: 1.0 for value in values.values() for name in value.sets if name != constant}
    return AxisOf(
        f"whether {what} are divided by their length",
        default,
        {
            "unit": Value("divided", {constant: 0.0, **whole}, "NormFace, CosFace"),
            "kept": Value("as they are", {constant: 1.0, **whole}, "L-Softmax, of both"),
            **values,
        },
    )


IN_PLACE = Value(
    "divided, and replaced by what that gives before the next call: the derivative by a class is "
    "that by the divided one, which need not be at a right angle to it",
    {"keeps_weight": 0.0, "projected": 0.0},
    "wy1iu sphereface and happynear AMSoftmax for Caffe; opensphere",
)


def placed(least: float | str, inside: float | str, added: float | str) -> dict[str, float | str]:
    """Return where eps goes, for embeddings and classes alike."""
    return {
        f"{place}{of}{end}": amount
        for of in ("x", "weight")
        for place, end, amount in (
            ("least_", "", least),
            ("eps_", "_inside", inside),
            ("eps_", "_added", added),
        )
    }


def axes(
    more: Mapping[str, AxisOf],
    *,
    embedding: str = "unit",
    classes: str = "unit",
    scale: float = 64.0,
) -> dict[str, AxisOf]:
    """Return the axes of a head, with some of its own."""
    return {
        "embedding": kept("embeddings", "keeps_x", embedding, {}),
        "classes": kept("classes", "keeps_weight", classes, {"in_place": IN_PLACE}),
        "placement": AxisOf(
            "where eps enters a length that divides",
            "none",
            {
                "none": Value(
                    "nowhere: a zero vector has cosine 0 and gradient 0",
                    placed(0.0, 0.0, 0.0),
                    "AdaFace, TreB1eN l2_norm, which return NaN there",
                ),
                "max": Value(
                    "max(length, eps)", placed("eps", 0.0, 0.0), "torch normalize, eps 1e-12"
                ),
                "inside": Value(
                    "sqrt(length^2 + eps)",
                    placed(0.0, "eps", 0.0),
                    "happynear normalize_layer, eps 1e-6",
                ),
                "added": Value(
                    "length + eps", placed(0.0, 0.0, "eps"), "reid-strong-baseline, eps 1e-12"
                ),
            },
        ),
        "eps": AxisOf("how much", 0.0),
        "scale": AxisOf("what multiplies the cosines; an input, with a gradient", scale),
        **more,
        "denominator": AxisOf(
            "what `reduction='mean'` divides the sum by",
            "kept",
            {
                "kept": Value("the number of rows that are not ignored", source="torch"),
                "items": Value("the number of rows", source="Keras"),
            },
        ),
        "empty": AxisOf(
            "the mean over nothing",
            "nan",
            {
                "nan": Value("0/0", source="torch"),
                "zero": Value("0, with gradient 0", source="libraries that multiply a sum by 0"),
            },
        ),
    }


MARGIN = AxisOf("what is taken from the target's cosine", 0.35, sets="margin")
TORCH_EPS = {"placement": "max", "eps": 1e-12}

# %% [markdown]
# ## The definitions

# %%
ZERO_VECTORS = (
    Singular("an embedding or class 0, divided", "undefined", "cosine 0", "0 by it"),
    Singular("NaN or infinity in an embedding", "undefined", "NaN in its row", "NaN in its row"),
)
INPUTS = {name: (name,) for name in ("x", "weight", "target", "scale")}
WRT = ("x", "weight", "scale")
SMOOTH = (
    "of a norm at 0, 0: a zero vector has no direction. With `placement='max'`, where a length is "
    "the least one, half of the slope."
)

MODIFIED_SOFTMAX = Definition(
    name="modified_softmax",
    title="Modified (W-normalised) softmax head",
    family="heads",
    source="Liu et al., SphereFace, CVPR 2017, arXiv 1704.08063, section 2.1.",
    formula="loss = -log softmax(z)_y,  z_j = scale x.W_j/|W_j|",
    inputs=INPUTS,
    programs={"modified_softmax": (modified_softmax("plain"), modified_softmax("stable"))},
    constants={**CONSTANTS, "keeps_x": replace(CONSTANTS["keeps_x"], default=1.0)},
    axes=axes({}, embedding="kept", scale=1.0),
    presets={
        "torch": Preset(TORCH_EPS, "torch.nn.functional.normalize of the classes"),
        "caffe": Preset(
            {"classes": "in_place"}, "wy1iu sphereface MarginInnerProduct for Caffe, type SINGLE"
        ),
    },
    singular=ZERO_VECTORS,
    subgradients=SMOOTH,
    wrt={"modified_softmax": WRT},
)
NORMFACE = Definition(
    name="normface",
    title="NormFace: softmax of scaled cosines",
    family="heads",
    source="Wang, Xiang, Cheng, Yuille: NormFace, ACM MM 2017, arXiv 1704.06369.",
    formula="loss = -log softmax(z)_y,  z_j = scale cos(theta_j)",
    inputs=INPUTS,
    programs={"normface": (normface("plain"), normface("stable"))},
    constants=CONSTANTS,
    axes=axes({}),
    presets={
        "torch": Preset(TORCH_EPS, "torch.nn.functional.normalize of both"),
        "happynear": Preset(
            {"placement": "inside", "eps": 1e-6}, "happynear/caffe-windows normalize_layer"
        ),
        "pytorch_metric_learning": Preset(
            {**TORCH_EPS, "scale": 20.0},
            "pytorch-metric-learning 2.9.0, losses.normalized_softmax_loss "
            "NormalizedSoftmaxLoss, temperature 0.05; it divides classes twice",
        ),
    },
    singular=ZERO_VECTORS,
    subgradients=SMOOTH,
    wrt={"normface": WRT},
)
COSFACE = Definition(
    name="cosface",
    title="CosFace (AM-Softmax, LMCL) head",
    family="heads",
    source=(
        "Wang et al., CosFace, CVPR 2018, arXiv 1801.09414; Wang, Cheng, Liu, Liu: Additive margin "
        "softmax, arXiv 1801.05599."
    ),
    formula="loss = -log softmax(z)_y,  z_y = scale (cos(theta_y) - margin), z_j = scale cos(theta_j)",
    inputs=INPUTS,
    programs={"cosface": (cosface("plain"), cosface("stable"))},
    constants=CONSTANTS,
    axes=axes({"margin": MARGIN}),
    presets={
        "am_softmax": Preset({"scale": 30.0, "margin": 0.35}, "arXiv 1801.05599"),
        "insightface": Preset(
            {**TORCH_EPS, "scale": 64.0, "margin": 0.4}, "arcface_torch losses.CosFace"
        ),
        "ronghuaiyang": Preset(
            {**TORCH_EPS, "scale": 30.0, "margin": 0.4}, "ronghuaiyang AddMarginProduct"
        ),
        "pytorch_metric_learning": Preset(
            {**TORCH_EPS, "scale": 64.0, "margin": 0.35},
            "pytorch-metric-learning 2.9.0, losses.cosface_loss CosFaceLoss",
        ),
    },
    singular=ZERO_VECTORS,
    subgradients=SMOOTH,
    wrt={"cosface": WRT},
)


L2_SOFTMAX = Definition(
    name="l2_softmax",
    title="L2-constrained softmax head",
    family="heads",
    source="Ranjan, Castillo, Chellappa, arXiv 1703.09507.",
    formula="loss = -log softmax(z)_y,  z_j = scale W_j.x/|x| + bias_j",
    inputs={**INPUTS, "bias": ("bias",)},
    programs={"l2_softmax": (l2_softmax("plain"), l2_softmax("stable"))},
    constants={**CONSTANTS, "keeps_weight": replace(CONSTANTS["keeps_weight"], default=1.0)},
    axes=axes({}, classes="kept", scale=16.0),
    presets={"torch": Preset(TORCH_EPS, "torch.nn.functional.normalize of the embeddings")},
    singular=ZERO_VECTORS,
    subgradients=SMOOTH,
    wrt={"l2_softmax": (*WRT, "bias")},
    weights=("bias",),
)

DEFINITIONS = (MODIFIED_SOFTMAX, NORMFACE, COSFACE, L2_SOFTMAX)

# %% [markdown]
# ## Side by side
#
# Two classes at right angles, the embedding moves from the first to the second.


# %%
def turned(angle: np.ndarray, program: Program, **constants: float) -> np.ndarray:
    """Return the loss of an embedding at an angle to its class, the other at a right angle."""
    scope: dict = {}
    text = numpy_text.function("value", program)
    exec(numpy_text.module("", [program], [text]), scope)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    values = {str(c): CONSTANTS[str(c)].default for c in program.consts} | constants
    return scope["value"](x, np.eye(2), np.zeros(len(angle), int), 16.0, *values.values())


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    angle = np.linspace(0, np.pi / 2, 200)
    figure, panel = plt.subplots(figsize=(7, 3.5))
    for build in (normface, cosface):
        panel.plot(np.degrees(angle), turned(angle, build("plain")), label=build.__name__)
    panel.set(xlabel="angle to the target's class in degrees", ylabel="loss at scale 16")
    panel.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in head.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
