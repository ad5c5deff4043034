"""What the tests of rows share: awkward logits, targets of both kinds, kernels run as text."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from refloss.losses import resolve
from refloss.run.blocks import Store
from refloss.run.kernels import Kernel, library
from refloss.run.row_lowering import RowGraph, lower_rows
from refloss.run.row_plan import RowPlan, plan
from refloss.run.rows import TILE, RowProgram

SHAPES = {
    name: {key: "".join(axes) for key, axes in entry["shapes"].items()}
    for name, entry in library().index["programs"].items()
    if "class_weight" in entry.get("shapes", {})
}

#: Constants of every loss: the plainest first, then what switches every branch on and off.
SETTINGS = {
    "cross_entropy": [
        {
            "label_smoothing": eps,
            "over_others": others,
            "classy": classy,
            "z_loss": factor,
            "temperature": 1.0,
            "times_square": 0.0,
        }
        for eps, (others, classy), factor in itertools.product(
            (0.0, 0.1, 1.0), ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)), (0.0, 0.3)
        )
    ],
    "multi_margin": [
        {"margin": margin, "squared": squared, "divided": divided, "over_others": others}
        for margin, squared, (divided, others) in itertools.product(
            (1.0, 0.0, 0.75), (0.0, 1.0), ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
        )
    ],
    "poly1": [
        {"label_smoothing": eps, "over_others": others, "classy": classy, "epsilon": factor}
        for eps, (others, classy), factor in itertools.product(
            (0.0, 0.1, 1.0), ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)), (0.0, -1.0)
        )
    ],
    "softmax_focal": [
        {
            "gamma": gamma,
            "alpha": alpha,
            "alpha_on_first": first,
            "alpha_on_others": others,
            "attached": attached,
            "weight_inside": inside,
            "epsilon": epsilon,
            "poly_balanced": balanced,
        }
        for (gamma, (alpha, first, others), attached), (inside, epsilon, balanced) in zip(
            itertools.product(
                (0.0, 0.5, 1.0, 2.0, 2.5), ((1.0, 1.0, 1.0), (0.25, 0.0, 1.0)), (1.0, 0.0)
            ),
            itertools.cycle(((0.0, 0.0, 1.0), (1.0, -1.0, 1.0), (0.0, 2.0, 0.0))),
        )
    ],
}
for setting in SETTINGS["cross_entropy"][3::5]:
    setting |= {"temperature": 0.3, "times_square": 1.0}
#: Of every loss, constants under which nothing is left out.
SETTINGS["softmax_focal_soft"] = [
    {**setting, "label_smoothing": eps}
    for setting, eps in zip(SETTINGS["softmax_focal"], itertools.cycle((0.0, 0.125)))
]
SETTINGS["hed"] = [
    {"attached": gate, "negative_factor": f} for gate in (0.0, 1.0) for f in (1.0, 1.5)
]
SETTINGS["softmax_kl"] = [
    {"temperature": t, "times_square": s} for t, s in ((1.0, 0.0), (4.0, 1.0), (0.3, 0.0))
]
SETTINGS["softmax_js"] = [{"temperature": t, "in_bits": b} for t, b in ((1.0, 0.0), (0.3, 1.0))]
FULL = {
    "hed": SETTINGS["hed"][-1],
    "softmax_kl": {"temperature": 4.0, "times_square": 1.0},
    "softmax_js": SETTINGS["softmax_js"][-1],
    "cross_entropy": {
        "label_smoothing": 0.1,
        "over_others": 1.0,
        "classy": 0.0,
        "z_loss": 0.3,
        "temperature": 2.7,
        "times_square": 1.0,
    },
    "multi_margin": {"margin": 0.75, "squared": 1.0, "divided": 1.0, "over_others": 1.0},
    "poly1": {"label_smoothing": 0.1, "over_others": 1.0, "classy": 0.0, "epsilon": 1.5},
}
_FOCUS = {"weight_inside": 1.0, "epsilon": 1.5, "poly_balanced": 1.0}
FULL["softmax_focal"] = {**SETTINGS["softmax_focal"][-2], **_FOCUS}
FULL["softmax_focal_soft"] = {**FULL["softmax_focal"], "label_smoothing": 0.1}
ANGLES = {
    "arcface_cosine": (
        {"policy": "cos_fallback", "scale": 30.0},
        {"policy": "angle_clip", "clip": 0.75, "limit": 0.875, "cuts": "all"},
    ),
    "cosface_cosine": ({}, {"scale": 30.0, "limit": 0.875, "cuts": "all"}),
    "combined_margin_cosine": (
        {"scale": 30.0},
        {"guard": "mirror", "limit": 0.875, "cuts": "all"},
        {"form": "separate", "gradient": "straight_through"},
    ),
}
#: Of a multiple, of either form.
TIMES = ({"scale": 30.0, "limit": 0.875, "cuts": "all"}, {"form": "bare", "annealing": 5.0})
for angular, chosen in ANGLES.items():
    SETTINGS[angular] = [resolve(angular, None, axes).constants for axes in chosen]
    FULL[angular] = SETTINGS[angular][1]
#: Of a real multiple, its first without a guard.
MULTIPLES = ({"multiple": 1.7, "scale": 30.0}, {"multiple": 0.9, "guard": "mirror", "limit": 0.875})
SETTINGS["combined_multiple_cosine"] = [
    resolve("combined_margin_cosine", None, {"form": "multiplied", **axes}).constants
    for axes in MULTIPLES
]
FULL["combined_multiple_cosine"] = SETTINGS["combined_multiple_cosine"][1]
for times in "12345":
    axes = [{**axes, "margin": times} for axes in TIMES]
    SETTINGS[f"sphereface_cosine_{times}"] = [
        resolve("sphereface_cosine", None, each).constants for each in axes
    ]
    FULL[f"sphereface_cosine_{times}"] = SETTINGS[f"sphereface_cosine_{times}"][0]
for known in (*itertools.chain.from_iterable(SETTINGS.values()), *FULL.values()):
    known |= {f"{wide}_lo": 0.0 for wide in ("gamma", "temperature") if wide in known}
#: What must change in a setting so that sums of dyadic numbers stay exact.
DYADIC = {"label_smoothing": 0.125, "over_others": 0.0, "classy": 0.0, "temperature": 1.0}
DEFAULT = SETTINGS["cross_entropy"][0]


def settings(program: str) -> list[dict[str, float]]:
    """Return the settings of a program, or of its loss."""
    return SETTINGS[_key(program)]


def everything(program: str) -> dict[str, float]:
    """Return constants under which a program leaves nothing out."""
    return FULL[_key(program)]


def _key(program: str) -> str:
    return program if program in SETTINGS else library().index["programs"][program]["loss"]


def dyadic(setting: Mapping[str, float]) -> dict[str, float]:
    """Return a setting whose smoothing, if there is any, is a power of two over all classes."""
    changes = {name: value for name, value in DYADIC.items() if name in setting}
    if setting.get("label_smoothing") == 0.0:
        del changes["label_smoothing"]
    return {**setting, **changes}


Inputs = dict[str, np.ndarray]


def lead(program: str) -> str:
    """Return what a program calls its logits."""
    return "cosine" if "cosine" in SHAPES[program] else "logits"


def cosines(rows: int, classes: int, seed: int) -> np.ndarray:
    """Return cosines: dense at both ends, on them and beyond, equal, and NaN."""
    rng = np.random.default_rng([seed, rows, classes])
    table = np.cos(rng.random((rows, classes)) * np.pi)
    odd = rng.choice([1.0, -1.0, np.nextafter(1, 2), 0.0, -0.0, 0.875, np.nan], table.shape)
    table = np.where(rng.random(table.shape) < 1 / classes, odd, table)
    table[:: max(rows // 2, 5)] = 0.5
    return table


def logits(rows: int, classes: int, seed: int) -> np.ndarray:
    """Return logits of many sizes: close, far apart, equal, huge, infinite and NaN."""
    rng = np.random.default_rng([seed, rows, classes])
    table = rng.normal(size=(rows, classes)) * 10.0 ** rng.integers(-3, 4, (rows, 1))
    tied = rng.random((rows, 1)) < 0.25
    table = np.where(tied, np.round(np.clip(table, -3, 3)), table)
    odd = rng.choice([-np.inf, -np.inf, np.inf, np.nan, -1e308, 1e308, -0.0], table.shape)
    few = rng.random(table.shape) < np.where(rng.random((rows, 1)) < 0.3, 1 / classes, 0.0)
    table = np.where(few, odd, table)
    table[:: max(rows // 2, 5)] = -np.inf
    return table


def weights(classes: int, seed: int) -> np.ndarray:
    """Return class weights, some of them 0."""
    rng = np.random.default_rng([seed, classes])
    return np.where(rng.random(classes) < 0.2, 0.0, rng.exponential(size=classes))


def probabilities(rows: int, classes: int, seed: int) -> np.ndarray:
    """Return probabilities: spread, of one class, with zeros, and with a NaN."""
    rng = np.random.default_rng([seed, rows, classes])
    table = rng.exponential(size=(rows, classes)) * (rng.random((rows, classes)) < 0.7)
    table[::3] = 0.0
    table[np.arange(rows), rng.integers(0, classes, rows)] += 1e-6
    table /= table.sum(axis=1, keepdims=True)
    table[3::11, -1] = np.nan
    return table


def inputs(program: str, function: str, rows: int, classes: int, seed: int = 1) -> Inputs:
    """Return the arrays that a function takes, by name."""
    rng = np.random.default_rng([seed, rows, classes, 7])
    first = lead(program)
    named: Inputs = {first: (cosines if first == "cosine" else logits)(rows, classes, seed)}
    if "c" in SHAPES[program]["target"]:
        named["target"] = probabilities(rows, classes, seed)
    else:
        named["target"] = rng.integers(0, classes, rows)
    named["class_weight"] = weights(classes, seed)
    if function != "value":
        named["loss_bar"] = rng.normal(size=rows)
    if function == "hvp":
        for name in differentiable(program):
            named[f"{name}_dot"] = rng.normal(size=(rows, classes))
    return named


def differentiable(program: str) -> list[str]:
    """Return the inputs by which a program is differentiated, in order."""
    return [n for n in (lead(program), "target") if SHAPES[program][n] == "bc"]


def without_errors(kernel: Kernel) -> ModuleType:
    """Return a kernel's text in which the error of every operation is 0."""
    module = ModuleType("without_errors")
    exec(kernel.source, vars(module))
    for name in ("two_diff_error", "two_sum_error", "two_prod_error"):
        setattr(module, name, lambda a, b: 0.0)
    return module


def whole(
    module: ModuleType, function: str, named: Inputs, constants: Mapping[str, float]
) -> list[np.ndarray]:
    """Run a function of the text as it stands on whole arrays."""
    with np.errstate(all="ignore"):
        found = getattr(module, function)(**named, **constants)
    return list(found) if isinstance(found, tuple) else [found]


def planned(
    kernel: Kernel,
    program: str,
    function: str,
    named: Inputs,
    constants: Mapping[str, float],
    *,
    tile: int = TILE,
    dtype: np.dtype | type = np.float64,
    **choices,
) -> list[np.ndarray]:
    """Run a function's plan: results as arrays, like those of the text."""
    plan = kernel.rows(function, SHAPES[program], constants, **choices)
    rows, classes = named[lead(program)].shape
    wanted = choices.get("outputs") or range(len(plan.plan.outputs))
    shapes = [(rows,) if function == "grad" and k == 0 else (rows, classes) for k in wanted]
    results = [np.empty((rows,) if function == "value" else s, dtype) for s in shapes]
    sinks = [Store(r) if r.ndim == 1 else r for r in results]
    plan.run(rows, classes, named, sinks, tile=tile)
    return results


TOP = """
import numpy as np


def weighted(g, x):
    return np.where(g == 0.0, 0.0, g*x)


def two_diff_error(a, b):
    d = a - b
    t = d - a
    return (a - (d - t)) - (b + t)

"""


def run_text(text: str, named: Inputs, **constants: float) -> list[np.ndarray]:
    """Run ``value`` of a text of one's own on whole arrays."""
    scope: dict = {}
    exec(TOP + text, scope)
    with np.errstate(all="ignore"):
        found = scope["value"](**named, **constants)
    return [np.asarray(f, float) for f in (found if isinstance(found, tuple) else (found,))]


def lowered(
    text: str, shapes: Mapping[str, str], *, errors: bool = True, **constants: float
) -> tuple[RowGraph, list[int]]:
    """Read ``value`` of a text of one's own into a graph."""
    return lower_rows(TOP + text, {}, "value", constants, shapes, errors=errors)


def plan_of(text: str, shapes: Mapping[str, str], **constants: float) -> RowPlan:
    """Return the plan of a text of one's own."""
    return plan(*lowered(text, shapes, **constants))


def run_plan(
    text: str, named: Inputs, shapes: Mapping[str, str], *, tile: int = TILE, **constants: float
) -> list[np.ndarray]:
    """Run the plan of a text of one's own: one array a result, in float64."""
    found = plan_of(text, shapes, **constants)
    rows, classes = named[next(n for n in named if shapes[n] == "bc")].shape
    full = [found.graph.axes(node) == "bc" for node in found.outputs]
    results = [np.empty((rows, classes) if wide else rows) for wide in full]
    sinks = [r if wide else Store(r) for r, wide in zip(results, full, strict=True)]
    RowProgram(found).run(rows, classes, named, sinks, tile=tile)
    return results
