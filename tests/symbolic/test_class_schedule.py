"""Visits over parts of the classes: levels, what is held, gathers, and texts that follow them."""

import numpy as np
import pytest
import sympy as sp

from refloss.run.class_blocks import ClassBlocks
from refloss.symbolic import calculus
from refloss.symbolic.build import Build
from refloss.symbolic.class_schedule import class_schedule
from refloss.symbolic.functions import LogSumExpOver, MaxOver, NormOver, Ratio
from refloss.symbolic.printers import head_text
from refloss.symbolic.program import axis

b, c, d = axis("b", "B"), axis("c", "C"), axis("d", "D")
rng = np.random.default_rng(3)
X, W, Y = rng.normal(size=(4, 3)), rng.normal(size=(7, 3)), np.array([6, 0, 3, 3])


def head(extra=lambda P, z: None):
    P = Build("head", "stable")
    x, w, y = P.real("x", b, d), P.real("w", c, d), P.label("y", b)
    width = P.let("width", [c], NormOver(w[c, d], d))
    P.partials(width, {w[c, d]: Ratio(w[c, d], width[c], 0)})
    dot = P.let("dot", [b, c], sp.Sum(x[b, d] * w[c, d], d))
    z = P.let("z", [b, c], dot[b, c] / width[c])
    lse = P.let("lse", [b], LogSumExpOver(z[b, c], c))
    share = P.let("share", [b, c], sp.exp(z[b, c] - lse[b]))
    P.partials(lse, {z[b, c]: share[b, c]})
    own = P.let("own", [b], sp.Sum(x[b, d] * w[y[b], d], d) / width[y[b]])
    extra(P, z)
    P.let("loss", [b], lse[b] - own[b])
    return P.finish("loss")


def names(lets):
    return [let.target.name for let in lets]


def test_a_value_takes_one_visit_and_its_gradient_another():
    value = class_schedule(head(), c)
    assert len(value.visits) == 1
    assert names(value.visits[0].reductions) == ["lse"]
    assert names(value.visits[0].terms) == ["width", "dot", "z_factor", "z"]
    assert "loss" in names(value.after)
    assert not value.held
    gradient = class_schedule(calculus.grad(head(), "loss", ["x", "w"]), c)
    assert len(gradient.visits) == 2
    assert gradient.visits[1].stores == ("w_bar",)
    assert gradient.held == {"dot", "width"}


def test_what_is_read_at_a_label_belongs_to_the_item():
    schedule = class_schedule(head(), c)
    before = names(schedule.visits[0].before)
    assert before[:2] == ["w_at_y", "own_sum"] or "w_at_y" in before
    assert "width_at_y" in before


def test_a_value_at_a_label_that_sums_over_items_is_refused():
    def crowded(P, z):
        total = P.let("total", [c], sp.Sum(z[b, c], b))
        P.let("mine", [b], total[P.program.tensor("y")[b]])

    program = head(crowded).with_outputs("mine")
    with pytest.raises(ValueError, match="'total' sums over items"):
        class_schedule(program, c)


def test_a_maximum_over_parts_has_no_text():
    P = Build("peak")
    x, w = P.real("x", b, d), P.real("w", c, d)
    dot = P.let("dot", [b, c], sp.Sum(x[b, d] * w[c, d], d))
    P.let("loss", [b], MaxOver(dot[b, c], c))
    with pytest.raises(ValueError, match="'loss': no max over parts of classes"):
        head_text.function("value", P.finish("loss"), c, "Doc.")


def run(text, function, size, keeps, *arguments, real=np.float64):
    scope = {}
    exec(text, scope)
    return scope[function](ClassBlocks(real, size, keeps=keeps), *arguments)


def whole():
    """Return loss and gradients by whole matrices."""
    width = np.linalg.norm(W, axis=1)
    z = X @ W.T / width
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(4), Y])
    g = (p - np.eye(7)[Y]) * np.array([1.0, -2.0, 0.5, 3.0])[:, None]
    w_bar = (g.T @ X - (g * z).sum(axis=0)[:, None] * W / width[:, None]) / width[:, None]
    return loss, g @ (W / width[:, None]), w_bar


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_text_gives_the_same_whatever_the_parts(size, keeps):
    bars = np.array([1.0, -2.0, 0.5, 3.0])
    gradient = calculus.grad(head(), "loss", ["x", "w"])
    text = head_text.function("grad", gradient, c, "Doc.")
    assert "F.real(x) @ w_part.T" in text
    assert "dot_bar.T @ F.real(x)" in text
    got = run(text, "grad", size, keeps, X, W, Y, bars)
    for found, expected in zip(got, whole(), strict=True):
        size = np.abs(expected).max()
        assert np.abs(found - expected).max() <= 32 * np.finfo(np.float64).eps * size


def test_matrices_are_of_the_format_that_is_asked_for():
    text = head_text.function("value", head(), c, "Doc.")
    assert run(text, "value", 2, True, X, W, Y, real=np.float32).dtype == np.float64
    narrow = run(text, "value", 2, True, X, W.astype(np.float32), Y, real=np.float32)
    bound = 32 * np.finfo(np.float32).eps * np.abs(whole()[0]).max()
    assert np.abs(narrow - whole()[0]).max() <= bound


def test_no_input_is_written_to():
    bars = np.ones(4)
    given = [array.copy() for array in (X, W, Y, bars)]
    for array in given:
        array.flags.writeable = False
    text = head_text.function("grad", calculus.grad(head(), "loss", ["x", "w"]), c, "Doc.")
    run(text, "grad", 2, True, *given)
