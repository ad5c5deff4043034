"""Dataclasses from plain data: the inverse of ``dataclasses.asdict`` after a trip through JSON."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")


def revive(kind: type[Kind], data: Mapping[str, Any]) -> Kind:
    """Return the dataclass that ``data`` was made from.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are plain data, tuples, dataclasses, or one of these or None.
    data : mapping
        As ``asdict`` gives it, tuples possibly turned into lists.
    """
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name in data]  # type: ignore[arg-type]
    return kind(**{name: _value(hints[name], data[name]) for name in names})


def _value(hint: Any, value: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if value is None:
        return None
    if origin in (Union, types.UnionType):
        (hint,) = [argument for argument in arguments if argument is not types.NoneType] or [Any]
        return _value(hint, value)
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in value)
    if is_dataclass(hint) and isinstance(hint, type):
        return revive(hint, value)
    return value
