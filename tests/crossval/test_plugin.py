"""A project of its own is certified through pytest: by its pyproject's table, by the decorator."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

# NumPy loads once a process, and pytester forgets what the runs below import
import scipy.optimize  # noqa: F401

import crossval
import crossval.items
import crossval.tally

pytest_plugins = ["pytester"]

LOSSES = '''
"""GIoU, right and subtly wrong."""
import os

import refloss


class Giou:
    def __call__(self, pred, target, eps=1e-7):
        return refloss.giou(pred, target, preset="fvcore", eps=eps)

    def grad(self, pred, target, *, upstream, wrt, eps=1e-7):
        return refloss.giou.grad(pred, target, preset="fvcore", eps=eps, upstream=upstream, wrt=wrt)


class Swapped(Giou):
    """The gradients are exchanged; the value is right."""

    def __init__(self, swap):
        self.swap = swap

    def grad(self, pred, target, **rest):
        found = super().grad(pred, target, **rest)
        return {"pred": found["target"], "target": found["pred"]} if self.swap else found


def ends(pred, target):
    os._exit(7)


giou = Giou()
'''

TABLE = """
[tool.refloss]
level = "smoke"
dtypes = ["float32"]

[tool.refloss.targets.right]
object = "shapes.losses:giou"
loss = "giou/fvcore"
adapter = "numpy"

[tool.refloss.targets.wrong]
object = "shapes/losses.py:Swapped"
loss = "giou/fvcore"
adapter = "numpy"
init = { swap = true }
"""

ELSEWHERE = """
[tool.pytest.ini_options]
testpaths = ["tests"]
python_functions = ["check_*"]
"""

XFAIL = """
[[tool.refloss.targets.wrong.xfail]]
check = "{check}"
reason = "gradients are exchanged"
issue = "https://example.org/7"
"""

CONFTEST = """
import pytest

@pytest.fixture(autouse=True)
def witness(request):
    with open(request.config.rootpath / "seen.txt", "a") as file:
        print(request.node.nodeid, file=file)
"""

DECORATED = """
import crossval

GIOU = crossval.Target("shapes.losses:giou", "giou", "fvcore", adapter="numpy")
SWAPPED = crossval.Target(
    "shapes/losses.py:Swapped", "giou", "fvcore", adapter="numpy", init={{"swap": True}}
)


@crossval.parametrize({targets}, level="smoke", dtypes=["float32"], expected_failures={failures})
def test_losses({argument}):
    {argument}()
"""

QUICK = "value or grad or dtype"


@pytest.fixture
def project(pytester, monkeypatch):
    """Return a function that makes a project from a table and more files."""
    monkeypatch.setenv("COLUMNS", "240")  # lines of the summary are cut at the width
    package = pytester.mkpydir("shapes")
    (package / "losses.py").write_text(LOSSES, encoding="utf-8")
    pytester.makeconftest(CONFTEST)

    def make(table=TABLE, **files):
        pytester.makepyprojecttoml(table)
        if files:
            pytester.makepyfile(**files)
        return pytester

    return make


def run(pytester, *options):
    return pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options
    )


def out(result):
    return "\n".join(result.outlines)


def test_the_plugin_is_installed_with_the_package():
    (found,) = entry_points(group="pytest11", name="refloss")
    assert found.value == "crossval.plugin"


def test_a_right_and_a_wrong_loss(project):
    result = run(project(), "--refloss", "-k", QUICK)
    result.assert_outcomes(passed=6, failed=2, deselected=22)
    words = out(result)
    for line in (
        "*refloss: *, 2 targets, level smoke, points boxes@1 sha256 *",
        "*RL407 gradients of two inputs are exchanged*grad[[]pred[]]*",
        "FAILED pyproject.toml::test[[]wrong-grad-pred-float32[]] - *RL407*",
        "right  giou/fvcore  grade A  4 pass",
        "wrong  giou/fvcore  grade F  2 pass, 2 fail  RL407",
    ):
        result.stdout.fnmatch_lines([line])
    assert "got " in words
    assert "crossval/" not in words
    assert "Traceback" not in words


def test_a_fixture_of_the_projects_conftest_sees_every_item(project):
    pytester = project(test_own="def test_own(): pass")
    run(pytester, "--refloss", "-k", "right-call or own").assert_outcomes(passed=2, deselected=29)
    seen = (pytester.path / "seen.txt").read_text().split()
    assert set(seen) == {"test_own.py::test_own", "pyproject.toml::test[right-call-float32]"}


def test_nothing_is_collected_without_the_flag(project):
    pytester = project(test_own="def test_own(): pass")
    result = run(pytester, "-v")
    result.assert_outcomes(passed=1)
    assert "refloss:" not in out(result)


@pytest.mark.parametrize("argument", [(), (".",), ("pyproject.toml",), (".", "pyproject.toml")])
def test_each_item_is_collected_once(project, argument):
    result = run(project(), "--refloss", "--collect-only", "-q", *argument)
    found = [line for line in result.outlines if line.startswith("pyproject.toml::")]
    assert len(found) == len(set(found)) == 30


def test_a_project_that_keeps_its_tests_elsewhere_and_names_them_otherwise(project):
    pytester = project(TABLE + ELSEWHERE)
    (pytester.mkdir("tests") / "test_own.py").write_text("def check_own(): pass\n")
    run(pytester, "--refloss", "-k", "call or own").assert_outcomes(passed=3, deselected=28)
    run(pytester, "--refloss", "tests", "-k", "call or own").assert_outcomes(
        passed=3, deselected=28
    )


def test_selection_by_node_id_runs_that_item_alone(project):
    pytester = project()
    one = "pyproject.toml::test[right-value-float32]"
    run(pytester, "--refloss", one).assert_outcomes(passed=1)
    below = pytester.mkdir("below")
    pytester.chdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(below)
        run(pytester, "--refloss", f"../{one}").assert_outcomes(passed=1)
        run(pytester, "--refloss", "-k", "right-value").assert_outcomes(passed=1, deselected=29)


def test_selection_by_mark(project):
    pytester = project(test_own="def test_own(): pass")
    result = run(pytester, "--refloss", "-m", "refloss and not slow", "-k", "call or own")
    result.assert_outcomes(passed=2, deselected=29)


def test_the_last_failures_run_again_alone(project):
    pytester = project()
    options = ("--refloss", "-k", "wrong-grad or wrong-call")
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=1, failed=2, deselected=27)
    pytester.runpytest_inprocess("--refloss", "--lf").assert_outcomes(failed=2)


def test_junit_carries_grade_and_error(project):
    pytester = project()
    run(pytester, "--refloss", "-k", "value", "--junitxml", "junit.xml")
    cases = ElementTree.parse(pytester.path / "junit.xml").findall(".//testcase")
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in cases
    }
    assert set(found) == {"test[right-value-float32]", "test[wrong-value-float32]"}
    for properties in found.values():
        assert properties["grade"] == "A"
        assert 0 < float(properties["ulp"]) < 1


def test_xdist_shares_the_items_and_one_process_writes_the_certificates(project):
    pytester = project(TABLE + ELSEWHERE)
    pytester.mkdir("tests")
    result = pytester.runpytest_subprocess(
        "-p",
        "no:hypothesispytest",
        "--refloss",
        "-n",
        "2",
        "-k",
        QUICK,
        "--refloss-report",
        "certificates",
        timeout=120,
    )
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(["wrong  giou/fvcore  grade F  2 pass, 2 fail  RL407"])
    seen = (pytester.path / "seen.txt").read_text().split()
    assert len(seen) == len(set(seen)) == 8
    schema = Path(crossval.__file__).parent / "report" / "certificate.schema.json"
    for name, grade, code in (("right", "A", 0), ("wrong", "F", 1)):
        body = json.loads((pytester.path / "certificates" / f"{name}.json").read_text())
        jsonschema.validate(body, json.loads(schema.read_text()))
        assert (body["grade"], body["exit_code"]) == (grade, code)
        assert "strides float32" in body["not_tested"][0]
        assert "not selected" in body["not_tested"][0]
        assert body["versions"]["refloss"]
        statuses = {check["check"]: check["status"] for check in body["checks"]}
        assert statuses["value"] == "pass"
        assert statuses["strides"] == "not run"


def test_a_certificate_from_pytest_is_the_one_of_the_command(project):
    pytester = project(TABLE.partition("[tool.refloss.targets.wrong]")[0])
    run(pytester, "--refloss", "--refloss-report", "out").assert_outcomes(passed=14, skipped=1)
    body = json.loads((pytester.path / "out" / "right.json").read_text())
    target = crossval.Target("shapes.losses:giou", "giou", "fvcore", adapter="numpy")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(pytester.path)
        straight = crossval.certify(target, dtypes=["float32"], level="smoke")
    assert body == json.loads(straight.to_json())


def test_level_and_formats_of_the_command_line_win(project):
    pytester = project(TABLE.replace('["float32"]', '["float32", "float16"]'))
    result = run(pytester, "--refloss", "--refloss-dtype", "float16", "-k", "right-value")
    result.assert_outcomes(passed=1, deselected=27)
    result = run(pytester, "--refloss", "--refloss-level", "standard", "-k", "right-value-float16")
    result.assert_outcomes(passed=1, deselected=57)
    result.stdout.fnmatch_lines(["*level standard*"])
    result = run(pytester, "--refloss", "--refloss-dtype", "int8")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: refloss: --refloss-dtype: expected * got 'int8'"])


def test_an_expected_failure_is_an_xfail_with_its_reason(project):
    table = TABLE + XFAIL.format(check="grad-*") + 'code = "RL407"\n'
    result = run(project(table), "--refloss", "-rx", "-k", "wrong and (value or grad)")
    result.assert_outcomes(passed=1, xfailed=2, deselected=27)
    result.stdout.fnmatch_lines(["XFAIL *RL407 gradients are exchanged https://example.org/7"])
    result.stdout.fnmatch_lines(["wrong  giou/fvcore  grade F  1 pass, 2 xfail  RL407"])
    assert result.ret == 0


def test_an_expected_failure_by_another_code_fails(project):
    table = TABLE + XFAIL.format(check="grad-*") + 'code = "RL401"\n'
    result = run(project(table), "--refloss", "-k", "wrong-grad")
    result.assert_outcomes(failed=2, deselected=28)


def test_an_expected_failure_that_passes_fails(project):
    table = (TABLE + XFAIL.format(check="grad-*")).replace("swap = true", "swap = false")
    result = run(project(table), "--refloss", "-k", "wrong and (value or grad)")
    result.assert_outcomes(passed=1, failed=2, deselected=27)
    result.stdout.fnmatch_lines(["RL901 declared deviation did not occur*"])
    result.stdout.fnmatch_lines(["*XPASS(strict)*expected to fail: gradients are exchanged"])


def test_an_expected_failure_that_names_no_check_fails_beside_the_others(project):
    table = TABLE + XFAIL.format(check="grad-boxes-float32")
    result = run(project(table), "--refloss", "-k", "right-value or wrong-value or xfail")
    result.assert_outcomes(passed=2, failed=1, deselected=28)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*test[[]wrong-xfail-grad-boxes-float32[]]*", "RL902 *", "*got 'grad-boxes-float32' (did*"]
    )


def test_runxfail_shows_what_is_expected(project):
    result = run(
        project(TABLE + XFAIL.format(check="grad-*")), "--refloss", "--runxfail", "-k", "wrong-grad"
    )
    result.assert_outcomes(failed=2, deselected=28)
    result.stdout.fnmatch_lines(["RL407*"])


def test_a_bad_table_is_one_line_and_nothing_runs(project):
    pytester = project(TABLE.replace('adapter = "numpy"', 'adaptor = "numpy"', 1))
    result = run(pytester, "--refloss")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.strip()]
    assert line.startswith(
        "ERROR: refloss: pyproject.toml: [tool.refloss.targets.right] adaptor: expected one of"
    )


def test_a_target_that_cannot_be_imported_fails_every_item_with_the_reason(project):
    pytester = project(TABLE.replace("losses:giou", "losses:nothing"))
    result = run(pytester, "--refloss", "-k", "right and (value or dtype)")
    result.assert_outcomes(failed=2, deselected=28)
    result.stdout.fnmatch_lines(["RL101*", "*has no attribute 'nothing'*"])
    result.stdout.fnmatch_lines(["right  giou/fvcore  not run: RL101"])


def test_a_target_that_ends_its_process_is_not_green(project):
    pytester = project(TABLE.replace("losses:giou", "losses:ends"))
    result = run(pytester, "--refloss", "-k", "right and (call or value or dtype)")
    result.assert_outcomes(failed=1, skipped=2, deselected=27)
    result = run(pytester, "--refloss", "-k", "right and (value or dtype)")
    result.assert_outcomes(failed=2, deselected=28)


MEAN = """
def mean(pred, target):
    return refloss.giou(pred, target, preset="fvcore").mean(){more}


class Mean(Giou):
    def __call__(self, pred, target):
        return refloss.giou(pred, target, preset="fvcore", reduction="mean"){more}

    def grad(self, pred, target, **rest):
        return refloss.giou.grad(pred, target, preset="fvcore", reduction="mean", **rest)


giou = Mean()
"""


def test_a_mean_is_judged_without_being_declared(project):
    pytester = project()
    (pytester.path / "shapes" / "losses.py").write_text(LOSSES + MEAN.format(more=""))
    result = run(pytester, "--refloss", "-k", "right")
    result.assert_outcomes(passed=12, skipped=3, deselected=15)
    result.stdout.fnmatch_lines(["right  giou/fvcore  grade A  12 pass, 3 skip"])


def test_one_number_that_is_no_mean_is_one_failure(project):
    pytester = project()
    more = " / (1 + len(pred))"
    (pytester.path / "shapes" / "losses.py").write_text(LOSSES + MEAN.format(more=more))
    result = run(pytester, "--refloss", "-k", "right")
    result.assert_outcomes(failed=1, skipped=14, deselected=15)
    result.stdout.fnmatch_lines(["RL202 result has the wrong shape*call*"])


def test_a_check_that_does_not_apply_is_skipped_with_the_reason(project):
    table = TABLE.replace("losses:giou", "losses:giou").replace(
        'adapter = "numpy"', 'adapter = "numpy"\ncall = "f(pred, target)"', 1
    )
    result = run(project(table), "--refloss", "-rs", "-k", "right-parameter")
    result.assert_outcomes(skipped=1, deselected=29)
    result.stdout.fnmatch_lines(["SKIPPED*takes no argument eps"])


def test_no_process_is_left_behind(project, monkeypatch):
    opened = []
    start = crossval.items.Desk.use

    def use(desk, examination):
        start(desk, examination)
        opened.append(examination)

    monkeypatch.setattr(crossval.items.Desk, "use", use)
    run(project(), "--refloss", "-k", "value or right-dtype").assert_outcomes(
        passed=3, deselected=27
    )
    assert len(opened) == 3
    assert len({id(examination) for examination in opened}) == 2
    assert all(examination._session.runner._process is None for examination in opened)


def test_only_a_few_processes_stay_open(project):
    examinations = [_Counted() for _ in range(5)]
    desk = crossval.items.Desk(Path())
    for examination in (*examinations, examinations[2]):
        desk.use(examination)
    assert [examination.closed for examination in examinations] == [1, 1, 0, 0, 0]
    desk.close()
    assert [examination.closed for examination in examinations] == [1, 1, 1, 1, 1]


class _Counted:
    closed = 0

    def close(self):
        self.closed += 1


def decorated(targets="GIOU, SWAPPED", failures=None, argument="refloss_check"):
    return DECORATED.format(targets=targets, failures=failures or {}, argument=argument)


def test_the_decorator_needs_neither_flag_nor_table(project):
    pytester = project("", test_losses=decorated())
    result = run(pytester, "-k", QUICK)
    result.assert_outcomes(passed=6, failed=2, deselected=22)
    result.stdout.fnmatch_lines(
        ["FAILED test_losses.py::test_losses[[]Swapped-grad-pred-float32[]]*"]
    )
    result.stdout.fnmatch_lines(["Swapped  giou/fvcore  grade F  2 pass, 2 fail  RL407"])


def test_the_decorators_expected_failures_are_strict(project):
    failures = {"Swapped-grad-pred-float32": ("exchanged", "lib#7"), "grad-target-float32": "too"}
    pytester = project("", test_losses=decorated(failures=failures))
    result = run(pytester, "-rxf", "-k", "grad")
    # the right loss passes a check that is expected to fail
    result.assert_outcomes(passed=1, failed=1, xfailed=2, deselected=26)
    result.stdout.fnmatch_lines(["XFAIL *[[]Swapped-grad-pred-float32[]] - *RL407 exchanged lib#7"])
    result.stdout.fnmatch_lines(["FAILED *giou-grad-target*RL901*"])


def test_a_decorators_expectation_that_names_no_check_fails_once(project):
    failures = {"Swapped-grad-*": "exchanged", "grad-x-float32": "why"}
    pytester = project("", test_losses=decorated(failures=failures))
    result = run(pytester, "-k", "value or xfail")
    result.assert_outcomes(passed=2, failed=2, deselected=28)
    for name in ("Swapped-grad-[*]", "grad-x-float32"):
        result.stdout.fnmatch_lines([f"FAILED *giou-xfail-{name}*RL902*"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"failures": {"grad-*": ""}}, "*expected a reason or (reason, issue); got ''*"),
        ({"targets": "'giou'"}, "*parametrize takes Targets; got str*"),
        ({"targets": ""}, "*at least one Target*"),
        ({"argument": "tmp_path"}, "*a test parametrized by crossval takes refloss_check*"),
        ({"targets": "crossval.Target('a:b', 'gioux')"}, "*loss must be one of *ciou*got 'gioux'*"),
    ],
)
def test_what_the_decorator_cannot_understand_is_an_error_of_collection(project, options, words):
    text = decorated(**options).replace("(, level", "(level")
    result = run(project("", test_losses=text))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_targets_of_one_name_are_numbered(project):
    result = run(
        project("", test_losses=decorated("GIOU, GIOU, SWAPPED")),
        "--collect-only",
        "-q",
        "-k",
        "value",
    )
    result.stdout.fnmatch_lines(["*[[]giou1-value-float32[]]", "*[[]giou2-value-float32[]]"])


def python(code, folder):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
    )


HEAVY = "('numpy', 'torch', 'refloss', 'flint', 'crossval.engine', 'crossval.target')"


def test_loading_the_plugin_imports_nothing_heavy(tmp_path):
    done = python(
        f"import sys, crossval.plugin; print([m for m in {HEAVY} if m in sys.modules])", tmp_path
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_run_without_the_flag_imports_nothing_heavy(project):
    pytester = project(test_own="def test_own(): pass")
    code = (
        "import sys, pytest; code = pytest.main(['-q', '-p', 'no:hypothesispytest']);"
        f"print(code, [m for m in {HEAVY} if m in sys.modules])"
    )
    done = python(code, pytester.path)
    assert done.stdout.strip().splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_a_missing_extra_is_one_line(project):
    pytester = project()
    code = (
        "import sys, pytest; sys.modules['flint'] = None;"
        "sys.exit(pytest.main(['--refloss', '-p', 'no:hypothesispytest']))"
    )
    done = python(code, pytester.path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr.strip() == (
        "ERROR: refloss: flint is not installed: pip install 'refloss[certify]'"
    )
