"""What is no axis of a loss but often asked for as one: which option, or which axis, does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["LAYOUT_CALLS", "whose"]


def _from_corners(name: str, layout: str) -> str:
    """Write tensor `name`, boxes as corners, in another layout: a column and the one two ahead."""
    if layout == "xywh":
        return f"{name} - {name}.roll(2, 1) * {name}.new_tensor([0, 0, 1, 1])"
    own, other = "[.5, .5, 1, 1]", "[.5, .5, -1, -1]"
    return f"{name} * {name}.new_tensor({own}) + {name}.roll(2, 1) * {name}.new_tensor({other})"


LAYOUT_CALLS = {
    layout: f"f({_from_corners('pred', layout)}, {_from_corners('target', layout)})"
    for layout in ("xywh", "cxcywh")
}
"""How a function of tensors in another layout is called with corners, for ``--call``."""


def _layout(value: Any) -> str:
    call = LAYOUT_CALLS.get(value)
    if call is None:
        return "targets get boxes as corners, xyxy; convert them in --call"
    rounds = " (which rounds: near-identical boxes show it)" if value == "cxcywh" else ""
    return f"targets get boxes as corners, xyxy; for a function of tensors: --call '{call}'{rounds}"


_OPTIONS = {
    "reduction": "certify finds out what a batch gives; --reduction declares it",
    "class_weight": "certify tries class weights where the target takes them, in the check "
    "class_weight; eval takes class_weight=[...] beside the inputs",
    "ignore_index": "certify tries ignored rows where the target takes ignore_index, in the check "
    "of that name; eval takes ignore_index=N beside the inputs",
    "check": "it is an option of the functions of refloss, and changes no definition",
    "nan": "it is an option of the functions of refloss, and changes no definition",
}


def whose(name: str, value: Any, entry: Mapping[str, Any], constants: Mapping[str, Any]) -> str:
    """Say what does what is asked of an axis that a loss does not have; empty if nothing does.

    Parameters
    ----------
    name, value
        As given.
    entry : mapping
        The loss's entry in the kernels' index.
    constants : mapping
        Of its programs.
    """
    if name == "layout" and entry["family"] == "boxes":
        return _layout(value)
    if name in _OPTIONS:
        return _OPTIONS[name]
    if name not in constants:
        return ""
    if name.startswith(("eps_", "least_")):
        amount = value if isinstance(value, (int, float)) else 1e-7
        placed = f"{{{name!r}: {amount}}}"
        return f'it is a constant; the axis eps takes amounts by constant: eps="{placed}"'
    setting = [
        axis
        for axis, about in entry["axes"].items()
        if any(name in each.get("set", {}) for each in about["values"].values())
    ]
    return f"it is a constant, which the axis {' or '.join(setting)} sets" if setting else ""
