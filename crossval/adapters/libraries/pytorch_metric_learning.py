"""pytorch_metric_learning.losses: heads that hold their classes, (D, C)."""

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
]
