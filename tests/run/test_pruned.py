"""Statements that no wanted result needs are left out, and nothing else."""

import numpy as np
import pytest

from refloss.run.class_blocks import ClassBlocks
from refloss.run.kernels import library
from refloss.run.pruned import pruned

TEXT = """
def run(F, a, b):
    np = F.np
    double = a*2.0
    total = 0.0
    spare = F.like(b)
    for here in F.parts(3):
        part = b[here]
        F.store(spare, here, part + double)
        total += part.sum()
    other = wrong(a)
    return double, total, spare, other
"""


def run(*wanted):
    def wrong(a):
        raise AssertionError("nobody asked")

    function = pruned(TEXT, {"wrong": wrong}, "run", wanted)
    return function(ClassBlocks(np.float64, 2, keeps=True), 3.0, np.arange(3.0))


def test_what_is_wanted_comes_by_name():
    assert run("double") == {"double": 6.0}
    assert run("total") == {"total": 3.0}
    found = run("spare", "total")
    np.testing.assert_array_equal(found["spare"], [6.0, 7.0, 8.0])
    assert found["total"] == 3.0


def test_what_is_asked_for_is_computed():
    with pytest.raises(AssertionError, match="nobody asked"):
        run("other")


def test_a_gradient_by_embeddings_multiplies_no_matrix_for_the_classes():
    rng = np.random.default_rng(0)
    x, weight, target = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), np.array([0, 3, 1])
    kernel = library().head("normface")
    constants = {
        k: float(v) for k, v in library().index["programs"]["normface"]["constants"].items()
    }
    given = {"x": x, "weight": weight, "target": target, "scale": 4.0, "loss_bar": np.ones(3)}
    whole = kernel.module.grad(ClassBlocks(np.float64, 2, keeps=True), **given, **constants)
    loss, by_x, *_ = whole
    for wanted, expected in (({"x_bar"}, {"x_bar": by_x}), ({"loss"}, {"loss": loss})):
        some = kernel.some("grad", frozenset(wanted))
        names = set(some.__code__.co_varnames)
        assert "weight_bar" not in names
        found = some(ClassBlocks(np.float64, 2, keeps=True), **given, **constants)
        assert found.keys() == expected.keys()
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)
