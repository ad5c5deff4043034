"""Registers, spills and shared memory of every kernel, recorded in `refloss/kernels/cuda`.

``python -m tests.kernels.cuda.resources`` records them anew; a test says when that is due.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from refloss.run.native.unit import STORED, Unit, unit_text

from .fibers import INDEX, KERNELS, texts, unit_of
from .nvrtc import OPTIONS, resources, version
from .runs import FUNCTIONS, REALS, ROWS, defaults

__all__ = ["ARCH", "RECORD", "measured", "record", "recorded", "text_of"]

RECORD = KERNELS / "cuda" / "resources.json"
ARCH = "sm_90"
BLOCK = 256


def text_of(
    program: str, function: str, real: str, group: int = 0, unit: Unit | None = None
) -> tuple[str, str]:
    """Return a text as a device's compiler takes it, and the kernel's name.

    Default constants are numbers of the text, unless another unit is given. A row of the row
    kernels is a block's, unless `group` says otherwise.
    """
    unit = unit or unit_of(program, function, real, baked=defaults(program, real))
    width = group or (BLOCK if program in ROWS else 32)
    before = f"#define BLOCK {BLOCK}\n#define GROUP {width}"
    return unit_text(unit, *texts(program), loops="device", before=before), unit.name


def measured(program: str, function: str, real: str) -> dict[str, Any]:
    """Return what a kernel takes, and which text it is that does."""
    text, name = text_of(program, function, real)
    found = asdict(resources(text, name, ARCH))
    return {"text": hashlib.sha256(text.encode()).hexdigest()[:16], **found}


def recorded() -> dict[str, Any]:
    """Return the record."""
    return json.loads(RECORD.read_text(encoding="utf-8"))


def record() -> str:
    """Return the text of a record of all kernels."""
    kernels = {
        f"{program}_{function}": {STORED[real]: measured(program, function, real) for real in REALS}
        for program in sorted(INDEX)
        for function in FUNCTIONS
    }
    about = {"arch": ARCH, "block": BLOCK, "nvrtc": version(), "options": list(OPTIONS)}
    return json.dumps({**about, "kernels": kernels}, indent=1) + "\n"


if __name__ == "__main__":
    RECORD.write_text(record(), encoding="utf-8")
    print(RECORD)
