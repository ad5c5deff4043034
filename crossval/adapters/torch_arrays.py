"""PyTorch targets: leaf tensors in, value and gradients of ``sum(loss * upstream)`` out.

Inputs are cloned for every call; bits before and after are compared, so that a change in place is
seen whether or not it also disturbs autograd. A module with weights or buffers is judged in each
format as ``module.to(dtype)``, a copy for each. What is bound is put into its attribute: a
parameter keeps its identity and gets new data, so that everything that shares it sees them.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from crossval.adapters import WrongArray, WrongShape
from crossval.subject import Place, Subject

LOGITS = "cross-entropy: the target returns logits, of which torch.nn.functional's is taken"

_SIGNED = {8: torch.int64, 4: torch.int32, 2: torch.int16}


def versions() -> dict[str, str]:
    """Versions that a certificate records."""
    return {"torch": version("torch")}


def evaluate(
    subject: Subject, request: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call the target once.

    Parameters
    ----------
    subject : Subject
        The target and how it is called.
    request : dict
        ``format``, ``arguments``, ``arrays`` (names of arguments that come as arrays),
        ``gradients`` (names of inputs), ``strided``.
    arrays : dict of str to array
        Bits of each input and, with gradients, of ``upstream``; classes as integers.

    Returns
    -------
    tuple
        ``{"formats": ..., "changed": [...], "absent": [...]}`` and the bits of ``value`` and of
        ``grad.<input>``.
    """
    torch.set_num_threads(1)
    dtype = getattr(torch, request["format"])
    thing = _in_format(subject, dtype)
    beside = {name: _tensor(arrays[name], dtype, False) for name in request["arrays"]}
    arguments = {**request["arguments"], **beside}
    inputs = {name: _tensor(arrays[name], dtype, request["strided"]) for name in subject.inputs}
    shapes = {f"grad.{name}": tuple(tensor.shape) for name, tensor in inputs.items()}
    for name, place in subject.places(thing).items():
        inputs[name] = _put(place, subject.laid(name, inputs[name]).contiguous())
    for name in request["gradients"]:
        inputs[name].requires_grad_()
    before = {name: _bits(tensor) for name, tensor in inputs.items()}
    with subject.holding(thing, arguments):
        value = _checked(subject.invoke(thing, inputs, arguments))
        logits = bool(subject.logits_of) and value.ndim == 2 and value.shape[1] > 1
        if logits:
            labels = inputs[subject.logits_of]
            value = torch.nn.functional.cross_entropy(value, labels, reduction="none")
        results = {"value": value}
        if request["gradients"]:
            results |= _gradients(value, inputs, request["gradients"], arrays["upstream"], dtype)
    changed = [
        name for name, bits in before.items() if not np.array_equal(bits, _bits(inputs[name]))
    ]
    unlaid = {
        name: subject.unlaid(name.removeprefix("grad."), each, shapes.get(name, ()))
        for name, each in results.items()
    }
    present = {name: tensor for name, tensor in unlaid.items() if tensor is not None}
    reply = {
        "formats": {name: _name(tensor) for name, tensor in present.items()},
        "changed": changed,
        "absent": sorted(set(results) - set(present)),
        "remarks": [LOGITS] if logits else [],
    }
    return reply, {name: _bits(tensor) for name, tensor in present.items()}


def _in_format(subject: Subject, dtype: torch.dtype) -> Any:
    """Return the target, or where it is a module that owns floats its copy in a format."""
    thing = subject.thing
    if not isinstance(thing, torch.nn.Module):
        return thing
    owned = [*thing.parameters(), *thing.buffers()]
    if not any(tensor.is_floating_point() for tensor in owned):
        return thing
    return subject.copy_for(str(dtype), lambda fresh: fresh.to(dtype))


def _put(place: Place, tensor: torch.Tensor) -> torch.Tensor:
    """Put a tensor where the target reads it; return the leaf to differentiate by."""
    held = place.held
    if isinstance(held, torch.nn.Parameter):
        held.data, held.grad = tensor, None
        return held
    place.hold(tensor)
    return tensor


def _checked(value: Any) -> torch.Tensor:
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        raise WrongArray("PyTorch tensor", value)
    return value


def _gradients(
    value: torch.Tensor,
    inputs: dict[str, torch.Tensor],
    names: list[str],
    upstream: np.ndarray,
    dtype: torch.dtype,
) -> dict[str, torch.Tensor | None]:
    weights = _tensor(upstream, dtype, strided=False)
    if value.shape != weights.shape:
        raise WrongShape(tuple(weights.shape), tuple(value.shape))
    if not value.requires_grad:
        return {f"grad.{name}": None for name in names}
    leaves = [inputs[name] for name in names]
    grads = torch.autograd.grad((value * weights).sum(), leaves, allow_unused=True)
    return {f"grad.{name}": grad for name, grad in zip(names, grads, strict=True)}


def _tensor(bits: np.ndarray, dtype: torch.dtype, strided: bool) -> torch.Tensor:
    dense = torch.from_numpy(bits.view(f"int{8 * bits.dtype.itemsize}").copy())
    if bits.dtype.kind == "u":
        dense = dense.view(dtype)
    if not strided:
        return dense
    # every second column and row of a larger block that holds NaN elsewhere, classes beyond all
    filler = float("nan") if bits.dtype.kind == "u" else 1 << 30
    block = torch.full([2 * size for size in dense.shape], filler, dtype=dense.dtype)
    view = block[tuple(slice(None, None, 2) for _ in dense.shape)]
    view.copy_(dense)
    return view


def _bits(tensor: torch.Tensor) -> np.ndarray:
    dense = tensor.detach().contiguous()
    words = dense.view(_SIGNED[dense.element_size()]).numpy()
    return words.view(f"uint{8 * dense.element_size()}").copy()


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
