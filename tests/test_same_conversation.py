"""One conversation, told in every format: whatever is read, the utterances are the same."""

import json
from pathlib import Path

import pytest

from action_recs import RoleError, TranscriptError, read
from action_recs.readers.content import load_content
from action_recs.readers.formats import Options
from action_recs.readers.reading import conversations
from action_recs.readers.registry import detect
from action_recs.readers.turns import merge_turns

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"
TURNS = json.loads((TRANSCRIPTS / "conversation.json").read_text(encoding="utf-8"))["turns"]

BY_LABEL = None
BY_NAME = {"Dr. Lee": "therapist", "Ann": "client"}


def speakers(therapist, client):
    return {therapist: "therapist", client: "client"}


@pytest.mark.parametrize(
    ("path", "name", "roles"),
    [
        ("conversation.json", "json-table", BY_NAME),
        ("webvtt/editor.vtt", "webvtt", BY_NAME),
        ("webvtt/zoom.vtt", "webvtt", BY_NAME),
        ("webvtt/teams.vtt", "webvtt", BY_NAME),
        ("srt/editor.srt", "srt", BY_LABEL),
        ("srt/whisperx.srt", "srt", speakers("SPEAKER_00", "SPEAKER_01")),
        ("whisperx/whisperx.json", "whisper", speakers("SPEAKER_00", "SPEAKER_01")),
        ("openai/diarized.json", "whisper", speakers("Speaker A", "Speaker B")),
        ("aws_transcribe/speaker_labels.json", "aws-transcribe", speakers("spk_0", "spk_1")),
        ("aws_transcribe/older.json", "aws-transcribe", speakers("spk_0", "spk_1")),
        ("aws_transcribe/channels.json", "aws-transcribe", speakers("ch_0", "ch_1")),
        ("aws_healthscribe/transcript.json", "aws-healthscribe", BY_LABEL),
        ("google/v1_diarization.json", "google-speech", speakers("Speaker 1", "Speaker 2")),
        ("google/v1_channels.json", "google-speech", speakers("Channel 1", "Channel 2")),
        ("google/v2.json", "google-speech", speakers("Speaker 1", "Speaker 2")),
        ("azure/batch.json", "azure-speech", speakers("Speaker 1", "Speaker 2")),
        ("azure/batch_channels.json", "azure-speech", speakers("Channel 0", "Channel 1")),
        ("azure/fast.json", "azure-speech", speakers("Speaker 1", "Speaker 2")),
        ("deepgram/words.json", "deepgram", speakers("Speaker 0", "Speaker 1")),
        ("deepgram/utterances.json", "deepgram", speakers("Speaker 0", "Speaker 1")),
        ("deepgram/channels.json", "deepgram", speakers("Channel 0", "Channel 1")),
        ("assemblyai/transcript.json", "assemblyai", speakers("Speaker A", "Speaker B")),
        ("rev/revai.json", "rev", speakers("Speaker 0", "Speaker 1")),
        ("rev/rev.json", "rev", BY_NAME),
    ],
)
def test_formats_with_times(path, name, roles):
    assert detect(load_content(TRANSCRIPTS / path)).name == name
    transcript = read(TRANSCRIPTS / path, roles)
    said = [(each.role.value, each.text, each.start, each.end) for each in transcript.utterances]
    assert said == [(each["role"], each["text"], each["start"], each["end"]) for each in TURNS]


@pytest.mark.parametrize(
    ("path", "roles", "begin"),
    [
        ("otter/otter.txt", speakers("Speaker 1", "Speaker 2"), 0),
        ("zoom/meeting_saved_closed_caption.txt", BY_NAME, 1),  # times of day: the first is taken for the beginning
        ("text/bracketed_times.txt", BY_LABEL, 0),
        ("text/labels.txt", BY_LABEL, None),
        ("text/numbered_turns.txt", BY_LABEL, None),
        ("text/numbered_lines.txt", BY_LABEL, None),
        ("text/utf16.txt", BY_LABEL, None),
    ],
)
def test_texts_have_the_beginnings_at_most(path, roles, begin):
    transcript = read(TRANSCRIPTS / path, roles)
    starts = [None if begin is None else each["start"] - begin for each in TURNS]
    said = [(each.role.value, each.text, each.start, each.end) for each in transcript.utterances]
    assert said == [(each["role"], each["text"], start, None) for each, start in zip(TURNS, starts, strict=True)]


def test_a_text_in_windows_own_encoding():
    said = [each.text.replace("\u2019", "'") for each in read(TRANSCRIPTS / "text" / "windows_1252.txt").utterances]
    assert said == [each["text"] for each in TURNS]


@pytest.mark.parametrize("path", ["whisper/whisper.json", "whisper/faster_whisper.json", "webvtt/no_speakers.vtt"])
def test_what_names_no_speakers_has_the_words_but_no_roles(path):
    content = load_content(TRANSCRIPTS / path)
    (found,) = conversations(content, detect(content), Options())
    assert " ".join(each.text for each in found.segments) == " ".join(each["text"] for each in TURNS)
    assert (found.segments[0].start, found.segments[-1].end) == (1.0, 39.7)
    assert len(merge_turns(found.segments)) == len(found.segments)  # nobody's words are joined with nobody else's
    with pytest.raises(RoleError, match=path):
        read(TRANSCRIPTS / path)


def test_ids_of_the_session_are_kept():
    path = TRANSCRIPTS / "aws_transcribe" / "speaker_labels.json"
    assert read(path, speakers("spk_0", "spk_1")).session_id == "session-12"
    assert read(TRANSCRIPTS / "webvtt" / "teams.vtt", BY_NAME).session_id == "teams"


def test_a_format_can_be_named():
    path = TRANSCRIPTS / "srt" / "editor.srt"
    assert read(path, format="srt") == read(path)
    with pytest.raises(TranscriptError, match=r"unknown format; the formats are .*webvtt"):
        read(path, format="nonesuch")
