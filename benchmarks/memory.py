"""Peak memory of one call beyond its outputs, each measured in a process of its own.

``python -m benchmarks.memory NAME LOSS DTYPE N`` prints one number: the bytes by which the
resident memory peaked above its level before the call. The kernel's high-water mark is reset
first, because it would otherwise remember the set-up.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")


def available() -> bool:
    """Say whether this system keeps a high-water mark that can be reset."""
    return STATUS.exists() and RESET.exists()


def resident(field: str) -> int:
    """Return a field of the process status, such as ``VmRSS``, in bytes."""
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(field))
    return 1024 * int(line.split()[1])


def peak(name: str, loss: str, dtype: str, size: int | str) -> int:
    """Return the peak of one call in bytes, measured in a fresh process.

    `size` is a number of pairs, or ROWSxCLASSES of rows and of heads.
    """
    command = [sys.executable, "-m", "benchmarks.memory", name, loss, dtype, str(size)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout)


def _calls(name: str, loss: str, dtype: str, size: str) -> tuple[Any, Any]:
    """Return a small call, which loads what there is to load, and the one that is measured."""
    if "x" in size:
        from benchmarks import heads, rows

        count, classes = map(int, size.split("x"))
        if loss == heads.LOSS:
            small = heads.variant(name, dtype, (4, 64))
            return small, heads.variant(name, dtype, (count, classes))
        return rows.variant(name, dtype, (4, 64)), rows.variant(name, dtype, (count, classes))
    from benchmarks.variants import variant

    return variant(name, loss, dtype, 64), variant(name, loss, dtype, int(size))


def main(name: str, loss: str, dtype: str, size: str) -> None:
    """Measure in this process and print."""
    warm, call = _calls(name, loss, dtype, size)
    if warm is None or call is None:
        raise SystemExit(f"there is no {name} form of {loss}")
    warm()
    RESET.write_text("5")
    before = resident("VmRSS")
    kept = call()
    print(resident("VmHWM") - before)
    del kept


if __name__ == "__main__":
    main(*sys.argv[1:])
