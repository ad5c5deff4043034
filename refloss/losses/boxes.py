"""Losses of aligned boxes: one class, whose instances are the public functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from refloss.losses import checks
from refloss.losses.documents import Described, signature
from refloss.losses.layouts import LAYOUTS, Layout
from refloss.losses.reductions import REDUCTIONS, Counts, Reduction, Total
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.arrays import Adopted
from refloss.run.blocks import Sink, Source, Store, execute
from refloss.run.kernels import Kernel, library
from refloss.run.rounding import narrow, widen
from refloss.run.tape import Tape

__all__ = ["BoxLoss", "box_loss_from", "ciou", "diou", "giou", "iou"]

_CHECKS = {"values": True, "none": False}
_NAN = {"propagate": False, "raise": True}
_BOXES = ("pred", "target")


class BoxLoss:
    """A loss of two boxes a row, callable, with its derivatives and its definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    def __init__(self, name: str, kernels: str | Path | None = None):
        self.name = self.__name__ = name
        self._kernels = kernels

    def __call__(
        self,
        pred: Any,
        target: Any,
        *,
        preset: str | None = None,
        layout: str = "xyxy",
        reduction: str = "none",
        check: str = "values",
        nan: str = "propagate",
        **axes: AxisValue,
    ) -> Any:
        """Return the loss: shape ``(N,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.ciou)``.
        """
        problem = self._problem(pred, target, preset, layout, reduction, check, nan, axes)
        value = problem.value_sink()
        problem.run(problem.tape("value"), [value])
        return problem.finish(value)

    def grad(
        self,
        pred: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = _BOXES,
        preset: str | None = None,
        layout: str = "xyxy",
        reduction: str = "none",
        check: str = "values",
        nan: str = "propagate",
        **axes: AxisValue,
    ) -> dict[str, Any]:
        """Return the gradient of the loss by the boxes.

        Parameters
        ----------
        pred, target : array of shape (N, 4)
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or ``(N,)`` for ``reduction="none"``;
            of the boxes' dtype. Default 1, which for ``"none"`` is the gradient of the sum.
        wrt : {'pred', 'target'} or several
            The boxes to differentiate by; nothing is computed for the other.
        preset, layout, reduction, check, nan, **axes
            As for the loss itself.

        Returns
        -------
        dict of str to array of shape (N, 4)
            One entry a name in `wrt`, in the inputs' library, dtype and layout.

        Raises
        ------
        TypeError, ValueError
            As for the loss itself, and if `upstream` or `wrt` is not as described.
        """
        problem = self._problem(pred, target, preset, layout, reduction, check, nan, axes)
        return problem.gradients(upstream, wrt, [])

    def value_and_grad(
        self,
        pred: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = _BOXES,
        preset: str | None = None,
        layout: str = "xyxy",
        reduction: str = "none",
        check: str = "values",
        nan: str = "propagate",
        **axes: AxisValue,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradient, computed together.

        Parameters, results and errors are those of the loss itself and of `grad`.
        """
        problem = self._problem(pred, target, preset, layout, reduction, check, nan, axes)
        value = problem.value_sink()
        gradients = problem.gradients(upstream, wrt, [value])
        return problem.finish(value), gradients

    def hvp(
        self,
        pred: Any,
        target: Any,
        direction: Mapping[str, Any],
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = _BOXES,
        preset: str | None = None,
        layout: str = "xyxy",
        reduction: str = "none",
        check: str = "values",
        nan: str = "propagate",
        **axes: AxisValue,
    ) -> dict[str, Any]:
        """Return the Hessian-vector product: the derivative of `grad` along a direction.

        Parameters
        ----------
        pred, target : array of shape (N, 4)
        direction : mapping of 'pred' and/or 'target' to array of shape (N, 4)
            In the boxes' dtype and layout; zero where it is not given.
        upstream, wrt, preset, layout, reduction, check, nan, **axes
            As for `grad`.

        Returns
        -------
        dict of str to array of shape (N, 4)
            One entry a name in `wrt`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`, and if `direction` is not as described.

        Notes
        -----
        What the gradient holds constant, such as a detached alpha, is constant here too, and a
        derivative that a convention substitutes (axis ``aspect``) is substituted again: the
        product is that of differentiating twice in PyTorch, not the difference of two gradients.
        """
        problem = self._problem(pred, target, preset, layout, reduction, check, nan, axes)
        return problem.products(upstream, wrt, direction)

    def trace(
        self,
        pred: Any,
        target: Any,
        *,
        upstream: Any = None,
        preset: str | None = None,
        layout: str = "xyxy",
        reduction: str = "none",
        check: str = "values",
        nan: str = "propagate",
        **axes: AxisValue,
    ) -> dict[str, Any]:
        """Return every named quantity of the textbook formula and its adjoint.

        The plain program runs in float64, line by line as it is written, so that the first
        quantity from which other code departs can be found by name.

        Parameters
        ----------
        pred, target, upstream, preset, layout, reduction, check, nan, **axes
            As for `grad`.

        Returns
        -------
        dict of str to float64 array of shape (N,)
            Columns as corners (``px1`` ... ``ty2``), every intermediate, and ``<name>_bar``, its
            derivative of the reduced loss times `upstream`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`.
        """
        problem = self._problem(pred, target, preset, layout, reduction, check, nan, axes)
        return problem.trace(upstream)

    @property
    def axes(self) -> dict[str, Any]:
        """The conventions: axis to its default, its meaning and its sourced values."""
        return deepcopy(self._entry["axes"])

    @property
    def presets(self) -> dict[str, Any]:
        """Named bundles of axis values with their sources."""
        return deepcopy(self._entry["presets"])

    @property
    def definition(self) -> str:
        """The formula, what holds at kinks and singular points, and the source."""
        entry = self._entry
        singular = "\n".join(f"{s['where']}: {s['value']}" for s in entry["singular"])
        parts = (entry["formula"].strip(), entry["subgradients"], singular, entry["source"])
        return "\n\n".join(parts)

    @property
    def __signature__(self) -> inspect.Signature:
        return signature(self._entry)

    def __repr__(self) -> str:
        return f"<refloss box loss {self.name}>"

    @property
    def _entry(self) -> dict[str, Any]:
        return checks.choice("loss", self.name, library(self._kernels).index["losses"])

    def _problem(
        self,
        pred: Any,
        target: Any,
        preset: str | None,
        layout: str,
        reduction: str,
        check: str,
        nan: str,
        axes: Mapping[str, AxisValue],
    ) -> _Problem:
        spec = resolve(
            self.name,
            preset,
            axes,
            layout=layout,
            reduction=reduction,
            kernels=self._kernels,
        )
        order, refuse_nan = checks.choice("check", check, _CHECKS), checks.choice("nan", nan, _NAN)
        boxes = checks.boxes(pred, target)
        kernel = library(self._kernels).kernel(spec.program)
        return _Problem(spec, kernel, *boxes, check_order=order, refuse_nan=refuse_nan)


@dataclass(frozen=True)
class _Problem:
    """One call with its arguments checked: what there is to run and where results go."""

    spec: Spec
    kernel: Kernel
    pred: Adopted
    target: Adopted
    check_order: bool
    refuse_nan: bool

    @property
    def items(self) -> int:
        return len(self.pred.array)

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.spec.layout]

    @property
    def reduction(self) -> Reduction:
        return REDUCTIONS[self.spec.reduction]

    @cached_property
    def boxes(self) -> list[Source]:
        """Both boxes, checked and turned into corners as they are staged."""
        return [
            Source(box.array, self._prepare(name))
            for name, box in zip(_BOXES, (self.pred, self.target), strict=True)
        ]

    def _prepare(self, name: str) -> Callable[[int, np.ndarray], None]:
        ranged = self.pred.array.dtype.itemsize == 8
        check = checks.BoxValues(name, self.layout, self.check_order, self.refuse_nan, ranged)

        def prepare(start: int, block: np.ndarray) -> None:
            check(start, block)
            self.layout.to_corners(block)

        return prepare

    def tape(self, function: str, **choices: Any) -> Tape:
        return self.kernel.tape(function, self.spec.constants, **choices)

    def run(self, tape: Tape, sinks: Sequence[Sink], more: Sequence[Source] = (), **options: Any):
        execute(tape, self.items, [*self.boxes, *more], sinks, **options)

    def value_sink(self) -> Store | Total:
        return Store(self._empty(self.items)) if self.reduction.per_item else Total()

    def finish(self, value: Store | Total) -> Any:
        """Return what a value's sink has collected, in the caller's library."""
        if isinstance(value, Store):
            return self.pred.give_back(value.array)
        return self.pred.give_back(self._rounded(self._divided(value.result())))

    def gradients(self, upstream: Any, wrt: Any, value: list[Store | Total]) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt)
        columns = tuple(1 + k for name in names for k in _columns(name))
        outputs = (0, *columns) if value else columns
        weights, choices, options = self._weights(upstream)
        sinks = {name: Store(self._empty(self.items, 4), self.layout.adjoint) for name in names}
        tape = self.tape("grad", outputs=outputs, **choices)
        self.run(tape, [*value, *sinks.values()], weights, **options)
        return {name: self.pred.give_back(sink.array) for name, sink in sinks.items()}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt)
        dots = checks.direction(direction, self.pred.array)
        outputs = tuple(k for name in names for k in _columns(name))
        weights, choices, options = self._weights(upstream)
        dots = [Source(dots[name], self._turn) for name in _BOXES]
        sinks = {name: Store(self._empty(self.items, 4), self.layout.adjoint) for name in names}
        tape = self.tape("hvp", outputs=outputs, **choices)
        self.run(tape, list(sinks.values()), [*weights, *dots], **options)
        return {name: self.pred.give_back(sink.array) for name, sink in sinks.items()}

    def trace(self, upstream: Any) -> dict[str, Any]:
        columns, weights = np.empty((8, self.items)), np.empty(self.items)
        weight = np.asarray(self._weight(upstream))
        with np.errstate(all="ignore"):
            for source, block in zip(self.boxes, (columns[:4], columns[4:]), strict=True):
                source.stage(0, block)
            widen(weights, np.broadcast_to(weight, self.items))
        named = dict(zip(_CORNERS, columns, strict=True))
        named |= self.kernel.trace(*columns, weights, **self.spec.constants)
        return {name: self.pred.give_back(array) for name, array in named.items()}

    def _turn(self, start: int, block: np.ndarray) -> None:
        self.layout.to_corners(block)

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every item: one number, or one each."""
        given = checks.upstream(upstream, self.pred.array, self.reduction.per_item)
        return given if isinstance(given, np.ndarray) else self._divided(given)

    def _divided(self, number: float) -> float:
        """Return a sum of losses, or the gradient by their reduction, over the denominator."""
        return self.reduction.divide(number, self.reduction.divisor(Counts.of(self.items)))

    def _weights(self, upstream: Any) -> tuple[list[Source], dict[str, Any], dict[str, Any]]:
        """Return the upstream gradient as sources, as choices of the tape and of its run."""
        weight = self._weight(upstream)
        if isinstance(weight, np.ndarray):
            return [Source(weight)], {}, {}
        if weight == 1.0:
            return [], {"fixed": (("loss_bar", 1.0),)}, {}
        return [], {"uniform": ("loss_bar",)}, {"uniform": (weight,)}

    def _empty(self, *shape: int) -> np.ndarray:
        return np.empty(shape, self.pred.array.dtype.newbyteorder("="))

    def _rounded(self, number: float) -> np.ndarray:
        out = self._empty()
        with np.errstate(all="ignore"):
            narrow(out, np.array(number))
        return out


_CORNERS = ("px1", "py1", "px2", "py2", "tx1", "ty1", "tx2", "ty2")


def _columns(name: str) -> range:
    return range(4) if name == "pred" else range(4, 8)


def box_loss_from(directory: str | Path, name: str) -> BoxLoss:
    """Return a loss of one's own, from the directory into which it was derived.

    Parameters
    ----------
    directory : path
        Holds ``index.json`` and ``numpy/``.
    name : str
        The loss's name in that index.

    Raises
    ------
    MissingKernelError
        If there are no kernels.
    ValueError
        If the index has no such loss; the error lists those that it has.
    """
    checks.choice("name", name, library(directory).index["losses"])
    return BoxLoss(name, directory)


iou = BoxLoss("iou")
giou = BoxLoss("giou")
diou = BoxLoss("diou")
ciou = BoxLoss("ciou")
