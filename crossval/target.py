"""What is certified: where the code lies, which definition it claims, how it is called."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

_REFERENCE = re.compile(
    r"^(?P<home>(?:[A-Za-z_][\w.]*)|(?:.*\.py)):(?P<attribute>[A-Za-z_][\w.]*)$"
)


REDUCTIONS = ("none", "mean", "sum")
ADAPTERS = ("torch", "numpy", "jax", "jax-jit")
"""Arrays that a target can take, the default first; each has a module in crossval.adapters."""
_ATTRIBUTE = re.compile(r"^f(\.[A-Za-z_]\w*)+$")


class UsageError(Exception):
    """A target, option or adapter that cannot be understood; the command ends with code 4."""


@dataclass(frozen=True)
class Target:
    """An implementation and the definition that it is judged against.

    Parameters
    ----------
    reference : str
        ``MODULE:ATTR`` or ``FILE.py:ATTR``.
    loss : str
        Loss of refloss, e.g. ``"ciou"``.
    preset : str, optional
        Named convention, e.g. ``"torchvision"``; the loss's defaults without it.
    axes : mapping, optional
        Single axis values on top of the preset.
    call : str, optional
        Expression over ``f``, the loss's inputs and axis names: ``"f(pred, target, eps=eps)"``.
    init : mapping, optional
        Arguments if the attribute is a class (or factory) to instantiate first.
    bind : mapping of str to str, optional
        Inputs or axes that the target owns instead of taking them as arguments: name to the
        attribute that holds it, ``{"pred": "f.boxes"}``.
    adapter : {"torch", "numpy", "jax", "jax-jit"}
        Which arrays the target takes and how its gradients are had; with ``"jax-jit"`` value and
        gradients are compiled together.
    parameters : tuple of str, optional
        Axes that the target accepts as keyword arguments; read from its signature by default.
    dtypes : tuple of str, optional
        Formats under test.
    wrt : tuple of str, optional
        Inputs whose gradients are judged; all differentiable ones by default.
    reduction : {"none", "mean", "sum"}, optional
        What a batch is reduced to; measured by default.
    library : str
        Distribution whose version the certificate names; empty for private code.
    loader : str
        ``MODULE:FUNCTION`` called in the target's process before the import.

    Raises
    ------
    UsageError
        If ``reference`` has not the form above, ``call`` is no expression that calls ``f``,
        ``bind`` names no attribute of ``f``, or there is no such ``adapter`` or ``reduction``.
    """

    reference: str
    loss: str
    preset: str | None = None
    axes: Mapping[str, Any] = field(default_factory=dict)
    call: str | None = None
    init: Mapping[str, Any] = field(default_factory=dict)
    bind: Mapping[str, str] = field(default_factory=dict)
    adapter: str = "torch"
    parameters: tuple[str, ...] | None = None
    dtypes: tuple[str, ...] = ("float32", "float64", "bfloat16", "float16")
    wrt: tuple[str, ...] | None = None
    reduction: str | None = None
    library: str = ""
    loader: str = ""

    def __post_init__(self) -> None:
        split_reference(self.reference)
        if self.call is not None and "f" not in names_in(self.call):
            raise UsageError(f"call must call f, as in 'f(pred, target)'; got {self.call!r}")
        if self.adapter not in ADAPTERS:
            raise UsageError(f"adapter must be one of {', '.join(ADAPTERS)}; got {self.adapter!r}")
        if self.reduction not in (None, *REDUCTIONS):
            raise UsageError(
                f"reduction must be one of {', '.join(REDUCTIONS)}; got {self.reduction!r}"
            )
        for name, place in self.bind.items():
            if not _ATTRIBUTE.match(place):
                raise UsageError(
                    f"bind {name} must be an attribute of f, as in f.weight; got {place!r}"
                )

    def fit(
        self, inputs: Collection[str], axes: Collection[str], owned: Collection[str] = ()
    ) -> None:
        """Require that ``call``, ``bind`` and ``wrt`` speak of the loss's inputs and axes only.

        Parameters
        ----------
        inputs, axes : collection of str
            Names that the loss gives to what it takes.
        owned : collection of str
            Inputs that a target may have found in it, and that need not be passed.

        Raises
        ------
        UsageError
            Naming what is unknown, missing or given twice, and what there is.
        """
        takes = f"{self.loss} takes {', '.join(inputs)} and the axes {', '.join(axes)}"
        passed = names_in(self.call) - {"f"} if self.call else set()
        for option, names in {"bind": self.bind, "call": passed}.items():
            unknown = [name for name in names if name not in inputs and name not in axes]
            if unknown:
                raise UsageError(f"{option} names {', '.join(sorted(unknown))}, but {takes}")
        strange = [name for name in self.wrt or () if name not in inputs]
        if strange:
            raise UsageError(f"wrt must be among {', '.join(inputs)}; got {', '.join(strange)}")
        twice = sorted(passed & set(self.bind))
        if twice:
            raise UsageError(f"call passes {', '.join(twice)}, which bind puts into f")
        had = {*passed, *self.bind, *owned}
        missing = [name for name in inputs if name not in had]
        if self.call and missing:
            raise UsageError(f"call {self.call!r} leaves out {', '.join(missing)}: {takes}")

    @property
    def declared(self) -> str:
        """``loss/preset`` as the command line writes it."""
        return f"{self.loss}/{self.preset}" if self.preset else self.loss

    @property
    def takes_jax(self) -> bool:
        """Whether it takes JAX arrays, which cannot be changed and have no strides."""
        return self.adapter.startswith("jax")

    @property
    def slug(self) -> str:
        """A file name without extension."""
        home, attribute = split_reference(self.reference)
        stem = re.sub(r"\.py$", "", home.replace("\\", "/").rsplit("/", 1)[-1])
        axes = "".join(f"-{name}={value}" for name, value in self.axes.items())
        declared = self.declared.replace("/", ".")
        return re.sub(r"[^\w.=-]", "_", f"{stem}.{attribute}--{declared}{axes}")

    @property
    def title(self) -> str:
        """The reference without folders, for headings."""
        return self.reference.replace("\\", "/").rsplit("/", 1)[-1]


def split_reference(reference: str) -> tuple[str, str]:
    """Split ``HOME:ATTR``; raises :class:`UsageError` naming the two accepted forms."""
    match = _REFERENCE.match(reference)
    if match is None:
        raise UsageError(f"TARGET must be MODULE:ATTR or FILE.py:ATTR; got {reference!r}")
    return match["home"], match["attribute"]


def names_in(call: str) -> set[str]:
    """Names that a call expression reads; raises :class:`UsageError` if it is none.

    Names of Python's own (``float``, ``len``) and those that the expression itself introduces, in
    a comprehension or a lambda, are not counted.
    """
    try:
        tree = ast.parse(call, mode="eval")
    except SyntaxError as error:
        raise UsageError(f"call must be a Python expression; got {call!r}") from error
    nodes = list(ast.walk(tree))
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own |= {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    return {node.id for node in names} - own - set(dir(builtins))


def split_declaration(declaration: str) -> tuple[str, str | None]:
    """Split ``LOSS`` or ``LOSS/PRESET``."""
    loss, _, preset = declaration.partition("/")
    return loss, preset or None
