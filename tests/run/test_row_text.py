"""Row plans as Python text: straight lines on windows, whole rows at once or tile by tile."""

import ast

import numpy as np
import pytest

from refloss.run import rows
from refloss.run.kernels import library
from refloss.run.row_text import block_text, whole_text
from tests.run.logits import SHAPES, plan_of, run_plan, settings
from tests.run.text import FEWER_ROW_PROGRAMS, assert_same_bits

AXES = {"x": "bc", "u": "b", "w": "c", "y": "b"}
TEXT = """
def value(x, u, w, y):
    C = x.shape[1]
    v = w*2.0
    mass = np.where((np.arange(C) == y[:, None]), u[:, None], np.exp(x)*v)
    total = np.sum(mass, axis=1)
    return np.log(total), mass/total[:, None]
"""

WHOLE = """\
def whole(s, sizes):
    v2 = numbers(s['w'])
    v5 = constant(2.0)
    v6 = multiply(v2, v5)
    return {2: v2, 5: v5, 6: v6}
"""
BLOCK = """\
def block(start, stop, s, o, w, R, K, index, cuts):
    n = stop - start
    rows = index[:n] + start
    v2 = w[2]
    v5 = w[5]
    v6 = w[6]
    v1 = numbers(s['u'][start:stop])
    v3 = numbers(s['y'][start:stop])
    t0 = staged(R[0][:n], s['x'][start:stop])
    t9 = R[0][:n]
    exp(t0, out=t9)
    t10 = R[0][:n]
    multiply(v6, t9, out=t10)
    t11 = K[0][:n]
    copyto(t11, t10)
    t11[index[:n], v3] = v1
    v12 = reduced('sum', t11)
    v13 = log(v12)
    t14 = K[0][:n]
    divide(K[0][:n], v12[:, None], out=t14)
    narrow(o[1][start:stop], t14)
    return [v13]
"""
TILED = """\
def block(start, stop, s, o, w, R, K, index, cuts):
    n = stop - start
    rows = index[:n] + start
    v2 = w[2]
    v5 = w[5]
    v6 = w[6]
    v1 = numbers(s['u'][start:stop])
    v3 = numbers(s['y'][start:stop])
    p12 = []
    for left, right in cuts:
        t0 = staged(R[0][:, :right - left], s['x'][start:stop, left:right])
        t9 = R[0][:, :right - left]
        exp(t0, out=t9)
        t10 = R[0][:, :right - left]
        multiply(v6[left:right], t9, out=t10)
        t11 = K[0][:, left:right]
        copyto(t11, t10)
        if left <= v3[0] < right:
            t11[:, v3[0] - left] = v1
        p12.append(part('sum', t11, left))
    v12 = joined('sum', p12)
    v13 = log(v12)
    for left, right in cuts:
        t14 = K[0][:, left:right]
        divide(K[0][:, left:right], v12[:, None], out=t14)
        narrow(o[1][start:stop, left:right], t14)
    return [v13]
"""


def test_the_text_of_a_plan():
    plan = plan_of(TEXT, AXES)
    assert whole_text(plan) == WHOLE
    assert block_text(plan, tiled=False) == BLOCK
    assert block_text(plan, tiled=True) == TILED


def texts(program, function, setting, **choices):
    plan = library().kernel(program).rows(function, SHAPES[program], setting, **choices).plan
    return [whole_text(plan), block_text(plan, tiled=False), block_text(plan, tiled=True)]


@pytest.mark.parametrize("function", ["value", "grad", "hvp"])
@pytest.mark.parametrize("program", FEWER_ROW_PROGRAMS)
def test_every_name_is_a_value_or_one_of_our_own(program, function):
    """None is left to Python, whose `sum` adds up in another order."""
    ours = rows._UFUNCS.keys() | rows._HELPERS.keys()
    fixed = (("class_weight", 1.0),)
    for setting in settings(program):
        for choices in ({}, {"fixed": fixed}, {"errors": False, "fixed": fixed}):
            for text in texts(program, function, setting, **choices):
                names = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)]
                made = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {"int"}
                (head,) = ast.parse(text).body
                made |= {a.arg for a in head.args.args}
                assert {n.id for n in names} <= made | ours, text


def test_what_is_once_a_class_is_added_up_as_numpy_does():
    """In pairs: from the left, 0.1 a hundred thousand times would be off by thousands of ulp."""
    text = "def value(x, w):\n    return x + np.sum(w, axis=0), np.max(w, axis=0)*1.0\n"
    named = {"x": np.zeros((2, 100_000)), "w": np.full(100_000, 0.1)}
    shapes = {"x": "bc", "w": "c"}
    found, most = run_plan(text, named, shapes)
    assert_same_bits(found, np.broadcast_to(named["w"].sum(), found.shape))
    assert_same_bits(most, np.full(2, 0.1))
    assert found[0, 0] != sum(named["w"])


@pytest.mark.parametrize("label", [0, 4, 5, 9])
@pytest.mark.parametrize("tile", [1, 5, 100])
def test_a_pin_writes_in_the_tile_that_has_its_class(tile, label):
    text = (
        "def value(x, y):\n    C = x.shape[1]\n"
        "    return np.where((np.arange(C) == y[:, None]), -1.0, x*2.0)\n"
    )
    named = {"x": np.arange(20.0).reshape(2, 10), "y": np.array([label, 9 - label])}
    (found,) = run_plan(text, named, {"x": "bc", "y": "b"}, tile=tile)
    expected = 2 * named["x"]
    expected[[0, 1], named["y"]] = -1.0
    assert_same_bits(found, expected)


@pytest.mark.parametrize("tile", [2, 100])
def test_results_that_lack_an_axis_are_repeated(tile):
    text = (
        "def value(x, u, w):\n    B = x.shape[0]\n    C = x.shape[1]\n"
        "    return np.broadcast_to(-u[:, None], (B, C)), np.broadcast_to(w, (B, C)), 3.0\n"
    )
    plan = plan_of(text, {"x": "bc", "u": "b", "w": "c"})
    named = {"u": np.arange(3.0), "w": np.arange(5.0) + 9}
    results = [np.empty((3, 5), np.float32) for _ in range(3)]
    rows.RowProgram(plan).run(3, 5, named, results, tile=tile)
    for found, expected in zip(
        results, (-named["u"][:, None], named["w"], np.array(3.0)), strict=True
    ):
        assert_same_bits(found, np.broadcast_to(expected, found.shape))
