"""Boundaries to many digits, as roots of the symbolic equations, and what float64 may miss."""

from __future__ import annotations

import functools

import mpmath as mp
import sympy as sp

from derivations import boundaries as derived

__all__ = ["CASES", "U", "allowed", "root"]

U = 2.0**-53
DIGITS = 100  # of cosines, of which an angle of 1e-30 leaves 40
CLOSE = mp.mpf(10) ** -25

CASES = (
    ("softmax", {}),
    ("softmax", {"own_norm": 1.5, "other_norm": 2.0, "feature_norm": 3.0}),
    ("softmax", {"own_norm": 2.0, "own_bias": 0.5, "other_bias": -0.25, "feature_norm": 4.0}),
    ("modified_softmax", {}),
    ("sphereface", {}),
    ("sphereface", {"margin": 1.0}),
    ("sphereface", {"margin": 3.0, "annealing": 5.0}),
    ("sphereface", {"margin": 1.7, "annealing": 0.5}),
    ("f_norm_sphereface", {"margin": 2.0}),
    ("cosface", {}),
    ("cosface", {"margin": 1e-9}),
    ("arcface", {}),
    ("arcface", {"margin": 1e-9}),
    ("combined_margin", {}),
    ("combined_margin", {"m1": 0.9, "m2": 0.4, "m3": 0.15}),
    ("combined_margin", {"m1": 2.0, "m2": 0.25, "m3": 0.0}),
)


@functools.cache
def sides(name: str):
    """Return the score of the class less that of the other as a function of mpmath numbers."""
    symbols = derived.SYMBOLS.get(name, {})
    equation = derived.EQUATIONS[name]
    free = [derived.theta_1, derived.theta_2, *symbols.values(), derived.k]
    given = {derived.s: 1} | ({} if name == "softmax" else {derived.x: 1})
    return sp.lambdify(free, (equation.lhs - equation.rhs).subs(given), "mpmath")


def amounts(name: str, options: dict[str, float]) -> dict[str, mp.mpf]:
    """Return every option of a loss."""
    known = derived.BOUNDARIES[name].options
    return {key: mp.mpf(options.get(key, option.default)) for key, option in known.items()}


def turns(name: str, given: dict[str, mp.mpf], theta: mp.mpf) -> int:
    """Return SphereFace's k."""
    margin = given["margin"] if "sphereface" in name else mp.mpf(0)
    return max(int(mp.ceil(margin * theta / mp.pi)) - 1, 0)


def root(name: str, theta: float, options: dict[str, float]) -> mp.mpf | None:
    """Return the root of an equation in the other angle by bisection; None if there is none."""
    with mp.workdps(DIGITS):
        given, own = amounts(name, options), mp.mpf(theta)
        k = turns(name, given, own)

        def left(other):
            return sides(name)(own, other, *given.values(), k)

        below, above = mp.mpf(0), +mp.pi
        if left(below) > 0 or left(above) < 0:  # it rises with the other angle
            return None
        while left(below) < 0 and above - below > CLOSE * above:
            middle = (below + above) / 2
            below, above = (middle, above) if left(middle) <= 0 else (below, middle)
        return below


def allowed(name: str, theta: float, other: mp.mpf, options: dict[str, float]) -> mp.mpf:
    """Return the error that roundings explain: of the two sides, of their arguments, of the rest.

    By half the other angle, whose tangent is the root of a quotient: a relative error of either
    side moves the angle by half its sine times as much.
    """
    given, own = amounts(name, options), mp.mpf(theta)
    low, high, moved = _terms(name, given, own)
    error = mp.mpf(0)
    for terms in (low, high):
        missed = 3 * U * sum(map(abs, terms)) + moved
        error += mp.sin(other) / 2 * missed / sum(terms)
    return error + 3 * U * other


def _terms(name: str, given: dict[str, mp.mpf], own: mp.mpf):
    """Return the terms of 1 less the other cosine, of 1 plus it, and the error by the argument."""
    if name == "softmax":
        own_norm, other_norm = given["own_norm"], given["other_norm"]
        biases = [
            given["own_bias"] / given["feature_norm"],
            -given["other_bias"] / given["feature_norm"],
        ]
        longer = [other_norm - own_norm]
        low = [2 * own_norm * mp.sin(own / 2) ** 2, *longer, *(-b for b in biases)]
        high = [2 * own_norm * mp.cos(own / 2) ** 2, *longer, *biases]
        return [t / other_norm for t in low], [t / other_norm for t in high], mp.mpf(0)
    if "sphereface" in name:
        margin, weight, k = given["margin"], given["annealing"], turns(name, given, own)
        left = margin * own - k * mp.pi
        low = [2 * weight * mp.sin(own / 2) ** 2, mp.mpf(2 * k), 2 * mp.sin(left / 2) ** 2]
        last = (
            [2 * mp.cos(left / 2) ** 2]
            if not k
            else [mp.mpf(2 - 2 * k), -2 * mp.sin(left / 2) ** 2]
        )
        high = [2 * weight * mp.cos(own / 2) ** 2, *last]
        moved = 2 * U * (margin * own + k * mp.pi) * abs(mp.sin(left)) / (1 + weight)
        return [t / (1 + weight) for t in low], [t / (1 + weight) for t in high], moved
    factor, shift, drop = _combined(name, given)
    moved = factor * own + shift
    low, high = [2 * mp.sin(moved / 2) ** 2, drop], [2 * mp.cos(moved / 2) ** 2, -drop]
    return low, high, 2 * U * moved * abs(mp.sin(moved))


def _combined(name: str, given: dict[str, mp.mpf]) -> list[mp.mpf]:
    about = derived.BOUNDARIES[name]
    values = {about.options[key].constant: value for key, value in given.items()} | about.fixed
    return [mp.mpf(values[constant]) for constant in ("m1", "m2", "m3")]
