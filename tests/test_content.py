"""Bytes -> text, where the encoding is certain, and JSON."""

import pytest

from action_recs import TranscriptError
from action_recs.readers import content as reading
from action_recs.readers.content import decode, load_content, parse_json, text_content

TEXT = "T: caf\u00e9 \u2013 \u201cZo\u00eb\u201d\r\nC: it\u2019s \u00df\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_that_are_certain(encoding):
    assert decode(TEXT.encode(encoding), "f") == TEXT


@pytest.mark.parametrize("mark", [b"\xfe\xff", b"\xff\xfe"])
def test_utf_16_with_either_mark(mark):
    encoding = "utf-16-be" if mark[0] == 0xFE else "utf-16-le"
    assert decode(mark + "T: \u00e9".encode(encoding), "f") == "T: \u00e9"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("T: a\nC: caf\u00e9".encode("latin-1"), "^f, line 2: not UTF-8; save"),
        ("T: \u0441\u043a\u0430\u0437\u0430\u043b \u201ca\u201d".encode("cp1251"), "^f, line 1: not UTF-8; save"),
        ("T: it\u2019s Nov\u010dk".encode("cp1250"), "^f, line 1: not UTF-8; save"),
        ("T: caf\u00e9\n".encode() + "C: it\u2019s".encode("cp1252"), "^f, line 2: not UTF-8, though other lines are"),
        ("T: \u00e9".encode("utf-16")[:-1], "^f: broken UTF-16"),
    ],
)
def test_encodings_that_would_be_guessed(data, message):
    with pytest.raises(TranscriptError, match=message):
        decode(data, "f")


@pytest.mark.parametrize(
    "data", [b"PK\3\4\0\0\1\2\xff", bytes(range(256)) * 4, b"ID3\4\0\0\0\0" * 50, b"\xd0\xcf\x11\xe0", b"PAR1\x15\4"]
)
def test_what_is_no_text(data):
    assert decode(data, "f") is None


@pytest.mark.parametrize("data", [b"%PDF-1.4\n1 0 obj", b"\n" * 1019 + b"%PDF-", b"PK\3\4" + b"T: a\n" * 1000])
def test_a_document_that_is_mostly_letters_is_no_text(data):
    assert decode(data, "f") is None


@pytest.mark.parametrize("text", ["PAR1: a\nPAR2: b", "PK: a", "T: a\n" * 300 + "%PDF-"])
def test_words_that_look_like_its_beginning(text):
    assert decode(text.encode(), "f") == text


@pytest.mark.parametrize("text", [None, "", "T: a", "{", '{"a": 1} x', "[" * 100_000, "[" + "9" * 10_000 + "]", "3"])
def test_what_is_no_json_document(text):
    assert parse_json(text) is None


def test_json_is_parsed_once():
    assert text_content('\ufeff {"a": [1]}').json == {"a": [1]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_only_the_beginning_of_a_large_file_is_read(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(reading, "LARGEST", 1000)
    monkeypatch.setattr(reading, "HEAD", 100)
    path = tmp_path / "large.txt"
    path.write_bytes("T: \u00e9\u00e9\u00e9\n".encode(encoding) * 500)
    content = load_content(path)
    assert (content.whole, content.path, content.json) == (False, path, None)
    assert content.text is not None
    assert content.text.startswith("T: \u00e9\u00e9\u00e9\n")
    assert len(content.data) <= 100
