"""Shared by the judge's tests: certify a small target at the smoke level."""

from pathlib import Path

import pytest

from crossval.engine import certify
from crossval.target import Target

TARGETS = Path(__file__).parent / "targets"


@pytest.fixture(scope="session")
def judged():
    """Return a function that certifies a target of ``targets/`` once per set of arguments."""
    done = {}

    def judge(file, attribute, declared, dtypes=("float32",), **rest):
        key = (file, attribute, declared, dtypes, repr(sorted(rest.items())))
        if key not in done:
            loss, _, preset = declared.partition("/")
            options = {name: rest.pop(name) for name in ("limits", "known", "only") if name in rest}
            adapter = "numpy" if file.startswith("numpy") else "torch"
            rest.setdefault("init", {})
            target = Target(
                f"{TARGETS / file}:{attribute}", loss, preset or None, adapter=adapter, **rest
            )
            done[key] = certify(target, dtypes=dtypes, level="smoke", known=(), **options)
        return done[key]

    return judge
