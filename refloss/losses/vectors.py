"""Losses of given vectors, or of rows of similarities: one class, whose instances are public."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.losses import checks, element_checks, vector_checks
from refloss.losses.backends import backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.batches import BatchProblem, of_batch, refuse
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.losses.vector_problem import VectorProblem
from refloss.run.kernels import library
from refloss.run.rounding import format_of

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = [
    "VectorLoss",
    "circle",
    "contrastive",
    "multi_similarity",
    "ntxent",
    "supcon",
    "triplet",
    "vector_loss_from",
]

_NAN = {"propagate": False, "raise": True}


class VectorLoss(Loss):
    """A loss of vectors that are given together, callable, with derivatives and definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    kind = "loss of vectors"

    def __call__(
        self,
        *inputs: Any,
        preset: str | None = None,
        reduction: str = "none",
        check: str | None = None,
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        **named: Any,
    ) -> Any:
        """Return the loss: shape ``(N,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.contrastive)``.
        """
        options = _Options(preset, reduction, check, nan, backend, compute)
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
        *inputs : array
            As for the loss itself, also by name.
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or ``(N,)`` for ``reduction="none"``; of
            the vectors' dtype. Default 1, which for ``"none"`` is the gradient of the sum.
        wrt : name or several, optional
            Vectors to differentiate by; all without it.
        preset, reduction, check, nan, backend, compute, **named
            As for the loss itself.

        Returns
        -------
        dict of str to array of shape (N, D)
            One entry a name in `wrt`.

        Raises
        ------
        TypeError, ValueError
            As for the loss itself, and if `upstream` or `wrt` is not as described.
        """
        options = _Options(preset, reduction, check, nan, backend, compute)
        return self._problem(inputs, named, options).gradients(upstream, self._wanted(wrt), {})

    def value_and_grad(
        self,
        *inputs: Any,
        upstream: Any = None,
        wrt: str | Sequence[str] | None = None,
        preset: str | None = None,
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
        options = _Options(preset, reduction, check, nan, backend, compute)
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
        *inputs : array
            As for the loss itself; behind them, or by name, the direction.
        direction : mapping of vectors' names to array of shape (N, D)
            In the vectors' dtype; zero where it is not given.
        upstream, wrt, preset, reduction, check, nan, backend, compute, **named
            As for `grad`.

        Returns
        -------
        dict of str to array of shape (N, D)
            One entry a name in `wrt`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`, and if `direction` is not as described.
        """
        options = _Options(preset, reduction, check, nan, backend, compute)
        arrays, last, count = inputs, direction, len(self._inputs)
        if direction is None and len(inputs) == count + 1:
            arrays, last = inputs[:count], inputs[count]
        problem = self._problem(arrays, named, options)
        return problem.products(upstream, self._wanted(wrt), last)

    def trace(
        self,
        *inputs: Any,
        upstream: Any = None,
        preset: str | None = None,
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
        *inputs, upstream, preset, reduction, check, nan, **named
            As for `grad`.

        Returns
        -------
        dict of str to float64 array
            Inputs, every intermediate, and ``<name>_bar``, its derivative of the reduced loss
            times `upstream`; of shape ``(N, D)``, ``(N,)`` or ``()``.

        Raises
        ------
        TypeError, ValueError
            As for `grad`.
        """
        options = _Options(preset, reduction, check, nan, "numpy", None)
        arrays, axes = checks.by_name(self.name, list(self._inputs), inputs, named)
        return self._on_host(arrays, axes, options).trace(upstream)

    @property
    def _vectors(self) -> tuple[str, ...]:
        """The inputs that have derivatives, the leading one first: one vector an item each."""
        slopes = {name for name, _ in self._arrays("grad")["outputs"]}
        return tuple(name for name in self._inputs if f"{name}_bar" in slopes)

    @property
    def _labels(self) -> dict[str, str]:
        """The inputs that have none, each with its axes."""
        return {name: kind for name, kind in self._inputs.items() if name not in self._vectors}

    @property
    def _inputs(self) -> dict[str, str]:
        """The inputs in order, each with its axes; they are those of every program."""
        return dict(self._arrays("value")["inputs"])

    def _arrays(self, function: str) -> Mapping[str, Any]:
        """Return what a function of the loss's first program takes and returns."""
        program = self.entry["program"]
        name = program if isinstance(program, str) else next(iter(program["values"].values()))
        return library(self._kernels).index["programs"][name]["arrays"][function]

    def _wanted(self, wrt: str | Sequence[str] | None) -> str | Sequence[str]:
        """Return what to differentiate by."""
        return self._vectors if wrt is None else wrt

    def _problem(
        self, inputs: Sequence[Any], named: Mapping[str, Any], options: _Options
    ) -> Problem:
        arrays, axes = checks.by_name(self.name, list(self._inputs), inputs, named)
        first = self._vectors[0]
        home = home_of(options.backend, first, arrays[first])
        if home is not None:
            return self._on_device(home, arrays, axes, options)
        return self._on_host(arrays, axes, options)

    def _on_host(
        self, arrays: Mapping[str, Any], axes: Mapping[str, AxisValue], options: _Options
    ) -> VectorProblem | BatchProblem:
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        values = checked(options.check, device=False)
        spec, known = self._spec(axes, options), library(self._kernels)
        given = vector_checks.vectors({name: arrays[name] for name in self._vectors})
        first, leading = self._vectors[0], given[self._vectors[0]].array
        labels = {name: (arrays[name], kind) for name, kind in self._labels.items()}
        beside = vector_checks.beside(labels, leading, first)
        if values:
            self._require_labels(spec, beside)
        if refuse_nan:
            for name, array in {**{n: a.array for n, a in given.items()}, **beside}.items():
                element_checks.no_nan(name, array)
        backend = backend_of(options.backend, options.compute, format_of(leading.dtype))
        return of_batch(VectorProblem(spec, known, given, beside, backend))

    def _require_labels(self, spec: Spec, arrays: Mapping[str, np.ndarray]) -> None:
        """Require labels that a convention allows."""
        for axis, asked in self.entry["axes"].items():
            value = str(spec.axes[axis])
            allowed = asked["values"].get(value, {}).get("allows", {})
            for name in allowed.keys() & arrays.keys():
                element_checks.one_of(name, arrays[name], allowed[name], f"{axis}={value!r}")

    def _on_device(
        self,
        home: Home,
        arrays: Mapping[str, Any],
        axes: Mapping[str, AxisValue],
        options: _Options,
    ) -> Problem:
        from refloss.losses.device_vectors import problem

        refuse_nan = checks.choice("nan", options.nan, _NAN)
        values = checked(options.check, device=True)
        spec, known = self._spec(axes, options), library(self._kernels)
        refuse(spec, "on a device")
        given = vector_checks.vectors({name: arrays[name] for name in self._vectors}, home.adopt)
        first = self._vectors[0]
        leading: Any = given[first].array
        labels = {name: (arrays[name], kind) for name, kind in self._labels.items()}
        beside = vector_checks.beside(labels, leading, first, home.adopt)
        backend = backend_of("cuda", options.compute, leading.format)
        if values or refuse_nan:
            every: dict[str, Any] = {**{n: a.array for n, a in given.items()}, **beside}
            copies = {name: home.on_host(array) for name, array in every.items()}
            self._on_host(copies, axes, _on_the_host(options))
        return problem(home, spec, known, backend.real, given, beside)

    def _spec(self, axes: Mapping[str, AxisValue], options: _Options) -> Spec:
        self._require_axes(axes)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        return resolve(
            self.name, options.preset, axes, reduction=options.reduction, kernels=self._kernels
        )


@dataclass(frozen=True)
class _Options:
    """What a call is asked beside its arrays and axes, unchecked."""

    preset: str | None
    reduction: str
    check: str | None
    nan: str
    backend: str | None
    compute: str | None


def _on_the_host(options: _Options) -> _Options:
    """Return what a call on a device asks of copies on the CPU."""
    check = "none" if options.check is None else options.check
    return _Options(options.preset, options.reduction, check, options.nan, None, None)


def vector_loss_from(directory: str | Path, name: str) -> VectorLoss:
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
    return VectorLoss(name, directory)


circle = VectorLoss("circle")
contrastive = VectorLoss("contrastive")
multi_similarity = VectorLoss("multi_similarity")
ntxent = VectorLoss("ntxent")
supcon = VectorLoss("supcon")
triplet = VectorLoss("triplet")
