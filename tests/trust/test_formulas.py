"""Cells that a spreadsheet would run, and texts that begin with a dash."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import action_recs
from action_recs import Role, Transcript, Utterance, read
from action_recs.annotation import load_annotations
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.loading import write_annotations
from action_recs.export import write_sessions
from action_recs.formulas import plain_cell, said_cell

DANGEROUS = "=+-@\t\r\n"
TEXTS = st.text() | st.text(alphabet="'=+-@\t\r\n＝＋－＠a ", max_size=6)
SAID = ['=HYPERLINK("http://x","y")', "- and then?", "+1", "@home", "'tis late", "'- quoted", "''=x", "\tlate", "fine"]


@given(TEXTS)
def test_no_written_cell_begins_like_a_formula_and_each_comes_back(text):
    written = plain_cell(text)
    assert not written.startswith(tuple(DANGEROUS + "＝＋－＠"))
    assert said_cell(written) == text
    assert written == text or text.lstrip("'").startswith(tuple(DANGEROUS + "＝＋－＠"))


@pytest.mark.parametrize("value", [-1, -0.5, None, True, float("-inf")])
def test_numbers_stay_numbers(value):
    assert plain_cell(value) is value


def session():
    roles = [Role.THERAPIST, Role.CLIENT]
    spoken = tuple(Utterance(roles[index % 2], text) for index, text in enumerate(SAID))
    return AnnotatedSession("s1", Transcript(spoken, session_id="s1"))


def test_annotations_as_csv_are_harmless_and_come_back_as_they_were(tmp_path):
    path = tmp_path / "annotated.csv"
    write_annotations([session()], path, "csv")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert [cell for row in rows for cell in row if cell.startswith(tuple(DANGEROUS))] == []
    (back,) = load_annotations(path, "csv")
    assert [each.text for each in back.transcript.utterances] == SAID


def test_tagged_sessions_as_csv_are_harmless_and_come_back_as_they_were(tagger, tmp_path):
    path = tmp_path / "tagged.csv"
    write_sessions([tagger.tag(session().transcript)], path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert [cell for row in rows for cell in row if cell.startswith(tuple(DANGEROUS))] == []
    assert [each.text for each in read(path).utterances] == [text.strip() for text in SAID]


def test_a_table_of_others_keeps_its_apostrophes(tmp_path):
    path = tmp_path / "theirs.csv"
    texts = [text for text in SAID if text.strip() == text]
    rows = [["speaker", "text"], *(["Therapist", text] for text in texts), ["Client", "Yes."]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert [each.text for each in read(path).utterances] == [*texts, "Yes."]


def test_every_writer_of_tables_makes_its_cells_plain():
    package = Path(action_recs.__file__).parent
    writers = {
        path.relative_to(package).as_posix(): "plain_" in text
        for path in package.rglob("*.py")
        if re.search(r"csv\.writer\(|DictWriter\(|\.to_csv\(", text := path.read_text(encoding="utf-8"))
    }
    assert [path for path, plain in writers.items() if not plain] == []
    assert "whole_files.py" in writers
