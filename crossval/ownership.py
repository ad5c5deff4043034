"""What a target owns: the classes of a head that is a module, found by name and by shape.

A head that people use is a class. It is made for so many numbers and classes, and holds a matrix of
the classes, or its transpose, that the judge has to set and to differentiate by.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossval.signatures import Unfit, held, names
from crossval.target import names_in

__all__ = ["Owned", "logits_of", "owned", "sized"]

_PARTS = (
    *("in_features", "in_feature", "in_feats", "in_dim", "in_size", "input_dim", "input_size"),
    *("embedding_size", "embedding_dim", "embed_dim", "emb_size", "emb_dim", "feat_dim"),
    *("feature_dim", "feature_size", "feat_size", "features", "dim"),
)
_CLASSES = (
    *("out_features", "out_feature", "out_dim", "out_size", "output_dim", "output_size"),
    *("num_classes", "n_classes", "nb_classes", "num_class", "n_class", "class_num", "classnum"),
    *("classes", "num_labels", "num_ids", "num_identities"),
)
_CENTERS = ("sub_centers", "subcenters", "num_sub_centers", "num_subcenters", "n_subcenters")
"""What arguments are called that say how long an embedding is, how many classes there are, and of
how many centres each."""


@dataclass(frozen=True)
class Owned:
    """Where a target holds what it owns.

    Attributes
    ----------
    bind : dict of str to str
        Name to attribute: what was said, and what was found.
    turned : frozenset of str
        Names that are held transposed.
    flat : frozenset of str
        Names whose first axes are held as one: the centres of all classes.
    """

    bind: dict[str, str]
    turned: frozenset[str]
    flat: frozenset[str]


def logits_of(order: Mapping[str, Any]) -> str:
    """Return the label by which logits become a loss; empty where no logits are awaited.

    They are of a head: its classes are called ``weight``.
    """
    return order["labels"][0] if "weight" in order["wholes"] and order["labels"] else ""


def sized(
    found: Any, given: Mapping[str, Any], wholes: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """Return the arguments of a class, those that are sizes of the points filled in.

    Parameters
    ----------
    found : object
        The target; nothing is added for what is no class, or where no sizes are known.
    given : mapping
        Arguments that were asked for, which stay.
    wholes : mapping of str to shape
        Inputs that a call has one of; the first of them is (classes, parts), or (classes, centres,
        parts).

    Raises
    ------
    Unfit
        If the class cannot be made without an argument that nobody gave.
    """
    if not inspect.isclass(found):
        return dict(given)
    if not wholes:
        _require_no_sizes(found, given)
        return dict(given)
    classes, *centers, parts = next(iter(wholes.values()))
    known = dict.fromkeys(_PARTS, parts) | dict.fromkeys(_CLASSES, classes)
    known |= {name: number for number in centers for name in _CENTERS}
    taken = (*_parameters(found), *_handed_on(found))
    made = {name: known[name] for name in taken if name in known} | dict(given)
    missing = _missing(found, made)
    if missing:
        words = f"{found.__name__} cannot be made without {', '.join(missing)}"
        hint = f"--init {missing[0]}=...: embeddings have {parts} numbers, of {classes} classes"
        raise Unfit("RL203", words, f"hint: {hint}")
    return made


def _handed_on(found: type) -> Iterator[str]:
    """Yield arguments without a default that a class takes by ``**kwargs`` for those before it."""
    for each in found.__mro__:
        if "__init__" not in vars(each):
            continue
        parameters = inspect.signature(each.__init__).parameters.values()
        if each is not found:
            yield from (p.name for p in parameters if p.default is inspect.Parameter.empty)
        if all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in parameters):
            return


def _require_no_sizes(found: Any, given: Mapping[str, Any]) -> None:
    """Require that a class which is to be no head can be made without a head's sizes."""
    handed = [name for name in _handed_on(found) if name not in given]
    missing = list(dict.fromkeys((*_missing(found, given), *handed)))
    sizes = [name for name in missing if name in (*_PARTS, *_CLASSES)]
    if sizes:
        words = f"{found.__name__} cannot be made without {', '.join(missing)}"
        more = ", and declare a head if it owns classes"
        raise Unfit("RL203", words, f"hint: --init {missing[0]}=...{more}")


def _parameters(found: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(found).parameters
    except (TypeError, ValueError):  # compiled code without a signature
        return {}


def _missing(found: Any, given: Mapping[str, Any]) -> list[str]:
    """Return the arguments without which a class cannot be made."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, each in _parameters(found).items()
        if each.default is inspect.Parameter.empty
        and each.kind not in several
        and name not in given
    ]


def owned(
    thing: Any,
    call: str | None,
    bind: Mapping[str, str],
    wholes: Mapping[str, Sequence[int]],
    inputs: Sequence[str],
) -> Owned:
    """Find the attributes of a target that hold what is not passed.

    Parameters
    ----------
    thing : object
        The target.
    call : str or None
        How it is called.
    bind : mapping
        What is said to be where.
    wholes : mapping of str to shape
        Inputs that a call has one of.
    inputs : sequence of str
        All inputs, in order.

    Raises
    ------
    Unfit
        If several attributes could hold an input, or none that the call leaves out.
    """
    found, turned, flat = dict(bind), set(), set()
    passed = names_in(call) if call else set()
    for name, size in wholes.items():
        shape = tuple(size)
        shapes = _layouts(shape)
        if name not in bind and name not in passed:
            places = _places(thing, shapes)
            if len(places) > 1:
                raise Unfit(
                    "RL209",
                    f"{name} could be held by {' or '.join(places)}",
                    f"hint: --bind {name}={places[0]}",
                )
            takes = names(thing)
            if not places and (call or 0 < len(takes) < len(inputs)):
                wanted = " or ".join(map(str, shapes))
                leaves = "call leaves" if call else f"({', '.join(takes)}) leaves"
                words = f"{leaves} out {name}, and f holds no array of shape {wanted}"
                raise Unfit("RL209", words, f"hint: pass {name}, or --bind {name}=f.ATTRIBUTE")
            if places:
                found[name] = places[0]
        held = _shape(thing, found[name]) if name in found else None
        if held is not None and held in shapes and held != shape:
            turned |= {name} if held[-1] != shape[-1] else set()
            flat |= {name} if len(held) < len(shape) else set()
    return Owned(found, frozenset(turned), frozenset(flat))


def _layouts(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the shapes in which an input of a shape can be held: its own, or that of a matrix."""
    if len(shape) < 2:
        return (shape,)
    flat = (math.prod(shape[:-1]), shape[-1])
    return (*dict.fromkeys((shape, flat, flat[::-1])),)


def _places(thing: Any, shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """Return attributes that hold arrays of one of these shapes."""
    return [f"f.{name}" for name in held(thing) if _shape(thing, f"f.{name}") in shapes]


def _shape(thing: Any, path: str) -> tuple[int, ...] | None:
    for name in path.split(".")[1:]:
        thing = getattr(thing, name, None)
    shape = getattr(thing, "shape", None)
    return None if shape is None else tuple(shape)
