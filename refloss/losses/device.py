"""One call of a loss on a device: what there is to launch, and where results go.

Nothing here waits for the device. What depends on its arrays stays there: a reduced value is an
array of shape ``()``, and a denominator that counts rows is read by the kernels that divide by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from refloss.losses import checks
from refloss.losses.reductions import EMPTY, REDUCTIONS, Reduction
from refloss.losses.spec import Spec
from refloss.run.device_arrays import DeviceArray, Home
from refloss.run.kernels import Library
from refloss.run.native.device import parts, quotient

__all__ = ["DeviceProblem"]

Divisor = DeviceArray | float


@dataclass(frozen=True)
class DeviceProblem:
    """One call with its arguments checked.

    Attributes
    ----------
    home : Home
        Where the arrays are.
    give_back : callable
        Turns a result into an array of the caller's library.
    spec : Spec
    library : Library
    real : {'float32', 'float64'}
        What is computed with.
    inputs : mapping of str to DeviceArray or float
        The program's inputs but upstream gradient and direction.
    names : tuple of str
        Inputs that can be differentiated by; the first gives shape and format of results.
    denominator : callable
        Returns what the mean divides by: a number, or the parts of a sum on the device.
    kinds : mapping of str to str
        Layouts of boxes by array.
    ignore : int
        The label of rows to ignore.
    viewed : callable
        Turns an array that is like the inputs, by name, into one like `leading`.
    """

    home: Home
    give_back: Callable[[Any], Any]
    spec: Spec
    library: Library
    real: str
    inputs: Mapping[str, DeviceArray | float]
    names: tuple[str, ...]
    denominator: Callable[[], Divisor]
    kinds: Mapping[str, str] = field(default_factory=dict)
    ignore: int = -1
    viewed: Callable[[str, Any], Any] = lambda name, array: array

    @property
    def leading(self) -> DeviceArray:
        """The input that results are like."""
        array = self.inputs[self.names[0]]
        assert isinstance(array, DeviceArray)
        return array

    @property
    def sizes(self) -> tuple[int, ...]:
        """Items, and classes where there are any."""
        rows = len(self.library.index["programs"][self.spec.program].get("shapes", ())) > 0
        return self.leading.shape if rows else self.leading.shape[:1]

    @property
    def reduction(self) -> Reduction:
        """What is made of the losses."""
        return REDUCTIONS[self.spec.reduction]

    @property
    def empty(self) -> str:
        """What the mean over nothing is: one of `EMPTY`."""
        return str(self.spec.axes.get("empty", "nan"))

    @cached_property
    def divisor(self) -> Divisor:
        """What divides the sum of the losses, found once a call."""
        return self.denominator() if self.reduction.averaged else 1.0

    def run(
        self,
        function: str,
        more: Mapping[str, DeviceArray | float],
        outputs: Mapping[str, DeviceArray],
    ) -> None:
        """Launch one function of the program."""
        self.library.native(self.spec.program).launch(
            self.home,
            function,
            self.sizes,
            {**self.inputs, **more},
            outputs,
            self.spec.constants,
            real=self.real,
            kinds=self.kinds,
            ignore=self.ignore,
        )

    def value_room(self) -> DeviceArray:
        """Return where the losses go: results, or numbers to be added up before any rounding."""
        held = self.leading.format if self.reduction.per_item else self.real
        return self.home.empty(self.leading.shape[:1], held)

    def finish(self, value: DeviceArray) -> Any:
        """Return what is made of the losses, in the caller's library."""
        if not self.reduction.per_item:
            total = parts(self.home, value)
            value = quotient(self.home, total, self.divisor, EMPTY[self.empty], self.leading.format)
        return self.give_back(value)

    def gradients(
        self, upstream: Any, wrt: Any, value: Mapping[str, DeviceArray]
    ) -> dict[str, Any]:
        """Return the gradient by input; the losses are stored beside it if there is room."""
        return self._slopes("grad", "_bar", wrt, {"loss_bar": self._weight(upstream)}, value)

    def products(self, upstream: Any, wrt: Any, direction: Any) -> dict[str, Any]:
        """Return the Hessian-vector product by input."""
        dots = checks.direction(direction, self.leading, self.names, self._read)
        more = {"loss_bar": self._weight(upstream)}
        more |= {f"{name}_dot": array for name, array in dots.items()}
        return self._slopes("hvp", "_bar_dot", wrt, more, {})

    def _slopes(
        self,
        function: str,
        ending: str,
        wrt: Any,
        more: Mapping[str, DeviceArray | float],
        value: Mapping[str, DeviceArray],
    ) -> dict[str, Any]:
        wanted = checks.wanted_gradients(wrt, self.names)
        like = self.leading
        found = {name: self.home.empty(like.shape, like.format) for name in wanted}
        self.run(function, more, {**value, **{f"{n}{ending}": a for n, a in found.items()}})
        return {name: self.give_back(array) for name, array in found.items()}

    def _read(self, name: str, value: Any) -> Any:
        adopted = self.home.adopt(name, value)
        return replace(adopted, array=self.viewed(name, adopted.array))

    def _weight(self, upstream: Any) -> DeviceArray | float:
        """Return the upstream gradient of every item: one number, or an array."""
        given = checks.upstream(
            upstream, self.leading, self.reduction.per_item, self.names[0], self._read
        )
        if isinstance(given, DeviceArray) and given.ndim:
            return given
        if not isinstance(given, DeviceArray) and not isinstance(self.divisor, DeviceArray):
            return self.reduction.divide(given, self.divisor, self.empty)
        if self.reduction.averaged:
            given = quotient(self.home, given, self.divisor, EMPTY[self.empty], self.real)
        return given.repeated(len(self.leading))
