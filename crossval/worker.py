"""The process that runs a target: imports it, calls it, answers with arrays, knows no truth.

Started as ``python -m crossval.worker`` by :mod:`crossval.runner`. Messages use the standard
streams, which the target never sees: its prints go to standard error, its standard input is empty.
Whatever a target raises is an answer; only what ends the process is not.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
import warnings
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from crossval import wire
from crossval.adapters import blocks, other_adapter
from crossval.ownership import logits_of, owned, sized
from crossval.signatures import Unfit, held
from crossval.subject import Subject
from crossval.target import split_reference

_FEW = 8

Made = list[tuple[Any, dict[str, Any]]]
"""Targets, each with what it was made with."""


def main() -> None:
    """Serve requests until the judge closes the pipe."""
    inlet, outlet = _private_streams()
    order, _ = wire.receive(inlet)
    warnings.simplefilter("ignore")
    try:
        adapter, found = load(order)
    except BaseException as error:
        wire.send(outlet, {"error": describe(error)})
        return
    made: Made = []
    subject, about = described(adapter, found, order, made)
    wire.send(outlet, about)
    while True:
        try:
            request, arrays = wire.receive(inlet)
        except EOFError:
            return
        if "order" in request:  # may the target be called for another loss?
            wire.send(outlet, described(adapter, found, request["order"], made)[1])
            continue
        assert subject is not None  # the judge asks nothing of a target that it cannot call
        try:
            reply, results = blocks.evaluate(adapter.evaluate, subject, request, arrays)
        except Exception as error:
            told = describe(error)
            hint = told["hint"] or other_adapter(error, order["adapter"])
            reply, results = {"error": {**told, "hint": hint}}, {}
        remarks = [*reply.get("remarks", ()), *subject.remarks]
        wire.send(outlet, {"error": None, **reply, "remarks": remarks}, results)


def load(order: dict[str, Any]) -> tuple[ModuleType, Any]:
    """Import adapter and target; return them, the target as it was found."""
    sys.path[1:1] = [folder for folder in order["path"] if folder not in sys.path]
    module = order["adapter"].replace("-", "_")
    adapter = importlib.import_module(f"crossval.adapters.{module}_arrays")
    if order["loader"]:
        home, attribute = split_reference(order["loader"])
        getattr(importlib.import_module(home), attribute)()
    return adapter, resolve(order["reference"])


def make(found: Any, order: dict[str, Any], made: Made) -> tuple[Any, dict[str, Any]]:
    """Return the target, an instance if it is a class, and with what it was made: once each."""
    init = sized(found, order["init"], order["wholes"])
    for thing, known in made:
        if known == init:
            return thing, init
    thing = found(**init) if init or inspect.isclass(found) else found
    if not callable(thing):
        raise TypeError(f"the target must be callable; got {type(thing).__name__}")
    made.append((thing, init))
    return thing, init


def described(
    adapter: ModuleType, found: Any, order: dict[str, Any], made: Made
) -> tuple[Subject | None, dict[str, Any]]:
    """Describe the target's arguments and the versions at work, or why it cannot be called."""
    supplied = getattr(adapter, "SUPPLIES", ())
    try:
        thing, init = make(found, order, made)
        own = owned(thing, order["call"], order["bind"], order["wholes"], order["inputs"])
        places = own.bind, own.turned, own.flat, logits_of(order)
        subject = Subject(thing, tuple(order["inputs"]), order["call"], *places)
        subject.verify(order["loss"], [*order["axes"], *supplied], order["inputs"])
        about = subject.arguments(order["axes"])
        about["keywords"] = [name for name in about["keywords"] if name not in supplied]
        more = {"bind": own.bind, "init": init, "holds": bool(held(thing))}
        more["versions"] = adapter.versions()
        return subject, {"error": None, **about, **more}
    except BaseException as error:
        return None, {"error": describe(error)}


def resolve(reference: str) -> Any:
    """Return the object that ``MODULE:ATTR`` or ``FILE.py:ATTR`` names."""
    home, attribute = split_reference(reference)
    module = (
        _module_from_file(Path(home)) if home.endswith(".py") else importlib.import_module(home)
    )
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise _no_attribute(found, part, home)
        found = getattr(found, part)
    return found


def _no_attribute(found: Any, part: str, home: str) -> Unfit:
    """Name what comes near, or else what could be meant where that is not much."""
    there = {name: thing for name, thing in vars(found).items() if not name.startswith("_")}
    own = [n for n, thing in there.items() if getattr(thing, "__module__", "") == _name(found)]
    near = get_close_matches(part, there, n=1)
    few = f"give one of {', '.join(own)}" if 0 < len(own) <= _FEW else "correct the name"
    file = f" ({home})" if home.endswith(".py") else ""
    words = f"{type(found).__name__} {_name(found)!r}{file} has no attribute {part!r}"
    return Unfit("RL101", words, f"did you mean {near[0]}?" if near else few)


def _name(found: Any) -> str:
    return getattr(found, "__name__", type(found).__name__)


def describe(error: BaseException) -> dict[str, str]:
    """Exception as data: type, message in one line, the innermost line of foreign code.

    ``missing`` names the module whose absence raised, if that is what happened; ``code`` and
    ``hint`` are given where the target's form is at fault.
    """
    absent = isinstance(error, ModuleNotFoundError)
    return {
        "type": type(error).__name__,
        "message": " ".join(str(error).split()),
        "line": _foreign_line(error),
        "missing": (error.name or "") if absent else "",
        "code": error.code if isinstance(error, Unfit) else "",
        "hint": error.hint if isinstance(error, Unfit) else "",
    }


def _foreign_line(error: BaseException) -> str:
    home = str(Path(__file__).parent)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((home, "<frozen"))
    ]
    if not frames:
        return ""
    last = frames[-1]
    return f"{Path(last.filename).name}:{last.lineno} {last.line}"


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    inlet = os.fdopen(os.dup(0), "rb")
    outlet = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return inlet, outlet


def _module_from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        hint = "correct the path; a relative one starts at the current folder"
        raise Unfit("RL101", f"expected a Python file at {path}; there is none", hint)
    sys.path.insert(0, str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
