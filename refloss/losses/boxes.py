"""Losses of aligned boxes: one class, whose instances are the public functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.losses import checks
from refloss.losses.backends import Backend, backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.layouts import LAYOUTS, Layout
from refloss.losses.reductions import REDUCTIONS, Counts, Reduction, Total
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.arrays import Adopted
from refloss.run.blocks import BLOCK_ROWS, Sink, Source, Store, execute
from refloss.run.kernels import Kernel, Library, library
from refloss.run.rounding import format_of, narrow, widen

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = ["BoxLoss", "box_loss_from", "ciou", "diou", "giou", "iou"]

_NAN = {"propagate": False, "raise": True}
_BOXES = ("pred", "target")


class BoxLoss(Loss):
    """A loss of two boxes a row, callable, with its derivatives and its definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    kind = "box loss"

    def __call__(
        self,
        pred: Any,
        target: Any,
        *,
        preset: str | None = None,
        layout: str = "xyxy",
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **axes: AxisValue,
    ) -> Any:
        """Return the loss: shape ``(N,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.ciou)``.
        """
        options = _Options(preset, layout, reduction, check, nan, backend, compute, axes)
        problem = self._problem(pred, target, options)
        value = problem.value_room()
        problem.run("value", {}, {"loss": value})
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
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
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
        preset, layout, reduction, check, nan, backend, compute, **axes
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
        options = _Options(preset, layout, reduction, check, nan, backend, compute, axes)
        problem = self._problem(pred, target, options)
        return problem.gradients(upstream, wrt, {})

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
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **axes: AxisValue,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradient, computed together.

        Parameters, results and errors are those of the loss itself and of `grad`.
        """
        options = _Options(preset, layout, reduction, check, nan, backend, compute, axes)
        problem = self._problem(pred, target, options)
        value = problem.value_room()
        gradients = problem.gradients(upstream, wrt, {"loss": value})
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
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **axes: AxisValue,
    ) -> dict[str, Any]:
        """Return the Hessian-vector product: the derivative of `grad` along a direction.

        Parameters
        ----------
        pred, target : array of shape (N, 4)
        direction : mapping of 'pred' and/or 'target' to array of shape (N, 4)
            In the boxes' dtype and layout; zero where it is not given.
        upstream, wrt, preset, layout, reduction, check, nan, backend, compute, **axes
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
        options = _Options(preset, layout, reduction, check, nan, backend, compute, axes)
        problem = self._problem(pred, target, options)
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
        check: str | None = None,
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
        options = _Options(preset, layout, reduction, check, nan, "numpy", None, axes)
        return self._on_host(pred, target, options).trace(upstream)

    def _problem(self, pred: Any, target: Any, options: _Options) -> Problem:
        home = home_of(options.backend, "pred", pred)
        if home is not None:
            return self._on_device(home, pred, target, options)
        return self._on_host(pred, target, options)

    def _on_host(self, pred: Any, target: Any, options: _Options) -> _Problem:
        spec, known = self._spec(options), library(self._kernels)
        order, refuse_nan = checked(options.check, device=False), options.refuse_nan
        boxes = checks.boxes(pred, target)
        held = format_of(boxes[0].array.dtype)
        backend = backend_of(options.backend, options.compute, held, default="float64")
        return _Problem(spec, known, *boxes, order, refuse_nan, backend)

    def _on_device(self, home: Home, pred: Any, target: Any, options: _Options) -> Problem:
        from refloss.losses.device import DeviceProblem

        spec, known = self._spec(options), library(self._kernels)
        order, refuse_nan = checked(options.check, device=True), options.refuse_nan
        adopted = checks.boxes(pred, target, home.adopt)
        inputs: dict[str, Any] = {n: a.array for n, a in zip(_BOXES, adopted, strict=True)}
        backend = backend_of("cuda", options.compute, inputs["pred"].format)
        if order or refuse_nan:
            copies = checks.boxes(*map(home.on_host, inputs.values()))
            _Problem(spec, known, *copies, order, refuse_nan, backend).look()
        kinds = _kinds(spec.layout)
        divisor = REDUCTIONS["mean"].divisor(Counts.of(len(inputs["pred"])))
        give_back = adopted[0].give_back
        return DeviceProblem(
            home, give_back, spec, known, backend.real, inputs, _BOXES, lambda: divisor, kinds
        )

    def _spec(self, options: _Options) -> Spec:
        return resolve(
            self.name,
            options.preset,
            options.axes,
            layout=options.layout,
            reduction=options.reduction,
            kernels=self._kernels,
        )


@dataclass(frozen=True)
class _Options:
    """What a call is asked beside its arrays, unchecked."""

    preset: str | None
    layout: str
    reduction: str
    check: str | None
    nan: str
    backend: str | None
    compute: str | None
    axes: Mapping[str, AxisValue]

    @property
    def refuse_nan(self) -> bool:
        """Whether NaN is an error."""
        return checks.choice("nan", self.nan, _NAN)


@dataclass(frozen=True)
class _Problem:
    """One call with its arguments checked: what there is to run and where results go."""

    spec: Spec
    library: Library
    pred: Adopted
    target: Adopted
    check_order: bool
    refuse_nan: bool
    backend: Backend

    @property
    def items(self) -> int:
        return len(self.pred.array)

    @property
    def kernel(self) -> Kernel:
        return self.library.kernel(self.spec.program)

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
        check = self._check_of(name)

        def prepare(start: int, block: np.ndarray) -> None:
            check(start, block)
            self.layout.to_corners(block)

        return prepare

    def _check_of(self, name: str) -> checks.BoxValues:
        bits = 8 * self.pred.array.dtype.itemsize
        ranged = checks.RANGES[self.backend.real] if bits >= self.backend.bits else None
        return checks.BoxValues(name, self.layout, self.check_order, self.refuse_nan, ranged)

    def run(
        self,
        function: str,
        more: Mapping[str, np.ndarray | float],
        outputs: Mapping[str, np.ndarray | Total],
    ) -> None:
        """Run one function of the program.

        Parameters
        ----------
        function : {'value', 'grad', 'hvp'}
        more : mapping of str to array or float
            Inputs beside the boxes, by name.
        outputs : mapping of str to array or Total
            Those that are wanted, by name.
        """
        run = self._compiled if self.backend.compiled else self._blocked
        run(function, more, outputs)

    def _compiled(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        given = {"pred": self.pred.array, "target": self.target.array, **more}
        if self.check_order or self.refuse_nan:
            for name in _BOXES:
                self._require(name, given[name])
        native = self.library.native(self.spec.program)
        kinds = _kinds(self.spec.layout)
        native.run(
            function,
            (self.items,),
            given,
            outputs,
            self.spec.constants,
            real=self.backend.real,
            kinds=kinds,
        )

    def _require(self, name: str, boxes: np.ndarray) -> None:
        """Check the numbers of boxes: quickly, and again where something is unusual."""
        from refloss.run.native.guard import sound  # costs time that NumPy's path spares

        if self.spec.layout == "xyxy" and sound(boxes, *checks.RANGES[self.backend.real]):
            return
        self._look(name, boxes)

    def look(self) -> None:
        """Check the numbers of both boxes."""
        for name, adopted in zip(_BOXES, (self.pred, self.target), strict=True):
            self._look(name, adopted.array)

    def _look(self, name: str, boxes: np.ndarray) -> None:
        check = self._check_of(name)
        for start in range(0, len(boxes), BLOCK_ROWS):
            rows = boxes[start : start + BLOCK_ROWS]
            block = np.empty((4, len(rows)))
            with np.errstate(all="ignore"):
                widen(block, rows.T)
                check(start, block)

    def _blocked(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        sources = [Source(a, self._turn_of(name)) for name, a in more.items() if _many(a)]
        choices, options = _uniform(more.get("loss_bar"))
        positions, first = {}, 0
        for name, columns in self._arrays(function):
            positions[name] = tuple(range(first, first + columns))
            first += columns
        wanted = tuple(k for name in outputs for k in positions[name])
        errors = format_of(self.pred.array.dtype) == "float64"
        tape = self.kernel.tape(
            function, self.spec.constants, outputs=wanted, errors=errors, **choices
        )
        sinks = [self._sink(output) for output in outputs.values()]
        execute(tape, self.items, [*self.boxes, *sources], sinks, **options)

    def _arrays(self, function: str) -> list[tuple[str, int]]:
        """Return the outputs of a function and how many columns each has."""
        arrays = self.library.index["programs"][self.spec.program]["arrays"]
        return [(name, int(columns)) for name, columns in arrays[function]["outputs"]]

    def _sink(self, output: np.ndarray | Total) -> Sink:
        if isinstance(output, Total):
            return output
        return Store(output, self.layout.adjoint if output.ndim > 1 else None)

    def _turn_of(self, name: str) -> Callable[[int, np.ndarray], None] | None:
        return self._turn if name.endswith("_dot") else None

    def value_room(self) -> np.ndarray | Total:
        """Return where the loss goes: one number an item, or their sum."""
        return self._empty(self.items) if self.reduction.per_item else Total()

    def finish(self, value: np.ndarray | Total) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        if isinstance(value, np.ndarray):
            return self.pred.give_back(value)
        return self.pred.give_back(self._rounded(self._divided(value.result())))

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, np.ndarray | Total]
    ) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt)
        weight = self._weight(upstream)
        found = {name: self._empty(self.items, 4) for name in names}
        outputs = {**value, **{f"{name}_bar": array for name, array in found.items()}}
        self.run("grad", {"loss_bar": weight}, outputs)
        return {name: self.pred.give_back(array) for name, array in found.items()}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt)
        dots = checks.direction(direction, self.pred.array)
        more = {"loss_bar": self._weight(upstream)}
        more |= {f"{name}_dot": dots[name] for name in _BOXES}
        found = {name: self._empty(self.items, 4) for name in names}
        self.run("hvp", more, {f"{name}_bar_dot": array for name, array in found.items()})
        return {name: self.pred.give_back(array) for name, array in found.items()}

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

    def _empty(self, *shape: int) -> np.ndarray:
        return np.empty(shape, self.pred.array.dtype.newbyteorder("="))

    def _rounded(self, number: float) -> np.ndarray:
        out = self._empty()
        with np.errstate(all="ignore"):
            narrow(out, np.array(number))
        return out


_CORNERS = ("px1", "py1", "px2", "py2", "tx1", "ty1", "tx2", "ty2")


_QUADS = tuple(f"{name}{part}" for name in _BOXES for part in ("", "_dot", "_bar", "_bar_dot"))


def _kinds(layout: str) -> dict[str, str]:
    """Return what arrays of boxes hold where it is not corners."""
    return {} if layout == "xyxy" else dict.fromkeys(_QUADS, layout)


def _uniform(weight: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one upstream gradient for all items as choices of the tape and of its run."""
    if weight is None or _many(weight):
        return {}, {}
    if weight == 1.0:
        return {"fixed": (("loss_bar", 1.0),)}, {}
    return {"uniform": ("loss_bar",)}, {"uniform": (weight,)}


def _many(array: object) -> bool:
    """Return whether there is one number an item, not one for all."""
    return isinstance(array, np.ndarray)


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
