"""The tagger as a component of a spaCy pipeline."""

# No annotations from __future__ here: older versions of spaCy's confection read a factory's types, and no strings.
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Self

import srsly  # type: ignore[import-untyped]
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc

from action_recs.annotation.document import Document
from action_recs.checkpoint import Task
from action_recs.errors import ModelError
from action_recs.spacy.documents import document_of, mark, transcript_of
from action_recs.spacy.scorer import SCORER, Scorer
from action_recs.tagger import Tagger

NAME = "action_recs"


@Language.factory(
    NAME,
    assigns=["doc.spans", "doc._.review_percentage", "span._.form", "span._.score", "token._.role"],
    default_config={"models": None, "device": "cpu", "roles": None, "scorer": {"@scorers": SCORER}},
    default_score_weights={"recommendation_utterance_f": 0.5, "review_utterance_f": 0.5},
)
def make_component(
    nlp: Language,  # noqa: ARG001  (every factory takes it)
    name: str,
    models: str | None,
    device: str,
    roles: dict[str, str] | None,
    scorer: Scorer | None,
) -> "ActionRecs":
    """What ``nlp.add_pipe("action_recs", config={...})`` calls.

    Parameters
    ----------
    models : str, optional
        A folder with ``recommendation/`` and ``review/``; the shipped models unless given.
    device : str
        Where the models run: "cpu", "cuda", "mps".
    roles : dict, optional
        Speaker label to role, for documents that were not made by ``doc_from_transcript``.
    scorer : callable, optional
    """
    return ActionRecs(name, models=models, device=device, roles=roles, scorer=scorer)


class ActionRecs(Pipe):
    """Marks recommendations and reviews in documents.

    Sets ``doc.spans["recommendations"]`` and ``doc.spans["reviews"]``, and ``doc._.review_percentage``. The models are
    loaded when they are first needed; a pipeline that is written to disk holds them.
    """

    def __init__(
        self,
        name: str = NAME,
        *,
        models: str | Path | None = None,
        device: str = "cpu",
        roles: dict[str, str] | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ) -> None:
        self.name = name
        self.scorer = scorer
        self._models = models
        self._device = device
        self._roles = roles
        self._loaded: Tagger | None = None

    @property
    def tagger(self) -> Tagger:
        """The models."""
        if self._loaded is None:
            self._loaded = Tagger.from_pretrained(self._models, device=self._device)
        return self._loaded

    def __call__(self, doc: Doc) -> Doc:
        """Mark one document.

        Raises
        ------
        TranscriptError
            When it was not made from a transcript and has no speaker labels in its text.
        """
        document = document_of(doc, self._roles)
        self._mark([(doc, document)])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Mark a stream of documents, ``batch_size`` at a time."""
        handle = self.get_error_handler()
        stream = iter(stream)
        while docs := list(islice(stream, batch_size)):
            read: list[tuple[Doc, Document]] = []
            for doc in docs:
                try:
                    read.append((doc, document_of(doc, self._roles)))
                except Exception as error:  # noqa: BLE001  (the pipeline's handler decides)
                    handle(self.name, self, [doc], error)
            try:
                self._mark(read)
            except Exception as error:  # noqa: BLE001
                handle(self.name, self, [doc for doc, _ in read], error)
            else:
                yield from (doc for doc, _ in read)

    def _mark(self, read: list[tuple[Doc, Document]]) -> None:
        sessions = self.tagger.tag_many(transcript_of(doc, document) for doc, document in read)
        for (doc, document), session in zip(read, sessions, strict=True):
            mark(doc, document, session.recommendations, session.reviews)

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Write the models; ``nlp.to_disk`` calls it, with options that make no difference here."""
        self.tagger.save_pretrained(path)

    def from_disk(self, path: str | Path, **_: Any) -> Self:
        """Read what :meth:`to_disk` wrote."""
        self._loaded = Tagger.from_pretrained(path, device=self._device)
        return self

    def to_bytes(self, **_: Any) -> bytes:
        """The models in one string of bytes."""
        with TemporaryDirectory() as folder:
            self.to_disk(folder)
            files = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(Path(folder).rglob("*"))
                if path.is_file()
            }
            held: bytes = srsly.msgpack_dumps(files)
        return held

    def from_bytes(self, data: bytes, **_: Any) -> Self:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        ModelError
            When it is something else.
        """
        held = srsly.msgpack_loads(data)
        if not isinstance(held, dict) or not held or not all(map(_is_of_a_model, held)):
            raise ModelError("bytes that hold no models of action_recs; write the pipeline again")
        with TemporaryDirectory() as folder:
            for name, content in held.items():
                target = Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            return self.from_disk(folder)


def _is_of_a_model(name: object) -> bool:
    """Whether a name is that of a file below the folder of one of the models, and leads nowhere else."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    return len(parts) > 1 and parts[0] in tuple(Task) and ".." not in parts and "\\" not in str(name)
