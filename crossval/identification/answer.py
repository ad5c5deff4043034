"""What identifying a target found: plain data, with everything that was left open."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from crossval.certificate import FAILED, PASSED, USAGE, plain
from crossval.findings import Finding
from crossval.identification.naming import Named

SCHEMA = "refloss-identification-1"
UNEXPLAINED = "RL402"
IDENTIFIED, VALUES_ONLY, ROWS_ONLY = "identified", "values only", "rows only"
SLIP, NOTHING, NOT_RUN = "with a slip", "nothing fits", "not run"
VERDICTS = {
    IDENTIFIED: "values, gradients and what a sum is divided by follow something known",
    VALUES_ONLY: "the values do, a gradient does not",
    ROWS_ONLY: "the losses of single rows do, what their sum is divided by is nothing known",
    SLIP: "a definition gives the values if one mistake is made, which is named",
    NOTHING: "no definition gives the values",
    NOT_RUN: "the target did not answer",
}
"""How an identification can end; only the first is exit code 0."""


@dataclass(frozen=True)
class Agreement:
    """How well a definition explains the target.

    Attributes
    ----------
    definition : Named
        The definition.
    factor, offset : float
        The target returns ``factor * loss + offset`` for a row.
    relation : str
        The same in words; empty for the loss itself.
    share : float
        Share of the probes that agree to within rounding.
    digits : float
        Decimal digits to which the values of a typical probe agree.
    worst : float
        Largest relative difference of a value.
    """

    definition: Named
    factor: float
    offset: float
    relation: str
    share: float
    digits: float
    worst: float


@dataclass(frozen=True)
class Axis:
    """One convention and what told it.

    Attributes
    ----------
    name : str
        The axis.
    value : Any
        What the target follows.
    told_by : tuple of str
        ``value``, ``gradient``, ``optional arguments`` such as class weights, ``reduction``; empty
        where no other choice makes a difference here.
    open : tuple of str
        Choices that no probe told from it.
    resolution : float, optional
        For a number: a change by more would have shown.
    """

    name: str
    value: Any
    told_by: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    resolution: float | None = None


@dataclass(frozen=True)
class Separation:
    """The plainest probe on which two definitions differ.

    Attributes
    ----------
    inputs : dict of str to dict
        Input name to ``{"decimal": [...], "bits": [...]}``.
    quantity : str
        ``value``, or the component of a gradient.
    upstream : str
        Of that row, for a gradient.
    got, best, other : str
        What the target returned, and what the two definitions predict.
    probes : int
        Number of probes on which they differ.
    """

    inputs: dict[str, dict[str, list[str]]]
    quantity: str
    upstream: str
    got: str
    best: str
    other: str
    probes: int


@dataclass(frozen=True)
class Note:
    """Something beside the definition; ``code`` explains it, where there is one."""

    words: str
    code: str = ""


@dataclass(frozen=True)
class Identification:
    """Which convention a target follows.

    Attributes
    ----------
    reference : str
        The target.
    dtype : str
        Format in which it was asked.
    form : str
        ``row``, ``column``, ``scalar`` or ``matrix``; empty if it never answered.
    probes : int
        Rows that it was asked for.
    certified : int
        Rows at which the definition's own value was certified in ball arithmetic.
    losses : tuple of str
        Losses that were considered.
    found : bool
        Whether ``best`` explains the value of every probe.
    best : Agreement, optional
        The definition, or the nearest one.
    gradient : str
        The definition that the gradients follow; empty if there are none, or none fits.
    axes : tuple of Axis
        The conventions one by one.
    reduction : str
        How rows become the result, in words.
    divided : bool
        Whether what their sum is divided by is something known.
    equal : tuple of str
        Definitions that no probe told from ``best``.
    runner_up : Agreement, optional
        The nearest definition that is told from it.
    separation : Separation, optional
        Where those two differ; without ``found``, where the target leaves the nearest one.
    open : tuple of str
        What else was not separated, besides the choices of each axis.
    notes : tuple of Note
        What is unusual.
    departures : tuple of Note
        What the target returns at extreme inputs that do not decide, where that is not the
        definition.
    untested : tuple of str
        Arguments that kept their defaults.
    problem : Finding, optional
        Why nothing could be looked at.
    """

    reference: str
    dtype: str
    form: str = ""
    probes: int = 0
    certified: int = 0
    losses: tuple[str, ...] = ()
    found: bool = False
    best: Agreement | None = None
    gradient: str = ""
    axes: tuple[Axis, ...] = ()
    reduction: str = ""
    divided: bool = True
    equal: tuple[str, ...] = ()
    runner_up: Agreement | None = None
    separation: Separation | None = None
    open: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    departures: tuple[Note, ...] = ()
    untested: tuple[str, ...] = ()
    problem: Finding | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One of :data:`VERDICTS`."""
        if self.problem is not None:
            return NOT_RUN
        if not self.found:
            return NOTHING
        if not self.divided:
            return ROWS_ONLY
        if self.best is not None and self.best.definition.slip:
            return SLIP
        lost = any(note.code == UNEXPLAINED for note in self.notes)
        return VALUES_ONLY if lost else IDENTIFIED

    @property
    def exit_code(self) -> int:
        """0 if all that a target does follows something known, 1 if not, 4 if it was not run."""
        return {IDENTIFIED: PASSED, NOT_RUN: USAGE}.get(self.verdict, FAILED)

    def to_dict(self) -> dict[str, Any]:
        """Return strict JSON data."""
        outcome = {"verdict": self.verdict, "exit_code": self.exit_code}
        body = {"schema": SCHEMA, **asdict(self), **outcome}
        for agreement in ("best", "runner_up"):
            found: Agreement | None = getattr(self, agreement)
            if found is not None:
                body[agreement]["definition"]["title"] = found.definition.title
        return plain(body)
