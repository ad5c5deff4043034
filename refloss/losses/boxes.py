"""Losses of aligned boxes: one class, whose instances are the public functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refloss.losses import checks
from refloss.losses.backends import backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.box_problem import BOXES, BoxProblem, kinds_of
from refloss.losses.reductions import REDUCTIONS, Counts
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.kernels import library
from refloss.run.rounding import format_of

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = ["BoxLoss", "box_loss_from", "ciou", "diou", "giou", "iou"]

_NAN = {"propagate": False, "raise": True}


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
        wrt: str | Sequence[str] = BOXES,
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
        wrt: str | Sequence[str] = BOXES,
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
        wrt: str | Sequence[str] = BOXES,
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

    def _on_host(self, pred: Any, target: Any, options: _Options) -> BoxProblem:
        spec, known = self._spec(options), library(self._kernels)
        order, refuse_nan = checked(options.check, device=False), options.refuse_nan
        boxes = checks.boxes(pred, target)
        held = format_of(boxes[0].array.dtype)
        sized = "float64" if options.layout != "xyxy" else None  # tiny sizes vanish in corners
        backend = backend_of(options.backend, options.compute or sized, held)
        return BoxProblem(spec, known, *boxes, order, refuse_nan, backend)

    def _on_device(self, home: Home, pred: Any, target: Any, options: _Options) -> Problem:
        from refloss.losses.device import DeviceProblem

        spec, known = self._spec(options), library(self._kernels)
        order, refuse_nan = checked(options.check, device=True), options.refuse_nan
        adopted = checks.boxes(pred, target, home.adopt)
        inputs: dict[str, Any] = {n: a.array for n, a in zip(BOXES, adopted, strict=True)}
        backend = backend_of("cuda", options.compute, inputs["pred"].format)
        if order or refuse_nan:
            copies = checks.boxes(*map(home.on_host, inputs.values()))
            BoxProblem(spec, known, *copies, order, refuse_nan, backend).look()
        kinds = kinds_of(spec.layout)
        divisor = REDUCTIONS["mean"].divisor(Counts.of(len(inputs["pred"])))
        give_back = adopted[0].give_back
        return DeviceProblem(
            home, give_back, spec, known, backend.real, inputs, BOXES, lambda: divisor, kinds
        )

    def _spec(self, options: _Options) -> Spec:
        checks.choice("reduction", options.reduction, REDUCTIONS)
        self._require_axes(options.axes)
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
