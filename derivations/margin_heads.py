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
# # Heads with a margin of the angle
#
# The heads of `heads` whose target logit is a function $\psi$ of the target's cosine, as `angular`
# defines it: $z_y = s\,\psi(\cos\theta_y)$, and $z_j = s\cos\theta_j$ of every other class.
#
# | head | target's logit | published as |
# |---|---|---|
# | ArcFace | $\cos(\theta_y + m)$ | Deng et al., CVPR 2019, arXiv 1801.07698 |
# | combined margin | $\cos(m_1\theta_y + m_2) - m_3$ | Deng et al., CVPR 2019 |
# | SphereFace, L-Softmax | $(-1)^k\cos(m\theta_y) - 2k$ | Liu et al., CVPR 2017; ICML 2016 |
# | sub-centre ArcFace | $\cos(\theta_y + m)$, of the nearest of a class's centres | Deng et al., ECCV 2020 |

# %%
"""Heads with a margin of the angle: definitions and conventions."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import sympy as sp

from derivations import angular, combined_margins
from derivations.angle_multiples import SPHEREFACE_LOGIT
from derivations.combined_margins import COMBINED_MARGIN_LOGIT
from derivations.heads import (
    CONSTANTS,
    INPUTS,
    SMOOTH,
    TORCH_EPS,
    WRT,
    ZERO_VECTORS,
    axes,
    cosine_head,
    divisors,
    inputs_of,
)
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.functions import StraightThrough
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import angles, layers, multiples, subcenters
from refloss.symbolic.vocabulary import heads as head
from refloss.symbolic.vocabulary.angles import Pair
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.heads import CLASS, ITEM, PART, Heads
from refloss.symbolic.vocabulary.layers import Slope
from refloss.symbolic.vocabulary.subcenters import CENTER

# %% [markdown]
# ## The programs


# %%
def arcface(form: Form) -> Program:
    """Return the head with a margin of the angle, under any policy beyond pi."""
    doc = "softmax of scaled cosines, the target's that of an angle and a margin"
    return cosine_head("arcface", form, doc, lambda P, a, c: shaped(P, a, angular.arcface))


def combined_margin(form: Form) -> Program:
    """Return the head with a margin of the angle and one of the cosine."""
    doc = "softmax of scaled cosines, the target's that of an angle and a margin, less another"
    return cosine_head(
        "combined_margin", form, doc, lambda P, a, c: shaped(P, a, combined_margins.combined)
    )


def combined_multiple(form: Form) -> Program:
    """Return the head with margins of the angle, of its multiple, and of the cosine."""
    doc = "softmax of scaled cosines, the target's that of a multiple and a margin, less another"
    psi = combined_margins.multiplied
    return cosine_head("combined_multiple", form, doc, lambda P, a, c: shaped(P, a, psi))


def fallen(name: str, times: int, form: Form, *, layered: bool) -> Program:
    """Return the head whose target logit is the cosine of a multiple, which goes on falling.

    A `layered` one may have the derivatives of the published layer.
    """
    P = Build(
        name, form, f"softmax of scaled cosines, the target's that of {times} times its angle"
    )
    a = inputs_of(P)
    of_x, of_weight = divisors(P)
    head.products(P, a, of_x, of_weight)
    e, _ = of_target(P, a)
    falls, annealing = P.const("falls"), P.const("annealing")
    multiples.fallen(P, e, times, falls)
    multiples.annealed(e, "fallen", annealing)
    angles.stepped(e, e.blend, P.const("attached"))
    goal = a.reach * e.logit
    if layered:
        tilt = multiples.tilted(P, e, times, falls)
        slope = Slope(e.kept, e.fallen, tilt, annealing)
        pulled = layers.normalised(P, a, of_weight, slope)
        goal = StraightThrough(goal, pulled, P.const("derived"))
    head.logits(P, a, a.scale * goal, a.scale * a.product)
    head.loss(P, a)
    return P.finish("loss")


def of_target(P: Build, a: Heads) -> tuple[Elements, Pair]:
    """Return the target's cosine as that of one, cut where it is to be, and the largest."""
    e = Elements(P, ITEM, {"cosine": a["cosine"]})
    most = Pair.of(P, "most", P.const("limit"))
    angles.cut(e, "cosine", most)
    return e, most


def shaped(P: Build, a: Heads, shape: Callable[[Build, Elements, Pair], sp.Expr]) -> sp.Expr:
    """Return the target's logit as a function of its angle, written as that of one cosine."""
    e, most = of_target(P, a)
    angles.stepped(e, shape(P, e, most), P.const("attached"))
    return e.logit


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(arcface("plain"))))

# %% [markdown]
# ## Several centres of a class
#
# With labels that may be wrong, a class is given $K$ vectors, and is as near to an embedding as the
# nearest of them, $\cos\theta_j = \max_k W_{jk}\cdot x/(\|W_{jk}\|\,\|x\|)$: what does not belong
# to a class gathers about a centre that is not the largest. The derivative goes to the nearest
# centre; where several are, they share it evenly.


# %%
def subcenter_arcface(form: Form) -> Program:
    """Return the ArcFace head of classes that are as near as the nearest of their centres."""
    doc = (
        "softmax of scaled cosines with the nearest centres, the target's of an angle and a margin"
    )
    P = Build("subcenter_arcface", form, doc)
    a = inputs_of(P, CLASS, CENTER, PART)
    subcenters.products(P, a, *divisors(P, kept=False))
    head.logits(P, a, a.scale * shaped(P, a, angular.arcface), a.scale * a.product)
    head.loss(P, a)
    return P.finish("loss")


if __name__ == "__main__":
    display(Math(latex_text.aligned(subcenter_arcface("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    wrt = ["x", "weight", "scale"]
    display(Math(latex_text.aligned(calculus.grad(subcenter_arcface("stable"), "loss", wrt))))

# %% [markdown]
# ## Conventions


# %%
def angular_axes(known: dict[str, AxisOf]) -> dict[str, AxisOf]:
    """Return the axes of a logit of one cosine, but for its scale, which a head has as an input."""
    return {name: axis for name, axis in known.items() if name != "scale"}


def angular_presets(known: dict[str, Preset]) -> dict[str, Preset]:
    """Return the presets of a logit of one cosine, of embeddings divided as torch does it."""
    return {n: replace(p, axes={**TORCH_EPS, **p.axes}) for n, p in known.items()}


def rotated(
    name: str,
    title: str,
    psi: str,
    logit: Definition,
    programs: Mapping[str, Callable[[Form], Program]],
) -> Definition:
    """Return the head whose target logit is one with a margin of the angle, `psi` in words."""
    known = angular_axes(dict(logit.axes))
    if logit.program_axis:
        known[logit.program_axis] = angular.with_programs(logit, programs)
    return Definition(
        name=name,
        title=title,
        family="heads",
        source=logit.source,
        formula=f"""\
loss = -log softmax(z)_y,  z_y = scale psi(cos(theta_y)), z_j = scale cos(theta_j)
psi: as of {logit.name}, {psi}""",
        inputs=INPUTS,
        programs={each: (build("plain"), build("stable")) for each, build in programs.items()},
        constants={**CONSTANTS, **logit.constants},
        axes=axes(known),
        presets=angular_presets(dict(logit.presets)),
        singular=(*ZERO_VECTORS, *logit.singular),
        subgradients=f"{SMOOTH} Of the logit: {logit.subgradients}",
        program_axis=logit.program_axis,
        wrt=dict.fromkeys(programs, WRT),
    )


ARCFACE = rotated(
    "arcface",
    "ArcFace head",
    "cos(theta + margin) and what a policy puts in its place beyond pi",
    angular.ARCFACE_LOGIT,
    {"arcface": arcface},
)
COMBINED_MARGIN = rotated(
    "combined_margin",
    "Combined-margin head",
    "cos(m1 theta + m2) - m3 and what a guard puts in its place beyond pi",
    COMBINED_MARGIN_LOGIT,
    {"combined_margin": combined_margin, "combined_multiple": combined_multiple},
)


DERIVED = Constant(1.0, "0: the derivative of the target's logit is that of the layer for Caffe")
CAFFE = Value(
    "that of the layer: by x the coefficients of W/|W| and x, psi' and (psi - c psi')/|x|, are "
    "divided by the root of the sum of their squares, the annealing's share is not; by W it is x",
    {"attached": 1.0, "derived": 0.0},
    "wy1iu sphereface MarginInnerProduct for Caffe, with classes='in_place'",
)


def multiplied(
    name: str, title: str, formula: str, classes: str, presets: dict[str, Preset]
) -> Definition:
    """Return a head of a multiple of the angle, of embeddings that keep their length."""
    logit = SPHEREFACE_LOGIT
    programs = {f"{name}_{times}": times for times in range(1, multiples.LARGEST + 1)}
    margins = logit.axes["margin"]
    values = {
        str(times): replace(margins.values[str(times)], program=program)
        for program, times in programs.items()
    }
    layered = name == "sphereface"
    gradient = logit.axes["gradient"]
    known = angular_axes(dict(logit.axes)) | {"margin": replace(margins, values=values)}
    if layered:
        others = {
            style: replace(value, sets={**value.sets, "derived": 1.0})
            for style, value in gradient.values.items()
        }
        known["gradient"] = replace(gradient, values={**others, "caffe": CAFFE})
    kept = {"keeps_x": 1.0, "keeps_weight": float(classes == "kept")}
    return Definition(
        name=name,
        title=title,
        family="heads",
        source=logit.source,
        formula=formula,
        inputs=INPUTS,
        programs={
            program: (
                fallen(program, times, "plain", layered=layered),
                fallen(program, times, "stable", layered=layered),
            )
            for program, times in programs.items()
        },
        constants={
            **CONSTANTS,
            **logit.constants,
            **({"derived": DERIVED} if layered else {}),
            **{n: replace(CONSTANTS[n], default=amount) for n, amount in kept.items()},
        },
        axes=axes(known, embedding="kept", classes=classes, scale=1.0),
        presets=presets,
        singular=ZERO_VECTORS,
        subgradients=f"{SMOOTH} Of the logit: {logit.subgradients}",
        program_axis="margin",
        wrt=dict.fromkeys(programs, WRT),
    )


SPHEREFACE = multiplied(
    "sphereface",
    "SphereFace (A-Softmax) head",
    """\
loss = -log softmax(z)_y,  z_y = scale |x| psi(cos(theta_y)), z_j = scale |x| cos(theta_j)
psi: as of sphereface_logit; embedding='unit' leaves |x| out (F-normalised SphereFace)""",
    "unit",
    {
        "paper": Preset({"margin": "4"}, "Liu et al., arXiv 1704.08063"),
        "caffe": Preset(
            {"margin": "4", "annealing": 5.0, "gradient": "caffe", "classes": "in_place"},
            "wy1iu sphereface MarginInnerProduct, QUADRUPLE, at its least lambda",
        ),
        "clcarwin": Preset(
            {**TORCH_EPS, "margin": "4", "annealing": 5.0, "limit": 1.0},
            "clcarwin/sphereface_pytorch at its least lambda",
        ),
        "ronghuaiyang": Preset(
            {**TORCH_EPS, "margin": "4", "annealing": 5.0, "limit": 1.0},
            "arcface-pytorch SphereProduct at its least lambda",
        ),
        "f_normalised": Preset(
            {"margin": "4", "embedding": "unit", "scale": 64.0}, "embeddings of one length"
        ),
        "pytorch_metric_learning": Preset(
            {"margin": "4"},
            "pytorch-metric-learning 2.9.0, losses.sphereface_loss SphereFaceLoss, scale 1; its "
            "eps acts on vectors shorter than 1e-12",
        ),
    },
)
L_SOFTMAX = multiplied(
    "l_softmax",
    "L-Softmax (large-margin softmax) head",
    """\
loss = -log softmax(z)_y,  z_y = scale |W_y| |x| psi(cos(theta_y)), z_j = scale W_j.x
psi: as of sphereface_logit""",
    "kept",
    {
        "double": Preset({"margin": "2"}, "Liu et al., arXiv 1612.02295, m = 2"),
        "paper": Preset({"margin": "4"}, "Liu et al., arXiv 1612.02295, m = 4"),
        "pytorch_metric_learning": Preset(
            {"margin": "4"},
            "pytorch-metric-learning 2.9.0, losses.large_margin_softmax_loss "
            "LargeMarginSoftmaxLoss, scale 1; its eps acts on vectors shorter than 1e-12",
        ),
    },
)
KEPT = ("keeps_x", "keeps_weight")
SUBCENTER_ARCFACE = Definition(
    name="subcenter_arcface",
    title="Sub-centre ArcFace head",
    family="heads of sub-centres",
    source=(
        "Deng, Guo, Liu, Gong, Zafeiriou: Sub-center ArcFace, ECCV 2020, section 3.2; "
        f"{angular.ARCFACE_LOGIT.source}"
    ),
    formula="""\
loss = -log softmax(z)_y,  z_y = scale psi(cos(theta_y)), z_j = scale cos(theta_j)
cos(theta_j) = max_k x.W_jk/(|x| |W_jk|);  psi: as of arcface_logit""",
    inputs=INPUTS,
    programs={"subcenter_arcface": (subcenter_arcface("plain"), subcenter_arcface("stable"))},
    constants={
        **{name: constant for name, constant in CONSTANTS.items() if name not in KEPT},
        **angular.ARCFACE_LOGIT.constants,
    },
    axes={
        name: axis
        for name, axis in axes(angular_axes(dict(angular.ARCFACE_AXES))).items()
        if name not in ("embedding", "classes")
    },
    presets={
        "paper": Preset({"policy": "raw", "scale": 64.0}, "Deng et al., ECCV 2020, K = 3"),
        "insightface": Preset(
            {"policy": "raw", "scale": 64.0}, "insightface recognition/subcenter_arcface, mxnet"
        ),
        "pytorch_metric_learning": Preset(
            {**TORCH_EPS, **angular.PRESETS["pytorch_metric_learning"].axes},
            "pytorch-metric-learning 2.9.0, losses.subcenter_arcface_loss SubCenterArcFaceLoss, "
            "sub_centers=3; W is (D, C*K)",
        ),
    },
    singular=(
        *ZERO_VECTORS,
        Singular(
            "several centres of a class that are equally near",
            "tie",
            "their cosine",
            "shared evenly; torch max(dim): the first has all of it",
        ),
        *angular.ARCFACE_LOGIT.singular,
    ),
    subgradients=f"{SMOOTH} Of the largest cosine of a class: centres that have it share its "
    f"derivative evenly. Of the logit: {angular.ARCFACE_LOGIT.subgradients}",
    wrt={"subcenter_arcface": WRT},
)

DEFINITIONS = (ARCFACE, COMBINED_MARGIN, SPHEREFACE, L_SOFTMAX, SUBCENTER_ARCFACE)

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in (*angles.RULES, *subcenters.RULES):
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
