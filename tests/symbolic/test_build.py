"""What the author writes, and every mistake that is caught while a program is built."""

import re

import pytest
import sympy as sp

from refloss.symbolic.build import Build, DefinitionError, Vocabulary
from refloss.symbolic.functions import ArgMaxOver, MaxOver
from refloss.symbolic.program import Tensor, axis, size_of

b, c, d = axis("b", "B"), axis("c", "C"), axis("d", "D")


@pytest.fixture
def rows():
    """Return a program with an input of rows, a column, a label and a constant."""
    P = Build("rows")
    P.real("x", b, c)
    P.real("u", b)
    P.label("y", b)
    P.const("s")
    return P


def read(P, name):
    return P.program.tensor(name)


def refuses(message):
    return pytest.raises(DefinitionError, match=f"^{re.escape(message)}$")


# ------------------------------------------------------------------------------ what is built


def test_statements_come_out_in_the_order_written(rows):
    u = read(rows, "u")
    first = rows.let("first", [b], u[b] + 1, "one more")
    rows.let("second", [b], first[b] ** 2)
    program = rows.finish("second")
    assert [let.target.name for let in program.lets] == ["first", "second"]
    assert program.lets[0].doc == "one more"
    assert program.outputs == ("second",)
    assert [t.name for t in program.inputs] == ["x", "u", "y"]
    assert [str(symbol) for symbol in program.consts] == ["s"]


def test_labels_are_integers_and_reals_are_real(rows):
    x, y = read(rows, "x"), read(rows, "y")
    assert y.label
    assert y[b].is_integer
    assert not x.label
    assert x[b, c].is_real
    assert x[b, c].is_integer is None


def test_a_number_keeps_its_exact_value_and_its_sign(rows):
    symbol = rows.number("quarter_turn", sp.pi / 2)
    assert rows.program.numbers == ((symbol, sp.pi / 2),)
    assert symbol.is_positive


def test_inner_reductions_become_statements_of_their_own(rows):
    x = read(rows, "x")
    total = sp.Sum(sp.exp(x[b, c]), c)
    rows.let("loss", [b], sp.log(total) + total - MaxOver(x[b, c], c))
    kinds = {let.target.name: (let.reduce, let.over) for let in rows.program.lets}
    assert kinds == {
        "loss_max": ("max", (c,)),
        "loss_sum1": ("sum", (c,)),
        "loss": ("", ()),
    }
    final = rows.program.lets[-1].expr
    assert not final.has(sp.Sum, MaxOver)


def test_a_lifted_reduction_keeps_only_the_axes_that_it_uses(rows):
    x = read(rows, "x")
    rows.let("loss", [b, d], sp.Sum(x[b, c], c) + d)
    assert rows.program.tensor("loss_sum").axes == (b,)


def test_nested_reductions_are_lifted_from_the_outside_in(rows):
    x = read(rows, "x")
    rows.let("loss", [], 1 + sp.Sum(sp.log(sp.Sum(x[b, c] ** 2, c)), b))
    assert [(let.target.name, let.reduce) for let in rows.program.lets] == [
        ("loss_sum_sum", "sum"),
        ("loss_sum", "sum"),
        ("loss", ""),
    ]


def test_a_statement_that_is_a_reduction_is_one_statement(rows):
    x = read(rows, "x")
    rows.let("total", [], sp.Sum(x[b, c], b, c))
    (let,) = rows.program.lets
    assert (let.reduce, let.over) == ("sum", (b, c))


def test_an_argmax_is_a_label(rows):
    x = read(rows, "x")
    at = rows.let("at", [b], ArgMaxOver(x[b, c], c))
    assert at.label
    rows.let("peak", [b], x[b, at[b]])


def test_partials_may_read_what_is_named_later(rows):
    u = read(rows, "u")
    root = rows.let("root", [b], sp.sqrt(u[b]))
    inverse = rows.let("inverse", [b], 1 / root[b])
    rows.partials(root, {u[b]: inverse[b] / 2})
    assert rows.program.lets[0].partials == ((u[b], inverse[b] / 2),)
    assert rows.program.lets[1].partials == ()


def test_the_form_chooses_the_body():
    @Vocabulary
    def double(P, u):
        """Name twice u."""
        P.let("twice", [b], 2 * u[b])

    @double.when_stable
    def _(P, u):
        P.let("twice", [b], u[b] + u[b] + 0 * u[b])
        P.let("extra", [b], u[b])

    def names(form):
        P = Build("p", form)
        double(P, P.real("u", b))
        return [let.target.name for let in P.program.lets]

    assert names("plain") == ["twice"]
    assert names("stable") == ["twice", "extra"]
    assert (double.__name__, double.__doc__) == ("double", "Name twice u.")


def test_two_axes_may_share_a_size():
    assert size_of(axis("i", "B")) == size_of(axis("j", "B"))


# --------------------------------------------------------------------------- authors' errors


@pytest.mark.parametrize(
    "name",
    ["lambda", "match", "union", "register", "float", "double", "threadIdx", "warpSize", "np", "F"],
)
def test_reserved_names(rows, name):
    message = f"name {name!r} is reserved in Python, C or CUDA"
    for declare in (rows.real, rows.label, rows.const, lambda n: rows.number(n, sp.pi)):
        with refuses(message):
            declare(name)
    with refuses(message):
        rows.let(name, [], sp.S.One)


@pytest.mark.parametrize("name", ["2x", "a b", "α", "a-b", ""])
def test_names_that_are_no_identifiers(rows, name):
    with refuses(f"name {name!r} is not an identifier"):
        rows.real(name, b)


@pytest.mark.parametrize("name", ["x", "y", "s", "scale", "done"])
def test_taken_names(rows, name):
    rows.number("scale", sp.pi)
    rows.let("done", [b], read(rows, "u")[b])
    message = f"name {name!r} is taken in 'rows'"
    for declare in (rows.real, rows.const, lambda n: rows.let(n, [], sp.S.One)):
        with refuses(message):
            declare(name)


def test_a_name_that_an_inner_reduction_would_take(rows):
    x = read(rows, "x")
    rows.let("loss_sum", [b], x[b, 0])
    with refuses("name 'loss_sum' is taken in 'rows'"):
        rows.let("loss", [b], 1 + sp.Sum(x[b, c], c))


def test_unknown_axis(rows):
    with refuses("'loss' uses unknown axis c"):
        rows.let("loss", [b], read(rows, "x")[b, c])


def test_an_axis_used_as_a_value_must_be_known(rows):
    with refuses("'loss' uses unknown axis c, d"):
        rows.let("loss", [b], read(rows, "u")[b] + c * d)


def test_a_bound_axis_is_not_known_outside_its_reduction(rows):
    x = read(rows, "x")
    with refuses("'loss' uses unknown axis c"):
        rows.let("loss", [b], sp.Sum(x[b, c], c) + x[b, c])


def test_a_read_before_its_statement(rows):
    later = Tensor("later", (b,))
    with refuses("'loss' reads 'later' before its statement"):
        rows.let("loss", [b], later[b])


def test_a_statement_that_reads_itself(rows):
    with refuses("'loss' reads 'loss' before its statement"):
        rows.let("loss", [b], Tensor("loss", (b,))[b] + 1)


@pytest.mark.parametrize(("indices", "count"), [((b,), 1), ((b, c, b), 3)])
def test_wrong_number_of_indices(rows, indices, count):
    x = Tensor("x", (b, c))
    wrong = sp.Indexed(sp.IndexedBase("x", real=True), *indices)
    with refuses(f"'loss' reads {wrong}: expected 2 indices, got {count}"):
        rows.let("loss", [b, c], wrong + x[b, c])


def test_a_scalar_is_read_at_zero_only_once(rows):
    total = rows.let("total", [], sp.Sum(read(rows, "u")[b], b))
    rows.let("loss", [b], total.here * read(rows, "u")[b])
    with pytest.raises(DefinitionError, match="expected 1 indices, got 2"):
        rows.let("wrong", [b, c], sp.Indexed(total.base.label, b, c))


@pytest.mark.parametrize(
    "reduction", [lambda e: sp.Sum(e, c), lambda e: MaxOver(e, c), lambda e: ArgMaxOver(e, c)]
)
def test_a_reduction_over_an_axis_that_the_target_keeps(rows, reduction):
    with refuses("'loss' reduces over ['c'], which its target keeps"):
        rows.let("loss", [b, c], reduction(read(rows, "x")[b, c]))


def test_undeclared_symbols(rows):
    p, q = sp.symbols("p q", real=True)
    with refuses("'loss' uses p, q, which is neither declared nor defined"):
        rows.let("loss", [b], p * q * read(rows, "u")[b])


def test_a_declared_symbol_under_other_assumptions_is_another(rows):
    with refuses("'loss' uses s, which is neither declared nor defined"):
        rows.let("loss", [b], sp.Symbol("s") * read(rows, "u")[b])


def test_unknown_output(rows):
    with refuses("output 'loss' is not defined in 'rows'"):
        rows.finish("loss")


def test_partials_of_something_that_is_no_statement(rows):
    u = read(rows, "u")
    with refuses("'u' is no statement of 'rows'"):
        rows.partials(u, {u[b]: sp.S.One})


def test_partials_are_checked_like_statements(rows):
    u = read(rows, "u")
    twice = rows.let("twice", [b], 2 * u[b])
    with refuses("'twice' uses k, which is neither declared nor defined"):
        rows.partials(twice, {u[b]: sp.Symbol("k")})
    with refuses("'twice' reads 'v' before its statement"):
        rows.partials(twice, {Tensor("v", (b,))[b]: sp.S.One})


def test_a_form_that_is_neither_plain_nor_stable():
    with refuses("form: expected 'plain' or 'stable', got 'fast'"):
        Build("rows", "fast")


def test_a_tensor_that_is_not_there(rows):
    with pytest.raises(KeyError, match="program 'rows' has no tensor 'z'"):
        rows.program.tensor("z")
