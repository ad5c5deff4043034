"""Refloss before its own judge: every loss through its public functions."""

import pytest

from crossval.engine import certify
from crossval.target import Target

DECLARED = ["iou/linear", "giou/torchvision", "diou/torchvision", "ciou/torchvision", "ciou/mmdet"]


@pytest.mark.parametrize("declared", DECLARED)
def test_public_function_passes(declared):
    loss, preset = declared.split("/")
    call = f"f(pred, target, preset={preset!r})"
    target = Target(f"refloss:{loss}", loss, preset, adapter="numpy", call=call)
    formats = ("float64", "float32", "bfloat16", "float16")
    certificate = certify(target, dtypes=formats, level="smoke", known=())
    assert certificate.findings == (), [(f.check, f.dtype, f.message) for f in certificate.findings]
    values = {o.dtype: o.grade for o in certificate.outcomes if o.check == "value"}
    assert values == dict.fromkeys(formats, "A")
