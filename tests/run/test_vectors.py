"""Programs of given vectors run block by block: the bits of the text, whatever is cut where."""

import numpy as np
import pytest

from refloss.run.blocks import Store
from refloss.run.kernels import library
from tests.run.logits import whole
from tests.run.text import VECTOR_PROGRAMS, assert_same_bits

INDEX = library().index["programs"]
FUNCTIONS = ("value", "grad", "hvp")
#: What switches every branch on and off.
SETTINGS = {
    "contrastive": [
        {},
        {"linear": 1.0, "positive_margin": 0.25, "different": 1.0},
        {"legacy": 1.0, "eps_difference": 1e-6, "factor": 1.0},
    ],
    "triplet": [
        {},
        {"squared": 0.0, "swap": 1.0, "margin": 1.0, "eps_difference": 1e-6},
        {"squared": 0.0, "soft": 1.0, "eps_sum": 0.25, "root_eps_sum": 0.5},
        {"soft": 1.0, "swap": 1.0},
    ],
    "triplet_manhattan": [{}, {"swap": 1.0, "soft": 1.0, "eps_difference": 1e-6}],
    "supcon": [{}, {"temperature": 1.0, "base_temperature": 0.5}, {"undefined": 1.0}],
    "supcon_inside": [{}, {"temperature": 1.0, "base_temperature": 0.5}],
    "ntxent": [{}, {"temperature": 1.0, "averaged": 1.0}, {"least": 1e-3}],
    "ntxent_all": [{}, {"temperature": 1.0, "averaged": 1.0}],
    "center": [{}, {"clip": 1.0, "masked": 1.0, "others": 7.0, "factor": 1.0}],
    "contrastive_cosine": [{}, {"legacy": 1.0, "least_norm": 2.0}],
    "contrastive_normalised": [{"linear": 1.0}, {"least_norm": 2.0, "factor": 1.0}],
    "multi_similarity": [{}, {"alpha": 30.0, "beta": 3.0, "base": -0.5}],
    # no scale of a power of two, whose product has no error to be computed
    "circle": [{"gamma": 80.0}, {"gamma": 30.0, "margin": 0.4, "attached": 1.0}],
}
SLOPED = {
    name: [n[:-4] for n, _ in INDEX[name]["arrays"]["grad"]["outputs"][1:]] for name in SETTINGS
}
"""Inputs with derivatives, by program."""


def arrays(program, function, rows, parts):
    """Return what a function takes: vectors close and far, tiny and huge, equal, and NaN."""
    rng = np.random.default_rng([rows, parts])
    shapes = INDEX[program]["shapes"]
    names = SLOPED[program]
    named, base = {}, rng.normal(size=(rows, parts))
    for number, name in enumerate(names):
        move = rng.normal(size=(rows, parts)) * 10.0 ** rng.integers(-9, 2, (rows, 1))
        table = (base + number * move) * 10.0 ** rng.choice([0, 0, 0, -200, 150], (rows, 1))
        named[name] = np.where(rng.random((rows, parts)) < 0.002, np.nan, table)
    for table in named.values():
        table[::5] = 0.25
    for name, axes in shapes.items():
        if name not in names:
            many = len(axes) > 1
            drawn = rng.integers(-1 if many else 0, 2, (rows, parts) if many else rows)
            named[name] = drawn if many else drawn * 1.0
    if function != "value":
        named["loss_bar"] = rng.normal(size=rows)
    if function == "hvp":
        named |= {f"{name}_dot": rng.normal(size=(rows, parts)) for name in names}
    return {name: named[name] for name, _ in INDEX[program]["arrays"][function]["inputs"]}


def constants(program, setting):
    known = {name: float(amount) for name, amount in INDEX[program]["constants"].items()}
    return {**known, **setting}


def planned(program, function, named, setting, tile=None):
    shapes = INDEX[program]["shapes"]
    plan = library().kernel(program).rows(function, shapes, setting)
    rows, parts = next(iter(named.values())).shape
    results = [
        np.empty((rows, parts) if axes == "bc" else rows)
        for _, axes in INDEX[program]["arrays"][function]["outputs"]
    ]
    sinks = [Store(r) if r.ndim == 1 else r for r in results]
    plan.run(rows, parts, named, sinks, **({} if tile is None else {"tile": tile}))
    return results


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("program", VECTOR_PROGRAMS)
def test_blocks_give_the_bits_of_the_text(program, function):
    kernel = library().kernel(program)
    for setting in SETTINGS[program]:
        known = constants(program, setting)
        for rows, parts in ((40, 7), (3, 200), (1, 1)):
            named = arrays(program, function, rows, parts)
            expected = whole(kernel.module, function, named, known)
            found = planned(program, function, named, known)
            for one, other in zip(found, expected, strict=True):
                assert_same_bits(one, np.broadcast_to(other, one.shape), (setting, rows, parts))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("program", VECTOR_PROGRAMS)
def test_tiles_agree_to_the_roundings_of_a_small_sum(program, function):
    """What is added up in any order without rounding is the same; the rest is below an ulp."""
    known = constants(program, SETTINGS[program][0])
    named = {n: np.nan_to_num(a) for n, a in arrays(program, function, 12, 64).items()}
    for tile in (5, 16):
        pairs = zip(
            planned(program, function, named, known, tile),
            planned(program, function, named, known),
            strict=True,
        )
        for one, other in pairs:
            size = np.abs(other).max(axis=-1, keepdims=True)
            room = 2.0**-50 * np.where(np.isfinite(size), size, 0)
            same = (one == other) | (np.isnan(one) & np.isnan(other))
            with np.errstate(invalid="ignore"):
                assert (same | (np.abs(one - other) <= room)).all()


@pytest.mark.parametrize("program", VECTOR_PROGRAMS)
def test_axes_of_vectors_are_those_of_rows(program):
    for function in FUNCTIONS:
        arrays_of = INDEX[program]["arrays"][function]
        kinds = {kind for _, kind in (*arrays_of["inputs"], *arrays_of["outputs"])}
        assert kinds <= {"b", "bc"}
