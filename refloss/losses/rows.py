"""Losses of rows of logits: one class, whose instances are the public functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.losses import checks, row_checks
from refloss.losses.backends import Backend, backend_of, checked, home_of
from refloss.losses.base import Described, Loss, Problem
from refloss.losses.reductions import REDUCTIONS, Counts, Reduction, Total
from refloss.losses.spec import AxisValue, Spec, resolve
from refloss.run.arrays import Adopted, held_format
from refloss.run.blocks import Sink, Store
from refloss.run.kernels import Kernel, Library, library
from refloss.run.rounding import format_of, narrow, widen

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = ["IGNORE_INDEX", "RowLoss", "cross_entropy", "row_loss_from"]

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

    def _problem(self, logits: Any, target: Any, options: _Options) -> Problem:
        home = home_of(options.backend, "logits", logits)
        if home is not None:
            return self._on_device(home, logits, target, options)
        return self._on_host(logits, target, options, checked(options.check, device=False))

    def _on_host(self, logits: Any, target: Any, options: _Options, values: bool) -> _Problem:
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        scores, goal, kind = row_checks.rows(logits, target, options.axes.get("targets"))
        known = library(self._kernels)
        spec = self._spec(options, kind)
        weight = row_checks.class_weight(options.class_weight, scores.array, values)
        labels, kept = goal.array, None
        if kind == "index":
            labels, kept = row_checks.labels(goal.array, scores.array, options.ignore_index)
        else:
            row_checks.no_ignore_index(options.ignore_index, IGNORE_INDEX)
            if values:
                row_checks.probabilities(goal.array)
        if refuse_nan:
            row_checks.no_nan("logits", scores.array, kept)
            if kind != "index":
                row_checks.no_nan("target", goal.array, None)
        backend = backend_of(options.backend, options.compute, format_of(scores.array.dtype))
        return _Problem(spec, known, scores, goal.array, labels, weight, kept, backend)

    def _on_device(self, home: Home, logits: Any, target: Any, options: _Options) -> Problem:
        from refloss.losses.device_rows import problem

        values = checked(options.check, device=True)
        refuse_nan = checks.choice("nan", options.nan, _NAN)
        checks.choice("reduction", options.reduction, REDUCTIONS)
        kind_asked = options.axes.get("targets")
        scores, goal, kind = row_checks.rows(logits, target, kind_asked, home.adopt)
        held = held_format(scores.array)
        weight = row_checks.class_weight(options.class_weight, scores.array, False, home.adopt)
        backend = backend_of("cuda", options.compute, held)
        if kind != "index":
            row_checks.no_ignore_index(options.ignore_index, IGNORE_INDEX)
        ignore = row_checks.ignored_label(options.ignore_index)
        if values or refuse_nan:
            self._look(home, scores.array, goal.array, weight, options, values)
        spec, known = self._spec(options, kind), library(self._kernels)
        return problem(home, spec, known, backend.real, scores, goal.array, weight, ignore)

    def _look(
        self, home: Home, logits: Any, target: Any, weight: Any, options: _Options, values: bool
    ) -> None:
        """Check copies on the CPU as arrays there are checked."""
        held = None if weight is None else home.on_host(weight)
        options = replace(options, class_weight=held, backend=None, compute=None)
        self._on_host(home.on_host(logits), home.on_host(target), options, values)

    def _spec(self, options: _Options, kind: str) -> Spec:
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


@dataclass(frozen=True)
class _Kept:
    """A sink that sees 0 where a row is ignored."""

    sink: Store | Total
    kept: np.ndarray
    width: int = 1

    def put(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Take the column of a block."""
        kept = self.kept[start : start + len(columns[0])]
        self.sink.put(start, [np.where(kept, columns[0], 0.0)])


@dataclass(frozen=True)
class _Problem:
    """One call with its arguments checked: what there is to run and where results go.

    `target` is what can be read at: class 0 where the `given` one is ignored.
    """

    spec: Spec
    library: Library
    logits: Adopted
    given: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None
    kept: np.ndarray | None
    backend: Backend

    @property
    def kernel(self) -> Kernel:
        return self.library.kernel(self.spec.program)

    @property
    def size(self) -> tuple[int, int]:
        return self.logits.array.shape  # type: ignore[return-value]

    @property
    def reduction(self) -> Reduction:
        return REDUCTIONS[self.spec.reduction]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What can be differentiated by."""
        return ("logits",) if self.spec.axes["targets"] == "index" else ("logits", "target")

    @cached_property
    def divisor(self) -> float:
        denominator = self.spec.axes["denominator"]
        assert isinstance(denominator, str | Real)
        return self.reduction.divisor(self._counts(), denominator)  # type: ignore[arg-type]

    def _counts(self) -> Counts:
        items = self.size[0]
        kept = items if self.kept is None else int(self.kept.sum())
        if self.weight is None or self.inputs != ("logits",):
            return Counts(items, kept, float(kept))
        weights = np.empty(self.weight.shape)
        widen(weights, self.weight)
        total = Total()
        if kept:
            total.put(0, [weights[self.target if self.kept is None else self.target[self.kept]]])
        return Counts(items, kept, total.result())

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
            Inputs beside logits, target and class weight, by name.
        outputs : mapping of str to array or Total
            Those that are wanted, by name.
        """
        run = self._compiled if self.backend.compiled else self._blocked
        run(function, more, outputs)

    def _compiled(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        target = self.target
        if self.inputs == ("logits",):
            target = np.asarray(target, np.int64)
            target = target if self.kept is None else np.where(self.kept, target, -1)
        weight = 1.0 if self.weight is None else self.weight
        given = {"logits": self.logits.array, "target": target, "class_weight": weight, **more}
        native = self.library.native(self.spec.program)
        constants, real = self.spec.constants, self.backend.real
        native.run(function, self.size, given, outputs, constants, real=real)

    def _blocked(self, function: str, more: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        entry = self.library.index["programs"][self.spec.program]
        given = {"class_weight": 1.0 if self.weight is None else self.weight, **more}
        sources = {"logits": self.logits.array, "target": self.target}
        sources |= {name: array for name, array in given.items() if isinstance(array, np.ndarray)}
        fixed = tuple((name, number) for name, number in given.items() if name not in sources)
        order = [name for name, _ in entry["arrays"][function]["outputs"]]
        program = self.kernel.rows(
            function,
            entry["shapes"],
            self.spec.constants,
            outputs=tuple(order.index(name) for name in outputs),
            fixed=fixed,
            errors=format_of(self.logits.array.dtype) == "float64",
        )
        sinks = [self._sink(output) for output in outputs.values()]
        after = None if self.kept is None else self._clear(sinks)
        program.run(*self.size, sources, sinks, after=after)

    def _sink(self, output: np.ndarray | Total) -> np.ndarray | Sink:
        """Return a sink for a column, or a matrix as it is."""
        if isinstance(output, np.ndarray) and output.ndim > 1:
            return output
        sink = output if isinstance(output, Total) else Store(output)
        return sink if self.kept is None else _Kept(sink, self.kept)

    def _clear(self, sinks: Sequence[Any]) -> Callable[[int, int], None]:
        """Return a function that sets the derivatives of a block's ignored rows to 0."""
        assert self.kept is not None
        ignored = ~self.kept

        def clear(start: int, stop: int) -> None:
            for sink in sinks:
                if isinstance(sink, np.ndarray):
                    sink[start:stop][ignored[start:stop]] = 0

        return clear

    def value_room(self) -> np.ndarray | Total:
        """Return where the loss goes: one number a row, or their sum."""
        return self._empty(self.size[0]) if self.reduction.per_item else Total()

    def finish(self, value: np.ndarray | Total) -> Any:
        """Return what has been collected of a value, in the caller's library."""
        if isinstance(value, np.ndarray):
            return self.logits.give_back(value)
        empty = str(self.spec.axes["empty"])
        return self.logits.give_back(
            self._rounded(self.reduction.divide(value.result(), self.divisor, empty))
        )

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, np.ndarray | Total]
    ) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt, self.inputs)
        found = {name: self._empty(*self.size) for name in names}
        outputs = {**value, **{f"{name}_bar": array for name, array in found.items()}}
        self.run("grad", {"loss_bar": self._spread(upstream)}, outputs)
        return {name: self.logits.give_back(array) for name, array in found.items()}

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        names = checks.wanted_gradients(wrt, self.inputs)
        dots = checks.direction(direction, self.logits.array, self.inputs)
        more = {"loss_bar": self._spread(upstream)}
        more |= {f"{name}_dot": array for name, array in dots.items()}
        found = {name: self._empty(*self.size) for name in names}
        self.run("hvp", more, {f"{name}_bar_dot": array for name, array in found.items()})
        return {name: self.logits.give_back(array) for name, array in found.items()}

    def trace(self, upstream: Any) -> dict[str, Any]:
        weight = np.ones(self.size[1]) if self.weight is None else self.weight
        given = {"logits": self.logits.array, "target": self.target, "class_weight": weight}
        named = {name: _float64(array) for name, array in given.items()}
        bars = np.broadcast_to(np.asarray(self._weight(upstream)), self.size[:1])
        bars = np.where(True if self.kept is None else self.kept, _float64(bars), 0.0)
        named |= self.kernel.trace_rows({**named, "loss_bar": bars}, self.spec.constants)
        named["target"] = _float64(self.given)
        return {name: self.logits.give_back(np.asarray(array)) for name, array in named.items()}

    def _weight(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient of every item: one number, or one each."""
        given = checks.upstream(upstream, self.logits.array, self.reduction.per_item, "logits")
        if isinstance(given, np.ndarray):
            return given
        return self.reduction.divide(given, self.divisor, str(self.spec.axes["empty"]))

    def _spread(self, upstream: Any) -> float | np.ndarray:
        """Return the upstream gradient: 1, or one number an item."""
        weight = self._weight(upstream)
        if isinstance(weight, np.ndarray) or weight == 1.0 or self.backend.compiled:
            return weight
        return np.broadcast_to(np.array(weight), self.size[:1])

    def _empty(self, *shape: int) -> np.ndarray:
        return np.empty(shape, self.logits.array.dtype.newbyteorder("="))

    def _rounded(self, number: float) -> np.ndarray:
        out = self._empty()
        with np.errstate(all="ignore"):
            narrow(out, np.array(number))
        return out


def _float64(array: np.ndarray) -> np.ndarray:
    """Return a copy: numbers in float64, and labels of their own type."""
    if array.dtype.kind in "iu":
        return array.copy()
    out = np.empty(array.shape)
    with np.errstate(all="ignore"):
        widen(out, array)
    return out


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
