"""What an author states about a loss beside its programs: axes, presets, singular points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from refloss.symbolic.program import Program


@dataclass(frozen=True)
class Constant:
    """A run-time constant of a program.

    Attributes
    ----------
    default : float
        Its value when no axis sets it.
    doc : str
        What it does.
    """

    default: float
    doc: str


@dataclass(frozen=True)
class Batch:
    """A function of sums over a whole batch, in the place of a mean of its losses.

    Attributes
    ----------
    function : str
        Program of a single number, whose inputs are the sums, in order.
    beside : mapping
        For every program of the losses that this goes with, the program whose results are added
        up for the second sum; without it there is one sum.
    inside : mapping
        Constants of the losses that are added up, where they are others.
    averaged : bool
        Whether sums are divided by the denominator before the function sees them.
    over : str
        Denominator that divides the function's result; empty for none.
    without : tuple of str
        Axes that must be left at their defaults.
    split : str
        Input of ones and zeros by which the losses are added up apart: the ones first.
    counted : bool
        Whether behind every sum goes the number of its terms above 0, which has no derivative.
    """

    function: str
    beside: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, float] = field(default_factory=dict)
    averaged: bool = False
    over: str = ""
    without: tuple[str, ...] = ()
    split: str = ""
    counted: bool = False


@dataclass(frozen=True)
class Value:
    """One value of an axis: what it sets, and who uses it.

    Attributes
    ----------
    doc : str
        The convention in words.
    sets : mapping
        Values of constants; the string ``"eps"`` stands for the amount given as ``eps``.
    source : str
        Publication or library that follows it.
    program : str
        Program that the value selects, where another formula is needed.
    batch : Batch, optional
        What a mean is instead, where it is no sum over a number.
    allows : mapping
        For inputs by name, the only numbers that they may hold under this value.
    """

    doc: str
    sets: Mapping[str, float | str] = field(default_factory=dict)
    source: str = ""
    program: str = ""
    batch: Batch | None = None
    allows: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class AxisOf:
    """A named axis of a loss' conventions; `values` is empty for an axis that is a number.

    Attributes
    ----------
    doc : str
        What it decides.
    default : str or float
        Its value unless given.
    values : mapping
        Its named values.
    sets : str
        The constant that a number sets.
    most : float, optional
        The largest number that makes sense.
    least : float
        The smallest; 0 unless negative numbers make sense too.
    number : bool
        Whether a positive number is a value beside the named ones.
    """

    doc: str
    default: str | float
    values: Mapping[str, Value] = field(default_factory=dict)
    sets: str = ""
    most: float | None = None
    number: bool = False
    least: float = 0.0


@dataclass(frozen=True)
class Preset:
    """A named bundle of axis values with its source."""

    axes: Mapping[str, str | float]
    source: str


@dataclass(frozen=True)
class Singular:
    """A point where the formula alone does not say what value or derivative to take."""

    where: str
    kind: str
    value: str
    derivative: str


@dataclass(frozen=True)
class Definition:
    """A loss: its programs in both forms, its conventions and its sources.

    Attributes
    ----------
    name, title, family, source : str
        Canonical name, title, family and publication.
    formula : str
        The definition in plain text, for people.
    inputs : mapping
        Columns by argument, e.g. ``pred → px1, py1, px2, py2``; for rows the argument itself.
    programs : mapping
        ``name → (plain, stable)``.
    constants : mapping
        Run-time constants by name, of all programs.
    axes, presets, singular
        Conventions as data.
    subgradients : str
        Which derivative the kernels return at kinks.
    wrt : mapping
        Inputs by which a program is differentiated; all columns where it says nothing.
    domains : mapping
        Least and largest number of an input that the definition speaks of; ``program.input``
        where programs differ.
    weights : tuple of str
        Inputs that need not be given: 1 for every element without them, and biases 0.
    exact : bool
        Whether rounding errors decide a comparison, or are all that is left of a sum: they are then
        carried for narrow formats too, which have digits to spare for everything else.
    """

    name: str
    title: str
    family: str
    source: str
    formula: str
    inputs: Mapping[str, tuple[str, ...]]
    programs: Mapping[str, tuple[Program, Program]]
    constants: Mapping[str, Constant]
    axes: Mapping[str, AxisOf]
    presets: Mapping[str, Preset]
    singular: tuple[Singular, ...]
    subgradients: str
    output: str = "loss"
    program_axis: str = ""
    wrt: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    exact: bool = False

    def differentiable(self, program: str) -> tuple[str, ...]:
        """Return the inputs by which a program is differentiated, in kernel order."""
        return self.wrt.get(program, self.columns())

    def columns(self) -> tuple[str, ...]:
        """Return every differentiable column, in kernel order."""
        return tuple(c for columns in self.inputs.values() for c in columns)
