"""No access beyond an array, no race, no unset number: NVIDIA's sanitizer looks on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
FOUND, SECONDS = 86, 500


@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "synccheck"])
def test_kernels_are_clean(tool):
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        pytest.skip("compute-sanitizer is not installed")
    command = [sanitizer, f"--tool={tool}", f"--error-exitcode={FOUND}", sys.executable]
    run = subprocess.run(
        [*command, "-m", "tests.gpu.exercise"],
        cwd=ROOT,
        # Every array gets memory of its own, so that a step beyond it is seen.
        env={**os.environ, "REFLOSS_EXERCISE_UNPOOLED": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if "Device not supported" in run.stdout + run.stderr:
        pytest.skip("compute-sanitizer does not support this device")
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert "exercised" in run.stdout
