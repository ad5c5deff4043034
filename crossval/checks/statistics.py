"""From verdicts on many numbers to one grade, one worst input and the power of the check."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossval.checks.verdict import GRADES, Reference, Verdicts, vacuity

WRONG = len(GRADES) - 1


def by_row(mask: np.ndarray) -> np.ndarray:
    """Rows of a mask (n,) or (n, k) in which something is set."""
    return mask if mask.ndim == 1 else np.any(mask, axis=1)


def overall(verdicts: Verdicts) -> str:
    """Worst grade among the conclusive numbers; empty if there is none and nothing is wrong."""
    counted = verdicts.grade[verdicts.conclusive | (verdicts.grade == WRONG)]
    return GRADES[int(counted.max())] if counted.size else ""


def worst(verdicts: Verdicts) -> tuple[int, ...] | None:
    """Index of the number that sets the grade, the largest error in ulp among equals."""
    if not verdicts.grade.size:
        return None
    counts = verdicts.conclusive | (verdicts.grade == WRONG)
    rank = np.where(counts, verdicts.grade, -1)
    return largest(verdicts.ulp, rank == rank.max())


def largest(ulp: np.ndarray, where: np.ndarray) -> tuple[int, ...]:
    """Index of the largest error in ulp among the numbers of a mask."""
    among = np.where(where, ulp, -1.0)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(among)), among.shape))


def summary(verdicts: Verdicts, truth: Reference) -> dict[str, Any]:
    """Fields of an :class:`~crossval.outcome.Outcome` that come from verdicts alone."""
    # where there is no single truth there is no error either: only finiteness was asked
    finite = verdicts.ulp[np.isfinite(verdicts.ulp) & ~np.isnan(truth.hi)]
    over = verdicts.grade > 0
    at = worst(verdicts)
    return {
        "grade": overall(verdicts),
        "n": int(verdicts.grade.size),
        "conclusive": int(verdicts.conclusive.sum()),
        "ulp": {
            "p50": float(np.quantile(finite, 0.5)) if finite.size else float("inf"),
            "p99.9": float(np.quantile(finite, 0.999)) if finite.size else float("inf"),
            "max": float(verdicts.ulp.max(initial=0.0)),
        },
        "explained": float((verdicts.grade[over] == 1).mean()) if over.any() else None,
        "condition": None if at is None else _relative(truth, at),
        "vacuity": vacuity(truth.hi, verdicts.tolerance),
    }


def _relative(truth: Reference, at: tuple[int, ...]) -> float | None:
    size = abs(float(truth.hi[at]))
    return float(truth.condition[at]) / size if size else None
