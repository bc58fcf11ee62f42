"""What tools count their offsets in, and how their exports are packed: told apart where an export does not say."""

import json
import zipfile

import pytest
from test_annotation_forms import FIXTURES, MARKED, NAMES, marks

from action_recs import AnnotationError
from action_recs.annotation import load_annotations, stream_annotations, write_annotations

TEXT = "Therapist: 👍 Good. Maybe walk daily.\nClient: Okay.\n"
WORDS = "Maybe walk daily"


def units(text):
    return len(text.encode("utf-16-le")) // 2


def ends(count):
    start = TEXT.index(WORDS)
    return [count(TEXT[:start]), count(TEXT[: start + len(WORDS)])]


def words(path, **options):
    return [span.text for session in load_annotations(path, **options) for span in session.recommendations]


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.yaml"
    path.write_text(NAMES, encoding="utf-8")
    return path


@pytest.mark.parametrize("count", [units, len], ids=["since 1.6", "before"])
def test_doccano_offsets_are_utf16_now_and_were_code_points(tmp_path, count):
    path = tmp_path / "anna.jsonl"
    path.write_text(json.dumps({"id": 1, "text": TEXT, "label": [[*ends(count), "recommendation"]]}), encoding="utf-8")
    assert words(path) == [WORDS]


def test_doccano_offsets_that_fit_in_no_way_are_utf16_and_a_problem(tmp_path):
    path = tmp_path / "anna.jsonl"
    start, end = ends(units)
    path.write_text(json.dumps({"text": TEXT, "label": [[start + 1, end + 1, "recommendation"]]}), encoding="utf-8")
    with pytest.raises(AnnotationError) as caught:
        load_annotations(path)
    assert [(each.kind, each.offset) for each in caught.value.problems] == [("off-by-one", start + 1)]


def test_doccano_is_given_utf16(tmp_path):
    (tmp_path / "in.txt").write_text(
        f'# session: s1\nT: 👍 Good. <rec form="casual">{WORDS}</rec>.\n', encoding="utf-8"
    )
    sessions = load_annotations(tmp_path / "in.txt")
    write_annotations(sessions, tmp_path / "out.jsonl", "doccano")
    record = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    ((start, end, _),) = record["label"]
    assert record["text"].encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == WORDS


@pytest.mark.parametrize("count", [units, len], ids=["UTF-16", "code points"])
def test_brat_offsets_are_told_by_the_words_that_they_quote(tmp_path, count):
    (tmp_path / "s1.txt").write_text(TEXT, encoding="utf-8", newline="")
    start, end = ends(count)
    (tmp_path / "s1.ann").write_text(f"T1\tRec {start} {end}\t{WORDS}\n", encoding="utf-8")
    assert words(tmp_path) == [WORDS]


@pytest.mark.parametrize(
    ("origin", "line_end", "shown"),
    [
        ("ATLAS.ti for Windows 23.2", 1, ""),
        ("NVivo 14", 2, ""),
        ("MAXQDA 2022", 1, WORDS[:12] + "…"),
        ("ATLAS.ti for Windows 23.2", 2, WORDS),
    ],
    ids=["one in ATLAS.ti", "two in NVivo", "the name says one", "the name says two"],
)
def test_windows_line_ends_of_a_project_count_as_its_program_counts_them(tmp_path, origin, line_end, shown):
    text = f"Client: Hm.\nClient: Well.\nTherapist: {WORDS}, I say.\n"
    start = text.index(WORDS) + 2 * (line_end - 1)
    selection = (
        f'<PlainTextSelection guid="S" name="{shown}" startPosition="{start}" endPosition="{start + len(WORDS)}">'
        '<Coding guid="C"><CodeRef targetGUID="R" /></Coding></PlainTextSelection>'
    )
    xml = (
        f'<Project xmlns="urn:QDA-XML:project:1.0" name="p" origin="{origin}"><CodeBook><Codes>'
        '<Code guid="R" name="recommendation" isCodable="true" /></Codes></CodeBook><Sources>'
        f'<TextSource guid="T" name="s1" plainTextPath="internal://T.txt">{selection}</TextSource></Sources></Project>'
    )
    with zipfile.ZipFile(tmp_path / "p.qdpx", "w") as archive:
        archive.writestr("project.qde", xml)
        archive.writestr("Sources/T.txt", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert words(tmp_path / "p.qdpx") == [WORDS]


def test_prodigy_sessions_without_a_name_are_nobodys(tmp_path):
    task = {"text": TEXT, "spans": [], "answer": "accept", "_annotator_id": "2023-07-25_14-50-21"}
    (tmp_path / "out.jsonl").write_text(json.dumps(task), encoding="utf-8")
    assert [each.annotator for each in load_annotations(tmp_path / "out.jsonl")] == [None]


def test_choices_that_a_min_export_cut_from_their_regions_are_a_problem(tmp_path):
    regions = [{"start": each, "end": each + 4, "text": "walk", "labels": ["recommendation"]} for each in (11, 16)]
    record = {"text": "Therapist: walk walk", "label": regions, "form": ["structured", "casual"], "id": 1}
    record |= {"annotator": 1, "annotation_id": 2}
    path = tmp_path / "min.json"
    path.write_text(json.dumps([record]), encoding="utf-8")
    with pytest.raises(AnnotationError, match="task 1, annotation 2: the values of 'form' stand apart"):
        load_annotations(path)
    path.write_text(json.dumps([record | {"form": "homework"}]), encoding="utf-8")  # no attribute's value: task data
    assert len(load_annotations(path)) == 1


def test_a_zip_is_read_as_the_folder_in_it(tmp_path, names):
    path = tmp_path / "doccano.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for who in ("anna", "ben"):
            archive.write(FIXTURES / "doccano" / f"{who}.jsonl", f"export/{who}.jsonl")
        archive.writestr("__MACOSX/export/._anna.jsonl", b"\0\5\26\7")
        archive.writestr("export/notes.txt", "call the clinic")
    found = stream_annotations(path, schema=names)
    assert {each.annotator: marks(each) for each in found} == MARKED
    assert found.unread == [f"{path}/export/notes.txt"]


def test_problems_in_a_zip_name_the_archive_and_the_file_in_it(tmp_path):
    path = tmp_path / "doccano.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("anna.jsonl", json.dumps({"text": TEXT, "label": [[11, 999, "recommendation"]]}))
        archive.writestr("ben.jsonl", json.dumps({"text": TEXT, "label": [[19, 24, "mood"]]}))
    with pytest.raises(AnnotationError) as caught:
        load_annotations(path)
    assert [each.file for each in caught.value.problems] == [f"{path}/anna.jsonl", f"{path}/ben.jsonl"]


@pytest.mark.parametrize("export", ["brat", "inception_xmi", "inception_json", "convokit"])
def test_folders_of_annotators_in_a_zip_are_one_export(tmp_path, names, export):
    path = tmp_path / f"{export}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (FIXTURES / export).rglob("*"):
            archive.write(file, f"{export}/{file.relative_to(FIXTURES / export)}")
    assert {each.annotator for each in load_annotations(path, schema=names)} == {"anna", "ben"}


def test_a_folder_with_exports_of_several_tools_loses_none(tmp_path, names):
    for who, form in (("anna", "brat"), ("ben", "doccano")):
        sessions = [each for each in load_annotations(FIXTURES / "brat", schema=names) if each.annotator == who]
        write_annotations(sessions, tmp_path / f"{who}{'.jsonl' if form == 'doccano' else ''}", form)
    found = stream_annotations(tmp_path, schema=names)
    assert sorted(str(each.annotator) for each in found) == ["anna", "ben"]
    assert dict(found.forms) == {"brat": 1, "doccano": 1}
    assert found.unread == [str(names)]


def test_a_broken_archive_is_told(tmp_path):
    path = tmp_path / "cut.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(FIXTURES / "doccano" / "anna.jsonl", "anna.jsonl")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(AnnotationError, match=r"cut\.zip: not a whole archive; copy or export it again"):
        load_annotations(path)
