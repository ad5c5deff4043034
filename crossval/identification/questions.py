"""Families in question, with their losses: which of them a target can be meant for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from crossval.adapters import libraries
from crossval.catalog import losses, spec_of
from crossval.families import FAMILIES, Family
from crossval.points.probes import Prober
from crossval.target import Target, UsageError, split_reference

__all__ = ["Question", "asks", "eligible", "questions"]

_BOXES, _CLASSES, _COSINES = "boxes", "rows", "cosine_rows"
_OF_CLASSES = ("logit", "label", "score", "prob", "class", "ignore_index", "smoothing")
_SPEAKING = {
    "centers": ("center", "centre"),
    "boxes": ("box", "xyxy", "xywh", "rois", "anchor"),
    "rows": _OF_CLASSES,
    "rows of probabilities": _OF_CLASSES,
    "images": _OF_CLASSES,
    "cosine_rows": ("cos",),
    "residuals": ("beta", "delta", "sigma"),
    "binary": ("logit", "label", "pos_weight", "smoothing"),
    "probabilities": ("prob", "label", "smoothing"),
    "scores": ("score", "label", "logit", "margin"),
    "log_probabilities": ("log_prob", "log_target", "logp"),
    "log_probabilities of logarithms": ("log_prob", "log_target", "logp"),
}
"""Parts of the names of arguments that speak for a family."""


@dataclass(frozen=True)
class Question:
    """A family, its losses in question, and how they are told apart."""

    family: Family
    prober: Prober
    names: tuple[str, ...]

    @property
    def options(self) -> tuple[str, ...]:
        """Arguments beside inputs and axes."""
        return tuple(self.family.options)


def questions(target: Target, among: Iterable[str] | None) -> list[Question]:
    """Families in question with their losses, likeliest first."""
    chosen = tuple(dict.fromkeys(among)) if among is not None else tuple(losses())
    for name in chosen:
        if name not in losses():
            raise UsageError(f"loss must be one of {', '.join(losses())}; got {name!r}")
    if not chosen:
        raise UsageError(f"among must name at least one of {', '.join(losses())}")
    found = []
    for family in FAMILIES.values():
        prober = family.prober
        if prober is None:
            continue
        names = tuple(name for name in chosen if asks(prober, name))
        if names:
            found.append(Question(family, prober, names))
    if not found:
        raise UsageError(f"{', '.join(chosen)}: there are no probes of this family yet")
    if target.call and among is None:
        found = [question for question in found if _fits(target, question)] or found
    return sorted(found, key=lambda question: not _likely(target, question))


def asks(prober: Prober, loss: str) -> bool:
    """Return whether a loss takes what a prober gives."""
    entry = losses()[loss]
    given = ((entry["axes"].get(axis), value) for axis, value in prober.fixed.items())
    known = all(
        axis is None or not axis["values"] or value in axis["values"] for axis, value in given
    )
    if not known or entry["family"] != prober.family:
        return False
    here = {axis: value for axis, value in prober.fixed.items() if axis in entry["axes"]}
    program = spec_of(loss, None, here).program
    others = (family.prober for family in FAMILIES.values())
    taken = {name for other in others if other is not None for name in other.programs}
    return program in (prober.programs or {program} - taken)


def _fits(target: Target, question: Question) -> bool:
    axes = {axis for name in question.names for axis in losses()[name]["axes"]}
    try:
        replace(target, loss=question.names[0]).fit(
            question.family.inputs, axes | set(question.options), question.family.ownable
        )
    except UsageError:
        return False
    return True


def _likely(target: Target, question: Question) -> bool:
    """Whether a library declares the target as such a loss, or its name contains one."""
    declared = {each.loss for each in libraries.declared(target.reference)}
    _, attribute = split_reference(target.reference)
    plain = attribute.lower().replace("_", "")
    return any(name in declared or name.replace("_", "") in plain for name in question.names)


def eligible(answering: list[Question], names: Iterable[str]) -> list[Question]:
    """Return the families that a target can be meant for, of those for which it answers.

    Parameters
    ----------
    answering : list of Question
        Families whose inputs the target takes, likeliest first.
    names : iterable of str
        Names of its arguments.

    Notes
    -----
    What takes classes beside logits is no loss of anything else, though it may take two arrays of
    numbers too, unless its name says so. What takes any two arrays is judged by the names of its
    arguments, else as any; and so are cosines with classes.
    """
    families = {question.family.name: question for question in answering}
    words = [name.lower() for name in names]
    spoken = [
        question
        for name, question in families.items()
        if any(part in word for word in words for part in _SPEAKING.get(name, ()))
    ]
    of_boxes = [question.family.name for question in spoken] == [_BOXES]
    of_cosines = [question for question in spoken if question.family.name == _COSINES]
    if _CLASSES in families and not of_boxes:
        return [*of_cosines, families[_CLASSES]]
    return spoken or answering
