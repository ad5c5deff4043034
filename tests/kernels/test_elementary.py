"""The compiled elementary functions: errors against balls, special values, one text one result."""

import ctypes
import json
import math
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from flint import arb, fmpq

from refloss.run.native import compiler
from refloss.symbolic.elementary import arctangent, circular, expm1, exponential, logarithm
from refloss.symbolic.elementary.formats import DOUBLE, FLOAT, working_precision

from ..symbolic.elementary.numbers import Rounding

PACKAGE = Path(compiler.__file__).parents[2]
SCALARS = (PACKAGE / "run/native/scalars.cuh").read_text(encoding="utf-8")
HEADER = (PACKAGE / "kernels/cuda/elementary.cuh").read_text(encoding="utf-8")
BOUNDS = json.loads((PACKAGE / "kernels/cuda/elementary.json").read_text(encoding="utf-8"))
TYPES = {"float": np.float32, "double": np.float64}
FORMS = {"float": FLOAT, "double": DOUBLE}
ARITY = {
    "exp_": 1,
    "expm1_": 1,
    "log_": 1,
    "log1p_": 1,
    "atan_": 1,
    "atan2_": 2,
    "sin_": 1,
    "cos_": 1,
}
EXPORT = 'extern "C" __attribute__((visibility("default")))'
INF, NAN = math.inf, math.nan

NAMES = pytest.mark.parametrize("name", ARITY)
KINDS = pytest.mark.parametrize("kind", TYPES)


class Library:
    """The header, compiled as the kernels are, called on arrays."""

    def __init__(self, header, folder):
        try:
            command = [*compiler.compiler(), *compiler.FLAGS, "-march=native"]
        except compiler.CompilerError as error:
            pytest.skip(str(error))
        loops = [_loop(name, kind) for name in ARITY for kind in TYPES]
        source, library = folder / "elementary.cpp", folder / "elementary.so"
        source.write_text("\n".join([SCALARS, header, *loops]), encoding="utf-8")
        subprocess.run([*command, "-Wall", "-Werror", "-o", library, source], check=True)
        self._library = ctypes.CDLL(str(library))

    def __call__(self, name, kind, *columns):
        arrays = [np.ascontiguousarray(c, dtype=TYPES[kind]) for c in columns]
        result = np.empty_like(arrays[0])
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (*arrays, result)]
        getattr(self._library, name + kind)(*pointers, ctypes.c_long(result.size))
        return result


def _loop(name, kind):
    columns = "xy"[: ARITY[name]]
    given = "".join(f"const {kind}* __restrict {c}, " for c in columns)
    read = ", ".join(f"{c}[i]" for c in columns)
    return (
        f"{EXPORT} void {name}{kind}({given}{kind}* __restrict z, long n) "
        f"{{ for (long i = 0; i < n; ++i) z[i] = {name}({read}); }}"
    )


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    return Library(HEADER, tmp_path_factory.mktemp("elementary"))


# ------------------------------------------------------------------------------- where to look


def around(values, reach=2):
    """Return numbers and their nearest neighbours."""
    values = np.asarray(values)
    found = [values]
    for direction in (np.inf, -np.inf):
        moved = values
        for _ in range(reach):
            moved = np.nextafter(moved, values.dtype.type(direction))
            found.append(moved)
    return np.concatenate(found)


def of_all_sizes(rng, kind, count):
    """Return positive numbers whose bits are evenly distributed: subnormal to huge."""
    form, word = FORMS[kind], {"float": np.uint32, "double": np.uint64}[kind]
    return rng.integers(1, form.infinity, count, dtype=word).view(TYPES[kind])


def binades(kind):
    """Return powers of two, all that are normal and small enough to be multiplied by 1.5."""
    form = FORMS[kind]
    exponents = np.arange(form.least, form.most)
    return np.ldexp(TYPES[kind](1), exponents)


def points_exp(rng, kind):
    real, form = TYPES[kind], FORMS[kind]
    low, high = (form.least - form.precision) * math.log(2), form.most * math.log(2)
    small = of_all_sizes(rng, kind, 4000)
    steps = (np.arange(math.ceil(low / math.log(2)), form.most) + 0.5) * math.log(2)
    return [
        rng.uniform(low, high, 20000).astype(real),
        rng.uniform(-1, 1, 10000).astype(real),
        around(steps.astype(real)),
        around((steps + math.log(2) / 2).astype(real)),
        rng.uniform(low, low + form.precision * math.log(2), 4000).astype(real),
        np.concatenate([s * small[small < 1] for s in (real(1), real(-1))]),
    ]


def points_expm1(rng, kind):
    real, form = TYPES[kind], FORMS[kind]
    steps = (np.arange(-form.precision - 8, form.precision + 10) + 0.5) * math.log(2)
    ends = np.array([-(2.0 ** (-form.precision - 4)), 2.0 ** (-form.precision - 4)], dtype=real)
    return [
        *points_exp(rng, kind),
        around(steps.astype(real), 20),
        around(ends, 20),
        np.ldexp(rng.uniform(-1, 1, 10000), -rng.integers(0, 60, 10000)).astype(real),
        rng.uniform(-1.1, 1.1, 20000).astype(real),
    ]


def points_circular(rng, kind):
    """Return angles: all over the range, next to every multiple of pi/4, and small ones."""
    real, form = TYPES[kind], FORMS[kind]
    reach = circular.REACH
    eighths = np.arange(-81, 82) * (math.pi / 4)
    near = np.repeat(eighths, 60) * (1 + np.ldexp(1.0, -rng.integers(3, 60, 163 * 60)))
    small = of_all_sizes(rng, kind, 4000)
    return [
        rng.uniform(-reach, reach, 20000).astype(real),
        rng.uniform(-0.8, 0.8, 20000).astype(real),
        around(eighths.astype(real), 20),
        near[np.abs(near) < reach].astype(real),
        around(np.ldexp(real(1), np.arange(-form.precision, 6)), 10),
        np.concatenate([s * small[small < 1] for s in (real(1), real(-1))]),
        np.array([-reach, reach], dtype=real),
    ]


def points_log(rng, kind):
    real = TYPES[kind]
    near_one = 1 + np.ldexp(rng.uniform(-1, 1, 10000), -rng.integers(1, 54, 10000))
    return [
        of_all_sizes(rng, kind, 20000),
        rng.uniform(0.5, 2, 20000).astype(real),
        near_one[near_one > 0].astype(real),
        around(np.concatenate([binades(kind) * real(f) for f in (0.75, 1, 1.5)])),
    ]


def points_log1p(rng, kind):
    real, form = TYPES[kind], FORMS[kind]
    small = binades(kind)[: -form.most]  # up to 1/2
    ends = np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 1, 2], dtype=real)
    near_pole = np.ldexp(rng.uniform(0.5, 1, 4000), -rng.integers(0, form.precision, 4000)) - 1
    return [
        of_all_sizes(rng, kind, 10000),
        -small,
        rng.uniform(-1, 3, 20000).astype(real),
        rng.uniform(0.45, 0.55, 4000).astype(real),
        np.ldexp(rng.uniform(-1, 1, 10000), -rng.integers(1, 60, 10000)).astype(real),
        near_pole[near_pole > -1].astype(real),
        around(ends, 40),
        around(np.concatenate([binades(kind) * real(f) for f in (0.75, 1, 1.5)])),
    ]


def points_atan(rng, kind):
    real, form = TYPES[kind], FORMS[kind]
    sizes = of_all_sizes(rng, kind, 10000)
    tangents = np.tan(np.array([1, 2, 3]) * math.pi / 8).astype(real)
    return [
        np.concatenate([sizes, -sizes]),
        rng.uniform(0, 4, 20000).astype(real),
        around(tangents, 40),
        around(binades(kind)[form.most - 40 : form.most + 40]),
    ]


def points_atan2(rng, kind):
    """Return pairs: all ratios, all octants, coordinates of every size."""
    real, form = TYPES[kind], FORMS[kind]
    x = of_all_sizes(rng, kind, 20000).astype(float) * rng.choice([-1, 1], 20000)
    ratios = np.concatenate([
        np.ldexp(rng.uniform(0.5, 1, 6000), -rng.integers(-30, 31, 6000)),
        rng.uniform(0.3, 0.5, 4000),
        rng.uniform(0.9, 1.1, 4000),
        np.tan(rng.uniform(0, math.pi / 2, 6000)),
    ])  # fmt: skip
    with np.errstate(over="ignore"):
        y = np.clip(ratios * x, -1e308, 1e308) * rng.choice([-1, 1], 20000)
        largest = np.finfo(real).max
        y, x = (np.clip(c, -largest, largest).astype(real) for c in (y, x))
    few = rng.integers(1, 40, (2, 4000)).astype(real)
    mantissa = rng.integers(2 ** (form.precision - 1), 2**form.precision, (2, 6000)).astype(real)
    everything = [of_all_sizes(rng, kind, 4000) for _ in range(2)]
    y = np.concatenate([y, few[0], mantissa[0], everything[0]])
    x = np.concatenate([x, few[1], mantissa[1], everything[1]])
    return y[y != 0], x[y != 0]  # a ball has no -0


POINTS = {
    "exp_": points_exp,
    "expm1_": points_expm1,
    "log_": points_log,
    "log1p_": points_log1p,
    "atan_": points_atan,
    "sin_": points_circular,
    "cos_": points_circular,
}


def points(name, kind, seed):
    """Return the arguments to judge a function at."""
    rng = np.random.default_rng(seed)
    if name == "atan2_":
        return points_atan2(rng, kind)
    return (np.concatenate(POINTS[name](rng, kind)),)


# ------------------------------------------------------------------------------------- errors

TRUTHS = {
    "exp_": arb.exp,
    "expm1_": arb.expm1,
    "log_": arb.log,
    "log1p_": arb.log1p,
    "atan_": arb.atan,
    "atan2_": arb.atan2,
    "sin_": arb.sin,
    "cos_": arb.cos,
}


def worst_against_balls(name, kind, results, *columns):
    """Return the largest error in units in the last place of the truth, by 120 bits."""
    form, truth, worst = FORMS[kind], TRUTHS[name], 0.0
    largest = float(np.finfo(TYPES[kind]).max)
    with working_precision(160):
        for result, *arguments in zip(
            results.tolist(), *(c.tolist() for c in columns), strict=True
        ):
            exact = truth(*(arb(a) for a in arguments))
            if abs(result) <= largest:
                error = float((abs(arb(result) - exact) / form.ulp(exact)).upper())
            else:  # beyond the largest number and half a unit
                error = 0.0 if abs(exact) > largest else INF
            worst = max(worst, error)
    return worst


@NAMES
@KINDS
def test_no_error_exceeds_its_bound(call, name, kind):
    columns = points(name, kind, seed=0)
    thinned = tuple(c[:: 1 if kind == "double" else 3] for c in columns)
    worst = worst_against_balls(name, kind, call(name, kind, *thinned), *thinned)
    assert 0.5 <= worst <= BOUNDS[name][kind]


def worst_against_double(kind, results, doubles):
    """Return the largest error of floats in units in the last place of the double results."""
    form = FORMS[kind]
    _, exponents = np.frexp(doubles)
    unit = np.ldexp(1.0, np.maximum(exponents - form.precision, form.least - form.stored))
    finite = np.isfinite(results) & np.isfinite(doubles)
    return np.max(np.abs(results[finite].astype(float) - doubles[finite]) / unit[finite])


@pytest.mark.parametrize("name", [n for n in ARITY if ARITY[n] == 1])
def test_floats_of_every_size(call, name):
    """Every 997th float and a run of neighbours, against the double function (above)."""
    bits = np.concatenate([np.arange(0, 2**32, 997), np.arange(0x3F000000, 0x40000000, 7)])
    x = bits.astype(np.uint32).view(np.float32)
    x = x[np.isfinite(x)]
    results, doubles = call(name, "float", x), call(name, "double", x.astype(float))
    worst = worst_against_double("float", results, doubles)
    assert 0.5 <= worst <= BOUNDS[name]["float"] + 1e-6
    assert np.array_equal(np.isnan(results), np.isnan(doubles))
    with np.errstate(over="ignore"):
        rounded = doubles.astype(np.float32)
    assert np.array_equal(np.isinf(results), np.isinf(rounded))


def test_pairs_of_floats_of_every_size(call):
    step = 2**32 // 2000
    some = np.arange(0, 2**32, step).astype(np.uint32).view(np.float32)
    some = some[np.isfinite(some)]
    y, x = (c.ravel() for c in np.meshgrid(some, some))
    doubles = call("atan2_", "double", y.astype(float), x.astype(float))
    worst = worst_against_double("float", call("atan2_", "float", y, x), doubles)
    assert 0.5 <= worst <= BOUNDS["atan2_"]["float"] + 1e-6


def test_a_broken_digit_is_noticed(tmp_path):
    """The third coefficient of every polynomial loses its last bits."""
    lines = HEADER.split("\n")
    for i, line in enumerate(lines):
        if re.search(r"// (r|reduced|f|square)\^2$", line):
            lines[i] = re.sub(r"(0x1\.[0-9a-f]{4})[0-9a-f]*p", r"\g<1>p", line)
    broken = Library("\n".join(lines), tmp_path)
    for name in ARITY:
        columns = tuple(c[::10] for c in points(name, "double", seed=0))
        results = broken(name, "double", *columns)
        assert worst_against_balls(name, "double", results, *columns) > 1, name


# ------------------------------------------------------------------------- one text, one result


def drawn(form, low, high, count=200):
    rng = np.random.default_rng(3)
    kind = TYPES[form.name]
    return [fmpq(*float(kind(v)).as_integer_ratio()) for v in rng.uniform(low, high, count)]


@KINDS
def test_the_compiled_lines_are_those_that_were_proved(call, kind):
    """Where nothing is reduced, the result is what the proved lines give in exact rounding."""
    form = FORMS[kind]
    F, none = Rounding(form), fmpq(0)
    with working_precision():
        e, g, a = exponential.derive(form), logarithm.derive(form), arctangent.derive(form)
        less, c = expm1.derive(form), circular.derive(form)
        cases = {
            "exp_": (drawn(form, -0.34, 0.34), lambda x: exponential.core(F, e, none, x, x)),
            "log_": (drawn(form, 0.75, 1.5), lambda x: logarithm.core(F, g, x - 1, none)),
            "log1p_": (drawn(form, -0.25, 0.5), lambda x: logarithm.core(F, g, x, none)),
            "atan_": (
                drawn(form, 0.01, 0.41),
                lambda x: arctangent.core(F, a, x, none, fmpq(1), none),
            ),
            "expm1_": (
                drawn(form, -0.34, 0.34),
                lambda x: expm1.core(F, less, none, none, none, x),
            ),
            "sin_": (drawn(form, 0.01, 0.78), lambda x: circular.core(F, c, x, none)[0]),
            "cos_": (drawn(form, -0.78, 0.78), lambda x: circular.core(F, c, x, none)[1]),
        }
        for name, (arguments, core) in cases.items():
            expected = [F.add(*core(x)) for x in arguments]
            columns = [np.array([float(arb(v)) for v in c]) for c in (arguments, expected)]
            assert np.array_equal(call(name, kind, columns[0]), columns[1].astype(TYPES[kind])), (
                name
            )


# ------------------------------------------------------------------------------ special values

SPECIAL = {
    "exp_": [
        ((-INF,), 0.0), ((INF,), INF), ((NAN,), NAN), ((0.0,), 1.0), ((-0.0,), 1.0),
        ((1e4,), INF), ((-1e4,), 0.0), ((1e30,), INF), ((-1e30,), 0.0), ((1e-40,), 1.0),
    ],
    "expm1_": [
        ((-INF,), -1.0), ((INF,), INF), ((NAN,), NAN), ((0.0,), 0.0), ((-0.0,), -0.0),
        ((1e4,), INF), ((-1e4,), -1.0), ((1e-40,), 1e-40), ((-1e-40,), -1e-40), ((-60.0,), -1.0),
    ],
    "sin_": [
        ((0.0,), 0.0), ((-0.0,), -0.0), ((NAN,), NAN), ((INF,), NAN), ((-INF,), NAN),
        ((1e-40,), 1e-40), ((-1e-40,), -1e-40), ((64.25,), NAN), ((-1e30,), NAN),
    ],
    "cos_": [
        ((0.0,), 1.0), ((-0.0,), 1.0), ((NAN,), NAN), ((INF,), NAN), ((-INF,), NAN),
        ((1e-40,), 1.0), ((-64.25,), NAN), ((1e30,), NAN),
    ],
    "log_": [
        ((0.0,), -INF), ((-0.0,), -INF), ((-1.0,), NAN), ((-INF,), NAN), ((-1e-40,), NAN),
        ((INF,), INF), ((NAN,), NAN), ((1.0,), 0.0),
    ],
    "log1p_": [
        ((-1.0,), -INF), ((-1.5,), NAN), ((-INF,), NAN), ((INF,), INF), ((NAN,), NAN),
        ((0.0,), 0.0), ((-0.0,), -0.0), ((1e-40,), 1e-40), ((-1e-40,), -1e-40),
    ],
    "atan_": [
        ((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), math.pi / 2), ((-INF,), -math.pi / 2),
        ((NAN,), NAN), ((1.0,), math.pi / 4), ((-1.0,), -math.pi / 4), ((1e-40,), 1e-40),
    ],
    "atan2_": [
        ((0.0, 1.0), 0.0), ((-0.0, 1.0), -0.0), ((0.0, -1.0), math.pi), ((-0.0, -1.0), -math.pi),
        ((0.0, 0.0), 0.0), ((-0.0, 0.0), -0.0), ((0.0, -0.0), math.pi), ((-0.0, -0.0), -math.pi),
        ((1.0, 0.0), math.pi / 2), ((-1.0, 0.0), -math.pi / 2), ((1.0, -0.0), math.pi / 2),
        ((1.0, INF), 0.0), ((-1.0, INF), -0.0), ((1.0, -INF), math.pi), ((-1.0, -INF), -math.pi),
        ((INF, 1.0), math.pi / 2), ((-INF, -1.0), -math.pi / 2), ((INF, INF), math.pi / 4),
        ((INF, -INF), 3 * math.pi / 4), ((-INF, INF), -math.pi / 4),
        ((-INF, -INF), -3 * math.pi / 4), ((NAN, 1.0), NAN), ((1.0, NAN), NAN), ((NAN, INF), NAN),
        ((0.0, NAN), NAN), ((INF, NAN), NAN), ((1e-40, 1.0), 1e-40), ((1e-40, 1e30), None),
        ((0.0, INF), 0.0), ((-0.0, -INF), -math.pi), ((INF, 0.0), math.pi / 2),
    ],
}  # fmt: skip
CASES = [
    pytest.param(name, arguments, value, id=f"{name}{arguments}")
    for name, cases in SPECIAL.items()
    for arguments, value in cases
]


@KINDS
@pytest.mark.parametrize(("name", "arguments", "value"), CASES)
def test_special_values(call, name, kind, arguments, value):
    real = TYPES[kind]
    (result,) = call(name, kind, *([a] for a in arguments))
    if value is None:  # underflows to zero in float, but not in double
        value = float(np.float64(arguments[0]) / arguments[1])
    expected = real(value)
    assert np.array_equal(result, expected, equal_nan=True), (result, expected)
    if not math.isnan(value):
        assert np.signbit(result) == np.signbit(expected)


@KINDS
def test_a_lane_beside_special_ones_is_not_disturbed(call, kind):
    for name in ARITY:
        columns = [np.array([0.3, NAN, 0.3, INF, 0.3, -0.0, 0.3, 0.0] * 8)] * ARITY[name]
        results = call(name, kind, *columns)
        assert len(np.unique(results[::2])) == 1
        assert np.isfinite(results[0])


@KINDS
def test_both_signs_give_mirrored_angles(call, kind):
    y, x = points("atan2_", kind, seed=1)
    assert np.array_equal(call("atan2_", kind, -y, x), -call("atan2_", kind, y, x))
    assert np.array_equal(call("atan_", kind, -y), -call("atan_", kind, y))


@KINDS
def test_circular_functions_are_odd_and_even(call, kind):
    (x,) = points("sin_", kind, seed=1)
    assert np.array_equal(call("sin_", kind, -x), -call("sin_", kind, x))
    assert np.array_equal(call("cos_", kind, -x), call("cos_", kind, x))


@KINDS
def test_atan_is_atan2_beside_one(call, kind):
    (x,) = points("atan_", kind, seed=1)
    assert np.array_equal(call("atan_", kind, x), call("atan2_", kind, x, np.ones_like(x)))


@KINDS
def test_scaling_both_coordinates_by_a_power_of_two_changes_nothing(call, kind):
    rng, form = np.random.default_rng(2), FORMS[kind]
    y, x = rng.uniform(0.5, 1, (2, 500)).astype(TYPES[kind])
    expected = call("atan2_", kind, y, x)
    for exponent in range(form.least + 1, form.most + 1, 7):
        scaled = (np.ldexp(c, exponent) for c in (y, x))
        assert np.array_equal(call("atan2_", kind, *scaled), expected), exponent


@KINDS
def test_subnormal_quotients_are_rounded_once(call, kind):
    """The angle of a far point just above the axis is the quotient, correctly rounded."""
    rng, form, real = np.random.default_rng(4), FORMS[kind], TYPES[kind]
    x = rng.uniform(1, 2, 4000).astype(real)
    y = np.ldexp(rng.uniform(0.5, 1, 4000), form.least - rng.integers(0, 20, 4000)).astype(real)
    assert np.array_equal(call("atan2_", kind, y, x), y / x)
