"""NumPy targets: a callable that gives the value, and its gradients in one of three forms.

``f.grad(pred, target, upstream=u, wrt=names)``
    Gradients of ``sum(loss * u)`` by name. refloss's own public functions have this form.
``f(pred, target, upstream=u)``
    ``(value, gradients)`` with the same meaning, for a target whose signature names ``upstream``.
``f(pred, target)``
    ``(value, gradients)`` of each item's own loss, or of the one number that it returns. They are
    multiplied by ``upstream`` here, so that nothing is learned about the target's own handling of
    it, and the certificate says so.

Gradients are a mapping by input, a sequence in the order of the differentiable inputs, or the array
itself where there is one such input; None stands for a gradient that there is not. A target that
returns a value alone is judged by it, and the certificate says that gradients were not tested. What
is bound is put into its attribute before each call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from crossval.adapters import WrongArray, WrongGradients, WrongShape
from crossval.bits import dtype_of
from crossval.oracles.formats import format_of
from crossval.signatures import names as parameters
from crossval.subject import Subject

SUPPLIES = ("upstream",)
"""Arguments that this adapter gives a target that takes them."""
NO_GRADIENT = "the target returns a value alone"
MULTIPLIED = "upstream: the target's gradients are multiplied by it outside"

Arrays = dict[str, np.ndarray]


def versions() -> dict[str, str]:
    """Nothing beyond NumPy, which every certificate records."""
    return {}


def evaluate(
    subject: Subject, request: dict[str, Any], arrays: Arrays
) -> tuple[dict[str, Any], Arrays]:
    """Call the target once; see :func:`crossval.adapters.torch_arrays.evaluate`.

    The reply also has ``silent``, why no gradient came, and ``remarks`` for the certificate.
    """
    dtype = dtype_of(format_of(request["format"]))
    inputs = {name: _array(arrays[name], dtype, request["strided"]) for name in subject.inputs}
    before = {name: array.tobytes() for name, array in inputs.items()}
    beside = {name: _array(arrays[name], dtype, strided=False) for name in request["arrays"]}
    upstream = _array(arrays["upstream"], dtype, strided=False)
    for name, place in subject.places(subject.thing).items():
        place.hold(subject.laid(name, inputs[name]))
    wanted = tuple(request["gradients"])
    with subject.holding(subject.thing, {**request["arguments"], **beside}):
        called = _Call(subject, inputs, {**request["arguments"], **beside}, upstream, wanted)
        results = called.results()
    reply = {
        "formats": {name: array.dtype.name for name, array in results.items()},
        "changed": [name for name, bits in before.items() if inputs[name].tobytes() != bits],
        "absent": [f"grad.{name}" for name in wanted if f"grad.{name}" not in results],
        "silent": NO_GRADIENT if wanted and called.silent else "",
        "remarks": [MULTIPLIED] if called.multiplied else [],
    }
    return reply, {name: _words(array) for name, array in results.items()}


class _Call:
    """One call of a target, in whichever form it gives its gradients."""

    def __init__(
        self,
        subject: Subject,
        inputs: Arrays,
        arguments: dict[str, Any],
        upstream: np.ndarray,
        wanted: tuple[str, ...],
    ) -> None:
        self.subject, self.inputs, self.arguments = subject, inputs, arguments
        self.upstream, self.wanted = upstream, wanted
        self.silent = self.multiplied = False

    def results(self) -> Arrays:
        """Return the value and, as far as they are wanted and come, gradients."""
        takes = "upstream" in parameters(self.subject.thing)
        found = self._invoke(self.subject.thing, **({"upstream": self.upstream} if takes else {}))
        value, gradients = found if _is_pair(found) else (found, None)
        results = {"value": _value(value)}
        if not self.wanted:
            return results
        if results["value"].shape != self.upstream.shape:
            raise WrongShape(self.upstream.shape, results["value"].shape)
        if gradients is None:
            gradients = self._by_grad()
        elif not takes:
            self.multiplied = True
        return results | self._named(gradients)

    def _by_grad(self) -> Any:
        function = getattr(self.subject.thing, "grad", None)
        if function is None:
            self.silent = True
            return {}
        return self._invoke(function, upstream=self.upstream, wrt=self.wanted)

    def _invoke(self, function: Any, **more: Any) -> Any:
        def extended(*positional: Any, **named: Any) -> Any:
            return function(*positional, **more, **named)

        return self.subject.invoke(extended, self.inputs, self.arguments)

    def _named(self, gradients: Any) -> Arrays:
        """Gradients by name, those that are None left out."""
        if not isinstance(gradients, Mapping):
            several = isinstance(gradients, list | tuple)
            listed = list(gradients) if several else [gradients]
            floats = [name for name, array in self.inputs.items() if array.dtype.kind not in "iu"]
            if len(listed) != len(floats):
                words = f"{len(floats)} gradients ({', '.join(floats)}); got {len(listed)}"
                raise WrongGradients(f"the target must return {words}")
            gradients = dict(zip(floats, listed, strict=True))
        named = {
            n: self.subject.unlaid(n, gradients.get(n), self.inputs[n].shape) for n in self.wanted
        }
        return {f"grad.{n}": self._times(n, g) for n, g in named.items() if g is not None}

    def _times(self, name: str, gradient: Any) -> np.ndarray:
        """Multiply rows by upstream where the target did not; rounded once."""
        array = np.asarray(gradient)
        if not self.multiplied:
            return array
        shape = self.inputs[name].shape
        if array.shape != shape:
            raise WrongGradients(
                f"the gradient by {name} must have shape {shape}; got {array.shape}"
            )
        with np.errstate(invalid="ignore", over="ignore"):
            wide = np.asarray(self.upstream, np.float64)
            rows = wide.reshape(wide.shape + (1,) * (array.ndim - wide.ndim))
            return (array.astype(np.float64) * rows).astype(array.dtype)


def _is_pair(found: Any) -> bool:
    """Whether a target returned value and gradients."""
    return isinstance(found, tuple) and len(found) == 2


def _value(value: Any) -> np.ndarray:
    """Return an array; one of JAX's would come without the gradients that JAX can give."""
    if type(value).__module__.partition(".")[0] in ("jax", "jaxlib"):
        raise WrongArray("NumPy array", value)
    return np.asarray(value)


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
