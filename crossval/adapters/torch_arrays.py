"""PyTorch targets: leaf tensors in, value and gradients of ``sum(loss * upstream)`` out.

Inputs are cloned for every call; bits before and after are compared, so that a change in place is
seen whether or not it also disturbs autograd.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from crossval.adapters import WrongShape

_SIGNED = {8: torch.int64, 4: torch.int32, 2: torch.int16}


def versions() -> dict[str, str]:
    """Versions that a certificate records."""
    return {"torch": version("torch")}


def evaluate(
    function: Callable[..., Any], request: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Call ``function`` once.

    Parameters
    ----------
    function : callable
        Called with the inputs by position (or by name where it is an expression).
    request : dict
        ``format``, ``inputs`` (names in order), ``arguments``, ``gradients`` (names), ``strided``,
        ``positional``.
    arrays : dict of str to array
        Bits of each input and, with gradients, of ``upstream``.

    Returns
    -------
    tuple
        ``{"formats": ..., "changed": [...], "absent": [...]}`` and the bits of ``value`` and of
        ``grad.<input>``.
    """
    torch.set_num_threads(1)
    dtype = getattr(torch, request["format"])
    inputs = {name: _tensor(arrays[name], dtype, request["strided"]) for name in request["inputs"]}
    for name in request["gradients"]:
        inputs[name].requires_grad_()
    before = {name: _bits(tensor) for name, tensor in inputs.items()}
    value = _call(function, inputs, request)
    results = {"value": value}
    if request["gradients"]:
        results |= _gradients(value, inputs, request["gradients"], arrays["upstream"], dtype)
    changed = [
        name for name, bits in before.items() if not np.array_equal(bits, _bits(inputs[name]))
    ]
    present = {name: tensor for name, tensor in results.items() if tensor is not None}
    reply = {
        "formats": {name: _name(tensor) for name, tensor in present.items()},
        "changed": changed,
        "absent": sorted(set(results) - set(present)),
    }
    return reply, {name: _bits(tensor) for name, tensor in present.items()}


def _call(
    function: Callable[..., Any], inputs: dict[str, torch.Tensor], request: dict[str, Any]
) -> torch.Tensor:
    if request["positional"]:
        value = function(*inputs.values(), **request["arguments"])
    else:
        value = function(**inputs, **request["arguments"])
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        found = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
        raise TypeError(f"the target must return a floating-point tensor; got {found}")
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
    signed = torch.from_numpy(bits.view(f"int{8 * bits.dtype.itemsize}").copy())
    dense = signed.view(dtype)
    if not strided:
        return dense
    # every second column and row of a larger block that holds NaN elsewhere
    block = torch.full([2 * size for size in dense.shape], float("nan"), dtype=dtype)
    view = block[tuple(slice(None, None, 2) for _ in dense.shape)]
    view.copy_(dense)
    return view


def _bits(tensor: torch.Tensor) -> np.ndarray:
    dense = tensor.detach().contiguous()
    words = dense.view(_SIGNED[dense.element_size()]).numpy()
    return words.view(f"uint{8 * dense.element_size()}").copy()


def _name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
