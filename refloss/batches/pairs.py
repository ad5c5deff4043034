"""Losses of all pairs of a batch: embeddings and labels instead of given pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refloss.batches.tuples import TupleProblem, Tuples
from refloss.losses import checks, element_checks
from refloss.losses.backends import backend_of, checked
from refloss.losses.base import Loss, Problem
from refloss.losses.batches import of_batch
from refloss.losses.head_checks import memory as budget
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.spec import AxisValue, resolve
from refloss.run.arrays import adopt
from refloss.run.kernels import library
from refloss.selection import Pairs, all_pairs
from refloss.selection.checks import labels as labels_of
from refloss.selection.distances import MEMORY

__all__ = ["PairBatch", "contrastive_batch"]

_NAN = {"propagate": False, "raise": True}


class PairBatch(Loss):
    """A loss of pairs, of all pairs of a batch, or of those that were mined.

    Parameters
    ----------
    loss : str
        The loss of given pairs.

    Notes
    -----
    Called with embeddings ``x`` of shape ``(N, D)`` and integer labels ``target``, one each, it is
    the loss of given pairs of the rows of ``x``, with its axes and presets: two rows are of one
    kind if their labels are equal. Pairs are gathered as many at a time as `memory` allows,
    computed in float64, and their gradients added up by row before they are rounded once. What a
    mean divides by is of the whole batch, however pairs are gathered.

    A batch of one embedding has no pair: its mean is what ``empty`` says, its sum 0, and its
    gradient 0 or NaN accordingly. A batch of one class has no pair of two kinds, one of all
    different classes none of one kind: what there is none of adds nothing to a sum, and to separate
    means what ``empty`` says.

    Examples
    --------
    >>> import numpy as np, refloss
    >>> x = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.5]])
    >>> refloss.contrastive_batch(x, np.array([0, 0, 1]))
    array([12.5  ,  0.125,  0.   ])
    """

    kind = "loss of all pairs"

    def __init__(self, loss: str):
        super().__init__(loss)
        self.__name__ = f"{loss}_batch"

    def __call__(
        self,
        x: Any,
        target: Any,
        *,
        pairs: Pairs | None = None,
        order: str = "unordered",
        preset: str | None = None,
        reduction: str = "none",
        memory: int = MEMORY,
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        **named: AxisValue,
    ) -> Any:
        """Return the loss.

        Parameters
        ----------
        x : array of shape (N, D)
            Embeddings: float64, float32, float16 or bfloat16, on the CPU.
        target : integer array of shape (N,)
            Labels.
        pairs : Pairs, optional
            Those that count, as `refloss.selection` has them; whether two are of one kind is
            looked up in `target`. Without it all pairs of different rows.
        order : {'unordered', 'ordered'}
            Every pair once, or both ways: libraries that take all entries of a matrix of distances
            count both. With `pairs` it is not looked at.
        preset : str, optional
            Of the loss of given pairs.
        reduction : {'none', 'mean', 'sum'}
            A loss for every pair, in the order of `refloss.selection.all_pairs`, or one number.
        memory : int
            Bytes that gathered pairs may take.
        check : {'values', 'none'}, optional
            Whether indices of `pairs` are looked at.
        nan : {'propagate', 'raise'}
            A NaN spoils the pairs of its row, or is an error.
        backend : {'numpy', 'c'}, optional
            NumPy, or the compiled program.
        **named
            Axis values.

        Returns
        -------
        array of shape (P,) or ()
            In the library and format of `x`.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as described; the message names it.
        """
        options = _Options(pairs, order, preset, reduction, memory, check, nan, backend)
        problem = self._problem(x, target, options, named)
        value = problem.value_room()
        problem.run("value", {}, {"loss": value})
        return problem.finish(value)

    def grad(
        self,
        x: Any,
        target: Any,
        *,
        upstream: Any = None,
        pairs: Pairs | None = None,
        order: str = "unordered",
        preset: str | None = None,
        reduction: str = "none",
        memory: int = MEMORY,
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        **named: AxisValue,
    ) -> dict[str, Any]:
        """Return the gradient by the embeddings, ``{"x": array of shape (N, D)}``.

        Parameters and errors are those of the loss itself; `upstream` is the gradient by the
        result, a number or of shape ``(P,)`` for ``reduction="none"``.
        """
        options = _Options(pairs, order, preset, reduction, memory, check, nan, backend)
        return self._problem(x, target, options, named).gradients(upstream, ("x",), {})

    def value_and_grad(
        self,
        x: Any,
        target: Any,
        *,
        upstream: Any = None,
        pairs: Pairs | None = None,
        order: str = "unordered",
        preset: str | None = None,
        reduction: str = "none",
        memory: int = MEMORY,
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        **named: AxisValue,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradient, computed together; see `grad`."""
        options = _Options(pairs, order, preset, reduction, memory, check, nan, backend)
        problem = self._problem(x, target, options, named)
        value = problem.value_room()
        gradients = problem.gradients(upstream, ("x",), {"loss": value})
        return problem.finish(value), gradients

    def hvp(
        self,
        x: Any,
        target: Any,
        direction: Any,
        *,
        upstream: Any = None,
        pairs: Pairs | None = None,
        order: str = "unordered",
        preset: str | None = None,
        reduction: str = "none",
        memory: int = MEMORY,
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        **named: AxisValue,
    ) -> dict[str, Any]:
        """Return the derivative of `grad` along `direction`, ``{"x": array of shape (N, D)}``."""
        options = _Options(pairs, order, preset, reduction, memory, check, nan, backend)
        moves = direction if isinstance(direction, Mapping) else {"x": direction}
        return self._problem(x, target, options, named).products(upstream, ("x",), moves)

    def _problem(
        self, x: Any, target: Any, options: _Options, axes: Mapping[str, AxisValue]
    ) -> Problem:
        self._require_axes(axes)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        spec = resolve(self.name, options.preset, axes, reduction=options.reduction)
        given = adopt("x", x)
        checks.floating("x", given.array)
        if given.array.ndim != 2 or given.array.shape[1] < 1:
            shape = given.array.shape
            raise ValueError(f"x: expected shape (N, D) with D at least 1, got {shape}")
        if refuse_nan:
            element_checks.no_nan("x", given.array)
        labels = labels_of("target", target, len(given.array))
        tuples = _tuples(labels, options, spec.axes.get("labels") == "different")
        backend = backend_of(options.backend, None, "float64")
        known, limit = library(), budget(options.memory)
        return of_batch(TupleProblem(spec, known, backend, given, tuples, limit))


@dataclass(frozen=True)
class _Options:
    """What a call is asked beside its arrays and axes, unchecked."""

    pairs: Pairs | None
    order: str
    preset: str | None
    reduction: str
    memory: int
    check: str | None
    nan: str
    backend: str | None


def _tuples(labels: np.ndarray, options: _Options, different: bool) -> Tuples:
    """Return all pairs, or those that are given, with the label that a convention has for them."""
    if options.pairs is None:
        first, second, same = all_pairs(labels, order=options.order)
    else:
        values = checked(options.check, device=False)
        first, second = (
            _indices(f"pairs.{name}", getattr(options.pairs, name, None), len(labels), values)
            for name in ("first", "second")
        )
        if len(first) != len(second):
            raise ValueError(
                f"pairs.second: expected {len(first)} as pairs.first, got {len(second)}"
            )
        same = labels[first] == labels[second]
    places = {"x1": first, "x2": second}
    return Tuples(places, {"same": (same ^ different).astype(np.float64)})


def _indices(name: str, value: object, items: int, values: bool) -> np.ndarray:
    """Return indices of embeddings."""
    found = labels_of(name, value)
    if values and found.size and not (found.min() >= 0 and found.max() < items):
        raise ValueError(
            f"{name}: expected rows of x, 0 to {items - 1}, got {found.min()} to {found.max()}"
        )
    return found.astype(np.int64)


contrastive_batch = PairBatch("contrastive")
