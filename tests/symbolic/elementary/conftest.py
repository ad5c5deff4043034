"""The precision that every derivation works at."""

import pytest

from refloss.symbolic.elementary.formats import working_precision


@pytest.fixture(autouse=True)
def _working_precision():
    with working_precision():
        yield
