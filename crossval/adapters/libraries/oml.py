"""oml.losses: ArcFaceLoss, which holds its classes."""

from crossval.target import Target

TARGETS = [
    Target(
        "oml.losses.arcface:ArcFaceLoss",
        "arcface",
        "open_metric_learning",
        library="open-metric-learning",
        loader="crossval.adapters.libraries.torchvision:prepare",
    ),
]
