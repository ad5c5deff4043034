"""Parts of classes: formats, norms, reductions part by part, and the budget of memory."""

import numpy as np
import pytest

from refloss.run.class_blocks import ClassBlocks, LogSumExp, blocks_for

INF = np.inf


def blocks(real=np.float64, size=2, keeps=True):
    return ClassBlocks(real, size, keeps=keeps)


@pytest.mark.parametrize("real", [np.float32, np.float64])
@pytest.mark.parametrize("cuts", [(5,), (1, 1, 1, 1, 1), (2, 3)])
def test_log_sum_exp_is_that_of_the_whole_row(real, cuts):
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(4, 5)) * 50).astype(real)
    rows[1, 0] = 900.0
    rows[2] = -INF
    rows[3, 1:] = -INF
    found, start = LogSumExp(np), 0
    for width in cuts:
        found.add(rows[:, start : start + width])
        start += width
    wide = rows.astype(np.longdouble)
    top = np.where(np.isinf(wide.max(axis=1)), 0, wide.max(axis=1))
    with np.errstate(divide="ignore"):
        expected = top + np.log(np.exp(wide - top[:, None]).sum(axis=1))
    got = found.result()
    assert got.dtype == np.float64
    assert got[2] == -INF
    kept = np.isfinite(expected)
    bound = 8 * np.finfo(real).eps * np.maximum(np.abs(expected[kept]), 1)
    assert (np.abs(got[kept] - expected[kept]) <= bound).all()


def test_a_nan_stays_in_its_row():
    found = LogSumExp(np)
    found.add(np.array([[0.0, np.nan], [0.0, 0.0]]))
    found.add(np.array([[1.0], [-INF]]))
    got = found.result()
    assert np.isnan(got[0])
    assert got[1] == np.log(2.0)


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_norms_neither_overflow_nor_underflow(real):
    small, large = (1e-160, 1e200) if real is np.float64 else (1e-30, 1e30)
    rows = np.array([[3, 4], [3 * small, 4 * small], [3 * large, 4 * large], [0, 0]], real)
    got = blocks(real).norm(rows)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, [5, 5 * small, 5 * large, 0], rtol=4 * np.finfo(real).eps)


def test_norms_of_what_is_not_finite():
    got = blocks().norm(np.array([[np.nan, 1.0], [INF, 1.0], [5e-324, 0.0]]))
    assert np.isnan(got[0])
    assert got[1] == INF
    assert got[2] == 5e-324


def test_parts_cover_all_classes_once():
    parts = list(blocks(size=3).parts(8))
    assert [(p.start, p.stop) for p in parts] == [(0, 3), (3, 6), (6, 8)]
    assert list(blocks().parts(0)) == []


def test_pinning_replaces_one_column_of_the_items_whose_label_is_there():
    F = blocks(size=3)
    columns = F.columns(np.array([4, 0, 3]), slice(3, 6))
    got = F.pinned(np.zeros((3, 3)), columns, np.array([7.0, 8.0, 9.0]))
    np.testing.assert_array_equal(got, [[0, 7, 0], [0, 0, 0], [9, 0, 0]])
    np.testing.assert_array_equal(F.pinned(2.0, columns, 0.0), [[2, 0, 2], [2, 2, 2], [0, 2, 2]])


def test_scattering_adds_rows_of_items_with_one_label():
    F = blocks(size=3)
    columns = F.columns(np.array([4, 4, 0]), slice(3, 6))
    np.testing.assert_array_equal(F.scattered(columns, np.array([1.0, 2.0, 4.0])), [0, 3, 0])
    rows = np.array([[1.0, 0.5], [2.0, 0.25], [4.0, 4.0]])
    np.testing.assert_array_equal(F.scattered(columns, rows), [[0, 0], [3, 0.75], [0, 0]])
    np.testing.assert_array_equal(F.scattered(columns, 0.0), [0, 0, 0])


def test_long_rows_are_added_like_short_ones():
    F = blocks(size=3)
    columns = F.columns(np.array([4, 4, 0, 3]), slice(3, 6))
    rows = np.random.default_rng(1).normal(size=(4, 40))
    got = F.scattered(columns, rows)
    short = [F.scattered(columns, rows[:, k : k + 1])[:, 0] for k in range(40)]
    np.testing.assert_array_equal(got, np.stack(short, axis=1))


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_a_scaling_is_within_the_format_wherever_the_result_is(real):
    F, tiny, largest = blocks(real), np.finfo(real).tiny, np.finfo(real).max
    divisor = np.array([tiny, 2.0, largest, 0.0])
    matrix = np.array([[tiny, 3.0, largest, 1.0]], real)
    with np.errstate(over="ignore"):
        got = F.scaled(matrix, 64.0, divisor)
    assert got.dtype == real
    np.testing.assert_array_equal(got, [[64.0, 96.0, 64.0, 0.0]])
    assert F.scaled(matrix, 1.0) is matrix
    assert F.scaled(matrix, 1.0, 1.0) is matrix
    column = np.array([[1e-30 if real is np.float32 else 1e-200]])
    np.testing.assert_allclose(F.scaled(matrix, column)[0, 1], 3 * column[0, 0], rtol=1e-6)


def test_sums_of_products_lose_nothing_that_the_format_cannot_hold():
    F, small = blocks(np.float32), np.float32(2.0**-100)
    a, b = np.full((3, 2), small), np.array([[1, 2], [4, 8], [16, 32]], np.float32) * small
    got = F.dots(a, b, 0)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, [21 * 2.0**-200, 42 * 2.0**-200])


def test_what_may_be_written_to_is_no_other_name_s():
    F, matrix = blocks(), np.ones((2, 2))
    assert F.fresh(matrix) is not matrix
    assert F.fresh(F.scaled(matrix, 1.0), matrix) is not matrix
    scaled = F.scaled(matrix, 2.0)
    assert F.fresh(scaled, matrix) is scaled


def test_a_product_is_computed_where_it_is_kept():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(24.0).reshape(3, 8)
    for keeps in (True, False):
        F = blocks(size=3, keeps=keeps)
        for here in F.parts(8):
            np.testing.assert_array_equal(
                F.hold_product("dot", here, a, b[:, here]), a @ b[:, here]
            )
            found = F.held("dot", here, lambda: None)
            assert (found is None) is not keeps
            assert found is None or np.array_equal(found, a @ b[:, here])


def test_products_are_held_only_if_asked_for_and_numbers_a_class_always():
    here, made = slice(0, 2), []

    def again():
        made.append(1)
        return "again"

    for keeps, expected in ((True, "held"), (False, "again")):
        F = blocks(keeps=keeps)
        assert len(list(F.parts(2))) == 1
        matrix, vector = np.arange(4.0).reshape(2, 2), np.zeros(2)
        np.testing.assert_array_equal(F.hold("dot", here, matrix), matrix)
        assert F.hold("norm", here, vector) is vector
        found = F.held("dot", here, again)
        assert np.array_equal(found, matrix) if expected == "held" else found == "again"
        assert F.held("norm", here, again) is vector
    assert made == [1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_results_are_rounded_into_their_room(dtype):
    F = blocks(np.float32)
    room = F.like(np.zeros((2, 2), dtype))
    F.store(room, slice(0, 2), np.full((2, 2), 1.0009765, np.float32))
    assert room.dtype == dtype
    np.testing.assert_array_equal(room, np.full((2, 2), np.float32(1.0009765)).astype(dtype))


def test_held_matrices_of_parts_lie_beside_each_other():
    F = blocks(size=3, keeps=True)
    made = {p.start: np.full((2, p.stop - p.start), float(p.start)) for p in F.parts(8)}
    for here in F.parts(8):
        F.hold("dot", here, made[here.start])
    found = [F.held("dot", here, lambda: None) for here in F.parts(8)]
    assert [f.tolist() for f in found] == [m.tolist() for m in made.values()]
    assert len({id(f.base) for f in found}) == 1


@pytest.mark.parametrize("function", ["value", "grad", "hvp"])
def test_products_are_held_where_the_budget_has_room_for_them(function):
    rows, classes, parts = 64, 10_000, 32
    found = [
        blocks_for(function, np.float32, rows, classes, parts, memory)
        for memory in (1, 1_000_000, 100_000_000)
    ]
    assert [f.keeps for f in found] == [False, function == "value", True]
    sizes = [f.size for f in found]
    assert sizes[0] == 1
    assert sizes == sorted(sizes)
