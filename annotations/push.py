"""Documents to a Label Studio project as tasks, with what a model found in them to begin from, each exactly once.

A task is known by its document's id and by the SHA-256 of its text. What the project has already is asked of the
server before anything is sent, and again after an answer got lost, so a push that died, on either side, is finished by
the same command.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from statistics import fmean
from time import sleep

from annotations.checks import Problem, check
from annotations.document import Document
from annotations.formats import Reject, body
from annotations.formats.label_studio import to_result
from annotations.labels import default_labels
from annotations.studio import Project, Task, UnreachableError

BATCH = 50  # tasks an import: the server stores all of a batch or nothing
ATTEMPTS = 3
PAUSE = 2.0  # seconds before a server that gave no answer is asked again


class Known:
    """What a project holds: the text of each of its documents, as a digest."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.look()

    def look(self) -> None:
        """Ask the server for all tasks."""
        self._digests: dict[str, str] = {}
        for task in self._project.tasks():
            id, text = task["data"].get("doc_id"), task["data"].get("text")
            self._digests[str(id or task["id"])] = digest(str(text))
        self._texts = set(self._digests.values())

    def has(self, document: Document) -> bool:
        """Whether this text is a task, by whatever id. Raises Problem where another text goes by the document's id."""
        own = digest(document.text)
        if self._digests.get(document.id, own) != own:
            raise Problem(document.id, "id", "the project has another text by this id: give the document a new one")
        return own in self._texts

    def add(self, document: Document) -> None:
        """Take note of a document that is being sent."""
        self._digests[document.id] = digest(document.text)
        self._texts.add(self._digests[document.id])


def fresh(documents: Iterable[Document], known: Known, reject: Reject) -> Iterator[Document]:
    """The documents whose text is no task yet, each text once; one with the id of another text goes to `reject`."""
    for document in documents:
        try:
            if not known.has(document):
                known.add(document)
                yield document
        except Problem as problem:
            reject(problem)


def send(
    project: Project, documents: Iterable[Document], known: Known, *, model: str | None, reject: Reject
) -> Iterator[int]:
    """Store fresh documents, with their spans and relations as the prediction of `model` if there is one; yields how
    many each batch brought. A document with faults goes to `reject`.

    Raises StudioError where the server refuses, or gives no answer for the third time.
    """
    sound = (document for document in documents if _sound(document, reject))
    while batch := list(islice(sound, BATCH)):
        _store(project, batch, known, model)
        yield len(batch)


def paragraphs(document: Document) -> Iterator[Document]:
    """The lines of a text that are not blank as documents of their own, each called by the document's id and the offset
    at which it begins: `a1:120`."""
    start = 0
    for line in document.text.splitlines(keepends=True):
        if line.strip():
            yield replace(document, id=f"{document.id}:{start}", text=line.rstrip("\r\n"), spans=(), relations=())
        start += len(line)


def digest(text: str) -> str:
    """The SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()


def _sound(document: Document, reject: Reject) -> bool:
    problems = check(document, default_labels())
    for problem in problems:
        reject(problem)
    return not problems


def _store(project: Project, batch: list[Document], known: Known, model: str | None) -> None:
    """Store a batch, asking after each lost answer what of it arrived."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return project.add([_task(document, model) for document in batch])
        except UnreachableError:
            if attempt == ATTEMPTS:
                raise
        sleep(PAUSE)
        known.look()
        batch = [document for document in batch if not known.has(document)]
        if not batch:
            return None


def _task(document: Document, model: str | None) -> Task:
    data = {"doc_id": document.id, **body(document)}
    if model is None:
        return {"data": data}
    scores = [span.score for span in document.spans if span.score is not None]
    prediction = {"model_version": model, "result": to_result(document)}
    return {"data": data, "predictions": [prediction | ({"score": fmean(scores)} if scores else {})]}
