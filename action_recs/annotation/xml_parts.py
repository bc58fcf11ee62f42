"""XML documents that are lists of many parts (a project's sources): read a part at a time, and let go after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from action_recs.errors import TranscriptError
from action_recs.readers.archive import BROKEN
from action_recs.readers.markup import local, xml_parser

LEVEL = 3
"""How deep the parts lie: root, list, part."""


def parts(file: BinaryIO, source: str, form: str) -> Iterator[tuple[str, Element]]:
    """Each grandchild of the root with the name of the list that it stands in, which does not keep it.

    Raises
    ------
    TranscriptError
        With the line, when it is no whole XML, or defines entities.
    """
    above: list[Element] = []
    try:
        with xml_parser(source, form) as tree:
            for event, element in tree.iterparse(file, events=("start", "end")):
                if event == "start":
                    above.append(element)
                    continue
                above.pop()
                if len(above) == LEVEL - 1:
                    yield local(above[-1]), element
                    above[-1].remove(element)
    except (*BROKEN, TypeError):
        raise TranscriptError(f"{source}: {form} that cannot be read; export it again") from None
