"""optax: softmax cross-entropies, one loss a row."""

from typing import Any

from crossval.target import Target

_ROWS: dict[str, Any] = {"library": "optax", "adapter": "jax-jit"}
_SOFT: dict[str, Any] = {**_ROWS, "axes": {"targets": "probabilities"}}
TARGETS = [
    Target("optax:softmax_cross_entropy_with_integer_labels", "cross_entropy", "optax", **_ROWS),
    Target("optax:softmax_cross_entropy", "cross_entropy", "optax", **_SOFT),
    Target("optax:safe_softmax_cross_entropy", "cross_entropy", "optax", **_SOFT),
]
