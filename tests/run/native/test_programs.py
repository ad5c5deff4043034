"""Running a program's text: which constants are numbers of it, and where results go."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from refloss.losses.reductions import Total
from refloss.run.kernels import MissingKernelError, library
from refloss.run.native import host
from tests.run.text import write_library


def program(name="giou"):
    return library().native(name)


def constants(name="giou", **given):
    return {**program(name).defaults, **given}


def boxes(n=50, seed=0):
    rng = np.random.default_rng(seed)
    corners = rng.random((2, n, 4)).astype("f4")
    corners[..., 2:] += corners[..., :2]
    return {"pred": corners[0], "target": corners[1]}


def run(given, outputs, **options):
    n = len(given["pred"])
    options = {"real": "float64", **options}
    values = options.pop("values", constants())
    program().run("grad", (n,), {**given, "loss_bar": 1.0}, outputs, values, **options)


def test_values_that_texts_compare_with_are_numbers_and_others_arguments():
    fixed = dict(program()._fixed(constants(eps_union=1e-7, eps_hull=1.0, ceiling=math.inf)))
    assert fixed["eps_union"] is None
    assert fixed["eps_hull"] == 1.0
    assert fixed["ceiling"] == math.inf
    assert [v for name, v in fixed.items() if name != "eps_union"] == [
        v for name, v in constants(eps_hull=1.0).items() if name != "eps_union"
    ]


def test_a_schedule_compiles_nothing_new(monkeypatch):
    given, loss = boxes(), np.empty(50)
    run(given, {"loss": loss}, values=constants(eps_union=1e-3))
    first = loss.copy()
    monkeypatch.setattr(host.compiler, "load", lambda text: pytest.fail("compiled again"))
    run(given, {"loss": loss}, values=constants(eps_union=2e-3))
    assert not np.array_equal(first, loss)


def test_an_argument_gives_the_bits_of_a_number(monkeypatch):
    given, found = boxes(), []
    for fixed in (program()._fixed, lambda values: tuple(values.items())):
        monkeypatch.setattr(type(program()), "_fixed", lambda self, v, fixed=fixed: fixed(v))
        out = {"loss": np.empty(50), "pred_bar": np.empty((50, 4))}
        run(given, out, values=constants(eps_union=1e-3))
        found.append(np.column_stack([out["loss"], out["pred_bar"]]))
    assert np.array_equal(*found)


def test_what_nobody_wants_is_not_written():
    given = boxes()
    every = {"loss": np.empty(50), "pred_bar": np.empty((50, 4)), "target_bar": np.empty((50, 4))}
    run(given, every)
    some = {"target_bar": np.empty((50, 4))}
    run(given, some)
    assert np.array_equal(some["target_bar"], every["target_bar"])


def test_a_sink_takes_blocks_in_order(monkeypatch):
    given, loss, total = boxes(), np.empty(50), Total()
    run(given, {"loss": loss})
    monkeypatch.setattr(host, "BLOCK", 7)
    run(given, {"loss": total})
    assert len(total.parts) == 2 * 8
    assert total.result() == math.fsum(loss)


def test_blocks_and_shares_change_no_bit(monkeypatch):
    given, whole, cut = boxes(), np.empty((50, 4)), np.empty((50, 4))
    run(given, {"pred_bar": whole})
    monkeypatch.setenv("REFLOSS_THREADS", "3")
    monkeypatch.setattr(host, "SHARE", 4)
    monkeypatch.setattr(host, "BLOCK", 9)
    strided = {name: np.repeat(array, 2, axis=0)[::2] for name, array in given.items()}
    run(strided, {"pred_bar": cut})
    assert np.array_equal(whole, cut)


def test_a_directory_without_texts_for_compilers_is_told(tmp_path):
    write_library(tmp_path, {"mine": "CONSTANTS = ()\n"})
    with pytest.raises(MissingKernelError, match=r"no cuda/mine\.cu in .*refloss derive"):
        library(tmp_path).native("mine")


@pytest.mark.parametrize(("given", "expected"), [("3", 3), ("", None)])
def test_threads_are_those_of_the_environment(monkeypatch, given, expected):
    monkeypatch.setenv("REFLOSS_THREADS", given)
    assert host.threads() == (expected or host._processors())


@pytest.mark.parametrize("given", ["0", "many", "-3", "²"])
def test_other_numbers_of_threads_are_refused(monkeypatch, given):
    monkeypatch.setenv("REFLOSS_THREADS", given)
    with pytest.raises(ValueError, match="REFLOSS_THREADS: expected a positive whole number"):
        host.threads()


def test_a_forked_child_runs_on_threads_of_its_own():
    code = (
        "import os, numpy as np, refloss\n"
        "boxes = np.ones((100_000, 4), 'f4')\n"
        "call = lambda: refloss.giou(boxes, boxes, backend='c', check='none')\n"
        "call()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    call()\n"
        "    os._exit(0)\n"
        "print(os.waitpid(child, 0)[1])\n"
    )
    environment = {**os.environ, "REFLOSS_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.stdout.strip() == "0", done.stderr


def test_a_call_while_the_interpreter_ends():
    code = (
        "import atexit, numpy as np, refloss\n"
        "boxes = np.ones((100_000, 4), 'f4')\n"
        "call = lambda: refloss.giou(boxes, boxes, backend='c', check='none')\n"
        "atexit.register(lambda: print(call().sum()))\n"
        "call()\n"
    )
    environment = {**os.environ, "REFLOSS_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.stdout.strip() == "100000.0", done.stderr
