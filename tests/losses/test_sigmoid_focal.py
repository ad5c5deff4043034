"""Focal losses of single numbers: published numbers, laws, presets, and the ends of the range."""

from functools import cache

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import refloss
from crossval.oracles.formats import format_of
from derivations import sigmoid_focal as derivation
from refloss.symbolic.functions import to_exact
from tests.kernels.element_subject import GRADIENT, VALUE, ElementSubject
from tests.kernels.focal_terms import sizes
from tests.kernels.test_focal_bars import lifted

ONE = np.ones(1)
SOFT = (np.array([0.7]), np.array([0.3]))
LOGITS = np.array([0.0, -0.0, 1.0, -1.0, 17.5, -17.5, 89.0, -89.0, 746.0, -746.0, 1e4, -1e4])
PROBES = [
    ("value", {"alpha_side": "off"}, 0.0226581),
    ("value", {}, 0.00566451),
    ("value", {"alpha_side": "negatives"}, 0.0169935),
    ("slope", {"alpha_side": "off"}, -0.0525811),
    ("slope", {"alpha_side": "off", "modulator": "detached"}, -0.0194524),
]

numbers = st.lists(
    st.tuples(st.floats(-64, 64), st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1))),
    min_size=1,
    max_size=20,
)
gammas = st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 5.0])


def columns(rows):
    x, t = np.array(rows).T
    return np.ascontiguousarray(x), np.ascontiguousarray(t)


@pytest.mark.parametrize(("what", "axes", "expected"), PROBES)
def test_a_positive_with_logit_1_tells_conventions_apart(what, axes, expected):
    value, grad = refloss.sigmoid_focal.value_and_grad(ONE, ONE, **axes)
    found = value[0] if what == "value" else grad["logits"][0]
    assert found == pytest.approx(expected, rel=3e-6)


def test_a_target_between_tells_forms_apart():
    mixed = refloss.sigmoid_focal(*SOFT, alpha_side="off")
    chance = refloss.sigmoid_focal(*SOFT, alpha_side="off", soft_target="exp_bce")
    quality = refloss.quality_focal(*SOFT)
    found = [mixed[0], chance[0], quality[0]]
    assert found == pytest.approx([0.287428, 0.311604, 0.121082], rel=3e-6)


def test_a_positive_that_is_totally_wrong_costs_its_logit():
    value, grad = refloss.sigmoid_focal.value_and_grad(
        np.array([-90.0], np.float32), ONE.astype("f4")
    )
    assert value[0] == 22.5  # 0 with a gradient of NaN where exp(-x) overflows
    assert grad["logits"][0] == -0.25


@pytest.mark.parametrize("gamma", [0.0, 0.125, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("form", ["mixed", "exp_bce", "separate"])
def test_nothing_is_lost_where_sigmoids_are_0_or_1(gamma, dtype, backend, form):
    x = np.tile(LOGITS.astype(dtype), 3)
    t = np.repeat([0.0, 0.5, 1.0], len(LOGITS)).astype(dtype)
    value, grad = refloss.sigmoid_focal.value_and_grad(
        x, t, gamma=gamma, soft_target=form, backend=backend
    )
    subject, columns, truth = known(gamma, dtype, form)
    real = "float32" if backend == "c" and dtype != "float64" else "float64"
    number, unit = format_of(dtype), format_of(real)
    of_value, of_grad = sizes(subject, columns)
    for found, hi, lo, size, bar in (
        (value, truth.value_hi, truth.value_lo, of_value, VALUE + 2 * gamma),
        (grad["logits"], truth.grad_hi[:, 0], truth.grad_lo[:, 0], of_grad[:, 0], GRADIENT + gamma),
    ):
        room = bar * (unit.ulp(np.maximum(size, np.abs(hi)), 0 * size) + lifted(columns, unit))
        room += number.ulp(hi, lo) / 2 if dtype != real else 0.0
        assert (np.abs((found.astype(np.float64) - hi) - lo) <= room).all()
        assert (np.abs(hi) > room).mean() > 0.5  # so 0 does not pass


@cache
def known(gamma, dtype, form):
    """Return the loss of these logits and targets as a subject, its columns, and their truth."""
    subject = ElementSubject("sigmoid_focal", {"gamma": gamma, "soft_target": form})
    x = np.tile(LOGITS.astype(dtype), 3).astype(np.float64)
    columns = np.stack([x, np.repeat([0.0, 0.5, 1.0], len(LOGITS))], axis=1)
    truth = subject.family.oracle.truth(subject.spec, columns, np.ones(len(x)), dtype=dtype)
    assert set(truth.kind) == {"regular"}
    return subject, columns, truth


def test_infinite_logits_are_right_for_nothing_and_wrong_without_bound():
    x, t = np.array([np.inf, -np.inf, np.inf, -np.inf]), np.array([1.0, 0.0, 0.0, 1.0])
    value, grad = refloss.sigmoid_focal.value_and_grad(x, t, alpha_side="off")
    np.testing.assert_array_equal(value, [0, 0, np.inf, np.inf])
    np.testing.assert_array_equal(grad["logits"], [0, 0, 1, -1])


@pytest.mark.parametrize("name", ["sigmoid_focal", "sigmoid_focal_two"])
def test_without_gamma_and_alpha_it_is_cross_entropy_by_symbols(name):
    plain, _ = derivation.SIGMOID_FOCAL.programs[name]
    given = {"gamma": 0, "alpha": 1, "on_positives": 1, "on_negatives": 1, "smoothing": 0}
    given["epsilon"] = 0
    known: dict = {}
    for let in plain.lets:
        expr = to_exact(let.expr.xreplace(known)).subs(
            {sp.Symbol(k, real=True): v for k, v in given.items()}
        )
        expr = expr.subs({c: given.get(str(c), 1) for c in plain.consts})
        known[let.target.here] = sp.simplify(expr)
    x, t, w = (plain.tensor(n).here for n in ("logits", "target", "weight"))
    (loss,) = (known[let.target.here] for let in plain.lets if let.target.name == "loss")
    entropy = t * sp.log(1 + sp.exp(-x)) + (1 - t) * sp.log(1 + sp.exp(x))
    difference = (loss - w * entropy).replace(sp.Function("log1p"), lambda y: sp.log(1 + y))
    difference = difference.rewrite(sp.log)
    assert sp.simplify(difference) == 0


@given(rows=numbers)
def test_without_gamma_and_alpha_it_is_cross_entropy(rows):
    x, t = columns(rows)
    axes = {"gamma": 0.0, "alpha_side": "off"}
    for form in ("mixed", "exp_bce", "separate"):
        value, grad = refloss.sigmoid_focal.value_and_grad(x, t, soft_target=form, **axes)
        plain, slope = refloss.bce.value_and_grad(x, t)
        assert (np.abs(value - plain) <= 8 * np.spacing(plain)).all()
        size = np.abs(slope["logits"]) + np.minimum(t, 1 - t)
        assert (np.abs(grad["logits"] - slope["logits"]) <= 16 * np.spacing(size)).all()


@given(rows=numbers, gamma=gammas, alpha=st.sampled_from([0.25, 0.5, 0.75]))
def test_swapping_the_classes_swaps_alpha(rows, gamma, alpha):
    x, t = columns(rows)
    t = np.round(t * 2**20) / 2**20  # 1 - t is exact
    for form in ("mixed", "exp_bce", "separate"):
        axes = {"gamma": gamma, "soft_target": form}
        value, grad = refloss.sigmoid_focal.value_and_grad(x, t, alpha=alpha, **axes)
        other, back = refloss.sigmoid_focal.value_and_grad(-x, 1 - t, alpha=1 - alpha, **axes)
        np.testing.assert_array_equal(value, other)
        size = np.maximum(np.abs(grad["logits"]), value)
        assert (np.abs(grad["logits"] + back["logits"]) <= 4 * np.spacing(size)).all()


@given(rows=numbers, gamma=gammas)
def test_alpha_of_one_half_is_half_of_none_and_sides_agree_on_hard_targets(rows, gamma):
    x, t = columns(rows)
    t = np.round(t)
    off = refloss.sigmoid_focal(x, t, gamma=gamma, alpha_side="off")
    np.testing.assert_array_equal(refloss.sigmoid_focal(x, t, gamma=gamma, alpha=0.5), off / 2)
    one = refloss.sigmoid_focal(x, t, gamma=gamma, alpha=0.25)
    other = refloss.sigmoid_focal(x, t, gamma=gamma, alpha=0.75, alpha_side="negatives")
    np.testing.assert_array_equal(one, other)
    quality = refloss.quality_focal(x, t, beta=gamma)
    assert (np.abs(quality - off) <= (8 + 4 * gamma) * np.spacing(off)).all()
    for form in ("exp_bce", "separate"):
        same = refloss.sigmoid_focal(x, t, gamma=gamma, alpha_side="off", soft_target=form)
        assert (np.abs(same - off) <= (8 + 4 * gamma) * np.spacing(off)).all()


@given(rows=numbers)
def test_focal_star_without_steepness_and_shift_is_cross_entropy_of_hard_targets(rows):
    x, t = columns(rows)
    t = np.round(t)
    star, plain = refloss.focal_star(x, t), refloss.bce(x, t)
    assert (np.abs(star - plain) <= 4 * np.spacing(plain)).all()


@pytest.mark.parametrize(
    ("denominator", "divisor"),
    [
        ("items", 6),
        ("rows", 2),
        ("positives", 2),
        ("positives_or_one", 2),
        ("positives_plus_one", 3),
    ],
)
def test_means_divide_by_what_they_name(denominator, divisor):
    x = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -0.25]])
    t = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    axes = {"reduction": "mean", "denominator": denominator}
    value, grad = refloss.sigmoid_focal.value_and_grad(x, t, **axes)
    each, slopes = refloss.sigmoid_focal.value_and_grad(x, t)
    assert value == pytest.approx(each.sum() / divisor, rel=1e-15)
    np.testing.assert_allclose(grad["logits"], slopes["logits"] / divisor, rtol=1e-15)


def test_without_positives_one_is_divided_by():
    x, t = np.array([1.0, -2.0]), np.zeros(2)
    total = refloss.sigmoid_focal(x, t, reduction="sum")
    assert refloss.sigmoid_focal(x, t, reduction="mean", preset="retinanet") == total


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_modulator_of_effdet_sees_hard_targets(smoothing):
    torch = pytest.importorskip("torch")
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    x, t = torch.linspace(-4, 4, 9, dtype=torch.float64), torch.arange(9, dtype=torch.float64) % 2
    p = x.sigmoid()
    p_t = t * p + (1 - t) * (1 - p)
    alpha = t * 0.25 + (1 - t) * 0.75
    smooth = t * (1 - smoothing) + 0.5 * smoothing
    expected = alpha * (1 - p_t) ** 1.5 * entropy(x, smooth, reduction="none")
    found = refloss.sigmoid_focal(x, t, preset="effdet", label_smoothing=smoothing)
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)


def test_yolov5_and_smp_are_presets():
    torch = pytest.importorskip("torch")
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    x, t = torch.linspace(-4, 4, 9, dtype=torch.float64), torch.linspace(0, 1, 9).double()
    p, loss = x.sigmoid(), entropy(x, t, reduction="none")
    alpha, p_t = t * 0.25 + (1 - t) * 0.75, t * p + (1 - t) * (1 - p)
    for found, expected in (
        (refloss.sigmoid_focal(x, t, preset="yolov5"), loss * alpha * (1.0 - p_t) ** 1.5),
        (refloss.sigmoid_focal(x, t, preset="smp"), (1.0 - torch.exp(-loss)) ** 2 * loss),
        (refloss.quality_focal(x, t, preset="yolov5"), loss * alpha * (t - p).abs() ** 1.5),
        (refloss.quality_focal(x, t, preset="mmdet"), loss * (p - t).abs() ** 2),
    ):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("epsilon", [-1.0, 1.0])
@pytest.mark.parametrize("side", ["both", "focal"])
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_polynomial_term_is_that_of_leng_et_al(gamma, side, epsilon):
    torch = pytest.importorskip("torch")
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    x = torch.linspace(-4, 4, 9, dtype=torch.float64, requires_grad=True)
    t = torch.linspace(0, 1, 9).double().requires_grad_()
    p = x.sigmoid()
    p_t, alpha = t * p + (1 - t) * (1 - p), t * 0.25 + (1 - t) * 0.75
    poly = epsilon * (1 - p_t) ** (gamma + 1) * (alpha if side == "both" else 1.0)
    loss = alpha * (1 - p_t) ** gamma * entropy(x, t, reduction="none") + poly
    slopes = torch.autograd.grad(loss.sum(), (x, t), create_graph=True)
    direction = torch.linspace(1, 2, 9).double()
    products = torch.autograd.grad(sum((s * direction).sum() for s in slopes), (x, t))
    options = {"gamma": gamma, "epsilon": epsilon, "poly_alpha": side, "wrt": ("logits", "target")}
    inputs = x.detach(), t.detach()
    value, grad = refloss.sigmoid_focal.value_and_grad(*inputs, **options)
    dots = {"logits": direction, "target": direction}
    moved = refloss.sigmoid_focal.hvp(*inputs, dots, **options)
    near = {"rtol": 2.0**-40, "atol": 2.0**-40}
    torch.testing.assert_close(value, loss.detach(), **near)
    for name, slope, product in zip(("logits", "target"), slopes, products, strict=True):
        torch.testing.assert_close(grad[name], slope.detach(), **near)
        torch.testing.assert_close(moved[name], product, **near)


@pytest.mark.parametrize("gamma", [0.0, 0.25, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_the_polynomial_term_is_finite_where_sigmoids_are_0_or_1(gamma, backend):
    x, t = np.tile(LOGITS, 3), np.repeat([0.0, 0.5, 1.0], len(LOGITS))
    axes = {"gamma": gamma, "backend": backend, "alpha_side": "off"}
    dots = {"logits": np.ones_like(x)}
    for epsilon in (-1.0, 2.0):
        value, grad = refloss.sigmoid_focal.value_and_grad(x, t, epsilon=epsilon, **axes)
        moved = refloss.sigmoid_focal.hvp(x, t, dots, epsilon=epsilon, **axes)
        for part in (value, grad["logits"], moved["logits"]):
            assert np.isfinite(part).all()
        # 1 + |epsilon| times (1 + gamma) bounds the slope of one side
        assert np.abs(grad["logits"]).max() <= (1 + gamma) * (1 + abs(epsilon))
    wrong = refloss.sigmoid_focal(np.array([-1e4]), ONE, epsilon=2.0, **axes)
    assert wrong[0] == 1e4 + 2


@given(rows=numbers, gamma=gammas, epsilon=st.sampled_from([-1.0, -0.5, 1.0, 3.0]))
def test_two_classes_with_a_polynomial_term_are_the_softmax_loss(rows, gamma, epsilon):
    x, t = columns(rows)
    t = np.round(t)
    axes = {"gamma": gamma, "epsilon": epsilon}
    found = refloss.sigmoid_focal(x, t, alpha_side="off", **axes)
    logits = np.stack([np.zeros_like(x), x], axis=1)
    expected = refloss.softmax_focal(logits, t.astype(int), **axes)
    terms = (1 + abs(epsilon)) * refloss.sigmoid_focal(x, t, alpha_side="off", gamma=gamma)
    room = (16 + 8 * gamma) * np.spacing(terms)
    assert (np.abs(found - expected) <= room).all()


@pytest.mark.parametrize("form", ["exp_bce", "separate"])
def test_an_epsilon_of_another_form_is_refused(form):
    for options in ({"epsilon": 1.0}, {"preset": "polyloss"}):
        words = f"epsilon: expected none with soft_target={form!r}, got"
        with pytest.raises(ValueError, match=f"sigmoid_focal: {words}"):
            refloss.sigmoid_focal(ONE, ONE, soft_target=form, **options)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="target: expected numbers from 0 to 1; got 2 at 0"):
        refloss.sigmoid_focal(ONE, 2 * ONE)
    with pytest.raises(ValueError, match=r"alpha: expected a number from 0 to 1, got 1\.5"):
        refloss.sigmoid_focal(ONE, ONE, alpha=1.5)
    with pytest.raises(ValueError, match="gamma: expected a finite number >= 0, got -1"):
        refloss.sigmoid_focal(ONE, ONE, gamma=-1)
    with pytest.raises(ValueError, match=r"epsilon: expected a finite number >= -1, got -1\.25"):
        refloss.sigmoid_focal(ONE, ONE, epsilon=-1.25)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("gamma", [1.5, 2.0, 3.0, 5.0])
def test_second_derivatives_vanish_where_a_probability_meets_its_target(gamma, backend):
    ends = np.array([0.0, 1.0])
    for dots in ([1.0, 0.0], [0.0, 1.0], [1.0, -2.0]):
        direction = {n: np.full(2, dot) for n, dot in zip(("probs", "target"), dots, strict=True)}
        found = refloss.focal_probs.hvp(
            ends, ends, direction, gamma=gamma, wrt=("probs", "target"), backend=backend
        )
        np.testing.assert_array_equal([found["probs"], found["target"]], np.zeros((2, 2)))


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("gamma", [0.25, 0.5, 0.75])
def test_second_derivatives_by_a_met_target_overflow_to_the_infinity_of_their_sign(gamma, backend):
    logits, target = np.array([1e4, -1e4]), np.array([1.0, 0.0])
    direction = {"logits": np.array([1.0, 0.5]), "target": np.array([2.0, -3.0])}
    found = refloss.sigmoid_focal.hvp(
        logits, target, direction, gamma=gamma, wrt=("logits", "target"), backend=backend
    )
    np.testing.assert_array_equal(found["target"], [np.inf, -np.inf])
    np.testing.assert_array_equal(found["logits"], [0.0, 0.0])
