"""What the service is asked and what it answers, as JSON: the models, from which its documentation is made too, with
examples. Offsets count Unicode code points of the texts as given."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, ValidationError

from annotations.checks import Problem
from annotations.document import Document, Span
from annotations.formats import first_fault
from infer.batching import Outcome
from infer.readers import Fields, Id, Item
from infer.records import Article, ModelName, build
from infer.rows import called

MAX_DOCUMENTS = 256  # of one request


class OneDocument(Fields):
    """An article. `published` is its ISO date, by which `биыл` or `кеше` become dates. Without an `id` it is called
    `text`, in a list by its place there, from 0. What else it has is passed over."""

    id: Id = "text"


class ManyDocuments(BaseModel):
    """Articles; no two may have the same id."""

    documents: Annotated[list[OneDocument], Field(max_length=MAX_DOCUMENTS)]


class Rejected(BaseModel):
    """A document that cannot be read: its id, its place in the request, where in it the fault is, and why."""

    document: str
    index: int
    where: str
    why: str


class Articles(BaseModel):
    """What was read of several documents, in their order, and those that cannot be read, in theirs."""

    articles: list[Article]
    rejects: list[Rejected]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Self:
        """The answer to a request, by the outcome of each of its documents."""
        return cls(
            articles=[outcome for outcome in outcomes if isinstance(outcome, Article)],
            rejects=[
                Rejected(document=outcome.document, index=index, where=outcome.where, why=outcome.why)
                for index, outcome in enumerate(outcomes)
                if isinstance(outcome, Problem)
            ],
        )


class Refusal(BaseModel):
    """Why a request has no answer."""

    detail: str


class Up(BaseModel):
    """That the process listens."""

    status: str = "up"


class Ready(BaseModel):
    """That requests are answered, and by which model."""

    model: ModelName


def document(given: object, name: str) -> Item:
    """The document of a JSON value, or why it is none; `name` is its id if it has none."""
    if not isinstance(given, dict):
        return Problem(name, "document", "it is not a JSON object")
    known = {"id": name} | {field: value for field, value in given.items() if value is not None}
    try:
        fields = OneDocument.model_validate(known)
    except ValidationError as error:
        where, why = first_fault(error)
        id = called(known["id"], name).encode(errors="replace").decode()  # JSON can spell what no answer can hold
        return Problem(id, where, why.removeprefix("Value error, "))
    return Document(id=fields.id, text=fields.text, published=fields.published, title=fields.title)


def documents(given: Sequence[object]) -> list[Item]:
    """The document of each JSON value, or why it is none, as a second one with the same id is not."""
    items: list[Item] = []
    seen: set[str] = set()
    for index, value in enumerate(given):
        item = document(value, str(index))
        if isinstance(item, Document):
            if item.id in seen:
                item = Problem(item.id, "id", "another document has it already")
            else:
                seen.add(item.id)
        items.append(item)
    return items


EXAMPLE = Document(
    id="a1",
    text="Биыл Қосағашта 14 жәрмеңке өтті.",
    spans=(
        Span(0, 4, "DATE", 0.98),
        Span(5, 14, "GPE", 0.97),
        Span(15, 17, "CARDINAL", 0.99),
        Span(18, 26, "INDICATOR", 0.96),
        Span(27, 31, "ACTION", 0.95),
    ),
    published="2025-02-14",
)


def requests() -> dict[str, Any]:
    """A request of each form, for the documentation."""
    one = {"id": EXAMPLE.id, "text": EXAMPLE.text, "published": EXAMPLE.published}
    many = {"documents": [one, {"id": "a2", "text": "Былтыр ауылға 120 отбасы көшіп келді.", "published": "кеше"}]}
    return {
        "one": {"summary": "one document", "value": one},
        "many": {"summary": "several, of which one cannot be read", "value": many},
    }


def answers() -> dict[str, Any]:
    """The answers to `requests`, for the documentation."""
    article = build(replace(EXAMPLE, spans=()), EXAMPLE.spans, ModelName(name="malimet-small", version="1"))
    _, refused = documents(requests()["many"]["value"]["documents"])
    assert isinstance(refused, Problem)
    given = {"one": article, "many": Articles.of([article, refused])}
    return {name: {"value": answer.model_dump(mode="json", by_alias=True)} for name, answer in given.items()}
