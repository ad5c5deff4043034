"""A user's own loss: a copied derivation with a changed formula, its kernels and its truth."""

import importlib.util
import json
import re
from pathlib import Path

import jupytext
import numpy as np
import pytest

import refloss
from crossval.oracles.enclosure import overlap, truth
from refloss.symbolic import emit

SOURCE = Path(__file__).parents[2] / "derivations" / "boxes.py"
CHANGES = {
    'a.let("loss", a.gap + a.distance)': 'a.let("loss", a.gap + a.distance**2)',
    'Build("diou", form': 'Build("my_diou", form',
    'name="diou"': 'name="my_diou"',
    '"diou": _pair(diou)': '"my_diou": _pair(diou)',
    "DEFINITIONS = (IOU, GIOU, DIOU, CIOU)": "DEFINITIONS = (DIOU,)",
}
UNIT = 2.0**-53


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """Kernels of 1 - IoU + (rho^2/c^2)^2, in a directory of the user's own."""
    folder = tmp_path_factory.mktemp("mine")
    text = SOURCE.read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    copy = folder / "my_boxes.py"
    copy.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFLOSS_KERNELS", str(folder / "my_kernels"))
        written = emit.write(definitions_of(copy))
    assert written == [
        "arb/my_diou.py",
        "balls/my_diou.py",
        "cuda/my_diou.cu",
        "index.json",
        "numpy/my_diou.py",
    ]
    return folder / "my_kernels"


def definitions_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DEFINITIONS


@pytest.fixture(scope="module")
def pairs():
    """Overlapping, contained, disjoint and nearly equal boxes."""
    rng = np.random.default_rng(7)
    low = rng.uniform(-4, 4, (24, 2, 2))
    boxes = np.concatenate([low, low + rng.uniform(0.5, 6, (24, 2, 2))], axis=2)
    boxes[-6:, 1] = boxes[-6:, 0] * (1 + 1e-6 * rng.standard_normal((6, 4)))
    return boxes[:, 0].copy(), boxes[:, 1].copy()


def test_its_program_is_compiled_too(kernels, pairs):
    mine = refloss.box_loss_from(kernels, "my_diou")
    assert np.array_equal(mine(*pairs, backend="c"), mine(*pairs))


def test_the_formula_is_the_users(kernels, pairs):
    mine, packaged = refloss.box_loss_from(kernels, "my_diou"), refloss.diou
    pred, target = pairs
    gap = refloss.iou(pred, target, form="linear")
    expected = gap + (packaged(pred, target) - gap) ** 2
    np.testing.assert_allclose(mine(pred, target), expected, rtol=1e-12, atol=0)
    assert not np.allclose(mine(pred, target), packaged(pred, target))


@pytest.mark.parametrize("eps", [0.0, 0.125])
def test_value_and_gradient_agree_with_the_truth(kernels, pairs, eps):
    pred, target = pairs
    upstream = np.linspace(-2, 3, len(pred))
    mine = refloss.box_loss_from(kernels, "my_diou")
    value, gradient = mine.value_and_grad(pred, target, upstream=upstream, eps=eps)
    spec = refloss.resolve("my_diou", eps=eps, kernels=kernels)
    exact = truth(spec, np.hstack(pairs), upstream, kernels=kernels)
    assert (exact.kind == "regular").all()
    np.testing.assert_allclose(value, exact.value_hi, rtol=16 * UNIT, atol=0)
    got = np.hstack([gradient["pred"], gradient["target"]])
    scale = np.abs(exact.grad_hi).max(1, keepdims=True)
    assert (np.abs(got - exact.grad_hi) <= 64 * UNIT * scale).all()


def test_its_derivatives_are_confirmed_by_jets(kernels, pairs):
    columns = np.hstack(pairs)
    direction = np.random.default_rng(8).standard_normal(columns.shape)
    spec = refloss.resolve("my_diou", kernels=kernels)
    apart, compared = overlap(spec, columns, hvp=direction, kernels=kernels)
    assert (apart, compared) == ([], len(columns))


def test_its_conventions_come_along(kernels):
    mine = refloss.box_loss_from(kernels, "my_diou")
    assert "torchvision" in mine.presets
    assert refloss.resolve("my_diou", "torchvision", kernels=kernels).constants["eps_union"] == 1e-7


def test_the_package_is_untouched(kernels):
    with pytest.raises(ValueError, match="my_diou"):
        refloss.resolve("my_diou")
    with pytest.raises(ValueError, match="ciou"):
        refloss.box_loss_from(kernels, "ciou")


def test_the_steps_in_the_derivation_are_these(kernels, pairs, monkeypatch):
    """The copy's last cell, run as a reader would."""
    text = jupytext.read(SOURCE, fmt="py:percent").cells[-1].source
    for new in ("a.gap + a.distance**2", 'name="my_diou"', '"my_diou": _pair(diou)'):
        assert new in text
    assert "REFLOSS_KERNELS=my_kernels" in text
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(kernels.parent)
    scope = dict(zip(("pred", "target"), pairs, strict=True))
    exec(snippet, scope)
    assert (scope["error"] <= 16 * UNIT * scope["exact"].value_hi).all()


def test_a_second_loss_joins_the_first(kernels):
    """Deriving into a directory keeps what its index already has."""
    before = json.loads((kernels / emit.INDEX).read_text(encoding="utf-8"))["losses"]
    text = emit.merged_index(kernels, {"losses": {"other": {}}, "programs": {}})
    assert json.loads(text)["losses"] == before | {"other": {}}
    assert set(before) == {"my_diou"}
