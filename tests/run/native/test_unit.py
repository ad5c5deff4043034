"""Compile units: what a text leaves open, and nothing else, is fixed before it."""

import math

import pytest

from refloss.run.native.unit import ABSENT, SAME, Unit, cut, guard_text, unit_text

TEXT = """// What it is.

NUMBER(scale, 0x1p+1, 0x1p+1f)  // 2

KERNEL mine_value(size items, CONSTANTS) {
}

KERNEL mine_grad(
    size items, CONSTANTS) {
}
"""


def unit(**changes):
    given = {
        "program": "mine",
        "function": "value",
        "real": "float64",
        "inputs": (("x", "bc", "float32"), ("y", "label", "int64"), ("w", "c", SAME)),
        "outputs": (("loss", "b", "float64"), ("x_bar", "bc", ABSENT)),
        "constants": (("k", 0.5), ("top", math.inf), ("free", None), ("late", None)),
    }
    return Unit(**{**given, **changes})


def test_one_kernel_is_cut_with_the_numbers_above_it():
    assert cut(TEXT, "mine_grad").startswith(
        "NUMBER(scale, 0x1p+1, 0x1p+1f)  // 2\nKERNEL mine_grad("
    )
    assert "mine_value" not in cut(TEXT, "mine_grad")
    with pytest.raises(KeyError, match="mine_hvp"):
        cut(TEXT, "mine_hvp")


def test_arrays_constants_and_the_number_type_are_fixed():
    text = unit_text(unit(), TEXT, "// elementary", "host", before="#define LANES 4")
    for line in (
        "typedef double real;",
        "#define LANES 4",
        "#define NARROW",
        "// elementary",
        "typedef Matrix<float> array_x;",
        "typedef Labels array_y;",
        "typedef Same array_w;",
        "typedef Column<double> array_loss;",
        "typedef Nowhere array_x_bar;",
        "#define k (real(0x1.0000000000000p-1))",
        "#define top (real(INFINITE))",
        "#define free (real(constants.at[0]))",
        "#define late (real(constants.at[1]))",
        "struct Constants { double at[4]; };",
    ):
        assert line in text.splitlines(), line


@pytest.mark.parametrize(
    ("real", "held", "narrow"),
    [
        ("float64", "float32", True),
        ("float64", "float64", False),
        ("float32", "float32", False),
        ("float32", "bfloat16", True),
    ],
)
def test_errors_are_left_out_where_inputs_are_narrower(real, held, narrow):
    assert unit(real=real, inputs=(("x", "bc", held),)).narrow is narrow


def test_one_wide_input_keeps_the_errors():
    assert not unit(inputs=(("x", "bc", "float32"), ("w", "c", "float64"))).narrow


@pytest.mark.parametrize(
    ("kind", "name"),
    [("4", "Quad<half16>"), ("xywh", "Sized<Quad<half16>>"), ("cxcywh", "Centred<Quad<half16>>")],
)
def test_layouts_of_boxes_are_types(kind, name):
    text = unit_text(unit(inputs=(("x", kind, "float16"),)), TEXT, "", "host")
    assert f"typedef {name} array_x;" in text


def test_the_guard_computes_in_the_format_of_the_boxes():
    assert "typedef double real;" in guard_text("double")
    assert "typedef float real;" in guard_text("brain16")


def test_bodies_of_loops_over_rows_and_classes_are_inlined_on_the_host():
    """A call that the compiler leaves in such a loop keeps it from being vectorised."""
    body = "    over_rows(B, [&](size b) {\n        over_classes(C, [&](int c, int lane) {\n"
    kernel = f"KERNEL mine_value(\n    size B, CONSTANTS) {{\n{body}        }});\n    }});\n}}\n"
    host, device = (unit_text(unit(), kernel, "", loops) for loops in ("host", "device"))
    assert body in device
    assert "over_rows(B, [&](size b) __attribute__((always_inline)) {" in host
    assert "over_classes(C, [&](int c, int lane) __attribute__((always_inline)) {" in host
