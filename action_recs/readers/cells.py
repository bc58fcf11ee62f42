"""One cell of a table -> text, or seconds."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.clock import seconds


def is_missing(cell: object) -> bool:
    """Whether nothing is in the cell: None, an empty or blank string, or not-a-number."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, (Real, Decimal)) and cell != cell)


def as_text(cell: object) -> str | None:
    """The cell as a string without blanks around it, None when it is missing; a whole number without its ".0".

    Raises
    ------
    TranscriptError
        When the cell holds a list, an object or bytes, or text that cannot be written as UTF-8.
    """
    if is_missing(cell):
        return None
    if isinstance(cell, str):
        try:
            cell.encode()
        except UnicodeEncodeError:
            raise TranscriptError("half a surrogate pair in a text; write the table again as UTF-8") from None
        return cell.strip()
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, (Real, Decimal)):
        return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    raise TranscriptError(f"a cell holds {type(cell).__name__} where text belongs; write it as a string")


def as_seconds(cell: object) -> float | None:
    """The cell as seconds, None when it is missing.

    Parameters
    ----------
    cell : object
        Seconds as a number or in digits, a clock ("75:04", "01:15:04.250"), a time of day or a timedelta.

    Raises
    ------
    TranscriptError
        When it is none of these.

    Examples
    --------
    >>> as_seconds("01:15:04,250"), as_seconds(4504.25), as_seconds("")
    (4504.25, 4504.25, None)
    """
    if is_missing(cell):
        return None
    if isinstance(cell, str):
        return _from_digits(cell.strip())
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    if isinstance(cell, (Real, Decimal)) and not isinstance(cell, bool):
        return _finite(cell)
    raise _no_time()


def _from_digits(digits: str) -> float:
    try:
        if ":" in digits:
            clock = seconds(digits.removeprefix("-"))
            return -clock if digits.startswith("-") else clock
        return _finite(digits)
    except ValueError:
        raise _no_time() from None


def _finite(number: Any) -> float:
    try:
        finite = float(number)
    except OverflowError:  # an integer or fraction of hundreds of digits
        finite = math.inf
    if not math.isfinite(finite):
        raise _no_time()
    return finite


def _no_time() -> TranscriptError:
    return TranscriptError("a time that cannot be read; give seconds, or hours:minutes:seconds")
