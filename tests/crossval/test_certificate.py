"""Certificates of targets that fail: valid, strict, and each finding leads back to its row."""

import json
from pathlib import Path

import jsonschema
import pytest

import crossval
from crossval.case_ids import CaseId
from crossval.certificate import plain

SCHEMA = json.loads(
    (Path(crossval.__file__).parent / "report" / "certificate.schema.json").read_text()
)
WRONG = [
    ("numpy_losses.py", "Scaled", "giou/fvcore"),
    ("numpy_losses.py", "Nonfinite", "giou/fvcore"),
    ("numpy_losses.py", "raises_at_points", "giou/fvcore"),
    ("numpy_losses.py", "exits", "giou/fvcore"),
    ("torch_losses.py", "eps_in_alpha_only", "ciou/detectron2"),
    ("broken_import.py", "loss", "giou/fvcore"),
]


@pytest.mark.parametrize(("file", "name", "declared"), WRONG, ids=lambda x: x)
def test_a_failing_certificate_is_strict_and_valid(judged, file, name, declared):
    certificate = judged(file, name, declared)
    body = json.loads(certificate.to_json(), parse_constant=pytest.fail)
    jsonschema.validate(body, SCHEMA)
    findings = [finding for check in body["checks"] for finding in check["findings"]]
    findings += [body["problem"]] if body["problem"] else []
    assert findings
    for finding in findings:
        assert finding["repro"].startswith("refloss ")
        case = finding["case"]
        if case is not None:
            assert str(CaseId.parse(case["id"])) == case["id"]
            assert case["id"] in finding["repro"]


def test_the_schema_refuses_a_finding_without_its_command(judged):
    body = json.loads(judged(*WRONG[0]).to_json())
    finding = next(f for check in body["checks"] for f in check["findings"])
    del finding["repro"]
    with pytest.raises(jsonschema.ValidationError, match="repro"):
        jsonschema.validate(body, SCHEMA)


def test_plain_data_holds_no_number_that_json_lacks():
    data = {"a": (float("nan"), float("inf")), 1: [-float("inf"), 0.5]}
    assert plain(data) == {"a": ["nan", "inf"], "1": ["-inf", 0.5]}
