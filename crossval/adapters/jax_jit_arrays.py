"""JAX targets under :func:`jax.jit`: value and gradients as one compiled program.

A program is compiled for each shape, format and set of arguments; arguments that are no arrays are
constants of it.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from crossval.adapters.jax_arrays import called, versions
from crossval.subject import Subject

__all__ = ["evaluate", "versions"]


def evaluate(
    subject: Subject, request: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call the target once; see :func:`crossval.adapters.jax_arrays.evaluate`."""
    return called(subject, request, arrays, jax.jit)
