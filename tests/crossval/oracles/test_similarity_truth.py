"""The truth of losses of rows of similarities beside jets and autograd."""

import numpy as np
import pytest

import refloss
from crossval.families import FAMILIES
from crossval.oracles.autograd import witness
from crossval.oracles.enclosure import overlap
from crossval.points.similarities import point_set

ORACLE = FAMILIES["similarities"].oracle
CONVENTIONS = [
    ("supcon", {}),
    ("supcon", {"preset": "supcontrast", "temperature": 0.5}),
    ("supcon", {"preset": "inside", "temperature": 0.2}),
    ("ntxent", {}),
    ("ntxent", {"least": 1e-3, "pairs": "averaged", "temperature": 1.0}),
    ("ntxent", {"preset": "simclr"}),
    ("multi_similarity", {"base": 0.5}),
    ("circle", {"preset": "pytorch_metric_learning"}),
    ("circle", {"gamma": 4.0, "margin": 0.3, "weights": "attached"}),
]


def spec_of(loss, axes):
    axes = dict(axes)
    return refloss.resolve(loss, axes.pop("preset", None), axes)


@pytest.mark.parametrize(("loss", "axes"), CONVENTIONS, ids=str)
def test_truth_kernel_and_autograd_agree(loss, axes):
    spec, columns = spec_of(loss, axes), point_set("float64", "smoke").columns
    upstream = np.linspace(-2, 2, len(columns))
    known = ORACLE.truth(spec, columns, upstream)
    assert set(known.kind) == {"regular"}
    value, grad = ORACLE.kernel(spec, columns, upstream)
    numbers, packing = ORACLE.packed(spec, columns)
    other, slopes = witness(spec, numbers, upstream, packing=packing)
    bound, bounds = ORACLE.rounding_bound(spec, columns, upstream, dtype="float64")
    np.testing.assert_allclose(value, known.value_hi, rtol=2.0**-48, atol=0)
    assert (np.abs(other - known.value_hi) <= bound).all()
    near = np.abs(slopes - known.grad_hi[:, :6]) <= bounds[:, :6]
    assert near.all()
    assert not grad[:, 6:].any()  # relations have no slope


@pytest.mark.parametrize(("loss", "axes"), CONVENTIONS, ids=str)
def test_the_derived_derivatives_overlap_the_jets(loss, axes):
    spec, columns = spec_of(loss, axes), point_set("float64").columns[::9]
    numbers, packing = ORACLE.packed(spec, columns)
    rng = np.random.default_rng(5)
    bar, direction = rng.normal(size=len(columns)), rng.normal(size=numbers.shape)
    apart, compared = overlap(spec, numbers, bar, hvp=direction, packing=packing)
    assert apart == []
    assert compared == len(columns)


def test_anchors_without_a_kind_have_a_truth():
    points = point_set("float64", "smoke")
    barren = ~(points.columns[:, 6:] == 1).any(axis=1)
    assert barren.sum() >= 4
    for loss, axes in CONVENTIONS:
        if loss == "multi_similarity":  # which has a logarithm for each kind
            continue
        known = ORACLE.truth(spec_of(loss, axes), points.columns[barren], np.ones(barren.sum()))
        assert not known.value_hi.any()
        assert not known.grad_hi.any()
