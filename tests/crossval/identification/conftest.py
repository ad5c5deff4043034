"""Shared by the tests of identify: a target asked in this very process, and one in its own."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from crossval.adapters.numpy_arrays import evaluate
from crossval.catalog import losses, spec_of
from crossval.families import FAMILIES
from crossval.identification import identify
from crossval.identification.driver import examine
from crossval.session import Session
from crossval.signatures import optional
from crossval.subject import Subject
from crossval.target import Target

TARGETS = Path(__file__).parents[1] / "targets"
BOXES = ("ciou", "diou", "giou", "iou")


def _rows(targets):
    """Return the losses of rows whose targets can be classes, or probabilities."""
    rows = {name: entry for name, entry in losses().items() if entry["family"] == "rows"}
    return tuple(n for n, entry in rows.items() if targets in entry["axes"]["targets"]["values"])


ROWS, SOFT_ROWS = _rows("index"), _rows("probabilities")


class Here:
    """A process that is none: answers requests by calling a NumPy function."""

    required = ()

    def __init__(self, function, inputs):
        self.subject = Subject(function, inputs)
        self.keywords = optional(function, inputs)

    def call(self, request, arrays):
        with np.errstate(all="ignore"):  # what a target warns of stays in its process
            return evaluate(self.subject, request, arrays)


def here(function, family, loss):
    """Return a session for a function of this process."""
    target = Target("here:function", loss, adapter="numpy")
    spec = spec_of(loss, None, family.prober.fixed)
    runner = Here(function, tuple(family.inputs))
    return Session(target, spec, family, runner, "standard")


@pytest.fixture(scope="session")
def near():
    """Return a function that identifies a NumPy function of this process."""

    def run(function, among=BOXES, family="boxes", **options):
        found = FAMILIES[family]
        session = here(function, found, among[0])
        return examine(session, found.prober, tuple(among), **options)

    return run


@pytest.fixture(scope="session")
def identified():
    """Return a function that identifies a target of ``targets/`` once per set of arguments."""

    @cache
    def run(file, attribute, items=()):
        adapter = "torch" if file.startswith("torch") else "numpy"
        options = {"adapter": adapter, **dict(items)}
        if "init" in options:
            options["init"] = eval(options["init"])
        if "arguments" in options:
            options["arguments"] = dict(options["arguments"])
        among = ROWS if file.startswith("row") else BOXES
        return identify(f"{TARGETS / file}:{attribute}", among, **options)

    def call(file, attribute, **options):
        return run(file, attribute, tuple(sorted(options.items())))

    return call


@pytest.fixture(scope="session")
def notes():
    """Return a function that gives an answer's notes: codes to words."""
    return lambda answer: {note.code: note.words for note in answer.notes}
