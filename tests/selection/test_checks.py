"""Checks that selections share: numbers, integers, flags, generators, boxes that are copied."""

import math

import numpy as np
import pytest

from refloss.selection import checks


def test_a_generator_is_kept_and_a_seed_makes_one():
    random = np.random.default_rng(0)
    assert checks.generator("rng", random) is random
    assert checks.generator("rng", np.int64(3)).random() == np.random.default_rng(3).random()
    for wrong in (None, True, 0.0, np.random):
        with pytest.raises(TypeError, match=r"rng: expected a .*Generator or a seed"):
            checks.generator("rng", wrong)


def test_numbers_within_bounds():
    assert checks.number("a", np.float32(0.5), least=0.0, most=1.0) == 0.5
    assert checks.number("a", math.inf, infinite=True) == math.inf
    for value, options, message in [
        (2, {"least": 0.0, "most": 1.0}, "a: expected a finite number >= 0 and <= 1, got 2"),
        (math.inf, {}, "a: expected a finite number, got inf"),
        (math.nan, {"infinite": True}, "a: expected a number, got nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            checks.number("a", value, **options)
    for wrong in (True, "1", None, 1j):
        with pytest.raises(TypeError, match="a: expected a number, got"):
            checks.number("a", wrong)


def test_whole_numbers_and_flags():
    assert checks.whole("k", np.int8(2), 1) == 2
    assert checks.flag("f", np.True_) is True
    for wrong in (True, 2.0, "2"):
        with pytest.raises(TypeError, match="k: expected an int, got"):
            checks.whole("k", wrong, 1)
    with pytest.raises(TypeError, match="f: expected True or False, got 0"):
        checks.flag("f", 0)


@pytest.mark.parametrize("layout", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_boxes_become_corners_of_their_own(layout, order):
    given = np.array([[1.0, 2, 3, 4], [0, 0, 8, 6]], order=order)
    before = given.copy()
    found = checks.boxes("boxes", given, layout, nan=True)
    assert not np.shares_memory(found.array, given)
    assert (given == before).all()
    corners = {"xyxy": [1, 2, 3, 4], "xywh": [1, 2, 4, 6], "cxcywh": [-0.5, 0, 2.5, 4]}
    assert found.array[0].tolist() == corners[layout]
