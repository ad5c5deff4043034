"""A C++ compiler of this machine, and what it has compiled, kept by content.

Nothing is looked for and nothing is compiled before somebody asks. A library is written under a
name of its own and then renamed, so that processes that compile the same text at once never load
half of it, and never an older one: the name says what is inside.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["CompilerError", "compiler", "load", "store"]

FLAGS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-ffp-contract=off",  # error-free transforms need every rounding; `fma` is explicit
    "-fno-math-errno",  # these three change no value
    "-fno-trapping-math",
    "-fno-tree-pre",  # it makes branches of selections, and the vectorizer takes none
)
_NAMES = ("c++", "g++", "clang++")
_SECONDS = 300
_END = b"refloss: written to the end"


class CompilerError(RuntimeError):
    """No C++ compiler, or one that refuses a text."""


def load(text: str, more: tuple[str, ...] = ()) -> ctypes.CDLL:
    """Return a text as a library of functions, compiled if it has not been before.

    Parameters
    ----------
    text : str
    more : tuple of str
        Flags that follow, and so overrule, those of every text.

    Raises
    ------
    CompilerError
        If there is no compiler, or it fails.
    """
    return _loaded(str(_compiled(text, more)))


def store() -> Path:
    """Return the folder of compiled texts: ``$REFLOSS_CACHE``, or one in the user's cache."""
    given = os.environ.get("REFLOSS_CACHE")
    if given:
        return Path(given).expanduser().absolute()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "refloss"


@cache
def compiler() -> tuple[str, ...]:
    """Return a C++ compiler's path and first arguments: ``$CXX``, else c++, g++ or clang++.

    Raises
    ------
    CompilerError
        If there is none.
    """
    given = shlex.split(os.environ.get("CXX", ""))
    for name, *more in [given] if given else [[name] for name in _NAMES]:
        if found := shutil.which(name):
            return found, *more
    looked = f"$CXX = {' '.join(given)}" if given else ", ".join(_NAMES)
    raise CompilerError(
        f"backend 'c' needs a C++ compiler: expected one of {looked} on the path, found none; "
        "install g++ or clang++, or use backend='numpy'"
    )


@cache
def _loaded(path: str) -> ctypes.CDLL:
    return ctypes.CDLL(path)


def _compiled(text: str, more: tuple[str, ...]) -> Path:
    flags = (*_flags(), *more)
    content = "\0".join([text, *flags, *compiler(), _identity(compiler()[0]), _processor()])
    path = store() / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.so"
    try:
        if not _is_whole(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _compile(text, flags, path)
    except OSError as error:
        raise CompilerError(
            f"cannot keep compiled kernels in {store()} ({error.strerror}); set REFLOSS_CACHE to a "
            "folder that can be written to"
        ) from error
    return path


def _is_whole(path: Path) -> bool:
    """Return whether a library was written to its end: loading half of one ends the process."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        file.seek(-min(len(_END), path.stat().st_size), os.SEEK_END)
        return file.read() == _END


def _compile(text: str, flags: tuple[str, ...], path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        source, draft = Path(folder, "unit.cpp"), Path(folder, "unit.so")
        source.write_text(text, encoding="utf-8")
        command = [*compiler(), *flags, str(source), "-o", str(draft)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise CompilerError(f"{command[0]} took more than {_SECONDS} s") from error
        if done.returncode or not draft.exists():
            errors = "\n".join(done.stderr.splitlines()[:12]) or f"exit code {done.returncode}"
            raise CompilerError(f"{command[0]} refused a kernel:\n{errors}")
        with draft.open("ab") as file:
            file.write(_END)
        draft.replace(path)


@cache
def _flags() -> tuple[str, ...]:
    """Return the flags, with those that choose this processor where the compiler knows them."""
    native = ["-march=native"]
    if platform.machine() in ("x86_64", "AMD64"):
        native.append("-mprefer-vector-width=512")
    known = [flag for flag in native if _accepts(flag)]
    return (*FLAGS, *known)


def _accepts(flag: str) -> bool:
    command = [*compiler(), flag, "-x", "c++", "-fsyntax-only", os.devnull]
    return subprocess.run(command, capture_output=True, timeout=_SECONDS).returncode == 0


@cache
def _identity(path: str) -> str:
    """Return what changes when another compiler is installed."""
    status = os.stat(os.path.realpath(path))
    return f"{os.path.realpath(path)} {status.st_mtime_ns} {status.st_size}"


@cache
def _processor() -> str:
    """Return what ``-march=native`` depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
