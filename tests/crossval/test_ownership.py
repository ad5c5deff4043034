"""What a head owns: sizes by the names of arguments, matrices by their shape."""

import pytest

from crossval.ownership import logits_of, owned, sized
from crossval.signatures import Unfit
from crossval.subject import Subject
from tests.crossval.targets.torch_heads import (
    AddMarginProduct,
    Centred,
    Multiplied,
    NormFace,
    OtherTemperature,
    Strange,
    TwoMatrices,
    cosface,
)

WHOLES = {"weight": [4, 3]}
SEVERAL = {"weight": [2, 5, 3]}
BOTH = {"weight": [4, 3], "bias": [4]}
INPUTS = ("x", "weight", "target")


def test_arguments_that_are_sizes_are_filled_in():
    assert sized(AddMarginProduct, {}, WHOLES) == {"in_features": 3, "out_features": 4}
    assert sized(NormFace, {"scale": 1.0}, WHOLES) == {
        "scale": 1.0,
        "num_classes": 4,
        "embedding_size": 3,
    }
    assert sized(AddMarginProduct, {"in_features": 5}, WHOLES)["in_features"] == 5


@pytest.mark.parametrize("handing_on", [OtherTemperature, Multiplied])
def test_sizes_that_a_class_hands_on_to_the_one_before_it_are_filled_in(handing_on):
    found = sized(handing_on, {}, WHOLES)
    assert found == {"num_classes": 4, "embedding_size": 3}
    assert handing_on(**found).W.shape == (3, 4)


def test_what_is_no_class_or_no_head_gets_nothing():
    assert sized(cosface, {}, WHOLES) == {}
    assert sized(Subject, {"call": None}, {}) == {"call": None}


def test_a_class_with_sizes_is_made_for_no_other_loss():
    with pytest.raises(Unfit, match="cannot be made without in_features, out_features") as caught:
        sized(AddMarginProduct, {}, {})
    assert caught.value.code == "RL203"
    assert "--init in_features=..., and declare a head if it owns classes" in caught.value.hint
    both = {"in_features": 2, "out_features": 3}
    assert sized(AddMarginProduct, both, {}) == both


def test_a_class_that_needs_more_says_what_the_sizes_are():
    with pytest.raises(Unfit, match="Strange cannot be made without n, k") as caught:
        sized(Strange, {}, WHOLES)
    assert caught.value.code == "RL203"
    assert "--init n=...: embeddings have 3 numbers, of 4 classes" in caught.value.hint


def test_a_matrix_is_found_by_its_shape_in_either_layout():
    straight = owned(AddMarginProduct(3, 4), None, {}, WHOLES, INPUTS)
    assert straight.bind == {"weight": "f.weight"}
    assert straight.turned == frozenset()
    turned = owned(NormFace(4, 3), "f(x, target)", {}, WHOLES, INPUTS)
    assert turned.bind == {"weight": "f.W"}
    assert turned.turned == {"weight"}


def test_several_centres_of_a_class_are_found_in_a_matrix():
    made = sized(Centred, {}, SEVERAL)
    assert made == {"in_features": 3, "num_classes": 2, "sub_centers": 5}
    head = Centred(**made)
    straight = owned(head, "f(x, target)", {}, SEVERAL, INPUTS)
    assert (straight.bind, straight.turned) == ({"weight": "f.weight"}, frozenset())
    assert straight.flat == {"weight"}
    head.weight = type(head.weight)(head.weight.T)
    turned = owned(head, "f(x, target)", {}, SEVERAL, INPUTS)
    assert turned.turned == turned.flat == {"weight"}


def test_a_bias_is_found_beside_it():
    import torch

    found = owned(torch.nn.Linear(3, 4), "f(x)", {}, BOTH, (*INPUTS, "bias"))
    assert found.bind == {"weight": "f.weight", "bias": "f.bias"}


def test_what_is_passed_is_not_looked_for():
    assert owned(AddMarginProduct(3, 4), "f(x, weight)", {}, WHOLES, INPUTS).bind == {}
    assert owned(cosface, None, {}, WHOLES, INPUTS).bind == {}


def test_a_binding_that_is_said_settles_what_shapes_do_not():
    head = TwoMatrices(3, 4)
    with pytest.raises(Unfit, match=r"weight could be held by f\.weight or f\.centres") as caught:
        owned(head, None, {}, WHOLES, INPUTS)
    assert (caught.value.code, caught.value.hint) == ("RL209", "hint: --bind weight=f.weight")
    assert owned(head, None, {"weight": "f.centres"}, WHOLES, INPUTS).bind == {
        "weight": "f.centres"
    }


@pytest.mark.parametrize("call", [None, "f(x, target)"])
def test_a_matrix_of_other_sizes_is_none(call):
    wanted = r"leaves out weight, and f holds no array of shape \(4, 3\) or \(3, 4\)"
    with pytest.raises(Unfit, match=wanted):
        owned(AddMarginProduct(5, 4), call, {}, WHOLES, INPUTS)


def test_logits_are_awaited_of_heads_alone():
    assert logits_of({"wholes": WHOLES, "labels": ["target"]}) == "target"
    assert logits_of({"wholes": {}, "labels": ["target"]}) == ""


def test_a_subject_turns_what_is_held_transposed():
    import numpy as np

    subject = Subject(cosface, INPUTS, None, {"weight": "f.W"}, frozenset({"weight"}))
    array = np.arange(6).reshape(2, 3)
    assert subject.laid("weight", array).shape == (3, 2)
    assert subject.laid("x", array) is array
    assert subject.unlaid("weight", array.T, (2, 3)).tolist() == array.tolist()
    assert subject.unlaid("weight", None, (2, 3)) is None
    assert subject.remarks == ["layout of weight: f.W holds it transposed"]


def test_a_subject_makes_a_matrix_of_centres_and_takes_it_apart():
    import numpy as np

    held = frozenset({"weight"})
    subject = Subject(cosface, INPUTS, None, {"weight": "f.W"}, held, held)
    array = np.arange(30).reshape(2, 5, 3)
    laid = subject.laid("weight", array)
    assert laid.shape == (3, 10)
    assert laid[:, 5].tolist() == array[1, 0].tolist()  # the second class's first centre
    assert subject.unlaid("weight", laid, (2, 5, 3)).tolist() == array.tolist()
    assert subject.remarks[1:] == ["layout of weight: f.W holds a matrix"]
