"""The settings of a training run."""

from pathlib import Path

import pytest

from action_recs import ConfigError
from action_recs.checkpoint import Task
from action_recs.training.config import TrainingConfig, load_config

TRAINING = Path(__file__).parent.parent / "training"
LEAST = "task: review\nbase: some/encoder\nmix: {authored: 1}\n"


def load(tmp_path, text=LEAST, *overrides):
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, overrides)


def test_what_is_not_given_has_a_default(tmp_path):
    assert load(tmp_path) == TrainingConfig(Task.REVIEW, "some/encoder", {"authored": 1.0})


def test_overrides_go_before_the_file(tmp_path):
    config = load(tmp_path, LEAST + "seed: 1\n", "seed=2", "learning_rate=1e-5", "mix={contrast: 2}", "base=other")
    assert config == TrainingConfig(Task.REVIEW, "other", {"contrast": 2.0}, learning_rate=1e-5, seed=2)


@pytest.mark.parametrize("task", Task)
def test_the_shipped_recipes_are_valid(task):
    assert load_config(TRAINING / f"{task.value}.yaml").task is task


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("learning_rat: 1\n", ["unknown key 'learning_rat'", "did you mean 'learning_rate'?"]),
        ("qqq: 1\n", ["unknown key 'qqq'"]),
        ("passes: many\n", ["passes", "many"]),
        ("passes: 1.5\n", ["passes", "1.5"]),
        ("passes: true\n", ["passes", "True"]),
        ("passes: 0\n", ["passes", "at least 1"]),
        ("learning_rate: true\n", ["learning_rate"]),
        ("learning_rate: -1\n", ["learning_rate", "at least"]),
        ("learning_rate: .nan\n", ["learning_rate"]),
        ("learning_rate: .inf\n", ["learning_rate", "finite"]),
        ("recognised: 1.5\n", ["recognised", "between 0 and 1"]),
        ("window_tokens: 384\noverlap_tokens: 300\n", ["overlap_tokens", "half"]),
        ("evaluate_on: [anomi]\n", ["evaluate_on", "'anomi'", "did you mean 'annomi'?"]),
        ("evaluate_on: annomi\n", ["evaluate_on"]),
        ("mix: {authord: 1}\n", ["mix", "'authord'", "did you mean 'authored'?"]),
        ("mix: {authored: lots}\n", ["mix"]),
        ("mix: {authored: -1}\n", ["mix"]),
        ("mix: 3\n", ["mix"]),
        ("mix: {}\n", ["mix"]),
        ("task: sentiment\n", ["task", "sentiment"]),
        ("base: 3\n", ["base"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path, added, words):
    least = [line for line in LEAST.splitlines(keepends=True) if not added.startswith(line.partition(":")[0] + ":")]
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "".join(least) + added)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("seed: 1\npasses: 2\nseed: 2\n", ["run.yaml, line 6", "twice"]),
        ("class_weights: {B-REVIEW: 2,\n  B-REVIEW: 3}\n", ["run.yaml, line 5", "twice"]),
    ],
)
def test_a_key_that_is_given_twice_is_named_with_its_line(tmp_path, added, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, LEAST + added)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_folder_with_the_name_of_a_recipe_does_not_hide_it(tmp_path, monkeypatch):
    (tmp_path / "review").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_config("review").task is Task.REVIEW


@pytest.mark.parametrize("text", ["task: [", "just words", "", "- task", "task: review\n"])
def test_a_file_that_is_no_recipe_is_named(tmp_path, text):
    with pytest.raises(ConfigError, match=r"run\.yaml"):
        load(tmp_path, text)


@pytest.mark.parametrize(("text", "where"), [("Ann: How was it?\n", "is it the right file"), ("a: b: c\n", "line 1")])
def test_a_file_of_something_else_is_not_quoted(tmp_path, text, where):
    with pytest.raises(ConfigError, match=where) as caught:
        load(tmp_path, text)
    assert [word for word in ("Ann", "b: c") if word in str(caught.value)] == []


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path):
    with pytest.raises(
        ConfigError, match=r"absent\.yaml: no such file, nor a recipe of the package \(recommendation, review\)"
    ):
        load_config(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"base: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml"):
        load_config(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("override", "words"),
    [("passes", "write key=value"), ("pases=1", "did you mean 'passes'?"), ("mix={", "mix={"), ("passes=", "passes")],
)
def test_a_broken_override_is_named(tmp_path, override, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, LEAST, override)
    assert words in str(caught.value)
