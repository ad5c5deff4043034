"""Boxes for matching and suppression, and what torchvision's Python makes of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from hypothesis import strategies as st

from crossval.adapters.libraries import torchvision as adapter

#: Few corners, so that boxes coincide, touch, contain each other, and lose their area.
GRID = st.integers(0, 5)


@st.composite
def grid_boxes(draw, least=0, most=8):
    """Draw boxes with integer corners, some of them without area."""
    numbers = draw(st.lists(st.tuples(GRID, GRID, GRID, GRID), min_size=least, max_size=most))
    corners = np.array(numbers, np.float64).reshape(-1, 2, 2)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def random_boxes(seed: int, items: int, side: float = 0.5) -> np.ndarray:
    random = np.random.default_rng(seed)
    low = random.random((items, 2))
    return np.concatenate([low, low + side * random.random((items, 2))], axis=1)


@cache
def torchvision():
    """Return the package, which may lack its compiled part."""
    adapter.prepare()
    import torchvision

    return torchvision


def tensors(*arrays: np.ndarray) -> tuple[torch.Tensor, ...]:
    return tuple(map(torch.from_numpy, arrays))
