"""A loaded target in its own process: the object, how it is called, what is put into it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from crossval.signatures import Unfit, fit, fit_call, held, is_array, names, optional, required
from crossval.target import names_in


@dataclass(frozen=True)
class Place:
    """An attribute that an input or axis is put into: ``f.a.b`` is ``b`` of the object ``f.a``."""

    owner: Any
    attribute: str

    @property
    def held(self) -> Any:
        """What the attribute holds now."""
        return getattr(self.owner, self.attribute)

    def hold(self, value: Any) -> None:
        """Replace it."""
        setattr(self.owner, self.attribute, value)


@dataclass(frozen=True)
class Subject:
    """What is called.

    Attributes
    ----------
    thing : callable
        The target itself, ``f`` in ``call`` and ``bind``.
    inputs : tuple of str
        The loss's inputs, in the order of positional arguments.
    call : str or None
        Expression that calls ``f``; without it inputs go by position, arguments by name.
    bind : mapping of str to str
        Names that are put into attributes of ``f`` instead of being passed.
    turned : frozenset of str
        Bound names whose attribute holds the transposed array.
    flat : frozenset of str
        Bound names whose attribute holds the first axes as one.
    logits_of : str
        The label whose cross-entropy is meant where logits come in the place of a loss; empty
        where none may.
    made : dict
        What an adapter made for this target and keeps between calls.
    """

    thing: Callable[..., Any]
    inputs: tuple[str, ...]
    call: str | None = None
    bind: Mapping[str, str] = field(default_factory=dict)
    turned: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()
    logits_of: str = ""
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def remarks(self) -> list[str]:
        """What results say nothing about, by the way in which the target holds its inputs."""
        turned = [f"layout of {n}: {self.bind[n]} holds it transposed" for n in self.turned]
        return turned + [f"layout of {n}: {self.bind[n]} holds a matrix" for n in self.flat]

    def laid(self, name: str, array: Any) -> Any:
        """Return an input as its attribute holds it."""
        if name in self.flat:
            array = array.reshape(-1, array.shape[-1])
        return array.T if name in self.turned else array

    def unlaid(self, name: str, array: Any, shape: Sequence[int]) -> Any:
        """Return what an attribute holds as the input, of a shape; None is None."""
        if array is None:
            return None
        array = array.T if name in self.turned else array
        return array.reshape(tuple(shape)) if name in self.flat else array

    @property
    def passed(self) -> tuple[str, ...]:
        """Inputs that are passed, not bound."""
        return tuple(name for name in self.inputs if name not in self.bind)

    def invoke(
        self, function: Callable[..., Any], inputs: Mapping[str, Any], arguments: Mapping[str, Any]
    ) -> Any:
        """Call ``function`` in the place of ``f``.

        Parameters
        ----------
        function : callable
            The target, a copy of it, or something that takes the same arguments.
        inputs, arguments : mapping of str to Any
            By canonical name; what is bound is left out.
        """
        free = {name: inputs[name] for name in self.passed}
        named = {name: value for name, value in arguments.items() if name not in self.bind}
        if self.call is None:
            return function(*free.values(), **named)
        return eval(self.call, {"f": function, **free, **named})

    def places(self, thing: Any) -> dict[str, Place]:
        """Return where bound inputs go in ``thing``, the target or a copy of it."""
        return {name: _place(thing, self.bind[name]) for name in self.inputs if name in self.bind}

    @contextmanager
    def holding(self, thing: Any, arguments: Mapping[str, Any]) -> Iterator[None]:
        """Put bound arguments into ``thing``; afterwards it holds what it held before."""
        names = [name for name in arguments if name in self.bind]
        places = {name: _place(thing, self.bind[name]) for name in names}
        before = {name: place.held for name, place in places.items()}
        try:
            for name, place in places.items():
                place.hold(arguments[name])
            yield
        finally:
            for name, place in places.items():
                place.hold(before[name])

    def copy_for(self, dtype: str, make: Callable[[Any], Any]) -> Any:
        """Return the copy of the target for one format, made by ``make`` from a fresh copy."""
        return self.kept(dtype, lambda: make(copy.deepcopy(self.thing)))

    def kept(self, key: str, make: Callable[[], Any]) -> Any:
        """Return what was made for ``key``, made now if this is the first time."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def verify(
        self, loss: str, axes: Sequence[str], shapes: Mapping[str, Sequence[int | None]]
    ) -> None:
        """Require that the target can be called, and can hold what is bound.

        Raises
        ------
        Unfit
            Saying what the target takes or holds, and what would fit.
        """
        for name, path in self.bind.items():
            try:
                place = _place(self.thing, path)
            except AttributeError as error:
                there = ", ".join(f"f.{each}" for each in held(self.thing)) or "nothing of the kind"
                words = f"{name} is bound to {path}, but {error}"
                raise Unfit("RL209", words, f"f holds {there}") from error
            shape = shapes.get(name)
            if shape and name in self.flat:
                shape = (None, shape[-1])
            _can_hold(place, name, path, shape[::-1] if shape and name in self.turned else shape)
        if self.call is None:
            fit(self.thing, loss, self.passed, axes)
        else:
            fit_call(self.thing, self.call)

    def arguments(self, axes: Sequence[str]) -> dict[str, list[str]]:
        """Names of the arguments: ``keywords`` can be given, ``required`` must be."""
        own = names(self.thing)
        if self.call is not None:
            given = sorted(names_in(self.call) - {"f", *self.inputs})
            return {"keywords": given, "required": given, "names": own}
        return {
            "keywords": optional(self.thing, self.passed),
            "required": required(self.thing, self.passed, axes),
            "names": own,
        }


def _place(thing: Any, path: str) -> Place:
    _, *folders, attribute = path.split(".")
    owner = thing
    for name in folders:
        owner = getattr(owner, name)
    place = Place(owner, attribute)
    _ = place.held
    return place


def _can_hold(place: Place, name: str, path: str, shape: Sequence[int | None] | None) -> None:
    """Require an array (or a place kept free for one) for an input, or a number for an axis."""
    value = place.held
    number = shape is None and type(value) in (int, float)
    if value is None or number or (is_array(value) and shape is None):
        return
    if not is_array(value):
        wanted = "a number" if shape is None else "a parameter, tensor or array"
        words = f"{name} is bound to {path}, which is no parameter: {type(value).__name__}"
        raise Unfit("RL209", words, f"bind {name} to {wanted}")
    assert shape is not None
    got = tuple(value.shape)
    fits = len(got) == len(shape) and all(
        size in (None, there) for size, there in zip(shape, got, strict=True)
    )
    if not fits and 0 not in got:
        wanted = ", ".join("N" if size is None else str(size) for size in shape)
        words = f"{name} is bound to {path} of shape {got}, but has shape ({wanted})"
        raise Unfit("RL209", words, f"bind {name} to an attribute of its shape")
