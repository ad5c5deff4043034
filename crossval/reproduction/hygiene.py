"""Scripts for what has nothing to do with the formula: mutation, repetition, views, shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crossval.reproduction.callees import Callee
from crossval.reproduction.dialects import Dialect, dialect
from crossval.reproduction.rows import Row
from crossval.reproduction.scripts import assembled
from crossval.target import Target

__all__ = ["HygieneScript"]

_TIMES = 22  # three rows so often are as many as the judge takes


@dataclass(frozen=True)
class HygieneScript:
    """A few rows, repeated, and what a check does with them.

    Attributes
    ----------
    rows : sequence of Row
        Input.
    target : Target or None
        What to call.
    emit : {"python", "torch", "jax"}
        Framework of the script.
    check : str
        One of :data:`~crossval.reproduction.lines.HYGIENE`.
    heading : str
        First comment.
    """

    rows: tuple[Row, ...]
    target: Target | None
    emit: str
    check: str
    heading: str

    def __str__(self) -> str:
        parts = _Parts(self)
        body = list(_BODIES[self.check](parts))
        judged = any("crossval." in line for line in body)
        modules = [*parts.dialect.imports, *(["crossval"] if judged else [])]
        return assembled(
            [self.heading, f"the check {self.check!r}, of the same name in refloss explain"],
            parts.callee.imports(modules),
            [*parts.dialect.setup, *parts.inputs(), *body],
        )


class _Parts:
    """Pieces that the checks' scripts are made of."""

    def __init__(self, script: HygieneScript) -> None:
        self.rows = script.rows
        self.family, self.id = self.rows[0].family, self.rows[0].id
        self.dialect: Dialect = dialect(script.emit, self.id.dtype)
        self.torch = script.emit == "torch"
        axes = self.rows[0].spec.axes
        self.callee = Callee(
            script.target, self.family, axes, self.torch, self.id.dtype, several=True
        )
        wrt = script.target.wrt if script.target else None
        self.wrt = list(wrt or self.family.wrt)
        self.names = list(self.family.inputs)

    @property
    def listed(self) -> str:
        """The inputs, as arguments."""
        return ", ".join(self.names)

    def each(self, change: Callable[[str], str]) -> str:
        """Return the inputs, every one of them changed."""
        return ", ".join(change(name) for name in self.names)

    def inputs(self) -> Iterator[str]:
        """Write the rows, repeated."""
        for name in self.names:
            together = [row.inputs[name][0].tolist() for row in self.rows]
            labels = name in self.family.labels
            text = self.dialect.labels(together) if labels else self.dialect.array(together, False)
            yield f"{name} = {self.dialect.tiled(text, _TIMES, labels)}"

    def results(self) -> Iterator[str]:
        """Define ``results``, a list of the losses and of their gradients."""
        yield f"def results({self.listed}):"
        body = self.dialect.results(self.callee.call, self.wrt)
        yield from (f"    {line}" for line in body)

    def judged(self, arrays: str) -> Iterator[str]:
        """Rows that are wrong in each of several lists of results, and whether they differ."""
        inputs = ", ".join(f'"{name}": {name}' for name in self.names)
        axes = "".join(f", {name}={value!r}" for name, value in self.rows[0].given.items())
        names = ", ".join(f'"{name}"' for name in self.wrt)
        grads = f"dict(zip([{names}], grads))"
        yield "def wrong(value, *grads):"
        compared = f'crossval.compare("{self.id.declared}", {{{inputs}}}, value, {grads}{axes})'
        yield f"    report = {compared}"
        yield '    return {row.row for row in report.worst(len(value)) if row.grade == "F"}'
        yield f"found = [wrong(*each) for each in ({arrays})]"
        yield 'print("wrong rows:", *found)'
        yield "raise SystemExit(found[0] != found[1])"


def _mutation(parts: _Parts) -> Iterator[str]:
    yield f"before = [{parts.each(parts.dialect.copied)}]"
    yield f"value = {parts.callee.call}"
    equal = parts.dialect.equal("old", "new")
    yield f"same = [{equal} for old, new in zip(before, [{parts.listed}])]"
    yield f'print("{parts.listed} keep their values:", *same)'
    yield "raise SystemExit(not all(same))"


def _determinism(parts: _Parts) -> Iterator[str]:
    yield from parts.results()
    same, other = f"results({parts.listed})", f"results({parts.each(parts.dialect.flipped)})"
    yield f"first, other, again = {same}, {other}, {same}"
    equal, flipped = parts.dialect.equal, parts.dialect.flipped
    yield f"same = [{equal('x', 'y')} for x, y in zip(first, again)]"
    kept = f"{equal('x', 'y')} and x.ndim > 0 and not {equal('x', flipped('x'))}"
    yield f"stale = [{kept} for x, y in zip(first, other)]"
    yield 'print("the same again:", *same, " stale for other rows:", *stale)'
    yield "raise SystemExit(any(stale) or not all(same))"


def _row_independence(parts: _Parts) -> Iterator[str]:
    flipped = parts.dialect.flipped
    yield from parts.results()
    turned = f"results({parts.each(flipped)})"
    yield from parts.judged(f"results({parts.listed}), [{flipped('x')} for x in {turned}]")


def _strides(parts: _Parts) -> Iterator[str]:
    def strided(name: str) -> str:
        labels = name in parts.family.labels
        filler = f"{name} + 2**30" if labels else f'{name} * float("nan")'
        return parts.dialect.strided(name, filler)

    yield from parts.results()
    yield from parts.judged(f"results({parts.listed}), results({parts.each(strided)})")


def _dtype(parts: _Parts) -> Iterator[str]:
    yield from parts.results()
    yield f"came = [x.dtype for x in results({parts.listed})]"
    yield f'print("came", *came, " expected", {parts.wrt[0]}.dtype)'
    yield f"raise SystemExit(any(x != {parts.wrt[0]}.dtype for x in came))"


def _shape_misuse(parts: _Parts) -> Iterator[str]:
    """Offer every misuse of the judge: other rows for one input, another width for all."""
    misuses = [
        ", ".join(name + part if name == wrong else name for name in parts.names)
        for wrong in parts.names
        for part in ("[:-1]", "[:1]", "[0]")
    ]
    if all(None not in parts.family.shape(name)[1:] for name in parts.names):
        misuses.append(parts.each(lambda name: f"{name}[:, :-1]"))
        misuses.append(parts.each(lambda name: f"{name}[:, [0, 1, 2, 3, 0]]"))
    yield "accepted = 0"
    yield f"for {parts.listed} in [{', '.join(f'({misuse})' for misuse in misuses)}]:"
    yield "    try:"
    yield f"        value = {parts.callee.call}"
    shapes = ", ".join(f"tuple({name}.shape)" for name in parts.names)
    yield f'        print("accepted", {shapes})'
    yield "        accepted += 1"
    yield "    except Exception as error:"
    yield f'        print("refused", {shapes}, error)'
    yield "raise SystemExit(accepted > 0)"


def _empty_batch(parts: _Parts) -> Iterator[str]:
    wanted = [(0,), *((0, *parts.rows[0].inputs[name].shape[1:]) for name in parts.wrt)]
    yield from parts.results()
    yield f"came = [tuple(x.shape) for x in results({parts.each(lambda name: f'{name}[:0]')})]"
    yield f'print("came", *came, " expected", *{wanted})'
    yield f"raise SystemExit(came != {wanted}[: len(came)])"


_BODIES: dict[str, Callable[[_Parts], Iterator[str]]] = {
    "mutation": _mutation,
    "determinism": _determinism,
    "row independence": _row_independence,
    "strides": _strides,
    "dtype": _dtype,
    "shape misuse": _shape_misuse,
    "empty batch": _empty_batch,
}
