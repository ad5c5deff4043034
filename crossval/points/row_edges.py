"""Named rows of logits where a definition degenerates or is known to break.

All logits are integers of at most eight significant bits, or -inf: the same real numbers in every
format.
"""

from __future__ import annotations

import math

_LOW = -math.inf

ROW_EDGES: dict[str, tuple[tuple[float, ...], int]] = {
    "all zero": ((0, 0, 0, 0, 0, 0), 0),
    "all equal": ((3, 3, 3, 3, 3, 3), 5),
    "all equal, large": ((1024, 1024, 1024, 1024, 1024, 1024), 2),
    "all equal, very negative": ((-1024, -1024, -1024, -1024, -1024, -1024), 2),
    "two largest, target one": ((4, 1, 4, 0, -2, 1), 2),
    "two largest, target neither": ((4, 1, 4, 0, -2, 1), 1),
    # confident: p of the target rounds to 1, every other p is tiny or 0
    "confident by 16": ((16, 0, 0, 0, 0, 0), 0),
    "confident by 64": ((0, 64, 0, 0, 0, 0), 1),
    "confident by 1024": ((0, 0, 1024, 0, 0, 0), 2),
    "confident by 8192, first class": ((8192, 0, 0, 0, 0, 0), 0),
    "confident by 8192, last class": ((0, 0, 0, 0, 0, 8192), 5),
    # wrong: the loss is the distance, the gradient -1 and +1
    "wrong by 16": ((16, 0, 0, 0, 0, 0), 1),
    "wrong by 64": ((0, 64, 0, 0, 0, 0), 0),
    "wrong by 1024": ((0, 0, 1024, 0, 0, 0), 5),
    "wrong by 8192, last class": ((8192, 0, 0, 0, 0, 0), 5),
    # an exponential of its own overflows from 12 (float16), 89 (float32), 710 (float64)
    "large": ((100, 101, 99, 98, 100, 97), 1),
    "very large": ((1024, 1032, 1016, 1020, 1024, 1012), 1),
    "very negative": ((-1024, -1032, -1016, -1020, -1024, -1012), 0),
    "of both signs": ((4096, -4096, 0, 1, -1, 4080), 5),
    # a class that is ruled out
    "-inf elsewhere": ((1, _LOW, 2, 0, -1, 3), 0),
    "-inf in all but two": ((1, _LOW, _LOW, _LOW, _LOW, 3), 0),
    "-inf in all but the target": ((_LOW, _LOW, 2, _LOW, _LOW, _LOW), 2),
    "-inf, first and last": ((_LOW, 2, 1, 0, -1, _LOW), 1),
    # exponentials of the others are subnormal: float16 at 16, above; float32 and bfloat16 at 90
    "confident by 90": ((0, 90, 0, 0, 0, 0), 1),
    "wrong by 90": ((0, 90, 0, 0, 0, 0), 2),
    "confident by 720": ((0, 0, 720, 0, 0, 0), 2),
    "wrong by 720": ((0, 0, 720, 0, 0, 0), 3),
}
"""Name to logits and class."""
