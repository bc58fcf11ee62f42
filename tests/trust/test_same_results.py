"""The same words are tagged the same, however the work is divided."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import action_recs
from action_recs import Transcript
from action_recs.annotation.markup import read_markup
from action_recs.export import write_sessions

ROOT = Path(__file__).parents[2]
CLOSE = 1e-3


@pytest.fixture(scope="module")
def transcripts():
    """Authored excerpts of different lengths, one longer than a window."""
    folder = ROOT / "annotations" / "corpus"
    short = [each.transcript for each in read_markup(folder / "contrast" / "v1.txt")[:3]]
    whole = read_markup(folder / "c081.txt")[0].transcript
    long = replace(whole, utterances=whole.utterances[:16])
    return [*short, long, Transcript.from_pairs([("client", "")]), Transcript.from_pairs([("therapist", "Walk.")])]


@pytest.fixture(scope="module")
def alone(transcripts):
    tagger = action_recs.shipped_tagger()
    return [tagger.tag(each) for each in transcripts]


def same(ones, others):
    assert len(ones) == len(others)
    for one, other in zip(ones, others, strict=True):
        assert one.session_id == other.session_id
        assert [each.text for each in one.utterances] == [each.text for each in other.utterances]
        assert [each.labels for each in one.utterances] == [each.labels for each in other.utterances]
        places = [[(r.utterance, r.start, r.end, r.form) for r in s.recommendations] for s in (one, other)]
        assert places[0] == places[1]
        assert [(run.first, run.last) for run in one.reviews] == [(run.first, run.last) for run in other.reviews]
        for mine, its in zip(one.utterances, other.utterances, strict=True):
            assert mine.scores == pytest.approx(its.scores, abs=CLOSE)


@pytest.mark.parametrize("batch_tokens", [1, 1_000_000])
def test_whatever_the_batch(transcripts, alone, batch_tokens):
    same(alone, list(action_recs.shipped_tagger().tag_many(transcripts, batch_tokens=batch_tokens)))


def test_whatever_the_windows_beside_it_in_half_precision_by_transformers(transcripts):
    """Encoders that are not BERT are read so; padded beside a longer window, a score used to move by a hundredth."""
    from action_recs.checkpoint import SHIPPED, Task, load_checkpoint
    from action_recs.encoder import TransformersEncoder
    from action_recs.plan import make_plan
    from action_recs.precision import Precision
    from action_recs.windows import encode

    checkpoint = load_checkpoint(SHIPPED / "recommendation", Task.RECOMMENDATION)
    model, tokenizer, settings = checkpoint.model, checkpoint.tokenizer, checkpoint.settings
    plans = [make_plan(each, encode(each, tokenizer), tokenizer, settings) for each in transcripts]
    windows = [window for plan in plans for window in plan.inputs]
    encoder = TransformersEncoder(model, Precision.BF16)
    for window, table in zip(windows, encoder.probabilities(windows), strict=True):
        assert encoder.probabilities([window])[0] == pytest.approx(table, abs=CLOSE)


def test_whatever_the_order(transcripts, alone):
    order = [*range(len(transcripts))[::-2], *range(len(transcripts))[-2::-2]]
    found = list(action_recs.tag_many([transcripts[at] for at in order]))
    same([alone[at] for at in order], found)


def test_whatever_the_threads(transcripts, alone):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2 if before == 1 else 1)
    try:
        same(alone, list(action_recs.tag_many(transcripts)))
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module")
def twice(transcripts):
    return [list(action_recs.tag_many(transcripts)) for _ in range(2)]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".html"])
def test_twice_is_the_same_to_the_last_byte(twice, tmp_path, suffix):
    for number, sessions in enumerate(twice):
        write_sessions(sessions, tmp_path / f"{number}{suffix}")
    assert (tmp_path / f"0{suffix}").read_bytes() == (tmp_path / f"1{suffix}").read_bytes()


def test_another_process_with_another_seed_writes_the_same_bytes(tmp_path):
    """Python hashes words differently in every process: no order may hang on it."""
    path = ROOT / "tests" / "fixtures" / "transcripts" / "plain.txt"
    write_sessions([action_recs.tag(path)], tmp_path / "here.jsonl")
    out = tmp_path / "there.jsonl"
    given = [sys.executable, "-m", "action_recs", "tag", str(path), "-o", str(out)]
    done = subprocess.run(given, env=os.environ | {"PYTHONHASHSEED": "4711"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == (tmp_path / "here.jsonl").read_bytes()
