"""A user's own loss of rows: a copied derivation with a changed formula, its kernels, its truth."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import refloss
from crossval.oracles.enclosure import overlap, truth
from crossval.oracles.packing import RowPacking
from refloss.run.kernels import MissingKernelError
from refloss.symbolic import emit
from tests.losses.rows import IGNORED, WEIGHTS, rows, some_ignored

SOURCE = Path(__file__).parents[2] / "derivations" / "classification.py"
CHANGES = {
    "total = Weighted(": "total = 2 * Weighted(",
    '    name="cross_entropy",': '    name="my_entropy",',
}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """Kernels of a cross-entropy that counts the class twice, in a directory of the user's own."""
    folder = tmp_path_factory.mktemp("mine")
    text = SOURCE.read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / "my_rows.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("my_rows", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFLOSS_KERNELS", str(folder / "my_kernels"))
        written = emit.write(module.DEFINITIONS)
    programs = ("cross_entropy", "cross_entropy_soft")
    texts = [f"{kind}/{program}.py" for kind in ("arb", "numpy") for program in programs]
    texts += [f"cuda/{program}.cu" for program in programs]
    assert sorted(written) == sorted([*texts, "index.json"])
    return folder / "my_kernels"


@pytest.fixture(scope="module")
def data():
    logits, labels, parts = rows()
    return logits, some_ignored(labels), parts


def test_the_formula_is_the_users(kernels, data):
    mine, packaged = refloss.row_loss_from(kernels, "my_entropy"), refloss.cross_entropy
    logits, labels, parts = data
    np.testing.assert_array_equal(mine(logits, labels), 2 * packaged(logits, labels))
    np.testing.assert_array_equal(mine(logits, parts), packaged(logits, parts))
    options = {"upstream": np.linspace(1, 2, len(logits)), "class_weight": WEIGHTS}
    grad = mine.grad(logits, labels, **options)["logits"]
    np.testing.assert_array_equal(grad, 2 * packaged.grad(logits, labels, **options)["logits"])


@pytest.mark.parametrize("eps", [0.0, 0.125])
def test_value_and_gradient_agree_with_the_truth(kernels, data, eps):
    logits, labels, _ = data
    kept = labels != IGNORED
    spec = refloss.resolve("my_entropy", label_smoothing=eps, kernels=kernels)
    packing = RowPacking.of(5, labels[kept], WEIGHTS)
    upstream = np.linspace(-2, 3, kept.sum())
    exact = truth(spec, logits[kept], upstream, packing=packing, kernels=kernels)
    mine = refloss.row_loss_from(kernels, "my_entropy")
    value, grad = mine.value_and_grad(
        logits[kept], labels[kept], upstream=upstream, class_weight=WEIGHTS, label_smoothing=eps
    )
    np.testing.assert_allclose(value, exact.value_hi, rtol=8 * 2.0**-52, atol=0)
    size = np.abs(upstream)[:, None] * (2 * WEIGHTS.max() + eps * WEIGHTS.sum())
    assert (np.abs(grad["logits"] - exact.grad_hi) <= 8 * 2.0**-52 * size).all()


def test_its_derivatives_are_confirmed_by_jets(kernels, data):
    logits, labels, _ = data
    direction = np.random.default_rng(8).standard_normal(logits.shape)
    spec = refloss.resolve("my_entropy", kernels=kernels)
    packing = RowPacking.of(5, np.where(labels == IGNORED, 0, labels), None)
    found = overlap(spec, logits, hvp=direction, packing=packing, kernels=kernels)
    assert found == ([], len(logits))


def test_its_conventions_come_along_and_the_package_is_untouched(kernels, tmp_path):
    mine = refloss.row_loss_from(kernels, "my_entropy")
    assert "torch" in mine.presets
    assert "Softmax cross-entropy" in mine.__doc__
    with pytest.raises(ValueError, match="my_entropy"):
        refloss.resolve("my_entropy")
    with pytest.raises(ValueError, match="name: expected one of 'my_entropy'; got 'cross_entropy'"):
        refloss.row_loss_from(kernels, "cross_entropy")
    with pytest.raises(MissingKernelError, match=r"index\.json"):
        refloss.row_loss_from(tmp_path, "my_entropy")
