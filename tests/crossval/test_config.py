"""Targets in a ``pyproject.toml``: read in full, and every mistake one sentence."""

import re
from pathlib import Path

import pytest

from crossval.config import Declared, read
from crossval.expected import Expected
from crossval.target import Target, UsageError

ROOT = Path(__file__).resolve().parents[2]

FULL = """
[tool.refloss]
level = "smoke"
dtypes = ["float64"]

[tool.refloss.targets.own]
object = "shapes.losses:Boxes"
loss = "ciou/torchvision"
init = { rows = 3 }
call = "f(target, delta=eps)"
bind = { pred = "f.boxes" }
set = { alpha = "attached" }
dtypes = ["float32", "float16"]
wrt = ["pred"]
adapter = "numpy"
level = "full"

[[tool.refloss.targets.own.xfail]]
check = "grad-pred-float32"
reason = "NaN at zero height"
issue = "shapes#7"
code = "RL401"

[tool.refloss.targets.library]
object = "torchvision.ops:complete_box_iou_loss"
"""


def config(tmp_path, text):
    file = tmp_path / "pyproject.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_key_reaches_the_target(tmp_path):
    own, library = read(config(tmp_path, FULL))
    assert own == Declared(
        "own",
        Target(
            "shapes.losses:Boxes",
            "ciou",
            "torchvision",
            axes={"alpha": "attached"},
            call="f(target, delta=eps)",
            init={"rows": 3},
            bind={"pred": "f.boxes"},
            adapter="numpy",
            dtypes=("float32", "float16"),
            wrt=("pred",),
        ),
        "full",
        (Expected("grad-pred-float32", "NaN at zero height", "shapes#7", "RL401"),),
    )
    # a library's adapter knows the loss, its arguments and how it is imported
    assert library.target.declared == "ciou/torchvision"
    assert library.target.loader
    assert library.target.dtypes == ("float64",)
    assert library.level == "smoke"


def target(line, name="own"):
    return f'[tool.refloss.targets.{name}]\nobject = "a:b"\nloss = "giou"\n{line}\n'


XFAIL = "[[tool.refloss.targets.own.xfail]]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[tool.refloss.targets.NAME]: expected at least one such table; got none"),
        ("[tool", "expected TOML; got"),
        (
            "[tool.refloss]\nlevle = 1",
            "[tool.refloss] levle: expected one of level, dtypes, targets",
        ),
        (
            "[tool.refloss]\nlevel = 'slow'",
            "level: expected one of smoke, standard, full; got 'slow'",
        ),
        ("[tool.refloss]\ntargets = 1", "[tool.refloss] targets: expected a table; got 1"),
        ("[tool.refloss.targets]\nown = 1", "[tool.refloss.targets.own]: expected a table; got 1"),
        (target("", "'a b'"), "expected a name of letters, digits, - . _; got 'a b'"),
        (
            "[tool.refloss.targets.own]\nloss = 'giou'",
            "[tool.refloss.targets.own] object: expected a value",
        ),
        (
            "[tool.refloss.targets.own]\nobject = 'a:b'",
            "loss: expected LOSS or LOSS/PRESET; got nothing",
        ),
        (
            target("objekt = 'a:b'"),
            "[tool.refloss.targets.own] objekt: expected one of object, loss",
        ),
        (target("dtypes = 'float32'"), "dtypes: expected a list of float64, float32"),
        (target("dtypes = ['int8']"), "got ['int8']"),
        (target("dtypes = []"), "got []"),
        (target("init = 3"), "init: expected a table of numbers, texts"),
        (target("init = { day = 2020-01-01 }"), "init: expected a table of numbers, texts"),
        (target("bind = { pred = 3 }"), "bind: expected a table of texts; got {'pred': 3}"),
        (
            target("bind = { W = 'f.W' }"),
            "[tool.refloss.targets.own]: bind names W, but giou takes pred, target",
        ),
        (target("bind = { pred = 'W' }"), "bind pred must be an attribute of f"),
        (target("call = 'f('"), "call must be a Python expression; got 'f('"),
        (target("call = 'f(x, y)'"), "call names x, y, but giou takes pred, target"),
        (target("wrt = 'pred'"), "wrt: expected a list of names; got 'pred'"),
        (target("wrt = ['x']"), "wrt must be among pred, target; got x"),
        (
            target("adapter = 'cupy'"),
            "adapter: expected one of torch, numpy, jax, jax-jit; got 'cupy'",
        ),
        (target("set = { placement = 'x' }"), "placement"),
        (target("").replace("giou", "gioux"), "loss must be one of "),
        (target("").replace("giou", "giou/x"), "torchvision"),
        (target("").replace("a:b", "ab"), "MODULE:ATTR or FILE.py:ATTR; got 'ab'"),
        (target("xfail = 3"), "xfail: expected an array of tables with check and reason; got 3"),
        (
            target(XFAIL + "check = 'value-*'"),
            "[[tool.refloss.targets.own.xfail]] reason: expected a value",
        ),
        (target(XFAIL + "check = 'value-*'\nreason = ' '"), "reason: expected a text; got ' '"),
        (
            target(XFAIL + "reason = 'why'"),
            "[[tool.refloss.targets.own.xfail]] check: expected a value",
        ),
        (
            target(XFAIL + "check = 'value-*'\nreason = 'x'\ncode = 'RL000'"),
            "code: expected one of RL101",
        ),
        (target("").replace("giou", "gioux"), "; got 'gioux'"),
    ],
)
def test_a_mistake_names_table_key_and_what_was_expected(tmp_path, text, words):
    file = config(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read(file)
    assert str(caught.value).startswith("pyproject.toml: ")
    assert words in str(caught.value).replace(
        "float64, float32, float16, bfloat16", "float64, float32"
    )


def test_an_expectation_that_names_no_check_is_kept_as_a_finding(tmp_path):
    text = target(XFAIL + "check = 'grad-weight-*'\nreason = 'x'")
    (declared,) = read(config(tmp_path, text))
    (finding,) = declared.stale
    assert (finding.code, finding.check) == ("RL902", "grad-weight-*")
    assert "expected one of call-float32" in finding.message


def test_a_file_that_is_absent_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"pyproject.toml: expected in .*; there is no such file"):
        read(tmp_path / "pyproject.toml")


def test_the_readmes_table_is_read(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"```toml\n(\[tool\.refloss\].*?)```", readme, re.DOTALL)
    (declared,) = read(config(tmp_path, table[1]))
    assert (declared.name, declared.target.declared, declared.level) == (
        "ciou",
        "ciou/detectron2",
        "smoke",
    )
    assert len(declared.expected) == 1
