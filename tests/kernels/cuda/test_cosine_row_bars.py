"""Kernels of heads over given cosines as a device runs them, against certified truth.

The bars are those of the NumPy kernels in double, and the same with float's u in float. One program
stands for each kind: those of a multiple have the same lines.
"""

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS

from ..test_cosine_row_bars import WEIGHTS, case_of, head
from .row_runs import GROUPS, Rows, drawn
from .runs import REALS

#: With constants that float32 holds, but for the scale, which kernels take as two floats.
SUBJECTS = [
    head("arcface", {"policy": "cos_fallback", "scale": 30.3}, WEIGHTS),
    head("cosface", {"margin": 0.375, "limit": 0.875, "cuts": "all"}),
    head(
        "combined_margin", {"guard": "mirror", "cosine_margin": 0.25, "limit": 0.875, "cuts": "all"}
    ),
    head("combined_margin", {"form": "multiplied", "multiple": 1.75, "cosine_margin": 0.25}),
    head("sphereface", {"margin": "4", "annealing": 3.0, "scale": 30.3}),
]


def inside(real: str):
    """Return the points whose target's cosine is no end."""
    case = case_of(real)
    own = case.logits[np.arange(len(case)), case.labels]
    return case.rows(np.abs(own) < 1).mapped(FORMATS[real].round)


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject, real):
    case = inside(real)
    upstream, direction = drawn(subject, case, real)
    known = subject.truth(case, upstream, direction, real)
    assert set(known.kind) == {"regular"}
    Rows(subject, real, *GROUPS[0]).check(case, upstream, direction, known, "points")
