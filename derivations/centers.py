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
# # Centres: center loss
#
# Wen, Zhang, Li and Qiao give every class a centre $c_j$ and ask the vectors of a class to lie close
# to it, beside a softmax that keeps the classes apart:
#
# $$L_C = \tfrac12 \sum_i \lVert x_i - c_{y_i} \rVert^2, \qquad L = L_S + \lambda\,L_C.$$
#
# What is published under this name differs in the factor, in what the sum is divided by, and in a
# clip of the distances that was meant for numerical stability.
#
# | factor | divided by | clip | published as |
# |---|---|---|---|
# | $\tfrac12$ | 1 | | the paper; TensorFlow snippets with `tf.nn.l2_loss` |
# | $\tfrac12$ | $N$ | | ydwen/caffe-face, happynear/caffe-windows |
# | 1 | $N$ | $10^{-12}$ to $10^{12}$, of every class | KaiyangZhou/pytorch-center-loss |
# | 1 | $N$ | $10^{-12}$ to $10^{12}$, of the own class | reid-strong-baseline |
# | 1 | $N D$ | | davidsandberg/facenet |

# %%
"""Center loss: definition and conventions."""

from collections.abc import Callable

import numpy as np

from refloss.symbolic import calculus, emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.definition import AxisOf, Constant, Definition, Preset, Singular, Value
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.vocabulary import centers as center
from refloss.symbolic.vocabulary.centers import ITEM, PART

# %% [markdown]
# ## The program
#
# A vector sees one centre only, that of its own class: the program takes the two as rows, and which
# centre it is, is decided outside. No matrix of distances to all classes is needed, and none whose
# entries are then masked.
#
# The difference of two floats is rounded once, and its relative error is half an ulp however close
# they are: nothing cancels, and $x = c$ gives 0. The expanded form
# $\lVert x\rVert^2 + \lVert c\rVert^2 - 2\,x \cdot c$ has no digits left there. The factor goes into
# the square: half of a square may be a number where the square is none.
#
# The clip is of distances, from $10^{-12}$ to $10^{12}$. Where it is applied to the whole matrix
# *after* distances to other classes were multiplied by 0, each of the $C - 1$ others adds its
# $10^{-12}$: the loss of a vector is never below $C \cdot 10^{-12}$.


# %%
def centered(form: Form) -> Program:
    """Return the loss of a vector and the centre of its class."""
    P = Build("center", form, "squared distance of a vector from the centre of its class")
    x, own = P.real("x", ITEM, PART), P.real("own", ITEM, PART)
    factor, clip = P.const("factor"), P.const("clip")
    low, high = factor * P.const("least"), factor * P.const("most")
    cost = center.spread(P, x.here, own.here, factor)
    held = center.clipped(P, cost, clip, low, high)
    P.let("loss", [ITEM], held.here + P.const("masked") * P.const("others") * low)
    return P.finish("loss")


# %%
if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(latex_text.aligned(centered("plain"))))

# %% [markdown]
# The gradient of the stable form, as the calculus composes it. That by a centre is the sum of those
# by `own` over the vectors of its class:

# %%
if __name__ == "__main__":
    display(Math(latex_text.aligned(calculus.grad(centered("stable"), "loss", ["x", "own"]))))

# %% [markdown]
# ## Conventions

# %%
LEAST, MOST = 1e-12, 1e12

CONSTANTS = {
    "factor": Constant(0.5, "factor of the squared distance"),
    "clip": Constant(0.0, "1: squared distances are clipped"),
    "least": Constant(LEAST, "least squared distance, if clipped"),
    "most": Constant(MOST, "largest squared distance, if clipped"),
    "masked": Constant(0.0, "1: distances to other classes, which are 0, are clipped too"),
    "others": Constant(0.0, "how many other classes there are; a call knows it"),
}

FACTOR = AxisOf(
    "what the squared distance is multiplied by",
    "half",
    {
        "half": Value("1/2", {"factor": 0.5}, "Wen et al. 2016; ydwen/caffe-face; tf.nn.l2_loss"),
        "one": Value(
            "nothing",
            {"factor": 1.0},
            "KaiyangZhou/pytorch-center-loss; reid-strong-baseline; davidsandberg/facenet",
        ),
    },
)
CLIP = AxisOf(
    "what is clipped from 1e-12 to 1e12",
    "none",
    {
        "none": Value("nothing", {"clip": 0.0, "masked": 0.0}, "Wen et al. 2016; caffe-face"),
        "own": Value(
            "the squared distance from the own centre",
            {"clip": 1.0, "masked": 0.0},
            "michuanhaohao/reid-strong-baseline, layers/center_loss.py",
        ),
        "masked": Value(
            "also the 0 that a mask leaves of every other class: C - 1 times 1e-12 is added",
            {"clip": 1.0, "masked": 1.0},
            "KaiyangZhou/pytorch-center-loss",
        ),
    },
)
DENOMINATOR = AxisOf(
    "what `reduction='mean'` divides the sum by; a number divides by itself",
    "items",
    {
        "items": Value("the number of vectors", source="caffe-face; KaiyangZhou"),
        "kept": Value("the number of vectors that are not ignored", source="Caffe, VALID"),
        "numbers": Value(
            "the number of vectors times that of their coordinates",
            source="davidsandberg/facenet, tf.reduce_mean",
        ),
    },
    number=True,
)
EMPTY = AxisOf(
    "the mean over no vector",
    "nan",
    {
        "nan": Value("0/0", source="torch"),
        "zero": Value("0, with gradient 0", source="Caffe, whose least normaliser is 1"),
    },
)

# %% [markdown]
# ## The definition

# %%
PROGRAMS = {"center": (centered("plain"), centered("stable"))}

CENTER = Definition(
    name="center",
    title="Center loss",
    family="centers",
    source=(
        "Wen, Zhang, Li, Qiao: A discriminative feature learning approach for deep face "
        "recognition, ECCV 2016."
    ),
    formula=r"""
loss = factor |x - c|^2,  c the centre of the vector's class: centers[target]
clip own: factor min(max(|x - c|^2, 1e-12), 1e12);  masked: and (C - 1) factor 1e-12 more""",
    inputs={"x": ("x",), "centers": ("own",)},
    programs=PROGRAMS,
    constants=CONSTANTS,
    axes={"factor": FACTOR, "clip": CLIP, "denominator": DENOMINATOR, "empty": EMPTY},
    presets={
        "paper": Preset({}, "Wen et al. 2016, equation 2: summed, so with reduction='sum'"),
        "caffe_face": Preset({}, "ydwen/caffe-face CenterLoss: the mean"),
        "tf_l2_loss": Preset({}, "TensorFlow snippets with tf.nn.l2_loss: the sum"),
        "pytorch_center_loss": Preset(
            {"factor": "one", "clip": "masked"},
            "KaiyangZhou/pytorch-center-loss, center_loss.py at 082ffa2",
        ),
        "reid_strong_baseline": Preset(
            {"factor": "one", "clip": "own"},
            "michuanhaohao/reid-strong-baseline, layers/center_loss.py at 061be38",
        ),
        "facenet": Preset(
            {"factor": "one", "denominator": "numbers"},
            "davidsandberg/facenet, center_loss with tf.reduce_mean; 05849dd had tf.nn.l2_loss",
        ),
    },
    singular=(
        Singular("|x - c|^2 = 1e-12 or 1e12, if clipped", "tie", "regular", "half of the slope"),
        Singular("an infinite difference", "undefined", "infinite or NaN", "infinite or NaN"),
    ),
    subgradients=(
        "None without a clip: x = c has loss 0 and gradient 0. Half of the slope at the ends of a "
        "clip, and 0 beyond them."
    ),
    wrt={"center": ("x", "own")},
)

DEFINITIONS = (CENTER,)

# %% [markdown]
# ## What a clip hides
#
# Within $10^{-6}$ of its centre a vector is not pulled any further, and beyond $10^6$ not back.


# %%
def compiled(program: Program, function: str = "value") -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function(function, program)]), scope)
    return scope[function]


def at_distance(distance: np.ndarray, clip: str, others: int = 0) -> np.ndarray:
    """Return the loss of vectors so far from their centres."""
    program = PROGRAMS["center"][0]
    constants = {name: c.default for name, c in CONSTANTS.items()} | dict(CLIP.values[clip].sets)
    constants |= {"factor": 1.0, "others": float(others)}
    x = distance[:, None]
    return compiled(program)(x, 0 * x, *(constants[str(c)] for c in program.consts))


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    distance = np.logspace(-8, -4, 201)
    figure, axes = plt.subplots(figsize=(7, 3.5))
    for name in CLIP.values:
        axes.loglog(distance, at_distance(distance, name, 9), label=f"{name}, 10 classes")
    axes.set(xlabel="distance from the centre", ylabel="loss")
    axes.legend()
    plt.show()

# %% [markdown]
# ## The rules, proved

# %%
if __name__ == "__main__":
    for rule in center.RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Kernels

# %%
if __name__ == "__main__":
    print("\n".join(emit.write(DEFINITIONS)))
