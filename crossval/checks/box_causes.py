"""Known reasons for NaN and infinity in box losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crossval.checks.causes import Pattern, Situation
from crossval.oracles.formats import Format


@dataclass(frozen=True)
class Geometry:
    """The quantities on which the patterns below decide, of one pair of boxes."""

    pw: float
    ph: float
    tw: float
    th: float
    identical: bool
    union: float
    hull: float
    denominators: tuple[float, ...]
    loss: str
    number: Format

    @classmethod
    def of(
        cls, row: np.ndarray, loss: str, constants: Mapping[str, float], number: Format
    ) -> Geometry:
        """Geometry of columns (8,): prediction's corners, then target's."""
        pred, target = row[:4], row[4:]
        low, high = np.minimum(pred, target), np.maximum(pred, target)
        overlap = np.maximum(np.minimum(pred, target)[2:] - np.maximum(pred, target)[:2], 0)
        pw, ph = (pred[2:] - pred[:2]).tolist()
        tw, th = (target[2:] - target[:2]).tolist()
        width, height = (high[2:] - low[:2]).tolist()
        areas = {
            "union": pw * ph + tw * th - float(overlap.prod()),
            "hull": width * height,
            "diagonal": width**2 + height**2,
        }
        denominators = tuple(
            area + constants[f"eps_{name}"]
            for name, area in areas.items()
            if f"eps_{name}" in constants
        )
        identical = bool(np.array_equal(pred, target))
        sizes = areas["union"], areas["hull"]
        return cls(pw, ph, tw, th, identical, *sizes, denominators, loss, number)


def _geometry(test: Callable[[Geometry], bool]) -> Callable[[Situation], bool]:
    """Return a test of a situation from one of its geometry."""
    return lambda s: test(Geometry.of(s.row, s.loss, s.constants, s.number))


BOX_PATTERNS = (
    Pattern(
        "overflow",
        _geometry(lambda g: max(g.pw * g.ph + g.tw * g.th, *g.denominators) >= g.number.overflow),
        "an area, a sum of areas or a squared diagonal of these boxes exceeds the format's range",
        "widen the boxes to float32 before multiplying sides",
    ),
    Pattern(
        "atan-of-0/0",
        _geometry(lambda g: g.loss == "ciou" and (g.pw == g.ph == 0 or g.tw == g.th == 0)),
        "width / height is 0 / 0 before the arctangent",
        "use atan2(w, h), or floor the height",
    ),
    Pattern(
        "atan-of-infinity",
        _geometry(lambda g: g.loss == "ciou" and 0 in (g.ph, g.th)),
        "width / height is infinite: atan(inf) is finite, but its derivative is 0 times infinity",
        "use atan2(w, h), whose derivative is h / (w^2 + h^2), or floor the height",
    ),
    Pattern(
        "alpha-0/0",
        _geometry(lambda g: g.loss == "ciou" and g.identical),
        "1 - IoU and v both vanish, so alpha = v / (1 - IoU + v) is 0 / 0",
        "set alpha to 0 where v is 0, or add an eps to the denominator that survives rounding",
    ),
    Pattern(
        "denominator-squared",
        _geometry(lambda g: any(d > 0 and d * d < g.number.tiny for d in g.denominators)),
        "the derivative of a quotient divides by its denominator squared, which underflows to 0",
        "divide twice instead of squaring, or widen the boxes to float32",
    ),
    Pattern(
        "union-0",
        _geometry(lambda g: g.union == 0),
        "both boxes have no area, so IoU is 0 / 0",
        "state the value: IoU 0 where the union is 0",
    ),
    Pattern(
        "hull-0",
        _geometry(lambda g: g.hull == 0),
        "the hull has no area, and something is divided by it",
        "state the value: the hull's term is 0 where the hull is 0",
    ),
    Pattern(
        "log-of-0",
        _geometry(lambda g: g.loss == "iou"),
        "the boxes do not overlap, and the logarithm of 0 is taken",
        "floor IoU before the logarithm",
    ),
)
