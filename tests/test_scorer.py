"""How a model folder becomes something that reads: precision, tokens, and close calls."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from action_recs import Label, ModelError, Role, Tagger, Transcript
from action_recs.checkpoint import ReadingSettings, Task, load_checkpoint
from action_recs.close_calls import MARGINS, CarefulEncoder, is_close
from action_recs.decoding import DecodingSettings, find_reviews
from action_recs.encoder import WindowInput
from action_recs.plan import Plan
from action_recs.precision import Precision, choose_precision
from action_recs.scorer import load_scorer
from action_recs.tokenizing import PlainTokenizer
from action_recs.windows import encode
from action_recs.workers import Workers, batches

TALK = [
    ("therapist", "How did it go this week?"),
    ("client", "Okay."),
    ("therapist", "Maybe you could walk again, that was good for you. Call her!"),
] * 40


@pytest.fixture(scope="module")
def both_tokenizers(models):
    folder = models / "recommendation"
    return PlainTokenizer(folder), load_checkpoint(folder, Task.RECOMMENDATION).tokenizer


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), min_size=1, max_size=4))
@example(["[SEP] [CLIENT] [THERAPIST]", "", "\u0130stanbul caf\u00e9 e\u0301 \u597d\u3002 a\u00adb", "x" * 300])
def test_the_plain_tokenizer_gives_the_tokens_of_transformers(both_tokenizers, texts):
    transcript = Transcript.from_pairs([("client", text) for text in texts])
    plain, theirs = (encode(transcript, tokenizer) for tokenizer in both_tokenizers)
    assert [list(each) for each in plain.ids] == [list(each) for each in theirs.ids]
    assert [list(each) for each in plain.offsets] == [list(each) for each in theirs.offsets]


def test_the_plain_tokenizer_has_the_special_tokens_of_transformers(both_tokenizers):
    plain, theirs = both_tokenizers
    for name in ("cls_token_id", "sep_token_id", "pad_token_id"):
        assert getattr(plain, name) == getattr(theirs, name) is not None
    assert plain.get_vocab() == theirs.get_vocab()


def test_a_precision_is_chosen_that_the_device_has():
    cpu = torch.device("cpu")
    assert choose_precision("auto", cpu) in (Precision.FP32, Precision.BF16)
    assert [choose_precision(each, cpu) for each in ("fp32", Precision.BF16)] == [Precision.FP32, Precision.BF16]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("double", "precision double is not known; use one of auto, fp32"),
        ("fp16", "fp16 is not at hand on cpu"),
        ("int8", "action-recs export --int8"),
    ],
)
def test_a_precision_that_is_not_there_is_named(models, wanted, words):
    with pytest.raises(ModelError, match=words):
        Tagger.from_pretrained(models, precision=wanted)


def test_a_model_that_only_transformers_computes_is_read_too(own_models):
    for task in Task:
        path = own_models / task.value / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden_act": "gelu_new"}), encoding="utf-8")
    plain, half = (Tagger.from_pretrained(own_models, precision=each) for each in ("fp32", "bf16"))
    assert repr(plain) == "Tagger(Scorer(recommendation, bert, fp32), Scorer(review, bert, fp32))"
    one, other = (each.tag(TALK) for each in (plain, half))
    scores = [[list(each.scores.values()) for each in session.utterances] for session in (one, other)]
    assert np.abs(np.subtract(*scores)).mean() < 0.03


def test_bf16_gives_the_labels_of_32_bit_floats(models):
    exact, fast = (Tagger.from_pretrained(models, precision=each).tag(TALK) for each in ("fp32", "bf16"))
    assert [each.labels for each in fast.utterances] == [each.labels for each in exact.utterances]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_workers_changes_nothing(tagger, threads):
    expected = tagger.tag(TALK)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = tagger.tag(TALK)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert [each.labels for each in found.utterances] == [each.labels for each in expected.utterances]
    for one, other in zip(found.utterances, expected.utterances, strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-3)


def test_reading_does_not_load_transformers(models):
    code = (
        "import sys, action_recs; t = action_recs.Tagger.from_pretrained(sys.argv[1]); "
        "t.tag([('client', 'walk')]); print('transformers' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(models)], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "False\n"), ran.stderr


def review(*inside):
    """Probabilities of a review, as a table."""
    return np.array([[1 - each, each, 0.0] for each in inside])


def window(pieces, roles=None):
    """One whose pieces begin at these rows."""
    return WindowInput([], np.array([]), np.array(pieces, dtype=int), roles or [Role.THERAPIST] * len(pieces))


@pytest.mark.parametrize(
    ("inside", "pieces", "close"),
    [
        ([0.75, 0.75], [0], True),
        ([0.95, 0.55], [0], True),  # their mean is the threshold
        ([0.75, 0.1], [0, 1], True),
        ([0.05, 0.9, 0.05], [0, 1, 2], False),
        ([0.05, 0.9, 0.2, 0.05], [0, 1, 2, 3], True),  # the floor, beside a run
        ([0.05, 0.2, 0.05], [0, 1, 2], False),  # the floor, but no run is near
        ([0.2, 0.05], [0, 1], True),  # a run may come from before the window
        ([0.05, 0.2], [0, 1], True),  # or from behind it
        ([0.05, 0.75, 0.9, 0.05], [0, 1, 2, 3], False),  # the run is one without it
        ([0.3, 0.3], [0], False),
        ([], [], False),
    ],
)
def test_a_review_is_close_where_an_utterance_hangs_on_the_threshold_or_the_floor(inside, pieces, close):
    settings = ReadingSettings(Task.REVIEW, decoding=DecodingSettings(threshold=0.75, floor=0.2))
    table = np.array([[1 - each, 0.0, each] for each in inside]) if inside else np.empty((0, 3))
    assert is_close(table, window(pieces), settings) == close


def test_a_run_that_may_be_divided_is_close_where_one_half_does_not_stand_alone():
    settings = ReadingSettings(Task.REVIEW, decoding=DecodingSettings(threshold=0.75, floor=0.2, split=0.5))

    def table(begins, inside):
        return np.array([[1 - high, low, high - low] for low, high in zip(begins, inside, strict=True)])

    inside = [0.05, 0.9, 0.6, 0.05]
    assert is_close(table([0, 0, 0.5, 0], inside), window([0, 1, 2, 3]), settings)
    assert not is_close(table([0, 0, 0.3, 0], inside), window([0, 1, 2, 3]), settings)
    assert not is_close(table([0, 0, 0.5, 0], [0.05, 0.9, 0.9, 0.05]), window([0, 1, 2, 3]), settings)


def test_a_recommendation_is_close_where_its_highest_word_is_near_the_threshold():
    settings = ReadingSettings(Task.RECOMMENDATION, decoding=DecodingSettings(threshold=0.75, floor=0.2))

    def table(*inside):
        return np.array([[1 - each, each, 0, 0, 0] for each in inside])

    assert is_close(table(0, 0.2, 0.75), window([0]), settings)
    assert not is_close(table(0, 0.75, 0.9), window([0]), settings)
    assert not is_close(table(0.75, 0.2, 0.2), window([0]), settings), "the marker is not read"
    both = table(0, 0.9, 0, 0.75)
    assert is_close(both, window([0, 2], [Role.CLIENT, Role.THERAPIST]), settings)
    assert not is_close(both, window([0, 2], [Role.THERAPIST, Role.CLIENT]), settings), "a client recommends nothing"


@given(st.data())
def test_what_is_not_close_stays_as_it_is_whatever_moves_less_than_the_margin(data):
    """Scores moved up and down at random give the same labels where the window is not close."""
    count = data.draw(st.integers(1, 8))
    near = st.sampled_from([0.05, 0.18, 0.2, 0.21, 0.4, 0.745, 0.75, 0.9])
    inside = np.array(data.draw(st.lists(near, min_size=count, max_size=count)))
    settings = ReadingSettings(Task.REVIEW, decoding=DecodingSettings(threshold=0.75, floor=0.2, split=1.0))
    moved = data.draw(st.lists(st.floats(-0.99, 0.99), min_size=count, max_size=count))
    logits = np.log(inside / (1 - inside)) + MARGINS[Task.REVIEW] * np.array(moved)

    def labelled(scores):
        table = np.stack([1 - scores, np.zeros(count), scores], axis=1)
        return {place for run in find_reviews(table, settings.decoding) for place in range(run.first, run.last + 1)}

    table = np.stack([1 - inside, np.zeros(count), inside], axis=1)
    if not is_close(table, window(range(count)), settings):
        assert labelled(1 / (1 + np.exp(-logits))) == labelled(inside)


def test_only_close_windows_are_read_again():
    class Constant:
        name = "constant"

        def __init__(self, *tables):
            self.tables, self.asked = tables, []

        def probabilities(self, windows):
            self.asked += [each.tokens for each in windows]
            return [self.tables[each.tokens[0]] for each in windows]

    fast = Constant(review(0.99), review(0.501), review(0.01))
    exact = Constant(review(0.98), review(0.499), review(0.02))
    careful = CarefulEncoder(fast, exact, [(ReadingSettings(Task.REVIEW), slice(0, 3))])
    windows = [WindowInput([number], np.array([0]), np.array([0]), [Role.CLIENT]) for number in (2, 1, 0)]
    found = [float(table[0, 1]) for table in careful.probabilities(windows)]
    assert (found, fast.asked, exact.asked) == ([0.01, 0.499, 0.99], [[2], [1], [0]], [[1]])


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 120))
def test_batches_hold_every_window_once_and_keep_the_budget(lengths, budget):
    made = list(batches(lengths, budget))
    assert sorted(at for batch in made for at in batch) == list(range(len(lengths)))
    for batch in made:
        assert len(batch) == 1 or len(batch) * max(lengths[at] for at in batch) <= budget


def test_models_with_one_vocabulary_share_their_tokens(models):
    one, other = (load_scorer(models / task.value, task) for task in Task)
    assert one.vocabulary == other.vocabulary


class OutOfMemory:
    """Has room for so many windows, and gives each its first token as a table."""

    name = "small"

    def __init__(self, room, error):
        self.room, self.error = room, error

    def probabilities(self, windows):
        if len(windows) > self.room:
            raise self.error
        return [np.array([[each.tokens[0]]]) for each in windows]


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("of the device")])
def test_where_memory_runs_out_batches_are_halved_and_the_result_is_the_same(error):
    inputs = [WindowInput([number], np.array([0]), np.array([0]), [Role.CLIENT]) for number in range(13)]
    plan = Plan([], [], inputs, ())
    with Workers("cpu") as workers, pytest.warns(RuntimeWarning, match="out of memory; going on with batches of"):
        (tables,) = workers.start(OutOfMemory(3, error), [plan], 10_000)()
    assert [int(table[0, 0]) for table in tables] == list(range(13))


def test_where_one_window_is_too_much_the_error_is_passed_on():
    plan = Plan([], [], [WindowInput([0], np.array([0]), np.array([0]), [Role.CLIENT])], ())
    with Workers("cpu") as workers, pytest.raises(MemoryError):
        workers.start(OutOfMemory(0, MemoryError()), [plan], 10_000)()


def test_other_thresholds_are_the_taggers_own(tagger):
    changed = tagger.with_thresholds({Label.REVIEW: 0.9})
    assert [each.settings.decoding.threshold for each in changed.scorers] == [0.5, 0.9]
    assert changed.review.settings.decoding.threshold == 0.9


def test_a_tagger_goes_to_other_processes(tagger):
    hook = tagger.review.model.register_forward_hook(lambda *_: None)  # as transformers does; it cannot travel
    again = pickle.loads(pickle.dumps(tagger))
    hook.remove()
    assert again.tag(TALK[:6]) == tagger.tag(TALK[:6])
    assert again.recommendation.settings == tagger.recommendation.settings


def test_loading_and_tagging_leave_torch_its_threads(models):
    code = """
import threading, torch
torch.set_num_threads(2)
from action_recs import Tagger
tagger = Tagger.from_pretrained({models!r})
found = [torch.get_num_threads()]
tagger.tag([("therapist", "try to walk again"), ("client", "okay")] * 50)
found.append(torch.get_num_threads())
thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
thread.start(); thread.join()
print(found)
"""
    told = subprocess.run(
        [sys.executable, "-c", code.format(models=str(models))], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[2, 2, 2]"
