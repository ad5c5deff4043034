"""Heads over embeddings and class vectors: one class, whose instances are the public functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refloss.losses import checks, head_checks
from refloss.losses.backends import home_of
from refloss.losses.base import Described, Loss
from refloss.losses.head_problem import HeadProblem
from refloss.losses.reductions import REDUCTIONS
from refloss.losses.rows import IGNORE_INDEX
from refloss.losses.spec import AxisValue, resolve
from refloss.run.class_blocks import Shards
from refloss.run.kernels import library

__all__ = [
    "MEMORY",
    "HeadLoss",
    "arcface",
    "combined_margin",
    "cosface",
    "head_loss_from",
    "l2_softmax",
    "l_softmax",
    "modified_softmax",
    "normface",
    "sphereface",
    "subcenter_arcface",
]

MEMORY = 512 << 20
"""Bytes that a call may take beside its inputs and results, unless it says otherwise."""

_NAN = {"propagate": False, "raise": True}


class HeadLoss(Loss):
    """A head: a loss of embeddings, class vectors and classes, with derivatives and definition.

    Parameters
    ----------
    name : str
        The loss's name in the index of the kernels.
    kernels : path, optional
        A directory of kernels; by default those of the package.
    """

    __doc__ = Described(__doc__)  # type: ignore[assignment]

    kind = "head"

    def __call__(
        self,
        x: Any,
        weight: Any,
        target: Any,
        *,
        preset: str | None = None,
        scale: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        memory: int = MEMORY,
        shards: Shards | None = None,
        **more: Any,
    ) -> Any:
        """Return the loss: shape ``(B,)``, or ``()`` if reduced, in the inputs' library and dtype.

        Parameters and errors are those in the instance's own docstring, for instance
        ``help(refloss.cosface)``.
        """
        options = _Options(preset, scale, ignore_index, reduction, nan, memory, more, shards)
        return self._problem(x, weight, target, options).value()

    def grad(
        self,
        x: Any,
        weight: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = ("x", "weight"),
        preset: str | None = None,
        scale: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        memory: int = MEMORY,
        shards: Shards | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Return the gradient of the loss.

        Parameters
        ----------
        x, weight, target : array
            As for the loss itself.
        upstream : float or array, optional
            Gradient by the result: a number or ``()``, or ``(B,)`` for ``reduction="none"``; of
            the dtype of ``x``. Default 1, which for ``"none"`` is the gradient of the sum.
        wrt : {'x', 'weight', 'scale', 'bias'} or several
            What to differentiate by; ``bias`` only where there is one.
        preset, scale, ignore_index, reduction, nan, memory, shards, **more
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
        options = _Options(preset, scale, ignore_index, reduction, nan, memory, more, shards)
        return self._problem(x, weight, target, options).gradients(upstream, wrt)

    def value_and_grad(
        self,
        x: Any,
        weight: Any,
        target: Any,
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = ("x", "weight"),
        preset: str | None = None,
        scale: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        memory: int = MEMORY,
        shards: Shards | None = None,
        **more: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """Return the loss and its gradient, computed together.

        Parameters, results and errors are those of the loss itself and of `grad`.
        """
        options = _Options(preset, scale, ignore_index, reduction, nan, memory, more, shards)
        problem = self._problem(x, weight, target, options)
        return problem.gradients(upstream, wrt, value=True)

    def hvp(
        self,
        x: Any,
        weight: Any,
        target: Any,
        direction: Mapping[str, Any],
        *,
        upstream: Any = None,
        wrt: str | Sequence[str] = ("x", "weight"),
        preset: str | None = None,
        scale: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        memory: int = MEMORY,
        **more: Any,
    ) -> dict[str, Any]:
        """Return the Hessian-vector product: the derivative of `grad` along a direction.

        Parameters
        ----------
        x, weight, target : array
            As for the loss itself.
        direction : mapping of input to array
            Of the inputs' shapes and dtype; zero where it is not given.
        upstream, wrt, preset, scale, ignore_index, reduction, nan, memory, **more
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
        options = _Options(preset, scale, ignore_index, reduction, nan, memory, more)
        return self._problem(x, weight, target, options).products(upstream, wrt, direction)

    def trace(
        self,
        x: Any,
        weight: Any,
        target: Any,
        *,
        upstream: Any = None,
        preset: str | None = None,
        scale: Any = None,
        ignore_index: int = IGNORE_INDEX,
        reduction: str = "none",
        nan: str = "propagate",
        **more: Any,
    ) -> dict[str, Any]:
        """Return every named quantity of the textbook formula and its adjoint.

        The plain program runs in float64 on whole matrices, line by line as it is written, so that
        the first quantity from which other code departs can be found by name.

        Parameters
        ----------
        x, weight, target, upstream, preset, scale, ignore_index, reduction, nan, **more
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
        options = _Options(preset, scale, ignore_index, reduction, nan, MEMORY, more)
        return self._problem(x, weight, target, options).trace(upstream)

    def _problem(self, x: Any, weight: Any, target: Any, options: _Options) -> HeadProblem:
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        if home_of(None, "x", x) is not None:
            raise TypeError("x: heads run on the CPU; got an array on a device, pass a copy")
        more = dict(options.more)
        centers = head_checks.Centers(more.pop(_CENTERS, None)) if self._several else None
        given = head_checks.given(x, weight, target, centers)
        arrays, axes = self._sorted_out(more, given)
        known = library(self._kernels)
        spec = resolve(
            self.name, options.preset, axes, reduction=options.reduction, kernels=self._kernels
        )
        asked = spec.axes["scale"] if options.scale is None else options.scale
        scale, memory = head_checks.scale(asked), head_checks.memory(options.memory)
        classes = len(given.classes)
        labels, kept = head_checks.labels(
            given.target, classes, options.ignore_index, sharded=options.shards is not None
        )
        if refuse_nan:
            flat = given.classes.reshape(classes, -1)
            numbers = {"x": given.x.array, "weight": flat, **arrays}
            head_checks.refuse_nan(numbers, kept)
        return HeadProblem(spec, known, given, labels, kept, scale, arrays, memory, options.shards)

    @property
    def _several(self) -> bool:
        """Whether classes have several centres."""
        return self.entry["family"] == "heads of sub-centres"

    def _sorted_out(
        self, more: Mapping[str, Any], given: head_checks.Given
    ) -> tuple[dict[str, Any], dict[str, AxisValue]]:
        """Return the inputs that not every head has, and axes, by name."""
        own = [name for name in self.entry["inputs"] if name not in _EVERY]
        axes = {name: value for name, value in more.items() if name not in own}
        arrays = {name: head_checks.bias(more.get(name), given.weight.array) for name in own}
        return arrays, axes


_EVERY = ("x", "weight", "target", "scale")
_CENTERS = "sub_centers"


@dataclass(frozen=True)
class _Options:
    """What a call is asked beside its arrays, unchecked."""

    preset: str | None
    scale: Any
    ignore_index: int
    reduction: str
    nan: str
    memory: int
    more: Mapping[str, Any]
    shards: Shards | None = None


def head_loss_from(directory: str | Path, name: str) -> HeadLoss:
    """Return a head of one's own, from the directory into which it was derived.

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
    return HeadLoss(name, directory)


modified_softmax = HeadLoss("modified_softmax")
normface = HeadLoss("normface")
arcface = HeadLoss("arcface")
subcenter_arcface = HeadLoss("subcenter_arcface")
combined_margin = HeadLoss("combined_margin")
sphereface = HeadLoss("sphereface")
l_softmax = HeadLoss("l_softmax")
cosface = HeadLoss("cosface")
l2_softmax = HeadLoss("l2_softmax")
