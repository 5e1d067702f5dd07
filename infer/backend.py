"""Label Studio's ML-backend protocol: it asks for predictions, tells of annotations, and starts trainings.

Offsets count Unicode code points of the task's text, in what is read and in what is answered.

Who may ask. With credentials, every route but two wants HTTP Basic authentication. `/health` is open. `/webhook` is
open to hints, for Label Studio sends its automatic webhooks without authentication: such an event is counted and starts
nothing. START_TRAINING, which Label Studio sends with the credentials of the backend's settings, wants them there too.

Tokens. On `/setup` Label Studio sends its legacy access token in clear, and with every request of its own the
credentials. The body of `/setup` is never read, so the token is not kept, logged or repeated. Serve over HTTPS or on
the loopback interface only: whoever reads the traffic has the token.

What is logged: of a request its method, route and status; of a task that cannot be read its id and the reason. Never
headers, queries, bodies or text. Switch off the access log of the server that runs the app: it shows queries.
"""

import hmac
import logging
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from statistics import fmean
from typing import Annotated, Any, Protocol
from xml.etree import ElementTree

from pydantic import BaseModel

from annotations.checks import Problem
from annotations.document import Document
from annotations.formats.label_studio import to_result
from infer.preannotations import preannotated
from infer.reloading import Model, ReloadingModel

try:
    from anyio import CapacityLimiter, to_thread
    from fastapi import Body, FastAPI, HTTPException, Request, Response
    from fastapi.exceptions import RequestValidationError

    from infer.middleware import Guard, Watch, raised_at, refuse_malformed
except ImportError as error:
    raise ImportError("the ML backend needs the `serve` extra: pip install 'malimet[serve]'") from error

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 2**20  # bytes; Label Studio spells a Kazakh letter with six (\u04xx) and sends all chosen tasks at once
MAX_EVENT = 4 * 2**20  # bytes of a webhook, which may come from anyone
MAX_TASKS = 5_000
EVENTS = frozenset({"ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED"})
OPEN = frozenset({"/health", "/webhook"})
CHALLENGE = {"WWW-Authenticate": 'Basic realm="malimet"'}

Credentials = tuple[str, str]
Region = tuple[int, int]


class Jobs(Protocol):
    """What starts trainings; its answers are JSON values."""

    def trigger(self) -> Mapping[str, object]:
        """Ask for a training."""

    def state(self) -> Mapping[str, object]:
        """The trainings so far."""


class Health(BaseModel):
    """That the server is up, which model it uses, and how many annotation events it was told of since it started."""

    status: str
    model_version: str
    hints: int


class Version(BaseModel):
    """The version of the model in use."""

    model_version: str


class Versions(BaseModel):
    """The versions of the model that can be had: one."""

    versions: list[str]


class Context(BaseModel):
    """The regions that an annotator has just drawn, in an interactive request."""

    result: list[Any] | None = None


class Params(BaseModel):
    """What comes with the tasks; credentials of the project among it are not read."""

    context: Context | None = None


class PredictionRequest(BaseModel):
    """Tasks to predict, and the labelling configuration of their project."""

    tasks: list[Any]
    label_config: str | None = None
    params: Params | None = None

    @property
    def regions(self) -> list[Region] | None:
        """Where an interactive request asks for predictions, None for a request that asks for them everywhere."""
        if self.params is None or self.params.context is None or self.params.context.result is None:
            return None
        return list(_regions(self.params.context.result))


class Prediction(BaseModel):
    """The regions and relations of a task.

    The score is the mean of its spans' scores: 1 for a text without spans, for there is nothing to doubt, and 0 for a
    task that cannot be read.
    """

    result: list[dict[str, Any]]
    score: float
    model_version: str


class Predictions(BaseModel):
    """One prediction for each task, in the order of the tasks."""

    results: list[Prediction]


def app(models: ReloadingModel, *, jobs: Jobs | None = None, credentials: Credentials | None = None) -> FastAPI:
    """The backend as an ASGI application.

    `jobs` starts trainings; without it what asks for one is answered with 409. The caller closes it in the end.
    `credentials` are a user and a password in ASCII, for Label Studio can send no others; without them everyone may
    ask for everything.
    """
    application = FastAPI(
        title="Malimet for Label Studio",
        description="Predicts spans and relations for Label Studio's tasks and starts trainings.",
        version=version("malimet"),
        redoc_url=None,
        max_body_size=MAX_BODY,
        exception_handlers={RequestValidationError: refuse_malformed},
    )
    one_at_a_time = CapacityLimiter(1)
    hints = 0

    @application.get("/")
    @application.get("/health")
    async def health() -> Health:
        """Tell that the server is up. Answers while predictions are made."""
        return Health(status="UP", model_version=models.loaded.version, hints=hints)

    @application.post("/setup")
    def setup() -> Version:
        """Tell the version of the model. The body, which holds an access token, is not read."""
        return Version(model_version=models.latest().version)

    @application.get("/versions")
    def versions() -> Versions:
        """List the versions of the model."""
        return Versions(versions=[models.latest().version])

    @application.post("/predict", response_model=Predictions)
    async def predict(request: PredictionRequest) -> Response:
        """Predict the spans and relations of tasks.

        An interactive request has in `params.context.result` the regions that an annotator has just drawn with a smart
        label. It is answered with the spans that lie inside of them, and no relations.
        """
        if len(request.tasks) > MAX_TASKS:
            why = f"there are {len(request.tasks)} tasks, and {MAX_TASKS} are the most: choose fewer"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        return await to_thread.run_sync(_predict, models, request, limiter=one_at_a_time)

    @application.post("/webhook", max_body_size=MAX_EVENT)
    async def webhook(request: Request, event: Annotated[Any, Body()]) -> Mapping[str, object]:
        """Start a training on START_TRAINING, count annotation events, and ignore what else happens."""
        nonlocal hints
        if isinstance(event, bytes):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the content type of an event is application/json")
        action = event.get("action") if isinstance(event, dict) else None
        if action == "START_TRAINING":
            if credentials and not _authentic(request.headers, credentials):
                raise HTTPException(HTTPStatus.UNAUTHORIZED, "to start a training needs authentication", CHALLENGE)
            return await to_thread.run_sync(_trigger, jobs)
        if isinstance(action, str) and action in EVENTS:
            hints += 1
        return {"hints": hints}

    @application.get("/training")
    def trainings() -> Mapping[str, object]:
        """List the trainings: their state, times, exit codes, and the last lines of their logs."""
        return _given(jobs).state()

    @application.post("/training", status_code=HTTPStatus.ACCEPTED)
    def train() -> Mapping[str, object]:
        """Start a training, or join the one that waits to start."""
        return _trigger(jobs)

    if credentials:
        admits = partial(_authentic, credentials=credentials)
        application.add_middleware(Guard, open=OPEN, admits=admits, challenge=CHALLENGE)
    application.add_middleware(Watch, paths=frozenset(application.openapi()["paths"]), tell=_log)
    return application


def _log(method: str, path: str, status: int, seconds: float) -> None:
    logger.info("%s %s %s", method, path, status)


def _given(jobs: Jobs | None) -> Jobs:
    if jobs is None:
        raise HTTPException(HTTPStatus.CONFLICT, "no recipe is configured: start the server with one to train here")
    return jobs


def _trigger(jobs: Jobs | None) -> Mapping[str, object]:
    return _given(jobs).trigger()


@dataclass(frozen=True, slots=True)
class _Names:
    """How a labelling configuration calls what regions name, and which labels it has, None where it does not tell.

    The defaults are what annotations.formats.label_studio writes.
    """

    control: str = "label"
    text: str = "text"
    variable: str = "text"
    labels: frozenset[str] | None = None


def _names(config: str | None) -> _Names:
    """The names in a configuration: those of the first <Labels> for a <Text> that shows a variable.

    A document type declaration is refused, for entities can only be declared there, and expanding them is what makes
    XML from strangers dangerous. Raises ValueError for that and for a configuration without such tags.
    """
    if not config or config.isspace():
        return _Names()
    if "<!DOCTYPE" in config:
        raise ValueError("a document type declaration is not accepted")
    try:
        root = ElementTree.fromstring(config)  # noqa: S314  no declaration, no entities
    except ElementTree.ParseError as error:
        raise ValueError(f"it is not XML ({error})") from None
    texts = {text.get("name"): value[1:] for text in root.iter("Text") if (value := text.get("value", ""))[:1] == "$"}
    for control in root.iter("Labels"):
        shown = next((text for text in control.get("toName", "").split(",") if text in texts), None)
        if shown and (name := control.get("name")):
            labels = (label.get("alias") or label.get("value") for label in control.iter("Label"))
            return _Names(name, shown, texts[shown], frozenset(filter(None, labels)) or None)
    raise ValueError('it has no <Labels name="…" toName="…"> for a <Text name="…" value="$…">')


def _predict(models: ReloadingModel, request: PredictionRequest) -> Response:
    try:
        names = _names(request.label_config)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"label_config: {error}") from None
    model, regions = models.latest(), request.regions
    results = [_prediction(model, task, f"tasks[{place}]", names, regions) for place, task in enumerate(request.tasks)]
    return Response(Predictions(results=results).model_dump_json(), media_type="application/json")


def _regions(result: Sequence[Any]) -> Iterator[Region]:
    """Where the regions of a result lie; its other members, such as relations, lie nowhere."""
    for item in result:
        match item:
            case {"value": {"start": int(start), "end": int(end)}}:
                yield start, end


def _prediction(model: Model, task: object, place: str, names: _Names, regions: Sequence[Region] | None) -> Prediction:
    """The prediction for one task. Whatever is wrong with it is logged and leaves the other tasks alone."""
    id = _id(task, place)
    try:
        document = Document(id, _text(task, id, names.variable))
        read = preannotated(document, model.extractor.extract(document.text, id=id))
        offered = _only(read, names.labels, regions)
    except Problem as problem:
        logger.warning("no prediction for %s", problem)
    except Exception as error:  # a fault of ours with this text; its message may quote the text
        logger.error("no prediction for %s: %s", id, raised_at(error))
    else:
        scores = [span.score for span in offered.spans if span.score is not None]
        score = round(fmean(scores), 4) if scores else 1.0
        return Prediction(result=_result(offered, names), score=score, model_version=model.version)
    return Prediction(result=[], score=0.0, model_version=model.version)


def _id(task: object, place: str) -> str:
    """What a task is called in the log: by its id, or failing that by its place in the request."""
    match task:
        case {"id": int() | str() as id}:
            return f"task {id!r:.60}"
        case _:
            return place


def _text(task: object, id: str, variable: str) -> str:
    """The text of a task. Raises Problem, which does not quote the task, where there is none."""
    where = f"data[{variable!r}]"
    match task:
        case {"data": {**data}} if isinstance(text := data.get(variable), str):
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise Problem(id, where, f"character {error.start} is half of a surrogate pair") from None
            return text
        case _:
            raise Problem(id, where, "there is no text")


def _only(document: Document, labels: Collection[str] | None, regions: Sequence[Region] | None) -> Document:
    """The document without spans whose label the configuration lacks, for Label Studio refuses whole batches for one.

    With regions, only the spans that lie inside one of them stay, and no relations.
    """
    spans = [span for span in document.spans if labels is None or span.label in labels]
    if regions is not None:
        inside = (span for span in spans if any(start <= span.start and span.end <= end for start, end in regions))
        return replace(document, spans=tuple(inside), relations=())
    kept = set(spans)
    relations = (each for each in document.relations if each.source in kept and each.target in kept)
    return replace(document, spans=tuple(spans), relations=tuple(relations))


def _result(document: Document, names: _Names) -> list[dict[str, Any]]:
    """The document's regions and relations, in the words of the configuration.

    A region's id tells its place and label: Label Studio merges regions with the same id, so that a span that is
    offered twice, for the task and for a region drawn in it, appears once.
    """
    result: list[dict[str, Any]] = []
    ids: dict[str, str] = {}
    for item in to_result(document):
        if item["type"] == "relation":
            result.append(item | {"from_id": ids[item["from_id"]], "to_id": ids[item["to_id"]]})
        else:
            value = item["value"]
            ids[item["id"]] = id = f"{value['start']}-{value['end']}-{value['labels'][0]}"
            result.append(item | {"id": id, "from_name": names.control, "to_name": names.text})
    return result


def _authentic(headers: Mapping[str, str], credentials: Credentials) -> bool:
    """Whether a request's Authorization header holds the credentials; takes as long for near misses as for others."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    try:
        given = b64decode(token, validate=True)
    except ValueError:
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(given, ":".join(credentials).encode())
