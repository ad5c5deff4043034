"""What must hold of the tree as a whole: floors, pins, generated files, no trace of a machine."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("refloss", "crossval", "derivations")
KERNELS = ROOT / "refloss" / "kernels"

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")

#: Folders that are made by running things.
BUILT = {
    ".venv",
    ".git",
    "__pycache__",
    "certificates",
    ".hypothesis",
    ".ruff_cache",
    ".pytest_cache",
}

#: What each part may import of this project besides itself. The longest prefix of a name decides.
FLOORS = {
    "refloss": {
        "refloss.batches",
        "refloss.selection",
        "refloss.losses",
        "refloss.run",
        "refloss.kernels",
    },
    "refloss.symbolic": set(),
    "refloss.kernels": set(),
    "refloss.run": {"refloss.kernels"},
    "refloss.losses": {"refloss.run", "refloss.kernels"},
    "refloss.selection": {"refloss.losses", "refloss.run", "refloss.kernels"},
    "refloss.batches": {"refloss.selection", "refloss.losses", "refloss.run", "refloss.kernels"},
    "derivations": {"refloss.symbolic"},
    "crossval": {"refloss", "refloss.losses", "refloss.run", "refloss.kernels"},
    "crossval.commands.derive": {"crossval", "derivations"},
}

#: Heavy packages and the only parts that may import them.
OWNERS = {
    "sympy": ("refloss.symbolic", "derivations"),
    "flint": ("crossval", "refloss.symbolic.elementary", "derivations"),
    "scipy": ("crossval",),
    "torch": ("crossval",),
    "torchvision": ("crossval",),
    "fvcore": ("crossval",),
    "kornia": ("crossval",),
    "pytorch_metric_learning": ("crossval",),
    "jax": ("crossval",),
    "optax": ("crossval",),
    "keras": ("crossval",),
    "sklearn": (),
    "matplotlib": ("derivations",),
}

#: Folders at the root of a file system that only one machine has, unless a URL precedes them.
MACHINE_PATHS = re.compile(r"(?<![\w.:/$)}\-*>])/(?:work|root|home|tmp|opt|mnt|Users|var)/\w")
REGISTRIES = re.compile(
    r"index-url|find-links|\w+\.pythonhosted\.org|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|localhost",
    re.I,
)

#: Distributions that the CUDA builds of PyTorch bring along, pinned by PyTorch itself. Where the
#: project asks for one of them, its pin must be PyTorch's.
PINNED_BY_TORCH = re.compile(r"nvidia-|cuda-|triton")


def tracked_files() -> list[Path]:
    """Return every file that is or will be under version control."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]
    return [Path(top, name) for top, _, names in walk(ROOT) for name in names]


def walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Walk a tree that is not under version control, leaving out what the tools put there."""
    for top, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in BUILT and not f.endswith(".egg-info")]
        yield top, folders, names


def text_of(path: Path) -> str:
    """Return the text of a file, or nothing where it holds no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the path of every module of the three packages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(name: str, path: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that `path` imports, anywhere in its text, with the line."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = (
                ".".join([*up, node.module] if node.module else up) if node.level else node.module
            )
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def within(name: str, prefix: str) -> bool:
    """Say whether `name` is the package `prefix` or lies in it."""
    return name == prefix or name.startswith(prefix + ".")


def floor(name: str) -> str:
    """Return the floor that a module of this project lies on."""
    return max((key for key in FLOORS if within(name, key)), key=len)


def may_import(importer: str, imported: str) -> bool:
    """Say whether the floors let `importer` read `imported`."""
    above, below = floor(importer), floor(imported)
    return below == above or below in FLOORS[above]


def test_no_import_runs_upward():
    upward = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in modules()
        for imported, line in imports(name, path)
        if imported.split(".")[0] in PACKAGES and not may_import(name, imported)
    ]
    assert not upward, "\n".join(upward)


def test_the_floors_notice_an_import_that_runs_upward():
    assert not may_import("refloss.run.blocks", "refloss.losses.boxes")
    assert not may_import("refloss.losses.boxes", "crossval.oracles")
    assert not may_import("refloss.losses.boxes", "refloss.symbolic.program")
    assert not may_import("crossval.oracles.enclosure", "derivations.boxes")
    assert may_import("crossval.oracles.enclosure", "refloss.losses.resolve")


def test_heavy_packages_are_imported_by_their_owners_only():
    strangers = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in modules()
        for imported, line in imports(name, path)
        for owners in [OWNERS.get(imported.split(".")[0])]
        if owners is not None and not any(within(name, owner) for owner in owners)
    ]
    assert not strangers, "\n".join(strangers)


def test_importing_refloss_loads_numpy_only():
    probe = "import sys, refloss; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    run = [sys.executable, "-c", probe]
    result = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    heavy = {*OWNERS, "ml_dtypes", "rich", "click", "psutil", "cupy", "crossval"}
    assert "numpy" in loaded
    assert not loaded & heavy


def test_nothing_refers_to_one_machine():
    own = re.compile(re.escape(str(ROOT)) + r"\b") if len(ROOT.parts) > 1 else MACHINE_PATHS
    found = [
        f"{path.relative_to(ROOT)}:{number} {match.group()}"
        for path in tracked_files()
        if path != Path(__file__).resolve()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        for pattern in (MACHINE_PATHS, REGISTRIES, own)
        for match in pattern.finditer(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ['"/home/ann/x"', "see /tmp/y", "(/" + "work/a)", "=/Users/b/c"])
def test_the_search_notices_a_machine_path(text):
    assert MACHINE_PATHS.search(text)


@pytest.mark.parametrize(
    "text", ["https://a.org/home/b", "a/tmp/b", "w/home/2", "#!/usr/bin/env bash"]
)
def test_the_search_passes_over_other_paths(text):
    assert not MACHINE_PATHS.search(text)


def test_generated_modules_say_that_they_are_generated():
    generated = [p for p in KERNELS.rglob("*.py") if p.name != "__init__.py"]
    silent = [p.name for p in generated if "do not edit" not in p.read_text()[:600].lower()]
    assert generated
    assert not silent, f"no do-not-edit header in {silent}"


def test_every_program_has_one_kernel_per_printer_and_there_are_few():
    programs = json.loads((KERNELS / "index.json").read_text())["programs"]
    assert 0 < len(programs) < 200
    elementwise = {name for name, about in programs.items() if "shapes" not in about}
    heads = {n for n, about in programs.items() if "weight" in about.get("shapes", {})}
    expected = {
        "numpy": set(programs) - heads,
        "heads": heads,
        "arb": set(programs),
        "balls": elementwise,
    }
    for printer, names in expected.items():
        texts = {p.stem for p in (KERNELS / printer).glob("*.py")} - {"__init__"}
        assert texts == names, printer


def requirements() -> list[Requirement]:
    """Return what the project and its extras ask for, its own extras left out.

    Nor does it ask for a device: that extra goes by the driver of a machine that has one.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [texts for name, texts in project["optional-dependencies"].items() if name != "cuda"]
    texts = project["dependencies"] + [text for extra in extras for text in extra]
    parsed = map(Requirement, texts)
    return [r for r in parsed if canonicalize_name(r.name) != project["name"]]


def applies(requirement: Requirement, extras: set[str]) -> bool:
    """Say whether a requirement holds here, for any of the extras asked for."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": e}) for e in extras or {""})


def closure(todo: list[Requirement]) -> set[str]:
    """Return the names of everything that `todo` installs, directly or not."""
    asked = {canonicalize_name(requirement.name) for requirement in todo}
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen or (PINNED_BY_TORCH.match(key[0]) and key[0] not in asked):
            continue
        seen.add(key)
        below = map(Requirement, importlib.metadata.requires(key[0]) or [])
        todo += [r for r in below if applies(r, requirement.extras)]
    return {name for name, _ in seen}


def pins() -> dict[str, str]:
    """Return name and version of every line of the constraints file."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def test_every_dependency_is_pinned_and_nothing_else():
    assert set(pins()) == closure(requirements())


def test_the_pins_satisfy_the_ranges_of_the_extras():
    pinned = pins()
    unmet = [
        str(r)
        for r in requirements()
        if not r.specifier.contains(pinned[canonicalize_name(r.name)])
    ]
    assert not unmet


def test_the_wheel_carries_kernels_derivations_and_types(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    shipped = {
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if path.relative_to(ROOT).parts[0] in PACKAGES
    }
    assert {"refloss/py.typed", "crossval/py.typed", "refloss/kernels/index.json"} <= names
    assert shipped <= names
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == set(PACKAGES)


def test_the_library_example_of_the_readme_runs_and_prints_what_it_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(import numpy.*?)```", readme, re.DOTALL)
    assert example is not None
    names: dict = {}
    exec(example[1], names)
    assert f"# {names['loss']}," in example[1]
    assert names["gradients"]["pred"].shape == (2, 4)


def test_the_figures_of_the_readme_are_those_of_the_recorded_benchmark():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    record = (ROOT / "benchmarks" / "results" / "cpu.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| (?:dtype|float\d\d) \|.*$", readme, re.MULTILINE)
    assert len(quoted) == 16
    assert not [line for line in quoted if line not in record.splitlines()]


def test_every_make_target_and_file_that_the_documents_name_exists():
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", text)) <= targets
    linked = re.findall(r"\]\(((?!http)[^)]+)\)", text)
    named = re.findall(r"`((?:crossval|refloss|derivations|tests|benchmarks)/[\w./]+)`", text)
    missing = [name for name in linked + named if not (ROOT / name).exists()]
    assert not missing
