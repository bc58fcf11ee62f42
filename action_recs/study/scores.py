"""PHQ-9 and GAD-7: tables of scores in long or wide form, totals or items, checked and brought into one form."""

from __future__ import annotations

import csv
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from action_recs.errors import StudyError
from action_recs.study.columns import SCORE_COLUMNS
from action_recs.study.results import Notice
from action_recs.study.sessions import day


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire whose score is the sum of its items, each 0 to 3.

    Attributes
    ----------
    name : str
    items : int
    bands : tuple of (int, str)
        Lowest score and name of each severity band, mildest first.
    most_missing : int
        Up to so many unanswered items are given the mean of the answered ones; with more there is no score.
    """

    name: str
    items: int
    bands: tuple[tuple[int, str], ...]
    most_missing: int = 2

    @property
    def highest(self) -> int:
        return HIGHEST_ITEM * self.items

    def band(self, score: float) -> str:
        """The severity band of a score.

        Examples
        --------
        >>> [PHQ9.band(score) for score in (4, 5, 10, 15, 20)]
        ['none', 'mild', 'moderate', 'moderately severe', 'severe']
        """
        return self.bands[bisect_right([lowest for lowest, _ in self.bands], score) - 1][1]

    def score(self, answers: Sequence[int | None]) -> float | None:
        """The score of the answers, None for an unanswered item; None when too many are unanswered.

        A prorated score is rounded to a whole number, as the instrument's cut-offs are.

        Examples
        --------
        >>> GAD7.score([1, 2, 3, 0, 0, 1, 1]), GAD7.score([1, 2, None, 0, 0, None, 1])
        (8, 6)
        >>> GAD7.score([3, 3, 3, 3, None, None, None]) is None
        True
        """
        answered = [answer for answer in answers if answer is not None]
        if self.items - len(answered) > self.most_missing:
            return None
        return math.floor(sum(answered) * self.items / len(answered) + 0.5)


HIGHEST_ITEM = 3
"""Answers: 0 not at all, 1 several days, 2 more than half the days, 3 nearly every day."""

PHQ9 = Instrument("PHQ-9", 9, ((0, "none"), (5, "mild"), (10, "moderate"), (15, "moderately severe"), (20, "severe")))
"""Depression, 0 to 27. Kroenke, Spitzer & Williams (2001), J Gen Intern Med 16, 606-613."""

GAD7 = Instrument("GAD-7", 7, ((0, "none"), (5, "mild"), (10, "moderate"), (15, "severe")))
"""Anxiety, 0 to 21. Spitzer, Kroenke, Williams & Löwe (2006), Arch Intern Med 166, 1092-1097."""

INSTRUMENTS = {instrument.name: instrument for instrument in (PHQ9, GAD7)}

_BY_PLAIN_NAME = {"phq9": PHQ9, "gad7": GAD7}


@dataclass(frozen=True, slots=True)
class Scores:
    """A table with ``SCORE_COLUMNS`` and what was noticed in making it."""

    table: pd.DataFrame
    notices: tuple[Notice, ...] = ()


def read_scores(path: str | Path) -> Scores:
    """The scores of a CSV file in any of the forms that ``collect`` takes.

    Raises
    ------
    StudyError
        With file and line.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            header = next(lines, [])
            names = list(map(_plain, header))
            if repeated := [at for at, name in enumerate(names) if name and name in names[:at]]:
                first, second = names.index(names[repeated[0]]) + 1, repeated[0] + 1  # no names: it may be another file
                raise StudyError(f"{path}, line 1: the columns {first} and {second} have the same name")
            records = []
            for cells in lines:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise StudyError(f"{path}, line {lines.line_num}: {len(cells)} cells under {len(header)} columns")
                records.append((lines.line_num, dict(zip(header, cells, strict=True))))
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: not UTF-8; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise StudyError(f"{path}, line {lines.line_num}: not CSV ({error})") from None
    return collect(records, header, str(path))


def collect(records: Iterable[tuple[int, Mapping[str, Any]]], columns: Sequence[str], source: str = "scores") -> Scores:
    """Scores of records in one of three forms, told apart by the columns.

    ======  =====================================================================================
    long    ``client_id, date, instrument, score``
    wide    ``client_id, date`` and a column for each instrument, ``PHQ-9``, ``gad7`` ...
    items   ``client_id, date`` and a column for each item, ``phq9_1`` to ``phq9_9``, ``GAD-7 item 3`` ...
    ======  =====================================================================================

    Wide and items can be mixed; a total must then be the sum of its items. Case, blanks, hyphens and underscores in
    column and instrument names do not matter.

    Parameters
    ----------
    records : iterable of (line, mapping of column to value)
    columns : sequence of str
    source : str
        Named in errors.

    Raises
    ------
    StudyError
        For a missing column, a date that is none, a score or item out of range, two different scores of one client,
        day and instrument, or no score at all.

    Examples
    --------
    >>> wide = [(2, {"client_id": "a", "date": "2024-03-05", "PHQ-9": "12", "GAD-7": ""})]
    >>> collect(wide, ["client_id", "date", "PHQ-9", "GAD-7"]).table[["instrument", "score", "band"]].values.tolist()
    [['PHQ-9', 12.0, 'moderate']]
    """
    names = {_plain(column): column for column in columns}
    missing = [column for column in ("client_id", "date") if _plain(column) not in names]
    if missing:
        raise StudyError(f"{source}: no column {' and no column '.join(missing)}")
    long = {"instrument", "score"} <= names.keys()
    try:
        form: _Long | _Wide = _Long(names["instrument"], names["score"]) if long else _Wide(names)
    except StudyError as error:
        raise StudyError(f"{source}: {error}") from None
    rows: dict[tuple[str, Any, str], dict[str, Any]] = {}
    noticed: Counter[str] = Counter()
    for line, record in records:
        where = f"{source}, line {line}"
        client = str(record[names["clientid"]] if record[names["clientid"]] is not None else "").strip()
        try:
            when = day(record[names["date"]])
        except ValueError as error:
            raise StudyError(f"{where}: {error}") from None
        found = form.scores(record, where, noticed)
        if not client or when is None:
            noticed["no-client-or-date"] += len(found)
            continue
        for instrument, score in found:
            row = {
                "line": line,
                "client_id": client,
                "date": when,
                "instrument": instrument.name,
                "score": score,
                "band": instrument.band(score),
            }
            before = rows.setdefault((client, when, instrument.name), row)
            if before is row:
                continue
            if before["score"] != score:
                raise StudyError(
                    f"{where}: another {instrument.name} score of the client and day of line {before['line']}; "
                    "leave the one that counts"
                )
            noticed["duplicate-scores"] += 1
    if not rows:
        raise StudyError(f"{source}: holds no score of {' or '.join(INSTRUMENTS)}")
    table = pd.DataFrame.from_records(list(rows.values()), columns=list(SCORE_COLUMNS))
    table["date"] = pd.to_datetime(table["date"])
    table["score"] = table["score"].astype(float)
    notices = tuple(Notice(code, f"{count} {NOTICED[code]}") for code, count in noticed.items() if count)
    return Scores(table, notices)


NOTICED = {
    "no-client-or-date": "scores without a client or a date were left out.",
    "no-score": "empty scores were left out.",
    "other-instrument": f"scores of instruments other than {' and '.join(INSTRUMENTS)} were left out.",
    "prorated": "scores had one or two unanswered items, which were given the mean of the answered ones.",
    "too-few-items": "questionnaires with more than two unanswered items were left out.",
    "duplicate-scores": "scores repeated an equal score of the same client, day and instrument; one was kept.",
}
"""What the notices of ``collect`` say, after a number."""


@dataclass(frozen=True, slots=True)
class _Long:
    instrument: str
    score: str

    def scores(self, record: Mapping[str, Any], where: str, noticed: Counter[str]) -> list[tuple[Instrument, float]]:
        instrument = _BY_PLAIN_NAME.get(_plain(str(record[self.instrument])))
        if instrument is None:
            noticed["other-instrument"] += 1
            return []
        score = _number(record[self.score], where, instrument.name, instrument.highest)
        if score is None:
            noticed["no-score"] += 1
            return []
        return [(instrument, score)]


class _Wide:
    def __init__(self, names: Mapping[str, str]) -> None:
        self.totals = {
            plain: next((names[name] for name in (plain, f"{plain}total", f"{plain}score") if name in names), None)
            for plain in _BY_PLAIN_NAME
        }
        self.items: dict[str, list[str]] = {}
        for plain, instrument in _BY_PLAIN_NAME.items():
            of_item = {}
            for name, column in names.items():
                if match := re.fullmatch(rf"{plain}(?:item|q)?(\d+)", name):
                    of_item[int(match[1])] = column
            if of_item and sorted(of_item) != list(range(1, instrument.items + 1)):
                raise StudyError(f"the columns of {instrument.name} items are not 1 to {instrument.items}")
            if of_item:
                self.items[plain] = [of_item[item] for item in sorted(of_item)]
        if not self.items and not any(self.totals.values()):
            raise StudyError(
                "no column with scores; name them instrument and score, or PHQ-9 and GAD-7, or phq9_1, phq9_2 ..."
            )

    def scores(self, record: Mapping[str, Any], where: str, noticed: Counter[str]) -> list[tuple[Instrument, float]]:
        found = []
        for plain, instrument in _BY_PLAIN_NAME.items():
            column = self.totals[plain]
            score = _number(record[column], where, instrument.name, instrument.highest) if column else None
            if plain in self.items:
                answers = [
                    _number(record[item], where, f"an item of {instrument.name}", HIGHEST_ITEM, whole=True)
                    for item in self.items[plain]
                ]
                score = self._of_items(instrument, answers, score, where, noticed)
            if score is not None:
                found.append((instrument, score))
            elif plain not in self.items and column:
                noticed["no-score"] += 1
        return found

    @staticmethod
    def _of_items(
        instrument: Instrument, answers: list[Any], total: float | None, where: str, noticed: Counter[str]
    ) -> float | None:
        unanswered = answers.count(None)
        if unanswered == instrument.items:
            return total
        score = instrument.score(answers)
        if total is not None:
            if not unanswered and total != score:
                raise StudyError(f"{where}: the {instrument.name} score is not the sum of its items")
            return total
        noticed["too-few-items"] += score is None
        noticed["prorated"] += score is not None and unanswered > 0
        return score


def _number(value: Any, where: str, what: str, highest: int, *, whole: bool = False) -> float | None:
    """A score within its range, None for an empty cell."""
    if value is None or str(value).strip().lower() in EMPTY:
        return None
    try:
        number = float("x" if "_" in str(value) else value)  # Python takes 1_0 for 10
    except (TypeError, ValueError):
        raise StudyError(f"{where}: {what} is not a number") from None
    if not 0 <= number <= highest or (whole and number != int(number)):
        raise StudyError(f"{where}: {what} is {number:g}; it can be {'0, 1, 2 or 3' if whole else f'0 to {highest}'}")
    return number


EMPTY = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
"""Cells that stand for no score."""


def _plain(name: str) -> str:
    return re.sub(r"[\s_.\-]", "", str(name)).lower()
