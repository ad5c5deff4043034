"""kornia.losses: focal losses; the one of rows without focus is softmax cross-entropy."""

from crossval.target import Target

_MAP = "f(logits, target, None, 0.0, weight=class_weight, ignore_index=ignore_index).sum(1)"
TARGETS = [
    Target("kornia.losses:focal_loss", "cross_entropy", "torch", call=_MAP, library="kornia"),
    Target(
        "kornia.losses:binary_focal_loss_with_logits",
        "sigmoid_focal",
        "kornia",
        call="f(logits[:, None], target[:, None], alpha=alpha, gamma=gamma)[:, 0]",
        library="kornia",
    ),
]
