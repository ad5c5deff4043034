"""Minimax polynomials by the exchange algorithm of Remez.

All numbers are midpoints of balls, so that comparisons are decided. Nothing is proved here:
`certify` bounds the distance of whatever polynomial comes out. So the exchange works on a fixed
grid of points and stops after some rounds.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from flint import arb, arb_mat, arb_poly, fmpq, fmpq_poly

from refloss.symbolic.elementary.formats import rational

ROUNDS = 24
#: Points of the grid for each sign change of the error.
DENSITY = 24


@dataclass(frozen=True)
class Problem:
    """Approximate `target` on an interval, the error weighted by a power of the argument.

    Parameters
    ----------
    target : fmpq_poly
        The function, as a polynomial that is as good as exact.
    low, high : fmpq
        The interval.
    degree : int
        Degree of the approximation.
    weight : int
        The error counts ``|x|**weight`` times.
    """

    target: fmpq_poly
    low: fmpq
    high: fmpq
    degree: int
    weight: int

    @cached_property
    def grid(self) -> list[arb]:
        """Points that are dense at the ends, as Chebyshev's are."""
        count = DENSITY * (self.degree + 2)
        middle, half = arb(self.low + self.high) / 2, arb(self.high - self.low) / 2
        return [
            (middle - half * arb(fmpq(2 * i + 1, 2 * count)).cos_pi()).mid() for i in range(count)
        ]

    def weights(self, first: int) -> list[arb]:
        """Return the weight at every point of the grid, with the sign of ``x**first``.

        Where the free powers begin at `first`, it is the error over ``x**first`` that alternates.
        """
        return [(abs(x) ** self.weight * x.sgn() ** first).mid() for x in self.grid]

    @cached_property
    def targets(self) -> list[arb]:
        """The function at every point of the grid."""
        polynomial = arb_poly(self.target)
        return [polynomial(x).mid() for x in self.grid]


def minimax(problem: Problem, fixed: list[fmpq]) -> list[fmpq]:
    """Return the coefficients of the best polynomial whose first coefficients are `fixed`."""
    free = problem.degree + 1 - len(fixed)
    nodes = _spread(len(problem.grid), free + 1)
    head = arb_poly(fixed or [0])
    weights = problem.weights(len(fixed))
    wanted = [t - head(x) for t, x in zip(problem.targets, problem.grid, strict=True)]
    found: list[tuple[arb, list[arb]]] = []
    for _ in range(ROUNDS):
        best = _levelled(problem, weights, wanted, nodes, len(fixed))
        errors = _errors(problem, weights, wanted, best, len(fixed))
        found.append((max(map(abs, errors)), best))
        moved = _exchanged(errors, nodes)
        if moved == nodes:
            break
        nodes = moved
    best = min(found, key=itemgetter(0))[1]
    return [*fixed, *(rational(c) for c in best)]


def _spread(points: int, count: int) -> list[int]:
    """Return first nodes: even, but not symmetric, for then an even weight gives equal rows."""
    return [(5 * i + 2) * points // (5 * count) for i in range(count)]


def _levelled(
    problem: Problem, weights: list[arb], wanted: list[arb], nodes: list[int], first: int
) -> list[arb]:
    """Return the coefficients whose weighted errors at `nodes` are equal and alternate."""
    rows, free = [], len(nodes) - 1
    for sign, i in enumerate(nodes):
        x = problem.grid[i]
        rows.append([x ** (first + j) for j in range(free)] + [(-1) ** sign / weights[i]])
    right = arb_mat([[wanted[i]] for i in nodes])
    solution = arb_mat(rows).solve(right)
    return [solution[j, 0].mid() for j in range(free)]


def _errors(
    problem: Problem, weights: list[arb], wanted: list[arb], best: list[arb], first: int
) -> list[arb]:
    polynomial = arb_poly(best)
    return [
        (w * (t - x**first * polynomial(x))).mid()
        for w, t, x in zip(weights, wanted, problem.grid, strict=True)
    ]


def _exchanged(errors: list[arb], nodes: list[int]) -> list[int]:
    """Return better nodes: each moved to the peak of its run of one sign, and the largest error.

    The errors at `nodes` alternate and are no smaller at their peaks, so the level cannot fall.
    """
    moved = [max(_run(errors, i), key=lambda j: abs(errors[j])) for i in nodes]
    worst = max(range(len(errors)), key=lambda j: abs(errors[j]))
    if worst in moved:
        return moved
    place = bisect(moved, worst)
    alike = [i for i in (place - 1, place) if 0 <= i < len(moved)]
    alike = [i for i in alike if (errors[moved[i]] > 0) == (errors[worst] > 0)]
    if alike:
        moved[alike[0]] = worst
        return moved
    return [worst, *moved[:-1]] if place == 0 else [*moved[1:], worst]


def _run(errors: list[arb], i: int) -> range:
    """Return the places around `i` whose errors have its sign."""
    low = high = i
    while low > 0 and (errors[low - 1] > 0) == (errors[i] > 0):
        low -= 1
    while high + 1 < len(errors) and (errors[high + 1] > 0) == (errors[i] > 0):
        high += 1
    return range(low, high + 1)
