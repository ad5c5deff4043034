"""A request in blocks of rows, a call each, results joined.

So are asked targets that return one number, and those of which every row is a problem of its own,
with arrays that a call has one of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from crossval.adapters import WrongShape
from crossval.subject import Subject

Arrays = dict[str, np.ndarray]
Reply = tuple[dict[str, Any], Arrays]
Evaluate = Callable[[Subject, dict[str, Any], Arrays], Reply]


def evaluate(
    function: Evaluate, subject: Subject, request: dict[str, Any], arrays: Arrays
) -> Reply:
    """Answer a request that may ask for blocks.

    Parameters
    ----------
    function : callable
        An adapter's ``evaluate``.
    subject : Subject
        The target.
    request : dict
        With ``block``, if there is one: rows of a block, and the shape of its result; and with
        ``apart``, the shapes of what every row has of its own, by name.
    arrays : dict of str to array
        Inputs by row, ``upstream`` by block, and what is passed beside them.
    """
    if request["apart"]:
        return _apart(function, subject, request, arrays)
    if not request["block"]:
        return function(subject, request, arrays)
    size, shape = request["block"]
    parts = []
    for index, upstream in enumerate(arrays["upstream"]):
        rows = slice(index * size, (index + 1) * size)
        some = {name: arrays[name][rows] for name in subject.inputs}
        some |= {name: arrays[name] for name in request["arrays"]}
        reply, results = function(subject, request, {**some, "upstream": np.full(shape, upstream)})
        if results["value"].size != 1:
            raise WrongShape(tuple(shape), results["value"].shape)
        parts.append((reply, results))
    return _joined(parts)


def _apart(function: Evaluate, subject: Subject, request: dict[str, Any], arrays: Arrays) -> Reply:
    """Answer row by row, each with its own of what a call has one of."""
    shape = (1,) if request["block"] is None else tuple(request["block"][1])
    wholes = {name: tuple(size) for name, size in request["apart"].items()}
    parts = []
    for row, upstream in enumerate(arrays["upstream"]):
        some = {n: arrays[n][[row]] for n in subject.inputs if n not in wholes}
        some |= {n: arrays[n][row].reshape(size) for n, size in wholes.items()}
        some |= {name: arrays[name] for name in request["arrays"]}
        reply, results = function(subject, request, {**some, "upstream": np.full(shape, upstream)})
        if results["value"].shape != shape:
            raise WrongShape(shape, results["value"].shape)
        flat = {f"grad.{name}": results.get(f"grad.{name}") for name in wholes}
        results |= {name: g.reshape(1, -1) for name, g in flat.items() if g is not None}
        parts.append((reply, results))
    return _joined(parts)


def _joined(parts: list[Reply]) -> Reply:
    """Stack values, join gradients; what any call changed, or left out, is said of all."""
    lists = {
        key: sorted({name for reply, _ in parts for name in reply.get(key, ())})
        for key in ("changed", "absent", "remarks")
    }
    names = [name for name in parts[0][1] if name not in lists["absent"]]
    joined = {
        name: np.concatenate([_rows(name, results[name]) for _, results in parts]) for name in names
    }
    formats = {name: parts[0][0]["formats"][name] for name in names}
    return {"formats": formats, "silent": parts[0][0].get("silent", ""), **lists}, joined


def _rows(name: str, array: np.ndarray) -> np.ndarray:
    return array.reshape(1) if name == "value" else array
