"""From names to constants: presets, axes that override them, and errors that list what exists."""

import math

import numpy as np
import pytest

from refloss.losses import Spec, resolve
from refloss.run.kernels import library

INDEX = library().index
PRESETS = [(loss, name) for loss, entry in INDEX["losses"].items() for name in entry["presets"]]


@pytest.mark.parametrize(("loss", "preset"), PRESETS)
def test_every_preset_resolves_to_all_constants_of_its_program(loss, preset):
    spec = resolve(loss, preset)
    assert set(spec.constants) == set(INDEX["programs"][spec.program]["constants"])
    assert all(type(value) is float for value in spec.constants.values())
    for axis, value in INDEX["losses"][loss]["presets"][preset]["axes"].items():
        assert spec.axes[axis] == value


@pytest.mark.parametrize("loss", INDEX["losses"])
def test_defaults_are_the_formula_with_nothing_added(loss):
    spec = resolve(loss)
    assert not any(value for name, value in spec.constants.items() if name.startswith("eps_"))
    defaults = INDEX["programs"][spec.program]["constants"]
    assert spec.constants == {name: float(value) for name, value in defaults.items()}
    assert spec.axes == {
        name: axis["default"] for name, axis in INDEX["losses"][loss]["axes"].items()
    }


def test_torchvisions_preset_places_eps_as_torchvision_does():
    constants = resolve("ciou", "torchvision", {"eps": 1e-3}).constants
    assert constants["eps_alpha"] == 1e-3
    assert constants["eps_union"] == constants["eps_diagonal"] == 1e-7  # eps is not passed on
    assert constants["eps_ratio"] == constants["eps_height"] == 0.0


def test_an_axis_beside_a_preset_wins():
    assert resolve("ciou", "mmdet").constants["threshold"] == 0.5
    spec = resolve("ciou", "mmdet", alpha="attached", eps=0.0)
    assert spec.constants["threshold"] == -1.0
    assert spec.constants["attach"] == 1.0
    assert spec.constants["ceiling"] == 2.0
    assert spec.constants["eps_union"] == 0.0
    assert spec == resolve("ciou", "mmdet", {"alpha": "attached", "eps": 0.0})


@pytest.mark.parametrize("form", ["linear", "log", "square"])
def test_an_axis_may_choose_the_program(form):
    assert resolve("iou", form=form).program == f"iou_{form}"


def test_every_value_of_every_axis_sets_what_the_index_says():
    for loss, entry in INDEX["losses"].items():
        for axis, described in entry["axes"].items():
            for value, meaning in described["values"].items():
                placed = "constant" not in entry["axes"].get("eps", {"constant": ""})
                amount = {"eps": 0.125} if placed else {}
                constants = resolve(loss, None, {**amount, axis: value}).constants
                for name, setting in meaning["set"].items():
                    if name in constants:
                        assert constants[name] == (0.125 if setting == "eps" else float(setting))


def test_eps_may_be_placed_by_hand():
    spec = resolve("ciou", "ultralytics", eps={"eps_ratio": 1e-3, "eps_alpha": 1e-9})
    placed = {name: value for name, value in spec.constants.items() if name.startswith("eps")}
    assert placed.pop("eps_ratio") == 1e-3
    assert placed.pop("eps_alpha") == 1e-9
    assert not any(placed.values())
    floored = resolve("giou", eps={"eps_hull": 1e-3}).constants
    assert floored == {**resolve("giou").constants, "eps_hull": 1e-3}


def test_a_spec_is_data_of_its_own():
    first = resolve("giou", "torchvision")
    assert first == resolve("giou", "torchvision")
    first.constants["eps_union"] = 5.0
    assert resolve("giou", "torchvision").constants["eps_union"] == 1e-7
    assert isinstance(first, Spec)
    assert resolve("giou", layout="xywh", reduction="sum").layout == "xywh"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("cioux",), {}, "loss: expected one of .*'ciou', .*got 'cioux'.*did you mean 'ciou'"),
        (("ciou", "torchvison"), {}, "ciou: preset: .*did you mean 'torchvision'"),
        (("ciou",), {"alfa": "attached"}, "ciou: axis: .*got 'alfa'.*did you mean 'alpha'"),
        (
            ("giou",),
            {"alpha": "attached"},
            "giou: axis: expected one of 'clip', 'eps', 'placement'; got",
        ),
        (("ciou",), {"alpha": "atached"}, "ciou: alpha: .*did you mean 'attached'"),
        (("ciou",), {"alpha": 1.0}, "ciou: alpha: expected one of 'attached'.* got 1.0"),
        (("iou",), {"form": "ln"}, "iou: form: expected one of 'linear', 'log', 'square'"),
        (("ciou",), {"eps": -1e-7}, "ciou: eps: expected a finite number >= 0, got -1e-07"),
        (("ciou",), {"eps": math.inf}, "ciou: eps: expected a finite number >= 0, got inf"),
        (("ciou",), {"eps": math.nan}, "ciou: eps: expected a finite number >= 0, got nan"),
        (("ciou",), {"eps": {"eps_hul": 1e-7}}, "constants of ciou: .*got 'eps_hul'"),
        (("ciou",), {"eps": {"attach": 1.0}}, "constants of ciou: .*got 'attach'"),
        (("ciou",), {"eps": {"eps_union": -1.0}}, r"eps\['eps_union'\]: .* got -1.0"),
        (("iou",), {"least_iou": -1.0}, "iou: least_iou: expected a finite number >= 0"),
        (("bce",), {"label_smoothing": -0.5}, "expected a number from 0 to 1, got -0.5"),
        (("bce",), {"label_smoothing": 1.5}, "expected a number from 0 to 1, got 1.5"),
        (("bce",), {"label_smoothing": math.nan}, "expected a number from 0 to 1, got nan"),
        (("ciou",), {"layout": "xyhw"}, "layout: .*did you mean 'xywh'"),
        (
            ("ciou",),
            {"reduction": "avg"},
            "reduction: expected one of 'mean', 'none', 'rows', 'sum'",
        ),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        resolve(*arguments, **options)


@pytest.mark.parametrize("eps", ["1e-7", True, None, [1e-7]])
def test_an_amount_must_be_a_number(eps):
    resolve("ciou", eps=1)  # equal to True, which must not find the cached answer
    with pytest.raises(TypeError, match="ciou: eps: expected a number, got"):
        resolve("ciou", eps=eps)


def test_numbers_of_numpy_are_numbers():
    assert resolve("ciou", eps=np.float64(1e-7)).constants == resolve("ciou", eps=1e-7).constants
    assert resolve("ciou", eps=np.float32(0.5)).constants == resolve("ciou", eps=0.5).constants
