"""What identifying a target needs to know of a family of losses, as data and four functions.

The search itself speaks of definitions, rows and numbers only. Which rows tell the family's
conventions apart, how a target might read its inputs, what a mean might divide by, and how a
definition is evaluated quickly, is said here once for each family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Prediction = tuple[np.ndarray, Arrays]


@dataclass(frozen=True)
class Probe:
    """Rows for one call, on the grid of the format they are given in.

    Attributes
    ----------
    inputs : dict of str to array
        Input name to array; rows first, one entry for each row.
    upstream : (n,) float64 array
        Non-uniform, of both signs, nowhere 0.
    options : mapping
        Keyword arguments, the same for target and reference, such as ``class_weight``.
    extreme : (n,) bool array, optional
        Rows at which sound formulations of one definition part by rounding, overflow or a floor:
        they decide between definitions that the other rows do not part, and refute none.
    """

    inputs: Arrays
    upstream: np.ndarray
    options: Mapping[str, Any] = field(default_factory=dict)
    extreme: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.upstream)

    def take(self, rows: Any) -> Probe:
        """Return the rows at ``rows`` (indices, slice or mask)."""
        inputs = {name: array[rows] for name, array in self.inputs.items()}
        extreme = None if self.extreme is None else self.extreme[rows]
        return replace(self, inputs=inputs, upstream=self.upstream[rows], extreme=extreme)


@dataclass(frozen=True)
class Definition:
    """A loss with every convention decided, and how it was written down.

    Attributes
    ----------
    loss, preset, axes
        As for ``refloss.resolve``.
    spec : Spec
        What they resolve to.
    """

    loss: str
    preset: str | None
    axes: Mapping[str, Any]
    spec: Any


@dataclass(frozen=True)
class Reading:
    """A way in which a target may read its inputs.

    Attributes
    ----------
    name : str
        Short, for instance ``"cxcywh"``; tells readings apart, and is empty for the inputs as they
        are.
    words : str
        A sentence for the report.
    read : callable
        Given inputs to the inputs of the definition.
    pull : callable
        Gradients by the inputs of the definition to gradients by the given ones.
    after : callable
        ``after(inputs, upstream, prediction)``: what is done to losses and gradients at the end.
    side : str
        What is read or done, in front of the name; empty where the name says all.
    divisor : callable, optional
        By which the losses of single rows are divided, from the inputs: for a target that returns
        one number this may be a part of what its sum is divided by.
    cancels : callable, optional
        By how much a row's gradient is smaller than what it is the difference of, from the inputs.
    slip : bool
        Whether this is a mistake, and no way in which inputs may be given.
    axis : str
        An axis that says the same, of losses that have it: such a loss is not read so.
    """

    name: str
    words: str
    read: Callable[[Arrays], Arrays] = lambda inputs: inputs
    pull: Callable[[Arrays], Arrays] = lambda gradients: gradients
    after: Callable[[Arrays, np.ndarray, Prediction], Prediction] = lambda inputs, upstream, p: p
    side: str = "inputs"
    divisor: Callable[[Arrays], float] | None = None
    cancels: Callable[[Arrays], np.ndarray] | None = None
    slip: bool = False
    axis: str = ""

    @property
    def title(self) -> str:
        """Its name after what it is about."""
        return f"{self.side} {self.name}".strip() if self.name else ""


AS_GIVEN = Reading("", "")


@dataclass(frozen=True)
class Scaling:
    """A reading with a number in it, such as a temperature that divides logits.

    Attributes
    ----------
    name : str
        What the number is called.
    make : callable
        Number to reading.
    known : tuple of float
        Numbers that are met in practice.
    least, most : float
        Numbers beyond these explain nothing, however well they fit.
    """

    name: str
    make: Callable[[float], Reading]
    known: tuple[float, ...] = ()
    least: float = 0.0
    most: float = np.inf


@dataclass(frozen=True)
class Beyond:
    """Rows on which implementations of one definition differ, whatever they are meant for.

    Attributes
    ----------
    words : str
        What such rows hold.
    rows : callable
        ``rows(dtype)`` gives them.
    """

    words: str
    rows: Callable[[str], list[Probe]]


@dataclass(frozen=True)
class Prober:
    """How the conventions of a family are told apart.

    Attributes
    ----------
    family : str
        Of the losses, as in the kernels' index.
    rows : callable
        ``rows(dtype, level, accepted)`` gives the probes that losses of single rows are read off,
        without options unless ``accepted`` (the names that a call expression reads) asks for them.
    batches : callable
        ``batches(dtype, accepted)`` gives probes of at least three sizes, options included, that
        tell what a mean divides by.
    predict : callable
        ``predict(definition, inputs, upstream, options)`` gives the losses of the rows and the
        gradients of ``sum(loss * upstream)``, by input.
    denominators : callable
        ``denominators(probe)`` gives what a sum over its rows may be divided by: words to number.
        The names must be the same for all probes.
    scale : callable, optional
        ``scale(inputs)`` gives the size of what the textbook formula adds up in each row, where
        that is more than the inputs' share in the result.
    readings : tuple of Reading
        Other ways of reading the inputs, likeliest first.
    scalings : tuple of Scaling
        Readings with a number.
    truth : callable, optional
        ``truth(definition, inputs)`` gives certified losses, rounded to nearest.
    fixed : mapping
        Axes that these inputs decide, with their values.
    axis, means : str, mapping
        The axis that says what a mean divides by, and which of its values the words of
        ``denominators`` mean, for the losses that have this value.
    nothing : callable, optional
        ``nothing(dtype, accepted)`` gives rows whose mean is one over nothing, if there are such.
    programs : tuple of str
        The only programs that it is for; if empty, all of its losses that no other one is for.
    joined : callable, optional
        ``joined(probe)`` gives a batch as one row, where a row counts something in its entries.
    beyond : Beyond, optional
        Rows that are asked for once a definition is found, and do not decide it.
    rounding : callable, optional
        ``rounding(definition, inputs)`` gives what ``scale`` gives, where the definition decides.
    steepness : callable, optional
        ``steepness(inputs)`` gives how much more of its digits a gradient may lose than a value.
    hints : callable, optional
        ``hints(probes, values)`` gives amounts of numeric axes that results show by themselves,
        whatever else the definition is: axis to amounts.
    leading : tuple of str
        Numeric axes that shape a loss, which alone are solved for from every preset; if empty, all.
    """

    family: str
    rows: Callable[[str, str, tuple[str, ...]], list[Probe]]
    batches: Callable[[str, tuple[str, ...]], list[Probe]]
    predict: Callable[[Definition, Arrays, np.ndarray, Mapping[str, Any]], Prediction]
    denominators: Callable[[Probe], dict[str, float]]
    scale: Callable[[Arrays], np.ndarray] | None = None
    readings: tuple[Reading, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    truth: Callable[[Definition, Arrays], np.ndarray] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    axis: str = ""
    means: Mapping[str, str] = field(default_factory=dict)
    nothing: Callable[[str, tuple[str, ...]], Probe | None] | None = None
    programs: tuple[str, ...] = ()
    joined: Callable[[Probe], Probe] | None = None
    beyond: Beyond | None = None
    rounding: Callable[[Definition, Arrays], np.ndarray] | None = None
    steepness: Callable[[Arrays], np.ndarray] | None = None
    hints: Callable[[list[Probe], np.ndarray], Mapping[str, tuple[float, ...]]] | None = None
    leading: tuple[str, ...] = ()


def counts(probe: Probe) -> dict[str, float]:
    """Denominators that depend on the number of rows only."""
    rows = float(len(probe))
    return {
        "1 (sum)": 1.0,
        "N (mean)": rows,
        "N + 1": rows + 1,
        "max(1, N - 1)": max(1.0, rows - 1),
    }
