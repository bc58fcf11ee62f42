"""What speech recognisers write, where it is damaged or leaves something out."""

import json
from pathlib import Path

import pytest

from action_recs import RoleError, TranscriptError, read
from action_recs.readers import parse_text
from action_recs.readers.content import text_content
from action_recs.readers.formats import Options
from action_recs.readers.registry import detect

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"


def conversation(document, *, skip=False):
    content = text_content(json.dumps(document))
    (found,) = detect(content).read(content, Options(skip=skip))
    return found


def words(found):
    return [word for each in found.segments for word in each.text.split()]


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("whisperx/whisperx.json", "segments[3].text"),
        ("aws_transcribe/speaker_labels.json", "results.items[4].alternatives"),
        ("aws_transcribe/channels.json", "results.channel_labels.channels[0].items[4].start_time"),
        ("aws_healthscribe/transcript.json", "Conversation.TranscriptSegments[2].Content"),
        ("google/v2.json", "results[1].alternatives[0].words[3].startOffset"),
        ("azure/batch.json", "recognizedPhrases[4].nBest"),
        ("azure/fast.json", "phrases[2].speaker"),
        ("deepgram/words.json", "results.channels[0].alternatives[0].words[5].start"),
        ("deepgram/utterances.json", "results.utterances[3].transcript"),
        ("assemblyai/transcript.json", "utterances[2].end"),
        ("rev/revai.json", "monologues[2].elements"),
    ],
)
def test_a_broken_part_is_named_by_its_path_or_left_out(path, broken, tmp_path):
    document = json.loads((TRANSCRIPTS / path).read_text(encoding="utf-8"))
    whole = conversation(document)
    *above, last = broken.replace("[", ".").replace("]", "").split(".")
    inner = document
    for key in above:
        inner = inner[int(key)] if key.isdigit() else inner[key]
    inner[last] = {"Rosebud": 1}
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(TranscriptError) as caught:
        read(copy)
    assert f"copy.json: {broken}" in str(caught.value)
    assert "Rosebud" not in str(caught.value)
    rest = conversation(document, skip=True)
    assert 0 < len(words(whole)) - len(words(rest)) < 25
    assert [each.partition(":")[0] for each in rest.skipped] == [broken]


def test_words_of_nobody_between_one_speakers_words_are_his():
    speakers = [0, None, 0, 1, None, 0]
    said = [{"word": "a", "start": n, "end": n + 1, "speaker": who} for n, who in enumerate(speakers)]
    found = conversation({"results": {"channels": [{"alternatives": [{"words": said}]}]}}).segments
    assert [each.speaker for each in found] == [*["Speaker 0"] * 3, "Speaker 1", None, "Speaker 0"]


def test_google_says_who_only_in_the_last_result_and_repeats_all_words_there():
    word = {"startTime": "0s", "endTime": "1s", "word": "a"}
    one = {"alternatives": [{"transcript": "a", "words": [word]}]}
    last = {"alternatives": [{"words": [{**word, "speakerTag": 1}]}]}
    assert [each.speaker for each in conversation({"results": [one, last]}).segments] == ["Speaker 1"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"id": "1", "status": "processing", "audio_url": "x", "words": None}, "^status: .*not completed"),
        ({"id": "1", "status": "completed", "audio_url": "x", "words": []}, "^utterances: none; .*speaker_labels"),
        ({"results": [{"alternatives": [{"transcript": "a"}]}]}, r"^results\[0\]\.alternatives\[0\]: no words; "),
        ({"segments": [{"start": 0, "end": 1, "text": 3}]}, r"^segments\[0\]\.text: a text was expected"),
        ({"monologues": 3}, "^monologues: a list was expected"),
    ],
)
def test_what_was_not_asked_of_the_recogniser(document, message):
    with pytest.raises(TranscriptError, match=message):
        conversation(document)


def test_one_speaker_for_all_is_no_conversation():
    document = {"segments": [{"start": n, "end": n + 1, "text": "a", "speaker": "SPEAKER_00"} for n in range(3)]}
    with pytest.raises(RoleError):
        parse_text(json.dumps(document))
