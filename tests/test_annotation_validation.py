"""What is wrong with annotations: all of it is told, with its place, and never with a word of the transcript."""

import json
import random
from pathlib import Path

import pytest

from action_recs import AnnotationError
from action_recs.annotation import load_annotations, stream_annotations
from action_recs.annotation.jsonl import json_schema
from action_recs.annotation.schema import load_schema

FIXTURES = Path(__file__).parent / "fixtures" / "annotated"
EXPORTS = sorted(
    path
    for name in ("*.json", "prodigy.jsonl", "doccano/*", "doccano_relations/*", "brat/*/*.ann", "columns.conll")
    for path in FIXTURES.glob(name)
)

TEXT = "Rosebud tries to walk daily."
SESSION = {
    "id": "s1",
    "annotator": "anna",
    "utterances": [{"role": "therapist", "text": TEXT}, {"role": "client", "text": "Rosebud does."}],
    "recommendations": [],
    "reviews": [],
}


def span(start, end, utterance=0, **said):
    return {"utterance": utterance, "start": start, "end": end, "form": "casual", **said}


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def kinds(path, **options):
    found = stream_annotations(path, collect=True, **options)
    sessions = list(found)
    return sessions, [problem.kind for problem in found.problems]


@pytest.mark.parametrize(
    ("recommendations", "reviews", "expected"),
    [
        ([span(8, 21)], [], []),
        ([span(8, 21), span(17, 27)], [], ["overlap"]),
        ([span(8, 27), span(8, 13), span(17, 21)], [], ["overlap", "overlap"]),
        ([], [{"first": 0, "last": 1}, {"first": 1, "last": 1}], ["overlap"]),
        ([span(7, 21)], [], ["blank-at-end"]),
        ([span(8, 22)], [], ["blank-at-end"]),
        ([span(9, 21)], [], ["off-by-one"]),
        ([span(8, 20)], [], ["off-by-one"]),
        ([span(10, 21)], [], []),  # further inside a word: meant
        ([span(21, 8)], [], ["ends-before-start"]),
        ([span(8, 8)], [], ["ends-before-start"]),
        ([], [{"first": 1, "last": 0}], ["ends-before-start"]),
        ([span(8, 99)], [], ["outside-text"]),
        ([span(-1, 7)], [], ["outside-text"]),
        ([span(0, 7, utterance=9)], [], ["outside-text"]),
        ([], [{"first": 0, "last": 2}], ["outside-text"]),
        ([span(0, 7, utterance=1)], [], ["not-the-therapist"]),
        ([span(8, 21, text="something else")], [], ["text-differs"]),
        ([span(8, 13, id="r1"), span(17, 21, id="r1")], [], ["duplicate-id"]),
        ([span(8, 13, restates="r7")], [], ["dangling-id"]),
        ([span(8, 13, form="loose")], [], ["record"]),
        ([{"utterance": 0}], [{"first": "0", "last": 0}], ["record", "record", "record"]),
        (
            [span(7, 21), span(0, 7, utterance=1)],
            [{"first": 1, "last": 0}],
            ["blank-at-end", "not-the-therapist", "ends-before-start"],
        ),
    ],
)
def test_every_violation_is_told_at_once(tmp_path, recommendations, reviews, expected):
    broken = SESSION | {"recommendations": recommendations, "reviews": reviews}
    path = write(tmp_path / "a.jsonl", broken, SESSION | {"id": "s2"})
    sessions, found = kinds(path)
    assert sorted(found) == sorted(expected)
    assert [session.id for session in sessions] == (["s2"] if expected else ["s1", "s2"])
    if not expected:
        return
    with pytest.raises(AnnotationError) as caught:
        load_annotations(path)
    error = caught.value
    assert [problem.kind for problem in error.problems] == found
    assert len(str(error).split("\n")) == len(expected)
    assert all(line.startswith(f"{path}, line 1") for line in str(error).split("\n"))
    assert "Rosebud" not in str(error) + repr(error.problems)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([SESSION, SESSION], ["duplicate-id"]),
        ([SESSION, SESSION | {"annotator": "ben"}], []),
        ([SESSION, SESSION | {"annotator": "ben", "utterances": SESSION["utterances"][:1]}], ["text-differs"]),
        ([SESSION, SESSION | {"utterances": []}], ["empty", "duplicate-id", "text-differs"]),
    ],
)
def test_sessions_are_held_against_each_other(tmp_path, records, expected):
    assert kinds(write(tmp_path / "a.jsonl", *records))[1] == expected


def test_files_of_a_folder_are_held_against_each_other_and_named(tmp_path):
    write(tmp_path / "a.jsonl", SESSION)
    write(tmp_path / "b.jsonl", SESSION)
    (tmp_path / "notes.md").write_text("nothing", encoding="utf-8")
    found = stream_annotations(tmp_path, collect=True)
    assert len(list(found)) == 1
    (problem,) = found.problems
    assert (problem.kind, problem.file) == ("duplicate-id", str(tmp_path / "b.jsonl"))
    assert found.unread == [str(tmp_path / "notes.md")]


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (span(7, 22), "tries to walk"),
        (span(9, 20), "tries to walk"),
        (span(-5, 13), "Rosebud tries"),
        (span(17, 40), "walk daily."),
    ],
)
def test_fix_repairs_what_needs_no_decision_and_lists_it(tmp_path, span, text):
    path = write(tmp_path / "a.jsonl", SESSION | {"recommendations": [span]})
    found = stream_annotations(path, fix=True)
    (session,) = found
    assert [each.text for each in session.recommendations] == [text]
    assert len(found.changes) >= 1
    assert "Rosebud" not in "".join(map(str, found.changes))
    assert all(str(change).startswith(f"{path}, line 1, recommendation 1, offset ") for change in found.changes)


def test_fix_counts_a_mark_once_that_was_made_twice(tmp_path):
    path = write(tmp_path / "a.jsonl", SESSION | {"recommendations": [span(8, 21), span(8, 21)]})
    assert kinds(path)[1] == ["overlap"]
    (session,) = load_annotations(path, fix=True)
    assert len(session.recommendations) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.json", b"", "empty"),
        ("empty.jsonl", b"\n\n", "no known form"),
        ("cut.json", b'[{"id": 1, "data": {"text": "T: Rosebud"}, "annotations": [], "x": 1}, {"id":', "broken JSON"),
        ("cut.jsonl", json.dumps(SESSION).encode() + b'\n{"id": "Rosebud\n', "line 2: broken JSON"),
        ("latin.jsonl", b'{"text": "caf\xe9", "label": []}\n', "not UTF-8"),
        ("other.json", b'{"a": 1}', "no known form"),
        ("nothing.txt", b"Rosebud", "no known form"),
        ("nested.json", b"[" * 100_000, "no known form"),
    ],
)
def test_files_that_cannot_be_read_are_named_with_a_remedy(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AnnotationError) as caught:
        load_annotations(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert "; " in message
    assert "Rosebud" not in message


@pytest.mark.parametrize("export", EXPORTS, ids=[path.name for path in EXPORTS])
def test_a_damaged_export_is_read_or_refused_and_nothing_else(tmp_path, export):
    draw, data = random.Random(0), export.read_bytes()
    for _ in range(15):
        at = draw.randrange(len(data))
        damaged = draw.choice((data[:at], data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :], data[at:]))
        path = tmp_path / export.name
        path.write_bytes(damaged)
        if export.suffix == ".ann":
            (tmp_path / "s1.txt").write_bytes(export.with_suffix(".txt").read_bytes())
        try:
            load_annotations(path)
        except AnnotationError as error:
            assert "yoga" not in str(error)  # noqa: PT017 (not every damage is seen)


def test_a_missing_file_and_an_unknown_form_are_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"absent\.json: cannot be read"):
        load_annotations(tmp_path / "absent.json")
    with pytest.raises(AnnotationError, match="label-studio"):
        load_annotations(tmp_path, "nonesuch")


# The schema.


def doccano(path, *labels):
    record = {"id": 1, "text": f"T: {TEXT}\nC: Yes.\n", "label": [[11, 24, label] for label in labels]}
    return write(path, record)


@pytest.mark.parametrize(
    ("label", "form"),
    [
        ("recommendation", "casual"),
        ("Recommendation ", "casual"),
        ("recommendation:structured", "structured"),
        ("Structured", "structured"),
        ("Aufgabe", "structured"),
    ],
)
def test_names_are_mapped_to_the_schema(tmp_path, label, form):
    names = tmp_path / "names.yaml"
    names.write_text("names: {Aufgabe: {label: recommendation, attributes: {form: structured}}}\n", encoding="utf-8")
    (session,) = load_annotations(doccano(tmp_path / "all.jsonl", label), schema=names)
    assert [span.form.value for span in session.recommendations] == [form]


def test_labels_outside_the_schema_are_refused_or_dropped_by_choice(tmp_path):
    path = doccano(tmp_path / "all.jsonl", "Affect", "recommendation")
    assert kinds(path)[1] == ["outside-schema"]
    (session,) = load_annotations(path, schema=load_schema(extra="drop"))
    assert len(session.recommendations) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("names: {Homework: nonesuch}", "no label"),
        ("names: {Homework: {label: review, attributes: {adherence: maybe}}}", "no adherence that is maybe"),
        ("attributes: {Art: nonesuch}", "no attribute"),
        ("extra: ask", "extra"),
        ("names: {}\nnonesuch: 1", "nonesuch"),
        ("Therapist: 1", "holds none of version, names"),
        ("- a", "valid dictionary"),
        ("a: [", "not YAML"),
    ],
)
def test_a_broken_file_of_names_is_told(tmp_path, content, words):
    path = tmp_path / "names.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AnnotationError) as caught:
        load_schema(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)


def test_their_attributes_and_values_are_mapped(tmp_path):
    names = tmp_path / "names.yaml"
    names.write_text("attributes: {Art: form}\nvalues: {form: {Aufgabe: structured}}\n", encoding="utf-8")
    task = {"text": f"T: {TEXT}\n", "spans": [{"start": 11, "end": 24, "label": "rec", "Art": "Aufgabe"}]}
    (session,) = load_annotations(write(tmp_path / "a.jsonl", task), schema=names)
    assert [span.form.value for span in session.recommendations] == ["structured"]


def test_the_json_schema_of_our_lines_comes_from_the_label_schema():
    import jsonschema

    schema = json_schema()
    assert schema["$defs"]["Recommendation"]["properties"]["form"]["anyOf"][0]["enum"] == ["casual", "structured"]
    jsonschema.validate(SESSION | {"recommendations": [span(8, 21)]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(SESSION | {"recommendations": [span(8, 21, category="other")]}, schema)


def test_a_name_that_is_given_twice_is_told_with_its_line(tmp_path):
    path = tmp_path / "names.yaml"
    path.write_text('version: "1.0"\nnames:\n  Homework: recommendation\n  Homework: review\n', encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"names\.yaml, line 4: a key is given twice"):
        load_schema(path)
