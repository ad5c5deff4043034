"""How targets are called: one module per kind of array, one small file per library."""

from __future__ import annotations

import traceback
from typing import Any

_FRAMEWORKS = {"torch": "torch", "numpy": "numpy", "jax": "jax", "jaxlib": "jax"}
"""Package that an array's class comes from, and the adapter for such arrays."""


class WrongShape(ValueError):
    """A target's value has not one entry per row."""

    def __init__(self, wanted: tuple[int, ...], got: tuple[int, ...]) -> None:
        what = f"one entry per row, shape {wanted}" if wanted else "one number"
        super().__init__(f"the loss must have {what}; got shape {got}")


class WrongGradients(ValueError):
    """Gradients that a target returned beside its value do not belong to its inputs."""


class WrongArray(TypeError):
    """A target's value is no array of floats of its adapter's kind.

    Parameters
    ----------
    wanted : str
        What the adapter takes.
    value : object
        What came.

    Attributes
    ----------
    hint : str
        What to do: for an array of another framework, the adapter that takes it.
    """

    def __init__(self, wanted: str, value: Any) -> None:
        kind = type(value)
        found = getattr(value, "dtype", None) or kind.__name__
        root = _FRAMEWORKS.get(kind.__module__.partition(".")[0], "")
        other = bool(root) and root not in wanted.lower()
        words = f"an array of {root}" if other else f"{found}"
        self.hint = f"give --adapter {root}" if other else "Return the losses as floats."
        super().__init__(f"the target must return a floating-point {wanted}; got {words}")


def other_adapter(error: BaseException, adapter: str) -> str:
    """Return a hint where the target raised because its arrays are of another framework.

    Parameters
    ----------
    error : exception
        What the target raised.
    adapter : str
        The adapter that called it.
    """
    if isinstance(error, WrongArray):
        return error.hint
    words = f"{type(error).__module__} {type(error).__name__} {error}"
    roots = {
        frame.f_globals.get("__name__", "").partition(".")[0]
        for frame, _ in traceback.walk_tb(error.__traceback__)
    }
    for_jax = adapter.startswith("jax")
    if not for_jax and (roots & {"jax", "jaxlib"} or "jax" in words):
        return "a target that takes JAX arrays needs --adapter jax"
    if for_jax and "TracerArrayConversionError" in words:
        return "a target that takes NumPy arrays needs --adapter numpy"
    if adapter != "torch" and ("torch" in roots or "must be Tensor" in words):
        return "a target that takes PyTorch tensors needs --adapter torch"
    return ""
