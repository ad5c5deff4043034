"""optax: softmax cross-entropies, sigmoid focal loss, losses of a difference, and of triplets."""

from typing import Any

from crossval.target import Target

_ROWS: dict[str, Any] = {"library": "optax", "adapter": "jax-jit"}
_SOFT: dict[str, Any] = {**_ROWS, "axes": {"targets": "probabilities"}}
_HUBER = "f(pred, target, delta=delta)"
TARGETS = [
    Target("optax:softmax_cross_entropy_with_integer_labels", "cross_entropy", "optax", **_ROWS),
    Target("optax:softmax_cross_entropy", "cross_entropy", "optax", **_SOFT),
    Target("optax.losses:multiclass_hinge_loss", "multi_margin", "optax", **_ROWS),
    Target("optax:safe_softmax_cross_entropy", "cross_entropy", "optax", **_SOFT),
    Target(
        "optax:sigmoid_focal_loss",
        "sigmoid_focal",
        "optax",
        call="f(logits, target, gamma=gamma)",
        **_ROWS,
    ),
    Target(
        "optax:sigmoid_focal_loss",
        "sigmoid_focal",
        "optax",
        axes={"alpha_side": "positives"},
        call="f(logits, target, gamma=gamma, alpha=alpha)",
        **_ROWS,
    ),
    Target("optax:squared_error", "l2", "optax_squared_error", **_ROWS),
    Target("optax:l2_loss", "l2", "optax", **_ROWS),
    Target("optax:huber_loss", "huber", "optax", call=_HUBER, **_ROWS),
    Target("optax:log_cosh", "log_cosh", "optax", **_ROWS),
    Target(
        "optax.losses:triplet_margin_loss",
        "triplet",
        "optax",
        call="f(anchor, positive, negative, margin=margin, eps=eps)",
        **_ROWS,
    ),
]
