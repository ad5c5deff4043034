"""NVIDIA's compiler takes the very texts that calls on a device compile."""

import numpy as np
import pytest

import refloss
from tests.kernels.cuda.nvrtc import resources
from tests.run.native.pretend import PretendArray, PretendDriver, pretend_cupy

there = PretendArray.of


def boxes(dtype, **options):
    pred = there(np.array([[0.0, 0.0, 2.0, 2.0]] * 3, dtype))
    target = there(pred + np.array([[0.5, 0.0, 0.5, 0.0]], dtype))
    upstream = there(np.array(1.0, dtype))
    refloss.ciou.value_and_grad(pred, target, upstream=upstream, reduction="mean", **options)
    refloss.ciou.hvp(pred, target, {"pred": target}, **options)


def rows(dtype, classes=5):
    logits, weights = there(np.zeros((3, classes), dtype)), there(np.ones(classes, dtype))
    options = {"class_weight": weights, "reduction": "mean"}
    refloss.cross_entropy.value_and_grad(logits, there(np.arange(3)), **options)


CALLS = [
    (boxes, "f4", {"eps": 0.1}),
    (boxes, "f8", {"layout": "xywh"}),
    (boxes, "f2", {"layout": "cxcywh"}),
    (rows, "f4", {"classes": 8193}),
    (rows, "f8", {"classes": 8193}),
    (rows, "f2", {}),
]


@pytest.mark.parametrize(("call", "dtype", "options"), CALLS, ids=range(len(CALLS)))
def test_texts_compile_without_spills(monkeypatch, call, dtype, options):
    driver = PretendDriver()
    pretend_cupy(monkeypatch, driver)
    call(dtype, **options)
    assert {"total_numbers", "quotient"} <= driver.texts.keys()
    for name, text in driver.texts.items():
        assert "#include" not in text
        found = resources(text, name, "sm_90")
        assert found.spill_stores == found.spill_loads == 0
