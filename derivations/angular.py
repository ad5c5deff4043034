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
# # Target logits with an angular margin
#
# A head over cosines replaces the cosine $c = \cos\theta$ of an embedding with its own class by
# $\psi(c) \le c$, so that classes stay apart by a margin:
#
# | logit | $\psi$ | published as |
# |---|---|---|
# | ArcFace | $\cos(\theta + m)$ | Deng et al., CVPR 2019, arXiv 1801.07698 |
# | CosFace, AM-Softmax | $\cos\theta - m$ | Wang et al., CVPR 2018; SPL 2018 |
#
# $\psi$ is a map of single numbers, defined here; a head takes it for the target of every row. Those
# of a multiple of the angle are in `angle_multiples`, and those of several margins in
# `combined_margins`.

# %%
"""Target logits with an angular margin: definitions and conventions."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import sympy as sp

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import angles
from refloss.symbolic.vocabulary.angles import Border, Crest, Margin, Pair
from refloss.symbolic.vocabulary.elements import Elements

# %% [markdown]
# ## ArcFace
#
# $\cos(\theta + m) = c\cos m - s\sin m$ with $s = \sqrt{(1 - c)(1 + c)}$ falls until
# $\theta + m = \pi$, and rises beyond. What stands in its place there is a policy:
#
# | policy | beyond | who |
# |---|---|---|
# | raw | $\cos(\theta + m)$ | the paper |
# | cos_fallback | $c - m\sin m$ where $\theta + m \ge \pi$: a step down | ronghuaiyang, TreB1eN |
# | easy | $c$ where $\theta \ge \pi/2$: a step up | ronghuaiyang, MagFace |
# | mirror | $-2 - \cos(\theta + m)$ where $\theta + m \ge \pi$ | Keras_insightface |
# | min | $\min(\cos(\theta + m), c)$, which is $c$ where $\theta + m/2 \ge \pi$ | Keras_insightface |
# | angle_clip | $\cos$ of an angle from $\epsilon$ to $\pi - \epsilon$ | AdaFace, opensphere |
#
# All of them are $\psi = \mathrm{raw}$ for $c > b$, else $\alpha\,c + \beta\,\mathrm{raw} - o$. The
# border $b$ is $-\cos$ of a share of the margin, or 0. Border, offset, $\cos m$ and $\sin m$ are
# functions of what the caller gives; kernels get each as two floats.
#
# ### Digits
#
# Where $c\cos m$ and $s\sin m$ have one sign, their difference is
# $(c - \sin m)(c + \sin m)/(c\cos m + s\sin m)$: $c - \sin m$ is exact but for one rounding near
# the zero, and nothing cancels. The slope
#
# $$\frac{d\psi}{dc} = \frac{\sin(\theta + m)}{\sin\theta} = \frac{s\cos m + c\sin m}{s}
#   = \frac{(\cos m - c)(\cos m + c)}{s\,(s\cos m - c\sin m)}, \qquad
#   \frac{d^2\psi}{dc^2} = \frac{\sin m}{s^3}$$
#
# has no bound as $\theta \to 0$. At $c = \pm 1$ and beyond, where rounding may have left a cosine,
# $s$ is 0 and its derivative is taken as 0, as that of a norm at 0: the slope is $\cos m$.


# %%
def begin(name: str, form: Form, doc: str) -> tuple[Build, Elements, Pair]:
    """Return a program with a cosine, cut where it is to be, and the largest."""
    P = Build(name, form, doc)
    a = Elements(P)
    a.real("cosine")
    most = Pair.of(P, "most", P.const("limit"))
    angles.cut(a, "cosine", most)
    return P, a, most


def finish(P: Build, a: Elements, value: sp.Expr) -> Program:
    """Return the program whose logit is `value`, scaled."""
    angles.stepped(a, value, P.const("attached"))
    a.let("loss", P.const("scale") * a.logit)
    return P.finish("loss")


def angle_of(P: Build) -> sp.Expr:
    """Return the margin in radians."""
    margin, degrees = P.const("margin"), P.const("degrees")
    return margin * (1 - degrees) + sp.pi * degrees * margin / 180


def arcface(P: Build, a: Elements, most: Pair) -> sp.Expr:
    """Name what a policy makes of the cosine ``kept``, and return the logit."""
    angle = angle_of(P)
    share, bound = P.const("share"), P.const("bound")
    clipped = P.const("clipped")
    clip = clipped * P.const("clip")
    slope, again, lost, level = map(P.const, ("slope", "again", "lost", "level"))
    angles.sine(P, a, most)
    angles.rotated(P, a, Margin.of(P, angle))
    border = Pair.of(P, "border", -bound * sp.cos(share * angle + clip))
    offset = Pair.of(P, "offset", lost * angle * sp.sin(angle) + level * sp.cos(clip))
    angles.bordered(a, Border(border, slope, again, offset))
    angles.crested(a, Crest.of(P, clip, angle, clipped))
    return a.topped


def arcface_logit(form: Form) -> Program:
    """Return the cosine of the angle and the margin."""
    P, a, most = begin("arcface_logit", form, "ArcFace logit")
    return finish(P, a, arcface(P, a, most))


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(arcface_logit("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(arcface_logit("stable"), "loss", ["cosine"]))))

# %% [markdown]
# ## CosFace
#
# The margin is subtracted from the cosine: one rounding.


# %%
def cosface(P: Build, a: Elements, most: Pair) -> sp.Expr:
    """Name the cosine ``kept`` less the margin, and return it."""
    return a.let("logit", a.kept - P.const("margin"))


def cosface_logit(form: Form) -> Program:
    """Return the cosine less the margin."""
    P, a, most = begin("cosface_logit", form, "CosFace logit")
    cosface(P, a, most)
    a.let("loss", P.const("scale") * a.logit)
    return P.finish("loss")


# %% [markdown]
# ## Conventions

# %%
POLICY = {"share": 1.0, "bound": 1.0, "clipped": 0.0}
POLICY |= {"slope": 0.0, "again": 1.0, "lost": 0.0, "level": 0.0}
LIMIT = AxisOf(
    "the largest size of a cosine: a larger one is cut, with no derivative; 2 cuts none",
    2.0,
    sets="limit",
    most=2.0,
)
SCALE = AxisOf("what the logit is multiplied by", 1.0, sets="scale")
UNIT = AxisOf(
    "how the margin is written",
    "radians",
    {
        "radians": Value("radians", {"degrees": 0.0}, "nearly everybody"),
        "degrees": Value("degrees", {"degrees": 1.0}, "pytorch-metric-learning"),
    },
)
GRADIENT = AxisOf(
    "the derivative of the logit",
    "true",
    {
        "true": Value("that of the logit", {"attached": 1.0}, "the paper"),
        "straight_through": Value(
            "1, that of the cosine: the margin is added without a derivative",
            {"attached": 0.0},
            "insightface since 2022-12, opensphere",
        ),
    },
)
SHARED = {"limit": LIMIT, "gradient": GRADIENT, "scale": SCALE}
SHARED_CONSTANTS = {
    "limit": Constant(2.0, "the largest size of a cosine"),
    "attached": Constant(1.0, "0: the derivative is 1"),
    "scale": Constant(1.0, "what the logit is multiplied by"),
}
ARCFACE_AXES = {
    "policy": AxisOf(
        "the logit beyond a border",
        "raw",
        {
            "raw": Value("cos(theta + m) everywhere", POLICY, "the paper; insightface"),
            "cos_fallback": Value(
                "c - m sin m where theta + m >= pi",
                {**POLICY, "slope": 1.0, "again": 0.0, "lost": 1.0},
                "ronghuaiyang, TreB1eN, CurricularFace, open-metric-learning",
            ),
            "easy": Value(
                "c where theta >= pi/2",
                {**POLICY, "bound": 0.0, "slope": 1.0, "again": 0.0},
                "ronghuaiyang easy_margin, MagFace",
            ),
            "mirror": Value(
                "-2 - cos(theta + m) where theta + m >= pi",
                {**POLICY, "again": -1.0, "level": 2.0},
                "Keras_insightface",
            ),
            "min": Value(
                "the smaller of cos(theta + m) and c",
                {**POLICY, "share": 0.5, "slope": 1.0, "again": 0.0},
                "Keras_insightface MagFaceLoss",
            ),
            "angle_clip": Value(
                "the cosine of theta + m, no less than clip and no more than pi - clip",
                {**POLICY, "clipped": 1.0, "again": 0.0, "level": 1.0},
                "AdaFace, opensphere",
            ),
        },
    ),
    "margin": AxisOf("the angle that is added", 0.5, sets="margin", most=180.0),
    "unit": UNIT,
    "clip": AxisOf("least angle of angle_clip, in radians", 1e-5, sets="clip", most=1.0),
    **SHARED,
}
ARCFACE_CONSTANTS = {
    "margin": Constant(0.5, "the angle that is added"),
    "degrees": Constant(0.0, "1: the margin is in degrees"),
    "share": Constant(1.0, "share of the margin in the border"),
    "bound": Constant(1.0, "0: the border is the cosine 0"),
    "clipped": Constant(0.0, "1: the angle is clipped"),
    "clip": Constant(1e-5, "least angle"),
    "slope": Constant(0.0, "factor of the cosine beyond the border"),
    "again": Constant(1.0, "factor of cos(theta + m) beyond the border"),
    "lost": Constant(0.0, "factor of m sin m that is subtracted there"),
    "level": Constant(0.0, "what is subtracted there"),
    **SHARED_CONSTANTS,
}


def with_programs(logit: Definition, programs: Iterable[str]) -> AxisOf:
    """Return the axis that chooses a program, with others in the order of the logit's."""
    choice = logit.axes[logit.program_axis]
    own = dict(zip(logit.programs, programs, strict=True))
    values = {v: replace(value, program=own[value.program]) for v, value in choice.values.items()}
    return replace(choice, values=values)


def preset(policy: str, source: str, scale: float = 64.0, **axes: str | float) -> Preset:
    """Return who computes the ArcFace logit how, with the usual margin of half a radian."""
    return Preset({"policy": policy, "scale": scale, **axes}, source)


PRESETS = {
    "paper": preset("raw", "Deng et al., arXiv 1801.07698"),
    "insightface": preset(
        "raw", "arcface_torch since 657ae30e", gradient="straight_through", limit=1.0
    ),
    "insightface_2022": preset("cos_fallback", "arcface_torch 2e2e8c97", limit=1.0),
    "ronghuaiyang": preset("cos_fallback", "arcface-pytorch ArcMarginProduct", 30.0),
    "ronghuaiyang_easy": preset("easy", "arcface-pytorch, easy_margin=True", 30.0),
    "treb1en": preset("cos_fallback", "InsightFace_Pytorch; CurricularFace", limit=1.0),
    "magface": preset("easy", "MagFace, of one magnitude", limit=1.0),
    "open_metric_learning": preset(
        "cos_fallback", "open-metric-learning 4.0.0, oml.losses.arcface ArcFaceLoss"
    ),
    "pytorch_metric_learning": preset(
        "cos_fallback",
        "pytorch-metric-learning 2.9.0, losses.arcface_loss ArcFaceLoss (raw before its #539)",
        margin=28.6,
        unit="degrees",
        limit=1.0,
    ),
    "keras_insightface": preset("mirror", "Keras_insightface ArcfaceLoss"),
    "keras_insightface_magface": preset("min", "Keras_insightface MagFaceLoss"),
    "adaface": preset("angle_clip", "AdaFace repository, ArcFace", clip=1e-4, limit=0.9999),
    "opensphere": preset(
        "angle_clip", "opensphere ArcFace", gradient="straight_through", limit=0.99999
    ),
    "cvqluu": preset("raw", "Angular-Penalty-Softmax-Losses-Pytorch", limit=0.9999999),
}
CONE = Singular(
    "cosine = 1 or -1, and beyond",
    "undefined",
    "that of the angle 0 or pi; beyond, scale cosine cos m",
    "scale cos m, the sine's slope taken as 0; torch: plus or minus infinity, or NaN where 0 "
    "multiplies it",
)
# Rounding leaves cosines beyond 1 by a few steps; scores that are no cosines are refused.
DOMAINS = {"cosine": (-1.0625, 1.0625)}
INPUTS = {"cosine": ("cosine",)}

ARCFACE_LOGIT = Definition(
    name="arcface_logit",
    title="ArcFace logit",
    family="cosines",
    source="Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698.",
    formula="""\
raw = c cos m - s sin m = cos(theta + m);  s = sqrt((1 - c) (1 + c)), 0 beyond 1
loss = scale raw where c > border, else scale (slope c + again raw - offset)""",
    inputs=INPUTS,
    programs={"arcface_logit": (arcface_logit("plain"), arcface_logit("stable"))},
    constants=ARCFACE_CONSTANTS,
    axes=ARCFACE_AXES,
    presets=PRESETS,
    singular=(
        CONE,
        Singular(
            "c = border under cos_fallback and easy",
            "step",
            "that beyond the border",
            "1, that beyond the border",
        ),
    ),
    subgradients="scale cos m where the sine is 0; that beyond the border at the border.",
    domains=DOMAINS,
)

COSFACE_LOGIT = Definition(
    name="cosface_logit",
    title="CosFace logit",
    family="cosines",
    source="Wang et al., CosFace, CVPR 2018, arXiv 1801.09414; AM-Softmax, arXiv 1801.05599.",
    formula="loss = scale (c - margin)",
    inputs=INPUTS,
    programs={"cosface_logit": (cosface_logit("plain"), cosface_logit("stable"))},
    constants={
        "margin": Constant(0.35, "what is subtracted from the cosine"),
        "limit": SHARED_CONSTANTS["limit"],
        "scale": SHARED_CONSTANTS["scale"],
    },
    axes={
        "margin": AxisOf("what is subtracted from the cosine", 0.35, sets="margin", most=2.0),
        "limit": LIMIT,
        "scale": SCALE,
    },
    presets={
        "paper": Preset({"margin": 0.35, "scale": 64.0}, "Wang et al., arXiv 1801.09414"),
        "am_softmax": Preset({"margin": 0.35, "scale": 30.0}, "Wang et al., arXiv 1801.05599"),
        "ronghuaiyang": Preset(
            {"margin": 0.4, "scale": 30.0}, "arcface-pytorch AddMarginProduct, MuggleWang, cvqluu"
        ),
        "treb1en": Preset({"margin": 0.35, "scale": 30.0, "limit": 1.0}, "InsightFace_Pytorch"),
        "insightface": Preset(
            {"margin": 0.4, "scale": 64.0, "limit": 1.0}, "arcface_torch CosFace"
        ),
        "adaface": Preset(
            {"margin": 0.4, "scale": 64.0, "limit": 0.9999}, "AdaFace repository, CosFace"
        ),
    },
    singular=(),
    subgradients="none: a straight line; a cosine at its limit has the slope of one inside.",
    domains=DOMAINS,
)

DEFINITIONS = (ARCFACE_LOGIT, COSFACE_LOGIT)

# %% [markdown]
# ## Side by side


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


def curve(definition: Definition, program: Program, sets: dict, cosine: np.ndarray) -> np.ndarray:
    """Return the logit of cosines under the settings of an axis."""
    known = {name: c.default for name, c in definition.constants.items()} | sets
    given = {c: known[str(c)] for c in program.consts if str(c) in known}
    known |= {str(n): float(value.subs(given)) for n, _, value in program.derived}
    known |= {str(rest): 0.0 for _, rest, _ in program.derived}
    return compiled(program)(cosine, *(known[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    theta = np.linspace(0, math.pi, 721)
    figure, axes = plt.subplots(figsize=(7, 4))
    (plain, _), *_ = ARCFACE_LOGIT.programs.values()
    for name, value in ARCFACE_AXES["policy"].values.items():
        numbers = {k: v for k, v in value.sets.items() if isinstance(v, float)}
        axes.plot(theta, curve(ARCFACE_LOGIT, plain, numbers, np.cos(theta)), label=name)
    axes.set(xlabel="angle", ylabel="logit, margin 0.5")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved
#
# Every rewrite above, and that the smaller of $\cos(\theta + m)$ and $\cos\theta$ changes where
# $\theta + m/2 = \pi$, for their difference is $2\sin(\theta + m/2)\sin(m/2)$:

# %%
if __name__ == "__main__":
    for rule in angles.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
