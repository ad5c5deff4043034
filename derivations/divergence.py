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
# # Kullback-Leibler divergence, term by term
#
# $$\mathrm{KL}(t \,\|\, p) = \sum_k t_k\,(\log t_k - \log p_k)$$
#
# A library's loss is one term of this sum, and what it divides by says whether the divergence comes
# out: torch's `reduction="mean"` divides by the number of terms, its `"batchmean"` by the rows.
# torch takes $\log p$, and $t$ or $\log t$; keras takes both as probabilities and clips them.
#
# | loss | published as |
# |---|---|
# | divergence | Kullback and Leibler: *On information and sufficiency*, Ann. Math. Statist. 22, 1951 |

# %%
"""Kullback-Leibler divergence of single terms: definitions and conventions."""

import math
from collections.abc import Callable

import numpy as np

from refloss.symbolic import emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import divergence
from refloss.symbolic.vocabulary.elements import Elements, weighted_loss

# %% [markdown]
# ## Of logarithms
#
# The slope by $\log p$ is $-t$. By $t$ it is $\log t - \log p + 1$, and by $\log t$ that times $t$.
# $0 \log 0$ is 0.


# %%
def kl_div(form: Form) -> Program:
    """Return a term of the divergence, from log p and t."""
    P = Build("kl_div", form, "divergence of a probability from the logarithm of another")
    a = Elements(P)
    a.real("log_probs", "target", "weight")
    divergence.of_probabilities(a)
    weighted_loss(a, a.term)
    return P.finish("loss")


def kl_div_log(form: Form) -> Program:
    """Return a term of the divergence, from log p and log t."""
    P = Build("kl_div_log", form, "divergence of two probabilities from their logarithms")
    a = Elements(P)
    a.real("log_probs", "target", "weight")
    divergence.of_logarithms(P, a)
    weighted_loss(a, a.term)
    return P.finish("loss")


# %% [markdown]
# ## Of probabilities
#
# $\log t - \log p$ cancels where $t$ and $p$ are close; there it is
# $\operatorname{log1p}((t - p)/p)$, and $t - p$ is exact.


# %%
def kl_div_probs(form: Form) -> Program:
    """Return a term of the divergence, from p and t."""
    P = Build("kl_div_probs", form, "divergence of two probabilities")
    a = Elements(P)
    a.real("probs", "target", "weight")
    divergence.clipped(P, a, P.const("clip"))
    weighted_loss(a, a.term)
    return P.finish("loss")


# %% [markdown]
# ## Conventions

# %%
MEANS = {
    "denominator": AxisOf(
        "what `reduction='mean'` divides the sum by; a number divides by itself",
        "items",
        {
            "items": Value("the number of terms", source="torch, reduction='mean'"),
            "rows": Value("the length of the first axis", source="torch 'batchmean'; keras; optax"),
            "weights": Value("the sum of the weights", source="weighted means"),
        },
        number=True,
    ),
    "empty": AxisOf(
        "the mean over nothing: of no term, or of weights that add up to 0",
        "nan",
        {
            "nan": Value("0/0", source="torch"),
            "zero": Value("0, with gradient 0", source="libraries that multiply the sum by 0"),
        },
    ),
}
POSITIVE = (0.0, math.inf)
SOURCE = "Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951)."
AT_0 = Singular("t = 0", "limit", "0", "0 by log p; -log p by t, as if log 0 were 0")

KL_DIV = Definition(
    name="kl_div",
    title="Kullback-Leibler divergence, term by term,",
    family="log_probabilities",
    source=SOURCE + " torch.nn.functional.kl_div.",
    formula="""
loss = weight t (log t - log_probs);  t = target, or exp(target) where targets are logarithms""",
    inputs={"log_probs": ("log_probs",), "target": ("target",), "weight": ("weight",)},
    programs={
        "kl_div": (kl_div("plain"), kl_div("stable")),
        "kl_div_log": (kl_div_log("plain"), kl_div_log("stable")),
    },
    constants={},
    axes={
        "targets": AxisOf(
            "what targets are",
            "probabilities",
            {
                "probabilities": Value("probabilities", program="kl_div", source="torch, optax"),
                "logarithms": Value(
                    "their logarithms", program="kl_div_log", source="torch, log_target=True"
                ),
            },
        ),
        **MEANS,
    },
    presets={
        "torch": Preset({"denominator": "items"}, "torch.nn.functional.kl_div, 'mean'"),
        "torch_batchmean": Preset(
            {"denominator": "rows"}, "torch.nn.functional.kl_div, 'batchmean'"
        ),
        "optax": Preset({"denominator": "rows"}, "optax.kl_divergence, averaged"),
    },
    singular=(AT_0,),
    subgradients="none: the loss is smooth.",
    program_axis="targets",
    wrt={"kl_div": ("log_probs", "target"), "kl_div_log": ("log_probs", "target")},
    domains={"kl_div.target": POSITIVE, "weight": POSITIVE},
    weights=("weight",),
)
KL_DIV_PROBS = Definition(
    name="kl_div_probs",
    title="Kullback-Leibler divergence, term by term,",
    family="probabilities",
    source=SOURCE + " keras.losses.kl_divergence.",
    formula="""
loss = weight t (log t - log p);  t, p = target, probs, neither below clip""",
    inputs={"probs": ("probs",), "target": ("target",), "weight": ("weight",)},
    programs={"kl_div_probs": (kl_div_probs("plain"), kl_div_probs("stable"))},
    constants={"clip": Constant(0.0, "neither probability is below it")},
    axes={"clip": AxisOf("neither probability is below it", 0.0, sets="clip", most=1.0), **MEANS},
    presets={
        "keras": Preset({"clip": 1e-7, "denominator": "rows"}, "keras.losses.kl_divergence"),
    },
    singular=(
        Singular("t = 0, nothing clipped", "limit", "0", "0 by p; -log p by t, as if log 0 were 0"),
        Singular("p = 0 < t, nothing clipped", "undefined", "+inf", "0"),
        Singular("p or t = clip", "tie", "as on both sides", "half of the inner slope"),
    ),
    subgradients="where a probability is at the clip, half of the slope inside; none elsewhere.",
    wrt={"kl_div_probs": ("probs", "target")},
    domains={"probs": (0.0, 1.0), "target": (0.0, 1.0), "weight": POSITIVE},
    weights=("weight",),
)

DEFINITIONS = (KL_DIV, KL_DIV_PROBS)

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

    p = np.linspace(0.01, 1, 100)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for t in (0.1, 0.5, 1.0):
        terms = compiled(kl_div_probs("stable"))(p, 0 * p + t, 0 * p + 1, 0.0)
        axes.plot(p, terms, label=f"t = {t:g}")
    axes.set(xlabel="p", ylabel="t (log t - log p)")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in divergence.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
