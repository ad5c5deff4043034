"""High precision for the witnesses of every test here."""

import mpmath as mp
import pytest

from . import unrolled


@pytest.fixture(autouse=True)
def _precision():
    with mp.workdps(unrolled.DIGITS):
        yield
