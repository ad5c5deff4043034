"""fvcore.nn: giou_loss and smooth_l1_loss."""

from crossval.target import Target

TARGETS = [
    Target("fvcore.nn:giou_loss", "giou", "fvcore", library="fvcore"),
    Target("fvcore.nn:smooth_l1_loss", "smooth_l1", "fvcore", library="fvcore"),
]
