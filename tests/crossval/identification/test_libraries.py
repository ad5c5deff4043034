"""Real functions of torchvision and fvcore, and the small PyTorch targets."""

import pytest

from crossval.identification import identify

DIAGONAL_ONLY = {"eps_diagonal": 1e-7}
ALPHA_TOO = {"eps_alpha": 1e-7, "eps_diagonal": 1e-7}


@pytest.mark.parametrize(
    ("reference", "title", "changes", "relation", "form"),
    [
        ("generalized_box_iou_loss", "giou/torchvision", {}, "", "row"),
        ("distance_box_iou_loss", "diou/torchvision", {}, "", "row"),
        ("complete_box_iou_loss", "ciou/torchvision", {}, "", "row"),
        ("generalized_box_iou", "giou/paper", {}, "1 - loss", "matrix"),
        ("distance_box_iou", "diou/torchvision", {"eps": DIAGONAL_ONLY}, "1 - loss", "matrix"),
        ("complete_box_iou", "ciou/torchvision", {"eps": ALPHA_TOO}, "1 - loss", "matrix"),
    ],
)
def test_torchvision(reference, title, changes, relation, form):
    answer = identify(f"torchvision.ops:{reference}")
    assert answer.found
    definition = answer.best.definition
    assert f"{definition.loss}/{definition.preset}" == title
    assert definition.changes == changes
    assert answer.best.relation == relation
    assert answer.form == form
    assert answer.gradient == definition.title
    assert answer.exit_code == 0
    assert "torchvision" in answer.versions


def test_an_argument_shows_where_torchvision_puts_it():
    answer = identify("torchvision.ops:complete_box_iou_loss", arguments={"eps": 3e-5})
    assert answer.best.definition.title == "ciou/torchvision with eps=3e-05"
    assert answer.best.definition.axes["placement"] == "alpha"
    assert answer.untested == ()
    assert "reduction='mean': sum over the rows / N" in answer.reduction


def test_fvcore_reduced_by_a_call():
    answer = identify("fvcore.nn:giou_loss", call="f(pred, target, reduction='mean')")
    assert answer.best.definition.title == "giou/fvcore"
    assert "/ N (mean)" in answer.reduction


@pytest.mark.parametrize(
    ("attribute", "title", "noted"),
    [
        ("attached", "ciou/detectron2 with alpha=attached", {}),
        ("reads_xywh", "ciou/detectron2 with inputs xywh", {"RL801"}),
        ("detached_target", "ciou/detectron2", {"RL408"}),
        ("float32_inside", "ciou/detectron2", {"RL301"}),
        ("mean", "ciou/detectron2", {}),
    ],
)
def test_small_targets(identified, notes, attribute, title, noted):
    answer = identified("torch_losses.py", attribute)
    assert answer.best.definition.title == title
    assert answer.gradient == title
    assert set(notes(answer)) == set(noted)


def test_another_factor_in_the_aspect_term_is_nothing_known(identified):
    answer = identified("torch_losses.py", "four_over_pi")
    assert not answer.found
    assert answer.best.definition.loss == "ciou"
