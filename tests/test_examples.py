"""Training windows."""

from collections import Counter

import pytest

from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import ReadingSettings, Task
from action_recs.training.examples import training_dataset
from action_recs.training.labels import IGNORED


def dataset(annotations, tokenizer, task=Task.RECOMMENDATION, mix=None, **changed):
    sessions = {each.name: each.train for each in load_collection(annotations)}
    settings = ReadingSettings(task, window_tokens=32, overlap_tokens=8)
    plain = {"passes": 1, "batch_windows": 2, "recognised": 0.0, "wrong_speakers": 0.0, "masked": 0.0, "seed": 0}
    plain |= changed
    return training_dataset(sessions, mix or {"authored": 1, "contrast": 1}, tokenizer, settings, **plain)


@pytest.mark.parametrize("task", Task)
def test_windows_fit_and_every_token_has_a_class(annotations, tokenizer, task):
    made = dataset(annotations, tokenizer, task, passes=3)
    assert set(made.column_names) == {"input_ids", "attention_mask", "labels", "batch"}
    assert {label for row in made for label in row["labels"]} - {IGNORED} <= set(range(len(task.classes)))
    for row in made:
        assert len(row["input_ids"]) == len(row["labels"]) == len(row["attention_mask"]) <= 32
        assert set(row["attention_mask"]) == {1}
        assert (row["labels"][0], row["labels"][-1]) == (IGNORED, IGNORED)
        assert (row["input_ids"][0], row["input_ids"][-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert any(label != IGNORED for label in row["labels"])


def counted(made, *labels):
    return sum(label in labels for row in made for label in row["labels"])


def test_a_pass_holds_every_beginning_once(annotations, tokenizer):
    begins = [number for number, name in enumerate(Task.RECOMMENDATION.classes) if name.startswith("B-")]
    assert counted(dataset(annotations, tokenizer), *begins) == 3
    assert counted(dataset(annotations, tokenizer, passes=3), *begins) == 9


def test_the_mix_says_how_often_a_set_is_read(annotations, tokenizer):
    def tokens(mix):
        rows = dataset(annotations, tokenizer, Task.REVIEW, mix)
        special = {tokenizer.cls_token_id, tokenizer.sep_token_id}
        return Counter(each for row in rows for each in row["input_ids"] if each not in special)

    once, twice = tokens({"authored": 1}), tokens({"authored": 2})
    assert twice == Counter({token: 2 * count for token, count in once.items()})
    half = tokens({"authored": 0.5})
    assert half < once
    assert half.total() > 0
    assert tokens({"authored": 1, "contrast": 0}) == once


def test_the_seed_fixes_all_of_it(annotations, tokenizer):
    changed = {"passes": 4, "recognised": 0.5, "wrong_speakers": 0.5}
    first, again, other = (dataset(annotations, tokenizer, seed=seed, **changed).to_list() for seed in (3, 3, 4))
    assert first == again != other


def test_passes_lay_other_borders(annotations, tokenizer):
    rows = dataset(annotations, tokenizer, Task.REVIEW, {"authored": 1}, passes=6).to_list()
    assert len({tuple(row["input_ids"]) for row in rows}) > len(rows) / 6


def test_masked_tokens_are_hidden_and_keep_their_class(annotations, tokenizer):
    plain, hidden = dataset(annotations, tokenizer), dataset(annotations, tokenizer, masked=0.3)
    special = set(tokenizer.all_special_ids)
    words = [number for row in hidden for number in row["input_ids"] if number not in special]
    masked = sum(row["input_ids"].count(tokenizer.mask_token_id) for row in hidden)
    assert 0.15 <= masked / (masked + len(words)) <= 0.45

    def classes(made):
        return Counter(label for row in made for label in row["labels"])

    assert classes(plain) == classes(hidden)

    def markers(made):
        kept = special - {tokenizer.mask_token_id}
        return Counter(number for row in made for number in row["input_ids"] if number in kept)

    assert markers(plain) == markers(hidden)
