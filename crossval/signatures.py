"""How a target may be called, read from its signature before anything runs.

A target that takes other arguments than the loss has inputs is refused with the call that would
fit, instead of raising at every point.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Unfit(Exception):
    """A target that cannot be used as ordered.

    Attributes
    ----------
    code : str
        Of the finding.
    hint : str
        What would fit.
    """

    def __init__(self, code: str, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.hint = hint


def signature_of(thing: Any) -> inspect.Signature | None:
    """Return the signature of a callable; of ``forward`` where ``__call__`` takes anything."""
    found = _signature(thing)
    forward = getattr(thing, "forward", None)
    if callable(forward) and (found is None or _open(found)):
        return _signature(forward) or found
    return found


def optional(thing: Any, inputs: Sequence[str]) -> list[str]:
    """Names of the arguments after the inputs."""
    parameters = _parameters(thing)
    places = [p.name for p in parameters if p.kind in _POSITIONAL][: len(inputs)]
    return [p.name for p in parameters if p.kind in _NAMED and p.name not in places]


def names(thing: Any) -> list[str]:
    """Names of all arguments, in order."""
    return [parameter.name for parameter in _parameters(thing)]


def required(thing: Any, inputs: Sequence[str], axes: Collection[str]) -> list[str]:
    """Axes that the target takes as arguments without a default."""
    without = {p.name for p in _parameters(thing) if p.default is inspect.Parameter.empty}
    return [name for name in optional(thing, inputs) if name in without and name in axes]


def fit(thing: Any, loss: str, inputs: Sequence[str], axes: Collection[str]) -> None:
    """Require that ``thing`` can be called with the inputs by position and nothing else.

    Parameters
    ----------
    thing : callable
        The target.
    loss : str
        For the message.
    inputs : sequence of str
        Names of the loss's inputs, in order, without those that are bound.
    axes : collection of str
        Names that may be given besides.

    Raises
    ------
    Unfit
        If it cannot, or if its own names say that it takes them in another order.
    """
    signature = signature_of(thing)
    if signature is None:
        return
    given = dict.fromkeys(required(thing, inputs, axes))
    fits = _accepts(signature, len(inputs), given)
    if fits and not _reordered(signature, inputs):
        return
    order = "in this order" if fits else "and nothing else"
    raise Unfit(
        "RL203",
        f'{_name(thing)} takes {_takes(signature)} but loss "{loss}" gives '
        f"({', '.join([*inputs, *given])}) {order}",
        f"hint: {suggestion(thing, signature, inputs, axes)}",
    )


def fit_call(thing: Any, call: str) -> None:
    """Require that every plain ``f(...)`` of a call expression suits the target's signature.

    Raises
    ------
    Unfit
        Naming the call and what the target takes.
    """
    signature = signature_of(thing)
    if signature is None:
        return
    for node in _calls(call):
        named = {keyword.arg: None for keyword in node.keywords if keyword.arg}
        if not _accepts(signature, len(node.args), named):
            words = f"{_name(thing)} takes {_takes(signature)}, not {ast.unparse(node)}"
            raise Unfit("RL203", words, "hint: correct the call")


def suggestion(
    thing: Any, signature: inspect.Signature, inputs: Sequence[str], axes: Collection[str]
) -> str:
    """Options that would fit: a call with the target's own names, bindings for what it owns."""
    left = list(inputs)
    words = []
    for parameter in signature.parameters.values():
        if parameter.kind not in (*_POSITIONAL, inspect.Parameter.KEYWORD_ONLY):
            continue
        if parameter.default is not inspect.Parameter.empty:
            continue
        name = _filling(parameter.name, left, axes)
        only = parameter.kind is inspect.Parameter.KEYWORD_ONLY
        words.append(f"{parameter.name}={name}" if only else name)
    bound = [f" --bind {name}=f.{place}" for name, place in zip(left, held(thing), strict=False)]
    return f'--call "f({", ".join(words)})"{"".join(bound)}'


def held(thing: Any) -> list[str]:
    """Attributes of a target that hold arrays, those of a module's submodules included."""
    if callable(getattr(thing, "named_parameters", None)):
        names = [name for name, _ in thing.named_parameters()]
        return names + [name for name, _ in thing.named_buffers()]
    return [name for name, value in getattr(thing, "__dict__", {}).items() if is_array(value)]


def is_array(value: Any) -> bool:
    """Whether a value has a shape and a dtype, as arrays and tensors do."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _filling(name: str, left: list[str], axes: Collection[str]) -> str:
    """Choose what to pass for a parameter: its namesake, or else the next input that is left."""
    if name in left:
        left.remove(name)
        return name
    if name in axes:
        return name
    return left.pop(0) if left else "..."


def _signature(thing: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(thing)
    except (TypeError, ValueError):  # compiled code without a signature
        return None


def _parameters(thing: Any) -> list[inspect.Parameter]:
    signature = signature_of(thing)
    return [] if signature is None else list(signature.parameters.values())


def _open(signature: inspect.Signature) -> bool:
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    return kinds == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


def _accepts(signature: inspect.Signature, positional: int, named: dict[str, None]) -> bool:
    try:
        signature.bind(*[None] * positional, **named)
    except TypeError:
        return False
    return True


def _reordered(signature: inspect.Signature, inputs: Sequence[str]) -> bool:
    names = [p.name for p in signature.parameters.values() if p.kind in _POSITIONAL]
    return any(
        name in inputs and inputs.index(name) != place
        for place, name in enumerate(names[: len(inputs)])
    )


def _calls(call: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(call, mode="eval")):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        unpacked = any(isinstance(argument, ast.Starred) for argument in node.args)
        unpacked |= any(keyword.arg is None for keyword in node.keywords)
        if node.func.id == "f" and not unpacked:
            yield node


def _takes(signature: inspect.Signature) -> str:
    names = [
        name if parameter.default is inspect.Parameter.empty else f"{name}=..."
        for name, parameter in signature.parameters.items()
    ]
    return f"({', '.join(names)})"


def _name(thing: Callable[..., Any]) -> str:
    return getattr(thing, "__name__", None) or type(thing).__name__
