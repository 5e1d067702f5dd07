"""A service on a port, by uvicorn, from its start to a shutdown that drops no request."""

import socket
from types import FrameType

import uvicorn

from infer.service import Service

QUIET = 5  # ticks of uvicorn, a tenth of a second each


class _Server(uvicorn.Server):
    """Once told to end (SIGTERM, SIGINT), it still listens until the requests in progress are answered and a moment
    longer, in which their clients connect anew: new requests are refused in words, and `/ready` says so. Told again, it
    ends with the requests that are left."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._quiet = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._service.progress.draining:
            super().handle_exit(sig, frame)
        self._service.progress.draining = True

    async def on_tick(self, counter: int) -> bool:
        progress = self._service.progress
        self._quiet = self._quiet + 1 if progress.draining and progress.requests == 0 else 0
        return await super().on_tick(counter) or self._quiet > QUIET or self._service.failure is not None


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises OSError that names the address where that cannot be done."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise OSError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def serve(service: Service, listening: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT. Raises what the model cannot be loaded for."""
    config = uvicorn.Config(service.app(), access_log=False, log_level="warning", timeout_graceful_shutdown=1)
    _Server(config, service).run(sockets=[listening])
    if service.failure:
        raise service.failure
