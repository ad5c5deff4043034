"""What the judge must know of a family of losses: its inputs, columns, points and arms.

A new family adds one entry; the checks themselves speak only of named inputs and rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from crossval.catalog import losses
from crossval.checks.angular_hypotheses import COSINE_PATTERNS, angular_slips
from crossval.checks.binary_causes import LOGIT_PATTERNS, PROBABILITY_PATTERNS
from crossval.checks.binary_hypotheses import binary_slips
from crossval.checks.box_causes import BOX_PATTERNS
from crossval.checks.box_hypotheses import box_slips
from crossval.checks.causes import Pattern
from crossval.checks.center_hypotheses import CENTER_PATTERNS, center_slips
from crossval.checks.cosine_row_hypotheses import COSINE_ROW_PATTERNS, cosine_row_slips
from crossval.checks.divergence_hypotheses import divergence_slips as row_divergence_slips
from crossval.checks.head_causes import head_patterns
from crossval.checks.head_hypotheses import head_slips
from crossval.checks.hypotheses import Slips
from crossval.checks.image_hypotheses import IMAGE_PATTERNS, image_slips
from crossval.checks.pair_hypotheses import PAIR_PATTERNS, pair_slips
from crossval.checks.residual_hypotheses import RESIDUAL_PATTERNS, residual_slips
from crossval.checks.row_causes import LABELLED_PATTERNS, SOFT_PATTERNS
from crossval.checks.row_hypotheses import row_slips
from crossval.checks.score_hypotheses import (
    LOGARITHM_PATTERNS,
    SCORE_PATTERNS,
    divergence_slips,
    score_slips,
)
from crossval.checks.similarity_hypotheses import SIMILARITY_PATTERNS, similarity_slips
from crossval.checks.tie_kinds import (
    BOX_TIES,
    CENTER_TIES,
    HEAD_TIES,
    MARGIN_TIES,
    NO_TIES,
    PAIR_TIES,
    RESIDUAL_TIES,
    SCORE_TIES,
    TRIPLET_TIES,
    TieKinds,
)
from crossval.checks.triplet_hypotheses import TRIPLET_PATTERNS, triplet_slips
from crossval.oracles import center_columns
from crossval.oracles.center_columns import CenterColumns
from crossval.oracles.elementwise import Elementwise, Oracle
from crossval.oracles.head_columns import HeadColumns, Layout
from crossval.oracles.row_columns import RowColumns
from crossval.oracles.vector_columns import SimilarityColumns, VectorColumns
from crossval.points import (
    binary,
    center_probes,
    centers,
    cosine_probes,
    cosine_row_probes,
    cosine_rows,
    cosines,
    directions,
    divergences,
    element_probes,
    head_probes,
    heads,
    images,
    logarithms,
    margins,
    pair_probes,
    pairs,
    residuals,
    rows,
    scores,
    similarities,
    similarity_probes,
    triplet_probes,
    triplets,
)
from crossval.points.box_probes import BOXES
from crossval.points.boxes import COLUMNS, PointSet, point_set
from crossval.points.image_probes import IMAGES
from crossval.points.probes import Prober
from crossval.points.row_probes import CLASSES, PROBABILITIES
from crossval.target import UsageError
from refloss.run.kernels import library


@dataclass(frozen=True)
class Family:
    """A family of losses that take the same inputs.

    Attributes
    ----------
    name : str
        As in the kernels' index.
    inputs : dict of str to slice
        Input name to its columns, in the order of a target's positional arguments.
    columns : tuple of str
        Name of each column.
    points : callable
        ``points(dtype, level)`` gives the pinned points.
    shapes : dict of str to str
        Input name to the shape that the loss takes, in words.
    regimes : tuple of str
        Regimes on which the effect of a changed argument shows.
    untested : tuple of str
        What no certificate of the family speaks of.
    oracle : Oracle
        Truth, condition and rounding bounds over the columns.
    kinks : bool
        Whether losses of the family have points with several gradients.
    patterns : tuple of Pattern
        Known reasons for NaN and infinity.
    slips : callable
        What known mistakes would give, see :mod:`crossval.checks.hypotheses`.
    labels : frozenset of str
        Inputs that are integers, with one column and no gradient: classes, or which kind a pair is.
    classes : bool
        Whether labels are classes, of which there are so many as a row has numbers.
    options : mapping
        Arguments beside inputs and axes, with the values at which they do nothing.
    resized : callable, optional
        ``resized(k)`` gives the family with k classes, or k coordinates, instead.
    ties : TieKinds
        Names of what happens at kinks.
    judged : tuple of str
        Inputs whose gradients are judged unless others are asked for; empty: all that have one.
    broadcasts : bool
        Whether one row for many is a way of calling such losses, and no misuse.
    prober : Prober, optional
        What identifying a target needs; without it a family is not identified.
    wholes : mapping of str to tuple of int
        Inputs that a call has one of, not one a row, with their shape: the classes of a head.
        Every point then is a call of its own, and has its own.
    widths : tuple of int
        Numbers of classes, or of coordinates, to judge beside the points' own.
    lengths : tuple of int
        Numbers of coordinates to judge beside the points' own, where there are classes as well.
    lengthened : callable, optional
        ``lengthened(k)`` gives the family with k coordinates instead.
    fitted : callable, optional
        ``fitted(arrays)`` gives the family whose sizes are those of arrays by input.
    """

    name: str
    inputs: dict[str, slice]
    columns: tuple[str, ...]
    points: Callable[[str, str], PointSet]
    shapes: dict[str, str]
    regimes: tuple[str, ...]
    untested: tuple[str, ...]
    oracle: Oracle
    kinks: bool
    patterns: tuple[Pattern, ...]
    slips: Slips
    labels: frozenset[str] = frozenset()
    classes: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    resized: Callable[[int], Family] | None = None
    ties: TieKinds = NO_TIES
    judged: tuple[str, ...] = ()
    broadcasts: bool = False
    prober: Prober | None = None
    wholes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    widths: tuple[int, ...] = (2, 3, 33, 1000)
    lengths: tuple[int, ...] = ()
    lengthened: Callable[[int], Family] | None = None
    fitted: Callable[[Mapping[str, np.ndarray]], Family] | None = None

    @property
    def differentiable(self) -> tuple[str, ...]:
        """Inputs that have a gradient."""
        return tuple(name for name in self.inputs if name not in self.labels)

    @property
    def wrt(self) -> tuple[str, ...]:
        """Inputs whose gradients are judged unless others are asked for."""
        return self.judged or self.differentiable

    @property
    def ownable(self) -> tuple[str, ...]:
        """Inputs that need not be passed: what a target may own, and labels of its logits."""
        return (*self.wholes, *self.labels) if self.wholes else ()

    def shape(self, name: str) -> tuple[int | None, ...]:
        """Shape of an input, None for a size that varies."""
        sizes = [size.strip() for size in self.shapes[name].strip("()").split(",")]
        return tuple(int(size) if size.isdigit() else None for size in sizes if size)

    def is_vector(self, name: str) -> bool:
        """Whether an input is one number a row: an array of one axis."""
        return len(self.shape(name)) == 1 and name not in self.wholes

    def stack(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return columns (n, k) from one array an input."""
        return np.concatenate(
            [
                arrays[name][:, None] if self.is_vector(name) else arrays[name]
                for name in self.inputs
            ],
            axis=1,
        )

    def split(self, columns: np.ndarray) -> dict[str, np.ndarray]:
        """Return arrays by input from columns (n, k); the inverse of :meth:`stack`."""
        return {name: self._array(name, columns[:, part]) for name, part in self.inputs.items()}

    def one_call(self, columns: np.ndarray) -> dict[str, np.ndarray]:
        """Return arrays by input for one call with all rows; what it has one of is row 0's."""
        first = {n: columns[0, self.inputs[n]].reshape(shape) for n, shape in self.wholes.items()}
        return self.split(columns) | first

    def sharing(self, points: PointSet) -> PointSet:
        """Return points that can be rows of one call: all have row 0's of what a call has one."""
        columns = points.columns.copy()
        for name in self.wholes:
            columns[:, self.inputs[name]] = columns[0, self.inputs[name]]
        return replace(points, columns=columns)

    def _array(self, name: str, columns: np.ndarray) -> np.ndarray:
        found = columns[:, 0] if self.is_vector(name) else columns
        return found.astype(np.int64) if name in self.labels else found


_UNTESTED_ELEMENTS = ("NaN and infinite inputs", "weights of single elements")

_ROW_REGIMES = ("random", "wide", "near ties", "confident", "wrong", "offset 1000")

FAMILIES = {
    "boxes": Family(
        name="boxes",
        inputs={"pred": slice(0, 4), "target": slice(4, 8)},
        columns=COLUMNS,
        points=point_set,
        shapes={"pred": "(N, 4)", "target": "(N, 4)"},
        regimes=("random", "near-identical", "contained", "disjoint", "tiny", "elongated"),
        untested=("boxes with x2 < x1, NaN or infinite coordinates",),
        oracle=Elementwise(),
        kinks=True,
        patterns=BOX_PATTERNS,
        slips=box_slips,
        ties=BOX_TIES,
        options={"reduction": "none"},
        prober=BOXES,
    ),
    "residuals": Family(
        name="residuals",
        inputs={"pred": slice(0, 1), "target": slice(1, 2)},
        columns=residuals.COLUMNS,
        points=residuals.RESIDUALS.points,
        shapes={"pred": "(N,)", "target": "(N,)"},
        regimes=("random", "wide", "offset 1000", "few steps apart", "small", "large"),
        untested=_UNTESTED_ELEMENTS,
        oracle=Elementwise(),
        kinks=True,
        patterns=RESIDUAL_PATTERNS,
        slips=residual_slips,
        ties=RESIDUAL_TIES,
        broadcasts=True,
        options={"weight": None, "reduction": "none"},
        prober=element_probes.RESIDUALS,
    ),
    "binary": Family(
        name="binary",
        inputs={"logits": slice(0, 1), "target": slice(1, 2)},
        columns=binary.LOGIT_COLUMNS,
        points=binary.LOGITS.points,
        shapes={"logits": "(N,)", "target": "(N,)"},
        regimes=("random", "wide", "right", "wrong"),
        untested=(*_UNTESTED_ELEMENTS, "targets that are no probability"),
        oracle=Elementwise(),
        kinks=False,
        patterns=LOGIT_PATTERNS,
        slips=binary_slips,
        judged=("logits",),
        broadcasts=True,
        options={"weight": None, "pos_weight": None, "reduction": "none"},
        prober=element_probes.BINARY,
    ),
    "probabilities": Family(
        name="probabilities",
        inputs={"probs": slice(0, 1), "target": slice(1, 2)},
        columns=binary.PROBABILITY_COLUMNS,
        points=binary.PROBABILITIES.points,
        shapes={"probs": "(N,)", "target": "(N,)"},
        regimes=("random", "hard targets", "apart by 1 ± 2^-j"),
        untested=(*_UNTESTED_ELEMENTS, "inputs and targets that are no probability"),
        oracle=Elementwise(),
        kinks=True,
        patterns=PROBABILITY_PATTERNS,
        slips=binary_slips,
        judged=("probs",),
        broadcasts=True,
        options={"weight": None, "pos_weight": None, "reduction": "none"},
        prober=element_probes.PROBABILITIES,
    ),
    "scores": Family(
        name="scores",
        inputs={"scores": slice(0, 1), "target": slice(1, 2)},
        columns=scores.COLUMNS,
        points=scores.SCORES.points,
        shapes={"scores": "(N,)", "target": "(N,)"},
        regimes=("random", "wide", "margin times 1 ± 2^-j"),
        untested=(*_UNTESTED_ELEMENTS, "targets other than -1, 0 and 1"),
        oracle=Elementwise(),
        kinks=True,
        patterns=SCORE_PATTERNS,
        slips=score_slips,
        ties=SCORE_TIES,
        judged=("scores",),
        broadcasts=True,
        options={"weight": None, "reduction": "none"},
        prober=element_probes.SCORES,
    ),
    "log_probabilities": Family(
        name="log_probabilities",
        inputs={"log_probs": slice(0, 1), "target": slice(1, 2)},
        columns=logarithms.COLUMNS,
        points=logarithms.LOGARITHMS.points,
        shapes={"log_probs": "(N,)", "target": "(N,)"},
        regimes=("random", "near 1"),
        untested=(*_UNTESTED_ELEMENTS, "logarithms above 0"),
        oracle=Elementwise(),
        kinks=False,
        patterns=LOGARITHM_PATTERNS,
        slips=divergence_slips,
        judged=("log_probs",),
        broadcasts=True,
        options={"weight": None, "reduction": "none"},
        prober=element_probes.LOGARITHMS,
    ),
    "log_probabilities of logarithms": Family(
        name="log_probabilities of logarithms",
        inputs={"log_probs": slice(0, 1), "target": slice(1, 2)},
        columns=logarithms.COLUMNS,
        points=logarithms.BOTH.points,
        shapes={"log_probs": "(N,)", "target": "(N,)"},
        regimes=("random", "near 1"),
        untested=(*_UNTESTED_ELEMENTS, "logarithms above 0"),
        oracle=Elementwise(),
        kinks=False,
        patterns=LOGARITHM_PATTERNS,
        slips=divergence_slips,
        judged=("log_probs",),
        broadcasts=True,
        options={"weight": None, "reduction": "none"},
        prober=element_probes.BOTH_LOGARITHMS,
    ),
    "cosines": Family(
        name="cosines",
        inputs={"cosine": slice(0, 1)},
        columns=cosines.COLUMNS,
        points=cosines.COSINES.points,
        shapes={"cosine": "(N,)"},
        regimes=("random", "random angles", "near zeros and borders"),
        untested=("NaN and infinite inputs", "numbers that are no cosine"),
        oracle=Elementwise(),
        kinks=False,
        patterns=COSINE_PATTERNS,
        slips=angular_slips,
        options={"reduction": "none"},
        prober=cosine_probes.COSINES,
    ),
    "rows": Family(
        name="rows",
        inputs={"logits": slice(0, rows.CLASSES), "target": slice(rows.CLASSES, None)},
        columns=rows.COLUMNS,
        points=rows.point_set,
        shapes={"logits": "(N, C)", "target": "(N,)", "class_weight": "(C,)"},
        regimes=_ROW_REGIMES,
        untested=("rows with NaN or +inf",),
        oracle=RowColumns(),
        kinks=False,
        patterns=LABELLED_PATTERNS,
        slips=row_slips,
        labels=frozenset({"target"}),
        options={"class_weight": None, "ignore_index": -100, "reduction": "none"},
        resized=lambda classes: _with_classes(FAMILIES["rows"], rows.point_set, classes),
        prober=CLASSES,
    ),
    "rows of probabilities": Family(
        name="rows of probabilities",
        inputs={
            "logits": slice(0, rows.CLASSES),
            "target": slice(rows.CLASSES, 2 * rows.CLASSES),
        },
        columns=rows.SOFT_COLUMNS,
        points=rows.soft_point_set,
        shapes={"logits": "(N, C)", "target": "(N, C)", "class_weight": "(C,)"},
        regimes=_ROW_REGIMES,
        untested=("rows with NaN or infinite logits", "negative probabilities"),
        oracle=RowColumns(),
        kinks=False,
        patterns=SOFT_PATTERNS,
        slips=row_slips,
        options={"class_weight": None, "reduction": "none"},
        resized=lambda classes: _with_classes(
            FAMILIES["rows of probabilities"], rows.soft_point_set, classes
        ),
        prober=PROBABILITIES,
    ),
}


FAMILIES["margins"] = replace(
    FAMILIES["rows"],
    name="margins",
    points=margins.point_set,
    regimes=("random", "wide", "wrong", "offset 1000", "at the margin", "scores at ±1"),
    untested=("rows with NaN or +inf", "kinks at margins other than 1"),
    kinks=True,
    patterns=(),
    ties=MARGIN_TIES,
    resized=lambda classes: _with_classes(FAMILIES["margins"], margins.point_set, classes),
    prober=None,
)


FAMILIES["images"] = replace(
    FAMILIES["rows of probabilities"],
    name="images",
    points=images.point_set,
    regimes=("random", "wide", "right", "wrong"),
    untested=("images with NaN or infinite logits", "targets that are no probability"),
    patterns=IMAGE_PATTERNS,
    slips=image_slips,
    judged=("logits",),
    resized=lambda pixels: _with_classes(FAMILIES["images"], images.point_set, pixels),
    prober=IMAGES,
)


FAMILIES["divergences"] = replace(
    FAMILIES["rows of probabilities"],
    name="divergences",
    points=divergences.point_set,
    regimes=("random", "wide", "confident", "wrong", "offset 1000", "small differences"),
    slips=row_divergence_slips,
    judged=("logits",),
    prober=None,
    resized=lambda classes: _with_classes(FAMILIES["divergences"], divergences.point_set, classes),
)


FAMILIES["cosine_rows"] = replace(
    FAMILIES["rows"],
    name="cosine_rows",
    inputs={"cosine": slice(0, rows.CLASSES), "target": slice(rows.CLASSES, None)},
    columns=cosine_rows.columns(rows.CLASSES),
    points=cosine_rows.point_set,
    shapes={"cosine": "(N, C)", "target": "(N,)", "class_weight": "(C,)"},
    regimes=("random", "right", "wrong", "level with the target"),
    untested=("rows with NaN and infinity", "numbers that are no cosine"),
    patterns=COSINE_ROW_PATTERNS,
    slips=cosine_row_slips,
    resized=lambda classes: replace(
        FAMILIES["cosine_rows"],
        inputs={"cosine": slice(0, classes), "target": slice(classes, classes + 1)},
        columns=cosine_rows.columns(classes),
        points=lambda dtype, level: cosine_rows.point_set(dtype, level, classes),
        resized=None,
    ),
    prober=cosine_row_probes.COSINE_ROWS,
)


_PAIRS = {
    "pairs": (pairs.point_set, ("random", "wide", "close", "margin times 1 ± 2^-j", "offset 1000")),
    "directions": (
        directions.point_set,
        ("random", "near a margin", "nearly of one direction", "nearly opposite"),
    ),
}
"""Families of pairs of vectors: their points, and regimes on which arguments show."""


def _pairs(name: str, parts: int) -> Family:
    """Return a family of pairs of vectors of so many numbers."""
    points, regimes = _PAIRS[name]
    return Family(
        name=name,
        inputs=pairs.inputs(parts),
        columns=pairs.columns(parts),
        points=lambda dtype, level: points(dtype, level, parts),
        shapes={"x1": "(N, D)", "x2": "(N, D)", "same": "(N,)"},
        regimes=regimes,
        untested=("vectors with NaN or infinity", "labels other than 0 and 1"),
        oracle=VectorColumns(2, labelled=True),
        kinks=True,
        patterns=PAIR_PATTERNS,
        slips=pair_slips,
        labels=frozenset({"same"}),
        classes=False,
        options={"reduction": "none"},
        resized=lambda size: replace(_pairs(name, size), resized=None),
        ties=PAIR_TIES,
        prober=pair_probes.PAIRS,
        widths=(1, 2, 33, 1000),
    )


FAMILIES |= {name: _pairs(name, pairs.PARTS) for name in _PAIRS}


def _triplets(parts: int) -> Family:
    """Return the family of triplets of vectors of so many numbers."""
    return Family(
        name="triplets",
        inputs=triplets.inputs(parts),
        columns=triplets.columns(parts),
        points=lambda dtype, level: triplets.point_set(dtype, level, parts),
        shapes=dict.fromkeys(triplets.INPUTS, "(N, D)"),
        regimes=("random", "wide", "close", "margin times 1 ± 2^-j", "offset 1000"),
        untested=("vectors with NaN or infinity",),
        oracle=VectorColumns(3, labelled=False),
        kinks=True,
        patterns=TRIPLET_PATTERNS,
        slips=triplet_slips,
        options={"reduction": "none"},
        resized=lambda size: replace(_triplets(size), resized=None),
        ties=TRIPLET_TIES,
        prober=triplet_probes.TRIPLETS,
        widths=(1, 2, 33, 1000),
    )


FAMILIES["triplets"] = _triplets(triplets.PARTS)


def _similarities(width: int) -> Family:
    """Return the family of rows of so many similarities."""
    return Family(
        name="similarities",
        inputs=similarities.inputs(width),
        columns=similarities.columns(width),
        points=lambda dtype, level: similarities.point_set(dtype, level, width),
        shapes={"similarities": "(N, M)", "same": "(N, M)"},
        regimes=("random", "right", "wrong", "very wrong", "products"),
        untested=(
            "rows with NaN or infinity",
            "relations other than -1, 0 and 1",
            "kinks of weights that are differentiated",
        ),
        oracle=SimilarityColumns(1, labelled=True, each=True),
        kinks=False,
        patterns=SIMILARITY_PATTERNS,
        slips=similarity_slips,
        labels=frozenset({"same"}),
        classes=False,
        options={"reduction": "none"},
        resized=lambda size: replace(_similarities(size), resized=None),
        prober=similarity_probes.SIMILARITIES,
        widths=(1, 2, 33, 300),
    )


FAMILIES["similarities"] = _similarities(similarities.COLUMNS)


def _centers(layout: center_columns.Layout) -> Family:
    """Return the family of vectors and so many centres of classes."""
    parts, classes = layout.parts, layout.classes
    return Family(
        name="centers",
        inputs=layout.inputs,
        columns=layout.columns,
        points=lambda dtype, level: centers.point_set(dtype, level, classes),
        shapes={"x": "(N, D)", "centers": "(C, D)", "target": "(N,)"},
        regimes=("random", "offset 1000", "one number apart"),
        untested=(
            f"vectors of more than {parts} numbers",
            "vectors and centres with NaN or infinity",
        ),
        oracle=CenterColumns(parts),
        kinks=True,
        patterns=CENTER_PATTERNS,
        slips=center_slips,
        labels=frozenset({"target"}),
        options={"ignore_index": -100, "reduction": "none"},
        resized=lambda count: replace(_centers(replace(layout, classes=count)), resized=None),
        ties=CENTER_TIES,
        prober=center_probes.CENTERS,
        wholes={"centers": (classes, parts)},
        widths=(1, 2, 33, 300),
        fitted=lambda given: _centers(
            center_columns.Layout(given["x"].shape[1], len(given["centers"]))
        ),
    )


_SUB_CENTRES = "heads of sub-centres"
_LENGTHS = (1, 2, 33)


def _heads(layout: Layout) -> Family:
    """Return the family of heads of so many classes, with biases or with several centres."""
    classes, biased, centers = layout.classes, layout.biased, layout.centers
    several = (centers,) if centers else ()
    wholes: dict[str, tuple[int, ...]] = {"weight": (classes, *several, layout.parts)}
    wholes |= {"bias": (classes,)} if biased else {}
    vectors = {"bias": "(C,)"} if biased else {}
    matrix = "(C, K, D)" if centers else "(C, D)"
    return Family(
        name=_SUB_CENTRES if centers else "heads with biases" if biased else "heads",
        inputs=layout.inputs,
        columns=layout.columns,
        points=lambda dtype, level: heads.point_set(
            dtype, level, classes, parts=layout.parts, biased=biased, centers=centers
        ),
        shapes={"x": "(B, D)", "weight": matrix, "target": "(B,)", **vectors},
        regimes=("random", "at a right angle", "wrong", "classes of other lengths"),
        untested=(
            f"embeddings of more than {max(_LENGTHS)} coordinates",
            "embeddings and classes with NaN or infinity",
            "the gradient by the scale",
        ),
        oracle=HeadColumns(layout.parts, biased, centers),
        kinks=True,
        patterns=head_patterns(layout),
        slips=head_slips,
        labels=frozenset({"target"}),
        options={"ignore_index": -100, "reduction": "none"},
        resized=lambda count: replace(_heads(replace(layout, classes=count)), resized=None),
        ties=HEAD_TIES,
        wholes=wholes,
        widths=(2, 33, 300),
        lengths=_LENGTHS,
        lengthened=lambda parts: replace(_heads(replace(layout, parts=parts)), lengthened=None),
        fitted=lambda given: _heads(
            replace(
                layout,
                parts=given["x"].shape[1],
                classes=len(given["weight"]),
                centers=centers and given["weight"].shape[1],
            )
        ),
    )


FAMILIES |= {each.name: each for each in map(_heads, (*heads.LAYOUTS.values(), heads.CENTERED))}
FAMILIES[_SUB_CENTRES] = replace(FAMILIES[_SUB_CENTRES], prober=head_probes.CENTERS)
# what holds biases may be asked without them too: with them first
for _biased in (True, False):
    _family = FAMILIES.pop(_heads(heads.LAYOUTS[_biased]).name)
    FAMILIES[_family.name] = replace(_family, prober=head_probes.HEADS[_biased])


# behind the heads, which own a matrix of the same shape
FAMILIES["centers"] = _centers(centers.LAYOUT)


def _with_classes(family: Family, points: Callable[..., PointSet], classes: int) -> Family:
    """Return a family of rows with another number of classes."""
    width = 1 if family.labels else classes
    return replace(
        family,
        inputs={"logits": slice(0, classes), "target": slice(classes, classes + width)},
        columns=rows.columns(classes, soft=not family.labels),
        points=lambda dtype, level: points(dtype, level, classes),
        resized=None,
    )


_BY_PROGRAM = {
    "contrastive_cosine": "directions",
    "contrastive_normalised": "directions",
    "hed": "images",
    "softmax_js": "divergences",
    "softmax_kl": "divergences",
    "kl_div_log": "log_probabilities of logarithms",
    "crammer_singer": "margins",
    "weston_watkins": "margins",
    "one_vs_all": "margins",
    "categorical_hinge": "margins",
}
"""Programs that are judged otherwise than their loss's family: by other inputs, or at kinks."""

_WITH_BIASES = {"heads": "heads with biases"}
"""Families of heads, and those of the same heads where classes have biases."""

_OF_PROBABILITIES = {"rows": "rows of probabilities"}
"""Families of classes, and those of the same losses where the target is probabilities."""


def family_of(loss: str, program: str = "") -> Family:
    """Return the family of a loss, or of one of its programs.

    Raises
    ------
    UsageError
        If there is none to be judged by.
    """
    name = _BY_PROGRAM.get(program, losses()[loss]["family"])
    if "bias" in losses()[loss]["inputs"]:
        name = _WITH_BIASES.get(str(name), name)
    if library().index["programs"].get(program, {}).get("shapes", {}).get("target") == ["b", "c"]:
        name = _OF_PROBABILITIES.get(str(name), name)
    if name not in FAMILIES:
        raise UsageError(f"{loss} cannot be judged yet: there are no points of family {name}")
    return FAMILIES[name]
