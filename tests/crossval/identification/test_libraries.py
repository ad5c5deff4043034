"""Real functions of the libraries that are certified, and the small PyTorch targets."""

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


@pytest.mark.parametrize("adapter", ["torch", "jax", "jax-jit"])
def test_optax_by_any_adapter_that_is_not_its_own_or_is(adapter):
    answer = identify("optax:softmax_cross_entropy", adapter=adapter, level="smoke")
    assert answer.best.definition.title == "cross_entropy/optax with targets=probabilities"
    assert answer.gradient == answer.best.definition.title
    assert answer.exit_code == 0
    assert {"jax", "optax"} <= set(answer.versions)


def test_optax_with_classes():
    answer = identify("optax:softmax_cross_entropy_with_integer_labels", level="smoke")
    definition = answer.best.definition
    assert f"{definition.loss}/{definition.preset}" == "cross_entropy/optax"
    assert definition.changes == {}
    assert answer.form == "row"


def test_the_smoothing_of_keras_is_read_with_its_amount():
    answer = identify(
        "keras.losses:categorical_crossentropy",
        call="f(target, logits, from_logits=True, label_smoothing=0.1)",
        level="smoke",
    )
    definition = answer.best.definition
    assert (definition.loss, definition.preset) == ("cross_entropy", "keras")
    assert definition.changes["label_smoothing"] == pytest.approx(0.1, abs=1e-9)
    assert definition.axes["smoothing"] == "uniform"
    assert answer.exit_code == 0


def test_the_mean_of_keras_is_over_the_rows_that_are_kept():
    answer = identify(
        "keras.losses:SparseCategoricalCrossentropy",
        ["cross_entropy"],
        init={"from_logits": True, "ignore_class": -100, "dtype": "float64"},
        call="f(target, logits)",
        level="smoke",
    )
    assert answer.best.definition.loss == "cross_entropy"
    assert "/ N" in answer.reduction


def test_keras_without_from_logits_is_no_cross_entropy_of_logits():
    answer = identify(
        "keras.losses:categorical_crossentropy", call="f(target, logits)", level="smoke"
    )
    assert answer.exit_code == 1
