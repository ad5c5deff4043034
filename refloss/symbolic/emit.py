"""Definitions to kernel files: which texts a loss gets, and writing or checking them."""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import sympy as sp

from refloss.symbolic import calculus
from refloss.symbolic.definition import Constant, Definition
from refloss.symbolic.passes import live, operations
from refloss.symbolic.printers import (
    arithmetic_text,
    cuda_text,
    head_text,
    latex_text,
    numpy_text,
)
from refloss.symbolic.program import Program, elementwise
from refloss.symbolic.removal import masked
from refloss.symbolic.vocabulary import heads

HEADER = "Generated from the definition by `refloss derive`; do not edit."
INDEX = "index.json"
HEADS = ("heads", "heads of sub-centres")
"""Families whose programs contract matrices, and visit their classes in parts."""


@dataclass(frozen=True)
class Derived:
    """The programs that one program of a definition gives rise to."""

    value: Program
    grad: Program
    hvp: Program


@cache
def derive(program: Program, output: str, wrt: tuple[str, ...]) -> Derived:
    """Return value, gradient and Hessian-vector product of `output` by `wrt`.

    Items whose weight is 0 have no derivatives, see `refloss.symbolic.removal`.
    """
    primal = program.with_outputs(output)
    bars = [name + calculus.BAR for name in wrt]
    gradient = masked(calculus.grad(primal, output, wrt), bars)
    product = calculus.hvp(primal, output, wrt)
    return Derived(live(primal), gradient, masked(product, [bar + calculus.DOT for bar in bars]))


def kernel_files(definitions: Iterable[Definition]) -> dict[str, str]:
    """Return every kernel text of `definitions`, by path relative to the kernel directory."""
    files: dict[str, str] = {}
    for definition in definitions:
        for name, (plain, stable) in definition.programs.items():
            wrt, out = definition.differentiable(name), definition.output
            forms = derive(plain, out, wrt), derive(stable, out, wrt)
            files[f"arb/{name}.py"] = _arb(definition, name, forms[0])
            if definition.family in HEADS:  # their products are those of an array library
                files[f"heads/{name}.py"] = _numpy(definition, name, *forms, plain)
                continue
            files[f"numpy/{name}.py"] = _numpy(definition, name, *forms, plain)
            files[f"cuda/{name}.cu"] = _cuda(definition, name, forms[1])
            if elementwise(plain):  # rows have one arithmetic of truth, balls of any precision
                files[f"balls/{name}.py"] = _balls(definition, name, *forms)
    return files


def index_entries(definitions: Iterable[Definition]) -> dict[str, dict]:
    """Return the index of `definitions`: conventions as data, formulas, operation counts."""
    losses, programs = {}, {}
    for definition in definitions:
        losses[definition.name] = _loss_entry(definition)
        for name, (plain, stable) in definition.programs.items():
            programs[name] = _program_entry(definition, plain, stable)
    return {"losses": losses, "programs": programs}


def _docstring(definition: Definition, name: str, what: str) -> str:
    program = definition.programs[name][1]
    constants = constants_of(definition, program)
    used = [str(c) for c in program.consts]
    lines = [f"{definition.title}: {what}.", "", HEADER, "", "Definition"]
    lines += [f"    {line}" for line in definition.formula.strip().splitlines()]
    lines += ["", "Subgradients"]
    lines += textwrap.wrap(
        definition.subgradients, 92, initial_indent="    ", subsequent_indent="    "
    )
    lines += ["", "Constants"]
    for constant in used:
        note = f"{constant}: {constants[constant].doc} (default {constants[constant].default!r})"
        lines += textwrap.wrap(note, 92, initial_indent="    ", subsequent_indent="        ")
    lines += ["", "Source"]
    lines += textwrap.wrap(definition.source, 92, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines).replace("\\", "\\\\")


def _numpy(
    definition: Definition, name: str, plain: Derived, stable: Derived, traced: Program
) -> str:
    out = definition.output
    trace = calculus.trace(traced.with_outputs(out), out, definition.differentiable(name))
    listed = "\n".join(f'        "{quantity}": {quantity},' for quantity in trace.outputs)
    function = numpy_text.function
    if definition.family in HEADS:
        function = partial(head_text.function, classes=heads.CLASS)
    functions = [
        function("value", stable.value, doc=f"Return {out}, one an item."),
        function(
            "grad",
            stable.grad,
            doc=f"Return {out}, then its derivative by every column times {out}_bar.",
        ),
        function(
            "hvp", stable.hvp, doc="Return the derivative of the gradient along the `_dot` columns."
        ),
        numpy_text.function(
            "trace",
            trace,
            "Return every quantity of the plain program and its adjoint, by name.",
            returns="{\n" + listed + "\n    }",
        ),
    ]
    doc = _docstring(definition, name, "value, gradient and Hessian-vector product in NumPy")
    return numpy_text.module(doc, [stable.value, plain.value], functions)


def _cuda(definition: Definition, name: str, stable: Derived) -> str:
    parts = {f"{name}_{part}": program for part, program in _parts(stable).items()}
    doc = _docstring(definition, name, "value, gradient and Hessian-vector product in CUDA C++")
    return cuda_text.module(doc.replace("\\\\", "\\"), parts, definition.inputs)


def _parts(derived: Derived) -> dict[str, Program]:
    return {"value": derived.value, "grad": derived.grad, "hvp": derived.hvp}


def _arb(definition: Definition, name: str, plain: Derived) -> str:
    function = partial(arithmetic_text.function, whole=definition.family in HEADS)
    functions = [
        function("value", plain.value, "Return the loss of the plain program."),
        function("grad", plain.grad, "Return the loss and the derived gradient."),
        function("hvp", plain.hvp, "Return the derived Hessian-vector product."),
    ]
    doc = _docstring(definition, name, "the plain definition over an arithmetic F")
    return arithmetic_text.module(doc, functions)


def _balls(definition: Definition, name: str, plain: Derived, stable: Derived) -> str:
    functions = [
        arithmetic_text.function("value", stable.value, "Return the loss of the stable program."),
        arithmetic_text.function("grad", stable.grad, "Return the loss and the stable gradient."),
        arithmetic_text.function("plain_grad", plain.grad, "Return loss and gradient, plain form."),
    ]
    doc = _docstring(definition, name, "the stable and the plain gradient over an arithmetic F")
    return arithmetic_text.module(doc, functions)


def _loss_entry(definition: Definition) -> dict:
    program: object = next(iter(definition.programs))
    if definition.program_axis:
        values = definition.axes[definition.program_axis].values
        choices = {name: value.program for name, value in values.items()}
        program = {"axis": definition.program_axis, "values": choices}
    axes = {
        name: {
            "doc": axis.doc,
            "default": axis.default,
            **({"constant": axis.sets} if axis.sets else {}),
            **({"least": axis.least} if axis.least else {}),
            **({"most": axis.most} if axis.most is not None else {}),
            **({"number": True} if axis.number else {}),
            "values": {
                v: {
                    "doc": value.doc,
                    "set": _finite(value.sets),
                    "source": value.source,
                    **({} if value.batch is None else {"batch": asdict(value.batch)}),
                    **({"allows": _listed(value.allows)} if value.allows else {}),
                }
                for v, value in axis.values.items()
            },
        }
        for name, axis in definition.axes.items()
    }
    return {
        "family": definition.family,
        "title": definition.title,
        "source": definition.source,
        "formula": definition.formula.strip(),
        "subgradients": definition.subgradients,
        "inputs": {k: list(v) for k, v in definition.inputs.items()},
        "domains": {k: [_number(x) for x in v] for k, v in definition.domains.items()},
        "weights": list(definition.weights),
        "output": definition.output,
        "program": program,
        "axes": axes,
        "presets": {
            name: {"axes": dict(preset.axes), "source": preset.source}
            for name, preset in definition.presets.items()
        },
        "singular": [
            {"where": s.where, "kind": s.kind, "value": s.value, "derivative": s.derivative}
            for s in definition.singular
        ],
    }


def _program_entry(definition: Definition, plain: Program, stable: Program) -> dict:
    derived = derive(stable, definition.output, definition.differentiable(stable.name))
    parts = _parts(derived)
    constants = constants_of(definition, stable)
    derived = {str(nearest): sp.sstr(value) for nearest, _, value in stable.derived}
    shapes = {} if elementwise(stable) else {"shapes": _shapes(stable)}
    exact = {"exact": True} if definition.exact else {}
    return {
        **shapes,
        **exact,
        "loss": definition.name,
        "arrays": {
            part: cuda_text.signature(program, definition.inputs) for part, program in parts.items()
        },
        "constants": {name: _number(c.default) for name, c in constants.items()},
        **({"derived": derived} if derived else {}),
        "docs": {name: c.doc for name, c in constants.items()},
        "operations": {part: operations(program) for part, program in parts.items()},
        "statements": {part: len(program.lets) for part, program in parts.items()},
        "latex": latex_text.aligned(live(plain.with_outputs(definition.output))),
    }


def constants_of(definition: Definition, program: Program) -> dict[str, Constant]:
    """Return the constants of a program, derived ones with the values that defaults give them."""
    known = dict(definition.constants)
    for nearest, rest, value in program.derived:
        read = sorted(value.free_symbols, key=str)
        exact = value.subs({c: sp.Rational(known[str(c)].default) for c in read})
        float_ = _float(exact)
        if nearest != value:
            known[str(nearest)] = Constant(float_, f"{sp.sstr(value)}, rounded")
        known[str(rest)] = Constant(_float(exact - sp.Rational(float_)), f"what {nearest} lacks")
    return {str(c): known[str(c)] for c in program.consts}


def _float(value: sp.Expr) -> float:
    """Return the float nearest to a real number."""
    return float(sp.N(value, 120, maxn=2000, chop=True))


def _shapes(program: Program) -> dict[str, list[str]]:
    """Return the axes of every input."""
    return {t.name: [str(a) for a in t.axes] for t in program.inputs}


def _number(value: float | str) -> float | str:
    """Return `value`; an infinity as the string that ``float`` reads, for JSON has none."""
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _finite(values: Mapping[str, float | str]) -> dict[str, float | str]:
    return {name: _number(value) for name, value in values.items()}


def _listed(allowed: Mapping[str, tuple[float, ...]]) -> dict[str, list[float]]:
    return {name: list(numbers) for name, numbers in allowed.items()}


def merged_index(directory: Path, entries: dict[str, dict]) -> str:
    """Return the text of the index in `directory` with `entries` put in."""
    path = directory / INDEX
    index = json.loads(path.read_text()) if path.exists() else {"losses": {}, "programs": {}}
    for part, values in entries.items():
        index[part] = {**index.get(part, {}), **values}
    return index_text(index)


def index_text(index: dict) -> str:
    """Return the canonical text of an index: sorted keys, so that a diff is readable."""
    return json.dumps(index, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(definitions: Iterable[Definition], directory: Path | None = None) -> list[str]:
    """Derive `definitions` and write their kernels and index entries.

    Parameters
    ----------
    definitions : iterable of Definition
        What to derive.
    directory : pathlib.Path, optional
        Where kernels go; by default `kernel_directory()`.

    Returns
    -------
    list of str
        The files written, relative to `directory`.
    """
    definitions = list(definitions)
    directory = kernel_directory() if directory is None else Path(directory)
    files = kernel_files(definitions)
    files[INDEX] = merged_index(directory, index_entries(definitions))
    return write_files(files, directory)


def write_files(files: Mapping[str, str], directory: Path | None = None) -> list[str]:
    """Write texts by path relative to `directory`, by default `kernel_directory()`; list them."""
    directory = kernel_directory() if directory is None else Path(directory)
    for name, text in files.items():
        _replace(directory / name, text)
    return sorted(files)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def kernel_directory() -> Path:
    """Return where kernels live: ``$REFLOSS_KERNELS``, or the installed package's own folder."""
    given = os.environ.get("REFLOSS_KERNELS")
    return Path(given) if given else Path(__file__).parents[1] / "kernels"
