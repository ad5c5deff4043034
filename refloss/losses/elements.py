"""Losses of single numbers: one class, whose instances are the public functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.losses import checks, element_checks
from refloss.losses.backends import backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.batches import BatchProblem, of_batch, refuse
from refloss.losses.element_problem import ElementProblem
from refloss.losses.reductions import ELEMENT_REDUCTIONS
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.kernels import library
from refloss.run.rounding import format_of

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = [
    "ElementLoss",
    "arcface_logit",
    "bce",
    "bce_probs",
    "combined_margin_logit",
    "cosface_logit",
    "element_loss_from",
    "hinge",
    "hinge_embedding",
    "huber",
    "kl_div",
    "kl_div_probs",
    "l1",
    "l2",
    "log_cosh",
    "smooth_l1",
    "sphereface_logit",
    "squared_hinge",
]

_NAN = {"propagate": False, "raise": True}


class ElementLoss(Loss):
    """A loss of single numbers, callable, with its derivatives and its definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    kind = "elementwise loss"

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
        """Return the loss: of the inputs' shape, or ``()`` if reduced, in their library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.smooth_l1)``.
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
        *inputs, **named : array
            As for the loss itself.
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or an array of the inputs' shape for
            ``reduction="none"``, of their dtype. Default 1, which for ``"none"`` is the gradient of
            the sum.
        wrt : str or several, optional
            What to differentiate by; the first input by default.
        preset, reduction, check, nan, backend, compute
            As for the loss itself.

        Returns
        -------
        dict of str to array
            One entry a name in `wrt`, of the inputs' shape, library and dtype.

        Raises
        ------
        TypeError, ValueError
            As for the loss itself, and if `upstream` or `wrt` is not as described.
        """
        options = _Options(preset, reduction, check, nan, backend, compute)
        return self._problem(inputs, named, options).gradients(upstream, wrt or self._first, {})

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
        gradients = problem.gradients(upstream, wrt or self._first, {"loss": value})
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
        *inputs, **named : array
            As for the loss itself.
        direction : mapping of input name to array
            Of the inputs' shape and dtype; zero where it is not given. May follow the inputs by
            position.
        upstream, wrt, preset, reduction, check, nan, backend, compute
            As for `grad`.

        Returns
        -------
        dict of str to array
            One entry a name in `wrt`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`, and if `direction` is not as described.
        """
        options = _Options(preset, reduction, check, nan, backend, compute)
        arrays, last = inputs, direction
        if direction is None and inputs and isinstance(inputs[-1], Mapping):
            arrays, last = inputs[:-1], inputs[-1]
        problem = self._problem(arrays, named, options)
        return problem.products(upstream, wrt or self._first, last)

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
        dict of str to float64 array of the inputs' shape
            Inputs, every intermediate, and ``<name>_bar``, its derivative of the reduced loss
            times `upstream`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`.
        """
        options = _Options(preset, reduction, check, nan, "numpy", None)
        arrays, weights, axes = self._sorted_out(inputs, named)
        return self._on_host(arrays, weights, axes, options).trace(upstream)

    @property
    def _first(self) -> str:
        """The leading input, which results are like."""
        entry = self.entry
        return next(name for name in entry["inputs"] if name not in entry["weights"])

    def _sorted_out(
        self, inputs: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, AxisValue]]:
        """Return the arrays that must be given, weights that may be, and axes, by name."""
        entry = self.entry
        required = [name for name in entry["inputs"] if name not in entry["weights"]]
        arrays, others = checks.by_name(self.name, required, inputs, named)
        weights = {n: others.pop(n) for n in entry["weights"] if n in others}
        return arrays, {n: each for n, each in weights.items() if each is not None}, others

    def _problem(
        self, inputs: Sequence[Any], named: Mapping[str, Any], options: _Options
    ) -> Problem:
        arrays, weights, axes = self._sorted_out(inputs, named)
        leading = next(iter(arrays))
        home = home_of(options.backend, leading, arrays[leading])
        if home is not None:
            return self._on_device(home, arrays, weights, axes, options)
        return self._on_host(arrays, weights, axes, options)

    def _on_host(
        self,
        arrays: Mapping[str, Any],
        weights: Mapping[str, Any],
        axes: Mapping[str, AxisValue],
        options: _Options,
    ) -> ElementProblem | BatchProblem:
        spec, known = self._spec(axes, options), library(self._kernels)
        given = element_checks.elements(list(arrays), list(arrays.values()))
        first = next(iter(arrays))
        leading = given[first].array
        others: dict[str, Any] = element_checks.beside(weights, leading, first)
        program_inputs = self._inputs_of(spec)
        for name in others:
            if name not in program_inputs:
                raise ValueError(f"{self.name}: {name}: {spec.program!r} takes none; leave it out")
        numbers = {**{name: a.array for name, a in given.items()}, **others}
        if checked(options.check, device=False):
            self._require_domains(spec, numbers)
        if checks.choice("nan", options.nan, _NAN):
            for name, array in numbers.items():
                element_checks.no_nan(name, array)
        flat = {n: np.broadcast_to(a, leading.shape).reshape(-1) for n, a in others.items()}
        beside = {n: flat.get(n, 1.0) for n in program_inputs if n not in given}
        backend = backend_of(options.backend, options.compute, format_of(leading.dtype))
        return of_batch(ElementProblem(spec, known, given, beside, backend))

    def _require_domains(self, spec: Spec, arrays: Mapping[str, np.ndarray]) -> None:
        domains = self.entry["domains"]
        for name, array in arrays.items():
            bounds = domains.get(f"{spec.program}.{name}", domains.get(name))
            if bounds is not None:
                element_checks.in_domain(name, array, *map(float, bounds))
        for axis, asked in self.entry["axes"].items():
            value = str(spec.axes[axis])
            allowed = asked["values"].get(value, {}).get("allows", {})
            for name in allowed.keys() & arrays.keys():
                element_checks.one_of(name, arrays[name], allowed[name], f"{axis}={value!r}")

    def _on_device(
        self,
        home: Home,
        arrays: Mapping[str, Any],
        weights: Mapping[str, Any],
        axes: Mapping[str, AxisValue],
        options: _Options,
    ) -> Problem:
        from refloss.losses.device_elements import problem

        spec, known = self._spec(axes, options), library(self._kernels)
        refuse(spec, "on a device")
        given = element_checks.elements(list(arrays), list(arrays.values()), home.adopt)
        first = next(iter(arrays))
        leading: Any = given[first].array
        others = element_checks.beside(weights, leading, first, home.adopt)
        backend = backend_of("cuda", options.compute, leading.format)
        if checked(options.check, device=True) or checks.choice("nan", options.nan, _NAN):
            self._look(home, spec, {**{n: a.array for n, a in given.items()}, **others}, options)
        names = [name for name in self._inputs_of(spec) if name not in given]
        return problem(home, spec, known, backend.real, given, {n: others.get(n) for n in names})

    def _look(self, home: Home, spec: Spec, arrays: Mapping[str, Any], options: _Options) -> None:
        """Check copies on the CPU as arrays there are checked."""
        from refloss.run.arrays import adopt

        copies = {name: adopt(name, home.on_host(array)).array for name, array in arrays.items()}
        if checked(options.check, device=True):
            self._require_domains(spec, copies)
        if checks.choice("nan", options.nan, _NAN):
            for name, array in copies.items():
                element_checks.no_nan(name, array)

    def _inputs_of(self, spec: Spec) -> list[str]:
        """Return the inputs of a program but upstream gradient and direction."""
        arrays = library(self._kernels).index["programs"][spec.program]["arrays"]
        return [name for name, _ in arrays["value"]["inputs"]]

    def _spec(self, axes: Mapping[str, AxisValue], options: _Options) -> Spec:
        checks.choice("reduction", options.reduction, ELEMENT_REDUCTIONS)
        self._require_axes(axes)
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


def element_loss_from(directory: str | Path, name: str) -> ElementLoss:
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
    return ElementLoss(name, directory)


l1 = ElementLoss("l1")
l2 = ElementLoss("l2")
smooth_l1 = ElementLoss("smooth_l1")
huber = ElementLoss("huber")
log_cosh = ElementLoss("log_cosh")
bce = ElementLoss("bce")
bce_probs = ElementLoss("bce_probs")
kl_div_probs = ElementLoss("kl_div_probs")
kl_div = ElementLoss("kl_div")
squared_hinge = ElementLoss("squared_hinge")
hinge = ElementLoss("hinge")
hinge_embedding = ElementLoss("hinge_embedding")
sigmoid_focal = ElementLoss("sigmoid_focal")
quality_focal = ElementLoss("quality_focal")
focal_probs = ElementLoss("focal_probs")
focal_star = ElementLoss("focal_star")
arcface_logit = ElementLoss("arcface_logit")
sphereface_logit = ElementLoss("sphereface_logit")
cosface_logit = ElementLoss("cosface_logit")
combined_margin_logit = ElementLoss("combined_margin_logit")
