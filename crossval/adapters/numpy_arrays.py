"""NumPy targets: ``f(pred, target)`` gives the value, ``f.grad(..., upstream=u)`` the gradients.

The door through which refloss certifies its own public functions. A target without ``grad`` is
judged by its values, and the certificate says that its gradients were not tested. What is bound is
put into its attribute before each call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crossval.adapters import WrongShape
from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from crossval.subject import Subject


def versions() -> dict[str, str]:
    """Nothing beyond NumPy, which every certificate records."""
    return {}


def evaluate(
    subject: Subject, request: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call the target once; see :func:`crossval.adapters.torch_arrays.evaluate`."""
    dtype = dtype_of(format_of(request["format"]))
    inputs = {name: _array(arrays[name], dtype, request["strided"]) for name in subject.inputs}
    before = {name: array.tobytes() for name, array in inputs.items()}
    beside = {name: _array(arrays[name], dtype, strided=False) for name in request["arrays"]}
    call, wanted = {**request["arguments"], **beside}, request["gradients"]
    for name, place in subject.places(subject.thing).items():
        place.hold(inputs[name])
    with subject.holding(subject.thing, call):
        results = {"value": np.asarray(subject.invoke(subject.thing, inputs, call))}
        if wanted and results["value"].shape != arrays["upstream"].shape:
            raise WrongShape(arrays["upstream"].shape, results["value"].shape)
        if wanted:
            upstream = _array(arrays["upstream"], dtype, strided=False)
            results |= _gradients(subject, inputs, call, upstream, tuple(wanted))
    reply = {
        "formats": {name: array.dtype.name for name, array in results.items()},
        "changed": [name for name, bits in before.items() if inputs[name].tobytes() != bits],
        "absent": [f"grad.{name}" for name in wanted if f"grad.{name}" not in results],
    }
    return reply, {name: _words(array) for name, array in results.items()}


def _gradients(
    subject: Subject,
    inputs: dict[str, np.ndarray],
    call: dict[str, Any],
    upstream: np.ndarray,
    wanted: tuple[str, ...],
) -> dict[str, np.ndarray]:
    """Gradients that the target's ``grad`` returns; none where it has no such method."""
    function = getattr(subject.thing, "grad", None)
    if function is None:
        return {}

    def gradient(*positional: Any, **named: Any) -> Any:
        return function(*positional, upstream=upstream, wrt=wanted, **named)

    found = subject.invoke(gradient, inputs, call)
    return {f"grad.{name}": np.asarray(found[name]) for name in wanted}


def _array(bits: np.ndarray, dtype: np.dtype, strided: bool) -> np.ndarray:
    dense = bits.copy() if bits.dtype.kind == "i" else bits.copy().view(dtype)
    if not strided:
        return dense
    # NaN between the entries, or classes beyond all
    filler = 1 << 30 if bits.dtype.kind == "i" else np.nan
    block = np.full([2 * size for size in dense.shape], filler, dtype=dense.dtype)
    view = block[tuple(slice(None, None, 2) for _ in dense.shape)]
    view[...] = dense
    return view


def _words(array: np.ndarray) -> np.ndarray:
    dense = np.ascontiguousarray(array)
    return dense.view(f"uint{8 * dense.dtype.itemsize}").reshape(array.shape)
