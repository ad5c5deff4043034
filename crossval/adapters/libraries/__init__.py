"""Libraries whose losses are certified: one short module each, listing targets."""

from __future__ import annotations

import importlib
import pkgutil

from crossval.target import ADAPTERS, Target, UsageError, split_reference


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


def knowledge(reference: str, adapter: str) -> dict[str, str]:
    """Return how code of a known library is run, whether or not this function is declared.

    Parameters
    ----------
    reference : str
        ``MODULE:ATTR`` or ``FILE.py:ATTR``.
    adapter : str
        Adapter asked for; the default gives way to the library's own.

    Returns
    -------
    dict of str to str
        ``library``, ``loader`` and ``adapter`` of a target; empty for code of no known library.
    """
    home, _ = split_reference(reference)
    package = home.partition(".")[0]
    if home.endswith(".py") or package not in names():
        return {}
    like = targets(package)[0]
    own = like.adapter if adapter == ADAPTERS[0] else adapter
    return {"library": like.library, "loader": like.loader, "adapter": own}
