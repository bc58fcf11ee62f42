"""What importing the package must not do."""

import subprocess
import sys

import pytest
from told import TRANSCRIPTS

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


WITHOUT = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None  # importing it raises ImportError
import action_recs
roles = {{"Dr. Lee": "therapist", "Ann": "client", "SPEAKER_00": "therapist", "SPEAKER_01": "client"}}
sessions = list(action_recs.read_many({readable!r}, roles))
assert len(sessions) == len({readable!r}) and all(len(each) > 3 for each in sessions)
for path in {unreadable!r}:
    try:
        action_recs.read(path)
    except action_recs.TranscriptError as error:
        assert "pip install 'action_recs[formats]'" in str(error), path
    else:
        raise SystemExit(path)
"""


def test_what_is_read_without_the_extra_libraries():
    names = ["text/labels.txt", "webvtt/teams.vtt", "srt/whisperx.srt", "json/session.json", "csv/pandas.csv"]
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            WITHOUT.format(
                blocked=["defusedxml", "openpyxl", "pyarrow", "pypdf", "pandas", "polars", "datasets"],
                readable=[str(TRANSCRIPTS / name) for name in names],
                unreadable=[str(TRANSCRIPTS / name) for name in ("excel/pandas.xlsx", "pdf/pages.pdf")],
            ),
        ],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
