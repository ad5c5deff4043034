"""What is timed on a device: refloss on CuPy arrays, its peers on tensors of the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import torch

import refloss
from benchmarks import correctness, focal, peers, rows, variants
from refloss.run import cuda

Call = Callable[[], object]

BOXES = ("refloss", "library", "eager", "compiled")
ROWS = ("refloss", "eager", "compiled")
ELEMENTS = ROWS
SETS = 3  # of buffers, used in rotation

_pairs, _rows = lru_cache(1)(variants.boxes), lru_cache(1)(rows.logits)


def box_calls(name: str, loss: str, dtype: str, size: int, sets: int = SETS) -> list[Call]:
    """Return value and gradients of boxes as calls, one a set of buffers; none if there is no such.

    Sets hold the same pairs in another order.
    """
    pairs = _pairs(size, dtype)
    if name == "refloss":
        cupy = cuda.cupy()
        call = partial(getattr(refloss, loss).value_and_grad, **variants.CONVENTIONS[loss])
        arrays = [cupy.asarray(one) for one in pairs]
        return [partial(call, *(cupy.roll(a, k, axis=0) for a in arrays)) for k in range(sets)]
    form = _compiled_boxes(loss) if name == "compiled" else peers.FORMS[name](loss)
    if form is None:
        return []
    tensors = [torch.from_numpy(one).cuda() for one in pairs]
    return [
        peers.value_and_grad(form, *(torch.roll(a, k, 0) for a in tensors)) for k in range(sets)
    ]


def row_calls(name: str, dtype: str, shape: tuple[int, int], sets: int = SETS) -> list[Call]:
    """Return value and gradient of cross-entropy as calls, one a set of buffers."""
    table, target = _rows(shape, dtype)
    if name == "refloss":
        cupy = cuda.cupy()
        labels = cupy.asarray(target)
        tables = [cupy.asarray(table) for _ in range(sets)]
        return [partial(refloss.cross_entropy.value_and_grad, one, labels) for one in tables]
    labels = torch.from_numpy(target).cuda()
    leaves = [torch.from_numpy(table).cuda().requires_grad_() for _ in range(sets)]
    ones = torch.ones(shape[0], dtype=leaves[0].dtype, device="cuda")
    return [partial(_differentiated, rows._form(name), leaf, labels, ones) for leaf in leaves]


def focal_calls(name: str, dtype: str, size: int, sets: int = SETS) -> list[Call]:
    """Return value and gradient of sigmoid focal loss as calls, one a set of buffers."""
    logits, target = focal.elements(size, dtype)
    if name == "refloss":
        cupy = cuda.cupy()
        arrays = cupy.asarray(logits), cupy.asarray(target)
        call = refloss.sigmoid_focal.value_and_grad
        return [partial(call, *(cupy.roll(a, k) for a in arrays)) for k in range(sets)]
    tensors = torch.from_numpy(logits).cuda(), torch.from_numpy(target).cuda()
    ones = torch.ones(size, dtype=tensors[0].dtype, device="cuda")
    leaves = [tuple(torch.roll(a, k) for a in tensors) for k in range(sets)]
    form = focal.form(name)
    return [partial(_differentiated, form, x.requires_grad_(), t, ones) for x, t in leaves]


def focal_error(name: str, dtype: str) -> float:
    """Return the worst error of sigmoid focal loss against the truth; errors as in `box_error`."""
    value, slopes = _arrays(focal_calls(name, dtype, focal.CHECKED, 1)[0]())
    wide = value.astype(np.float64), slopes.astype(np.float64)
    return focal.agreed(name, dtype, focal.worst_error(dtype, *wide))


def box_error(name: str, loss: str, dtype: str) -> float | None:
    """Return the worst error of a variant against the truth, None if there is no such variant.

    Raises
    ------
    ValueError
        Where the error shows that it computes something else.
    """
    calls = box_calls(name, loss, dtype, correctness.CHECKED, 1)
    if not calls:
        return None
    error = correctness.worst_error(loss, dtype, _arrays(calls[0]()))
    return correctness.agreed(name, loss, dtype, error)


def row_error(name: str, dtype: str, shape: tuple[int, int] = rows.CHECKED) -> float:
    """Return the worst error of cross-entropy against the truth; errors as in `box_error`."""
    value, slopes = _arrays(row_calls(name, dtype, shape, 1)[0]())
    wide = value.astype(np.float64), slopes.astype(np.float64)
    return rows.agreed(name, dtype, rows.worst_error(dtype, shape, *wide))


def _differentiated(function: Any, leaf: Any, labels: Any, ones: Any) -> tuple:
    loss = function(leaf, labels)
    return (loss, *torch.autograd.grad(loss, (leaf,), ones))


@cache
def _compiled_boxes(loss: str) -> Any:
    """Return torch.compile of the formula on columns as they lie, compiled once for all sizes."""
    form = partial(peers.FORMULAS[loss], contiguous=False)
    return torch.compile(form, dynamic=True, fullgraph=True)


def _arrays(result: Any) -> tuple[np.ndarray, ...]:
    """Return a value and gradients as NumPy arrays."""
    if isinstance(result[1], dict):
        cupy = cuda.cupy()
        return tuple(cupy.asnumpy(one) for one in (result[0], *result[1].values()))
    return tuple(one.detach().cpu().numpy() for one in result)
