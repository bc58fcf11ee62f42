"""Runs over many sessions that are killed, interrupted, starved of room, or run twice: nothing lost, nothing twice."""

import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from counting_tagger import CountingTagger
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from action_recs.cli import app
from action_recs.cli import tag as command
from action_recs.cli.blocks import MOST_SESSIONS

DRIVER = Path(__file__).parent / "counting_tagger.py"


def invoke(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def counting(tmp_path, monkeypatch):
    """The command line in this process, with a tagger that counts."""
    return put_in(monkeypatch, tmp_path / "log")


def put_in(patch, log):
    found = CountingTagger(log)
    patch.setattr(command, "tagger_loader", lambda *_: lambda: found)
    patch.setattr(command, "models_digest", str)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """500 short sessions in files, one in fifty of them broken."""
    place = tmp_path_factory.mktemp("sessions")
    for number in range(500):
        text = f"T: Walk {number} times, caf\u00e9 \U0001f642.\nC: Okay.\n" * (1 + number % 3)
        (place / f"s{number:03}.txt").write_text("" if number % 50 == 7 else text, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def unbroken(folder, tmp_path_factory):
    """What a run that nobody disturbs writes: the sessions, and the failures."""
    place = tmp_path_factory.mktemp("unbroken")
    with pytest.MonkeyPatch.context() as patch:
        put_in(patch, place / "log")
        result = invoke("tag", folder, "-o", place / "out.jsonl")
    assert (result.exit_code, result.stdout) == (1, f"490 sessions tagged, 10 failed: {place / 'out.jsonl'}\n")
    return written(place / "out.jsonl")


def written(out):
    failures = Path(f"{out}.failures.jsonl")
    return out.read_bytes(), failures.read_bytes() if failures.exists() else b""


def start(tmp_path, seconds, *arguments, log=None, **options):
    """A run in a process of its own."""
    return subprocess.Popen(
        [sys.executable, DRIVER, log or tmp_path / "log", str(seconds), "tag", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def grows(out, size, process):
    """Wait until the output is larger than a size."""
    for _ in range(3000):
        if process.poll() is not None or (out.exists() and out.stat().st_size > size):
            return
        time.sleep(0.01)


def finish(out, folder, *arguments):
    return invoke("tag", folder, "-o", out, "--resume", *arguments)


@pytest.mark.usefixtures("counting")
def test_a_run_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path, folder, unbroken):
    out, kills = tmp_path / "out.jsonl", 0
    draw = random.Random(4)
    while kills < 6:
        process = start(tmp_path, 0.004, folder, "-o", out, "--resume")
        before = out.stat().st_size if out.exists() else 0
        grows(out, before, process)
        time.sleep(draw.uniform(0, 0.2))
        assert process.poll() is None
        process.kill()
        process.communicate()
        kills += 1
    assert 0 < out.stat().st_size < len(unbroken[0])
    result = finish(out, folder)
    assert (result.exit_code, written(out) == unbroken) == (1, True)
    often = Counter((tmp_path / "log").read_text(encoding="utf-8").split())
    assert len(often) == 490
    assert sum(often.values()) - len(often) <= kills * MOST_SESSIONS  # a kill costs the block that was in flight
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".out.jsonl.run", "log", "out.jsonl", "out.jsonl.failures.jsonl"
    ]  # fmt: skip
    result = finish(out, folder, "--json")
    assert (json.loads(result.stdout)["new"], written(out) == unbroken) == (0, True)


@pytest.fixture(scope="module")
def finished(folder, tmp_path_factory):
    """A finished run, to be cut off anywhere."""
    place = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        put_in(patch, place / "log")
        invoke("tag", folder / "s0[0-6]?.txt", "-o", place / "out.jsonl")
    return {path.name: path.read_bytes() for path in place.iterdir() if "out" in path.name}


@settings(max_examples=40)
@given(st.data())
def test_wherever_it_was_cut_off_it_goes_on(tmp_path_factory, folder, finished, data):
    """A kill leaves the ledger at some byte, and the output at least at what the ledger says, perhaps in mid-line."""
    place = tmp_path_factory.mktemp("cut")
    ledger = finished[".out.jsonl.run"]
    ledger = ledger[: data.draw(st.integers(0, len(ledger)))]
    marks = [json.loads(line) for line in ledger.split(b"\n")[1:-1]]
    (place / ".out.jsonl.run").write_bytes(ledger)
    for name, size in (("out.jsonl", "size"), ("out.jsonl.failures.jsonl", "failures_size")):
        least = marks[-1][size] if marks else 0
        cut = data.draw(st.integers(least, len(finished[name])))
        if ledger.count(b"\n"):
            (place / name).write_bytes(finished[name][:cut])
    with pytest.MonkeyPatch.context() as patch:
        put_in(patch, place / "log")
        result = finish(place / "out.jsonl", folder / "s0[0-6]?.txt")
    assert result.exit_code == 1, result.stderr
    assert {path.name: path.read_bytes() for path in place.iterdir() if "out" in path.name} == finished


@pytest.mark.usefixtures("counting")
def test_an_output_that_lost_its_end_gets_it_back(tmp_path, folder, unbroken):
    out = tmp_path / "out.jsonl"
    finish(out, folder)
    out.write_bytes(out.read_bytes()[:-1000])
    assert finish(out, folder).exit_code == 1
    assert written(out) == unbroken


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--roles", '{"T": "client", "C": "therapist"}'], ["other options"]),
        (["--threshold", "0.9"], ["other options"]),
        (["s001.txt"], ["other inputs"]),
        (["--device", "cuda"], ["other device"]),
        (["--models", "elsewhere"], ["other models"]),
    ],
)
@pytest.mark.usefixtures("counting")
def test_another_run_is_not_gone_on_with(tmp_path, folder, change, words):
    out = tmp_path / "out.jsonl"
    first = folder / "s000.txt"
    assert invoke("tag", first, "-o", out).exit_code == 0
    before = written(out)
    change = [folder / each if each.endswith(".txt") else each for each in change]
    result = finish(out, first, *change)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert [word for word in [*words, "--overwrite"] if word not in result.stderr] == []
    assert written(out) == before


@pytest.mark.usefixtures("counting")
def test_an_output_that_somebody_changed_is_not_gone_on_with(tmp_path, folder):
    out = tmp_path / "out.jsonl"
    assert invoke("tag", folder / "s000.txt", "-o", out).exit_code == 0
    changed = out.read_bytes().replace(b"Walk", b"Sing")
    out.write_bytes(changed)
    result = finish(out, folder / "s000.txt")
    assert (result.exit_code, "was changed" in result.stderr, out.read_bytes()) == (2, True, changed)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".html"])
def test_other_outputs_resume_too(tmp_path, folder, counting, suffix):
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    files = sorted(folder.iterdir())[:40]
    assert invoke("tag", *files, "-o", whole).exit_code == 1
    process = start(tmp_path, 0.02, *files, "-o", out)
    grows(tmp_path / f".out{suffix}.part.jsonl", 0, process)
    process.kill()
    process.communicate()
    assert not out.exists()
    result = invoke("tag", *files, "-o", out)
    assert (result.exit_code, "--resume" in result.stderr) == (2, True)
    assert invoke("tag", *files, "-o", out, "--resume").exit_code == 1
    assert out.read_bytes() == whole.read_bytes()
    assert not (tmp_path / f".out{suffix}.part.jsonl").exists()
    assert invoke("tag", *files, "-o", out, "--resume").exit_code == 1
    assert out.read_bytes() == whole.read_bytes()


def test_workers_change_nothing(tmp_path, folder, unbroken, counting):
    result = invoke("tag", folder, "-o", tmp_path / "out.jsonl", "--workers", "2")
    assert (result.exit_code, written(tmp_path / "out.jsonl") == unbroken) == (1, True)


def test_a_worker_that_dies_costs_nothing(tmp_path, folder, unbroken, counting):
    killed = []
    tag_many = counting.tag_many

    def killing(transcripts, batch_tokens=None):
        if len(killed) < 2:
            killed.append(multiprocessing.active_children()[0])
            killed[-1].kill()
        return tag_many(transcripts)

    counting.tag_many = killing
    result = invoke("tag", folder, "-o", tmp_path / "out.jsonl", "--workers", "1")
    assert (result.exit_code, len(killed), written(tmp_path / "out.jsonl") == unbroken) == (1, 2, True)


@pytest.mark.usefixtures("counting")
def test_ctrl_c_once_ends_in_order(tmp_path, folder, unbroken):
    out = tmp_path / "out.jsonl"
    process = start(tmp_path, 0.01, folder, "-o", out)
    grows(out, 0, process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    first, second = stderr.splitlines()
    assert "Ctrl-C again" in first
    done = len(out.read_text(encoding="utf-8").splitlines())
    assert f"{done} sessions are done" in second
    assert "--resume" in second
    logged = (tmp_path / "log").read_text(encoding="utf-8").split()
    assert len(logged) == done  # what was in flight was finished
    assert finish(out, folder).exit_code == 1
    assert written(out) == unbroken


@pytest.mark.usefixtures("counting")
def test_ctrl_c_twice_stops_at_once(tmp_path, folder, unbroken):
    out = tmp_path / "out.jsonl"
    process = start(tmp_path, 0.2, folder, "-o", out)
    grows(out, 0, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, len(stderr.splitlines())) == (130, 2)
    assert time.monotonic() - began < 2  # a block takes more than three seconds
    assert all(json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    assert finish(out, folder).exit_code == 1
    assert written(out) == unbroken


@pytest.mark.usefixtures("counting")
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path, folder, unbroken):
    out = tmp_path / "out.jsonl"

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = start(tmp_path, 0, folder, "-o", out, preexec_fn=little_room)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr.count("\n")) == (1, "", 1)
    assert [word for word in ("cannot be written", "sessions are done", "--resume") if word not in stderr] == []
    kept = out.read_bytes()
    assert kept.endswith(b"\n")
    assert unbroken[0].startswith(kept)
    assert finish(out, folder).exit_code == 1
    assert written(out) == unbroken


@pytest.mark.usefixtures("counting")
def test_a_disk_that_is_full_from_the_start(tmp_path, folder):
    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

    process = start(tmp_path, 0, folder, "-o", tmp_path / "out.jsonl", log=os.devnull, preexec_fn=no_room)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr.count("\n")) == (2, "", 1)
    assert "nothing was done" in stderr
    assert finish(tmp_path / "out.jsonl", folder).exit_code == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder that nobody can write in")
@pytest.mark.usefixtures("counting")
def test_a_folder_that_cannot_be_written(folder):
    result = invoke("tag", folder / "s000.txt", "-o", "/proc/out.jsonl")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "/proc/out.jsonl: cannot be written" in result.stderr


def test_two_runs_on_one_output(tmp_path, folder, counting):
    out = tmp_path / "out.jsonl"
    process = start(tmp_path, 0.05, folder, "-o", out)
    grows(out, 0, process)
    result = finish(out, folder)
    assert (result.exit_code, "another run is writing it" in result.stderr) == (2, True)
    process.kill()
    process.communicate()
    assert finish(out, folder).exit_code == 1


def test_a_file_that_vanishes_on_the_way_is_a_failure(tmp_path, counting):
    for number in range(40):
        (tmp_path / f"s{number:02}.txt").write_text("T: Walk.\nC: Yes.\n", encoding="utf-8")
    tag_many = counting.tag_many

    def vanishing(transcripts, batch_tokens=None):
        (tmp_path / "s30.txt").unlink(missing_ok=True)
        return tag_many(transcripts)

    counting.tag_many = vanishing
    result = invoke("tag", tmp_path / "s*.txt", "-o", tmp_path / "out.jsonl", "--json")
    assert (result.exit_code, json.loads(result.stdout)["sessions"]) == (1, 39)
    assert "s30.txt" in (tmp_path / "out.jsonl.failures.jsonl").read_text(encoding="utf-8")


def test_a_session_that_the_models_break_on_costs_no_other(tmp_path, folder, counting):
    tag_many = counting.tag_many

    def breaking(transcripts, batch_tokens=None):
        if any(each.session_id == "s005" for each in transcripts):
            raise ValueError("Walk 5 times")
        return tag_many(transcripts)

    counting.tag_many = breaking
    out = tmp_path / "out.jsonl"
    result = invoke("tag", folder / "s00?.txt", "-o", out, "--json")
    assert (result.exit_code, json.loads(result.stdout)["sessions"]) == (1, 8)
    failures = written(out)[1].decode()
    assert "s005.txt: could not be done (ValueError)" in failures
    assert "Walk" not in failures + result.stderr


def test_models_that_break_on_everything_stop_the_run_and_list_no_session_as_bad(tmp_path, folder, counting, unbroken):
    tag_many = counting.tag_many
    calls = []

    def dying(transcripts, batch_tokens=None):
        calls.append(len(transcripts))
        if sum(calls) > 60:
            raise RuntimeError("Walk")
        return tag_many(transcripts)

    counting.tag_many = dying
    out = tmp_path / "out.jsonl"
    result = invoke("tag", folder, "-o", out)
    assert (result.exit_code, result.stderr.count("\n"), "Walk" in result.stderr) == (1, 1, False)
    assert [word for word in ("(RuntimeError)", "sessions are done", "--resume") if word not in result.stderr] == []
    counting.tag_many = tag_many
    assert finish(out, folder).exit_code == 1
    assert written(out) == unbroken


def test_where_memory_runs_out_batches_are_halved(tmp_path, folder, counting):
    tag_many = counting.tag_many
    sizes = []

    def hungry(transcripts, batch_tokens=None):
        sizes.append(batch_tokens)
        if batch_tokens > 2048:
            raise MemoryError
        return tag_many(transcripts)

    counting.tag_many = hungry
    result = invoke("tag", folder / "s000.txt", "-o", tmp_path / "out.jsonl")
    assert (result.exit_code, sizes[-1], sizes == sorted(sizes, reverse=True)) == (0, 2048, True)
    assert "out of memory" in result.stderr


def test_a_tagger_that_loses_a_session_is_found_out(tmp_path, folder, counting):
    tag_many = counting.tag_many
    counting.tag_many = lambda transcripts, batch_tokens=None: tag_many(transcripts[1:])
    result = invoke("tag", folder / "s00?.txt", "-o", tmp_path / "out.jsonl")
    assert (result.exit_code, "8 sessions came out where 9 went in" in result.stderr) == (2, True)


def test_an_error_that_nobody_foresaw_says_nothing_of_the_transcript(folder, counting, monkeypatch):
    def broken(session, console):
        raise ValueError(session.utterances[0].text)

    monkeypatch.setattr(command, "print_session", broken)
    monkeypatch.delenv("ACTION_RECS_TRACEBACK", raising=False)
    result = invoke("tag", folder / "s000.txt")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "ValueError in terminal.py, line" in result.stderr
    assert "Walk" not in result.stderr


def many_sessions(path, sessions):
    with path.open("w", encoding="utf-8") as file:
        file.write("session_id,speaker,text\n")
        for number in range(sessions):
            file.write(f"s{number},Therapist,Did you walk?\ns{number},Client,Twice.\n")
    return path


def test_one_bad_session_in_a_table_costs_no_other(tmp_path, counting):
    table = many_sessions(tmp_path / "all.csv", 50)
    table.write_text(table.read_text(encoding="utf-8").replace("s20,Client,Twice.", "s20,Client,Twice,Walk"))
    result = invoke("tag", table, "-o", tmp_path / "out.jsonl", "--json")
    assert (result.exit_code, json.loads(result.stdout)["sessions"]) == (1, 48)
    failures = [json.loads(line) for line in written(tmp_path / "out.jsonl")[1].splitlines()]
    assert [each["session"] for each in failures] == [21, 22]  # the row's own cells do not say whose it is
    assert all("row 43" in each["error"] and "Walk" not in each["error"] for each in failures)


def test_a_line_that_is_cut_off_costs_no_other(tmp_path, counting):
    session = {"turns": [{"speaker": "therapist", "text": "Walk."}, {"speaker": "client", "text": "Yes."}]}
    lines = [json.dumps({"session_id": f"s{number}", **session}) for number in range(5)]
    lines[2] = lines[2][:-20]
    lines[4] = json.dumps({"session_id": "s4", "turns": []})
    (tmp_path / "all.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert invoke("tag", tmp_path / "all.jsonl", "-o", tmp_path / "out.jsonl").exit_code == 1
    out, failures = written(tmp_path / "out.jsonl")
    assert [json.loads(line)["session_id"] for line in out.splitlines()] == ["s0", "s1", "s3"]
    errors = [json.loads(line)["error"] for line in failures.splitlines()]
    assert ["line 3" in errors[0], "line 5" in errors[1], len(errors)] == [True, True, 2]


def peak(tmp_path, sessions):
    table = many_sessions(tmp_path / f"{sessions}.csv", sessions)
    tracemalloc.start()
    result = invoke("tag", table, "-o", tmp_path / f"{sessions}.jsonl", "--json")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert json.loads(result.stdout)["sessions"] == sessions
    return most


def test_memory_does_not_grow_with_the_number_of_sessions(tmp_path, counting, monkeypatch):
    peak(tmp_path, 100)
    assert peak(tmp_path, 1500) < peak(tmp_path, 300) + 2**19


@pytest.mark.slow
def test_a_hundred_thousand_sessions(tmp_path, counting):
    assert peak(tmp_path, 100_000) < 100 * 2**20


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_an_output_without_its_ledger_is_taken_over(tmp_path, folder, unbroken, counting, share):
    out = tmp_path / "copied.jsonl"
    cut = int(share * len(unbroken[0]))
    out.write_bytes(unbroken[0][:cut])
    result = finish(out, folder, "--json")
    assert (result.exit_code, written(out) == unbroken) == (1, True)
    lines = unbroken[0][:cut].count(b"\n")
    tagged = counting.log.read_text(encoding="utf-8").split()
    assert len(tagged) <= 490 - lines + 2 * MOST_SESSIONS
    assert not (tmp_path / ".copied.jsonl.before").exists()


def test_a_kill_while_an_output_is_taken_over_loses_nothing(tmp_path, folder, unbroken, counting):
    out = tmp_path / "copied.jsonl"
    (tmp_path / ".copied.jsonl.before").write_bytes(unbroken[0][:-5000])  # as it lies there after such a kill
    assert finish(out, folder).exit_code == 1
    assert written(out) == unbroken
    assert not (tmp_path / ".copied.jsonl.before").exists()
    assert len(counting.log.read_text(encoding="utf-8").split()) < 100


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"mine", "other models or options"),
        (lambda data: b"mine\n", "not written from these inputs"),
        (lambda data: data.replace(b"Walk 3 ", b"Sing 3 "), "not written from these inputs"),
        (lambda data: data.replace(b'"score": 0.5', b'"score": 0.7'), "other models or options"),
        (lambda data: data + data[:300], "more than these inputs"),
    ],
)
@pytest.mark.usefixtures("counting")
def test_an_output_of_something_else_is_left_as_it_is(tmp_path, folder, unbroken, change, words):
    out = tmp_path / "copied.jsonl"
    changed = change(unbroken[0])
    assert changed != unbroken[0]
    out.write_bytes(changed)
    result = finish(out, folder)
    assert (result.exit_code, result.stderr.count("\n"), words in result.stderr) == (2, 1, True), result.stderr
    assert out.read_bytes() == changed
    assert not (tmp_path / ".copied.jsonl.run").exists()


@pytest.mark.usefixtures("counting")
def test_the_outputs_of_other_runs_are_no_transcripts(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    for name in ("a.txt", "b.txt"):
        (here / name).write_text("T: Walk.\nC: Yes.\n" if name == "a.txt" else "", encoding="utf-8")
    for name in ("one.jsonl", "two.csv", "three.jsonl"):
        assert invoke("tag", here, here / "*", "-o", here / name).exit_code == 1
    assert [part.count(b"\n") for part in written(here / "three.jsonl")] == [1, 1]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_progress_shows_files_rate_and_time_and_no_transcript(tmp_path, folder):
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            DRIVER,
            tmp_path / "log",
            "0.03",
            "tag",
            folder / "s0[0-4]?.txt",
            "-o",
            tmp_path / "out.jsonl",
        ],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how a terminal says that its other end is closed
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    process.communicate()
    assert [word for word in ("/50", "a second", "0:00:") if word.encode() not in shown] == []
    assert b"Walk" not in shown
