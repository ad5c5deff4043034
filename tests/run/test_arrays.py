"""Arrays of every library come in without a copy and results go back in kind."""

import subprocess
import sys
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
import torch

from refloss.run.arrays import adopt


class OnlyDLPack:
    """An array that speaks DLPack and nothing else."""

    def __init__(self, array, device=(1, 0)):
        self.array, self.device = array, device

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device


class OnlyArray:
    """An object that speaks NumPy's array protocol and has a namespace to return to."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array

    def __array_namespace__(self):
        return SimpleNamespace(asarray=lambda result: ("theirs", result))


@pytest.mark.parametrize("wrap", [np.asarray, OnlyDLPack, OnlyArray, torch.from_numpy])
def test_memory_is_shared(wrap):
    array = np.arange(8.0).reshape(2, 4)
    assert np.shares_memory(adopt("x", wrap(array)).array, array)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_torch_tensors_come_back_as_torch_tensors_of_their_dtype(dtype):
    tensor = torch.tensor([[1.5, -2.0], [0.0, 3.0]], dtype=dtype, requires_grad=True)
    adopted = adopt("x", tensor.T)
    assert adopted.array.strides == tuple(s * tensor.element_size() for s in tensor.T.stride())
    back = adopted.give_back(adopted.array.copy())
    assert isinstance(back, torch.Tensor)
    assert back.dtype == dtype
    assert not back.requires_grad
    assert torch.equal(back, tensor.detach().T)


@pytest.mark.parametrize("masked", [np.ma.array([1.0, 2.0], mask=[0, 1]), np.ma.masked], ids=repr)
def test_a_mask_is_refused_and_not_dropped(masked):
    words = r"pred: expected an array without a mask, got Masked\w+; pass pred.data, .* weight 0"
    with pytest.raises(TypeError, match=words):
        adopt("pred", masked)


def test_a_lazily_negated_tensor_is_read_as_its_value():
    view = torch.tensor([1 + 2j]).conj().imag  # a view with the negative bit set
    assert view.is_neg()
    np.testing.assert_array_equal(adopt("x", view).array, [-2.0])


def test_numpy_results_are_arrays_or_scalars():
    adopted = adopt("x", np.zeros(3, np.float32))
    result = np.ones(3)
    assert adopted.give_back(result) is result
    assert isinstance(adopted.give_back(np.array(2.0, np.float32)), np.float32)


def test_other_libraries_receive_results_through_their_namespace():
    result = np.ones(3)
    assert adopt("x", OnlyArray(np.zeros(3))).give_back(result) == ("theirs", result)
    assert adopt("x", OnlyDLPack(np.zeros(3))).give_back(result) is result


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1.0, 2.0]], "pred: expected an array .* got list"),
        (None, "pred: expected an array .* got NoneType"),
        (OnlyDLPack(np.zeros(3), device=(2, 0)), "pred: the CPU kernels .* device type 2"),
        (torch.zeros(3, device="meta"), "pred: the CPU kernels .* on meta"),
        (torch.zeros(3).to_sparse(), "pred: expected a dense tensor"),
    ],
    ids=["list", "none", "cuda", "meta", "sparse"],
)
def test_what_is_no_cpu_array_is_refused(value, message):
    with pytest.raises(TypeError, match=message):
        adopt("pred", value)


def test_bfloat16_without_ml_dtypes_is_one_line_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match=r"pip install 'refloss\[certify\]'") as caught:
        adopt("pred", torch.zeros(3, dtype=torch.bfloat16))
    assert "\n" not in str(caught.value)


def test_bfloat16_arrays_of_ml_dtypes_are_taken_as_they_are():
    array = np.zeros(3, ml_dtypes.bfloat16)
    assert adopt("x", array).array is array


def test_a_call_on_numpy_arrays_imports_no_other_library():
    code = (
        "import sys, numpy as np, refloss\n"
        "box = np.array([[0, 0, 2, 3]], np.float32)\n"
        "refloss.ciou.value_and_grad(box, box + 1)\n"
        "refloss.giou.hvp(box, box + 1, {'pred': box})\n"
        "heavy = {'torch', 'sympy', 'cupy', 'scipy', 'flint', 'ml_dtypes', 'jax'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
