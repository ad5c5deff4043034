"""Derive: run every derivation and write, or check, its kernels and its rendered notebook.

``refloss derive`` writes; ``refloss derive --check`` compares byte for byte and names every stale,
missing and extra file.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from refloss.symbolic import emit

HERE = Path(__file__).parent
NOTEBOOKS = "notebooks"
GENERATED = (
    "numpy/*.py",
    "heads/*.py",
    "arb/*.py",
    "balls/*.py",
    "cuda/*.cu*",
    "cuda/elementary.json",
    "boundaries/*.py",
    "boundaries/*.json",
    emit.INDEX,
)


def modules() -> list[Path]:
    """Return every derivation, in a fixed order."""
    return sorted(p for p in HERE.glob("*.py") if not p.name.startswith("_"))


def run(module: Path, kernels: Path) -> str:
    """Run a derivation as a notebook and return the rendered notebook.

    Parameters
    ----------
    module : pathlib.Path
        A percent-format module.
    kernels : pathlib.Path
        Where the kernels that it writes go.

    Returns
    -------
    str
        The notebook as JSON: cells and LaTeX or text outputs. Pictures are shown when it runs and
        not stored; nothing in it depends on when, where or how often it ran.
    """
    import jupytext
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    book = jupytext.read(module, fmt="py:percent")
    sockets = str(kernels.parent / f"{kernels.name}-kernel")
    client = NotebookClient(
        book,
        timeout=900,
        km=AsyncKernelManager(kernel_name="python3", transport="ipc", ip=sockets),
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(HERE.parent)}},
    )
    environment = {**os.environ, "REFLOSS_KERNELS": str(kernels), "MPLBACKEND": "agg"}
    client.execute(env=environment, cleanup_kc=True)
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
        if cell.cell_type == "code":
            cell["outputs"] = [o for o in cell["outputs"] if not _is_picture(o)]
    book["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.writes(book) + "\n"


def _is_picture(output: dict) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def derive(chosen: Iterable[Path]) -> dict[Path, str]:
    """Run derivations and return what they generate, by path relative to the source tree."""
    texts: dict[Path, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        kernels = Path(scratch)
        for module in chosen:
            print(f"deriving {module.stem}", flush=True)
            texts[Path("derivations", NOTEBOOKS, f"{module.stem}.ipynb")] = run(module, kernels)
        for path in sorted(p for p in kernels.rglob("*") if p.is_file()):
            relative = Path("refloss", "kernels", path.relative_to(kernels))
            texts[relative] = path.read_text(encoding="utf-8")
    return texts


def committed(root: Path) -> set[Path]:
    """Return the generated files that stand in the tree below `root`."""
    kernels = root / "refloss" / "kernels"
    found = [p for pattern in GENERATED for p in kernels.glob(pattern)]
    found = [p for p in found if p.name != "__init__.py"]
    found += (root / "derivations" / NOTEBOOKS).glob("*.ipynb")
    return {p.relative_to(root) for p in found}


def differences(texts: dict[Path, str], root: Path) -> list[str]:
    """Return one line for every stale, missing and extra file."""
    lines = []
    for path, text in sorted(texts.items()):
        if not (root / path).exists():
            lines.append(f"missing  {path}")
        elif (root / path).read_bytes() != text.encode():
            lines.append(f"stale    {path}")
    lines += [f"extra    {path}" for path in sorted(committed(root) - set(texts))]
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0 when all is current, 1 when `--check` finds a difference."""
    parser = argparse.ArgumentParser(prog="refloss derive", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(argv)
    root = HERE.parent
    texts = derive(modules())
    lines = differences(texts, root)
    if options.check:
        print("\n".join(lines) if lines else f"{len(texts)} generated files are current")
        return 1 if lines else 0
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for path in committed(root) - set(texts):
        (root / path).unlink()
    print("\n".join(lines) if lines else "nothing changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
