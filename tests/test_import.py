"""What importing the package must not do."""

import subprocess
import sys

import pytest

import action_recs

WATCHED = """
import socket, sys
def refuse(*_, **__): raise SystemExit("a socket was opened")
socket.socket.__init__ = refuse
import {module}
print(sorted({{"torch", "transformers", "pandas", "sklearn"}} & sys.modules.keys()))
"""


@pytest.mark.parametrize("module", ["action_recs", "action_recs.cli"])
def test_importing_loads_no_heavy_library_and_opens_no_socket(module):
    ran = subprocess.run([sys.executable, "-c", WATCHED.format(module=module)], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "[]\n", "")


def test_every_public_name_is_there():
    assert [name for name in action_recs.__all__ if not hasattr(action_recs, name)] == []


def test_every_exception_can_be_caught_as_one():
    named = ["AnnotationError", "ConfigError", "ModelError", "OutputError", "TranscriptError"]
    assert all(issubclass(getattr(action_recs, name), action_recs.ActionRecsError) for name in named)
