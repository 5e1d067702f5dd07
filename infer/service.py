"""Articles in and records out over HTTP: `/extract` for programs, and at `/` a page for people.

Offsets count Unicode code points of the texts as given. One thread reads the documents of all requests in common
batches; whatever shares its batch, a document is answered with the bytes that `malimet extract` writes.

With a key, only `/`, `/health` and `/ready` are open, and the page asks for the key with each article. What is logged:
of a request its method, route, status and time, of a fault its kind and place; never keys, ids, texts.
"""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import SkipValidation

from annotations.checks import Problem
from annotations.document import Document
from infer import page
from infer.batching import Batcher, Full, Outcome
from infer.protocol import (
    MAX_DOCUMENTS,
    Articles,
    ManyDocuments,
    OneDocument,
    Ready,
    Refusal,
    Up,
    answers,
    document,
    documents,
    requests,
)
from infer.readers import LONGEST
from infer.records import Article
from infer.reloading import ReloadingModel

try:
    from fastapi import Body, FastAPI, HTTPException, Request, Response
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import HTMLResponse
    from prometheus_client import CONTENT_TYPE_LATEST
    from starlette.datastructures import Headers

    from infer.middleware import NO_ANSWER, Drain, Guard, Limit, Progress, Watch, raised_at, refuse_malformed
    from infer.monitoring import Monitor
except ImportError as error:
    raise ImportError("the service needs the `serve` extra: pip install 'malimet[serve]'") from error

logger = logging.getLogger(__name__)

MAX_BODY = 8 * 2**20  # bytes: four million Kazakh letters in UTF-8, or 1.4 million spelled \u04xx or %D2%9B
ALWAYS = frozenset({"/health", "/ready", "/metrics"})  # answered while the service shuts down
OPEN = frozenset({"/", "/health", "/ready"})
PATHS = ALWAYS | OPEN | {"/extract", "/openapi.json"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="malimet"'}
RETRY = {"Retry-After": "5"}  # seconds
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
FRAMELESS = {"Content-Security-Policy": "frame-ancestors 'none'", "Referrer-Policy": "no-referrer"}
PASTED = "Мақала"  # what an article is called that came by the page


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request may take, in seconds, and how many documents of all requests may wait."""

    seconds: float = 60.0
    queue: int = 1024


class Fault(Problem):
    """A document that the model failed at by a fault of ours."""


class Service:
    """One model behind HTTP."""

    def __init__(
        self, open_model: Callable[[], ReloadingModel], *, limits: Limits = Limits(), key: str | None = None
    ) -> None:
        """`open_model` runs in a thread once the service has started; what it raises is kept as `failure`. With a
        `key`, requests need it as `Authorization: Bearer …`."""
        self._open_model = open_model
        self._limits = limits
        self._key = key.encode() if key else None
        self._models: ReloadingModel | None = None
        self._batcher = Batcher(self._read, bound=limits.queue)
        self.failure: Exception | None = None
        self.progress = Progress()
        self._monitor = Monitor(waiting=lambda: self._batcher.waiting, in_progress=lambda: self.progress.requests)

    def app(self) -> FastAPI:
        """The service as an ASGI application."""
        application = FastAPI(
            title="Malimet",
            description="Records of Kazakh news articles: how many of what, where and when, and who.",
            version=version("malimet"),
            docs_url=None,  # their pages load scripts from elsewhere
            redoc_url=None,
            exception_handlers={RequestValidationError: refuse_malformed},
            lifespan=self._lifespan,
        )
        self._add_routes(application)
        self._complete(application.openapi())
        application.add_middleware(Limit, body=MAX_BODY, seconds=self._limits.seconds, retry=RETRY)
        if self._key:
            application.add_middleware(Guard, open=OPEN, admits=self._admits, challenge=CHALLENGE)
        application.add_middleware(Drain, progress=self.progress, always=ALWAYS, retry=RETRY)
        application.add_middleware(Watch, paths=PATHS, tell=self._tell)
        return application

    def _complete(self, schema: dict[str, Any]) -> None:
        """Add to the OpenAPI schema what FastAPI leaves out: examples with nulls, and the key, which Guard checks."""
        extract = schema["paths"]["/extract"]["post"]
        extract["responses"]["200"]["content"]["application/json"]["examples"] = answers()
        if self._key:
            schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            for path in schema["paths"].keys() - OPEN:
                for operation in schema["paths"][path].values():
                    operation["security"] = [{"key": []}]

    @asynccontextmanager
    async def _lifespan(self, application: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._load()), asyncio.create_task(self._batcher.run())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _load(self) -> None:
        try:
            self._models = await asyncio.to_thread(self._open_model)
        except Exception as error:
            self.failure = error
        else:
            logger.info("ready: %s", self._models.loaded.version)

    def _tell(self, method: str, path: str, status: int, seconds: float) -> None:
        logger.info("%s %s %s %.3f s", method, path, status, seconds)
        self._monitor.request(path, status, seconds)

    def _add_routes(self, application: FastAPI) -> None:
        @application.get("/health")
        async def health() -> Up:
            """Tell that the process listens."""
            return Up()

        @application.get("/ready", responses=_refusals(503))
        async def ready() -> Ready:
            """Tell whether requests are answered: not before the model is loaded, nor during shutdown."""
            models = self._ready()
            if self.progress.draining:
                raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "the server is shutting down", RETRY)
            return Ready(model=models.loaded.extractor.model)

        @application.get("/metrics", response_class=Response)
        async def metrics() -> Response:
            """Counters for Prometheus."""
            return Response(self._monitor.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

        @application.post(
            "/extract",
            response_model=Article | Articles,
            responses=_refusals(400, 401, 413, 422, 429, 500, 503),
        )
        async def extract(
            request: Request,
            body: Annotated[SkipValidation[OneDocument | ManyDocuments], Body(openapi_examples=requests())],
        ) -> Response:
            """Read one document, or several.

            One is answered with its article, and with 422 if it cannot be read. `{"documents": […]}` is answered with
            `{"articles": […], "rejects": […]}`: a document that cannot be read costs only itself.
            """
            given: object = body
            if isinstance(given, dict) and "documents" in given:
                return await self._extract_many(request, given["documents"])
            return await self._extract_one(request, given)

        @application.get("/", include_in_schema=False)
        async def form() -> HTMLResponse:
            return await self._page(HTTPStatus.OK, {})

        @application.post("/", include_in_schema=False)
        async def read_form(request: Request) -> HTMLResponse:
            return await self._answer_form(request)

    async def _extract_one(self, request: Request, given: object) -> Response:
        article = await self._read_one(request, given, "text")
        return Response(article.model_dump_json(by_alias=True) + "\n", media_type="application/json", headers=HEADERS)

    async def _extract_many(self, request: Request, given: object) -> Response:
        if not isinstance(given, list):
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "documents: it is not a list")
        most = min(MAX_DOCUMENTS, self._limits.queue)
        if len(given) > most:
            why = f"there are {len(given)} documents, and {most} are the most: send them in parts"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
        items = documents(given)
        read = iter(await self._outcomes(request, [item for item in items if isinstance(item, Document)]))
        answer = Articles.of([next(read) if isinstance(item, Document) else item for item in items])
        content = await asyncio.to_thread(answer.model_dump_json, by_alias=True)
        return Response(content + "\n", media_type="application/json", headers=HEADERS)

    async def _answer_form(self, request: Request) -> HTMLResponse:
        """The page with what was read of the article in its form, or with the reason why nothing was."""
        content = (await request.body()).decode("ascii", "replace")
        sent = dict(parse_qsl(content, keep_blank_values=True, errors="replace"))
        text = sent.get("text", "").replace("\r\n", "\n")  # browsers send every line break as CR LF
        fields = {"text": text, "published": sent.get("published", "")}
        if self._key and not hmac.compare_digest(sent.get("key", "").encode(), self._key):
            return await self._page(HTTPStatus.UNAUTHORIZED, fields)
        try:
            if not text.strip():
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "there is no text")
            article = await self._read_one(request, fields, PASTED)
        except HTTPException as error:
            return await self._page(error.status_code, fields, why=error.detail, headers=error.headers)
        return await self._page(HTTPStatus.OK, fields, article=article)

    async def _page(
        self,
        status: int,
        fields: Mapping[str, str],
        *,
        article: Article | None = None,
        why: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        readings = [(Document(article.id, fields["text"]), article)] if article else []
        shown = page.Form(
            text=fields.get("text", ""),
            published=fields.get("published", ""),
            longest=LONGEST,
            needs_key=self._key is not None,
            status=status,
            why=why,
        )
        content = await asyncio.to_thread(page.render, readings, form=shown)
        return HTMLResponse(content, status, {**HEADERS, **FRAMELESS, **(headers or {})})

    async def _read_one(self, request: Request, given: object, name: str) -> Article:
        """What is read of a document. Raises HTTPException where it cannot be read, or not now."""
        item = document(given, name)
        if isinstance(item, Document):
            (outcome,) = await self._outcomes(request, [item])
        else:
            outcome = item
        if isinstance(outcome, Article):
            return outcome
        ours = isinstance(outcome, Fault)
        status = HTTPStatus.INTERNAL_SERVER_ERROR if ours else HTTPStatus.UNPROCESSABLE_ENTITY
        raise HTTPException(status, str(outcome))

    async def _outcomes(self, request: Request, documents: Sequence[Document]) -> list[Outcome]:
        """What is read of documents. Raises HTTPException where the model or the queue is not ready for them, or nobody
        waits for it any more."""
        self._ready()
        reading = asyncio.ensure_future(self._batcher.outcomes(documents))
        leaving = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait((reading, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                raise HTTPException(NO_ANSWER, "the client went away")
            return reading.result()
        except Full:
            why = f"{self._batcher.waiting} documents wait already: try again later"
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, why, RETRY) from None
        finally:
            reading.cancel()
            leaving.cancel()

    def _ready(self) -> ReloadingModel:
        if self._models is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "the model is being loaded", RETRY)
        return self._models

    def _admits(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return (
            self._key is not None
            and scheme.lower() == "bearer"
            and hmac.compare_digest(given.strip().encode("latin-1"), self._key)
        )

    def _read(self, documents: Sequence[Document]) -> list[Outcome]:
        """What is read of each document, in order. A batch that fails is read again document by document."""
        outcomes: list[Outcome] = []
        try:
            extractor = self._ready().latest().extractor
            for _, article in extractor.readings(documents, batch_size=len(documents), reject=outcomes.append):
                outcomes.append(article)
        except Exception as error:  # its message may quote the text
            if len(documents) > 1:
                return [outcome for document in documents for outcome in self._read([document])]
            logger.error("a document could not be read: %s", raised_at(error))
            outcomes = [Fault(documents[0].id, "text", "the model failed at it, by a fault of the server")]
        read = [document for document, o in zip(documents, outcomes, strict=True) if isinstance(o, Article)]
        words = sum(len(document.text.split()) for document in read)
        self._monitor.batch(read=len(read), rejected=len(documents) - len(read), words=words)
        return outcomes


async def _left(request: Request) -> None:
    """Wait until the client has gone away, once the request's body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Refusal, "description": HTTPStatus(status).phrase} for status in statuses}
