"""The benchmark compares like with like, and says so before it times anything."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from torch import Tensor

from benchmarks import bounds, clock, correctness, cpu, peers, variants


@pytest.mark.parametrize("dtype", cpu.DTYPES)
@pytest.mark.parametrize("loss", variants.CONVENTIONS)
@pytest.mark.parametrize("name", ["refloss", "library", "eager"])
def test_every_variant_computes_the_same_loss(name, loss, dtype):
    error = correctness.check(name, loss, dtype)
    if error is None:
        assert name == "library"
        assert loss not in peers.IN_TORCHVISION
    else:
        assert error < correctness.AGREES


def test_another_convention_is_refused(monkeypatch):
    monkeypatch.setattr(Tensor, "detach", lambda tensor: tensor)  # alpha now carries a gradient
    monkeypatch.setattr(correctness, "outputs", lambda result: [t.data.numpy() for t in result])
    with pytest.raises(ValueError, match=r"eager ciou in float32: expected .* found"):
        correctness.check("eager", "ciou", "float32")


def test_boxes_overlap_and_miss():
    pred, target = variants.boxes(10_000, "float64")
    assert (pred[:, 2:] > pred[:, :2]).all()
    apart = ((pred[:, :2] >= target[:, 2:]) | (target[:, :2] >= pred[:, 2:])).any(axis=1).mean()
    assert 0.02 < apart < 0.3


def test_the_clock_counts_calls_and_orders_quartiles():
    calls = []
    timing = clock.compare({"x": lambda: calls.append(1)}, rounds=3, least=1e-4, threads=1)["x"]
    assert len(calls) > 3
    assert 0 < timing.low <= timing.median <= timing.high


def test_the_command_prints_ratios_and_writes_both_files(tmp_path):
    figures, page = tmp_path / "cpu.json", tmp_path / "cpu.md"
    parts = ["--no-compile", "--no-memory", "--no-bounds", "--no-pin"]
    options = ["--size", "64", "--rounds", "1", *parts]
    files = ["--json", str(figures), "--markdown", str(page)]
    run = CliRunner().invoke(cpu.main, ["--loss", "giou", *options, *files])
    assert run.exit_code == 0, run.output
    rows = json.loads(figures.read_text())["speed"]
    assert [(row["dtype"], row["size"]) for row in rows] == [("float32", 64), ("float64", 64)]
    assert all(row["operations"] > 0 for row in rows)
    assert all(
        set(row["seconds"]) - {"c float32"} == {"refloss", "c", "library", "eager", "copy"}
        for row in rows
    )
    assert "| giou | float32 | 64 |" in page.read_text()


@pytest.mark.parametrize(
    ("part", "line", "left"),
    [
        ("", "a/b + exp_(c)", "a/b + exp_(c)"),
        ("division", "a/b + exp_(c)  // a/b", "a*b + exp_(c)  // a*b"),
        ("elementary functions", "a/b + exp_(c) + atan2_(y, x)", "a/b + (c) + (y, x)"),
        ("error terms", "two_sum_error(a, b) + exp_(c)", "(a, b) + exp_(c)"),
    ],
)
def test_a_part_is_taken_away_from_a_text(part, line, left):
    assert bounds.ABSENT[part](line) == left
