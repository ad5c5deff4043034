"""Losses of rows of logits: one class, whose instances are the public functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.losses import checks, row_checks
from refloss.losses.backends import backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.batches import BatchProblem, of_batch, refuse
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.row_problem import RowProblem
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.arrays import adopt, held_format
from refloss.run.kernels import library
from refloss.run.rounding import format_of

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = [
    "IGNORE_INDEX",
    "RowLoss",
    "arcface_cosine",
    "combined_margin_cosine",
    "cosface_cosine",
    "cross_entropy",
    "hed",
    "multi_margin",
    "poly1",
    "row_loss_from",
    "softmax_focal",
    "softmax_js",
    "softmax_kl",
    "sphereface_cosine",
]

IGNORE_INDEX = -100
_NAN = {"propagate": False, "raise": True}


class RowLoss(Loss):
    """A loss of a row of logits or cosines and a target, callable, with derivatives.

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
        *inputs: Any,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **named: Any,
    ) -> Any:
        """Return the loss: shape ``(N,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.cross_entropy)``.
        """
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute
        )
        problem = self._problem(inputs, named, options)
        value = problem.value_room()
        problem.run("value", {}, {"loss": value})
        return problem.finish(value)

    def grad(
        self,
        *inputs: Any,
        upstream: Any = None,
        wrt: str | Sequence[str] | None = None,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **named: Any,
    ) -> dict[str, Any]:
        """Return the gradient of the loss.

        Parameters
        ----------
        *inputs, **named : array or axis value
            As for the loss itself: logits or cosines and a target, by position or by name.
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or ``(N,)`` for ``reduction="none"``;
            of the first input's dtype. Default 1, which for ``"none"`` is the gradient of the sum.
        wrt : str or several, optional
            What to differentiate by, the first input by default; ``target`` only where it holds
            probabilities.
        preset, class_weight, ignore_index, reduction, check, nan, backend, compute
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
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute
        )
        return self._problem(inputs, named, options).gradients(upstream, self._wanted(wrt), {})

    def value_and_grad(
        self,
        *inputs: Any,
        upstream: Any = None,
        wrt: str | Sequence[str] | None = None,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **named: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradient, computed together.

        Parameters, results and errors are those of the loss itself and of `grad`.
        """
        options = _Options(
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute
        )
        problem = self._problem(inputs, named, options)
        value = problem.value_room()
        gradients = problem.gradients(upstream, self._wanted(wrt), {"loss": value})
        return problem.finish(value), gradients

    def hvp(
        self,
        *inputs: Any,
        direction: Mapping[str, Any] | None = None,
        upstream: Any = None,
        wrt: str | Sequence[str] | None = None,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **named: Any,
    ) -> dict[str, Any]:
        """Return the Hessian-vector product: the derivative of `grad` along a direction.

        Parameters
        ----------
        *inputs, **named : array or axis value
            As for the loss itself: logits or cosines and a target, by position or by name.
        direction : mapping of input name to array of shape (N, C)
            In the first input's dtype; zero where it is not given; ``target`` only where it holds
            probabilities. May follow the inputs by position.
        upstream, wrt, preset, class_weight, ignore_index, reduction, check, nan, backend, compute
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
            preset, class_weight, ignore_index, reduction, check, nan, backend, compute
        )
        arrays, last = inputs, direction
        if direction is None and len(inputs) == 3:
            arrays, last = inputs[:2], inputs[2]
        problem = self._problem(arrays, named, options)
        return problem.products(upstream, self._wanted(wrt), last)

    def trace(
        self,
        *inputs: Any,
        upstream: Any = None,
        preset: str | None = None,
        class_weight: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        **named: Any,
    ) -> dict[str, Any]:
        """Return every named quantity of the textbook formula and its adjoint.

        The plain program runs in float64, line by line as it is written, so that the first
        quantity from which other code departs can be found by name.

        Parameters
        ----------
        *inputs, upstream, preset, class_weight, ignore_index, reduction, check, nan, **named
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
        options = _Options(preset, class_weight, ignore_index, reduction, check, nan, "numpy", None)
        values = checked(options.check, device=False)
        arrays, axes = self._sorted_out(inputs, named)
        return self._on_host(*arrays, axes, options, values).trace(upstream)

    @property
    def _first(self) -> str:
        """The leading input, which results are like."""
        return row_checks.first_of(self.entry)

    def _wanted(self, wrt: str | Sequence[str] | None) -> str | Sequence[str]:
        """Return what to differentiate by."""
        return self._first if wrt is None else wrt

    def _sorted_out(
        self, inputs: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[tuple[Any, Any], dict[str, AxisValue]]:
        """Return the leading input and the target, and axes by name."""
        arrays, axes = checks.by_name(self.name, (self._first, "target"), inputs, named)
        return (arrays[self._first], arrays["target"]), axes

    def _kind(self, axes: Mapping[str, AxisValue]) -> Any:
        """Return what the caller says that a target is, or what alone it can be."""
        kinds = list(self.entry["axes"]["targets"]["values"])
        return axes.get("targets", kinds[0] if len(kinds) == 1 else None)

    def _problem(
        self, inputs: Sequence[Any], named: Mapping[str, Any], options: _Options
    ) -> Problem:
        (scores, target), axes = self._sorted_out(inputs, named)
        home = home_of(options.backend, self._first, scores)
        if home is not None:
            return self._on_device(home, scores, target, axes, options)
        values = checked(options.check, device=False)
        return self._on_host(scores, target, axes, options, values)

    def _on_host(
        self,
        given: Any,
        target: Any,
        axes: Mapping[str, AxisValue],
        options: _Options,
        values: bool,
    ) -> RowProblem | BatchProblem:
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        first = self._first
        scores, goal, kind = row_checks.rows(given, target, self._kind(axes), adopt, first)
        known = library(self._kernels)
        spec = self._spec(axes, options, kind)
        weight = row_checks.class_weight(options.class_weight, scores.array, values, name=first)
        labels, kept = goal.array, None
        if kind == "index":
            classes = scores.array.shape[1]
            labels, kept = row_checks.labels(goal.array, classes, options.ignore_index)
        else:
            row_checks.no_ignore_index(options.ignore_index, IGNORE_INDEX)
        if values:
            self._require_domains({first: scores.array, "target": goal.array}, kind, kept)
        if refuse_nan:
            row_checks.no_nan(first, scores.array, kept)
            if kind != "index":
                row_checks.no_nan("target", goal.array, None)
        backend = backend_of(options.backend, options.compute, format_of(scores.array.dtype))
        row_checks.places(scores.array.shape[1], backend.real, first)
        return of_batch(RowProblem(spec, known, scores, goal.array, labels, weight, kept, backend))

    def _require_domains(
        self, arrays: Mapping[str, np.ndarray], kind: str, kept: np.ndarray | None
    ) -> None:
        """Require numbers that the definition speaks of, in rows that are not ignored."""
        domains = self.entry["domains"]
        if kind != "index":
            most = float(domains.get("target", (0.0, math.inf))[1])
            row_checks.probabilities(arrays["target"], most)
        if self._first in domains:
            array = arrays[self._first]
            row_checks.in_domain(self._first, array, kept, *map(float, domains[self._first]))

    def _on_device(
        self,
        home: Home,
        given: Any,
        target: Any,
        axes: Mapping[str, AxisValue],
        options: _Options,
    ) -> Problem:
        from refloss.losses.device_rows import problem

        values = checked(options.check, device=True)
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        first, asked = self._first, self._kind(axes)
        scores, goal, kind = row_checks.rows(given, target, asked, home.adopt, first)
        held = held_format(scores.array)
        weight = row_checks.class_weight(
            options.class_weight, scores.array, False, home.adopt, name=first
        )
        backend = backend_of("cuda", options.compute, held)
        row_checks.places(scores.array.shape[1], backend.real, first)
        if kind != "index":
            row_checks.no_ignore_index(options.ignore_index, IGNORE_INDEX)
        ignore = row_checks.ignored_label(options.ignore_index)
        if values or refuse_nan:
            self._look(home, scores.array, goal.array, weight, axes, options, values)
        spec, known = self._spec(axes, options, kind), library(self._kernels)
        refuse(spec, "on a device")
        return problem(home, spec, known, backend.real, first, scores, goal.array, weight, ignore)

    def _look(
        self,
        home: Home,
        scores: Any,
        target: Any,
        weight: Any,
        axes: Mapping[str, AxisValue],
        options: _Options,
        values: bool,
    ) -> None:
        """Check copies on the CPU as arrays there are checked."""
        held = None if weight is None else home.on_host(weight)
        options = replace(options, class_weight=held, backend=None, compute=None)
        self._on_host(home.on_host(scores), home.on_host(target), axes, options, values)

    def _spec(self, axes: Mapping[str, AxisValue], options: _Options, kind: str) -> Spec:
        self._require_axes(axes)
        named = {**axes, "targets": kind}
        return resolve(
            self.name, options.preset, named, reduction=options.reduction, kernels=self._kernels
        )


@dataclass(frozen=True)
class _Options:
    """What a call is asked beside its arrays and axes, unchecked."""

    preset: str | None
    class_weight: Any
    ignore_index: Any
    reduction: str
    check: str | None
    nan: str
    backend: str | None
    compute: str | None


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
arcface_cosine = RowLoss("arcface_cosine")
combined_margin_cosine = RowLoss("combined_margin_cosine")
cosface_cosine = RowLoss("cosface_cosine")
sphereface_cosine = RowLoss("sphereface_cosine")
