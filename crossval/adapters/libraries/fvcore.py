"""fvcore.nn: giou_loss."""

from crossval.target import Target

TARGETS = [Target("fvcore.nn:giou_loss", "giou", "fvcore", library="fvcore")]
