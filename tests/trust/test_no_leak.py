"""Words of a transcript turn up in what a command was asked for, and nowhere else."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import shutil
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from leaks import (
    CANARY,
    INPUTS,
    SAID,
    WAYS_IN,
    arguments,
    commands,
    holding,
    run,
    study_files,
    watched,
    write_inputs,
    write_sound,
)

import action_recs
from action_recs import ActionRecsError
from action_recs.cli import app

COMMANDS = commands(app)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return write_inputs(tmp_path_factory.mktemp("inputs"))


def test_the_commands_were_found():
    assert {"tag", "study", "train", "evaluate", "annotations check", "annotations convert"} <= COMMANDS.keys()


@pytest.mark.parametrize("words", COMMANDS)
def test_no_command_says_a_word_of_what_it_reads(words, inputs, models, tmp_path, monkeypatch):
    """Every command there is, with every input: most are refused, some are read."""
    output = tmp_path / "output"
    output.mkdir()
    found, codes = {}, set()
    with watched(monkeypatch, tmp_path / "watched") as seen:
        for name, path in inputs.items():
            given = arguments(COMMANDS[words], path, output / f"{path.stem}.jsonl", models)
            result = run(app, words, given)
            codes.add(result.exit_code)
            unexpected = result.exception is not None and not isinstance(result.exception, SystemExit)
            if leaks := [*seen.leaks(result), *([repr(result.exception)[:80]] if unexpected else [])]:
                found[name] = leaks
            if not (reads := str(path) in given):
                break
    assert found == {}
    assert codes & {1, 2} or not reads


@pytest.mark.parametrize("way", WAYS_IN)
def test_no_way_in_says_a_word_of_what_it_reads(way, inputs, models, tmp_path, monkeypatch):
    """Each place of a command that takes a file gets every input, and every other place a sound one."""
    sound = write_sound(tmp_path)
    found, codes = {}, set()
    with watched(monkeypatch, tmp_path / "watched") as seen:
        for name, path in inputs.items():
            if way.startswith("train") and name.startswith("good"):
                continue  # it would train: that is another test
            out = tmp_path / "output" / path.stem
            out.parent.mkdir(exist_ok=True)
            given = [each.format(file=path, models=models, out=out, **sound) for each in WAYS_IN[way].split()]
            result = run(app, "", given)
            codes.add(result.exit_code)
            unexpected = "unforeseen error" in result.stderr or not isinstance(result.exception, SystemExit | None)
            if leaks := [*seen.leaks(result), *([result.stderr or repr(result.exception)] if unexpected else [])]:
                found[name] = leaks
    assert found == {}
    assert codes & {1, 2} or "pass over" in way


GOOD = {
    "tag": lambda inputs, out: ["tag", inputs["good text"], "-o", out / "tagged.jsonl"],
    "tag csv": lambda inputs, out: ["tag", inputs["good text"], inputs["good text"], "-o", out / "tagged.csv"],
    "tag html": lambda inputs, out: ["tag", inputs["good text"], "-o", out / "tagged.html"],
    "convert": lambda inputs, out: [
        "annotations",
        "convert",
        inputs["good markup"],
        "--to",
        "brat",
        "-o",
        out / "brat",
    ],
    "check": lambda inputs, out: ["annotations", "check", inputs["good markup"]],
}


@pytest.mark.parametrize("what", GOOD)
def test_what_is_written_stands_in_the_output_alone(what, inputs, models, tmp_path, monkeypatch):
    output = tmp_path / "output"
    output.mkdir()
    with watched(monkeypatch, tmp_path / "watched") as seen:
        given = [str(each) for each in GOOD[what](inputs, output)]
        if given[0] == "tag":
            given += ["--models", str(models)]
        result = run(app, "", given)
        assert result.exit_code == 0, result.output
        assert seen.leaks(result) == []
    if "-o" in given:
        assert holding(output)  # so that looking for it is known to find it


def test_a_report_of_a_study_holds_no_word(tmp_path, monkeypatch):
    lines, scores = study_files(tmp_path)
    assert holding(lines.parent) == [lines]
    with watched(monkeypatch, tmp_path / "watched") as seen:
        result = run(app, "study", [str(lines), str(scores), "-o", str(tmp_path / "report")])
        assert result.exit_code == 0, result.output
        assert seen.leaks(result) == []
    assert holding(tmp_path / "report") == []
    assert CANARY not in result.output


@pytest.mark.parametrize("name", INPUTS)
def test_no_call_of_the_library_logs_and_no_error_of_it_quotes(name, inputs, tagger, tmp_path, monkeypatch):
    import traceback

    from action_recs.annotation import load_annotations

    readings = [
        lambda: action_recs.read(inputs[name]),
        lambda: list(action_recs.read_many([inputs[name]])),
        lambda: action_recs.readers.parse_text(inputs[name].read_text(encoding="utf-8", errors="replace")),
        lambda: load_annotations(inputs[name]),
        lambda: tagger.tag(inputs[name]),
        lambda: list(tagger.tag_many([inputs[name]])),
    ]
    with watched(monkeypatch, tmp_path / "watched") as seen:
        for reading in readings:
            try:
                shown = repr(reading())
            except ActionRecsError as error:
                shown = "".join(traceback.format_exception(error)) + repr(error) + repr(getattr(error, "problems", ""))
            assert CANARY not in shown
        assert seen.leaks() == []


def kept_causes(source):
    """What is raised while another exception is handled, and does not say ``from None``: its traceback shows both."""
    handlers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)]
    raised = [node for each in handlers for node in ast.walk(each) if isinstance(node, ast.Raise) and node.exc]
    return [ast.unparse(node) for node in raised if not isinstance(node.cause, ast.Constant)]


@pytest.mark.parametrize("cause", ["", " from error"])
def test_kept_causes_are_found(cause):
    source = f"try:\n    read()\nexcept ValueError as error:\n    if x:\n        raise TranscriptError(y){cause}"
    assert kept_causes(source) == [f"raise TranscriptError(y){cause}"]
    assert kept_causes("try:\n    read()\nexcept ValueError:\n    raise TranscriptError(y) from None") == []


def test_no_error_of_ours_keeps_a_cause_that_may_quote_a_transcript():
    """JSON, YAML and pydantic put what they could not read into their exceptions; a model folder has none."""
    package = Path(action_recs.__file__).parent
    sources = [*package.rglob("*.py"), *(ROOT / "training").rglob("*.py")]
    kept = [each for path in sources for each in kept_causes(path.read_text(encoding="utf-8"))]
    assert [each for each in kept if not each.startswith("raise ModelError(")] == []
    assert len(sources) > 150


TEXTS = ("text", "said", "words", "segments", "utterances", "lines", "rows", "cells", "content", "data", "texts")
TEXT = re.compile(r"\b(str|bytes|Any|object|Sequence|Element)\b")
"""Types that can hold words themselves. Others are of ours, and have a repr of their own."""


def dataclasses_of_the_package():
    for module in pkgutil.walk_packages(action_recs.__path__, "action_recs."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for each in vars(loaded).values():
            if inspect.isclass(each) and is_dataclass(each) and each.__module__ == module.name:
                held = [
                    one.name for one in fields(each) if one.name.lstrip("_") in TEXTS and TEXT.search(str(one.type))
                ]
                if held:
                    yield pytest.param(each, held, id=f"{module.name}.{each.__qualname__}")


@pytest.mark.parametrize(("kind", "names"), list(dataclasses_of_the_package()))
def test_no_repr_shows_what_was_said(kind, names):
    made = object.__new__(kind)
    for each in fields(kind):
        value = SAID if each.name in names else _plain(each)
        object.__setattr__(made, each.name, value)
    try:
        shown = repr(made)
    except (TypeError, AttributeError):  # a repr of its own, of values that it computes with
        pytest.skip("its repr needs values of their own kinds; another test makes one")
    assert CANARY not in shown


def _plain(each):
    return 0.5 if "float" in str(each.type) else 0


def test_the_reprs_of_what_the_library_gives(models, tagger):
    transcript = action_recs.Transcript.from_pairs([("therapist", SAID), ("client", SAID)])
    session = tagger.tag(transcript)
    given = [transcript, *transcript.utterances, session, *session.utterances, *session.recommendations, tagger]
    for each in (*given, given, {"a": given}):
        assert CANARY not in repr(each)
        assert CANARY not in str(each)
        assert CANARY not in f"{each}"


CRASH = """
import action_recs.tagger, action_recs.cli
def fails(self, sources, **options):
    said = [each.text for one in sources for each in one.utterances]
    raise RuntimeError(*said)
action_recs.tagger.Tagger.tag_many = fails
action_recs.cli.app({arguments!r})
"""


def test_an_unexpected_error_shows_no_values(inputs, models, tmp_path, alone):
    given = ["tag", str(inputs["good text"]), "--models", str(models), "-o", str(tmp_path / "out.jsonl")]
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", CRASH.format(arguments=given)], capture_output=True, text=True, env=alone
    )
    assert done.returncode != 0
    assert "RuntimeError" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    assert holding(Path(alone["HOME"])) == []


@pytest.mark.parametrize("name", ["train", "joint"])
def test_training_leaves_no_word_in_its_folder_or_caches_and_opens_no_connection(
    name, tiny_base, models, annotations, tmp_path, alone
):
    own = Path(shutil.copytree(annotations, tmp_path / "annotations"))
    for path in own.rglob("*.txt"):
        if "annomi" not in path.parts:
            text = path.read_text(encoding="utf-8").replace("T: ", f"T: {CANARY} ").replace("C: ", f"C: {CANARY} ")
            path.write_text(text, encoding="utf-8")
    assert holding(own)
    recipe = tmp_path / "review.yaml"
    settings = {"task": "review", "base": str(tiny_base), "mix": {"authored": 1, "contrast": 1}, "passes": 1}
    settings |= {"window_tokens": 64, "overlap_tokens": 16, "batch_windows": 4, "evaluations": 1, "vocabulary": 10}
    if name == "joint":
        settings |= {"distill": {"teachers": [str(models)]}, "vocabulary": None}
    recipe.write_text(json.dumps(settings | {"evaluate_on": ["contrast"]}), encoding="utf-8")
    output = tmp_path / "run"
    script = [sys.executable, str(ROOT / "training" / f"{name}.py"), str(recipe), "--annotations", str(own)]
    done = subprocess.run(
        [*script, "--output", str(output)],
        capture_output=True,
        text=True,
        env=alone | {"TRANSFORMERS_VERBOSITY": "debug", "DATASETS_VERBOSITY": "debug", "HF_HUB_OFFLINE": "0"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert CANARY not in done.stdout + done.stderr
    left = [path for folder in (output, Path(alone["HOME"])) for path in folder.rglob("*")]
    assert holding(output) + holding(Path(alone["HOME"])) == []
    assert [path for path in left if path.suffix in (".arrow", ".parquet", ".csv", ".txt", ".lock")] == []
    assert not Path(alone["NETWORK_TRIED"]).exists()
