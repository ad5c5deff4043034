"""The accuracy bars, kernel by kernel and regime by regime, against certified truth.

Values: at most 4 ulp. A gradient component: at most 8 ulp of Σ|terms| of its printed final sum,
which is 8 ulp where nothing cancels. A component of a Hessian-vector product: 64 ulp of Σ|terms|.
"""

from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pytest

from crossval.oracles.enclosure import truth
from refloss.losses import resolve

from . import magnitudes
from .regimes import regimes

ROWS = 300
VALUE, GRADIENT, PRODUCT = 4, 8, 64
LOSSES = {
    "iou": ({"form": "linear"}, {"form": "square"}, {"form": "log"}),
    "giou": ({},),
    "diou": ({},),
    "ciou": ({}, {"alpha": "attached"}, {"alpha": "gated"}, {"aspect": "unit"}),
}
SPECS = [(loss, axes) for loss, variants in LOSSES.items() for axes in variants]


@dataclass
class Errors:
    """Errors of a kernel at regular points: values in ulp, derivatives in ulp of Σ|terms|."""

    pairs: np.ndarray
    value: np.ndarray
    grad: np.ndarray
    hvp: np.ndarray

    def check(self, part: str, bar: float) -> None:
        errors = getattr(self, part)
        worst = np.unravel_index(np.argmax(errors), errors.shape)
        inputs = ", ".join(float(c).hex() for c in self.pairs[worst[0]])
        assert errors[worst] <= bar, f"{part} off by {errors[worst]:.3g} at [{inputs}] {worst[1:]}"


def measure(spec, pairs, seed=3):
    rng = np.random.default_rng(seed)
    upstream, direction = rng.normal(size=len(pairs)), rng.normal(size=pairs.shape)
    reference = truth(spec, pairs, upstream, dtype="float64", hvp=direction)
    kernel = import_module(f"refloss.kernels.numpy.{spec.program}")
    constants = [spec.constants[name] for name in kernel.CONSTANTS]
    columns = [*pairs.T, upstream]
    with np.errstate(all="ignore"):
        value, *grad = kernel.grad(*columns, *constants)
        hvp = kernel.hvp(*columns, *direction.T, *constants)
        _, *grad_parts = magnitudes.compiled(spec.program, "grad")(*columns, *constants)
        hvp_parts = magnitudes.compiled(spec.program, "hvp")(*columns, *direction.T, *constants)
    regular = reference.kind == "regular"
    grad, grad_parts, hvp, hvp_parts = (
        np.stack([np.broadcast_to(c, len(pairs)) for c in part], 1)[regular]
        for part in (grad, grad_parts, hvp, hvp_parts)
    )

    def off(result, hi, lo, unit):
        assert np.isfinite(result[np.isfinite(hi)]).all(), "not finite where the truth is"
        gap = np.abs((result - hi) - lo)
        return np.divide(gap, unit, out=np.zeros_like(gap), where=gap != 0)

    value, value_hi = np.asarray(value)[regular], reference.value_hi[regular]
    return Errors(
        pairs[regular],
        off(value, value_hi, reference.value_lo[regular], np.spacing(np.abs(value_hi))),
        off(grad, reference.grad_hi[regular], reference.grad_lo[regular], np.spacing(grad_parts)),
        off(hvp, reference.hvp_hi[regular], reference.hvp_lo[regular], np.spacing(hvp_parts)),
    )


@pytest.mark.parametrize("regime", regimes(1))
@pytest.mark.parametrize(
    ("loss", "axes"), SPECS, ids=lambda v: v if isinstance(v, str) else "-".join(v.values())
)
def test_published_definitions_meet_the_bars(loss, axes, regime):
    pairs = regimes(ROWS)[regime]
    spec = resolve(loss, **axes)
    if axes.get("form") == "log":  # -ln 0 is infinite, by definition
        pairs = overlapping(pairs)
    errors = measure(spec, pairs)
    if errors.pairs.size:
        errors.check("value", VALUE)
        errors.check("grad", GRADIENT)
        errors.check("hvp", PRODUCT)


def overlapping(pairs):
    right, left = np.minimum(pairs[:, 2], pairs[:, 6]), np.maximum(pairs[:, 0], pairs[:, 4])
    low, high = np.minimum(pairs[:, 3], pairs[:, 7]), np.maximum(pairs[:, 1], pairs[:, 5])
    return pairs[(right > left) & (low > high)]
