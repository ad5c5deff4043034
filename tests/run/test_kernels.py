"""Loading kernels: the package's own, a directory of one's own, and none."""

import json
import os

import numpy as np
import pytest

from refloss.run.kernels import MissingKernelError, library
from tests.run.logits import differentiable, inputs, settings
from tests.run.text import FEWER_ROW_PROGRAMS, HEAD_PROGRAMS, assert_same_bits, write_library

TEXT = '''
CONSTANTS = ("k",)


def value(a, b, k):
    """Return one number."""
    return a*k + b


def trace(a, b, out_bar, k):
    """Return every name."""
    scaled = a*k
    return {"scaled": scaled, "one": 1.0}
'''


def test_a_directory_of_ones_own_is_read(tmp_path):
    write_library(tmp_path, {"mine": TEXT})
    kernel = library(tmp_path).kernel("mine")
    assert kernel.constants == ("k",)
    assert kernel.module.value(2.0, 1.0, 3.0) == 7.0
    assert library(str(tmp_path)).kernel("mine") is kernel


def test_a_text_that_is_written_anew_is_read_anew(tmp_path):
    write_library(tmp_path, {"mine": TEXT})
    assert library(tmp_path).kernel("mine").module.value(2.0, 1.0, 3.0) == 7.0
    path = tmp_path / "numpy" / "mine.py"
    path.write_text(TEXT.replace("a*k + b", "a*k - b"))  # of the same length
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1000))
    assert library(tmp_path).kernel("mine").module.value(2.0, 1.0, 3.0) == 5.0


def test_every_missing_text_is_named_with_the_remedy(tmp_path):
    write_library(tmp_path, {"here": TEXT, "gone": TEXT, "lost": TEXT})
    for name in ("gone", "lost"):
        (tmp_path / "numpy" / f"{name}.py").unlink()
    with pytest.raises(MissingKernelError) as caught:
        library(tmp_path).kernel("gone")
    message = str(caught.value)
    assert "numpy/gone.py, numpy/lost.py" in message
    assert "numpy/here.py" not in message
    assert "`refloss derive`" in message


def test_a_missing_index_is_named(tmp_path):
    with pytest.raises(MissingKernelError, match=r"index\.json in .*refloss derive"):
        library(tmp_path)


def test_the_index_is_read_anew_when_it_changes(tmp_path):
    write_library(tmp_path, {"mine": TEXT})
    assert list(library(tmp_path).index["programs"]) == ["mine"]
    (tmp_path / "index.json").write_text(json.dumps({"losses": {}, "programs": {"other": {}}}))
    assert list(library(tmp_path).index["programs"]) == ["other"]


def test_a_trace_has_one_array_a_name_of_the_columns_shape(tmp_path):
    write_library(tmp_path, {"mine": TEXT})
    a, b, bar = np.array([[1.0, 2.0, np.inf], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    named = library(tmp_path).kernel("mine").trace(a, b, bar, k=2.0)
    np.testing.assert_array_equal(named["scaled"], [2.0, 4.0, np.inf])
    np.testing.assert_array_equal(named["one"], [1.0, 1.0, 1.0])
    named["one"][0] = 5.0  # an array of its own, not a view of one number
    np.testing.assert_array_equal(named["one"], [5.0, 1.0, 1.0])


#: Shapes of names that mean something else in a program: pixels are losses of their own.
AXES_OF = {"hed": {"hits": (4,), "whole": (), "top": (4, 3), "hit": (4, 3)}}


@pytest.mark.parametrize("program", FEWER_ROW_PROGRAMS)
def test_a_trace_of_rows_has_one_array_a_name_with_the_axes_of_the_name(program):
    kernel = library().kernel(program)
    named = inputs(program, "grad", 4, 3)
    setting = settings(program)[-1]
    traced = kernel.trace_rows(named, setting)
    shapes = {"loss": (4,)} | {f"{name}_bar": (4, 3) for name in differentiable(program)}
    full = "mass" if "mass" in traced else "excess" if "each" in traced else "score"
    shapes |= {full: (4, 3), f"{full}_bar": (4, 3)}
    known = AXES_OF.get(program, {"lse": (4,), "top": (4,), "own": (4,), "hit": (), "parts": ()})
    shapes |= {name: shape for name, shape in known.items() if name in traced}
    assert {name: traced[name].shape for name in shapes} == shapes
    assert all(array.flags.owndata and array.flags.writeable for array in traced.values())
    with np.errstate(all="ignore"):
        expected = kernel.module.trace(**named, **setting)
    for name, array in expected.items():
        assert_same_bits(traced[name], array, name)


@pytest.mark.parametrize("program", sorted(library().index["programs"]))
def test_the_index_lists_the_constants_of_every_text(program):
    find = library().head if program in HEAD_PROGRAMS else library().kernel
    kernel = find(program)
    assert sorted(kernel.constants) == sorted(library().index["programs"][program]["constants"])
