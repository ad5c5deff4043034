"""Specifications and points that the tests of the oracles share."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import refloss

INDEX = json.loads((Path(next(iter(refloss.__path__))) / "kernels" / "index.json").read_text())


@dataclass(frozen=True)
class Loss:
    """The part of a specification that the oracles read."""

    program: str
    constants: dict


@pytest.fixture(scope="session")
def loss():
    """Loss by program name, with constants changed from their defaults."""

    def make(program, **changes):
        defaults = INDEX["programs"][program]["constants"]
        return Loss(program, {k: float(v) for k, v in defaults.items()} | changes)

    return make


def boxes(rng, n):
    """Pairs of overlapping, disjoint and contained boxes."""
    corner, side = rng.uniform(0, 1, (n, 2, 2)), rng.uniform(0.1, 1.5, (n, 2, 2))
    return np.concatenate([corner, corner + side], axis=2).reshape(n, 8)


def near(rng, n):
    """Overlapping boxes that differ by 2**-30 to 2**-2 in every edge."""
    first = boxes(rng, n)[:, :4]
    shift = np.ldexp(rng.uniform(-1, 1, (n, 4)), rng.integers(-30, -3, (n, 1)))
    return np.concatenate([first, first + shift], axis=1)


def hard(rng, n):
    """Regimes in which formulas lose digits: nearly equal, far from the origin, elongated, tiny."""
    thin, far = boxes(rng, n), boxes(rng, n)
    thin[:, ::2] *= 1e-6
    return np.concatenate([boxes(rng, n), near(rng, n), thin, far + 1e6, far * 1e-60, far * 1e60])


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def points():
    """Return generators of points by name."""
    return {"boxes": boxes, "near": near, "hard": hard}


@pytest.fixture
def kernels(tmp_path):
    """Directory of kernel texts of one's own; the function writes a text and returns it."""

    def write(name, body, dialect="arb"):
        path = tmp_path / dialect / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(body)
        return tmp_path

    return write
