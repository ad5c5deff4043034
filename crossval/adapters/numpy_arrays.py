"""NumPy targets: ``f(pred, target)`` gives the value, ``f.grad(..., upstream=u)`` the gradients.

The door through which refloss certifies its own public functions. A target without ``grad`` is
judged by its values, and the certificate says that its gradients were not tested.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from crossval.adapters import WrongShape
from crossval.bits import dtype_of
from crossval.oracles.formats import format_of


def versions() -> dict[str, str]:
    """Nothing beyond NumPy, which every certificate records."""
    return {}


def evaluate(
    function: Callable[..., Any], request: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call ``function`` once; see :func:`crossval.adapters.torch_arrays.evaluate`."""
    dtype = dtype_of(format_of(request["format"]))
    inputs = {name: _array(arrays[name], dtype, request["strided"]) for name in request["inputs"]}
    before = {name: array.tobytes() for name, array in inputs.items()}
    call = dict(request["arguments"])
    results = {"value": np.asarray(_invoke(function, inputs, call, request["positional"]))}
    wanted = request["gradients"]
    if wanted and results["value"].shape != arrays["upstream"].shape:
        raise WrongShape(arrays["upstream"].shape, results["value"].shape)
    if wanted and hasattr(function, "grad"):
        upstream = _array(arrays["upstream"], dtype, strided=False)
        extra = {"upstream": upstream, "wrt": tuple(wanted), **call}
        grads = _invoke(function.grad, inputs, extra, request["positional"])
        results |= {f"grad.{name}": np.asarray(grads[name]) for name in wanted}
    reply = {
        "formats": {name: array.dtype.name for name, array in results.items()},
        "changed": [name for name, bits in before.items() if inputs[name].tobytes() != bits],
        "absent": [f"grad.{name}" for name in wanted if f"grad.{name}" not in results],
    }
    return reply, {name: _words(array) for name, array in results.items()}


def _invoke(
    function: Callable[..., Any], inputs: dict[str, Any], call: dict[str, Any], positional: bool
) -> Any:
    return function(*inputs.values(), **call) if positional else function(**inputs, **call)


def _array(bits: np.ndarray, dtype: np.dtype, strided: bool) -> np.ndarray:
    dense = bits.copy().view(dtype)
    if not strided:
        return dense
    block = np.full([2 * size for size in dense.shape], np.nan, dtype=dtype)
    view = block[tuple(slice(None, None, 2) for _ in dense.shape)]
    view[...] = dense
    return view


def _words(array: np.ndarray) -> np.ndarray:
    dense = np.ascontiguousarray(array)
    return dense.view(f"uint{8 * dense.dtype.itemsize}").reshape(array.shape)
