"""torch.nn.functional: cross-entropies, losses of a difference, and of vectors."""

from crossval.target import Target

_CALL = (
    "f(logits, target, weight=class_weight, {ignored}label_smoothing=label_smoothing, "
    "reduction=reduction)"
)
_REFERENCE = "torch.nn.functional:cross_entropy"
_TRIPLET = (
    "f(anchor, positive, negative, margin=margin, p={p}, eps=eps, swap={swap}, reduction=reduction)"
)


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
    Target(
        "torch.nn.functional:hinge_embedding_loss",
        "hinge_embedding",
        "torch",
        call="f(scores, target, margin=margin, reduction=reduction)",
        library="torch",
    ),
    Target(  # of one score and 0: the hinge of their difference
        "torch.nn.functional:margin_ranking_loss",
        "hinge",
        call="f(scores, 0 * scores, target, margin=margin, reduction=reduction)",
        library="torch",
    ),
    _target("l1_loss", "l1"),
    _target("mse_loss", "l2"),
    _target("smooth_l1_loss", "smooth_l1"),
    _target("huber_loss", "huber"),
    *(
        Target(
            "torch.nn.functional:triplet_margin_loss",
            "triplet",
            "torch",
            axes={"distance": distance, "swap": swap},
            call=_TRIPLET.format(p=p, swap=swap == "nearest"),
            library="torch",
        )
        for p, distance in ((2, "euclidean"), (1, "manhattan"))
        for swap in ("anchor", "nearest")
    ),
]
