"""Texts compiled by NVRTC: the options, what is kept, and what is said where it fails."""

from types import SimpleNamespace

import pytest

from refloss.run.cuda import DeviceError
from refloss.run.native.compiler import CompilerError
from refloss.run.native.cubins import OPTIONS, compiled, target

KNOWN = (75, 80, 86, 90, 100)


class NVRTCError(RuntimeError):
    pass


class Nvrtc(SimpleNamespace):
    """NVRTC's functions as CuPy has them."""

    NVRTCError = NVRTCError

    def __init__(self, version=(13, 0)):
        super().__init__(version=version, calls=[], open=0)

    def getVersion(self):
        return self.version

    def getSupportedArchs(self):
        return KNOWN

    def createProgram(self, text, name, headers, names):
        self.open += 1
        return text

    def compileProgram(self, program, options):
        self.calls.append(options)
        if "wrong" in program:
            raise NVRTCError("NVRTC_ERROR_COMPILATION (6)")

    def getProgramLog(self, program):
        return "unit.cu(1): error: wrong"

    def getCUBIN(self, program):
        return b"machine " + program.encode()

    def getPTX(self, program):
        return "virtual " + program

    def destroyProgram(self, program):
        self.open -= 1


@pytest.fixture
def nvrtc(monkeypatch, tmp_path):
    monkeypatch.setenv("REFLOSS_CACHE", str(tmp_path / "kept"))
    return Nvrtc()


def test_results_are_kept_by_text_machine_and_compiler(nvrtc):
    first = compiled(nvrtc, "text", "90")
    assert first.read_bytes() == b"machine text"
    assert compiled(nvrtc, "text", "90") == first
    assert len(nvrtc.calls) == 1
    others = {compiled(nvrtc, "other", "90"), compiled(nvrtc, "text", "80")}
    nvrtc.version = (13, 1)
    others.add(compiled(nvrtc, "text", "90"))
    assert len(others | {first}) == 4
    assert {path.name for path in first.parent.iterdir()} == {p.name for p in others | {first}}
    assert nvrtc.open == 0


def test_nothing_is_fast_but_wrong(nvrtc):
    compiled(nvrtc, "text", "90")
    (options,) = nvrtc.calls
    assert options == (*OPTIONS, "--gpu-architecture=sm_90")
    assert {"--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true"} <= set(options)


def test_a_device_newer_than_the_compiler_gets_code_for_the_driver_to_compile(nvrtc):
    assert compiled(nvrtc, "text", "120").read_bytes() == b"virtual text"
    assert nvrtc.calls[0][-1] == "--gpu-architecture=compute_100"
    assert target("89", KNOWN) == "compute_86"
    with pytest.raises(DeviceError, match=r"capabilities from 7\.5 on, this device has 7\.0"):
        target("70", KNOWN)


def test_a_text_that_is_refused_is_not_kept(nvrtc):
    with pytest.raises(CompilerError, match=r"NVRTC refused a kernel .*\n.*error: wrong"):
        compiled(nvrtc, "wrong", "90")
    assert nvrtc.open == 0


def test_without_nvrtc_it_says_what_to_install(nvrtc, monkeypatch):
    def missing(self):
        raise RuntimeError("libnvrtc.so.13 was not found")

    monkeypatch.setattr(Nvrtc, "getVersion", missing)
    with pytest.raises(
        DeviceError, match=r"needs NVRTC \(libnvrtc.* pip install 'refloss\[cuda\]'"
    ):
        compiled(nvrtc, "text", "90")
