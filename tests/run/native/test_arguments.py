"""Arguments lie in memory as the C++ structures do."""

import ctypes
import struct

import numpy as np
import pytest

from refloss.run.device_arrays import DeviceArray
from refloss.run.native import compiler
from refloss.run.native.arguments import PARTS, Arguments, words
from refloss.run.native.unit import ABSENT, SAME, _part
from tests.run.native.pretend import HEADER

#: Kind and format, the structure, and its members in the order of the words.
QUAD = ("at", "step", "inner", "whole")
WITHIN = tuple(f"boxes.{member}" for member in QUAD)
STRUCTURES = [
    ("1", "float32", "Column<float>", ("at", "step")),
    ("b", "float16", "Column<half16>", ("at", "step")),
    ("c", "float64", "Column<double>", ("at", "step")),
    ("4", "float32", "Quad<float>", QUAD),
    (
        "xywh",
        "bfloat16",
        "Sized<Quad<brain16>>",
        WITHIN,
    ),
    (
        "cxcywh",
        "float64",
        "Centred<Quad<double>>",
        WITHIN,
    ),
    ("bc", "float32", "Matrix<float>", ("at", "step", "inner")),
    ("label", "int64", "Labels", ("at", "step", "ignore")),
    ("4", SAME, "Same", ("value",)),
    ("4", ABSENT, "Nowhere", ("at",)),
    (PARTS, "float64", "Parts", ("at", "count")),
]


@pytest.fixture(scope="module")
def layout():
    """Return size and offsets of every structure, as the compiler lays them out."""
    totals = _part("totals").split("template")[0]
    lines = [
        f'extern "C" __attribute__((visibility("default'
        f'"))) long long layout_{k}(int m) {{ using T = {kind};\n'
        f"const long long all[] = {{sizeof(T), {', '.join(f'offsetof(T, {m})' for m in members)}}};"
        " return all[m]; }"
        for k, (_, _, kind, members) in enumerate(STRUCTURES)
    ]
    head = "#define BLOCK 256\n#define GROUP 256\ntypedef double real;"
    parts = map(_part, ("scalars", "prelude", "device"))
    header = HEADER.read_text(encoding="utf-8")
    return compiler.load(
        "\n".join([header, head, *parts, totals, *lines]), ("-Wno-invalid-offsetof",)
    )


@pytest.mark.parametrize("k", range(len(STRUCTURES)), ids=lambda k: STRUCTURES[k][2])
def test_words_are_the_members_of_the_structures(layout, k):
    kind, held, _, members = STRUCTURES[k]
    function = getattr(layout, f"layout_{k}")
    function.restype = ctypes.c_longlong
    assert function(0) == 8 * len(words(kind, held))
    assert [function(1 + m) for m in range(len(members))] == [8 * m for m in range(len(members))]


def packed(kind, array, *, ignore=-1):
    held = array.format if isinstance(array, DeviceArray) else SAME if array else ABSENT
    arguments = Arguments(1, [(kind, held)], 4)
    arguments.pack([7], [array], [1.0, 2.0, 3.0, 4.0], ignore)
    size, given, constants = (one.tobytes() for one in arguments.views)
    assert struct.unpack("=q", size) == (7,)
    assert struct.unpack("=4d", constants) == (1.0, 2.0, 3.0, 4.0)
    return struct.unpack(f"={words(kind, held)}", given)


def lying(at=64, shape=(5, 4), strides=(4, 1), held="float32"):
    return DeviceArray(at, shape, strides, held, None)


def test_arrays_numbers_and_absent_ones():
    assert packed("1", lying(shape=(5,), strides=(3,))) == (64, 3)
    assert packed("b", lying(shape=(), strides=())) == (64, 0)
    assert packed("bc", lying(strides=(-8, 2))) == (64, -8, 2)
    assert packed("label", lying(shape=(5,), strides=(2,), held="int64"), ignore=-100) == (
        64,
        2,
        -100,
    )
    assert packed(PARTS, lying(shape=(9, 2), strides=(2, 1), held="float64")) == (64, 9)
    assert packed("4", 2.5) == (2.5,)
    assert packed("4", None) == (0,)


@pytest.mark.parametrize(
    ("array", "whole"),
    [
        (lying(), 1),
        (lying(at=72), 0),
        (lying(at=72, held="float16"), 1),
        (lying(at=68, held="bfloat16"), 0),
        (lying(at=80, held="float64"), 1),
        (lying(at=72, held="float64"), 0),
        (lying(strides=(8, 1)), 0),
        (lying(strides=(1, 5)), 0),
        (lying(shape=(1, 4), strides=(9, 1)), 1),
        (lying(shape=(5, 4), strides=(0, 0)), 0),
    ],
    ids=str,
)
def test_rows_of_four_move_in_one_piece_where_they_lie_together_and_aligned(array, whole):
    assert packed("4", array) == (array.at, *array.strides, whole)


def test_every_argument_is_an_array_of_one_element_in_the_same_memory():
    arguments = Arguments(2, [("4", "float32"), ("1", SAME)], 0)
    assert [one.size for one in arguments.views] == [1] * 4
    assert [one.itemsize for one in arguments.views] == [8, 8, 32, 8]
    before = [one.__array_interface__["data"][0] for one in arguments.views]
    assert np.diff(before).tolist() == [8, 8, 32]
    arguments.pack([1, 2], [lying(), 3.0], [])
    assert [one.__array_interface__["data"][0] for one in arguments.views] == before
