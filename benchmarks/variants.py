"""What is timed: refloss and its peers on the same boxes, each as a call without arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refloss
from refloss.losses import Spec

Outputs = tuple[NDArray[np.floating], ...]
Call = Callable[[], object]

#: The convention of every variant: torchvision's, ``eps`` added to the denominators.
CONVENTIONS: dict[str, dict[str, Any]] = {
    "iou": {"form": "linear", "eps": 1e-7, "placement": "added"},
    "giou": {"preset": "torchvision"},
    "diou": {"preset": "torchvision"},
    "ciou": {"preset": "torchvision"},
}

#: Ways of running refloss: NumPy, the compiled program, and the same computing in float32.
OURS: dict[str, dict[str, Any]] = {
    "refloss": {},
    "c": {"backend": "c", "compute": "float64"},
    "c float32": {"backend": "c", "compute": "float32"},
}

#: The columns of the tables. "library" is torchvision's function, the others are in peers.py.
PEERS = ("library", "eager", "compiled", "strided")


def spec(loss: str) -> Spec:
    """Return the program and the constants of the convention that is timed."""
    return refloss.resolve(loss, **CONVENTIONS[loss])


def boxes(size: int, dtype: str) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return predictions and targets: targets anywhere in an image, predictions near them.

    About one pair in six does not overlap, which is what mask indexing branches on.

    Parameters
    ----------
    size : int
        Number of pairs.
    dtype : str
        ``"float32"`` or ``"float64"``.

    Returns
    -------
    pred, target : ndarray
        Shape ``(size, 4)``, corners ``x1, y1, x2, y2``.
    """
    random = np.random.default_rng(size)
    centre = random.uniform(0, 1000, (2, size, 2))
    extent = random.uniform(8, 200, (2, size, 2))
    near = random.random((size, 1)) < 0.95
    centre[0] = np.where(
        near, centre[1] + 0.3 * extent[1] * random.normal(size=(size, 2)), centre[0]
    )
    corners = np.concatenate([centre - extent / 2, centre + extent / 2], axis=-1)
    return corners[0].astype(dtype), corners[1].astype(dtype)


def variant(name: str, loss: str, dtype: str, size: int) -> Call | None:
    """Return the call that computes a loss and its gradients for both boxes.

    Parameters
    ----------
    name : str
        One of `OURS` or of `PEERS`.
    loss, dtype, size
        As in :func:`boxes`.

    Returns
    -------
    callable or None
        None where the peer has no such function, or float64 would be computed in float32.
    """
    pred, target = boxes(size, dtype)
    if name in OURS:
        if OURS[name].get("compute") == "float32" and dtype == "float64":
            return None
        function, options = getattr(refloss, loss), CONVENTIONS[loss] | OURS[name]
        return lambda: function.value_and_grad(pred, target, **options)

    # PyTorch is imported here, so that the memory of refloss is measured in a process without it.
    import torch

    from benchmarks import peers

    function = peers.FORMS[name](loss)
    if function is None:
        return None
    return peers.value_and_grad(function, torch.from_numpy(pred), torch.from_numpy(target))


def outputs(result: object) -> Outputs:
    """Return the loss, the gradient of the predictions and that of the targets as arrays."""
    match result:
        case (value, {"pred": pred, "target": target}):
            return value, pred, target
        case tuple(tensors):
            return tuple(tensor.detach().numpy() for tensor in tensors)
        case _:
            raise TypeError(f"expected a value and two gradients, got {type(result).__name__}")
