"""Files that are larger than what is read at once: every form of one file reads them a session at a time."""

import io
import weakref
from dataclasses import replace

import pytest
from test_annotation_forms import marks, whole_session

from action_recs import AnnotationError
from action_recs.annotation import stream_annotations, write_annotations
from action_recs.annotation.formats import formats
from action_recs.annotation.xml_parts import parts
from action_recs.readers import content

COUNT = 30


def half(path, monkeypatch):
    """Have half of the file be the most that is read at once."""
    for name in ("LARGEST", "HEAD"):
        monkeypatch.setattr(content, name, path.stat().st_size // 2)


ONE_FILE = [each for each in formats() if each.write and not each.folder]


@pytest.mark.parametrize("form", ONE_FILE, ids=lambda form: form.name)
def test_a_file_that_is_not_read_whole_gives_every_session(tmp_path, monkeypatch, form):
    sessions = [replace(whole_session("anna"), id=f"c{number}-s1", group=f"c{number}") for number in range(COUNT)]
    path = tmp_path / f"all{form.suffix}"
    write_annotations(sessions, path, form.name)
    half(path, monkeypatch)
    assert not content.load_content(path).whole
    found = list(stream_annotations(path))
    assert [each.id for each in found] == [each.id for each in sessions]
    if "spans" in form.holds:
        assert all(marks(each) == marks(sessions[0]) for each in found)


def test_the_parts_of_a_document_are_let_go():
    document = io.BytesIO(b"<Project><Sources><Text n='1'><a/></Text><Text n='2'/><Text n='3'/></Sources></Project>")
    kept, seen = [], []
    for name, part in parts(document, "p", "REFI-QDA"):
        seen.append((name, part.get("n"), sum(each() is not None for each in kept)))
        kept.append(weakref.ref(part))
        del part
    assert [each[:2] for each in seen] == [("Sources", "1"), ("Sources", "2"), ("Sources", "3")]
    assert all(alive <= 1 for *_, alive in seen)


def test_a_file_that_is_cut_off_gives_what_is_whole_and_then_the_problem(tmp_path, monkeypatch):
    path = tmp_path / "all.json"
    write_annotations([replace(whole_session("anna"), id=f"s{number}") for number in range(3)], path, "label-studio")
    path.write_bytes(path.read_bytes()[:-2000])
    half(path, monkeypatch)
    found = []
    with pytest.raises(AnnotationError, match="record 3: broken JSON; it may be cut off"):
        found.extend(each.id for each in stream_annotations(path))
    found = stream_annotations(path, collect=True)
    assert [each.id for each in found] == ["s0", "s1"]
