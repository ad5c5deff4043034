"""The layout of a launch."""

import pytest

from refloss.run.native.launches import ITEMS, Shape, grid, shape

SHAPES = [
    (2, "float32", Shape(256, 32)),
    (1024, "float64", Shape(256, 32)),
    (1025, "float32", Shape(256, 256)),
    (8192, "float64", Shape(256, 256)),
    (8193, "float32", Shape(1024, 1024)),
    (1_000_000, "float64", Shape(512, 512)),
]


@pytest.mark.parametrize(("classes", "real", "expected"), SHAPES)
def test_threads_that_share_a_row_follow_from_its_classes(classes, real, expected):
    assert shape((3, classes), real) == expected
    assert expected.before == f"#define BLOCK {expected.block}\n#define GROUP {expected.group}"


def test_items_have_a_thread_each():
    assert shape((5,), "float64") == ITEMS


@pytest.mark.parametrize(
    ("sizes", "one", "blocks"),
    [
        ((1,), ITEMS, 1),
        ((256,), ITEMS, 1),
        ((257,), ITEMS, 2),
        ((10**9,), ITEMS, 100),
        ((9, 5), Shape(256, 32), 2),
        ((9, 5000), Shape(256, 256), 9),
        ((900, 5000), Shape(256, 256), 100),
    ],
)
def test_no_more_blocks_than_there_is_work_or_room(sizes, one, blocks):
    assert grid(sizes, one, 100) == blocks
