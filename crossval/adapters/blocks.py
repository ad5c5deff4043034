"""A request in blocks of rows, for targets that return one number: a call each, results joined."""

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
        With ``block``, if there is one: rows of a block, and the shape of its result.
    arrays : dict of str to array
        Inputs by row, ``upstream`` by block, and what is passed beside them.
    """
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
