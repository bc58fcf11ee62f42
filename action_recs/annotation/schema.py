"""The label schema: what can be marked, with which attributes, under which constraints, and other names for it.

The shipped schema is ``schema.yaml`` beside this module. A user's own names are mapped to it by a file such as

    version: "1.0"
    names:
      Homework: recommendation
      Homework (set task): {label: recommendation, attributes: {form: structured}}
      Homework review: review
    attributes: {Art: form}
    values: {form: {Aufgabe: structured, beiläufig: casual}}
    extra: drop
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from action_recs.errors import AnnotationError

try:
    import yaml
    from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

    from action_recs.yaml_keys import load_yaml  # loads yaml
except ImportError as error:
    remedy = "pip install 'action_recs[formats]'"
    raise AnnotationError(f"the label schema is read with {error.name}, which is not installed; {remedy}") from None

VERSION = "1.0"
"""The version of the schema that this library reads; a change of meaning changes the first number."""

Constraint = Literal["inside_one_utterance", "therapist_speaks", "no_overlap", "no_blank_at_ends", "whole_words"]


class Strict(BaseModel):
    """A part of a schema: unknown keys are errors, and values are not changed after."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(Strict):
    """What can be said of a mark: one of ``values``, or any text when there are none."""

    description: str = ""
    values: tuple[str, ...] | None = None
    default: str | None = None

    @model_validator(mode="after")
    def _default_is_a_value(self) -> Attribute:
        if self.default is not None and self.values is not None and self.default not in self.values:
            raise ValueError("the default is none of the values")
        return self


class LabelSchema(Strict):
    """A label: what it is put on (``span``: characters, ``run``: whole utterances), and what must hold for it."""

    unit: Literal["span", "run"]
    description: str = ""
    constraints: tuple[Constraint, ...] = ()
    attributes: Mapping[str, Attribute] = {}


class Meaning(Strict):
    """What a name stands for: a label of the schema, and attributes that the name implies."""

    label: str
    attributes: Mapping[str, str] = {}


def _meaning(value: Any) -> Any:
    return {"label": value} if isinstance(value, str) else value


NameMap = Mapping[str, Annotated[Meaning, BeforeValidator(_meaning)]]


class OwnNames(Strict):
    """A user's names for what the schema holds.

    Attributes
    ----------
    names : mapping
        Their label -> ours, or ``{label, attributes}``.
    attributes : mapping of str to str
        Their attribute -> ours.
    values : mapping of str to mapping
        Our attribute -> their value -> ours.
    extra : {"refuse", "drop"}
        What is done with labels that neither know: a violation, or left out.
    """

    version: str = VERSION
    names: NameMap = {}
    attributes: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    extra: Literal["refuse", "drop"] = "refuse"


class Schema(Strict):
    """All labels, and the names that are understood."""

    version: str
    labels: Mapping[str, LabelSchema]
    names: NameMap = {}
    attributes: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}
    extra: Literal["refuse", "drop"] = "refuse"

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> Schema:
        if self.version.partition(".")[0] != VERSION.partition(".")[0]:
            raise ValueError(f"version {self.version}; this library reads {VERSION}")
        for name, meaning in self.names.items():
            if meaning.label not in self.labels:
                raise ValueError(f"{name} stands for {meaning.label}, which is no label ({', '.join(self.labels)})")
            known = self.labels[meaning.label].attributes
            for attribute, value in meaning.attributes.items():
                if attribute not in known or value not in (known[attribute].values or (value,)):
                    raise ValueError(f"{name}: {meaning.label} has no {attribute} that is {value}")
        every = {attribute for label in self.labels.values() for attribute in label.attributes}
        for ours in (*self.attributes.values(), *self.values):
            if ours not in every:
                raise ValueError(f"{ours} is no attribute ({', '.join(sorted(every))})")
        return self

    @cached_property
    def _known(self) -> dict[str, Meaning]:
        labels = {_fold(label): Meaning(label=label) for label in self.labels}
        return labels | {_fold(name): meaning for name, meaning in self.names.items()}

    def meaning(self, name: str) -> Meaning | None:
        """What a label in an export stands for, or None when it is unknown.

        Case and outer blanks do not count. ``recommendation:structured`` is a recommendation with the attribute that
        has this value: for forms whose marks are a name and nothing else.

        Examples
        --------
        >>> load_schema().meaning("Structured").attributes
        {'form': 'structured'}
        >>> load_schema().meaning("recommendation:casual").label
        'recommendation'
        """
        known = self._known
        if found := known.get(_fold(name)):
            return found
        label, _, value = name.rpartition(":")
        if (found := known.get(_fold(label))) is None:
            return None
        for attribute, allowed in self.labels[found.label].attributes.items():
            if _fold(value) in (allowed.values or ()):
                return Meaning(label=found.label, attributes={**found.attributes, attribute: _fold(value)})
        return None

    def attribute(self, name: str, value: str) -> tuple[str, str]:
        """Our name and our value for an attribute in an export; both unchanged where no other name is known."""
        ours = next((our for their, our in self.attributes.items() if _fold(their) == _fold(name)), name.strip())
        mapped = {_fold(their): our for their, our in self.values.get(ours, {}).items()}
        return ours, mapped.get(_fold(value), value)


def load_schema(names: str | Path | None = None, *, extra: str | None = None) -> Schema:
    """The shipped schema, with the names of a user's file added to it.

    Parameters
    ----------
    names : path, optional
        A YAML file as above. Its names win over the shipped ones.
    extra : {"refuse", "drop"}, optional
        What is done with unknown labels, in place of what the file says.

    Raises
    ------
    AnnotationError
        With every mistake in the file, when it is no such file.
    """
    schema = _shipped()
    if names is not None:
        own = _own_names(Path(names))
        update = own.model_dump(exclude={"version", "names"}) | {"names": {**schema.names, **own.names}}
        schema = _checked(schema.model_copy(update=update), str(names))
    if extra is not None:
        schema = _checked(schema.model_copy(update={"extra": extra}), "--extra")
    return schema


@cache
def _shipped() -> Schema:
    text = Path(__file__).with_name("schema.yaml").read_text(encoding="utf-8")
    return Schema.model_validate(load_yaml(text))


def _own_names(path: Path) -> OwnNames:
    try:
        content = load_yaml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read ({error.strerror}); give a YAML file of names") from None
    except yaml.constructor.ConstructorError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise AnnotationError(f"{path}{line}: a key is given twice, or has a YAML tag") from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise AnnotationError(f"{path}: not YAML; it holds 'names: {{Homework: recommendation}}'") from None
    if isinstance(content, dict) and content and not content.keys() & OwnNames.model_fields.keys():  # not to be quoted
        raise AnnotationError(f"{path}: holds none of {', '.join(OwnNames.model_fields)}; is it the right file?")
    try:
        return OwnNames.model_validate(content)
    except ValidationError as error:
        raise AnnotationError(_told(error, str(path))) from None


def _checked(schema: Schema, source: str) -> Schema:
    try:
        return Schema.model_validate(schema.model_dump())
    except ValidationError as error:
        raise AnnotationError(_told(error, source)) from None


def _told(error: ValidationError, source: str) -> str:
    """Every mistake on a line. These files hold names of labels, and never a transcript."""
    return "\n".join(
        f"{source}, {'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors()
    )


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()
