"""Conversations made to train and measure the role classifier."""

import random
from pathlib import Path

import pytest

from action_recs.errors import AnnotationError
from action_recs.training.role_examples import (
    RoleExample,
    as_recognised,
    composed,
    divided,
    excerpt,
    interpreted,
    read_scenes,
    with_scene,
    with_stray_label,
    with_swaps,
)
from action_recs.transcript import Role

SCENES = Path(__file__).parent.parent / "annotations" / "roles" / "others.txt"
PIECES = tuple(("T", f"How was day {n}?") if n % 2 else ("C", f"Um, day {n} was so long for me") for n in range(1, 61))
EXAMPLE = RoleExample(PIECES, {"T": Role.THERAPIST, "C": Role.CLIENT}, "g", "authored")


def speakers(example):
    return {speaker for speaker, _ in example.pieces}


def test_scenes_are_of_all_kinds_and_all_hold_somebody_else():
    scenes = read_scenes(SCENES)
    assert {scene.kind for scene in scenes} == {"before", "after", "within", "interpreter"}
    assert all("other" in {speaker for speaker, _ in scene.pieces} for scene in scenes)
    assert len({scene.name for scene in scenes}) == len(scenes) > 40


@pytest.mark.parametrize("line", ["# scene: a | kind: nowhere", "O:no blank", "Somebody: hello"])
def test_a_broken_scene_is_named_by_its_line(tmp_path, line):
    (tmp_path / "scenes.txt").write_text(f"# about\n\n# scene: b | kind: after\nO: Bye.\n{line}\n", encoding="utf-8")
    with pytest.raises(AnnotationError, match="line 5"):
        read_scenes(tmp_path / "scenes.txt")


def test_recognition_loses_fillers_and_some_words_and_keeps_the_speakers():
    heard = as_recognised(EXAMPLE, random.Random(0))
    said = [word for _, text in heard.pieces for word in text.split()]
    assert "Um," not in said
    assert 0.7 < len(said) / sum(len(text.split()) for _, text in PIECES) < 0.9
    assert speakers(heard) == {"T", "C"}


def test_a_share_of_the_turns_is_swapped():
    swapped = with_swaps(EXAMPLE, 0.2, random.Random(0))
    assert [text for _, text in swapped.pieces] == [text for _, text in PIECES]
    assert 4 <= sum(one != other for one, other in zip(swapped.pieces, PIECES, strict=True)) <= 20


def test_an_excerpt_is_a_stretch_of_it():
    for length in (2, 10, 60, 90):
        part = excerpt(EXAMPLE, length, random.Random(0)).pieces
        assert len(part) == min(length, len(PIECES))
        first = PIECES.index(part[0])
        assert PIECES[first : first + length] == part


def test_a_stray_label_has_no_role():
    stray = with_stray_label(EXAMPLE, random.Random(0))
    assert sum(speaker == "stray" for speaker, _ in stray.pieces) == 2
    assert "stray" not in stray.roles
    assert stray.complete


@pytest.mark.parametrize(("role", "parts", "kind"), [("client", 2, "couple"), ("client", 3, "family")])
def test_a_role_is_divided_between_speakers(role, parts, kind):
    made = divided(EXAMPLE, Role(role), parts, random.Random(0))
    assert (len(speakers(made)), made.kind) == (parts + 1, kind)
    assert [made.roles[speaker] for speaker, _ in made.pieces] == [EXAMPLE.roles[speaker] for speaker, _ in PIECES]


def test_a_scene_is_laid_into_the_session_with_the_sessions_speakers():
    scene = next(scene for scene in read_scenes(SCENES) if scene.name == "desk-01")
    made = with_scene(EXAMPLE, scene, random.Random(0))
    assert made.pieces[len(scene.pieces) :] == PIECES
    assert [speaker for speaker, _ in made.pieces[:3]] == ["other", "C", "other"]
    assert made.roles["other"] is Role.OTHER


@pytest.mark.parametrize("foreign", [False, True])
def test_an_interpreter_says_again_what_was_said(foreign):
    scene = next(scene for scene in read_scenes(SCENES) if scene.kind == "interpreter")
    made = interpreted(EXAMPLE, scene, random.Random(0), foreign=foreign)
    said = {who: " ".join(text for speaker, text in made.pieces if speaker == who) for who in ("T", "C", "other")}
    assert "How was day" in said["T"]
    assert ("was so long for me" in said["C"]) != foreign
    assert "long" in said["other"]


def test_every_kind_is_composed():
    made = composed([EXAMPLE] * 10, read_scenes(SCENES), random.Random(0))
    assert {each.kind for each in made} == {
        "couple",
        "family",
        "co-therapist",
        "front desk or passer-by",
        "interpreter",
        "interpreter, two languages",
    }
