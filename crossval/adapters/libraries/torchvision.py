"""torchvision.ops: the losses of the IoU family, and sigmoid focal loss."""

import contextlib
import importlib.util
from pathlib import Path
from typing import Any

from crossval.target import Target

_ALIVE = []


def prepare() -> None:
    """Define the operators that importing torchvision looks for, where its compiled part fails."""
    import torch

    found = importlib.util.find_spec("torchvision")
    for compiled in Path(found.origin).parent.glob("_C.*") if found and found.origin else ():
        with contextlib.suppress(OSError, ImportError):
            torch.ops.load_library(str(compiled))
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            _ALIVE.append(torch.library.Library("torchvision", "FRAGMENT"))
            _ALIVE[-1].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


_COMMON: dict[str, Any] = {"library": "torchvision", "loader": f"{__name__}:prepare"}
TARGETS = [
    Target("torchvision.ops:generalized_box_iou_loss", "giou", "torchvision", **_COMMON),
    Target("torchvision.ops:distance_box_iou_loss", "diou", "torchvision", **_COMMON),
    Target("torchvision.ops:complete_box_iou_loss", "ciou", "torchvision", **_COMMON),
    Target("torchvision.ops:sigmoid_focal_loss", "sigmoid_focal", "torchvision", **_COMMON),
]
