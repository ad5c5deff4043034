"""Derivations run as notebooks: what they generate, and what `--check` says of a tree."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

from derivations import __main__ as command

ROOT = Path(__file__).parents[2]
GENERATED = sorted(command.committed(ROOT))
NOTEBOOKS = sorted((ROOT / "derivations" / "notebooks").glob("*.ipynb"))
STALE = Path("refloss/kernels/numpy/giou.py")
MISSING = Path("refloss/kernels/balls/diou.py")
EXTRA = Path("refloss/kernels/arb/forgotten.py")
LINES = [f"missing  {MISSING}", f"stale    {STALE}", f"extra    {EXTRA}"]


def copy_of_tree(to):
    """Copy what a derivation needs and writes."""
    for package in ("refloss", "derivations"):
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def damage(tree):
    """Make one generated file stale, remove another, and add a third."""
    path = tree / STALE
    path.write_text(path.read_text(encoding="utf-8").replace("1.0", "2.0", 1), encoding="utf-8")
    (tree / MISSING).unlink()
    (tree / EXTRA).write_text("", encoding="utf-8")


def generated(tree):
    return {path: (tree / path).read_bytes() for path in command.committed(tree)}


@pytest.fixture
def texts():
    """Return what the derivations would generate if the tree is current."""
    return {path: (ROOT / path).read_text(encoding="utf-8") for path in GENERATED}


@pytest.fixture
def tree(tmp_path, texts):
    """Return a tree of generated files alone."""
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_notebooks_regenerate_every_committed_file(tmp_path):
    """The one full run, in a scratch copy that lacks a file, has a stale one and one too many."""
    scratch = copy_of_tree(tmp_path)
    damage(scratch)
    run = subprocess.run(
        [sys.executable, "-m", "derivations"],
        cwd=scratch,
        env={**os.environ, "PYTHONPATH": str(scratch)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    after, expected = generated(scratch), generated(ROOT)
    assert sorted(after) == sorted(expected)
    different = [str(path) for path in expected if after[path] != expected[path]]
    assert not different, "run `refloss derive`"
    said = run.stdout.splitlines()
    assert said[-len(LINES) :] == LINES
    assert said[: -len(LINES)] == [f"deriving {module.stem}" for module in command.modules()]


# -------------------------------------------------------------------------- what --check says


def test_a_current_tree_has_no_differences(tree, texts):
    assert command.differences(texts, tree) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda tree: (tree / STALE).write_bytes(b"\r\n"), LINES[1]),
        (lambda tree: (tree / MISSING).unlink(), LINES[0]),
        (lambda tree: (tree / EXTRA).write_bytes(b""), LINES[2]),
    ],
    ids=["stale", "missing", "extra"],
)
def test_each_difference_is_named(tree, texts, change, line):
    change(tree)
    assert command.differences(texts, tree) == [line]


def test_all_differences_are_named(tree, texts):
    damage(tree)
    assert command.differences(texts, tree) == LINES


def test_a_changed_line_end_is_stale(tree, texts):
    path = tree / STALE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert command.differences(texts, tree) == [LINES[1]]


def test_an_extra_notebook_and_package_files(tree, texts):
    (tree / "derivations/notebooks/old.ipynb").write_text("{}", encoding="utf-8")
    (tree / "refloss/kernels/__init__.py").write_text("", encoding="utf-8")
    (tree / "refloss/kernels/numpy/__init__.py").write_text("", encoding="utf-8")
    assert command.differences(texts, tree) == ["extra    derivations/notebooks/old.ipynb"]


@pytest.fixture
def derived(tree, texts, monkeypatch):
    """Run the command over a scratch tree, without the notebooks."""
    monkeypatch.setattr(command, "HERE", tree / "derivations")
    monkeypatch.setattr(command, "derive", lambda modules: texts)
    return tree


def test_check_of_a_current_tree(derived, texts, capsys):
    assert command.main(["--check"]) == 0
    assert capsys.readouterr().out == f"{len(texts)} generated files are current\n"


def test_check_fails_and_writes_nothing(derived, capsys):
    damage(derived)
    before = generated(derived)
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == LINES
    assert generated(derived) == before


def test_writing_brings_the_tree_up_to_date(derived, texts, capsys):
    damage(derived)
    assert command.main([]) == 0
    assert command.differences(texts, derived) == []
    assert command.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [*LINES, "nothing changed"]


# -------------------------------------------------------------------------- what is committed


def stem(path):
    return path.stem


def test_every_derivation_has_its_notebook():
    assert [p.stem for p in NOTEBOOKS] == [m.stem for m in command.modules()]
    assert "boxes" in {p.stem for p in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_a_notebook_has_the_cells_of_its_module(path):
    book = nbformat.read(path, as_version=4)
    module = jupytext.read(ROOT / "derivations" / f"{path.stem}.py", fmt="py:percent")
    assert [(c.cell_type, c.source) for c in book.cells] == [
        (c.cell_type, c.source) for c in module.cells
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_a_notebook_is_valid_and_reproducible(path):
    """Fixed ids, counts in order, no time, no picture, no error, no path of a machine."""
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert [c.id for c in book.cells] == [f"cell-{n}" for n in range(len(book.cells))]
    assert all(c.metadata == {} for c in book.cells)
    code = [c for c in book.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    outputs = [o for c in code for o in c.outputs]
    assert outputs
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert not [kind for o in outputs for kind in o.get("data", {}) if kind.startswith("image/")]
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|work|Users|usr)/|[A-Z]:\\\\|0x[0-9a-f]{6,}", text)


def printed_by(path):
    """Return what the cells of a notebook print."""
    cells = nbformat.read(path, as_version=4).cells
    return "".join(o.get("text", "") for c in cells if c.cell_type == "code" for o in c.outputs)


def test_the_notebook_of_elementary_functions_proves_their_bounds():
    printed = printed_by(next(p for p in NOTEBOOKS if p.stem == "elementary"))
    bounds = json.loads((ROOT / "refloss/kernels/cuda/elementary.json").read_text(encoding="utf-8"))
    for function, formats in bounds.items():
        for name, bound in formats.items():
            assert re.search(rf"^proved  {function} +{name} +{bound:.3f} ulp$", printed, re.M)
    assert "cuda/elementary.cuh\ncuda/elementary.json\n" in printed


def test_the_notebook_of_boundaries_proves_what_it_prints():
    printed = printed_by(next(p for p in NOTEBOOKS if p.stem == "boundaries"))
    index = json.loads((ROOT / "refloss/kernels/boundaries/index.json").read_text(encoding="utf-8"))
    for name, about in index.items():
        program = about["program"]
        assert f"proved  {name}: both forms of {program} follow from its equation\n" in printed
        assert f"boundaries/{program}.py\n" in printed


def kinds_of(program):
    """Return the kinds of text that a program has: of items, of rows, or a head."""
    if "shapes" not in program:
        return ("numpy", "arb", "balls")
    return ("heads" if "weight" in program["shapes"] else "numpy", "arb")


WITHOUT_RULES = ("hinge_embedding",)
"""Notebooks of losses that are computed as they are written."""


@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p.stem not in ("elementary", "boundaries")], ids=stem
)
def test_a_notebook_proves_its_rules_and_names_its_kernels(path):
    printed = printed_by(path)
    assert (printed.count("proved  ") > 0) == (path.stem not in WITHOUT_RULES)
    index = json.loads((ROOT / "refloss/kernels/index.json").read_text(encoding="utf-8"))
    losses = [d.name for d in importlib.import_module(f"derivations.{path.stem}").DEFINITIONS]
    own = {n: about for n, about in index["programs"].items() if about["loss"] in losses}
    assert own
    for program, about in own.items():
        for kind in kinds_of(about):
            assert f"{kind}/{program}.py\n" in printed
