"""fvcore.nn: giou_loss and smooth_l1_loss."""

from crossval.target import Target

TARGETS = [
    Target("fvcore.nn:giou_loss", "giou", "fvcore", library="fvcore"),
    Target("fvcore.nn:smooth_l1_loss", "smooth_l1", "fvcore", library="fvcore"),
    Target("fvcore.nn:sigmoid_focal_loss", "sigmoid_focal", "fvcore", library="fvcore"),
    Target(
        "fvcore.nn.focal_loss:sigmoid_focal_loss_star", "focal_star", "fvcore", library="fvcore"
    ),
]
