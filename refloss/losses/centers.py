"""Losses of vectors and centres of classes: one class, whose instances are the public functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refloss.losses import center_checks, checks, head_checks
from refloss.losses.backends import backend_of, home_of
from refloss.losses.base import Described, Loss
from refloss.losses.center_problem import CenterProblem
from refloss.losses.heads import MEMORY
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.rows import IGNORE_INDEX
from refloss.losses.spec import resolve
from refloss.run.kernels import library
from refloss.run.rounding import format_of

__all__ = ["CenterLoss", "center"]

_NAN = {"propagate": False, "raise": True}


class CenterLoss(Loss):
    """A loss of vectors and the centres of their classes, with derivatives and definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    kind = "loss of centres"

    def __call__(
        self,
        x: Any,
        centers: Any,
        target: Any,
        *,
        preset: str | None = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        memory: int = MEMORY,
        **axes: Any,
    ) -> Any:
        """Return the loss: shape ``(N,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.center)``.
        """
        how = _How(preset, ignore_index, reduction, nan, backend, compute, memory, axes)
        problem = self._problem(x, centers, target, how)
        value = problem.value_room()
        problem.run("value", {}, {"loss": value})
        return problem.finish(value)

    def grad(
        self,
        x: Any,
        centers: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = ("x", "centers"),
        preset: str | None = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        memory: int = MEMORY,
        **axes: Any,
    ) -> dict[str, Any]:
        """Return the gradient of the loss: by a centre, the sum over the vectors of its class.

        Parameters
        ----------
        x, centers, target : array
            As for the loss itself.
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or ``(N,)`` for ``reduction="none"``; of
            the dtype of ``x``. Default 1, which for ``"none"`` is the gradient of the sum.
        wrt : {'x', 'centers'} or both
            What to differentiate by.
        preset, ignore_index, reduction, nan, backend, compute, memory, **axes
            As for the loss itself.

        Returns
        -------
        dict of str to array
            One entry a name in `wrt`, of the shape of what it is by.

        Raises
        ------
        TypeError, ValueError
            As for the loss itself, and if `upstream` or `wrt` is not as described.
        """
        how = _How(preset, ignore_index, reduction, nan, backend, compute, memory, axes)
        return self._problem(x, centers, target, how).gradients(upstream, wrt, {})

    def value_and_grad(
        self,
        x: Any,
        centers: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = ("x", "centers"),
        preset: str | None = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        memory: int = MEMORY,
        **axes: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradient, computed together.

        Parameters, results and errors are those of the loss itself and of `grad`.
        """
        how = _How(preset, ignore_index, reduction, nan, backend, compute, memory, axes)
        problem = self._problem(x, centers, target, how)
        value = problem.value_room()
        gradients = problem.gradients(upstream, wrt, {"loss": value})
        return problem.finish(value), gradients

    def hvp(
        self,
        x: Any,
        centers: Any,
        target: Any,
        direction: Mapping[str, Any],
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = ("x", "centers"),
        preset: str | None = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        backend: str | None = None,
        compute: str | None = None,
        memory: int = MEMORY,
        **axes: Any,
    ) -> dict[str, Any]:
        """Return the Hessian-vector product: the derivative of `grad` along a direction.

        Parameters
        ----------
        x, centers, target : array
            As for the loss itself.
        direction : mapping of input to array
            Of the inputs' shapes and dtype; zero where it is not given.
        upstream, wrt, preset, ignore_index, reduction, nan, backend, compute, memory, **axes
            As for `grad`.

        Returns
        -------
        dict of str to array
            One entry a name in `wrt`, of the shape of what it is by.

        Raises
        ------
        TypeError, ValueError
            As for `grad`, and if `direction` is not as described.
        """
        how = _How(preset, ignore_index, reduction, nan, backend, compute, memory, axes)
        return self._problem(x, centers, target, how).products(upstream, wrt, direction)

    def trace(
        self,
        x: Any,
        centers: Any,
        target: Any,
        *,
        upstream: Any = None,
        preset: str | None = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        **axes: Any,
    ) -> dict[str, Any]:
        """Return every named quantity of the textbook formula and its adjoint.

        The plain program runs in float64, line by line as it is written, so that the first
        quantity from which other code departs can be found by name. ``own`` are the centres of the
        vectors' classes, one a row.

        Parameters
        ----------
        x, centers, target, upstream, preset, ignore_index, reduction, nan, **axes
            As for `grad`.

        Returns
        -------
        dict of str to float64 array
            Inputs, every intermediate, and ``<name>_bar``, its derivative of the reduced loss
            times `upstream`.

        Raises
        ------
        TypeError, ValueError
            As for `grad`.
        """
        how = _How(preset, ignore_index, reduction, nan, None, None, MEMORY, axes)
        return self._problem(x, centers, target, how).trace(upstream)

    def _problem(self, x: Any, centers: Any, target: Any, how: _How) -> CenterProblem:
        refuse_nan = checks.choice("nan", how.nan, _NAN)
        checks.choice("reduction", how.reduction, REDUCTIONS)
        if home_of(how.backend, "x", x) is not None:
            raise TypeError(
                f"x: {self.name} runs on the CPU; got an array on a device, pass a copy"
            )
        self._require_axes(how.axes)
        given = center_checks.given(x, centers, target, how.ignore_index)
        spec = resolve(
            self.name, how.preset, how.axes, reduction=how.reduction, kernels=self._kernels
        )
        if refuse_nan:
            center_checks.refuse_nan(given)
        backend = backend_of(how.backend, how.compute, format_of(given.x.array.dtype))
        memory = head_checks.memory(how.memory)
        return CenterProblem.of(spec, library(self._kernels), given, backend, memory)


@dataclass(frozen=True)
class _How:
    """What a call is asked beside its arrays, unchecked."""

    preset: str | None
    ignore_index: int
    reduction: str
    nan: str
    backend: str | None
    compute: str | None
    memory: int
    axes: Mapping[str, Any]


center = CenterLoss("center")
