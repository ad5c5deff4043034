"""What waits in an output's row between passes on the host is what would be computed again."""

from pathlib import Path

import numpy as np
import pytest

from refloss.run.kernels import library
from refloss.run.native import host
from refloss.run.native.programs import NativeProgram
from refloss.run.native.unit import unit_text

ROWS, CLASSES = 5, 137  # no multiple of what a vector holds
RETURNED = "INLINE real held_from_(const real& place, real) { return place; }"
AGAIN = "INLINE real held_from_(const real&, real again) { return again; }"
LOST = "INLINE real held_from_(const real&, real) { return NOT_A_NUMBER; }"
PROGRAMS = ("cross_entropy", "cross_entropy_soft", "softmax_focal")


def inputs(arrays, dtype):
    """Return what a function reads: logits far apart, equal and infinite, and rows to leave out."""
    rng = np.random.default_rng(1)
    shapes = {"b": ROWS, "c": CLASSES, "bc": (ROWS, CLASSES)}
    given = {n: rng.random(shapes[k]).astype(dtype) for n, k in arrays if k != "label"}
    given["logits"] = (rng.normal(size=(ROWS, CLASSES)) * 10).astype(dtype)
    given["logits"][0, :] = 1
    given["logits"][1, 3:9] = -np.inf
    labels = {n: np.array([0, 2, -1, 136, 136]) for n, k in arrays if k == "label"}
    return given | labels


@pytest.fixture
def outputs(monkeypatch):
    """Return a function that runs a program whose host reads back what was held in one way."""

    def run(name, function, dtype, real, body, unwanted=()):
        def edited(*arguments, **options):
            text = unit_text(*arguments, **options)
            assert text.count(RETURNED) == 1
            return text.replace(RETURNED, body)

        monkeypatch.setattr(host, "unit_text", edited)
        known = library()
        program = NativeProgram(
            Path(known.directory, "cuda", f"{name}.cu"), known.index["programs"][name]
        )
        arrays = program.arrays[function]
        shapes = {"b": ROWS, "bc": (ROWS, CLASSES)}
        found = {n: np.full(shapes[k], 7, dtype) for n, k in arrays["outputs"] if n not in unwanted}
        given = inputs(arrays["inputs"], dtype)
        constants = program.defaults | {"label_smoothing": 0.1, "z_loss": 0.5}
        constants = {key: constants[key] for key in program.defaults}
        program.run(function, (ROWS, CLASSES), given, found, constants, real=real)
        return found

    return run


def by_logits(found):
    (name,) = (name for name in found if name.startswith("logits_bar"))
    return found[name]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("function", ["grad", "hvp"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_was_held_has_the_bits_of_what_is_computed_again(outputs, name, function, dtype):
    real = "float64" if dtype == "float64" else "float32"
    held = outputs(name, function, dtype, real, RETURNED)
    again = outputs(name, function, dtype, real, AGAIN)
    assert np.isfinite(by_logits(held)).any()
    for array, other in zip(held.values(), again.values(), strict=True):
        assert array.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    ("dtype", "real", "waits"),
    [
        ("float64", "float64", True),
        ("float32", "float32", True),
        ("float32", "float64", False),  # the place is too narrow
        ("float16", "float32", False),
    ],
)
def test_a_number_waits_where_its_type_fits(outputs, dtype, real, waits):
    found = by_logits(outputs("cross_entropy", "grad", dtype, real, LOST))
    kept = [0, 1, 3, 4]  # row 2 is left out
    assert np.isnan(found[kept]).any() == waits
    assert (found[2] == 0).all()


def test_an_output_that_nobody_wants_holds_nothing(outputs):
    rest = ("cross_entropy_soft", "grad", "float64", "float64")
    lost = outputs(*rest, LOST, unwanted=("logits_bar",))
    right = outputs(*rest, RETURNED)
    assert sorted(lost) == ["loss", "target_bar"]
    for name, array in lost.items():
        assert array.tobytes() == right[name].tobytes()
