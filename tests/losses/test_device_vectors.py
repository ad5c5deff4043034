"""Losses of given vectors on a device that is none: all but the launch is the real path."""

import numpy as np
import pytest
import torch

import refloss
from refloss.run.device_arrays import TorchHome
from tests.run.native.pretend import PretendArray, PretendDriver, pretend_cupy

from .test_similarities import rows
from .test_vectors import pairs


@pytest.fixture
def driver(monkeypatch):
    made = PretendDriver()
    pretend_cupy(monkeypatch, made)
    return made


def there(*arrays):
    return [PretendArray.of(array) for array in arrays]


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("axes", [{}, {"form": "linear", "labels": "different"}], ids=str)
def test_results_are_those_of_numpy(driver, axes, reduction):
    """With labels of integers: they become numbers of the vectors' format there."""
    first, second, same = pairs(30, 7)
    options = {"reduction": reduction, **axes}
    expected, slopes = refloss.contrastive.value_and_grad(first, second, same, **options)
    found, grad = refloss.contrastive.value_and_grad(*there(first, second, same), **options)
    assert isinstance(found, PretendArray)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-14)
    for name in ("x1", "x2"):
        np.testing.assert_allclose(np.asarray(grad[name]), slopes[name], rtol=1e-14)
    dots = {"x1": np.ones_like(first)}
    product = refloss.contrastive.hvp(
        *there(first, second, same), {"x1": PretendArray.of(dots["x1"])}, **options
    )
    known = refloss.contrastive.hvp(first, second, same, dots, **options)
    np.testing.assert_allclose(np.asarray(product["x2"]), known["x2"], rtol=1e-12)


def test_labels_are_looked_at_where_that_is_asked_for(driver):
    first, second, _ = pairs(4, 3)
    labels = np.array([0, 1, 2, 1])
    refloss.contrastive(*there(first, second, labels))
    with pytest.raises(ValueError, match=r"same: expected 0 or 1 \(labels='same'\); got 2 at 2"):
        refloss.contrastive(*there(first, second, labels), check="values")
    with pytest.raises(ValueError, match="x2: expected no NaN"):
        refloss.contrastive(*there(first, np.full_like(first, np.nan), labels), nan="raise")


@pytest.mark.parametrize("labels", [np.int64, np.uint8, np.bool_, np.float32])
def test_labels_of_every_kind_become_numbers(driver, labels):
    first, second, same = pairs(12, 5)
    narrow = first.astype(np.float32), second.astype(np.float32)
    expected = refloss.contrastive(*narrow, same, backend="c")
    found = refloss.contrastive(*there(*narrow, same.astype(labels)))
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_arrays_that_are_elsewhere_are_named(driver):
    first, second, same = pairs(4, 3)
    with pytest.raises(TypeError, match="x2: expected an array on"):
        refloss.contrastive(*there(first), second, same)


def test_numbers_of_tensors_are_made_on_their_device():
    home = TorchHome(torch, torch.device("cpu"), PretendDriver())
    labels = home.adopt("same", torch.tensor([True, False])).array
    made = home.numbers(labels, "float32")
    assert made.format == "float32"
    assert made.owner.tolist() == [1.0, 0.0]
    assert home.numbers(made, "float32") is made


@pytest.mark.parametrize("denominator", ["items", "anchors", "pairs", 7.0])
def test_rows_of_similarities_are_counted_there(driver, denominator):
    """What a mean divides by is added up on the device, also where nothing is."""
    similarities, same = rows(40, 70)
    for relations in (same, np.where(same == 1, 0, same)):
        how = {"reduction": "mean", "denominator": denominator, "empty": "zero"}
        expected, slopes = refloss.ntxent.value_and_grad(similarities, relations, **how)
        found, grad = refloss.ntxent.value_and_grad(*there(similarities, relations), **how)
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-14)
        known = slopes["similarities"]
        np.testing.assert_allclose(np.asarray(grad["similarities"]), known, rtol=1e-13, atol=1e-300)
