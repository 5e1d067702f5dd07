"""JSON Lines of our own: one document a line, every field kept, scores and relations included.

    {"id": "a1", "text": "…", "groups": […], "spans": [{"start": 0, "end": 4, "label": "CARDINAL", "score": 0.9}, …],
     "relations": [{"source": 0, "target": 1, "role": "indicator"}], "published": …, "title": …, "source": …,
     "annotator": …, "task": …}

Relations name spans by their number in `spans`, from 0. Only `id` and `text` are required; other keys are refused.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annotations.checks import Problem, fail, role_faults, span_faults
from annotations.document import Document, Relation, Span
from annotations.formats import Body, Reject, Score, Text, body, first_fault, links, open_bytes, replace_bytes
from annotations.labels import default_labels


class _Span(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    start: int
    end: int
    label: str
    score: Score | None = None


class _Relation(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    source: Annotated[int, Field(ge=0)]
    target: Annotated[int, Field(ge=0)]
    role: str


class _Line(Body):
    model_config = ConfigDict(strict=True, extra="forbid")
    id: Text
    spans: tuple[_Span, ...] = ()
    relations: tuple[_Relation, ...] = ()
    annotator: Text | None = None
    task: Text | None = None


def read(path: Path, reject: Reject = fail) -> Iterator[Document]:
    """The documents of a file; empty lines are passed over, and a malformed one is a Problem with its number."""
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                document = _parse(line, path.name, f"line {number}")
            except Problem as problem:
                reject(problem)
            else:
                yield document


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents, one a line. Raises Problem for a relation that touches a span outside its document."""
    with replace_bytes(path) as file:
        for document in documents:
            file.write(json.dumps(_line(document), ensure_ascii=False, allow_nan=False).encode() + b"\n")


def _line(document: Document) -> dict[str, object]:
    spans = []
    for span in document.spans:
        score = {} if span.score is None else {"score": span.score}
        spans.append({"start": span.start, "end": span.end, "label": span.label, **score})
    relations = [{"source": source, "target": target, "role": role} for source, target, role in links(document)]
    by = {"annotator": document.annotator, "task": document.task}
    told = {name: value for name, value in by.items() if value is not None}
    return {"id": document.id, **body(document), **told, "spans": spans, "relations": relations}


def _parse(line: bytes, name: str, where: str) -> Document:
    try:
        record = _Line.model_validate_json(line)
    except ValidationError as error:
        path, why = first_fault(error)
        raise Problem(name, f"{where}, {path}" if path else where, why) from None
    spans = tuple(Span(span.start, span.end, span.label, span.score) for span in record.spans)
    for number, span in enumerate(spans):
        for field, why in span_faults(span, record.text, default_labels()):
            raise Problem(record.id, f"{where}, spans[{number}].{field}", why)
    relations = []
    for number, relation in enumerate(record.relations):
        for end, target in (("source", relation.source), ("target", relation.target)):
            if target >= len(spans):
                raise Problem(record.id, f"{where}, relations[{number}].{end}", f"there is no spans[{target}]")
        for why in role_faults(relation.role, default_labels()):
            raise Problem(record.id, f"{where}, relations[{number}].role", why)
        relations.append(Relation(spans[relation.source], spans[relation.target], relation.role))
    document = record.document(record.id, spans, tuple(relations))
    return replace(document, annotator=record.annotator, task=record.task)
