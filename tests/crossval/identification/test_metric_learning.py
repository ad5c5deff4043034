"""Heads of pytorch-metric-learning are named: policy, slope, unit, margin, scale, and reduction."""

import pytest

from crossval.identification import identify

NAMED = [
    (
        "ArcFaceLoss",
        "arcface",
        {
            "policy": "cos_fallback",
            "gradient": "true",
            "unit": "degrees",
            "margin": 28.6,
            "scale": 64.0,
            "placement": "max",
            "eps": 1e-12,
        },
    ),
    ("CosFaceLoss", "cosface", {"margin": 0.35, "scale": 64.0, "placement": "max", "eps": 1e-12}),
    (
        "SphereFaceLoss",
        "sphereface",
        {"margin": "4", "form": "falling", "gradient": "true", "scale": 1.0, "annealing": 0.0},
    ),
    (
        "LargeMarginSoftmaxLoss",
        "l_softmax",
        {"margin": "4", "form": "falling", "gradient": "true", "scale": 1.0, "classes": "kept"},
    ),
    (
        "SubCenterArcFaceLoss",
        "subcenter_arcface",
        {"policy": "cos_fallback", "gradient": "true", "unit": "degrees", "margin": 28.6},
    ),
    ("NormalizedSoftmaxLoss", "normface", {"scale": 20.0, "embedding": "unit", "classes": "unit"}),
]


def test_a_number_that_half_of_itself_would_do_for_is_not_told():
    answer = identify("pytorch_metric_learning.losses:SphereFaceLoss", level="smoke")
    assert all(a.resolution is None or a.resolution < abs(a.value or 1) for a in answer.axes)


@pytest.mark.parametrize(("name", "loss", "axes"), NAMED, ids=[name for name, *_ in NAMED])
def test_a_head_is_named_with_its_conventions(name, loss, axes):
    answer = identify(f"pytorch_metric_learning.losses:{name}", level="smoke")
    assert answer.found
    definition = answer.best.definition
    assert (definition.loss, definition.preset) == (loss, "pytorch_metric_learning")
    assert (answer.best.relation, answer.gradient) == ("", definition.title)
    found = {each: definition.axes[each] for each in axes}
    assert {n: float(f"{v:.9g}") if isinstance(v, float) else v for n, v in found.items()} == axes
    assert "/ N" in answer.reduction
