"""Laws of divergences of a softmax, to the bars of both sides of each."""

import numpy as np
import pytest

import refloss
from tests.kernels.row_regimes import RowCase
from tests.kernels.row_subject import RowSubject, U

KL, JS = (RowSubject({}, True, loss=name) for name in ("softmax_kl", "softmax_js"))
both = pytest.mark.parametrize("subject", [KL, JS], ids=str)
EIGHTHS = np.array([[4, 2, 1, 1], [1, 1, 2, 4], [2, 2, 2, 2], [8, 0, 0, 0]]) / 8


def made(rows: int = 40, classes: int = 5, seed: int = 1) -> RowCase:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * 4.0 ** rng.integers(-2, 3, (rows, 1))
    target = rng.dirichlet(np.full(classes, 0.5), rows)
    target[::4] = np.eye(classes)[rng.integers(0, classes, len(target[::4]))]
    return RowCase(logits, np.zeros(rows, int), target)


def called(subject, case, **axes):
    call = getattr(refloss, subject.loss).value_and_grad
    value, grad = call(case.logits, case.probabilities, wrt=("logits", "target"), **axes)
    return value, np.hstack([grad["logits"], grad["target"]])


def test_it_is_cross_entropy_less_the_entropy():
    case = made()
    q = case.probabilities
    entropy = -(q * np.log(np.where(q > 0, q, 1.0))).sum(1)
    crossed, grad = refloss.cross_entropy.value_and_grad(case.logits, q)
    value, found = called(KL, case)
    room = 16 * U * (np.abs(crossed) + entropy)
    assert (np.abs(value - (crossed - entropy)) <= room).all()
    bar = 2 * KL.grad_bar(case)[:, : case.classes]
    assert (np.abs(found[:, : case.classes] - grad["logits"]) <= bar).all()


@both
def test_it_is_never_negative_and_0_where_p_is_q(subject):
    case = made(400)
    assert (called(subject, case)[0] >= -subject.value_bar(case)).all()
    even = RowCase(np.full((3, 4), 7.0), np.zeros(3, int), np.full((3, 4), 0.25))
    value, grad = called(subject, even)
    assert not value.any()
    assert not grad[:, :4].any()


def test_the_middle_one_is_symmetric_and_bounded():
    """Of logarithms of eighths, whose softmax is them to a rounding."""
    n = len(EIGHTHS) - 1
    p, q = (np.repeat(EIGHTHS[:n], n, 0), np.tile(EIGHTHS[:n], (n, 1)))
    labels = np.zeros(len(p), int)
    one, other = RowCase(np.log(p), labels, q), RowCase(np.log(q), labels, p)
    gap = np.abs(JS.value(one) - JS.value(other))
    assert (gap <= 2 * (JS.value_bar(one) + JS.value_bar(other))).all()
    far = RowCase(np.array([[9000.0, 0.0]]), np.zeros(1, int), np.array([[0.0, 1.0]]))
    assert abs(JS.value(far)[0] - np.log(2)) <= 2 * U
    assert abs(called(JS, far, unit="bits")[0][0] - 1) <= 2 * U
    many = made(400)
    assert (JS.value(many) <= np.log(2) + JS.value_bar(many)).all()


@both
def test_a_temperature_divides_the_logits(subject):
    case = made()
    for heat in (0.25, 4.0):
        scaled = RowCase(case.logits / heat, case.labels, case.probabilities)
        value, grad = called(subject, case, temperature=heat)
        expected, slopes = called(subject, scaled)
        slopes[:, : case.classes] /= heat
        assert np.array_equal(value, expected)
        assert np.array_equal(grad, slopes)


@both
def test_a_temperature_of_any_digits_costs_none(subject):
    """At an offset of 2**30 a quotient of each logit would have lost half of them."""
    rng = np.random.default_rng(2)
    near = np.round(rng.normal(size=(30, 5)) * 2**10) / 2**10
    target = rng.dirichlet(np.ones(5), 30)
    value, grad = called(subject, RowCase(near, None, target), temperature=0.3)
    moved, slopes = called(subject, RowCase(near + 2.0**30, None, target), temperature=0.3)
    assert np.array_equal(value, moved)
    assert np.array_equal(grad, slopes)


def test_the_factor_is_the_square_of_the_temperature():
    case = made()
    value, grad = called(KL, case, temperature=4.0)
    softened, slopes = called(KL, case, temperature=4.0, factor="temperature_squared")
    assert np.array_equal(16 * value, softened)
    assert np.array_equal(16 * grad, slopes)


@both
def test_classes_have_no_order_and_logits_no_origin(subject):
    case = made()
    order = np.random.default_rng(3).permutation(case.classes)
    turned = RowCase(case.logits[:, order], case.labels, case.probabilities[:, order])
    twice = np.hstack([order, order + case.classes])
    value, grad = called(subject, case)
    other, slopes = called(subject, turned)
    assert (np.abs(value - other) <= 2 * subject.value_bar(case)).all()
    assert (np.abs(grad[:, twice] - slopes) <= 2 * subject.grad_bar(case)[:, twice]).all()
    total = np.abs(grad[:, : case.classes].sum(1))
    assert (total <= subject.grad_bar(case)[:, : case.classes].sum(1)).all()


@both
def test_a_class_of_weight_0_asks_nothing_and_equal_weights_are_a_factor(subject):
    case, options = made(), {"class_weight": np.array([1.0, 2, 0, 1, 0.5])}
    value, grad = called(subject, case, **options)
    moved = RowCase(case.logits, None, case.probabilities * np.array([1, 1, 3, 1, 1]))
    if subject is KL:  # where the sum of all probabilities counts by their weights alone
        assert np.array_equal(called(subject, moved, **options)[0], value)
    assert not grad[:, case.classes + 2].any()
    doubled, slopes = called(subject, case, class_weight=np.full(5, 2.0))
    plain, expected = called(subject, case)
    assert np.array_equal(doubled, 2 * plain)
    assert np.array_equal(slopes, 2 * expected)


def test_what_rounding_left_of_a_sum_is_neither_lost_nor_doubled():
    """Where q is p but for one unit in the last place the loss is that unit."""
    q = np.array([[0.25 + 2.0**-54, 0.25, 0.25, 0.25]])
    value = refloss.softmax_kl(np.zeros((1, 4)), q)
    assert abs(value[0] / 2.0**-54 - 1) < 2.0**-40


def test_torch_and_scipy_say_the_same():
    import torch
    from scipy.spatial.distance import jensenshannon

    case = made()
    logits, q = torch.tensor(case.logits), torch.tensor(case.probabilities)
    terms = torch.nn.functional.kl_div(logits.log_softmax(1), q, reduction="none")
    for preset, divisor in (("torch", len(q)), ("torch_mean", q.numel())):
        expected = terms.sum() / divisor
        found = refloss.softmax_kl(logits, q, preset=preset, reduction="mean")
        assert abs(found / expected - 1) <= 64 * U
    p = logits.softmax(1).numpy()
    for unit, base in (("nats", None), ("bits", 2)):
        expected = jensenshannon(p, case.probabilities, base, axis=1) ** 2
        found = refloss.softmax_js(case.logits, case.probabilities, unit=unit)
        assert (np.abs(found - expected) <= 64 * U * (1 + expected)).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0, 1e101, float("nan"), float("inf")])
@both
def test_a_temperature_is_a_positive_number(subject, temperature):
    with pytest.raises(ValueError, match="temperature: expected a"):
        called(subject, made(), temperature=temperature)
