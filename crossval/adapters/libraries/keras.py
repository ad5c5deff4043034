"""keras.losses, on JAX: crossentropies, a focal loss, and losses of a difference."""

import os
from typing import Any

from crossval.target import Target


def prepare() -> None:
    """Choose the backend, which Keras reads once, when it is imported."""
    os.environ["KERAS_BACKEND"] = "jax"


_COMMON: dict[str, Any] = {
    "library": "keras",
    "adapter": "jax-jit",
    "loader": f"{__name__}:prepare",
}


def _of_difference(name: str, loss: str, more: str = "") -> Target:
    call = f"f(target[:, None], pred[:, None]{more})"  # which takes the mean over the last axis
    return Target(f"keras.losses:{name}", loss, "keras", call=call, **_COMMON)


_HOT = "(logits == logits).cumsum(1) - 1 == target[:, None]"  # one-hot, in a call's own words
TARGETS = [
    Target(
        "keras.losses:categorical_hinge",
        "multi_margin",
        "keras",
        call=f"f({_HOT}, logits)",
        **_COMMON,
    ),
    Target(
        "keras.losses:sparse_categorical_crossentropy",
        "cross_entropy",
        "keras",
        call="f(target, logits, from_logits=True, ignore_class=ignore_index)",
        **_COMMON,
    ),
    Target(
        "keras.losses:categorical_crossentropy",
        "cross_entropy",
        "keras",
        axes={"targets": "probabilities"},
        call="f(target, logits, from_logits=True, label_smoothing=label_smoothing)",
        **_COMMON,
    ),
    Target(
        "keras.losses:binary_focal_crossentropy",
        "focal_probs",
        "keras",
        call="f(target[:, None], probs[:, None], gamma=gamma, label_smoothing=label_smoothing)",
        **_COMMON,
    ),
    _of_difference("mean_absolute_error", "l1"),
    _of_difference("mean_squared_error", "l2"),
    _of_difference("huber", "huber", ", delta=delta"),
    _of_difference("log_cosh", "log_cosh"),
]
