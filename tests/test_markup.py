"""Inline markup."""

import pytest

from action_recs import AnnotationError, Form, Role, Transcript, Utterance
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.markup import read_markup


def read(tmp_path, text):
    path = tmp_path / "c041.txt"
    path.write_text(text, encoding="utf-8")
    return read_markup(path)


def test_sessions_with_all_that_can_be_marked(tmp_path):
    first, second = read(
        tmp_path,
        """\
# session: c041-s1 | modality: CBT | topic: cooking: twice

T: Now, <rec id="r1" form="casual" category="take_action">cook</rec> or <rec form="structured" same="r1">walk</rec>.
C1: Okay.
C2:
# session: c041-s2
<review of="s1.r1, s1.r2" adherence="done" target="cooking">
T: Did you cook?
C: Twice.
</review>
<review>
T: And call?
</review>
""",
    )
    opening = "Now, cook or walk."
    assert first == AnnotatedSession(
        id="c041-s1",
        transcript=Transcript(
            (
                Utterance(Role.THERAPIST, opening, speaker="T"),
                Utterance(Role.CLIENT, "Okay.", speaker="C1"),
                Utterance(Role.CLIENT, "", speaker="C2"),
            ),
            session_id="c041-s1",
            client_id="c041",
        ),
        recommendations=(
            AnnotatedRecommendation(0, 5, 9, "cook", Form.CASUAL, id="r1", category="take_action"),
            AnnotatedRecommendation(0, 13, 17, "walk", Form.STRUCTURED, restates="r1"),
        ),
        group="c041",
        metadata={"modality": "CBT", "topic": "cooking: twice"},
    )
    assert second.reviews == (
        AnnotatedReview(0, 1, of=("s1.r1", "s1.r2"), adherence="done", target="cooking"),
        AnnotatedReview(2, 2),
    )
    assert [utterance.text for utterance in second.transcript.utterances] == ["Did you cook?", "Twice.", "And call?"]


@pytest.mark.parametrize(
    ("session", "group"),
    [("c041-s1", "c041"), ("v101a-s1", "v101"), ("v101b-s2", "v101"), ("c041", "c041"), ("annomi-7", "annomi-7")],
)
def test_the_sessions_of_a_client_and_the_variants_of_a_set_are_one_group(tmp_path, session, group):
    (read_one,) = read(tmp_path, f"# session: {session}\nT: a\n")
    assert (read_one.id, read_one.group) == (session, group)


def test_a_bom_and_windows_line_ends_are_read(tmp_path):
    (session,) = read(tmp_path, "\ufeff# session: s1 | style: clean\r\nT: a\r\n\r\nC: b\r\n")
    assert [utterance.text for utterance in session.transcript.utterances] == ["a", "b"]
    assert session.metadata == {"style": "clean"}


HEAD = "# session: c041-s1\n"
REC = '<rec form="casual">'


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "no '# session: ID' line"),
        ("T: Rosebud\n", 1, "before the first"),
        (HEAD, 1, "without utterances"),
        (HEAD + "\nRosebud\n", 3, "neither a turn"),
        (HEAD + "Z: Rosebud\n", 2, "neither a turn"),
        (HEAD + f"T: {REC}Rosebud\n", 2, "not closed"),
        (HEAD + "T: Rosebud</rec>\n", 2, "</rec> without <rec>"),
        (HEAD + f"T: {REC}a {REC}Rosebud</rec></rec>\n", 2, "<rec> inside <rec>"),
        (HEAD + "T: <rec>Rosebud</rec>\n", 2, "form"),
        (HEAD + 'T: <rec form="loose">Rosebud</rec>\n', 2, "form"),
        (HEAD + "T: <rec form='casual'>Rosebud</rec>\n", 2, "rec"),
        (HEAD + "T: <review>Rosebud\n</review>\n", 2, "tag"),
        (HEAD + "T: a\n</review>\n", 3, "</review> without <review>"),
        (HEAD + "T: a\n<review>\nT: b\n", 3, "not closed"),
        (HEAD + "<review>\nT: a\n# session: c041-s2\nT: b\n", 2, "not closed"),
        (HEAD + "<review>\nT: a\n<review>\n", 4, "inside the one opened on line 2"),
        (HEAD + "T: a\n<review>\n</review>\n", 3, "without utterances"),
        (HEAD + f"C: {REC}Rosebud</rec>\n", 1, "not an utterance of the therapist"),
        (HEAD + f"T: {REC}</rec>Rosebud\n", 1, "outside the text"),
    ],
)
def test_broken_markup_names_file_and_line_and_not_the_text(tmp_path, text, line, problem):
    with pytest.raises(AnnotationError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert str(tmp_path / "c041.txt") in message
    assert f"line {line}:" in message
    assert problem in message
    assert "Rosebud" not in message


def test_a_file_that_is_no_utf8_is_named(tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"# session: s1\nT: caf\xe9\n")
    with pytest.raises(AnnotationError, match=r"latin\.txt: not UTF-8"):
        read_markup(tmp_path / "latin.txt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"absent\.txt"):
        read_markup(tmp_path / "absent.txt")


def test_two_sessions_with_one_id_are_refused(tmp_path):
    with pytest.raises(AnnotationError, match="c041-s1"):
        read(tmp_path, HEAD + "T: a\n" + HEAD + "T: b\n")
