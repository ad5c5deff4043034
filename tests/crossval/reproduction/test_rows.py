"""A row made again from its id: the pinned numbers, and the truth rounded correctly."""

from fractions import Fraction

import numpy as np
import pytest

from crossval.bits import nearest, step
from crossval.case_ids import CaseId
from crossval.oracles.formats import FORMATS
from crossval.points.boxes import point_set
from crossval.reproduction.rows import row_of, to_dict
from crossval.target import UsageError


def case(row, dtype="float32", declared="giou/fvcore"):
    return CaseId(declared, "1", row, "smoke", dtype)


def number_of(place, dtype="float32"):
    return point_set(dtype, "smoke").places.tolist().index(place)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("number", [0, 60, 150])
def test_the_truth_is_rounded_to_the_nearest_number_of_the_format(dtype, number):
    row = row_of(case(number, dtype), {})
    np.testing.assert_array_equal(row.points.columns[0], point_set(dtype, "smoke").columns[number])
    for expected in (row.value, *row.gradients["pred"], *row.gradients["target"]):
        if expected.value is None:
            continue
        exact = Fraction(expected.hi) + Fraction(expected.lo)
        here = abs(Fraction(expected.value) - exact)
        for count in (-1, 1):
            other = float(step(np.array(expected.value), count, FORMATS[dtype]))
            assert here <= abs(Fraction(other) - exact)


def test_the_low_part_decides_half_way_between_two_numbers():
    narrow = FORMATS["float32"]
    half = 1 + 2.0**-24  # between 1 and 1 + 2**-23, to even: 1
    assert nearest(half, 0.0, narrow) == 1.0
    assert nearest(half, 2.0**-60, narrow) == 1 + 2.0**-23
    assert nearest(half, -(2.0**-60), narrow) == 1.0
    odd = 1 + 3 * 2.0**-24
    assert nearest(odd, -(2.0**-60), narrow) == 1 + 2.0**-23
    assert nearest(1e300, 0.0, narrow) == np.inf


def test_at_a_tie_no_single_number_is_expected():
    row = row_of(case(number_of("identical")), {})
    answers = row.gradients["pred"]
    assert all(answer.value is None for answer in answers)
    assert all(answer.words.startswith("any from -") for answer in answers)
    assert row.value.value is not None
    body = to_dict(row)
    assert body["kind"] == "tie"
    assert set(body["gradients"]["pred"][0]) == {"accepted"}


def test_axes_change_the_truth():
    plain, changed = row_of(case(0), {}), row_of(case(0), {"eps": 0.5})
    assert plain.value.value != changed.value.value
    assert to_dict(changed)["axes"]["eps"] == 0.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"row": 10**6}, "ROW must be below 194"),
        ({"version": "2"}, "have version 1; got 2"),
        ({"dtype": "int8"}, "DTYPE must be one of float64"),
        ({"level": "huge"}, "LEVEL must be one of smoke"),
        ({"declared": "giou/nobody"}, "preset"),
        ({"declared": "gioux"}, "loss must be one of"),
    ],
)
def test_what_names_no_row_is_refused(changes, words):
    parts = {"declared": "giou", "version": "1", "row": 0, "level": "smoke", "dtype": "float32"}
    with pytest.raises(UsageError, match=words):
        row_of(CaseId(**{**parts, **changes}), {})
