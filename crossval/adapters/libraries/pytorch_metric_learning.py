"""pytorch_metric_learning.losses: heads that hold their classes, (D, C), and pairs."""

from typing import Any

from crossval.target import Target


def _target(name: str, loss: str) -> Target:
    return Target(
        f"pytorch_metric_learning.losses:{name}",
        loss,
        "pytorch_metric_learning",
        library="pytorch_metric_learning",
    )


TARGETS = [
    _target("ArcFaceLoss", "arcface"),
    _target("SubCenterArcFaceLoss", "subcenter_arcface"),
    _target("CosFaceLoss", "cosface"),
    _target("SphereFaceLoss", "sphereface"),
    _target("LargeMarginSoftmaxLoss", "l_softmax"),
    _target("NormalizedSoftmaxLoss", "normface"),
    Target(
        f"{__name__}:contrastive",
        "contrastive",
        "pytorch_metric_learning",
        library="pytorch_metric_learning",
        dtypes=("float32", "float64", "float16"),  # cdist has no bfloat16
    ),
]


def contrastive(x1: Any, x2: Any, same: Any) -> Any:
    """Call ContrastiveLoss with given pairs, both ways, as it takes those of a batch itself.

    A single pair would be none to it.
    """
    import torch
    from pytorch_metric_learning.losses import ContrastiveLoss

    rows = torch.arange(len(x1))
    each = same.unbind()  # a label for each pair, not one for all
    labels = torch.stack(each) if each else same
    ends = [(rows[labels == kind], rows[labels == kind] + len(x1)) for kind in (1, 0)]
    given = [torch.cat(both) for one, other in ends for both in ((one, other), (other, one))]
    return ContrastiveLoss()(torch.cat([x1, x2]), indices_tuple=tuple(given))
