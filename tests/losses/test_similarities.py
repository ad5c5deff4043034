"""Losses of rows of similarities, called: numbers of papers, conventions, lacking kinds, errors."""

import inspect

import numpy as np
import pytest
import torch
from pytorch_metric_learning import losses as pml
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.reducers import DoNothingReducer
from torch.nn.functional import normalize

import refloss
from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from refloss.run.kernels import library

LOSSES = [n for n, e in library().index["losses"].items() if e["family"] == "similarities"]
CALLS = [
    ("supcon", {}),
    ("supcon", {"preset": "supcontrast", "temperature": 0.2}),
    ("supcon", {"preset": "inside"}),
    ("ntxent", {"least": 2.0**-10}),
    ("ntxent", {"preset": "simclr", "pairs": "averaged"}),
]
by_call = pytest.mark.parametrize(("loss", "axes"), CALLS, ids=str)


def rows(n: int = 12, width: int = 9, seed: int = 0):
    """Return similarities and relations; the first rows lack positives, negatives, both."""
    rng = np.random.default_rng(seed)
    same = rng.choice([-1, 0, 1], (n, width), p=[0.1, 0.6, 0.3])
    same[0], same[1], same[2] = 0, 1, -1
    same[3:, 0] = 1
    return rng.uniform(-1, 1, (n, width)), same


def batch(n: int = 10, seed: int = 1):
    """Return embeddings, labels, and the rows that they make of all others."""
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(n, 5)), rng.integers(0, 3, n)
    labels[0] = 7  # alone
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    same = np.where(labels[:, None] == labels, 1, 0)
    np.fill_diagonal(same, -1)
    return torch.tensor(x), torch.tensor(labels), unit @ unit.T, same


def called(loss, *arrays, **options):
    return getattr(refloss, loss)(*arrays, **options)


#: One positive at 1/2, negatives at 0 and 1/2, temperature 1/2: the exponentials are e, 1 and e.
PROBE = np.array([[0.5, 0.0, 0.5, 0.9]]), np.array([[1, 0, 0, -1]])


@by_call
def test_one_positive_has_one_loss_by_every_name(loss, axes):
    known = {n: v for n, v in axes.items() if n not in ("least", "preset")}
    chosen = {"preset": "inside"} if axes.get("preset") == "inside" else {}
    found = called(loss, *PROBE, **{**known, **chosen, "temperature": 0.5})
    np.testing.assert_allclose(found, np.log((2 * np.e + 1) / np.e), rtol=4e-16)


def test_the_factor_is_the_temperature_over_its_base():
    plain = refloss.supcon(*PROBE, temperature=0.5)
    scaled = refloss.supcon(*PROBE, temperature=0.5, base_temperature=0.07)
    np.testing.assert_allclose(scaled, plain * (0.5 / 0.07), rtol=4e-16)


def test_two_positives_part_the_three():
    """Both at 0 beside one negative at 0: 1/3 and 1/3, 2/3 over 2, and twice 1/2."""
    zeros, same = np.zeros((1, 3)), np.array([[1, 1, 0]])
    np.testing.assert_allclose(refloss.supcon(zeros, same), np.log(3), rtol=4e-16)
    inside = refloss.supcon(zeros, same, logarithm="inside")
    np.testing.assert_allclose(inside, np.log(3), rtol=4e-16)
    np.testing.assert_allclose(refloss.ntxent(zeros, same), 2 * np.log(2), rtol=4e-16)
    every = refloss.ntxent(zeros, same, others="in")
    np.testing.assert_allclose(every, 2 * np.log(3), rtol=4e-16)
    apart = np.array([[0.5, 0.0, 0.0]])
    outside, inside = (
        refloss.supcon(apart, same, logarithm=where)[0] for where in ("outside", "inside")
    )
    assert inside < outside  # Jensen


def test_the_preset_of_ntxent_is_that_of_pytorch_metric_learning():
    x, labels, similarities, same = batch()
    expected = pml.NTXentLoss(temperature=0.07)(x, labels)
    found = refloss.ntxent(
        similarities, same, preset="pytorch_metric_learning", reduction="mean", least=2.0**-1022
    )
    np.testing.assert_allclose(found, expected.item(), rtol=1e-13)


def test_the_preset_of_supcon_is_that_of_pytorch_metric_learning():
    """An anchor without a positive is left out of the mean."""
    x, labels, similarities, same = batch()
    expected = pml.SupConLoss()(x, labels)
    preset = {"preset": "pytorch_metric_learning"}
    found = refloss.supcon(similarities, same, reduction="mean", **preset)
    np.testing.assert_allclose(found, expected.item(), rtol=1e-13)
    each = pml.SupConLoss(reducer=DoNothingReducer(), distance=CosineSimilarity())(x, labels)
    found = refloss.supcon(similarities, same, **preset)
    np.testing.assert_allclose(found, each["loss"]["losses"].numpy(), rtol=1e-12, atol=1e-15)


def test_the_preset_of_ntxent_is_that_of_optax():
    import optax

    x, labels, *_ = batch()
    narrow = normalize(x.float())
    similarities, same = narrow @ narrow.T, torch.tensor(batch()[3])
    expected = optax.losses.ntxent(x.float().numpy(), labels.numpy())
    found = refloss.ntxent(similarities, same, preset="optax", reduction="mean")
    np.testing.assert_allclose(found, float(expected), rtol=1e-5)


def test_the_preset_of_supcontrast_is_its_repository():
    """SupConLoss.forward of HobbitLong/SupContrast, over given similarities."""
    similarities, same = rows()
    keep = (torch.tensor(same) >= 0).double()
    mask = (torch.tensor(same) == 1).double()
    logits = torch.tensor(similarities) / 0.1
    logits = logits - logits.max(dim=1, keepdim=True).values
    log_prob = logits - (logits.exp() * keep).sum(1, keepdim=True).log()
    pairs = mask.sum(1)
    for preset, count in (
        ("supcontrast", torch.where(pairs < 1e-6, 1, pairs)),
        ("supcontrast_2020", pairs),
    ):
        expected = -(0.1 / 0.07) * (mask * log_prob).sum(1) / count
        found = refloss.supcon(similarities, same, preset=preset, temperature=0.1)
        usable = np.any(same >= 0, axis=1)
        np.testing.assert_allclose(found[usable], expected.numpy()[usable], rtol=1e-13)


@by_call
def test_anchors_that_lack_a_kind_have_a_value_and_a_slope(loss, axes):
    similarities, same = rows()
    value, grad = getattr(refloss, loss).value_and_grad(similarities, same, **axes)
    dots = {"similarities": np.ones_like(similarities)}
    product = getattr(refloss, loss).hvp(similarities, same, dots, **axes)["similarities"]
    for array in (value, grad["similarities"], product):
        assert np.isfinite(array).all()
    barren = ~(same == 1).any(axis=1)
    assert not value[barren].any()
    assert not grad["similarities"][barren].any()
    assert not grad["similarities"][same < 0].any()


def test_a_positive_without_negatives_costs_nothing():
    similarities, same = np.array([[0.3, -0.9]]), np.array([[1, -1]])
    for loss, axes in CALLS[:3]:
        value, grad = getattr(refloss, loss).value_and_grad(similarities, same, **axes)
        assert value == 0
        assert not grad["similarities"].any()
    several = np.array([[0.25, 0.25, 0.25]]), np.array([[1, 1, 1]])
    assert refloss.ntxent(*several) == 0
    np.testing.assert_allclose(refloss.supcon(*several), np.log(3), rtol=4e-16)


def test_an_anchor_without_positives_may_be_undefined():
    similarities, same = rows()
    value, grad = refloss.supcon.value_and_grad(similarities, same, without_positives="nan")
    barren = ~(same == 1).any(axis=1)
    np.testing.assert_array_equal(np.isnan(value), barren)
    np.testing.assert_array_equal(np.isnan(grad["similarities"]).any(axis=1), barren)
    np.testing.assert_array_equal(value[~barren], refloss.supcon(similarities, same)[~barren])


@by_call
@pytest.mark.parametrize("stranger", [np.nan, np.inf, -np.inf, 1e300])
def test_what_is_left_out_has_any_number(loss, axes, stranger):
    """Nothing of it reaches value, gradient or product, or what the largest is."""
    similarities, same = rows()
    strange = np.where(same < 0, stranger, similarities)
    dots = {"similarities": np.where(same < 0, 0.0, np.cos(similarities))}
    function = getattr(refloss, loss)
    for backend in ("numpy", "c"):
        options = {**axes, "backend": backend}
        value, grad = function.value_and_grad(strange, same, **options)
        known, slopes = function.value_and_grad(similarities, same, **options)
        np.testing.assert_array_equal(value, known)
        np.testing.assert_array_equal(grad["similarities"], slopes["similarities"])
        one = function.hvp(strange, same, dots, **options)["similarities"]
        other = function.hvp(similarities, same, dots, **options)["similarities"]
        np.testing.assert_array_equal(one, other)


@by_call
@pytest.mark.parametrize("temperature", [1e-4, 1e-2])
def test_no_exponential_leaves_the_range(loss, axes, temperature):
    """At 10,000 apart in logits, with positives on both sides of the negatives."""
    similarities = np.array([[1.0, -1.0, 0.5, 0.25], [-1.0, 1.0, 1.0, -1.0]])
    same = np.array([[0, 1, 1, 0], [0, 1, 1, 0]])
    how = {**axes, "temperature": temperature}
    value, grad = getattr(refloss, loss).value_and_grad(similarities, same, **how)
    product = getattr(refloss, loss).hvp(similarities, same, {"similarities": same * 1.0}, **how)
    for array in (value, grad["similarities"], product["similarities"]):
        assert np.isfinite(array).all()
    assert value[1] < value[0]


@by_call
@pytest.mark.parametrize("width", [1, 9, 300])
def test_the_compiled_program_agrees(loss, axes, width):
    similarities, same = rows(width=width)
    dots = {"similarities": np.random.default_rng(2).normal(size=similarities.shape)}
    function = getattr(refloss, loss)
    for how in ({}, {"reduction": "mean"}):
        value, grad = function.value_and_grad(similarities, same, **axes, **how)
        other, slopes = function.value_and_grad(similarities, same, backend="c", **axes, **how)
        np.testing.assert_allclose(other, value, rtol=4e-15)
        size = np.abs(grad["similarities"]).max(axis=1, keepdims=True)
        assert (np.abs(slopes["similarities"] - grad["similarities"]) <= 1e-14 * size).all()
    found = function.hvp(similarities, same, dots, **axes)["similarities"]
    other = function.hvp(similarities, same, dots, backend="c", **axes)["similarities"]
    size = np.abs(found).max(axis=1, keepdims=True)
    assert (np.abs(other - found) <= 1e-13 * size).all()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("loss", LOSSES)
def test_narrow_formats_are_widened_and_rounded_once(loss, dtype):
    similarities, same = rows()
    narrow, function = similarities.astype(dtype_of(format_of(dtype))), getattr(refloss, loss)
    value, grad = function.value_and_grad(narrow, same)
    expected, slopes = function.value_and_grad(narrow.astype(float), same)
    assert value.dtype == grad["similarities"].dtype == narrow.dtype
    rounded = format_of(dtype).round  # once: NumPy's way to bfloat16 is by float32
    np.testing.assert_array_equal(value.astype(float), rounded(expected))
    found = grad["similarities"].astype(float)
    np.testing.assert_array_equal(found, rounded(slopes["similarities"]))


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.float64])
def test_relations_of_every_kind(kind):
    similarities, same = rows()
    expected = refloss.ntxent(similarities, same)
    for backend in ("numpy", "c"):
        found = refloss.ntxent(similarities, same.astype(kind), backend=backend)
        np.testing.assert_allclose(found, expected, rtol=4e-15)
    positive = same == 1
    expected = refloss.supcon(similarities, positive.astype(int))
    np.testing.assert_array_equal(refloss.supcon(similarities, positive), expected)


def test_denominators():
    similarities, same = rows()
    each, slopes = refloss.ntxent.value_and_grad(similarities, same)
    positive = same == 1
    counts = {
        "pairs": positive.sum(),
        "anchors": positive.any(axis=1).sum(),
        "items": len(same),
        17.5: 17.5,
    }
    assert counts["anchors"] < counts["items"] < counts["pairs"]
    for name, number in counts.items():
        how = {"reduction": "mean", "denominator": name}
        value, grad = refloss.ntxent.value_and_grad(similarities, same, **how)
        np.testing.assert_allclose(value, each.sum() / number, rtol=1e-15)
        np.testing.assert_allclose(
            grad["similarities"], slopes["similarities"] / number, rtol=1e-14
        )
    barren = np.where(positive, 0, same)
    assert np.isnan(refloss.ntxent(similarities, barren, reduction="mean"))
    assert refloss.ntxent(similarities, barren, reduction="mean", empty="zero") == 0
    assert refloss.supcon(similarities, barren, reduction="mean") == 0


def test_relations_are_counted_in_blocks():
    """More than the counter widens at a time."""
    rng = np.random.default_rng(5)
    same = rng.choice([-1, 0, 1], (300, 501)).astype(np.int8)
    similarities = rng.uniform(-1, 1, same.shape).astype(np.float32)
    total = refloss.ntxent(similarities, same, reduction="sum")
    mean = refloss.ntxent(similarities, same, reduction="mean")
    np.testing.assert_allclose(mean, total / (same == 1).sum(), rtol=1e-6)


def test_no_rows():
    none = np.empty((0, 3)), np.empty((0, 3), int)
    for loss in LOSSES:
        assert called(loss, *none).shape == (0,)
        assert np.isnan(called(loss, *none, reduction="mean"))
        assert getattr(refloss, loss).grad(*none)["similarities"].shape == (0, 3)


def test_nan_stays_in_its_row_or_is_refused():
    similarities, same = rows()
    clean = refloss.supcon(similarities, same)
    similarities = similarities.copy()
    similarities[4, 0] = np.nan
    value, grad = refloss.supcon.value_and_grad(similarities, same)
    kept = np.arange(len(same)) != 4
    assert np.isnan(value[4])
    assert np.isfinite(grad["similarities"][kept]).all()
    np.testing.assert_array_equal(value[kept], clean[kept])
    with pytest.raises(ValueError, match="similarities: expected no NaN"):
        refloss.supcon(similarities, same, nan="raise")


@by_call
def test_a_trace_has_the_textbooks_numbers(loss, axes):
    similarities, same = rows()
    traced = getattr(refloss, loss).trace(similarities, same, **axes)
    value, grad = getattr(refloss, loss).value_and_grad(similarities, same, **axes)
    assert {"positive", "count", "loss", "similarities_bar"} <= set(traced)
    np.testing.assert_allclose(traced["loss"], value, rtol=1e-11, atol=1e-15)
    found, size = traced["similarities_bar"], np.abs(grad["similarities"]).max()
    np.testing.assert_allclose(found, grad["similarities"], rtol=1e-10, atol=1e-12 * size)


GOOD = {"similarities": np.zeros((2, 3)), "same": np.array([[1, 0, 0], [0, 1, -1]])}
BAD = [
    ({"similarities": np.zeros(3)}, {}, ValueError, r"similarities: expected shape \(N, D\)"),
    ({"similarities": np.zeros((2, 3), int)}, {}, TypeError, "similarities: expected one of"),
    ({"same": np.zeros((2, 2), int)}, {}, ValueError, r"same: expected shape \(2, 3\), one number"),
    ({"same": np.full((2, 3), 2)}, {}, ValueError, r"same: expected -1 or 0 or 1 .*; got 2"),
    ({"same": np.zeros((2, 3), "f4")}, {}, TypeError, "same: expected float64 as similarities"),
    ({}, {"temperature": 0.0}, ValueError, "temperature: expected a number from 0.0001"),
    ({}, {"temprature": 1.0}, ValueError, "did you mean 'temperature'"),
    ({}, {"wrt": "same"}, ValueError, "wrt: expected one of 'similarities'"),
    ({}, {"least": 0.5, "others": "in"}, ValueError, "least: expected none with others='in'"),
]


@pytest.mark.parametrize(("inputs", "options", "error", "words"), BAD)
def test_errors_name_the_argument(inputs, options, error, words):
    with pytest.raises(error, match=words):
        refloss.ntxent.grad(**{**GOOD, **inputs}, **options)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_documentation_names_every_argument(loss):
    text = getattr(refloss, loss).__doc__
    names = list(inspect.signature(getattr(refloss, loss)).parameters)
    assert names[:2] == ["similarities", "same"]
    for name in names:
        assert name in text
    assert "Singular points" in text


def test_inputs_are_not_written_to():
    similarities, same = rows()
    kept = similarities.copy(), same.copy()
    refloss.supcon.value_and_grad(similarities, same=same)
    np.testing.assert_array_equal(similarities, kept[0])
    np.testing.assert_array_equal(same, kept[1])
