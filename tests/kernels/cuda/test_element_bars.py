"""Kernels of losses of single numbers as a device runs them, against certified truth.

In double the bars are those of the NumPy kernels, in float the same with float's ulp. Focal losses
are judged as the host runs them, in `test_focal_bars`: a device has its bits, see `test_items`.
"""

import numpy as np
import pytest

from crossval.oracles.elementwise import weights_of

from ..element_subject import ELEMENTS
from ..focal_terms import FOCAL
from ..test_element_bars import judge, known
from .fibers import unit_of
from .runs import REALS, launch

OTHERS = [k for k, subject in enumerate(ELEMENTS) if subject.loss not in FOCAL]


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("at", OTHERS, ids=lambda k: str(ELEMENTS[k]))
def test_the_bars_are_met(at, real):
    subject = ELEMENTS[at]
    columns, upstream, _, truth = known(at, real)
    program, constants = subject.spec.program, subject.spec.constants
    inputs = dict(zip(subject.names, columns.T, strict=True)) | {"loss_bar": upstream}
    inputs |= {name: np.ones(len(columns)) for name in weights_of(program)}
    found = launch(unit_of(program, "grad", real), [len(columns)], inputs, constants)
    grad = np.stack([found[f"{name}_bar"] for name in subject.names], axis=1)
    value, grad = found["loss"].astype(np.float64), grad.astype(np.float64)
    judge(subject, columns, upstream, truth, value, grad, real, real)
    alone = launch(unit_of(program, "value", real), [len(columns)], inputs, constants)
    value = alone["loss"].astype(np.float64)
    judge(subject, columns, upstream, truth, value, grad, real, real)
