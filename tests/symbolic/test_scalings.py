"""Scalings of matrices by vectors: gathered into one, exact, and only where that saves a run."""

import sympy as sp

from refloss.symbolic.build import Build
from refloss.symbolic.functions import Ratio, Scaled
from refloss.symbolic.program import axis, indexed, name_of
from refloss.symbolic.scalings import gather_scalings

b, c, d = axis("b", "B"), axis("c", "C"), axis("d", "D")


def gathered(*statements, outputs, constants=()):
    """Return the gathered statements of a program over a matrix ``dot`` by name."""
    P = Build("matrices", "stable")
    x, w, y = P.real("x", b, d), P.real("w", c, d), P.label("y", b)
    pull, width = P.real("pull", b), P.real("width", c)
    consts = [P.const(name) for name in constants]
    made = {"x": x, "w": w, "y": y, "pull": pull, "width": width}
    made["dot"] = P.let("dot", [b, c], sp.Sum(x[b, d] * w[c, d], d))
    for name, axes, expr in statements:
        made[name] = P.let(name, axes, expr(made, *consts))
    program = gather_scalings(P.finish(*outputs), c)
    return {let.target.name: let.expr for let in program.lets}, made


def reads(expr):
    return {name_of(read) for read in indexed(expr)}


def test_two_scalings_by_one_vector_become_one():
    found, made = gathered(
        ("unit", [b, c], lambda t: Ratio(t["dot"][b, c], t["width"][c], 0)),
        ("z", [b, c], lambda t: 4 * t["unit"][b, c]),
        outputs=["z"],
    )
    assert found["z"] == Scaled(made["dot"][b, c], 4, made["width"][c])
    assert "unit" not in found


def test_a_choice_by_constants_is_a_choice_of_divisors():
    found, made = gathered(
        (
            "unit",
            [b, c],
            lambda t, keeps: sp.Piecewise(
                (Ratio(t["dot"][b, c], t["width"][c], 0), sp.Eq(keeps, 0)), (t["dot"][b, c], True)
            ),
        ),
        ("z", [b, c], lambda t, keeps: 4 * t["unit"][b, c]),
        outputs=["z"],
        constants=["keeps"],
    )
    matrix, factor, divisor = found["z"].args
    assert (matrix, factor) == (made["dot"][b, c], 4)
    (value, _), (other, _) = found[name_of(divisor)].args
    assert (value, other) == (made["width"][c], 1)


def test_vectors_along_different_axes_stay_apart():
    found, _ = gathered(
        ("left", [b, c], lambda t: t["pull"][b] * t["dot"][b, c]),
        ("z", [b, c], lambda t: Ratio(t["left"][b, c], t["width"][c], 0)),
        outputs=["z"],
    )
    assert reads(found["z"]) >= {"left", "width"}
    assert reads(found["left"]) == {"pull", "dot"}


def test_a_sum_reads_the_matrix_that_it_names():
    found, _ = gathered(
        ("left", [b, c], lambda t: t["pull"][b] * t["dot"][b, c]),
        ("total", [c], lambda t: sp.Sum(t["left"][b, c] * t["dot"][b, c], b)),
        outputs=["total"],
    )
    assert reads(found["total"]) == {"left", "dot"}


def test_a_zero_that_a_factor_has_already_is_not_put_again():
    def zeroed(t, value):
        return sp.Piecewise((0, sp.Eq(c, t["y"][b])), (value, True))

    found, _ = gathered(
        ("share", [b, c], lambda t: zeroed(t, sp.exp(t["dot"][b, c]))),
        ("bar", [b, c], lambda t: zeroed(t, t["pull"][b] * t["share"][b, c])),
        ("other", [b, c], lambda t: zeroed(t, t["pull"][b] * t["dot"][b, c])),
        outputs=["bar", "other"],
    )
    assert isinstance(found["bar"], Scaled)
    assert isinstance(found["other"], sp.Piecewise)


def test_a_number_that_lies_along_an_inner_axis_stays_in_its_choice():
    found, _ = gathered(
        (
            "way",
            [c, d],
            lambda t, keeps: (
                t["w"][c, d] * sp.Piecewise((t["width"][c], sp.Eq(keeps, 0)), (1, True))
            ),
        ),
        outputs=["way"],
        constants=["keeps"],
    )
    assert not found["way"].has(Scaled)


def test_a_scaling_is_the_product_over_the_divisor():
    m, f, n = sp.symbols("m f n")
    assert Scaled(m, f, sp.S.One).exact() == m * f
    assert Scaled(m, f, n).exact() == Ratio(m * f, n, sp.S.Zero)
