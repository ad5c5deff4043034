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
# # The target logit of a multiple of the angle
#
# SphereFace and L-Softmax (Liu et al., CVPR 2017 and ICML 2016) take the target's logit from $m$
# times its angle, as `angular` takes it from the angle and a margin.

# %%
"""The target logit of a whole multiple of the angle: definition and conventions."""

from derivations.angular import DOMAINS, INPUTS, SHARED, SHARED_CONSTANTS, begin, finish
from refloss.symbolic import emit, rules
from refloss.symbolic.build import Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import multiples

# %% [markdown]
# ## SphereFace and L-Softmax
#
# $\psi = (-1)^k\cos(m\theta) - 2k$ for $k\pi/m \le \theta \le (k+1)\pi/m$ falls from 1 to
# $1 - 2m$, and has the slope 0 at both sides of every border: it is differentiable once there, and
# not twice. It is a polynomial of the cosine between borders, so that its slope is $m^2$ at both
# ends, and there is nothing singular:
#
# $$\cos(m\theta) = 2^{m-1}\prod_{k=0}^{m-1}\Bigl(c - \cos\tfrac{(2k+1)\pi}{2m}\Bigr), \qquad
#   \frac{d\cos(m\theta)}{dc} = m\,2^{m-1}\prod_{k=1}^{m-1}\Bigl(c - \cos\tfrac{k\pi}{m}\Bigr).$$
#
# Training starts from the mean of $\psi$ and $\lambda c$, $(\lambda c + \psi)/(1 + \lambda)$, with
# a $\lambda$ that falls by a schedule.


# %%
def fallen_logit(name: str, times: int, form: Form) -> Program:
    """Return the cosine of a multiple of the angle that goes on falling."""
    P, a, _ = begin(name, form, f"SphereFace logit, margin {times}")
    multiples.fallen(P, a, times, P.const("falls"))
    multiples.annealed(a, "fallen", P.const("annealing"))
    return finish(P, a, a.blend)


SPHEREFACE = {f"sphereface_logit_{times}": times for times in range(1, multiples.LARGEST + 1)}

# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(fallen_logit("sphereface_logit_4", 4, "plain"))))

# %% [markdown]
# The stable form, with its zeros and borders:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(fallen_logit("sphereface_logit_4", 4, "stable"))))


# %% [markdown]
# ## Conventions

# %%
SPHEREFACE_LOGIT = Definition(
    name="sphereface_logit",
    title="SphereFace logit",
    family="cosines",
    source="Liu et al., L-Softmax, ICML 2016, arXiv 1612.02295; SphereFace, CVPR 2017, arXiv "
    "1704.08063.",
    formula="""\
psi = (-1)^k cos(m theta) - 2 k where k pi/m <= theta <= (k + 1) pi/m
loss = scale (annealing c + psi)/(1 + annealing); psi = cos(m theta) in its bare form""",
    inputs=INPUTS,
    programs={
        name: (fallen_logit(name, times, "plain"), fallen_logit(name, times, "stable"))
        for name, times in SPHEREFACE.items()
    },
    constants={
        "falls": Constant(1.0, "0: the cosine of the multiple, which rises again"),
        "annealing": Constant(0.0, "how many times the cosine counts beside psi"),
        **SHARED_CONSTANTS,
    },
    axes={
        "margin": AxisOf(
            "by what the angle is multiplied",
            "4",
            {
                str(times): Value(f"m = {times}, {word}", program=name)
                for (name, times), word in zip(
                    SPHEREFACE.items(),
                    ("single", "double", "triple", "quadruple", "quintuple"),
                    strict=True,
                )
            },
        ),
        "form": AxisOf(
            "what the logit does where cos(m theta) turns",
            "falling",
            {
                "falling": Value("it goes on falling", {"falls": 1.0}, "the papers"),
                "bare": Value(
                    "it rises again: cos(m theta) itself",
                    {"falls": 0.0},
                    "insightface mxnet and Paddle with m1 = m",
                ),
            },
        ),
        "annealing": AxisOf(
            "lambda: how many times the cosine counts beside psi", 0.0, sets="annealing"
        ),
        **SHARED,
    },
    program_axis="margin",
    presets={
        "paper": Preset({"margin": "4"}, "Liu et al., arXiv 1704.08063"),
        "l_softmax": Preset({"margin": "2"}, "Liu et al., arXiv 1612.02295, double"),
        "caffe": Preset(
            {"margin": "4", "annealing": 5.0},
            "wy1iu sphereface at its least lambda; its layer's gradient is another",
        ),
        "ronghuaiyang": Preset(
            {"margin": "4", "annealing": 5.0, "limit": 1.0},
            "arcface-pytorch SphereProduct, clcarwin, MuggleWang, at their least lambda",
        ),
        "pytorch_metric_learning": Preset(
            {"margin": "4"},
            "pytorch-metric-learning 2.9.0, losses.sphereface_loss SphereFaceLoss",
        ),
    },
    singular=(),
    subgradients="none: the slope is 0 on both sides of every border. The second derivative there "
    "is that beyond it.",
    domains=DOMAINS,
)

DEFINITIONS = (SPHEREFACE_LOGIT,)

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in multiples.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
