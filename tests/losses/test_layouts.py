"""Layouts are linear maps, and what brings derivatives back is their exact adjoint."""

import numpy as np
import pytest

from refloss.losses.layouts import LAYOUTS


def dyadic(seed: int) -> list[np.ndarray]:
    """Return four columns whose sums, products and halves are exact in float64."""
    return list(np.random.default_rng(seed).integers(-1000, 1000, (4, 50)) / 64.0)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_adjoint_identity_holds_exactly(layout):
    x, y = dyadic(1), dyadic(2)
    forward = sum((a * b).sum() for a, b in zip(layout.corners(x), y, strict=True))
    backward = sum((a * b).sum() for a, b in zip(x, layout.adjoint(y), strict=True))
    assert forward == backward != 0


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_map_is_linear_and_writes_to_no_argument(layout):
    x, y = dyadic(3), dyadic(4)
    kept = [column.copy() for column in x]
    together = layout.corners([a + 2.0 * b for a, b in zip(x, y, strict=True)])
    apart = zip(layout.corners(x), layout.corners(y), strict=True)
    for one, (a, b) in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one, a + 2.0 * b)
    layout.adjoint(x)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("xyxy", [1.0, 2.0, 4.0, 8.0]),
        ("xywh", [1.0, 2.0, 3.0, 6.0]),
        ("cxcywh", [2.5, 5, 3.0, 6.0]),
    ],
)
def test_one_box_in_every_layout(name, box):
    block = np.array(box)[:, None].copy()
    LAYOUTS[name].to_corners(block)
    np.testing.assert_array_equal(block[:, 0], [1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("xyxy", [1.0, 0.0, 0.5, 1.0]),
        ("xyxy", [0.0, 1.0, 1.0, 0.5]),
        ("xywh", [1e20, 0.0, -1.0, 1.0]),  # x + w = x: the corners alone would not show it
        ("cxcywh", [0.0, 1e20, 1.0, -1.0]),
    ],
)
def test_a_size_below_zero_is_seen(name, box):
    columns = [np.array([0.0, value, np.nan]) for value in box]
    width, height = LAYOUTS[name].sides(columns)
    np.testing.assert_array_equal((width < 0) | (height < 0), [False, True, False])
