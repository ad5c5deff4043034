"""The class-balanced loss of images: bars of accuracy, an independent witness, and its laws.

Values: 4 ulp of Σ|terms|. Gradients: 8, products: 64. All terms of the loss are >= 0, and so is the
one term of a logit's slope where a pixel is of one class.
"""

import numpy as np
import pytest

import refloss
from crossval.bits import dtype_of
from crossval.families import FAMILIES
from crossval.oracles.autograd import witness
from crossval.oracles.formats import FORMATS, format_of
from crossval.points.images import IMAGE_EDGES, PIXELS, point_set
from refloss.losses import resolve

from .subject import refuse

AXES = [{}, {"negative_factor": 1.1}, {"counts": "attached"}, {"preset": "rcf"}]
FAMILY = FAMILIES["images"]
BOTH = ("logits", "target")


def spec_of(axes):
    axes = dict(axes)
    return resolve("hed", axes.pop("preset", None), {"targets": "probabilities", **axes})


def terms(columns, spec, upstream):
    """Return Σ|terms| of the gradient by both inputs."""
    x, t = np.split(columns, 2, axis=1)
    left = np.exp(-np.abs(x))
    tail = np.log1p(left)
    hit, missed = np.maximum(-x, 0) + tail, np.maximum(x, 0) + tail
    rise, fall = np.where(x >= 0, 1, left) / (1 + left), np.where(x >= 0, left, 1) / (1 + left)
    ahead = (1 - t).mean(axis=1, keepdims=True)
    behind = spec.constants["negative_factor"] * t.mean(axis=1, keepdims=True)
    by_logits = behind * (1 - t) * rise + ahead * t * fall
    by_target = ahead * hit + behind * missed
    if spec.constants["attached"]:
        sums = (t * hit).sum(1) + spec.constants["negative_factor"] * ((1 - t) * missed).sum(1)
        by_target = by_target + sums[:, None] / x.shape[1]
    return np.hstack([by_logits, by_target]) * np.abs(upstream)[:, None]


def called(columns, axes, dtype="float64", **options):
    kind = dtype_of(format_of(dtype))
    arrays = [part.astype(kind) for part in np.split(columns, 2, axis=1)]
    if "upstream" in options:
        options["upstream"] = options["upstream"].astype(kind)
    value, grad = refloss.hed.value_and_grad(*arrays, wrt=BOTH, **axes, **options)
    return value.astype(float), np.hstack([grad[name].astype(float) for name in BOTH])


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("dtype", FORMATS)
def test_the_bars_are_met(axes, dtype):
    points, spec = point_set(dtype, "smoke"), spec_of(axes)
    columns, upstream = points.columns, points.upstream
    known = FAMILY.oracle.truth(spec, columns, upstream, dtype=dtype)
    assert set(known.kind) == {"regular"}
    value, grad = called(columns, axes, dtype, upstream=upstream)
    fmt, unit = format_of(dtype), format_of("float64")
    half = 0 if dtype == "float64" else 0.5
    room = 4 * unit.ulp(known.value_hi) + half * fmt.ulp(known.value_hi, known.value_lo)
    off = ~(np.abs((value - known.value_hi) - known.value_lo) <= room)
    refuse(off, columns, f"{axes} in {dtype}: value", value, known.value_hi)
    room = 8 * unit.ulp(terms(columns, spec, upstream)) + half * fmt.ulp(known.grad_hi)
    off = ~(np.abs((grad - known.grad_hi) - known.grad_lo) <= room)
    refuse(off, columns, f"{axes} in {dtype}: gradient", grad, known.grad_hi)


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_products_meet_the_bar(axes):
    points, spec = point_set("float64", "smoke"), spec_of(axes)
    columns, upstream = points.columns, points.upstream
    direction = np.random.default_rng(2).normal(size=columns.shape)
    known = FAMILY.oracle.truth(spec, columns, upstream, hvp=direction)
    parts = [np.split(array, 2, axis=1) for array in (columns, direction)]
    dots = dict(zip(BOTH, parts[1], strict=True))
    found = refloss.hed.hvp(*parts[0], dots, upstream=upstream, wrt=BOTH, **axes)
    found = np.hstack([found[name] for name in BOTH])
    size = np.zeros_like(found)
    for column in range(columns.shape[1]):  # the parts of each direction, none of which cancel
        unit = np.zeros_like(columns)
        unit[:, column] = np.abs(direction[:, column])
        dots = dict(zip(BOTH, np.split(unit, 2, axis=1), strict=True))
        part = refloss.hed.hvp(*parts[0], dots, upstream=upstream, wrt=BOTH, **axes)
        size += np.abs(np.hstack([part[name] for name in BOTH]))
    off = ~(np.abs((found - known.hvp_hi) - known.hvp_lo) <= 64 * np.spacing(size))
    refuse(off, columns, f"{axes}: product", found, known.hvp_hi)


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_autograd_agrees(axes):
    points, spec = point_set("float64", "smoke"), spec_of(axes)
    ordinary = points.take(np.isin(points.places, ["random", "wide"]))
    numbers, packing = FAMILY.oracle.packed(spec, ordinary.columns)
    value, grad = witness(spec, numbers, ordinary.upstream, packing=packing)
    found, slopes = called(ordinary.columns, axes, upstream=ordinary.upstream)
    np.testing.assert_allclose(found, value, rtol=2.0**-44)
    np.testing.assert_allclose(slopes, grad, rtol=2.0**-38, atol=2.0**-44)


def test_compiled_programs_and_blocks_agree():
    rng = np.random.default_rng(1)
    x, t = 8 * rng.normal(size=(3, 70_000)), (rng.random((3, 70_000)) < 0.02).astype(float)
    plain, slopes = refloss.hed.value_and_grad(x, t)
    compiled, others = refloss.hed.value_and_grad(x, t, backend="c")
    np.testing.assert_allclose(compiled, plain, rtol=2.0**-46)
    np.testing.assert_allclose(others["logits"], slopes["logits"], rtol=2.0**-46)


def test_pixels_of_weight_0_are_neither_counted_nor_asked():
    rng = np.random.default_rng(3)
    x, t = rng.normal(size=(4, 9)), (rng.random((4, 9)) < 0.3).astype(float)
    weight = np.array([1.0, 0, 1, 1, 0, 1, 1, 1, 0])
    kept = weight > 0
    value, grad = refloss.hed.value_and_grad(x, t, class_weight=weight)
    np.testing.assert_allclose(value, refloss.hed(x[:, kept], t[:, kept]), rtol=2.0**-50)
    assert not grad["logits"][:, ~kept].any()


def test_the_order_of_pixels_does_not_matter_and_classes_mirror():
    rng = np.random.default_rng(4)
    x, t = rng.normal(size=(4, 9)), (rng.random((4, 9)) < 0.3).astype(float)
    order = rng.permutation(9)
    value = refloss.hed(x, t)
    np.testing.assert_allclose(refloss.hed(x[:, order], t[:, order]), value, rtol=2.0**-50)
    np.testing.assert_allclose(refloss.hed(-x, 1 - t), value, rtol=2.0**-50)


def test_an_image_of_one_class_costs_nothing():
    for name in ("all negative", "all positive"):
        x, t = (np.array([part], float) for part in IMAGE_EDGES[name])
        value, grad = refloss.hed.value_and_grad(x, t)
        assert value[0] == 0
        assert not grad["logits"].any()


def test_the_mean_divides_by_images():
    x, t = (np.array([part] * 3, float) for part in IMAGE_EDGES["one positive"])
    one = refloss.hed(x[:1], t[:1])[0]
    assert refloss.hed(x, t, preset="hed", reduction="mean") == one
    by_pixels = refloss.hed(x, t, reduction="mean", denominator="logits")
    assert abs(by_pixels - one / PIXELS) <= np.spacing(one)
