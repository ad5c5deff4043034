"""Named pairs of boxes where a definition branches, degenerates or is known to break.

All coordinates are small dyadic numbers: the same real boxes in every format.
"""

from __future__ import annotations

from itertools import combinations

Box = tuple[float, float, float, float]

_PRED: Box = (2.0, 3.0, 12.0, 9.0)
# per edge, the coordinate of a target that differs from _PRED there and still overlaps it
_INSIDE: Box = (4.0, 5.0, 10.0, 8.0)
_OUTSIDE: Box = (0.0, 1.0, 15.0, 13.0)
_EDGES = ("left", "top", "right", "bottom")


def _aligned() -> dict[str, tuple[Box, Box]]:
    cases = {}
    for count in (1, 2, 3):
        for shared in combinations(range(4), count):
            name = "+".join(_EDGES[edge] for edge in shared)
            for kind, other in (("inside", _INSIDE), ("outside", _OUTSIDE)):
                target = tuple(_PRED[e] if e in shared else other[e] for e in range(4))
                cases[f"aligned {name}, target {kind}"] = (_PRED, target)
    return cases


EDGE_CASES: dict[str, tuple[Box, Box]] = {
    # identical: 1 - IoU = 0, v = 0, alpha = 0/0, four ties
    "identical square": ((0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 10.0)),
    "identical": (_PRED, _PRED),
    "identical, small": ((0.25, 0.25, 0.5, 0.375), (0.25, 0.25, 0.5, 0.375)),
    "identical, large": ((0.0, 0.0, 512.0, 1024.0), (0.0, 0.0, 512.0, 1024.0)),
    **_aligned(),
    # touching: overlap is exactly 0
    "touching right": ((0.0, 0.0, 4.0, 4.0), (4.0, 1.0, 9.0, 3.0)),
    "touching left": ((4.0, 1.0, 9.0, 3.0), (0.0, 0.0, 4.0, 4.0)),
    "touching bottom": ((0.0, 0.0, 4.0, 4.0), (1.0, 4.0, 3.0, 9.0)),
    "touching top": ((1.0, 4.0, 3.0, 9.0), (0.0, 0.0, 4.0, 4.0)),
    "touching edge, same height": ((0.0, 0.0, 4.0, 4.0), (4.0, 0.0, 9.0, 4.0)),
    "touching corner, lower right": ((0.0, 0.0, 4.0, 4.0), (4.0, 4.0, 9.0, 7.0)),
    "touching corner, upper left": ((4.0, 4.0, 9.0, 7.0), (0.0, 0.0, 4.0, 4.0)),
    "touching corner, upper right": ((0.0, 4.0, 4.0, 8.0), (4.0, 1.0, 9.0, 4.0)),
    "touching corner, lower left": ((4.0, 1.0, 9.0, 4.0), (0.0, 4.0, 4.0, 8.0)),
    # disjoint in one axis or both: relu is flat, its gradient 0
    "disjoint in x": ((0.0, 0.0, 4.0, 4.0), (6.0, 1.0, 9.0, 3.0)),
    "disjoint in y": ((0.0, 0.0, 4.0, 4.0), (1.0, 6.0, 3.0, 9.0)),
    "disjoint in both": ((0.0, 0.0, 4.0, 4.0), (6.0, 7.0, 9.0, 9.0)),
    # the distance term's zero, and the aspect term's
    "concentric": ((0.0, 0.0, 20.0, 8.0), (6.0, 1.0, 14.0, 7.0)),
    "concentric, same aspect": ((0.0, 0.0, 20.0, 20.0), (5.0, 5.0, 15.0, 15.0)),
    "same aspect, half size": ((0.0, 0.0, 8.0, 6.0), (1.0, 2.0, 5.0, 5.0)),
    "transposed": ((0.0, 0.0, 8.0, 4.0), (2.0, -1.0, 6.0, 7.0)),
    # IoU exactly 1/2 and its neighbours, without a tie
    "IoU 1/2": ((0.0, 0.0, 6.0, 6.0), (0.5, 1.0, 5.0, 5.0)),
    "IoU just below 1/2": ((0.0, 0.0, 6.0, 6.0), (0.5, 1.0, 5.0, 4.9375)),
    "IoU just above 1/2": ((0.0, 0.0, 6.0, 6.0), (0.5, 1.0, 5.0, 5.0625)),
    "IoU 1/2, aligned": ((0.0, 0.0, 4.0, 2.0), (0.0, 0.0, 4.0, 1.0)),
    # negative coordinates, sign changes
    "across the origin": ((-5.0, -4.0, 3.0, 2.0), (-2.0, -6.0, 7.0, 1.0)),
    "all negative": ((-9.0, -8.0, -3.0, -2.0), (-7.0, -9.0, -1.0, -4.0)),
    # the catalogue's probe: IoU .181818, distance .0609756, v .335434, alpha .290768
    "probe": ((0.0, 0.0, 10.0, 2.0), (2.0, 0.0, 6.0, 8.0)),
    "probe, no tie": ((0.0, 0.0, 10.0, 2.0), (2.0, -1.0, 6.0, 7.0)),
    # degenerate boxes
    "pred of zero width, inside": ((5.0, 2.0, 5.0, 6.0), (0.0, 0.0, 8.0, 8.0)),
    "pred of zero height, inside": ((2.0, 5.0, 6.0, 5.0), (0.0, 0.0, 8.0, 8.0)),
    "pred of zero width, outside": ((9.0, 2.0, 9.0, 6.0), (0.0, 0.0, 8.0, 8.0)),
    "pred of zero height, outside": ((2.0, 9.0, 6.0, 9.0), (0.0, 0.0, 8.0, 8.0)),
    "target of zero width, inside": ((0.0, 0.0, 8.0, 8.0), (5.0, 2.0, 5.0, 6.0)),
    "target of zero height, inside": ((0.0, 0.0, 8.0, 8.0), (2.0, 5.0, 6.0, 5.0)),
    "both of zero width": ((5.0, 2.0, 5.0, 6.0), (7.0, 3.0, 7.0, 9.0)),
    "both of zero height": ((2.0, 5.0, 6.0, 5.0), (3.0, 7.0, 9.0, 7.0)),
    "both of zero width, crossing": ((5.0, 2.0, 5.0, 6.0), (3.0, 4.0, 9.0, 4.0)),
    "both of zero width, same line": ((5.0, 2.0, 5.0, 6.0), (5.0, 4.0, 5.0, 9.0)),
    "pred is a point, inside": ((3.0, 5.0, 3.0, 5.0), (0.0, 0.0, 8.0, 8.0)),
    "pred is a point, outside": ((9.0, 9.0, 9.0, 9.0), (0.0, 0.0, 8.0, 8.0)),
    "target is a point, inside": ((0.0, 0.0, 8.0, 8.0), (3.0, 5.0, 3.0, 5.0)),
    "two points": ((1.0, 2.0, 1.0, 2.0), (4.0, 6.0, 4.0, 6.0)),
    "both the same point": ((3.0, 5.0, 3.0, 5.0), (3.0, 5.0, 3.0, 5.0)),
    "both the origin": ((0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)),
    "identical, zero width": ((5.0, 2.0, 5.0, 6.0), (5.0, 2.0, 5.0, 6.0)),
    "identical, zero height": ((2.0, 5.0, 6.0, 5.0), (2.0, 5.0, 6.0, 5.0)),
}
