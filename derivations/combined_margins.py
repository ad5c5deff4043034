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
# # Target logits with several margins
#
# $\psi(c) = \cos(m_1\theta + m_2) - m_3$ (Deng et al., CVPR 2019, eq. 4) has the margins of
# SphereFace, ArcFace and CosFace at once. With $m_1 = 1$ it is made of the cosine and the sine; a
# real $m_1$ needs the angle.

# %%
"""Target logits with several margins: definitions and conventions."""

from collections.abc import Mapping

import sympy as sp

from derivations.angular import (
    CONE,
    DOMAINS,
    INPUTS,
    SHARED,
    SHARED_CONSTANTS,
    UNIT,
    angle_of,
    begin,
    finish,
)
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import angles, real_multiples
from refloss.symbolic.vocabulary.angles import Border, Margin, Pair
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.real_multiples import Multiple

# %% [markdown]
# ## The margin of the angle and that of the cosine
#
# $\cos(\theta + m_2) - m_3$ is 0 at
# $c_\pm = m_3\cos m_2 \pm \sqrt{1 - m_3^2}\,\sin m_2$, one of which is a zero of the logit:
#
# $$c\cos m_2 - m_3 - s\sin m_2 = \frac{(c - c_+)(c - c_-)}{c\cos m_2 - m_3 + s\sin m_2}.$$
#
# Keras_insightface mirrors it beyond $\theta + m_2 = \pi$. The class of insightface's that is named
# after it subtracts $m_3$ from the cosine alone where $m_3 > 0$, and adds $m_2$ elsewhere.


# %%
def combined(P: Build, a: Elements, most: Pair) -> sp.Expr:
    """Name what both margins make of the cosine ``kept``, and return the logit."""
    angle, less = angle_of(P), P.const("cosine_margin")
    again, level, drops = map(P.const, ("again", "level", "drops"))
    angles.sine(P, a, most)
    by = Margin.of(P, angle)
    angles.rotated(P, a, by)
    angles.lowered(P, a, by, angle, less)
    border = Pair.of(P, "border", -sp.cos(angle))
    offset = Pair.of(P, "offset", level * (1 + less))
    angles.bordered(a, Border(border, sp.S.Zero, again, offset), "lowered")
    a.let("alone", sp.Piecewise((drops, less > 0), (0, True)), "whether the angle has no margin")
    a.let("taken", sp.Piecewise((a.kept - less, a.alone > 0), (a.bent, True)))
    return a.taken


def combined_margin_logit(form: Form) -> Program:
    """Return the cosine of the angle and a margin, less another."""
    P, a, most = begin("combined_margin_logit", form, "combined-margin logit")
    return finish(P, a, combined(P, a, most))


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(combined_margin_logit("plain"))))

# %% [markdown]
# ## A real multiple of the angle
#
# $\theta = \operatorname{atan2}(s, c)$ has no more digits than its format, so that
# $\cos(m_1\theta + m_2) - m_3$ would have none where it is 0. The stable form measures the angle
# from the zero $\theta_0$ of $\psi$ between the same turns, whose cosine $C$ and sine $S$ are known
# as two floats each. Half of $\delta = \theta - \theta_0$ has the tangent
#
# $$\tan\tfrac{\delta}{2} = \frac{C - c}{S + s},$$
#
# whose difference is exact where it is small and whose sum has no sign to lose, and
#
# $$\psi = -2 \sin\tfrac{m_1\delta}{2}\,
#   \sin\bigl(m_1\theta_0 + m_2 + \tfrac{m_1\delta}{2}\bigr)$$
#
# is a product. Where there is no such zero, the end stands for it: from there $\psi$ only moves away
# from 0. The slope
#
# $$\frac{d\psi}{dc} = \frac{m_1 \sin(m_1\theta + m_2)}{\sin\theta}$$
#
# is measured in the same way from where it is 0, and from 0 and $\pi$. At those ends, where
# $\sin\theta$ is 0, its limit is $m_1^2\cos m_2$ if $\sin m_2 = 0$, and
# $-m_1^2\cos(m_1\pi + m_2)$ if $\sin(m_1\pi + m_2) = 0$; there is none else, and the slope is
# taken to be that all the same: the term that has no limit is left out, as with $m_1 = 1$.
#
# Published guards take the mirrored logit where $c \le \cos\frac{\pi - m_2}{m_1}$, which with
# $m_1 \le 2$, $m_2 = m_3 = 0$ is the $\psi$ of SphereFace-R, $(-1)^k\cos(m_1\theta) - 2k$.


# %%
def multiplied(P: Build, a: Elements, most: Pair) -> sp.Expr:
    """Name what all three margins make of the cosine ``kept``, and return the logit."""
    angle, less = angle_of(P), P.const("cosine_margin")
    times = P.const("multiple", positive=True)
    again, level = map(P.const, ("again", "level"))
    angles.sine(P, a, most)
    real_multiples.lowered(P, a, Multiple(times, angle, less))
    border = Pair.of(P, "border", sp.cos((sp.pi - angle) / times))
    offset = Pair.of(P, "offset", level * (1 + less))
    angles.bordered(a, Border(border, sp.S.Zero, again, offset), "lowered")
    return a.bent


def combined_multiple_logit(form: Form) -> Program:
    """Return the cosine of a multiple of the angle and a margin, less another."""
    P, a, most = begin("combined_multiple_logit", form, "combined-margin logit, real multiple")
    return finish(P, a, multiplied(P, a, most))


# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(combined_multiple_logit("plain"))))

# %% [markdown]
# The stable form, with its derivative:

# %%
if __name__ == "__main__":
    stable = combined_multiple_logit("stable")
    display(Math(latex_text.aligned(calculus.grad(stable, "loss", ["cosine"]))))

# %% [markdown]
# ## Conventions

# %%
LARGEST = 2.0
"""The largest multiple: up to it, and with margins up to pi, the first three zeros and the first two
turns are all there are before pi."""


def forms(programs: Mapping[str, str]) -> AxisOf:
    """Return the axis of which margins count, with the program of each of its values."""
    sets = {"combined": {"drops": 0.0}, "separate": {"drops": 1.0}, "multiplied": {}}
    about = {
        "combined": ("m2 and m3", "insightface mxnet and Paddle with m1 = 1"),
        "separate": (
            "c - m3 where m3 > 0, else cos(theta + m2)",
            "insightface arcface_torch CombinedMarginLoss",
        ),
        "multiplied": ("m1, m2 and m3: cos(m1 theta + m2) - m3", "the paper"),
    }
    return AxisOf(
        "which margins count",
        "combined",
        {
            name: Value(doc, sets[name], source, program=programs[name])
            for name, (doc, source) in about.items()
        },
    )


def named(combined: str, multiplied: str) -> dict[str, str]:
    """Return the program of every form."""
    return {"combined": combined, "separate": combined, "multiplied": multiplied}


ENDS = Singular(
    "cosine = 1 or -1 with form='multiplied', and beyond",
    "undefined",
    "that of the angle 0 or pi, beyond too",
    "scale m1^2 cos m2 at 1, -scale m1^2 cos(m1 pi + m2) at -1: the limit if the sine of m2, or of "
    "m1 pi + m2, is 0; else what is left of it without the term that has none",
)
MULTIPLIED = {"form": "multiplied"}
ALONE = {"margin": 0.0, "cosine_margin": 0.0}

COMBINED_MARGIN_LOGIT = Definition(
    name="combined_margin_logit",
    title="Combined-margin logit",
    family="cosines",
    source="Deng et al., ArcFace, CVPR 2019, arXiv 1801.07698, eq. 4.",
    formula="""\
psi = c cos m2 - s sin m2 - m3;  s = sqrt((1 - c) (1 + c)), 0 beyond 1
form='multiplied': psi = cos(m1 theta + m2) - m3;  theta = atan2(s, c)
loss = scale psi where c > border, else scale (again psi - offset)""",
    inputs=INPUTS,
    programs={
        "combined_margin_logit": (combined_margin_logit("plain"), combined_margin_logit("stable")),
        "combined_multiple_logit": (
            combined_multiple_logit("plain"),
            combined_multiple_logit("stable"),
        ),
    },
    constants={
        "margin": Constant(0.3, "the angle that is added"),
        "degrees": Constant(0.0, "1: the angle is in degrees"),
        "cosine_margin": Constant(0.2, "what is subtracted from the cosine"),
        "multiple": Constant(1.0, "what multiplies the angle"),
        "again": Constant(1.0, "factor of the logit beyond the border"),
        "level": Constant(0.0, "how often 1 + m3 is subtracted there"),
        "drops": Constant(0.0, "1: the angle has no margin where the cosine has one"),
        **SHARED_CONSTANTS,
    },
    axes={
        "margin": AxisOf("m2, the angle that is added", 0.3, sets="margin", most=180.0),
        "cosine_margin": AxisOf(
            "m3, what is subtracted from the cosine", 0.2, sets="cosine_margin", most=0.99
        ),
        "unit": UNIT,
        "guard": AxisOf(
            "the logit where theta + m2 >= pi",
            "none",
            {
                "none": Value(
                    "the same", {"again": 1.0, "level": 0.0}, "insightface mxnet, Paddle"
                ),
                "mirror": Value(
                    "-2 (1 + m3) - psi", {"again": -1.0, "level": 2.0}, "Keras_insightface"
                ),
            },
        ),
        "form": forms(named("combined_margin_logit", "combined_multiple_logit")),
        "multiple": AxisOf(
            "m1, what multiplies the angle, with form='multiplied'",
            1.0,
            sets="multiple",
            least=0.25,
            most=LARGEST,
        ),
        **SHARED,
    },
    presets={
        "insightface_mxnet": Preset(
            {"margin": 0.3, "cosine_margin": 0.2, "scale": 64.0},
            "insightface recognition mxnet, combined; Paddle margin_cross_entropy",
        ),
        "keras_insightface": Preset(
            {"guard": "mirror", "scale": 64.0}, "Keras_insightface CombinedMarginLoss"
        ),
        "insightface": Preset(
            {"form": "separate", "limit": 1.0, "scale": 64.0},
            "insightface arcface_torch CombinedMarginLoss",
        ),
        "paper": Preset(
            {**MULTIPLIED, "multiple": 0.9, "margin": 0.4, "cosine_margin": 0.15, "scale": 64.0},
            "Deng et al., arXiv 1801.07698, CM1",
        ),
        "cvqluu": Preset(
            {**MULTIPLIED, "multiple": 1.35, **ALONE, "scale": 64.0, "limit": 0.9999999},
            "Angular-Penalty-Softmax-Losses-Pytorch, sphereface",
        ),
        "sphereface_r": Preset(
            {
                **MULTIPLIED,
                "multiple": 1.7,
                **ALONE,
                "guard": "mirror",
                "gradient": "straight_through",
                "scale": 30.0,
                "limit": 0.99999,
            },
            "SphereFace-R: opensphere SphereFace",
        ),
    },
    program_axis="form",
    singular=(CONE, ENDS),
    subgradients="where the sine is 0 scale cos m2; with a multiple scale m1^2 cos m2 at 1 and -scale m1^2 "
    "cos(m1 pi + m2) at -1. That beyond the border at the border.",
    domains=DOMAINS,
)

DEFINITIONS = (COMBINED_MARGIN_LOGIT,)

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in real_multiples.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
