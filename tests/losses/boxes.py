"""Boxes that the tests of this folder share."""

from __future__ import annotations

import ml_dtypes
import numpy as np

import refloss

LOSSES = {loss.name: loss for loss in (refloss.iou, refloss.giou, refloss.diou, refloss.ciou)}
DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]


def pair(n: int, seed: int = 0, dtype=np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Return `n` overlapping, disjoint, touching and equal boxes, dyadic, as corners."""
    rng = np.random.default_rng(seed)
    low = rng.integers(-16, 16, (2, n, 2)) / 8.0
    size = rng.integers(1, 24, (2, n, 2)) / 8.0
    pred, target = np.concatenate([low, low + size], axis=2)
    target[: n // 10] = pred[: n // 10]
    return pred.astype(dtype), target.astype(dtype)


def wide(array: np.ndarray) -> np.ndarray:
    """Return an array of any format as float64, exactly."""
    return np.asarray(array).astype(np.float64)


def written(boxes: np.ndarray, layout: str) -> np.ndarray:
    """Return corner boxes in another layout; exact for dyadic numbers."""
    low, high = boxes[:, :2], boxes[:, 2:]
    first = (low + high) / 2 if layout == "cxcywh" else low
    return boxes if layout == "xyxy" else np.concatenate([first, high - low], axis=1)
