"""A loaded target among the losses of one family: ask, walk the definitions, conclude."""

from __future__ import annotations

from dataclasses import replace

from crossval.identification import remarks
from crossval.identification.answer import Identification
from crossval.identification.candidates import Space
from crossval.identification.conclusion import Conclusion
from crossval.identification.evidence import SCALAR, Witness
from crossval.identification.search import Search
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
    evidence = witness.ask(probes)
    roundoff, notes = remarks.precision(evidence)
    witness.coarse = roundoff
    notes += (*remarks.demanded(session), *remarks.changed(evidence))
    space = Space(names, prober, probes, reduced=evidence.form == SCALAR)
    search = Search(space, evidence.value, roundoff)
    blank = Identification(
        session.target.reference,
        dtype,
        evidence.form,
        len(evidence.value),
        losses=names,
        untested=remarks.untested(session),
    )
    if evidence.constant or remarks.nowhere(evidence):
        return replace(blank, notes=(remarks.useless(evidence),))
    exact = search.run()
    notes += remarks.order(witness, evidence, roundoff, probes)
    if not exact and dtype == _WIDE and search.nearest.fit.worst <= _ALMOST:
        narrow = examine(session, prober, names, dtype=_NARROW, level=level)
        if narrow.found:
            more = remarks.rounded(dtype, _NARROW, search.nearest.fit.worst)
            return replace(narrow, notes=(more, *narrow.notes))
    conclusion = Conclusion(search, evidence, witness, session.target.reference)
    if not exact:
        return conclusion.nothing(blank, notes)
    return conclusion.found(blank, exact, notes, prober.batches(dtype, session.accepted))
