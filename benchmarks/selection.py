"""Batch-hard mining beside PyTorch eager: embeddings and labels in, hardest items out.

``products`` is what training code does: ``torch.cdist``, which takes the expansion for more than
25 rows, and masked extremes. ``differences`` is the same on accurate distances. Beside the times
stands what they find among near points: 1e-5 apart, at norm 1000.

``python -m benchmarks.selection`` prints the ratios.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks import clock
from benchmarks.report import times
from benchmarks.tables import Table
from refloss.selection import batch_hard

ITEMS, PARTS, EACH = 2048, 128, 4
PEERS = {"products": "use_mm_for_euclid_dist", "differences": "donot_use_mm_for_euclid_dist"}
DTYPES = ("float32", "float64")

Hardest = tuple[NDArray[np.int64], NDArray[np.int64]]


def batch(dtype: str, near: bool = False, items: int = ITEMS) -> tuple[NDArray, NDArray[np.int64]]:
    """Return embeddings around their classes, or near each other and far from 0, and labels."""
    random = np.random.default_rng(items)
    labels = np.repeat(np.arange(-(-items // EACH)), EACH)[:items]
    x = random.standard_normal((labels[-1] + 1, PARTS))[labels]
    x += random.standard_normal((items, PARTS))
    if near:
        x = 1000.0 / np.sqrt(PARTS) + 1e-5 / np.sqrt(2 * PARTS) * x
    return x.astype(dtype), labels


def ours(x: NDArray, labels: NDArray[np.int64]) -> Hardest:
    """Return hardest positives and negatives by refloss."""
    found = batch_hard(x, labels)
    return found.positive, found.negative


def eager(mode: str, x: NDArray, labels: NDArray[np.int64]) -> Hardest:
    """Return hardest positives and negatives by PyTorch."""
    import torch

    points, classes = torch.from_numpy(x), torch.from_numpy(labels)
    distances = torch.cdist(points, points, compute_mode=mode)
    same = classes[:, None] == classes
    others = same & ~torch.eye(len(classes), dtype=torch.bool)
    positive = distances.masked_fill(~others, -1.0).max(dim=1).indices
    negative = distances.masked_fill(same, torch.inf).min(dim=1).indices
    return positive.numpy(), negative.numpy()


def agreement(dtype: str, mode: str, near: bool, items: int = ITEMS) -> float:
    """Return the share of anchors for which both are those of the accurate distances."""
    data = batch(dtype, near, items)
    pairs = zip(ours(*data), eager(mode, *data), strict=True)
    return float(np.logical_and.reduce([a == b for a, b in pairs]).mean())


def measure(dtype: str, rounds: int, threads: int) -> tuple[str, ...]:
    """Return a row: our time, and of every peer how much longer it takes and what it finds."""
    data = batch(dtype)
    calls: dict[str, Callable[[], object]] = {"refloss": partial(ours, *data)}
    calls |= {name: partial(eager, mode, *data) for name, mode in PEERS.items()}
    timings = clock.compare(calls, rounds=rounds, least=0.2, threads=threads)
    own = timings["refloss"]
    cells = [dtype, f"{1e3 * own.median:.0f}", f"{own.spread:.0%}"]
    for name, mode in PEERS.items():
        right, near = (f"{agreement(dtype, mode, close):.0%}" for close in (False, True))
        cells += [times(timings[name].median / own.median), right, near]
    return tuple(cells)


@click.command()
@click.option("--rounds", default=5, help="How often each variant is timed.")
@click.option("--threads", default=1, help="Of PyTorch; NumPy's are those of the environment.")
def main(rounds: int, threads: int) -> None:
    """Time batch-hard mining and print the ratios."""
    import torch

    torch.set_num_threads(threads)
    console = Console()
    console.print(clock.pin(threads), style="dim")
    head = ["dtype", "ms", "spread"]
    for name in PEERS:
        head += [name, "same", "same, near"]
    body = tuple(measure(dtype, rounds, threads) for dtype in DTYPES)
    note = (
        f"{ITEMS} embeddings of {PARTS} numbers, {EACH} of each class; refloss, and how many times "
        "longer PyTorch takes. same: anchors with the hardest items of the accurate distances; "
        "near: of points 1e-5 apart at norm 1000."
    )
    Table("Batch-hard mining", tuple(head), body, note=note).print(console)


if __name__ == "__main__":
    main()
