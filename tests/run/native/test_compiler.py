"""Compiling: once for a content, under its name, whole or not at all."""

import os
import subprocess
import sys

import pytest

from refloss.run.native import compiler

TEXT = 'extern "C" __attribute__((visibility("default"))) int answer() { return %d; }\n'


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("REFLOSS_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_the_same_text_is_compiled_once(folder, monkeypatch):
    assert compiler.load(TEXT % 1).answer() == 1
    monkeypatch.setattr(compiler, "_compile", lambda *a: pytest.fail("compiled again"))
    assert compiler.load(TEXT % 1).answer() == 1
    assert len(list(folder.iterdir())) == 1


def test_another_text_or_flag_is_another_library(folder):
    assert compiler.load(TEXT % 1).answer() == 1
    assert compiler.load(TEXT % 2).answer() == 2
    assert compiler.load(TEXT % 2, ("-O1",)).answer() == 2
    assert len(list(folder.glob("*.so"))) == 3


def test_a_text_that_is_no_program_names_compiler_and_line(folder):
    with pytest.raises(compiler.CompilerError, match=r"refused a kernel:\n.*unit\.cpp"):
        compiler.load("int broken( {")
    assert not list(folder.glob("*"))


def test_the_compiler_of_the_environment_is_taken(monkeypatch):
    compiler.compiler.cache_clear()
    monkeypatch.setenv("CXX", "a-compiler-that-is-not-there")
    try:
        with pytest.raises(compiler.CompilerError, match=r"\$CXX = a-compiler-that-is-not-there"):
            compiler.compiler()
    finally:
        compiler.compiler.cache_clear()


def test_a_library_that_was_cut_short_is_compiled_again(folder):
    text = TEXT % 11
    path = compiler._compiled(text, ())
    path.write_bytes(path.read_bytes()[:9000])
    assert compiler.load(text).answer() == 11


def test_a_compiler_with_arguments(folder, monkeypatch):
    first = compiler.compiler()[0]
    for cached in (compiler.compiler, compiler._flags):
        cached.cache_clear()
    monkeypatch.setenv("CXX", f"{first} -m64")
    try:
        assert compiler.load(TEXT % 12).answer() == 12
    finally:
        for cached in (compiler.compiler, compiler._flags):
            cached.cache_clear()


def test_a_folder_that_cannot_be_used_is_named_with_the_remedy(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REFLOSS_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(compiler.CompilerError, match=r"below \(.*set REFLOSS_CACHE to a folder"):
        compiler.load(TEXT % 13)


def test_a_relative_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFLOSS_CACHE", ".")
    assert compiler.load(TEXT % 14).answer() == 14


def test_folders_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("REFLOSS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiler.store() == tmp_path / "refloss"
    monkeypatch.setenv("REFLOSS_CACHE", str(tmp_path / "own"))
    assert compiler.store() == tmp_path / "own"


def test_processes_that_compile_at_once_do_not_meet(folder):
    code = (
        "import sys; from refloss.run.native import compiler; "
        "print(compiler.load(sys.argv[1]).answer())"
    )
    command = [sys.executable, "-c", code, TEXT % 7]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
        for _ in range(3)
    ]
    assert [p.communicate()[0].strip() for p in running] == ["7"] * 3
    assert len(list(folder.iterdir())) == 1


def test_importing_refloss_looks_for_no_compiler():
    code = "import refloss; refloss.ciou"
    environment = {**os.environ, "PATH": "", "CXX": "nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr


def test_importing_refloss_loads_nothing_that_compiles():
    code = "import sys, refloss; print([m for m in sys.modules if 'native' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
