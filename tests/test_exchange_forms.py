"""What the field exchanges: REFI-QDA, UIMA, ELAN, ConvoKit, spaCy and tables, as the tools write them."""

import zipfile

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from test_annotation_forms import FIXTURES, MARKED, NAMES, SAID, marks, said

from action_recs import AnnotationError, Form, Transcript, Utterance
from action_recs.annotation import load_annotations, write_annotations
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedSession
from action_recs.annotation.formats import named_format
from action_recs.annotation.offsets import to_utf16

WHOLE = {("casual", SAID[2][1]), ("review", 0, 1)}
"""What is left of the marks where only utterances are marked."""


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.yaml"
    path.write_text(NAMES, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("export", "form", "expected"),
    [
        ("atlas.qdpx", "refi-qda", MARKED),
        ("inception_xmi", "uima-xmi", MARKED),
        ("inception_json", "uima-json", MARKED),
        ("corpus.spacy", "spacy", MARKED),
        ("s1.eaf", "elan", {"anna": WHOLE, "ben": WHOLE}),
        ("convokit", "convokit", {"anna": WHOLE, "ben": WHOLE}),
        ("wide.csv", "csv", {"anna": WHOLE, "ben": WHOLE}),
        ("long.xlsx", "excel", {"anna": WHOLE, "ben": WHOLE}),
    ],
)
def test_both_annotators_marks_come_out(export, form, expected, names):
    for chosen in ("auto", form):
        sessions = load_annotations(FIXTURES / export, chosen, schema=names)
        assert {each.annotator: marks(each) for each in sessions} == expected
        assert [each.id for each in sessions] == ["s1", "s1"]
        assert [tuple((role, text.strip()) for role, text in said(each)) for each in sessions] == [SAID, SAID]


def test_a_comment_on_a_selection_says_what_is_ours_and_keeps_the_rest_to_itself(names):
    anna, ben = load_annotations(FIXTURES / "atlas.qdpx", schema=names)
    assert (anna.reviews[0].adherence, ben.reviews[0].adherence) == ("done", None)


def test_uima_counts_in_utf16(tmp_path, names):
    (session,) = load_annotations(FIXTURES / "inception_json" / "s1.txt" / "anna.json", schema=names)
    write_annotations([session], tmp_path / "out", "uima-json")
    (file,) = (tmp_path / "out").rglob("*.json")
    text = "".join(f"{role.value.capitalize()}: {words}\n" for role, words in said(session))
    start = text.index("Maybe try")
    assert to_utf16(text, start) == start + 2
    assert f'"begin": {start + 2}' in file.read_text(encoding="utf-8")


def test_a_mark_that_was_moved_in_elan_is_where_it_was_moved_to(tmp_path, names):
    session = load_annotations(FIXTURES / "s1.eaf", schema=names)[0]
    text = SAID[2][1]
    start = text.index("try yoga")
    span = AnnotatedRecommendation(2, start, start + 8, "try yoga", Form.STRUCTURED)
    exact = AnnotatedSession("s1", session.transcript, (span,), annotator="anna", group="s1")
    write_annotations([exact], tmp_path / "out", "elan")
    file = tmp_path / "out" / "s1.eaf"
    assert load_annotations(file)[0].recommendations == (span,)
    length = len(text)
    time = 4100 + start * 5900 // length
    moved = file.read_text(encoding="utf-8")
    assert f'TIME_VALUE="{time}"' in moved
    file.write_text(moved.replace(f'TIME_VALUE="{time}"', f'TIME_VALUE="{time + 40}"'), encoding="utf-8")
    (found,) = load_annotations(file)[0].recommendations
    assert (found.utterance, found.text, found.form) == (2, text, Form.STRUCTURED)


def project(folder, change):
    """The ATLAS.ti export with its XML or one of its texts changed."""
    path = folder / "changed.qdpx"
    with zipfile.ZipFile(FIXTURES / "atlas.qdpx") as given, zipfile.ZipFile(path, "w") as made:
        for name in given.namelist():
            if (data := change(name, given.read(name))) is not None:
                made.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (lambda name, data: data.replace(b'startPosition="0"', b'startPosition="9999"'), {"ends-before-start"}),
        (lambda name, data: data.replace(b'startPosition="0"', b'startPosition="x"'), {"unreadable"}),
        (lambda name, data: data if name == "project.qde" else None, {"no-text"}),
        (lambda name, data: data.replace(b'name="Homework review"', b'name="Rapport"'), {"outside-schema"}),
        (lambda name, data: data.replace(b"?>", b"?><!DOCTYPE a [<!ENTITY b 'c'>]>", 1), {"unreadable"}),
        (lambda name, data: data[:400] if name == "project.qde" else data, {"unreadable"}),
    ],
    ids=["backwards", "no number", "no text", "another code", "entities", "cut off"],
)
def test_every_problem_of_a_project_is_told_without_its_text(tmp_path, names, change, kinds):
    with pytest.raises(AnnotationError) as caught:
        load_annotations(project(tmp_path, change), schema=names)
    assert {problem.kind for problem in caught.value.problems} == kinds
    assert "changed.qdpx" in str(caught.value)
    assert "yoga" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "places"),
    [
        ("speaker,text,recommendation\nT,Walk.,2\nC,No.,0\nT,Go.,maybe\n", ["row 2", "row 4"]),
        ("speaker,text,recommendation\nT,Walk.,1\nC,Yes,1\n", ["row 3"]),
        ("speaker,text,mood\nT,Walk.,1\n", [""]),
        ("speaker,text,recommendation\nT,Walk.\nC,Yes.,0\n", ["row 2"]),
    ],
    ids=["neither 0 nor 1", "the client recommends", "no label", "too few cells"],
)
def test_every_problem_of_a_table_is_told_with_its_row(tmp_path, table, places):
    path = tmp_path / "table.csv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(AnnotationError) as caught:
        load_annotations(path)
    assert [problem.record for problem in caught.value.problems] == places
    assert "Walk" not in str(caught.value)


def test_xmi_without_its_types_or_with_entities_is_refused(tmp_path, names):
    given = (FIXTURES / "inception_xmi" / "s1.txt" / "anna.xmi").read_bytes()
    path = tmp_path / "anna.xmi"
    path.write_bytes(given)
    with pytest.raises(AnnotationError, match=r"TypeSystem\.xml is missing"):
        load_annotations(path, schema=names)
    (tmp_path / "TypeSystem.xml").write_bytes((FIXTURES / "inception_xmi" / "TypeSystem.xml").read_bytes())
    assert marks(load_annotations(path, schema=names)[0]) == MARKED["anna"]
    path.write_bytes(given.replace(b"?>", b"?><!DOCTYPE a [<!ENTITY b 'c'>]>", 1))
    with pytest.raises(AnnotationError, match="entities"):
        load_annotations(path, schema=names)


def test_a_formula_in_a_text_stays_text(tmp_path, names):
    session = load_annotations(FIXTURES / "long.xlsx", schema=names)[0]
    first, *others = session.transcript.utterances
    talk = Transcript((Utterance(first.role, "=1+1", first.speaker), *others))
    changed = AnnotatedSession("s1", talk, annotator="anna")
    write_annotations([changed], tmp_path / "out.xlsx", "excel")
    assert load_annotations(tmp_path / "out.xlsx")[0].transcript.utterances[0].text == "=1+1"


@pytest.mark.parametrize("form", ["refi-qda", "uima-json", "uima-xmi", "spacy", "elan", "convokit"])
@given(
    before=st.text("aé😀𝒳 \t.", max_size=9),
    words=st.text("bß🙂\U0001f6b6 ,", max_size=9).map(lambda text: f"b{text}b"),
    after=st.text("cあ😀 \t", max_size=9),
)
@profile(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_span_comes_back_where_it_was(tmp_path_factory, form, before, words, after):
    """Whatever stands around it, whatever the unit that the form counts in."""
    text = f"{before} {words} {after}"
    talk = Transcript.from_pairs([("client", "🙂"), ("therapist", text)], session_id="s1")
    start = len(before) + 1
    span = AnnotatedRecommendation(1, start, start + len(words), words, Form.STRUCTURED)
    path = tmp_path_factory.mktemp("offsets") / f"out{named_format(form).suffix}"
    write_annotations([AnnotatedSession("s1", talk, (span,), annotator="anna", group="s1")], path, form)
    (again,) = load_annotations(path, form if path.is_file() else "auto")
    assert (again.recommendations, again.transcript.utterances[1].text) == ((span,), text)
