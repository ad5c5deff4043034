"""Real libraries: their adapters load, and the findings that are known of them are found."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from crossval.adapters import libraries
from crossval.engine import certify, certify_all, find, outdated
from crossval.examination import Examination
from crossval.target import Target

APART = {"oml"}
"""Libraries that ask for other versions than the others do, and are tested by a stand-in."""

BESIDE = [name for name in libraries.names() if name not in APART]


@pytest.fixture(scope="module")
def certificates():
    targets = [t for name in BESIDE for t in libraries.targets(name)]
    found = certify_all([_in(t, _formats(t)) for t in targets], level="smoke")
    return {_name(certificate.target): certificate for certificate in found}


SQUARES = ("optax:squared_error", "keras.losses:mean_squared_error")


def _formats(target):
    """Return two formats, and the widest for what computes in float32 without being asked to.

    Of a head the widest and the narrowest: its vectors are as short as the eps of a norm in one,
    and overflow in the other.

    In float16 the slope 2 d of a square overflows at one named point; whether the truth does is
    decided by the upstream gradient there, which is another at every level.
    """
    if target.reference in SQUARES:
        return ("float32", "bfloat16")
    if target.library == "pytorch_metric_learning":
        return ("float64", "float16")
    wide = "fvcore" in target.reference and "focal" in target.reference
    return ("float64", "float32", "float16") if wide else ("float32", "float16")


@pytest.fixture
def boxes(certificates):
    return [c for c in certificates.values() if c.target.loss in ("giou", "diou", "ciou")]


@pytest.fixture
def rows(certificates):
    torch = [c for c in certificates.values() if c.target.library == "torch"]
    return [c for c in torch if c.target.loss == "cross_entropy"]


def _name(target):
    words = [target.library, target.reference.partition(":")[2], *map(str, target.axes.values())]
    return " ".join(words)


def _of(certificates, name, code):
    return [f for f in certificates[name].findings if f.code == code]


def _in(target, dtypes):
    return replace(target, dtypes=dtypes)


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.places, f.known) for f in certificate.findings]


def test_all_are_imported_and_only_declared_deviations_occur(certificates):
    assert len(certificates) == sum(len(libraries.targets(name)) for name in BESIDE)
    assert set(certificates) >= {
        "torchvision generalized_box_iou_loss",
        "torchvision distance_box_iou_loss",
        "torchvision complete_box_iou_loss",
        "fvcore giou_loss",
        "torch cross_entropy",
        "torch cross_entropy probabilities",
        "optax softmax_cross_entropy_with_integer_labels",
        "optax softmax_cross_entropy probabilities",
        "optax safe_softmax_cross_entropy probabilities",
        "keras sparse_categorical_crossentropy",
        "keras categorical_crossentropy probabilities",
        "kornia focal_loss",
        "pytorch_metric_learning ArcFaceLoss",
        "pytorch_metric_learning SubCenterArcFaceLoss",
        "pytorch_metric_learning CosFaceLoss",
        "pytorch_metric_learning SphereFaceLoss",
        "pytorch_metric_learning LargeMarginSoftmaxLoss",
        "pytorch_metric_learning NormalizedSoftmaxLoss",
    }
    for certificate in certificates.values():
        assert certificate.problem is None
        assert certificate.exit_code == 0, says(certificate)
        assert certificate.versions[certificate.target.library]


def test_every_declared_deviation_occurs(certificates):
    assert outdated(certificates.values()) == []


def test_torchvision_does_not_forward_eps_to_diou(certificates):
    found = [
        f for f in certificates["torchvision complete_box_iou_loss"].findings if f.code == "RL805"
    ]
    (finding,) = found
    assert "eps_diagonal, eps_union" in finding.message
    assert "eps_alpha" in finding.message


def test_torchvision_has_nan_gradients_at_zero_height(certificates):
    found = [
        f for f in certificates["torchvision complete_box_iou_loss"].findings if f.code == "RL401"
    ]
    assert any(f.pattern == "atan-of-infinity" for f in found)
    assert any("zero height" in place for f in found for place in f.places)
    case = next(f.case for f in found if f.pattern == "atan-of-infinity")
    assert case.got == "nan"
    assert len(case.inputs["pred"]["bits"]) == 4


def test_fvcore_overflows_in_float16(certificates):
    found = [f for f in certificates["fvcore giou_loss"].findings if f.code == "RL302"]
    assert {f.dtype for f in found} == {"float16"}
    assert any(f.pattern == "overflow" for f in found)


def test_one_target_box_is_broadcast_against_many(boxes):
    for certificate in boxes:
        messages = {f.message for f in certificate.findings if f.code == "RL201"}
        assert len(messages) == 1
        assert re.search(r"pred \(\d+, 4\) beside target \(1, 4\)", messages.pop())


def test_conventions_at_ties_are_named(boxes):
    for certificate in boxes:
        notes = {note.partition(" (")[0] for o in certificate.outcomes for note in o.notes}
        assert "equal edges: even split" in notes
        assert "touching: overlap's derivative 0" in notes


def test_torch_is_certified_with_all_options_of_cross_entropy(rows):
    # what is no option of torch's, and there is nothing else that was not run
    labelled, soft = ({o.check: o for o in c.outcomes if o.ran} for c in rows)
    assert set(labelled) - set(soft) == {"ignore_index", "class range"}
    assert set(soft) - set(labelled) == {"grad[target]"}
    assert {"class_weight", "reduction", "class count", "parameter label_smoothing"} <= set(soft)
    for certificate in rows:
        skipped = {o.check for o in certificate.outcomes if not o.ran}
        assert skipped == {"parameter z_loss", "parameter temperature"}
        assert not [words for words in certificate.not_tested if words.startswith("argument")]


def test_torch_is_right_but_not_to_the_last_digit(rows):
    grades = {
        outcome.grade
        for certificate in rows
        for outcome in certificate.outcomes
        if outcome.check in ("value", "grad[logits]", "class_weight", "class count")
    }
    assert grades <= {"A", "B", "C"}
    assert "C" in grades


def test_torch_lets_nan_of_an_ignored_row_into_its_gradient(rows):
    labelled, soft = rows
    found = labelled.findings
    assert {(f.code, f.check) for f in found} == {("RL503", "ignore_index")}
    assert {f.dtype for f in found} == {"float32", "float16"}
    for finding in found:
        assert finding.message == "logits NaN: grad[logits] of an ignored row is not 0"
        assert finding.known
        assert finding.link == "https://github.com/pytorch/pytorch/issues/11551"
    assert soft.findings == ()


def test_optax_takes_one_row_for_many(certificates):
    hard = _of(certificates, "optax softmax_cross_entropy_with_integer_labels", "RL201")
    assert {f.dtype for f in hard} == {"float32", "float16"}
    assert all("logits (1, 6) beside target" in f.message for f in hard)
    for name in ("softmax_cross_entropy", "safe_softmax_cross_entropy"):
        (one, *_) = _of(certificates, f"optax {name} probabilities", "RL201")
        assert "(1, 6)" in one.message


def test_optax_wraps_negative_classes_and_keras_takes_all(certificates):
    (one, *_) = _of(certificates, "optax softmax_cross_entropy_with_integer_labels", "RL210")
    assert one.message == "accepted: class -1 of 6 classes"  # class 6 gives NaN
    (one, *_) = _of(certificates, "keras sparse_categorical_crossentropy", "RL210")
    assert one.message == "accepted: class 6 and class -1 of 6 classes"


def test_keras_widens_16_bit_logits_where_it_makes_them_one_hot(certificates):
    found = _of(certificates, "keras sparse_categorical_crossentropy", "RL204")
    assert {f.dtype for f in found} == {"float16"}
    assert found[0].message == "value is float32"
    assert certificates["keras categorical_crossentropy probabilities"].findings == ()


def test_keras_is_imported_on_jax_and_smooths_as_it_says(certificates):
    soft = certificates["keras categorical_crossentropy probabilities"]
    assert {"jax", "jaxlib", "keras"} <= set(soft.versions)
    assert "torch" not in soft.versions
    (smoothing,) = [o for o in soft.outcomes if o.check == "parameter label_smoothing"]
    assert smoothing.grade == "ok"


def test_the_focal_loss_without_focus_is_cross_entropy(certificates):
    certificate = certificates["kornia focal_loss"]
    assert certificate.findings == ()
    ran = {o.check for o in certificate.outcomes if o.ran}
    assert {"class_weight", "ignore_index", "class range"} <= ran


def test_heads_follow_their_presets(certificates):
    for certificate in certificates.values():
        library, loss = certificate.target.library, certificate.target.loss
        if library != "pytorch_metric_learning" or loss == "contrastive":
            continue
        assert certificate.form.reduction == "mean"
        assert "layout of weight: f.W holds it transposed" in certificate.not_tested
        infinite = {f.check for f in certificate.findings if f.code in ("RL302", "RL401")}
        grades = {o.check: o.grade for o in certificate.outcomes if o.dtype == "float64"}
        for check in {"value", "grad[x]", "grad[weight]"} - infinite:
            assert grades[check] in "ABC", (certificate.target.title, check)


def test_a_head_differentiates_arc_cosines_at_1(certificates):
    found = _of(certificates, "pytorch_metric_learning ArcFaceLoss", "RL401")
    at_1 = [f for f in found if f.pattern == "slope-at-1"]
    assert {f.dtype for f in at_1} == {"float64", "float16"}
    assert {"its own class", "opposite its class"} <= {p for f in at_1 for p in f.places}


def test_centres_are_held_as_a_matrix(certificates):
    certificate = certificates["pytorch_metric_learning SubCenterArcFaceLoss"]
    assert "layout of weight: f.W holds a matrix" in certificate.not_tested


def test_heads_have_no_eps_in_float16(certificates):
    for name in ("ArcFaceLoss", "CosFaceLoss", "SphereFaceLoss", "NormalizedSoftmaxLoss"):
        found = _of(certificates, f"pytorch_metric_learning {name}", "RL302")
        assert {(f.dtype, f.pattern) for f in found} == {("float16", "zero-vector")}


def test_a_head_divides_its_classes_twice(certificates):
    found = _of(certificates, "pytorch_metric_learning NormalizedSoftmaxLoss", "RL402")
    (at_0,) = [f for f in found if "zero class, another" in f.places]
    assert float(at_0.case.got) == pytest.approx(1e12 * float(at_0.case.reference), rel=1e-12)


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("keras.losses:huber", {"library": "keras", "adapter": "jax-jit"}),
        ("optax.losses:hinge_loss", {"library": "optax", "loader": "", "adapter": "jax-jit"}),
        ("torch.nn.functional:mse_loss", {"library": "torch", "adapter": "torch"}),
        ("my_losses:keras", {}),
        ("keras.py:huber", {}),
    ],
)
def test_code_of_a_known_library_is_run_as_that_library_is(reference, known):
    found = libraries.knowledge(reference, "torch")
    assert {name: found[name] for name in known} == known
    assert bool(found) == bool(known)
    if known.get("adapter") == "jax-jit":
        assert libraries.knowledge(reference, "jax")["adapter"] == "jax"


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("keras", "this is denominator=weights"),
        ("fairseq", "this is denominator=weights"),
        ("paddle", "you said empty=zero, this behaves like empty=nan"),
    ],
)
def test_torch_declared_as_another_library_is_refuted(preset, words):
    target = find("torch.nn.functional:cross_entropy", f"cross_entropy/{preset}")
    certificate = certify(target, dtypes=("float64",), level="smoke", only=("reduction",), known=())
    assert any(words in finding.message for finding in certificate.findings), says(certificate)


def test_the_declaration_with_these_axes_is_taken():
    hard = find("torch.nn.functional:cross_entropy")
    soft = find("torch.nn.functional:cross_entropy", axes={"targets": "probabilities"})
    assert "ignore_index" in hard.call
    assert "ignore_index" not in soft.call
    assert soft.axes == {"targets": "probabilities"}
    smoothed = find("torch.nn.functional:cross_entropy", axes={"label_smoothing": 0.1})
    assert smoothed == replace(hard, axes={"label_smoothing": 0.1})
    other = find("torch.nn.functional:cross_entropy", call="f(logits, target, reduction='none')")
    assert other.call == "f(logits, target, reduction='none')"


def test_a_declaration_that_claims_eps_everywhere_is_refuted():
    target = Target(
        "torchvision.ops:complete_box_iou_loss",
        "ciou",
        "detectron2",
        library="torchvision",
        loader="crossval.adapters.libraries.torchvision:prepare",
    )
    certificate = certify(target, dtypes=("float64",), level="smoke", known=())
    (finding,) = [f for f in certificate.findings if f.check.startswith("parameter")]
    assert finding.code == "RL805"
    assert "it reaches eps_alpha only" in finding.message


def test_the_other_preset_is_recognised():
    target = Target("fvcore.nn:giou_loss", "giou", "mmdet", library="fvcore")
    certificate = certify(target, dtypes=("float64",), level="smoke", known=())
    codes = {f.code: f.message for f in certificate.findings if f.check == "value"}
    assert "placement=added" in codes["RL801"]


def test_adapters_are_short():
    for name in libraries.names():
        path = Path(libraries.__file__).with_name(f"{name}.py")
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        assert len(lines) <= 15 + 10 * len(libraries.targets(name)), name


STAND_IN = "from tests.crossval.targets.torch_heads import ArcFace as ArcFaceLoss\n"


def test_a_library_that_stands_apart_is_judged_where_it_can_be_imported(tmp_path, monkeypatch):
    (target,) = libraries.targets("oml")
    package = tmp_path / "oml" / "losses"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "arcface.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path)
    root = str(Path(__file__).parents[2])
    formats = _in(target, ("bfloat16", "float16"))
    with Examination(formats, "smoke", path=(str(tmp_path), root)) as examination:
        selected = [c for c in examination.checks if c.name in ("special points", "shape misuse")]
        certificate = examination.certificate([examination.perform(c) for c in selected])
    assert certificate.problem is None
    assert certificate.exit_code == 0, says(certificate)
    patterns = {f.pattern for f in certificate.findings if f.code != "RL201"}
    assert patterns == {"slope-at-1", "arc-cosine-beyond-1", "zero-vector"}
    # whether a slope overflows is decided by the upstream gradient, which is another at every level
    assert all("slope-overflow" in finding.message for finding in outdated([certificate]))


def test_absent_library_is_one_line_and_no_failure():
    target = Target("nowhere_lib.ops:loss", "giou", "paper", library="nowhere_lib")
    certificate = certify(target, level="smoke")
    assert certificate.problem.code == "RL106"
    assert outdated([certificate]) == []
