"""Joint losses: named losses with weights, whose gradients by shared inputs add up.

Softmax and center loss, softmax and triplets: training code adds what single losses give. Nothing
is computed here but that sum. A term is a public loss with its own arguments; what it calls an
input can have another name, or be some rows of an array, whose gradient then goes back to them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.base import Loss
from refloss.run.arrays import adopt
from refloss.run.class_sums import ROWS, ClassSums
from refloss.run.rounding import narrow, widened

__all__ = ["Joint", "Rows", "Term"]

_REDUCED = {"mean": None, "sum": None}
_OWN = ("upstream", "wrt", "direction")


@dataclass(frozen=True)
class Rows:
    """Some rows of an array, in the place of an input.

    Attributes
    ----------
    name : str
        The array's.
    at : array of integers
        Which rows; any may come several times, as the anchors of triplets do.
    """

    name: str
    at: Any


@dataclass(frozen=True)
class Term:
    """A loss in a sum.

    Attributes
    ----------
    loss : Loss
        A public loss, such as ``refloss.cross_entropy``.
    weight : float
        What it is multiplied by.
    inputs : mapping of str to str or Rows
        Which array the loss's inputs are, where it is not the one of the same name.
    options : mapping
        Further arguments of the loss; ``reduction`` is ``"mean"`` unless it is given.
    """

    loss: Loss
    weight: float = 1.0
    inputs: Mapping[str, str | Rows] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str, ...]:
        """What the loss calls its inputs, in order."""
        parameters = inspect.signature(self.loss).parameters.values()  # type: ignore[arg-type]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return tuple(p.name for p in parameters if p.kind is kind)

    @property
    def places(self) -> dict[str, Rows]:
        """Every input's array, and which rows of it, None for all."""
        given = {name: self.inputs.get(name, name) for name in self.named}
        return {
            n: each if isinstance(each, Rows) else Rows(each, None) for n, each in given.items()
        }


class Joint:
    """A sum of named losses with weights, callable, with gradients and Hessian-vector products.

    Parameters
    ----------
    **terms : Term
        By a name of one's own.

    Raises
    ------
    TypeError
        If there is none, or one is no `Term` of a loss, or has arguments that belong to the sum.
    ValueError
        If a weight is not finite, an input does not exist, or a reduction is not one number.

    Notes
    -----
    Every term's value and gradients are those of its loss, rounded to the inputs' format; they are
    weighted and added up in float64 and rounded once more. Gradients that come back to the rows of
    one array are added up in the order of the rows.

    Examples
    --------
    >>> import numpy as np, refloss
    >>> joint = refloss.Joint(
    ...     softmax=refloss.Term(refloss.cross_entropy),
    ...     center=refloss.Term(refloss.center, 0.5),
    ... )
    >>> x, centers = np.array([[1.0, 3.0]]), np.zeros((2, 2))
    >>> logits, target = np.zeros((1, 2)), np.array([1])
    >>> value, gradient = joint.value_and_grad(logits=logits, x=x, centers=centers, target=target)
    >>> round(float(value), 4)
    3.1931
    >>> sorted(gradient), gradient["x"].tolist()
    (['centers', 'logits', 'x'], [[0.5, 1.5]])
    """

    def __init__(self, **terms: Term) -> None:
        if not terms:
            raise TypeError("Joint: expected at least one term by name, got none")
        for name, term in terms.items():
            _require_term(name, term)
        self.terms: Mapping[str, Term] = MappingProxyType(dict(terms))

    @property
    def arrays(self) -> tuple[str, ...]:
        """The names of the arrays that a call takes."""
        places = (place.name for term in self.terms.values() for place in term.places.values())
        return tuple(dict.fromkeys(places))

    def __call__(self, **arrays: Any) -> Any:
        """Return the sum: shape ``()``, in the library and format of the first array.

        Parameters
        ----------
        **arrays : array
            Every one of `arrays`, by name.

        Raises
        ------
        TypeError, ValueError
            As the losses raise; or if an array is missing or unknown, or rows do not exist.
        """
        values = self.values(**arrays)
        return self._sum(arrays, [self.terms[n].weight * _number(v) for n, v in values.items()])

    def values(self, **arrays: Any) -> dict[str, Any]:
        """Return every term's own value, without its weight, by its name."""
        self._require(arrays)
        return {n: self._called(term, term.loss, arrays) for n, term in self.terms.items()}

    def grad(self, *, wrt: str | Sequence[str] | None = None, **arrays: Any) -> dict[str, Any]:
        """Return the gradient of the sum, as `value_and_grad` does."""
        return self.value_and_grad(wrt=wrt, **arrays)[1]

    def value_and_grad(
        self, *, wrt: str | Sequence[str] | None = None, **arrays: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Return the sum and its gradient.

        Parameters
        ----------
        wrt : name or several, optional
            Arrays to differentiate by; all that a loss has a gradient by without it.
        **arrays : array
            As for the sum itself.

        Returns
        -------
        value : array of shape ()
        gradient : dict of str to array
            One entry an array, of its shape, format and library.
        """
        self._require(arrays)
        values, slopes = [], _Slopes(arrays)
        for term in self.terms.values():
            value, found = self._called(term, term.loss.value_and_grad, arrays)  # type: ignore[attr-defined]
            values.append(term.weight * _number(value))
            slopes.add(term, found)
        return self._sum(arrays, values), slopes.result(wrt)

    def hvp(
        self,
        *,
        direction: Mapping[str, Any],
        wrt: str | Sequence[str] | None = None,
        **arrays: Any,
    ) -> dict[str, Any]:
        """Return the Hessian-vector product: the derivative of `grad` along a direction.

        Parameters
        ----------
        direction : mapping of str to array
            By name of array, of its shape and format; zero where it is not given.
        wrt, **arrays
            As for `value_and_grad`.
        """
        self._require(arrays)
        for name in direction:
            checks.known_name("direction", name, self.arrays)
        slopes = _Slopes(arrays)
        for term in self.terms.values():
            moves = {
                name: _taken(f"direction[{place.name!r}]", direction[place.name], place)
                for name, place in term.places.items()
                if place.name in direction
            }
            if moves:
                run = term.loss.hvp  # type: ignore[attr-defined]
                slopes.add(term, self._called(term, run, arrays, direction=moves))
        return slopes.result(wrt)

    @staticmethod
    def _called(term: Term, run: Any, arrays: Mapping[str, Any], **more: Any) -> Any:
        given = {
            n: _taken(place.name, arrays[place.name], place) for n, place in term.places.items()
        }
        return run(**given, **{"reduction": "mean", **term.options}, **more)

    def _require(self, arrays: Mapping[str, Any]) -> None:
        known = self.arrays
        for name in arrays:
            checks.known_name("Joint: array", name, known)
        if missing := [name for name in known if name not in arrays]:
            raise TypeError(f"Joint: expected {', '.join(known)}; got no {missing[0]}")

    def _sum(self, arrays: Mapping[str, Any], values: Sequence[float]) -> Any:
        """Return the sum of numbers in the format and library of the first array that has one."""
        adopted = (adopt(name, arrays[name]) for name in self.arrays)
        first = next(each for each in adopted if each.array.dtype.kind not in "iub")
        out = np.empty((), first.array.dtype.newbyteorder("="))
        finite = all(map(math.isfinite, values))
        with np.errstate(all="ignore"):
            narrow(out, np.array(math.fsum(values) if finite else sum(values)))
        return first.give_back(out)


class _Slopes:
    """Weighted gradients so far, by name of array, in float64."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays, self._sums = arrays, {}

    def add(self, term: Term, found: Mapping[str, Any]) -> None:
        """Add a term's gradients by its own names."""
        for name, gradient in found.items():
            place = term.places[name]
            array = widened(adopt(name, gradient).array)
            shape = adopt(place.name, self._arrays[place.name]).array.shape
            whole = array if place.at is None else _returned(array, place, shape)
            total = self._sums.setdefault(place.name, np.zeros(shape))
            with np.errstate(all="ignore"):
                total += term.weight * whole

    def result(self, wrt: str | Sequence[str] | None) -> dict[str, Any]:
        """Return what was added up, rounded once."""
        names = tuple(self._sums)
        wanted = names if wrt is None else checks.wanted_gradients(wrt, names)
        return {name: self._rounded(name) for name in wanted}

    def _rounded(self, name: str) -> Any:
        like = adopt(name, self._arrays[name])
        out = np.empty(like.array.shape, like.array.dtype.newbyteorder("="))
        with np.errstate(all="ignore"):
            narrow(out, self._sums[name])
        return like.give_back(out)


def _require_term(name: str, term: object) -> None:
    if not isinstance(term, Term) or not isinstance(term.loss, Loss):
        raise TypeError(f"{name}: expected a Term of a loss of refloss, got {term!r:.60}")
    if isinstance(term.weight, bool) or not isinstance(term.weight, int | float):
        raise TypeError(f"{name}: weight: expected a number, got {term.weight!r:.60}")
    if not math.isfinite(term.weight):
        raise ValueError(f"{name}: weight: expected a finite number, got {term.weight!r}")
    for each in term.inputs:
        checks.known_name(f"{name}: inputs", each, term.named)
    for each in _OWN:
        if each in term.options:
            raise TypeError(f"{name}: options: {each} is an argument of the sum, not of a term")
    checks.choice(f"{name}: reduction", term.options.get("reduction", "mean"), _REDUCED)


def _number(value: Any) -> float:
    """Return a loss's value as a float."""
    return float(widened(adopt("value", value).array.reshape(1))[0])


def _taken(name: str, value: Any, place: Rows) -> Any:
    """Return the rows of an array, in its library; the array itself where all are meant."""
    if place.at is None:
        return value
    adopted, at = adopt(name, value), _places(place)
    items = len(adopted.array) if adopted.array.ndim else 0
    wrong = (at < 0) | (at >= items)
    if wrong.any():
        raise ValueError(
            f"{place.name}: expected rows from 0 to {items - 1}, got {at[wrong][0]} at "
            f"{int(wrong.argmax())}"
        )
    return adopted.give_back(adopted.array[at])


def _places(place: Rows) -> np.ndarray:
    array = adopt(f"rows of {place.name}", place.at).array
    if array.dtype.kind not in "iu" or array.ndim != 1:
        words = f"{array.dtype} of shape {array.shape}"
        raise TypeError(f"rows of {place.name}: expected integers of shape (n,), got {words}")
    return array.astype(np.int64)


def _returned(array: np.ndarray, place: Rows, shape: tuple[int, ...]) -> np.ndarray:
    """Return gradients by rows as one by the array that they are of."""
    at, width = _places(place), math.prod(shape[1:])
    flat, sums = array.reshape(len(array), width), ClassSums.of(shape[0], width)
    for start in range(0, len(at), ROWS):
        sums.add(at[start : start + ROWS], flat[start : start + ROWS])
    return sums.result().reshape(shape)
