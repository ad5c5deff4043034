"""Tests marked `gpu` are skipped where no device can be used, and say why."""

import pytest

from refloss.run import cuda


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("gpu")]
    reason = _why_not() if marked else ""
    for item in marked if reason else ():
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cupy():
    """Return CuPy, with a device."""
    return cuda.cupy()


def _why_not():
    try:
        cuda.cupy()
    except cuda.DeviceError as error:
        return str(error)
    return ""
