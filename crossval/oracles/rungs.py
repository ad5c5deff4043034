"""One point in exact balls: its value, its gradients at every resolution of its ties, its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import ModuleType
from typing import Any

from flint import arb

from crossval.oracles.arithmetic_duals import HyperDuals
from crossval.oracles.arithmetic_exact import ExactBalls
from crossval.oracles.arithmetic_jets import TaylorJets
from crossval.oracles.packing import Columns, Packing, flat
from crossval.oracles.ties import Ties, Undecided

__all__ = [
    "TIES",
    "Point",
    "Pointwise",
    "TwoFloats",
    "derived",
    "evaluate",
    "lifted",
    "run",
    "two_floats",
    "value_of",
]

TIES = 6
"""Most ties of one point that are resolved in every way (2**6 gradients); more stay undecided."""

ACCEPT = arb(2) ** -30
BEYOND = arb(2) ** 1024 - arb(2) ** 970  # rounds to infinity, as does everything above

TwoFloats = tuple[float, float, float]


def two_floats(x: arb) -> TwoFloats | None:
    """Return (hi, lo, radius) of a ball, or None if it is too wide.

    The ball lies within the radius of hi + lo.  Accepted are balls of radius at most 2**-30 ulp
    of float64, the ulp floored at the smallest subnormal, and balls that lie entirely beyond the
    largest float64 (infinity).
    """
    if not x.is_finite() or abs(x) > BEYOND:
        return (math.copysign(math.inf, float(x.mid())), 0.0, 0.0) if _beyond(x) else None
    hi = float(x.mid())
    if math.isinf(hi):
        return None
    rest = x - hi
    if rest == 0:
        return hi, 0.0, 0.0
    if rest.rad() > ACCEPT * arb(math.ulp(hi)):
        return None
    lo, radius = float(rest.mid()), float(rest.rad())
    return hi, lo, math.nextafter(radius + abs(lo) * 2.0**-52, math.inf)


def _beyond(x: arb) -> bool:
    return bool(x > BEYOND or x < -BEYOND)


@dataclass(frozen=True)
class Point:
    """An exact input of a program.

    Attributes
    ----------
    columns : list of arb
        The inputs.
    upstream : arb
        Factor of every derivative.
    constants : dict
        Run-time constants by name.
    direction : list of arb, optional
        Outer direction of the Hessian-vector product, if one is wanted.
    every_order : bool
        As for `HyperDuals`.
    row : int
        Which row it is, for `packing`.
    packing : Packing
        Columns to arguments.
    """

    columns: Sequence[arb]
    upstream: arb
    constants: Mapping[str, float]
    direction: Sequence[arb] | None = None
    every_order: bool = False
    row: int = 0
    packing: Packing = field(default_factory=Columns)

    def arguments(self, arithmetic: ExactBalls, elements: Sequence[Any]) -> list[Any]:
        """Return the arguments of a text."""
        return self.packing.arguments(self.row, arithmetic, elements)


@dataclass
class Pointwise:
    """What exact balls say at a point.

    Attributes
    ----------
    value : arb
        The loss.
    gradients, products : list of list of arb
        One gradient (and Hessian-vector product) per resolution of the ties.
    undefined : bool
        Whether a derivative that does not exist reaches the gradient.
    """

    value: arb
    gradients: list[list[arb]] = field(default_factory=list)
    products: list[list[arb]] = field(default_factory=list)
    undefined: bool = False


def lifted(arithmetic: ExactBalls, constants: Mapping[str, float]) -> dict[str, Any]:
    """Constants as exact elements of an arithmetic."""
    return {name: arithmetic.constant(arb(value)) for name, value in constants.items()}


def run(function: Any, arithmetic: ExactBalls, inputs: Sequence[Any], constants: Mapping[str, Any]):
    """Evaluate a text; a division by a ball around zero is `Undecided`.

    Parameters
    ----------
    function : callable
        ``value``, ``grad`` or ``hvp`` of a text.
    arithmetic : ExactBalls
        The arithmetic that it is evaluated in.
    inputs : sequence
        Elements of the arithmetic.
    constants : mapping of str to element
        Elements too; `lifted` makes them.
    """
    try:
        return function(arithmetic, *inputs, **constants)
    except ZeroDivisionError as error:
        raise Undecided from error
    except ValueError as error:
        # flint's words for a series that is divided by one whose value may be zero
        if "denominator" in str(error) or "power series" in str(error):
            raise Undecided from error
        raise


def value_of(text: ModuleType, point: Point) -> arb:
    """Return the loss at a point, without derivatives and hence without deciding any tie."""
    arithmetic = ExactBalls()
    constants = lifted(arithmetic, point.constants)
    inputs = point.arguments(arithmetic, point.columns)
    return arithmetic.real(run(text.value, arithmetic, inputs, constants))


def derived(text: ModuleType, point: Point) -> list[arb]:
    """Return gradient, then Hessian-vector product, as the calculus derives them in a text."""
    balls, count = ExactBalls(), len(point.columns)
    constants = lifted(balls, point.constants)
    inputs = [*point.arguments(balls, point.columns), point.upstream]
    found = flat(run(text.grad, balls, inputs, constants))[-count:]
    if point.direction:
        dots = point.packing.tangents(point.direction)
        products = run(text.hvp, balls, [*inputs, *dots], constants)
        found += flat(products if isinstance(products, tuple) else [products])
    return [balls.real(x) for x in found]


def evaluate(text: ModuleType, point: Point) -> Pointwise:
    """Value and derivatives at a point, at the precision in force.

    Raises
    ------
    Undecided
        If a comparison or a division needs more precision, or more than `TIES` ties meet.
    """
    if not point.packing.differentiable(len(point.columns)):
        count, both = len(point.columns), derived(text, point)
        return Pointwise(value_of(text, point), [both[:count]], [both[count:]])
    found, ties, met = _resolution(text, point, (), arb(0))
    if met:
        settled = _resolution(text, point, (), arb("nan"))[0]
        found.undefined = not all(x.is_finite() for x in settled.gradients[0])
    if ties > TIES:
        if found.undefined:
            return found
        raise Undecided
    for bits in list(product((False, True), repeat=ties))[1:]:
        other = _resolution(text, point, bits, arb(0))[0]
        found.gradients += other.gradients
        found.products += other.products
    return found


def _resolution(
    text: ModuleType, point: Point, bits: tuple[bool, ...], undefined: arb
) -> tuple[Pointwise, int, bool]:
    """One gradient, by one forward evaluation per input; with the ties and whether 0/0 was met."""

    def kind(ties: Ties) -> Any:
        if point.direction:
            return HyperDuals(ties, undefined, point.every_order)
        return TaylorJets(ties, undefined)

    plain = kind(Ties())
    constants = lifted(plain, point.constants)
    outer = (
        [(slope,) for slope in point.direction] if point.direction else [()] * len(point.columns)
    )
    still = [plain.variable(x, 0, *slope) for x, slope in zip(point.columns, outer, strict=True)]
    gradient, products = [], []
    for i, (x, slope) in enumerate(zip(point.columns, outer, strict=True)):
        arithmetic = kind(Ties(bits))
        elements = [*still[:i], arithmetic.variable(x, 1, *slope), *still[i + 1 :]]
        inputs = point.arguments(arithmetic, elements)
        result = arithmetic.lift(run(text.value, arithmetic, inputs, constants))
        gradient.append(point.upstream * result[1])
        if point.direction:
            products.append(point.upstream * result.du[1])
    found = Pointwise(result[0], [gradient], [products])
    return found, arithmetic.ties.count, arithmetic.met_undefined
