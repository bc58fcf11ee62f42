"""A run with the shipped models that is killed goes on to the same bytes."""

import random
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from action_recs.cli import app

SAID = (
    "Therapist: How was the week?\nClient: I walked {n} times, as we had said.\nTherapist: And how was that?\n"
    "Client: Good, mostly.\nTherapist: Maybe keep going, {n} times a day, and write down how it feels.\n"
    "Client: I could try.\n"
)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def killed_and_resumed(tmp_path, sessions, kills, seed):
    """An unbroken run, and one that is killed at random moments: the bytes of each, and how often it was killed."""
    folder = tmp_path / "sessions"
    folder.mkdir()
    for number in range(sessions):
        (folder / f"s{number:03}.txt").write_text(SAID.format(n=number), encoding="utf-8")
    assert invoke("tag", folder, "-o", tmp_path / "whole.jsonl").exit_code == 0
    whole = (tmp_path / "whole.jsonl").read_bytes()
    out, draw, done = tmp_path / "out.jsonl", random.Random(seed), 0
    while done < kills:
        before = out.stat().st_size if out.exists() else 0
        process = subprocess.Popen([sys.executable, "-m", "action_recs", "tag", folder, "-o", out, "--resume", "-q"])
        while process.poll() is None and (out.stat().st_size if out.exists() else 0) <= before:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.1))
        if process.poll() is None:
            done += 1
        process.kill()
        if process.wait() == 0:
            break
    half = out.stat().st_size
    assert invoke("tag", folder, "-o", out, "--resume").exit_code == 0
    return whole, out.read_bytes(), done, half


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path):
    whole, resumed, kills, half = killed_and_resumed(tmp_path, sessions=40, kills=1, seed=1)
    assert (kills, 0 < half < len(whole), resumed == whole) == (1, True, True)


@pytest.mark.slow
def test_five_hundred_sessions_killed_ten_times(tmp_path):
    whole, resumed, kills, half = killed_and_resumed(tmp_path, sessions=500, kills=10, seed=2)
    assert (kills, 0 < half < len(whole), resumed == whole) == (10, True, True)
    assert resumed.count(b"\n") == 500
