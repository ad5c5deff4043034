"""What torch and torchvision compute on a device, against certified truth."""

import numpy as np
import pytest

import crossval
from benchmarks import peers, variants

pytestmark = pytest.mark.gpu

DTYPES = ("float64", "float32")


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    return torch


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}], ids=str)
@pytest.mark.parametrize("classes", [5, 1000])
def test_cross_entropy(torch, classes, options, dtype):
    rng = np.random.default_rng(classes)
    logits = torch.from_numpy(rng.normal(size=(64, classes)).astype(dtype)).cuda()
    target = torch.from_numpy(rng.integers(0, classes, 64)).cuda()
    logits.requires_grad_()
    function = torch.nn.functional.cross_entropy
    loss = function(logits, target, reduction="none", **options)
    loss.sum().backward()
    found = crossval.compare(
        "cross_entropy/torch",
        {"logits": logits.detach().cpu(), "target": target.cpu()},
        loss.detach().cpu(),
        {"logits": logits.grad.cpu()},
        **options,
    )
    assert found.ok, found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", ["library", "compiled"])
@pytest.mark.parametrize("loss", ["giou", "diou", "ciou"])
def test_boxes(torch, loss, form, dtype):
    pred, target = (torch.from_numpy(a).cuda() for a in variants.boxes(200, dtype))
    call = peers.value_and_grad(peers.FORMS[form](loss), pred, target)
    value, *grads = (one.detach().cpu() for one in call())
    boxes = {"pred": pred.detach().cpu(), "target": target.detach().cpu()}
    slopes = dict(zip(("pred", "target"), grads, strict=True))
    found = crossval.compare(f"{loss}/torchvision", boxes, value, slopes)
    assert found.ok, found
