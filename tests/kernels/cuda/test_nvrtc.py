"""NVIDIA's compiler takes every kernel, without a driver or a device, and says what it needs.

Goal: no spills anywhere, and elementwise gradients within 64 registers in float, 128 in double.
"""

import pytest

from refloss.run.native.unit import STORED
from tests.run.text import FEWER_ROW_PROGRAMS

from .fibers import INDEX, unit_of
from .nvrtc import RefusedError, resources, version
from .resources import RECORD, measured, recorded, text_of
from .runs import FUNCTIONS, ITEMS, REALS, ROWS, defaults

ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100")
#: One kernel of each shape: items, rows of a class, rows of probabilities.
SHAPES = [("ciou", "grad", 0), ("cross_entropy", "grad", 32), ("cross_entropy_soft", "hvp", 256)]
KERNELS = [(p, f, r) for p in sorted(INDEX) for f in FUNCTIONS for r in REALS]
MOST = {"float32": 64, "float64": 128}
#: Gradients that take more registers than the goal: eight derivatives share quantities that are
#: computed once and stay alive. Nothing spills; a bound of 64 (launch bounds of four blocks) makes
#: some spill on sm_100 and where constants are arguments.
MORE = {
    ("ciou", "float32"),
    ("ciou", "float64"),
    ("diou", "float32"),
    ("giou", "float32"),
    ("giou", "float64"),
}
#: Gradients in 16-bit storage, every constant an argument, that take more than the goal of 64: told
#: to stay within it, they put words aside in memory. Two blocks of 256 threads fit all the same.
NARROW_MORE = {
    ("ciou", "float16"): 85,
    ("ciou", "bfloat16"): 85,
    ("cross_entropy_soft", "bfloat16"): 72,
    ("poly1", "float16"): 72,
    ("poly1", "bfloat16"): 80,
    ("poly1_soft", "float16"): 75,
    ("poly1_soft", "bfloat16"): 72,
    ("softmax_focal", "bfloat16"): 66,
    ("softmax_focal_soft", "bfloat16"): 69,
    ("softmax_kl", "float16"): 80,
    ("softmax_kl", "bfloat16"): 96,
    ("weston_watkins", "float16"): 69,
    ("weston_watkins", "bfloat16"): 86,
}


@pytest.mark.parametrize(("program", "function", "real"), KERNELS)
def test_the_record_of_resources_is_current_and_nothing_spills(program, function, real):
    found = measured(program, function, real)
    assert found["stack"] == found["spill_stores"] == found["spill_loads"] == 0
    kept = recorded()
    known = kept["kernels"][f"{program}_{function}"][STORED[real]]
    due = "the text has changed: run python -m tests.kernels.cuda.resources"
    assert known["text"] == found["text"], due
    if kept["nvrtc"] == version():  # other versions allocate registers otherwise
        assert known == found, due


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("program", ITEMS)
def test_gradients_of_items_are_within_the_goal_but_for_known_ones(program, real):
    taken = recorded()["kernels"][f"{program}_grad"][STORED[real]]["registers"]
    assert (taken > MOST[real]) == ((program, real) in MORE), taken


def test_the_record_names_all_kernels_and_no_others():
    names = {f"{program}_{function}" for program in INDEX for function in FUNCTIONS}
    assert recorded()["kernels"].keys() == names
    assert RECORD.name == "resources.json"


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize(("program", "function", "group"), SHAPES)
def test_every_shape_compiles_for_every_architecture(program, function, group, real, arch):
    text, name = text_of(program, function, real, group)
    assert resources(text, name, arch).spill_stores == 0


@pytest.mark.parametrize("program", ["ciou", *(p for p in ROWS if p in FEWER_ROW_PROGRAMS)])
@pytest.mark.parametrize("held", ["float16", "bfloat16"])
@pytest.mark.parametrize("function", ["grad", "hvp"])
def test_formats_in_memory_and_constants_that_are_arguments_compile(program, function, held):
    unit = unit_of(program, function, "float32", stored=held)
    assert unit.narrow
    assert unit.arguments == tuple(defaults(program))
    text, name = text_of(program, function, "float32", unit=unit)
    found = resources(text, name, "sm_90")
    assert found.stack == found.spill_stores == found.spill_loads == 0
    most = NARROW_MORE.get((program, held), MOST["float32"])
    assert function == "hvp" or found.registers <= most


def test_a_text_that_is_wrong_is_refused():
    text, name = text_of("iou_linear", "value", "float32")
    assert "#include" not in text
    with pytest.raises(RefusedError, match=r'error: class "Quad<float>" has no member "lead"'):
        resources(text.replace("pred_in.load(", "pred_in.lead("), name, "sm_90")
