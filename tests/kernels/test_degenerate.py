"""Ties and singular points: finite, documented, and what the truth says, in every format.

At a tie the truth is a set of vertices, one per resolution of the comparisons; the documented
derivative is their even split. At a singular point a term has a documented value and derivative 0.
"""

import numpy as np
import pytest

from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import Truth, truth
from crossval.oracles.formats import FORMATS
from crossval.oracles.metric import membership
from crossval.oracles.rounding import rounding_bound
from crossval.points.edges import EDGE_CASES
from refloss.run.kernels import library

from .regimes import regimes
from .subject import SUBJECTS, Subject, U, refuse, simple

LOSSES = {n: e for n, e in library().index["losses"].items() if e["family"] == "boxes"}
EDGES = np.array([pred + target for pred, target in EDGE_CASES.values()])
UPSTREAM = np.random.default_rng(8).choice([-1.5, -0.75, 0.5, 1.25], len(EDGES))
WIDE = ("float64", "float32", "bfloat16")
#: Powers of two by which the edge cases are scaled, and the formats: coordinates of 1e8 and 1e-8
#: where they exist, and in float16 what its range leaves to areas and gradients.
SCALES = {0: (*WIDE, "float16"), 23: WIDE, -30: WIDE, 5: ("float16",), -4: ("float16",)}
PRESETS = [
    Subject(loss, {"preset": preset})
    for loss, entry in LOSSES.items()
    for preset in entry["presets"]
]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_edge_cases_in_every_format(subject, scale):
    columns = np.ldexp(EDGES, scale)
    known = truth(subject.spec, columns, UPSTREAM)
    for dtype in SCALES[scale]:
        check(subject, columns, known, dtype)


@pytest.mark.parametrize("subject", PRESETS, ids=str)
def test_edge_cases_under_every_preset(subject):
    check(subject, EDGES, truth(subject.spec, EDGES, UPSTREAM), "float64")


def check(subject: Subject, columns: np.ndarray, known: Truth, dtype: str) -> None:
    assert set(known.kind) <= {"regular", "tie", "undefined"}
    value, grad = subject.value_and_grad(columns, UPSTREAM, dtype)
    log0 = np.isposinf(value) & np.isposinf(known.value_hi)
    with np.errstate(invalid="ignore"):
        bar = subject.value_bar(known.value_hi, columns) + rounding(known.value_hi, dtype)
        off = ~(np.abs((value - known.value_hi) - known.value_lo) <= bar)
    refuse(off & ~log0, columns, f"{subject} in {dtype}: value", value, known.value_hi)

    bar = subject.grad_bar(columns, UPSTREAM)
    expected, low = known.grad_hi.copy(), known.grad_lo.copy()
    touches = touching(columns)
    for row, vertices in known.vertices.items():
        # At an overlap of 0 relu's derivative is 0, not the mean; torch is asked for it below.
        expected[row], low[row] = grad[row] if touches[row] else vertices.mean(0), 0.0
        bar[row] += U * np.abs(vertices).max(0)  # vertices and their mean are rounded
    bar = bar + rounding(expected, dtype)
    off = ~(np.abs((grad - expected) - low) <= bar)
    refuse(off, columns, f"{subject} in {dtype}: gradient", grad, expected)
    for row, vertices in known.vertices.items():
        weights = len(vertices) * U * np.abs(vertices).max(0)  # convex weights are rounded too
        found = membership(grad[row], vertices, bar[row] + weights)
        assert found.inside, f"{subject} in {dtype}: outside its vertices at {columns[row]}"


def rounding(numbers: np.ndarray, dtype: str) -> np.ndarray | float:
    """Return what storing results in a format costs: float64 ones are not rounded again."""
    return 0.0 if dtype == "float64" else FORMATS[dtype].ulp(numbers) / 2


def touching(columns: np.ndarray) -> np.ndarray:
    """Return which pairs have an overlap of exactly 0 in x or y."""
    p, t = columns[:, :4], columns[:, 4:]
    return (np.minimum(p, t)[:, 2:] == np.maximum(p, t)[:, :2]).any(1)


@pytest.mark.parametrize("subject", [*SUBJECTS, *PRESETS], ids=str)
def test_products_are_finite_and_true_off_the_ties(subject):
    direction = np.random.default_rng(9).choice([-1.0, -0.25, 0.5, 2.0], EDGES.shape)
    known = truth(subject.spec, EDGES, UPSTREAM, hvp=direction)
    product = subject.hvp(EDGES, direction, UPSTREAM)
    refuse(~np.isfinite(product), EDGES, f"{subject}: product not finite", product)
    settled = simple(EDGES) & ~touching(EDGES)
    settled[list(known.vertices)] = False
    # At its ceiling a loss is tied, also where both sides have one gradient, 0.
    settled &= known.value_hi != subject.spec.constants.get("ceiling", np.inf)
    if subject.spec.constants.get("unit"):  # no second derivative of a point's angle is documented
        settled &= known.kind == "regular"
    bar = subject.hvp_bar(EDGES, direction, UPSTREAM)
    off = ~(np.abs((product - known.hvp_hi) - known.hvp_lo) <= bar) & settled[:, None]
    refuse(off, EDGES, f"{subject}: product", product, known.hvp_hi)
    assert settled.sum() >= 10


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_products_are_finite_in_every_format(subject, scale):
    """And they are the float64 ones rounded, infinite only beyond the format's range."""
    columns = np.ldexp(EDGES, scale)
    direction = np.random.default_rng(9).choice([-1.0, -0.25, 0.5, 2.0], columns.shape)
    exact = subject.hvp(columns, direction, UPSTREAM)
    refuse(~np.isfinite(exact), columns, f"{subject}: product not finite", exact)
    for dtype in SCALES[scale]:
        product = subject.hvp(columns, direction, UPSTREAM, dtype)
        off = product != FORMATS[dtype].round(exact)
        refuse(off, columns, f"{subject} in {dtype}", product, exact)


POINT, BOX = (3.0, 5.0, 3.0, 5.0), (0.0, 0.0, 8.0, 6.0)
#: For every documented singular point: boxes that lie there, and the loss's value at them.
SINGULAR = {
    ("iou", "union = 0 (both boxes without area)"): ((5, 2, 5, 6), (3, 4, 9, 4), 1.0),
    ("iou", "IoU = 0, form log, least_iou = 0"): (BOX, (9, 9, 12, 12), np.inf),
    ("giou", "union = 0 (both boxes without area)"): ((5, 2, 5, 6), (3, 4, 9, 4), 2.0),
    ("giou", "hull = 0 (both boxes on one line or point)"): ((5, 2, 5, 6), (5, 4, 5, 9), 1.0),
    ("diou", "union = 0 (both boxes without area)"): ((5, 2, 5, 6), (4, 4, 6, 4), 1.0),
    ("diou", "diagonal = 0 (both boxes the same point)"): (POINT, POINT, 1.0),
    ("ciou", "union = 0 (both boxes without area)"): ((5, 2, 5, 6), (4, 4, 6, 4), 1.5),
    ("ciou", "diagonal = 0 (both boxes the same point)"): (POINT, POINT, 1.0),
    ("ciou", "v = 0 and IoU = 1 (identical boxes)"): (BOX, BOX, 0.0),
    # a point in the centre of a box; its angle is 0, that of the box arctan(8/6)
    ("ciou", "w = h = 0"): ((4, 3, 4, 3), BOX, None),
}


def test_every_documented_singular_point_has_a_case():
    documented = {(loss, s["where"]) for loss, entry in LOSSES.items() for s in entry["singular"]}
    assert set(SINGULAR) == documented


@pytest.mark.parametrize(("loss", "where"), SINGULAR)
def test_documented_singular_points(loss, where):
    pred, target, expected = SINGULAR[loss, where]
    if expected is None:
        v = 4 / np.pi**2 * np.arctan2(8, 6) ** 2
        expected = 1 + v * v / (1 + v)
    columns = np.array([[*pred, *target]], float)
    axes = {"form": "log"} if "log" in where else {"alpha": "attached"} if loss == "ciou" else {}
    subject = Subject(loss, axes)
    value, grad = subject.value_and_grad(columns)
    # There, v = 0 is a factor of alpha, so that the loss has a gradient where alpha has none.
    kind = "tie" if "v = 0" in where else "undefined"
    assert truth(subject.spec, columns).kind[0] == kind
    assert value[0] == expected or abs(value[0] - expected) <= 4 * U * expected
    assert np.isfinite(grad).all()
    assert np.isfinite(subject.hvp(columns, np.ones((1, 8)))).all()
    trace = {name: float(column[0]) for name, column in subject.trace(columns).items()}
    assert trace["loss"] == expected or abs(trace["loss"] - expected) <= 4 * U * expected
    if "union = 0" in where:
        assert trace["iou"] == 0
        assert trace["gap"] == 1
    if "form log" in where or "point)" in where or "one line" in where:
        assert (grad == 0).all()
    if "v = 0" in where:
        assert trace["alpha"] == 0
    if "w = h = 0" in where:
        # The point's own angle has derivative 0; what remains is that of DIoU.
        detached = Subject("ciou").grad(columns)
        assert np.array_equal(detached[0, :4], Subject("diou").grad(columns)[0, :4])


def test_identical_boxes_cost_nothing_and_pull_nowhere():
    """Including points of every scale: alpha = 0/0 is 0, and the four ties split evenly to 0."""
    rng = np.random.default_rng(10)
    for scale in (1.0, 1e8, 1e-8):
        box = np.sort(rng.normal(size=(50, 2, 2)), axis=1).reshape(50, 4) * scale
        columns = np.hstack([box, box])
        for subject in SUBJECTS:
            value, grad = subject.value_and_grad(columns)
            refuse(value != 0, columns, f"{subject}: value", value)
            bar = subject.grad_bar(columns)
            refuse(~(np.abs(grad) <= bar), columns, f"{subject}: gradient", grad)


@pytest.mark.parametrize(
    "regime", ["random", "tiny, far away", "elongated", "disjoint", "contained"]
)
@pytest.mark.parametrize("subject", [*SUBJECTS, *PRESETS], ids=str)
def test_the_trace_agrees_as_far_as_its_formula_can(subject, regime):
    """The plain program, off by no more than roundings of that formula can carry it."""
    columns = regimes(30)[regime]
    upstream = np.random.default_rng(11).normal(size=len(columns))
    value, grad = subject.value_and_grad(columns, upstream)
    value_bound, grad_bound = rounding_bound(subject.spec, columns, upstream, dtype="float64")
    trace = subject.trace(columns, upstream)
    names = ("px1", "py1", "px2", "py2", "tx1", "ty1", "tx2", "ty2")
    found = np.column_stack([trace[f"{name}_bar"] for name in names])
    bound = grad_bound + subject.grad_bar(columns, upstream)
    with np.errstate(invalid="ignore"):
        off = ~((np.abs(trace["loss"] - value)) <= value_bound + subject.value_bar(value, columns))
        off &= trace["loss"] != value  # -ln 0
        refuse(off, columns, f"{subject}: traced value", trace["loss"], value)
        off = ~(np.abs(found - grad) <= bound) & np.isfinite(value)[:, None]
    refuse(off, columns, f"{subject}: traced gradient", found, grad)
    if regime == "random":  # where the formula is well-conditioned the bound has power
        sharp = bound <= 2.0**-30 * np.abs(grad).max(1, keepdims=True)
        assert sharp[(grad != 0).any(1)].mean() > 0.5


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_gradients_at_ties_are_those_of_torch(subject):
    """The documented conventions are torch's, the even split and relu's 0, asked of torch itself.

    Sums and products of these small dyadic numbers are exact. What rounds, here and there, are a
    few quotients and angles in each term of a gradient.
    """
    columns = EDGES[TIED]
    value, expected = witness(subject.spec, columns, UPSTREAM[TIED])
    grad, bound = (
        subject.grad(columns, UPSTREAM[TIED]),
        4 * subject.grad_bar(columns, UPSTREAM[TIED]),
    )
    off = ~(np.abs(grad - expected) <= bound) & np.isfinite(value)[:, None]  # -ln 0
    refuse(off, columns, str(subject), grad, expected)


TIED = np.array([name.startswith(("aligned", "touching")) for name in EDGE_CASES])
