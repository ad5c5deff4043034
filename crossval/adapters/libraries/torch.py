"""torch.nn.functional: softmax cross-entropy with all its options."""

from crossval.target import Target

_CALL = (
    "f(logits, target, weight=class_weight, {ignored}label_smoothing=label_smoothing, "
    "reduction=reduction)"
)
_REFERENCE = "torch.nn.functional:cross_entropy"

TARGETS = [
    Target(
        _REFERENCE,
        "cross_entropy",
        "torch",
        call=_CALL.format(ignored="ignore_index=ignore_index, "),
        library="torch",
    ),
    Target(
        _REFERENCE,
        "cross_entropy",
        "torch",
        axes={"targets": "probabilities"},
        call=_CALL.format(ignored=""),
        library="torch",
    ),
]
