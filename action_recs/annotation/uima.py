"""UIMA CAS, as XMI and as JSON: what INCEpTION exports and imports, read and written with ``dkpro-cassis``.

UIMA counts in UTF-16 code units; cassis hands out code points, both ways.

An INCEpTION export has a folder for each document and in it a file for each annotator; the XMI files come with a
``TypeSystem.xml``, the JSON files hold their types. Labels are custom layers: a layer of its own ("Recommendation"),
or one with a feature ``label`` or ``value`` that says it. Features of the layer are attributes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import lay_out, read_document
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions, is_export, is_folder
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.offsets import to_utf16
from action_recs.annotation.placing import (
    ATTRIBUTES,
    as_score,
    check_xml,
    facts_of,
    file_name,
    placed,
    stretch,
    with_facts,
)
from action_recs.annotation.problems import Problem
from action_recs.errors import AnnotationError, TranscriptError
from action_recs.readers.archive import ZIP, member, open_archive
from action_recs.readers.content import load_content
from action_recs.readers.formats import Content
from action_recs.readers.markup import parsed, root_is
from action_recs.readers.optional import guarded
from action_recs.readers.optional import load as library

TYPES = "TypeSystem.xml"
CAS_METADATA = "de.tudarmstadt.ukp.clarin.webanno.api.type.CASMetadata"
"""INCEpTION's own: who annotated (``username``) and which document (``sourceDocumentName``)."""

DOCUMENT = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
"""The one built-in layer that people put labels of their own in."""

BUILT_IN = ("uima.", "de.tudarmstadt.", "org.dkpro.")
LAYERS = {"recommendation": "custom.Recommendation", "review": "custom.Review"}
SESSION = "custom.Session"
"""A layer of the document as a whole, with what is known of the session."""

LABEL_FEATURES = ("label", "value")
SCORE = "score"
INITIAL = "INITIAL_CAS"
"""What INCEpTION calls the text before anybody annotated it."""

HOLDS = EVERYTHING - {"speaker", "times", "line_ends"}


def matches_xmi(content: Content) -> bool:
    """Whether it is an XMI file, a zip with one, or a folder with some below it."""
    if is_folder(content) and content.path:
        return is_export(content.path, ".xmi", frozenset({".xml"}))
    return root_is(content, "XMI") or _zipped(content)


def matches_json(content: Content) -> bool:
    """Whether it is a JSON CAS, or a folder with some below it."""
    if is_folder(content) and content.path:
        return is_export(content.path, ".json", frozenset()) and all(map(_is_cas, _below(content, "*.json")))
    return isinstance(content.json, dict) and {"%TYPES", "%FEATURE_STRUCTURES"} & content.json.keys() != set()


def load_xmi(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for each XMI file: one annotator's version of a document."""
    yield from _each(content, options, "*.xmi")


def load_json(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for each JSON file: one annotator's version of a document."""
    yield from _each(content, options, "*.json")


def _each(content: Content, options: LoadOptions, pattern: str) -> Iterator[MarkedSession | Problem]:
    if not is_folder(content):
        yield from _file(content, options)
        return
    for path in _below(content, pattern):
        if path.stem == INITIAL or (path.suffix == ".json" and not _is_cas(path)):
            continue
        try:
            for found in _file(load_content(path), options):
                yield found if not isinstance(found, Problem) or found.file else _in(found, path)
        except (AnnotationError, TranscriptError) as error:
            what, _, remedy = str(error).removeprefix(str(path)).lstrip(":, ").rpartition("; ")
            yield Problem("unreadable", what, remedy, file=str(path))


def _in(problem: Problem, path: Path) -> Problem:
    return Problem(problem.kind, problem.what, problem.remedy, problem.record, problem.offset, str(path))


def _file(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    cas = _cas(content)
    with guarded(f"{content.name}: a CAS that is not whole; export it again"):
        found = list(_session(cas, content, options))
    yield from found


def _session(cas: Any, content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    text = cas.sofa_string
    if not isinstance(text, str) or not text.strip():
        yield Problem("empty", "a CAS without text", "export the document with its text")
        return
    identity, annotator = _names(cas, content)
    document = read_document(text, options.roles, session_id=identity)
    marks: list[Mark] = []
    problems: list[Problem] = []
    for layer in cas.typesystem.get_types():
        for annotation in _of_layer(cas, layer.name):
            label, said = _said(annotation, layer.name)
            if label is None:
                continue
            begin, end = annotation.begin, annotation.end
            record = f"{layer.name} {annotation.xmiID}"
            if begin is None or end is None:
                remedy = "offsets are in UTF-16 code units; export it again"
                problems.append(Problem("outside-text", "a mark whose ends are no places of the text", remedy, record))
                continue
            score = as_score(said.pop(SCORE, "1"))
            offset = to_utf16(text, min(max(begin, 0), len(text)))
            found = placed(document, begin, end, label, attributes=said, score=score, record=record, offset=offset)
            (marks if isinstance(found, Mark) else problems).append(found)  # type: ignore[arg-type]
    session = MarkedSession(
        identity, document.transcript, tuple(marks), annotator, record=annotator or "", problems=tuple(problems)
    )
    yield with_facts(session, _facts(cas))


def _cas(content: Content) -> Any:
    """The CAS of an XMI or JSON file; entities, which can hide any amount of text, are refused before lxml sees it."""
    cassis = library("cassis", content.name, "UIMA CAS")
    data, types = content.data, None
    if data.startswith(ZIP):
        with open_archive(data, content.name) as archive:
            name = next(each for each in archive.namelist() if each.endswith(".xmi"))
            data = member(archive, name, content.name) or b""
            types = member(archive, TYPES, content.name)
    elif content.path is not None and content.json is None:
        types = next((found for folder in content.path.parents[:3] if (found := _types(folder / TYPES))), None)
    if content.json is not None:
        with guarded(f"{content.name}: a JSON CAS that cannot be read; export it again"):
            return cassis.load_cas_from_json(io.BytesIO(data))
    parsed(data, content.name, "UIMA XMI")
    if types is None:
        raise TranscriptError(f"{content.name}: {TYPES} is missing; put it beside the file, as it was exported")
    parsed(types, f"{content.name}, {TYPES}", "UIMA types")
    with guarded(f"{content.name}: XMI that does not fit its types; export it again"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that are defined twice
        system = cassis.load_typesystem(io.BytesIO(types))
        return cassis.load_cas_from_xmi(io.BytesIO(data), typesystem=system, lenient=True)


def _types(path: Path) -> bytes | None:
    return load_content(path).data if path.is_file() else None


def _names(cas: Any, content: Content) -> tuple[str, str | None]:
    """The document's id and the annotator: as the CAS says, else as INCEpTION lays out its folders."""
    own = next(iter(_of_layer(cas, CAS_METADATA)), None)
    document = next(iter(_of_layer(cas, DOCUMENT)), None)
    name = getattr(own, "sourceDocumentName", None) or getattr(document, "documentTitle", None)
    name = name or getattr(document, "documentId", None)
    who = getattr(own, "username", None)
    if own is None and content.path is not None and name and content.path.parent.name in (name, f"{name}.txt"):
        who = content.stem
    return str(name or content.stem or content.name).removesuffix(".txt"), who


def _of_layer(cas: Any, name: str) -> list[Any]:
    if not cas.typesystem.contains_type(name):
        return []
    return [each for each in cas.select(name) if each.type.name == name]


def _said(annotation: Any, layer: str) -> tuple[str | None, dict[str, str]]:
    """The label of an annotation and what is said of it; no label for what is no mark (sentences, tokens)."""
    if layer == SESSION or (layer != NAMED_ENTITY and layer.startswith(BUILT_IN)):
        return None, {}
    if not hasattr(annotation, "begin"):
        return None, {}
    values = {each.name: getattr(annotation, each.name, None) for each in annotation.type.all_features}
    said = {name: value for name, value in values.items() if name in (*ATTRIBUTES, SCORE) and isinstance(value, str)}
    for name in LABEL_FEATURES:
        if name in values:
            return values[name] or None, said
    return layer.rpartition(".")[2], said


def _facts(cas: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for fact in _of_layer(cas, SESSION):
        if isinstance(fact.name, str) and isinstance(fact.value, str):
            found[fact.name] = fact.value
    return found


def _below(content: Content, pattern: str) -> list[Path]:
    """Files of a folder that is one export: in it, or in the folders in it, as INCEpTION puts them."""
    folder = content.path
    if folder is None:
        return []
    return sorted(each for level in ("", "*/") for each in folder.glob(level + pattern))


def _is_cas(path: Path) -> bool:
    """Whether the file begins as a JSON CAS does."""
    try:
        with path.open("rb") as file:
            return re.match(rb'\s*\{\s*"%(TYPES|FEATURE_STRUCTURES|FLAGS|HEADER)"', file.read(256)) is not None
    except OSError:
        return False


def _zipped(content: Content) -> bool:
    """Whether it is a zip as INCEpTION exports one document: an XMI file and its types."""
    if not content.data.startswith(ZIP):
        return False
    try:
        with open_archive(content.data, content.name) as archive:
            names = archive.namelist()
    except TranscriptError:
        return False
    return TYPES in names and sum(name.endswith(".xmi") for name in names) == 1


def write_xmi(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a folder for each session with an XMI file for each annotator, and the types beside them."""
    written = False
    for session, cas, file in _written(sessions, path, ".xmi"):
        check_xml(session)
        if not written:
            cas.typesystem.to_xml(path / TYPES)
            written = True
        cas.to_xmi(file)


def write_json(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a folder for each session with a JSON file for each annotator."""
    for _, cas, file in _written(sessions, path, ".json"):
        cas.to_json(file)


def _written(
    sessions: Iterable[AnnotatedSession], path: Path, suffix: str
) -> Iterator[tuple[AnnotatedSession, Any, Path]]:
    cassis = library("cassis", str(path), "UIMA CAS")
    for session in sessions:
        folder = path / file_name(session.id)
        folder.mkdir(exist_ok=True)
        name = file_name(session.annotator or "unnamed")
        while (folder / f"{name}{suffix}").exists():  # two names that a file system cannot tell apart
            name += "_"
        yield session, _made(session, cassis), folder / f"{name}{suffix}"


def _made(session: AnnotatedSession, cassis: Any) -> Any:
    system = _type_system(cassis)
    document = lay_out(session.transcript)
    cas = cassis.Cas(typesystem=system, sofa_string=document.text, sofa_mime="text/plain")
    whole = {"begin": 0, "end": len(document.text)}
    cas.add(
        system.get_type(DOCUMENT)(**whole, language="x-unspecified", documentId=session.id, documentTitle=session.id)
    )
    who = {"username": session.annotator} if session.annotator else {}
    cas.add(system.get_type(CAS_METADATA)(**whole, sourceDocumentName=session.id, **who))
    for name, value in facts_of(session).items():
        cas.add(system.get_type(SESSION)(**whole, name=name, value=value))
    for mark in marked(session).marks:
        begin, end = stretch(document, mark)
        said: Mapping[str, str] = dict(mark.attributes) | ({SCORE: repr(mark.score)} if mark.score != 1 else {})
        cas.add(system.get_type(LAYERS[mark.label])(begin=begin, end=end, **said))
    return cas


def _type_system(cassis: Any) -> Any:
    system = cassis.TypeSystem()
    layers = {
        LAYERS["recommendation"]: ("form", "category", "id", "restates", SCORE),
        LAYERS["review"]: ("adherence", "target", "of", SCORE),
        SESSION: ("name", "value"),
        CAS_METADATA: ("username", "sourceDocumentName"),
    }
    if not system.contains_type(DOCUMENT):
        layers[DOCUMENT] = ("documentTitle", "documentId")
    for layer, features in layers.items():
        parent = "uima.tcas.DocumentAnnotation" if layer == DOCUMENT else "uima.tcas.Annotation"
        made = system.create_type(layer, supertypeName=parent)
        for name in features:
            system.create_feature(made, name, "uima.cas.String")
    return system


FORMATS = (
    AnnotationFormat("uima-xmi", matches_xmi, load_xmi, write_xmi, suffix="", folder=True, holds=HOLDS),
    AnnotationFormat("uima-json", matches_json, load_json, write_json, suffix="", folder=True, holds=HOLDS),
)
