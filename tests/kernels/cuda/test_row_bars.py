"""Row kernels as a device runs them, against certified truth, regime by regime.

The bars are those of the NumPy kernels in double, and the same with float's u in float.
"""

import numpy as np
import pytest

from ..row_regimes import RowCase, regimes
from ..row_subject import RowSubject
from ..test_row_bars import PRESETS, SUBJECTS, focal, in_format
from .row_runs import GROUPS, Rows, drawn
from .runs import REALS

ROWS = 8
ROUNDED = [
    *(RowSubject({"temperature": heat}, soft) for heat in (0.7, 3.3) for soft in (False, True)),
    RowSubject({"temperature": 3.3, "factor": "temperature_squared"}, True),
    *(focal({"gamma": power}, soft=soft) for power in (0.3, 1.7, 2.2) for soft in (False, True)),
    *(
        RowSubject({"temperature": heat}, True, loss=loss)
        for heat in (0.7, 3.3)
        for loss in ("softmax_kl", "softmax_js")
    ),
]
"""With constants that float32 does not hold."""


def together(cases: list[RowCase]) -> RowCase:
    """Return the rows of cases of as many classes as one case."""
    parts = ("logits", "labels", "probabilities")
    return RowCase(*(np.concatenate([getattr(case, part) for case in cases]) for part in parts))


def cases_of(real: str) -> list[RowCase]:
    """Return the rows of all regimes that a format can hold, by their number of classes."""
    held = [case for every in regimes(ROWS).values() if (case := in_format(every, real))]
    widths = sorted({case.classes for case in held})
    return [together([case for case in held if case.classes == width]) for width in widths]


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", [*SUBJECTS, *PRESETS], ids=str)
def test_the_bars_are_met(subject: RowSubject, real):
    for case in cases_of(real):
        upstream, direction = drawn(subject, case, real)
        known = subject.truth(case, upstream, direction, real)
        assert set(known.kind) == {"regular"}
        for group, block in GROUPS[: 2 if subject in SUBJECTS else 1]:
            Rows(subject, real, group, block).check(case, upstream, direction, known, "regimes")


@pytest.mark.parametrize("subject", ROUNDED, ids=str)
def test_constants_are_taken_as_they_are_given(subject: RowSubject):
    """Not rounded to float32."""
    for case in cases_of("float32"):
        upstream, direction = drawn(subject, case, "float32")
        known = subject.truth(case, upstream, direction, "float32")
        rows = Rows(subject, "float32", *GROUPS[0])
        rows.check(case, upstream, direction, known, "regimes")
