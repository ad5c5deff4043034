"""Texts put together: a function of the results of other texts, as one text of their inputs.

A batch of one row under a convention of the whole batch, such as a loss over its modulator, is a
program of that row. Its text is not written down: it follows from those of its parts by the chain
rule, in any arithmetic.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossval.oracles.texts import load

__all__ = ["Composed", "alone", "composed", "first_of"]

_DIALECTS = {"numpy": (), "arb": ("F",), "balls": ("F",)}
"""What stands before the inputs."""


def alone(spec: Any) -> Any:
    """Return the definition of a batch of one row, where that is not the loss of the row.

    Parameters
    ----------
    spec : refloss.losses.Spec
        A definition that divides what it adds up by the sum of other results has the quotient of
        both programs; every other one is returned as it is.
    """
    batch = spec.batch
    if batch is None or not batch.beside:
        return spec
    program = f"{batch.function}({spec.program}, {batch.beside})"
    return replace(spec, program=program, constants={**spec.constants, **batch.constants})


def first_of(program: str) -> str:
    """Return the program itself, or the first part of one that is put together."""
    return program.partition("(")[2].partition(",")[0] or program


def composed(program: str, dialect: str, kernels: Path | str | None = None) -> Composed:
    """Return the text of ``function(part, part)``.

    Parameters
    ----------
    program : str
        As `alone` writes it; the parts take the same inputs.
    dialect, kernels
        As for `crossval.oracles.texts.load`.
    """
    from refloss.run.kernels import library

    function, _, rest = program.rstrip(")").partition("(")
    names = rest.split(", ")
    entries = [library(kernels).index["programs"][name] for name in (function, *names)]
    known = [tuple(entry["constants"]) for entry in entries]
    inputs = [name for name, _ in entries[1]["arrays"]["value"]["inputs"]]
    texts = [load(name, dialect, kernels) for name in (function, *names)]
    parts = [_Text(*both) for both in zip(texts, known, strict=True)]
    constants = tuple(dict.fromkeys(name for names in known for name in names))
    return Composed(parts[0], tuple(parts[1:]), _DIALECTS[dialect], tuple(inputs), constants)


@dataclass(frozen=True)
class _Text:
    """A text and the names of its constants."""

    module: Any
    constants: tuple[str, ...]

    def call(self, function: str, given: Sequence[Any], constants: Mapping[str, Any]) -> list[Any]:
        """Return the results of one function, of which the text takes its own constants."""
        own = {name: constants[name] for name in self.constants}
        found = getattr(self.module, function)(*given, **own)
        return list(found) if isinstance(found, tuple) else [found]


@dataclass(frozen=True)
class Composed:
    """A text of the inputs of its parts.

    Attributes
    ----------
    function : _Text
        Of the results of the parts.
    parts : tuple of _Text
        Of the same inputs.
    lead : tuple of str
        What stands before the inputs.
    inputs, constants : tuple of str
        Names.
    """

    function: _Text
    parts: tuple[_Text, ...]
    lead: tuple[str, ...]
    inputs: tuple[str, ...]
    constants: tuple[str, ...]

    @property
    def value(self) -> Callable[..., Any]:
        """The loss, with the signature that a text has."""

        def value(*given: Any, **constants: Any) -> Any:
            first, _ = self._split(given)
            results = [part.call("value", given, constants)[0] for part in self.parts]
            return self.function.call("value", [*first, *results], constants)[0]

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        names = (*self.lead, *self.inputs, *self.constants)
        value.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in names]
        )
        return value

    def grad(self, *given: Any, **constants: Any) -> tuple[Any, ...]:
        """Return the loss and its gradient."""
        return self._grad("grad", given, constants)

    def plain_grad(self, *given: Any, **constants: Any) -> tuple[Any, ...]:
        """Return the loss and its gradient in plain form."""
        return self._grad("plain_grad", given, constants)

    def hvp(self, *given: Any, **constants: Any) -> tuple[Any, ...]:
        """Return the Hessian-vector product."""
        first, rest = self._split(given)
        size = len(self.inputs)
        inputs, bar, dots = rest[:size], rest[size], rest[size + 1 :]
        values, slopes = self._parts("grad", [*first, *inputs], constants)
        changes = [_inner(slope, dots) for slope in slopes]
        weights = self.function.call("grad", [*first, *values, bar], constants)[1:]
        turns = self.function.call("hvp", [*first, *values, bar, *changes], constants)
        products = [part.call("hvp", [*first, *inputs, 1, *dots], constants) for part in self.parts]
        return tuple(
            _inner(weights, [product[j] for product in products])
            + _inner(turns, [slope[j] for slope in slopes])
            for j in range(len(dots))
        )

    def _grad(
        self, function: str, given: Sequence[Any], constants: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        first, rest = self._split(given)
        *inputs, bar = rest
        values, slopes = self._parts(function, [*first, *inputs], constants)
        loss, *weights = self.function.call(function, [*first, *values, bar], constants)
        columns = zip(*slopes, strict=True)
        return (loss, *(_inner(weights, column) for column in columns))

    def _parts(
        self, function: str, given: Sequence[Any], constants: Mapping[str, Any]
    ) -> tuple[list[Any], list[list[Any]]]:
        """Return results and slopes of the parts."""
        found = [part.call(function, [*given, 1], constants) for part in self.parts]
        return [each[0] for each in found], [each[1:] for each in found]

    def _split(self, given: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        count = len(self.lead)
        return list(given[:count]), list(given[count:])


def _inner(some: Sequence[Any], others: Sequence[Any]) -> Any:
    first, *rest = (a * b for a, b in zip(some, others, strict=True))
    return sum(rest, first)
