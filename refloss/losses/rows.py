"""Losses of rows of logits: one class, whose instances are the public functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refloss.losses import checks, row_checks
from refloss.losses.backends import backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.batches import BatchProblem, of_batch, refuse
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.row_problem import RowProblem
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.arrays import held_format
from refloss.run.kernels import library
from refloss.run.rounding import format_of

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = [
    "IGNORE_INDEX",
    "RowLoss",
    "cross_entropy",
    "hed",
    "multi_margin",
    "poly1",
    "row_loss_from",
    "softmax_focal",
    "softmax_js",
    "softmax_kl",
]

IGNORE_INDEX = -100
_NAN = {"propagate": False, "raise": True}


class RowLoss(Loss):
    """A loss of a row of logits and a target, callable, with derivatives and definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    kind = "row loss"

    def __call__(
        self,
        logits: Any,
        target: Any,
        *,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **axes: AxisValue,
    ) -> Any:
        """Return the loss: shape ``(N,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.cross_entropy)``.
        """
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute, axes
        )
        problem = self._problem(logits, target, options)
        value = problem.value_room()
        problem.run("value", {}, {"loss": value})
        return problem.finish(value)

    def grad(
        self,
        logits: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = "logits",
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **axes: AxisValue,
    ) -> dict[str, Any]:
        """Return the gradient of the loss.

        Parameters
        ----------
        logits, target : array
            As for the loss itself.
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or ``(N,)`` for ``reduction="none"``;
            of the logits' dtype. Default 1, which for ``"none"`` is the gradient of the sum.
        wrt : {'logits', 'target'} or several
            What to differentiate by, the logits by default; ``target`` only where it holds
            probabilities.
        preset, class_weight, ignore_index, reduction, check, nan, backend, compute, **axes
            As for the loss itself.

        Returns
        -------
        dict of str to array of shape (N, C)
            One entry a name in `wrt`; 0 in ignored rows.

        Raises
        ------
        TypeError, ValueError
            As for the loss itself, and if `upstream` or `wrt` is not as described.
        """
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute, axes
        )
        return self._problem(logits, target, options).gradients(upstream, wrt, {})

    def value_and_grad(
        self,
        logits: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = "logits",
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
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
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute, axes
        )
        problem = self._problem(logits, target, options)
        value = problem.value_room()
        gradients = problem.gradients(upstream, wrt, {"loss": value})
        return problem.finish(value), gradients

    def hvp(
        self,
        logits: Any,
        target: Any,
        direction: Mapping[str, Any],
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = "logits",
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
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
        logits, target : array
            As for the loss itself.
        direction : mapping of 'logits' and/or 'target' to array of shape (N, C)
            In the logits' dtype; zero where it is not given; ``target`` only where it holds
            probabilities.
        upstream, wrt, preset, class_weight, ignore_index, reduction, check, nan, backend, \
        compute, **axes
            As for `grad`.

        Returns
        -------
        dict of str to array of shape (N, C)
            One entry a name in `wrt`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`, and if `direction` is not as described.
        """
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute, axes
        )
        return self._problem(logits, target, options).products(upstream, wrt, direction)

    def trace(
        self,
        logits: Any,
        target: Any,
        *,
        upstream: Any = None,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
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
        logits, target, upstream, preset, class_weight, ignore_index, reduction, check, nan, **axes
            As for `grad`.

        Returns
        -------
        dict of str to float64 array
            Inputs, every intermediate, and ``<name>_bar``, its derivative of the reduced loss
            times `upstream`; of shape ``(N, C)``, ``(N,)`` or ``()``. An ignored row shows its own
            numbers, with upstream 0.

        Raises
        ------
        TypeError, ValueError
            As for `grad`.
        """
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, "numpy", None, axes
        )
        values = checked(options.check, device=False)
        return self._on_host(logits, target, options, values).trace(upstream)

    @property
    def _most(self) -> float:
        """The largest target that is no class."""
        return float(self.entry["domains"].get("target", (0.0, math.inf))[1])

    def _kind(self, options: _Options) -> Any:
        """Return what the caller says that a target is, or what alone it can be."""
        kinds = list(self.entry["axes"]["targets"]["values"])
        return options.axes.get("targets", kinds[0] if len(kinds) == 1 else None)

    def _problem(self, logits: Any, target: Any, options: _Options) -> Problem:
        home = home_of(options.backend, "logits", logits)
        if home is not None:
            return self._on_device(home, logits, target, options)
        return self._on_host(logits, target, options, checked(options.check, device=False))

    def _on_host(
        self, logits: Any, target: Any, options: _Options, values: bool
    ) -> RowProblem | BatchProblem:
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        scores, goal, kind = row_checks.rows(logits, target, self._kind(options))
        known = library(self._kernels)
        spec = self._spec(options, kind)
        weight = row_checks.class_weight(options.class_weight, scores.array, values)
        labels, kept = goal.array, None
        if kind == "index":
            classes = scores.array.shape[1]
            labels, kept = row_checks.labels(goal.array, classes, options.ignore_index)
        else:
            row_checks.no_ignore_index(options.ignore_index, IGNORE_INDEX)
            if values:
                row_checks.probabilities(goal.array, self._most)
        if refuse_nan:
            row_checks.no_nan("logits", scores.array, kept)
            if kind != "index":
                row_checks.no_nan("target", goal.array, None)
        backend = backend_of(options.backend, options.compute, format_of(scores.array.dtype))
        row_checks.places(scores.array.shape[1], backend.real)
        return of_batch(RowProblem(spec, known, scores, goal.array, labels, weight, kept, backend))

    def _on_device(self, home: Home, logits: Any, target: Any, options: _Options) -> Problem:
        from refloss.losses.device_rows import problem

        values = checked(options.check, device=True)
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        kind_asked = self._kind(options)
        scores, goal, kind = row_checks.rows(logits, target, kind_asked, home.adopt)
        held = held_format(scores.array)
        weight = row_checks.class_weight(options.class_weight, scores.array, False, home.adopt)
        backend = backend_of("cuda", options.compute, held)
        row_checks.places(scores.array.shape[1], backend.real)
        if kind != "index":
            row_checks.no_ignore_index(options.ignore_index, IGNORE_INDEX)
        ignore = row_checks.ignored_label(options.ignore_index)
        if values or refuse_nan:
            self._look(home, scores.array, goal.array, weight, options, values)
        spec, known = self._spec(options, kind), library(self._kernels)
        refuse(spec, "on a device")
        return problem(home, spec, known, backend.real, scores, goal.array, weight, ignore)

    def _look(
        self, home: Home, logits: Any, target: Any, weight: Any, options: _Options, values: bool
    ) -> None:
        """Check copies on the CPU as arrays there are checked."""
        held = None if weight is None else home.on_host(weight)
        options = replace(options, class_weight=held, backend=None, compute=None)
        self._on_host(home.on_host(logits), home.on_host(target), options, values)

    def _spec(self, options: _Options, kind: str) -> Spec:
        self._require_axes(options.axes)
        axes = {**options.axes, "targets": kind}
        return resolve(
            self.name, options.preset, axes, reduction=options.reduction, kernels=self._kernels
        )


@dataclass(frozen=True)
class _Options:
    """What a call is asked beside its arrays, unchecked."""

    preset: str | None
    class_weight: Any
    ignore_index: Any
    reduction: str
    check: str | None
    nan: str
    backend: str | None
    compute: str | None
    axes: Mapping[str, AxisValue]


def row_loss_from(directory: str | Path, name: str) -> RowLoss:
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
    return RowLoss(name, directory)


cross_entropy = RowLoss("cross_entropy")
multi_margin = RowLoss("multi_margin")
poly1 = RowLoss("poly1")
softmax_focal = RowLoss("softmax_focal")
hed = RowLoss("hed")
softmax_kl = RowLoss("softmax_kl")
softmax_js = RowLoss("softmax_js")
