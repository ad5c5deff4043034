"""Docstrings and signatures of losses, assembled from the kernels' index."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["describe", "signature"]

_PARAMETERS = """\
Parameters
----------
pred, target : array of shape (N, 4), float16, bfloat16, float32 or float64
    Boxes, one a row, of one dtype; NumPy, torch (CPU), or any array with ``__dlpack__`` or
    ``__array__``. N may be 0, strides are free, nothing is written to, and no graph is
    recorded: derivatives come from ``grad``, ``value_and_grad`` and ``hvp``.
preset : str, optional
    A bundle of axis values, see Presets. An axis given beside it wins.
layout : {'xyxy', 'xywh', 'cxcywh'}
    How both boxes are written; gradients come back in the same columns. Sizes become corners
    in float64: what is tiny beside its coordinates loses digits there.
reduction : {'none', 'mean', 'sum'}
    One loss a box, or their mean (NaN where N = 0) or sum, added up in float64.
check : {'values', 'none'}
    Whether inverted boxes, infinite coordinates, coordinates beyond 1e100 and sides below 1e-100
    other than 0 are errors.
nan : {'propagate', 'raise'}
    Whether NaN reaches the results of its own box, and of no other, or is an error.
"""

_TAIL = """\
Returns
-------
array of the inputs' library and dtype, of shape (N,), or () if reduced
    Computed in float64 and rounded once.

Raises
------
TypeError
    If an argument is no floating-point array, or dtypes differ.
ValueError
    If a shape, a name or a box is not as described.

See Also
--------
grad, value_and_grad, hvp, trace : derivatives, and every intermediate quantity.
"""


def describe(entry: Mapping[str, Any]) -> str:
    """Return a loss's docstring in NumPy's format."""
    parts = [
        f"{entry['title']} of aligned boxes.",
        entry["formula"].strip(),
        textwrap.fill(f"At kinks: {entry['subgradients']}", 92),
        _PARAMETERS.rstrip() + "\n" + _axes(entry["axes"]),
        _TAIL.rstrip(),
        _section("Presets", (f"{name}: {p['source']}" for name, p in entry["presets"].items())),
        _section(
            "Singular points",
            (
                f"{s['where']}: {s['kind']}; value {s['value']}, derivative {s['derivative']}"
                for s in entry["singular"]
            ),
        ),
        _section("References", [entry["source"]]),
    ]
    return "\n\n".join(parts) + "\n"


def signature(axes: Mapping[str, Any]) -> inspect.Signature:
    """Return the signature of a loss, its axes as keyword arguments with their defaults."""
    positional = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in ("pred", "target")
    ]
    options = {"preset": None, "layout": "xyxy", "reduction": "none"}
    options |= {"check": "values", "nan": "propagate"}
    options |= {name: axis["default"] for name, axis in axes.items()}
    keyword = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in options.items()
    ]
    return inspect.Signature([*positional, *keyword])


def _axes(axes: Mapping[str, Any]) -> str:
    lines = []
    for name, axis in axes.items():
        kind = "{" + ", ".join(map(repr, axis["values"])) + "}" if axis["values"] else "float"
        lines.append(f"{name} : {kind}, default {axis['default']!r}")
        lines.append(f"    {axis['doc'][:1].upper()}{axis['doc'][1:]}.")
        for value, what in axis["values"].items():
            lines.append(_indent(f"{value}: {what['doc']} ({what['source']})", "    - "))
    return "\n".join(lines)


def _section(title: str, items: Iterable[str]) -> str:
    lines = [_indent(item, "- ") for item in items]
    return "\n".join([title, "-" * len(title), *lines])


def _indent(text: str, bullet: str) -> str:
    hanging = " " * len(bullet)
    return textwrap.fill(text, 92, initial_indent=bullet, subsequent_indent=hanging)
