"""A loaded target among the losses of one family: ask, walk the definitions, conclude."""

from __future__ import annotations

from dataclasses import replace

from crossval.identification import remarks
from crossval.identification.answer import Identification
from crossval.identification.candidates import Space
from crossval.identification.conclusion import Conclusion
from crossval.identification.evidence import SCALAR, Witness
from crossval.identification.extremes import Extremes
from crossval.identification.gradients import Gradients
from crossval.identification.search import Search
from crossval.identification.settling import RANDOM, settled
from crossval.points.probes import Prober
from crossval.session import Session

__all__ = ["examine"]

_WIDE, _NARROW = "float64", "float32"
_ALMOST = 2.0**-20
"""Where no row departs by more, a part of the target may be computed in the narrow format."""


def examine(
    session: Session,
    prober: Prober,
    names: tuple[str, ...],
    *,
    dtype: str = "float64",
    level: str = "standard",
) -> Identification:
    """Identify a loaded target among some losses of one family.

    Parameters
    ----------
    session : Session
        The target: how it is called, and what it answers.
    prober : Prober
        Of the family.
    names : tuple of str
        Losses to consider.
    dtype, level
        As for :func:`identify`.

    Raises
    ------
    TargetRaised, TargetDied
        If the target does not answer.
    Unreadable
        If its answers have a form that cannot be read.
    """
    probes = prober.rows(dtype, level, session.accepted)
    witness = Witness(session, dtype)
    witness.meet(probes[0])
    settling = settled(witness, probes[0])
    evidence = witness.ask(probes)
    roundoff, notes = remarks.precision(evidence)
    witness.coarse = roundoff
    notes += (*settling, *remarks.demanded(session), *remarks.changed(evidence))
    notes += remarks.added(witness)
    space = Space(names, prober, probes, reduced=evidence.form == SCALAR)
    hints = prober.hints(probes, evidence.value) if prober.hints is not None else {}
    search = Search(space, evidence.value, roundoff, hints)
    blank = Identification(
        session.target.reference,
        dtype,
        evidence.form,
        len(evidence.value),
        losses=names,
        untested=remarks.untested(session),
    )
    if RANDOM in settling:
        return replace(blank, notes=settling)
    if evidence.constant or remarks.nowhere(evidence):
        return replace(blank, notes=(remarks.useless(evidence),))
    usual = ~space.extreme
    nearby = Search(space.moderate(), evidence.value[usual], roundoff, hints)
    exact = nearby.run()
    batches = prober.batches(dtype, session.accepted)
    notes += remarks.order(witness, evidence, roundoff, probes)
    notes += remarks.together(witness, roundoff, batches)
    nearest = None if exact else nearby.nearest
    if nearest is not None and dtype == _WIDE and nearest.fit.worst <= _ALMOST:
        narrow = examine(session, prober, names, dtype=_NARROW, level=level)
        if narrow.found:
            more = remarks.rounded(dtype, _NARROW, nearest.fit.worst)
            return replace(narrow, notes=(more, *narrow.notes))
    reference, some = session.target.reference, evidence.take(usual)
    moderate = Conclusion(nearby, some, witness, reference)
    if not exact:
        return moderate.nothing(replace(blank, probes=len(some.value)), notes)
    everywhere = search.further(exact)
    seen = bool(everywhere) and bool(everywhere[0].fit.judged.all())
    if (seen or evidence.raised) and Gradients(search, evidence).explained(everywhere):
        whole = Conclusion(search, evidence, witness, reference)
        return whole.found(blank, everywhere, notes, batches)
    moderate = replace(moderate, extremes=Extremes(search, evidence, space.extreme))
    blank = replace(blank, probes=len(some.value))
    known = [nearby.measured(each.candidate, each.fit) for each in everywhere]
    return moderate.found(blank, known or exact, notes, batches)
