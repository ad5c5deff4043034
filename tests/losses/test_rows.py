"""The public cross-entropy: torch, formats, reductions, ignored rows, derivatives, traces."""

import inspect
import itertools
import math
import pydoc
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
import torch

import refloss
from refloss.run.kernels import library
from refloss.run.rounding import format_of, narrow
from tests.losses.rows import IGNORED, WEIGHTS, rows, some_ignored, wide

CE = refloss.cross_entropy
DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
OPTIONS = [
    {},
    {"label_smoothing": 0.1},
    {"label_smoothing": 0.25, "smoothing": "others"},
    {"label_smoothing": 0.25, "smoothing": "classy"},
    {"z_loss": 0.125},
]
#: Far above the rounding of sums of order 100 in float64, far below any difference of convention.
NEAR = {"rtol": 2.0**-42, "atol": 2.0**-42}


def names(options) -> str:
    return "-".join(f"{k}={v}" for k, v in options.items()) or "plain"


def targets(kind: str):
    logits, labels, parts = rows()
    return logits, some_ignored(labels) if kind == "index" else parts


# --- torch


def torchs(logits, target, upstream=None, direction=None, **options):
    """Return torch's value, gradient by logits, and double backward along a direction."""
    z = torch.tensor(logits, requires_grad=True)
    weight = options.pop("class_weight", None)
    weight = None if weight is None else torch.tensor(weight)
    value = torch.nn.functional.cross_entropy(z, torch.tensor(target), weight=weight, **options)
    bar = torch.ones_like(value) if upstream is None else torch.tensor(upstream)
    (grad,) = torch.autograd.grad(value, z, bar, create_graph=direction is not None)
    if direction is None:
        return value.detach().numpy(), grad.numpy()
    (product,) = torch.autograd.grad(grad, z, torch.tensor(direction))
    return value.detach().numpy(), grad.detach().numpy(), product.numpy()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("eps", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_torchs_preset_is_torch(kind, weight, eps, reduction):
    logits, target = targets(kind)
    rng = np.random.default_rng(1)
    upstream = rng.normal(size=len(logits) if reduction == "none" else ())
    direction = rng.normal(size=logits.shape)
    options = {"class_weight": weight, "label_smoothing": eps, "reduction": reduction}
    expected = torchs(logits, target, np.asarray(upstream), direction, **options)
    options |= {"preset": "torch"}
    value, grad = CE.value_and_grad(logits, target, upstream=upstream, **options)
    product = CE.hvp(logits, target, {"logits": direction}, upstream=upstream, **options)
    for found, theirs in zip((value, grad["logits"], product["logits"]), expected, strict=True):
        np.testing.assert_allclose(found, theirs, **NEAR)


def test_gradients_by_probabilities_are_torchs():
    logits, _, parts = rows()
    q = torch.tensor(parts, requires_grad=True)
    weight = torch.tensor(WEIGHTS)
    value = torch.nn.functional.cross_entropy(
        torch.tensor(logits), q, weight=weight, label_smoothing=0.1
    )
    (expected,) = torch.autograd.grad(value, q)
    found = CE.grad(
        logits, parts, wrt="target", class_weight=WEIGHTS, label_smoothing=0.1, reduction="mean"
    )
    assert list(found) == ["target"]
    np.testing.assert_allclose(found["target"], expected.numpy(), **NEAR)


def test_another_ignore_index_is_torchs():
    logits, labels, _ = rows()
    for index in (255, -1, 2, 0):
        ignored = some_ignored(labels, index)
        options = {"ignore_index": index, "class_weight": WEIGHTS, "reduction": "mean"}
        value, grad = torchs(logits, ignored, **options)
        ours, ours_grad = CE.value_and_grad(logits, ignored, **options)
        np.testing.assert_allclose(ours, value, **NEAR)
        np.testing.assert_allclose(ours_grad["logits"], grad, **NEAR)


# --- formats and libraries


def rounded(values, dtype) -> np.ndarray:
    """Return float64 values rounded once, as float64."""
    out = np.empty(np.shape(values), dtype)
    with np.errstate(all="ignore"):
        narrow(out, np.asarray(values))
    return wide(out)


@pytest.mark.parametrize("options", OPTIONS, ids=names)
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: format_of(np.dtype(d)))
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_results_are_those_of_float64_rounded_once(kind, dtype, options):
    """The numbers are dyadic: differences of logits are exact, in every format."""
    logits, target = targets(kind)
    narrowed = target if kind == "index" else target.astype(dtype)
    wrt = ["logits"] if kind == "index" else ["logits", "target"]
    expected, gradients = CE.value_and_grad(logits, target, wrt=wrt, **options)
    value, found = CE.value_and_grad(logits.astype(dtype), narrowed, wrt=wrt, **options)
    assert value.dtype == dtype
    np.testing.assert_array_equal(wide(value), rounded(expected, dtype))
    for name in wrt:
        assert found[name].dtype == dtype
        np.testing.assert_array_equal(wide(found[name]), rounded(gradients[name], dtype))
    for reduction in ("sum", "mean"):
        total = CE(logits.astype(dtype), narrowed, reduction=reduction, **options)
        assert total.shape == ()
        assert total.dtype == dtype
        whole = CE(logits, target, reduction=reduction, **options)
        assert float(total) == rounded(whole, dtype)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_torch_tensors_give_the_same_bits_as_numpy_arrays(kind, dtype):
    numbers = ml_dtypes.bfloat16 if dtype == torch.bfloat16 else np.dtype(str(dtype)[6:])
    logits, target = targets(kind)
    target = target if kind == "index" else target.astype(numbers)
    arrays = {"class_weight": WEIGHTS.astype(numbers), "reduction": "mean"}
    tensors = {**arrays, "class_weight": torch.tensor(WEIGHTS, dtype=dtype)}
    goal = torch.tensor(wide(target) if kind != "index" else target)
    goal = goal if kind == "index" else goal.to(dtype).requires_grad_()
    scores = torch.tensor(logits, dtype=dtype, requires_grad=True)
    value, gradients = CE.value_and_grad(scores, goal, **tensors)
    expected, theirs = CE.value_and_grad(logits.astype(numbers), target, **arrays)
    assert isinstance(value, torch.Tensor)
    assert value.dtype == gradients["logits"].dtype == dtype
    assert value.shape == ()
    assert not value.requires_grad
    assert value.double().item() == float(expected)
    np.testing.assert_array_equal(gradients["logits"].double().numpy(), wide(theirs["logits"]))
    upstream = torch.tensor(0.5, dtype=dtype)
    halved = CE.grad(scores, goal, upstream=upstream, reduction="sum")["logits"]
    expected = CE.grad(logits.astype(numbers), target, upstream=0.5, reduction="sum")["logits"]
    np.testing.assert_array_equal(halved.double().numpy(), wide(expected))
    trace = CE.trace(scores, goal)
    assert trace["lse"].dtype == torch.float64


class Other:
    """An array of another library, that returns what it is given to its own kind."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return (1, 0)

    def __array_namespace__(self):
        return SimpleNamespace(asarray=Other)


@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_arrays_of_another_library_come_back_in_kind(kind):
    logits, target = targets(kind)
    options = {"class_weight": Other(WEIGHTS)}
    value, gradients = CE.value_and_grad(Other(logits), Other(target), **options)
    expected, theirs = CE.value_and_grad(logits, target, class_weight=WEIGHTS)
    assert isinstance(value, Other)
    np.testing.assert_array_equal(value.array, expected)
    np.testing.assert_array_equal(gradients["logits"].array, theirs["logits"])


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4"]
)
def test_labels_of_every_integer_type(dtype):
    logits, labels, _ = rows()
    value, gradients = CE.value_and_grad(logits, labels)
    found, theirs = CE.value_and_grad(logits, labels.astype(dtype))
    np.testing.assert_array_equal(found, value)
    np.testing.assert_array_equal(theirs["logits"], gradients["logits"])
    ignored = some_ignored(labels, 100).astype(dtype)
    found = CE(logits, ignored, ignore_index=100)
    np.testing.assert_array_equal(found, np.where(ignored == 100, 0.0, value))


def test_an_ignore_index_that_a_type_of_labels_cannot_hold_ignores_nothing():
    logits, labels, _ = rows()
    for index in (-100, 256, 10**30):
        found = CE(logits, labels.astype(np.uint8), ignore_index=index)
        np.testing.assert_array_equal(found, CE(logits, labels))


def test_logits_of_another_byte_order():
    logits, labels, _ = rows(dtype=np.float32)
    found = CE.grad(logits.astype(">f4"), labels)["logits"]
    assert found.dtype == np.dtype("float32")
    np.testing.assert_array_equal(found, CE.grad(logits, labels)["logits"])


def test_strides_do_not_matter():
    logits, labels, parts = rows()
    direction = np.roll(logits, 1, axis=0)
    views = {
        "columns first": np.asfortranarray,
        "every other row": lambda a: np.repeat(a, 2, axis=0)[::2],
        "reversed": lambda a: a[::-1].copy()[::-1],
    }
    for view in views.values():
        for target in (labels, parts):
            expected, gradients = CE.value_and_grad(logits, target, class_weight=WEIGHTS)
            weight = np.repeat(WEIGHTS, 3)[::3]
            found, theirs = CE.value_and_grad(view(logits), view(target), class_weight=weight)
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(theirs["logits"], gradients["logits"])
            product = CE.hvp(view(logits), view(target), {"logits": view(direction)})
            whole = CE.hvp(logits, target, {"logits": direction})
            np.testing.assert_array_equal(product["logits"], whole["logits"])
    level = np.broadcast_to(logits[:1], (7, 5))
    np.testing.assert_array_equal(
        CE(level, np.zeros(7, int)), np.repeat(CE(logits, labels * 0)[:1], 7)
    )


def test_inputs_are_read_and_never_written():
    logits, labels, parts = rows()
    upstream, weight = np.linspace(-1, 1, len(logits)), WEIGHTS.copy()
    labels = some_ignored(labels)
    given = [logits, labels, parts, upstream, weight]
    kept = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    for target, options in itertools.product((labels, parts), OPTIONS):
        options = {**options, "upstream": upstream, "class_weight": weight}
        CE.value_and_grad(logits, target, **options)
        CE.hvp(logits, target, {"logits": logits}, **options)
        CE.trace(logits, target, **options)
    for array, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, before)


# --- shapes


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: format_of(np.dtype(d)))
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_the_empty_batch(kind, dtype):
    nothing = np.empty((0, 3), dtype)
    target = np.empty(0, int) if kind == "index" else nothing
    value, gradients = CE.value_and_grad(nothing, target)
    assert value.shape == (0,)
    assert gradients["logits"].shape == (0, 3)
    assert gradients["logits"].dtype == dtype
    assert CE(nothing, target, reduction="sum") == 0.0
    assert math.isnan(CE(nothing, target, reduction="mean"))
    assert CE(nothing, target, reduction="mean", empty="zero") == 0.0
    assert CE(nothing, target, reduction="mean", denominator=3) == 0.0
    assert CE.grad(nothing, target, reduction="mean")["logits"].shape == (0, 3)
    assert CE.hvp(nothing, target, {"logits": nothing})["logits"].shape == (0, 3)
    assert CE.trace(nothing, target)["mass"].shape == (0, 3)


def test_two_classes_are_a_logistic_loss():
    lead = np.linspace(-40, 40, 33)
    logits = np.stack([lead, np.zeros(33)], axis=1)
    expected = np.log1p(np.exp(-np.abs(lead))) + np.maximum(-lead, 0)
    np.testing.assert_allclose(CE(logits, np.zeros(33, int)), expected, rtol=2.0**-50)
    np.testing.assert_allclose(
        CE.grad(logits, np.zeros(33, int))["logits"][:, 1], 1 / (1 + np.exp(lead)), rtol=2.0**-48
    )


def test_one_row_is_a_row_of_many():
    """Block sizes change no bit: every row alone is what it is in the batch."""
    logits, labels, _ = rows(3000, 40)
    value, gradients = CE.value_and_grad(logits, labels, label_smoothing=0.1)
    for row in (0, 1637, 1638, 2999):
        alone, own = CE.value_and_grad(
            logits[row : row + 1], labels[row : row + 1], label_smoothing=0.1
        )
        assert alone[0] == value[row]
        np.testing.assert_array_equal(own["logits"][0], gradients["logits"][row])


# --- reductions


def denominators(labels, weight):
    kept = labels != IGNORED
    return {
        "weights": weight[labels[kept]].sum(),
        "kept": kept.sum(),
        "items": len(labels),
        37.5: 37.5,
        8: 8,
    }


@pytest.mark.parametrize("name", ["weights", "kept", "items", 37.5, 8])
def test_every_denominator(name):
    logits, labels, _ = rows()
    labels = some_ignored(labels)
    options = {"class_weight": WEIGHTS, "denominator": name}
    divisor = denominators(labels, WEIGHTS)[name]
    each, gradients = CE.value_and_grad(logits, labels, **options)
    mean, found = CE.value_and_grad(logits, labels, reduction="mean", **options)
    total, summed = CE.value_and_grad(logits, labels, reduction="sum", **options)
    assert abs(total - math.fsum(each)) <= math.ulp(total)
    assert abs(mean - math.fsum(each) / divisor) <= 2 * math.ulp(mean)
    np.testing.assert_array_equal(summed["logits"], gradients["logits"])
    scaled = CE.grad(logits, labels, upstream=np.float64(1 / divisor), **options)["logits"]
    np.testing.assert_allclose(found["logits"], scaled, rtol=4 * 2.0**-52, atol=0)
    thrice = CE.grad(logits, labels, reduction="mean", upstream=3.0, **options)["logits"]
    np.testing.assert_allclose(thrice, 3 * found["logits"], rtol=4 * 2.0**-52, atol=0)


@pytest.mark.parametrize("name", ["weights", "kept", "items"])
def test_probabilities_count_one_a_row_in_every_denominator(name):
    logits, _, parts = rows()
    options = {"class_weight": WEIGHTS, "denominator": name}
    mean = CE(logits, parts, reduction="mean", **options)
    assert abs(mean - math.fsum(CE(logits, parts, **options)) / len(logits)) <= 2 * math.ulp(mean)


@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_upstream_gradients_of_every_shape(kind):
    logits, target = targets(kind)
    each = np.linspace(-2, 2, len(logits))
    ones = CE.grad(logits, target)["logits"]
    found = CE.grad(logits, target, upstream=each)["logits"]
    assert (np.abs(found - each[:, None] * ones) <= 16 * 2.0**-52 * np.abs(each)[:, None]).all()
    strided = np.repeat(each, 2)[::2]
    np.testing.assert_array_equal(
        CE.grad(logits, target, upstream=strided)["logits"],
        CE.grad(logits, target, upstream=each)["logits"],
    )
    threes = CE.grad(logits, target, upstream=np.full(len(logits), 3.0))["logits"]
    for upstream in (3, 3.0, np.float64(3.0), np.array(3.0)):
        for reduction in ("none", "sum"):
            found = CE.grad(logits, target, upstream=upstream, reduction=reduction)
            np.testing.assert_array_equal(found["logits"], threes)


def test_gradients_by_some_of_the_inputs():
    logits, _, parts = rows()
    both = CE.grad(logits, parts, wrt=("target", "logits"))
    assert list(both) == ["logits", "target"]
    direction = {"logits": parts, "target": logits}
    whole = CE.hvp(logits, parts, direction, wrt=["logits", "target"])
    for wrt in ("logits", ("target",)):
        (name,) = [wrt] if isinstance(wrt, str) else wrt
        some = CE.grad(logits, parts, wrt=wrt)
        assert list(some) == [name]
        np.testing.assert_array_equal(some[name], both[name])
        product = CE.hvp(logits, parts, direction, wrt=wrt)
        np.testing.assert_array_equal(product[name], whole[name])
    assert list(CE.grad(logits, parts)) == ["logits"]


# --- ignored rows


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf, 1e308])
@pytest.mark.parametrize("options", OPTIONS, ids=names)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ignored_rows_are_inert(poison, options, dtype):
    """Whatever is in them reaches nothing, and they get 0."""
    logits, labels, _ = rows(dtype=dtype)
    labels, skipped = some_ignored(labels), np.arange(len(labels)) % 3 == 1
    spoilt, direction = logits.copy(), np.roll(logits, 1, axis=0)
    with np.errstate(over="ignore"):
        spoilt[skipped, ::2] = dtype(poison)
    upstream = np.linspace(1, 2, len(logits)).astype(dtype)
    for reduction in ("none", "mean", "sum"):
        more = {**options, "reduction": reduction, "class_weight": WEIGHTS.astype(dtype)}
        more |= {"upstream": upstream if reduction == "none" else 2.0}
        clean = CE.value_and_grad(logits, labels, **more)
        found = CE.value_and_grad(spoilt, labels, nan="raise", **more)
        np.testing.assert_array_equal(found[0], clean[0])
        np.testing.assert_array_equal(found[1]["logits"], clean[1]["logits"])
        assert not found[1]["logits"][skipped].any()
        product = CE.hvp(spoilt, labels, {"logits": direction}, **more)["logits"]
        np.testing.assert_array_equal(
            product, CE.hvp(logits, labels, {"logits": direction}, **more)["logits"]
        )
        assert not product[skipped].any()
    assert not CE(spoilt, labels, **options)[skipped].any()
    kept = CE(logits[~skipped], labels[~skipped], **options)
    np.testing.assert_array_equal(CE(spoilt, labels, **options)[~skipped], kept)


def test_nan_reaches_its_own_row_only():
    logits, labels, parts = rows()
    spoilt, others = logits.copy(), np.arange(len(logits)) != 7
    spoilt[7, 2] = math.nan
    for target in (labels, parts):
        value, gradients = CE.value_and_grad(logits, target)
        found, theirs = CE.value_and_grad(spoilt, target)
        assert np.isnan(found[7])
        assert np.isnan(theirs["logits"][7]).all()
        np.testing.assert_array_equal(found[others], value[others])
        np.testing.assert_array_equal(theirs["logits"][others], gradients["logits"][others])


# --- second derivatives


@pytest.mark.parametrize("options", OPTIONS, ids=names)
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_products_are_linear_and_symmetric(kind, options):
    logits, target = targets(kind)
    rng = np.random.default_rng(4)
    inputs = ("logits",) if kind == "index" else ("logits", "target")
    u, v = ({n: rng.normal(size=logits.shape) for n in inputs} for _ in range(2))
    more = {**options, "wrt": inputs, "class_weight": WEIGHTS}
    hu, hv = (CE.hvp(logits, target, d, **more) for d in (u, v))
    scaled = CE.hvp(logits, target, {n: -4 * d for n, d in u.items()}, **more)
    one, other = np.zeros(len(logits)), np.zeros(len(logits))
    size = np.zeros(len(logits))
    for name in inputs:
        np.testing.assert_array_equal(scaled[name], -4 * hu[name])
        one += (v[name] * hu[name]).sum(1)
        other += (u[name] * hv[name]).sum(1)
        size += (np.abs(v[name] * hu[name]) + np.abs(u[name] * hv[name])).sum(1)
    assert (np.abs(one - other) <= 256 * 2.0**-53 * size).all()
    assert size[np.arange(len(size)) % 3 != 1].min() > 0
    if kind == "index":  # convex in the logits
        assert ((u["logits"] * hu["logits"]).sum(1) >= -64 * 2.0**-53 * size).all()


# --- traces


@pytest.mark.parametrize("options", OPTIONS, ids=names)
@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_a_trace_is_the_textbook_line_by_line(kind, options):
    logits, target = targets(kind)
    logits = logits / 4
    upstream = np.linspace(1, 2, len(logits))
    trace = CE.trace(logits, target, upstream=upstream, class_weight=WEIGHTS, **options)
    labels = np.where(target == IGNORED, 0, target) if kind == "index" else None
    expected = by_hand(logits, labels, None if kind == "index" else target, options)
    assert expected.keys() <= trace.keys()
    for name, number in expected.items():
        np.testing.assert_allclose(trace[name], number, err_msg=name, **NEAR)
    gradients = CE.grad(
        logits,
        target,
        upstream=upstream,
        class_weight=WEIGHTS,
        wrt=["logits"] if kind == "index" else ["logits", "target"],
        **options,
    )
    for name, gradient in gradients.items():
        np.testing.assert_allclose(trace[f"{name}_bar"], gradient, **NEAR)


def by_hand(z, labels, q, options):
    """Return the named quantities, computed by other means."""
    eps, classes = options.get("label_smoothing", 0.0), z.shape[1]
    smoothing = options.get("smoothing", "uniform")
    on, off = {
        "uniform": (1 - eps + eps / classes, eps / classes),
        "others": (1 - eps, eps / (classes - 1)),
        "classy": ((1 + eps / classes) / (1 + eps), eps / classes / (1 + eps)),
    }[smoothing]
    lse = np.logaddexp.reduce(z, axis=1)
    log_p = z - lse[:, None]
    penalty = options.get("z_loss", 0.0) * lse**2
    common = {"off": off, "hit": on - off, "lse": lse, "top": z.max(1), "penalty": penalty}
    common["total"] = np.exp(lse - z.max(1))
    common["mass"] = np.exp(z - z.max(1, keepdims=True))
    if labels is None:
        goal = WEIGHTS * ((on - off) * q + off)
        nll = -(goal * log_p).sum(1)
        named = {"goal": goal, "score": -log_p, "cost": -WEIGHTS * log_p, "nll": nll}
        return common | named | {"loss": nll + penalty}
    nll = -log_p[np.arange(len(z)), labels]
    each = -(WEIGHTS * log_p).sum(1)
    loss = WEIGHTS[labels] * (on - off) * nll + off * each + penalty
    return common | {"nll": nll, "each": each, "spread": off * each, "loss": loss}


def test_a_trace_shows_its_inputs_and_reduces_its_adjoints():
    logits, labels, _ = rows()
    labels = some_ignored(labels)
    trace = CE.trace(logits, labels, reduction="mean", denominator="items")
    np.testing.assert_array_equal(trace["logits"], logits)
    np.testing.assert_array_equal(trace["target"], labels)
    np.testing.assert_array_equal(trace["class_weight"], np.ones(5))
    assert not any(np.shares_memory(array, logits) for array in trace.values())
    assert not np.shares_memory(trace["target"], labels)
    grad = CE.grad(logits, labels, reduction="mean", denominator="items")["logits"]
    np.testing.assert_allclose(trace["logits_bar"], grad, **NEAR)
    assert not trace["logits_bar"][labels == IGNORED].any()
    shapes = {"mass": (24, 5), "lse": (24,), "off": ()}
    assert {name: trace[name].shape for name in shapes} == shapes
    assert all(a.dtype == np.float64 for name, a in trace.items() if name != "target")


# --- conventions and help


def test_presets_are_the_axes_that_they_name():
    logits, labels, _ = rows()
    labels = some_ignored(labels)
    more = {"class_weight": WEIGHTS, "reduction": "mean", "label_smoothing": 0.2}
    for name, preset in CE.presets.items():
        found = CE(logits, labels, preset=name, **more)
        assert found == CE(logits, labels, **{**preset["axes"], **more}), name
    results = {name: float(CE(logits, labels, preset=name, **more)) for name in CE.presets}
    assert results["torch"] == results["paddle"]
    assert results["optax"] == results["mmdet"]
    assert results["caffe"] == results["keras"] == results["mmdet_kept"]
    apart = ("torch", "optax", "caffe", "fairseq", "classy", "palm")
    assert len({results[name] for name in apart}) == len(apart)


def test_an_axis_beside_a_preset_wins():
    logits, labels, _ = rows()
    more = {"reduction": "mean", "label_smoothing": 0.2}
    assert CE(
        logits, labels, preset="fairseq", smoothing="uniform", denominator="weights", **more
    ) == CE(logits, labels, preset="torch", **more)


def test_axes_presets_and_definition_are_copies_of_the_index():
    entry = library().index["losses"]["cross_entropy"]
    assert CE.axes == entry["axes"]
    assert CE.presets == entry["presets"]
    CE.presets.clear()
    CE.axes["smoothing"].clear()
    assert CE.axes == entry["axes"]
    assert CE.presets == entry["presets"]
    assert entry["formula"].strip() in CE.definition
    assert "+inf" in CE.definition
    assert repr(CE) == "<refloss row loss cross_entropy>"


def test_help_and_signature_show_the_conventions():
    text = pydoc.plain(pydoc.render_doc(CE))
    for expected in (
        "Softmax cross-entropy of rows of logits",
        "smoothing : {'classy', 'others', 'uniform'}, default 'uniform'",
        "denominator : {'items', 'kept', 'weights'} or float",
        "ignore_index : int",
        "fairseq",
        "CVPR 2016",
        "Singular points",
    ):
        assert expected in text, expected
    parameters = inspect.signature(CE).parameters
    assert list(parameters)[:2] == ["logits", "target"]
    defaults = {
        "preset": None,
        "class_weight": None,
        "ignore_index": -100,
        "reduction": "none",
        "check": None,
        "nan": "propagate",
        "backend": None,
        "compute": None,
        "targets": "index",
        "label_smoothing": 0.0,
        "smoothing": "uniform",
        "z_loss": 0.0,
        "temperature": 1.0,
        "factor": "one",
        "denominator": "weights",
        "empty": "nan",
    }
    assert {n: p.default for n, p in parameters.items() if n in defaults} == defaults
    assert set(parameters) == {"logits", "target", *defaults}
    assert "layout" not in text
    assert "row of logits" in type(CE).__doc__
    for method in ("grad", "value_and_grad", "hvp", "trace"):
        assert "\n" in inspect.getdoc(getattr(CE, method))


def test_a_row_of_a_million_classes():
    logits, target = np.zeros((2, 1_000_000)), np.array([0, 999_999])
    logits[1, 70_000] = 3.0  # the largest lies in another tile than the target
    value, gradients = refloss.cross_entropy.value_and_grad(logits, target)
    total = np.array([1e6, 999_999 + math.exp(3.0)])
    np.testing.assert_array_max_ulp(value, np.log(total), 4)
    slopes = gradients["logits"]
    np.testing.assert_array_max_ulp(slopes[:, 1], 1.0 / total, 8)
    np.testing.assert_array_max_ulp(slopes[[0, 1], target], -(1.0 - 1.0 / total), 8)
    np.testing.assert_array_max_ulp(slopes[1, 70_000], math.exp(3.0) / total[1], 8)
