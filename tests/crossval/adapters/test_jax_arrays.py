"""JAX targets: right ones pass, eager and compiled; each wrong one is caught and named."""

import subprocess
import sys
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

from crossval.adapters import jax_arrays, jax_jit_arrays
from crossval.bits import from_bits, to_bits
from crossval.engine import certify
from crossval.identification import identify
from crossval.oracles.formats import format_of
from crossval.subject import Subject
from crossval.target import Target, UsageError
from tests.crossval.conftest import TARGETS
from tests.crossval.targets import jax_losses

FILE = TARGETS / "jax_losses.py"
ADAPTERS = {"jax": jax_arrays, "jax-jit": jax_jit_arrays}
LOGITS = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 0.25]])
CLASSES = np.array([2, 0])
UPSTREAM = np.array([0.5, -2.0])


@pytest.fixture(scope="module")
def judge():
    """Return a function that certifies a target of `jax_losses.py` once."""
    done = {}

    def run(
        name,
        adapter="jax-jit",
        declared="cross_entropy/torch",
        dtypes=("float32",),
        only=("*",),
        **rest,
    ):
        key = (name, adapter, declared, dtypes, only, repr(sorted(rest.items())))
        if key not in done:
            loss, _, preset = declared.partition("/")
            target = Target(f"{FILE}:{name}", loss, preset, adapter=adapter, **rest)
            done[key] = certify(target, dtypes=dtypes, level="smoke", only=only, known=())
        return done[key]

    return run


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.cause) for f in certificate.findings]


def call(function, dtype, adapter="jax", arguments=(), wrt=("logits",), upstream=UPSTREAM, **more):
    """Call a function of this process through an adapter; return reply and widened results."""
    number = format_of(dtype)
    subject = Subject(function, ("logits", "target"))
    arrays = {"logits": to_bits(LOGITS, number), "target": CLASSES}
    arrays |= {name: to_bits(array, number) for name, array in more.items()}
    request = {
        "format": dtype,
        "arguments": dict(arguments),
        "arrays": list(more),
        "gradients": list(wrt),
        "strided": False,
    }
    arrays["upstream"] = to_bits(np.asarray(upstream), number)
    reply, words = ADAPTERS[adapter].evaluate(subject, request, arrays)
    formats = reply["formats"]
    return reply, {name: from_bits(w, format_of(formats[name])) for name, w in words.items()}


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_bits_in_and_bits_out_in_every_format(adapter, dtype):
    reply, found = call(jax_losses.cross_entropy, dtype, adapter)
    assert reply["formats"] == {"value": dtype, "grad.logits": dtype}
    assert reply["changed"] == reply["absent"] == []
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    expected = (p - np.eye(3)[CLASSES]) * UPSTREAM[:, None]
    # a handful of roundings of numbers of size 1 to 4
    near = 64 * format_of(dtype).roundoff
    assert found["value"] == pytest.approx(-np.log(p[[0, 1], CLASSES]), abs=near)
    assert found["grad.logits"] == pytest.approx(expected, abs=near)


def test_float64_needs_nothing_and_leaves_nothing_behind():
    import jax.numpy as jnp

    _, found = call(jax_losses.cross_entropy, "float64")
    exact = np.log(np.exp(LOGITS).sum(1)) - LOGITS[[0, 1], CLASSES]
    assert np.abs(found["value"] - exact).max() <= 4 * np.finfo(np.float64).eps
    assert jnp.zeros(1).dtype == jnp.float32


def test_python_numbers_and_default_arrays_do_not_widen_float32():
    reply, _ = call(jax_losses.default_precision, "float32")
    assert set(reply["formats"].values()) == {"float32"}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_arguments_are_arrays_or_constants(adapter):
    weights = np.array([1.0, 2.0, 4.0])
    how = {"arguments": {"reduction": "mean"}.items(), "upstream": np.array(1.0)}
    _, found = call(jax_losses.cross_entropy, "float64", adapter, class_weight=weights, **how)
    each = np.log(np.exp(LOGITS).sum(1)) - LOGITS[[0, 1], CLASSES]
    weighted = (weights[CLASSES] * each).sum() / weights[CLASSES].sum()
    assert found["value"] == pytest.approx(weighted, rel=1e-14)
    assert found["grad.logits"].shape == LOGITS.shape


def test_labels_are_jaxs_default_integers():
    seen = []

    def look(logits, target):
        seen.append(target.dtype.name)
        return logits.sum(axis=1)

    call(look, "float64")
    call(look, "float32")
    assert seen == ["int64", "int32"]


def test_a_compiled_target_is_traced_once_for_each_set_of_arguments():
    traced = []

    def look(logits, target, eps=0.0):
        traced.append(eps)
        return logits.sum(axis=1) + eps

    subject = Subject(look, ("logits", "target"))
    arrays = {"logits": to_bits(LOGITS, format_of("float32")), "target": CLASSES}
    arrays["upstream"] = to_bits(UPSTREAM, format_of("float32"))
    for eps in (0.0, 0.5, 0.0, 0.5):
        request = {"format": "float32", "arguments": {"eps": eps}, "arrays": [], "gradients": []}
        _, words = jax_jit_arrays.evaluate(subject, {**request, "strided": False}, arrays)
        expected = (LOGITS.sum(1) + eps).astype(np.float32)
        assert words["value"].view(np.float32).tolist() == expected.tolist()
    assert traced == [0.0, 0.5]


def test_what_is_bound_is_there_while_the_target_runs_and_only_then():
    head = jax_losses.Head()
    before = head.logits
    subject = Subject(head, ("logits", "target"), bind={"logits": "f.logits"})
    number = format_of("float32")
    arrays = {"logits": to_bits(LOGITS, number), "target": CLASSES}
    arrays["upstream"] = to_bits(UPSTREAM, number)
    request = {"format": "float32", "arguments": {}, "arrays": [], "gradients": ["logits"]}
    for adapter in ADAPTERS.values():
        _, words = adapter.evaluate(subject, {**request, "strided": False}, arrays)
        assert np.abs(words["grad.logits"].view(np.float32)).min() > 0
        assert head.logits is before


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_right_loss_passes_with_all_its_options(judge, adapter):
    dtypes = ("float32", "float64", "bfloat16", "float16") if adapter == "jax-jit" else ("float32",)
    certificate = judge("cross_entropy", adapter, dtypes=dtypes)
    assert certificate.findings == (), says(certificate)
    assert certificate.exit_code == 0
    ran = {o.check for o in certificate.outcomes if o.ran}
    options = {"class_weight", "ignore_index", "reduction", "parameter label_smoothing"}
    assert options | {"class range", "class count", "grad[logits]"} <= ran
    assert certificate.versions["jax"]
    assert any("XLA" in words for words in certificate.not_tested)


def test_what_jax_arrays_cannot_do_is_not_run(judge):
    outcomes = {o.check: o for o in judge("cross_entropy").outcomes}
    assert not outcomes["mutation"].ran
    assert outcomes["mutation"].text == "JAX arrays cannot be changed"
    assert not outcomes["strides"].ran
    assert outcomes["strides"].text == "JAX arrays have no strides"


@pytest.mark.parametrize(
    ("name", "declared", "rest"),
    [
        ("compiled", "cross_entropy/torch", {}),
        ("default_precision", "cross_entropy/torch", {}),
        ("mean", "cross_entropy/optax", {}),
        ("soft", "cross_entropy/torch", {"axes": {"targets": "probabilities"}}),
        ("Head", "cross_entropy/torch", {"bind": {"logits": "f.logits"}}),
        ("giou", "giou/fvcore", {}),
    ],
)
def test_right_losses_of_other_forms_pass(judge, name, declared, rest):
    certificate = judge(name, declared=declared, **rest)
    assert certificate.problem is None, certificate.problem
    assert certificate.findings == (), says(certificate)


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize(
    ("name", "check", "code", "words"),
    [
        ("upstream_ignored", "grad[logits]", "RL406", "upstream is ignored"),
        ("doubled", "value", "RL802", "got / reference = 2"),
        ("shifted", "value", "RL301", "the class target - 1 is read"),
        ("detached", "grad[logits]", "RL403", "exactly 0"),
        ("broadcasting", "shape misuse", "RL201", "logits (1, 6) beside target"),
        ("broadcasting", "class range", "RL210", "class -1 of 6"),
    ],
)
def test_a_wrong_loss_is_caught_and_named(judge, adapter, name, check, code, words):
    found = judge(name, adapter, only=(check,)).findings
    assert code in {f.code for f in found}, found
    assert any(words in f"{f.message} {f.cause}" for f in found), found


@pytest.mark.parametrize(
    ("name", "dtype", "check", "code", "words"),
    [
        ("widened", "float16", "dtype", "RL204", "value is float32"),
        ("widened", "float64", "value", "RL301", "float32"),
        ("weightless", "float32", "class_weight", "RL805", "class weights have no effect"),
        ("clipped", "float64", "value", "RL301", "clamped to [1e-7"),
    ],
)
def test_a_loss_that_is_wrong_in_a_format_or_an_option(judge, name, dtype, check, code, words):
    certificate = judge(name, dtypes=(dtype,), only=(check,))
    found = [f for f in certificate.findings if f.check == check]
    assert code in {f.code for f in found}, says(certificate)
    assert any(words in f"{f.message} {f.cause}" for f in found), found


def test_what_cannot_be_compiled_is_said_to_be_so(judge):
    assert judge("strict", "jax", only=("value",)).findings == ()
    (finding,) = judge("strict", "jax-jit", only=("call",)).findings
    assert finding.code == "RL208"
    assert "TracerBoolConversionError" in finding.message


@pytest.mark.parametrize(
    ("reference", "adapter", "words"),
    [
        (f"{FILE}:cross_entropy", "torch", "--adapter jax"),
        (f"{FILE}:cross_entropy", "numpy", "--adapter jax"),
        (f"{TARGETS / 'row_conventions.py'}:rows", "jax", "--adapter numpy"),
        ("torch.nn.functional:cross_entropy", "jax", "--adapter torch"),
    ],
)
def test_a_target_for_other_arrays_is_told_its_adapter(reference, adapter, words):
    call = "f(logits, target, reduction='none')" if "torch.nn" in reference else None
    target = Target(reference, "cross_entropy", "torch", call=call, adapter=adapter)
    certificate = certify(target, dtypes=("float32",), level="smoke", only=("call",), known=())
    (finding,) = certificate.findings
    assert words in finding.fix, finding


@pytest.mark.parametrize("name", ["as_list", "through_numpy"])
def test_what_is_no_jax_array_is_an_error(judge, name):
    (finding,) = judge(name, "jax", only=("call",)).findings
    assert finding.code == "RL208"


def test_a_result_of_another_kind_names_what_came():
    with pytest.raises(TypeError, match="must return a floating-point JAX array; got list"):
        call(jax_losses.as_list, "float32", wrt=())
    with pytest.raises(TypeError, match="got int32"):
        call(lambda logits, target: target, "float32", wrt=())
    with pytest.raises(TypeError, match="got an array of numpy"):
        call(lambda logits, target: np.ones(2), "float32", wrt=())


def test_there_is_no_such_adapter():
    with pytest.raises(UsageError, match="adapter must be one of torch, numpy, jax, jax-jit; got"):
        Target("a:b", "giou", adapter="cupy")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_identify_reads_jax_targets(adapter):
    answer = identify(f"{FILE}:cross_entropy", ["cross_entropy"], adapter=adapter, level="smoke")
    assert answer.found
    assert answer.best.definition.loss == "cross_entropy"
    assert answer.exit_code == 0
    answer = identify(f"{FILE}:shifted", ["cross_entropy"], adapter=adapter, level="smoke")
    assert answer.exit_code == 1


def test_the_process_uses_the_cpu_and_says_nothing():
    code = "import crossval.adapters.jax_arrays, jax; print(jax.devices()[0].platform)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == ("cpu", "")


def test_an_upstream_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="one entry per row"):
        call(jax_losses.mean, "float32")


def test_eager_and_compiled_agree_to_a_few_roundings():
    _, eager = call(jax_losses.cross_entropy, "float32")
    _, compiled = call(jax_losses.cross_entropy, "float32", "jax-jit")
    for name, array in eager.items():
        assert np.abs(array - compiled[name]).max() <= 16 * np.finfo(np.float32).eps


def test_bfloat16_words_are_those_of_ml_dtypes():
    _, found = call(lambda logits, target: logits[:, 0], "bfloat16", wrt=())
    assert found["value"].tolist() == LOGITS[:, 0].astype(ml_dtypes.bfloat16).tolist()


def test_a_subnormal_result_may_be_0_and_nothing_larger_may(judge):
    target = Target(f"{FILE}:cross_entropy", "cross_entropy", "torch", adapter="jax-jit")
    certificate = certify(target, dtypes=("float64",), level="smoke", only=("special points",))
    assert certificate.findings == (), says(certificate)
    assert replace(target, adapter="torch").takes_jax is False


def test_without_jax_there_is_one_line_with_the_command_that_installs_it(tmp_path, monkeypatch):
    absent = "raise ModuleNotFoundError(\"No module named 'jax'\", name='jax')\n"
    (tmp_path / "jax.py").write_text(absent)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    certificate = certify(Target(f"{FILE}:cross_entropy", "cross_entropy", adapter="jax"))
    assert certificate.exit_code == 4
    assert certificate.problem.message == "ModuleNotFoundError: No module named 'jax'"
    assert certificate.problem.fix == "pip install 'refloss[jax]'"
