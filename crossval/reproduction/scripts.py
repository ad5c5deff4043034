"""Scripts of about a dozen lines: input, one call, what came, the truth, the error in ulp.

Where one number is right the script holds it and needs neither refloss nor crossval. Where several
are (a tie, a point without derivative), whether the numbers fit together is for
:func:`crossval.compare` to say. Either way the script ends with code 1 if the numbers are wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import refloss
from crossval.reproduction.callees import Callee
from crossval.reproduction.dialects import EMIT, Dialect, decimal, dialect
from crossval.reproduction.rows import Expected, Row
from crossval.target import Target

__all__ = ["EMIT", "Script"]

_MOST = 1e300  # in the place of an infinite tolerance: infinity itself is wrong


@dataclass(frozen=True)
class Script:
    """What is written.

    Attributes
    ----------
    row : Row
        Input and truth.
    target : Target or None
        What to call; without one the script has a place for it.
    emit : {"python", "torch", "jax"}
        Framework of the script: NumPy, PyTorch or JAX.
    gradient : bool
        Whether gradients are compared too.
    heading : str
        First comment.
    """

    row: Row
    target: Target | None
    emit: str
    gradient: bool
    heading: str

    def __str__(self) -> str:
        here = "truth certified" if self._unique else "several gradients are right here, told"
        modules = [*self.dialect.imports, *([] if self._unique else ["crossval"])]
        verdict = self._by_numbers() if self._unique else self._by_compare()
        return assembled(
            [self.heading, f"{self.row.place}; {here} by refloss {refloss.__version__}"],
            self.callee.imports(modules),
            [
                *self.dialect.setup,
                *self.inputs(),
                *self.callee.bindings(),
                *self._call(),
                *verdict,
            ],
        )

    @property
    def dialect(self) -> Dialect:
        """How arrays are written."""
        return dialect(self.emit, self.row.id.dtype)

    @property
    def callee(self) -> Callee:
        """How the target is imported and called."""
        row = self.row
        torch = self.emit == "torch"
        return Callee(self.target, row.family, row.spec.axes, torch, row.id.dtype)

    @property
    def wrt(self) -> list[str]:
        """Inputs differentiated by."""
        if not self.gradient:
            return []
        return list((self.target.wrt if self.target else None) or self.row.family.wrt)

    def inputs(self) -> Iterator[str]:
        """Write the row's arrays."""
        for name, array in self.row.inputs.items():
            if name in self.row.family.labels:
                yield f"{name} = {self.dialect.labels(array.tolist())}"
            else:
                yield f"{name} = {self.dialect.array(array.tolist(), name in self.wrt)}"

    def _call(self) -> Iterator[str]:
        call = self.callee.call
        yield f"value = {call}"
        if self.wrt:
            yield f"grads = {self.dialect.gradients(call, self.row.upstream, self.wrt)}"

    @cached_property
    def _expected(self) -> dict[str, Expected]:
        """What every number must be, by name."""
        expected = {"value": self.row.value}
        for name in self.wrt:
            columns = self.row.family.columns[self.row.family.inputs[name]]
            named = zip(columns, self.row.gradients[name], strict=True)
            expected |= {f"d/d{column}": answer for column, answer in named}
        return expected

    @property
    def _unique(self) -> bool:
        """Whether there is one right number for each."""
        answers = self._expected.values()
        return all(x.value is not None and not math.isnan(x.hi) for x in answers)

    def _by_numbers(self) -> list[str]:
        """Hold every number against its truth."""
        expected = self._expected
        parts = f"value, {self.dialect.each(self.wrt)}" if self.wrt else "value,"
        answers = expected.values()
        truth = ", ".join(f'"{name}": {_truth(answer)}' for name, answer in expected.items())
        ulps = ", ".join(_power(answer.ulp) for answer in answers)
        allowed = ", ".join(f"{min(answer.allowed, _MOST):.6g}" for answer in answers)
        rows = "zip(got, truth.values(), ulp)"
        return [
            f"got = {self.dialect.numbers(parts)}",
            f"truth = {{{truth}}}",
            f"ulp = [{ulps}]  # a unit in the last place of {self.row.id.dtype} there",
            f"allowed = [{allowed}]  # ulp, by rounding and conditioning",
            f"off = [0.0 if x == t else abs(x - t) / u for x, t, u in {rows}]",
            "for name, x, error, most in zip(truth, got, off, allowed):",
            '    print(f"{name:8} got {x!r:<24} truth {truth[name]!r:<24} ulp {error:<10.4g}'
            ' allowed {most:g}")',
            "raise SystemExit(any(not error <= most for error, most in zip(off, allowed)))",
        ]

    def _by_compare(self) -> list[str]:
        """Leave the verdict to the judge, who knows every gradient that is right."""
        inputs = ", ".join(f'"{name}": {name}' for name in self.row.family.inputs)
        words = [f'"{self.row.id.declared}"', f"{{{inputs}}}", "value"]
        words += [self.dialect.by_name(self.wrt)] if self.wrt else []
        words += [f"upstream={decimal(self.row.upstream)}"] if self.wrt else []
        words += [f"{name}={value!r}" for name, value in self.row.given.items()]
        return [
            f"report = crossval.compare({', '.join(words)})",
            "print(report)",
            "raise SystemExit(not report.ok)",
        ]


def assembled(heading: list[str], imports: list[str], body: list[str]) -> str:
    """Put the parts of a script together."""
    text = "\n".join([*imports, "", *body]) + "\n"
    if re.search(r"(?<![\w.\"'])inf\b", text):
        text = f"from math import inf\n{text}"
    return "\n".join(f"# {line}" for line in heading) + f"\n{text}"


def _truth(answer: Expected) -> str:
    """Return the truth to 17 digits, or infinity where the format cannot hold it."""
    assert answer.value is not None
    return repr(answer.value if math.isinf(answer.value) else answer.hi)


def _power(size: float) -> str:
    mantissa, exponent = math.frexp(size)
    return f"2**{exponent - 1}" if mantissa == 0.5 else repr(size)
