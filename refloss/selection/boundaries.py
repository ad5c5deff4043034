"""Where a margin loss parts two classes: its decision boundary as a function of the angle.

The equations are those of ``derivations/boundaries.py``, solved and printed there; this module
runs the printed text. A class's boundary gives the angle from the *other* weight at which the score
of the class, lowered by the margin, equals that of the other. The boundary of class 1 maps θ₁ to
θ₂; that of class 2 is the same function from θ₂ to θ₁, with norms and biases exchanged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from refloss import kernels
from refloss.losses.checks import choice, floating, known_name
from refloss.run.arrays import Adopted, adopt
from refloss.run.rounding import narrow, widen

__all__ = ["angular_margin", "boundary_losses", "boundary_range", "decision_boundary"]


@lru_cache(1)
def boundary_losses() -> Mapping[str, Any]:
    """Return what is known of every loss with a boundary, by name.

    Returns
    -------
    mapping of str to mapping
        ``title``, ``equation`` and its solution ``cosine`` in LaTeX, ``options`` with defaults and
        bounds, ``shared`` where both classes have the same boundary, ``source``. Read-only.
    """
    index = Path(kernels.__file__).parent / "boundaries" / "index.json"
    return json.loads(index.read_text(encoding="utf-8"), object_hook=MappingProxyType)


def decision_boundary(theta: object, loss: str, **options: float) -> Any:
    """Return the angle from the other class's weight on the decision boundary of a class.

    Parameters
    ----------
    theta : float or array of any shape
        Angles between the feature and the class's own weight, in radians from 0 to π. Formats are
        those of the losses.
    loss : str
        A name of `boundary_losses`.
    **options
        ===================== =================================================================
        ``sphereface``        ``margin`` = 4, at least 1; ``annealing`` = 0, λ of
                              ``(λ cos θ + ψ(θ))/(1 + λ)``. ``f_norm_sphereface`` is the same.
        ``cosface``           ``margin`` = 0.35
        ``arcface``           ``margin`` = 0.5, in radians
        ``combined_margin``   ``m1`` = 1, ``m2`` = 0.3, ``m3`` = 0.2
        ``softmax``           ``own_norm``, ``other_norm``, ``feature_norm`` = 1;
                              ``own_bias``, ``other_bias`` = 0
        ``modified_softmax``  none
        ===================== =================================================================

    Returns
    -------
    float or array of the shape and format of `theta`
        From 0 to π. NaN where there is no boundary: the class's score is below every score of the
        other class, or above all of them.

    Raises
    ------
    TypeError
        If `theta` is not floating-point, or an option no number.
    ValueError
        If an angle is not from 0 to π, a name does not exist, or an option is out of its bounds.

    Notes
    -----
    The score of the class is ``cos θ`` for ``modified_softmax``, ``cos θ - m`` for ``cosface``,
    ``cos(θ + m)`` for ``arcface``, ``cos(m1 θ + m2) - m3`` for ``combined_margin``; the other is
    ``cos θ'``. SphereFace has ``ψ(θ) = (-1)^k cos(m θ) - 2k`` with ``k = ⌈m θ/π⌉ - 1``, so that
    ``θ' = m θ`` for ``θ ≤ π/m`` and, without annealing, there is none beyond. ArcFace has
    ``θ' = θ + m`` for ``θ ≤ π - m``; beyond, its score rises again, and ``2π - θ - m`` solves the
    equation. `boundary_range` gives the angles before that. Computed in float64; errors are a few
    units in the last place, and those of the score near an end, where the curve is upright.

    References
    ----------
    Deng, Guo, Xue, Zafeiriou: ArcFace, arXiv 1801.07698v1, table 1.

    Examples
    --------
    >>> round(decision_boundary(0.5, "arcface", margin=0.25), 12)
    0.75
    >>> decision_boundary(1.0, "sphereface")
    nan
    """
    asked, angles = _asked(loss, options), _angles(theta)
    return angles.give_back(asked.other(angles.array))


def angular_margin(theta: object, loss: str, **options: float) -> Any:
    """Return how far the boundaries of the two classes are apart, as an angle.

    With the feature between the two weights, in their plane, and class 1's boundary at the angle
    `theta` from weight 1, class 2's boundary is by that much further from weight 1. ArcFace's is
    its m everywhere; SphereFace's is ``(m - 1) θ``, which grows with the angle of the weights.

    Parameters
    ----------
    theta, loss, **options
        As for `decision_boundary`.

    Returns
    -------
    float or array of the shape and format of `theta`
        ``decision_boundary(theta) - theta``, NaN where there is no boundary; 0 for ``softmax`` and
        ``modified_softmax``, whose boundary is the same for both classes.

    Examples
    --------
    >>> round(angular_margin(1.0, "arcface"), 12)
    0.5
    >>> angular_margin(1.0, "softmax", own_norm=1.5)
    0.0
    """
    asked, angles = _asked(loss, options), _angles(theta)
    own = angles.array
    other = asked.other(own)
    return angles.give_back(np.where(np.isnan(other), np.nan, 0.0) if asked.shared else other - own)


def boundary_range(loss: str, **options: float) -> tuple[float, float]:
    """Return the angles from the own weight between which a class has a boundary that rises.

    Parameters
    ----------
    loss, **options
        As for `decision_boundary`.

    Returns
    -------
    low, high : float
        Both have a boundary. (NaN, NaN) if there is none, for a margin that no angle meets.

    Notes
    -----
    High is ``π/m`` for SphereFace, ``π - m`` for ArcFace, ``arccos(m - 1)`` for CosFace; low is
    above 0 only for a softmax whose class leads by its bias or its norm.

    Examples
    --------
    >>> low, high = boundary_range("sphereface", margin=3.0)
    >>> round(low, 12), round(math.degrees(high), 12)
    (0.0, 60.0)
    """
    asked = _asked(loss, options)
    low, high = 0.0, float(asked.text.last(*asked.constants))
    if asked.excess(low) < 0.0 or asked.lack(high) < 0.0:
        return math.nan, math.nan
    return _crossing(asked.lack, high, low), _crossing(asked.excess, low, high)


def _crossing(side: Callable[[float], float], held: float, wanted: float) -> float:
    """Return the number nearest to `wanted` where a monotone side, which is at `held`, is >= 0."""
    if side(wanted) >= 0.0:
        return wanted
    while (middle := 0.5 * (held + wanted)) not in (held, wanted):
        held, wanted = (middle, wanted) if side(middle) >= 0.0 else (held, middle)
    return held


@dataclass(frozen=True)
class _Asked:
    """A boundary with every number decided."""

    text: Any
    constants: tuple[float, ...]
    shared: bool

    def other(self, theta: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            lack, excess, angle = self.text.value(theta, *self.constants)
            return np.where((lack >= 0.0) & (excess >= 0.0), angle, np.nan)

    def lack(self, theta: float) -> float:
        return float(self.text.value(theta, *self.constants)[0])

    def excess(self, theta: float) -> float:
        return float(self.text.value(theta, *self.constants)[1])


def _asked(loss: str, options: Mapping[str, float]) -> _Asked:
    entry = choice("loss", loss, boundary_losses())
    for name, value in options.items():
        known_name(f"{loss}: option", name, entry["options"])
        _within(f"{loss}: {name}", value, entry["options"][name])
    values = {
        option["constant"]: float(options.get(name, option["default"]))
        for name, option in entry["options"].items()
    }
    text = import_module(f"{kernels.__name__}.boundaries.{entry['program']}")
    values |= entry["fixed"]
    return _Asked(text, tuple(values[name] for name in text.CONSTANTS), entry["shared"])


def _within(argument: str, value: object, option: Mapping[str, Any]) -> None:
    """Require a finite number within the bounds of an option."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument}: expected a number, got {value!r:.60}")
    least, most = option.get("least", -math.inf), option.get("most", math.inf)
    above = option.get("above", -math.inf)
    if math.isfinite(value) and least <= value <= most and above < value:
        return
    bounds = [f"{sign} {option[key]:g}" for key, sign in _BOUNDS.items() if key in option]
    wanted = " ".join(["a finite number", " and ".join(bounds)]).strip()
    raise ValueError(f"{argument}: expected {wanted}, got {value!r}")


_BOUNDS = {"least": ">=", "above": ">", "most": "<="}


def _angles(theta: object) -> Adopted:
    """Return angles in float64, with the way back to the caller's format and library."""
    if isinstance(theta, int | float) and not isinstance(theta, bool):
        given = Adopted(np.asarray(theta, np.float64), float)
    else:
        given = adopt("theta", theta)
        floating("theta", given.array)
    array = given.array
    wide = np.empty(array.shape)
    with np.errstate(all="ignore"):
        widen(wide, array)
        half_turn = max(math.pi, float(np.asarray(math.pi).astype(array.dtype)))
    outside = wide[(wide < 0.0) | (wide > half_turn)]
    if outside.size:
        raise ValueError(f"theta: expected angles from 0 to pi, got {outside.flat[0]:.17g}")
    wide = np.minimum(wide, math.pi)  # where a format rounds pi up, that number stands for it

    def give_back(result: np.ndarray) -> Any:
        out = np.empty_like(array, subok=False, shape=array.shape)
        with np.errstate(all="ignore"):
            narrow(out, np.asarray(result))
        return given.give_back(out)

    return Adopted(wide, give_back)
