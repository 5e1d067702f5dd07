"""What stands before the routes of the project's servers: ASGI middleware, and the answer to a malformed body. Of a
request nothing here logs more than its method, route and status: never headers, queries, bodies or text."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

NO_ANSWER = 499  # what nginx calls a client that went away before its answer
OTHER = "(another path)"

Tell = Callable[[str, str, int, float], None]  # of a request its method, route, status and seconds


@dataclass
class Progress:
    """How many requests are in progress, and whether the server is shutting down and takes no more."""

    requests: int = 0
    draining: bool = False


class Watch:
    """Tells of each request when it has ended; an unknown path, which may hold anything, is not repeated."""

    def __init__(self, app: ASGIApp, paths: Collection[str], tell: Tell) -> None:
        self._app = app
        self._paths = paths
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, status = time.monotonic(), NO_ANSWER

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            path = scope["path"] if scope["path"] in self._paths else OTHER
            self._tell(scope["method"], path, status, time.monotonic() - start)


class Guard:
    """Refuses requests that are not admitted before their bodies are read; `open` are the paths for everyone."""

    def __init__(
        self, app: ASGIApp, open: Collection[str], admits: Callable[[Headers], bool], challenge: Mapping[str, str]
    ) -> None:
        self._app = app
        self._open = open
        self._admits = admits
        self._challenge = challenge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in self._open or self._admits(Headers(scope=scope)):
            return await self._app(scope, receive, send)
        refusal = JSONResponse({"detail": "authentication is needed"}, HTTPStatus.UNAUTHORIZED, self._challenge)
        await refusal(scope, receive, send)


class Drain:
    """Counts the requests in progress. While the server shuts down these are answered and new ones are refused, but for
    those of the `always` paths; every answer then asks the client to connect anew, which it will do elsewhere."""

    def __init__(self, app: ASGIApp, progress: Progress, always: Collection[str], retry: Mapping[str, str]) -> None:
        self._app = app
        self._progress = progress
        self._always = always
        self._retry = retry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._progress.draining:
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
            await send(message)

        if scope["path"] in self._always:
            return await self._app(scope, receive, close)
        if self._progress.draining:
            why = {"detail": "the server is shutting down"}
            while (await receive()).get("more_body"):  # what is left unread would cut the answer off at the close
                pass
            return await JSONResponse(why, HTTPStatus.SERVICE_UNAVAILABLE, self._retry)(scope, receive, close)
        self._progress.requests += 1
        try:
            await self._app(scope, receive, close)
        finally:
            self._progress.requests -= 1


class Limit:
    """Ends a request whose body is too large, or that takes too long, from its headers to the last byte of its answer.

    It answers, too, for a request that fails by a fault of ours, and logs where: nothing behind it logs the fault's
    message, which may quote a text.
    """

    def __init__(self, app: ASGIApp, body: int, seconds: float, retry: Mapping[str, str]) -> None:
        """`body` is in bytes."""
        self._app = app
        self._body = body
        self._seconds = seconds
        self._retry = retry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        size, started = 0, False

        async def measure() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._body:
                why = f"the body is larger than {self._body:,} bytes: send it in parts"
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
            return message

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as clock:
                await self._app(scope, measure, note)
        except Exception as error:
            if clock.expired():
                why = f"it took longer than {self._seconds:g} seconds: send less at once, or later"
                refusal = JSONResponse({"detail": why}, HTTPStatus.SERVICE_UNAVAILABLE, self._retry)
            else:
                logger.error("a request failed: %s", raised_at(error))
                refusal = JSONResponse({"detail": "a fault of the server"}, HTTPStatus.INTERNAL_SERVER_ERROR)
            if not started:
                await refusal(scope, receive, send)


def raised_at(error: Exception) -> str:
    """The kind of an exception and where it was raised, without its message, which may quote a text."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"


async def refuse_malformed(request: Request, error: Exception) -> JSONResponse:
    """Tell what is wrong with a body, without a word of the body: a handler for RequestValidationError."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"][1:])
    if first["type"] == "json_invalid":
        why = f"the body is not JSON: see character {place}"
    else:
        why = f"{place or 'the body'}: {first['msg']}"
    return JSONResponse({"detail": why}, HTTPStatus.BAD_REQUEST)
