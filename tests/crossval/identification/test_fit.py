"""Factors, offsets, and what counts as agreement."""

import numpy as np
import pytest

from crossval.identification.fit import Values, fit, measure, named, plain, plainly, simplified

U = 2.0**-53
RANDOM = np.random.Generator(np.random.PCG64(1))
LOSS = RANDOM.random(60) * 2
SEEN = Values(LOSS, np.full(60, 3.0))


@pytest.mark.parametrize(
    ("factor", "offset"),
    [
        (1, 0),
        (-1, 1),
        (-1, 0),
        (2, 0),
        (2.5, 0),
        (1 / 3, 0),
        (np.pi / 3, 0),
        (1, 0.25),
        (2.37, 1e-6),
    ],
)
def test_a_relation_is_found_through_rounding(factor, offset):
    noise = 1 + U * RANDOM.integers(-4, 5, 60)
    got = (factor * LOSS + offset) * noise
    found = simplified(got, SEEN, U, fit(got, SEEN, U))
    assert found.exact
    assert found.factor == pytest.approx(factor, rel=1e-12)
    assert found.offset == pytest.approx(offset, rel=1e-6, abs=1e-15)


def test_the_simpler_relation_is_written():
    got = 2.5 * LOSS + 1e-6
    found = simplified(got, SEEN, U, fit(got, SEEN, U))
    assert (found.factor, found.offset) == (2.5, 1e-6)


def test_another_function_is_not_explained():
    found = fit(LOSS**2, SEEN, U)
    assert not found.exact
    assert found.share < 0.1
    assert found.digits < 3


def test_beside_a_large_offset_agreement_means_nothing():
    """Rounding of 2**30 is larger than the results: everything is met, and nothing tells."""
    steps = RANDOM.integers(1, 10, (2, 60))
    seen = Values(1 - steps[0] * 2.0**-50, np.zeros(60))
    got = steps[1] * 2.0**-20
    found = measure(got, seen, U, -(2.0**30), 2.0**30)
    assert found.met.all()
    assert not found.exact
    assert found.share < 0.3
    assert found.digits < 5


def test_one_row_off_is_seen():
    got = LOSS.copy()
    got[7] *= 1 + 1e-9
    found = fit(got, SEEN, U)
    assert not found.exact
    assert found.share == pytest.approx(59 / 60)
    assert found.worst == pytest.approx(1e-9, rel=1e-3)


def test_nan_is_left_out_up_to_half_and_infinity_must_agree():
    got = LOSS.copy()
    got[:20] = np.nan
    assert fit(got, SEEN, U).exact
    got[:31] = np.nan
    assert not fit(got, SEEN, U).exact
    endless = Values(np.where(LOSS > 1.9, np.inf, LOSS), SEEN.condition)
    assert endless.number[~np.isfinite(endless.number)].size
    assert fit(endless.number.copy(), endless, U).exact
    assert fit(-endless.number, endless, U).factor == -1
    assert not fit(LOSS, endless, U).exact
    assert not fit(endless.number, SEEN, U).exact


def test_the_condition_of_a_row_widens_what_agrees():
    got = LOSS * (1 + 1e-10)
    assert not measure(got, SEEN, U, 1, 0).exact
    assert measure(got, Values(LOSS, np.full(60, 1e5)), U, 1, 0).exact


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1.0, "1"),
        (-1.0, "-1"),
        (2.5, "2.5"),
        (1 / 3, "1/3"),
        (0.1, "0.1"),
        (np.pi, "pi"),
        (4 / np.pi**2, "4/pi^2"),
        (np.pi**2 / 4, "1/4*pi^2"),
        (1 / np.log(2), "1/ln 2"),
        (0.123456789, "0.123456789"),
    ],
)
def test_factors_are_named(number, words):
    assert named(number) == words


def test_plain_fractions_are_near_ones_only():
    assert plain(0.3334, 1e-3) == pytest.approx(1 / 3)
    assert plain(0.337, 1e-3) == 0.337
    assert plain(1e-5, 1e-3) == 0


@pytest.mark.parametrize(("factor", "offset"), [(5e24, -5e24), (1e-12, 0.0), (1.0, 1e9)])
def test_numbers_beyond_all_conventions_fit_nothing(factor, offset):
    predicted = Values(np.linspace(0.25, 0.75, 40), np.zeros(40))
    assert not fit(factor * predicted.number + offset, predicted, U).exact
    assert fit(2.37 * predicted.number - 3, predicted, U).exact


def test_the_plain_relation_is_the_loss_itself_unless_another_gains():
    predicted = Values(np.linspace(0.25, 0.75, 40), np.zeros(40))
    assert plainly(np.sin(99 * predicted.number) + 7, predicted, U).factor == 1
    other = plainly(1 - predicted.number, predicted, U)
    assert (other.factor, other.offset) == (-1, 1)
    assert other.exact
