"""Kernel texts compiled for a device by NVRTC, kept on disk by content.

CuPy's own way from text to kernel is not taken: it adds ``-ftz=true``, which replaces subnormal
floats by zero, and with them subnormal 16-bit numbers on their way through float. Here every
operation rounds as IEEE 754 says, as it does on the host.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from refloss.run.cuda import INSTALL, DeviceError, first_line
from refloss.run.native.compiler import CompilerError, store

__all__ = ["OPTIONS", "compiled", "target"]

OPTIONS = (
    "--std=c++17",
    "--fmad=false",  # error-free transforms need every rounding; `fma` is explicit
    "--ftz=false",
    "--prec-div=true",
    "--prec-sqrt=true",
)


def compiled(nvrtc: Any, text: str, arch: str) -> Path:
    """Return the file that a text compiles to, written if it is not there.

    Parameters
    ----------
    nvrtc : module
        ``cupy.cuda.nvrtc``.
    text : str
        Without includes.
    arch : str
        The device's compute capability, ``"90"``.

    Raises
    ------
    DeviceError
        If NVRTC is not installed.
    CompilerError
        If it refuses the text.
    """
    try:
        version, known = nvrtc.getVersion(), nvrtc.getSupportedArchs()
    except Exception as error:
        raise DeviceError(f"CUDA needs NVRTC ({first_line(error)}): {INSTALL}") from None
    options = (*OPTIONS, f"--gpu-architecture={target(arch, known)}")
    content = "\0".join([text, *options, repr(version)])
    path = store() / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.cubin"
    if not path.exists():
        _keep(path, _compile(nvrtc, text, options))
    return path


def target(arch: str, known: Iterable[int]) -> str:
    """Return the machine to compile for; for one that NVRTC does not know, the newest before it.

    Code for that one's virtual machine is compiled further by the driver when it is loaded.
    """
    number, numbers = int(arch), sorted(known)
    if number in numbers:
        return f"sm_{number}"
    older = [one for one in numbers if one < number]
    if not older:
        raise DeviceError(
            f"NVRTC compiles for compute capabilities from {numbers[0] / 10:.1f} on, this device "
            f"has {number / 10:.1f}"
        )
    return f"compute_{older[-1]}"


def _compile(nvrtc: Any, text: str, options: tuple[str, ...]) -> bytes:
    program = nvrtc.createProgram(text, "unit.cu", (), ())
    try:
        nvrtc.compileProgram(program, options)
        if "=sm_" in options[-1]:
            return nvrtc.getCUBIN(program)
        code = nvrtc.getPTX(program)
        return code.encode() if isinstance(code, str) else code
    except nvrtc.NVRTCError as error:
        log = "\n".join(nvrtc.getProgramLog(program).splitlines()[:12])
        raise CompilerError(f"NVRTC refused a kernel ({error}):\n{log}") from None
    finally:
        nvrtc.destroyProgram(program)


def _keep(path: Path, code: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder, "unit.cubin")
        draft.write_bytes(code)
        draft.replace(path)
