"""16-bit formats in memory: widened exactly, rounded once, and kernels that store them."""

import ctypes
from functools import cache

import numpy as np
import pytest

from crossval.bits import dtype_of
from crossval.oracles.enclosure import truth
from crossval.oracles.formats import format_of
from refloss.run.native import compiler
from refloss.run.native.unit import STORED
from refloss.run.rounding import narrow

from ..row_regimes import regimes as row_regimes
from ..row_subject import refuse as refuse_rows
from ..subject import SUBJECTS
from ..test_narrow import on_grid
from ..test_row_bars import SUBJECTS as ROW_SUBJECTS
from ..test_row_bars import in_format, misrounded
from .fibers import FLAGS, HERE, unit_of
from .row_runs import GROUPS, Rows, drawn
from .runs import REALS, launch

NARROW = ("float16", "bfloat16")
PARTS = HERE.parents[2] / "refloss" / "run" / "native"
BOTH = pytest.mark.parametrize(("held", "real"), [(h, r) for h in NARROW for r in REALS])


@cache
def converter(held: str, real: str):
    """Return functions that widen and narrow arrays."""
    stored = STORED[held]
    parts = (PARTS / f"{name}.cuh" for name in ("scalars", "prelude"))
    text = "\n".join(
        [
            f"typedef {STORED[real]} real;",
            *(part.read_text(encoding="utf-8") for part in parts),
            f'extern "C" {{ {SHOWN} widen(size n, const {stored}* from, real* to) '
            "{ for (size i = 0; i < n; ++i) to[i] = widened(from[i]); }",
            f"{SHOWN} round_to(size n, const real* from, {stored}* to) "
            "{ for (size i = 0; i < n; ++i) narrow(to[i], from[i]); } }",
        ]
    )
    return compiler.load(text, FLAGS)


SHOWN = '__attribute__((visibility("default"))) void'


def widened(bits: np.ndarray, held: str, real: str) -> np.ndarray:
    out = np.empty(bits.size, real)
    _call(converter(held, real).widen, bits, out)
    return out


def rounded(numbers: np.ndarray, held: str) -> np.ndarray:
    out = np.empty(numbers.size, np.uint16)
    _call(converter(held, numbers.dtype.name).round_to, numbers, out)
    return out.view(_dtype(held))


def expected(numbers: np.ndarray, held: str) -> np.ndarray:
    out = np.empty(numbers.size, _dtype(held))
    with np.errstate(all="ignore"):
        narrow(out, numbers.astype(np.float64))
    return out


@BOTH
def test_all_patterns_are_widened_exactly_and_come_back(held, real):
    bits = np.arange(2**16, dtype=np.uint16)
    wide = widened(bits, held, real)
    with np.errstate(invalid="ignore"):
        known = bits.view(_dtype(held)).astype(real)
    numbers = ~np.isnan(known)
    assert (np.isnan(wide) == ~numbers).all()
    assert wide[numbers].tobytes() == known[numbers].tobytes()
    back = rounded(wide, held)
    assert (back.view(np.uint16)[numbers] == bits[numbers]).all()
    assert np.isnan(back[~numbers].astype(np.float64)).all()


@BOTH
def test_rounding_is_to_nearest_ties_to_even_once(held, real):
    numbers = hard_to_round(held, real)
    found, known = rounded(numbers, held), expected(numbers, held)
    nan = np.isnan(numbers)
    assert np.isnan(found[nan].astype(np.float64)).all()
    off = np.flatnonzero(found.view(np.uint16)[~nan] != known.view(np.uint16)[~nan])
    assert not off.size, [float(x).hex() for x in numbers[~nan][off][:5]]


def hard_to_round(held: str, real: str) -> np.ndarray:
    """Return midpoints of neighbours, their own neighbours, and numbers of any bits."""
    rng = np.random.default_rng(7)
    every = np.arange(2**16, dtype=np.uint16).view(_dtype(held))
    with np.errstate(invalid="ignore"):
        finite = np.unique(every[np.isfinite(every.astype(np.float64))].astype(np.float64))
    top = finite[-1] + (finite[-1] - finite[-2]) / 2  # where infinity begins
    middle = np.concatenate([(finite[1:] + finite[:-1]) / 2, [top, -top], finite]).astype(real)
    near = [np.nextafter(middle, np.array(side, real)) for side in (-np.inf, np.inf)]
    bits = rng.integers(0, 2**64, 2**18, dtype=np.uint64).view(real)
    scaled = (rng.normal(size=2**18) * 2.0 ** rng.integers(-30, 18, 2**18)).astype(real)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], real)
    just = (middle.astype(np.float64) * (1 + 2.0**-40)).astype(real)  # lost in float
    return np.concatenate([middle, *near, bits, scaled, just, special])


@pytest.mark.parametrize("held", NARROW)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_elementwise_kernels_that_compute_in_float_are_rounded_once(subject, held):
    fmt = format_of(held)
    pairs = np.concatenate([p[:16] for p in on_grid(held).values()])
    upstream = fmt.round(np.random.default_rng(4).normal(size=len(pairs)))
    known = truth(subject.spec, pairs, upstream)
    inputs = {"pred": pairs[:, :4], "target": pairs[:, 4:], "loss_bar": upstream}
    unit = unit_of(subject.spec.program, "grad", "float32", stored=held)
    for layout in ("whole", "misaligned", "strided"):
        out = launch(unit, [len(pairs)], inputs, subject.spec.constants, layout=layout)
        found = np.column_stack([out["loss"], out["pred_bar"], out["target_bar"]])
        found = found.astype(np.float64)
        hi, lo = (
            np.column_stack([getattr(known, f"{part}_{end}") for part in ("value", "grad")])
            for end in ("hi", "lo")
        )
        slack = np.column_stack(
            [
                subject.value_bar(known.value_hi, pairs, "float32"),
                subject.grad_bar(pairs, upstream, "float32"),
            ]
        )
        with np.errstate(invalid="ignore"):
            off = ~(np.abs((found - hi) - lo) <= fmt.ulp(hi, lo) / 2 + slack)
            beyond = (np.sign(found) == np.sign(hi)) & (np.abs(hi) + slack >= fmt.overflow)
        off &= ~(np.isinf(found) & (beyond | (found == hi)))  # -ln 0
        off[known.kind != "regular", 1:] = False
        worst = np.argwhere(off)[:3].tolist()
        at = [(pairs[i].tolist(), found[i, j], hi[i, j], slack[i, j]) for i, j in worst]
        assert not off.any(), (int(off.sum()), at)


@pytest.mark.parametrize("held", NARROW)
@pytest.mark.parametrize("subject", [ROW_SUBJECTS[0], ROW_SUBJECTS[3], ROW_SUBJECTS[7]], ids=str)
def test_row_kernels_that_compute_in_float_are_rounded_once(subject, held):
    for name, every in row_regimes(4).items():
        case = in_format(every, held)
        if case is None:
            continue
        upstream, direction = (
            format_of(held).round(part) for part in drawn(subject, case, "float32")
        )
        known = subject.truth(case, upstream)
        bars = subject.value_bar(case, "float32"), subject.grad_bar(case, upstream, "float32")
        for group, block in GROUPS[:2]:
            run = Rows(subject, "float32", group, block).run
            out = run("grad", case, upstream, direction, stored=held)
            names = ("logits_bar", "target_bar") if subject.soft else ("logits_bar",)
            found = out["loss"], np.hstack([out[name] for name in names])
            for part, result, bar in zip(("value", "grad"), found, bars, strict=True):
                wide = result.astype(np.float64)
                off = misrounded(wide, known, part, bar, held)
                hi = getattr(known, f"{part}_hi")
                refuse_rows(off, case, f"{subject} in {held}, {name}: {part}", wide, hi)


def _dtype(held: str) -> np.dtype:
    return dtype_of(format_of(held))


def _call(function, given: np.ndarray, taken: np.ndarray) -> None:
    function.restype = None
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (given, taken)]
    function(ctypes.c_longlong(given.size), *pointers)
