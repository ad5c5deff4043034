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
# # Heads over given cosines
#
# Much code has the cosines of a batch with all classes at hand, a matrix $c$ of $B$ rows and $C$
# columns, and asks for the loss of those: the target's cosine is replaced, all are scaled, and the
# cross-entropy of the row is taken,
#
# $$z_y = s\,\psi(c_y), \qquad z_j = s\,c_j, \qquad L = -w_y \log \mathrm{softmax}(z)_y .$$
#
# $\psi$ is that of the logit of one cosine, in `angular`; a head over embeddings and classes, in
# `heads`, takes the same. With $\psi(c) = c$, which is CosFace with the margin 0, it is NormFace,
# and the cross-entropy of cosines at the temperature $1/s$.

# %%
"""Heads over given cosines: definitions and conventions."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import sympy as sp

from derivations import angular, classification, combined_margins
from derivations.angle_multiples import SPHEREFACE_LOGIT
from derivations.classification import EMPTY, compiled
from derivations.combined_margins import COMBINED_MARGIN_LOGIT
from derivations.margins import TARGETS
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import angles, multiples
from refloss.symbolic.vocabulary import cosine_rows as cosines
from refloss.symbolic.vocabulary.angles import Pair
from refloss.symbolic.vocabulary.cosine_rows import Psi
from refloss.symbolic.vocabulary.elements import Elements
from refloss.symbolic.vocabulary.rows import CLASS, ITEM, Rows

# %% [markdown]
# ## The programs
#
# The stable form measures every cosine from the largest, or from the target's logit if that is
# larger, before anything is scaled. A scale of 64 makes 64 ulp of the exponential of one of a
# cosine: what the difference and its product with the scale lose to rounding is carried along,
#
# $$e^{s c_j - s c_a} = e^{\delta}\,(1 + s\,\epsilon_- + \epsilon_\times), \qquad
#   \delta = s\,(c_j - c_a),$$
#
# with both errors, which are floating-point numbers themselves (Knuth, Dekker). What $\psi$ is
# rounded by remains: it is what one cosine would be.


# %%
def row_head(name: str, form: Form, doc: str, psi: Psi) -> Program:
    """Return the head over cosines whose target logit is a function of its cosine."""
    P = Build(name, form, doc)
    a = Rows(P)
    a.real("cosine", ITEM, CLASS)
    a.label("target", ITEM)
    a.real("class_weight", CLASS)
    cosines.scores(P, a, psi, P.const("everywhere"))
    cosines.softmax_loss(P, a, P.wide("scale"))
    return P.finish("loss")


def stepped(psi: Psi) -> Psi:
    """Return a logit whose derivative may be that of the cosine."""

    def step(P: Build, e: Elements, most: Pair) -> sp.Expr:
        angles.stepped(e, psi(P, e, most), P.const("attached"))
        return e.logit

    return step


def fallen(times: int) -> Psi:
    """Return the cosine of a multiple of the angle, which goes on falling."""

    def fall(P: Build, e: Elements, most: Pair) -> sp.Expr:
        multiples.fallen(P, e, times, P.const("falls"))
        multiples.annealed(e, "fallen", P.const("annealing"))
        return e.blend

    return fall


def cosface(form: Form) -> Program:
    """Return the head with a margin of the cosine."""
    doc = "softmax of given cosines, the target's less a margin"
    return row_head("cosface_cosine", form, doc, angular.cosface)


def arcface(form: Form) -> Program:
    """Return the head with a margin of the angle, under any policy beyond pi."""
    doc = "softmax of given cosines, the target's that of an angle and a margin"
    return row_head("arcface_cosine", form, doc, stepped(angular.arcface))


def combined_margin(form: Form) -> Program:
    """Return the head with a margin of the angle and one of the cosine."""
    doc = "softmax of given cosines, the target's that of an angle and a margin, less another"
    return row_head("combined_margin_cosine", form, doc, stepped(combined_margins.combined))


def combined_multiple(form: Form) -> Program:
    """Return the head with margins of the angle, of its multiple, and of the cosine."""
    doc = "softmax of given cosines, the target's that of a multiple and a margin, less another"
    return row_head("combined_multiple_cosine", form, doc, stepped(combined_margins.multiplied))


def sphereface(times: int, form: Form) -> Program:
    """Return the head whose target logit is that of a multiple of the angle."""
    doc = f"softmax of given cosines, the target's that of {times} times its angle"
    return row_head(f"sphereface_cosine_{times}", form, doc, stepped(fallen(times)))


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(cosface("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(cosface("stable"), "loss", ["cosine"]))))

# %% [markdown]
# ## Conventions
#
# All of the logit's, and those of a loss of rows. Where a logit cuts cosines to $[-l, l]$, code that
# has them all may cut them all.

# %%
CUTS = AxisOf(
    "which cosines are cut to the limit",
    "target",
    {
        "target": Value(
            "that of the target", {"everywhere": 0.0}, "pytorch-metric-learning, cvqluu"
        ),
        "all": Value(
            "those of all classes",
            {"everywhere": 1.0},
            "insightface, TreB1eN, MagFace, AdaFace",
        ),
    },
)
DENOMINATOR = replace(classification.DENOMINATOR, default="kept")
EVERYWHERE = Constant(0.0, "1: the cosines of all classes are cut, not the target's alone")


def row_axes(logit: Definition, scale: float) -> dict[str, AxisOf]:
    """Return the axes of a head over cosines, from those of its logit."""
    about = "what multiplies the cosines, all of them"
    return {
        "targets": TARGETS,
        **logit.axes,
        "scale": AxisOf(about, scale, sets="scale"),
        "cuts": CUTS,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    }


def row_presets(logit: Definition, all_cut: tuple[str, ...]) -> dict[str, Preset]:
    """Return the presets of a logit; those named cut the cosines of all classes."""
    return {
        name: replace(preset, axes={**preset.axes, "cuts": "all"}) if name in all_cut else preset
        for name, preset in logit.presets.items()
    }


# %% [markdown]
# ## The definitions

# %%
ROWS = (
    Singular("a cosine NaN", "undefined", "NaN in its row", "NaN in its row"),
    Singular(
        "cosines that are cut, with cuts='all'", "undefined", "that of the limit", "0 by them"
    ),
)


def over_cosines(
    name: str,
    title: str,
    logit: Definition,
    programs: Mapping[str, Callable[[Form], Program]],
    presets: Mapping[str, Preset],
    scale: float = 64.0,
) -> Definition:
    """Return the head over given cosines whose target logit is that of one cosine."""
    axes = row_axes(logit, scale)
    if logit.program_axis:
        axes[logit.program_axis] = angular.with_programs(logit, programs)
    return Definition(
        name=name,
        title=title,
        family="cosine_rows",
        source=logit.source,
        formula=f"""\
loss = -w_y log softmax(z)_y,  z_y = scale psi(c_y), z_j = scale c_j
psi: as of {logit.name}, without its scale""",
        inputs={n: (n,) for n in ("cosine", "target", "class_weight")},
        programs={each: (build("plain"), build("stable")) for each, build in programs.items()},
        constants={
            **logit.constants,
            "scale": Constant(scale, "what multiplies the cosines"),
            "everywhere": EVERYWHERE,
        },
        axes=axes,
        presets=presets,
        singular=(*ROWS, *logit.singular),
        subgradients=f"of the softmax none; of the logit: {logit.subgradients}",
        program_axis=logit.program_axis,
        wrt=dict.fromkeys(programs, ("cosine",)),
        domains={"cosine": angular.DOMAINS["cosine"]},
    )


def _sphereface(times: int) -> Callable[[Form], Program]:
    return lambda form: sphereface(times, form)


PADDLE = "paddle.nn.functional.margin_cross_entropy"
ARCFACE_COSINE = over_cosines(
    "arcface_cosine",
    "ArcFace over given cosines",
    angular.ARCFACE_LOGIT,
    {"arcface_cosine": arcface},
    {
        **row_presets(
            angular.ARCFACE_LOGIT,
            ("insightface", "insightface_2022", "treb1en", "magface", "adaface"),
        ),
        "paddle": Preset({"policy": "raw", "denominator": "items"}, PADDLE),
    },
)
COSFACE_COSINE = over_cosines(
    "cosface_cosine",
    "CosFace (AM-Softmax, LMCL) over given cosines",
    angular.COSFACE_LOGIT,
    {"cosface_cosine": cosface},
    {
        **row_presets(angular.COSFACE_LOGIT, ("treb1en", "insightface", "adaface")),
        "normface": Preset({"margin": 0.0}, "NormFace, arXiv 1704.06369: the cosines, scaled"),
    },
)
COMBINED_MARGIN_COSINE = over_cosines(
    "combined_margin_cosine",
    "Combined margin over given cosines",
    COMBINED_MARGIN_LOGIT,
    {
        "combined_margin_cosine": combined_margin,
        "combined_multiple_cosine": combined_multiple,
    },
    {
        **row_presets(COMBINED_MARGIN_LOGIT, ("insightface", "sphereface_r")),
        "paddle": Preset(
            {"margin": 0.5, "cosine_margin": 0.0, "denominator": "items"}, f"{PADDLE}, its defaults"
        ),
    },
)
SPHEREFACE_COSINE = over_cosines(
    "sphereface_cosine",
    "SphereFace over given cosines",
    SPHEREFACE_LOGIT,
    {f"sphereface_cosine_{n}": _sphereface(n) for n in range(1, multiples.LARGEST + 1)},
    {
        **row_presets(SPHEREFACE_LOGIT, ("ronghuaiyang",)),
        "f_normalised": Preset({"margin": "4", "scale": 64.0}, "embeddings of one length"),
    },
    scale=1.0,
)

DEFINITIONS = (ARCFACE_COSINE, COSFACE_COSINE, COMBINED_MARGIN_COSINE, SPHEREFACE_COSINE)

# %% [markdown]
# ## Side by side
#
# Two classes; the cosine with the other one is 0, that with the target moves.


# %%
def turned(cosine: np.ndarray, program: Program, constants: Mapping[str, float]) -> np.ndarray:
    """Return the loss of two classes, the target's cosine given and the other's 0."""
    rows = np.stack([cosine, np.zeros_like(cosine)], axis=1)
    known = {c: constants[str(c)] for c in program.consts if str(c) in constants}
    known |= {nearest: float(value.subs(known)) for nearest, _, value in program.derived}
    known |= {rest: 0.0 for _, rest, _ in program.derived}
    target = np.zeros(len(rows), int)
    return compiled(program)(rows, target, np.ones(2), *(known[c] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    cosine = np.linspace(-0.999, 0.999, 400)
    figure, panel = plt.subplots(figsize=(7, 3.5))
    for definition in DEFINITIONS:
        plain, _ = list(definition.programs.values())[-1]
        defaults = {n: c.default for n, c in definition.constants.items()} | {"scale": 8.0}
        panel.plot(cosine, turned(cosine, plain, defaults), label=definition.name)
    panel.set(xlabel="cosine of the target", ylabel="loss at scale 8, the other cosine 0")
    panel.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved
#
# Those of the logits stand in `angular`, those of rows in `classification`; here is one more.

# %%
if __name__ == "__main__":
    for rule in cosines.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
