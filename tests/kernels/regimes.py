"""Pairs of boxes at which box losses are hard, random and adversarial; ties may occur."""

from __future__ import annotations

import numpy as np


def regimes(rows: int, seed: int = 20260601) -> dict[str, np.ndarray]:
    """Return valid pairs by regime, each ``(≤ rows, 8)`` in float64."""
    rng = np.random.default_rng(seed)
    made = {name: build(rng, rows) for name, build in BUILDERS.items()}
    return {name: _valid(pairs) for name, pairs in made.items()}


def _valid(pairs):
    return pairs[
        (pairs[:, 2] > pairs[:, 0])
        & (pairs[:, 3] > pairs[:, 1])
        & (pairs[:, 6] > pairs[:, 4])
        & (pairs[:, 7] > pairs[:, 5])
    ]


def _box(x, y, w, h):
    return np.stack([x, y, x + w, y + h], 1)


def _any(rng, n):
    u = rng.uniform
    return _box(u(0, 100, n), u(0, 100, n), u(1, 100, n), u(1, 100, n))


def _scale(rng, low, high, n):
    return 10.0 ** rng.uniform(low, high, n)


def _sign(rng, n):
    return rng.choice([-1.0, 1.0], n)


def random(rng, n):
    return np.hstack([_any(rng, n), _any(rng, n)])


def near_identical(rng, n):
    a = _any(rng, n)
    return np.hstack([a, a + rng.uniform(-1, 1, (n, 4)) * _scale(rng, -14, -2, n)[:, None]])


def touching(rng, n):
    a, b = _any(rng, n), _any(rng, n)
    width = b[:, 2] - b[:, 0]
    b[:, 0] = a[:, 2] + _sign(rng, n) * _scale(rng, -13, -1, n)
    b[:, 2] = b[:, 0] + width
    b[:, 1], b[:, 3] = a[:, 1] + rng.uniform(0, 0.5, n), a[:, 3] - rng.uniform(0, 0.5, n)
    return np.hstack([a, b])


def tiny_far_away(rng, n):
    side, x, y = _scale(rng, -9, -2, n), rng.uniform(500, 1500, n), rng.uniform(500, 1500, n)

    def one():
        u = rng.uniform
        return _box(
            x + side * u(-1, 1, n),
            y + side * u(-1, 1, n),
            side * u(0.5, 1.5, n),
            side * u(0.5, 1.5, n),
        )

    return np.hstack([one(), one()])


def equal_aspect(rng, n):
    a, b = _any(rng, n), _any(rng, n)
    ratio = (
        (a[:, 2] - a[:, 0]) / (a[:, 3] - a[:, 1]) * (1 + _sign(rng, n) * _scale(rng, -15, -3, n))
    )
    b[:, 2] = b[:, 0] + ratio * (b[:, 3] - b[:, 1])
    return np.hstack([a, b])


def disjoint(rng, n):
    return np.hstack([_any(rng, n), _any(rng, n) + 250])


def elongated(rng, n):
    x, y = rng.uniform(0, 100, n), rng.uniform(0, 100, n)
    a = _box(x, y, _scale(rng, -4, 4, n), _scale(rng, -4, 4, n))
    shift = rng.normal(size=(2, n))
    b = _box(x + shift[0], y + shift[1], _scale(rng, -4, 4, n), _scale(rng, -4, 4, n))
    return np.hstack([a, b])


def contained(rng, n):
    a = _any(rng, n)
    w, h = a[:, 2] - a[:, 0], a[:, 3] - a[:, 1]
    left, top = rng.uniform(0.01, 0.45, n), rng.uniform(0.01, 0.45, n)
    right, bottom = rng.uniform(0.55, 0.99, n), rng.uniform(0.55, 0.99, n)
    b = np.stack(
        [a[:, 0] + left * w, a[:, 1] + top * h, a[:, 0] + right * w, a[:, 1] + bottom * h], 1
    )
    swap = rng.random(n) < 0.5
    return np.where(swap[:, None], np.hstack([b, a]), np.hstack([a, b]))


def above_each_other(rng, n):
    """Concentric in x, apart in y, aspect ratios close: the aspect term alone moves an edge."""
    w, h, k = rng.uniform(1, 10, n), rng.uniform(1, 10, n), rng.uniform(1.1, 3, n)
    x = np.round(rng.uniform(-4, 4, n) * 64) / 64
    y = rng.uniform(35, 70, n)
    wide, tall = w * k, h * k * (1 + _sign(rng, n) * _scale(rng, -15, -3, n))
    return np.hstack([_box(x - w / 2, -h / 2, w, h), _box(x - wide / 2, y, wide, tall)])


def flat(rng, n):
    """Heights around 1e-7, where libraries floor them; the second half nearly identical."""
    u = rng.uniform

    def one():
        return _box(u(0, 100, n), u(0, 1e-8, n), u(1, 100, n), _scale(rng, -8, -6, n))

    a, b = one(), one()
    near = a * (1 + u(-1, 1, (n, 4)) * _scale(rng, -14, -2, n)[:, None])
    return np.hstack([a, np.where(np.arange(n)[:, None] < n // 2, b, near)])


BUILDERS = {
    "random": random,
    "near-identical": near_identical,
    "touching": touching,
    "tiny, far away": tiny_far_away,
    "equal aspect": equal_aspect,
    "disjoint": disjoint,
    "elongated": elongated,
    "contained": contained,
    "above each other": above_each_other,
    "coordinates of 1e8": lambda rng, n: random(rng, n) * 1e6,
    "coordinates of 1e-8": lambda rng, n: random(rng, n) * 1e-10,
    "1e-85": lambda rng, n: random(rng, n) * 1e-87,
    "1e80": lambda rng, n: random(rng, n) * 1e78,
    "flat": flat,
}
