"""What is released works where nothing else is, with the oldest versions and with the newest."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("constraints", ["constraints.txt", "constraints-min.txt"])
def test_the_wheel_passes_the_tests(constraints):
    """Needs a package index, some gigabytes, and about twice the time that the tests take."""
    script = [sys.executable, ROOT / "tests" / "trust" / "release.py", "--constraints", ROOT / constraints]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
