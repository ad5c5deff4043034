"""The accuracy bars of focal losses of single numbers, in ulp of Σ|terms|, see `focal_terms`.

Values: 4 + 2γ ulp, for a power multiplies the error of its base. Gradients: 8 + γ ulp.
Hessian-vector products, by prediction and target, along both: 64 ulp. Narrow formats: half an ulp
of theirs beside it.

Of probabilities a product along a target holds p^gamma over p, which has no digits where p^gamma is
subnormal: there it is judged by probabilities along them alone.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of

from .element_subject import ELEMENTS, GRADIENT, PRODUCT, VALUE, ElementSubject
from .focal_terms import FOCAL, product_sizes, sizes
from .subject import refuse
from .test_element_bars import by_rounding

SUBJECTS = [subject for subject in ELEMENTS if subject.loss in FOCAL]
POWERS = (0.3, 1.7, 2.2)
ROUNDED = [
    *(ElementSubject("sigmoid_focal", {"gamma": power}) for power in POWERS),
    *(ElementSubject("sigmoid_focal", {"gamma": p, "soft_target": "exp_bce"}) for p in (0.3, 2.2)),
    ElementSubject("sigmoid_focal", {"gamma": 1.7, "soft_target": "separate"}),
    *(ElementSubject("focal_star", {"gamma": power, "beta": 0.3}) for power in POWERS),
    *(ElementSubject("quality_focal", {"beta": power}) for power in POWERS),
    *(ElementSubject("focal_probs", {"gamma": power}) for power in POWERS),
]
"""With constants that float32 does not hold."""
JUDGED = [*SUBJECTS, *ROUNDED]
OF_ROUNDED_BASES = ("sigmoid_focal_chance", "focal_probs")


@cache
def known(at: int, dtype: str):
    """Return columns, upstream, direction and truth of a subject in a format."""
    subject, number = JUDGED[at], format_of(dtype)
    columns = subject.columns(dtype)
    rng = np.random.default_rng(5)
    upstream = number.round(rng.choice([-1, 1], len(columns)) * rng.uniform(0.25, 2, len(columns)))
    direction = None
    if dtype == "float64":
        direction = rng.normal(size=columns.shape)
        direction[powerless(subject, columns), 1] = 0
    truth = subject.family.oracle.truth(subject.spec, columns, upstream, dtype=dtype, hvp=direction)
    return columns, upstream, direction, truth


def powerless(subject, columns) -> np.ndarray:
    """Return where a power of what a probability lacks is subnormal."""
    if subject.loss != "focal_probs":
        return np.zeros(len(columns), bool)
    p, t = columns.T
    missed = (p * (1 - t) + (1 - p) * t) ** exponent(subject)
    return (missed < 2.0 ** format_of("float64").emin) & (p != t)


def cases(dtypes):
    return [
        pytest.param(at, dtype, id=f"{subject}-{dtype}")
        for at, subject in enumerate(SUBJECTS)
        for dtype in dtypes
    ]


def resolved(subject, columns, unit):
    """Return where p - t has digits, a power of which is quality focal loss, and 1/p is finite."""
    if subject.loss == "focal_probs":
        return (columns[:, 0] == 0) | (columns[:, 0] > 2.0**-unit.emax)
    if subject.loss != "quality_focal":
        return np.ones(len(columns), bool)
    x, t = columns.T
    with np.errstate(over="ignore"):
        p, q = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))
    sides = p * (1 - t), q * t
    apart = np.abs(sides[0] - sides[1]) > 2.0**16 * unit.ulp(sum(sides), 0 * t)
    return apart & (np.exp(-np.abs(x)) >= 2.0**unit.emin)


def exponent(subject) -> float:
    constants = subject.spec.constants
    return constants.get("gamma", constants.get("beta", 0.0))


def lifted(columns, unit) -> np.ndarray:
    """Return the least number times |x|: an exponential that is subnormal is multiplied by it."""
    return unit.ulp(np.zeros(1), np.zeros(1)) * (1 + 2 * np.abs(columns[:, 0]))


def off(found, hi, lo, rad, room, fmt):
    """Return where results are off by more than `room`, overflow of the format aside."""
    with np.errstate(invalid="ignore", over="ignore"):
        bad = ~(np.abs((found - hi) - lo) <= room + rad)
        beyond = (np.sign(found) == np.sign(hi)) & (np.abs(hi) + room >= fmt.overflow)
    return bad & ~(np.isinf(found) & (beyond | (found == hi)))


@pytest.mark.parametrize(("at", "dtype"), cases(FORMATS))
def test_values_and_gradients_meet_the_bars(at, dtype):
    judge(at, dtype, "float64", {})


@pytest.mark.parametrize(("at", "dtype"), cases(["float32"]))
def test_compiled_programs_meet_them_with_the_ulp_of_what_they_compute_in(at, dtype):
    judge(at, dtype, "float32", {"backend": "c"})


@pytest.mark.parametrize("at", range(len(SUBJECTS), len(JUDGED)), ids=lambda k: str(JUDGED[k]))
def test_compiled_programs_take_constants_as_they_are_given(at):
    """Not rounded to float32: values are within 4 ulp but where the base of a power is rounded."""
    constants = JUDGED[at].spec.constants
    assert any(float(np.float32(value)) != value for value in constants.values())
    flat = JUDGED[at].spec.program not in OF_ROUNDED_BASES
    judge(at, "float32", "float32", {"backend": "c"}, flat)


def judge(at, dtype, real, options, flat=False):
    columns, upstream, _, truth = known(at, dtype)
    subject, fmt, unit = JUDGED[at], format_of(dtype), format_of(real)
    value, grad = subject.value_and_grad(columns, upstream, dtype, **options)
    of_value, of_grad = sizes(subject, columns)
    of_grad = of_grad * np.abs(upstream)[:, None]
    aside = by_rounding(subject, columns, real)
    ends = (subject.loss == "focal_probs") & np.isin(columns[:, 0], (0.0, 1.0))
    assert not set(truth.kind[~ends]) & {"undecided", "nan"}
    for name, found, size, bar in (
        ("value", value, of_value, VALUE + (0 if flat else 2 * exponent(subject))),
        ("grad", grad, of_grad, GRADIENT + exponent(subject)),
    ):
        hi, lo, rad = (getattr(truth, f"{name}_{part}") for part in ("hi", "lo", "rad"))
        size = np.maximum(np.abs(hi), size)
        with np.errstate(invalid="ignore"):
            room = bar * unit.ulp(size, 0 * size) + (0 if dtype == real else fmt.ulp(hi, lo) / 2)
        room += bar * lifted(columns, unit).reshape(-1, *[1] * (found.ndim - 1))
        bad = off(found, hi, lo, rad, room, fmt)
        bad[(truth.kind != "regular") | ~resolved(subject, columns, unit) | aside] = False
        refuse(bad, columns, f"{subject} in {dtype}: {name}", found, hi)
    assert (truth.kind == "regular").mean() > 0.8


@pytest.mark.parametrize(("at", "dtype"), cases(["float64"]))
def test_products_meet_the_bar(at, dtype):
    columns, upstream, direction, truth = known(at, dtype)
    subject = SUBJECTS[at]
    products = subject.hvp(columns, direction, upstream)
    sizes_of = product_sizes(subject, columns, direction, upstream)
    assert truth.hvp_hi is not None
    assert truth.hvp_lo is not None
    left_out = (truth.kind != "regular") | ~resolved(subject, columns, format_of(dtype))
    for by in range(2):
        found, hi, lo = products[:, by], truth.hvp_hi[:, by], truth.hvp_lo[:, by]
        with np.errstate(invalid="ignore"):
            room = PRODUCT * np.spacing(np.maximum(sizes_of[:, by], np.abs(hi)))
        # by the target a derivative is a multiple of x, and one along it of x squared
        times = (1 + 2 * np.abs(columns[:, 0])) ** by
        room += PRODUCT * lifted(columns, format_of(dtype)) * times
        bad = off(found, hi, lo, 0.0, room, format_of(dtype))
        bad[left_out | (powerless(subject, columns) & (by == 1))] = False
        refuse(bad, columns, f"{subject}: product by {subject.names[by]}", found, hi)


@pytest.mark.parametrize("options", [{}, {"backend": "c"}], ids=["numpy", "c"])
@pytest.mark.parametrize("power", [0.3, 0.5, 0.9])
def test_along_the_logit_alone_nothing_of_a_met_target_is_infinite_times_0(power, options):
    """The derivative by the target has no bound along itself, which is not asked for."""
    subject = ElementSubject("sigmoid_focal", {"gamma": power})
    reach = np.array([1.0, 50.0, 700.0, 740.0, 800.0, 1500.0, 1e4])
    columns = np.stack([np.hstack([reach, -reach]), np.repeat([1.0, 0.0], len(reach))], axis=1)
    upstream, direction = np.full(len(columns), -1.5), np.tile([0.75, 0.0], (len(columns), 1))
    truth = subject.family.oracle.truth(subject.spec, columns, upstream, hvp=direction)
    found = subject.hvp(columns, direction, upstream, **options)
    room = PRODUCT * np.spacing(product_sizes(subject, columns, direction, upstream))
    room += PRODUCT * lifted(columns, format_of("float64"))[:, None] * (1 + np.abs(columns[:, :1]))
    assert (np.abs(found - truth.hvp_hi) <= room).all()
