"""Value and gradients on the CPU, beside PyTorch, as ratios.

``python -m benchmarks.cpu`` (or ``make bench``) compares every variant with the certified truth,
then times all variants of a row in the same rounds of one process and prints medians. The
roofline is the time that reading every input once and writing every output once takes at the copy
speed of those very rounds.
"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from benchmarks import bounds, clock, elements, focal, heads, memory, report, rows
from benchmarks.correctness import check
from benchmarks.measure import DTYPES, Peak, Row, environment, measure, measure_memory
from benchmarks.tables import Table
from benchmarks.variants import CONVENTIONS, OURS, PEERS

SIZES = (1_000, 100_000, 1_000_000)
OTHERS = (rows.LOSS, focal.LOSS, elements.GROUP, heads.LOSS)
"""Losses that are not of boxes."""

WIDTH = 100  # columns that the widest table takes


@click.command()
@click.option(
    "--loss",
    "losses",
    multiple=True,
    type=click.Choice([*CONVENTIONS, *OTHERS]),
    help="Repeatable; all by default.",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    type=click.Choice([*DTYPES]),
    help="Repeatable; both by default.",
)
@click.option(
    "--size", "sizes", multiple=True, type=click.IntRange(min=16), help="Pairs; repeatable."
)
@click.option("--rounds", default=7, show_default=True, help="Rounds, of which the median counts.")
@click.option("--threads", default=1, show_default=True, help="Cores that every variant may use.")
@click.option(
    "--compile/--no-compile",
    "compiles",
    default=True,
    help="Time torch.compile too (two minutes more).",
)
@click.option("--strided", is_flag=True, help="Time torch.compile of the strided form too.")
@click.option("--memory/--no-memory", "weighs", default=True, help="Measure peak memory.")
@click.option("--bounds/--no-bounds", "shows_bounds", default=True, help="Time without each part.")
@click.option("--pin/--no-pin", "pins", default=True, help="Keep the process on those cores.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write all figures here."
)
@click.option(
    "--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write the tables here."
)
def main(
    losses: tuple[str, ...],
    dtypes: tuple[str, ...],
    sizes: tuple[int, ...],
    rounds: int,
    threads: int,
    compiles: bool,
    strided: bool,
    weighs: bool,
    shows_bounds: bool,
    pins: bool,
    json_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Time value and gradients of the losses beside PyTorch."""
    import torch

    torch.set_num_threads(threads)
    absent = {"compiled": not compiles, "strided": not strided}
    peers = [name for name in PEERS if not absent.get(name)]
    names = [*OURS, *peers]
    chosen = losses or (*CONVENTIONS, *OTHERS)
    dtypes = dtypes or tuple(DTYPES)
    workloads = [(loss, dtype) for loss in chosen if loss not in OTHERS for dtype in dtypes]
    sizes = sizes or SIZES

    console = Console()
    console.width = max(console.width, WIDTH)
    with console.status("comparing every variant with the truth"):
        errors = {w: {name: check(name, *w) for name in names} for w in workloads}
    peaks: list[Peak] = []
    weighs &= memory.available()
    if weighs:
        with console.status("measuring memory"):
            peaks = [measure_memory(*w, max(sizes)) for w in workloads]
    affinity = clock.pin(threads) if pins else "not pinned"
    facts = environment(threads, affinity)
    timed = []
    for workload in workloads:
        for size in sizes:
            with console.status(f"timing {' '.join(workload)}, {size:,} pairs"):
                timed.append(measure(*workload, size, peers, rounds, threads))

    tables = _box_tables(timed, peaks, errors, peers) if timed else []
    if rows.LOSS in chosen:
        known = [peer for peer in rows.PEERS if not absent.get(peer)]
        tables += _row_tables(console, dtypes, known, rounds, threads, weighs)
    if focal.LOSS in chosen:
        known = [peer for peer in focal.PEERS if not absent.get(peer)]
        tables.append(_focal_table(console, dtypes, known, rounds, threads))
    if elements.GROUP in chosen:
        tables.append(_element_table(console, dtypes, rounds, threads))
    if heads.LOSS in chosen:
        known = [peer for peer in heads.PEERS if not absent.get(peer)]
        tables += _head_tables(console, dtypes, known, rounds, threads, weighs)
    if shows_bounds:
        tables.append(_bounds_table(console, chosen, dtypes, rounds))
    for table in tables:
        table.print(console)
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()))
    if json_file:
        report.write_json(json_file, facts, timed, peaks, errors)
    if markdown_file:
        report.write_markdown(markdown_file, facts, tables)


def _box_tables(
    timed: list[Row], peaks: list[Peak], errors: report.Errors, peers: list[str]
) -> list[Table]:
    tables = [
        report.speed_table(timed, peers),
        report.native_table(timed, peers),
        report.summary_table(timed, peers),
        report.error_table(errors, [*OURS, *peers]),
    ]
    return [*tables, report.memory_table(peaks)] if peaks else tables


def _row_tables(
    console: Console,
    dtypes: tuple[str, ...],
    peers: list[str],
    rounds: int,
    threads: int,
    weighs: bool,
) -> list[Table]:
    """Time the losses of rows; each variant is compared with the truth first."""
    for name in (*rows.OURS, *peers):
        for dtype in dtypes:
            rows.check(name, dtype)
    timings = []
    for dtype in dtypes:
        for shape in rows.SHAPES:
            with console.status(f"timing {rows.LOSS} {dtype}, {shape[0]:,} rows"):
                timings.append(rows.measure(dtype, shape, peers, rounds, threads))
    tables = [rows.speed_table(timings, peers), rows.native_table(timings, peers)]
    return [*tables, rows.memory_table(list(dtypes), (512, 100_000))] if weighs else tables


def _focal_table(
    console: Console, dtypes: tuple[str, ...], peers: list[str], rounds: int, threads: int
) -> Table:
    """Time sigmoid focal loss; each variant is compared with the truth first."""
    for name in (*focal.OURS, *peers):
        for dtype in dtypes:
            focal.check(name, dtype)
    timings = []
    for dtype in dtypes:
        for size in focal.SIZES:
            with console.status(f"timing {focal.LOSS} {dtype}, {size:,} elements"):
                timings.append(focal.measure(dtype, size, peers, rounds, threads))
    return focal.speed_table(timings, peers)


def _element_table(console: Console, dtypes: tuple[str, ...], rounds: int, threads: int) -> Table:
    """Time the other losses; each variant is compared with refloss in float64 first."""
    workloads = [(loss, dtype) for loss in elements.PEERS for dtype in dtypes]
    timings = []
    for workload in workloads:
        for name in (*elements.OURS, "eager"):
            elements.check(name, *workload)
        with console.status(f"timing {' '.join(workload)}"):
            timings.append(elements.measure(*workload, rounds, threads))
    return elements.speed_table(timings)


def _head_tables(
    console: Console,
    dtypes: tuple[str, ...],
    peers: list[str],
    rounds: int,
    threads: int,
    weighs: bool,
) -> list[Table]:
    """Time the ArcFace head; each variant is compared with the float64 head first."""
    for name in (*heads.OURS, *peers):
        for dtype in dtypes:
            heads.check(name, dtype)
    timings = []
    for dtype in dtypes:
        for shape in heads.SHAPES:
            with console.status(f"timing {heads.LOSS} {dtype}, {shape[1]:,} classes"):
                timings.append(heads.measure(dtype, shape, peers, rounds, threads))
    tables = [heads.speed_table(timings, peers)]
    return [*tables, heads.memory_table(["float32"], heads.SHAPES[-1], peers)] if weighs else tables


def _bounds_table(
    console: Console, losses: tuple[str, ...], dtypes: tuple[str, ...], rounds: int
) -> Table:
    """Time the compiled programs without each of their parts, on one core."""
    found = []
    for loss in (loss for loss in losses if loss not in OTHERS[1:]):
        for dtype in dtypes:
            reals = ("float64",) if dtype == "float64" else bounds.REALS[loss == rows.LOSS]
            for real in reals:
                with console.status(f"timing the parts of {loss} {dtype}"):
                    found.append(bounds.measure(loss, dtype, real, rounds))
    return bounds.table(found)


if __name__ == "__main__":
    main()
