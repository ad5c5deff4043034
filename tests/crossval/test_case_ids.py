"""Names of pinned rows: what is written can be read, and means the same numbers for ever."""

import numpy as np
import pytest

from crossval.case_ids import CaseId
from crossval.catalog import spec_of
from crossval.families import family_of
from crossval.points.boxes import point_set
from crossval.reproduction.rows import row_of
from crossval.target import Target, UsageError

GIOU = Target("a:b", "giou", "fvcore")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("giou@1#3", CaseId("giou", "1", 3)),
        ("giou/fvcore@1-smoke#0:float16", CaseId("giou/fvcore", "1", 0, "smoke", "float16")),
        ("ciou/paper_v2@12#0417", CaseId("ciou/paper_v2", "12", 417)),
        ("giou,eps=1e-07@1#3", CaseId("giou", "1", 3, axes=(("eps", 1e-07),))),
        (
            "cross_entropy/torch,targets=probabilities,z_loss=0.5@1-full#8:float64",
            CaseId(
                "cross_entropy/torch",
                "1",
                8,
                "full",
                "float64",
                (("targets", "probabilities"), ("z_loss", 0.5)),
            ),
        ),
    ],
)
def test_parts(text, parsed):
    assert CaseId.parse(text) == parsed
    assert CaseId.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "giou",
        "giou#3",
        "giou@1",
        "giou@x#3",
        "giou@1#-3",
        "giou@1#3:",
        "giou,eps@1#3",
        "giou,@1#3",
    ],
)
def test_what_is_no_id_is_refused_with_the_form(text):
    with pytest.raises(
        UsageError, match=r"LOSS\[/PRESET\]\[,AXIS=VALUE...\]@VERSION\[-LEVEL\]#ROW\[:DTYPE\]"
    ):
        CaseId.parse(text)


def test_a_part_of_a_set_keeps_the_numbers_of_its_rows():
    points = point_set("float32", "smoke")
    part = points.take(np.array([5, 190])).take(np.array([1]))
    assert CaseId.of(GIOU, part, "smoke", 0) == CaseId("giou/fvcore", "1", 190, "smoke", "float32")
    np.testing.assert_array_equal(part.columns[0], points.columns[190])


def test_a_named_point_keeps_its_row():
    points = point_set("float32", "smoke")
    assert points.name == "boxes@1"
    assert points.columns[174].tolist() == [0, 0, 10, 2, 2, 0, 6, 8]
    assert points.places[174] == "probe"


def test_an_id_names_its_row_without_further_options():
    soft = Target("a:b", "cross_entropy", "torch", axes={"targets": "probabilities"})
    spec = spec_of(soft.loss, soft.preset, soft.axes)
    points = family_of(soft.loss, spec.program).points("float32", "smoke")
    text = str(CaseId.of(soft, points, "smoke", 7))
    row = row_of(CaseId.parse(text), {})
    np.testing.assert_array_equal(row.points.columns, points.columns[7:8])
    assert row.spec.axes["targets"] == "probabilities"
    assert list(row.inputs["target"].shape) == [1, 6]


def test_axes_of_a_case_are_added_to_its_id():
    case = CaseId.parse("giou,eps=1e-07@1#3")
    assert str(case.under({"eps": 0.5, "clip": "unit"})) == "giou,eps=0.5,clip=unit@1#3:float32"
