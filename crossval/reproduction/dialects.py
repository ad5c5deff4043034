"""How scripts write arrays, gradients and comparisons: in NumPy, PyTorch or JAX."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["EMIT", "Dialect", "decimal", "dialect"]


class Dialect(Protocol):
    """What differs between frameworks; every method returns Python text."""

    @property
    def imports(self) -> list[str]:
        """Modules to import, as in ``numpy as np``."""
        ...

    @property
    def setup(self) -> list[str]:
        """Statements before the first array."""
        ...

    @property
    def type(self) -> str:
        """The dtype of the inputs."""
        ...

    def array(self, rows: list, leaf: bool) -> str:
        """Rows of numbers; with `leaf` to be differentiated by."""
        ...

    def labels(self, classes: list) -> str:
        """Write classes as integers."""
        ...

    def tiled(self, array: str, times: int, labels: bool) -> str:
        """Repeat the rows of an array."""
        ...

    def gradients(self, call: str, upstream: float, wrt: Sequence[str]) -> str:
        """Gradients of ``sum(value * upstream)``."""
        ...

    def each(self, wrt: Sequence[str]) -> str:
        """Those gradients, to be unpacked in order."""
        ...

    def by_name(self, wrt: Sequence[str]) -> str:
        """Those gradients as a mapping."""
        ...

    def numbers(self, arrays: str) -> str:
        """All numbers of several arrays, as one list."""
        ...

    def results(self, call: str, wrt: Sequence[str]) -> list[str]:
        """Statements that return the losses and the gradients of their sum, as a list."""
        ...

    def flipped(self, array: str) -> str:
        """Rows in reverse."""
        ...

    def copied(self, array: str) -> str:
        """Return a copy."""
        ...

    def equal(self, one: str, other: str) -> str:
        """Whether two arrays are equal."""
        ...

    def strided(self, array: str, filler: str) -> str:
        """Return a view with something else between its entries."""
        ...


@dataclass(frozen=True)
class _Torch:
    dtype: str
    imports = ("torch",)
    setup = ()

    @property
    def type(self) -> str:
        return f"torch.{self.dtype}"

    def array(self, rows: list, leaf: bool) -> str:
        grad = ", requires_grad=True" if leaf else ""
        return f"torch.tensor({_nested(rows)}, dtype={self.type}{grad})"

    def labels(self, classes: list) -> str:
        return f"torch.tensor({classes})"

    def tiled(self, array: str, times: int, labels: bool) -> str:
        return f"{array}.repeat({times})" if labels else f"{array}.repeat({times}, 1)"

    def gradients(self, call: str, upstream: float, wrt: Sequence[str]) -> str:
        scaled = "value" if upstream == 1.0 else f"(value * {decimal(upstream)})"
        leaves = ", ".join(wrt)
        return f"torch.autograd.grad({scaled}.sum(), [{leaves}], materialize_grads=True)"

    def each(self, wrt: Sequence[str]) -> str:
        return "*grads"

    def by_name(self, wrt: Sequence[str]) -> str:
        return f"dict(zip({_names(wrt)}, grads))"

    def numbers(self, arrays: str) -> str:
        return f"[x for part in ({arrays}) for x in part.flatten().tolist()]"

    def results(self, call: str, wrt: Sequence[str]) -> list[str]:
        names = ", ".join(wrt)
        fresh = "x.detach().requires_grad_()"
        made = f"[{fresh} for x in [{names}]]" if len(wrt) > 1 else fresh.replace("x", names)
        return [
            f"{names} = {made}",
            f"value = {call}",
            f"return [value, *{self.gradients(call, 1.0, wrt)}]",
        ]

    def flipped(self, array: str) -> str:
        return f"{array}.flip(0)"

    def copied(self, array: str) -> str:
        return f"{array}.clone()"

    def equal(self, one: str, other: str) -> str:
        return f"torch.equal({one}, {other})"

    def strided(self, array: str, filler: str) -> str:
        return f"torch.stack([{array}, {filler}], -1)[..., 0]"


@dataclass(frozen=True)
class _Numpy:
    dtype: str
    setup = ()

    @property
    def imports(self) -> list[str]:
        return ["ml_dtypes", "numpy as np"] if self.dtype == "bfloat16" else ["numpy as np"]

    @property
    def type(self) -> str:
        return "ml_dtypes.bfloat16" if self.dtype == "bfloat16" else f"np.{self.dtype}"

    def array(self, rows: list, leaf: bool) -> str:
        return f"np.array({_nested(rows)}, dtype={self.type})"

    def labels(self, classes: list) -> str:
        return f"np.array({classes})"

    def tiled(self, array: str, times: int, labels: bool) -> str:
        return f"np.tile({array}, {times})" if labels else f"np.tile({array}, ({times}, 1))"

    def gradients(self, call: str, upstream: float, wrt: Sequence[str]) -> str:
        weights = f"np.full(np.shape(value), {decimal(upstream)}, {self.type})"
        grad = _through_grad(call, f"upstream={weights}, wrt={_names(wrt)}")
        return f'{grad} if hasattr(f, "grad") else {{}}'

    def each(self, wrt: Sequence[str]) -> str:
        return f"*(grads[name] for name in {_names(wrt)} if grads)"

    def by_name(self, wrt: Sequence[str]) -> str:
        return "grads"

    def numbers(self, arrays: str) -> str:
        return f"[float(x) for part in ({arrays}) for x in np.ravel(part)]"

    def results(self, call: str, wrt: Sequence[str]) -> list[str]:
        gradients = self.gradients(call, 1.0, wrt)
        return [f"value = {call}", f"grads = {gradients}", f"return [value, {self.each(wrt)}]"]

    def flipped(self, array: str) -> str:
        return f"{array}[::-1]"

    def copied(self, array: str) -> str:
        return f"{array}.copy()"

    def equal(self, one: str, other: str) -> str:
        return f"np.array_equal({one}, {other})"

    def strided(self, array: str, filler: str) -> str:
        return f"np.stack([{array}, {filler}], -1)[..., 0]"


@dataclass(frozen=True)
class _Jax:
    dtype: str
    imports = ("jax", "jax.numpy as jnp")

    @property
    def setup(self) -> list[str]:
        wide = ['jax.config.update("jax_enable_x64", True)'] if self.dtype == "float64" else []
        return ['jax.config.update("jax_platforms", "cpu")', *wide]

    @property
    def type(self) -> str:
        return f"jnp.{self.dtype}"

    def array(self, rows: list, leaf: bool) -> str:
        return f"jnp.array({_nested(rows)}, dtype={self.type})"

    def labels(self, classes: list) -> str:
        return f"jnp.array({classes})"

    def tiled(self, array: str, times: int, labels: bool) -> str:
        return f"jnp.tile({array}, {times})" if labels else f"jnp.tile({array}, ({times}, 1))"

    def gradients(self, call: str, upstream: float, wrt: Sequence[str]) -> str:
        return f"{_pulled(call, wrt)}[1](jnp.full_like(value, {decimal(upstream)}))"

    def each(self, wrt: Sequence[str]) -> str:
        return "*grads"

    def by_name(self, wrt: Sequence[str]) -> str:
        return f"dict(zip({_names(wrt)}, grads))"

    def numbers(self, arrays: str) -> str:
        return f"[float(x) for part in ({arrays}) for x in part.flatten()]"

    def results(self, call: str, wrt: Sequence[str]) -> list[str]:
        return [
            f"value, back = {_pulled(call, wrt)}",
            "return [value, *back(jnp.ones_like(value))]",
        ]

    def flipped(self, array: str) -> str:
        return f"{array}[::-1]"

    def copied(self, array: str) -> str:
        return f"{array}.copy()"

    def equal(self, one: str, other: str) -> str:
        return f"bool(jnp.array_equal({one}, {other}))"

    def strided(self, array: str, filler: str) -> str:
        return f"jnp.stack([{array}, {filler}], -1)[..., 0]"


_DIALECTS: dict[str, Any] = {"python": _Numpy, "torch": _Torch, "jax": _Jax}
EMIT = tuple(_DIALECTS)


def dialect(name: str, dtype: str) -> Dialect:
    """Return one of :data:`EMIT` for inputs of a format."""
    return _DIALECTS[name](dtype)


def decimal(value: float) -> str:
    """Shortest text that is this number: an integer where it is one."""
    plain = value.is_integer() and abs(value) < 1e6 and str(value) != "-0.0"
    return repr(int(value)) if plain else repr(value)


def _nested(rows: list) -> str:
    """Write nested lists of numbers."""
    return f"[{', '.join(_nested(x) if isinstance(x, list) else decimal(x) for x in rows)}]"


def _pulled(call: str, wrt: Sequence[str]) -> str:
    """Write value and vector-Jacobian product of a call by some of the names in it."""
    names = ", ".join(wrt)
    return f"jax.vjp(lambda {names}: {call}, {names})"


def _names(names: Sequence[str]) -> str:
    """Write a tuple of texts."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f"({listed},)" if len(names) == 1 else f"({listed})"


def _through_grad(text: str, extra: str) -> str:
    """Write the same call as one of ``f.grad``, with more keywords."""

    class Rewrite(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> Any:
            self.generic_visit(node)
            if isinstance(node.func, ast.Name) and node.func.id == "f":
                more = ast.parse(f"f({extra})", mode="eval").body
                assert isinstance(more, ast.Call)
                node.func = ast.Attribute(node.func, "grad", ast.Load())
                node.keywords += more.keywords
            return node

    return ast.unparse(Rewrite().visit(ast.parse(text, mode="eval")))
