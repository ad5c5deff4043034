"""What was measured, as tables and as files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks import clock
from benchmarks.measure import Peak, Row
from benchmarks.tables import Table

#: The worst error by variant, by loss and dtype; None where there is no such variant.
Errors = dict[tuple[str, str], dict[str, float | None]]

#: What the summary calls ours.
BACKENDS = {"refloss": "numpy", "c": "c, in float64", "c float32": "c, in float32"}

#: Facts that a page of results leaves out: they name one machine at one moment.
OF_ONE_RUN = ("processor", "load before")


def times(ratio: float | None) -> str:
    """Return a ratio as it is printed."""
    return "–" if ratio is None else f"{ratio:.2f}×" if ratio < 1 else f"{ratio:.1f}×"


def speed_table(rows: list[Row], peers: list[str]) -> Table:
    """Return the main table: how many times longer each peer takes than NumPy's path."""
    head = ("loss", "dtype", "pairs", "ns/pair", "spread", "ops", *peers, "roofline")
    body = tuple(_speeds(row, "refloss", peers, str(row.operations)) for row in rows)
    note = (
        "Times of refloss, and how many times longer the others take. library: torchvision's own "
        "function; eager: the fastest eager form; compiled: torch.compile of that form; strided: "
        "torch.compile on the columns of the (N, 4) array; roofline: share of the copy speed; ops: "
        "array operations of the kernel; spread: between the quartiles of the rounds."
    )
    return Table("Value and gradients of both boxes", head, body, words=2, note=note)


def native_table(rows: list[Row], peers: list[str]) -> Table:
    """Return the same for the compiled program, whatever it computes with."""
    others = ["refloss", *peers]
    head = ("loss", "dtype", "pairs", "ns/pair", "spread", "computes", "NumPy", *peers, "roofline")
    body = tuple(
        _speeds(row, ours, others, computes)
        for row in rows
        for ours, computes in (("c", "float64"), ("c float32", "float32"))
        if ours in row.seconds
    )
    note = (
        "backend='c', and how many times longer the others take: NumPy is refloss without it, the "
        "rest as above."
    )
    return Table("The compiled program", head, body, words=2, note=note)


def _speeds(row: Row, ours: str, others: list[str], what: str) -> tuple[str, ...]:
    return (
        row.loss,
        row.dtype,
        f"{row.size:,}",
        f"{row.nanoseconds(ours):.1f}",
        f"{row.spread[ours]:.0%}",
        what,
        *(times(row.ratio(other, ours)) for other in others),
        f"{row.seconds['copy'] / row.seconds[ours]:.1%}",
    )


def summary_table(rows: list[Row], peers: list[str]) -> Table:
    """Return the geometric means over the losses, of NumPy's path and of the compiled program."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.dtype, row.size), []).append(row)
    body = tuple(
        (dtype, f"{size:,}", name, *(times(mean_ratio(group, peer, ours)) for peer in peers))
        for (dtype, size), group in groups.items()
        for ours, name in BACKENDS.items()
        if all(ours in row.seconds for row in group)
    )
    head = ("dtype", "pairs", "backend", *peers)
    return Table("Geometric means over the losses", head, body, words=1)


def mean_ratio(rows: list[Row], peer: str, ours: str = "refloss") -> float | None:
    """Return the geometric mean of the ratios that exist."""
    ratios = [ratio for row in rows if (ratio := row.ratio(peer, ours)) is not None]
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


def write_markdown(
    file: Path, facts: dict[str, str], tables: list[Table], kind: str = "cpu"
) -> None:
    """Write the tables and the versions, but not the processor: ratios are what carries over."""
    command = f"python -m benchmarks.{kind} --markdown FILE"
    lines = [f"# {kind.upper()} benchmark", "", f"Written by `{command}`.", ""]
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
