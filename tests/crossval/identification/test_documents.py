"""The sample in the README is what the command prints."""

import re
from pathlib import Path

import crossval

README = Path(__file__).parents[3] / "README.md"


def test_the_sample_of_the_readme_is_true(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    text = README.read_text(encoding="utf-8")
    sample = re.search(r"\$ refloss identify (\S+)\n(.*?)```", text, re.DOTALL)
    assert sample is not None
    assert crossval.main(["identify", sample[1]]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.strip().splitlines()]
    # the first line names the installed version
    assert printed[1:] == sample[2].rstrip().splitlines()[1:]
