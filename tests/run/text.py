"""What the tests of this folder share: awkward boxes, exact comparison, kernels to run."""

from __future__ import annotations

import json
from inspect import signature

import numpy as np

from refloss.run.kernels import Kernel, library

_ENTRIES = library().index["programs"]
#: Programs whose inputs are columns, over embeddings and classes, of given vectors, and of rows.
PROGRAMS = sorted(name for name, entry in _ENTRIES.items() if "shapes" not in entry)
HEAD_PROGRAMS = sorted(n for n, entry in _ENTRIES.items() if "weight" in entry.get("shapes", {}))
VECTOR_PROGRAMS = sorted(
    n for n, e in _ENTRIES.items() if {"x1", "anchor", "own", "same"} & e.get("shapes", {}).keys()
)
ROW_PROGRAMS = sorted(_ENTRIES.keys() - {*PROGRAMS, *HEAD_PROGRAMS, *VECTOR_PROGRAMS})
#: Those of rows that stand for all: of a multiple, the largest has every kind of line.
FEWER_ROW_PROGRAMS = [
    p for p in ROW_PROGRAMS if p not in {f"sphereface_cosine_{n}" for n in "1234"}
]

#: Constants that switch every branch of a program on, one way and the other.
SETTINGS = {
    "default": {},
    "placed": dict.fromkeys(
        ("eps_union", "eps_height", "eps_hull", "eps_diagonal", "eps_ratio", "eps_alpha"), 1e-7
    ),
    "switched": {
        "attach": 1.0,
        "unit": 1.0,
        "sign": -1.0,
        "threshold": 0.5,
        "at_threshold": 0.0,
        "ceiling": 2.0,
        "least_area": 0.25,
        "least_iou": 1e-6,
    },
}


def constants(kernel: Kernel, program: str, setting: str) -> dict[str, float]:
    """Return a program's constants, those of a setting that it has put in."""
    defaults = library().index["programs"][program]["constants"]
    return {n: float(SETTINGS[setting].get(n, defaults[n])) for n in kernel.constants}


def assert_same_bits(found: np.ndarray, expected: np.ndarray, what: object = "") -> None:
    """Require equal float64 bits; NaN is one value, for IEEE 754 leaves its payload open."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape, what
    same = found.view(np.int64) == expected.view(np.int64)
    same |= np.isnan(found) & np.isnan(expected)
    rows = np.flatnonzero(~same.all(axis=tuple(range(1, same.ndim))))
    assert same.all(), f"{what}: rows {rows[:5]}: {found[rows[:5]]} != {expected[rows[:5]]}"


def columns(count: int, n: int, seed: int) -> np.ndarray:
    """Return `count` columns of finite, huge, tiny, equal, signed-zero and non-finite numbers."""
    rng = np.random.default_rng(seed)
    plain = rng.uniform(-2, 2, (count, n))
    scaled = plain * 10.0 ** rng.integers(-160, 160, (count, n))
    grid = rng.integers(-2, 3, (count, n)).astype(float) * rng.choice([1.0, -1.0, 0.0], (count, n))
    odd = rng.choice([0.0, -0.0, 1.0, 5e-324, np.inf, -np.inf, np.nan, 1.7e308], (count, n))
    kinds = rng.integers(0, 8, n)
    table = np.where(kinds < 3, plain, np.where(kinds < 5, grid, np.where(kinds < 7, scaled, odd)))
    return np.where(rng.random((count, n)) < 0.03, odd, table)


def boxes(n: int, seed: int) -> np.ndarray:
    """Return ``(8, n)`` corner columns: random, touching, nested, degenerate and awkward boxes."""
    rng = np.random.default_rng(seed)
    low, size = rng.uniform(-1, 1, (4, n)), rng.exponential(0.5, (4, n))
    low, size = (np.where(rng.random((4, n)) < 0.4, np.round(4 * v) / 4, v) for v in (low, size))
    table = np.concatenate([low[:2], low[:2] + size[:2], low[2:], low[2:] + size[2:]])
    table[4:, : n // 10] = table[:4, : n // 10]
    table[:, n // 10 : n // 5] *= 10.0 ** rng.integers(-170, 170, n // 5 - n // 10)
    odd = n // 8
    table[:, n - odd :] = columns(8, odd, seed)
    return table


def arguments(kernel: Kernel, function: str, n: int, seed: int) -> np.ndarray:
    """Return ``(k, n)`` columns for the k inputs of a function, corners first if it takes boxes."""
    parameters = [*signature(getattr(kernel.module, function)).parameters]
    count = len(parameters) - len(kernel.constants)
    if parameters[0] != "px1":
        return columns(count, n, seed)
    return np.concatenate([boxes(n, seed), columns(count - 8, n, seed + 1)])


def write_library(directory, kernels: dict[str, str], losses: dict | None = None) -> None:
    """Write a directory of kernels from texts by program name."""
    (directory / "numpy").mkdir(exist_ok=True)
    for name, text in kernels.items():
        (directory / "numpy" / f"{name}.py").write_text(text)
    programs = {name: {"constants": {}} for name in kernels}
    index = {"losses": losses or {}, "programs": programs}
    (directory / "index.json").write_text(json.dumps(index))
