"""Annealing schedules of margin losses: what a counter of iterations makes of λ, β or a bias.

A margin is hard to train from the start. Published code therefore mixes the target's logit with
the plain one, ``(λ cos θ + ψ(θ))/(1 + λ)``, and lowers λ as iterations go by; or it lets the margin
itself grow. Every schedule is a pure function of the counter, one of `FORMS`, and its published
numbers are data, `SCHEDULES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from types import MappingProxyType
from typing import Any

import numpy as np

from refloss.losses.checks import choice, known_name
from refloss.run.arrays import Adopted, adopt

__all__ = ["FORMS", "SCHEDULES", "Schedule", "annealing"]


@dataclass(frozen=True)
class Schedule:
    """A schedule with its numbers; None where its source gives none.

    Attributes
    ----------
    form : str
        One of `FORMS`: the formula.
    base : float or None
        What the formula starts from.
    gamma : float or None
        Speed, by iteration.
    power : float or None
        Exponent, where the formula has one.
    least, most : float
        Bounds of the result; `least` first, as the code does, should they cross.
    first : int
        The counter at the first forward pass: 1 where it is incremented before it is used. It goes
        up with every forward pass in training, in most of the code in evaluation too.
    source : str
        Who trains with these numbers.
    """

    form: str
    base: float | None = None
    gamma: float | None = None
    power: float | None = None
    least: float = -math.inf
    most: float = math.inf
    first: int = 1
    source: str = ""


def _power(it: np.ndarray, base: float, gamma: float, power: float) -> np.ndarray:
    """Return base (1 + gamma it)^-power."""
    return base / (1.0 + gamma * it) ** power


def _exponential(it: np.ndarray, base: float, gamma: float) -> np.ndarray:
    """Return base gamma^it."""
    return base * gamma**it


def _bias(it: np.ndarray, base: float, gamma: float, power: float) -> np.ndarray:
    """Return base + (1 + gamma it)^power - 1."""
    return base + np.expm1(power * np.log1p(gamma * it))


@dataclass(frozen=True)
class _Form:
    formula: str
    of: Callable[..., np.ndarray]
    amounts: tuple[str, ...]


_FORMS = {
    "power": _Form("base (1 + gamma it)^-power", _power, ("base", "gamma", "power")),
    "exponential": _Form("base gamma^it", _exponential, ("base", "gamma")),
    "bias": _Form("base + (1 + gamma it)^power - 1", _bias, ("base", "gamma", "power")),
}

FORMS: Mapping[str, str] = MappingProxyType({name: form.formula for name, form in _FORMS.items()})
"""Formulas by name; a result is then at least ``least`` and at most ``most``."""

SCHEDULES: Mapping[str, Schedule] = MappingProxyType(
    {
        "l_softmax": Schedule(
            "power",
            base=1000.0,
            gamma=2.5e-5,
            power=35.0,
            least=0.0,
            source="wy1iu/LargeMargin_Softmax_Loss, README",
        ),
        "l_softmax_proto": Schedule(
            "power",
            base=1.0,
            gamma=0.0,
            power=1.0,
            least=0.0,
            source="wy1iu/LargeMargin_Softmax_Loss, defaults of caffe.proto: λ stays 1",
        ),
        "sphereface": Schedule(
            "power",
            base=1000.0,
            gamma=0.12,
            power=1.0,
            least=5.0,
            source="wy1iu/sphereface, sphereface_model.prototxt; ronghuaiyang SphereProduct",
        ),
        "clcarwin": Schedule(
            "power",
            base=1500.0,
            gamma=0.1,
            power=1.0,
            least=5.0,
            source="clcarwin/sphereface_pytorch, AngleLoss",
        ),
        "amirhfarzaneh": Schedule(
            "exponential",
            base=100.0,
            gamma=0.99,
            least=0.0,
            first=0,
            source="amirhfarzaneh/lsoftmax-pytorch, LSoftmaxLinear: β",
        ),
        "happynear": Schedule(
            "bias",
            first=0,
            source="happynear/caffe-windows, LabelSpecificAddLayer: added to cos θ",
        ),
    }
)
"""Published schedules by name."""


def annealing(iteration: object, schedule: str | Schedule, **amounts: float) -> Any:
    """Return what a schedule gives at an iteration.

    Parameters
    ----------
    iteration : int or integer array of any shape
        The counter when it is used. The k-th forward pass, k = 1, 2, …, is at ``first + k - 1``,
        with `Schedule.first` of the schedule.
    schedule : str or Schedule
        A name of `SCHEDULES`, or numbers of one's own.
    **amounts
        ``base``, ``gamma``, ``power``, ``least`` and ``most``, in place of the schedule's.

    Returns
    -------
    float or float64 array
        λ of ``(λ cos θ + ψ(θ))/(1 + λ)``; for the form ``bias``, what is added to ``cos θ``.

    Raises
    ------
    TypeError
        If `iteration` is no integer, or an amount no number.
    ValueError
        If an iteration is negative, a name does not exist, or an amount is missing, has no place
        in the formula, or lies where the formula has no meaning.

    Notes
    -----
    ============= ===========================================
    form          before ``least`` and ``most``
    ============= ===========================================
    power         ``base (1 + gamma it)^-power``
    exponential   ``base gamma^it``
    bias          ``base + (1 + gamma it)^power - 1``
    ============= ===========================================

    References
    ----------
    Liu, Wen, Yu, Yang: Large-margin softmax loss for convolutional neural networks, ICML 2016,
    section 5.1; the code that `SCHEDULES` names.

    Examples
    --------
    >>> import numpy as np
    >>> round(annealing(100, "sphereface"), 1), round(annealing(100, "clcarwin"), 1)
    (76.9, 136.4)
    >>> annealing(np.array([0, 10**6]), "happynear", base=0.0, gamma=1e-5, power=-1.0, least=-0.35)
    array([ 0.  , -0.35])
    """
    plan = _planned(schedule, amounts)
    form = _FORMS[plan.form]
    counter = _counter(iteration)
    it = counter.array.astype(np.float64)
    numbers = (getattr(plan, name) for name in form.amounts)
    with np.errstate(over="ignore", under="ignore"):  # what leaves the range has bounds too
        values = form.of(it, *numbers)
    bounded = np.minimum(np.maximum(values, plan.least), plan.most)
    return counter.give_back(np.asarray(bounded))


def _planned(schedule: str | Schedule, amounts: Mapping[str, float]) -> Schedule:
    """Return a schedule with amounts put in, checked."""
    start = schedule
    if not isinstance(start, Schedule):
        start = choice("schedule", schedule, SCHEDULES)
    form = choice("schedule: form", start.form, _FORMS)
    for name in amounts:
        known_name("amount", name, (*form.amounts, "least", "most"))
    plan = replace(start, **amounts)
    for name in (*form.amounts, "least", "most"):
        _number(plan, name, form)
    if plan.least > plan.most:
        raise ValueError(f"least: expected at most most = {plan.most!r}, got {plan.least!r}")
    return plan


def _number(plan: Schedule, name: str, form: _Form) -> None:
    value = getattr(plan, name)
    if value is None:
        raise ValueError(f"{name}: expected a number for {form.formula!r}, got none")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected a number, got {value!r:.60}")
    free = name in ("least", "most")
    if math.isnan(value) or (math.isinf(value) and not free):
        wanted = "a number" if free else "a finite number"
        raise ValueError(f"{name}: expected {wanted}, got {value!r}")
    if name == "gamma" and value < 0.0:
        raise ValueError(f"gamma: expected a number >= 0, got {value!r}")


def _counter(iteration: object) -> Adopted:
    """Return an iteration, or an array of them, as an array with the way back."""
    if isinstance(iteration, int) and not isinstance(iteration, bool):
        counter = Adopted(np.asarray(iteration), float)
    elif isinstance(iteration, bool | float):
        raise TypeError(f"iteration: expected an int or an array of integers, got {iteration!r}")
    else:
        counter = adopt("iteration", iteration)
    if counter.array.dtype.kind not in "iu":
        found = counter.array.dtype
        raise TypeError(f"iteration: expected an int or an array of integers, got {found}")
    negative = counter.array[counter.array < 0]
    if negative.size:
        raise ValueError(f"iteration: expected numbers >= 0, got {negative.flat[0]}")
    return counter
