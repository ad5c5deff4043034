"""Row kernels as a device runs them: numbers of rows and classes, layouts, schedules."""

import numpy as np
import pytest

from ..row_regimes import RowCase, wide_rows
from ..row_subject import RowSubject
from ..test_row_bars import in_format
from .fibers import SCHEDULES, unit_of
from .memory import LAYOUTS
from .row_runs import GROUPS, Rows, drawn
from .runs import FUNCTIONS, REALS, defaults, launch, same_bits

WEIGHTS = (0.5, 1.0, 2.0, 4.0)
MIXED = {"label_smoothing": 0.1, "z_loss": 1e-4}
SUBJECTS = [RowSubject(MIXED, soft, WEIGHTS) for soft in (False, True)]
PLAIN = [RowSubject(), RowSubject(soft=True)]
SIZES = [(1, 2), (3, 3), (32, 5), (33, 31), (31, 32), (5, 33), (3, 255), (2, 256), (3, 257)]
WIDE = [(2, 1023), (1, 1024), (2, 1025)]
MANY = 40_000
EVERYWHERE = pytest.mark.parametrize(
    ("subject", "real", "group", "block"),
    [(s, r, *g) for s in SUBJECTS for r in REALS for g in GROUPS],
    ids=str,
)


def rows(n: int, classes: int, real: str) -> RowCase:
    """Return `n` rows: by turns plain, confident, and with some logits far below."""
    kinds = list(wide_rows(n, classes).values())
    made = [kinds[i % 3].rows(np.array([i])) for i in range(n)]
    parts = ("logits", "labels", "probabilities")
    case = RowCase(*(np.concatenate([getattr(one, part) for one in made]) for part in parts))
    held = in_format(case, real)
    assert held is not None
    assert len(held) == n
    return held


@EVERYWHERE
def test_any_number_of_classes_meets_the_bars(subject, real, group, block):
    for n, classes in SIZES + WIDE:
        case = rows(n, classes, real)
        upstream, direction = drawn(subject, case, real)
        known = subject.truth(case, upstream, direction, real)
        Rows(subject, real, group, block).check(case, upstream, direction, known, str(classes))


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", PLAIN, ids=str)
def test_a_row_of_many_classes_meets_the_bars(subject, real):
    case = rows(1, MANY, real)
    upstream, direction = drawn(subject, case, real)
    known = subject.truth(case, upstream, dtype=real)
    for group, block in GROUPS:
        Rows(subject, real, group, block).check(case, upstream, direction, known, str(MANY))


@EVERYWHERE
def test_schedules_layouts_and_blocks_change_no_bit(subject, real, group, block):
    run = Rows(subject, real, group, block).run
    for n, classes in ((1, 2), (9, 33), (3, 257), (2, 1025)):
        case = rows(n, classes, real)
        for function in FUNCTIONS:
            given = function, case, *drawn(subject, case, real)
            whole = run(*given)
            for schedule in SCHEDULES[1:]:
                assert same_bits(run(*given, schedule=schedule), whole), (function, schedule)
            if n < 9:
                continue
            for layout in LAYOUTS[1:]:
                assert same_bits(run(*given, layout=layout), whole), (function, layout)
            for blocks in (1, 2, 40):
                assert same_bits(run(*given, blocks=blocks), whole), (function, blocks)


@pytest.mark.parametrize("rows_", [0, 1, 31, 32, 33, 255, 256, 257, 1023, 1024, 1025])
def test_any_number_of_rows(rows_):
    case = rows(1025, 3, "float32")
    run = Rows(SUBJECTS[0], "float32", 32, 128).run
    every = run("grad", case, *drawn(SUBJECTS[0], case, "float32"))
    some = case.rows(np.arange(1025) < rows_)
    upstream, direction = drawn(SUBJECTS[0], case, "float32")
    found = run("grad", some, upstream[:rows_], direction[:rows_], blocks=2)
    assert same_bits(found, {name: array[:rows_] for name, array in every.items()})


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("group", "block"), GROUPS)
def test_ignored_rows_are_0_and_leave_the_others_alone(function, group, block):
    subject, case = SUBJECTS[0], rows(33, 70, "float64")
    given = drawn(subject, case, "float64")
    run = Rows(subject, "float64", group, block).run
    every = run(function, case, *given)
    skipped = np.arange(33) % 3 == 1
    labels = np.where(skipped, -100, case.labels)
    logits = np.where(skipped[:, None], np.nan, case.logits)
    some = RowCase(logits, labels, case.probabilities)
    for schedule in SCHEDULES:
        found = run(function, some, *given, schedule=schedule, ignore=-100)
        for name, array in found.items():
            assert array[~skipped].tobytes() == every[name][~skipped].tobytes(), name
            assert (array[skipped] == 0).all(), name


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("group", "block"), GROUPS)
def test_rows_of_classes_that_do_not_exist_are_nan_and_leave_the_others_alone(
    function, group, block
):
    subject, case = SUBJECTS[0], rows(9, 70, "float64")
    given = drawn(subject, case, "float64")
    run = Rows(subject, "float64", group, block).run
    every = run(function, case, *given)
    labels = case.labels.copy()
    labels[[1, 4, 6, 7]] = 70, -1, 2**62, -(2**62)
    bad = labels != case.labels
    some = RowCase(case.logits, labels, case.probabilities)
    for schedule in SCHEDULES:
        found = run(function, some, *given, schedule=schedule, ignore=-100)
        for name, array in found.items():
            assert array[~bad].tobytes() == every[name][~bad].tobytes(), name
            assert np.isnan(array[bad]).all(), name


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", PLAIN, ids=str)
def test_constants_that_are_numbers_change_no_bit(subject, real, function):
    program, case = subject.spec.program, rows(5, 257, real)
    upstream, direction = drawn(subject, case, real)
    inputs = {
        "logits": case.logits,
        "target": case.probabilities if subject.soft else case.labels,
        "class_weight": np.resize(WEIGHTS, 257),
        "loss_bar": upstream,
        "logits_dot": direction[:, :257],
        "target_dot": direction[:, 257:],
    }
    constants = defaults(program)
    fixed = launch(unit_of(program, function, real, baked=constants), [5, 257], inputs, {})
    free = launch(unit_of(program, function, real), [5, 257], inputs, constants)
    assert same_bits(fixed, free)
