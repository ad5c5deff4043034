"""``refloss eval``: a loss at given rows, by its kernel and certified."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossval.catalog import losses
from crossval.certificate import PASSED
from crossval.commands.options import (
    console,
    declaration,
    format_option,
    known,
    pairs,
    put_json,
    set_option,
)
from crossval.evaluation import Question, evaluate
from crossval.families import Family, family_of
from crossval.oracles.digits import MOST
from crossval.oracles.formats import FORMATS, format_of
from crossval.target import UsageError

UPSTREAM = "upstream"
_ROWS = 16


@click.command("eval")
@click.argument("loss", metavar="LOSS[/PRESET]")
@click.argument("values", metavar="NAME=VALUE...", nargs=-1)
@set_option
@click.option("--grad", is_flag=True, help="The derivatives of upstream times the loss too.")
@click.option(
    "--hvp", multiple=True, metavar="NAME=VALUE", help="Direction of a second derivative."
)
@click.option("--cond", is_flag=True, help="Condition numbers too.")
@click.option(
    "--digits", type=click.IntRange(1, MOST), default=17, show_default=True, help="Certified."
)
@click.option(
    "--dtype", type=click.Choice(list(FORMATS)), help="Of the kernel; float64, or the file's own."
)
@format_option
def command(
    loss: str,
    values: tuple[str, ...],
    axes: tuple[str, ...],
    grad: bool,
    hvp: tuple[str, ...],
    cond: bool,
    digits: int,
    dtype: str | None,
    style: str,
) -> int:
    """Evaluate a loss at given rows and certify what comes.

    NAME=VALUE gives each input, and upstream if it is not 1: a Python literal with rows first
    (pred="[[0,0,1,1]]"), @FILE.npy or @FILE.json. Nothing is broadcast. Beside the kernel's number
    stands a rigorous enclosure of the real one, and the kernel's error in units of the last place.

    JSON: {"schema": "refloss-eval-1", "loss", "preset", "program", "axes", "dtype", "digits",
    "columns", "rows": [{"inputs", "upstream", "kind", "value": NUMBER, "gradient": {COLUMN:
    NUMBER}, "hvp": {COLUMN: NUMBER}, "vertices": [[...]]}]} with NUMBER = {"kernel", "bits",
    "certified", "hi_lo", "ulp", "condition"}.
    """
    name, preset = declaration(loss)
    family = family_of(name)
    arrays = _arrays(values, (*family.inputs, UPSTREAM), "NAME=VALUE")
    missing = [each for each in family.inputs if each not in arrays]
    if missing:
        shapes = ", ".join(f"{each} {family.shapes[each]}" for each in family.inputs)
        raise UsageError(f"{name} takes {shapes}; {', '.join(missing)} missing")
    dtype = dtype or _common(arrays)
    rows = len(np.atleast_1d(arrays[next(iter(family.inputs))]))
    upstream = arrays.pop(UPSTREAM, np.ones(rows))
    asked = Question(
        name,
        preset,
        dict(pairs(axes, "--set")),
        {each: _rounded(arrays[each], dtype) for each in family.inputs},
        dtype,
        _rounded(upstream, dtype),
        _direction(hvp, family, arrays, dtype),
        digits,
        grad,
        cond,
    )
    _fitting(asked, rows)
    answer = evaluate(asked)
    if style == "json":
        put_json(answer)
    else:
        _show(answer, asked, console())
    return PASSED


def _arrays(items: tuple[str, ...], names: tuple[str, ...], option: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"{option} takes NAME=VALUE; got {item!r}")
        known(name, names, "NAME")
        if name in found:
            raise UsageError(f"{name} is given twice")
        found[name] = _array(name, text)
    return found


def _array(name: str, text: str) -> np.ndarray:
    """Read a literal, an .npy file or a .json file; numbers only."""
    try:
        read = _file(text[1:]) if text.startswith("@") else ast.literal_eval(_numbers(text))
        array = np.asarray(read)
    except (OSError, ValueError, SyntaxError) as error:
        words = "an array literal, @FILE.npy or @FILE.json"
        raise UsageError(f"{name} must be {words}; got {text:.60} ({error})") from error
    if array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
        raise UsageError(f"{name} must hold numbers in rows of one length; got {text:.60}")
    return array


def _numbers(text: str) -> str:
    """Let infinities and NaN be written: 1e999 is infinite in Python."""
    return text.replace("-inf", "-1e999").replace("inf", "1e999")


def _file(path: str) -> Any:
    if path.endswith(".npy"):
        return np.load(path, allow_pickle=False)
    if path.endswith(".json"):
        return json.loads(Path(path).read_text(encoding="utf-8"))
    raise ValueError("a file ends in .npy or .json")


def _common(arrays: dict[str, np.ndarray]) -> str:
    """Format of the files, if they have one in common and literals follow; else float64."""
    names = {array.dtype.name for array in arrays.values() if array.dtype.name in FORMATS}
    return names.pop() if len(names) == 1 else "float64"


def _rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    return format_of(dtype).round(array)


def _direction(
    items: tuple[str, ...], family: Family, arrays: dict[str, np.ndarray], dtype: str
) -> dict[str, np.ndarray]:
    given = _arrays(items, tuple(family.inputs), "--hvp")
    if not given:
        return {}
    zeros = {name: np.zeros(np.shape(arrays[name])) for name in family.inputs}
    return zeros | {name: _rounded(array, dtype) for name, array in given.items()}


def _fitting(asked: Question, rows: int) -> None:
    """Require shapes that fit, before anything is computed; nothing is broadcast."""
    wanted = {name: asked.family.shape(name) for name in asked.family.inputs}
    for name, shape in wanted.items():
        _shaped(name, asked.inputs[name], (rows, *shape[1:]), asked.family.shapes[name])
    for name, array in asked.direction.items():
        _shaped(f"--hvp {name}", array, asked.inputs[name].shape, asked.family.shapes[name])
    _shaped(UPSTREAM, asked.upstream, (rows,), "(N,)")


def _shaped(name: str, array: np.ndarray, shape: tuple[int | None, ...], words: str) -> None:
    fits = array.ndim == len(shape) and all(
        size in (None, got) for size, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        flat = array.ndim == 1 and len(shape) == 2
        hint = f": write {name}='[[...]]'" if flat else f", but N = {shape[0]}"
        raise UsageError(f"{name} must have shape {words}; got {array.shape}{hint}")


def _show(answer: dict[str, Any], asked: Question, screen: Console) -> None:
    title = losses()[asked.loss]["title"]
    declared = f"{asked.loss}/{asked.preset}" if asked.preset else asked.loss
    screen.print(
        Text.assemble((declared, "bold"), f"  {title}", (f"  kernel in {asked.dtype}", "dim"))
    )
    for number, row in enumerate(answer["rows"][:_ROWS]):
        screen.print()
        screen.print(_inputs(row, number if len(answer["rows"]) > 1 else None))
        screen.print(Padding(_numbers_of(row, asked), (0, 0, 0, 2), expand=False))
        screen.print(Padding(_kind(row, asked), (0, 0, 0, 2), expand=False))
        if row["vertices"]:
            screen.print(Padding(_vertices(row), (0, 0, 0, 2), expand=False))
    more = len(answer["rows"]) - _ROWS
    if more > 0:
        screen.print(Text(f"\n{more} more rows; --format json has them all", style="dim"))


def _inputs(row: dict[str, Any], number: int | None) -> Text:
    text = Text("" if number is None else f"row {number}  ", style="bold")
    for name, values in row["inputs"].items():
        shown = ", ".join(_short(x) for x in np.ravel(values).tolist())
        text.append(f"{name} = ({shown})  ", style="cyan")
    if row["upstream"] != 1.0:
        text.append(f"upstream = {_short(row['upstream'])}", style="cyan")
    return text


def _numbers_of(row: dict[str, Any], asked: Question) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("", style="cyan", no_wrap=True)
    table.add_column("kernel", no_wrap=True)
    table.add_column("certified", overflow="fold")
    table.add_column("ulp", justify="right", no_wrap=True)
    if asked.cond:
        table.add_column("cond.", justify="right", no_wrap=True)
    for label, number in _labelled(row):
        certified = number["certified"] or _range(label, row)
        cells = [label, number["kernel"], certified, _ulp(number["ulp"])]
        cells += [_figure(number["condition"])] if asked.cond else []
        table.add_row(*cells)
    return table


def _range(label: str, row: dict[str, Any]) -> str:
    """Say what is known of a number that is not unique."""
    column = list(row["gradient"]).index(label.removeprefix("d/d")) if label[:1] == "d" else None
    if column is None or not row["vertices"]:
        return "not unique"
    sides = [vertex[column] for vertex in row["vertices"]]
    return f"any from {min(sides):.9g} to {max(sides):.9g}"


def _labelled(row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "loss", row["value"]
    yield from ((f"d/d{column}", number) for column, number in row["gradient"].items())
    yield from ((f"hvp {column}", number) for column, number in row["hvp"].items())


def _kind(row: dict[str, Any], asked: Question) -> Text:
    kind = row["kind"]
    words = {
        "regular": "",
        "tie": f": the truth is the convex hull of {len(row['vertices'])} one-sided gradients",
        "undefined": ": no derivative exists here; the definition states one",
        "undecided": ": the enclosures could not tell whether comparisons tie",
        "nan": ": the input holds NaN or infinity",
    }[kind]
    if not asked.grad and not asked.direction:
        return Text.assemble(("kind  ", "dim"), "not asked: --grad tells regular points from ties")
    return Text.assemble(("kind  ", "dim"), kind, words)


def _vertices(row: dict[str, Any]) -> Table:
    """Components in which the one-sided gradients of a tie differ, one gradient a line."""
    names = list(row["gradient"] or row["hvp"])
    sides = dict(zip(names, zip(*row["vertices"], strict=True), strict=True))
    differing = {name: values for name, values in sides.items() if len(set(values)) > 1}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("vertex", style="dim")
    for name in differing:
        table.add_column(f"d/d{name}", justify="right", no_wrap=True)
    for index, values in enumerate(zip(*differing.values(), strict=True)):
        table.add_row(str(index), *(f"{value:.9g}" for value in values))
    return table


def _ulp(error: float | None) -> str:
    return "" if error is None else f"{error:.3g}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _short(value: float) -> str:
    whole = float(value).is_integer() and abs(value) < 1e6
    return repr(int(value)) if whole else repr(float(value))
