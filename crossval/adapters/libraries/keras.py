"""keras.losses, on JAX: crossentropies from logits, one loss a row, and a focal one."""

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
TARGETS = [
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
]
