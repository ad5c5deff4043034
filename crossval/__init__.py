"""Certification of other people's loss implementations against certified truth.

Importing this package loads nothing but the standard library; every public name is fetched on
first use (PEP 562), and a missing extra is reported in one line by :func:`main`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossval.certificate import Certificate
    from crossval.comparison import Comparison, compare
    from crossval.engine import certify
    from crossval.findings import Finding
    from crossval.identification import Identification, identify
    from crossval.parametrization import parametrize
    from crossval.target import Target

__all__ = [
    "Certificate",
    "Comparison",
    "Finding",
    "Identification",
    "Target",
    "certify",
    "compare",
    "identify",
    "main",
    "parametrize",
]

_HOME = {
    "Certificate": "crossval.certificate",
    "Comparison": "crossval.comparison",
    "compare": "crossval.comparison",
    "Finding": "crossval.findings",
    "Identification": "crossval.identification",
    "identify": "crossval.identification",
    "Target": "crossval.target",
    "certify": "crossval.engine",
    "parametrize": "crossval.parametrization",
}
EXTRA_OF = {
    "click": "certify",
    "rich": "certify",
    "flint": "certify",
    "scipy": "certify",
    "ml_dtypes": "certify",
    "psutil": "certify",
    "torch": "libraries",
    "torchvision": "libraries",
    "fvcore": "libraries",
    "kornia": "libraries",
    "pytorch_metric_learning": "libraries",
    "optax": "libraries",
    "keras": "libraries",
    "jax": "jax",
    "jaxlib": "jax",
    "sympy": "derive",
    "jupytext": "derive",
    "nbclient": "derive",
    "nbformat": "derive",
    "ipykernel": "derive",
    "matplotlib": "derive",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'crossval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def main(arguments: list[str] | None = None) -> int:
    """Run the ``refloss`` command.

    Parameters
    ----------
    arguments : list of str, optional
        Command line without the program's name; ``sys.argv[1:]`` by default.

    Returns
    -------
    int
        The exit code: 0 pass, 1 failures, 2 interrupted, 3 internal error, 4 usage, adapter or
        import error, 5 nothing selected.
    """
    try:
        from crossval.cli import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if package not in EXTRA_OF:
            raise
        command = f"pip install 'refloss[{EXTRA_OF[package]}]'"
        print(f"refloss: {package} is not installed: {command}", file=sys.stderr)
        return 4
