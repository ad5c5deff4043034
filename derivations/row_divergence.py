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
# # Divergences of a softmax
#
# How far is $p = \mathrm{softmax}(z/T)$ from probabilities $q$?
#
# $$\mathrm{KL}(q \,\|\, p) = \sum_k q_k \log\frac{q_k}{p_k}, \qquad
#   \mathrm{JS} = \tfrac12 \sum_k q_k \log\frac{q_k}{m_k} + \tfrac12 \sum_k p_k \log\frac{p_k}{m_k},
#   \qquad m = \frac{p + q}{2} .$$
#
# A student learns from a teacher's $q$ at a temperature $T$. The slope falls with $1/T$, and where
# $q$ has been softened by the same $T$ it falls with $1/T^2$: some multiply the loss by $T^2$.
#
# | loss | published as |
# |---|---|
# | divergence | Kullback and Leibler: *On information and sufficiency*, Ann. Math. Statist. 22, 1951 |
# | of a student | Hinton, Vinyals, Dean: *Distilling the Knowledge in a Neural Network*, arXiv 1503.02531 |
# | of the middle | Lin: *Divergence measures based on the Shannon entropy*, IEEE Trans. Inf. Theory 37, 1991 |

# %%
"""Divergences of a softmax from probabilities: definitions and conventions."""

import numpy as np
import sympy as sp

from derivations import classification
from derivations.classification import EMPTY, FACTOR, TEMPERATURE, compiled
from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import divergence_rows as divergences
from refloss.symbolic.vocabulary import rows as row

# %% [markdown]
# ## Kullback-Leibler
#
# Close to the optimum the terms $q_k \log(q_k/p_k) \approx q_k - p_k$ cancel in the sum, which is of
# the second order. The stable form adds up what each class has beyond the first order,
#
# $$\mathrm{KL} = \sum_k \bigl(q_k \log(q_k/p_k) + (p_k - q_k)\bigr) + \Bigl(\sum_k q_k - 1\Bigr),$$
#
# where no term of the first sum is negative: with $r = (p - q)/q$ it is $q\,(r - \log(1 + r))$. The
# last bracket is what rounding left of $\sum q = 1$; it is computed without an error of its own, for
# it is as large as all the rest once $p$ is $q$ to eight digits. Class weights that differ, or
# numbers that do not add up to about 1, leave nothing to cancel: there the terms are added up.
#
# The slope by a logit, $(p_k \sum q - q_k)/T$, is that of cross-entropy with probabilities.


# %%
def softmax_kl(form: Form) -> Program:
    """Return the divergence of a row's softmax from probabilities."""
    P = Build("softmax_kl", form, "Kullback-Leibler divergence of a softmax from probabilities")
    a = _inputs(P)
    row.scale(a, P.wide("temperature"))
    squared = P.const("times_square")
    row.log_sum_exp(P, a)
    divergences.kullback_leibler(P, a)
    a.let("loss", [row.ITEM], row.softened(a, a.divergence, squared))
    return P.finish("loss")


def _inputs(P: Build) -> row.Rows:
    a = row.Rows(P)
    a.real("logits", row.ITEM, row.CLASS)
    a.real("target", row.ITEM, row.CLASS)
    a.real("class_weight", row.CLASS)
    return a


# %% [markdown]
# ## Jensen-Shannon
#
# With $d = (p - q)/(p + q)$ the logarithms are $\log(p/m) = \log(1 + d)$ and $\log(q/m) = \log(1 - d)$;
# of the smaller number, where it is far the smaller, the logarithm is taken of its share. First
# orders cancel within a class, and what rounding does is of the size of $p - q$. The slope by $p$ is
# $\tfrac12 \log(p/m)$; through the softmax, what a class gives is set against what all others do.


# %%
def softmax_js(form: Form) -> Program:
    """Return the Jensen-Shannon divergence of a row's softmax and probabilities."""
    P = Build("softmax_js", form, "Jensen-Shannon divergence of a softmax and probabilities")
    a = _inputs(P)
    row.scale(a, P.wide("temperature"))
    bits, ln2 = P.const("in_bits"), P.number("ln_2", sp.log(2))
    row.log_sum_exp(P, a)
    divergences.jensen_shannon(P, a)
    a.let(
        "loss", [row.ITEM], sp.Piecewise((a.divergence, sp.Eq(bits, 0)), (a.divergence / ln2, True))
    )
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    for program in (softmax_kl, softmax_js):
        display(Math(latex_text.aligned(program("plain"))))

# %% [markdown]
# The gradient of the stable form by the logits, as the calculus composes it:

# %%
if __name__ == "__main__":
    for program in (softmax_kl, softmax_js):
        display(Math(latex_text.aligned(calculus.grad(program("stable"), "loss", ["logits"]))))

# %% [markdown]
# ## Conventions


# %%
def targets(program: str) -> AxisOf:
    """Return the one kind of target: probabilities, which select `program`."""
    return AxisOf(
        "what a target is",
        "probabilities",
        {
            "probabilities": Value(
                "one probability a class", program=program, source="torch kl_div, optax, scipy"
            )
        },
    )


DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {
        "items": Value("the number of rows", source="torch kl_div 'batchmean'; optax, keras"),
        "logits": Value("the number of probabilities", source="torch kl_div 'mean'"),
    },
    number=True,
)
UNIT = AxisOf(
    "unit of information",
    "nats",
    {
        "nats": Value("the natural logarithm", {"in_bits": 0.0}, "scipy jensenshannon"),
        "bits": Value(
            "the logarithm to base 2", {"in_bits": 1.0}, "scipy jensenshannon, base=2; Lin"
        ),
    },
)
INPUTS = {"logits": ("logits",), "target": ("target",), "class_weight": ("class_weight",)}
NO_LOGARITHM = "0 by it: q log q is 0 with slope 0, though the slope has no bound there"
SINGULAR = (
    Singular("every logit of a row -inf, or one +inf or NaN", "undefined", "NaN", "NaN"),
    Singular("a probability q = 0", "limit", "q log q is 0", NO_LOGARITHM),
)
SMOOTH = (
    "none: the loss is smooth. The largest logit, and the first among equals, is a reference point "
    "that cancels from value and derivatives."
)

# %% [markdown]
# ## The definitions

# %%
SOFTMAX_KL = Definition(
    name="softmax_kl",
    title="Kullback-Leibler divergence of a softmax",
    family="rows",
    source=(
        "Kullback and Leibler, On information and sufficiency, Ann. Math. Statist. 22 (1951); "
        "Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, arXiv 1503.02531."
    ),
    formula=r"""
loss = factor sum_k w_k q_k (log q_k - log p_k);  p = softmax(z / temperature)
q, w = target, class_weight;  factor: 1, or temperature^2""",
    inputs=INPUTS,
    programs={"softmax_kl": (softmax_kl("plain"), softmax_kl("stable"))},
    constants={
        "temperature": classification.CONSTANTS["temperature"],
        "times_square": classification.CONSTANTS["times_square"],
    },
    axes={
        "targets": targets("softmax_kl"),
        "temperature": TEMPERATURE,
        "factor": FACTOR,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "torch": Preset(
            {"denominator": "items"},
            "torch.nn.functional.kl_div of log_softmax, reduction='batchmean'",
        ),
        "torch_mean": Preset(
            {"denominator": "logits"},
            "torch.nn.functional.kl_div of log_softmax, reduction='mean'",
        ),
        "hinton": Preset(
            {"temperature": 4.0, "factor": "temperature_squared"},
            "arXiv 1503.02531, section 2; temperature 4 as in mdistiller KD",
        ),
    },
    singular=(
        *SINGULAR,
        Singular("a logit -inf where q > 0", "undefined", "+inf", "as of the softmax 0"),
    ),
    subgradients=SMOOTH,
    program_axis="targets",
    wrt={"softmax_kl": ("logits", "target")},
    exact=True,
)
SOFTMAX_JS = Definition(
    name="softmax_js",
    title="Jensen-Shannon divergence of a softmax",
    family="rows",
    source=(
        "Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37 (1991), "
        "equation 3.9 with equal weights."
    ),
    formula=r"""
loss = sum_k w_k (q_k log(q_k / m_k) + p_k log(p_k / m_k)) / 2;  m = (p + q) / 2
p, q, w = softmax(logits / temperature), target, class_weight""",
    inputs=INPUTS,
    programs={"softmax_js": (softmax_js("plain"), softmax_js("stable"))},
    constants={
        "temperature": classification.CONSTANTS["temperature"],
        "in_bits": Constant(0.0, "1: in bits"),
    },
    axes={
        "targets": targets("softmax_js"),
        "temperature": TEMPERATURE,
        "unit": UNIT,
        "denominator": DENOMINATOR,
        "empty": EMPTY,
    },
    presets={
        "scipy": Preset({"unit": "nats"}, "scipy.spatial.distance.jensenshannon, squared"),
        "lin": Preset({"unit": "bits"}, "Lin 1991, where logarithms are to base 2"),
    },
    singular=SINGULAR,
    subgradients=SMOOTH,
    program_axis="targets",
    wrt={"softmax_js": ("logits", "target")},
)

DEFINITIONS = (SOFTMAX_KL, SOFTMAX_JS)

# %% [markdown]
# ## Side by side
#
# Two classes of which the first has probability $q$, and a softmax that gives it $p$. The
# Jensen-Shannon divergence is bounded by $\log 2$.


# %%
def apart(lead: np.ndarray, q: float, definition: Definition) -> np.ndarray:
    """Return the loss of two classes, the first logit ahead of the other by `lead`."""
    program = definition.programs[definition.name][1]
    constants = [c.default for c in emit.constants_of(definition, program).values()]
    logits = np.stack([lead, np.zeros_like(lead)], axis=1)
    target = np.broadcast_to([q, 1 - q], logits.shape)
    return compiled(program)(logits, target, np.ones(2), *constants)


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    lead = np.linspace(-6, 6, 200)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for definition in DEFINITIONS:
        axes.plot(lead, apart(lead, 0.25, definition), label=definition.name)
    axes.set(xlabel="lead of the first logit", ylabel="loss, q = 1/4")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in divergences.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
