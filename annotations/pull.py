"""Annotations from a Label Studio project as documents, one for each annotator of a text.

A task that was only skipped, or left as a draft, gives none. Offsets are trusted, the server's copies of the marked
words are not. The server's clock decides what changed since the last pull: the mark that is kept is the time of the
latest update before the tasks were read, so that what annotators do meanwhile comes with the next pull at the latest.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from annotations.atomic import atomic_text
from annotations.checks import Problem, check
from annotations.document import Document
from annotations.edges import mend
from annotations.formats import Reject, jsonl
from annotations.formats.label_studio import by_annotator, from_task
from annotations.labels import default_labels
from annotations.studio import Project, Task


class Mark(BaseModel):
    """Up to when a file holds what annotators did, kept beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    project: str
    updated_at: str | None

    @staticmethod
    def path(output: Path) -> Path:
        """The mark of an output file."""
        return output.with_name(output.name + ".mark.json")

    @classmethod
    def read(cls, output: Path, project: Project) -> "Mark":
        """The mark of an output file. Raises ValueError where the file was not pulled from this project."""
        try:
            mark = cls.model_validate_json(cls.path(output).read_bytes())
        except (FileNotFoundError, ValidationError):
            raise ValueError(f"{output} was not pulled before: pull it once without --changed") from None
        if mark.project != project.link:
            raise ValueError(f"{output} was pulled from {mark.project}: give another file, or pull without --changed")
        return mark


def pull(project: Project, output: Path, *, changed: bool, reject: Reject, note: Reject) -> Iterator[int]:
    """Write what annotators submitted to a .jsonl file: all of it or, with `changed`, only what is new since the file
    was written, in the place of what it says of the same tasks. Yields 1 for each task read.

    Under its task's address, what cannot be read goes to `reject` and costs only itself, and what is odd to `note`.
    """
    since = Mark.read(output, project).updated_at if changed else None
    mark = Mark(project=project.link, updated_at=project.updated_at() or since)
    found: dict[str | None, list[Document]] = {}
    for document in jsonl.read(output) if changed else ():
        found.setdefault(document.task, []).append(document)
    names = project.annotators()
    for task in project.tasks(since=since, annotated=True):
        link = project.task_link(task["id"])
        found[link] = list(_documents(task, link, names, reject, note))
        yield 1
    jsonl.write((document for documents in found.values() for document in documents), output)
    with atomic_text(Mark.path(output)) as file:
        json.dump(mark.model_dump(), file)


def _documents(task: Task, link: str, names: dict[int, str], reject: Reject, note: Reject) -> Iterator[Document]:
    """The document of each annotator, with its edges mended."""
    for annotator, own in by_annotator(task):
        name = names.get(annotator, f"user {annotator}") if isinstance(annotator, int) else annotator
        try:
            document = from_task(own)
        except Problem as problem:
            reject(Problem(link, f"{name}, {problem.where}", problem.why))
            continue
        if document:
            document, mended = mend(replace(document, annotator=name, task=link))
            for fault in (*mended, *check(document, default_labels())):
                note(Problem(link, f"{name}, {fault.where}", fault.why))
            yield document
