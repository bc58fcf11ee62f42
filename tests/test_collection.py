"""The sets of annotated sessions and their development split."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

import action_recs
from action_recs import AnnotationError, Form, Transcript
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedSession
from action_recs.annotation.collection import held_out_sessions, load_collection, read_folder
from action_recs.annotation.courses import courses
from action_recs.annotation.leakage import leaks
from action_recs.annotation.splits import development_groups
from action_recs.evaluation.linking_agreement import pair_courses, thread_agreement

SHIPPED = Path(__file__).parent.parent / "annotations"
LINKING = Path(action_recs.__file__).parent / "models" / "linking"


def ids(collections):
    return {
        each.name: ([session.id for session in each.train], [session.id for session in each.development])
        for each in collections
    }


AUTHORED = {
    "authored": (["c001-s1", "c001-s2"], ["c002-s1", "c002-s2"]),
    "encounters": (["e001-s1"], []),
    "supplement": (["f001-s1"], []),
    "threads": (["t001-s1"], []),
    "targeted": (["g001-s1"], []),
    "transferred": (["r001-s1"], []),
    "follow_ups": (["h001-s1"], []),
    "contrast": (["v101a-s1", "v101b-s1"], ["v102a-s1", "v102b-s1"]),
}


def test_authored_sets_are_loaded_and_divided_by_group(annotations):
    assert ids(load_collection(annotations)) == AUTHORED


def test_annomi_comes_with_its_csv_once_for_each_annotator(annotations, annomi_csv):
    sets = load_collection(annotations, annomi_csv=annomi_csv)
    assert ids(sets) == {"annomi": (["annomi-7", "annomi-7"], ["annomi-8", "annomi-8"])} | AUTHORED
    assert [session.annotator for session in sets[0].train] == ["a", "b"]
    assert [session.recommendations[0].form for session in sets[0].train] == [Form.CASUAL, Form.STRUCTURED]


def test_what_is_held_out_is_in_no_set(annotations, tmp_path):
    assert held_out_sessions(annotations).development == ()
    folder = Path(shutil.copytree(annotations, tmp_path / "annotations"))
    (folder / "corpus" / "held_out").mkdir()
    text = (folder / "corpus" / "c001.txt").read_text(encoding="utf-8").replace("c001", "c991")
    (folder / "corpus" / "held_out" / "c991.txt").write_text(text, encoding="utf-8")
    assert ids([held_out_sessions(folder)]) == {"held_out": ([], ["c991-s1", "c991-s2"])}
    assert ids(load_collection(folder)) == AUTHORED


def test_a_split_of_groups_that_do_not_exist_is_refused(annotations, tmp_path):
    folder = Path(shutil.copytree(annotations, tmp_path / "annotations"))
    (folder / "splits.json").write_text('{"development": {"contrast": ["v102", "v999"]}}', encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"splits\.json: the set contrast has no v999"):
        load_collection(folder)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"], ids=["missing", "cut short", "list", "empty"])
def test_a_broken_split_file_is_named(annotations, tmp_path, content):
    folder = Path(shutil.copytree(annotations, tmp_path / "annotations"))
    (folder / "splits.json").unlink()
    if content is not None:
        (folder / "splits.json").write_text(content, encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"splits\.json"):
        load_collection(folder)


@pytest.mark.parametrize("name", ["corpus", "annomi/transcripts.txt"])
def test_a_missing_part_is_named(annotations, annomi_csv, tmp_path, name):
    folder = Path(shutil.copytree(annotations, tmp_path / "annotations"))
    shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
    with pytest.raises(AnnotationError, match=name):
        load_collection(folder, annomi_csv=annomi_csv)


def test_the_shipped_sets_load_and_no_group_or_session_is_in_both_splits():
    for each in load_collection(SHIPPED):
        assert {session.group for session in each.train} & {session.group for session in each.development} == set()
        counted = Counter(session.id for session in each.train + each.development)
        assert [name for name, count in counted.items() if count > 1] == []


def test_the_shipped_split_keeps_about_a_quarter_of_every_set():
    development = json.loads((SHIPPED / "splits.json").read_text(encoding="utf-8"))["development"]
    groups = {each.name: {one.group for one in each.train + each.development} for each in load_collection(SHIPPED)}
    numbers = (SHIPPED / "annomi" / "transcripts.txt").read_text(encoding="utf-8").split()
    groups["annomi"] = {f"annomi-{number}" for number in numbers}
    later = {"encounters", "supplement", "threads", "targeted", "transferred", "follow_ups"}
    assert later & set(development) == set()  # written for training only
    for name in development:
        held_out = development[name]
        assert len(set(held_out)) == len(held_out)
        assert set(held_out) <= groups[name]
        assert 0.2 <= len(held_out) / len(groups[name]) <= 0.3, name


def group(name, positives):
    text = "go " * max(positives, 1)
    spans = tuple(AnnotatedRecommendation(0, 3 * at, 3 * at + 2, "go", Form.CASUAL) for at in range(positives))
    return AnnotatedSession(name, Transcript.from_pairs([("therapist", text)]), spans, group=name)


def test_one_group_of_every_four_is_drawn_and_positives_are_balanced():
    sessions = [group(f"g{number:02}", number) for number in range(16)]
    drawn = development_groups(sessions, seed=0)
    assert len(drawn) == 4
    assert [int(name[1:]) // 4 for name in drawn] == [0, 1, 2, 3]
    assert development_groups(reversed(sessions), seed=0) == drawn == development_groups(sessions, seed=0)
    assert len({tuple(development_groups(sessions, seed=seed)) for seed in range(10)}) > 1


def test_threads_are_courses_of_sessions_that_hold_every_outcome_often():
    sessions = read_folder(SHIPPED / "corpus" / "threads")
    assert set(Counter(session.group for session in sessions).values()) == {3, 4}
    outcomes = Counter(review.adherence for session in sessions for review in session.reviews)
    assert set(outcomes) == {"done", "partial", "not_done", "unclear"}
    assert min(outcomes.values()) > 70
    assert not {session.group for session in sessions} & {
        session.group for each in load_collection(SHIPPED) for session in each.development
    }


def test_nobody_of_the_held_out_sessions_is_in_a_set():
    held_out = held_out_sessions(SHIPPED).development
    others = [session for each in load_collection(SHIPPED) for session in (*each.train, *each.development)]
    assert not {session.group for session in held_out} & {session.group for session in others}
    assert leaks({"held out": held_out, "others": others}) == []


def test_the_linking_card_tells_what_the_second_readers_of_the_development_courses_say():
    development = courses(session for each in load_collection(SHIPPED) for session in each.development)
    second = courses(read_folder(SHIPPED / "second_reading" / "links"))
    found = thread_agreement(pair_courses(development, second))
    assert {course.client for course in second} == {one.client for one in development if len(one.sessions) > 1}
    assert json.loads((LINKING / "metrics.json").read_text(encoding="utf-8"))["second_reading"] == found
    told = (LINKING / "README.md").read_text(encoding="utf-8")
    assert f"links of a review to an item {found['links']['f1']['value']:.2f}" in told
