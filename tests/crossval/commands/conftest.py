"""Shared by the verbs' tests: run the command in this process."""

import json

import pytest

import crossval


@pytest.fixture
def refloss(capsys, monkeypatch):
    """Return a function that runs the command and gives exit code, output and errors."""
    monkeypatch.delenv("COLUMNS", raising=False)  # workers of xdist set it

    def run(*arguments, width=None):
        if width is not None:
            monkeypatch.setenv("COLUMNS", str(width))
        code = crossval.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def strict_json(refloss):
    """Return a function that runs the command and reads its output as strict JSON."""

    def run(*arguments):
        code, out, err = refloss(*arguments)
        assert code == 0, err
        return json.loads(out, parse_constant=pytest.fail)

    return run
