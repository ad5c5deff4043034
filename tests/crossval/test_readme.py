"""The samples of README's section on the command line are what comes out."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import crossval

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## The command line\n")[2].partition("\n## ")[0]
SAMPLES = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", SECTION)
SCRIPT = " > bug.py && python bug.py"


def refloss(capsys, command):
    name, *arguments = shlex.split(command)
    assert name == "refloss"
    assert crossval.main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("command", "shown"), SAMPLES, ids=lambda text: text.split("\n")[0][:30])
def test_a_sample_is_what_the_command_prints(capsys, monkeypatch, command, shown):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("COLUMNS", raising=False)  # workers of xdist set it
    printed = refloss(capsys, command.removesuffix(SCRIPT))
    if command.endswith(SCRIPT):
        run = [sys.executable, "-c", printed]
        done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, done.stderr) == (1, "")
        printed = done.stdout
    lines = [line.rstrip() for line in printed.splitlines()]
    assert lines == shown.splitlines()


def test_there_are_samples_of_every_kind():
    verbs = {command.split()[1] for command, _ in SAMPLES}
    assert verbs == {"eval", "explain", "repro"}


def test_the_session_is_what_python_prints():
    (session,) = re.findall(r"```pycon\n(.*?)```", SECTION, re.DOTALL)
    example = doctest.DocTestParser().get_doctest(session, {}, "README", None, 0)
    assert len(example.examples) >= 8
    said = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


def test_the_table_names_every_verb():
    from crossval.cli import VERBS

    assert re.findall(r"^\| `refloss (\w+)", SECTION, re.MULTILINE) == list(VERBS)
