"""The benchmark compares like with like, and says so before it times anything."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from torch import Tensor

from benchmarks import bounds, clock, correctness, cpu, focal, gpu, peers, rows, selection, variants
from refloss.run import cuda


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


def test_numbers_that_are_not_written_are_wrong():
    value, slopes = rows._outputs(rows.variant("refloss", "float64", rows.CHECKED)())
    assert rows.worst_error("float64", rows.CHECKED, value, slopes) < 64
    slopes[3, 5] = np.nan
    error = rows.worst_error("float64", rows.CHECKED, value, slopes)
    with pytest.raises(ValueError, match=r"refloss cross_entropy in float64: .* found inf"):
        rows.agreed("refloss", "float64", error)


def test_without_a_device_the_command_ends_with_one_line(monkeypatch):
    cuda.cupy.cache_clear()
    monkeypatch.setitem(sys.modules, "cupy", None)
    run = CliRunner().invoke(gpu.main, [])
    assert run.exit_code == 1
    assert run.output.startswith("Error: CUDA needs CuPy")
    assert run.output.count("\n") == 1


def test_a_call_is_measured_by_name(monkeypatch):
    seconds = {"refloss": 2e-3, "eager": 8e-3}
    monkeypatch.setattr(gpu.device, "compare", lambda calls: {n: seconds[n] for n in calls})
    monkeypatch.setattr(
        gpu.device, "peak", lambda call, library: {"cupy": 50, "torch": 300}[library]
    )
    monkeypatch.setattr(gpu.device, "launches", lambda call: call())
    monkeypatch.setattr(gpu.device, "free", lambda: None)
    counts = {"refloss": [lambda: 1], "library": [], "eager": [lambda: 70]}
    found = gpu.measure(counts.__getitem__, tuple(counts), 100, 1e5)
    assert found["share"] == {"refloss": 0.5, "eager": 0.125}
    row = {"loss": "giou", "dtype": "float32", "size": "9", **found}
    assert gpu.speed_table([row]).rows == (
        ("giou", "float32", "9", "2,000.0", "50%", "–", "4.0×", "–"),
    )
    assert gpu.cost_table([row]).rows == (
        ("giou", "float32", "9", "0.50 / 1", "–", "3.00 / 70", "–"),
    )


@pytest.mark.parametrize("dtype", focal.DTYPES)
@pytest.mark.parametrize("name", [*focal.OURS, "eager"])
def test_every_variant_of_focal_computes_the_same_loss(name, dtype):
    assert focal.check(name, dtype) < correctness.AGREES


def test_another_focal_loss_is_refused(monkeypatch):
    monkeypatch.setattr(focal, "LOSS", "bce")
    with pytest.raises(ValueError, match=r"eager bce in float64: expected .* found"):
        focal.check("eager", "float64")


def test_a_table_of_focal_names_every_ratio():
    seconds = {"refloss": 2e-3, "c": 1e-3, "eager": 8e-3, "copy": 5e-4}
    timing = focal.FocalTiming("float64", 1000, 9, seconds, {"refloss": 0.1, "c": 0.2})
    (row,) = focal.speed_table([timing], ["eager"]).rows
    assert row == ("float64", "1,000", "2000.00", "1000.00", "20%", "4.0×", "8.0×", "50.0%")


@pytest.mark.parametrize("form", selection.PEERS)
def test_every_form_of_mining_finds_the_same_items_but_products_not_those_of_near_points(form):
    mode = selection.PEERS[form]
    assert selection.agreement("float64", mode, near=False, items=64) == 1.0
    assert (selection.agreement("float64", mode, near=True, items=64) == 1.0) == (
        form == "differences"
    )
