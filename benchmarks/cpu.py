"""Value and gradients of the box losses on the CPU, beside PyTorch, as ratios.

``python -m benchmarks.cpu`` (or ``make bench``) compares every variant with the certified truth,
then times all variants of a row in the same rounds of one process and prints medians. The
roofline is the time that reading every input once and writing every output once takes at the copy
speed of those very rounds.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console

from benchmarks import clock, memory
from benchmarks.correctness import check
from benchmarks.tables import Table
from benchmarks.variants import CONVENTIONS, PEERS, variant
from refloss.losses import resolve

DTYPES = {"float32": 4, "float64": 8}
WIDTH = 100  # columns that the widest table takes
OF_ONE_RUN = ("processor", "load before")
SIZES = (1_000, 100_000, 1_000_000)
NUMBERS_IN, NUMBERS_OUT = 8, 9  # four coordinates of two boxes; the loss and eight gradients

#: The worst error by variant, by loss and dtype; None where there is no such variant.
Errors = dict[tuple[str, str], dict[str, float | None]]


@dataclass(frozen=True)
class Row:
    """The timings of one loss, dtype and size.

    Attributes
    ----------
    operations : int
        Array operations of the shipped kernel for value and gradient.
    seconds : dict of str to float
        Median time of one call by variant; ``"copy"`` is the roofline.
    spread : float
        Interquartile distance over the median, for refloss.
    """

    loss: str
    dtype: str
    size: int
    operations: int
    seconds: dict[str, float]
    spread: float

    def ratio(self, peer: str) -> float | None:
        """Return how many times longer `peer` takes than refloss."""
        return self.seconds[peer] / self.seconds["refloss"] if peer in self.seconds else None

    @property
    def nanoseconds(self) -> float:
        """Time of refloss for one pair."""
        return 1e9 * self.seconds["refloss"] / self.size


@dataclass(frozen=True)
class Peak:
    """Peak memory over the size of the outputs, by variant."""

    loss: str
    dtype: str
    size: int
    over_outputs: dict[str, float]


def operations(loss: str) -> int:
    """Return how many array operations the kernel of `loss` takes for value and gradient."""
    convention = dict(CONVENTIONS[loss])
    program = resolve(loss, convention.pop("preset", None), convention).program
    index = json.loads((files("refloss.kernels") / "index.json").read_text())
    return index["programs"][program]["operations"]["grad"]


def measure(loss: str, dtype: str, size: int, peers: list[str], rounds: int, threads: int) -> Row:
    """Time refloss and its peers on one workload."""
    calls = {name: variant(name, loss, dtype, size) for name in ["refloss", *peers]}
    calls["copy"] = clock.copier((NUMBERS_IN + NUMBERS_OUT) * DTYPES[dtype] * size)
    present = {name: call for name, call in calls.items() if call is not None}
    timings = clock.compare(present, rounds=rounds, least=0.05, threads=threads)
    medians = {name: timing.median for name, timing in timings.items()}
    return Row(loss, dtype, size, operations(loss), medians, timings["refloss"].spread)


def measure_memory(loss: str, dtype: str, size: int) -> Peak:
    """Measure the peak memory of refloss and of eager PyTorch."""
    outputs = NUMBERS_OUT * DTYPES[dtype] * size
    names = ("refloss", "eager")
    peaks = {name: memory.peak(name, loss, dtype, size) / outputs for name in names}
    return Peak(loss, dtype, size, peaks)


def environment(threads: int, pinned: str) -> dict[str, str]:
    """Return what the figures depend on."""
    names = ("refloss", "numpy", "torch", "torchvision")
    versions = {name: importlib.metadata.version(name) for name in names}
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    system = {"python": platform.python_version(), "processor": processor(), "load before": load}
    return versions | system | {"threads": str(threads), "affinity": pinned}


def processor() -> str:
    """Return the name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def times(ratio: float | None) -> str:
    """Return a ratio as it is printed."""
    return "–" if ratio is None else f"{ratio:.2f}×" if ratio < 1 else f"{ratio:.1f}×"


def speed_table(rows: list[Row], peers: list[str]) -> Table:
    """Return the main table: how many times longer each peer takes."""
    head = ("loss", "dtype", "pairs", "ns/pair", "spread", "ops", *peers, "roofline")
    body = tuple(
        (
            row.loss,
            row.dtype,
            f"{row.size:,}",
            f"{row.nanoseconds:.1f}",
            f"{row.spread:.0%}",
            str(row.operations),
            *(times(row.ratio(peer)) for peer in peers),
            f"{row.seconds['copy'] / row.seconds['refloss']:.1%}",
        )
        for row in rows
    )
    note = (
        "Times of refloss, and how many times longer the others take. library: torchvision's own "
        "function; eager: the fastest eager form; compiled: torch.compile of that form; strided: "
        "torch.compile on the columns of the (N, 4) array; roofline: share of the copy speed; ops: "
        "array operations of the kernel; spread: between the quartiles of the rounds."
    )
    return Table("Value and gradients of both boxes", head, body, words=2, note=note)


def summary_table(rows: list[Row], peers: list[str]) -> Table:
    """Return the geometric means over the losses."""
    groups = {(row.dtype, row.size): [] for row in rows}
    for row in rows:
        groups[row.dtype, row.size].append(row)
    body = tuple(
        (dtype, f"{size:,}", *(times(mean_ratio(group, peer)) for peer in peers))
        for (dtype, size), group in groups.items()
    )
    return Table("Geometric means over the losses", ("dtype", "pairs", *peers), body, words=1)


def mean_ratio(rows: list[Row], peer: str) -> float | None:
    """Return the geometric mean of the ratios that exist."""
    ratios = [ratio for row in rows if (ratio := row.ratio(peer)) is not None]
    return clock.geometric_mean(ratios) if ratios else None


def error_table(errors: Errors, names: list[str]) -> Table:
    """Return how far every variant is from the truth."""
    body = tuple(
        (loss, dtype, *("–" if e[n] is None else f"{e[n]:.2g}" for n in names))
        for (loss, dtype), e in errors.items()
    )
    note = "Largest error, in roundoffs of the row's largest gradient, against certified truth."
    return Table("Checked before timing", ("loss", "dtype", *names), body, words=2, note=note)


def memory_table(peaks: list[Peak]) -> Table:
    """Return the peak memory over the outputs."""
    names = list(peaks[0].over_outputs)
    body = tuple(
        (p.loss, p.dtype, f"{p.size:,}", *(f"{p.over_outputs[n]:.2f}" for n in names))
        for p in peaks
    )
    note = "1 is the size of the outputs themselves."
    return Table(
        "Peak memory of a call, over its outputs",
        ("loss", "dtype", "pairs", *names),
        body,
        words=2,
        note=note,
    )


def write_markdown(file: Path, facts: dict[str, str], tables: list[Table]) -> None:
    """Write the tables and the versions, but not the machine: ratios are what carries over."""
    lines = ["# CPU benchmark", "", "Written by `python -m benchmarks.cpu --markdown FILE`.", ""]
    lines += [
        *(f"- {name}: {value}" for name, value in facts.items() if name not in OF_ONE_RUN),
        "",
    ]
    text = "\n".join([*lines, *(table.markdown() for table in tables)])
    file.write_text(text.rstrip() + "\n", encoding="utf-8")


def write_json(
    file: Path, facts: dict[str, str], rows: list[Row], peaks: list[Peak], errors: Errors
) -> None:
    """Write every figure."""
    document = {
        "environment": facts,
        "speed": [asdict(row) for row in rows],
        "memory": [asdict(peak) for peak in peaks],
        "errors": [{"loss": w[0], "dtype": w[1], **e} for w, e in errors.items()],
    }
    file.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


@click.command()
@click.option(
    "--loss",
    "losses",
    multiple=True,
    type=click.Choice([*CONVENTIONS]),
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
    pins: bool,
    json_file: Path | None,
    markdown_file: Path | None,
) -> None:
    """Time value and gradients of the box losses beside PyTorch."""
    import torch

    torch.set_num_threads(threads)
    absent = {"compiled": not compiles, "strided": not strided}
    peers = [name for name in PEERS if not absent.get(name)]
    names = ["refloss", *peers]
    workloads = [(loss, dtype) for loss in losses or CONVENTIONS for dtype in dtypes or DTYPES]
    sizes = sizes or SIZES

    console = Console()
    console.width = max(console.width, WIDTH)
    with console.status("comparing every variant with the truth"):
        errors = {w: {name: check(name, *w) for name in names} for w in workloads}
    peaks: list[Peak] = []
    if weighs and memory.available():
        with console.status("measuring memory"):
            peaks = [measure_memory(*w, max(sizes)) for w in workloads]
    affinity = clock.pin(threads) if pins else "not pinned"
    facts = environment(threads, affinity)
    rows = []
    for workload in workloads:
        for size in sizes:
            with console.status(f"timing {' '.join(workload)}, {size:,} pairs"):
                rows.append(measure(*workload, size, peers, rounds, threads))

    tables = [speed_table(rows, peers), summary_table(rows, peers), error_table(errors, names)]
    tables += [memory_table(peaks)] if peaks else []
    for table in tables:
        table.print(console)
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()))
    if json_file:
        write_json(json_file, facts, rows, peaks, errors)
    if markdown_file:
        write_markdown(markdown_file, facts, tables)


if __name__ == "__main__":
    main()
