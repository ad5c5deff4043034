"""NVIDIA's run-time compiler, which needs no driver and no device, and what it says.

Results are kept by content, beside those of the C++ compiler.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import json
import re
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from refloss.run.native import compiler

__all__ = ["OPTIONS", "PACKAGE", "RefusedError", "Resources", "resources", "version"]

PACKAGE = "nvidia-cuda-nvrtc"
#: Without contraction: error-free transforms need every rounding. Standard and pedantic otherwise.
OPTIONS = ("--std=c++17", "--fmad=false", "--ptxas-options=-v")
_FORM = 1  # of what is kept


class RefusedError(RuntimeError):
    """A text that does not compile."""


@dataclass(frozen=True)
class Resources:
    """What a compiled kernel takes, a thread, in bytes but for registers; `shared` a block."""

    registers: int
    stack: int
    spill_stores: int
    spill_loads: int
    shared: int


def version() -> str:
    """Return the version of the installed compiler."""
    return importlib.metadata.version(PACKAGE)


def resources(text: str, name: str, arch: str) -> Resources:
    """Return what a kernel takes on an architecture, ``sm_90`` for instance.

    Raises
    ------
    RefusedError
        If the text does not compile.
    """
    content = "\0".join([text, name, arch, *OPTIONS, version(), str(_FORM)])
    path = compiler.store() / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.json"
    if not path.exists():
        _keep(path, asdict(_measured(_log(text, arch), name)))
    return Resources(**json.loads(path.read_text(encoding="utf-8")))


def _measured(log: str, name: str) -> Resources:
    assert f"Compiling entry function '{name}'" in log, log

    def number(pattern: str, default: str | None = None) -> int:
        found = re.search(pattern, log)
        assert found or default is not None, log
        return int(found[1] if found else default or 0)

    return Resources(
        number(r"Used (\d+) registers"),
        number(r"(\d+) bytes stack frame"),
        number(r"(\d+) bytes spill stores"),
        number(r"(\d+) bytes spill loads"),
        number(r"(\d+) bytes smem", "0"),
    )


def _log(text: str, arch: str) -> str:
    """Compile a text and return what the compiler says."""
    library, program = _library(), ctypes.c_void_p()
    created = library.nvrtcCreateProgram(
        ctypes.byref(program), text.encode(), b"unit.cu", 0, None, None
    )
    assert created == 0, f"nvrtcCreateProgram: {created}"
    options = [option.encode() for option in (f"--gpu-architecture={arch}", *OPTIONS)]
    status = library.nvrtcCompileProgram(
        program, len(options), (ctypes.c_char_p * len(options))(*options)
    )
    length = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(length))
    log = ctypes.create_string_buffer(length.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    said = log.value.decode()
    if status:
        raise RefusedError(f"{arch}, status {status}: {said}")
    return said


@cache
def _library() -> Any:
    """Load the library of the package; what it looks for by name is loaded first."""
    files = importlib.metadata.files(PACKAGE) or []
    for kind in (
        r"(lib)?nvrtc-builtins(64_\d+\.dll|\.so\.[\d.]+)",
        r"(lib)?nvrtc(64_\d+_0\.dll|\.so\.\d+)",
    ):
        (path,) = (file.locate() for file in files if re.fullmatch(kind, file.name))
        library = ctypes.CDLL(str(path))
    return library


def _keep(path: Path, found: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder, "found.json")
        draft.write_text(json.dumps(found), encoding="utf-8")
        draft.replace(path)
