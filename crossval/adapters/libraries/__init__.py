"""Libraries whose losses are certified: one short module each, listing targets."""

from __future__ import annotations

import importlib
import pkgutil

from crossval.target import Target, UsageError


def names() -> list[str]:
    """Names of the libraries with an adapter."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def targets(library: str) -> list[Target]:
    """Targets that a library's adapter declares.

    Raises
    ------
    UsageError
        If there is no adapter of that name.
    """
    if library not in names():
        raise UsageError(f"library must be one of {', '.join(names())}; got {library!r}")
    return list(importlib.import_module(f"{__name__}.{library}").TARGETS)


def declared(reference: str) -> list[Target]:
    """Return the declarations of all adapters for one ``MODULE:ATTR``."""
    return [t for library in names() for t in targets(library) if t.reference == reference]
