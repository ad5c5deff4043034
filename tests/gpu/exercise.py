"""Calls that reach every shape of launch, for a sanitizer to watch."""

import os

import numpy as np

import refloss
from refloss.run import cuda


def main():
    """Run them."""
    cupy = cuda.cupy()
    if os.environ.get("REFLOSS_EXERCISE_UNPOOLED"):
        cupy.cuda.set_allocator(None)
    rng = np.random.default_rng(0)
    corners = rng.random((2, 257, 4))
    corners[..., 2:] += corners[..., :2]
    for dtype in ("f8", "f4", "f2"):
        pred, target = (cupy.asarray(a.astype(dtype)) for a in corners)
        holes = cupy.empty((514, 4), dtype)[::2]
        holes[...] = pred
        for reduction in ("none", "mean"):
            refloss.ciou.value_and_grad(pred, target, reduction=reduction)
            refloss.giou.value_and_grad(holes, target, layout="xywh", reduction=reduction)
        refloss.diou.hvp(pred[1:], target[1:], {"pred": pred[1:]})
    for classes in (3, 33, 1025, 8193):
        labels = rng.integers(0, classes, 9)
        labels[:3] = -100, classes, 2**40
        for dtype in ("f8", "f4"):
            logits = cupy.asarray(rng.normal(size=(9, classes)).astype(dtype))
            options = {"label_smoothing": 0.1, "z_loss": 0.01}
            weight = cupy.asarray(rng.random(classes).astype(dtype))
            there = logits, cupy.asarray(labels)
            for reduction in ("none", "mean"):
                refloss.cross_entropy.value_and_grad(
                    *there, class_weight=weight, reduction=reduction, **options
                )
            refloss.cross_entropy.hvp(*there, {"logits": logits}, **options)
    cupy.cuda.Device().synchronize()
    print("exercised")


if __name__ == "__main__":
    main()
