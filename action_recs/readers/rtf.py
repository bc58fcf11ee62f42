"""Rich text (.rtf): its plain text, read as text, and rows of its tables as lines with a label.

Parsed here, in one pass: the libraries for it search with expressions that take hours for a few crafted kilobytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.text import read_lines

BEGIN = b"{\\rtf"
TOKEN = re.compile(
    r"""\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?
      | \\'(?P<hex>[0-9A-Fa-f]{2})
      | \\(?P<symbol>.)
      | (?P<brace>[{}])
      | (?P<text>[^\\{}\r\n]+)
      | [\r\n]+ | \\""",
    re.VERBOSE | re.DOTALL,
)
CELL_END = "\x1f"
WORDS = {"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "tab": "\t", "cell": CELL_END}
WORDS |= {"emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•"}
WORDS |= {"emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": " ", "nestrow": " "}
SYMBOLS = {"~": " ", "_": "-", "\n": "\n", "\r": "\n", "{": "{", "}": "}", "\\": "\\"}
ASIDE_WORDS = """fonttbl colortbl stylesheet info header headerl headerr headerf footer footerl footerr footerf footnote
annotation pict object fldinst filetbl listtable listoverridetable revtbl rsidtbl generator themedata datastore
colorschememapping latentstyles xmlnstbl pntext pntxta pntxtb atnid atnauthor atrfstart atrfend bkmkstart bkmkend
shppict nonshppict shp do template tc xe txe rxe private mmathpr nesttableprops"""
ASIDE = frozenset(ASIDE_WORDS.split())
"""Groups that are not text of the document: settings, notes, pictures, fields' codes."""
CHARSETS = {77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254"}
CHARSETS |= {163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}
CODE_PAGES = {"10000": "mac_roman", "65001": "utf-8"}


def matches(content: Content) -> bool:
    """Whether the bytes begin as rich text."""
    return content.data.lstrip()[: len(BEGIN)] == BEGIN


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation in the document.

    Raises
    ------
    TranscriptError
        With the line of its text, or when it is cut off.
    """
    raw = content.text if content.text is not None else content.data.decode("cp1252", "replace")
    try:
        text = plain_text(raw)
    except TranscriptError as error:
        raise TranscriptError(f"{content.name}: {error}") from None
    yield read_lines("\n".join(map(_without_cells, text.split("\n"))), options)


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the group's closing brace."""

    aside: bool = False
    hidden: bool = False
    in_table: bool = False
    stand_ins: int = 1
    encoding: str | None = None


def plain_text(raw: str) -> str:
    """The text of a document, a line for each paragraph.

    Raises
    ------
    TranscriptError
        When it is cut off, or a character is not of the encoding that the document names.

    Examples
    --------
    >>> plain_text(r"{\\rtf1\\ansi{\\fonttbl\\f0 Arial;}T: caf\\'e9 \\u8217?s\\par C: no}")
    'T: café ’s\\nC: no'
    """
    return _Document(raw).text()


class _Document:
    def __init__(self, raw: str) -> None:
        self.raw = raw.strip("\0\r\n\t ")
        self.parts: list[str] = []
        self.encoded = bytearray()
        self.outer: list[_Group] = []
        self.group = _Group()
        self.encoding = "cp1252"
        self.fonts: dict[str, str] = {}
        self.font = ""
        self.to_skip = 0  # characters that stand in for one that older programs cannot show

    def text(self) -> str:
        position = 0
        while found := TOKEN.match(self.raw, position):
            position = found.end()
            if found["brace"] == "{":
                self.outer.append(self.group)
            elif found["brace"] == "}":
                self.flush()
                self.group = self.outer.pop() if self.outer else self.group
                if not self.outer:
                    break
            elif found["word"]:
                position += self.obey(found["word"].lower(), found["number"])
            else:
                self.say(found)
        if self.outer or position < len(self.raw):
            raise TranscriptError("rich text that is cut off or broken; save or export it again")
        try:  # characters beyond the first 65,536 are written in halves
            return "".join(self.parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise TranscriptError("half a character in rich text; save it again") from None

    def obey(self, word: str, number: str | None) -> int:
        """Carry out a control word; how many characters after it are a picture's bytes."""
        on = number != "0"
        if word == "bin":
            return int(number or 0) if (number or "0").isdigit() else 0
        if word in ("f", "deff") and number is not None:
            self.font = number
            self.change(encoding=self.fonts.get(number))
        elif word == "fcharset":
            self.fonts[self.font] = CHARSETS.get(int(number or 0), self.encoding)
        elif word == "ansicpg":
            self.encoding = CODE_PAGES.get(number or "", f"cp{number}")
        elif word == "uc":
            self.change(stand_ins=min(max(int(number or 1), 0), 9))
        elif word in ("v", "deleted"):
            self.change(hidden=on)
        elif word in ("intbl", "pard"):
            self.change(in_table=word == "intbl")
        elif word in ASIDE:
            self.change(aside=True)
        elif word == "u":
            self.add(chr(int(number or 0) % 0x10000))
            self.to_skip = self.group.stand_ins
        elif word in WORDS:
            self.add(" " if word == "par" and self.group.in_table else WORDS[word])
        return 0

    def say(self, found: re.Match[str]) -> None:
        """Add text, a symbol, or a character of the font's encoding."""
        symbol, byte, text = found["symbol"], found["hex"], found["text"]
        if symbol == "*":
            self.change(aside=True)  # a group that only newer programs know
        elif symbol in SYMBOLS:
            self.add(SYMBOLS[symbol])
        elif self.to_skip and (byte or text):
            length = 1 if byte else len(text)
            skipped = min(self.to_skip, length)
            self.to_skip -= skipped
            if text:
                self.add(text[skipped:])
        elif byte and not (self.group.aside or self.group.hidden):
            self.encoded.append(int(byte, 16))
        elif text:
            self.add(text)

    def add(self, text: str) -> None:
        self.flush()
        self.to_skip = 0
        if not (self.group.aside or self.group.hidden):
            self.parts.append(text)

    def change(self, **changes: bool | int | str | None) -> None:
        self.flush()
        self.group = replace(self.group, **changes)  # type: ignore[arg-type]

    def flush(self) -> None:
        """Decode the characters that came as bytes; one may be two of them."""
        if not self.encoded:
            return
        try:
            self.parts.append(codecs.decode(bytes(self.encoded), self.group.encoding or self.encoding))
        except (UnicodeDecodeError, LookupError):
            remedy = "open it and save it as .docx or plain text"
            raise TranscriptError(f"rich text with a character that is not of its encoding; {remedy}") from None
        self.encoded.clear()


def _without_cells(line: str) -> str:
    """A table's row, "Speaker, text", as a line with a label."""
    *cells, rest = [cell.strip() for cell in line.split(CELL_END)]
    if not cells:
        return line
    label, text = " ".join(cells[:-1]).rstrip(":"), " ".join(filter(None, [cells[-1], rest]))
    return f"{label}: {text}" if label else text


FORMATS = (Format("rtf", matches, read),)
