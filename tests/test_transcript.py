"""Transcripts from (role, text) pairs."""

import dataclasses
from fractions import Fraction

import pytest

from action_recs import Role, Transcript, TranscriptError, Utterance

SECRET = "Rosebud told nobody"


@pytest.mark.parametrize("therapist", ["therapist", "Therapist", " THERAPIST ", Role.THERAPIST])
@pytest.mark.parametrize("client", ["client", "Client", Role.CLIENT])
def test_a_role_is_a_word_in_any_case_or_a_role(therapist, client):
    assert Transcript.from_pairs([(therapist, "Hello."), (client, "Hi.")]) == Transcript(
        (Utterance(Role.THERAPIST, "Hello."), Utterance(Role.CLIENT, "Hi."))
    )


@pytest.mark.parametrize("text", ["", " ", "x", "\n a \r\n b\t", "é🙂\u2028", "[SEP] <rec>", "T: not a label"])
def test_text_is_kept_unchanged(text):
    assert Transcript.from_pairs([("other", text)]).utterances == (Utterance(Role.OTHER, text),)


def test_names_are_mapped_to_roles_and_kept_as_speakers():
    transcript = Transcript.from_pairs(
        [("Dr. Lee", "Hello."), ["client", "Hi."]], roles={"Dr. Lee": "therapist"}, session_id="s1"
    )
    assert transcript == Transcript(
        (Utterance(Role.THERAPIST, "Hello.", speaker="Dr. Lee"), Utterance(Role.CLIENT, "Hi.")), session_id="s1"
    )


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], ["empty"]),
        (iter([]), ["empty"]),
        ([("client", "Hi."), ("Zebedee", SECRET)], ["utterance 1", "unknown role", "'therapist'", "roles="]),
        ([("client", "Hi."), (SECRET,)], ["utterance 1", "(role, text)"]),
        ([("client", SECRET, 3.5)], ["utterance 0", "(role, text)"]),
        ([("client", None)], ["utterance 0", "(role, text)"]),
        ([(None, SECRET)], ["utterance 0", "(role, text)"]),
        ([SECRET], ["utterance 0", "(role, text)", "str"]),
        ([Fraction(1)], ["utterance 0", "Fraction"]),
    ],
)
def test_what_is_no_transcript_is_refused_without_repeating_it(pairs, words):
    with pytest.raises(TranscriptError) as caught:
        Transcript.from_pairs(pairs)
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert not any(part in message + repr(caught.value) for part in ("Rosebud", "Zebedee"))


@pytest.mark.parametrize("role", ["boss", "", None, 3])
def test_roles_map_to_known_roles_only(role):
    with pytest.raises(TranscriptError, match="unknown role"):
        Transcript.from_pairs([("Ann", SECRET)], roles={"Ann": role})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Utterance(Role.CLIENT, SECRET, speaker="Rosebud"), "Utterance(client, 19 characters)"),
        (Transcript((Utterance(Role.CLIENT, SECRET),), client_id="Rosebud"), "Transcript(1 utterances)"),
    ],
)
def test_values_print_short_hash_and_cannot_be_changed(value, shown):
    assert (repr(value), str(value)) == (shown, shown)
    assert hash(value) == hash(dataclasses.replace(value))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, None)
