"""What is certified: where the code lies, which definition it claims, how it is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_REFERENCE = re.compile(
    r"^(?P<home>(?:[A-Za-z_][\w.]*)|(?:.*\.py)):(?P<attribute>[A-Za-z_][\w.]*)$"
)


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
    adapter : {"torch", "numpy"}
        Which arrays the target takes and how its gradients are had.
    parameters : tuple of str, optional
        Axes that the target accepts as keyword arguments; read from its signature by default.
    dtypes : tuple of str, optional
        Formats under test.
    wrt : tuple of str, optional
        Inputs whose gradients are judged; all differentiable ones by default.
    library : str
        Distribution whose version the certificate names; empty for private code.
    loader : str
        ``MODULE:FUNCTION`` called in the target's process before the import.

    Raises
    ------
    UsageError
        If ``reference`` has not the form above, or ``call`` is no expression that calls ``f``.
    """

    reference: str
    loss: str
    preset: str | None = None
    axes: Mapping[str, Any] = field(default_factory=dict)
    call: str | None = None
    init: Mapping[str, Any] = field(default_factory=dict)
    adapter: str = "torch"
    parameters: tuple[str, ...] | None = None
    dtypes: tuple[str, ...] = ("float32", "float64", "bfloat16", "float16")
    wrt: tuple[str, ...] | None = None
    library: str = ""
    loader: str = ""

    def __post_init__(self) -> None:
        split_reference(self.reference)
        if self.call is not None and "f" not in names_in(self.call):
            raise UsageError(f"--call must call f, as in 'f(pred, target)'; got {self.call!r}")

    @property
    def declared(self) -> str:
        """``loss/preset`` as the command line writes it."""
        return f"{self.loss}/{self.preset}" if self.preset else self.loss

    @property
    def slug(self) -> str:
        """A file name without extension."""
        home, attribute = split_reference(self.reference)
        stem = re.sub(r"\.py$", "", home.replace("\\", "/").rsplit("/", 1)[-1])
        return re.sub(r"[^\w.-]", "_", f"{stem}.{attribute}--{self.declared.replace('/', '.')}")

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
    """Names that a call expression reads; raises :class:`UsageError` if it is none."""
    try:
        tree = ast.parse(call, mode="eval")
    except SyntaxError as error:
        raise UsageError(f"--call must be a Python expression; got {call!r}") from error
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def split_declaration(declaration: str) -> tuple[str, str | None]:
    """Split ``LOSS`` or ``LOSS/PRESET``."""
    loss, _, preset = declaration.partition("/")
    return loss, preset or None
