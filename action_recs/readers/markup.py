"""XML that formats are written in: parsed without entities, documents from outside, or any word of it in an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element

from action_recs.errors import TranscriptError
from action_recs.readers.formats import Content
from action_recs.readers.optional import guarded, load

HEAD = 4096
"""Bytes in which a document's root is looked for."""

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


def parsed(data: bytes, source: str, form: str) -> Element:
    """The root of an XML document.

    Raises
    ------
    TranscriptError
        With the line, when it is no whole XML, or defines entities.
    """
    with guarded(f"{source}: {form} that cannot be parsed; export it again"), xml_parser(source, form) as tree:
        root: Element = tree.fromstring(data)
    return root


@contextmanager
def xml_parser(source: str, form: str) -> Iterator[Any]:
    """``xml.etree.ElementTree`` without entities; what it finds wrong with a document is said with the line.

    Raises
    ------
    TranscriptError
        From what is parsed within: no whole XML, or one that defines entities.
    """
    tree = load("defusedxml.ElementTree", source, form)
    common = load("defusedxml.common", source, form)
    try:
        yield tree
    except tree.ParseError as error:
        remedy = "it may be cut off: export it again"
        raise TranscriptError(f"{source}, line {error.position[0]}: broken XML; {remedy}") from None
    except common.DefusedXmlException:
        remedy = "write what they stand for in their place"
        raise TranscriptError(
            f"{source}: XML that defines entities, which can hide any amount of text; {remedy}"
        ) from None


def root_is(content: Content, *names: str) -> bool:
    """Whether the content begins as XML whose root has one of the names, with or without namespace."""
    head = content.data[:HEAD].replace(b"\0", b"")
    pattern = rb"<(?:[\w.-]+:)?(?:" + b"|".join(name.encode() for name in names) + rb")[\s/>]"
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<") and re.search(pattern, head) is not None


def local(element: Element) -> str:
    """The element's name without its namespace; "" for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def descendants(element: Element, name: str) -> Iterator[Element]:
    """The elements below with this name, in any namespace, in the order of the document."""
    return (each for each in element.iter() if local(each) == name)


def outermost(element: Element, name: str) -> Iterator[Element]:
    """The same, without looking inside of those that are found: crafted nesting takes no longer than other text."""
    waiting = list(reversed(element))
    while waiting:
        one = waiting.pop()
        if local(one) == name:
            yield one
        else:
            waiting.extend(reversed(one))


def spaced(text: str) -> str:
    """The text with single blanks for line ends and runs of blanks."""
    return " ".join(text.split())
