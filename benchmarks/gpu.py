"""Value and gradients on a CUDA device, beside PyTorch, as ratios and shares of the copy speed.

``python -m benchmarks.gpu`` compares every variant with the certified truth, memory filled with NaN
beforehand, and then times all variants of a row in the same rounds. The ceiling is the speed of a
copy within the device, measured in the same run; a call's share of it is the time that reading
every input once and writing every output once takes at that speed, over the call's time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import device, focal, report, rows
from benchmarks.measure import DTYPES, NUMBERS_IN, NUMBERS_OUT
from benchmarks.tables import Table
from refloss.run import cuda

LOSSES = ("giou", "diou", "ciou")
SIZES = (10_000, 1_000_000, 10_000_000)
SHAPES = ((8192, 32_000), (4096, 131_072))
WIDE_CHECKED = (4, 20_000)
WIDTH = 110

Found = dict[str, Any]


@click.command()
@click.option("--size", "sizes", multiple=True, type=click.IntRange(min=16), default=SIZES)
@click.option("--rows/--no-rows", "with_rows", default=True, help="Time cross-entropy too.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write figures here.")
@click.option(
    "--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write the tables here."
)
def main(
    sizes: tuple[int, ...], with_rows: bool, json_file: Path | None, markdown_file: Path | None
) -> None:
    """Time value and gradients of the losses on a device, beside PyTorch."""
    _require()
    from benchmarks import device_variants as calls

    console = Console()
    console.width = max(console.width, WIDTH)
    speed = device.ceiling()
    facts = {**device.facts(), "torch": _torch().__version__, "copy": f"{speed / 1e12:.2f} TB/s"}
    with console.status("comparing every variant with the truth"), device.poisoned():
        errors = {
            (loss, dtype): {name: calls.box_error(name, loss, dtype) for name in calls.BOXES}
            for loss in LOSSES
            for dtype in DTYPES
        }
        for name in calls.ELEMENTS:
            calls.focal_error(name, "float32")
        for name in calls.ROWS if with_rows else ():
            calls.row_error(name, "float32")
        if with_rows:
            calls.row_error("refloss", "float32", WIDE_CHECKED)
    found = []
    for loss in LOSSES:
        for dtype, width in DTYPES.items():
            for size in sizes:
                console.print(f"timing {loss} {dtype}, {size:,} pairs", style="dim")
                moved = (NUMBERS_IN + NUMBERS_OUT) * width * size
                make = _bound(calls.box_calls, loss, dtype, size)
                labels = {"loss": loss, "dtype": dtype, "size": f"{size:,}"}
                found.append({**labels, **measure(make, calls.BOXES, moved, speed)})
    for size in sizes:
        console.print(f"timing {focal.LOSS} float32, {size:,} elements", style="dim")
        make = _bound(calls.focal_calls, "float32", size)
        labels = {"loss": focal.LOSS, "dtype": "float32", "size": f"{size:,}"}
        moved = focal.NUMBERS * DTYPES["float32"] * size
        found.append({**labels, **measure(make, calls.ELEMENTS, moved, speed)})
    for shape in SHAPES if with_rows else ():
        console.print(f"timing {rows.LOSS}, {shape[0]:,} × {shape[1]:,}", style="dim")
        make = _bound(calls.row_calls, "float32", shape)
        labels = {"loss": rows.LOSS, "dtype": "float32", "size": f"{shape[0]:,} × {shape[1]:,}"}
        moved = 2 * DTYPES["float32"] * shape[0] * shape[1]
        found.append({**labels, **measure(make, calls.ROWS, moved, speed)})

    tables = [speed_table(found), cost_table(found), report.error_table(errors, [*calls.BOXES])]
    for table in tables:
        table.print(console)
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()))
    if json_file:
        document = {"environment": facts, "rows": found}
        json_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if markdown_file:
        report.write_markdown(markdown_file, facts, tables, "gpu")


def measure(
    make: Callable[[str], list[device.Call]], names: Sequence[str], moved: int, speed: float
) -> Found:
    """Return what variants take: seconds, share of the ceiling, bytes and launches, by name.

    Parameters
    ----------
    make : callable
        Returns the calls of a variant by name.
    names : sequence of str
    moved : int
        Bytes of the inputs and of the outputs.
    speed : float
        Bytes a second of the ceiling.
    """
    made = {name: _fitting(make, name) for name in names}
    present = {name: calls for name, calls in made.items() if calls}
    seconds = device.compare(present)
    library = {name: "cupy" if name == "refloss" else "torch" for name in present}
    peaks = {name: device.peak(one[0], library[name]) for name, one in present.items()}
    counts = {name: device.launches(one[0]) for name, one in present.items()}
    made.clear()
    present.clear()
    device.free()
    return {
        "seconds": seconds,
        "share": {name: moved / speed / taken for name, taken in seconds.items()},
        "peak": {name: taken / moved for name, taken in peaks.items()},
        "launches": counts,
    }


def speed_table(found: Sequence[Found]) -> Table:
    """Return times of refloss, its share of the ceiling, and how many times longer peers take."""
    peers = ("library", "eager", "compiled")
    body = tuple(
        (
            *_labels(row),
            f"{1e6 * row['seconds']['refloss']:,.1f}",
            f"{row['share']['refloss']:.0%}",
            *(report.times(_ratio(row["seconds"], peer)) for peer in peers),
        )
        for row in found
    )
    note = (
        "Times of refloss, its share of the speed of a copy, and how many times longer the others "
        "take. library: torchvision's own function; eager: the fastest eager form; compiled: "
        "torch.compile of the formula."
    )
    head = ("loss", "dtype", "items", "µs", "of copy", *peers)
    return Table("On a device: value and gradients", head, body, words=2, note=note)


def cost_table(found: Sequence[Found]) -> Table:
    """Return peak memory and launches of every variant."""
    names = ("refloss", "library", "eager", "compiled")
    body = tuple(
        (
            *_labels(row),
            *(
                f"{row['peak'][n]:.2f} / {row['launches'][n]}" if n in row["peak"] else "–"
                for n in names
            ),
        )
        for row in found
    )
    note = "Peak memory over the size of inputs and outputs together, and kernels launched."
    return Table(
        "Memory and launches of a call",
        ("loss", "dtype", "items", *names),
        body,
        words=2,
        note=note,
    )


def _labels(row: Found) -> tuple[str, str, str]:
    return row["loss"], row["dtype"], row["size"]


def _ratio(seconds: dict[str, float], peer: str) -> float | None:
    return seconds[peer] / seconds["refloss"] if peer in seconds else None


def _bound(make: Callable[..., list[device.Call]], *arguments: Any) -> Callable[[str], list]:
    return lambda name: make(name, *arguments)


def _fitting(make: Callable[[str], list[device.Call]], name: str) -> list[device.Call]:
    """Return the calls of a variant that the device has memory for, none of one that it has not."""
    torch = _torch()
    try:
        calls = make(name)
        for call in calls[:1]:
            call()
    except torch.cuda.OutOfMemoryError:
        torch.cuda.empty_cache()
        return []
    return calls


def _require() -> None:
    """End with one line where there is no device."""
    try:
        cuda.cupy()
    except cuda.DeviceError as error:
        raise click.ClickException(str(error)) from None
    if not _torch().cuda.is_available():
        raise click.ClickException("this PyTorch has no CUDA: install a build that has")


def _torch() -> Any:
    import torch

    return torch


if __name__ == "__main__":
    main()
