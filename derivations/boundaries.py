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
# # Decision boundaries of two classes
#
# A feature $x$ stands at the angles $\theta_1$ and $\theta_2$ from the weights of two classes. A
# margin loss hands class 1 a score that is lower than the one it compares with; where the two are
# equal is class 1's boundary (Deng, Guo, Xue, Zafeiriou, ArcFace, arXiv 1801.07698, table 1). Class
# 2 has its own, with the indices swapped. Between the two lies the margin.

# %%
"""Decision boundaries of the margin losses for two classes: equations, kernels, pictures."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np
import sympy as sp
from sympy.simplify.fu import TR5, TR7

from refloss.symbolic import emit, rules
from refloss.symbolic.build import Build, Form
from refloss.symbolic.functions import Relu
from refloss.symbolic.printers import latex_text, numpy_text
from refloss.symbolic.program import Program
from refloss.symbolic.rules import Rule
from refloss.symbolic.vocabulary.elements import ITEM

# %% [markdown]
# ## Equations
#
# Of every loss the score of class 1 and that of class 2, equal. A common factor, the length of $x$ or
# the scale $s$, moves no boundary.

# %%
theta_1, theta_2 = sp.symbols("theta_1 theta_2", nonnegative=True)
W_1, W_2, x = (sp.Symbol(rf"{{\lVert {v} \rVert}}", positive=True) for v in ("W_1", "W_2", "x"))
b_1, b_2 = sp.symbols("b_1 b_2", real=True)
s, m, m_1 = sp.symbols("s m m_1", positive=True)
m_2, m_3, lamda = sp.symbols("m_2 m_3 lamda", nonnegative=True)
k = sp.Symbol("k", integer=True, nonnegative=True)

psi = (-1) ** k * sp.cos(m * theta_1) - 2 * k
eased = (lamda * sp.cos(theta_1) + psi) / (1 + lamda)
plain_2 = sp.cos(theta_2)

EQUATIONS = {
    "softmax": sp.Eq(W_1 * x * sp.cos(theta_1) + b_1, W_2 * x * plain_2 + b_2),
    "modified_softmax": sp.Eq(x * sp.cos(theta_1), x * plain_2),
    "sphereface": sp.Eq(x * eased, x * plain_2),
    "f_norm_sphereface": sp.Eq(s * eased, s * plain_2),
    "cosface": sp.Eq(s * (sp.cos(theta_1) - m), s * plain_2),
    "arcface": sp.Eq(s * sp.cos(theta_1 + m), s * plain_2),
    "combined_margin": sp.Eq(s * (sp.cos(m_1 * theta_1 + m_2) - m_3), s * plain_2),
}


def listed(sides: dict[str, sp.Eq]) -> str:
    """Return equations by loss as one block of LaTeX."""
    names = {name: name.replace("_", " ") for name in sides}
    lines = [
        rf"\text{{{names[n]}}} & : & {sp.latex(e.lhs)} &= {sp.latex(e.rhs)}"
        for n, e in sides.items()
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


if __name__ == "__main__":
    from IPython.display import Math, display

    display(Math(listed(EQUATIONS)))

# %% [markdown]
# $k = \lceil m \theta_1 / \pi \rceil - 1$, at least 0, makes SphereFace's $\psi$ fall all the way to
# $\theta_1 = \pi$; up to $\pi / m$ it is $\cos m \theta_1$, as the papers print it. With $\lambda$ the score is
# annealed; 0 is the loss itself.
#
# ## The other angle
#
# All are linear in $\cos \theta_2$, so that SymPy solves them for it.


# %%
def solved(name: str) -> sp.Expr:
    """Return what the cosine of the other angle is on the boundary of a loss."""
    cosine = sp.Symbol("cosine", real=True)
    (solution,) = sp.solve(EQUATIONS[name].subs(plain_2, cosine), cosine)
    return solution


if __name__ == "__main__":
    display(Math(listed({n: sp.Eq(plain_2, solved(n), evaluate=False) for n in EQUATIONS})))

# %% [markdown]
# $\theta_2$ is there where that is in $[-1, 1]$. Below $-1$ no angle from class 2 is enough for class
# 1, above 1 every one is.
#
# | loss | the angle itself | as long as |
# |---|---|---|
# | modified softmax | $\theta_2 = \theta_1$ | |
# | SphereFace, $\lambda = 0$ | $\theta_2 = m \theta_1$ | $\theta_1 \le \pi / m$; no boundary beyond |
# | ArcFace | $\theta_2 = \theta_1 + m$ | $\theta_1 \le \pi - m$; beyond, $2 \pi - \theta_1 - m$ |
# | combined, $m_3 = 0$ | $\theta_2 = m_1 \theta_1 + m_2$ | $\theta_1 \le (\pi - m_2) / m_1$ |

# %%
ANGLES = {
    "modified_softmax": ({}, theta_1, sp.pi),
    "sphereface": ({lamda: 0, k: 0}, m * theta_1, sp.pi / m),
    "arcface": ({}, theta_1 + m, sp.pi - m),
    "combined_margin": ({m_3: 0}, m_1 * theta_1 + m_2, (sp.pi - m_2) / m_1),
}
"""What the other angle is, under which conditions, and up to which angle."""


def angle_holds(name: str) -> bool:
    """Say whether an angle solves its equation, and reaches π where it is said to end."""
    given, angle, last = ANGLES[name]
    equation = EQUATIONS[name].subs(given).subs(theta_2, angle)
    return equation is sp.true and sp.simplify(angle.subs(theta_1, last) - sp.pi) == 0


if __name__ == "__main__":
    for name in ANGLES:
        assert angle_holds(name)
        print(f"proved  {name}: theta_2 = {ANGLES[name][1]} up to theta_1 = {ANGLES[name][2]}")

# %% [markdown]
# ## The margin
#
# The boundary of class 2 is that of class 1 with the indices swapped. Plain and modified softmax have
# one for both: the swapped equation is the same. Of the others the one is the mirror image of the other,
# $(\theta_1, \theta_2)$ against $(\theta_2, \theta_1)$. With $x$ between the weights, in their plane,
# $\theta_1 + \theta_2 = \varphi$ is the angle of the weights, and the boundaries are
# $\theta_2 - \theta_1$ apart: that is the angular margin.


# %%
def swapped(name: str) -> sp.Eq:
    """Return the equation of class 2."""
    pairs = {theta_1: theta_2, W_1: W_2, b_1: b_2}
    pairs |= {other: own for own, other in pairs.items()}
    return EQUATIONS[name].subs(pairs, simultaneous=True)


def shared(name: str) -> bool:
    """Say whether both classes have the same boundary: no margin."""
    return swapped(name) == EQUATIONS[name].reversed


phi, gap = sp.symbols("varphi g", positive=True)
MARGINS = {
    "sphereface": (m - 1) / (m + 1) * phi,
    "cosface": 2 * sp.asin(m / (2 * sp.sin(phi / 2))),
    "arcface": m,
}
"""The angular margin by the angle of the weights, for SphereFace up to π/m and without λ."""


def margin_holds(name: str) -> bool:
    """Say whether angles that far apart, which add up to that of the weights, are on a boundary."""
    equation = EQUATIONS[name].subs({lamda: 0, k: 0})
    at = {theta_1: (phi - gap) / 2, theta_2: (phi + gap) / 2}
    left = (equation.lhs - equation.rhs).subs(at, simultaneous=True)
    products = sp.expand_trig(sp.expand(left))  # of functions of phi / 2 and g / 2
    return any(sp.simplify(form.subs(gap, MARGINS[name])) == 0 for form in (left, products))


if __name__ == "__main__":
    for name in EQUATIONS:
        known = "0, one boundary" if shared(name) else MARGINS.get(name, "theta_2 - theta_1")
        print(f"margin of {name}: {known}")
    assert all(margin_holds(name) for name in MARGINS)

# %% [markdown]
# ## The programs
#
# An arccosine keeps half the digits of a small angle, for $1 - \cos \theta_2$ is its square. So $1$ less
# the cosine and $1$ plus it, `lack` and `excess`, are formed without that difference, and
#
# $$\theta_2 = 2 \arctan \sqrt{\mathrm{lack} / \mathrm{excess}}.$$
#
# A boundary exists where neither is negative. `theta` is the angle from a class's own weight; the
# weight and the bias of the other class are called so. $(-1)^k \cos m\theta$ is the cosine of what is
# left of $m\theta$ beyond $k\pi$. From $k = 1$ on, $1 + \psi$ is $2 (1 - k)$ less twice the squared sine of
# half of that: no difference of numbers near 2.


# %%
@dataclass(frozen=True)
class Angle:
    """A program under construction, and what all of them name alike."""

    P: Build
    theta: sp.Expr

    def let(self, name: str, expr: sp.Expr, doc: str = "") -> sp.Expr:
        """Name a quantity of every angle."""
        return self.P.let(name, [ITEM], expr, doc)[ITEM]

    def squares(self, name: str, angle: sp.Expr, doc: str) -> tuple[sp.Expr, sp.Expr]:
        """Return 1 less the cosine of an angle, and 1 plus it."""
        half = sp.expand(angle / 2)
        sine = self.let(f"{name}_sine", sp.sin(half), f"of half {doc}")
        cosine = self.let(f"{name}_cosine", sp.cos(half), f"of half {doc}")
        return 2 * sine**2, 2 * cosine**2

    def closed(self, lack: sp.Expr, excess: sp.Expr) -> Program:
        """Name 1 less the cosine of the other angle, 1 plus it, and the angle."""
        low = self.let("lack", lack, "1 less the other cosine")
        high = self.let("excess", excess, "1 plus it")
        angle = 2 * sp.atan2(sp.sqrt(Relu(low)), sp.sqrt(Relu(high)))
        self.let("angle", angle, "the other angle")
        return self.P.finish("lack", "excess", "angle")

    def closed_plainly(self, cosine: sp.Expr) -> Program:
        """Name the other cosine and the angle as the textbooks do."""
        cosine = self.let("cosine", cosine)
        self.let("lack", 1 - cosine)
        self.let("excess", 1 + cosine)
        self.let("angle", sp.acos(cosine))
        return self.P.finish("lack", "excess", "angle")


def opened(name: str, form: Form) -> Angle:
    """Return a program that has the angle from a class's own weight."""
    P = Build(name, form)
    return Angle(P, P.real("theta", ITEM)[ITEM])


def softmax(form: Form) -> Program:
    """Return the boundary of two linear scores with norms and biases."""
    a = opened("softmax", form)
    own, other = a.P.const("own_norm", positive=True), a.P.const("other_norm", positive=True)
    own_bias, other_bias = a.P.const("own_bias"), a.P.const("other_bias")
    feature = a.P.const("feature_norm", positive=True)
    if form == "plain":
        norms = {W_1: own, W_2: other, x: feature}
        given = {theta_1: a.theta, b_1: own_bias, b_2: other_bias}
        return a.closed_plainly(solved("softmax").subs(norms | given))
    longer = a.P.let("longer", [], other - own, "by how much the other weight is").here
    lead = (own_bias - other_bias) / feature
    lead = a.P.let("lead", [], lead, "what the biases add to a projection").here
    low, high = a.squares("own", a.theta, "the angle")
    return a.closed((longer + own * low - lead) / other, (longer + own * high + lead) / other)


def sphereface(form: Form) -> Program:
    """Return the boundary of a multiplied angle, annealed."""
    a = opened("sphereface", form)
    margin, annealing = a.P.const("margin", positive=True), a.P.const("annealing", nonnegative=True)
    turn = a.P.number("half_turn", sp.pi)
    turned = a.let("turned", margin * a.theta)
    fold = a.let("fold", Relu(-sp.floor(-turned / turn) - 1), "half turns that it has passed")
    if form == "plain":
        given = {m: margin, lamda: annealing, theta_1: a.theta, k: fold}
        return a.closed_plainly(solved("sphereface").subs(given))
    low, high = a.squares("own", a.theta, "the angle")
    less, more = a.squares("rest", turned - fold * turn, "what is left of it")
    more = sp.Piecewise((more, sp.Eq(fold, 0)), (2 * (1 - fold) - less, True))
    less = a.let("psi_lack", less + 2 * fold, "1 less psi")
    more = a.let("psi_excess", more, "1 plus psi")
    return a.closed(
        (annealing * low + less) / (1 + annealing), (annealing * high + more) / (1 + annealing)
    )


def combined(form: Form) -> Program:
    """Return the boundary of an angle multiplied and shifted, and of a cosine that is lowered."""
    a = opened("combined", form)
    factor, shift = a.P.const("m1", positive=True), a.P.const("m2", nonnegative=True)
    drop = a.P.const("m3", nonnegative=True)
    if form == "plain":
        given = {m_1: factor, m_2: shift, m_3: drop, theta_1: a.theta}
        return a.closed_plainly(solved("combined_margin").subs(given))
    low, high = a.squares("moved", factor * a.theta + shift, "the moved angle")
    return a.closed(low + drop, high - drop)


PROGRAMS = {
    build.__name__: (build("plain"), build("stable")) for build in (softmax, sphereface, combined)
}

if __name__ == "__main__":
    for plain, stable in PROGRAMS.values():
        display(Math(latex_text.aligned(plain)))
        display(Math(latex_text.aligned(stable)))

# %% [markdown]
# ## The rules, proved

# %%
_t, _n = sp.Symbol("t", positive=True), sp.Symbol("n", integer=True)
_angle, _cosine = sp.symbols("angle cosine", real=True)

RULES = (
    Rule(
        "1 less a cosine",
        1 - sp.cos(_angle),
        2 * sp.sin(_angle / 2) ** 2,
        "a square keeps the digits of a small angle",
    ),
    Rule(
        "1 plus a cosine",
        1 + sp.cos(_angle),
        2 * sp.cos(_angle / 2) ** 2,
        "a square keeps the digits of an angle near pi",
    ),
    Rule(
        "an angle past multiples of pi",
        (-1) ** _n * sp.cos(_angle),
        sp.cos(_angle - _n * sp.pi),
        "what is left of the angle, whose cosine needs no sign",
    ),
    Rule(
        "an angle by 1 less its cosine and 1 plus it",
        sp.acos(_cosine),
        2 * sp.atan2(sp.sqrt(1 - _cosine), sp.sqrt(1 + _cosine)),
        "has the digits that those have",
        ({_cosine: (1 - _t**2) / (1 + _t**2)},),
        "constant",
        {_t: 1},
    ),
)

if __name__ == "__main__":
    for rule in RULES:
        rules.prove(rule)
        print(f"proved  {rule.name}: {rule.why}")

# %% [markdown]
# ## Losses
#
# Seven rows of the table, three programs: what a loss leaves open are its options, each a constant of
# its program.


# %%
@dataclass(frozen=True)
class Option:
    """A number that a caller gives: the constant it sets, its default, and its bounds."""

    constant: str
    default: float
    doc: str
    least: float | None = None
    most: float | None = None
    above: float | None = None


@dataclass(frozen=True)
class Boundary:
    """A loss of the table: its program, the constants that are fixed, and its options."""

    title: str
    program: str
    source: str
    options: dict[str, Option]
    fixed: dict[str, float] = field(default_factory=dict)


def of_norm(name: str, doc: str) -> Option:
    """Return an option that is a length."""
    return Option(name, 1.0, doc, above=0.0)


MULTIPLIED = {
    "margin": Option("margin", 4.0, "m, by which the angle is multiplied", least=1.0),
    "annealing": Option("annealing", 0.0, "weight λ of the cosine without a margin", least=0.0),
}
SHIFT = {"least": 0.0, "most": math.pi}

BOUNDARIES = {
    "softmax": Boundary(
        "Softmax",
        "softmax",
        "ArcFace, arXiv 1801.07698v1, table 1",
        {
            "own_norm": of_norm("own_norm", "length of the class's own weight"),
            "other_norm": of_norm("other_norm", "length of the other class's weight"),
            "own_bias": Option("own_bias", 0.0, "bias of the class"),
            "other_bias": Option("other_bias", 0.0, "bias of the other class"),
            "feature_norm": of_norm("feature_norm", "length of the feature"),
        },
    ),
    "modified_softmax": Boundary(
        "W-normalised softmax",
        "combined",
        "Liu, Wen, Yu, Li, Raj, Song: SphereFace, CVPR 2017, table 1",
        {},
        {"m1": 1.0, "m2": 0.0, "m3": 0.0},
    ),
    "sphereface": Boundary(
        "SphereFace",
        "sphereface",
        "Liu, Wen, Yu, Li, Raj, Song: SphereFace, CVPR 2017, m = 4",
        MULTIPLIED,
    ),
    "f_norm_sphereface": Boundary(
        "F-normalised SphereFace",
        "sphereface",
        "ArcFace, arXiv 1801.07698v1, table 1",
        MULTIPLIED,
    ),
    "cosface": Boundary(
        "CosFace",
        "combined",
        "Wang and others: CosFace, CVPR 2018, m = 0.35; AM-Softmax, arXiv 1801.05599",
        {"margin": Option("m3", 0.35, "m, by which the cosine is lowered", least=0.0)},
        {"m1": 1.0, "m2": 0.0},
    ),
    "arcface": Boundary(
        "ArcFace",
        "combined",
        "Deng, Guo, Xue, Zafeiriou: ArcFace, CVPR 2019, m = 0.5",
        {"margin": Option("m2", 0.5, "m, by which the angle is shifted, in radians", **SHIFT)},
        {"m1": 1.0, "m3": 0.0},
    ),
    "combined_margin": Boundary(
        "Combined margin",
        "combined",
        "insightface, mxnet, loss combined: (1.0, 0.3, 0.2)",
        {
            "m1": Option("m1", 1.0, "by which the angle is multiplied", above=0.0),
            "m2": Option("m2", 0.3, "by which it is shifted, in radians", **SHIFT),
            "m3": Option("m3", 0.2, "by which the cosine is lowered", least=0.0),
        },
    ),
}

SYMBOLS = {
    "softmax": {
        **{"own_norm": W_1, "other_norm": W_2, "own_bias": b_1, "other_bias": b_2},
        "feature_norm": x,
    },
    "sphereface": {"margin": m, "annealing": lamda},
    "f_norm_sphereface": {"margin": m, "annealing": lamda},
    "cosface": {"margin": m},
    "arcface": {"margin": m},
    "combined_margin": {"m1": m_1, "m2": m_2, "m3": m_3},
}
"""The symbol of its equation that an option of a loss stands for."""


def written_out(name: str, quantity: str, form: int) -> sp.Expr:
    """Return a quantity of a loss's program in the symbols of its equation.

    SphereFace's count of half turns stays the symbol k.
    """
    about = BOUNDARIES[name]
    program = PROGRAMS[about.program][form]
    symbols = SYMBOLS.get(name, {})
    given = {option.constant: symbols[key] for key, option in about.options.items()}
    given |= {constant: sp.nsimplify(value) for constant, value in about.fixed.items()}
    known = {program.inputs[0].here: theta_1} | dict(program.numbers)
    known |= {c: given[str(c)] for c in program.consts}
    for let in program.lets:
        named = k if let.target.name == "fold" else let.expr.xreplace(known)
        known[let.target.here] = named
    return known[program.tensor(quantity).here]


def follows(name: str, form: int) -> bool:
    """Say whether a program, plain (0) or stable (1), has the cosine that its equation asks for."""
    for quantity, sign in (("lack", -1), ("excess", 1)):
        left = written_out(name, quantity, form) - (1 + sign * solved(name))
        for turns in (0, sp.Symbol("n", integer=True, positive=True)):
            without_squares = TR7(TR5(sp.expand(left.subs(k, turns))))
            if sp.simplify(sp.expand_trig(without_squares)) != 0:
                return False
    return True


if __name__ == "__main__":
    for name in BOUNDARIES:
        assert follows(name, 0)
        assert follows(name, 1)
        print(f"proved  {name}: both forms of {BOUNDARIES[name].program} follow from its equation")

# %% [markdown]
# ## Where a boundary begins and ends
#
# Up to the angle at which the moved angle reaches $\pi$ the score falls: there the boundary is a curve
# that rises, between the angle where `lack` is 0, if it is negative at first, and the one where `excess`
# is.


# %%
def falling(name: str) -> Program:
    """Return up to which angle the score of a program falls."""
    P = Build(name)
    consts = {str(c): P.const(str(c), positive=True) for c in PROGRAMS[name][1].consts}
    turn = P.number("half_turn", sp.pi)
    last, doc = turn, "the angle is a half turn"
    if name == "combined":
        last, doc = sp.Min(turn, (turn - consts["m2"]) / consts["m1"]), "or the moved angle"
    P.let("last", [], last, doc)
    return P.finish("last")


# %% [markdown]
# ## Side by side
#
# The plane of the two angles, as the papers show it. Above the blue curve class 1 is right by a margin,
# right of the orange one class 2; between them lies the margin.


# %%
def compiled(program: Program) -> Callable:
    """Return the program's NumPy text as a function."""
    scope: dict = {}
    exec(numpy_text.module("", [program], [numpy_text.function("value", program)]), scope)
    return scope["value"]


def curve(name: str, theta: np.ndarray, **options: float) -> np.ndarray:
    """Return the other angle on the boundary of a loss, NaN where there is none."""
    about = BOUNDARIES[name]
    given = {o.constant: options.get(key, o.default) for key, o in about.options.items()}
    program = PROGRAMS[about.program][1]
    constants = [(given | about.fixed)[str(c)] for c in program.consts]
    lack, excess, angle = compiled(program)(theta, *constants)
    return np.where((lack >= 0.0) & (excess >= 0.0), angle, np.nan)


PANELS = (
    ("softmax", {"other_norm": 1.25}, r"$\Vert W_2\Vert = 1.25\,\Vert W_1\Vert$"),
    ("modified_softmax", {}, r"$\theta_1 = \theta_2$"),
    ("sphereface", {}, r"$\cos 4\theta_1 = \cos\theta_2$"),
    ("sphereface", {"annealing": 5.0}, r"$(5\cos\theta_1 + \psi(\theta_1))/6 = \cos\theta_2$"),
    ("f_norm_sphereface", {"margin": 2.0}, r"$\cos 2\theta_1 = \cos\theta_2$"),
    ("cosface", {}, r"$\cos\theta_1 - 0.35 = \cos\theta_2$"),
    ("arcface", {}, r"$\cos(\theta_1 + 0.5) = \cos\theta_2$"),
    ("combined_margin", {}, r"$\cos(\theta_1 + 0.3) - 0.2 = \cos\theta_2$"),
)
CLASS_1, CLASS_2, BAND = "#1f6fb4", "#d9661f", "#8a8a8a"


def rising(other: np.ndarray) -> np.ndarray:
    """Return where a boundary has begun and still rises."""
    steps = np.diff(other, prepend=-1.0)
    fallen = np.logical_or.accumulate(steps < 0.0)
    return np.isfinite(other) & ~fallen


def panel(axes, name: str, options: dict[str, float], caption: str) -> None:
    """Draw the boundaries of both classes, what each class has, and the margin between."""
    theta = np.linspace(0.0, np.pi, 14401)
    other = curve(name, theta, **options)
    up = rising(other)
    own, far = np.degrees(theta[up]), np.degrees(other[up])
    axes.fill_between(own, far, 180.0, color=CLASS_1, alpha=0.10, lw=0)
    axes.plot(own, far, color=CLASS_1, lw=2)
    if shared(name):
        axes.fill_between(own, 0.0, far, color=CLASS_2, alpha=0.10, lw=0)
        axes.plot(own, far, color=CLASS_2, lw=2, ls=(0, (4, 4)))
    else:
        axes.fill_betweenx(own, far, 180.0, color=CLASS_2, alpha=0.10, lw=0)
        band_x = np.concatenate([[0.0], own, [own[-1], 180.0], [180.0], far[::-1]])
        band_y = np.concatenate([[0.0], far, [180.0, 180.0], [own[-1]], own[::-1]])
        axes.fill(band_x, band_y, color=BAND, alpha=0.28, lw=0)
        axes.plot(far, own, color=CLASS_2, lw=2)
        beyond = np.isfinite(other) & ~up
        axes.plot(*np.degrees([theta[beyond], other[beyond]]), color=CLASS_1, lw=1, ls=":")
        axes.plot(*np.degrees([other[beyond], theta[beyond]]), color=CLASS_2, lw=1, ls=":")
        across(axes, own, far)
    axes.set_title(f"{BOUNDARIES[name].title}\n{caption}", fontsize=10)


def across(axes, own: np.ndarray, far: np.ndarray) -> None:
    """Draw the margin between weights at a right angle, with its size."""
    at = int(np.argmin(np.abs(own + far - 90.0)))
    ends = (own[at], far[at]), (far[at], own[at])
    style = {"arrowstyle": "<->", "lw": 0.9, "color": "black", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", *ends, arrowprops=style)
    size = f"{far[at] - own[at]:.1f}°"
    axes.annotate(size, (far[at], own[at]), (5, -9), textcoords="offset points", fontsize=9)


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    figure, grid = plt.subplots(
        2, 4, figsize=(13, 7), sharex=True, sharey=True, layout="constrained"
    )
    for axes, about in zip(grid.flat, PANELS, strict=True):
        panel(axes, *about)
        axes.set(xlim=(0, 180), ylim=(0, 180), aspect="equal")
        axes.set(xticks=range(0, 181, 45), yticks=range(0, 181, 45))
        axes.text(4, 168, "class 1", color=CLASS_1, fontsize=9)
        axes.text(176, 5, "class 2", color=CLASS_2, fontsize=9, ha="right")
    figure.supxlabel(r"$\theta_1$ in degrees")
    figure.supylabel(r"$\theta_2$ in degrees")
    plt.show()

# %% [markdown]
# Arrows show the margin for weights at a right angle, $\theta_1 + \theta_2 = 90°$. Plain softmax hands the
# longer weight more and has no margin. The further the weights are apart, the larger is SphereFace's
# margin and the smaller CosFace's; ArcFace's is the same everywhere, until $\theta_1 + m$ passes $180°$: the
# dotted lines solve the equation, and separate no more.
#
# ## Kernels

# %%
FOLDER = "boundaries"


def kernel_text(name: str) -> str:
    """Return the NumPy text of a program."""
    stable = PROGRAMS[name][1]
    doc = f"Decision boundary, {name}: the other angle on it, in NumPy.\n\n{emit.HEADER}"
    returns = (
        "Return 1 less the other angle's cosine, 1 plus it, and the angle; none if one is < 0."
    )
    functions = [
        numpy_text.function("value", stable, returns),
        numpy_text.function("last", falling(name), "Return up to which angle the score falls."),
    ]
    return numpy_text.module(doc, [stable, falling(name)], functions)


def entry(name: str) -> dict:
    """Return what the index says of a loss."""
    about = BOUNDARIES[name]
    options = {
        key: {n: v for n, v in asdict(option).items() if v is not None}
        for key, option in about.options.items()
    }
    return {
        "title": about.title,
        "program": about.program,
        "fixed": about.fixed,
        "options": options,
        "shared": shared(name),
        "equation": sp.latex(EQUATIONS[name]),
        "cosine": sp.latex(solved(name)),
        "source": about.source,
    }


if __name__ == "__main__":
    files = {f"{FOLDER}/{name}.py": kernel_text(name) for name in PROGRAMS}
    files[f"{FOLDER}/index.json"] = emit.index_text({name: entry(name) for name in BOUNDARIES})
    print("\n".join(emit.write_files(files)))
