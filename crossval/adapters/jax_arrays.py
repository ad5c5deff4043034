"""JAX targets: arrays in, value and the vector-Jacobian product with ``upstream`` out.

float64 needs JAX's 64-bit mode, which is on while a float64 call runs and then as it was before:
other formats are judged in the mode that the target itself chose, by default JAX's 32-bit mode, in
which Python's numbers and ``jnp.zeros`` do not widen float32. Everything runs on the CPU. What is
bound is in its attribute only while the target is traced.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from crossval.adapters import WrongArray, WrongShape
from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from crossval.subject import Subject

Inputs = dict[str, jax.Array]
Compile = Callable[[Callable[..., Any]], Callable[..., Any]]

jax.config.update("jax_platforms", "cpu")


def versions() -> dict[str, str]:
    """Versions that a certificate records."""
    return {"jax": version("jax"), "jaxlib": version("jaxlib")}


def evaluate(
    subject: Subject, request: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call the target once; see :func:`crossval.adapters.torch_arrays.evaluate`.

    JAX arrays cannot be changed and have no strides: ``changed`` is empty, ``strided`` is ignored.
    """
    return called(subject, request, arrays, lambda function: function)


def called(
    subject: Subject, request: dict[str, Any], arrays: dict[str, np.ndarray], compiled: Compile
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call the target once, as a function of arrays that ``compiled`` has wrapped.

    Parameters
    ----------
    subject, request, arrays
        As for :func:`evaluate`.
    compiled : callable
        Turns ``results(inputs, beside, upstream)`` into what is called, once for each set of
        arguments that are no arrays.
    """
    wide = jax.enable_x64(True) if request["format"] == "float64" else nullcontext()
    with wide:
        results = _results(subject, request, arrays, compiled)
        words = {name: np.asarray(array) for name, array in results.items()}
    reply = {
        "formats": {name: array.dtype.name for name, array in words.items()},
        "changed": [],
        "absent": [],
    }
    return reply, {name: _bits(array) for name, array in words.items()}


def _results(
    subject: Subject, request: dict[str, Any], arrays: dict[str, np.ndarray], compiled: Compile
) -> Inputs:
    dtype = dtype_of(format_of(request["format"]))
    inputs = {name: _array(arrays[name], dtype) for name in subject.inputs}
    beside = {name: _array(arrays[name], dtype) for name in request["arrays"]}
    upstream = _array(arrays["upstream"], dtype)
    key = json.dumps([request["arguments"], request["gradients"]], sort_keys=True)
    function = subject.kept(key, lambda: compiled(_function(subject, request)))
    return function(inputs, beside, upstream)


def _function(subject: Subject, request: dict[str, Any]) -> Callable[..., Inputs]:
    """Return value and gradients as a function of arrays alone."""
    wrt, given = tuple(request["gradients"]), dict(request["arguments"])

    def results(inputs: Inputs, beside: Inputs, upstream: jax.Array) -> Inputs:
        def loss(leaves: Inputs) -> jax.Array:
            held = {**inputs, **leaves}
            arguments = {**given, **beside}
            laid = {name: subject.laid(name, array) for name, array in held.items()}
            with subject.holding(subject.thing, {**arguments, **laid}):
                return _checked(subject.invoke(subject.thing, held, arguments))

        if not wrt:
            return {"value": loss({})}
        value, back = jax.vjp(loss, {name: inputs[name] for name in wrt})
        if value.shape != upstream.shape:
            raise WrongShape(upstream.shape, value.shape)
        (gradients,) = back(upstream.astype(value.dtype))
        return {"value": value, **{f"grad.{name}": gradients[name] for name in wrt}}

    return results


def _checked(value: Any) -> jax.Array:
    if not isinstance(value, jax.Array) or not jnp.issubdtype(value.dtype, jnp.floating):
        raise WrongArray("JAX array", value)
    return value


def _array(bits: np.ndarray, dtype: np.dtype) -> jax.Array:
    """Return classes as JAX's default integers, numbers in their format."""
    return jnp.asarray(bits if bits.dtype.kind == "i" else bits.view(dtype))


def _bits(array: np.ndarray) -> np.ndarray:
    dense = np.ascontiguousarray(array)
    return dense.view(f"uint{8 * dense.dtype.itemsize}").reshape(array.shape)
