"""Nothing is timed before it is compared with the certified truth."""

from __future__ import annotations

import numpy as np

from benchmarks.variants import Outputs, boxes, outputs, spec, variant
from crossval.oracles.enclosure import truth

#: Pairs that are compared.
CHECKED = 1_000

#: How far a variant may be from the truth, in roundoffs of the largest gradient of the row. At
#: these boxes the rounding of ordinary implementations stays below 2**6; an attached alpha, a
#: factor left out or a wrong sign shows from 2**16 on.
AGREES = 2.0**10


def worst_error(loss: str, dtype: str, result: Outputs) -> float:
    """Return the largest distance from the truth over `CHECKED` pairs.

    Parameters
    ----------
    loss, dtype : str
        What was computed.
    result : tuple of ndarray
        The loss and both gradients of ``boxes(CHECKED, dtype)``.

    Returns
    -------
    float
        In units of the format's roundoff times the largest gradient component of the row; of the
        larger of the loss and one for the loss itself.
    """
    columns = np.concatenate(boxes(CHECKED, dtype), axis=1).astype(np.float64)
    exact = truth(spec(loss), columns, np.ones(CHECKED), dtype=dtype)
    assert exact.grad_hi is not None
    assert exact.grad_lo is not None
    steepest = np.abs(exact.grad_hi).max(axis=1, keepdims=True)
    scale = np.column_stack([np.maximum(1, np.abs(exact.value_hi)), np.repeat(steepest, 8, axis=1)])
    high = np.column_stack([exact.value_hi, exact.grad_hi])
    low = np.column_stack([exact.value_lo, exact.grad_lo])
    got = np.column_stack([np.asarray(part, np.float64) for part in result])
    error = np.abs((got - high) - low) / np.maximum(scale, np.finfo(np.float64).tiny)
    # At a tie every library may choose its own derivative, so those rows do not count.
    judged = np.where(np.isfinite(error), error, np.inf)[exact.kind == "regular"]
    return float(judged.max() / (np.finfo(dtype).eps / 2))


def check(name: str, loss: str, dtype: str) -> float | None:
    """Return the worst error of a variant, or None where there is no such variant.

    Raises
    ------
    ValueError
        Where the error shows that the variant computes something else.
    """
    call = variant(name, loss, dtype, CHECKED)
    if call is None:
        return None
    return agreed(name, loss, dtype, worst_error(loss, dtype, outputs(call())))


def agreed(name: str, loss: str, dtype: str, error: float) -> float:
    """Return the error, or raise a ValueError if it shows that something else was computed."""
    if error > AGREES:
        raise ValueError(
            f"{name} {loss} in {dtype}: expected the torchvision convention within {AGREES:g} "
            f"roundoffs of the largest gradient, found {error:.3g}"
        )
    return error
