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

from crossval.batch import IGNORE, WEIGHT, Batch, batch
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
_NUMBERS = 16


@click.command("eval", short_help="A loss at given rows, beside enclosures of the real numbers.")
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
    options = [option for option in (WEIGHT, IGNORE) if option in family.options]
    arrays = _arrays(values, (*family.inputs, UPSTREAM, *options), "NAME=VALUE")
    dtype = dtype or _common(arrays)
    upstream = arrays.pop(UPSTREAM, None)
    given = {each: _narrowed(each, array, dtype, family) for each, array in arrays.items()}
    try:
        rows = batch(name, preset, dict(pairs(axes, "--set")), given, dtype)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
    ones = np.ones(len(rows))
    asked = Question(
        rows,
        ones if upstream is None else _rounded(upstream, dtype),
        {n: _rounded(part, dtype) for n, part in _direction(hvp, rows).items()},
        digits,
        grad,
        cond,
    )
    _fits(UPSTREAM, asked.upstream, (len(rows),))
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
        why = "numbers only; inf and -inf are numbers" if "malformed" in str(error) else error
        raise UsageError(f"{name} must be {words}; got {text:.60} ({why})") from error
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


def _narrowed(name: str, array: np.ndarray, dtype: str, family: Family) -> Any:
    """Round numbers to the format; classes stay the integers that they are."""
    if name == IGNORE:
        return array.item()
    label = name in family.labels and array.ndim == 1
    return array if label else _rounded(array, dtype)


def _rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    return format_of(dtype).round(array)


def _direction(items: tuple[str, ...], rows: Batch) -> dict[str, np.ndarray]:
    """Return directions by input, one a row; what a call has one of moves alike for every row."""
    given, wholes = _arrays(items, rows.family.differentiable, "--hvp"), rows.family.wholes
    for name, array in given.items():
        _fits(f"--hvp {name}", array, wholes.get(name) or rows.shape(name))
        if name in wholes:
            given[name] = np.tile(array.ravel(), (len(rows), 1))
    return given


def _fits(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise UsageError(f"{name} must have shape {shape}; got {array.shape}")


def _show(answer: dict[str, Any], asked: Question, screen: Console) -> None:
    rows = asked.rows
    screen.print(
        Text.assemble(
            (rows.declared, "bold"),
            f"  {losses()[rows.loss]['title']}",
            (f"  kernel in {rows.number.name}", "dim"),
        )
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
        text.append(f"{name} = {_listed(values)}  ", style="cyan")
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
        "ignored": ": the row counts for nothing",
    }[kind]
    if not asked.grad and not asked.direction and kind != "ignored":
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


def _listed(values: Any) -> str:
    """Numbers of one row, the first ones where there are many."""
    numbers = np.ravel(values).tolist()
    shown = ", ".join(_short(x) for x in numbers[:_NUMBERS])
    more = f", ... {len(numbers)} in all" if len(numbers) > _NUMBERS else ""
    return f"({shown}{more})" if isinstance(values, list) else shown


def _short(value: float) -> str:
    whole = float(value).is_integer() and abs(value) < 1e6
    return repr(int(value)) if whole else repr(float(value))
