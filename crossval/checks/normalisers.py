"""What a result is instead if the losses of a batch are divided by a sum of other results.

A batch of one row shows it: its loss is divided by a result of its own. What the sum counts at
least shows where that result is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from crossval.catalog import losses, spec_of
from crossval.checks.evidence import Diagnosis, Evidence
from crossval.oracles.composed import alone
from crossval.session import Session
from crossval.target import UsageError

__all__ = ["over_a_sum"]

_LEAST = (0.0, 1e-6, 1e-12, 1e-8, 1e-7, 1e-5)


def over_a_sum(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a divisor that is a sum over the batch; several may have the results of single rows."""
    target = session.target
    if session.form.reduction != "mean" or session.spec.batch is not None:
        return None
    for least in _LEAST:
        said = {"least": least} if least else {}
        fitting = [
            divisor
            for divisor, spec in _divided(session, {**target.axes, **said})
            if _supported(session, evidence, spec)
        ]
        if fitting:
            also = f", least={least}" if least else ""
            axes = f"denominator={' or '.join(fitting)}{also}"
            words = f"you said {target.declared}, this behaves like {axes}"
            fix = "declare it with --set; batches of several rows tell denominators apart"
            return Diagnosis("RL801", words, fix=fix)
    return None


def _divided(session: Session, axes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each denominator that is a sum of other results, with what it makes of one row."""
    target = session.target
    values = losses()[target.loss]["axes"].get("denominator", {"values": {}})["values"]
    for name, said in values.items():
        if not said.get("batch", {}).get("beside"):
            continue
        try:
            yield name, alone(spec_of(target.loss, target.preset, {**axes, "denominator": name}))
        except UsageError:  # values that do not go together
            continue


def _supported(session: Session, evidence: Evidence, spec: Any) -> bool:
    """Whether the evidence supports a quotient, as far as its own roundings let one see."""
    points, oracle = evidence.points, session.family.oracle
    rows = spec, points.columns, points.upstream
    predicted, bound = oracle.kernel(*rows), oracle.rounding_bound(*rows, dtype=points.dtype)
    part = slice(None) if evidence.is_value else session.family.inputs[evidence.input]

    def judged(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        value, gradient = pair
        return value[:, None] if evidence.is_value else gradient[:, part]

    return evidence.supports(judged(predicted), room=2 * judged(bound))
