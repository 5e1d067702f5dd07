"""A project on a Label Studio server: the one module that knows label-studio-sdk, which it imports late.

The server checks next to nothing of what it is sent (measured on 1.23), so what goes there is checked before. Errors
become sentences: the SDK's own carry the session's cookie and are never shown. Importing tasks is never repeated by the
SDK: after a lost answer it could store them again.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

URL, TOKEN = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"  # variables of the environment
LOCAL = "http://localhost:8080"
PAGE = 100  # tasks a page: some megabytes where articles are long
TIMEOUT = 120.0  # seconds
NO_RETRIES: Any = {"max_retries": 0}

Task = dict[str, Any]


class StudioError(Exception):
    """What the server refused or we refuse to ask of it, in a sentence that says what to do."""


class UnreachableError(StudioError):
    """The server gave no answer, or one that leaves open whether it did what was asked."""


@dataclass(frozen=True)
class Settings:
    """What a project is set up with, by the names of the SDK: the labelling interface, the instructions (HTML), and how
    many annotators each task is offered to."""

    label_config: str
    expert_instruction: str
    maximum_annotations: int
    show_instruction: bool = True


@dataclass(frozen=True)
class Project:
    """A project: its number, and the address of the server."""

    client: "LabelStudio"
    url: str
    id: int

    @property
    def link(self) -> str:
        """The project's page."""
        return f"{self.url}/projects/{self.id}/data"

    def task_link(self, task: int) -> str:
        """The page where a task is labelled."""
        return f"{self.link}?task={task}"

    def config(self) -> str:
        """The project's labelling configuration."""
        with _told(self.url):
            return self.client.projects.get(id=self.id).label_config or ""

    def configure(self, settings: Settings) -> None:
        """Replace the project's settings."""
        with _told(self.url):
            self.client.projects.update(id=self.id, **asdict(settings))

    def tasks(self, *, after: int = 0, since: str | None = None, annotated: bool = False) -> Iterator[Task]:
        """Tasks in the order of their ids, those above `after`, with `since` only those updated then or later.

        `annotated` brings their annotations too. A page begins where the one before ended, so tasks that are deleted
        meanwhile move no other out of sight.
        """
        fields: Any = "all" if annotated else "task_only"
        while True:
            wanted = [_filter("id", "greater", "Number", after)]
            if since:
                wanted.append(_filter("updated_at", "greater_or_equal", "Datetime", since))
            page = self._page(wanted, "tasks:id", fields, PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]["id"]

    def updated_at(self) -> str | None:
        """When a task was updated last, by the server's clock; None for a project without tasks."""
        page = self._page([], "-tasks:updated_at", "task_only", 1)
        return page[0]["updated_at"] if page else None

    def add(self, tasks: Sequence[Task]) -> None:
        """Store tasks. Raises UnreachableError where it is not known whether they were stored: all were or none."""
        with _told(self.url):
            done = self.client.projects.import_tasks(id=self.id, request=tasks, request_options=NO_RETRIES)
        if done.task_count is not None and done.task_count != len(tasks):
            raise StudioError(f"{self.link}: of {len(tasks)} tasks the server stored {done.task_count}")

    def connect(self, backend: str, login: tuple[str, str] | None) -> None:
        """Have the server ask an ML backend for predictions, with a user and a password if it wants them."""
        auth = {"auth_method": "BASIC_AUTH", "basic_auth_user": login[0], "basic_auth_pass": login[1]} if login else {}
        with _told(self.url):
            known = {each.url: each.id for each in self.client.ml.list(project=self.id)}
            if backend in known:
                self.client.ml.update(id=known[backend], project=self.id, url=backend, **auth)
            else:
                self.client.ml.create(project=self.id, url=backend, title="Malimet", is_interactive=True, **auth)

    def annotators(self) -> dict[int, str]:
        """The e-mail addresses of the server's users, by the number that annotations name them with."""
        with _told(self.url):
            return {user.id: user.email for user in self.client.users.list()}

    def _page(self, wanted: list[dict[str, Any]], order: str, fields: Any, size: int) -> list[Task]:
        query = {"filters": {"conjunction": "and", "items": wanted}, "ordering": [order]}
        with _told(self.url):
            page = self.client.tasks.list(
                project=self.id, query=json.dumps(query), fields=fields, page=1, page_size=size
            )
            return [task.model_dump(mode="json") for task in page.items or []]


def connect(url: str, token: str) -> "LabelStudio":
    """A client of the server at `url`. Raises StudioError for a token that it does not take, ImportError without the
    extra."""
    try:
        from label_studio_sdk import LabelStudio
    except ImportError as error:
        raise ImportError(
            f"Label Studio needs the `labelstudio` extra: pip install 'malimet[labelstudio]' ({error})"
        ) from None
    with _told(url):
        client = LabelStudio(base_url=url, api_key=token, timeout=TIMEOUT)
        client.users.whoami()
    return client


def log_in(url: str) -> "LabelStudio":
    """A client with the token of the environment. Raises StudioError without one, and what `connect` raises."""
    token = os.environ.get(TOKEN)
    if not token:
        raise StudioError(f"put your access token (Label Studio: Account & Settings) into the variable {TOKEN}")
    return connect(url, token)


def open_project(url: str, name: str) -> Project:
    """The project with this number or title. Raises StudioError where there is none, and what `log_in` raises."""
    project = find(log_in(url), url, name)
    if project is None:
        raise StudioError(f"{url} has no project {name!r}: `malimet label init` makes one")
    return project


def find(client: "LabelStudio", url: str, name: str) -> Project | None:
    """The project with this number or title, None where there is none. Raises StudioError for a title of several."""
    with _told(url):
        found = [project.id for project in client.projects.list() if name in (str(project.id), project.title)]
    if len(found) > 1:
        numbers = ", ".join(map(str, sorted(found)))
        raise StudioError(f"{url}: the projects {numbers} are all called {name!r}: name one by its number")
    return Project(client, url, found[0]) if found else None


def create(client: "LabelStudio", url: str, title: str, settings: Settings) -> Project:
    """A new project."""
    with _told(url):
        made = client.projects.create(title=title, **asdict(settings))
    return Project(client, url, made.id)


def _filter(column: str, operator: str, kind: str, value: object) -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "type": kind, "value": value}


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn the SDK's errors into sentences that hold no header of theirs."""
    import httpx
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        raise _refusal(url, error.status_code or 0, error.body) from None
    except httpx.HTTPError as error:
        raise UnreachableError(
            f"Label Studio at {url} does not answer ({type(error).__name__}): "
            "see that it runs, then give the same command again"
        ) from None


def _refusal(url: str, status: int, body: object) -> StudioError:
    if status in (401, 403):
        return StudioError(
            f"Label Studio at {url} does not take the token: copy one from Account & Settings into LABEL_STUDIO_API_KEY"
        )
    if status == 404:
        return StudioError(f"{url}: the project is not there any more: `malimet label init` makes a new one")
    if status >= 500:
        return UnreachableError(
            f"Label Studio at {url} answers {status}: see that it is well, then give the same command again"
        )
    told = {key: body[key] for key in ("detail", "validation_errors") if key in body} if isinstance(body, dict) else {}
    return StudioError(f"Label Studio at {url} refuses ({status}): {json.dumps(told, ensure_ascii=False)}")
