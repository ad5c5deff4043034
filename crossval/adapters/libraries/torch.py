"""torch.nn.functional: cross-entropies of rows and of two classes, and losses of a difference."""

from crossval.target import Target

_CALL = (
    "f(logits, target, weight=class_weight, {ignored}label_smoothing=label_smoothing, "
    "reduction=reduction)"
)
_REFERENCE = "torch.nn.functional:cross_entropy"


def _target(name: str, loss: str) -> Target:
    return Target(f"torch.nn.functional:{name}", loss, "torch", library="torch")


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
    *(
        Target(
            "torch.nn.functional:multi_margin_loss",
            "multi_margin",
            "torch",
            axes=axes,
            call=f"f(logits, target, p={p}, margin=margin, weight=class_weight, "
            "reduction=reduction)",
            library="torch",
        )
        for p, axes in ((1, {}), (2, {"power": "squared"}))
    ),
    _target("binary_cross_entropy_with_logits", "bce"),
    _target("binary_cross_entropy", "bce_probs"),
    _target("kl_div", "kl_div"),
    Target(
        "torch.nn.functional:kl_div",
        "kl_div",
        "torch",
        axes={"targets": "logarithms"},
        call="f(log_probs, target, reduction=reduction, log_target=True)",
        library="torch",
    ),
    _target("l1_loss", "l1"),
    _target("mse_loss", "l2"),
    _target("smooth_l1_loss", "smooth_l1"),
    _target("huber_loss", "huber"),
]
