"""Text with a speaker label per line."""

from pathlib import Path

import pytest

from action_recs import Role, RoleError, Transcript, TranscriptError, Utterance
from action_recs.readers import parse_text, read_text
from action_recs.readers.text import read_lines

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"
ROLES = {"Dr. Lee": "therapist", "Ann": Role.CLIENT}


def turns(transcript):
    return [(utterance.role.value, utterance.text) for utterance in transcript.utterances]


@pytest.mark.parametrize("label", ["Therapist", "T", "t", "Counselor", "Counsellor", "CLINICIAN", "Therapist 1"])
@pytest.mark.parametrize("other", ["Client", "CLIENT", "C", "Patient", "P", "p", "Client 2"])
def test_labels_that_say_the_role(label, other):
    assert turns(parse_text(f"{label}: Hello.\n{other}: Hi.")) == [("therapist", "Hello."), ("client", "Hi.")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T: a\nC: b", [("therapist", "a"), ("client", "b")]),
        ("T:a\nC :b", [("therapist", "a"), ("client", "b")]),
        ("T: a\nC: b\nC: c", [("therapist", "a"), ("client", "b"), ("client", "c")]),
        ("T: a\n  a2\na3\nC: b", [("therapist", "a a2 a3"), ("client", "b")]),
        ("\n\nT: a\n\n\n a2\n\nC: b\n\n", [("therapist", "a a2"), ("client", "b")]),
        ("T:\n  a\nC: b", [("therapist", "a"), ("client", "b")]),
        ("T: a\nC:", [("therapist", "a"), ("client", "")]),
        ("T: a\r\n a2\r\n\r\nC: b\r\n", [("therapist", "a a2"), ("client", "b")]),
        ("T: a\rC: b\r", [("therapist", "a"), ("client", "b")]),
        ("\ufeffT: a\nC: b", [("therapist", "a"), ("client", "b")]),
        ("    T: a\n      a2\n    C: b\n", [("therapist", "a a2"), ("client", "b")]),
        ("T: at 10:30, or so: ten\nC: b", [("therapist", "at 10:30, or so: ten"), ("client", "b")]),
        ("T: a\nat 10:30\nC: b", [("therapist", "a at 10:30"), ("client", "b")]),
        ("T: a\n  Note: b\nC: c", [("therapist", "a Note: b"), ("client", "c")]),
        ("T: a\nC: b\nInterpreter: c", [("therapist", "a"), ("client", "b"), ("other", "c")]),
        ("Therapist: a\n\tClient: b\nTherapist: c", [("therapist", "a"), ("client", "b"), ("therapist", "c")]),
        ("T: a\n\fC: b\n\ufeffT: c", [("therapist", "a"), ("client", "b"), ("therapist", "c")]),
        ("  T: a\r\n\r\n  C: b\r\n", [("therapist", "a"), ("client", "b")]),
        ("[00:01] T: a\n00:01:02 C: b\n- T: c", [("therapist", "a"), ("client", "b"), ("therapist", "c")]),
        ("Therapist (Dr. Lee): a\nClient [Ann]: b", [("therapist", "a"), ("client", "b")]),
        (
            "T: a\nso it comes down to this: b\nhttp://x.y\nC: c",
            [("therapist", "a so it comes down to this: b http://x.y"), ("client", "c")],
        ),
        ("T: é 🙂\nC: 好", [("therapist", "é 🙂"), ("client", "好")]),
    ],
)
def test_turns(text, expected):
    assert turns(parse_text(text)) == expected


@pytest.mark.parametrize(
    "line",
    ["Ann: x", "Ann:x", "Ann:", "Élodie: x", "Support worker: x", "Client's mother: x", "Ann (mother): x", "spk_0: x"],
)
def test_a_line_that_could_be_another_speakers_is_never_taken_for_speech(line):
    speakers = [segment.speaker for segment in read_lines(f"T: a\nC: b\n{line}").segments]
    assert speakers == ["T", "C", line.partition(":")[0]]
    assert turns(parse_text(f"T: a\nC: b\n  {line}")) == [("therapist", "a"), ("client", f"b {line}")]


def test_a_label_in_lower_case_is_known_by_coming_again():
    assert [each.speaker for each in read_lines("T: a\nC: b\nmum: c\nC: d").segments] == ["T", "C", "C"]
    assert [each.speaker for each in read_lines("T: a\nmum: c\nC: d\nmum: e").segments] == ["T", "mum", "C", "mum"]


@pytest.mark.parametrize("label", ["the woman who came with him", "remember this"])
def test_a_label_that_the_caller_names_is_one_wherever_it_stands(label):
    text = f"T: a\nC: b\n{label}: c"
    assert turns(parse_text(text)) == [("therapist", "a"), ("client", f"b {label}: c")]
    roles = {label: "other"}
    assert turns(parse_text(text, roles=roles)) == [("therapist", "a"), ("client", "b"), ("other", "c")]


def test_one_name_beside_a_therapist_is_the_clients():
    assert turns(read_text(TRANSCRIPTS / "unknown_speaker.txt"))[1][0] == "client"


def test_speakers_whose_role_nobody_says_end_in_a_role_error():
    with pytest.raises(RoleError, match=r"^the text.*roles="):
        parse_text("Zebedee: a\nRosebud: b")


@pytest.mark.parametrize("label", ["1", "Dr.  Lee", "Dr. Lee:"])
def test_any_label_can_be_mapped(label):
    spoken = label.rstrip(":").replace("  ", " ")
    assert turns(parse_text(f"{spoken}: a\nC: b", roles={label: "therapist"})) == [("therapist", "a"), ("client", "b")]


@pytest.mark.parametrize("roles", [{1: "therapist"}, ["Ann"], {"Ann": "boss"}])
def test_a_mapping_of_another_kind_is_refused(roles):
    with pytest.raises(TranscriptError, match=r"^roles: "):
        parse_text("T: a\nC: b", roles=roles)


def test_names_are_mapped_and_kept():
    assert read_text(TRANSCRIPTS / "names.txt", roles=ROLES) == Transcript(
        (
            Utterance(Role.THERAPIST, "How did the walk go?", speaker="Dr. Lee"),
            Utterance(Role.CLIENT, "I went.", speaker="Ann"),
            Utterance(Role.THERAPIST, "Good.", speaker="Dr. Lee"),
        ),
        session_id="names",
    )


def test_a_mapping_goes_before_the_known_words():
    assert turns(parse_text("P: a\nC: b", roles={"p": "therapist"})) == [("therapist", "a"), ("client", "b")]


@pytest.mark.parametrize("name", ["plain", "windows"])
def test_files_with_unix_and_windows_line_ends_and_a_bom(name):
    transcript = read_text(str(TRANSCRIPTS / f"{name}.txt"))
    assert transcript.session_id == name
    assert turns(transcript) == [
        ("therapist", "How did the walk go?"),
        ("client", "I went. Twice, in fact. And then it rained."),
        ("therapist", "Good."),
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_labels.txt", ["line 1", "no speaker label", "'Therapist:'"]),
        ("one_speaker.txt", ["every turn is by the client", "roles="]),
        ("latin1.txt", ["line 2", "not UTF-8", "save"]),
        ("binary.txt", ["binary", "text file"]),
        ("empty.txt", ["empty", "turn"]),
        ("blank.txt", ["empty", "turn"]),
        ("", ["directory", "give the files"]),
        ("absent.txt", ["cannot be read", ";"]),
    ],
)
def test_what_cannot_be_read_is_named_with_place_and_remedy_and_without_its_text(name, words):
    path = TRANSCRIPTS / name
    with pytest.raises(TranscriptError) as caught:
        read_text(path)
    message = str(caught.value)
    assert [word for word in [str(path), *words] if word not in message] == []
    assert "\n" not in message
    assert [word for word in ("Rosebud", "Zebedee", "Lee", "nobody") if word in message + repr(caught.value)] == []


def test_a_line_that_only_looks_like_a_speakers_is_pointed_at():
    with pytest.raises(RoleError, match=r"who speaks only once: line 5 \(indent a line that goes on"):
        parse_text("T: Well.\nC: Well.\nT: So.\nC: So.\nZebedee: Well.\nT: Yes.\nC: Yes.\n")


def test_a_text_without_file_is_called_the_text():
    with pytest.raises(TranscriptError, match=r"^the text, line 1: no speaker label"):
        parse_text("Rosebud\nC: b")


def test_a_file_in_utf_16():
    assert turns(read_text(TRANSCRIPTS / "utf16.txt")) == [("therapist", "Hello."), ("client", "Rosebud.")]


def test_roles_name_known_roles():
    with pytest.raises(TranscriptError, match="unknown role"):
        parse_text("T: a\nC: b", roles={"Ann": "boss"})
