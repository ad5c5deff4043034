"""Targets that change from call to call until they stay as they are, as annealed margins do.

A head that anneals its margin counts its calls. What it comes to is a definition; what it is on
the way is one of every call, and none that rows could be compared with.
"""

from __future__ import annotations

import numpy as np

from crossval.identification.answer import Note
from crossval.identification.evidence import Witness
from crossval.points.probes import Probe

__all__ = ["RANDOM", "settled"]

_FIRST = 2
_AT_ONCE = 256
_MOST = 4096
"""Calls after which a target that still changes is given up."""
RANDOM = Note(
    f"its results change from call to call, and still do after {_MOST} calls: it is random, or "
    "keeps a state",
    "RL601",
)


def settled(witness: Witness, probe: Probe) -> tuple[Note, ...]:
    """Call a target with one row again and again until results stay; say if that took calls.

    What never stays is `RANDOM`: no definition can be found for it.

    Parameters
    ----------
    witness : Witness
        A target whose rows are calls of their own; others are left alone.
    probe : Probe
        Rows, from the middle of which one is taken.
    """
    if not witness.wholes:
        return ()
    made, size = 0, _FIRST
    while made < _MOST:
        values = _again(witness, probe, size)
        same = values == values[-1]
        if same.all() or np.isnan(values).all():
            return _note(made) if made else ()
        made, size = made + len(values), _AT_ONCE
    return (RANDOM,)


def _again(witness: Witness, probe: Probe, times: int) -> np.ndarray:
    """Return the results of one row, asked so many times."""
    row = len(probe) // 2
    return witness.apart(probe.take([row] * times), gradients=False).value


def _note(calls: int) -> tuple[Note, ...]:
    words = f"its results change from call to call for about {calls} calls, and stay then"
    return (Note(f"{words}: an annealing; this is what it comes to"),)
