"""Pinned points of losses of two classes, of scores and of divergences: grid, digests, arms."""

import numpy as np
import pytest
from mpmath import exp, mp, mpf

from crossval.families import FAMILIES
from crossval.oracles.formats import FORMATS, format_of
from crossval.points import images
from crossval.points.binary import FLOORS, LOGITS, PROBABILITIES
from crossval.points.logarithms import BOTH, LOGARITHMS
from crossval.points.scores import SCORES

SETS = {
    "binary": LOGITS,
    "probabilities": PROBABILITIES,
    "scores": SCORES,
    "log_probabilities": LOGARITHMS,
    "log_probabilities of logarithms": BOTH,
}
DIGESTS = {
    ("binary", "float64"): "027b16cb0b396c592e67afce03c94007ebf000fbded0cd514571a2880a4b273e",
    ("binary", "float32"): "fa6631ca5c953c09dcd231d77e1b24977695b77335b3446324d8498457f7aea8",
    ("binary", "float16"): "ff4aed81d2abaf4737da4b16f00eb2c8ede38a3e3e01e2fdacdadc29cb231003",
    ("binary", "bfloat16"): "398c22f325193f0ec187b859db39f66e283a14d8918e0fe4e5b0eaf210b3c82b",
    (
        "probabilities",
        "float64",
    ): "37da08942c16be70dde86bb0d24972f6f3500559aa5ee5bfef7dbca8341abcdd",
    (
        "probabilities",
        "float32",
    ): "9a9256e4b747d7ac360a61b9fa66ce9b78d57908fe19f0754bad50f0add54da7",
    (
        "probabilities",
        "float16",
    ): "722f53d6e70e83b21074fc54a32baeb3f5c089f2a5abc7b14be45bdc12a793eb",
    (
        "probabilities",
        "bfloat16",
    ): "250d91103fb4c17a95823cbf9718d69aadeac3c36963d0a2304ec4bb01335f70",
    ("scores", "float64"): "21eb8da95652ef0ca45ef6a67a317831652643b5f3f3f3caa4b2387b146a5f1c",
    ("scores", "float32"): "a2067644aeb7f23e2da5fbb98ef3e89aad781e3ccbf2ea2a5a1a8e995b5e33f3",
    ("scores", "float16"): "bd306ef0e3c7d3a4417e1fd4f4760c618b44a30afe8052a1e799d1080cfd37f5",
    ("scores", "bfloat16"): "0d9966ac2e9d9b9d7e0fae214bcf97f4b96d8e2f23d9e3ee7d49fb81a36167b4",
    (
        "log_probabilities",
        "float64",
    ): "0a44a97c827baccf2437913d56cfae97f6c3e63aaf65c3f3138e52e0011cfad5",
    (
        "log_probabilities",
        "float32",
    ): "7fdcd54b53c280f8f0138cb0c779fe2d0c94fccd8e3dd0bc3666a93362751699",
    (
        "log_probabilities",
        "float16",
    ): "d0c793292182e4b28d1d8426ce16b349ea97b09b3f08015a7adcc3418f616863",
    (
        "log_probabilities",
        "bfloat16",
    ): "e0293b5958f3d8a9414c010e7cf77c8941e95057e8f512ed0905abe881e6c125",
    (
        "log_probabilities of logarithms",
        "float64",
    ): "0e29f9653d3888089baa30641e775638e4c02c41dae65ffa425574f5f670b8c8",
    (
        "log_probabilities of logarithms",
        "float32",
    ): "8591ca753432d297bf36ea7e06e9d6e4d5429edba6577a10c73888d324f2cd38",
    (
        "log_probabilities of logarithms",
        "float16",
    ): "7abe363476905050d138ae0238fa8417cc97b964a2cb7df9efa292cb641f7c9d",
    (
        "log_probabilities of logarithms",
        "bfloat16",
    ): "64cbbaf03bc11d00ff3d555f6e0b21be35b05f28cb77b35b64283ffe1f2adbb9",
}


IMAGE_DIGESTS = {
    "float64": "4351885b61d7324e0dc91de9f9cdb02fcc504b2b99487954fc97c6b22c30ea71",
    "float32": "73729a57ecee51bf6f2f73d888374ede9b599b8b8b0e6a650824b15bad2b4680",
    "float16": "ca1fbaf99e024033355d174aae77afa592a834a33a4e37e1e8bea283333bf6b5",
    "bfloat16": "6cbb80e6b8067375353382cc8e24389e7000d77d91c16bc9c5b1f6e2cfbd592d",
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("dtype", FORMATS)
def test_points_lie_on_their_grid_and_are_pinned(name, dtype):
    points, number = SETS[name].points(dtype), format_of(dtype)
    for array in (points.columns, points.upstream):
        assert np.array_equal(number.round(array), array)
        assert np.isfinite(array).all()
    assert points.digest == DIGESTS[name, dtype], f"a changed point is another version of {name}"


@pytest.mark.parametrize("name", SETS)
def test_a_family_judges_by_its_first_input_and_names_its_regimes(name):
    family = FAMILIES[name]
    assert family.wrt == (next(iter(family.inputs)),)
    assert family.differentiable == tuple(family.inputs)
    assert set(family.regimes) <= set(SETS[name].regimes)
    assert family.points("float32", "smoke").digest == SETS[name].points("float32", "smoke").digest


def side(number, bound):
    number, bound = (mpf(x) for x in (number, bound))
    return "<=>"[(number > bound) - (number < bound) + 1]


def of_logits(row, fmt):
    x, target = row
    with mp.workdps(1000):
        small = exp(-abs(mpf(x)))
        share = 1 / (1 + exp(-mpf(x)))
        return {
            "x ? 0": side(x, 0),
            "target": "01"[int(target)] if target in (0, 1) else "soft",
            "sigmoid ? target": side(share, mpf(target)),
            "1 + exp(-|x|)": "1" if 1 + fmt.round(float(small)) == 1 else "more",
            "exp(-|x|)": "0"
            if small < mpf(fmt.tiny) / 2
            else "subnormal"
            if small < mpf(2) ** fmt.emin
            else "normal",
        }


ARMS = {
    "x ? 0": {"<", "=", ">"},
    "target": {"0", "1", "soft"},
    "sigmoid ? target": {"<", ">"},
    "1 + exp(-|x|)": {"1", "more"},
    "exp(-|x|)": {"0", "subnormal", "normal"},
}


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_of_a_logit_is_reached(dtype):
    fmt, points = format_of(dtype), LOGITS.points(dtype, "smoke")
    found = [of_logits(row, fmt) for row in points.columns.tolist()]
    for name, expected in ARMS.items():
        assert {each[name] for each in found} >= expected, name


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_of_a_probability_is_reached(dtype):
    """Both halves, both ends, both sides of every floor that the format holds, and the target's."""
    number, columns = format_of(dtype), PROBABILITIES.points(dtype).columns
    p, target = columns.T
    assert {0.0, 0.5, 1.0} <= set(p)
    assert {side(x, 0.5) for x in p} == {"<", "=", ">"}
    assert {side(x, t) for x, t in columns} == {"<", "=", ">"}
    assert {0.0, 1.0} < set(target)
    for floor in number.round(np.array(FLOORS)).tolist():
        assert {side(x, floor) for x in p} >= ({"<", "=", ">"} if floor else {"=", ">"})
        assert {side(x, float(number.round(1 - floor))) for x in p} >= {"<", "="}
    if dtype in ("float64", "float32"):
        assert {side(x, np.exp(-100.0)) for x in p if x} == {"<", ">"}


@pytest.mark.parametrize("dtype", FORMATS)
def test_images_hold_both_classes_one_of_them_and_soft_ones(dtype):
    points, number = images.point_set(dtype), format_of(dtype)
    assert np.array_equal(number.round(points.columns), points.columns)
    assert points.digest == IMAGE_DIGESTS[dtype], "a changed point is images@2"
    logits, target = np.split(points.columns, 2, axis=1)
    hard = np.isin(target, (0, 1)).all(axis=1)
    assert {0.0, 1.0} < set(target[hard].mean(axis=1))
    assert 0.1 < (~hard).mean() < 0.4
    found = [of_logits(row, number) for row in zip(logits.ravel(), target.ravel(), strict=True)]
    for name in ("x ? 0", "target", "1 + exp(-|x|)"):
        assert {each[name] for each in found} >= ARMS[name], name


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("doubled", [False, True])
def test_every_arm_of_a_score_is_reached(dtype, doubled):
    scores, target = SCORES.points(dtype, "smoke").columns.T
    sides = 2 * target - 1 if doubled else target
    assert {side(x, 1) for x in sides * scores} == {"<", "=", ">"}
    assert {-1.0, 1.0} <= set(sides)


@pytest.mark.parametrize("dtype", FORMATS)
def test_every_arm_of_a_divergence_is_reached(dtype):
    log_probs, target = LOGARITHMS.points(dtype, "smoke").columns.T
    assert {0.0, 1.0} < set(target)
    assert 0.0 in set(log_probs)
    log_probs, target = BOTH.points(dtype).columns.T
    assert {side(x, 0) for x in target - log_probs} == {"<", "=", ">"}
    assert {side(x, -1) for x in target - log_probs} == {"<", "=", ">"}
