"""A package of its own with a right and a wrong cross-entropy, certified through every door.

The package names its arguments in its own way; tables and decorators say which is which. All doors
must come to the same verdict, check by check.
"""

import json

import pytest

# NumPy loads once a process, and pytester forgets what the runs below import
import scipy.optimize  # noqa: F401

import crossval

pytest_plugins = ["pytester"]

LOSSES = '''
"""Softmax cross-entropy over rows of scores."""
import torch


def cross_entropy(scores, labels, weight=None, skip=-100, reduce="none"):
    losses, shares = _losses(scores, labels, weight, skip)
    if reduce == "none":
        return losses
    return losses.sum() / (shares.sum() if reduce == "mean" else 1)


def by_rows(scores, labels, weight=None, skip=-100, reduce="none"):
    """The mean divides by all rows, whatever they weigh."""
    losses, _ = _losses(scores, labels, weight, skip)
    if reduce == "none":
        return losses
    return losses.sum() / (len(losses) if reduce == "mean" else 1)


class Smoothed:
    """Labels are smoothed; ignored rows keep what smoothing adds."""

    def __init__(self, amount=0.0):
        self.amount = amount

    def __call__(self, scores, labels, skip=-100):
        losses, _ = _losses(scores, labels, None, skip)
        even = torch.logsumexp(scores, 1) - scores.mean(1)
        return (1 - self.amount) * losses + self.amount * even


def _losses(scores, labels, weight, skip):
    if labels.shape != scores.shape[:1]:
        raise ValueError("scores (N, C) and labels (N,) are expected")
    kept = labels != skip
    scores = torch.where(kept[:, None], scores, scores.new_zeros(()))
    labels = torch.where(kept, labels, 0)
    weight = scores.new_ones(scores.shape[1]) if weight is None else weight
    shares = torch.where(kept, weight[labels], 0)
    picked = torch.log_softmax(scores, 1).gather(1, labels[:, None])[:, 0]
    return -picked * shares, shares
'''

CALL = "f(logits, target, weight=class_weight, skip=ignore_index, reduce=reduction)"

TABLE = f"""
[tool.refloss]
level = "smoke"
dtypes = ["float64"]

[tool.refloss.targets.right]
object = "classes.losses:cross_entropy"
loss = "cross_entropy/torch"
call = "{CALL}"

[tool.refloss.targets.wrong]
object = "classes/losses.py:by_rows"
loss = "cross_entropy/torch"
call = "{CALL}"

[tool.refloss.targets.smoothed]
object = "classes.losses:Smoothed"
loss = "cross_entropy"
init = {{ amount = 0.25 }}
call = "f(logits, target, skip=ignore_index)"
bind = {{ label_smoothing = "f.amount" }}
set = {{ label_smoothing = 0.25 }}
wrt = ["logits"]
"""

XFAIL = """
[[tool.refloss.targets.wrong.xfail]]
check = "reduction-float64"
reason = "the mean is over rows"
issue = "classes#3"
code = "RL807"
"""

CONFTEST = """
import pytest


@pytest.fixture(autouse=True)
def witness(request):
    with open(request.config.rootpath / "seen.txt", "a") as file:
        print(request.node.nodeid, file=file)
"""

DECORATED = f"""
import crossval

CALL = "{CALL}"
RIGHT = crossval.Target("classes.losses:cross_entropy", "cross_entropy", "torch", call=CALL)
WRONG = crossval.Target("classes/losses.py:by_rows", "cross_entropy", "torch", call=CALL)


@crossval.parametrize(RIGHT, WRONG, level="smoke", dtypes=["float64"])
def test_losses(refloss_check):
    refloss_check()
"""

CHECKS = "value,grad*,class_weight,ignore_index,reduction,class range,class count"
SELECTED = "value or grad or class or ignore or reduction"
ALL = ["value", "grad[logits]", "class_weight", "ignore_index", "reduction"]


@pytest.fixture
def project(pytester, monkeypatch):
    """Return a project with the package, its table and a conftest; it is the current folder."""
    monkeypatch.setenv("COLUMNS", "240")
    package = pytester.mkpydir("classes")
    (package / "losses.py").write_text(LOSSES, encoding="utf-8")
    pytester.makeconftest(CONFTEST)
    pytester.makepyprojecttoml(TABLE)
    monkeypatch.chdir(pytester.path)
    return pytester


def run(pytester, *options):
    return pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *options
    )


def command(capsys, *arguments):
    """Run the command; return its exit code and verdicts by check."""
    capsys.readouterr()
    code = crossval.main(["certify", *arguments, "--check", CHECKS, "--format", "json"])
    (body,) = json.loads(capsys.readouterr().out)
    return code, verdicts(body)


def verdicts(body):
    """Return status and codes of every check that ran."""
    return {
        check["check"]: (check["status"], [finding["code"] for finding in check["findings"]])
        for check in body["checks"]
        if check["status"] != "not run"
    }


def reports(project, name):
    return verdicts(json.loads((project.path / "certificates" / f"{name}.json").read_text()))


def test_the_command_by_reference_and_by_name(project, capsys):
    how = ("--as", "cross_entropy/torch", "--call", CALL, "--level", "smoke", "--dtype", "float64")
    code, right = command(capsys, "classes.losses:cross_entropy", *how)
    assert code == 0
    assert set(right) == {*ALL, "class range", "class count"}
    assert set(map(str, right.values())) == {"('pass', [])"}
    assert command(capsys, "right") == (0, right)
    code, wrong = command(capsys, "classes/losses.py:by_rows", *how)
    assert code == 1
    assert wrong == right | {"reduction": ("fail", ["RL807"])}
    assert command(capsys, "wrong") == (1, wrong)


def test_pytest_by_the_projects_table(project, capsys):
    result = run(project, "--refloss", "-k", SELECTED, "--refloss-report", "certificates")
    result.stdout.fnmatch_lines(["right  cross_entropy/torch  grade [BC]  7 pass"])
    result.stdout.fnmatch_lines(["wrong  cross_entropy/torch  grade F  6 pass, 1 fail  RL807"])
    result.stdout.fnmatch_lines(["*reduction='mean' of 1 row with class weights: got *"])
    assert "this is denominator=items" in " ".join(result.stdout.str().split())
    seen = (project.path / "seen.txt").read_text().splitlines()
    assert "pyproject.toml::test[wrong-class_weight-float64]" in seen
    for name in ("right", "wrong"):
        assert reports(project, name) == command(capsys, name)[1]


def test_pytest_by_the_decorator(project, capsys):
    project.makepyfile(test_losses=DECORATED)
    result = run(project, "-k", SELECTED, "--refloss-report", "certificates")
    result.assert_outcomes(passed=13, failed=1, deselected=24)
    result.stdout.fnmatch_lines(["FAILED test_losses.py::test_losses[[]by_rows-reduction-float64*"])
    assert reports(project, "cross_entropy") == command(capsys, "right")[1]
    assert reports(project, "by_rows") == command(capsys, "wrong")[1]


def test_what_is_expected_to_fail_does_so_in_every_door(project, capsys):
    project.makepyprojecttoml(TABLE + XFAIL)
    result = run(project, "--refloss", "-rx", "-k", "wrong and (reduction or value)")
    result.assert_outcomes(passed=1, xfailed=1, deselected=55)
    result.stdout.fnmatch_lines(["XFAIL *RL807 the mean is over rows classes#3"])
    code, found = command(capsys, "wrong")
    assert (code, found["reduction"]) == (0, ("known", ["RL807"]))


def test_smoothing_that_a_class_owns_is_bound_and_its_leak_found(project):
    result = run(project, "--refloss", "-k", "smoothed and (value or grad or ignore)")
    result.assert_outcomes(passed=2, failed=1, deselected=54)
    result.stdout.fnmatch_lines(["smoothed  cross_entropy  grade F  hygiene 1  2 pass, 1 fail  *"])
    result.stdout.fnmatch_lines(["RL502*ignore_index*"])


def test_the_header_names_the_points_of_the_program(project):
    soft = TABLE.replace(
        'loss = "cross_entropy/torch"',
        'loss = "cross_entropy/torch"\nset = { targets = "probabilities" }',
        1,
    )
    soft = soft.replace(CALL, "f(logits, target)", 1)
    project.makepyprojecttoml(soft.partition("[tool.refloss.targets.wrong]")[0])
    result = run(project, "--refloss", "--collect-only")
    result.stdout.fnmatch_lines(["refloss: *points rows of probabilities@1 sha256 *"])
