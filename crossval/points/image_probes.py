"""Probes of losses of images with two classes: rows of pixels with masks of 0 and 1.

The weights of the classes are counted row by row, and implementations count them in several ways
(by a sum, by equality with 1, after a cast to integers) that agree on masks of 0 and 1 alone. So
these tell the conventions, and soft targets are asked about once a definition is found.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crossval.oracles.formats import format_of
from crossval.points import row_probes
from crossval.points.element_readings import NEGATED, SHARPENED, TURNED, TWICE
from crossval.points.probes import Arrays, Beyond, Probe, Prober, counts
from crossval.points.row_readings import PER_CLASS

__all__ = ["IMAGES"]

_LEAST = 1e-300


def rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Rows with masks that hold both classes, one probe for each number of pixels."""
    return [_masked(probe) for probe in row_probes.rows(dtype, level)]


def batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Batches of several sizes, with weights of the pixels where the target takes them."""
    kept = tuple(name for name in accepted if name != "ignore_index")
    return [_masked(probe) for probe in row_probes.batches(dtype, kept)]


def soft_rows(dtype: str) -> list[Probe]:
    """Rows whose targets are odd sixteenths: neither 0 nor 1, and nowhere a half."""
    return [_softened(probe, dtype) for probe in batches(dtype)]


def denominators(probe: Probe) -> dict[str, float]:
    """Return what a sum over a batch may be divided by."""
    target, known = probe.inputs["target"], counts(probe)
    images, pixels = target.shape
    return {
        "N (items)": known.pop("N (mean)"),
        "N * C": float(images * pixels),
        **known,
        "C, the pixels of a row": float(pixels),
        "the pixels of class 1": float(target.sum()),
        "the pixels of class 0": float((1 - target).sum()),
    }


def joined(probe: Probe) -> Probe:
    """Return a batch as one row: what counts the classes in the whole batch sees it so."""
    inputs = {name: array.reshape(1, -1) for name, array in probe.inputs.items()}
    weight = probe.options.get("class_weight")
    options = {} if weight is None else {"class_weight": np.tile(weight, len(probe))}
    return Probe(inputs, probe.upstream[:1], {**probe.options, **options})


def scale(inputs: Arrays) -> np.ndarray:
    """Return the size of the terms: the digits of log(1 - p) are lost where p was rounded."""
    with np.errstate(over="ignore"):
        missed = 1 / (1 + np.exp(inputs["logits"]))
    return 1 + ((1 - inputs["target"]) / np.maximum(missed, _LEAST)).max(axis=1)


def _masked(probe: Probe) -> Probe:
    count, pixels = probe.inputs["logits"].shape
    random = np.random.Generator(np.random.PCG64(9 + pixels))
    ones = random.integers(1, pixels, size=(count, 1))
    order = random.permuted(np.tile(np.arange(pixels), (count, 1)), axis=1)
    mask = (order < ones).astype(float)
    return replace(probe, inputs={**probe.inputs, "target": mask})


def _softened(probe: Probe, dtype: str) -> Probe:
    random = np.random.Generator(np.random.PCG64(10))
    soft = (2 * random.integers(0, 8, size=probe.inputs["target"].shape) + 1) / 16
    return replace(probe, inputs={**probe.inputs, "target": format_of(dtype).round(soft)})


_PER_PIXEL = replace(PER_CLASS, words="the loss of a row is divided by the number of its pixels")
IMAGES = Prober(
    "rows",
    rows,
    batches,
    row_probes.predict,
    denominators,
    scale,
    (_PER_PIXEL, TURNED, NEGATED, TWICE),
    (SHARPENED,),
    fixed={"targets": "probabilities"},
    axis="denominator",
    means={"N (items)": "items", "N * C": "logits"},
    programs=("hed",),
    joined=joined,
    beyond=Beyond("soft targets", soft_rows),
)
