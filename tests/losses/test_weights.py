"""An element of weight 0 counts for nothing, whatever it holds."""

import numpy as np
import pytest

import refloss
from refloss.run.kernels import library
from tests.kernels.element_subject import ELEMENT_LOSSES

WEIGHTED = [n for n in ELEMENT_LOSSES if "weight" in library().index["losses"][n]["weights"]]
BAD = np.array([np.nan, np.inf, -np.inf, 1e300])
INSIDE = {"kl_div": -0.5}
OPTIONS = [{}, {"backend": "c"}, {"reduction": "mean"}, {"reduction": "sum", "backend": "c"}]


def inputs(name, fill, at):
    """Return the arrays of a loss, three elements that are regular and four that hold `fill`."""
    regular = np.full(3, INSIDE.get(name, 0.25))
    target = np.ones(7)
    arrays = [np.concatenate([regular, fill]), target]
    if at == 1:
        arrays = [np.full(7, INSIDE.get(name, 0.25)), np.concatenate([np.ones(3), fill])]
    return arrays


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("at", [0, 1], ids=["prediction", "target"])
@pytest.mark.parametrize("name", WEIGHTED)
def test_what_has_weight_0_has_no_loss_and_no_derivative(name, at, options):
    loss, weight = getattr(refloss, name), np.array([1.0, 2.0, 0.5, 0.0, 0.0, 0.0, 0.0])
    names = tuple(n for n in loss.entry["inputs"] if n not in loss.entry["weights"])
    given = {"weight": weight, "wrt": names, "check": "none", **options}
    arrays = inputs(name, BAD, at)
    value, grad = loss.value_and_grad(*arrays, **given)
    dots = {n: np.ones(7) for n in names}
    products = loss.hvp(*arrays, dots, **given)
    fine = inputs(name, np.full(4, INSIDE.get(name, 0.25) if at == 0 else 1.0), at)
    expected, slopes = loss.value_and_grad(*fine, **given)
    np.testing.assert_array_equal(value, expected)
    for n in names:
        np.testing.assert_array_equal(grad[n], slopes[n])
        assert not grad[n][3:].any()
        assert not products[n][3:].any()


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_what_has_weight_keeps_its_nan(backend):
    x, weight = np.array([np.nan, 1.0]), np.array([1.0, 0.0])
    grad = refloss.bce.grad(x, np.ones(2), weight=weight, backend=backend)["logits"]
    np.testing.assert_array_equal(grad, [np.nan, 0.0])


def test_of_rows_a_class_of_weight_0_loses_its_term_and_ignore_index_takes_the_row():
    logits = np.array([[1.0, 2.0, 3.0], [np.nan, 0.0, 0.0]])
    weight = np.array([1.0, 0.0, 1.0])
    value, grad = refloss.cross_entropy.value_and_grad(
        logits, np.array([0, -1]), class_weight=weight, ignore_index=-1
    )
    assert value[1] == 0.0
    assert not grad["logits"][1].any()
    grad = refloss.cross_entropy.grad(logits, np.array([0, 1]), class_weight=weight)["logits"]
    assert np.isnan(grad[1]).all()  # a NaN that is in the row's softmax is not kept quiet
