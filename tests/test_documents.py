"""Word documents, rich text and PDF."""

import io
import time
import zipfile

import pytest
from told import SPOKEN, TIMES, TRANSCRIPTS, read, told

import action_recs
from action_recs import TranscriptError
from action_recs.readers.documents import FORMATS
from action_recs.readers.rtf import plain_text

FILES = [
    "docx/typed.docx",
    "docx/table.docx",
    "docx/teams.docx",
    "docx/word_transcribe.docx",
    "rtf/textedit.rtf",
    "rtf/word.rtf",
    "pdf/pages.pdf",
]
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize("name", FILES)
def test_every_document_tells_the_conversation(name):
    (conversation,) = read(FORMATS, TRANSCRIPTS / name)
    assert told(conversation) == SPOKEN


@pytest.mark.parametrize("name", FILES)
def test_every_document_is_read_without_saying_what_it_is(name):
    roles = {SPOKEN[0][0]: "therapist"}
    assert [each.text for each in action_recs.read(TRANSCRIPTS / name, roles).utterances] == [
        text for _, text in SPOKEN
    ]


@pytest.mark.parametrize("name", ["docx/table.docx", "docx/teams.docx", "docx/word_transcribe.docx"])
def test_times_in_whole_seconds(name):
    (conversation,) = read(FORMATS, TRANSCRIPTS / name)
    assert [segment.start for segment in conversation.segments] == [int(start) for start, _ in TIMES]


def write(path, body):
    """A Word document with this body, or these bytes."""
    if isinstance(body, bytes):
        path.write_bytes(body)
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
    return path


def p(*runs):
    return f"<w:p>{''.join(run if run.startswith('<') else f'<w:r><w:t>{run}</w:t></w:r>' for run in runs)}</w:p>"


def table(*rows):
    cells = ("".join(f"<w:tc>{p(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (p("T: a") + p() + p("C: ", "b"), [("T", "a"), ("C", "b")]),
        (p("T: a", "<w:r><w:br/><w:t>C: b</w:t></w:r>"), [("T", "a"), ("C", "b")]),
        (p("T: a", "<w:ins><w:r><w:t> new</w:t></w:r></w:ins>") + p("C: b"), [("T", "a new"), ("C", "b")]),
        (p("T: a", "<w:del><w:r><w:delText> old</w:delText></w:r></w:del>") + p("C: b"), [("T", "a"), ("C", "b")]),
        (p("T: a", "<w:r><w:drawing><w:t>x</w:t></w:drawing></w:r>") + p("C: b"), [("T", "a"), ("C", "b")]),
        (p("T: a", "<w:r><w:tab/><w:t>c</w:t></w:r>") + p("C: b"), [("T", "a\tc"), ("C", "b")]),
        (table(("T", "a b c"), ("C:", "d"), ("", "e")), [("T", "a b c"), ("C", "d e")]),
        (table(("1", "T", "a"), ("2", "C", "b")), [("T", "a"), ("C", "b")]),
        (table(("1", "0:01", "T", "a", ""), ("2", "0:02", "C", "10:30", "")), [("T", "a"), ("C", "10:30")]),
        (table(("T", "0:01", "a"), ("C", "0:02", "b")), [("T", "a"), ("C", "b")]),
        (table(("Text", "Speaker"), ("a", "T"), ("b", "C")), [("T", "a"), ("C", "b")]),
        (p("T: see you at  10:30") + p("C: yes  10:31"), [("T", "see you at  10:30"), ("C", "yes  10:31")]),
        (p("T: a") + p("then  0:10") + p("C: b"), [("T", "a then  0:10"), ("C", "b")]),
        (table(("Client ID", "4711")) + p("T: a, as in abacus") + p("C: b"), [("T", "a, as in abacus"), ("C", "b")]),
    ],
)
def test_paragraphs_and_tables(tmp_path, body, expected):
    (conversation,) = read(FORMATS, write(tmp_path / "d.docx", body))
    assert told(conversation) == expected


def packed(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return file.getvalue()


def scratched(data, name):
    """The archive with a hole in one of its members."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        begin = archive.getinfo(name).header_offset + 100
    return data[:begin] + b"\0" * 100 + data[begin + 100 :]


SWELLS = b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><d>&b;</d>'
TYPED = (TRANSCRIPTS / "docx/typed.docx").read_bytes()
PDF = (TRANSCRIPTS / "pdf/pages.pdf").read_bytes()
RTF = (TRANSCRIPTS / "rtf/word.rtf").read_bytes()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("d.docx", packed(word__document_xml=b"\0" * 100_000_000), ["unpacks to more"]),
        ("d.docx", packed(word__document_xml=b"<d/>", **{f"n{n}": b"" for n in range(10_001)}), ["unpacks to more"]),
        ("d.docx", packed(word__document_xml=SWELLS), ["entities"]),
        ("d.docx", packed(word__document_xml=b"<d>\n<e>Rosebud"), ["line 2", "broken XML", "cut off"]),
        ("d.docx", packed(word__document_xml=b""), ["broken XML"]),
        ("d.docx", TYPED[:-100], ["not a whole document"]),
        ("d.docx", scratched(TYPED, "word/document.xml"), ["cannot be unpacked"]),
        (
            "d.docx",
            packed(word__document_xml=f"<w:d {W}>{table(['a', 'b', 'c', 'Rosebud'])}</w:d>"),
            ["table 1, row 1"],
        ),
        ("d.rtf", RTF[:1500], ["cut off"]),
        ("d.rtf", b"{\\rtf1\\ansi\\ansicpg99999 \\'e9 Rosebud}", ["not of its encoding"]),
        ("d.rtf", b"{\\rtf1 \\u-10179?Rosebud}", ["half a character"]),
        ("d.pdf", PDF[:1200], ["cut off or broken"]),
        ("d.pdf", b"%PDF-1.7\n" + b"Rosebud" * 40, ["cut off or broken"]),
        ("d.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, [".docx", "password"]),
    ],
)
def test_a_broken_document_is_named_with_place_and_remedy_and_without_its_text(tmp_path, name, data, words):
    path = write(tmp_path / name, data)
    with pytest.raises(TranscriptError) as caught:
        read(FORMATS, path)
    message = str(caught.value)
    assert [word for word in [str(path), *words] if word not in message] == []
    assert "Rosebud" not in message
    assert ";" in message or ":" in message


def test_a_row_that_is_broken_is_left_out_and_listed_when_asked(tmp_path):
    path = write(tmp_path / "d.docx", table(("T", "a"), ("T", "x", "y", "z"), ("C", "b")))
    (conversation,) = read(FORMATS, path, skip=True)
    assert told(conversation) == [("T", "a"), ("C", "b")]
    assert [each.split(":")[0] for each in conversation.skipped] == ["table 1, row 2"]


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (r"T: caf\'e9 \u8217?s\par C: no", "T: café ’s\nC: no"),
        (r"{\fonttbl{\f0\fcharset204 A;}{\f1\fcharset0 B;}}\f0 \'e4{\f1 \'e4}\'e4", "дäд"),
        (r"{\fonttbl{\f0\fcharset128 A;}}\f0 \'82\'a0", "あ"),
        (r"\uc2\u8212\'2d\'2d{\uc0\u233 }x", "—éx"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"a{\v hidden}{\deleted gone}{\*\new b}{\info{\title c}}d", "ad"),
        (r"{\field{\*\fldinst{HYPERLINK \"x\"}}{\fldrslt link}}", "link"),
        (r"{\pict\bin3 }}}}a\~b\_c\-d", "a b-cd"),
        (r"\{a\}\\ b\tab c\line d", "{a}\\ b\tc\nd"),
        ("a\r\n b", "a b"),
    ],
)
def test_rich_text(rtf, text):
    assert plain_text("{\\rtf1\\ansi\\ansicpg1252" + rtf + "}") == text


def test_tables_in_rich_text(tmp_path):
    rows = rb"\trowd\intbl T:\cell one\par two\cell\row\trowd\intbl C\cell three\cell\row\pard"
    (conversation,) = read(FORMATS, write(tmp_path / "d.rtf", b"{\\rtf1 " + rows + b"}"))
    assert told(conversation) == [("T", "one two"), ("C", "three")]


@pytest.mark.parametrize(
    "hard", ["{\\field{\\*\\fldinst{", '{\\field{\\*\\fldinst{HYPERLINK "a"', "{\\fonttbl\\f0\\fcharset0 "]
)
def test_crafted_rich_text_takes_no_longer(hard):
    begin = time.process_time()
    with pytest.raises(TranscriptError, match="cut off"):
        plain_text("{\\rtf1 " + hard * 20_000 + "}")
    assert time.process_time() - begin < 10


def test_pages_without_what_is_repeated_on_each():
    (conversation,) = read(FORMATS, TRANSCRIPTS / "pdf/margins.pdf")
    assert told(conversation) == [("T", "a"), ("C", "Mm."), ("C", "Mm."), ("T", "b"), ("C", "Mm."), ("T", "d")]


def test_a_page_that_is_a_picture():
    with pytest.raises(TranscriptError, match="page 2: a picture without text; recognise"):
        read(FORMATS, TRANSCRIPTS / "pdf/picture.pdf")
    (conversation,) = read(FORMATS, TRANSCRIPTS / "pdf/picture.pdf", skip=True)
    assert (told(conversation), len(conversation.skipped)) == ([("T", "a"), ("C", "b")], 1)


def test_a_pdf_with_a_password():
    with pytest.raises(TranscriptError, match="password"):
        read(FORMATS, TRANSCRIPTS / "pdf/protected.pdf")
