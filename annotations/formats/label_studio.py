"""Label Studio's JSON export, the only one of its exports that keeps offsets, relations and scores.

Several annotations of one task: those that were cancelled (skipped) are left out; each one that remains is a candidate.
Without an annotator the latest candidate is read, by `updated_at` and then by id; with one, the latest of theirs. A
task without a candidate is left out.

Offsets count Unicode code points of `data.text`. The `text` of a region is for people and never read: Label Studio
rewrites its white space. `data` may hold doc_id (or sentence_id), published, title, source and groups; a document
without an id of its own takes the task's.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from annotations.checks import Problem, fail, role_faults, span_faults
from annotations.document import Document, Relation, Span
from annotations.formats import Body, Reject, Score, Text, body, first_fault, links, open_bytes, replace_bytes
from annotations.labels import default_labels

Model = TypeVar("Model", bound=BaseModel)
EARLIEST = datetime.min.replace(tzinfo=UTC)


class _Data(Body):
    doc_id: Text | None = Field(default=None, validation_alias=AliasChoices("doc_id", "sentence_id"))


class _Annotation(BaseModel):
    model_config = ConfigDict(strict=True)
    id: int
    completed_by: int | None = None
    was_cancelled: bool = False
    updated_at: Annotated[AwareDatetime | None, Field(strict=False)] = None
    result: list[dict[str, Any]]


class _Task(BaseModel):
    model_config = ConfigDict(strict=True)
    id: int
    data: _Data
    annotations: list[_Annotation]


class _Value(BaseModel):
    model_config = ConfigDict(strict=True)
    start: int
    end: int
    labels: list[str]


class _Region(BaseModel):
    model_config = ConfigDict(strict=True)
    id: str
    value: _Value
    score: Score | None = None


class _Relation(BaseModel):
    model_config = ConfigDict(strict=True)
    from_id: str
    to_id: str
    direction: Literal["left", "right"] = "right"
    labels: list[str]


def read(path: Path, reject: Reject = fail, annotator: int | None = None) -> Iterator[Document]:
    """The documents of an export; a malformed task is a Problem that names the task's id and the path in it."""
    with open_bytes(path) as file:
        content = file.read()
    try:
        tasks = json.loads(content)
    except (ValueError, RecursionError) as error:
        reject(Problem(path.name, "the file", f"it is not JSON ({error})"))
        return
    if not isinstance(tasks, list):
        reject(Problem(path.name, "the file", "a JSON export is a list of tasks"))
        return
    for number, task in enumerate(tasks):
        try:
            document = from_task(task, annotator, f"{path.name}[{number}]")
        except Problem as problem:
            reject(problem)
        else:
            if document:
                yield document


def write(documents: Iterable[Document], path: Path) -> None:
    """Write documents as an export, one task a line, numbered from 1. Raises Problem as `to_task` does."""
    with replace_bytes(path) as file:
        file.write(b"[")
        for number, document in enumerate(documents, 1):
            task = json.dumps(to_task(document, number), ensure_ascii=False, allow_nan=False)
            file.write((b"\n" if number == 1 else b",\n") + task.encode())
        file.write(b"\n]\n")


def from_task(task: object, annotator: int | None = None, place: str = "task") -> Document | None:
    """The document of a task, None for a task without a candidate annotation.

    Raises Problem for anything malformed; `place` names a task that has no id.
    """
    name = f"task {task['id']}" if isinstance(task, dict) and "id" in task else place
    valid = _valid(_Task, task, name, "")
    candidates = [
        (annotation.updated_at or EARLIEST, annotation.id, number)
        for number, annotation in enumerate(valid.annotations)
        if not annotation.was_cancelled and annotator in (None, annotation.completed_by)
    ]
    if not candidates:
        return None
    _, _, number = max(candidates)
    spans, relations = _marks(valid.annotations[number].result, valid.data.text, name, f"annotations[{number}].result")
    id = str(valid.id) if valid.data.doc_id is None else valid.data.doc_id
    return valid.data.document(id, spans, relations)


def by_annotator(task: dict[str, Any]) -> Iterator[tuple[int | str, dict[str, Any]]]:
    """The task once for each of its annotators, with their annotations alone.

    An annotation whose author was deleted stands alone, under a name that tells its number.
    """
    own: dict[int | str, list[Any]] = {}
    for annotation in task["annotations"]:
        author = annotation["completed_by"] or f"author of annotation {annotation['id']}"
        own.setdefault(author, []).append(annotation)
    for author, annotations in own.items():
        yield author, task | {"annotations": annotations}


def to_task(document: Document, id: int) -> dict[str, Any]:
    """A task with the document's spans and relations as its one annotation."""
    annotation = {"id": id, "was_cancelled": False, "result": to_result(document)}
    return {"id": id, "data": {"doc_id": document.id, **body(document)}, "annotations": [annotation], "predictions": []}


def to_result(document: Document) -> list[dict[str, Any]]:
    """The regions and relations of an annotation or a prediction.

    Raises Problem for a relation that touches a span outside the document: it would blank the labelling page.
    """
    result: list[dict[str, Any]] = []
    for number, span in enumerate(document.spans):
        value = {"start": span.start, "end": span.end, "text": document.cut(span), "labels": [span.label]}
        region = {"id": f"s{number}", "type": "labels", "from_name": "label", "to_name": "text", "value": value}
        result.append(region if span.score is None else region | {"score": span.score})
    for source, target, role in links(document):
        ends = {"from_id": f"s{source}", "to_id": f"s{target}", "direction": "right"}
        result.append({"type": "relation", **ends, "labels": [role]})
    return result


def _valid(model: type[Model], value: object, name: str, where: str) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        path, why = first_fault(error)
        raise Problem(name, f"{where}.{path}" if where else path or "the task", why) from None


def _marks(
    result: list[dict[str, Any]], text: str, name: str, where: str
) -> tuple[tuple[Span, ...], tuple[Relation, ...]]:
    """The spans and relations of an annotation's result; relations may stand before the regions that they join."""
    spans: dict[str, Span] = {}
    relations: list[tuple[str, _Relation]] = []
    for number, item in enumerate(result):
        path = f"{where}[{number}]"
        match item.get("type"):
            case "labels":
                region = _valid(_Region, item, name, path)
                if region.id in spans:
                    raise Problem(name, f"{path}.id", f"another region has the id {region.id!r}")
                spans[region.id] = _span(region, text, name, f"{path}.value")
            case "relation":
                relations.append((path, _valid(_Relation, item, name, path)))
            case other:
                raise Problem(name, f"{path}.type", f"{other!r} is neither 'labels' nor 'relation'")
    return tuple(spans.values()), tuple(_relation(relation, spans, name, path) for path, relation in relations)


def _span(region: _Region, text: str, name: str, where: str) -> Span:
    label = _only(region.value.labels, name, where)
    span = Span(region.value.start, region.value.end, label, region.score)
    for field, why in span_faults(span, text, default_labels()):
        raise Problem(name, f"{where}.{'labels[0]' if field == 'label' else field}", why)
    return span


def _relation(relation: _Relation, spans: dict[str, Span], name: str, where: str) -> Relation:
    for field, id in (("from_id", relation.from_id), ("to_id", relation.to_id)):
        if id not in spans:
            raise Problem(name, f"{where}.{field}", f"no region has the id {id!r}")
    role = _only(relation.labels, name, where)
    for why in role_faults(role, default_labels()):
        raise Problem(name, f"{where}.labels[0]", why)
    source, target = spans[relation.from_id], spans[relation.to_id]
    if relation.direction == "left":
        source, target = target, source
    return Relation(source, target, role)


def _only(labels: list[str], name: str, where: str) -> str:
    if len(labels) != 1:
        raise Problem(name, f"{where}.labels", f"there must be one label, not {len(labels)}")
    return labels[0]
