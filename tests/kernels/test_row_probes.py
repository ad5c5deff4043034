"""Numbers worked out by hand that tell conventions of cross-entropy apart.

Through the public function. Published digits are compared to their last place; everything that has
a closed form, to the bars of a kernel.
"""

import math

import numpy as np
import pytest

import refloss
from refloss.losses import resolve

ULP = 2.0**-52
CE = refloss.cross_entropy
EVEN, WEIGHTS = np.zeros((1, 4)), np.array([0.5, 1.0, 2.0, 4.0])
FIRST = np.array([0])


def close(found, expected, ulps=8.0):
    return abs(float(found) - expected) <= ulps * ULP * abs(expected)


def digits(found: float, printed: str) -> bool:
    """Whether a number rounds to the digits that are printed."""
    return f"{found:.{len(printed.split('.')[1])}f}" == printed


# --- label smoothing: K = 4, eps = 0.1


@pytest.mark.parametrize(
    ("smoothing", "target", "other", "printed"),
    [
        ("uniform", 0.925, 0.025, (".9250", ".0250")),
        ("others", 0.9, 0.1 / 3, (".9000", ".0333")),
        ("classy", 1.025 / 1.1, 0.025 / 1.1, (".9318", ".0227")),
    ],
)
def test_smoothed_targets(smoothing, target, other, printed):
    """At equal logits a gradient is 1/K less the smoothed target."""
    options = {"label_smoothing": 0.1, "smoothing": smoothing}
    grad = CE.grad(EVEN, FIRST, **options)["logits"][0]
    assert digits(0.25 - grad[0], "0" + printed[0])
    assert digits(0.25 - grad[1], "0" + printed[1])
    assert abs(grad[0] - (0.25 - target)) <= 8 * ULP
    assert (np.abs(grad[1:] - (0.25 - other)) <= 8 * ULP).all()
    soft = CE.grad(EVEN, np.array([[1.0, 0, 0, 0]]), **options)["logits"][0]
    assert (np.abs(soft - grad) <= 8 * ULP).all()


@pytest.mark.parametrize("smoothing", ["uniform", "others", "classy"])
def test_a_smoothed_loss_is_least_at_its_target_and_is_the_entropy_there(smoothing):
    target = {"uniform": 0.925, "others": 0.9, "classy": 1.025 / 1.1}[smoothing]
    q = np.array([[target, *[(1 - target) / 3] * 3]])
    options = {"label_smoothing": 0.1, "smoothing": smoothing}
    value, grad = CE.value_and_grad(np.log(q), FIRST, **options)
    assert close(value[0], -(q * np.log(q)).sum())
    assert (np.abs(grad["logits"]) <= 8 * ULP).all()


def test_smoothing_everything_away_forgets_the_target():
    logits = np.array([[1.0, -2.0, 0.5, 3.0]])
    every = [CE(logits, np.array([k]), label_smoothing=1.0)[0] for k in range(4)]
    lse = math.log(sum(map(math.exp, logits[0])))
    assert all(close(value, lse - logits.mean()) for value in every)
    apart = CE(logits, FIRST, label_smoothing=1.0, smoothing="others")[0]
    assert close(apart, lse - logits[0, 1:].mean())  # fairseq: nothing is left to the target


# --- what a mean divides by


def test_weights_divide_or_do_not():
    """Class weights (.5, 1, 2, 4): Σwℓ/Σw against Σwℓ/N, whose ratio is Σw/N."""
    logits, target = np.zeros((4, 4)), np.array([0, 1, 3, 3])
    options = {"class_weight": WEIGHTS, "reduction": "mean"}
    total = 9.5 * math.log(4)
    assert close(CE(logits, target, **options), math.log(4))
    assert close(CE(logits, target, **options, preset="torch"), math.log(4))
    assert close(CE(logits, target, **options, denominator="items"), total / 4)
    assert close(CE(logits, target, **options, preset="mmdet"), total / 4)
    assert close(CE(logits, target, **options, denominator=2.0), total / 2)


def test_ignored_rows_leave_the_denominator_or_stay():
    logits, target = np.zeros((4, 4)), np.array([0, -100, 3, -100])
    total = 4.5 * math.log(4)
    expected = {"weights": total / 4.5, "kept": total / 2, "items": total / 4}
    for name, number in expected.items():
        options = {"class_weight": WEIGHTS, "reduction": "mean", "denominator": name}
        assert close(CE(logits, target, **options), number), name
    kept, every = (CE(logits, target, reduction="mean", preset=p) for p in ("mmdet_kept", "mmdet"))
    assert close(kept, math.log(4))
    assert close(every, math.log(4) / 2)


def test_smoothing_with_weights_is_divided_by_the_weights_of_the_targets():
    """torch: [(1-ε)Σ w_y nll + (ε/K) ΣΣ w_k (-log p_k)] / Σ w_y."""
    logits, target = np.zeros((2, 4)), np.array([0, 3])
    found = CE(logits, target, class_weight=WEIGHTS, label_smoothing=0.1, reduction="mean")
    expected = (0.9 * 4.5 + 0.025 * 2 * 7.5) * math.log(4) / 4.5
    assert close(found, expected)


def test_probabilities_are_divided_by_the_rows_whatever_the_weights():
    """Torch with probability targets: Σwℓ/N."""
    q = np.eye(4)[[0, 1, 3, 3]]
    found = CE(np.zeros((4, 4)), q, class_weight=WEIGHTS, reduction="mean")
    assert close(found, 9.5 * math.log(4) / 4)


@pytest.mark.parametrize(
    ("preset", "expected"), [("torch", math.nan), ("paddle", 0.0), ("caffe", 0.0)]
)
def test_a_mean_over_nothing(preset, expected):
    """All rows ignored, no rows, or weights that add up to 0: NaN or 0, the gradient 0."""
    ignored = np.full(3, -100)
    logits = np.random.default_rng(0).normal(size=(3, 4))
    options = {"preset": preset, "reduction": "mean"}
    value, grad = CE.value_and_grad(logits, ignored, **options)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad["logits"], np.zeros((3, 4)))
    np.testing.assert_array_equal(CE(logits[:0], ignored[:0], **options), expected)
    assert CE(logits, ignored, preset=preset, reduction="sum") == 0.0
    assert (CE(logits, ignored, preset=preset) == 0.0).all()


@pytest.mark.parametrize(("empty", "expected"), [("nan", math.nan), ("zero", 0.0)])
def test_weights_that_are_all_zero(empty, expected):
    options = {"class_weight": np.zeros(4), "reduction": "mean", "empty": empty}
    value, grad = CE.value_and_grad(EVEN, FIRST, **options)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad["logits"], np.full((1, 4), expected))
    assert CE(EVEN, FIRST, **{**options, "denominator": "items"}) == 0.0


# --- nothing is capped, clipped or lost

FLT_MIN = float(np.finfo(np.float32).tiny)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("cap", "printed"), [(FLT_MIN, "87.3365"), (1e-30, "69.08"), (1e-7, "16.118")]
)
def test_no_cap_is_reproduced(cap, printed, dtype):
    """Caffe caps at -ln FLT_MIN, insightface at -ln 1e-30, keras' probabilities at -ln 1e-7."""
    assert digits(-math.log(cap), printed)
    for behind in (100.0, 500.0, 10_000.0):
        logits = np.array([[0.0, behind, -behind]], dtype)
        value, grad = CE.value_and_grad(logits, FIRST)
        assert value[0] == behind
        np.testing.assert_array_equal(grad["logits"][:, :2], np.array([[-1, 1]], dtype))


def test_a_confident_prediction_still_has_a_slope():
    """The target ahead by 40, 300, 700: p - 1 is 0 in float64, the slope is -exp(-lead)."""
    for lead in (40.0, 300.0, 700.0):
        value, grad = CE.value_and_grad(np.array([[lead, 0.0]]), FIRST)
        assert 1 / (1 + math.exp(-lead)) - 1 == 0.0
        assert close(value[0], math.exp(-lead), 4)
        assert close(grad["logits"][0, 0], -math.exp(-lead))
        assert close(grad["logits"][0, 1], math.exp(-lead))


def test_offsets_change_nothing():
    logits = np.array([[0.5, -1.0, 2.0]])
    for offset in (2.0**10, -(2.0**20), 2.0**40):
        np.testing.assert_array_equal(CE(logits + offset, FIRST), CE(logits, FIRST))


def test_float16_logits_of_a_margin_head_do_not_overflow():
    """Scale 64 in float16: exp overflows without the maximum; the loss is 96."""
    logits = np.array([[-32.0, 64.0, 0.0]], np.float16)
    value, grad = CE.value_and_grad(logits, FIRST)
    assert value[0] == 96.0
    np.testing.assert_array_equal(grad["logits"], np.array([[-1, 1, 0]], np.float16))


def test_an_impossible_class_is_as_good_as_gone():
    """A logit of -inf, not the target's: the loss of the others; torch's NaN with probabilities."""
    inf = math.inf
    logits = np.array([[1.0, -inf, 0.5]])
    value, grad = CE.value_and_grad(logits, FIRST)
    expected, others = CE.value_and_grad(logits[:, [0, 2]], FIRST)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad["logits"][:, [0, 2]], others["logits"])
    assert grad["logits"][0, 1] == 0.0
    q = np.array([[0.75, 0.0, 0.25]])
    value, grad = CE.value_and_grad(logits, q)
    expected, others = CE.value_and_grad(logits[:, [0, 2]], q[:, [0, 2]])
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(grad["logits"][:, [0, 2]], others["logits"])
    assert grad["logits"][0, 1] == 0.0
    product = CE.hvp(logits, q, {"logits": np.array([[1.0, 5.0, -2.0]])})["logits"]
    assert product[0, 1] == 0.0
    assert np.isfinite(product).all()


def test_singular_points_are_as_documented():
    inf, nan = math.inf, math.nan
    for row in ([-inf] * 3, [inf, 0, 1], [0, inf, -inf], [inf, inf, 0], [nan, 0, 1], [0, nan, 1]):
        logits = np.array([row], float)
        for target in (FIRST, np.array([[0.0, 0.75, 0.25]])):
            value, grad = CE.value_and_grad(logits, target)
            product = CE.hvp(logits, target, {"logits": np.ones((1, 3))})["logits"]
            for part in (value, grad["logits"], product):
                assert np.isnan(part).all(), row
    value, grad = CE.value_and_grad(np.array([[-inf, 0.0]]), FIRST, class_weight=np.array([3.0, 1]))
    np.testing.assert_array_equal(value, [inf])
    np.testing.assert_array_equal(grad["logits"], [[-3.0, 3.0]])
    value, grad = CE.value_and_grad(np.array([[1.0, -inf]]), FIRST, label_smoothing=0.5)
    np.testing.assert_array_equal(value, [inf])
    np.testing.assert_array_equal(grad["logits"], [[0.25, -0.25]])


def test_a_weight_of_0_silences_what_is_infinite():
    """0 times an infinite term is 0: in values, gradients and smoothing alike."""
    inf, weight = math.inf, np.array([1.0, 0.0, 2.0])
    logits = np.array([[1.0, -inf, 0.5]])
    assert CE(logits, np.array([1]), class_weight=weight)[0] == 0.0
    assert not CE.grad(logits, np.array([1]), class_weight=weight)["logits"].any()
    smoothed = CE.value_and_grad(logits, FIRST, class_weight=weight, label_smoothing=0.1)
    assert np.isfinite(smoothed[0]).all()
    assert np.isfinite(smoothed[1]["logits"]).all()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("smoothing", [0.0, 0.125])
@pytest.mark.parametrize("q", [[0.5, 0.25, 0.25], [0.75, 0.0, 0.25], [0.0, 1.0, 0.0]])
def test_a_class_of_weight_0_is_removed_from_probabilities(q, smoothing, backend):
    """Also where its logit is -inf: 0 in value, gradients and second derivatives, not 0 * inf."""
    weight, logits = np.array([1.0, 0.0, 2.0]), np.array([[1.0, -math.inf, 0.5]])
    options = {"wrt": ("logits", "target"), "label_smoothing": smoothing, "backend": backend}
    value, grad = CE.value_and_grad(logits, np.array([q]), class_weight=weight, **options)
    p = np.exp(logits[0] - np.logaddexp.reduce(logits[0]))
    hit, off = 1 - smoothing, smoothing / 3
    cost = np.array([-math.log(p[0]), 0.0, -2 * math.log(p[2])])
    goal = weight * (hit * np.array(q) + off)
    np.testing.assert_allclose(value, [cost @ (hit * np.array(q) + off)], rtol=1e-15, atol=0)
    np.testing.assert_allclose(grad["target"], [hit * cost], rtol=1e-14, atol=0)
    np.testing.assert_allclose(grad["logits"], [goal.sum() * p - goal], rtol=1e-13, atol=1e-17)
    assert grad["target"][0, 1] == grad["logits"][0, 1] == 0.0
    direction = {"logits": np.array([[1.0, 5.0, -2.0]]), "target": np.array([[0.5, 3.0, 1.0]])}
    product = CE.hvp(logits, np.array([q]), direction, class_weight=weight, **options)
    mean = p @ direction["logits"][0]
    moved = hit * weight * (mean - direction["logits"][0])
    np.testing.assert_allclose(product["target"], [moved], rtol=1e-13, atol=1e-17)
    assert product["target"][0, 1] == product["logits"][0, 1] == 0.0
    assert np.isfinite(product["logits"]).all()


def test_a_trace_shows_that_a_class_of_weight_0_costs_nothing():
    logits, q = np.array([[1.0, -math.inf, 0.5]]), np.array([[0.5, 0.25, 0.25]])
    trace = CE.trace(logits, q, class_weight=np.array([1.0, 0.0, 2.0]))
    assert trace["score"][0, 1] == math.inf
    assert trace["cost"][0, 1] == trace["target_bar"][0, 1] == 0.0
    assert np.isfinite(trace["loss"]).all()


# --- z-loss


def test_z_loss_is_the_squared_log_sum_exp_and_has_no_weight():
    """Liger-Kernel PR #420: class weights do not weight it."""
    logits = np.array([[1.0, 2.0, 3.0]])
    lse = math.log(math.exp(1) + math.exp(2) + math.exp(3))
    for weight in (None, np.array([5.0, 1.0, 1.0])):
        plain, penalised = (CE(logits, FIRST, class_weight=weight, z_loss=z)[0] for z in (0.0, 0.5))
        assert abs(penalised - plain - 0.5 * lse**2) <= 8 * ULP * penalised
    assert resolve("cross_entropy", "palm").constants["z_loss"] == 1e-4


def test_the_trace_names_the_quantities():
    trace = CE.trace(np.zeros((2, 4)), np.array([0, 3]), label_smoothing=0.1)
    assert trace["hit"] == pytest.approx(0.9, rel=1e-15)
    assert trace["off"] == pytest.approx(0.025, rel=1e-15)
    assert trace["lse"].tolist() == [math.log(4)] * 2
    assert (trace["mass"] == 1.0).all()
