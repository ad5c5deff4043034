"""The test module that pytest collects for the targets of a ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.refloss
def test(refloss_check: Callable[[], None]) -> None:
    """Perform one check of one target; see :class:`crossval.items.Item`."""
    refloss_check()
