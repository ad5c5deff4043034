"""What a wrong divergence of a softmax may be instead: of exchanged arguments, of a mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.row_temperatures import at_the_temperature_of, cooled, temperatures
from crossval.checks.row_terms import Rows, log_softmax
from crossval.oracles.elementwise import Oracle
from crossval.oracles.row_columns import RowColumns
from crossval.oracles.texts import Definition

__all__ = ["divergence_slips"]

_INSIDE = (1e-8, 1e-7, 1e-6, 1e-12, 1e-16, 1e-10, 1e-5, float(np.finfo(np.float32).eps))
_BY_COEFFICIENTS = {
    "the arguments are exchanged: it is the divergence of the target from the softmax": (
        "torch's kl_div takes the logarithm of the softmax first and the target second",
        lambda p, q, log_p, log_q: (p * (log_p - log_q), log_p - log_q + 1),
    ),
    "it is cross-entropy: the entropy of the target is not subtracted": (
        "add the sum of q log q, or call it cross-entropy",
        lambda p, q, log_p, log_q: (-q * log_p, -q / p),
    ),
    "the softmax is given where its logarithm is expected": (
        "give log_softmax(logits), not softmax(logits), to kl_div",
        lambda p, q, log_p, log_q: (q * (log_q - p), -q),
    ),
    "logarithms are missing: it is the squared distance of the two": (
        "take the divergence",
        lambda p, q, log_p, log_q: ((p - q) ** 2, 2 * (p - q)),
    ),
}
"""Words to a remedy, and to the terms and their slopes by p."""


def divergence_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    assert isinstance(oracle, RowColumns)
    rows = Rows(oracle, spec, columns, upstream)
    with np.errstate(all="ignore"):
        yield from _factors(rows)
        yield from temperatures(rows)
        for found in _other_terms(cooled(rows)):
            yield at_the_temperature_of(rows, found)
        if rows.spec.program == "softmax_kl":
            yield from _raised(rows)


def _raised(rows: Rows) -> Iterator[Prediction]:
    """Add to the softmax before its logarithm, and to the target as well."""
    heat, scale = rows.spec.constants["temperature"], rows.upstream[:, None]
    log_p, q = log_softmax(rows.logits / heat), rows.goal
    own, _ = rows.kernel()
    unit = 1.0 if not rows.spec.constants.get("times_square") else heat**2
    weighed = unit * rows.weights * q
    for eps in _INSIDE:
        raised = np.logaddexp(log_p, np.log(eps))
        slopes = -weighed * np.exp(log_p - raised)
        slopes = (slopes - np.exp(log_p) * slopes.sum(axis=1, keepdims=True)) / heat
        value = own + np.where(q == 0, 0.0, weighed * (log_p - raised)).sum(axis=1)
        fix = "take log_softmax, which needs no eps"
        words = f"{eps:.3g} is added to the softmax before its logarithm"
        yield Prediction(words, fix, value, rows.by_logits(slopes * scale))
        value = value + np.where(q == 0, 0.0, weighed * np.log1p(eps / q)).sum(axis=1)
        words = f"{eps:.3g} is added to the softmax and to the target before their logarithms"
        yield Prediction(words, fix, value, rows.by_logits(slopes * scale))


def _factors(rows: Rows) -> Iterator[Prediction]:
    """Divide the sum by the number of classes, or forget or exchange constant factors."""
    value, gradient = rows.kernel()
    heat = rows.spec.constants["temperature"]
    factors = {
        "the terms are averaged over the classes, not added up": (
            1 / rows.classes,
            "add up the terms of a row: torch's reduction='batchmean', not 'mean'",
        ),
        "logarithms are to base 2": (1 / np.log(2), "take natural logarithms, or unit='bits'"),
        "it is half of what is defined": (0.5, "leave the half out"),
        "it is twice what is defined": (2.0, "halve it"),
        "it is multiplied by the temperature": (heat, "leave the factor out"),
    }
    for words, (factor, fix) in factors.items():
        if factor != 1.0:
            yield Prediction(words, fix, factor * value, factor * gradient)


def _other_terms(rows: Rows) -> Iterator[Prediction]:
    """Add up other terms of the same two distributions."""
    log_p, q = log_softmax(rows.logits), rows.goal
    p, log_q = np.exp(log_p), np.log(np.where(q > 0, q, 1.0))
    for words, (fix, terms) in _BY_COEFFICIENTS.items():
        value, slope = (rows.weights * part for part in terms(p, q, log_p, log_q))
        slope = p * (slope - (p * slope).sum(axis=1, keepdims=True))
        gradient = rows.by_logits(slope * rows.upstream[:, None])
        yield Prediction(words, fix, value.sum(axis=1), gradient)
